-- Gives the instantaneous trendline.
create or replace function ta.ht_trendline(
  series double precision[]
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
  periods double precision[];
  length integer;
  total double precision;
  trend double precision;
  before double precision := 0;
  before_2 double precision := 0;
  before_3 double precision := 0;
  counted integer := 0;
begin
  periods := ta.hilbert_cycle('ht_trendline', series, 37, 'smooth period');
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if periods[i] is not null then
      counted := counted + 1;
      length := floor(periods[i] + 0.5);
      -- A cycle has at most 50 bars.
      total := 0;
      for k in i - length + 1..i loop
        total := total + series[k];
      end loop;
      trend := case when length > 0 then total / length else 0 end;
      if counted > 26 then
        result[i] := (4 * trend + 3 * before + 2 * before_2 + before_3) / 10;
      end if;
      before_3 := before_2;
      before_2 := before;
      before := trend;
    else
      counted := 0;
      before := 0;
      before_2 := 0;
      before_3 := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.ht_trendline(double precision[]) is
$$Instantaneous trendline: the average over the length of the dominant cycle, which takes the cycle out, smoothed with the weights 4, 3, 2, 1. Result: as
long as series, in its unit.
Arguments: series.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 63 bars.
Errors: MB001 for a bad array. Source: TA-Lib HT_TRENDLINE (unstable period 0); Ehlers (2001).
lookback: unbounded$$;

revoke all on function ta.ht_trendline(double precision[]) from public;
grant execute on function ta.ht_trendline(double precision[]) to marketbase_reader;
