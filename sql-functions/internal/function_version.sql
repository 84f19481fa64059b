-- The version of a function is the hash of its definition, so that changing it changes the version by itself.
create or replace function internal.function_version(p_function regprocedure) returns text
language sql stable strict parallel safe
return left(encode(sha256(convert_to(pg_get_functiondef(p_function), 'UTF8')), 'hex'), 12);

comment on function internal.function_version(regprocedure) is
'First 12 hex digits of the sha256 of the function''s definition as pg_get_functiondef prints it. NULL for NULL.';

revoke all on function internal.function_version(regprocedure) from public;
grant execute on function internal.function_version(regprocedure) to marketbase_worker;
