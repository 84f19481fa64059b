-- Earnings per share are net income over shares.
create or replace function quality.rule_fundamental_earnings_per_share(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    earnings.instrument_id,
    earnings.ts,
    jsonb_build_object('period_start', earnings.period_start, 'period_end', earnings.period_end),
    jsonb_build_object('net_income', earnings.net_income, 'shares', earnings.shares, 'earnings_per_share', earnings.earnings_per_share),
    'net income / weighted average shares = earnings per share',
    format(
      'From %s to %s: %s per share are reported, net income over shares is %s.',
      earnings.period_start, earnings.period_end, earnings.earnings_per_share, round(earnings.net_income / earnings.shares, 4)
    )
  from quality.earnings(p_instrument_ids, p_from, p_to) as earnings
  where abs(earnings.earnings_per_share - earnings.net_income / earnings.shares)
    > (p_parameters ->> 'rounding')::numeric + (p_parameters ->> 'tolerance')::numeric * abs(earnings.net_income / earnings.shares);
end;

comment on function quality.rule_fundamental_earnings_per_share(bigint[], timestamptz, timestamptz, jsonb) is
'Periods (quality.earnings) whose reported basic earnings per share differ from net income over weighted average shares by more than tolerance of it and rounding (in the currency) together. Preferred dividends and several classes of shares make a difference by right.';

revoke all on function quality.rule_fundamental_earnings_per_share(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_earnings_per_share(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_earnings_per_share', 'company_fundamental', 'fundamentals', 'warning', '{"tolerance": 0.02, "rounding": 0.005}',
  'Net income, shares and earnings per share do not fit together.',
  'Look at the filing itself: after a split one of the three may be restated alone; preferred dividends are not in net income.',
  'earnings'
);
