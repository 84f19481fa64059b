-- A function acts for its caller, unless it is on the list of exceptions; whoever owns an exception is no superuser.
select p.oid::regprocedure::text as object,
  case when owner.rolsuper then 'give it to a role that is no superuser' else 'remove `security definer`, or add it with its reason to securityDefiners in runner/lint/rules.ts' end as finding
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_roles owner on owner.oid = p.proowner
where n.nspname = any ($1) and p.prosecdef and (owner.rolsuper or not format('%s.%s', n.nspname, p.proname) = any ($2))
