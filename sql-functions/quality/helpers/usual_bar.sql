-- What is usual for an instrument at a time: its tick, its volume and its moves.
create or replace function quality.usual_bar(p_instrument_id bigint, p_ts timestamptz, p_bars integer)
returns table (tick double precision, volume double precision, move double precision)
language sql
stable
parallel safe
begin atomic
  select
    min(least(nullif(bar.high - bar.low, 0), nullif(abs(bar.close - bar.open), 0), nullif(abs(bar.close - bar.previous_close), 0))),
    percentile_cont(0.5) within group (order by bar.volume),
    percentile_cont(0.5) within group (order by abs(ln(bar.close / bar.previous_close)))
  from (
    select price.open, price.high, price.low, price.close, price.volume, lead(price.close) over (order by price.ts desc) as previous_close
    from market.price_data as price
    where price.instrument_id = p_instrument_id and price.bar_interval = quality.judged_interval(p_instrument_id) and price.ts < p_ts
    order by price.ts desc
    limit p_bars
  ) as bar;
end;

comment on function quality.usual_bar(bigint, timestamptz, integer) is
'Of the p_bars bars of an instrument before a time: the smallest difference between their prices, about a tick (NULL where they never moved), their median volume and the median size of their moves from close to close (as a logarithm). NULLs where there is no bar. For rows that are suspected already: it reads the bars of one.';

revoke all on function quality.usual_bar(bigint, timestamptz, integer) from public;
grant execute on function quality.usual_bar(bigint, timestamptz, integer) to marketbase_worker;
