-- Gives the rank of the newest among the last values: qlib's Rank.
create or replace function ta.rolling_rank(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return case
  when period <= 16 then ta.window_order('rolling_rank', series, array[period], array[null::double precision])
  else ta.window_rank('rolling_rank', series, period)
end;

comment on function ta.rolling_rank(double precision[], integer) is
$$Rank of the newest value among the last period bars as a fraction (qlib Rank, pandas rolling(period, min_periods = 1).rank(pct = True)): 1 is the largest;
equals share their mean rank.
Result: as long as series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped, and at such a bar the result is NULL. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_rank(double precision[], integer) from public;
grant execute on function ta.rolling_rank(double precision[], integer) to marketbase_reader;
