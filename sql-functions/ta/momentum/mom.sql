-- Gives the change over some bars.
create or replace function ta.mom(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('mom', series, period, 'difference');

comment on function ta.mom(double precision[], integer) is
$$Momentum: the value minus the value period bars ago. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MOM.
lookback: period$$;

revoke all on function ta.mom(double precision[], integer) from public;
grant execute on function ta.mom(double precision[], integer) to marketbase_reader;
