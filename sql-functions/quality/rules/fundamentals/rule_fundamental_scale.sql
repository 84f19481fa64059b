-- A total is in the scale of those around it.
create or replace function quality.rule_fundamental_scale(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    total.instrument_id,
    total.ts,
    jsonb_build_object('item', total.item, 'period_start', total.period_start, 'period_end', total.period_end, 'unit', total.unit),
    jsonb_build_object('value', total.value, 'others', jsonb_build_array(total.one_side, total.other_side)),
    'a value in the scale of those before and after it',
    format(
      '%s of %s is %s %s, the nearest other ones are %s and %s.', total.item, total.period_end, total.value, total.unit, total.one_side, total.other_side
    )
  from quality.statement_totals(p_instrument_ids, p_from, p_to, '{revenue,total_assets,total_liabilities,shares_basic,shares_issued_outstanding}') as total
  where greatest(total.one_side / total.other_side, total.other_side / total.one_side) < (p_parameters ->> 'agree_within')::numeric
    and abs(log(total.value) - (log(total.one_side) + log(total.other_side)) / 2) > log((p_parameters ->> 'factor')::numeric);
end;

comment on function quality.rule_fundamental_scale(bigint[], timestamptz, timestamptz, jsonb) is
'Revenue, total assets and liabilities and numbers of shares that are more than factor times the two nearest values of the same line (quality.statement_totals), or less than that part of them, while those two are within agree_within of each other: figures in thousands among figures in units, or the other way round. A lasting change of the scale is found where it sets in and where it ends only.';

revoke all on function quality.rule_fundamental_scale(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_scale(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_scale', 'company_fundamental', 'fundamentals', 'error', '{"factor": 300, "agree_within": 10}',
  'A total is in another scale than the ones before and after it, as when thousands were taken for units.',
  'Look at the filing itself for the scale of its figures, and correct the value at its source.',
  'statement_total'
);
