-- Gives a quantile of each window, however long the windows are.
create or replace function ta.window_quantile_long(
  series double precision[],
  period integer,
  quantile double precision
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
  -- So many bars are done at a time, so that the strings of bits stay short.
  block constant integer := 8 * reach;
  result double precision[] := array_fill(null::double precision, array[bars]);
  first integer;
  i integer;
  -- The values of a block in order, and for each bar its place among them.
  ladder double precision[];
  places integer[];
  steps integer;
  place integer;
  -- Which places are in the window: a bit each, from the lowest up and from the highest down.
  rising bit varying;
  falling bit varying;
  -- The place of the value at or below the quantile, and how many places of the window reach up to it.
  low integer;
  reached integer;
  counted integer;
  wanted double precision;
  needed integer;
begin
  for start in 1..bars by block loop
    first := greatest(start - reach, 0);
    select
      array_agg(s.value order by s.place) filter (where s.value is not null),
      array_agg(case when s.value is not null then s.place end order by s.bar),
      count(s.value)
    into ladder, places, steps
    from (
      select v.bar, v.value, (row_number() over (order by v.value, v.bar))::integer as place
      from (
        select u.bar, case when abs(u.value) < 'infinity' then u.value end as value
        from unnest(series[first + 1:least(start::bigint + block - 1, bars)::integer]) with ordinality as u (value, bar)
      ) as v
    ) as s;
    rising := repeat('0', steps)::bit varying;
    falling := rising;
    low := 0;
    reached := 0;
    counted := 0;
    i := 0;
    foreach place in array places loop
      i := i + 1;
      if place is not null then
        rising := set_bit(rising, place - 1, 1);
        falling := set_bit(falling, steps - place, 1);
        counted := counted + 1;
        if place < low then
          reached := reached + 1;
        end if;
      end if;
      if i > reach then
        place := places[i - reach];
        if place is not null then
          rising := set_bit(rising, place - 1, 0);
          falling := set_bit(falling, steps - place, 0);
          counted := counted - 1;
          if place <= low then
            reached := reached - 1;
          end if;
          if place = low then
            low := case when reached > 0 then low - position(b'1' in substring(falling from steps - low + 2)) else 0 end;
          end if;
        end if;
      end if;
      continue when counted = 0;

      -- Between the values at 0 and counted - 1 the quantile is interpolated.
      wanted := quantile * (counted - 1);
      needed := floor(wanted) + 1;
      while reached < needed loop
        low := low + position(b'1' in substring(rising from low + 1));
        reached := reached + 1;
      end loop;
      while reached > needed loop
        low := low - position(b'1' in substring(falling from steps - low + 2));
        reached := reached - 1;
      end loop;
      if first + i < start then
        continue;
      elsif wanted > needed - 1 then
        result[first + i] := ladder[low]
          + (ladder[low + position(b'1' in substring(rising from low + 1))] - ladder[low]) * (wanted - (needed - 1));
      else
        result[first + i] := ladder[low];
      end if;
    end loop;
  end loop;
  return result;
end
$$;

comment on function ta.window_quantile_long(double precision[], integer, double precision) is
$$Helper of the kernels: the quantiles of window_order, for long windows.
Method: the values of a block get their places in order once; a bit for each place says whether it is in the window, and the quantile's place moves by a few
bits when a value enters and another leaves. Cost: one pass, whatever the period, but for the copying of the bits.
Arguments: series; period, bars per window; quantile, 0 to 1.
NULL, NaN and infinity are left out; NULL where the window has no value. Errors: none.$$;

revoke all on function ta.window_quantile_long(double precision[], integer, double precision) from public;
grant execute on function ta.window_quantile_long(double precision[], integer, double precision) to marketbase_reader;
