-- Gives the covariance of two series over all bars so far: qlib's Cov over an expanding window.
create or replace function ta.expanding_cov(
  x double precision[],
  y double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('expanding_cov', x, y, greatest(cardinality(x), 1), 1, 'covariance', null);

comment on function ta.expanding_cov(double precision[], double precision[]) is
$$Covariance of the sample (divisor: pairs - 1) of x and y over all bars so far (qlib Cov with N = 0).
Arguments: x and y of equal length.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL before the second pair.
Warm-up: the first value is NULL.
Errors: MB001 for bad arrays.
lookback: unbounded$$;

revoke all on function ta.expanding_cov(double precision[], double precision[]) from public;
grant execute on function ta.expanding_cov(double precision[], double precision[]) to marketbase_reader;
