-- Gives the natural logarithm of each value.
create or replace function ta.ln(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('ln', 'series', series, cardinality(series)) then array(
  select case when x > 0 and x < 'infinity' then ln(x) end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.ln(double precision[]) is
$$The natural logarithm of each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite; NULL where the value is not positive. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib LN, which gives NaN or infinity there.
lookback: 0$$;

revoke all on function ta.ln(double precision[]) from public;
grant execute on function ta.ln(double precision[]) to marketbase_reader;
