-- A table or view has a name of its own across the schemas, and a function one signature: GraphQL has one name for each.
select format('%I.%I', n.nspname, c.relname) as object, format('rename it: %I.%I has the same name', o.nspname, c.relname) as finding
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_class d on d.relname = c.relname and d.oid <> c.oid and d.relkind in ('r', 'p', 'v', 'c')
join pg_namespace o on o.oid = d.relnamespace
where n.nspname = any ($1) and o.nspname = any ($1) and n.nspname > o.nspname and c.relkind in ('r', 'p', 'v', 'c')
  -- Unless GraphQL leaves one of them out.
  and coalesce(obj_description(c.oid, 'pg_class'), '') || coalesce(obj_description(d.oid, 'pg_class'), '') !~ '@behavior -'
union all
select min(p.oid::regprocedure::text), format('give the %s functions called %I.%I different names', count(*), n.nspname, p.proname)
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1) and n.nspname not in ('ta', 'internal')
group by n.nspname, p.proname
having count(*) > 1
