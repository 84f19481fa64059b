-- Gives Hull's moving average.
create or replace function ta.hma(
  series double precision[],
  period integer default 16
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  shorter double precision[];
  longer double precision[];
begin
  perform ta.check_period('hma', 'period', period, 2);
  perform ta.check_series('hma', 'series', series, bars);
  if series is null then
    return null;
  end if;

  shorter := ta.wma(series, period / 2);
  longer := ta.wma(series, period);
  for i in 1..bars loop
    if longer[i] is not null then
      longer[i] := 2 * shorter[i] - longer[i];
    end if;
  end loop;
  return ta.wma(longer, floor(sqrt(period))::integer);
end
$$;

comment on function ta.hma(double precision[], integer) is
$$Hull's moving average: the weighted average over sqrt(period) bars of twice the weighted average over half the period minus that over the period. Result:
as long as series, in its unit.
Arguments: series; period in bars, 2 or more; its half and its square root are cut to whole numbers.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period + floor(sqrt(period)) - 2 bars.
Errors: MB001 for a bad period or array. Source: Tulip hma; Hull (2005).
lookback: period + floor(sqrt(period)) - 2$$;

revoke all on function ta.hma(double precision[], integer) from public;
grant execute on function ta.hma(double precision[], integer) to marketbase_reader;
