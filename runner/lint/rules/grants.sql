-- Nothing is granted to everybody; reading is granted by table, writing by column, and creating to nobody.
select p.oid::regprocedure::text as object,
  format('revoke all on function %s from public, then grant it to who needs it', p.oid::regprocedure) as finding
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1)
  and (p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))
union all
select format('%I.%I', n.nspname, c.relname), format('revoke all on %I.%I from public', n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(c.relacl) a
where n.nspname = any ($1) and a.grantee = 0
union all
select format('%I.%I', n.nspname, c.relname),
  format('grant %s to %s by column, or not at all', lower(a.privilege_type), a.grantee::regrole)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(c.relacl) a
where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v') and a.grantee not in (0, c.relowner)
  and a.privilege_type not in ('SELECT', 'DELETE')
union all
select format('%I.%I.%I', n.nspname, c.relname, t.attname), format('grant select to %s on the whole table', a.grantee::regrole)
from pg_attribute t
join pg_class c on c.oid = t.attrelid
join pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(t.attacl) a
where n.nspname = any ($1) and a.privilege_type not in ('INSERT', 'UPDATE')
union all
select format('schema %I', n.nspname), format('revoke create on schema %I from %s', n.nspname, case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
from pg_namespace n
cross join lateral aclexplode(n.nspacl) a
where (n.nspname = any ($1) or n.nspname = 'public') and a.privilege_type = 'CREATE' and a.grantee not in (n.nspowner, 'pg_database_owner'::regrole)
union all
select format('schema %I', n.nspname), format('revoke all on schema %I from public', n.nspname)
from pg_namespace n
cross join lateral aclexplode(n.nspacl) a
where n.nspname = any ($1) and a.grantee = 0
