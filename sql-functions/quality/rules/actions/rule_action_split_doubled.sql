-- A split that is listed on two days a little apart happened once.
create or replace function quality.rule_action_split_doubled(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with split as materialized (
    select
      action.instrument_id, action.ex_date, action.provider, ln(action.amount::double precision) as size, action.amount,
      bar.ts as bar_ts, ln(bar.open / bar.previous_close) as move
    from market.corporate_action as action
    left join lateral quality.action_bar(action.instrument_id, '1d', action.ex_date) as bar on true
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'split'
  ),
  pair as (
    select
      earlier.instrument_id, earlier.ex_date as earlier_date, later.ex_date as later_date, later.amount,
      -- The price has a split in it when undoing the split leaves an ordinary move.
      coalesce(abs(earlier.move + earlier.size) < abs(earlier.size) / 2, false) as earlier_jumps,
      coalesce(abs(later.move + later.size) < abs(later.size) / 2, false) as later_jumps,
      -- Without bars between the two days one bar would have both in it.
      coalesce(earlier.bar_ts = later.bar_ts, false) as is_one_bar,
      coalesce(abs(later.move + earlier.size + later.size) < abs(later.size) / 2, false) as one_bar_jumps_twice
    from split as earlier
    join split as later
      on later.instrument_id = earlier.instrument_id and later.ex_date > earlier.ex_date
      and later.ex_date - earlier.ex_date <= (p_parameters ->> 'days')::integer
      and abs(later.size - earlier.size) <= (p_parameters ->> 'tolerance')::double precision
    where abs(later.size) >= ln((p_parameters ->> 'min_ratio')::double precision)
  ),
  doubled as (
    select distinct on (pair.instrument_id, place.wrong_date)
      pair.*, place.wrong_date, place.other_date, place.wrong_date::timestamp at time zone 'UTC' as ts
    from pair
    cross join lateral (
      select
        case when pair.later_jumps and not pair.earlier_jumps then pair.earlier_date else pair.later_date end as wrong_date,
        case when pair.later_jumps and not pair.earlier_jumps then pair.later_date else pair.earlier_date end as other_date
    ) as place
    where not case when pair.is_one_bar then pair.one_bar_jumps_twice else pair.earlier_jumps and pair.later_jumps end
    order by pair.instrument_id, place.wrong_date, abs(place.wrong_date - place.other_date)
  )
  select
    null::bigint,
    doubled.instrument_id,
    doubled.ts,
    jsonb_build_object('ex_date', doubled.wrong_date, 'action_type', 'split'),
    jsonb_build_object('ratio', doubled.amount, 'other_ex_date', doubled.other_date, 'price_jumps_on', case
      when doubled.is_one_bar or doubled.earlier_jumps = doubled.later_jumps then null
      else doubled.other_date
    end),
    'one split, or a jump of the price on both days',
    format(
      'A split of %s is on record for %s and for %s, and %s.',
      trim_scale(round(doubled.amount, 6)), doubled.earlier_date, doubled.later_date,
      case
        when doubled.is_one_bar or doubled.earlier_jumps = doubled.later_jumps then 'the price does not show it twice'
        else format('the price shows it only on %s', doubled.other_date)
      end
    )
  from doubled
  where doubled.ts between p_from and p_to;
end;

comment on function quality.rule_action_split_doubled(bigint[], timestamptz, timestamptz, jsonb) is
'Splits on record that lie within days calendar days of another one of the same ratio (within tolerance as a logarithm, min_ratio or its inverse at least, for small stock dividends do come again), where the daily bars do not jump by the ratio on both days.
The one without a jump is named; where neither or one bar has it (prices that are adjusted for splits, missing bars), the later one.';

revoke all on function quality.rule_action_split_doubled(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_split_doubled(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_split_doubled', 'price_data', 'actions', 'warning', '{"days": 21, "tolerance": 0.001, "min_ratio": 1.2}',
  'One split is on record on two days: announced for one and carried out on another, or given differently by two providers. Adjusted prices before both are wrong by its ratio.',
  'Look the split up; the one that did not happen is gone when its provider no longer lists it.',
  'split'
);
