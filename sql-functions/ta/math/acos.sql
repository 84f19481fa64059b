-- Gives the arc cosine of each value.
create or replace function ta.acos(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('acos', 'series', series, cardinality(series)) then array(
  select case when abs(x) <= 1 then acos(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.acos(double precision[]) is
$$The arc cosine of each value, in radians, 0 to pi. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite; NULL where the value is not between -1 and 1. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib ACOS, which gives NaN or infinity there.
lookback: 0$$;

revoke all on function ta.acos(double precision[]) from public;
grant execute on function ta.acos(double precision[]) to marketbase_reader;
