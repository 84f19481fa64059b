-- Asks the rules on a feature set and remembers what each said.
create or replace function quality.validate_set(
  p_run_id bigint,
  p_set text,
  p_rules text[] default null,
  p_parameters jsonb default '{}'
)
returns setof quality.validation_result
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set constant record := feature.current_set(p_set);
  v_rule quality.rule_in_force;
  v_verdict quality.set_verdict;
  v_open quality.violation[];
  v_failed bigint;
  v_masked bigint;
  v_status text;
  v_result quality.validation_result;
  v_wrong text;
begin
  if not exists (select from pipeline.pipeline_run as run where run.run_id = p_run_id) then
    raise exception using errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  end if;
  select asked.rule into v_wrong
  from unnest(p_rules) as asked (rule)
  where not exists (select from quality.rule_in_force as r where r.rule = asked.rule and r.expectation is null and r.dataset = 'feature_set')
  limit 1;
  if found then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s on feature sets.', coalesce(quote_literal(left(v_wrong, 80)), 'NULL')),
      hint = (
        select format('There are: %s.', string_agg(r.rule, ', ' order by r.rule))
        from quality.rule_in_force as r
        where r.expectation is null and r.dataset = 'feature_set'
      );
  end if;

  for v_rule in
    select r.*
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = 'feature_set' and (p_rules is null or r.rule = any (p_rules))
    order by r.rule
  loop
    execute format('select * from %s($1, $2)', (v_rule.function_name || '(text, jsonb)')::regprocedure::regproc)
    into v_verdict
    using p_set, v_rule.parameters || coalesce(p_parameters, '{}');
    -- What a known incident covers is masked and not judged.
    v_open := array(
      select row(
        violation.row_no, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
      )::quality.violation
      from unnest(v_verdict.violations)
        with ordinality as violation (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
      where quality.incident_of(v_rule.dataset, violation.instrument_id, violation.ts, null) is null
      order by violation.finding_no
    );
    v_failed := cardinality(v_open);
    v_masked := coalesce(cardinality(v_verdict.violations), 0) - v_failed;
    v_verdict.checked_count := v_verdict.checked_count - v_masked;
    v_status := quality.status(v_verdict.checked_count, v_failed);

    insert into quality.validation_result (
      rule, rule_version, dataset, feature_set_version_id, status, severity, checked_count, failed_count, masked_count, from_ts, to_ts, message,
      run_id
    )
    values (
      v_rule.rule, v_rule.version, v_rule.dataset, v_set.feature_set_version_id, v_status, v_rule.severity,
      v_verdict.checked_count, v_failed, v_masked, v_verdict.from_ts, v_verdict.to_ts,
      concat_ws(' ', quality.verdict_message(v_status, v_verdict.checked_count, v_failed, v_masked, v_open[1].message), v_verdict.note), p_run_id
    )
    returning * into v_result;

    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select v_result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from unnest(v_open)
      with ordinality as violation (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
    where violation.finding_no <= coalesce((v_rule.parameters ->> 'max_findings')::bigint, 1000)
    order by violation.finding_no;
    return next v_result;
  end loop;
end;
$$;

comment on function quality.validate_set(bigint, text, text[], jsonb) is
'Asks the rules in force on feature sets (p_rules; NULL: all) about the version of p_set in force, in the run p_run_id. Writes and returns one quality.validation_result per rule, of that version, and its findings; passed, failed or, where there was nothing to look at, not_applicable. What lies in a known incident of feature_set is no finding and counted as masked_count. p_parameters: a JSON object that overrides parameters of the rules.
Errors: MB001 for an unknown run, MB003 for an unknown set or rule, and those of the rules.';

revoke all on function quality.validate_set(bigint, text, text[], jsonb) from public;
grant execute on function quality.validate_set(bigint, text, text[], jsonb) to marketbase_worker;
