-- The body is something else than what was asked for: say what.
create or replace function ingest.refuse_shape(p_document jsonb, p_wanted text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'MB004',
    message = format('the body is %s, not %s', ingest.describe(p_document), p_wanted),
    hint = 'Another address of the provider was asked, or it changed its format.';
end
$$;

comment on function ingest.refuse_shape(jsonb, text) is
'Raises MB004: the body is what ingest.describe says of p_document, not what was wanted (p_wanted, such as "a list of klines").';

revoke all on function ingest.refuse_shape(jsonb, text) from public;
grant execute on function ingest.refuse_shape(jsonb, text) to marketbase_worker;
