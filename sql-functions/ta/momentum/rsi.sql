-- Gives Wilder's relative strength index.
create or replace function ta.rsi(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_strength('rsi', series, period, 'rsi');

comment on function ta.rsi(double precision[], integer) is
$$Relative strength index, 0 to 100: 100 times the smoothed gains over the smoothed gains and losses. Result: as long as series. 0 where the price has not
moved at all, as in TA-Lib.
Arguments: series, as a rule closes; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib RSI (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.rsi(double precision[], integer) from public;
grant execute on function ta.rsi(double precision[], integer) to marketbase_reader;
