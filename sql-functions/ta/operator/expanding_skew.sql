-- Gives the skewness of all bars so far: qlib's Skew over an expanding window.
create or replace function ta.expanding_skew(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_moment('expanding_skew', series, greatest(cardinality(series), 1), 'skewness');

comment on function ta.expanding_skew(double precision[]) is
$$Skewness of all values so far, as ta.rolling_skew (qlib Skew with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the third value.
Warm-up: the first two values are NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_skew(double precision[]) from public;
grant execute on function ta.expanding_skew(double precision[]) to marketbase_reader;
