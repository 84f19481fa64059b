-- Gives the price without its dominant cycle.
create or replace function ta.ht_trendline(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.cycle_part('ht_trendline', series, 'trendline');

comment on function ta.ht_trendline(double precision[]) is
$$Instantaneous trendline: the mean of the price over the period of its dominant cycle, smoothed over four bars. Result: as long as series, in its unit.
Arguments: series, as a rule the mean of high and low, or closes.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 63 bars.
Errors: MB001 for a bad array. Source: TA-Lib HT_TRENDLINE (unstable period 0); Ehlers, Rocket Science for Traders (2001).
lookback: unbounded$$;

revoke all on function ta.ht_trendline(double precision[]) from public;
grant execute on function ta.ht_trendline(double precision[]) to marketbase_reader;
