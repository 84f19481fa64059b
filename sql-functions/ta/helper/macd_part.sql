-- Gives the line, the signal or the histogram of the MACD.
create or replace function ta.macd_part(
  kernel text,
  series double precision[],
  fast integer,
  slow integer,
  signal integer,
  part text
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  shorter constant integer := least(fast, slow);
  longer constant integer := greatest(fast, slow);
  fast_weight double precision;
  slow_weight double precision;
  signal_weight double precision;
  result double precision[];
  x double precision;
  fast_average double precision := 0;
  slow_average double precision := 0;
  signal_average double precision := 0;
  line double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'fast', fast, 1);
  perform ta.check_period(kernel, 'slow', slow, 1);
  perform ta.check_period(kernel, 'signal', signal, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  -- MACDFIX has the weights of Appel's article, which round those of 12 and 26 bars.
  fast_weight := case when kernel like 'macdfix%' then 0.15 else 2.0 / (shorter + 1.0) end;
  slow_weight := case when kernel like 'macdfix%' then 0.075 else 2.0 / (longer + 1.0) end;
  signal_weight := 2.0 / (signal + 1.0);
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      -- A seed is the mean of its first bars; both seeds end at the bar where the slow one is complete.
      if counted > longer then
        -- A distance that fades out of a double's range is closed, because PostgreSQL refuses to round it to 0.
        slow_average := slow_average + case when abs(x - slow_average) > 1e-290 then slow_weight * (x - slow_average) else x - slow_average end;
        fast_average := fast_average + case when abs(x - fast_average) > 1e-290 then fast_weight * (x - fast_average) else x - fast_average end;
      else
        slow_average := slow_average + (x - slow_average) / counted;
        if counted > longer - shorter then
          fast_average := fast_average + (x - fast_average) / (counted - longer + shorter);
        end if;
      end if;
      if counted >= longer then
        line := fast_average - slow_average;
        if counted >= longer + signal then
          signal_average := signal_average + case
            when abs(line - signal_average) > 1e-290 then signal_weight * (line - signal_average)
            else line - signal_average
          end;
        else
          signal_average := signal_average + (line - signal_average) / (counted - longer + 1);
        end if;
        if counted >= longer + signal - 1 then
          result[i] := case part when 'line' then line when 'signal' then signal_average else line - signal_average end;
        end if;
      end if;
    else
      counted := 0;
      fast_average := 0;
      slow_average := 0;
      signal_average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.macd_part(text, double precision[], integer, integer, integer, text) is
$$Helper of the kernels: one of the three series of the MACD in one pass.
Arguments: kernel, the name for messages, and for macdfix… fixed weights; series; fast, slow and signal, periods in bars, where fast and slow may stand in either
order; part, 'line', 'signal' or 'histogram'.
NULL at a NULL, NaN or infinity, after which the warm-up of slow + signal - 2 bars begins anew. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.macd_part(text, double precision[], integer, integer, integer, text) from public;
grant execute on function ta.macd_part(text, double precision[], integer, integer, integer, text) to marketbase_reader;
