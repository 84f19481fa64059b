-- What cannot be negative is not.
create or replace function quality.rule_fundamental_sign(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    fact.instrument_id,
    fact.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('concept', fact.concept, 'period_start', fact.period_start, 'period_end', fact.period_end, 'unit', fact.unit),
    jsonb_build_object('value', fact.value),
    'a value of 0 or more',
    format('%s of %s is %s %s.', fact.concept, fact.period_end, fact.value, fact.unit)
  from market.company_fundamental as fact
  where fact.instrument_id = any (p_instrument_ids)
    and fact.period_end::timestamp at time zone 'UTC' between p_from and p_to
    and fact.value < 0
    and p_parameters -> 'concepts' ? fact.concept;
end;

comment on function quality.rule_fundamental_sign(bigint[], timestamptz, timestamptz, jsonb) is
'Reported facts below 0 of the concepts in the parameter concepts. checked_count counts all facts of the instrument.';

revoke all on function quality.rule_fundamental_sign(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_sign(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_sign', 'company_fundamental', 'fundamentals', 'error', '{"concepts": ["Assets", "AssetsCurrent", "Liabilities", "LiabilitiesCurrent", "LiabilitiesAndStockholdersEquity", "CommonStockSharesOutstanding", "WeightedAverageNumberOfSharesOutstandingBasic", "EntityCommonStockSharesOutstanding"]}',
  'A total of assets, liabilities or shares is negative.',
  'Look at the filing itself: the sign was lost or turned on the way.'
);
