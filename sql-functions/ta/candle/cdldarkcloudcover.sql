-- Finds a dark cloud cover: after a long white candle a black one that closes well inside its body.
create or replace function ta.cdldarkcloudcover(
  open double precision[],
  high double precision[],
  low double precision[],
  close double precision[],
  penetration double precision default 0.5
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[] := ta.candle_result('cdldarkcloudcover', 11, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  first integer;
begin
  perform ta.check_penetration('cdldarkcloudcover', penetration);
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      and close[first] - open[first] > long_body[first]
      and close[second] < open[second]
      and open[second] > high[first]
      and close[second] > open[first]
      and close[second] < close[first] - (close[first] - open[first]) * penetration
    then
      result[second] := -100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdldarkcloudcover(double precision[], double precision[], double precision[], double precision[], double precision) is
$$Dark cloud cover: a long white candle, then a black one that opens above its high and closes inside its body, by more than penetration of it. Result: as
long as close; on the last bar of a pattern -100 (bearish), else 0.
Arguments: open, high, low, close, of equal length; penetration, the part of the first body, 0 or more.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays or a penetration that is NULL, negative or not finite. Source: TA-Lib CDLDARKCLOUDCOVER with its default candle settings (see
ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdldarkcloudcover(double precision[], double precision[], double precision[], double precision[], double precision) from public;
grant execute on function ta.cdldarkcloudcover(double precision[], double precision[], double precision[], double precision[], double precision)
  to marketbase_reader;
