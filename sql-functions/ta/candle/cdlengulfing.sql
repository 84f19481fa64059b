-- Finds an engulfing pattern: a body that covers the opposite one before it.
create or replace function ta.cdlengulfing(
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
  result double precision[] := ta.candle_result('cdlengulfing', 2, open, high, low, close);
  first integer;
begin
  for second in 2..coalesce(cardinality(result), 0) loop
    first := second - 1;
    if result[second] = 0
      -- Bodies of opposite colour, the second around the first, at one end perhaps equal to it.
      and (close[first] >= open[first]) <> (close[second] >= open[second])
      and greatest(open[second], close[second]) >= greatest(open[first], close[first])
      and least(open[second], close[second]) <= least(open[first], close[first])
      and not (open[second] = close[first] and close[second] = open[first])
    then
      result[second] := case when close[second] >= open[second] then 1 else -1 end
        * case when open[second] = close[first] or close[second] = open[first] then 80 else 100 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlengulfing(double precision[], double precision[], double precision[], double precision[]) is
$$Engulfing pattern: a white body that covers the black one before it, or a black body that covers a white one. One end may be shared. Result: as long as
close; on the last bar of a pattern 100 (bullish) for a white second body, -100 (bearish) for a black one; 80 and -80 where the two bodies share an end,
else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 3 bars has a NULL, NaN or infinity. Warm-up: 2 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLENGULFING.
lookback: 2$$;

revoke all on function ta.cdlengulfing(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlengulfing(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
