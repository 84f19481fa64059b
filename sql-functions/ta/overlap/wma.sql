-- Gives the linearly weighted moving average.
create or replace function ta.wma(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_line('wma', series, period, 'weighted mean');

comment on function ta.wma(double precision[], integer) is
$$Weighted moving average of the last period bars with the weights 1, 2, ... period, the newest bar weighing most. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib WMA.
lookback: period - 1$$;

revoke all on function ta.wma(double precision[], integer) from public;
grant execute on function ta.wma(double precision[], integer) to marketbase_reader;
