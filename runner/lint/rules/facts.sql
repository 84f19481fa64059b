-- A table whose rows belong to an instrument can be distributed by it: instrument_id stands first in its primary key, and no other table refers to it
-- except by it.
with fact as (
  select c.oid, a.attnum
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'instrument_id' and a.attnotnull
  where n.nspname = any ($1) and c.relkind in ('r', 'p') and c.oid <> to_regclass('market.instrument')
    -- Rows on their way belong to a body and are gone at the end of the transaction.
    and c.relname not like 'candidate\_%'
)
select fact.oid::regclass::text as object, 'put instrument_id first in its primary key' as finding
from fact
where not exists (select from pg_constraint k where k.conrelid = fact.oid and k.contype = 'p' and k.conkey[1] = fact.attnum)
union all
select format('%s.%I', k.conrelid::regclass, k.conname),
  format('refer to %s by instrument_id first, from a table that has it too, or keep the key without a constraint', k.confrelid::regclass)
from pg_constraint k
join fact on fact.oid = k.confrelid
left join fact source on source.oid = k.conrelid
where k.contype = 'f' and (source.oid is null or not (source.attnum = any (k.conkey) and fact.attnum = any (k.confkey)))
