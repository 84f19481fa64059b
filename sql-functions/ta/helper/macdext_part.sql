-- Gives the line, the signal or the histogram of the MACD with any moving averages.
create or replace function ta.macdext_part(
  kernel text,
  series double precision[],
  fast integer,
  slow integer,
  signal integer,
  fast_ma_type integer,
  slow_ma_type integer,
  signal_ma_type integer,
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
  fast_warm_up integer;
  slow_warm_up integer;
  fast_average double precision[];
  slow_average double precision[];
  line double precision[];
  signal_average double precision[];
begin
  perform ta.check_period(kernel, 'fast', fast, 1);
  perform ta.check_period(kernel, 'slow', slow, 1);
  perform ta.check_period(kernel, 'signal', signal, 1);
  perform ta.check_ma_type(kernel, 'fast_ma_type', fast_ma_type);
  perform ta.check_ma_type(kernel, 'slow_ma_type', slow_ma_type);
  perform ta.check_ma_type(kernel, 'signal_ma_type', signal_ma_type);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  if slow < fast then
    return ta.macdext_part(kernel, series, slow, fast, signal, slow_ma_type, fast_ma_type, signal_ma_type, part);
  end if;

  -- Both averages give their first value at the same bar.
  fast_warm_up := ta.moving_average_warm_up(fast, fast_ma_type);
  slow_warm_up := ta.moving_average_warm_up(slow, slow_ma_type);
  fast_average := ta.ma(ta.late_start(series, slow_warm_up - fast_warm_up), fast, fast_ma_type);
  slow_average := ta.ma(ta.late_start(series, fast_warm_up - slow_warm_up), slow, slow_ma_type);
  line := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    line[i] := fast_average[i] - slow_average[i];
  end loop;
  signal_average := ta.ma(line, signal, signal_ma_type);
  if part = 'signal' then
    return signal_average;
  end if;
  for i in 1..bars loop
    if part = 'histogram' then
      line[i] := line[i] - signal_average[i];
    elsif signal_average[i] is null then
      line[i] := null;
    end if;
  end loop;
  return line;
end
$$;

comment on function ta.macdext_part(text, double precision[], integer, integer, integer, integer, integer, integer, text) is
$$Helper of the kernels: one of the three series of the MACD with a type of moving average for each of its averages. All begin at the same bar.
Arguments: kernel, the name for messages; series; fast, slow and signal, periods in bars; fast_ma_type, slow_ma_type and signal_ma_type, see ta.ma; fast and
slow are exchanged, with their types, when fast is the longer; part, 'line', 'signal' or 'histogram'.
NULL while a window has a NULL, NaN or infinity; recursive averages begin their warm-up anew after it. Errors: MB001 for a bad period, type or array.$$;

revoke all on function ta.macdext_part(text, double precision[], integer, integer, integer, integer, integer, integer, text) from public;
grant execute on function ta.macdext_part(text, double precision[], integer, integer, integer, integer, integer, integer, text) to marketbase_reader;
