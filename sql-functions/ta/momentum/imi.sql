-- Gives the intraday momentum index.
create or replace function ta.imi(
  open double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  gains double precision[];
  moves double precision[];
  move double precision;
begin
  perform ta.check_period('imi', 'period', period, 1);
  perform ta.check_series('imi', 'open', open, bars);
  perform ta.check_series('imi', 'close', close, bars);
  if open is null or close is null then
    return null;
  end if;
  gains := array_fill(null::double precision, array[bars]);
  moves := gains;
  for i in 1..bars loop
    move := close[i] - open[i];
    if abs(open[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      gains[i] := greatest(move, 0);
      moves[i] := abs(move);
    end if;
  end loop;
  gains := ta.window_sum('imi', gains, period, period, false);
  moves := ta.window_sum('imi', moves, period, period, false);
  for i in period..bars loop
    gains[i] := 100 * gains[i] / nullif(moves[i], 0);
  end loop;
  return gains;
end
$$;

comment on function ta.imi(double precision[], double precision[], integer) is
$$Intraday momentum index, 0 to 100: the moves from open to close of the rising bars, in percent of those of all bars. Result: as long as close.
Arguments: open, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. NULL, too, where no bar of the window moved. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib IMI (unstable period 0), which gives NaN where no bar moved; Chande and Kroll (1994).
lookback: period - 1$$;

revoke all on function ta.imi(double precision[], double precision[], integer) from public;
grant execute on function ta.imi(double precision[], double precision[], integer) to marketbase_reader;
