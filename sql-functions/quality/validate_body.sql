-- Judges what a body looks like as a whole, and remembers the verdict.
create or replace function quality.validate_body(p_run_id bigint, p_raw_response_id bigint)
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_body record;
  v_checked bigint;
begin
  select shape.provider, shape.dataset, response.fetched_at into v_body
  from ingest.body_shape as shape
  join ingest.raw_response as response using (raw_response_id)
  where shape.raw_response_id = p_raw_response_id;
  if not found then
    return;
  end if;
  select count(*) into v_checked from ingest.compare_shape(p_raw_response_id);

  with violation as materialized (
    select v.*, row_number() over (partition by v.rule, v.is_masked order by v.key::text) as finding_no
    from (
      select
        found.*,
        quality.incident_of('raw_response', found.instrument_id, coalesce(found.ts, v_body.fetched_at), v_body.provider) is not null as is_masked
      from quality.candidate_violations(p_raw_response_id, 'raw_response') as found
    ) as v
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, raw_response_id, status, severity, checked_count, failed_count, masked_count, message, run_id
    )
    select
      r.rule, r.version, r.dataset, p_raw_response_id, said.status, r.severity, said.checked_count, said.failed_count, said.masked_count,
      quality.verdict_message(said.status, said.checked_count, said.failed_count, said.masked_count, said.first_message),
      p_run_id
    from quality.rule_in_force as r
    cross join lateral (
      select
        count.*, quality.status(count.checked_count, count.failed_count) as status
      from (
        select
          greatest(v_checked, count(v.rule)) - count(*) filter (where v.is_masked) as checked_count,
          count(*) filter (where not v.is_masked) as failed_count,
          count(*) filter (where v.is_masked) as masked_count,
          min(v.message) filter (where not v.is_masked and v.finding_no = 1) as first_message
        from violation as v
        where v.rule = r.rule
      ) as count
    ) as said
    where r.dataset = 'raw_response'
    returning validation_result_id, rule
  )
  insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
  select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
  from violation
  join result on result.rule = violation.rule
  join quality.rule_in_force as r on r.rule = violation.rule
  where not violation.is_masked and violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::bigint, 1000)
  order by violation.rule, violation.finding_no;

  -- A field that is back, or of its type again, is found right.
  if exists (
    select from quality.tracked_finding as tracked where tracked.scope = format('body %s %s', v_body.provider, v_body.dataset)
  ) then
    perform quality.lock_findings(array[format('body %s %s', v_body.provider, v_body.dataset)]);
    insert into quality.finding_event (finding_id, event, validation_result_id, run_id)
    select drifted.finding_id, 'resolved', result.validation_result_id, p_run_id
    from quality.finding as drifted
    join ingest.body_shape as taken on taken.raw_response_id = p_raw_response_id
    join ingest.known_shape as shape using (sha256)
    join quality.validation_result as result on result.raw_response_id = p_raw_response_id and result.rule = drifted.rule and result.run_id = p_run_id
    where drifted.dataset = 'raw_response'
      and drifted.provider = v_body.provider
      and drifted.key ->> 'dataset' = v_body.dataset
      and drifted.state <> 'resolved'
      and drifted.key ->> 'change' in ('missing', 'retyped')
      and shape.paths ? (drifted.key ->> 'path')
      and drifted.observed -> 'before' @> ((shape.paths -> (drifted.key ->> 'path')) - 'null')
      and (drifted.observed ->> 'first_body')::bigint < p_raw_response_id;
  end if;
end;
$$;

comment on function quality.validate_body(bigint, bigint) is
'Applies the rules in force on bodies as a whole (dataset raw_response, such as provider_schema_drift) to the body p_raw_response_id, whose shape is remembered, in the run p_run_id. Writes one quality.validation_result per rule, which counts the paths that were compared, and its findings; those in a known incident of raw_response, of the provider and the time at which the body was fetched, are counted as masked instead. A finding about a field is not resolved by the next body but by one that has the field again, of its old type; or somebody acknowledges it. A body without a remembered shape gives nothing. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.validate_body(bigint, bigint) from public;
grant execute on function quality.validate_body(bigint, bigint) to marketbase_worker;
