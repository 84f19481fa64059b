-- Who may do what: roles, memberships, privileges, row-level security, functions that act with the rights of their owner, append-only tables.
--
--   psql "$URL" -X -f db/reports/access.sql                  the catalogue as it is now
--   psql "$URL" -X -v lines=1000 -f db/reports/access.sql    with longer lists
--
-- PostgreSQL keeps no history of privileges: a report of the past would be a guess, and is refused.
\set ON_ERROR_STOP on
\set report 'access'
\set title 'access and privileges'
\set takes 'lines'
\ir common/begin.sql
\ir common/lists.sql
\echo '# This report says what the catalogue holds now; PostgreSQL keeps no history of it. Run it regularly and keep the files.'
\echo '#'

\echo '# 1. Roles'
select
  role.rolname as role,
  case when role.rolcanlogin then 'yes' else 'no' end as login,
  case when role.rolsuper then 'YES' else 'no' end as superuser,
  case when role.rolbypassrls then 'YES' else 'no' end as bypass_rls,
  case when role.rolcreaterole or role.rolcreatedb then 'YES' else 'no' end as creates,
  case when role.rolinherit then 'yes' else 'no' end as inherits,
  nullif(role.rolconnlimit, -1) as connections,
  (select count(*) from pg_catalog.pg_class as owned where owned.relowner = role.oid and owned.relkind in ('r', 'p', 'v', 'm')) as owns,
  role.rolvaliduntil::date as valid_until
from pg_catalog.pg_roles as role
where role.rolname not like 'pg\_%'
order by role.rolname
limit :lines;

\echo '# 2. Memberships: who has the rights of whom, and whether at once (inherit) or after set role'
select
  member.rolname as member,
  granted.rolname as of_role,
  case when membership.inherit_option then 'yes' else 'no' end as inherit,
  case when membership.set_option then 'yes' else 'no' end as set_role,
  case when membership.admin_option then 'YES' else 'no' end as admin,
  grantor.rolname as granted_by
from pg_catalog.pg_auth_members as membership
join pg_catalog.pg_roles as member on member.oid = membership.member
join pg_catalog.pg_roles as granted on granted.oid = membership.roleid
join pg_catalog.pg_roles as grantor on grantor.oid = membership.grantor
order by member.rolname, granted.rolname, grantor.rolname
limit :lines;

\echo '# 3. Who may write: tables and views on which a role itself has more than the right to read (its members have it too)'
-- chart: bars of insert, update, delete over schema by role
select
  grantee.role,
  grantee.schema,
  count(distinct grantee.relation) as tables,
  count(distinct grantee.relation) filter (where grantee.privilege = 'INSERT') as insert,
  count(distinct grantee.relation) filter (where grantee.privilege = 'UPDATE') as update,
  count(distinct grantee.relation) filter (where grantee.privilege = 'DELETE') as delete,
  count(distinct grantee.relation) filter (where grantee.privilege = 'TRUNCATE') as truncate,
  count(distinct grantee.relation) filter (where grantee.privilege in ('REFERENCES', 'TRIGGER', 'MAINTAIN')) as other
from (
  select
    case privilege.grantee when 0 then 'PUBLIC' else privilege.grantee::regrole::text end as role,
    schema.nspname as schema, relation.oid as relation, privilege.privilege_type as privilege
  from pg_catalog.pg_class as relation
  join pg_catalog.pg_namespace as schema on schema.oid = relation.relnamespace
  cross join lateral (
    select granted.grantee, granted.privilege_type from pg_catalog.aclexplode(relation.relacl) as granted
    union
    select granted.grantee, granted.privilege_type
    from pg_catalog.pg_attribute as attribute
    cross join lateral pg_catalog.aclexplode(attribute.attacl) as granted
    where attribute.attrelid = relation.oid
  ) as privilege
  where relation.relkind in ('r', 'p', 'v', 'm') and schema.nspname !~ '^pg_' and schema.nspname <> 'information_schema'
    and privilege.grantee <> relation.relowner and privilege.privilege_type <> 'SELECT'
) as grantee
group by grantee.role, grantee.schema
order by grantee.role, grantee.schema
limit :lines;

\echo '# 4. Who may write which table, and which columns'
select
  written.role,
  quality.report_text(written.relation, 40) as relation,
  quality.report_text(string_agg(written.what, ', ' order by written.what), 54) as may
from (
  select
    case privilege.grantee when 0 then 'PUBLIC' else privilege.grantee::regrole::text end as role,
    format('%s.%s', schema.nspname, relation.relname) as relation,
    case when bool_or(privilege.is_whole) then lower(privilege.privilege_type)
      else format('%s (%s columns)', lower(privilege.privilege_type), count(*)) end as what
  from pg_catalog.pg_class as relation
  join pg_catalog.pg_namespace as schema on schema.oid = relation.relnamespace
  cross join lateral (
    select granted.grantee, granted.privilege_type, true as is_whole from pg_catalog.aclexplode(relation.relacl) as granted
    union all
    select granted.grantee, granted.privilege_type, false
    from pg_catalog.pg_attribute as attribute
    cross join lateral pg_catalog.aclexplode(attribute.attacl) as granted
    where attribute.attrelid = relation.oid
  ) as privilege
  where relation.relkind in ('r', 'p', 'v', 'm') and schema.nspname !~ '^pg_' and schema.nspname <> 'information_schema'
    and privilege.grantee <> relation.relowner and privilege.privilege_type <> 'SELECT'
  group by privilege.grantee, schema.nspname, relation.relname, privilege.privilege_type
) as written
group by written.role, written.relation
order by written.role, written.relation
limit :lines;

\echo '# 5. Who may read: tables and views by schema, by the rights of the role and of those that it inherits'
select
  schema.nspname as schema,
  count(*) as relations,
  count(*) filter (where pg_catalog.has_table_privilege('marketbase_reader', relation.oid, 'SELECT')) as reader,
  count(*) filter (where pg_catalog.has_table_privilege('marketbase_analyst', relation.oid, 'SELECT')) as analyst,
  count(*) filter (where pg_catalog.has_table_privilege('marketbase_auditor', relation.oid, 'SELECT')) as auditor,
  count(*) filter (where pg_catalog.has_table_privilege('marketbase_author', relation.oid, 'SELECT')) as author,
  count(*) filter (where pg_catalog.has_table_privilege('marketbase_worker', relation.oid, 'SELECT')) as worker
from pg_catalog.pg_class as relation
join pg_catalog.pg_namespace as schema on schema.oid = relation.relnamespace
where relation.relkind in ('r', 'p', 'v', 'm') and schema.nspname !~ '^pg_' and schema.nspname <> 'information_schema'
group by schema.nspname
order by schema.nspname
limit :lines;

\echo '# 6. Who may execute: functions by schema; those that are volatile may write'
select
  schema.nspname as schema,
  count(*) as functions,
  count(*) filter (where function.provolatile = 'v') as volatile,
  count(*) filter (where pg_catalog.has_function_privilege('marketbase_reader', function.oid, 'EXECUTE')) as reader,
  count(*) filter (where pg_catalog.has_function_privilege('marketbase_reader', function.oid, 'EXECUTE') and function.provolatile = 'v') as reader_volatile,
  count(*) filter (where pg_catalog.has_function_privilege('marketbase_analyst', function.oid, 'EXECUTE')) as analyst,
  count(*) filter (where pg_catalog.has_function_privilege('marketbase_author', function.oid, 'EXECUTE')) as author,
  count(*) filter (where pg_catalog.has_function_privilege('marketbase_worker', function.oid, 'EXECUTE')) as worker,
  count(*) filter (where function.proacl is null or exists (
    select from pg_catalog.aclexplode(function.proacl) as granted where granted.grantee = 0
  )) as public
from pg_catalog.pg_proc as function
join pg_catalog.pg_namespace as schema on schema.oid = function.pronamespace
where schema.nspname !~ '^pg_' and schema.nspname <> 'information_schema'
group by schema.nspname
order by schema.nspname
limit :lines;

\echo '# 7. Functions that act with the rights of their owner (security definer)'
select
  quality.report_text(format('%s.%s', schema.nspname, function.proname), 40) as function,
  owner.rolname as owner,
  quality.report_text(array_to_string(function.proconfig, ' '), 26) as settings,
  (
    select quality.report_text(string_agg(case granted.grantee when 0 then 'PUBLIC' else granted.grantee::regrole::text end, ', '
      order by granted.grantee::regrole::text), 36)
    from pg_catalog.aclexplode(function.proacl) as granted
    where granted.grantee <> function.proowner
  ) as may_execute
from pg_catalog.pg_proc as function
join pg_catalog.pg_namespace as schema on schema.oid = function.pronamespace
join pg_catalog.pg_roles as owner on owner.oid = function.proowner
where function.prosecdef and schema.nspname !~ '^pg_' and schema.nspname <> 'information_schema'
order by schema.nspname, function.proname, function.oid
limit :lines;

\echo '# 8. Row-level security: tables without it that somebody beside the owner may read or write'
select
  quality.report_text(format('%s.%s', schema.nspname, relation.relname), 60) as relation,
  owner.rolname as owner
from pg_catalog.pg_class as relation
join pg_catalog.pg_namespace as schema on schema.oid = relation.relnamespace
join pg_catalog.pg_roles as owner on owner.oid = relation.relowner
where relation.relkind in ('r', 'p') and not relation.relrowsecurity and schema.nspname !~ '^pg_' and schema.nspname <> 'information_schema'
  and exists (select from pg_catalog.aclexplode(relation.relacl) as granted where granted.grantee <> relation.relowner)
order by schema.nspname, relation.relname
limit :lines;

\echo '# 9. Policies of row-level security: to whom, for what, on which rows; how many tables have the same'
select
  quality.report_text(array_to_string(policy.roles, ', '), 44) as roles,
  lower(policy.cmd) as command,
  lower(policy.permissive) as kind,
  quality.report_text(policy.qual, 20) as rows,
  quality.report_text(policy.with_check, 20) as new_rows,
  count(*) as tables
from pg_catalog.pg_policies as policy
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5
limit :lines;

\echo '# 10. Append-only tables: update, delete and truncate are refused for every role'
select
  schema.nspname as schema,
  count(*) as tables,
  quality.report_text(string_agg(relation.relname, ', ' order by relation.relname), 96) as names
from (
  select distinct trigger.tgrelid
  from pg_catalog.pg_trigger as trigger
  join pg_catalog.pg_proc as function on function.oid = trigger.tgfoid
  where function.proname = 'refuse_change' and function.pronamespace = (select oid from pg_catalog.pg_namespace where nspname = 'internal')
    and trigger.tgenabled <> 'D'
) as guarded
join pg_catalog.pg_class as relation on relation.oid = guarded.tgrelid
join pg_catalog.pg_namespace as schema on schema.oid = relation.relnamespace
group by schema.nspname
order by schema.nspname
limit :lines;

\ir common/end.sql
