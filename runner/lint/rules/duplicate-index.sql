-- No index repeats another: same table, columns, order, method and condition.
select a.indexrelid::regclass::text as object, format('drop it: %s does the same', b.indexrelid::regclass) as finding
from pg_index a
join pg_index b on b.indrelid = a.indrelid and b.indexrelid < a.indexrelid
join pg_class ca on ca.oid = a.indexrelid
join pg_class cb on cb.oid = b.indexrelid
join pg_class c on c.oid = a.indrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and ca.relam = cb.relam and a.indkey::text = b.indkey::text and a.indclass::text = b.indclass::text
  and a.indoption::text = b.indoption::text and a.indcollation::text = b.indcollation::text
  and a.indpred::text is not distinct from b.indpred::text and a.indexprs::text is not distinct from b.indexprs::text
