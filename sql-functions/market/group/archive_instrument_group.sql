-- Nothing is overwritten: a corrected change of membership goes to the history first.
create or replace function market.archive_instrument_group() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if (new.instrument_id, new.kind, new.from_date) is distinct from (old.instrument_id, old.kind, old.from_date) then
    raise exception using
      errcode = 'MB008',
      message = 'the key of a change of membership cannot change',
      hint = 'Add another one, and give the wrong one the name of the group before it.';
  end if;
  if new.name is not distinct from old.name then
    return null;
  end if;
  -- A hand that names neither another run nor a time is believed from now on only.
  if new.known_from = old.known_from and new.run_id = old.run_id then
    new.known_from := now();
  end if;
  new.known_from := greatest(new.known_from, old.known_from);
  new.version := old.version + 1;
  new.recorded_at := now();

  insert into market.instrument_group_history (
    instrument_id, kind, from_date, version, name, known_from, known_to, recorded_at, run_id
  )
  values (old.instrument_id, old.kind, old.from_date, old.version, old.name, old.known_from, new.known_from, old.recorded_at, old.run_id);
  return new;
end
$$;

comment on function market.archive_instrument_group() is
'Trigger: before a change of membership is corrected, its version goes to market.instrument_group_history; the new one gets the next number and recorded_at and is not known before the old one. An update that changes nothing is skipped.
An update by hand that names neither another run nor known_from counts as known from now. MB008 when the key would change.';

revoke all on function market.archive_instrument_group() from public;

create or replace trigger _200_version before update on market.instrument_group
  for each row execute function market.archive_instrument_group();
