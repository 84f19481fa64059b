-- Gives the place of the largest value in the last bars: qlib's IdxMax.
create or replace function ta.rolling_idxmax(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('rolling_idxmax', series, period, 1, 1, 'oldest place');

comment on function ta.rolling_idxmax(double precision[], integer) is
$$Place of the largest value among the last period bars (qlib IdxMax): 1 is the oldest bar of the window, the oldest among equals counts. Result: as long as
series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped but keep their place; NULL where the window has no value. Warm-up: none, the first values come from the
bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: - (max(case when {series} is not null then array[{series}, - bar_number] end) over frame)[2] - greatest(bar_number - {period}, 0)
lookback: period - 1$$;

revoke all on function ta.rolling_idxmax(double precision[], integer) from public;
grant execute on function ta.rolling_idxmax(double precision[], integer) to marketbase_reader;
