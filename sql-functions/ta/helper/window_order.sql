-- Gives the rank of the newest value in each window, or a quantile of the window.
create or replace function ta.window_order(
  kernel text,
  series double precision[],
  period integer,
  answer text,
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
  result double precision[];
  -- The different values in order, and for each bar the place of its value among them.
  ladder double precision[];
  places integer[];
  steps integer;
  largest_step integer := 1;
  -- A Fenwick tree: how many values of the window lie on each step of the ladder.
  tree integer[];
  place integer;
  j integer;
  below integer;
  equals integer;
  counted integer := 0;
  wanted double precision;
  missing integer;
  step integer;
  value double precision;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  select array_agg(v.value order by v.value) into ladder from (select distinct u.value from unnest(series) as u (value) where abs(u.value) < 'infinity') as v;
  select array_agg(case when abs(r.value) < 'infinity' then r.place end order by r.bar)
  into places
  from (
    select u.bar, u.value, dense_rank() over (order by case when abs(u.value) < 'infinity' then u.value end) as place
    from unnest(series) with ordinality as u (value, bar)
  ) as r;
  steps := coalesce(cardinality(ladder), 0);
  tree := array_fill(0, array[steps]);
  while largest_step * 2 <= steps loop
    largest_step := largest_step * 2;
  end loop;

  result := array_fill(null::double precision, array[bars]);
  foreach place in array places loop
    i := i + 1;
    if i > period and places[i - period] is not null then
      counted := counted - 1;
      j := places[i - period];
      while j <= steps loop
        tree[j] := tree[j] - 1;
        j := j + (j & -j);
      end loop;
    end if;
    if place is not null then
      counted := counted + 1;
      j := place;
      while j <= steps loop
        tree[j] := tree[j] + 1;
        j := j + (j & -j);
      end loop;
    end if;

    if answer = 'rank' then
      if place is not null then
        below := 0;
        j := place - 1;
        while j > 0 loop
          below := below + tree[j];
          j := j & (j - 1);
        end loop;
        equals := -below;
        j := place;
        while j > 0 loop
          equals := equals + tree[j];
          j := j & (j - 1);
        end loop;
        result[i] := (2 * below + equals + 1)::double precision / (2 * counted);
      end if;
    elsif counted > 0 then
      -- Between the values at 0 and counted - 1 the quantile is interpolated.
      wanted := quantile * (counted - 1);
      missing := floor(wanted) + 1;
      place := 0;
      step := largest_step;
      while step > 0 loop
        if place + step <= steps and tree[place + step] < missing then
          place := place + step;
          missing := missing - tree[place];
        end if;
        step := step / 2;
      end loop;
      value := ladder[place + 1];
      if wanted > floor(wanted) then
        missing := floor(wanted) + 2;
        place := 0;
        step := largest_step;
        while step > 0 loop
          if place + step <= steps and tree[place + step] < missing then
            place := place + step;
            missing := missing - tree[place];
          end if;
          step := step / 2;
        end loop;
        value := value + (ladder[place + 1] - value) * (wanted - floor(wanted));
      end if;
      result[i] := value;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_order(text, double precision[], integer, text, double precision) is
$$Helper of the kernels: the rank of the newest value among those of its window (the mean rank among equals, divided by their number), or a quantile of the
window's values,
interpolated between neighbours. Method: a Fenwick tree of counts over the ordered values. Cost: bars * log(bars), whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'rank' or 'quantile'; quantile, 0 to 1, NULL with a rank.
NULL, NaN and infinity are left out; NULL where the window has no value, and for a rank where the newest value is missing. Errors: MB001 for a bad period or
array.$$;

revoke all on function ta.window_order(text, double precision[], integer, text, double precision) from public;
grant execute on function ta.window_order(text, double precision[], integer, text, double precision) to marketbase_reader;
