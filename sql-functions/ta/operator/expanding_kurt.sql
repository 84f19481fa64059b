-- Gives the excess kurtosis of all bars so far: qlib's Kurt over an expanding window.
create or replace function ta.expanding_kurt(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_moment('expanding_kurt', series, greatest(cardinality(series), 1), 'kurtosis');

comment on function ta.expanding_kurt(double precision[]) is
$$Excess kurtosis of all values so far, as ta.rolling_kurt (qlib Kurt with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the fourth value.
Warm-up: the first three values are NULL.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_kurt(double precision[]) from public;
grant execute on function ta.expanding_kurt(double precision[]) to marketbase_reader;
