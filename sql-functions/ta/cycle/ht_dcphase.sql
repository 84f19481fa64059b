-- Gives the phase of the dominant cycle.
create or replace function ta.ht_dcphase(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.cycle_part('ht_dcphase', series, 'phase');

comment on function ta.ht_dcphase(double precision[]) is
$$Phase of the dominant cycle in degrees, -45 to 315, by the Hilbert transform. Result: as long as series.
Arguments: series, as a rule the mean of high and low, or closes.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 63 bars.
Errors: MB001 for a bad array. Source: TA-Lib HT_DCPHASE (unstable period 0); Ehlers, Rocket Science for Traders (2001).
lookback: unbounded$$;

revoke all on function ta.ht_dcphase(double precision[]) from public;
grant execute on function ta.ht_dcphase(double precision[]) to marketbase_reader;
