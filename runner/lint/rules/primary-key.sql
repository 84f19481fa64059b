-- Every table has a primary key.
select format('%I.%I', n.nspname, c.relname) as object, 'add a primary key' as finding
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind in ('r', 'p') and not c.relispartition
  and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')
