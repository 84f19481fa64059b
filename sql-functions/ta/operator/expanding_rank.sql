-- Gives the rank of the newest of all bars so far: qlib's Rank over an expanding window.
create or replace function ta.expanding_rank(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_rank('expanding_rank', series, greatest(cardinality(series), 1));

comment on function ta.expanding_rank(double precision[]) is
$$Rank of the newest among all values so far as a fraction: 1 is the largest; equals share their mean rank (qlib Rank with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped, and at such a bar the result is NULL.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_rank(double precision[]) from public;
grant execute on function ta.expanding_rank(double precision[]) to marketbase_reader;
