-- Gives the bar of the smallest value of the last bars.
create or replace function ta.minindex(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.extreme_index('minindex', series, period, -1);

comment on function ta.minindex(double precision[], integer) is
$$Index of the smallest value of the last period bars, counted from 0 at the first bar of the series, as in TA-Lib: series[index + 1] is the value.
ta.rolling_idxmin counts within the window. Result: as long as series.
Among equals the newest counts, except where the extreme has just left the window: then the oldest.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MININDEX.
lookback: unbounded$$;

revoke all on function ta.minindex(double precision[], integer) from public;
grant execute on function ta.minindex(double precision[], integer) to marketbase_reader;
