-- Says whether the price is in a trend or in a cycle.
create or replace function ta.ht_trendmode(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.cycle_part('ht_trendmode', series, 'mode');

comment on function ta.ht_trendmode(double precision[]) is
$$Trend or cycle: 1 where the price trends, 0 where it cycles, by the Hilbert transform. Result: as long as series.
A cycle begins where ta.ht_sine and ta.ht_leadsine cross, for half a period, and is where the phase turns as fast as the period says; 1.5 % between the
price and its trendline is a trend all the same.
Arguments: series, as a rule the mean of high and low, or closes.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 63 bars.
Errors: MB001 for a bad array. Source: TA-Lib HT_TRENDMODE (unstable period 0); Ehlers, Rocket Science for Traders (2001).
lookback: unbounded$$;

revoke all on function ta.ht_trendmode(double precision[]) from public;
grant execute on function ta.ht_trendmode(double precision[]) to marketbase_reader;
