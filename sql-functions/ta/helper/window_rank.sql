-- Gives the rank of the newest value in each window.
create or replace function ta.window_rank(
  kernel text,
  series double precision[],
  period integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  reach constant integer := least(period, bars);
  -- So many bars are ranked at a time, so that the strings of bits stay short.
  block constant integer := least(greatest(reach, 8192), bars);
  result double precision[];
  first integer;
  bar integer;
  counted integer;
  value double precision;
  previous double precision;
  -- One bit per bar, after as many zeros as the first window may lack: the values up to the present one, and those below it.
  seen bit varying;
  lower bit varying;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for start in 1..bars by block loop
    first := greatest(start - reach, 0);
    previous := null;
    seen := repeat('0', reach + block + reach)::bit varying;
    -- From the smallest value up: the bars of a window that were seen before have smaller or equal values.
    for bar, value, counted in
      select v.bar, v.value, count(v.value) over (order by v.bar rows between reach - 1 preceding and current row)
      from (
        select u.bar::integer, case when abs(u.value) < 'infinity' then u.value end as value
        from unnest(series[first + 1:start + block - 1]) with ordinality as u (value, bar)
      ) as v
      order by v.value, v.bar
    loop
      exit when value is null;
      if value is distinct from previous then
        lower := seen;
        previous := value;
      end if;
      seen := set_bit(seen, reach + bar - 1, 1);
      if first + bar >= start then
        result[first + bar] := (bit_count(substring(lower from bar + 1 for reach)) + bit_count(substring(seen from bar + 1 for reach)) + 1)::double precision
          / (2 * counted);
      end if;
    end loop;
  end loop;
  return result;
end
$$;

comment on function ta.window_rank(text, double precision[], integer) is
$$Helper of the kernels: the rank of the newest value among those of its window, the mean rank among equals, divided by their number.
Method: the bars are visited in the order of their values and mark a bit each; the marked bits of a window are then the values that are not larger. Counting
them is one instruction per 64 bars.
Arguments: kernel, the name for messages; series; period, bars per window.
NULL, NaN and infinity are left out; NULL where the newest value is missing. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_rank(text, double precision[], integer) from public;
grant execute on function ta.window_rank(text, double precision[], integer) to marketbase_reader;
