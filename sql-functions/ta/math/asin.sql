-- Gives the arc sine of each value.
create or replace function ta.asin(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('asin', 'series', series, cardinality(series)) then array(
  select case when abs(x) <= 1 then asin(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.asin(double precision[]) is
$$The arc sine of each value, in radians, -pi / 2 to pi / 2. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite; NULL where the value is not between -1 and 1. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib ASIN, which gives NaN or infinity there.
lookback: 0$$;

revoke all on function ta.asin(double precision[]) from public;
grant execute on function ta.asin(double precision[]) to marketbase_reader;
