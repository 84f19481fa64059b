-- Gives the quadrature component of the price as a phasor.
create or replace function ta.ht_phasor_quadrature(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.late_start(ta.hilbert_cycle('ht_phasor_quadrature', series, 12, 'quadrature'), 20);

comment on function ta.ht_phasor_quadrature(double precision[]) is
$$Quadrature component of the phasor of the dominant cycle, by the Hilbert transform: the in-phase component a quarter of a cycle ahead. Result: as long as
series, in its unit.
Arguments: series, as a rule the mean of high and low, or closes.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 32 bars.
Errors: MB001 for a bad array. Source: TA-Lib HT_PHASOR (unstable period 0); Ehlers, Rocket Science for Traders (2001).
lookback: unbounded$$;

revoke all on function ta.ht_phasor_quadrature(double precision[]) from public;
grant execute on function ta.ht_phasor_quadrature(double precision[]) to marketbase_reader;
