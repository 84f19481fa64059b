-- What bars refer to is there: looked up once for all rows of a statement.
create or replace function market.require_references() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  missing text;
begin
  select case
    when instrument.instrument_id is null then format('instrument %s', referred.instrument_id)
    when provider.provider is null then format('provider %s', referred.provider)
    when response.raw_response_id is null then format('body %s', referred.raw_response_id)
    else format('run %s', referred.run_id)
  end
  into missing
  from (select distinct made.instrument_id, made.provider, made.raw_response_id, made.run_id from made) as referred
  left join market.instrument as instrument on instrument.instrument_id = referred.instrument_id
  left join ingest.provider as provider on provider.provider = referred.provider
  left join ingest.raw_response as response on response.raw_response_id = referred.raw_response_id
  left join pipeline.pipeline_run as run on run.run_id = referred.run_id
  where instrument.instrument_id is null or provider.provider is null or response.raw_response_id is null or run.run_id is null
  limit 1;
  if found then
    raise exception using
      errcode = 'foreign_key_violation',
      message = format('A row of %I.%I refers to %s, which does not exist.', tg_table_schema, tg_table_name, missing),
      hint = 'Store what it refers to first.';
  end if;
  return null;
end
$$;

comment on function market.require_references() is
'Trigger: refuses rows whose instrument, provider, body or run does not exist (23503). The foreign keys of bars are declared and not enforced, because four look-ups for each row cost more than storing it; this looks each up once for a statement. Nobody can delete what they refer to.';

revoke all on function market.require_references() from public;

create or replace trigger _300_references_insert after insert on market.price_data
  referencing new table as made
  for each statement execute function market.require_references();
create or replace trigger _300_references_update after update on market.price_data
  referencing new table as made
  for each statement execute function market.require_references();
