-- The hash of each function that a set is computed with, and of those that it calls.
create or replace function feature.kernel_versions(p_functions text[]) returns jsonb
language sql stable parallel safe
begin atomic
  with recursive used (oid) as (
    select function.oid
    from unnest(p_functions) as wanted (name)
    join pg_proc as function
      on function.pronamespace = to_regnamespace(split_part(wanted.name, '.', 1)) and function.proname = split_part(wanted.name, '.', 2) and function.prokind = 'f'
    union
    select called.oid
    from used
    cross join lateral regexp_matches(pg_get_functiondef(used.oid), '\m(ta|feature|market)\.(\w+)\s*\(', 'g') as call (name)
    join pg_proc as called on called.pronamespace = to_regnamespace(call.name[1]) and called.proname = call.name[2] and called.prokind = 'f'
  )
  select coalesce(jsonb_object_agg(used.oid::regprocedure::text, internal.function_version(used.oid::regprocedure)), '{}')
  from used;
end;

comment on function feature.kernel_versions(text[]) is
'A JSON object: signature of each function of p_functions (such as ta.rsi or feature.fundamental_columns) and of every function of the schemas ta, feature and market that its definition calls, with the first 12 hex digits of the sha256 of its definition. An empty object for NULL or none.';

revoke all on function feature.kernel_versions(text[]) from public;
