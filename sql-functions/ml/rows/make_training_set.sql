-- Draws the training set of a model as of now.
create or replace function ml.make_training_set(p_run_id bigint, p_model text) returns ml.training_set
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model ml.model := ml.find_model(p_model);
  v_version_id bigint;
  v_bar_interval text;
  v_instrument_ids bigint[];
  v_known_at timestamptz;
  v_left_out jsonb;
  v_rows ml.training_row[];
  v_hash text;
  v_set ml.training_set;
begin
  select version.feature_set_version_id, feature_set.bar_interval
  into v_version_id, v_bar_interval
  from feature.feature_set
  join feature.feature_set_version version on version.feature_set_id = feature_set.feature_set_id and version.is_current
  where feature_set.feature_set_id = v_model.feature_set_id;

  v_instrument_ids := ml.model_instruments(p_model);

  -- As of the last thing that was recorded, not of the clock: what another transaction stores meanwhile then stays outside.
  select max(recorded_at) into v_known_at
  from (
    select max(recorded_at) as recorded_at from feature.feature_vector
    where feature_set_version_id = v_version_id and instrument_id = any (v_instrument_ids)
    union all
    select max(recorded_at) from market.price_data
    where instrument_id = any (v_instrument_ids) and bar_interval = v_bar_interval
  ) as recorded;

  with decision as (
    select
      row (decision.*)::ml.training_row as training,
      decision.decision_time,
      decision.instrument_id,
      case
        when decision.features is null then 'no_vector'
        when not ml.is_complete(decision.features) then 'missing_feature'
        when decision.label_end > decision.decision_time then null
        else 'no_label'
      end as left_out
    from ml.decision_rows(v_version_id, v_instrument_ids, v_known_at) as decision
  )
  select
    array_agg(training order by decision_time, instrument_id) filter (where left_out is null),
    jsonb_build_object(
      'no_vector', count(*) filter (where left_out = 'no_vector'),
      'missing_feature', count(*) filter (where left_out = 'missing_feature'),
      'no_label', count(*) filter (where left_out = 'no_label')
    )
  into v_rows, v_left_out
  from decision;

  if v_rows is null then
    raise exception using
      errcode = 'MB007',
      message = format('model %s has no rows to learn from: no bar has complete features and a label (left out: %s)', p_model, v_left_out),
      hint = 'Ingest more bars and compute the features of the set first.';
  end if;

  v_hash := ml.hash_training_rows(v_version_id, v_rows);
  insert into ml.training_set (
    feature_set_version_id, label, instrument_ids, from_ts, to_ts, known_at, row_count, left_out, data_hash, run_id
  )
  select
    v_version_id, v_model.label, array_agg(distinct instrument_id), min(ts), max(ts), v_known_at, count(*), v_left_out, v_hash, p_run_id
  from unnest(v_rows)
  on conflict (data_hash) do nothing
  returning * into v_set;
  if not found then
    select * into strict v_set from ml.training_set where data_hash = v_hash;
    return v_set;
  end if;

  insert into ml.training_set_digest (training_set_id, instrument_id, ts, digests)
  select
    v_set.training_set_id, training.instrument_id,
    array_agg(training.ts order by training.ts),
    string_agg(substr(ml.hash_training_row(instrument.symbol, row (training.*)::ml.training_row), 1, 8), '' order by training.ts)
  from unnest(v_rows) as training
  join market.instrument as instrument on instrument.instrument_id = training.instrument_id
  group by training.instrument_id;
  return v_set;
end
$$;

comment on function ml.make_training_set(bigint, text) is
'The training set of model p_model as of now: for every bar of its instruments (parameter symbols, or all that have vectors of the current version of its
feature set) the features known at the decision time and the label as now known. Bars without a vector in time, with a missing feature or without a label yet
are left out and counted. The same rows are the same training set: the one that is there is returned. MB003 unknown model, MB002 unknown symbol,
MB007 no rows.';

revoke all on function ml.make_training_set(bigint, text) from public;
grant execute on function ml.make_training_set(bigint, text) to marketbase_worker;
