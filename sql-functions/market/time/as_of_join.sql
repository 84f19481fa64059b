-- For each time the element of a series that goes with it: the latest before it, unless another direction is asked for.
create or replace function market.as_of_join(
  p_times timestamptz[],
  p_series timestamptz[],
  p_values double precision[] default null,
  p_tolerance interval default null,
  p_strict boolean default false,
  p_direction text default 'backward'
) returns setof market.as_of_match
language plpgsql immutable parallel safe
rows 10000
set search_path to pg_catalog, pg_temp
as $$
declare
  series constant timestamptz[] := coalesce(p_series, '{}');
  -- Times have microseconds: strictly before a moment is up to the microsecond before it.
  step constant interval := interval '1 microsecond';
  previous timestamptz := '-infinity';
  moment timestamptz;
begin
  if p_direction is null or p_direction not in ('backward', 'forward', 'nearest') then
    raise exception using
      errcode = 'MB001', message = format('%L is not a direction.', left(p_direction, 40)), hint = 'It is backward, forward or nearest.';
  elsif p_tolerance < interval '0' then
    raise exception using errcode = 'MB001', message = 'The tolerance is negative.', hint = 'Give a positive interval, or NULL for any distance.';
  elsif p_values is not null and cardinality(p_values) <> cardinality(series) then
    raise exception using
      errcode = 'MB001',
      message = format('The series has %s times and %s values.', cardinality(series), cardinality(p_values)),
      hint = 'Give arrays of equal length.';
  end if;
  foreach moment in array series loop
    if moment < previous or moment is null then
      raise exception using
        errcode = 'MB001', message = 'The times of the series do not rise, or one is NULL.', hint = 'Collect it with array_agg(ts order by ts).';
    end if;
    previous := moment;
  end loop;

  if p_direction = 'backward' then
    return query
      select asked.position::integer, asked.ts, matched.at, series[matched.at], p_values[matched.at]
      from unnest(p_times) with ordinality as asked (ts, position)
      cross join lateral (select nullif(width_bucket(case when p_strict then asked.ts - step else asked.ts end, series), 0) as at offset 0) as before
      cross join lateral (select case when p_tolerance is null or series[before.at] >= asked.ts - p_tolerance then before.at end as at offset 0) as matched;
  else
    return query
      select asked.position::integer, asked.ts, matched.at, series[matched.at], p_values[matched.at]
      from unnest(p_times) with ordinality as asked (ts, position)
      cross join lateral (
        select
          nullif(width_bucket(case when p_strict then asked.ts - step else asked.ts end, series), 0) as before_at,
          width_bucket(case when p_strict then asked.ts else asked.ts - step end, series) + 1 as after_at
        offset 0
      ) as around
      cross join lateral (
        select case
          when p_direction = 'nearest' and series[before_at] is not null
            and (series[after_at] is null or asked.ts - series[before_at] <= series[after_at] - asked.ts) then before_at
          when after_at <= cardinality(series) then after_at
        end as at
        offset 0
      ) as nearest
      cross join lateral (
        select case
          when p_tolerance is null or series[nearest.at] between asked.ts - p_tolerance and asked.ts + p_tolerance then nearest.at
        end as at
        offset 0
      ) as matched;
  end if;
end
$$;

comment on function market.as_of_join(timestamptz[], timestamptz[], double precision[], interval, boolean, text) is
'One row for each of p_times, in their order: the element of a series that goes with it. p_series: times that rise, equal ones allowed. p_values: its values, as many (NULL: none, use match_position).
p_direction: backward gives the last element at or before the time, of equal ones the last. forward gives the first at or after it, of equal ones the first; nearest the closer of both, backward where both are as far.
FORWARD AND NEAREST LOOK AHEAD: they give what was not known at the time; never use them for features. p_strict: before or after the time, not at it. p_tolerance: how far the element may lie from the time, that far included (NULL: any).
Nothing matches a NULL time, or where there is no element: match_position, match_ts and value are NULL. About 1 microsecond a time, in any order. Convention: ASOF JOIN with TOLERANCE of QuestDB, pandas.merge_asof.
For several instruments: select pair.instrument_id, joined.* from (select instrument_id, array_agg(…) …) as pair cross join lateral market.as_of_join(pair.times, pair.series, pair.values) as joined.
Errors: MB001 for a series that does not rise, arrays of different length, a negative tolerance or another direction.';

revoke all on function market.as_of_join(timestamptz[], timestamptz[], double precision[], interval, boolean, text) from public;
grant execute on function market.as_of_join(timestamptz[], timestamptz[], double precision[], interval, boolean, text) to marketbase_reader;
