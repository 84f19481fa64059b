-- Lets a set be computed whenever bars change, or no longer.
create or replace function feature.activate_set(p_set text, p_active boolean default true) returns feature.feature_set
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  result feature.feature_set;
begin
  if exists (select from feature.feature_set where feature_set_id = current_set.feature_set_id and companion_of is not null) then
    raise exception using
      errcode = 'MB008',
      message = format('Set %s is the first stage of another one and is active with it.', p_set),
      hint = format('Name %s.', (
        select parent.name
        from feature.feature_set as companion
        join feature.feature_set as parent on parent.feature_set_id = companion.companion_of
        where companion.feature_set_id = current_set.feature_set_id
      ));
  end if;
  update feature.feature_set
  set is_active = p_active
  where current_set.feature_set_id in (feature_set_id, companion_of) and is_active <> p_active;
  if found and p_active then
    -- What changed meanwhile was not noted for a set that is not active.
    insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
    select distinct vector.instrument_id, 'feature', '-infinity'::timestamptz, 'infinity'::timestamptz, format('set %s was activated again', p_set)
    from feature.feature_set as activated
    join feature.feature_set_version as version using (feature_set_id)
    join feature.feature_vector as vector using (feature_set_version_id)
    where current_set.feature_set_id in (activated.feature_set_id, activated.companion_of) and version.is_current
    on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  end if;
  select * into result from feature.feature_set where feature_set_id = current_set.feature_set_id;
  return result;
end
$$;

comment on function feature.activate_set(text, boolean) is
'Lets the set p_set be computed for every instrument, now and whenever its bars change; for p_active false no longer: its values stay as they are. Its first stage, where it has one, goes with it. Gives the set. Errors: MB003 for an unknown set, MB008 for a first stage.';

revoke all on function feature.activate_set(text, boolean) from public;
grant execute on function feature.activate_set(text, boolean) to marketbase_worker;
