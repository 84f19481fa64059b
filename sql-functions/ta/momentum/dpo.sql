-- Gives the detrended price oscillator.
create or replace function ta.dpo(
  series double precision[],
  period integer default 20
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  ago constant integer := period / 2 + 1;
  result double precision[];
  means double precision[];
begin
  perform ta.check_period('dpo', 'period', period, 1);
  perform ta.check_series('dpo', 'series', series, bars);
  if series is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);

  means := ta.window_sum('dpo', series, period, period, true);
  for i in ago + 1..bars loop
    if means[i] is not null and abs(series[i - ago]) < 'infinity' then
      result[i] := series[i - ago] - means[i];
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.dpo(double precision[], integer) is
$$Detrended price oscillator: the value period / 2 + 1 bars ago minus the simple average of the last period bars, so that cycles show and trends do not.
Result: as long as series, in its unit.
Nothing looks ahead: the result stands at the newest bar of the average, as in Tulip; TTR writes it at the earlier bar, where it was not known yet.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars, at least period / 2 + 1.
Errors: MB001 for a bad period or array. Source: Tulip dpo, TTR DPO.
lookback: greatest(period - 1, floor(period / 2) + 1)$$;

revoke all on function ta.dpo(double precision[], integer) from public;
grant execute on function ta.dpo(double precision[], integer) to marketbase_reader;
