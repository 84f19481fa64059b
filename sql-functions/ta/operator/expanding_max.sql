-- Gives the largest value of all bars so far: qlib's Max over an expanding window.
create or replace function ta.expanding_max(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('expanding_max', series, greatest(cardinality(series), 1), 1, 1, 'value');

comment on function ta.expanding_max(double precision[]) is
$$Largest of all values so far (qlib Max with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_max(double precision[]) from public;
grant execute on function ta.expanding_max(double precision[]) to marketbase_reader;
