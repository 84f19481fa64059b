-- Gives the place of the smallest value of all bars so far: qlib's IdxMin over an expanding window.
create or replace function ta.expanding_idxmin(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('expanding_idxmin', series, greatest(cardinality(series), 1), 1, -1, 'oldest place');

comment on function ta.expanding_idxmin(double precision[]) is
$$Place of the smallest of all values so far, counted from 1; the oldest among equals counts (qlib IdxMin with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped but keep their place; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_idxmin(double precision[]) from public;
grant execute on function ta.expanding_idxmin(double precision[]) to marketbase_reader;
