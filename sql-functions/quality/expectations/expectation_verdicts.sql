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
  v_base constant jsonb := p_parameters - array['warn', 'fail'];
  v_instrument_ids constant bigint[] := coalesce(
    p_instrument_ids, array(select instrument.instrument_id from market.instrument as instrument order by instrument.instrument_id)
  );
  v_warn constant jsonb := p_parameters -> 'warn';
begin
  perform quality.check_parameters(p_dataset, p_expectation, p_parameters);
  return query
  with fail as (
    select found.*
    from quality.level_verdicts(p_dataset, p_expectation, v_base || coalesce(nullif(p_parameters -> 'fail', 'null'), '{}'), v_instrument_ids, v_from) as found
  ),
  warn as (
    select found.*
    from quality.level_verdicts(p_dataset, p_expectation, v_base || v_warn, v_instrument_ids, v_from) as found
    where jsonb_typeof(v_warn) = 'object'
  ),
  judged as (
    select
      fail.instrument_id,
      case
        when fail.status = 'failed' then 'failed'
        when warn.status = 'failed' then 'warned'
        when fail.checked_count > 0 then 'passed'
        else 'not_applicable'
      end as status,
      fail as fail,
      warn as warn
    from fail
    left join warn on coalesce(warn.instrument_id, 0) = coalesce(fail.instrument_id, 0)
  )
  select
    judged.instrument_id, judged.status, said.checked_count, said.failed_count, said.masked_count, said.from_ts, said.to_ts,
    quality.verdict_message(judged.status, said.checked_count, said.failed_count, said.masked_count, said.violations[1].message),
    case when judged.status in ('failed', 'warned') then said.violations else '{}' end
  from judged
  cross join lateral (select level.* from (select (case when judged.status = 'warned' then judged.warn else judged.fail end).*) as level) as said;
end;
$$;

comment on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) is
'What p_expectation of p_dataset with p_parameters (see quality.expectation) says of each of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), or of the dataset as a whole where its groups are not instruments. Writes nothing.
A verdict is failed by the parameters with those of fail in place of their like, else warned by those with warn, else passed, or not_applicable where nothing was judged. failed_count counts what is not as expected, also where mostly tolerates it. Errors: as quality.expectation_plan, and what the query runs into, such as a division by zero in a condition.';

revoke all on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) from public;
grant execute on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) to marketbase_worker, marketbase_author;
