-- Gives the largest fall from a peak within each window.
create or replace function ta.window_drawdown(
  kernel text,
  series double precision[],
  period integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  reach constant integer := least(period, bars);
  result double precision[];
  x double precision;
  -- Of the values from a bar to the end of its block of reach bars: the highest and the deepest fall.
  high double precision[];
  fall double precision[];
  -- Of the values from the start of the present block to the present bar.
  lowest double precision;
  highest double precision;
  deepest double precision;
  i integer := 0;
  j integer;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  high := result;
  fall := result;
  foreach x in array series loop
    i := i + 1;
    if i % reach = 1 or reach = 1 then
      -- The block before is complete: run through it from its end.
      lowest := null;
      highest := null;
      deepest := null;
      for k in reverse i - 1..i - reach loop
        exit when k < 1;
        if series[k] > 0 and series[k] < 'infinity' then
          deepest := least(deepest, coalesce(lowest, series[k]) / series[k], 1);
          lowest := least(lowest, series[k]);
          highest := greatest(highest, series[k]);
        end if;
        high[k] := highest;
        fall[k] := deepest;
      end loop;
      lowest := null;
      highest := null;
      deepest := null;
    end if;
    if x > 0 and x < 'infinity' then
      highest := greatest(highest, x);
      deepest := least(deepest, x / highest);
      lowest := least(lowest, x);
    end if;
    -- The window is the end of the block before and the start of this one.
    j := i - reach + 1;
    if j > 0 and i % reach <> 0 then
      result[i] := least(fall[j], deepest, lowest / high[j]) - 1;
    else
      result[i] := deepest - 1;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_drawdown(text, double precision[], integer) is
$$Helper of the kernels: the largest fall from a peak, as a fraction of it, within each window of the last bars.
Method: each window is the end of one block of bars and the start of the next, and what is known of the two parts gives what holds for both. Cost: one pass,
whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window.
NULL, NaN, infinity and values of 0 or less are left out; NULL where the window has no value. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_drawdown(text, double precision[], integer) from public;
grant execute on function ta.window_drawdown(text, double precision[], integer) to marketbase_reader;
