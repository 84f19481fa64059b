-- Gives the average body of the last candles.
create or replace function ta.qstick(
  open double precision[],
  close double precision[],
  period integer default 8
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  bodies double precision[];
begin
  perform ta.check_period('qstick', 'period', period, 1);
  perform ta.check_series('qstick', 'open', open, bars);
  perform ta.check_series('qstick', 'close', close, bars);
  if open is null or close is null then
    return null;
  end if;

  bodies := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(open[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      bodies[i] := close[i] - open[i];
    end if;
  end loop;
  return ta.window_sum('qstick', bodies, period, period, true);
end
$$;

comment on function ta.qstick(double precision[], double precision[], integer) is
$$Qstick: the simple average of close minus open in the last period bars. Result: as long as close, in its unit.
Arguments: open, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: Tulip qstick; Chande.
lookback: period - 1$$;

revoke all on function ta.qstick(double precision[], double precision[], integer) from public;
grant execute on function ta.qstick(double precision[], double precision[], integer) to marketbase_reader;
