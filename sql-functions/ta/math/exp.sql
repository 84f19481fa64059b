-- Gives the exponential of each value.
create or replace function ta.exp(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return case when ta.is_series('exp', 'series', series, cardinality(series)) then array(
  select case when x between -745 and 709.782 then exp(x) when x < 0 and x > '-infinity' then 0 end
  from unnest(series) with ordinality as v (x, bar)
  order by bar
) end;

comment on function ta.exp(double precision[]) is
$$The exponential of each value. Result: as long as series.
Arguments: series.
NULL behaviour: NULL where the value is NULL, NaN or infinite; NULL where the result is too large, above 709.782. Warm-up: none.
Errors: MB001 for a bad array. Source: TA-Lib EXP, which gives NaN or infinity there.
lookback: 0$$;

revoke all on function ta.exp(double precision[]) from public;
grant execute on function ta.exp(double precision[]) to marketbase_reader;
