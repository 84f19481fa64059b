-- Gives one of the lines of Wilder's directional movement system.
create or replace function ta.directional_part(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
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
  bars constant integer := cardinality(close);
  result double precision[];
  x double precision;
  before double precision;
  rise double precision;
  fall double precision;
  plus double precision := 0;
  minus double precision := 0;
  true_range double precision := 0;
  kept double precision;
  index double precision := 0;
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
  kept := (period - 1.0) / period;
  foreach x in array close loop
    i := i + 1;
    if abs(x) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      counted := counted + 1;
      if counted > 0 then
        rise := high[i] - high[i - 1];
        fall := low[i - 1] - low[i];
        -- The first period - 1 changes are added up, later ones enter by Wilder's smoothing of a sum.
        -- What fades out of a double's range is 0, because PostgreSQL refuses to round it to that.
        if counted >= period then
          plus := case when plus > 1e-290 then plus * kept else 0 end;
          minus := case when minus > 1e-290 then minus * kept else 0 end;
          true_range := case when true_range > 1e-290 then true_range * kept else 0 end;
        end if;
        if rise > fall and rise > 0 then
          plus := plus + rise;
        elsif fall > rise and fall > 0 then
          minus := minus + fall;
        end if;
        true_range := true_range + greatest(high[i], before) - least(low[i], before);
        if answer in ('plus movement', 'minus movement') then
          if counted >= period - 1 then
            result[i] := case answer when 'plus movement' then plus else minus end;
          end if;
        elsif counted >= period then
          if answer = 'plus' then
            result[i] := coalesce(100 * plus / nullif(true_range, 0), 0);
          elsif answer = 'minus' then
            result[i] := coalesce(100 * minus / nullif(true_range, 0), 0);
          else
            if true_range > 0 and plus + minus > 0 then
              index := 100 * abs(plus - minus) / (plus + minus);
              average := average + (index - average) / least(counted - period + 1, period);
            elsif counted < 2 * period then
              average := average - average / (counted - period + 1);
            end if;
            if answer = 'index' then
              result[i] := index;
            elsif counted >= 2 * period - 1 then
              result[i] := average;
            end if;
          end if;
        end if;
      end if;
      before := x;
    else
      counted := -1;
      plus := 0;
      minus := 0;
      true_range := 0;
      index := 0;
      average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.directional_part(text, double precision[], double precision[], double precision[], integer, text) is
$$Helper of the kernels: Wilder's directional movement in one pass: +DM, -DM, +DI, -DI, DX, or ADX, which is the average of DX, seeded with the simple
average of its first period values.
Arguments: kernel, the name for messages; high, low, close; period in bars; answer, 'plus movement' or 'minus movement' (to which close does not matter),
'plus', 'minus', 'index' or 'average'.
Where nothing moves, the DIs are 0, DX and ADX keep their last value; in the seed of ADX such a bar counts as 0.
NULL at a NULL, NaN or infinity, after which the warm-up of period bars (2 * period - 1 for the average, period - 1 but at least 1 for the
movements) begins anew. Errors: MB001 for a bad period or arrays.$$;

revoke all on function ta.directional_part(text, double precision[], double precision[], double precision[], integer, text) from public;
grant execute on function ta.directional_part(text, double precision[], double precision[], double precision[], integer, text) to marketbase_reader;
