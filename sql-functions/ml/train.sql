-- Trains a model on what is known now, and tests it walking forward.
create or replace function ml.train(p_run_id bigint, p_model text) returns ml.model_training_run
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
  v_model ml.model;
  v_set ml.training_set;
  v_code_version constant text := ml.code_version();
  v_lambda double precision;
  v_folds integer;
  v_rows ml.training_row[];
  v_times timestamptz[];
  v_block integer;
  v_test_from timestamptz;
  v_test_to timestamptz;
  v_train ml.training_row[];
  v_test ml.training_row[];
  v_fit ml.ridge_fit;
  v_actual double precision[];
  v_predicted double precision[];
  v_baseline double precision[];
  v_all_actual double precision[] := '{}';
  v_all_predicted double precision[] := '{}';
  v_all_baseline double precision[] := '{}';
  v_metrics_in_sample jsonb;
  v_metrics_fold jsonb;
  v_fold_list jsonb := '[]';
  v_run ml.model_training_run;
begin
  perform pg_advisory_xact_lock(hashtextextended('ml.model ' || p_model, 0));
  v_model := ml.find_model(p_model);
  v_set := ml.make_training_set(p_run_id, p_model);

  -- The same data, parameters and code give the same training: it is there already and at most becomes the current one again.
  select * into v_run
  from ml.model_training_run
  where model_id = v_model.model_id
    and training_set_id = v_set.training_set_id
    and parameters = v_model.parameters
    and code_version = v_code_version;
  if found then
    if not v_run.is_current then
      update ml.model_training_run set is_current = false where model_id = v_model.model_id and is_current;
      update ml.model_training_run set is_current = true where model_training_run_id = v_run.model_training_run_id returning * into v_run;
    end if;
    return v_run;
  end if;

  v_lambda := (v_model.parameters -> 'lambda')::double precision;
  v_folds := (v_model.parameters -> 'folds')::integer;
  v_rows := array(select training from ml.training_rows(v_set.training_set_id) as training);

  -- Expanding windows: the decision times are cut into folds + 1 blocks of equal length, the first takes the remainder (scikit-learn's TimeSeriesSplit);
  -- fold k learns from the blocks before block k + 1 and is tested on that one.
  v_times := array(select distinct decision_time from unnest(v_rows) order by decision_time);
  v_block := cardinality(v_times) / (v_folds + 1);
  if v_block < 2 then
    raise exception using
      errcode = 'MB007',
      message = format('model %s needs %s decision times at least for %s folds; there are %s', p_model, 2 * (v_folds + 1), v_folds, cardinality(v_times)),
      hint = 'Ingest more bars or define the model with fewer folds.';
  end if;

  for v_fold in 1 .. v_folds loop
    v_test_from := v_times[cardinality(v_times) - (v_folds - v_fold + 1) * v_block + 1];
    v_test_to := v_times[cardinality(v_times) - (v_folds - v_fold) * v_block];
    -- Purged: a row whose label was not complete before the first decision of the test is not learnt from.
    v_train := array(
      select row (training.*)::ml.training_row from unnest(v_rows) as training
      where training.label_end < v_test_from
      order by training.decision_time, training.instrument_id
    );
    v_test := array(
      select row (training.*)::ml.training_row from unnest(v_rows) as training
      where training.decision_time between v_test_from and v_test_to
      order by training.decision_time, training.instrument_id
    );
    v_fit := ml.fit_ridge(v_train, v_lambda);

    select
      ml.score(
        array_agg(label order by decision_time, instrument_id),
        array_agg(ml.apply_fit(v_fit, features) order by decision_time, instrument_id),
        array_agg(v_fit.intercept order by decision_time, instrument_id)
      )
    into v_metrics_in_sample
    from unnest(v_train);

    select
      array_agg(label order by decision_time, instrument_id),
      array_agg(ml.apply_fit(v_fit, features) order by decision_time, instrument_id),
      array_agg(v_fit.intercept order by decision_time, instrument_id)
    into v_actual, v_predicted, v_baseline
    from unnest(v_test);
    v_metrics_fold := ml.score(v_actual, v_predicted, v_baseline);
    v_all_actual := v_all_actual || v_actual;
    v_all_predicted := v_all_predicted || v_predicted;
    v_all_baseline := v_all_baseline || v_baseline;

    v_fold_list := v_fold_list || (
      select jsonb_build_object(
        'fold', v_fold,
        'train_from', (min(decision_time) at time zone 'UTC')::date,
        'train_to', (max(decision_time) at time zone 'UTC')::date,
        'train_rows', count(*),
        'purged_rows', (select count(*) from unnest(v_rows) where decision_time < v_test_from and label_end >= v_test_from),
        'test_from', (v_test_from at time zone 'UTC')::date,
        'test_to', (v_test_to at time zone 'UTC')::date,
        'test_rows', cardinality(v_test),
        'in_sample', v_metrics_in_sample,
        'out_of_sample', v_metrics_fold
      )
      from unnest(v_train)
    );
  end loop;

  -- The fit of the last fold stays: its test window and all that comes later is genuinely out of sample.
  update ml.model_training_run set is_current = false where model_id = v_model.model_id and is_current;
  insert into ml.model_training_run (
    model_id, training_set_id, parameters, metrics_in_sample, metrics_out_of_sample, folds,
    feature_names, feature_means, feature_scales, coefficients, intercept,
    trained_from, trained_to, out_of_sample_from, data_hash, code_version, is_current, started_at, finished_at, run_id
  )
  select
    v_model.model_id, v_set.training_set_id, v_model.parameters,
    v_metrics_in_sample, ml.score(v_all_actual, v_all_predicted, v_all_baseline), v_fold_list,
    version.feature_names, v_fit.feature_means, v_fit.feature_scales, v_fit.coefficients, v_fit.intercept,
    (select min(decision_time) from unnest(v_train)), (select max(decision_time) from unnest(v_train)), v_test_from,
    v_set.data_hash, v_code_version, true, v_started_at, clock_timestamp(), p_run_id
  from feature.feature_set_version version
  where version.feature_set_version_id = v_set.feature_set_version_id
  returning * into v_run;
  return v_run;
end
$$;

comment on function ml.train(bigint, text) is
'Trains model p_model: draws its training set (ml.make_training_set), tests it on expanding walk-forward folds (purged: no label of a training row reaches into
the test) and keeps the coefficients of the last fold, so that its test window and all later bars are out of sample. Metrics as ml.score: in sample on the rows
of the kept fit, out of sample on all test windows together against the mean of each fold''s training rows. The same data, parameters and code are the same
training: nothing is written and the one that is there is returned, as the current one. MB003 unknown model, MB007 not enough rows,
MB009 singular at lambda 0.';

revoke all on function ml.train(bigint, text) from public;
grant execute on function ml.train(bigint, text) to marketbase_worker;
