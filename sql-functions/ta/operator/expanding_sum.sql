-- Gives the sum of all bars so far: qlib's Sum over an expanding window.
create or replace function ta.expanding_sum(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('expanding_sum', series, greatest(cardinality(series), 1), 1, false);

comment on function ta.expanding_sum(double precision[]) is
$$Sum of all values so far, correctly rounded (qlib Sum with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_sum(double precision[]) from public;
grant execute on function ta.expanding_sum(double precision[]) to marketbase_reader;
