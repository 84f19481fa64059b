-- What the rules in force have not looked at yet.
create or replace view quality.pending_validation
with (security_invoker = true)
as
select
  instrument.instrument_id,
  instrument.symbol,
  min(pending.from_ts) as from_ts,
  string_agg(distinct pending.reason, '; ' order by pending.reason) as reason
from (
  select mark.instrument_id, mark.from_ts, mark.reason
  from pipeline.stale_range as mark
  where mark.consumer = 'quality'
  union all
  select priced.instrument_id, '-infinity', format('rule %s %s has not been applied', in_force.rule, in_force.version)
  from market.instrument as priced
  cross join quality.rule_in_force as in_force
  where case
      when in_force.expectation is not null then in_force.parameters ->> 'group_by' = 'instrument_id'
      else in_force.dataset in ('price_data', 'company_fundamental', 'feature_vector', 'model_prediction')
    end
    and exists (select from market.price_data as price where price.instrument_id = priced.instrument_id)
    and not exists (
      select
      from quality.validation_result as result
      where result.instrument_id = priced.instrument_id
        and result.rule = in_force.rule
        and result.rule_version = in_force.version
        and result.raw_response_id is null
    )
    -- An expectation that could not be applied has said so once for all.
    and not exists (
      select
      from quality.validation_result as result
      where in_force.expectation is not null
        and result.rule = in_force.rule
        and result.rule_version = in_force.version
        and result.instrument_id is null
    )
  union all
  -- What an incident masks, or no longer masks.
  select concerned.instrument_id, incident.from_ts, format('incident %s was recorded or withdrawn', incident.known_incident_id)
  from quality.known_incident as incident
  join market.instrument as concerned on incident.instrument_id is null or incident.instrument_id = concerned.instrument_id
  where case incident.dataset
      when 'price_data' then exists (
        select
        from market.price_data as price
        where price.instrument_id = concerned.instrument_id and price.bar_interval in ('1d', '1w') and price.ts between incident.from_ts and incident.to_ts
      )
      when 'company_fundamental' then exists (
        select
        from market.company_fundamental as fact
        where fact.instrument_id = concerned.instrument_id
          and fact.period_end::timestamp at time zone 'UTC' between incident.from_ts and incident.to_ts
      )
    end
    and not exists (
      select
      from quality.validation_result as result
      where result.instrument_id = concerned.instrument_id
        and result.dataset = incident.dataset
        and result.raw_response_id is null
        and result.recorded_at >= coalesce(incident.withdrawn_at, incident.recorded_at)
    )
) as pending
join market.instrument as instrument on instrument.instrument_id = pending.instrument_id
group by instrument.instrument_id, instrument.symbol;

comment on view quality.pending_validation is E'@primaryKey instrument_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument\nInstruments that the rules in force have yet to look at: because their data changed, a rule is new or has a new version, or a known incident was recorded or withdrawn. quality.validate(run_id, array[instrument_id], from_ts) does it.';
comment on column quality.pending_validation.instrument_id is E'@notNull\nInstrument.';
comment on column quality.pending_validation.symbol is E'@notNull\nIts symbol.';
comment on column quality.pending_validation.from_ts is E'@notNull\nFrom where; -infinity for the whole series.';
comment on column quality.pending_validation.reason is E'@notNull\nWhy.';

grant select on quality.pending_validation to marketbase_reader;
