-- Cuts the cross-sections that have to be computed into pieces, where what is compared is there.
create or replace function pipeline.plan_cross_sections(p_run_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set record;
  made bigint;
  pieces bigint := 0;
begin
  for current_set in
    select feature_set.feature_set_id, version.feature_set_version_id, version.base_version_id
    from feature.feature_set as feature_set
    join feature.feature_set_version as version using (feature_set_id)
    where version.is_current and feature_set.is_active and version.base_version_id is not null
      and exists (select from feature.stale_cross_section as mark where mark.feature_set_id = feature_set.feature_set_id)
    order by feature_set.feature_set_id
  loop
    continue when not pg_try_advisory_xact_lock(hashtextextended('pipeline.plan_cross_sections', current_set.feature_set_id));
    -- Pieces of the first stage, or of an earlier plan, that somebody may still be at.
    continue when exists (
      select
      from feature.computation_task as task
      join feature.feature_set as busy using (feature_set_id)
      where current_set.feature_set_id in (busy.feature_set_id, busy.companion_of) and task.error is null
    );

    with mark as (
      delete from feature.stale_cross_section as taken where taken.feature_set_id = current_set.feature_set_id returning taken.from_ts, taken.to_ts
    ), failed as (
      delete from feature.computation_task as task where task.feature_set_id = current_set.feature_set_id
      returning task.from_ts, task.to_ts
    ), span as (
      select lower(spans.bars) as from_ts, upper(spans.bars) as to_ts
      from (
        select range_agg(tstzrange(every.from_ts, every.to_ts, '[]')) as bars
        from (
          select mark.from_ts, mark.to_ts from mark
          union all
          select part.from_ts, part.to_ts from failed cross join lateral unnest(failed.from_ts, failed.to_ts) as part (from_ts, to_ts)
        ) as every
      ) as affected
      cross join lateral unnest(affected.bars) as spans (bars)
    ), counted as (
      -- Whole months, as feature.compute_cross_sections locks them: no two pieces wait for each other.
      select span.from_ts, span.to_ts, date_trunc('month', vector.ts, 'UTC') as month,
        count(*) filter (where vector.feature_set_version_id = current_set.base_version_id) as bars
      from span
      cross join market.instrument as instrument
      join feature.feature_vector as vector
        on vector.instrument_id = instrument.instrument_id
        and vector.feature_set_version_id in (current_set.feature_set_version_id, current_set.base_version_id)
        and vector.ts between span.from_ts and span.to_ts
      group by 1, 2, 3
    ), numbered as (
      select
        greatest(counted.from_ts, counted.month) as from_ts,
        least(counted.to_ts, counted.month + interval '1 month' - interval '1 microsecond') as to_ts,
        counted.bars,
        div(sum(counted.bars) over (order by counted.month) - sum(counted.bars) over (partition by counted.month), 100000) as piece
      from counted
    )
    insert into feature.computation_task (feature_set_id, instrument_ids, from_ts, to_ts, bars, run_id)
    select
      current_set.feature_set_id,
      array_agg(null::bigint),
      array_agg(numbered.from_ts order by numbered.from_ts),
      array_agg(numbered.to_ts order by numbered.from_ts),
      array_agg(numbered.bars order by numbered.from_ts),
      p_run_id
    from numbered
    group by numbered.piece
    order by numbered.piece;
    get diagnostics made = row_count;
    pieces := pieces + made;
  end loop;
  return pieces;
end
$$;

comment on function pipeline.plan_cross_sections(bigint) is
'Takes the marks of active sets that compare instruments out of feature.stale_cross_section and writes pieces of whole months into feature.computation_task. A set whose first stage, or an earlier plan of it, is not finished keeps its marks until it is.
p_run_id: run that asks for it. Gives the number of pieces. pipeline.compute_features calls it when nothing else is left. Whatever changes a first stage afterwards leaves a new mark, so that nothing is missed.';

revoke all on function pipeline.plan_cross_sections(bigint) from public;
grant execute on function pipeline.plan_cross_sections(bigint) to marketbase_worker;
