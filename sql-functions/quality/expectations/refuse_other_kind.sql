-- Refuses to change a rule that is not the caller's to change.
create or replace function quality.refuse_other_kind(p_rule text, p_is_expectation boolean)
returns void
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_was_expectation constant boolean := (select bool_or(r.expectation is not null) from quality.validation_rule as r where r.rule = p_rule);
begin
  if v_was_expectation <> p_is_expectation then
    raise exception using errcode = 'MB008',
      message = format('%s is the name of a rule that is %s.', p_rule, case when v_was_expectation then 'an expectation' else 'a function of its own' end),
      hint = 'Choose another name.';
  elsif not p_is_expectation
    and not pg_has_role(quality.acting_role(), 'marketbase_worker', 'member') and not pg_has_role(quality.acting_role(), 'marketbase_owner', 'member')
  then
    raise exception using errcode = '42501',
      message = format('%s may not change rule %s, which is a function of its own.', quality.acting_role(), p_rule),
      hint = 'An author defines and retires expectations and conditions; the rules of the repository are changed there.';
  end if;
end;
$$;

comment on function quality.refuse_other_kind(text, boolean) is
E'@behavior -*\nWhether the acting role may define or retire p_rule, which is an expectation or else a function of its own. Errors: MB008 where the name belongs to a rule of the other kind, 42501 where the rule is a function and the role is neither the worker nor the owner.';

revoke all on function quality.refuse_other_kind(text, boolean) from public;
grant execute on function quality.refuse_other_kind(text, boolean) to marketbase_worker;
