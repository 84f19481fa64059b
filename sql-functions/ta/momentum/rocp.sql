-- Gives the change over some bars as a fraction.
create or replace function ta.rocp(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('rocp', series, period, 'fraction');

comment on function ta.rocp(double precision[], integer) is
$$Rate of change as a fraction: (value - value period bars ago) / value period bars ago. Result: as long as series. 0 where the earlier value is 0, as in
TA-Lib.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib ROCP.
lookback: period$$;

revoke all on function ta.rocp(double precision[], integer) from public;
grant execute on function ta.rocp(double precision[], integer) to marketbase_reader;
