-- Registers the rules in force again, with what their functions say now.
create or replace function quality.refresh_rules()
returns bigint
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_before quality.rule_in_force;
  v_count bigint := 0;
begin
  for v_before in select r.* from quality.rule_in_force as r order by r.rule loop
    begin
      v_count := v_count + ((quality.define_rule(
        v_before.rule, v_before.dataset, v_before.family, v_before.severity, v_before.parameters, v_before.description, v_before.remedy,
        case when v_before.expectation is null then v_before.population end, v_before.expectation
      )).version <> v_before.version)::integer;
    exception
      -- An expectation of what is no longer there stays in force and fails when it is applied.
      when sqlstate 'MB001' or sqlstate 'MB003' then
        if v_before.expectation is null then
          raise;
        end if;
    end;
  end loop;
  return v_count;
end;
$$;

comment on function quality.refresh_rules() is
'Registers every rule in force again, so that a helper or population that was replaced without its rules makes new versions of them. Returns how many rules have a new version; 0 where nothing changed. An expectation whose dataset no longer has what it names stays as it is. Errors: as quality.define_rule.';

revoke all on function quality.refresh_rules() from public;
grant execute on function quality.refresh_rules() to marketbase_worker;
