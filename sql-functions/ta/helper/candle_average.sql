-- Gives what a candle is measured by: how long is long, how near is near.
create or replace function ta.candle_average(
  setting text,
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
  measure text;
  period integer;
  factor double precision;
  sizes double precision[];
  result double precision[];
begin
  select s.measure, s.period, s.factor
  into strict measure, period, factor
  from (
    values
      ('BodyLong', 'body', 10, 1.0),
      ('BodyVeryLong', 'body', 10, 3.0),
      ('BodyShort', 'body', 10, 1.0),
      ('BodyDoji', 'range', 10, 0.1),
      ('ShadowLong', 'body', 0, 1.0),
      ('ShadowVeryLong', 'body', 0, 2.0),
      ('ShadowShort', 'shadows', 10, 1.0),
      ('ShadowVeryShort', 'range', 10, 0.1),
      ('Near', 'range', 5, 0.2),
      ('Far', 'range', 5, 0.6),
      ('Equal', 'range', 5, 0.05)
  ) as s (name, measure, period, factor)
  where s.name = setting;
  if cardinality(close) is null then
    return null;
  end if;
  sizes := array_fill(null::double precision, array[cardinality(close)]);
  result := sizes;
  for bar in 1..cardinality(close) loop
    sizes[bar] := case measure
      when 'body' then abs(close[bar] - open[bar])
      when 'range' then high[bar] - low[bar]
      else high[bar] - greatest(open[bar], close[bar]) + (least(open[bar], close[bar]) - low[bar])
    end;
    -- Added up anew on each bar, from the oldest: sums that slide carry the rounding of older bars.
    result[bar] := factor * case period
      when 0 then sizes[bar]
      when 5 then (sizes[bar - 5] + sizes[bar - 4] + sizes[bar - 3] + sizes[bar - 2] + sizes[bar - 1]) / 5
      when 10 then (
        sizes[bar - 10] + sizes[bar - 9] + sizes[bar - 8] + sizes[bar - 7] + sizes[bar - 6]
        + sizes[bar - 5] + sizes[bar - 4] + sizes[bar - 3] + sizes[bar - 2] + sizes[bar - 1]
      ) / 10
    end / case measure when 'shadows' then 2 else 1 end;
  end loop;
  return result;
end
$$;

comment on function ta.candle_average(text, double precision[], double precision[], double precision[], double precision[]) is
$$Helper of the kernels: for each bar the size that one of the default candle settings of TA-Lib compares with: a factor times the mean over the bars before it.
Arguments: setting, its name; open, high, low, close, of equal length. Result: as long as close, in its unit; NULL where fewer bars are before it.
Settings: BodyLong and BodyShort, the mean body (distance of open and close) of 10 bars; BodyVeryLong, 3 times it; BodyDoji and ShadowVeryShort, 0.1 times the
mean range (high - low) of 10 bars; ShadowShort, half the mean of both shadows together of 10 bars; Near, Far and Equal, 0.2, 0.6 and 0.05 times the mean
range of 5 bars; ShadowLong and ShadowVeryLong, the body of the bar itself and twice that.
TA-Lib slides its sums, so that a comparison of equals may fall to either side there, depending on where its data begins; here it depends on the window alone
and is what TA-Lib gives when it begins with the window.$$;

revoke all on function ta.candle_average(text, double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.candle_average(text, double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
