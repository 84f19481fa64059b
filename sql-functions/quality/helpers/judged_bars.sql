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
    bar.previous_date, bar.previous_close, bar.previous_volume, bar.previous_adjusted_close,
    coalesce((bar.action).split_ratio, 1),
    coalesce((bar.action).dividend, 0),
    bar.has_actions, bar.open_move, bar.close_move,
    case
      when bar.action is null then bar.close_move
      else quality.adjusted_move(bar.close, bar.previous_close, bar.action)
    end,
    case
      when bar.close = bar.previous_close and bar.price_sum = bar.previous_price_sum then quality.equal_bars(bar.instrument_id, bar.bar_interval, bar.ts)
    end,
    case
      when bar.close_move not between -0.05 and 0.05
        or bar.high >= 1.1 * bar.low
        or bar.volume >= 8 * bar.previous_volume
        or bar.volume <= bar.previous_volume / 8
        or (quality.is_off_cent(bar.price_sum) and not quality.is_off_cent(bar.previous_price_sum))
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
      end as action
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
        coalesce(
          (
            select max(before.ts)
            from market.price_data as before
            where before.instrument_id = instrument.instrument_id and before.bar_interval = judged.bar_interval and before.ts < p_from
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
        stored.open + stored.high + stored.low + stored.close as price_sum,
        lag(stored.session_date) over in_time as previous_date,
        lag(stored.close) over in_time as previous_close,
        lag(stored.volume) over in_time as previous_volume,
        lag(stored.adjusted_close) over in_time as previous_adjusted_close,
        lag(stored.open + stored.high + stored.low + stored.close) over in_time as previous_price_sum
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
'The daily bars (weekly ones of an instrument without daily bars) of the instruments from p_from to p_to (both included) as the rules of prices see them. Of the bars before p_from it reads what the first of them needs, so that what is said of the end of a series is what is said of it in the whole. No order. No rows for NULL.';

revoke all on function quality.judged_bars(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.judged_bars(bigint[], timestamptz, timestamptz) to marketbase_worker;
