-- Whoever changes a vector makes what is published of it outdated, in the same transaction.
create or replace function feature.renew_generation() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  renewed record;
begin
  for renewed in
    insert into feature.online_vector (instrument_id, feature_set_version_id, generation)
    select changed.instrument_id, changed.feature_set_version_id, (extract(epoch from clock_timestamp()) * 1000000)::bigint
    from changed
    group by changed.instrument_id, changed.feature_set_version_id
    order by changed.instrument_id, changed.feature_set_version_id
    on conflict (instrument_id, feature_set_version_id) do update set generation = excluded.generation, changed_at = excluded.changed_at
    returning instrument_id, feature_set_version_id
  loop
    perform pg_notify('marketbase_online', format('%s:%s', renewed.feature_set_version_id, renewed.instrument_id));
  end loop;
  return null;
end
$$;

comment on function feature.renew_generation() is
'Trigger: gives the instruments and set versions of the changed vectors a new generation in feature.online_vector, so that no value that was published before is served after the commit, and names them on the channel marketbase_online as feature_set_version_id:instrument_id.';

revoke all on function feature.renew_generation() from public;

create or replace trigger _450_generation_insert after insert on feature.feature_vector
  referencing new table as changed
  for each statement execute function feature.renew_generation();
create or replace trigger _450_generation_update after update on feature.feature_vector
  referencing new table as changed
  for each statement execute function feature.renew_generation();
create or replace trigger _450_generation_delete after delete on feature.feature_vector
  referencing old table as changed
  for each statement execute function feature.renew_generation();
