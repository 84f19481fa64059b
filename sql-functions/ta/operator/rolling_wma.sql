-- Gives the linearly weighted average of the last bars as qlib computes it: qlib's WMA.
create or replace function ta.rolling_wma(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_weight('rolling_wma', series, period, 'qlib');

comment on function ta.rolling_wma(double precision[], integer) is
$$What qlib calls WMA: the last n <= period bars weigh 0, 1, ... n - 1 from the oldest to the newest, divided by the sum of these weights, and the products
are averaged, not summed.
So it is about 1/n of a moving average; for the average itself take ta.decay_linear or ta.wma. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped but keep their weight; NULL where the window has no value.
Warm-up: the first value is NULL, then the first values come from the bars that there are.
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_wma(double precision[], integer) from public;
grant execute on function ta.rolling_wma(double precision[], integer) to marketbase_reader;
