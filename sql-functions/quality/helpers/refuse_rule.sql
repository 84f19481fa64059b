-- Says which rule failed.
create or replace function quality.refuse_rule(p_rule text, p_sqlstate text, p_problem text)
returns void
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_rule constant quality.rule_in_force := (select r from quality.rule_in_force as r where r.rule = p_rule);
begin
  raise exception using errcode = p_sqlstate,
    message = format('Rule %s (version %s) could not be applied: %s', v_rule.rule, v_rule.version, p_problem),
    hint = format('Correct %s in sql-functions/quality/rules, or take it out of force with quality.retire_rule.', v_rule.function_name);
end;
$$;

comment on function quality.refuse_rule(text, text, text) is
'Raises p_sqlstate with a message that names the rule p_rule, in force, and its version; p_problem is what PostgreSQL said.';

revoke all on function quality.refuse_rule(text, text, text) from public;
grant execute on function quality.refuse_rule(text, text, text) to marketbase_worker;
