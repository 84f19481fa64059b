-- Gives the slope over time of all bars so far: qlib's Slope over an expanding window.
create or replace function ta.expanding_slope(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('expanding_slope', series, greatest(cardinality(series), 1), 'slope');

comment on function ta.expanding_slope(double precision[]) is
$$Slope per bar of the least-squares line over time through all values so far (qlib Slope with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the second value.
Warm-up: the first value is NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_slope(double precision[]) from public;
grant execute on function ta.expanding_slope(double precision[]) to marketbase_reader;
