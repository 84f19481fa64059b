-- A jump of the size of a split is one that is recorded on that day.
create or replace function quality.rule_price_split_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with jump as (
    select bar.*, ln((bar.open + dividend.amount) / bar.previous_close) as move
    from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as bar
    cross join lateral (
      select coalesce(sum(action.amount), 0)::double precision as amount
      from market.corporate_action as action
      where action.instrument_id = bar.instrument_id and action.action_type = 'dividend' and action.ex_date = bar.session_date
        -- Only large moves are looked up.
        and abs(ln(bar.open / bar.previous_close)) >= 0.25
    ) as dividend
    where bar.is_asked and abs(ln(bar.open / bar.previous_close)) >= 0.25
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
    where not (jump.split_ratio <> 1 and abs(jump.move + ln(jump.split_ratio)) < abs(jump.move) / 2)
      and abs(abs(jump.move) - ln(100)) > 0.2
  )
  select
    null::bigint,
    explained.instrument_id,
    explained.ts,
    jsonb_build_object('session_date', explained.session_date),
    jsonb_build_object(
      'open', explained.open, 'previous_close', explained.previous_close, 'multiple', exp(explained.move), 'recorded_split', explained.recorded_ratio
    ),
    'a split on record for that session, or no jump',
    format(
      '%s opens at %s times the close before, and %s.',
      explained.session_date, to_char(exp(explained.move), 'FM999999990.0000'),
      case
        when explained.recorded_ratio is not null
          then format('a split of %s is on record, but not one that explains this', trim_scale(round(explained.recorded_ratio, 6)))
        else 'no split is on record for that session'
      end
    )
  from explained
  where explained.recorded_ratio is not null
    or explained.common_ratio is not null
    or abs(explained.move) >= ln((p_parameters ->> 'always')::double precision);
end;

comment on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars that open at a multiple of the close before (the dividend of the day added back) as a split would make it, without a split on record that explains it: the multiple or its inverse lies within tolerance (as a logarithm) of one of ratios or of a split recorded within days calendar days, or is always or more. Multiples near 100 are left to price_unit_consistent.';

revoke all on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_split_consistent', 'price_data', 'prices', 'error', '{"ratios": [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50], "tolerance": 0.03, "days": 30, "always": 4}',
  'The price jumps as by a split, but no split is recorded for that session: one is missing, or was applied to the wrong bars.',
  'Look the split up; fetch the corporate actions, or the bars around the day, again.'
);
