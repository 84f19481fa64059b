-- A part is not larger than the whole.
create or replace function quality.rule_fundamental_parts(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    sheet.instrument_id,
    sheet.ts,
    jsonb_build_object('period_end', sheet.period_end, 'unit', sheet.unit),
    jsonb_object_agg(pair.part, sheet.figures -> pair.part) || jsonb_object_agg(pair.whole, sheet.figures -> pair.whole),
    'no part larger than its whole',
    format(
      '%s: %s.', sheet.period_end,
      string_agg(format('%s of %s %s are more than %s of %s', pair.part, sheet.figures ->> pair.part, sheet.unit, pair.whole, sheet.figures ->> pair.whole), ', ' order by pair.part)
    )
  from quality.statement_periods(
    p_instrument_ids, p_from, p_to, '{total_assets}', '{cash,receivables,inventory,current_assets,goodwill,current_liabilities,total_liabilities}'
  ) as sheet
  cross join (
    values
      ('cash', 'total_assets'), ('receivables', 'current_assets'), ('inventory', 'current_assets'), ('current_assets', 'total_assets'),
      ('goodwill', 'total_assets'), ('current_liabilities', 'total_liabilities')
  ) as pair (part, whole)
  where (sheet.figures ->> pair.part)::numeric > (1 + (p_parameters ->> 'tolerance')::numeric) * (sheet.figures ->> pair.whole)::numeric
  group by sheet.instrument_id, sheet.ts, sheet.period_end, sheet.unit;
end;

comment on function quality.rule_fundamental_parts(bigint[], timestamptz, timestamptz, jsonb) is
'Balance sheets (quality.statement_periods) in which cash, current assets or goodwill are more than total assets, receivables or inventory more than current assets, or current liabilities more than total liabilities, by more than tolerance.';

revoke all on function quality.rule_fundamental_parts(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_parts(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_parts', 'company_fundamental', 'fundamentals', 'error', '{"tolerance": 0.001}',
  'A part of the balance sheet is larger than the whole.',
  'Look at the filing itself: one of the two may be in another scale, or of another date.',
  'total_assets'
);
