-- Gives Tillson's T3 moving average.
create or replace function ta.t3(
  series double precision[],
  period integer default 5,
  volume_factor double precision default 0.7
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  v constant double precision := volume_factor;
  result double precision[];
  third double precision[];
  fourth double precision[];
  fifth double precision[];
  sixth double precision[];
begin
  perform ta.check_period('t3', 'period', period, 1);
  perform ta.check_number('t3', 'volume_factor', volume_factor);
  perform ta.check_series('t3', 'series', series, bars);
  if series is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  third := ta.ema(ta.ema(ta.ema(series, period), period), period);
  fourth := ta.ema(third, period);
  fifth := ta.ema(fourth, period);
  sixth := ta.ema(fifth, period);
  for i in 1..bars loop
    if sixth[i] is not null then
      result[i] := (1 + v) ^ 3 * third[i] - 3 * v * (1 + v) ^ 2 * fourth[i] + 3 * v ^ 2 * (1 + v) * fifth[i] - v ^ 3 * sixth[i];
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.t3(double precision[], integer, double precision) is
$$Tillson's T3: three times the generalised DEMA, GD = EMA * (1 + v) - EMA(EMA) * v, made of six EMAs. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more; volume_factor, v, 0 (as smooth as an EMA) to 1 (as quick as a DEMA), a finite number.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 6 * (period - 1) bars.
Errors: MB001 for a bad period, number or array. Source: TA-Lib T3 (unstable period 0; each EMA seeded with a simple average); Tillson (1998).
lookback: unbounded$$;

revoke all on function ta.t3(double precision[], integer, double precision) from public;
grant execute on function ta.t3(double precision[], integer, double precision) to marketbase_reader;
