-- What is wrong with the adjusted closes of some weeks.
create or replace function quality.weekly_adjustment_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  with week as (
    select
      latest.*,
      -- In the order of time: 1 is the week of the bar, 2 the one before.
      row_number() over (order by latest.ts desc) as weeks_ago,
      ln(latest.adjusted_close / latest.previous_adjusted_close * latest.previous_close / latest.close) as adjustment,
      coalesce(-ln(1 - nullif(paid.dividend, 0) / latest.previous_close), 0) as dividend_effect,
      -- It is taken off the close before the ex-date, which lies somewhere between the close of the week before and the prices of the week.
      ln(greatest(latest.high, latest.previous_close) / least(latest.low, latest.previous_close)) as range,
      paid.dividend, paid.split_ratio
    from (
      select
        price.ts, price.session_date, price.high, price.low, price.close, price.adjusted_close,
        lead(price.close) over latest_first as previous_close,
        lead(price.adjusted_close) over latest_first as previous_adjusted_close
      from market.price_data as price
      where price.instrument_id = bar.instrument_id and price.bar_interval = bar.bar_interval and price.ts <= bar.ts
      window latest_first as (order by price.ts desc)
      limit 5
    ) as latest
    cross join lateral (
      select (taken).dividend, (taken).split_ratio
      from quality.actions_between(bar.instrument_id, latest.session_date - 1, latest.session_date + 6) as taken
    ) as paid
    where latest.adjusted_close > 0 and latest.previous_adjusted_close > 0
      and latest.adjusted_close < 'infinity' and latest.previous_adjusted_close < 'infinity'
      and paid.dividend < latest.previous_close
  ),
  judged as (
    -- A large change that the closes do not show makes a move instead of undoing one.
    select
      week.*,
      abs(week.adjustment) >= (p_parameters ->> 'min_yield')::double precision
        and abs(week.adjustment + ln(week.close / week.previous_close)) - abs(ln(week.close / week.previous_close)) > abs(week.adjustment) / 2 as is_move
    from week
  ),
  weeks as (
    select
      bool_or(week.is_move) filter (where week.weeks_ago = 1) as is_move,
      bool_or(week.is_move) filter (where week.weeks_ago = 2) as is_move_before,
      max(week.adjustment) filter (where week.weeks_ago = 1) as adjustment,
      max(week.adjustment) filter (where week.weeks_ago = 2) as adjustment_before,
      max(week.dividend) filter (where week.weeks_ago = 2) as dividend_before,
      sum(week.dividend) filter (where week.weeks_ago <= 3) as dividends,
      -- The dividend of the week before shows in that week, the one before it or this one.
      sum(week.adjustment - week.dividend_effect) filter (where week.weeks_ago <= 3) as unexplained,
      sum(week.dividend_effect * 2 * week.range) filter (where week.weeks_ago <= 3) as uncertain,
      count(*) filter (where week.weeks_ago <= 4) as weeks,
      bool_or(week.split_ratio <> 1) as has_split,
      max(week.ts) filter (where week.weeks_ago = 2) as ts_before,
      max(week.session_date) filter (where week.weeks_ago = 2) as date_before
    from judged as week
  ),
  wrong as (
    select bar.ts, bar.session_date, weeks.adjustment, 0::double precision as dividend
    from weeks
    where weeks.is_move
    union all
    select weeks.ts_before, weeks.date_before, weeks.adjustment_before, weeks.dividend_before
    from weeks
    where weeks.weeks = 4
      and not weeks.has_split
      and not weeks.is_move_before
      and abs(weeks.unexplained) > (p_parameters ->> 'tolerance')::double precision + weeks.uncertain
      and (weeks.dividend_before > 0 or (weeks.dividends = 0 and abs(weeks.adjustment_before) > (p_parameters ->> 'tolerance')::double precision))
    limit 1
  )
  select row(
    null,
    bar.instrument_id,
    wrong.ts,
    jsonb_build_object('session_date', wrong.session_date),
    jsonb_build_object('adjustment', wrong.adjustment, 'dividend', wrong.dividend),
    'adjusted closes that change against the closes by the dividends of about that week alone',
    format(
      'The adjusted close of the week of %s changed against the close by %s %%, which neither the dividends of about then nor the closes explain.',
      wrong.session_date, round(((exp(wrong.adjustment) - 1) * 100)::numeric, 2)
    )
  )::quality.violation
  from wrong;
end;

comment on function quality.weekly_adjustment_violation(quality.judged_bar, jsonb) is
'The violation of price_adjusted_close_consistent by a weekly bar or the one before it, with the parameters of that rule; NULL where there is none.
Vendors adjust from the week of the ex-date on, from the one after it or from the one before: the changes of adjusted close over close in the three weeks about a week with a dividend have to be what their dividends make, within tolerance, and 0 where there are none. That is known when the week after is there. A change of min_yield or more (as a logarithm) has to offset a move of the close: one that makes the move of the adjusted close larger than that of the close by half of it or more is wrong.';

revoke all on function quality.weekly_adjustment_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.weekly_adjustment_violation(quality.judged_bar, jsonb) to marketbase_worker;
