-- The verdict of a rule that cannot be applied.
create or replace function quality.broken_verdict(p_rule text, p_error text)
returns quality.expectation_verdict
language sql
immutable
parallel safe
begin atomic
  select
    null::bigint, 'failed'::text, 1::bigint, 1::bigint, 0::bigint, null::timestamptz, null::timestamptz,
    quality.verdict_message('failed', 1, 1, 0, said.message),
    array[row(
      null, null, null, jsonb_build_object('rule', p_rule), jsonb_build_object('error', p_error), 'a rule that can be applied', said.message
    )::quality.violation]
  from (select format('The rule could not be applied: %s', p_error) as message) as said;
end;

comment on function quality.broken_verdict(text, text) is
E'@behavior -*\nThe verdict of the rule p_rule that ran into the error p_error: failed, for the dataset as a whole.';

revoke all on function quality.broken_verdict(text, text) from public;
grant execute on function quality.broken_verdict(text, text) to marketbase_worker, marketbase_author;
