-- Gives the decimal logarithm of each value.
create or replace function ta.log10(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('log10', 'series', series, cardinality(series)) then array(
  select case when x > 0 and x < 'infinity' then log10(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.log10(double precision[]) is
$$The decimal logarithm of each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite; NULL where the value is not positive. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib LOG10, which gives NaN or infinity there.
lookback: 0$$;

revoke all on function ta.log10(double precision[]) from public;
grant execute on function ta.log10(double precision[]) to marketbase_reader;
