create table ml.model (
  model_id bigint generated always as identity primary key,
  name text not null unique,
  algorithm text not null,
  feature_set_id bigint not null references feature.feature_set,
  label text not null,
  parameters jsonb not null,
  description text not null,
  created_at timestamptz not null default now(),
  constraint model_name_check check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint model_algorithm_check check (algorithm in ('ridge')),
  constraint model_label_check check (label in ('next_return')),
  constraint model_parameters_check check (jsonb_typeof(parameters) = 'object')
);
create index model_feature_set_id_idx on ml.model (feature_set_id);
comment on table ml.model is 'Models: an algorithm, a feature set, a label and parameters.';
comment on column ml.model.model_id is 'Identity.';
comment on column ml.model.name is 'Name.';
comment on column ml.model.algorithm is 'ridge.';
comment on column ml.model.feature_set_id is 'Feature set on which it is trained.';
comment on column ml.model.label is 'What it predicts: next_return, the return from the close of the decision''s session to the next close.';
comment on column ml.model.parameters is 'Parameters, a JSON object, such as {"lambda": 1, "folds": 5}.';
comment on column ml.model.description is 'What it is for.';
comment on column ml.model.created_at is 'When it was defined.';

create type ml.labelled_bar as (
  instrument_id bigint,
  ts timestamptz,
  decision_time timestamptz,
  label double precision,
  label_end timestamptz,
  label_known_from timestamptz
);
comment on type ml.labelled_bar is 'A bar with the return to the next bar.';
comment on column ml.labelled_bar.instrument_id is 'Instrument.';
comment on column ml.labelled_bar.ts is 'Start of the bar.';
comment on column ml.labelled_bar.decision_time is 'When the bar could first be known: for a daily bar the close of its session.';
comment on column ml.labelled_bar.label is 'close of the next bar / close - 1; null where there is no next bar.';
comment on column ml.labelled_bar.label_end is 'Decision time of the next bar: when the return was complete.';
comment on column ml.labelled_bar.label_known_from is 'From when this value of the label could be known; later than label_end where a close was corrected.';

create type ml.training_row as (
  instrument_id bigint,
  ts timestamptz,
  decision_time timestamptz,
  feature_revision integer,
  features double precision[],
  label double precision,
  label_end timestamptz,
  label_known_from timestamptz
);
comment on type ml.training_row is 'A bar with the features that were known at its decision time and its label.';
comment on column ml.training_row.instrument_id is 'Instrument.';
comment on column ml.training_row.ts is 'Start of the bar.';
comment on column ml.training_row.decision_time is 'When the bar could first be known: for a daily bar the close of its session.';
comment on column ml.training_row.feature_revision is 'Revision of the feature vector that was known then; null where none was.';
comment on column ml.training_row.features is 'Its values, in the order of feature_set_version.feature_names; null where no vector was known.';
comment on column ml.training_row.label is 'The label; null where it is not known yet.';
comment on column ml.training_row.label_end is 'When the period of the label was over.';
comment on column ml.training_row.label_known_from is 'From when this value of the label could be known.';

create type ml.ridge_fit as (
  row_count bigint,
  feature_means double precision[],
  feature_scales double precision[],
  coefficients double precision[],
  intercept double precision
);
comment on type ml.ridge_fit is 'What a ridge regression found: prediction = intercept + sum of coefficient * (feature - mean) / scale.';
comment on column ml.ridge_fit.row_count is 'Rows on which it was fitted.';
comment on column ml.ridge_fit.feature_means is 'Means of the features.';
comment on column ml.ridge_fit.feature_scales is 'Population standard deviations of the features; 1 for a feature that does not vary.';
comment on column ml.ridge_fit.coefficients is 'Coefficients of the standardised features; 0 for a feature that does not vary.';
comment on column ml.ridge_fit.intercept is 'Intercept: the mean of the labels.';

create table ml.training_set (
  training_set_id bigint generated always as identity primary key,
  feature_set_version_id bigint not null references feature.feature_set_version,
  label text not null,
  instrument_ids bigint[] not null,
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  known_at timestamptz not null,
  row_count bigint not null,
  left_out jsonb not null default '{}',
  data_hash text not null unique,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  constraint training_set_row_count_check check (row_count > 0),
  constraint training_set_left_out_check check (jsonb_typeof(left_out) = 'object'),
  constraint training_set_data_hash_check check (data_hash ~ '^[0-9a-f]{64}$')
);
create index training_set_feature_set_version_id_idx on ml.training_set (feature_set_version_id);
create index training_set_run_id_idx on ml.training_set (run_id);
comment on table ml.training_set is 'What a training set is made of, and the hash of its rows. Append-only; the same rows are one training set.';
comment on column ml.training_set.training_set_id is 'Identity.';
comment on column ml.training_set.feature_set_version_id is 'Version of the feature set.';
comment on column ml.training_set.label is 'Label.';
comment on column ml.training_set.instrument_ids is 'Instruments.';
comment on column ml.training_set.from_ts is 'First bar.';
comment on column ml.training_set.to_ts is 'Last bar.';
comment on column ml.training_set.known_at is 'Moment of recording as of which features and labels were read: the latest recorded_at among them.';
comment on column ml.training_set.row_count is 'Rows.';
comment on column ml.training_set.left_out is 'Bars of the instruments that are no rows, counted by reason, a JSON object: no_vector (none known at the decision), missing_feature, no_label (no next bar yet).';
comment on column ml.training_set.data_hash is 'sha256 over the version of the feature set and the rows in order, hex; see ml.hash_training_rows.';
comment on column ml.training_set.recorded_at is 'When it was made.';
comment on column ml.training_set.run_id is 'Run that made it.';

create table ml.model_training_run (
  model_training_run_id bigint generated always as identity primary key,
  model_id bigint not null references ml.model,
  training_set_id bigint not null references ml.training_set,
  parameters jsonb not null,
  metrics_in_sample jsonb not null,
  metrics_out_of_sample jsonb not null,
  folds jsonb not null,
  feature_names text[] not null,
  feature_means double precision[] not null,
  feature_scales double precision[] not null,
  coefficients double precision[] not null,
  intercept double precision not null,
  trained_from timestamptz not null,
  trained_to timestamptz not null,
  out_of_sample_from timestamptz not null,
  data_hash text not null,
  code_version text not null,
  is_current boolean not null default true,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  run_id bigint not null references pipeline.pipeline_run,
  unique (model_id, training_set_id, parameters, code_version),
  constraint model_training_run_shape_check check (
    cardinality(coefficients) = cardinality(feature_names)
    and cardinality(feature_means) = cardinality(feature_names)
    and cardinality(feature_scales) = cardinality(feature_names)
  ),
  constraint model_training_run_data_hash_check check (data_hash ~ '^[0-9a-f]{64}$'),
  constraint model_training_run_parameters_check check (jsonb_typeof(parameters) = 'object'),
  constraint model_training_run_metrics_check check (jsonb_typeof(metrics_in_sample) = 'object' and jsonb_typeof(metrics_out_of_sample) = 'object'),
  constraint model_training_run_folds_check check (jsonb_typeof(folds) = 'array'),
  constraint model_training_run_order_check check (finished_at >= started_at),
  constraint model_training_run_sample_check check (trained_from <= trained_to and trained_to < out_of_sample_from)
);
create unique index model_training_run_current_idx on ml.model_training_run (model_id) where is_current;
create index model_training_run_training_set_id_idx on ml.model_training_run (training_set_id);
create index model_training_run_run_id_idx on ml.model_training_run (run_id);
comment on table ml.model_training_run is 'Trainings of a model: parameters, metrics in and out of sample, coefficients and the hash of the data.';
comment on column ml.model_training_run.model_training_run_id is 'Identity.';
comment on column ml.model_training_run.model_id is 'Model.';
comment on column ml.model_training_run.training_set_id is 'Training set.';
comment on column ml.model_training_run.parameters is 'Parameters that were used, a JSON object.';
comment on column ml.model_training_run.metrics_in_sample is 'Metrics on the rows that gave the coefficients, a JSON object as ml.score makes it: rows, r2, rmse, information_coefficient, rank_information_coefficient, hit_rate.';
comment on column ml.model_training_run.metrics_out_of_sample is 'The same metrics on the test parts of the walk-forward folds taken together.';
comment on column ml.model_training_run.folds is 'The walk-forward folds: dates of training and test, rows and metrics of each, a JSON array.';
comment on column ml.model_training_run.feature_names is 'Features in the order of the coefficients.';
comment on column ml.model_training_run.feature_means is 'Means in the training rows, by which features were centred.';
comment on column ml.model_training_run.feature_scales is 'Standard deviations in the training rows, by which features were scaled.';
comment on column ml.model_training_run.coefficients is 'Coefficients of the standardised features, fitted on the rows before the last test window.';
comment on column ml.model_training_run.intercept is 'Intercept.';
comment on column ml.model_training_run.trained_from is 'First decision time among the rows that gave the coefficients.';
comment on column ml.model_training_run.trained_to is 'Last decision time among them.';
comment on column ml.model_training_run.out_of_sample_from is 'Decision time from which nothing was used for the coefficients: the start of the last test window.';
comment on column ml.model_training_run.data_hash is 'Hash of the training set, repeated here so that a run proves its data by itself.';
comment on column ml.model_training_run.code_version is 'Hash of the functions that trained it.';
comment on column ml.model_training_run.is_current is 'True for the training with which predictions are made now.';
comment on column ml.model_training_run.started_at is 'When training began.';
comment on column ml.model_training_run.finished_at is 'When training ended.';
comment on column ml.model_training_run.run_id is 'Run that trained it.';

create table ml.model_prediction (
  instrument_id bigint not null references market.instrument,
  model_prediction_id bigint generated always as identity,
  model_training_run_id bigint not null references ml.model_training_run,
  ts timestamptz not null,
  decision_time timestamptz not null,
  predicted double precision not null,
  is_out_of_sample boolean not null,
  feature_set_version_id bigint not null references feature.feature_set_version,
  feature_revision integer not null,
  outcome double precision,
  outcome_known_from timestamptz,
  outcome_run_id bigint references pipeline.pipeline_run,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, model_prediction_id),
  unique (instrument_id, model_training_run_id, ts),
  constraint model_prediction_outcome_check check ((outcome is null) = (outcome_known_from is null) and (outcome is null) = (outcome_run_id is null)),
  constraint model_prediction_outcome_time_check check (outcome_known_from > decision_time)
);
create unique index model_prediction_id_idx on ml.model_prediction (model_prediction_id);
create index model_prediction_model_training_run_id_idx on ml.model_prediction (model_training_run_id);
create index model_prediction_feature_set_version_id_idx on ml.model_prediction (feature_set_version_id);
create index model_prediction_outcome_run_id_idx on ml.model_prediction (outcome_run_id);
create index model_prediction_run_id_idx on ml.model_prediction (run_id);
comment on table ml.model_prediction is 'Predictions, with the outcome once it is known.';
comment on column ml.model_prediction.instrument_id is 'Instrument.';
comment on column ml.model_prediction.model_prediction_id is 'Identity.';
comment on column ml.model_prediction.model_training_run_id is 'Training whose coefficients were used.';
comment on column ml.model_prediction.ts is 'Bar at whose close the prediction counts.';
comment on column ml.model_prediction.decision_time is 'Moment of the decision; nothing known later was used.';
comment on column ml.model_prediction.predicted is 'Predicted value of the model''s label.';
comment on column ml.model_prediction.is_out_of_sample is 'True where the decision lies at or after out_of_sample_from of the training.';
comment on column ml.model_prediction.feature_set_version_id is 'Version of the feature set.';
comment on column ml.model_prediction.feature_revision is 'Revision of the feature vector that was used.';
comment on column ml.model_prediction.outcome is 'Realised value of the label; null until it is known. It follows corrections of the bars; the prediction never changes.';
comment on column ml.model_prediction.outcome_known_from is 'From when this value of the outcome could be known.';
comment on column ml.model_prediction.outcome_run_id is 'Run that joined the outcome.';
comment on column ml.model_prediction.recorded_at is 'When the prediction was stored.';
comment on column ml.model_prediction.run_id is 'Run that made the prediction.';
