-- Writes the query that gives the rows of a training set, a column for each feature.
create or replace function ml.export_query(p_training_set_id bigint) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  feature_names text[];
  label_name text;
begin
  select version.feature_names, training_set.label
  into feature_names, label_name
  from ml.training_set as training_set
  join feature.feature_set_version as version on version.feature_set_version_id = training_set.feature_set_version_id
  where training_set.training_set_id = p_training_set_id;
  if not found then
    raise exception using
      errcode = 'MB001',
      message = format('There is no training set %s.', coalesce(p_training_set_id::text, 'NULL')),
      hint = 'The training sets are the rows of ml.training_set.';
  end if;
  return format(
    E'select instrument.symbol, training.ts, training.decision_time%s,\n  training.label as %I, training.label_end, training.label_known_from\n'
    'from ml.training_rows(%s) as training\n'
    'join market.instrument as instrument on instrument.instrument_id = training.instrument_id\n'
    'order by training.decision_time, instrument.symbol',
    (
      select string_agg(format(E',\n  training.features[%s] as %I', named.position, named.name), '' order by named.position)
      from unnest(feature_names) with ordinality as named (name, position)
    ),
    label_name, p_training_set_id
  );
end
$$;

comment on function ml.export_query(bigint) is
E'@behavior -*\nA query that gives the rows of training set p_training_set_id in order of decision time and symbol: symbol, ts, decision_time, a column for each feature, the label under its name, label_end and label_known_from. marketbase export runs it.
Errors: MB001 for an unknown id.';

revoke all on function ml.export_query(bigint) from public;
grant execute on function ml.export_query(bigint) to marketbase_analyst;
