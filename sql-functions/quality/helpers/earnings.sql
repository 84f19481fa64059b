-- Net income, shares and earnings per share of the same period.
create or replace function quality.earnings(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.earnings_period
language sql
stable
parallel safe
begin atomic
  select
    income.instrument_id, income.period_end::timestamp at time zone 'UTC', income.period_start, income.period_end, income.unit,
    income.value, shares.value, per_share.value
  from market.company_fundamental as income
  join market.company_fundamental as shares
    on shares.instrument_id = income.instrument_id
    and shares.taxonomy = income.taxonomy
    and shares.concept = 'WeightedAverageNumberOfSharesOutstandingBasic'
    and shares.unit = 'shares'
    and shares.period_start = income.period_start
    and shares.period_end = income.period_end
  join market.company_fundamental as per_share
    on per_share.instrument_id = income.instrument_id
    and per_share.taxonomy = income.taxonomy
    and per_share.concept = 'EarningsPerShareBasic'
    and per_share.unit = income.unit || '/shares'
    and per_share.period_start = income.period_start
    and per_share.period_end = income.period_end
  where income.instrument_id = any (p_instrument_ids)
    and income.taxonomy = 'us-gaap'
    and income.concept = 'NetIncomeLoss'
    and income.period_end::timestamp at time zone 'UTC' between p_from and p_to
    and shares.value > 0;
end;

comment on function quality.earnings(bigint[], timestamptz, timestamptz) is
'NetIncomeLoss, WeightedAverageNumberOfSharesOutstandingBasic and EarningsPerShareBasic (us-gaap) of each period that has all three and ends from p_from to p_to.';

revoke all on function quality.earnings(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.earnings(bigint[], timestamptz, timestamptz) to marketbase_worker;
