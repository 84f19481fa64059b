-- Both sides of a balance sheet are equal.
create or replace function quality.rule_fundamental_balance(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
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
    jsonb_build_object('assets', sheet.assets, 'liabilities_and_equity', sheet.liabilities_and_equity, 'formula', sheet.formula),
    'assets = liabilities + equity',
    format(
      'Assets of %s are %s %s, but %s are %s.',
      sheet.period_end, sheet.assets, sheet.unit, sheet.formula, sheet.liabilities_and_equity
    )
  from quality.balance_sheets(p_instrument_ids, p_from, p_to) as sheet
  where abs(sheet.assets - sheet.liabilities_and_equity) > (p_parameters ->> 'tolerance')::numeric * abs(sheet.assets);
end;

comment on function quality.rule_fundamental_balance(bigint[], timestamptz, timestamptz, jsonb) is
'Balance sheets (quality.balance_sheets) whose two sides differ by more than tolerance of the assets.';

revoke all on function quality.rule_fundamental_balance(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_balance(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_balance', 'company_fundamental', 'fundamentals', 'error', '{"tolerance": 0.001}',
  'Total assets are not liabilities plus equity.',
  'Look at the filing itself: a value may be of another date, in another scale, or restated on one side alone.',
  'balance_sheet'
);
