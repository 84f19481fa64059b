-- Gives a moving average whose period changes from bar to bar.
create or replace function ta.mavp(
  series double precision[],
  periods double precision[],
  min_period integer default 2,
  max_period integer default 30,
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
  result double precision[];
  longest double precision[];
  chosen integer[];
  used integer;
  averages double precision[];
begin
  perform ta.check_period('mavp', 'min_period', min_period, 1);
  perform ta.check_period('mavp', 'max_period', max_period, 1);
  perform ta.check_ma_type('mavp', 'ma_type', ma_type);
  perform ta.check_series('mavp', 'series', series, bars);
  perform ta.check_series('mavp', 'periods', periods, bars);
  if series is null or periods is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  chosen := array_fill(null::integer, array[bars]);
  longest := ta.moving_average('mavp', series, max_period, ma_type);
  for i in 1..bars loop
    if longest[i] is not null and abs(periods[i]) < 'infinity' then
      chosen[i] := least(greatest(trunc(periods[i]), min_period), max_period);
    end if;
  end loop;
  for used in select distinct c.period from unnest(chosen) as c (period) where c.period is not null loop
    -- A recursive average remembers its seed: in TA-Lib all averages have their first value at the bar where the longest one has it.
    averages := ta.moving_average(
      'mavp',
      ta.late_start(series, ta.moving_average_warm_up(max_period, ma_type) - ta.moving_average_warm_up(used, ma_type)),
      used,
      ma_type
    );
    for i in 1..bars loop
      if chosen[i] = used then
        result[i] := averages[i];
      end if;
    end loop;
  end loop;
  return result;
end
$$;

comment on function ta.mavp(double precision[], double precision[], integer, integer, integer) is
$$Moving average with a variable period. Result: as long as series, in its unit.
Arguments: series; periods, the period of each bar, cut to a whole number and to the bounds; min_period and max_period, the bounds in bars, 1 or more
(max_period counts where they cross); ma_type: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA (0.5, 0.05), 8 T3 (0.7).
NULL behaviour: NULL while the average over max_period bars is NULL, and where the period of the bar is NULL, NaN or infinite. Warm-up: that of the average
over max_period bars (ta.ma); shorter recursive averages begin so late that all have their first value together.
Cost: one average for each different period. Errors: MB001 for bad periods, a bad type or arrays. Source: TA-Lib MAVP.
lookback: ta.ma_reach(max_period, ma_type)$$;

revoke all on function ta.mavp(double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.mavp(double precision[], double precision[], integer, integer, integer) to marketbase_reader;
