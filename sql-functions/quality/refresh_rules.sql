-- Registers the rules in force again, with what their functions say now.
create or replace function quality.refresh_rules()
returns bigint
language sql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
begin atomic
  select count(*)
  from quality.rule_in_force as before
  cross join lateral quality.define_rule(
    before.rule, before.dataset, before.family, before.severity, before.parameters, before.description, before.remedy, before.population
  ) as after
  where after.version <> before.version;
end;

comment on function quality.refresh_rules() is
'Registers every rule in force again, so that a helper or population that was replaced without its rules makes new versions of them. Returns how many rules have a new version; 0 where nothing changed. Errors: as quality.define_rule.';

revoke all on function quality.refresh_rules() from public;
grant execute on function quality.refresh_rules() to marketbase_worker;
