-- Gives the number of all bars so far: qlib's Count over an expanding window.
create or replace function ta.expanding_count(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_count('expanding_count', series, greatest(cardinality(series), 1));

comment on function ta.expanding_count(double precision[]) is
$$Number of values so far (qlib Count with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are not counted; 0, not NULL, before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_count(double precision[]) from public;
grant execute on function ta.expanding_count(double precision[]) to marketbase_reader;
