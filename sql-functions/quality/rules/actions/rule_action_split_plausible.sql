-- A split has a ratio that splits have.
create or replace function quality.rule_action_split_plausible(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    action.instrument_id,
    action.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', action.ex_date, 'action_type', 'split'),
    jsonb_build_object('ratio', action.amount),
    format('a ratio other than 1 and from 1 / %s to %s', p_parameters ->> 'max_ratio', p_parameters ->> 'max_ratio'),
    format('The split of %s has a ratio of %s.', action.ex_date, trim_scale(round(action.amount, 6)))
  from market.corporate_action as action
  where action.instrument_id = any (p_instrument_ids)
    and action.action_type = 'split'
    and action.ex_date::timestamp at time zone 'UTC' between p_from and p_to
    and (
      action.amount = 1
      or action.amount > (p_parameters ->> 'max_ratio')::numeric
      or action.amount * (p_parameters ->> 'max_ratio')::numeric < 1
    );
end;

comment on function quality.rule_action_split_plausible(bigint[], timestamptz, timestamptz, jsonb) is
'Splits on record with a ratio of exactly 1, above max_ratio or below its inverse.';

revoke all on function quality.rule_action_split_plausible(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_split_plausible(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_split_plausible', 'price_data', 'actions', 'error', '{"max_ratio": 100000}',
  'The ratio of a split is one that splits do not have: it was read the wrong way, or is not a ratio.',
  'Look the split up; correct it at its source.',
  'split'
);
