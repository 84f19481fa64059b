-- Finds rising or falling three methods: a long candle, three short ones against it, and a new extreme.
create or replace function ta.cdlrisefall3methods(
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
  result double precision[] := ta.candle_result('cdlrisefall3methods', 14, open, high, low, close);
  long_body constant double precision[] := ta.candle_average('BodyLong', open, high, low, close);
  short_body constant double precision[] := ta.candle_average('BodyShort', open, high, low, close);
  first integer;
  second integer;
  third integer;
  fourth integer;
begin
  for fifth in 5..coalesce(cardinality(result), 0) loop
    first := fifth - 4;
    second := fifth - 3;
    third := fifth - 2;
    fourth := fifth - 1;
    if result[fifth] = 0
      -- Long at both ends, three short ones between that lie, at least in part, inside the range of the first.
      and abs(close[first] - open[first]) > long_body[first]
      and abs(close[second] - open[second]) < short_body[second]
      and abs(close[third] - open[third]) < short_body[third]
      and abs(close[fourth] - open[fourth]) < short_body[fourth]
      and abs(close[fifth] - open[fifth]) > long_body[fifth]
      and least(open[second], close[second]) < high[first] and greatest(open[second], close[second]) > low[first]
      and least(open[third], close[third]) < high[first] and greatest(open[third], close[third]) > low[first]
      and least(open[fourth], close[fourth]) < high[first] and greatest(open[fourth], close[fourth]) > low[first]
    then
      result[fifth] := case
        -- White, three black ones with falling closes, and white from above the last close to above the first.
        when close[first] >= open[first]
          and close[second] < open[second] and close[third] < open[third] and close[fourth] < open[fourth]
          and close[third] < close[second] and close[fourth] < close[third]
          and close[fifth] >= open[fifth] and open[fifth] > close[fourth] and close[fifth] > close[first]
        then 100
        -- Black, three white ones with rising closes, and black from below the last close to below the first.
        when close[first] < open[first]
          and close[second] >= open[second] and close[third] >= open[third] and close[fourth] >= open[fourth]
          and close[third] > close[second] and close[fourth] > close[third]
          and close[fifth] < open[fifth] and open[fifth] < close[fourth] and close[fifth] < close[first]
        then -100
        else 0
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cdlrisefall3methods(double precision[], double precision[], double precision[], double precision[]) is
$$Rising or falling three methods: a long candle, three short ones of the other colour inside its range that run against it, and a long one of its colour that
closes beyond its close. Result: as long as close; on the last bar of a pattern 100 (bullish) for white long candles, -100 (bearish) for black ones, else 0.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL while one of the last 15 bars has a NULL, NaN or infinity. Warm-up: 14 bars.
Errors: MB001 for bad arrays. Source: TA-Lib CDLRISEFALL3METHODS with its default candle settings (see ta.candle_average).
lookback: 14$$;

revoke all on function ta.cdlrisefall3methods(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.cdlrisefall3methods(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
