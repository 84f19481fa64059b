-- Row-level security is on for every table, and every policy names the roles that it is for. A partition needs no policy: it is read through its table,
-- and by itself by nobody.
select format('%I.%I', n.nspname, c.relname) as object,
  format('write `alter table %I.%I enable row level security` and its policies in sql-functions/%s/grants.sql', n.nspname, c.relname, n.nspname) as finding
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind in ('r', 'p') and not c.relrowsecurity
union all
select format('%I.%I', n.nspname, c.relname), format('write who may see and change its rows as policies in sql-functions/%s/grants.sql', n.nspname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind in ('r', 'p') and c.relrowsecurity and not c.relispartition and not exists (select from pg_policy p where p.polrelid = c.oid)
union all
select format('%s.%I', p.polrelid::regclass, p.polname), 'name the roles of the policy instead of public'
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and 0::oid = any (p.polroles)
