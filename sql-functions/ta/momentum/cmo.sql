-- Gives Chande's momentum oscillator.
create or replace function ta.cmo(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_strength('cmo', series, period, 'cmo');

comment on function ta.cmo(double precision[], integer) is
$$Chande momentum oscillator, -100 to 100: 100 times the smoothed gains minus the smoothed losses over their sum. Result: as long as series. 0 where the price
has not moved at all.
TA-Lib smooths gains and losses as Wilder does; Chande's plain sums give the same first value and others after it.
Arguments: series, as a rule closes; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib CMO (unstable period 0); Chande and Kroll (1994).
lookback: unbounded$$;

revoke all on function ta.cmo(double precision[], integer) from public;
grant execute on function ta.cmo(double precision[], integer) to marketbase_reader;
