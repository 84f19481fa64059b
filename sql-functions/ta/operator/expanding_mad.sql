-- Gives the mean absolute deviation of all bars so far: qlib's Mad over an expanding window.
create or replace function ta.expanding_mad(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_absolute_deviation('expanding_mad', series, greatest(cardinality(series), 1));

comment on function ta.expanding_mad(double precision[]) is
$$Mean absolute deviation of all values so far from their mean (qlib Mad with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_mad(double precision[]) from public;
grant execute on function ta.expanding_mad(double precision[]) to marketbase_reader;
