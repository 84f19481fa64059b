-- Gives the sine of each value.
create or replace function ta.sin(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('sin', 'series', series, cardinality(series)) then array(
  select case when abs(x) < 'infinity' then sin(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.sin(double precision[]) is
$$The sine of each value. For an argument in radians. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib SIN.
lookback: 0$$;

revoke all on function ta.sin(double precision[]) from public;
grant execute on function ta.sin(double precision[]) to marketbase_reader;
