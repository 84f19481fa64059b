-- Gives the variance of all bars so far: qlib's Var over an expanding window.
create or replace function ta.expanding_var(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_deviation('expanding_var', series, greatest(cardinality(series), 1), 1, 1, true);

comment on function ta.expanding_var(double precision[]) is
$$Variance of the sample (divisor: values - 1) of all values so far (qlib Var with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the second value.
Warm-up: the first value is NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_var(double precision[]) from public;
grant execute on function ta.expanding_var(double precision[]) to marketbase_reader;
