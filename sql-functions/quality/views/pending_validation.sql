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
) as pending
join market.instrument as instrument on instrument.instrument_id = pending.instrument_id
group by instrument.instrument_id, instrument.symbol;

comment on view quality.pending_validation is E'@primaryKey instrument_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument\nInstruments that the rules in force have yet to look at: because their data changed, or because a rule is new or has a new version. quality.validate(run_id, array[instrument_id], from_ts) does it.';
comment on column quality.pending_validation.instrument_id is E'@notNull\nInstrument.';
comment on column quality.pending_validation.symbol is E'@notNull\nIts symbol.';
comment on column quality.pending_validation.from_ts is E'@notNull\nFrom where; -infinity for the whole series.';
comment on column quality.pending_validation.reason is E'@notNull\nWhy.';

grant select on quality.pending_validation to marketbase_reader;
