-- A dividend is not on record twice.
create or replace function quality.rule_price_dividend_once(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with recorded as materialized (
    select
      action.instrument_id, action.ex_date, action.amount::double precision as amount,
      action.ex_date - lag(action.ex_date) over (partition by action.instrument_id order by action.ex_date) as days
    from market.corporate_action as action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'dividend'
  ),
  spacing as (
    select recorded.instrument_id, percentile_cont(0.5) within group (order by recorded.days) as days
    from recorded
    group by recorded.instrument_id
  ),
  pair as (
    select earlier.instrument_id, earlier.ex_date as earlier_date, later.ex_date as later_date, spacing.days
    from recorded as earlier
    join spacing on spacing.instrument_id = earlier.instrument_id
    join recorded as later
      on later.instrument_id = earlier.instrument_id
      and later.ex_date > earlier.ex_date
      and later.ex_date - earlier.ex_date <= greatest(
        (p_parameters ->> 'days')::double precision,
        least((p_parameters ->> 'max_days')::double precision, spacing.days * (p_parameters ->> 'fraction')::double precision)
      )
      and abs(ln(later.amount / earlier.amount)) <= (p_parameters ->> 'tolerance')::double precision
  ),
  dividend as materialized (
    select
      recorded.instrument_id, recorded.ex_date, recorded.amount, bar.ts, bar.session_date,
      -- How far the price fell, by open or close, as a part of the dividend; the whole of it is enough.
      least(1, (bar.previous_close - least(bar.open, bar.close)) / recorded.amount) as fall
    from recorded
    cross join lateral quality.action_bar(recorded.instrument_id, quality.judged_interval(recorded.instrument_id), recorded.ex_date) as bar
    where exists (
      select from pair where pair.instrument_id = recorded.instrument_id and recorded.ex_date in (pair.earlier_date, pair.later_date)
    )
  ),
  doubled as (
    select distinct on (dividend.instrument_id, dividend.ts)
      dividend.*, twin.session_date as twin_date, twin.amount as twin_amount, pair.days
    from dividend
    join pair on pair.instrument_id = dividend.instrument_id and dividend.ex_date in (pair.earlier_date, pair.later_date)
    join dividend as twin
      on twin.instrument_id = pair.instrument_id
      and twin.ex_date in (pair.earlier_date, pair.later_date)
      and twin.ts <> dividend.ts
      and (twin.fall, twin.ts) > (dividend.fall, dividend.ts)
    order by dividend.instrument_id, dividend.ts, abs(twin.session_date - dividend.session_date), twin.session_date
  )
  select
    null::bigint,
    doubled.instrument_id,
    doubled.ts,
    jsonb_build_object('session_date', doubled.session_date),
    jsonb_build_object(
      'dividend', doubled.amount, 'other_date', doubled.twin_date, 'other_dividend', doubled.twin_amount, 'usual_days', doubled.days
    ),
    format('dividends more than %s of the usual time apart, or of different amounts', p_parameters ->> 'fraction'),
    format(
      'The dividend %s of %s is also on record for %s, where the price rather fell by it.',
      doubled.amount, doubled.session_date, doubled.twin_date
    )
  from doubled
  where doubled.ts between p_from and p_to;
end;

comment on function quality.rule_price_dividend_once(bigint[], timestamptz, timestamptz, jsonb) is
'Bars with a dividend that differs by no more than tolerance (as a logarithm) from another one nearby, from which the price fell rather by the amount: one of the two does not exist. Nearby is within fraction of the median time between the dividends of the instrument, but at least days (nobody pays more often than weekly) and at most max_days calendar days.';

revoke all on function quality.rule_price_dividend_once(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_once(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_once', 'price_data', 'prices', 'warning', '{"days": 5, "max_days": 30, "fraction": 0.25, "tolerance": 0.05}',
  'The same dividend is on record for two dates close to each other: adjusted prices contain it twice.',
  'Look up which date is right; retract the other dividend at its source.'
);
