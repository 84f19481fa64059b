-- Gives the coefficient of determination over time of all bars so far: qlib's Rsquare over an expanding window.
create or replace function ta.expanding_rsquare(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('expanding_rsquare', series, greatest(cardinality(series), 1), 'rsquare');

comment on function ta.expanding_rsquare(double precision[]) is
$$Coefficient of determination of the least-squares line over time through all values so far (qlib Rsquare with N = 0);
NULL while they deviate (sample) by 0.00002 or less.
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the second value.
Warm-up: the first value is NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_rsquare(double precision[]) from public;
grant execute on function ta.expanding_rsquare(double precision[]) to marketbase_reader;
