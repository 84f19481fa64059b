-- Gives the ratio to the value some bars ago in percent.
create or replace function ta.rocr100(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('rocr100', series, period, 'ratio in percent');

comment on function ta.rocr100(double precision[], integer) is
$$Rate of change as a ratio in percent: 100 * value / value period bars ago. Result: as long as series. 0 where the earlier value is 0, as in TA-Lib.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib ROCR100.
lookback: period$$;

revoke all on function ta.rocr100(double precision[], integer) from public;
grant execute on function ta.rocr100(double precision[], integer) to marketbase_reader;
