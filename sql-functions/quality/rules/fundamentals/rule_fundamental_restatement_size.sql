-- A restatement is not of another order.
create or replace function quality.rule_fundamental_restatement_size(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    restated.instrument_id,
    restated.ts,
    jsonb_build_object('concept', restated.concept, 'period_start', restated.period_start, 'period_end', restated.period_end, 'unit', restated.unit),
    jsonb_build_object('value', restated.value, 'previous_value', restated.previous_value, 'accession', restated.accession),
    'a restatement of less than the tolerance',
    format('%s of %s was %s %s and is %s by filing %s.', restated.concept, restated.period_end, restated.previous_value, restated.unit, restated.value, restated.accession)
  from quality.restatements(p_instrument_ids, p_from, p_to) as restated
  where abs(restated.value - restated.previous_value) > (p_parameters ->> 'tolerance')::numeric * abs(restated.previous_value)
    and p_parameters -> 'concepts' ? restated.concept;
end;

comment on function quality.rule_fundamental_restatement_size(bigint[], timestamptz, timestamptz, jsonb) is
'Restated facts (quality.restatements) of the parameter concepts whose value changed by more than tolerance of the previous one.';

revoke all on function quality.rule_fundamental_restatement_size(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_restatement_size(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_restatement_size', 'company_fundamental', 'fundamentals', 'warning',
  '{"tolerance": 0.1, "concepts": ["Assets", "Liabilities", "StockholdersEquity", "Revenues", "RevenueFromContractWithCustomerExcludingAssessedTax", "SalesRevenueNet", "NetIncomeLoss", "OperatingIncomeLoss", "NetCashProvidedByUsedInOperatingActivities"]}',
  'A later filing changed a main figure by more than a tenth.',
  'Read the filing that did it: a change of method or discontinued operations may be the reason. market.company_fundamental_version has both values, and models trained before know the first one.',
  'restatement'
);
