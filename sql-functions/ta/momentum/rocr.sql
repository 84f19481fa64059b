-- Gives the ratio to the value some bars ago.
create or replace function ta.rocr(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('rocr', series, period, 'ratio');

comment on function ta.rocr(double precision[], integer) is
$$Rate of change as a ratio: value / value period bars ago. Result: as long as series. 0 where the earlier value is 0, as in TA-Lib.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib ROCR.
lookback: period$$;

revoke all on function ta.rocr(double precision[], integer) from public;
grant execute on function ta.rocr(double precision[], integer) to marketbase_reader;
