-- Every foreign key begins an index: without one, relations vanish from GraphQL and deletes scan the table.
select format('%s.%I', k.conrelid::regclass, k.conname) as object,
  format('create index on %s (%s)', k.conrelid::regclass,
    (select string_agg(quote_ident(a.attname), ', ' order by place) from unnest(k.conkey) with ordinality u (attnum, place)
     join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum)) as finding
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and k.contype = 'f'
  and not exists (
    select from pg_index i
    where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
      and (select array_agg(attnum) from unnest(i.indkey::int2[]) with ordinality u (attnum, place) where place <= cardinality(k.conkey)) @> k.conkey
  )
