-- Gives Pring's know sure thing.
create or replace function ta.kst(
  series double precision[],
  roc_1 integer default 10,
  roc_2 integer default 15,
  roc_3 integer default 20,
  roc_4 integer default 30,
  mean_1 integer default 10,
  mean_2 integer default 10,
  mean_3 integer default 10,
  mean_4 integer default 15
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  spans constant integer[] := array[roc_1, roc_2, roc_3, roc_4];
  lengths constant integer[] := array[mean_1, mean_2, mean_3, mean_4];
  logarithms double precision[];
  means double precision[];
  result double precision[];
begin
  perform ta.check_period('kst', 'roc_1', roc_1, 1);
  perform ta.check_period('kst', 'roc_2', roc_2, 1);
  perform ta.check_period('kst', 'roc_3', roc_3, 1);
  perform ta.check_period('kst', 'roc_4', roc_4, 1);
  perform ta.check_period('kst', 'mean_1', mean_1, 1);
  perform ta.check_period('kst', 'mean_2', mean_2, 1);
  perform ta.check_period('kst', 'mean_3', mean_3, 1);
  perform ta.check_period('kst', 'mean_4', mean_4, 1);
  perform ta.check_series('kst', 'series', series, bars);
  if series is null then
    return null;
  end if;

  logarithms := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if series[i] > 0 and series[i] < 'infinity' then
      logarithms[i] := ln(series[i]);
    end if;
  end loop;
  result := array_fill(0::double precision, array[bars]);
  for k in 1..4 loop
    means := ta.window_sum('kst', ta.change('kst', logarithms, spans[k], 'difference'), lengths[k], lengths[k], true);
    for i in 1..bars loop
      result[i] := result[i] + 100 * k * means[i];
    end loop;
  end loop;
  return result;
end
$$;

comment on function ta.kst(double precision[], integer, integer, integer, integer, integer, integer, integer, integer) is
$$Know sure thing: the sum of four averaged logarithmic returns over longer and longer spans, weighted 1, 2, 3 and 4. Result: as long as series, in percent.
Arguments: series; roc_1 to roc_4, the spans of the returns, and mean_1 to mean_4, the bars of their simple averages, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity or a value that is not positive. Warm-up: the longest of roc_k + mean_k - 1 bars.
Errors: MB001 for a bad period or array. Source: TTR KST, which takes logarithmic returns; Pring.
lookback: greatest(roc_1 + mean_1, roc_2 + mean_2, roc_3 + mean_3, roc_4 + mean_4) - 1$$;

revoke all on function ta.kst(double precision[], integer, integer, integer, integer, integer, integer, integer, integer) from public;
grant execute on function ta.kst(double precision[], integer, integer, integer, integer, integer, integer, integer, integer) to marketbase_reader;
