-- Which instruments a step has to leave alone, and why.
create or replace view quality.held_back
with (security_invoker = true)
as
select
  held.step,
  held.instrument_id,
  instrument.symbol,
  array_agg(held.rule order by held.rule) as rules,
  array_agg(distinct held.dataset order by held.dataset) as datasets,
  sum(held.finding_count)::bigint as finding_count,
  max(held.since) as since,
  string_agg(format('%s (%s)', held.rule, held.finding_count), ', ' order by held.rule) as reason
from (
  select gate.step, concerned.instrument_id, tracked.rule, tracked.dataset, count(*) as finding_count, max(state.since) as since
  from quality.gate_in_force as gate
  join quality.rule_in_force as in_force
    on in_force.rule = any (gate.rules) or (in_force.severity = any (gate.severities) and in_force.dataset = any (gate.datasets))
  join quality.tracked_finding as tracked
    on tracked.rule = in_force.rule and (tracked.provider is null or tracked.rule = any (gate.rules))
  join quality.finding_states() as state on state.finding_id = tracked.finding_id and state.state in ('open', 'reopened')
  join market.instrument as concerned on concerned.instrument_id = tracked.instrument_id or tracked.instrument_id is null
  where not exists (
    select
    from quality.gate_release as release
    where (release.step is null or release.step = gate.step)
      and (release.dataset is null or release.dataset = tracked.dataset)
      and (release.instrument_id is null or release.instrument_id = concerned.instrument_id)
      and release.recorded_at >= state.since
      and (release.until is null or release.until > now())
  )
  group by gate.step, concerned.instrument_id, tracked.rule, tracked.dataset
) as held
join market.instrument as instrument on instrument.instrument_id = held.instrument_id
group by held.step, held.instrument_id, instrument.symbol;

comment on view quality.held_back is E'@primaryKey step,instrument_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName heldBacks\n@foreignKey (step) references quality.gate_in_force (step)|@fieldName gateInForce|@foreignFieldName heldBacks\nInstruments that a step leaves alone, because of findings that its gate names and that are open: neither resolved nor acknowledged nor released (quality.release_gate) since they were found. A finding without an instrument holds all instruments back.';
comment on column quality.held_back.step is E'@notNull\nStep: features, train or predict.';
comment on column quality.held_back.instrument_id is E'@notNull\nInstrument.';
comment on column quality.held_back.symbol is E'@notNull\nIts symbol.';
comment on column quality.held_back.rules is E'@notNull\nRules that it fails.';
comment on column quality.held_back.datasets is E'@notNull\nDatasets in which it fails them.';
comment on column quality.held_back.finding_count is E'@notNull\nFindings.';
comment on column quality.held_back.since is E'@notNull\nSince when the last of them is open.';
comment on column quality.held_back.reason is E'@notNull\nThe rules, each with its number of findings.';

grant select on quality.held_back to marketbase_reader;
