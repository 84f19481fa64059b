-- The daily bars of a span as the rules see them, with the bars before that they need as context.
create or replace function quality.daily_bars(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_context_bars integer)
returns setof quality.daily_bar
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  bar as (
    select
      price.instrument_id, price.ts, price.session_date,
      price.open, price.high, price.low, price.close, price.volume, price.adjusted_close,
      row_number() over in_time as bar_no,
      lag(price.close) over in_time as previous_close
    from unnest(p_instrument_ids) as asked (instrument_id)
    cross join lateral (select quality.judged_interval(asked.instrument_id) as bar_interval) as judged
    cross join lateral (
      -- One bar more than asked for, so that the first bar of the context has a predecessor.
      select coalesce(
        (
          select context.ts
          from market.price_data as context
          where context.instrument_id = asked.instrument_id and context.bar_interval = judged.bar_interval and context.ts < p_from
          order by context.ts desc
          offset p_context_bars
          limit 1
        ),
        '-infinity'
      ) as from_ts
    ) as context
    join market.price_data as price
      on price.instrument_id = asked.instrument_id
      and price.bar_interval = judged.bar_interval
      and price.ts between context.from_ts and p_to
    window in_time as (partition by price.instrument_id order by price.ts)
  )
  select
    bar.instrument_id, bar.bar_no, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.previous_close,
    coalesce(action.split_ratio, 1),
    case
      when action.ts is null then ln(bar.close / bar.previous_close)
      else (
        select ln(candidate.value)
        from (
          values
            (bar.close / bar.previous_close),
            (bar.close * action.split_ratio / bar.previous_close),
            ((bar.close + action.dividend) / bar.previous_close),
            ((bar.close + action.dividend) * action.split_ratio / bar.previous_close)
        ) as candidate (value)
        order by abs(ln(candidate.value))
        limit 1
      )
    end,
    bar.ts >= p_from
  from bar
  left join action on action.instrument_id = bar.instrument_id and action.ts = bar.ts;
end;

comment on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) is
'The daily bars (weekly ones of an instrument without daily bars) of the instruments from p_from to p_to (both included), and up to p_context_bars + 1 bars before p_from, marked by is_asked = false, so that a check of the end of a series says the same as a check of the whole. log_return is with or without the split and the dividend on record (quality.action_bars), whichever is nearest to 0. No order. No rows for NULL.';

revoke all on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) from public;
grant execute on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) to marketbase_worker;
