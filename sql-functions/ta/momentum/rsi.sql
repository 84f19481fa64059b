-- Gives Wilder's relative strength index.
create or replace function ta.rsi(
  series double precision[],
  period integer default 14
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
  x double precision;
  previous double precision;
  gain double precision := 0;
  loss double precision := 0;
  counted integer := -1;
  i integer := 0;
begin
  perform ta.check_period('rsi', 'period', period, 1);
  perform ta.check_series('rsi', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      if counted > 0 then
        -- The first period changes are averaged with equal weights, later ones by Wilder's smoothing.
        gain := gain + (greatest(x - previous, 0) - gain) / least(counted, period);
        loss := loss + (greatest(previous - x, 0) - loss) / least(counted, period);
        if counted >= period then
          result[i] := case when gain + loss > 0 then 100 * gain / (gain + loss) else 0 end;
        end if;
      end if;
      previous := x;
    else
      counted := -1;
      gain := 0;
      loss := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.rsi(double precision[], integer) is
$$Relative strength index, 0 to 100: 100 times the smoothed gains over the smoothed gains and losses. Result: as long as series. 0 where the price has not
moved at all, as in TA-Lib.
Arguments: series, as a rule closes; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib RSI (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.rsi(double precision[], integer) from public;
grant execute on function ta.rsi(double precision[], integer) to marketbase_reader;
