-- What an expectation of a dataset finds; nothing is stored.
create or replace function quality.expectation_verdicts(
  p_dataset text,
  p_expectation text,
  p_parameters jsonb,
  p_instrument_ids bigint[] default null,
  p_from timestamptz default null
)
returns setof quality.expectation_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_from constant timestamptz := coalesce(p_from, '-infinity');
  v_instrument_ids constant bigint[] := coalesce(
    p_instrument_ids, array(select instrument.instrument_id from market.instrument as instrument order by instrument.instrument_id)
  );
  v_warn constant jsonb := quality.level_parameters(p_parameters, 'warn');
begin
  perform quality.check_parameters(p_dataset, p_expectation, p_parameters);
  return query
  with said as (
    -- The gravest level that was reached, else that of failures.
    select distinct on (coalesce(level.instrument_id, 0))
      level.*, case when level.outcome = 'failed' then level.name when level.checked > 0 then 'passed' else 'not_applicable' end as verdict
    from (
      select 'failed', found.*
      from quality.level_verdicts(p_dataset, p_expectation, quality.level_parameters(p_parameters, 'fail'), v_instrument_ids, v_from) as found
      union all
      select 'warned', found.*
      from quality.level_verdicts(p_dataset, p_expectation, v_warn, v_instrument_ids, v_from) as found
      where v_warn is not null
    ) as level (name, instrument_id, outcome, checked, failed, masked, first_ts, last_ts, message, violations)
    order by coalesce(level.instrument_id, 0), level.outcome, level.name
  )
  select
    said.instrument_id, said.verdict, said.checked, said.failed, said.masked, said.first_ts, said.last_ts,
    quality.verdict_message(said.verdict, said.checked, said.failed, said.masked, said.violations[1].message), said.violations
  from said
  order by said.instrument_id;
end;
$$;

comment on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) is
'What p_expectation of p_dataset with p_parameters (see quality.expectation) says of each of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), or of the dataset as a whole where its groups are not instruments. Writes nothing.
A verdict is failed by the parameters with those of fail in place of their like, else warned by those with warn, else passed, or not_applicable where nothing was judged. failed_count counts what is not as expected, also where mostly tolerates it. Errors: as quality.expectation_plan, and what the query runs into, such as a division by zero in a condition.';

revoke all on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) from public;
grant execute on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) to marketbase_worker, marketbase_author;
