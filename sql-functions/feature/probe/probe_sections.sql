-- Computes cross-sections with and without the future and says where they differ.
create or replace function feature.probe_sections(
  p_set text,
  p_instrument_ids bigint[],
  p_times feature.probe_time[],
  p_seed bigint,
  p_spare_bars integer
) returns setof feature.probe_point
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- When all that is stored now is known.
  end_of_time constant timestamptz := '9999-12-31Z';
  current_set constant record := feature.current_set(p_set);
  base record;
  times timestamptz[];
  origin_run_id bigint;
  group_kinds text[];
  base_with feature.probe_vector[];
  base_without feature.probe_vector[];
  with_future feature.probe_vector[];
  without_future feature.probe_vector[];
  now_world feature.probe_world[];
  worlds feature.probe_world[];
  copies bigint[];
  scans_before bigint;
  reads_facts boolean;
  probed_ts timestamptz;
begin
  select first_stage.*, base_set.name as set_name
  into base
  from feature.feature_set_version as version
  join feature.feature_set_version as first_stage on first_stage.feature_set_version_id = version.base_version_id
  join feature.feature_set as base_set on base_set.feature_set_id = first_stage.feature_set_id
  where version.feature_set_version_id = current_set.feature_set_version_id;
  times := array(select probed.ts from unnest(p_times) as probed order by probed.ts);
  select bar.run_id
  into origin_run_id
  from market.price_data as bar
  where bar.instrument_id = any (p_instrument_ids) and bar.bar_interval = current_set.bar_interval
  limit 1;

  -- Everything that is made in this block is undone at its end; what the variables hold stays.
  begin
    -- What is compared, from all that is stored now.
    scans_before := feature.fact_scans();
    base_with := array(
      select computed from feature.compute_in_world(base.compiled_sql, p_instrument_ids) as computed where computed.ts = any (times)
    );
    reads_facts := feature.fact_scans() > scans_before or current_setting('track_counts') = 'off';

    -- The comparison of it: at all times at once, so that one that mixes them is seen.
    now_world := feature.probe_copy_instruments(array(
      select row(member.id, end_of_time, end_of_time, null)::feature.probe_world from unnest(p_instrument_ids) as member (id)
    ));
    perform feature.probe_copy_groups(now_world);
    insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
    select world.copy_id, base.feature_set_version_id, vector.ts, vector.values, vector.known_from, origin_run_id
    from unnest(base_with) as vector
    join unnest(now_world) as world on world.instrument_id = vector.instrument_id;
    -- Vectors whose bar is gone: since then others are compared without them.
    insert into feature.feature_vector_history (
      instrument_id, feature_set_version_id, ts, revision, values, known_from, known_to, recorded_at, run_id
    )
    select world.copy_id, base.feature_set_version_id, closed.ts, 1, '{}', max(closed.known_to), max(closed.known_to), now(), origin_run_id
    from unnest(now_world) as world
    join market.price_data_history as closed
      on closed.instrument_id = world.instrument_id and closed.bar_interval = current_set.bar_interval and closed.ts = any (times)
    where not exists (
      select
      from market.price_data as bar
      where bar.instrument_id = closed.instrument_id and bar.bar_interval = closed.bar_interval and bar.ts = closed.ts
    )
    group by world.copy_id, closed.ts;
    with_future := array(
      select row(world.instrument_id, computed.ts, computed.known_from, computed.values || vector.values)::feature.probe_vector
      from feature.compare_in_world(
        current_set.compiled_sql, base.feature_set_version_id, array(select world.copy_id from unnest(now_world) as world), times
      ) as computed
      join unnest(now_world) as world on world.copy_id = computed.instrument_id
      join unnest(base_with) as vector on vector.instrument_id = world.instrument_id and vector.ts = computed.ts
    );

    -- A time has as many futures as moments at which its vectors were known; one of them is drawn.
    worlds := feature.probe_copy_instruments(array(
      select row(member.id, drawn.ts, drawn.known_from, null)::feature.probe_world
      from (
        select distinct on (vector.ts) vector.ts, vector.known_from
        from unnest(with_future) as vector
        order by vector.ts, hashtextextended(extract(epoch from vector.ts) || ' ' || extract(epoch from vector.known_from), p_seed)
      ) as drawn
      cross join unnest(p_instrument_ids) as member (id)
    ));
    with_future := array(
      select vector
      from unnest(with_future) as vector
      join (select distinct world.ts, world.known_at from unnest(worlds) as world) as drawn on drawn.ts = vector.ts and drawn.known_at >= vector.known_from
    );
    perform feature.probe_copy_bars(worlds, current_set.bar_interval, base.lookback + 1 + p_spare_bars);
    if reads_facts then
      perform feature.probe_copy_facts(worlds);
    end if;
    perform feature.probe_copy_actions(worlds);
    perform feature.probe_copy_groups(worlds);

    foreach probed_ts in array times loop
      copies := array(select world.copy_id from unnest(worlds) as world where world.ts = probed_ts);
      base_without := array(select computed from feature.compute_in_world(base.compiled_sql, copies) as computed where computed.ts = probed_ts);
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
      select vector.instrument_id, base.feature_set_version_id, vector.ts, vector.values, vector.known_from, origin_run_id
      from unnest(base_without) as vector;
      without_future := without_future || array(
        select row(world.instrument_id, computed.ts, computed.known_from, computed.values || vector.values)::feature.probe_vector
        from feature.compare_in_world(current_set.compiled_sql, base.feature_set_version_id, copies, array[probed_ts]) as computed
        join unnest(worlds) as world on world.copy_id = computed.instrument_id
        join unnest(base_without) as vector on vector.instrument_id = computed.instrument_id
      );
    end loop;
    raise exception using errcode = 'MB099', message = 'The worlds of the probe are undone.';
  exception
    when sqlstate 'MB099' then
      null;
  end;

  return query
    select point.*
    from feature.probe_differences(
      p_times, with_future, without_future,
      current_set.feature_names || array(select format('%s.%s', base.set_name, base_name) from unnest(base.feature_names) as base_name)
    ) as point;
end
$$;

comment on function feature.probe_sections(text, bigint[], feature.probe_time[], bigint, integer) is
'Does what feature.probe_points says for a set that compares instruments: compares, at p_times, the cross-sections of p_instrument_ids as computed from all that is stored now with the same computed where the future is removed, in both stages; a row for each vector, with the features that differ, those of the first stage as <its name>.<feature>.
The future of a cross-section is what became known after the known_from of its vectors, memberships too. Where these differ, one is drawn by p_seed and the vectors that were known by then are compared. p_spare_bars: how many bars more than its lookback the first stage is given.
The vectors of the first stage are computed for the probe and need not be stored.';

revoke all on function feature.probe_sections(text, bigint[], feature.probe_time[], bigint, integer) from public;
grant execute on function feature.probe_sections(text, bigint[], feature.probe_time[], bigint, integer) to marketbase_worker;
