-- Gives the period of the dominant cycle.
create or replace function ta.ht_dcperiod(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.late_start(ta.hilbert_cycle('ht_dcperiod', series, 12, 'smooth period'), 20);

comment on function ta.ht_dcperiod(double precision[]) is
$$Period of the dominant cycle in bars, up to 50, by the Hilbert transform. Result: as long as series.
Arguments: series, as a rule the mean of high and low, or closes.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 32 bars.
Errors: MB001 for a bad array. Source: TA-Lib HT_DCPERIOD (unstable period 0); Ehlers, Rocket Science for Traders (2001).
lookback: unbounded$$;

revoke all on function ta.ht_dcperiod(double precision[]) from public;
grant execute on function ta.ht_dcperiod(double precision[]) to marketbase_reader;
