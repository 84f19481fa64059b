-- Gives the tangent of each value.
create or replace function ta.tan(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('tan', 'series', series, cardinality(series)) then array(
  select case when abs(x) < 'infinity' then tan(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.tan(double precision[]) is
$$The tangent of each value. For an argument in radians. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib TAN.
lookback: 0$$;

revoke all on function ta.tan(double precision[]) from public;
grant execute on function ta.tan(double precision[]) to marketbase_reader;
