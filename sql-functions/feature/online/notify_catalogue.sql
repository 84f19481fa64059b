-- Those who serve features keep names in memory: they are told when one changes.
create or replace function feature.notify_catalogue() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pg_notify('marketbase_online', 'catalogue');
  return null;
end
$$;

comment on function feature.notify_catalogue() is
'Trigger: says "catalogue" on the channel marketbase_online when a set, a version of one or an instrument is added, changed or removed.';

revoke all on function feature.notify_catalogue() from public;

create or replace trigger _900_notify after insert or update or delete on feature.feature_set
  for each statement execute function feature.notify_catalogue();
create or replace trigger _900_notify after insert or update or delete on feature.feature_set_version
  for each statement execute function feature.notify_catalogue();
create or replace trigger _900_notify after insert or update or delete on market.instrument
  for each statement execute function feature.notify_catalogue();
