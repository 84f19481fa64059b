-- The hash of each kernel's definition, and of the helpers that it calls.
create or replace function feature.kernel_versions(p_kernels text[]) returns jsonb
language sql stable parallel safe
begin atomic
  with recursive used (oid) as (
    select kernel.oid
    from unnest(p_kernels) as wanted (name)
    join pg_proc as kernel on kernel.pronamespace = 'ta'::regnamespace and kernel.proname = substr(wanted.name, 4) and kernel.prokind = 'f'
    union
    select helper.oid
    from used
    cross join lateral regexp_matches(pg_get_functiondef(used.oid), '\mta\.(\w+)\s*\(', 'g') as called (name)
    join pg_proc as helper on helper.pronamespace = 'ta'::regnamespace and helper.proname = called.name[1] and helper.prokind = 'f'
  )
  select coalesce(jsonb_object_agg(used.oid::regprocedure::text, internal.function_version(used.oid::regprocedure)), '{}')
  from used;
end;

comment on function feature.kernel_versions(text[]) is
'A JSON object: signature of each kernel of p_kernels (such as ta.rsi) and of every function of schema ta that its definition calls, with the first 12 hex digits of the sha256 of its definition. An empty object for NULL or none.';

revoke all on function feature.kernel_versions(text[]) from public;
