-- Takes a rule out of force.
-- security definer: an author may retire what authors define but owns no table; a rule that is a function stays with the worker and the owner.
create or replace function quality.retire_rule(p_rule text)
returns void
language plpgsql
volatile
parallel unsafe
security definer
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));
  if not exists (select from quality.validation_rule as r where r.rule = p_rule) then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s.', coalesce(quote_literal(left(p_rule, 80)), 'null')),
      hint = 'select rule from quality.rule_in_force lists them.';
  end if;
  perform quality.refuse_other_kind(p_rule, (select bool_or(r.expectation is not null) from quality.validation_rule as r where r.rule = p_rule));
  insert into quality.rule_activation (rule, version)
  select r.rule, null
  from quality.rule_in_force as r
  where r.rule = p_rule;
end;
$$;

comment on function quality.retire_rule(text) is
'Takes the rule p_rule out of force; its versions, results and findings stay. A rule that is retired already changes nothing; quality.define_rule brings it back. Errors: MB003 where no such rule was ever registered, 42501 where an author retires a rule that is a function.';

revoke all on function quality.retire_rule(text) from public;
grant execute on function quality.retire_rule(text) to marketbase_worker, marketbase_author;
