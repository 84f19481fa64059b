-- Nothing relies on sequences beyond identity columns: their numbers are neither dense nor ordered.
select format('%I.%I', n.nspname, c.relname) as object, 'make the column `generated always as identity`' as finding
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind = 'S'
  and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i')
union all
select p.oid::regprocedure::text, 'take the identity from `returning` instead of asking the sequence'
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1) and p.prokind in ('f', 'p') and pg_get_functiondef(p.oid) ~* '\m(nextval|currval|lastval|setval)\s*\('
