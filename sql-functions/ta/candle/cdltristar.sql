-- Finds a tristar: three doji, the middle one apart.
create or replace function ta.cdltristar(
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
  result double precision[] := ta.candle_result('cdltristar', 12, open, high, low, close);
  doji_body constant double precision[] := ta.candle_average('BodyDoji', open, high, low, close);
  first integer;
  second integer;
begin
  for third in 3..coalesce(cardinality(result), 0) loop
    first := third - 2;
    second := third - 1;
    if result[third] = 0
      and abs(close[first] - open[first]) <= doji_body[first]
      and abs(close[second] - open[second]) <= doji_body[first]
      and abs(close[third] - open[third]) <= doji_body[first]
    then
      result[third] := case
        when greatest(open[second], close[second]) < least(open[first], close[first])
          and least(open[third], close[third]) > least(open[second], close[second])
        then 100
        when least(open[second], close[second]) > greatest(open[first], close[first])
          and greatest(open[third], close[third]) < greatest(open[second], close[second])
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdltristar(double precision[], double precision[], double precision[], double precision[]) is
$$Tristar: three doji, measured by the bars before the first; the body of the second lies above or below the first, and the third comes back. Result: as long
as close; on the last bar of a pattern -100 (bearish) where the second lies above, 100 (bullish) where it lies below, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 13 bars has a NULL, NaN or infinity. Warm-up: 12 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLTRISTAR with its default candle settings (see ta.candle_average).
lookback: 12$$;

revoke all on function ta.cdltristar(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdltristar(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
