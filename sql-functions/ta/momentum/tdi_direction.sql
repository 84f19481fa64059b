-- Gives the direction indicator of the trend detection index.
create or replace function ta.tdi_direction(
  series double precision[],
  period integer default 20
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('tdi_direction', ta.change('tdi_direction', series, period, 'difference'), period, period, false);

comment on function ta.tdi_direction(double precision[], integer) is
$$Direction indicator of ta.tdi: the sum of the last period momenta over period bars; its sign is the trend's. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: 2 * period - 1 bars; TTR has values earlier, for which momenta before the first
one count as 0.
Errors: MB001 for a bad period or array. Source: TTR TDI; Pee.
lookback: 2 * period - 1$$;

revoke all on function ta.tdi_direction(double precision[], integer) from public;
grant execute on function ta.tdi_direction(double precision[], integer) to marketbase_reader;
