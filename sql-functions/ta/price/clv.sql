-- Gives the place of the close in its bar.
create or replace function ta.clv(
  high double precision[],
  low double precision[],
  close double precision[]
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
begin
  perform ta.check_series('clv', 'high', high, bars);
  perform ta.check_series('clv', 'low', low, bars);
  perform ta.check_series('clv', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := coalesce(((close[i] - low[i]) - (high[i] - close[i])) / nullif(high[i] - low[i], 0), 0);
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.clv(double precision[], double precision[], double precision[]) is
$$Close location value: where the close lies in its bar, 1 at the high, -1 at the low, 0 in a bar without range. Result: as long as close, without unit.
Arguments: high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TTR CLV.
lookback: 0$$;

revoke all on function ta.clv(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.clv(double precision[], double precision[], double precision[]) to marketbase_reader;
