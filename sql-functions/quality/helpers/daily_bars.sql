-- The daily bars of a span as the rules see them, with the bars before that they need as context.
create or replace function quality.daily_bars(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_context_bars integer)
returns setof quality.daily_bar
language sql
stable
parallel safe
begin atomic
  with bar as (
    select
      price.instrument_id, price.ts, price.session_date,
      price.open, price.high, price.low, price.close, price.volume, price.adjusted_close,
      row_number() over in_time as bar_no,
      lag(price.close) over in_time as previous_close
    from unnest(p_instrument_ids) as asked (instrument_id)
    cross join lateral (
      -- One bar more than asked for, so that the first bar of the context has a predecessor.
      select coalesce(
        (
          select context.ts
          from market.price_data as context
          where context.instrument_id = asked.instrument_id and context.bar_interval = '1d' and context.ts < p_from
          order by context.ts desc
          offset p_context_bars
          limit 1
        ),
        '-infinity'
      ) as from_ts
    ) as context
    join market.price_data as price
      on price.instrument_id = asked.instrument_id
      and price.bar_interval = '1d'
      and price.ts between context.from_ts and p_to
    window in_time as (partition by price.instrument_id order by price.ts)
  ),
  -- A split counts on the first bar on or after its ex-date.
  split as (
    select action.instrument_id, first_bar.ts, exp(sum(ln(action.amount)))::double precision as ratio
    from market.corporate_action as action
    cross join lateral (
      select min(price.ts) as ts
      from market.price_data as price
      where price.instrument_id = action.instrument_id
        and price.bar_interval = '1d'
        and price.ts >= action.ex_date::timestamp at time zone 'UTC'
    ) as first_bar
    where action.action_type = 'split' and action.instrument_id = any (p_instrument_ids)
    group by action.instrument_id, first_bar.ts
  )
  select
    bar.instrument_id, bar.bar_no, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.previous_close,
    coalesce(split.ratio, 1),
    case
      when abs(ln(bar.close / bar.previous_close)) <= abs(ln(bar.close / bar.previous_close * coalesce(split.ratio, 1)))
        then ln(bar.close / bar.previous_close)
      else ln(bar.close / bar.previous_close * split.ratio)
    end,
    bar.ts >= p_from
  from bar
  left join split on split.instrument_id = bar.instrument_id and split.ts = bar.ts;
end;

comment on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) is
'The daily bars of the instruments from p_from to p_to (both included), and up to p_context_bars + 1 bars before p_from, marked by is_asked = false, so that a check of the end of a series says the same as a check of the whole. No order. No rows for NULL.';

revoke all on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) from public;
grant execute on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) to marketbase_worker;
