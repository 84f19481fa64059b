-- Gives the correlation of two series over all bars so far: qlib's Corr over an expanding window.
create or replace function ta.expanding_corr(
  x double precision[],
  y double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('expanding_corr', x, y, greatest(cardinality(x), 1), 1, 'correlation', 2e-5);

comment on function ta.expanding_corr(double precision[], double precision[]) is
$$Pearson's correlation of x and y over all bars so far (qlib Corr with N = 0). As in ta.rolling_corr, NULL while the standard deviation of x or of y is 0.00002
or less.
Arguments: x and y of equal length.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL before the second pair.
Warm-up: the first value is NULL.
Errors: MB001 for bad arrays.
lookback: unbounded$$;

revoke all on function ta.expanding_corr(double precision[], double precision[]) from public;
grant execute on function ta.expanding_corr(double precision[], double precision[]) to marketbase_reader;
