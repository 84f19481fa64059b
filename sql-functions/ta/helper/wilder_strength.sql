-- Gives RSI or CMO from Wilder's averages of gains and losses.
create or replace function ta.wilder_strength(
  kernel text,
  series double precision[],
  period integer,
  answer text
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
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
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
        -- What fades out of a double's range is 0, because PostgreSQL refuses to round it to that.
        gain := case when gain > 1e-290 or x > previous then gain + (greatest(x - previous, 0) - gain) / least(counted, period) else 0 end;
        loss := case when loss > 1e-290 or x < previous then loss + (greatest(previous - x, 0) - loss) / least(counted, period) else 0 end;
        if counted >= period then
          result[i] := 100 * case answer when 'rsi' then gain else gain - loss end / coalesce(nullif(gain + loss, 0), 1);
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

comment on function ta.wilder_strength(text, double precision[], integer, text) is
$$Helper of the kernels: 100 times the average gain (RSI), or the average gain minus the average loss (CMO), over the sum of both. 0 where the price has not
moved at all.
Arguments: kernel, the name for messages; series; period in bars; answer, 'rsi' or 'cmo'.
NULL at a NULL, NaN or infinity, after which the warm-up of period bars begins anew. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.wilder_strength(text, double precision[], integer, text) from public;
grant execute on function ta.wilder_strength(text, double precision[], integer, text) to marketbase_reader;
