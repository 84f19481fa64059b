-- Finds a morning doji star: a fall, a doji below it, and a rise.
create or replace function ta.cdlmorningdojistar(
  open double precision[],
  high double precision[],
  low double precision[],
  close double precision[],
  penetration double precision default 0.3
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[] := ta.candle_result('cdlmorningdojistar', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  doji_body constant double precision[] := ta.candle_average('BodyDoji', open, high, low, close);
  first integer;
  second integer;
begin
  perform ta.check_penetration('cdlmorningdojistar', penetration);
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- A long black candle,
      and open[first] - close[first] > long_body[first]
      -- a doji below it,
      and abs(close[second] - open[second]) <= doji_body[second]
      and greatest(open[second], close[second]) < close[first]
      -- and a white candle, not short, that closes well inside the first body.
      and close[third] - open[third] > short_body[third]
      and close[third] > close[first] + (open[first] - close[first]) * penetration
    then
      result[third] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlmorningdojistar(double precision[], double precision[], double precision[], double precision[], double precision) is
$$Morning doji star: a long black candle, a doji below its body, and a white candle that is not short and closes more than penetration of the first body above
the first close. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length; penetration, the part of the first body, 0 or more.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays or a penetration that is NULL, negative or not finite. Source: TA-Lib CDLMORNINGDOJISTAR with its default candle settings (see
ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdlmorningdojistar(double precision[], double precision[], double precision[], double precision[], double precision) from public;
grant execute on function ta.cdlmorningdojistar(double precision[], double precision[], double precision[], double precision[], double precision)
  to marketbase_reader;
