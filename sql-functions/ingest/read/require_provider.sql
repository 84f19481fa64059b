-- Stops where a provider is not known.
create or replace function ingest.require_provider(p_provider text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if not exists (select from ingest.provider where provider.provider = p_provider) then
    raise exception using
      errcode = 'MB001',
      message = format('there is no provider named "%s"', p_provider),
      hint = 'Providers: ' || (select string_agg(provider.provider, ', ' order by provider.provider) from ingest.provider) || '.';
  end if;
end
$$;

comment on function ingest.require_provider(text) is 'Raises MB001, with the names that there are, unless p_provider is a row of ingest.provider; NULL is none.';

revoke all on function ingest.require_provider(text) from public;
grant execute on function ingest.require_provider(text) to marketbase_worker;
