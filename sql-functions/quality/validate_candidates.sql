-- Judges the candidates of a body, remembers the verdict and returns the rows to refuse.
create or replace function quality.validate_candidates(p_run_id bigint, p_raw_response_id bigint)
returns setof quality.rejected_row
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_dataset text;
  v_provider text;
  v_population quality.population;
begin
  select case response.dataset when 'bars' then 'candidate_bar' when 'fundamentals' then 'candidate_fact' else response.dataset end, response.provider
  into v_dataset, v_provider
  from ingest.raw_response as response
  where response.raw_response_id = p_raw_response_id;
  if not found then
    raise exception using errcode = 'MB001',
      message = format('There is no body %s.', coalesce(p_raw_response_id::text, 'null')),
      hint = 'Give the raw_response_id of a row of ingest.raw_response.';
  end if;

  -- instrument_id is that of all rows, or null where they differ or one has none.
  select
    case when count(candidate.instrument_id) = count(*) and min(candidate.instrument_id) = max(candidate.instrument_id)
      then min(candidate.instrument_id)
    end,
    count(*), min(candidate.ts), max(candidate.ts)
  into v_population
  from (
    select bar.instrument_id, bar.ts
    from ingest.candidate_bar as bar
    where v_dataset = 'candidate_bar' and bar.raw_response_id = p_raw_response_id
    union all
    select fact.instrument_id, fact.period_end::timestamp at time zone 'UTC'
    from ingest.candidate_fact as fact
    where v_dataset = 'candidate_fact' and fact.raw_response_id = p_raw_response_id
  ) as candidate;

  return query
  with violation as materialized (
    select v.*, row_number() over (partition by v.rule, v.is_masked order by v.row_no) as finding_no
    from (
      select
        found.rule, found.row_no, found.instrument_id, found.ts, found.key, found.observed, found.expected, found.message,
        quality.incident_of(v_dataset, found.instrument_id, found.ts, v_provider) is not null as is_masked
      from quality.candidate_violations(p_raw_response_id, v_dataset) as found
    ) as v
  ),
  verdict as (
    select
      r.rule, r.version, r.severity, v_population.checked_count - count.masked as checked_count, count.failed as failed_count, count.masked as masked_count,
      quality.status(v_population.checked_count - count.masked, count.failed) as status, count.first_message
    from quality.rule_in_force as r
    cross join lateral (
      select
        count(*) filter (where not violation.is_masked) as failed,
        count(*) filter (where violation.is_masked) as masked,
        min(violation.message) filter (where not violation.is_masked and violation.finding_no = 1) as first_message
      from violation
      where violation.rule = r.rule
    ) as count
    where r.expectation is null and r.dataset = v_dataset
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, instrument_id, raw_response_id, status, severity,
      checked_count, failed_count, masked_count, from_ts, to_ts, message, run_id
    )
    select
      verdict.rule, verdict.version, v_dataset, v_population.instrument_id, p_raw_response_id,
      verdict.status, verdict.severity, verdict.checked_count, verdict.failed_count, verdict.masked_count, v_population.from_ts, v_population.to_ts,
      quality.verdict_message(verdict.status, verdict.checked_count, verdict.failed_count, verdict.masked_count, verdict.first_message), p_run_id
    from verdict
    order by verdict.rule
    returning validation_result_id, rule
  ),
  finding as (
    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from violation
    join result on result.rule = violation.rule
    join quality.rule_in_force as r on r.rule = violation.rule
    where not violation.is_masked and violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::bigint, 1000)
    order by violation.rule, violation.finding_no
  )
  -- Known or not, what the tables cannot hold is refused.
  select violation.row_no, array_agg(violation.rule order by violation.rule), string_agg(violation.message, ' ' order by violation.rule)
  from violation
  join verdict on verdict.rule = violation.rule and verdict.severity = 'critical'
  group by violation.row_no
  order by violation.row_no;
end;
$$;

comment on function quality.validate_candidates(bigint, bigint) is
'Applies the rules in force to the candidates (ingest.candidate_bar or ingest.candidate_fact) of the body p_raw_response_id in the run p_run_id. Writes one quality.validation_result per rule, passed or failed, with its first findings (max_findings of the rule, default 1000), and returns the rows that fail a critical rule, by row_no: they belong in ingest.quarantine, also where a known incident (quality.incident_of) masks the finding; masked_count counts what is masked. A body without rows gives results that are not_applicable. Datasets without candidates (trades, documents) give nothing. Errors: MB001 for an unknown body; a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.validate_candidates(bigint, bigint) from public;
grant execute on function quality.validate_candidates(bigint, bigint) to marketbase_worker;
