-- Gives the beta of one series on another over the last bars.
create or replace function ta.beta(
  x double precision[],
  y double precision[],
  period integer default 5
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_period('beta', 'period', period, 1);
  perform ta.check_series('beta', 'x', x, cardinality(x));
  perform ta.check_series('beta', 'y', y, cardinality(x));
  return ta.window_pair('beta', ta.change('beta', x, 1, 'fraction'), ta.change('beta', y, 1, 'fraction'), period, period, 'slope', null);
end
$$;

comment on function ta.beta(double precision[], double precision[], integer) is
$$Beta: the slope of the least-squares line of the one-bar returns of y on those of x, over the last period returns. Result: as long as x, without unit.
0 where the returns of x are constant in the window, as in TA-Lib.
Arguments: x, the market, and y, the asset, of equal length; period in returns, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib BETA (inReal0 is x, inReal1 is y).
lookback: period$$;

revoke all on function ta.beta(double precision[], double precision[], integer) from public;
grant execute on function ta.beta(double precision[], double precision[], integer) to marketbase_reader;
