-- What an expectation with one set of thresholds finds.
create or replace function quality.level_verdicts(
  p_dataset text,
  p_expectation text,
  p_parameters jsonb,
  p_instrument_ids bigint[],
  p_from timestamptz
)
returns setof quality.expectation_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_plan constant quality.expectation_plan := quality.expectation_plan(p_dataset, p_expectation, p_parameters);
  v_mostly constant numeric := coalesce((p_parameters ->> 'mostly')::numeric, 1);
  v_max_findings constant bigint := coalesce((p_parameters ->> 'max_findings')::numeric, 1000);
  v_subject constant text := case when v_plan.is_by_instrument then 'judged.instrument_id' else 'null::bigint' end;
  v_group constant text := case when v_plan.is_by_instrument then 'judged.instrument_id' else '()' end;
  v_verdicts quality.expectation_verdict[];
  v_failed bigint[];
begin
  execute format(
    'select array_agg(row(
        asked.instrument_id, null, coalesce(counted.checked_count, 0), coalesce(counted.failed_count, 0), coalesce(counted.masked_count, 0),
        counted.from_ts, counted.to_ts, null, ''{}''
      )::quality.expectation_verdict order by asked.instrument_id)
    from %s as asked (instrument_id)
    left join (
      select
        %s as instrument_id, count(judged.is_expected) as checked_count, count(*) filter (where not judged.is_expected) as failed_count,
        sum(judged.masked_count)::bigint as masked_count, min(judged.from_ts) as from_ts, max(judged.to_ts) as to_ts
      from (%s) as judged
      group by %s
    ) as counted on coalesce(counted.instrument_id, 0) = coalesce(asked.instrument_id, 0)',
    case when v_plan.is_by_instrument then 'unnest($1)' else '(values (null::bigint))' end, v_subject, v_plan.source_sql, v_group
  )
  into v_verdicts
  using p_instrument_ids, p_from;

  v_failed := array(
    select verdict.instrument_id from unnest(v_verdicts) as verdict where verdict.failed_count > (1 - v_mostly) * verdict.checked_count
  );
  if v_failed = '{}' then
    return query select verdict.* from unnest(v_verdicts) as verdict;
    return;
  end if;
  -- Only what failed is looked at again, for the rows to show.
  return query execute format(
    'select
      verdict.instrument_id, case when found.violations is not null then ''failed'' end, verdict.checked_count, verdict.failed_count, verdict.masked_count,
      verdict.from_ts, verdict.to_ts, null::text, coalesce(found.violations, ''{}'')
    from unnest($3) as verdict
    left join (
      select
        %1$s as instrument_id,
        array_agg(row(
          null, judged.instrument_id, judged.ts, judged.key, judged.observed, $4,
          format(
            ''%%s%%s%%s: expected %%s.'', said.observed, '' ('' || said.key || '')'',
            to_char(
              judged.ts at time zone ''UTC'',
              case when judged.ts = date_trunc(''day'', judged.ts, ''UTC'') then '' on YYYY-MM-DD'' else '' at YYYY-MM-DD HH24:MI:SS'' end
            ),
            $4
          )
        )::quality.violation order by judged.finding_no) filter (where judged.finding_no <= $5) as violations
      from (
        select judged.*, row_number() over (%2$s order by judged.ts, judged.key::text) as finding_no
        from (%3$s) as judged
        where not judged.is_expected
      ) as judged
      cross join lateral (
        select
          string_agg(part.text, '', '') filter (where part.is_observed) as observed,
          string_agg(part.text, '', '') filter (where not part.is_observed) as key
        from (
          select each.is_observed, format(''%%s %%s'', each.key, coalesce(left(each.value #>> ''{}'', 200), ''null'')) as text
          from (
            select true, seen.* from jsonb_each(judged.observed) as seen
            union all
            select false, identified.* from jsonb_each(case when judged.instrument_id is null then judged.key else ''{}'' end) as identified
          ) as each (is_observed, key, value)
        ) as part
      ) as said
      where judged.finding_no <= greatest($5, 1)
      group by %4$s
    ) as found on coalesce(found.instrument_id, 0) = coalesce(verdict.instrument_id, 0)',
    v_subject, case when v_plan.is_by_instrument then 'partition by judged.instrument_id' else '' end, v_plan.source_sql, v_group
  )
  using case when v_plan.is_by_instrument then v_failed else p_instrument_ids end, p_from, v_verdicts, v_plan.expected, v_max_findings;
end;
$$;

comment on function quality.level_verdicts(text, text, jsonb, bigint[], timestamptz) is
E'@behavior -*\nWhat p_expectation of p_dataset with p_parameters, warn and fail aside, finds of the instruments p_instrument_ids from p_from on, or of the dataset as a whole: a verdict each, whose status is failed where more than the share of 1 - mostly is not as expected and NULL elsewhere, with the first violations (max_findings, by default 1000) of those that failed. Errors: as quality.expectation_plan, and what the query runs into.';

revoke all on function quality.level_verdicts(text, text, jsonb, bigint[], timestamptz) from public;
grant execute on function quality.level_verdicts(text, text, jsonb, bigint[], timestamptz) to marketbase_worker, marketbase_author;
