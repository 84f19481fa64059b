-- Gives Wilder's parabolic stop and reverse.
create or replace function ta.sar(
  high double precision[],
  low double precision[],
  acceleration double precision default 0.02,
  maximum double precision default 0.2
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_number('sar', 'acceleration', acceleration);
  perform ta.check_number('sar', 'maximum', maximum);
  return ta.parabolic_stop('sar', high, low, 0, 0, acceleration, acceleration, maximum, acceleration, acceleration, maximum, false);
end
$$;

comment on function ta.sar(double precision[], double precision[], double precision, double precision) is
$$Parabolic stop and reverse: the stop of a position that is always long or short; below the price when long, above it when short. Result: as long as high,
in its unit.
Arguments: high, low, of equal length; acceleration, the part of the distance to the extreme by which the stop first moves and by which this part grows at
each new extreme; maximum, its bound. Finite numbers, 0 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 1 bar.
Errors: MB001 for a bad number or arrays. Source: TA-Lib SAR; Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.sar(double precision[], double precision[], double precision, double precision) from public;
grant execute on function ta.sar(double precision[], double precision[], double precision, double precision) to marketbase_reader;
