-- A dividend is not on record twice.
create or replace function quality.rule_price_dividend_once(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  day as materialized (
    select daily.* from quality.daily_bars(p_instrument_ids, '-infinity', 'infinity', 0) as daily
  ),
  dividend as materialized (
    select
      b.instrument_id, b.ts, b.session_date, b.is_asked, action.dividend as amount,
      -- How far the price fell, by open or close, as a part of the dividend; the whole of it is enough.
      least(1, (b.previous_close - least(b.open, b.close)) / action.dividend) as fall
    from action
    join day as b on b.instrument_id = action.instrument_id and b.ts = action.ts
    where action.dividend > 0 and b.ts <= p_to
  ),
  spacing as (
    select gap.instrument_id, percentile_cont(0.5) within group (order by gap.days) as days
    from (
      select dividend.instrument_id, dividend.session_date - lag(dividend.session_date) over (partition by dividend.instrument_id order by dividend.ts) as days
      from dividend
    ) as gap
    group by gap.instrument_id
  )
  select
    null::bigint,
    dividend.instrument_id,
    dividend.ts,
    jsonb_build_object('session_date', dividend.session_date),
    jsonb_build_object('dividend', dividend.amount, 'other_date', twin.session_date, 'other_dividend', twin.amount, 'usual_days', spacing.days),
    format('dividends more than %s of the usual time apart, or of different amounts', p_parameters ->> 'fraction'),
    format(
      'The dividend %s of %s is also on record for %s, where the price rather fell by it.',
      dividend.amount, dividend.session_date, twin.session_date
    )
  from dividend
  join spacing on spacing.instrument_id = dividend.instrument_id
  join lateral (
    select other.session_date, other.amount
    from dividend as other
    where other.instrument_id = dividend.instrument_id
      and other.ts <> dividend.ts
      and abs(other.session_date - dividend.session_date)
        <= greatest(
          (p_parameters ->> 'days')::double precision,
          least((p_parameters ->> 'max_days')::double precision, spacing.days * (p_parameters ->> 'fraction')::double precision)
        )
      and abs(ln(other.amount / dividend.amount)) <= (p_parameters ->> 'tolerance')::double precision
      and (other.fall, other.ts) > (dividend.fall, dividend.ts)
    order by abs(other.session_date - dividend.session_date), other.session_date
    limit 1
  ) as twin on true
  where dividend.ts >= p_from;
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
