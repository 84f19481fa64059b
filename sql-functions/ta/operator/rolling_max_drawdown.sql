-- Gives the largest fall from a peak within the last bars.
create or replace function ta.rolling_max_drawdown(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_drawdown('rolling_max_drawdown', series, period);

comment on function ta.rolling_max_drawdown(double precision[], integer) is
$$Maximum drawdown: the largest fall, as a fraction of the peak before it, within the last period bars: the smallest of series[j] / series[k] - 1 for bars
k <= j of the window.
Result: as long as series, from -1 to 0; 0 where it never fell.
Arguments: series, prices or the value of a portfolio; period in bars, 1 or more.
NULL behaviour: NULL, NaN, infinity and values of 0 or less, of which no fraction can be taken, are skipped; NULL where the window has no value.
Warm-up: none, the first values come from the bars that there are.
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_max_drawdown(double precision[], integer) from public;
grant execute on function ta.rolling_max_drawdown(double precision[], integer) to marketbase_reader;
