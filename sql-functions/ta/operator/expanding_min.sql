-- Gives the smallest value of all bars so far: qlib's Min over an expanding window.
create or replace function ta.expanding_min(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('expanding_min', series, greatest(cardinality(series), 1), 1, -1, 'value');

comment on function ta.expanding_min(double precision[]) is
$$Smallest of all values so far (qlib Min with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_min(double precision[]) from public;
grant execute on function ta.expanding_min(double precision[]) to marketbase_reader;
