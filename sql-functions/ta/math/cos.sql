-- Gives the cosine of each value.
create or replace function ta.cos(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('cos', 'series', series, cardinality(series)) then array(
  select case when abs(x) < 'infinity' then cos(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.cos(double precision[]) is
$$The cosine of each value. For an argument in radians. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib COS.
lookback: 0$$;

revoke all on function ta.cos(double precision[]) from public;
grant execute on function ta.cos(double precision[]) to marketbase_reader;
