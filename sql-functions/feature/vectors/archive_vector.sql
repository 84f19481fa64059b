-- What is replaced or removed is kept: the old revision moves into the history.
create or replace function feature.archive_vector() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_at timestamptz;
begin
  if tg_op = 'UPDATE' then
    if row(new.instrument_id, new.feature_set_version_id, new.ts) is distinct from row(old.instrument_id, old.feature_set_version_id, old.ts) then
      raise exception using
        errcode = 'MB006',
        message = 'The key of a feature vector is not changed.',
        hint = 'Remove the vector and compute it again.';
    end if;
    -- A hand that names neither another run nor a time is believed from now on only.
    if new.known_from = old.known_from and new.run_id = old.run_id then
      new.known_from := greatest(old.known_from, now());
    end if;
    new.revision := old.revision + 1;
    new.recorded_at := now();
    closed_at := new.known_from;
  else
    select max(history.known_to)
    into closed_at
    from feature.feature_set_version as version
    join feature.feature_set as feature_set using (feature_set_id)
    join market.price_data_history as history
      on history.instrument_id = old.instrument_id and history.bar_interval = feature_set.bar_interval and history.ts = old.ts
    where version.feature_set_version_id = old.feature_set_version_id;
    closed_at := greatest(old.known_from, coalesce(closed_at, now()));
  end if;

  insert into feature.feature_vector_history (
    instrument_id, feature_set_version_id, ts, revision, values, known_from, known_to, recorded_at, run_id
  ) values (
    old.instrument_id, old.feature_set_version_id, old.ts, old.revision, old.values, old.known_from, closed_at, old.recorded_at, old.run_id
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function feature.archive_vector() is
'Trigger: keeps the old revision of a vector in feature.feature_vector_history, until the new one is known or, for a vector that is removed, until its bar was given up. Raises the revision; an update that sets neither run_id nor known_from counts as known from now.
Errors: MB006 for a changed key.';

revoke all on function feature.archive_vector() from public;

create or replace trigger _200_archive before update or delete on feature.feature_vector
  for each row execute function feature.archive_vector();
