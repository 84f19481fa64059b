-- The bars of a span as the rules of prices see them, read once for all rules.
create or replace function quality.judged_bars(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.judged_bar
language sql
stable
parallel safe
begin atomic
  select
    bar.instrument_id, bar.asset_class, bar.bar_interval, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.previous_date, bar.previous_open, bar.previous_high, bar.previous_low, bar.previous_close, bar.previous_volume, bar.previous_adjusted_close,
    coalesce((bar.action).split_ratio, 1),
    coalesce((bar.action).dividend, 0),
    coalesce((bar.earlier_action).dividend, 0),
    bar.has_actions, bar.open_move, bar.close_move,
    case
      when bar.action is null then bar.close_move
      else quality.adjusted_move(bar.close, bar.previous_close, (bar.action).split_ratio, (bar.action).dividend)
    end,
    case
      when bar.earlier_action is null then ln(bar.previous_close / bar.close_before)
      else quality.adjusted_move(bar.previous_close, bar.close_before, (bar.earlier_action).split_ratio, (bar.earlier_action).dividend)
    end,
    case
      when bar.close = bar.previous_close and bar.open = bar.previous_open and bar.high = bar.previous_high and bar.low = bar.previous_low
        then quality.equal_bars(bar.instrument_id, bar.bar_interval, bar.ts)
    end,
    case
      when bar.close_move not between -0.05 and 0.05
        or bar.high >= 1.1 * bar.low
        or bar.volume >= 8 * bar.previous_volume
        or bar.volume <= bar.previous_volume / 8
        or (
          (quality.is_off_cent(bar.open) or quality.is_off_cent(bar.high) or quality.is_off_cent(bar.low) or quality.is_off_cent(bar.close))
          and not quality.is_off_cent(bar.previous_close)
        )
        then quality.usual_bar(bar.instrument_id, bar.bar_interval, bar.ts)
    end
  from (
    select
      price.*, asked.instrument_id, asked.asset_class, asked.bar_interval, asked.ex_dates is not null as has_actions,
      ln(price.open / price.previous_close) as open_move,
      ln(price.close / price.previous_close) as close_move,
      -- The dates of all actions say whether one took effect since the bar before: only then they are looked up.
      case
        when width_bucket(price.session_date + asked.days, asked.ex_dates) > width_bucket(price.previous_date + asked.days, asked.ex_dates)
          then quality.actions_between(asked.instrument_id, price.previous_date + asked.days, price.session_date + asked.days)
      end as action,
      case
        when width_bucket(price.previous_date + asked.days, asked.ex_dates) > width_bucket(price.date_before + asked.days, asked.ex_dates)
          then quality.actions_between(asked.instrument_id, price.date_before + asked.days, price.previous_date + asked.days)
      end as earlier_action
    from (
      select
        instrument.instrument_id, instrument.asset_class, judged.bar_interval,
        -- A weekly bar has the actions of its week.
        case judged.bar_interval when '1w' then 6 else 0 end as days,
        (
          select array_agg(recorded.ex_date order by recorded.ex_date)
          from market.corporate_action as recorded
          where recorded.instrument_id = instrument.instrument_id
        ) as ex_dates,
        -- The bar before, and the one before that.
        coalesce(
          (
            select context.ts
            from market.price_data as context
            where context.instrument_id = instrument.instrument_id and context.bar_interval = judged.bar_interval and context.ts < p_from
            order by context.ts desc
            offset 1
            limit 1
          ),
          '-infinity'
        ) as from_ts
      from market.instrument as instrument
      cross join lateral (select quality.judged_interval(instrument.instrument_id) as bar_interval offset 0) as judged
      where instrument.instrument_id = any (p_instrument_ids)
      offset 0
    ) as asked
    -- Instrument by instrument, as the primary key has the bars: nothing needs to be sorted.
    cross join lateral (
      select
        stored.ts, stored.session_date, stored.open, stored.high, stored.low, stored.close, stored.volume, stored.adjusted_close,
        lag(stored.session_date) over in_time as previous_date,
        lag(stored.open) over in_time as previous_open,
        lag(stored.high) over in_time as previous_high,
        lag(stored.low) over in_time as previous_low,
        lag(stored.close) over in_time as previous_close,
        lag(stored.volume) over in_time as previous_volume,
        lag(stored.adjusted_close) over in_time as previous_adjusted_close,
        lag(stored.session_date, 2) over in_time as date_before,
        lag(stored.close, 2) over in_time as close_before
      from market.price_data as stored
      where stored.instrument_id = asked.instrument_id and stored.bar_interval = asked.bar_interval and stored.ts between asked.from_ts and p_to
      window in_time as (order by stored.ts)
    ) as price
    where price.ts >= p_from
    offset 0
  ) as bar
  -- Each offset 0 keeps the planner from writing expressions out wherever they are used: they are worked out once.
  offset 0;
end;

comment on function quality.judged_bars(bigint[], timestamptz, timestamptz) is
'The daily bars (weekly ones of an instrument without daily bars) of the instruments from p_from to p_to (both included) as the rules of prices see them. It reads as many bars before p_from as the first of them needs, so that what is said of the end of a series is what is said of it in the whole. No order. No rows for NULL.';

revoke all on function quality.judged_bars(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.judged_bars(bigint[], timestamptz, timestamptz) to marketbase_worker;
