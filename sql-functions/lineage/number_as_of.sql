-- One number as it was stored at a moment, and the row in which it stood.
create or replace function lineage.number_as_of(
  p_instrument_id bigint,
  p_date date,
  p_feature text,
  p_prediction text,
  p_as_of timestamptz
)
returns table (
  relation text,
  id bigint,
  instrument_id bigint,
  ts timestamptz,
  name text,
  value text,
  version text,
  known_from timestamptz,
  recorded_at timestamptz
)
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  set_name constant text := nullif(split_part(p_feature, '.', 1), '');
  feature_name constant text := split_part(p_feature, '.', 2);
begin
  if p_prediction <> '' then
    if p_prediction !~ '^[1-9]\d{0,17}$' then
      raise exception using errcode = 'MB001',
        message = format('%s is not the number of a prediction; ml.prediction has them.', quote_literal(left(p_prediction, 80)));
    end if;
    return query
    select
      'ml.model_prediction', prediction.model_prediction_id, prediction.instrument_id, prediction.ts, model.name || ' prediction', prediction.predicted::text,
      'training ' || prediction.model_training_run_id, prediction.decision_time, prediction.recorded_at
    from ml.model_prediction as prediction
    join ml.model_training_run as training using (model_training_run_id)
    join ml.model as model using (model_id)
    where prediction.model_prediction_id = p_prediction::bigint and prediction.recorded_at <= p_as_of;
    if not found then
      raise exception using errcode = 'MB002', message = format('There was no prediction %s at that moment.', p_prediction);
    end if;
    return;
  end if;
  if p_instrument_id = 0 then
    raise exception using errcode = 'MB001',
      message = 'Whose number? Give symbol, and date and feature where it is not the close of the last bar; or prediction.';
  end if;

  if p_feature <> '' then
    if set_name is null or feature_name = '' or not exists (
      select
      from feature.feature_set as known
      join feature.feature_set_version as made using (feature_set_id)
      where known.name = set_name and feature_name = any (made.feature_names) and made.in_force_from <= p_as_of
    ) then
      raise exception using errcode = 'MB003',
        message = format('There was no feature %s at that moment; write set and name as qlib14.corr20.', quote_literal(left(p_feature, 80)));
    end if;
    return query
    select
      'feature.feature_vector', vector.feature_set_version_id, vector.instrument_id, vector.ts, p_feature,
      vector.values[array_position(made.feature_names, feature_name)]::text,
      known.name || '@' || made.version || ' revision ' || vector.revision, vector.known_from, vector.recorded_at
    from feature.feature_set as known
    join feature.feature_set_version as made using (feature_set_id)
    join feature.feature_vector_version as vector using (feature_set_version_id)
    where known.name = set_name and made.in_force_from <= p_as_of and feature_name = any (made.feature_names)
      and vector.instrument_id = p_instrument_id and (p_date is null or (vector.ts at time zone 'UTC')::date = p_date)
      and vector.recorded_at <= p_as_of and vector.closed_at > p_as_of
    order by made.in_force_from desc, vector.ts desc
    limit 1;
  else
    return query
    select
      'market.price_data', null::bigint, bar.instrument_id, bar.ts, 'close', bar.close::text,
      format('version %s of %s', bar.version, bar.provider), bar.known_from, bar.recorded_at
    from market.price_data_version as bar
    where bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and (p_date is null or bar.session_date = p_date)
      and bar.recorded_at <= p_as_of and (bar.closed_at is null or bar.closed_at > p_as_of)
    order by bar.ts desc
    limit 1;
  end if;
  if not found then
    raise exception using errcode = 'MB002',
      message = format('Nothing was stored at that moment for that instrument%s.', coalesce(' on ' || p_date, ''));
  end if;
end
$$;

comment on function lineage.number_as_of(bigint, date, text, text, timestamptz) is
'The number that a report traces, as stored at p_as_of: the prediction p_prediction (its number), or of instrument p_instrument_id on p_date (NULL: the last day) the feature p_feature (set and name as in qlib14.corr20, of the latest version of the set) or, where that is empty, the close of its daily bar. Values are texts with every digit.
id: the prediction, or the version of the feature set. Errors: MB001 where neither an instrument (0 is none) nor a prediction is named, MB002 where nothing was stored, MB003 for an unknown feature.';

revoke all on function lineage.number_as_of(bigint, date, text, text, timestamptz) from public;
grant execute on function lineage.number_as_of(bigint, date, text, text, timestamptz) to marketbase_analyst, marketbase_auditor;
