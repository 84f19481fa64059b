-- Gives the smallest whole number not below each value.
create or replace function ta.ceil(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('ceil', 'series', series, cardinality(series)) then array(
  select case when abs(x) < 'infinity' then ceil(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.ceil(double precision[]) is
$$The smallest whole number not below each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib CEIL.
lookback: 0$$;

revoke all on function ta.ceil(double precision[]) from public;
grant execute on function ta.ceil(double precision[]) to marketbase_reader;
