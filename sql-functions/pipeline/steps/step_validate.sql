-- Step: the rules on what came in, for data that changed and for rules that are new.
create or replace function pipeline.step_validate(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  work record;
  outcome pipeline.step_outcome;
begin
  perform quality.refresh_rules();
  select array_agg(pending.instrument_id order by pending.instrument_id) as instrument_ids, min(pending.from_ts) as from_ts
  into work
  from quality.pending_validation pending;
  perform pipeline.take_stale('quality');

  -- A dataset that is judged as a whole is looked at each time.
  if work.instrument_ids is not null
    or exists (select from quality.rule_in_force r where r.expectation is not null and coalesce(r.parameters ->> 'group_by', '') <> 'instrument_id')
  then
    perform quality.validate(p_run_id, coalesce(work.instrument_ids, '{}'), nullif(work.from_ts, '-infinity'), quality.step_datasets(false));
  end if;
  outcome := pipeline.validation_outcome(p_run_id);
  return outcome;
end
$$;

comment on function pipeline.step_validate(bigint) is
'Applies the rules on what came in (quality.step_datasets) to the instruments whose data changed, from their first changed bar on, and in full where a rule is new or changed; see quality.pending_validation and quality.validate.';

revoke all on function pipeline.step_validate(bigint) from public;
grant execute on function pipeline.step_validate(bigint) to marketbase_worker;
