-- Gives the hyperbolic sine of each value.
create or replace function ta.sinh(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('sinh', 'series', series, cardinality(series)) then array(
  select case when abs(x) <= 710.475 then sinh(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.sinh(double precision[]) is
$$The hyperbolic sine of each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite; NULL where the result is too large, beyond 710.475. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib SINH, which gives NaN or infinity there.
lookback: 0$$;

revoke all on function ta.sinh(double precision[]) from public;
grant execute on function ta.sinh(double precision[]) to marketbase_reader;
