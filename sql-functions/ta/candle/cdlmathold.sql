-- Finds a mat hold: a rise, a rest that gives little back, and a new high.
create or replace function ta.cdlmathold(
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
  result double precision[] := ta.candle_result('cdlmathold', 14, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  first integer;
  second integer;
  third integer;
  fourth integer;
begin
  perform ta.check_penetration('cdlmathold', penetration);
  for fifth in 5..coalesce(cardinality(result), 0) loop
    first := fifth - 4;
    second := fifth - 3;
    third := fifth - 2;
    fourth := fifth - 1;
    if result[fifth] = 0
      -- A long white candle,
      and close[first] - open[first] > long_body[first]
      -- a short black one above a gap,
      and close[second] < open[second]
      and open[second] - close[second] < short_body[second]
      and close[second] > close[first]
      -- two short bodies, each below the one before, that enter the first body, but not by penetration of it,
      and abs(close[third] - open[third]) < short_body[third]
      and abs(close[fourth] - open[fourth]) < short_body[fourth]
      and greatest(open[third], close[third]) < open[second]
      and greatest(open[fourth], close[fourth]) < greatest(open[third], close[third])
      and least(open[third], close[third]) < close[first]
      and least(open[fourth], close[fourth]) < close[first]
      and least(open[third], close[third]) > close[first] - (close[first] - open[first]) * penetration
      and least(open[fourth], close[fourth]) > close[first] - (close[first] - open[first]) * penetration
      -- and a white one that opens above the last close and closes above the highs of the rest.
      and close[fifth] >= open[fifth]
      and open[fifth] > close[fourth]
      and close[fifth] > greatest(high[second], high[third], high[fourth])
    then
      result[fifth] := 100;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlmathold(double precision[], double precision[], double precision[], double precision[], double precision) is
$$Mat hold: a long white candle, a short black one above a gap, two short ones that fall and enter the first body by less than penetration of it, and a white
one that closes above them all. Result: as long as close; on the last bar of a pattern 100 (bullish), else 0.
Arguments: open, high, low, close, of equal length; penetration, the part of the first body, 0 or more.
NULL behaviour: NULL while one of the last 15 bars has a NULL, NaN or infinity. Warm-up: 14 bars.
Errors: MB001 for bad arrays or a penetration that is NULL, negative or not finite. Source: TA-Lib CDLMATHOLD with its default candle settings (see
ta.candle_average).
lookback: 14$$;

revoke all on function ta.cdlmathold(double precision[], double precision[], double precision[], double precision[], double precision) from public;
grant execute on function ta.cdlmathold(double precision[], double precision[], double precision[], double precision[], double precision) to marketbase_reader;
