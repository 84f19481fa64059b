-- Gives the linearly weighted average of each window, which need not be complete.
create or replace function ta.window_weight(
  kernel text,
  series double precision[],
  period integer,
  answer text
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
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  -- A bar weighs its place in the window, 1 for the oldest; in qlib one less.
  select array_agg(
    case
      when answer = 'decay' then (s.by_bar - (s.bar - s.places) * s.total)::double precision / (s.bars - (s.bar - s.places) * s.counted)::double precision
      else (s.by_bar - (s.bar - s.places + 1) * s.total)::double precision / (nullif(s.places - 1, 0) * s.places / 2) / s.counted
    end
    order by s.bar
  )
  into result
  from (
    select
      e.bar,
      least(e.bar, period) as places,
      nullif(count(e.value) over recent, 0) as counted,
      sum(case when e.value is not null then e.bar end) over recent as bars,
      sum(e.value) over recent as total,
      sum(e.bar * e.value) over recent as by_bar
    from (
      select v.bar, ta.exact_binary(v.value) as value
      from unnest(series) with ordinality as v (value, bar)
      offset 0
    ) as e
    window recent as (order by e.bar rows between period - 1 preceding and current row)
  ) as s;
  return result;
end
$$;

comment on function ta.window_weight(text, double precision[], integer, text) is
$$Helper of the kernels: for each window of the last bars the average with weights that fall linearly from the newest to the oldest.
Method: sums over numeric, whose sliding is exact, so the result is equal, bit for bit, wherever the array begins. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'decay' for weights that add up to 1 over the values that there are, 'qlib'
for those of its WMA.
NULL, NaN and infinity are left out; NULL where the window has no value. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_weight(text, double precision[], integer, text) from public;
grant execute on function ta.window_weight(text, double precision[], integer, text) to marketbase_reader;
