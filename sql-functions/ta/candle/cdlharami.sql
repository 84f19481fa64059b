-- Finds a harami: a short body inside the long one before it.
create or replace function ta.cdlharami(
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
  result double precision[] := ta.candle_result('cdlharami', 11, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      -- A long candle,
      and abs(close[first] - open[first]) > long_body[first]
      -- and a short body inside its body, at an end perhaps equal to it.
      and abs(close[second] - open[second]) <= short_body[second]
      and greatest(open[second], close[second]) <= greatest(open[first], close[first])
      and least(open[second], close[second]) >= least(open[first], close[first])
    then
      result[second] := case when close[first] < open[first] then 1 else -1 end
        * case
          when greatest(open[second], close[second]) < greatest(open[first], close[first])
            and least(open[second], close[second]) > least(open[first], close[first])
          then 100
          else 80
        end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlharami(double precision[], double precision[], double precision[], double precision[]) is
$$Harami: a long candle, then a short body inside its body. Result: as long as close; on the last bar of a pattern 100 (bullish) in a black first body, -100
(bearish) in a white one; 80 and -80 where the two bodies share an end, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 12 bars has a NULL, NaN or infinity. Warm-up: 11 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLHARAMI with its default candle settings (see ta.candle_average).
lookback: 11$$;

revoke all on function ta.cdlharami(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlharami(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
