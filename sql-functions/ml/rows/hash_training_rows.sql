-- The hash by which a training set is known.
create or replace function ml.hash_training_rows(p_feature_set_version_id bigint, p_rows ml.training_row[]) returns text
language sql stable parallel safe
begin atomic
  select encode(
    sha256(
      (
        select convert_to(feature_set.name || ' ' || version.version || ' ' || array_to_string(version.feature_names, ','), 'UTF8')
        from feature.feature_set_version version
        join feature.feature_set on feature_set.feature_set_id = version.feature_set_id
        where version.feature_set_version_id = p_feature_set_version_id
      )
      || coalesce(string_agg(
        ml.hash_training_row(instrument.symbol, row (training.*)::ml.training_row),
        '' order by training.decision_time, instrument.symbol
      ), '')
    ),
    'hex'
  )
  from unnest(p_rows) as training
  join market.instrument on instrument.instrument_id = training.instrument_id;
end;

comment on function ml.hash_training_rows(bigint, ml.training_row[]) is
'sha256, hex, over the name and version of the feature set, the names of its features and, in order of decision time and symbol, ml.hash_training_row of each row. It depends on no setting and on no identity that a database gave, so that the same data
has the same hash everywhere.';

revoke all on function ml.hash_training_rows(bigint, ml.training_row[]) from public;
grant execute on function ml.hash_training_rows(bigint, ml.training_row[]) to marketbase_analyst;
