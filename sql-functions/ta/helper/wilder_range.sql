-- Gives Wilder's average true range, in price or in percent of the close.
create or replace function ta.wilder_range(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  period integer,
  percent boolean
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  x double precision;
  before double precision;
  extent double precision;
  average double precision := 0;
  counted integer := -1;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  perform ta.check_series(kernel, 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  if bars = 0 then
    return result;
  end if;
  foreach x in array close loop
    i := i + 1;
    if abs(x) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      counted := counted + 1;
      if counted > 0 then
        -- The first period ranges are averaged with equal weights, later ones by Wilder's smoothing.
        -- A distance that fades out of a double's range is closed, because PostgreSQL refuses to round it to 0.
        extent := greatest(high[i], before) - least(low[i], before);
        average := case when abs(extent - average) > 1e-290 then average + (extent - average) / least(counted, period) else extent end;
        if counted >= period then
          result[i] := case when percent then 100 * average / nullif(x, 0) else average end;
        end if;
      end if;
      before := x;
    else
      counted := -1;
      average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.wilder_range(text, double precision[], double precision[], double precision[], integer, boolean) is
$$Helper of the kernels: the average true range by Wilder's smoothing, seeded with the simple average of the first period true ranges.
Arguments: kernel, the name for messages; high, low, close; period in bars; percent, in percent of the close instead of price.
NULL at a NULL, NaN or infinity, after which the warm-up of period bars begins anew. Errors: MB001 for a bad period or arrays.$$;

revoke all on function ta.wilder_range(text, double precision[], double precision[], double precision[], integer, boolean) from public;
grant execute on function ta.wilder_range(text, double precision[], double precision[], double precision[], integer, boolean) to marketbase_reader;
