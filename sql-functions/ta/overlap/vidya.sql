-- Gives Chande's variable index dynamic average.
create or replace function ta.vidya(
  series double precision[],
  short integer default 9,
  long integer default 30,
  alpha double precision default 0.2
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
  quick double precision[];
  slow double precision[];
  weight double precision;
  average double precision;
begin
  perform ta.check_period('vidya', 'short', short, 2);
  perform ta.check_period('vidya', 'long', long, 2);
  perform ta.check_number('vidya', 'alpha', alpha);
  perform ta.check_series('vidya', 'series', series, bars);
  if series is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  quick := ta.window_deviation('vidya', series, short, short, 0, false);
  slow := ta.window_deviation('vidya', series, long, long, 0, false);
  for i in 1..bars loop
    if quick[i] is null or slow[i] is null then
      average := null;
    else
      average := coalesce(average, series[i - 1]);
      weight := coalesce(alpha * quick[i] / nullif(slow[i], 0), 0);
      if abs(series[i] - average) > 1e-290 and abs(weight) > 1e-15 then
        average := average + weight * (series[i] - average);
      end if;
      result[i] := average;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.vidya(double precision[], integer, integer, double precision) is
$$Variable index dynamic average: an exponential average with the weight alpha times the ratio of the short to the long standard deviation, begun with the
value before its first bar. Result: as long as series, in its unit.
Arguments: series; short and long, the windows of the deviations in bars, 2 or more; alpha, a finite number. Where the long window does not deviate the
weight is 0.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: the longer period - 1 bars.
Errors: MB001 for a bad period, number or array. Source: Tulip vidya; Chande (1992).
lookback: unbounded$$;

revoke all on function ta.vidya(double precision[], integer, integer, double precision) from public;
grant execute on function ta.vidya(double precision[], integer, integer, double precision) to marketbase_reader;
