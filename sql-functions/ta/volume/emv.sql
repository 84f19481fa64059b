-- Gives the ease of movement.
create or replace function ta.emv(
  high double precision[],
  low double precision[],
  volume double precision[],
  divisor double precision default 10000
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(high);
  result double precision[];
  middles double precision[];
begin
  perform ta.check_number('emv', 'divisor', divisor);
  perform ta.check_series('emv', 'high', high, bars);
  perform ta.check_series('emv', 'low', low, bars);
  perform ta.check_series('emv', 'volume', volume, bars);
  if high is null or low is null or volume is null then
    return null;
  end if;

  middles := array_fill(null::double precision, array[bars]);
  result := middles;
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      middles[i] := (high[i] + low[i]) / 2;
      if i > 1 then
        result[i] := (middles[i] - middles[i - 1]) * (high[i] - low[i]) / nullif(volume[i], 0) * divisor;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.emv(double precision[], double precision[], double precision[], double precision) is
$$Ease of movement: the move of the bar's middle, times its range, per divisor units of volume. 0 in a bar without range. Result: as long as high. Its
average is ta.sma of it.
Arguments: high, low, volume, of equal length; divisor, a finite number that only scales the result.
NULL behaviour: NULL where this bar or the one before has a NULL, NaN or infinity, and where there is no volume. Warm-up: 1 bar.
Errors: MB001 for a bad number or arrays. Source: TTR EMV, Tulip emv; Arms.
lookback: 1$$;

revoke all on function ta.emv(double precision[], double precision[], double precision[], double precision) from public;
grant execute on function ta.emv(double precision[], double precision[], double precision[], double precision) to marketbase_reader;
