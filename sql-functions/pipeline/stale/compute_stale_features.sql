-- Brings the vectors of all sets up to date with what has changed.
create or replace function pipeline.compute_stale_features(p_run_id bigint) returns setof feature.computation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  work record;
  done feature.computation;
begin
  perform feature.refresh_versions();

  for work in
    with mark as materialized (
      select taken.instrument_id, taken.from_ts, taken.to_ts from pipeline.take_stale('feature') as taken
    ), current_set as (
      select feature_set.name, feature_set.bar_interval, version.*
      from feature.feature_set as feature_set
      join feature.feature_set_version as version using (feature_set_id)
      where version.is_current
    ), span as (
      -- A changed bar reaches as many bars ahead as the set looks back.
      select current_set.feature_set_version_id, mark.instrument_id, tstzrange(mark.from_ts, reach.to_ts, '[]') as bars
      from mark
      cross join current_set
      cross join lateral (
        select feature.reach_of_change(mark.instrument_id, current_set.bar_interval, mark.to_ts, current_set.lookback) as to_ts
      ) as reach
      union all
      select current_set.feature_set_version_id, instrument.instrument_id, tstzrange(null, null)
      from current_set
      cross join market.instrument as instrument
      where exists (
        select
        from market.price_data as bar
        where bar.instrument_id = instrument.instrument_id and bar.bar_interval = current_set.bar_interval
      ) and not exists (
        select
        from feature.feature_vector as vector
        where vector.instrument_id = instrument.instrument_id and vector.feature_set_version_id = current_set.feature_set_version_id
      )
    )
    select current_set.name, current_set.version, instrument.instrument_id, instrument.symbol, merged.bars
    from (
      select span.feature_set_version_id, span.instrument_id, range_agg(span.bars) as bars
      from span
      group by span.feature_set_version_id, span.instrument_id
    ) as affected
    join current_set using (feature_set_version_id)
    join market.instrument as instrument using (instrument_id)
    cross join lateral unnest(affected.bars) as merged (bars)
    order by instrument.instrument_id, current_set.name, merged.bars
  loop
    done := row(work.name, work.version, work.instrument_id, work.symbol, lower(work.bars), upper(work.bars), 0);
    done.rows_changed := feature.compute(p_run_id, done.feature_set, done.instrument_id, done.from_ts, done.to_ts);
    return next done;
  end loop;
end
$$;

comment on function pipeline.compute_stale_features(bigint) is
'Puts changed kernels into force, takes the marks of consumer feature out of pipeline.stale_range and computes every current set again for the marked bars and those that look back on them; a version without values for an instrument is computed in full.
p_run_id: run that asks for it. Gives a row for each set, instrument and span of bars, with the number of vectors that changed. All in the transaction of the caller: when it fails the marks stay.
Errors: those of feature.compute and feature.refresh_versions.';

revoke all on function pipeline.compute_stale_features(bigint) from public;
grant execute on function pipeline.compute_stale_features(bigint) to marketbase_worker;
