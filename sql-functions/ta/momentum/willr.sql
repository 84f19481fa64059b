-- Gives Williams' %R.
create or replace function ta.willr(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.range_position('willr', high, low, close, period, true);

comment on function ta.willr(double precision[], double precision[], double precision[], integer) is
$$Williams' %R: how far the close lies below the highest high of the last period bars, in percent of their range, 0 to -100. Result: as long as close. 0 where
the range is 0, as in TA-Lib.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the highs or lows of the window, or the close of the bar, have a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib WILLR; Williams (1973).
lookback: period - 1$$;

revoke all on function ta.willr(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.willr(double precision[], double precision[], double precision[], integer) to marketbase_reader;
