-- Gives the volume oscillator.
create or replace function ta.vosc(
  volume double precision[],
  short integer default 5,
  long integer default 10
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(volume);
  quick double precision[];
  slow double precision[];
begin
  perform ta.check_period('vosc', 'short', short, 1);
  perform ta.check_period('vosc', 'long', long, 1);
  perform ta.check_series('vosc', 'volume', volume, bars);
  if volume is null then
    return null;
  end if;

  quick := ta.window_sum('vosc', volume, short, short, true);
  slow := ta.window_sum('vosc', volume, long, long, true);
  for i in 1..bars loop
    slow[i] := 100 * (quick[i] - slow[i]) / nullif(slow[i], 0);
  end loop;
  return slow;
end
$$;

comment on function ta.vosc(double precision[], integer, integer) is
$$Volume oscillator: by how much the short simple average of the volume is above the long one. Result: as long as volume, in percent of the long average.
Arguments: volume; short and long in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity, and where the long average is 0. Warm-up: the longer period - 1 bars.
Errors: MB001 for a bad period or array. Source: Tulip vosc.
lookback: greatest(short, long) - 1$$;

revoke all on function ta.vosc(double precision[], integer, integer) from public;
grant execute on function ta.vosc(double precision[], integer, integer) to marketbase_reader;
