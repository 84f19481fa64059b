-- A view reads with the rights of its reader; nothing in our schemas keeps a copy of data or reads another server.
select format('%I.%I', n.nspname, c.relname) as object,
  case c.relkind when 'v' then 'create it `with (security_invoker = true)`' else 'use a table or a view: row-level security does not hold here' end as finding
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1)
  and (c.relkind in ('m', 'f') or (c.relkind = 'v' and not coalesce(c.reloptions && array['security_invoker=true', 'security_invoker=on'], false)))
