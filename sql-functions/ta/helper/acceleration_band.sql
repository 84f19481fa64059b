-- Gives one of the three acceleration bands.
create or replace function ta.acceleration_band(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  period integer,
  direction integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  edges double precision[];
  stretch double precision;
begin
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  perform ta.check_series(kernel, 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;

  edges := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      stretch := coalesce(4 * (high[i] - low[i]) / nullif(high[i] + low[i], 0), 0);
      edges[i] := case direction when 1 then high[i] * (1 + stretch) when -1 then low[i] * (1 - stretch) else close[i] end;
    end if;
  end loop;
  return ta.window_sum(kernel, edges, period, period, true);
end
$$;

comment on function ta.acceleration_band(text, double precision[], double precision[], double precision[], integer, integer) is
$$Helper of the kernels: the simple moving average of the high stretched by four times the relative range of its bar, of the low lowered so, or of the close.
Arguments: kernel, the name for messages; high, low, close; period in bars; direction, 1 for the upper, -1 for the lower, 0 for the middle band.
A bar whose high and low add up to 0 is not stretched. NULL while the window has a NULL, NaN or infinity in any of the three. Errors: MB001 for a bad
period or arrays.$$;

revoke all on function ta.acceleration_band(text, double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.acceleration_band(text, double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
