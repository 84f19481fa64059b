-- Finds three inside up or down: a harami and its confirmation.
create or replace function ta.cdl3inside(
  open double precision[],
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[] := ta.candle_result('cdl3inside', 12, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      -- A long candle,
      and abs(close[first] - open[first]) > long_body[first]
      -- and a short body inside its body.
      and abs(close[second] - open[second]) <= short_body[second]
      and greatest(open[second], close[second]) < greatest(open[first], close[first])
      and least(open[second], close[second]) > least(open[first], close[first])
    then
      result[third] := case
        when close[first] < open[first] and close[third] >= open[third] and close[third] > open[first] then 100
        when close[first] >= open[first] and close[third] < open[third] and close[third] < open[first] then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdl3inside(double precision[], double precision[], double precision[], double precision[]) is
$$Three inside: a long candle, a short body inside its body, and a candle of the other colour that closes beyond the open of the first. Result: as long as
close; on the last bar of a pattern 100 (bullish) after a black first candle, -100 (bearish) after a white one, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDL3INSIDE with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdl3inside(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdl3inside(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
