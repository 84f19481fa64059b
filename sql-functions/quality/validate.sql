-- Applies the rules in force to what is stored and remembers what each said.
create or replace function quality.validate(
  p_run_id bigint,
  p_instrument_ids bigint[] default null,
  p_from timestamptz default null,
  p_datasets text[] default null
)
returns setof quality.validation_result
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_datasets constant text[] := array['price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector'] || quality.whole_datasets();
  v_known constant text[] := c_datasets || array(select distinct r.dataset from quality.rule_in_force as r where r.expectation is not null);
  v_datasets constant text[] := coalesce(p_datasets, v_known);
  -- Rules that are functions look at these alone.
  v_function_datasets constant text[] := array(select unnest(c_datasets) intersect select unnest(v_datasets));
  v_from constant timestamptz := coalesce(p_from, '-infinity');
  v_instrument_ids bigint[];
  v_wrong text;
begin
  select dataset into v_wrong from unnest(p_datasets) as dataset where dataset is null or dataset <> all (v_known) limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s is not stored data that rules look at.', coalesce(quote_literal(left(v_wrong, 80)), 'null')),
      hint = format('Choose from %s.', array_to_string(v_known, ', '));
  end if;
  select id into v_wrong
  from unnest(p_instrument_ids) as id
  where not exists (select from market.instrument as instrument where instrument.instrument_id = id)
  limit 1;
  if found then
    raise exception using errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(v_wrong, 'null')),
      hint = 'select instrument_id, symbol from market.instrument lists them.';
  end if;
  v_instrument_ids := array(
    select instrument.instrument_id
    from market.instrument as instrument
    where p_instrument_ids is null or instrument.instrument_id = any (p_instrument_ids)
    order by instrument.instrument_id
  );

  return query
  with expected as materialized (
    select found.rule, (found.verdict).*
    from quality.rule_verdicts(v_instrument_ids, v_from, v_datasets) as found
  ),
  failing as materialized (
    select v.*
    from quality.stored_violations(v_instrument_ids, v_from, 'infinity', v_function_datasets) as v
  ),
  judged as materialized (
    select each.*, quality.incident_of(r.dataset, each.instrument_id, each.ts, null) is not null as is_masked
    from (
      select true as is_failure, failing.* from failing
      union all
      select false, v.*
      from quality.stored_violations(v_instrument_ids, v_from, 'infinity', v_function_datasets, 'warn') as v
      where not exists (
        select
        from failing
        where failing.rule = v.rule
          and (failing.instrument_id, failing.ts, failing.key) is not distinct from (v.instrument_id, v.ts, v.key)
      )
    ) as each
    join quality.rule_in_force as r on r.rule = each.rule
  ),
  violation as materialized (
    select
      judged.rule, judged.instrument_id as result_instrument_id, judged.instrument_id, judged.ts, judged.key, judged.observed, judged.expected, judged.message,
      row_number() over (partition by judged.rule, judged.instrument_id order by judged.ts, judged.key::text) as finding_no
    from judged
    where not judged.is_masked
    union all
    select
      expected.rule, expected.instrument_id, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message, v.finding_no
    from expected
    cross join lateral unnest(expected.violations) with ordinality as v (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
  ),
  counted as (
    select
      r.rule, r.version, r.dataset, r.severity, asked.instrument_id,
      -- What is masked was not judged.
      coalesce(population.checked_count, 0) - coalesce(failure.masked_count, 0) as checked_count,
      coalesce(failure.failed_count, 0) as failed_count,
      coalesce(failure.masked_count, 0) as masked_count,
      case
        when failure.is_failure then 'failed'
        when failure.failed_count > 0 then 'warned'
        when population.checked_count > coalesce(failure.masked_count, 0) then 'passed'
        else 'not_applicable'
      end as status,
      first.message as first_message,
      case when v_from > '-infinity' and population.checked_count > 0 then v_from else population.from_ts end as from_ts,
      population.to_ts
    from quality.rule_in_force as r
    cross join lateral (
      select unnest(v_instrument_ids) where r.dataset <> all (quality.whole_datasets())
      union all
      select null where r.dataset = any (quality.whole_datasets())
    ) as asked (instrument_id)
    left join quality.rule_populations(v_instrument_ids, v_from, 'infinity', v_function_datasets) as population
      on population.population = r.population and coalesce(population.instrument_id, 0) = coalesce(asked.instrument_id, 0)
    left join (
      select
        judged.rule, judged.instrument_id, count(*) filter (where not judged.is_masked) as failed_count,
        count(*) filter (where judged.is_masked) as masked_count, bool_or(judged.is_failure) filter (where not judged.is_masked) as is_failure
      from judged
      group by judged.rule, judged.instrument_id
    ) as failure on failure.rule = r.rule and coalesce(failure.instrument_id, 0) = coalesce(asked.instrument_id, 0)
    left join violation as first
      on first.rule = r.rule and coalesce(first.result_instrument_id, 0) = coalesce(asked.instrument_id, 0) and first.finding_no = 1
    where r.expectation is null and r.dataset = any (v_function_datasets)
  ),
  verdict as (
    select
      counted.rule, counted.version, counted.dataset, counted.severity, counted.instrument_id,
      counted.status, counted.checked_count, counted.failed_count, counted.masked_count, counted.from_ts, counted.to_ts,
      quality.verdict_message(counted.status, counted.checked_count, counted.failed_count, counted.masked_count, counted.first_message) as message
    from counted
    union all
    select
      r.rule, r.version, r.dataset, r.severity, expected.instrument_id,
      expected.status, expected.checked_count, expected.failed_count, expected.masked_count,
      -- All from p_from on was looked at, and what lies before only where the whole was.
      case when v_from > '-infinity' then least(expected.from_ts, v_from) else expected.from_ts end, expected.to_ts,
      expected.message
    from expected
    join quality.rule_in_force as r on r.rule = expected.rule
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, instrument_id, status, severity, checked_count, failed_count, masked_count, from_ts, to_ts, message, run_id
    )
    select
      verdict.rule, verdict.version, verdict.dataset, verdict.instrument_id, verdict.status, verdict.severity,
      verdict.checked_count, verdict.failed_count, verdict.masked_count, verdict.from_ts, verdict.to_ts, verdict.message, p_run_id
    from verdict
    -- A look at the end of a series alone must not hide what was said of the whole: there, nothing to check is nothing to say.
    where v_from = '-infinity' or verdict.checked_count > 0 or verdict.masked_count > 0
    order by verdict.rule, verdict.instrument_id
    returning *
  ),
  finding as (
    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from violation
    -- A dataset as a whole has no instrument.
    join result on result.rule = violation.rule and coalesce(result.instrument_id, 0) = coalesce(violation.result_instrument_id, 0)
    join quality.rule_in_force as r on r.rule = violation.rule
    where violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::numeric, 1000)
    order by result.validation_result_id, violation.finding_no
  )
  select result.*
  from result
  order by result.rule, result.instrument_id;
end;
$$;

comment on function quality.validate(bigint, bigint[], timestamptz, text[]) is
'Applies the rules in force to what is stored of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), in the run p_run_id. p_datasets limits it to some of price_data, company_fundamental, feature_vector, model_prediction, online_vector, var_calculation, pipeline_run and the datasets of which anything is expected (NULL: all). Writes and returns one quality.validation_result per rule and instrument, or per rule on a dataset as a whole: passed, warned, failed or not_applicable; with p_from, only where there was something to look at. Failures and warnings have their first findings (max_findings of the rule, default 1000); failed_count counts all. A rule that is a function fails by its parameters with those of fail in place of their like, else it warns by those with warn. What lies in a known incident (quality.incident_of) is no finding and counted as masked_count. Datasets without instruments (quality.whole_datasets) have one result per rule. Errors: MB001 for a dataset that is none, MB002 for an unknown instrument; a rule whose function fails raises its own SQLSTATE with a message that names the rule; an expectation that cannot be applied is a failed result.';

revoke all on function quality.validate(bigint, bigint[], timestamptz, text[]) from public;
grant execute on function quality.validate(bigint, bigint[], timestamptz, text[]) to marketbase_worker;
