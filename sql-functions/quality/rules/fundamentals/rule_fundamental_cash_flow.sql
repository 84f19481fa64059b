-- The parts of the cash flow are the change in cash.
create or replace function quality.rule_fundamental_cash_flow(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    period.instrument_id,
    period.ts,
    jsonb_build_object('period_start', period.period_start, 'period_end', period.period_end, 'unit', period.unit),
    period.figures,
    'operating + investing + financing cash flow + effect of exchange rates = change in cash',
    format(
      'From %s to %s: cash changed by %s %s as reported, its parts add up to %s.',
      period.period_start, period.period_end, figure.change_in_cash, period.unit, added.parts + coalesce(figure.exchange_rate_effect, 0)
    )
  from quality.statement_periods(
    p_instrument_ids, p_from, p_to, '{operating_cash_flow,investing_cash_flow,financing_cash_flow,change_in_cash}', '{exchange_rate_effect}'
  ) as period
  cross join lateral jsonb_to_record(period.figures) as figure (
    operating_cash_flow numeric, investing_cash_flow numeric, financing_cash_flow numeric, change_in_cash numeric, exchange_rate_effect numeric
  )
  cross join lateral (
    select
      figure.operating_cash_flow + figure.investing_cash_flow + figure.financing_cash_flow as parts,
      greatest(abs(figure.operating_cash_flow), abs(figure.investing_cash_flow), abs(figure.financing_cash_flow)) as largest
  ) as added
  where least(
    abs(added.parts - figure.change_in_cash),
    abs(added.parts + coalesce(figure.exchange_rate_effect, 0) - figure.change_in_cash)
  ) > (p_parameters ->> 'tolerance')::numeric * added.largest;
end;

comment on function quality.rule_fundamental_cash_flow(bigint[], timestamptz, timestamptz, jsonb) is
'Periods (quality.statement_periods) in which operating, investing and financing cash flow and, where there is one, the effect of exchange rates differ from the reported change in cash by more than tolerance of the largest of the three. A change that is reported before that effect is right, too.';

revoke all on function quality.rule_fundamental_cash_flow(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_cash_flow(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_cash_flow', 'company_fundamental', 'fundamentals', 'warning', '{"tolerance": 0.005}',
  'The cash flow statement does not add up.',
  'Look at the filing itself: a part may have lost its sign, or belong to another period; discontinued operations are sometimes shown apart.',
  'cash_flow'
);
