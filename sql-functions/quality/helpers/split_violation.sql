-- What is wrong with a bar that jumps as by a split.
create or replace function quality.split_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  with jump as (
    select
      -- The dividend of the bar, or of the one before where the price rather moves here, is no jump.
      (
        select ln((bar.open + paid.amount) / bar.previous_close)
        from (values (bar.dividend), ((earlier.action).dividend)) as paid (amount)
        order by abs(ln((bar.open + paid.amount) / bar.previous_close))
        limit 1
      ) as move,
      -- A split that is on record for this bar, and by which its price moved the wrong way.
      bar.split_ratio <> 1
        and least(abs(bar.open_move - ln(bar.split_ratio)), abs(bar.close_move - ln(bar.split_ratio))) <= (p_parameters ->> 'tolerance')::double precision
        -- A dividend that was paid with it may move the price as much.
        and abs(ln((bar.close + bar.dividend) / bar.previous_close)) > (p_parameters ->> 'tolerance')::double precision as is_reversed,
      -- Whatever the close contains, an adjusted close contains the split: both must not jump by it.
      coalesce(
        bar.split_ratio <> 1
          and bar.adjusted_close > 0 and bar.previous_adjusted_close > 0 and bar.adjusted_close < 'infinity' and bar.previous_adjusted_close < 'infinity'
          and abs(bar.close_move + ln(bar.split_ratio)) < abs(ln(bar.split_ratio)) / 2
          and abs(ln(bar.adjusted_close / bar.previous_adjusted_close) + ln(bar.split_ratio)) < abs(ln(bar.split_ratio)) / 2,
        false
      ) as is_unadjusted
    from quality.bar_before(bar) as earlier
  ),
  explained as (
    select
      jump.*,
      (
        select action.amount
        from market.corporate_action as action
        where action.instrument_id = bar.instrument_id
          and action.action_type = 'split'
          and action.ex_date between bar.session_date - (p_parameters ->> 'days')::integer and bar.session_date + (p_parameters ->> 'days')::integer
          and abs(abs(jump.move) - abs(ln(action.amount::double precision))) <= (p_parameters ->> 'tolerance')::double precision
        order by abs(action.ex_date - bar.session_date), action.ex_date
        limit 1
      ) as recorded_ratio,
      exists (
        select
        from jsonb_array_elements_text(p_parameters -> 'ratios') as ratio (value)
        where abs(abs(jump.move) - ln(ratio.value::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      ) as is_common
    from jump
    -- Split and price agree when undoing the split leaves an ordinary move.
    where jump.is_reversed
      or (
        abs(jump.move) >= (p_parameters ->> 'min_move')::double precision
        and (
          jump.is_unadjusted
          or not (bar.split_ratio <> 1 and abs(jump.move + ln(bar.split_ratio)) < abs(jump.move) / 2)
          and abs(abs(jump.move) - ln(100)) > 0.2
        )
      )
  )
  select quality.bar_violation(
    bar,
    jsonb_build_object(
      'open', bar.open, 'previous_close', bar.previous_close, 'multiple', exp(explained.move),
      'recorded_split', coalesce(explained.recorded_ratio, nullif(bar.split_ratio, 1)::numeric)
    ),
    'a split on record for that session, or no jump',
    format(
      '%s opens at %s times the close before, and %s.',
      bar.session_date, to_char(exp(explained.move), 'FM999999990.0000'),
      case
        when explained.is_reversed then 'the split on record for it was applied the wrong way or not at all'
        when explained.is_unadjusted then 'the adjusted close does not contain the split on record for it'
        when explained.recorded_ratio is not null
          then format('a split of %s is on record, but not one that explains this', trim_scale(round(explained.recorded_ratio, 6)))
        else 'no split is on record for that session'
      end
    )
  )
  from explained
  where explained.is_reversed
    or explained.is_unadjusted
    or abs(explained.move) >= ln((p_parameters ->> 'always')::double precision)
    or (
      (
        explained.recorded_ratio is not null
        -- Without a record chance hits a common ratio too, where moves are large and in the first days of a series.
        or explained.is_common
          and (bar.usual).bars > (p_parameters ->> 'min_sample')::bigint
          and abs(explained.move) >= (p_parameters ->> 'multiple')::double precision * (bar.usual).move
      )
      and abs(bar.open - bar.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    );
end;

comment on function quality.split_violation(quality.judged_bar, jsonb) is
'The violation of price_split_consistent by a bar that moved far, with the parameters of that rule; NULL where split and price agree.';

revoke all on function quality.split_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.split_violation(quality.judged_bar, jsonb) to marketbase_worker;
