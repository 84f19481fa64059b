-- Gives the sum of two series.
create or replace function ta.add(
  x double precision[],
  y double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('add', 'x', x, cardinality(y)) and ta.is_series('add', 'y', y, cardinality(y)) then array(
  select case when abs(v.x) < 'infinity' and abs(v.y) < 'infinity' then v.x + v.y end
  from unnest(x, y) with ordinality as v (x, y, bar)
  order by v.bar
) end;

comment on function ta.add(double precision[], double precision[]) is
$$The sum of two series, bar by bar: x + y. Result: as long as the arguments.
Arguments: x, y, of equal length.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays; 22003 for a result too large for a double. Source: TA-Lib ADD.
lookback: 0$$;

revoke all on function ta.add(double precision[], double precision[]) from public;
grant execute on function ta.add(double precision[], double precision[]) to marketbase_reader;
