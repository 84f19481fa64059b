-- Gives the place of the newest value between the lowest and the highest of the last bars.
create or replace function ta.rolling_minmax(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_place('rolling_minmax', series, period, 'minmax');

comment on function ta.rolling_minmax(double precision[], integer) is
$$Min-max scale: (series - rolling_min) / (rolling_max - rolling_min) over the last period bars. Result: as long as series, from 0 for the smallest to 1 for
the largest; NULL where all values of the window are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped, and at such a bar the result is NULL.
Warm-up: the first value is NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_minmax(double precision[], integer) from public;
grant execute on function ta.rolling_minmax(double precision[], integer) to marketbase_reader;
