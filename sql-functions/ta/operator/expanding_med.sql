-- Gives the median of all bars so far: qlib's Med over an expanding window.
create or replace function ta.expanding_med(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_order('expanding_med', series, array[greatest(cardinality(series), 1)], array[0.5]);

comment on function ta.expanding_med(double precision[]) is
$$Median of all values so far (qlib Med with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_med(double precision[]) from public;
grant execute on function ta.expanding_med(double precision[]) to marketbase_reader;
