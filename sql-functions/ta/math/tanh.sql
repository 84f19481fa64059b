-- Gives the hyperbolic tangent of each value.
create or replace function ta.tanh(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('tanh', 'series', series, cardinality(series)) then array(
  select case when abs(x) < 'infinity' then tanh(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.tanh(double precision[]) is
$$The hyperbolic tangent of each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib TANH.
lookback: 0$$;

revoke all on function ta.tanh(double precision[]) from public;
grant execute on function ta.tanh(double precision[]) to marketbase_reader;
