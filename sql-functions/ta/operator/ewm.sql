-- Gives the exponentially weighted mean of all bars so far: qlib's EMA.
create or replace function ta.ewm(
  series double precision[],
  span integer
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
  mean double precision;
  weight double precision := 0;
  kept double precision;
  gap double precision;
  i integer := 0;
begin
  perform ta.check_period('ewm', 'span', span, 1);
  perform ta.check_series('ewm', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  kept := (span - 1.0) / (span + 1.0);
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    -- What has become too small to be told from nothing is nothing: PostgreSQL takes it for an error that a product or a quotient rounds to zero.
    weight := case when weight > 1e-30 then weight * kept else 0 end;
    if abs(x) < 'infinity' then
      weight := weight + 1;
      gap := x - mean;
      mean := case when weight = 1 or abs(gap) < 1e-290 then x else mean + gap / weight end;
    end if;
    result[i] := mean;
  end loop;
  return result;
end
$$;

comment on function ta.ewm(double precision[], integer) is
$$Exponentially weighted mean of all bars so far (qlib EMA, pandas ewm(span, min_periods = 1).mean()): each bar weighs (span - 1) / (span + 1) of the next
one,
and the weights of the bars that there are add up to 1. Result: as long as series, in its unit.
Arguments: series; span in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped, their bar still ages the others, and the result stays what it was; NULL before the first value. Warm-up:
none.
Errors: MB001 for a bad period or array.
lookback: unbounded$$;

revoke all on function ta.ewm(double precision[], integer) from public;
grant execute on function ta.ewm(double precision[], integer) to marketbase_reader;
