-- The source of a function and of every quality function that it calls.
create or replace function quality.rule_definitions(p_function regprocedure)
returns text[]
language sql
stable
parallel safe
set search_path to pg_catalog, pg_temp
begin atomic
  with recursive called (oid) as (
    select p_function::oid
    union
    select dependency.refobjid
    from called
    join pg_depend as dependency
      on dependency.classid = 'pg_proc'::regclass and dependency.objid = called.oid and dependency.refclassid = 'pg_proc'::regclass
    join pg_proc as callee on callee.oid = dependency.refobjid and callee.pronamespace = 'quality'::regnamespace
  )
  select array_agg(definition.source order by definition.source)
  from called
  cross join lateral (select pg_get_functiondef(called.oid) as source) as definition
  where definition.source is not null;
end;

comment on function quality.rule_definitions(regprocedure) is
'The definition of p_function and, where its body is atomic SQL, of the functions of this schema that it calls, directly or through others, sorted. NULL for NULL. The version of a rule is made from it, so that a changed helper is a new version of every rule that uses it.';

revoke all on function quality.rule_definitions(regprocedure) from public;
grant execute on function quality.rule_definitions(regprocedure) to marketbase_worker;
