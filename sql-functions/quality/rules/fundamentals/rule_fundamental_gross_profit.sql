-- Gross profit is revenue less its cost.
create or replace function quality.rule_fundamental_gross_profit(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
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
    'revenue - cost of revenue = gross profit',
    format(
      'From %s to %s: a gross profit of %s %s is reported, revenue less its cost is %s.',
      period.period_start, period.period_end, figure.gross_profit, period.unit, figure.revenue - figure.cost_of_revenue
    )
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{revenue,cost_of_revenue,gross_profit}') as period
  cross join lateral jsonb_to_record(period.figures) as figure (revenue numeric, cost_of_revenue numeric, gross_profit numeric)
  where abs(figure.revenue - figure.cost_of_revenue - figure.gross_profit)
    > (p_parameters ->> 'tolerance')::numeric * abs(figure.revenue);
end;

comment on function quality.rule_fundamental_gross_profit(bigint[], timestamptz, timestamptz, jsonb) is
'Periods (quality.statement_periods) whose reported gross profit differs from revenue less cost of revenue by more than tolerance of the revenue.';

revoke all on function quality.rule_fundamental_gross_profit(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_gross_profit(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_gross_profit', 'company_fundamental', 'fundamentals', 'warning', '{"tolerance": 0.005}',
  'Gross profit is not revenue less cost of revenue.',
  'Look at the filing itself: one of the three may be of another period, or restated alone; some companies leave depreciation out of the cost.',
  'gross_profit'
);
