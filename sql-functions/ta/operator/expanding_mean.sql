-- Gives the mean of all bars so far: qlib's Mean over an expanding window.
create or replace function ta.expanding_mean(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('expanding_mean', series, greatest(cardinality(series), 1), 1, true);

comment on function ta.expanding_mean(double precision[]) is
$$Mean of all values so far (qlib Mean with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_mean(double precision[]) from public;
grant execute on function ta.expanding_mean(double precision[]) to marketbase_reader;
