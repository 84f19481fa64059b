-- Gives the absolute price oscillator.
create or replace function ta.apo(
  series double precision[],
  fast integer default 12,
  slow integer default 26,
  ma_type integer default 0
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  fast_average double precision[];
  slow_average double precision[];
begin
  perform ta.check_period('apo', 'fast', fast, 1);
  perform ta.check_period('apo', 'slow', slow, 1);
  perform ta.check_ma_type('apo', 'ma_type', ma_type);
  perform ta.check_series('apo', 'series', series, bars);
  if series is null then
    return null;
  end if;
  fast_average := ta.ma(series, least(fast, slow), ma_type);
  slow_average := ta.ma(series, greatest(fast, slow), ma_type);
  for i in 1..bars loop
    if slow_average[i] is not null then
      slow_average[i] := fast_average[i] - slow_average[i];
    end if;
  end loop;
  return slow_average;
end
$$;

comment on function ta.apo(double precision[], integer, integer, integer) is
$$Absolute price oscillator: the shorter moving average minus the longer one. Result: as long as series, in its unit.
Arguments: series; fast and slow in bars, 1 or more, exchanged when fast is the longer; ma_type, the type of both averages: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4
TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3.
NULL behaviour: NULL while the window has a NULL, NaN or infinity; the recursive types (1, 3, 4, 6, 7, 8) begin their warm-up anew after it. Warm-up: that
of the longer average, slow - 1 bars with SMA, EMA, WMA and TRIMA. Each average is seeded with its own first bars.
Errors: MB001 for a bad period, type or array. Source: TA-Lib APO.
lookback: ta.ma_reach(greatest(fast, slow), ma_type)$$;

revoke all on function ta.apo(double precision[], integer, integer, integer) from public;
grant execute on function ta.apo(double precision[], integer, integer, integer) to marketbase_reader;
