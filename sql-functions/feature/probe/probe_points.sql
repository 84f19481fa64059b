-- Computes vectors with and without the future and says where they differ.
create or replace function feature.probe_points(p_set text, p_samples integer, p_seed bigint, p_instrument_ids bigint[] default null)
returns setof feature.probe_point
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- A set with a finite lookback has to come out right from so many bars; one without needs them all.
  spare_bars constant integer := 100;
  current_set constant record := feature.current_set(p_set);
  is_comparison constant boolean := (
    select version.base_version_id is not null from feature.feature_set_version as version
    where version.feature_set_version_id = current_set.feature_set_version_id
  );
  panel bigint[];
  times feature.probe_time[];
  probed_time feature.probe_time;
  expected feature.probe_vector[];
  honest feature.probe_vector[];
  worlds feature.probe_world[];
  unknown_id bigint;
  scans_before bigint;
  reads_facts boolean;
begin
  if p_samples is null or p_samples not between 1 and 1000 then
    raise exception using
      errcode = 'MB001', message = format('%s is not a number of samples.', coalesce(p_samples::text, 'NULL')), hint = 'Ask for 1 to 1000 times.';
  end if;
  select asked.id
  into unknown_id
  from unnest(p_instrument_ids) as asked (id)
  where not exists (select from market.instrument as instrument where instrument.instrument_id = asked.id)
  limit 1;
  if found then
    raise exception using
      errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(unknown_id::text, 'NULL')),
      hint = 'select instrument_id, symbol from market.instrument lists them.';
  end if;
  panel := coalesce(
    (select array_agg(distinct asked.id) from unnest(p_instrument_ids) as asked (id)),
    feature.probe_panel(current_set.bar_interval, case when is_comparison then 20 else 5 end, p_seed)
  );
  times := array(
    select chosen from feature.probe_times(panel, current_set.bar_interval, current_set.lookback, p_samples, p_seed, is_comparison) as chosen
  );
  if is_comparison then
    return query select point.* from feature.probe_sections(p_set, panel, times, p_seed, spare_bars) as point;
    return;
  end if;

  -- Everything that is made in this block is undone at its end; what the variables hold stays.
  begin
    scans_before := feature.fact_scans();
    expected := array(
      select computed
      from feature.compute_in_world(current_set.compiled_sql, panel) as computed
      where computed.ts in (select wanted.ts from unnest(times) as wanted)
    );

    reads_facts := feature.fact_scans() > scans_before or current_setting('track_counts') = 'off';

    -- An instrument without a bar at a time belongs to the world of the others.
    worlds := feature.probe_copy_instruments(array(
      select row(panel_member.instrument_id, wanted.ts, coalesce(own.known_from, shared.known_from), null)::feature.probe_world
      from unnest(times) as wanted
      cross join unnest(panel) as panel_member (instrument_id)
      join (select vector.ts, max(vector.known_from) as known_from from unnest(expected) as vector group by vector.ts) as shared
        on shared.ts = wanted.ts
      left join unnest(expected) as own on own.ts = wanted.ts and own.instrument_id = panel_member.instrument_id
    ));

    perform feature.probe_copy_bars(worlds, current_set.bar_interval, current_set.lookback + 1 + spare_bars);
    -- There are many facts: they are copied where the query has read any, however it came by them.
    if reads_facts then
      perform feature.probe_copy_facts(worlds);
    end if;
    perform feature.probe_copy_actions(worlds);

    foreach probed_time in array times loop
      honest := honest || array(
        select row(world.instrument_id, computed.ts, computed.known_from, computed.values)::feature.probe_vector
        from feature.compute_in_world(
          current_set.compiled_sql, array(select world.copy_id from unnest(worlds) as world where world.ts = probed_time.ts)
        ) as computed
        join unnest(worlds) as world on world.copy_id = computed.instrument_id
        where computed.ts = probed_time.ts
      );
    end loop;
    raise exception using errcode = 'MB099', message = 'The worlds of the probe are undone.';
  exception
    when sqlstate 'MB099' then
      null;
  end;

  return query select point.* from feature.probe_differences(times, expected, honest, current_set.feature_names) as point;
end
$$;

comment on function feature.probe_points(text, integer, bigint, bigint[]) is
'Compares, at up to p_samples times chosen by p_seed (feature.probe_times), the vectors of p_instrument_ids (NULL: five that are drawn by feature.probe_panel, twenty of a set that compares instruments) in the version of p_set in force as computed from all that is stored now with the same computed in a world from which the future is removed; a row for each vector, with the features that are not equal bit for bit.
The future of a vector are the bars after its own and every bar, fact, corporate action and version of one that became known after the known_from of the vector. The world is a copy of the instruments under other identities, inserted and rolled back with the subtransaction of this function: nobody else sees it, and nothing of others is locked. Both computations run as marketbase_probe, who sees the instruments of the one world or the other and nothing else, so that it does not matter how a leak reads.
A set that compares instruments is probed in both its stages, see feature.probe_sections; p_instrument_ids are its cross-section.
For a finite lookback a world has that many bars before and 100 more; a kernel that looks further back than it says differs, too.
Errors: MB001 for p_samples, MB002 for an unknown instrument, MB003 for an unknown set, MB008 for a login that may not become marketbase_probe.';

revoke all on function feature.probe_points(text, integer, bigint, bigint[]) from public;
grant execute on function feature.probe_points(text, integer, bigint, bigint[]) to marketbase_worker;
