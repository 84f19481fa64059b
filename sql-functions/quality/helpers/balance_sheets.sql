-- The two sides of balance sheets.
create or replace function quality.balance_sheets(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.balance_sheet
language sql
stable
parallel safe
begin atomic
  select sheet.instrument_id, sheet.ts, sheet.period_end, sheet.unit, sheet.assets, other_side.total, other_side.formula
  from (
    select
      fact.instrument_id, fact.unit, fact.period_end,
      fact.period_end::timestamp at time zone 'UTC' as ts,
      max(fact.value) filter (where fact.concept = 'Assets') as assets,
      max(fact.value) filter (where fact.concept = 'LiabilitiesAndStockholdersEquity') as liabilities_and_equity,
      max(fact.value) filter (where fact.concept = 'Liabilities') as liabilities,
      max(fact.value) filter (where fact.concept = 'StockholdersEquity') as equity,
      max(fact.value) filter (where fact.concept = 'StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest') as whole_equity,
      max(fact.value) filter (where fact.concept = 'MinorityInterest') as minority,
      max(fact.value) filter (where fact.concept = 'TemporaryEquityCarryingAmountAttributableToParent') as temporary_equity
    from market.company_fundamental as fact
    where fact.instrument_id = any (p_instrument_ids)
      and fact.taxonomy = 'us-gaap'
      and fact.period_start = fact.period_end
      and fact.period_end::timestamp at time zone 'UTC' between p_from and p_to
      and fact.concept in (
        'Assets', 'LiabilitiesAndStockholdersEquity', 'Liabilities', 'StockholdersEquity',
        'StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest', 'MinorityInterest',
        'TemporaryEquityCarryingAmountAttributableToParent'
      )
    group by fact.instrument_id, fact.unit, fact.period_end
  ) as sheet
  cross join lateral (
    select
      coalesce(
        sheet.liabilities_and_equity,
        sheet.liabilities + coalesce(sheet.whole_equity, sheet.equity + coalesce(sheet.minority, 0)) + coalesce(sheet.temporary_equity, 0)
      ) as total,
      case
        when sheet.liabilities_and_equity is not null then 'liabilities and equity as reported'
        else 'liabilities plus equity'
      end as formula
  ) as other_side
  where sheet.assets is not null and other_side.total is not null;
end;

comment on function quality.balance_sheets(bigint[], timestamptz, timestamptz) is
'Total assets and the other side of each balance sheet dated from p_from to p_to, per currency, from the us-gaap concepts Assets and LiabilitiesAndStockholdersEquity; where the latter is missing, Liabilities plus StockholdersEquity (with MinorityInterest, or the concept that includes it) plus temporary equity. Dates without both sides give no row.';

revoke all on function quality.balance_sheets(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.balance_sheets(bigint[], timestamptz, timestamptz) to marketbase_worker;
