-- Cuts what has to be computed into pieces for the workers.
create or replace function pipeline.plan_features(p_run_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  held bigint[] := array(select held_back.instrument_id from quality.held_back where held_back.step = 'features');
  -- With more the sorting and the rows that triggers see would not stay in memory (work_mem); with fewer much of the time would go into planning.
  v_piece_bytes constant bigint := 20000000;
  pieces bigint;
begin
  perform feature.refresh_versions();

  with mark as materialized (
    select taken.instrument_id, taken.from_ts, taken.to_ts, null as source from pipeline.take_stale('feature', held) as taken
    union all
    select taken.instrument_id, taken.from_ts, taken.to_ts, 'fundamental' from pipeline.take_stale('fundamental_feature', held) as taken
    union all
    select taken.instrument_id, taken.from_ts, taken.to_ts, 'adjusted' from pipeline.take_stale('action_feature', held) as taken
  ), left_over as (
    -- Pieces of other runs that nobody is at, and those that failed.
    delete from feature.computation_task as task
    where task.task_id in (select free.task_id from feature.computation_task as free for update skip locked)
    returning task.feature_set_id, task.instrument_ids, task.from_ts, task.to_ts
  ), current_set as (
    select
      feature_set.feature_set_id, feature_set.bar_interval, version.feature_set_version_id, version.lookback, version.sources,
      100 + 8 * cardinality(version.feature_names) as bytes_per_bar
    from feature.feature_set as feature_set
    join feature.feature_set_version as version using (feature_set_id)
    where version.is_current and feature_set.is_active and version.base_version_id is null
  ), cross_section as (
    -- What compares instruments waits until its first stage is there.
    insert into feature.stale_cross_section (feature_set_id, from_ts, to_ts, reason)
    select left_over.feature_set_id, part.from_ts, part.to_ts, 'planned and not computed'
    from left_over
    cross join lateral unnest(left_over.instrument_ids, left_over.from_ts, left_over.to_ts) as part (instrument_id, from_ts, to_ts)
    where part.instrument_id is null
  ), postponed as (
    -- What was planned for an instrument that is held back now waits as a mark.
    insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
    select distinct part.instrument_id, 'feature', coalesce(part.from_ts, '-infinity'), coalesce(part.to_ts, 'infinity'), 'planned and held back'
    from left_over
    cross join lateral unnest(left_over.instrument_ids, left_over.from_ts, left_over.to_ts) as part (instrument_id, from_ts, to_ts)
    where part.instrument_id = any (held)
    on conflict (instrument_id, consumer, from_ts, to_ts) do nothing
  ), span as (
    -- A changed bar reaches as many bars ahead as the set looks back.
    select current_set.feature_set_id, mark.instrument_id, tstzrange(mark.from_ts, reach.to_ts, '[]') as bars
    from mark
    join current_set on mark.source is null or mark.source = any (current_set.sources)
    cross join lateral (
      select feature.reach_of_change(mark.instrument_id, current_set.bar_interval, mark.to_ts, current_set.lookback) as to_ts
    ) as reach
    union all
    select current_set.feature_set_id, instrument.instrument_id, tstzrange(null, null)
    from current_set
    cross join market.instrument as instrument
    where instrument.instrument_id <> all (held) and exists (
      select
      from market.price_data as bar
      where bar.instrument_id = instrument.instrument_id and bar.bar_interval = current_set.bar_interval
    ) and not exists (
      select
      from feature.feature_vector as vector
      where vector.instrument_id = instrument.instrument_id and vector.feature_set_version_id = current_set.feature_set_version_id
    )
    union all
    select left_over.feature_set_id, part.instrument_id, tstzrange(part.from_ts, part.to_ts, '[]')
    from left_over
    join current_set using (feature_set_id)
    cross join lateral unnest(left_over.instrument_ids, left_over.from_ts, left_over.to_ts) as part (instrument_id, from_ts, to_ts)
    where part.instrument_id <> all (held)
  ), merged as (
    select affected.feature_set_id, affected.instrument_id, lower(spans.bars) as from_ts, upper(spans.bars) as to_ts
    from (
      select span.feature_set_id, span.instrument_id, range_agg(span.bars) as bars
      from span
      group by span.feature_set_id, span.instrument_id
    ) as affected
    cross join lateral unnest(affected.bars) as spans (bars)
  ), counted as (
    select
      merged.*, current_set.bar_interval, current_set.lookback, current_set.bytes_per_bar, v_piece_bytes / current_set.bytes_per_bar as bars_per_piece,
      (
        select count(*)
        from market.price_data as bar
        where bar.instrument_id = merged.instrument_id
          and bar.bar_interval = current_set.bar_interval
          and bar.ts between coalesce(merged.from_ts, '-infinity') and coalesce(merged.to_ts, 'infinity')
      ) as bars
    from merged
    join current_set using (feature_set_id)
  ), cut as (
    -- A series that is longer than a piece is cut, unless a value depends on all bars before it.
    select counted.feature_set_id, counted.instrument_id, counted.bytes_per_bar, part.from_ts, part.to_ts, part.bars
    from counted
    cross join lateral (
      select
        case when ordered.part = 0 then counted.from_ts else min(ordered.ts) end as from_ts,
        coalesce(lead(min(ordered.ts)) over (order by ordered.part) - interval '1 microsecond', counted.to_ts) as to_ts,
        count(*) as bars
      from (
        select bar.ts, div(row_number() over (order by bar.ts) - 1, counted.bars_per_piece) as part
        from market.price_data as bar
        where bar.instrument_id = counted.instrument_id
          and bar.bar_interval = counted.bar_interval
          and bar.ts between coalesce(counted.from_ts, '-infinity') and coalesce(counted.to_ts, 'infinity')
      ) as ordered
      group by ordered.part
    ) as part
    where counted.bars > counted.bars_per_piece and counted.lookback is not null
    union all
    select counted.feature_set_id, counted.instrument_id, counted.bytes_per_bar, counted.from_ts, counted.to_ts, counted.bars
    from counted
    where counted.bars <= counted.bars_per_piece or counted.lookback is null
  ), numbered as (
    select cut.*, div((sum(cut.bars) over before - cut.bars) * cut.bytes_per_bar, v_piece_bytes) as piece
    from cut
    window before as (partition by cut.feature_set_id order by cut.instrument_id, cut.from_ts nulls first)
  )
  insert into feature.computation_task (feature_set_id, instrument_ids, from_ts, to_ts, bars, run_id)
  select
    numbered.feature_set_id,
    array_agg(numbered.instrument_id order by numbered.instrument_id, numbered.from_ts nulls first),
    array_agg(numbered.from_ts order by numbered.instrument_id, numbered.from_ts nulls first),
    array_agg(numbered.to_ts order by numbered.instrument_id, numbered.from_ts nulls first),
    array_agg(numbered.bars order by numbered.instrument_id, numbered.from_ts nulls first),
    p_run_id
  from numbered
  group by numbered.feature_set_id, numbered.piece
  order by numbered.feature_set_id, numbered.piece;
  get diagnostics pieces = row_count;
  return pieces;
end
$$;

comment on function pipeline.plan_features(bigint) is
'Puts changed kernels into force, takes the marks of the consumers feature, fundamental_feature and action_feature out of pipeline.stale_range and writes into feature.computation_task, in pieces of about 20 MB of vectors (94,000 bars with 14 features, 15,000 with 158; a longer series is cut, unless a value depends on all bars before it), what every active set has to compute: the marked bars and those that look back on them, and everything of an instrument for which the version in force has no values yet.
p_run_id: run that asks for it. Gives the number of pieces. Sets that compare instruments are planned by pipeline.plan_cross_sections when their first stages are computed. Pieces that others planned and nobody has computed are planned again.
Instruments that quality.held_back names for the step features are not planned: their marks stay until they are released, corrected or acknowledged.
Errors: those of feature.refresh_versions.';

revoke all on function pipeline.plan_features(bigint) from public;
grant execute on function pipeline.plan_features(bigint) to marketbase_worker;
