-- Gives the change over some bars in one of several measures.
create or replace function ta.change(
  kernel text,
  series double precision[],
  period integer,
  measure text
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
  x double precision;
  earlier double precision;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in period + 1..bars loop
    x := series[i];
    earlier := series[i - period];
    if abs(x) < 'infinity' and abs(earlier) < 'infinity' then
      result[i] := case
        when measure = 'difference' then x - earlier
        when earlier = 0 then 0
        when measure = 'percent' then (x / earlier - 1) * 100
        when measure = 'ratio' then x / earlier
        when measure = 'ratio in percent' then x / earlier * 100
        else (x - earlier) / earlier
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.change(text, double precision[], integer, text) is
$$Helper of the kernels: the change against the value period bars ago.
Arguments: kernel, the name for messages; series; period in bars; measure, 'difference', 'percent', 'fraction', 'ratio' or 'ratio in percent' (all
but the first are 0 where the earlier value is 0).
NULL where either value is NULL, NaN or infinite. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.change(text, double precision[], integer, text) from public;
grant execute on function ta.change(text, double precision[], integer, text) to marketbase_reader;
