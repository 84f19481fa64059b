-- Every schema, table, view, column, type and function has a comment: it is the documentation of psql, pgAdmin and GraphQL. The columns of a partition
-- are those of its table.
select format('schema %I', n.nspname) as object, format('write `comment on schema %I`', n.nspname) as finding
from pg_namespace n
where n.nspname = any ($1) and obj_description(n.oid, 'pg_namespace') is null
union all
select format('%I.%I', n.nspname, c.relname), format('write `comment on %s %I.%I`', kind.name, n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join (values ('r', 'table'), ('p', 'table'), ('v', 'view'), ('c', 'type')) kind (relkind, name) on kind.relkind = c.relkind
where n.nspname = any ($1) and obj_description(coalesce(nullif(c.reltype, 0), c.oid), 'pg_type') is null and obj_description(c.oid, 'pg_class') is null
union all
select format('%I.%I.%I', n.nspname, c.relname, a.attname), format('write `comment on column %I.%I.%I`', n.nspname, c.relname, a.attname)
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v', 'c') and not c.relispartition and a.attnum > 0 and not a.attisdropped
  and col_description(c.oid, a.attnum) is null
union all
select p.oid::regprocedure::text, format('write `comment on function %s`', p.oid::regprocedure)
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1) and obj_description(p.oid, 'pg_proc') is null
