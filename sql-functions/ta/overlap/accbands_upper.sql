-- Gives the upper acceleration band.
create or replace function ta.accbands_upper(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 20
)
returns double precision[]
language sql
immutable
parallel safe
return ta.acceleration_band('accbands_upper', high, low, close, period, 1);

comment on function ta.accbands_upper(double precision[], double precision[], double precision[], integer) is
$$Upper acceleration band: the simple moving average of high * (1 + 4 * (high - low) / (high + low)). Result: as long as close, in its unit.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity in any of the three. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ACCBANDS; Headley (2002).
lookback: period - 1$$;

revoke all on function ta.accbands_upper(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.accbands_upper(double precision[], double precision[], double precision[], integer) to marketbase_reader;
