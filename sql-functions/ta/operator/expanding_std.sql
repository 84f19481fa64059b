-- Gives the standard deviation of all bars so far: qlib's Std over an expanding window.
create or replace function ta.expanding_std(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_deviation('expanding_std', series, greatest(cardinality(series), 1), 1, 1, false);

comment on function ta.expanding_std(double precision[]) is
$$Standard deviation of the sample (divisor: values - 1) of all values so far (qlib Std with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the second value.
Warm-up: the first value is NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_std(double precision[]) from public;
grant execute on function ta.expanding_std(double precision[]) to marketbase_reader;
