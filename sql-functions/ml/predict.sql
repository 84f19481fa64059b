-- Predicts with the current training of a model.
create or replace function ml.predict(p_run_id bigint, p_model text, p_from timestamptz default null, p_without bigint[] default '{}') returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model ml.model;
  v_training ml.model_training_run;
  v_set ml.training_set;
  v_fit ml.ridge_fit;
  v_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('ml.model ' || p_model, 0));
  v_model := ml.find_model(p_model);
  select * into v_training from ml.model_training_run where model_id = v_model.model_id and is_current;
  if not found then
    raise exception using
      errcode = 'MB008',
      message = format('model %s is not trained', p_model),
      hint = 'Train it first: ml.train.';
  end if;
  select * into strict v_set from ml.training_set where training_set_id = v_training.training_set_id;
  v_fit := row (
    v_set.row_count, v_training.feature_means, v_training.feature_scales, v_training.coefficients, v_training.intercept
  )::ml.ridge_fit;

  insert into ml.model_prediction (
    instrument_id, model_training_run_id, ts, decision_time, predicted, is_out_of_sample, feature_set_version_id, feature_revision, run_id
  )
  select
    decision.instrument_id,
    v_training.model_training_run_id,
    decision.ts,
    decision.decision_time,
    ml.apply_fit(v_fit, decision.features),
    decision.decision_time >= v_training.out_of_sample_from,
    v_set.feature_set_version_id,
    decision.feature_revision,
    p_run_id
  from ml.decision_rows(v_set.feature_set_version_id, v_set.instrument_ids) as decision
  where decision.instrument_id <> all (p_without)
    and decision.decision_time >= coalesce(p_from, v_training.out_of_sample_from)
    and ml.is_complete(decision.features)
    -- A prediction that was made stays as it was made.
    and not exists (
      select from ml.model_prediction made
      where made.instrument_id = decision.instrument_id
        and made.model_training_run_id = v_training.model_training_run_id
        and made.ts = decision.ts
    )
  order by decision.decision_time, decision.instrument_id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function ml.predict(bigint, text, timestamptz, bigint[]) is
'Predicts the label with the current training of model p_model for every bar decided at or after p_from (default: the start of its out-of-sample part), also the
newest bars without an outcome yet, from the feature vector that was known at the decision. Bars before the out-of-sample part get is_out_of_sample = false.
Instruments in p_without get none. Returns the number of predictions made: 0 where all are there, for a prediction once made is never made again. MB003 unknown model, MB008 not trained.';

revoke all on function ml.predict(bigint, text, timestamptz, bigint[]) from public;
grant execute on function ml.predict(bigint, text, timestamptz, bigint[]) to marketbase_worker;
