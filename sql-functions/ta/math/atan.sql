-- Gives the arc tangent of each value.
create or replace function ta.atan(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('atan', 'series', series, cardinality(series)) then array(
  select case when abs(x) < 'infinity' then atan(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.atan(double precision[]) is
$$The arc tangent of each value, in radians, -pi / 2 to pi / 2. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib ATAN.
lookback: 0$$;

revoke all on function ta.atan(double precision[]) from public;
grant execute on function ta.atan(double precision[]) to marketbase_reader;
