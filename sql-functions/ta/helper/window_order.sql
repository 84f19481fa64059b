-- Gives ranks and quantiles of windows, many at once.
create or replace function ta.window_order(
  kernel text,
  series double precision[],
  periods integer[],
  quantiles double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
as $$
declare
  bars constant integer := cardinality(series);
  -- Places on the ladder end below this one.
  nowhere constant integer := 16777216;
  -- All values in order; and a mark per bar: 64 times its place there, and what tells equal values of a window apart.
  ladder double precision[];
  marks integer[];
  -- How many values there are up to each bar, where some are missing.
  known integer[];
  next integer := 1;
  period integer;
  reach integer;
  ranked boolean;
  first double precision;
  second double precision;
  first_places integer[];
  first_shares double precision[];
  second_places integer[];
  second_shares double precision[];
  found double precision[];
  result double precision[] := '{}';
begin
  foreach period in array periods loop
    perform ta.check_period(kernel, 'period', period, 1);
  end loop;
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;

  while next <= cardinality(periods) loop
    -- What is asked of the same windows next: a rank, and up to two quantiles.
    period := periods[next];
    reach := least(period, bars);
    if reach > 64 or bars >= nowhere then
      found := case
        when quantiles[next] is null then ta.window_rank(kernel, series, period)
        else ta.window_quantile_long(series, period, quantiles[next])
      end;
      next := next + 1;
    else
      ranked := quantiles[next] is null;
      if ranked then
        next := next + 1;
      end if;
      first := null;
      second := null;
      if periods[next] = period and quantiles[next] is not null then
        first := quantiles[next];
        next := next + 1;
        if periods[next] = period and quantiles[next] is not null then
          second := quantiles[next];
          next := next + 1;
        end if;
      end if;

      if marks is null then
        select scale.ladder, array(
          select case when abs(value) < 'infinity' then width_bucket(value, scale.ladder) else nowhere end * 64 + (bar & 63)
          from (select unnest(series) as value, generate_series(1, bars) as bar offset 0) as listed
        )
        into ladder, marks
        from (
          select array_sort(array(select value + 0 from (select unnest(series) as value offset 0) as listed where abs(value) < 'infinity')) as ladder
          offset 0
        ) as scale;
        if cardinality(ladder) < bars then
          known := array(
            select count(*) filter (where mark < nowhere * 64) over (order by bar)
            from unnest(marks) with ordinality as listed (mark, bar)
            order by bar
          );
        end if;
      end if;
      -- Between the values at 0 and counted - 1 a quantile is interpolated.
      select
        array_agg(floor(first * (counted - 1))::integer + 1), array_agg(first * (counted - 1) - floor(first * (counted - 1))),
        array_agg(floor(second * (counted - 1))::integer + 1), array_agg(second * (counted - 1) - floor(second * (counted - 1)))
      into first_places, first_shares, second_places, second_shares
      from generate_series(1, reach) as counted;
      -- Up to some 30 bars it is cheaper to sort each window than to keep it in order.
      select
        array_agg(
          case when mark < nowhere * 64 then (width_bucket((mark | 63) - 64, held) + width_bucket(mark | 63, held) + 1)::double precision / (2 * counted) end
        ) filter (where ranked)
        || array_agg(ta.ordered_value(held, flat.ladder, first_places[counted], first_shares[counted])) filter (where first is not null)
        || array_agg(ta.ordered_value(held, flat.ladder, second_places[counted], second_shares[counted])) filter (where second is not null)
      into found
      -- Concatenation leaves plain arrays; the variables' own would be copied by each function that reads them.
      from (select marks || '{}'::integer[] as marks, ladder || '{}'::double precision[] as ladder offset 0) as flat
      cross join lateral (
        select
          flat.marks[bar] as mark,
          extensions.sort_asc(extensions.subarray(flat.marks, greatest(bar - reach + 1, 1), least(bar, reach))) as held,
          case when known is null then least(bar, reach) else known[bar] - coalesce(known[bar - reach], 0) end as counted
        from (select generate_series(1, bars) as bar where reach <= 32 offset 0) as listed
        union all
        select
          mark,
          ta.ordered_window(array[mark]) over (order by bar rows reach - 1 preceding),
          case when known is null then least(bar, reach) else known[bar] - coalesce(known[bar - reach], 0) end
        from (select unnest(flat.marks) as mark, generate_series(1, bars) as bar where reach > 32 offset 0) as listed
      ) as ordered;
    end if;
    result := result || found;
  end loop;
  return result;
end
$$;

comment on function ta.window_order(text, double precision[], integer[], double precision[]) is
$$Helper of the kernels: ranks of the newest values and quantiles of windows, any number at once. Entry n of periods and quantiles asks for one result; the
results follow each other, each as long as series. A rank is the mean rank among equals divided by the number of values, a quantile is interpolated between
neighbours.
Method: each value gets its place in order once, and windows are put in order as whole numbers by the extension intarray: sorted anew up to 32 bars, kept in
order beyond. A rank and two quantiles of one period that stand together are read off the same windows; periods beyond 64 bars go to window_rank and
window_quantile_long.
Arguments: kernel, the name for messages; series; periods, bars per window; quantiles, each 0 to 1, or NULL for the rank.
NULL, NaN and infinity are left out; NULL where the window has no value, and for a rank where the newest is missing. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_order(text, double precision[], integer[], double precision[]) from public;
grant execute on function ta.window_order(text, double precision[], integer[], double precision[]) to marketbase_reader;
