-- Names say which table and which rule, so that an error is understood without looking anything up.
select format('%s.%I', k.conrelid::regclass, k.conname) as object, format('rename it to %s_<rule>_%s', c.relname, suffix.name) as finding
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_namespace n on n.oid = c.relnamespace
join (values ('p', 'pkey'), ('f', 'fkey'), ('u', 'key'), ('c', 'check'), ('x', 'excl')) suffix (contype, name) on suffix.contype = k.contype
where n.nspname = any ($1) and c.relkind in ('r', 'p')
  -- What a partitioned table hands on to its partitions, and refers to in those of another, is named by the server.
  and not c.relispartition and k.conparentid = 0
  -- Names longer than 63 characters are cut by the server, in front of the suffix.
  and not (starts_with(k.conname, left(c.relname, 29)) and k.conname like '%\_' || suffix.name)
union all
select format('%I.%I', n.nspname, i.relname), format('rename it to %s_<columns>_idx', c.relname)
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class c on c.oid = x.indrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and not c.relispartition and not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
  and not (i.relname like '%\_idx' and (starts_with(i.relname, c.relname || '_') or length(i.relname) = 63))
