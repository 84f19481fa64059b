-- Gives the change over some bars in percent.
create or replace function ta.roc(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('roc', series, period, 'percent');

comment on function ta.roc(double precision[], integer) is
$$Rate of change in percent: 100 * (value / value period bars ago - 1). Result: as long as series. 0 where the earlier value is 0, as in TA-Lib.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib ROC.
lookback: period$$;

revoke all on function ta.roc(double precision[], integer) from public;
grant execute on function ta.roc(double precision[], integer) to marketbase_reader;
