-- A jump of the size of a split is one that is recorded on that day.
create or replace function quality.rule_price_split_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  jump as (
    select
      bar.*,
      -- The dividend of the bar, or of the one before where the price rather moves here, is no jump.
      (
        select ln((bar.open + paid.amount) / bar.previous_close)
        from (values (coalesce(action.dividend, 0)), (coalesce(earlier.dividend, 0))) as paid (amount)
        order by abs(ln((bar.open + paid.amount) / bar.previous_close))
        limit 1
      ) as move,
      -- A split that is on record for this bar, and by which its price moved the wrong way.
      bar.split_ratio <> 1
        and least(abs(ln(bar.open / bar.previous_close / bar.split_ratio)), abs(ln(bar.close / bar.previous_close / bar.split_ratio)))
          <= (p_parameters ->> 'tolerance')::double precision
        -- A dividend that was paid with it may move the price as much.
        and abs(ln((bar.close + coalesce(action.dividend, 0)) / bar.previous_close)) > (p_parameters ->> 'tolerance')::double precision as is_reversed
    from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as bar
    left join action on action.instrument_id = bar.instrument_id and action.ts = bar.ts
    left join lateral (
      select before.dividend
      from quality.action_bars(array[bar.instrument_id]) as before
      where before.ts = (
        select max(price.ts)
        from market.price_data as price
        where price.instrument_id = bar.instrument_id
          and price.bar_interval = quality.judged_interval(bar.instrument_id)
          and price.ts < bar.ts
      )
    ) as earlier on abs(ln(bar.open / bar.previous_close)) >= (p_parameters ->> 'min_move')::double precision
    where bar.is_asked
      -- Only large moves are looked up.
      and greatest(abs(ln(bar.open / bar.previous_close)), abs(ln(bar.close / bar.previous_close))) >= (p_parameters ->> 'min_move')::double precision
  ),
  explained as (
    select
      jump.*,
      (
        select action.amount
        from market.corporate_action as action
        where action.instrument_id = jump.instrument_id
          and action.action_type = 'split'
          and action.ex_date between jump.session_date - (p_parameters ->> 'days')::integer and jump.session_date + (p_parameters ->> 'days')::integer
          and abs(abs(jump.move) - abs(ln(action.amount::double precision))) <= (p_parameters ->> 'tolerance')::double precision
        order by abs(action.ex_date - jump.session_date), action.ex_date
        limit 1
      ) as recorded_ratio,
      (
        select ratio.value::double precision
        from jsonb_array_elements_text(p_parameters -> 'ratios') as ratio (value)
        where abs(abs(jump.move) - ln(ratio.value::double precision)) <= (p_parameters ->> 'tolerance')::double precision
        limit 1
      ) as common_ratio
    from jump
    -- Split and price agree when undoing the split leaves an ordinary move.
    where jump.is_reversed
      or (
        abs(jump.move) >= (p_parameters ->> 'min_move')::double precision
        and not (jump.split_ratio <> 1 and abs(jump.move + ln(jump.split_ratio)) < abs(jump.move) / 2)
        and abs(abs(jump.move) - ln(100)) > 0.2
      )
  )
  select
    null::bigint,
    explained.instrument_id,
    explained.ts,
    jsonb_build_object('session_date', explained.session_date),
    jsonb_build_object(
      'open', explained.open, 'previous_close', explained.previous_close, 'multiple', exp(explained.move),
      'recorded_split', coalesce(explained.recorded_ratio, nullif(explained.split_ratio, 1)::numeric)
    ),
    'a split on record for that session, or no jump',
    format(
      '%s opens at %s times the close before, and %s.',
      explained.session_date, to_char(exp(explained.move), 'FM999999990.0000'),
      case
        when explained.is_reversed then 'the split on record for it was applied the wrong way or not at all'
        when explained.recorded_ratio is not null
          then format('a split of %s is on record, but not one that explains this', trim_scale(round(explained.recorded_ratio, 6)))
        else 'no split is on record for that session'
      end
    )
  from explained
  where explained.is_reversed
    or abs(explained.move) >= ln((p_parameters ->> 'always')::double precision)
    or (
      (explained.recorded_ratio is not null or explained.common_ratio is not null)
      and abs(explained.open - explained.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce(
        (select usual.tick from quality.usual_bar(explained.instrument_id, explained.ts, (p_parameters ->> 'tick_bars')::integer) as usual), 0
      )
    );
end;

comment on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars that open at a multiple of the close before (the dividend of the bar, or of the one before, added back) as a split would make it, without a split on record that explains it: the multiple or its inverse lies within tolerance (as a logarithm) of one of ratios or of a split recorded within days calendar days, or is always or more; or that move by the split recorded for them the wrong way. Moves below min_move (as a logarithm) and multiples of fewer than min_ticks ticks are not looked at: a price of two ticks halves by one. The tick is the smallest difference of prices in the tick_bars bars before. Multiples near 100 are left to price_unit_consistent.';

revoke all on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_split_consistent', 'price_data', 'prices', 'error', '{"ratios": [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50], "tolerance": 0.03, "days": 30, "always": 4, "min_move": 0.25, "tick_bars": 20, "min_ticks": 5}',
  'The price jumps as by a split, but no split is recorded for that session: one is missing, or was applied to the wrong bars.',
  'Look the split up; fetch the corporate actions, or the bars around the day, again.'
);
