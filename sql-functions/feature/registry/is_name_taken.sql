-- Whether a new set would have the name of something that is there.
create or replace function feature.is_name_taken(p_name text) returns boolean
language sql stable parallel safe
begin atomic
  select exists (
    select
    from pg_catalog.pg_namespace as schema
    cross join lateral (
      select class.relname as name
      from pg_catalog.pg_class as class
      where class.relnamespace = schema.oid and class.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
      union all
      select schema.nspname || '_' || function.proname
      from pg_catalog.pg_proc as function
      where function.pronamespace = schema.oid
    ) as taken
    where schema.nspname !~ '^pg_' and schema.nspname not in ('information_schema', 'extensions')
      and feature.api_name(taken.name) = feature.api_name(p_name)
  );
end;

comment on function feature.is_name_taken(text) is
'True when a table, view or type of any schema, or a function with its schema before it, has the name p_name or one that the GraphQL API could not tell from it, such as its plural.';

revoke all on function feature.is_name_taken(text) from public;
