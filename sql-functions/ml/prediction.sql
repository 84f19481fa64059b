-- Predictions with symbol and model in words.
create or replace view ml.prediction with (security_invoker = true) as
select
  instrument.symbol,
  model_prediction.ts,
  model.name as model,
  model_prediction.decision_time,
  model_prediction.predicted,
  model_prediction.outcome,
  model_prediction.outcome_known_from,
  model_prediction.is_out_of_sample,
  model_training_run.is_current as is_current_training,
  feature_set.name as feature_set,
  feature_set_version.version as feature_set_version,
  model_prediction.feature_revision,
  model_prediction.instrument_id,
  model_prediction.model_prediction_id,
  model_prediction.model_training_run_id,
  model_prediction.recorded_at,
  model_prediction.run_id
from ml.model_prediction
join market.instrument on instrument.instrument_id = model_prediction.instrument_id
join ml.model_training_run on model_training_run.model_training_run_id = model_prediction.model_training_run_id
join ml.model on model.model_id = model_training_run.model_id
join feature.feature_set_version on feature_set_version.feature_set_version_id = model_prediction.feature_set_version_id
join feature.feature_set on feature_set.feature_set_id = feature_set_version.feature_set_id;

comment on view ml.prediction is 'Predictions with symbol, model and outcome: one row per bar and training.';
comment on column ml.prediction.symbol is 'Symbol of the instrument.';
comment on column ml.prediction.ts is 'Start of the bar at whose close the prediction counts.';
comment on column ml.prediction.model is 'Name of the model.';
comment on column ml.prediction.decision_time is 'Moment of the decision; nothing known later was used.';
comment on column ml.prediction.predicted is 'Predicted value of the label, a fraction.';
comment on column ml.prediction.outcome is 'Realised value of the label; null until it is known.';
comment on column ml.prediction.outcome_known_from is 'From when this value of the outcome could be known.';
comment on column ml.prediction.is_out_of_sample is 'True where nothing of the time from this decision on was used in the training.';
comment on column ml.prediction.is_current_training is 'True where the training is the one with which the model predicts now.';
comment on column ml.prediction.feature_set is 'Feature set.';
comment on column ml.prediction.feature_set_version is 'Its version.';
comment on column ml.prediction.feature_revision is 'Revision of the feature vector that was used.';
comment on column ml.prediction.instrument_id is 'Instrument.';
comment on column ml.prediction.model_prediction_id is 'Identity of the prediction, for lineage.trace(''ml.model_prediction'', …).';
comment on column ml.prediction.model_training_run_id is 'Training whose coefficients were used.';
comment on column ml.prediction.recorded_at is 'When the prediction was stored.';
comment on column ml.prediction.run_id is 'Run that made it.';

grant select on ml.prediction to marketbase_reader;
