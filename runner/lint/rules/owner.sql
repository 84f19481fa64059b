-- Everything belongs to marketbase_owner, who cannot log in; only what is compiled from expressions may belong to a role with fewer rights.
select format('%I.%I', n.nspname, c.relname) as object, 'alter its owner to marketbase_owner' as finding
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v', 'm', 'S', 'c') and c.relowner <> 'marketbase_owner'::regrole
union all
select p.oid::regprocedure::text, 'alter its owner to marketbase_owner'
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1) and p.proowner <> 'marketbase_owner'::regrole
