-- Gives the distance of the newest value from the mean of all bars so far, in deviations.
create or replace function ta.expanding_zscore(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_place('expanding_zscore', series, greatest(cardinality(series), 1), 'zscore');

comment on function ta.expanding_zscore(double precision[]) is
$$Standard score: the distance of the newest value from the mean of all values so far, in standard deviations of the sample. NULL while all are equal.
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped, and at such a bar the result is NULL.
Warm-up: the first value is NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_zscore(double precision[]) from public;
grant execute on function ta.expanding_zscore(double precision[]) to marketbase_reader;
