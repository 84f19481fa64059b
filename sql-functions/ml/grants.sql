-- Who may do what with models, training and predictions: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema ml to marketbase_reader;

alter table ml.model enable row level security;
drop policy if exists model_read on ml.model;
create policy model_read on ml.model for select to marketbase_reader using (true);
drop policy if exists model_insert on ml.model;
create policy model_insert on ml.model for insert to marketbase_worker with check (true);
drop policy if exists model_update on ml.model;
create policy model_update on ml.model for update to marketbase_worker using (true) with check (true);
revoke all on ml.model from public, marketbase_reader, marketbase_worker;
grant select on ml.model to marketbase_reader;
grant insert (name, algorithm, feature_set_id, label, parameters, description) on ml.model to marketbase_worker;
grant update (parameters, description) on ml.model to marketbase_worker;

alter table ml.training_set enable row level security;
drop policy if exists training_set_read on ml.training_set;
create policy training_set_read on ml.training_set for select to marketbase_reader using (true);
drop policy if exists training_set_insert on ml.training_set;
create policy training_set_insert on ml.training_set for insert to marketbase_worker with check (true);
revoke all on ml.training_set from public, marketbase_reader, marketbase_worker;
grant select on ml.training_set to marketbase_reader;
grant insert (
  feature_set_version_id, label, instrument_ids, from_ts, to_ts, known_at, row_count, left_out, data_hash, run_id
) on ml.training_set to marketbase_worker;

alter table ml.model_training_run enable row level security;
drop policy if exists model_training_run_read on ml.model_training_run;
create policy model_training_run_read on ml.model_training_run for select to marketbase_reader using (true);
drop policy if exists model_training_run_insert on ml.model_training_run;
create policy model_training_run_insert on ml.model_training_run for insert to marketbase_worker with check (true);
drop policy if exists model_training_run_update on ml.model_training_run;
create policy model_training_run_update on ml.model_training_run for update to marketbase_worker using (true) with check (true);
revoke all on ml.model_training_run from public, marketbase_reader, marketbase_worker;
grant select on ml.model_training_run to marketbase_reader;
grant insert (
  model_id, training_set_id, parameters, metrics_in_sample, metrics_out_of_sample, folds, feature_names, feature_means, feature_scales,
  coefficients, intercept, trained_from, trained_to, out_of_sample_from, data_hash, code_version, is_current, started_at, finished_at, run_id
) on ml.model_training_run to marketbase_worker;
grant update (is_current) on ml.model_training_run to marketbase_worker;

alter table ml.model_prediction enable row level security;
drop policy if exists model_prediction_read on ml.model_prediction;
create policy model_prediction_read on ml.model_prediction for select to marketbase_reader using (true);
drop policy if exists model_prediction_insert on ml.model_prediction;
create policy model_prediction_insert on ml.model_prediction for insert to marketbase_worker with check (true);
drop policy if exists model_prediction_update on ml.model_prediction;
create policy model_prediction_update on ml.model_prediction for update to marketbase_worker using (true) with check (true);
revoke all on ml.model_prediction from public, marketbase_reader, marketbase_worker;
grant select on ml.model_prediction to marketbase_reader;
grant insert (
  instrument_id, model_training_run_id, ts, decision_time, predicted, is_out_of_sample, feature_set_version_id, feature_revision, outcome,
  outcome_known_from, outcome_run_id, run_id
) on ml.model_prediction to marketbase_worker;
grant update (outcome, outcome_known_from, outcome_run_id) on ml.model_prediction to marketbase_worker;

alter table ml.training_set_digest enable row level security;
drop policy if exists training_set_digest_read on ml.training_set_digest;
create policy training_set_digest_read on ml.training_set_digest for select to marketbase_reader using (true);
drop policy if exists training_set_digest_insert on ml.training_set_digest;
create policy training_set_digest_insert on ml.training_set_digest for insert to marketbase_worker with check (true);
revoke all on ml.training_set_digest from public, marketbase_reader, marketbase_worker;
grant select on ml.training_set_digest to marketbase_reader;
grant insert (training_set_id, instrument_id, ts, digests) on ml.training_set_digest to marketbase_worker;
