-- Gives the square root of each value.
create or replace function ta.sqrt(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('sqrt', 'series', series, cardinality(series)) then array(
  select case when x >= 0 and x < 'infinity' then sqrt(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.sqrt(double precision[]) is
$$The square root of each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite; NULL where the value is negative. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib SQRT, which gives NaN or infinity there.
lookback: 0$$;

revoke all on function ta.sqrt(double precision[]) from public;
grant execute on function ta.sqrt(double precision[]) to marketbase_reader;
