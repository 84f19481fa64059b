-- Edges from the bars to the feature vectors that were computed from them, and from a first stage to the vectors that compare instruments.
create or replace function lineage.record_feature_vector() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    grouped.run_id,
    case when version.base_version_id is null then 'market.price_data' else 'feature.feature_vector' end,
    version.base_version_id,
    case when version.base_version_id is null then grouped.instrument_id end,
    case when version.base_version_id is null then lineage.window_start(grouped.instrument_id, version.lookback, grouped.from_ts) else grouped.from_ts end,
    grouped.to_ts,
    'feature.feature_vector', grouped.instrument_id, grouped.from_ts, grouped.to_ts,
    grouped.row_count, lower(tg_op),
    case when version.base_version_id is null then 'feature.compute' else 'feature.compute_cross_sections' end,
    feature_set.name || '@' || version.version
  from (
    select run_id, instrument_id, feature_set_version_id, min(ts) as from_ts, max(ts) as to_ts, count(*) as row_count
    from made
    group by run_id, instrument_id, feature_set_version_id
  ) grouped
  join feature.feature_set_version version using (feature_set_version_id)
  join feature.feature_set feature_set using (feature_set_id);
  return null;
end
$$;

comment on function lineage.record_feature_vector() is
'Trigger: writes one edge from the bars of an instrument, as far back as the set looks, to its vectors. Vectors that compare instruments come from those of all instruments at the same times: their source has no instrument, and as source_id the version of the first stage.';

revoke all on function lineage.record_feature_vector() from public;

create or replace trigger _500_lineage_insert after insert on feature.feature_vector
  referencing new table as made
  for each statement execute function lineage.record_feature_vector();
create or replace trigger _500_lineage_update after update on feature.feature_vector
  referencing new table as made
  for each statement execute function lineage.record_feature_vector();
