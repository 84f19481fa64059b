-- Gives the sine of the phase of the dominant cycle.
create or replace function ta.ht_sine(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.cycle_part('ht_sine', series, 'sine');

comment on function ta.ht_sine(double precision[]) is
$$Sine of the phase of the dominant cycle, -1 to 1, by the Hilbert transform. Result: as long as series. It crosses ta.ht_leadsine at the turns of a cycle.
Arguments: series, as a rule the mean of high and low, or closes.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 63 bars.
Errors: MB001 for a bad array. Source: TA-Lib HT_SINE (unstable period 0); Ehlers, Rocket Science for Traders (2001).
lookback: unbounded$$;

revoke all on function ta.ht_sine(double precision[]) from public;
grant execute on function ta.ht_sine(double precision[]) to marketbase_reader;
