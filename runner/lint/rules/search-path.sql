-- What a function means does not depend on who calls it: it has an atomic body or a search_path of its own.
select p.oid::regprocedure::text as object,
  'write the body as `begin atomic` or `return`, or add `set search_path to pg_catalog, pg_temp` and qualify every name' as finding
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
where n.nspname = any ($1) and p.prokind <> 'a' and l.lanname in ('sql', 'plpgsql') and p.prosqlbody is null
  and not exists (select from unnest(p.proconfig) setting where setting like 'search_path=%')
