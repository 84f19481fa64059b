-- Gives the residual of the newest over time of all bars so far: qlib's Resi over an expanding window.
create or replace function ta.expanding_resi(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('expanding_resi', series, greatest(cardinality(series), 1), 'residual');

comment on function ta.expanding_resi(double precision[]) is
$$Distance of the newest value from the least-squares line over time through all values so far (qlib Resi with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped (at such a bar itself the result is NULL); NULL before the second value.
Warm-up: the first value is NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_resi(double precision[]) from public;
grant execute on function ta.expanding_resi(double precision[]) to marketbase_reader;
