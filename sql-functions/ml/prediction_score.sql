-- How good the predictions of each training turned out to be.
create or replace view ml.prediction_score with (security_invoker = true) as
with ranked as (
  select
    model_training_run_id,
    is_out_of_sample,
    predicted,
    outcome,
    decision_time,
    rank() over same_sample_by_outcome + (count(*) over (partition by model_training_run_id, is_out_of_sample, outcome) - 1) / 2.0 as outcome_rank,
    rank() over same_sample_by_predicted + (count(*) over (partition by model_training_run_id, is_out_of_sample, predicted) - 1) / 2.0 as predicted_rank
  from ml.model_prediction
  where outcome is not null
  window
    same_sample_by_outcome as (partition by model_training_run_id, is_out_of_sample order by outcome),
    same_sample_by_predicted as (partition by model_training_run_id, is_out_of_sample order by predicted)
)
select
  model.name as model,
  ranked.model_training_run_id,
  model_training_run.is_current,
  ranked.is_out_of_sample,
  count(*) as prediction_count,
  min(ranked.decision_time) as first_decision_time,
  max(ranked.decision_time) as last_decision_time,
  1 - sum((ranked.outcome - ranked.predicted) ^ 2) / nullif(sum((ranked.outcome - model_training_run.intercept) ^ 2), 0) as r2,
  sqrt(avg((ranked.outcome - ranked.predicted) ^ 2)) as rmse,
  corr(ranked.outcome, ranked.predicted) as information_coefficient,
  corr(ranked.outcome_rank, ranked.predicted_rank) as rank_information_coefficient,
  (avg(case when sign(ranked.outcome) = sign(ranked.predicted) then 1 else 0 end) filter (where ranked.outcome <> 0))::double precision as hit_rate
from ranked
join ml.model_training_run on model_training_run.model_training_run_id = ranked.model_training_run_id
join ml.model on model.model_id = model_training_run.model_id
group by model.name, ranked.model_training_run_id, model_training_run.is_current, ranked.is_out_of_sample;

comment on view ml.prediction_score is
'How good the predictions of each training turned out to be, over those whose outcome is known. The metrics are those of ml.score.';
comment on column ml.prediction_score.model is 'Name of the model.';
comment on column ml.prediction_score.model_training_run_id is 'Training whose coefficients were used.';
comment on column ml.prediction_score.is_current is 'True where the training is the one with which the model predicts now.';
comment on column ml.prediction_score.is_out_of_sample is 'True for the predictions of which nothing was used in the training.';
comment on column ml.prediction_score.prediction_count is 'Predictions whose outcome is known.';
comment on column ml.prediction_score.first_decision_time is 'Decision time of the first of them.';
comment on column ml.prediction_score.last_decision_time is 'Decision time of the last of them.';
comment on column ml.prediction_score.r2 is '1 - squared errors / squared errors of the mean of the training rows: 0 is as good as that mean, less is worse.';
comment on column ml.prediction_score.rmse is 'Root of the mean squared error.';
comment on column ml.prediction_score.information_coefficient is 'Pearson''s correlation of prediction and outcome; null where one is constant.';
comment on column ml.prediction_score.rank_information_coefficient is 'Spearman''s correlation of prediction and outcome; ties share their mean rank.';
comment on column ml.prediction_score.hit_rate is 'Share of the outcomes other than 0 whose sign was predicted.';

grant select on ml.prediction_score to marketbase_reader;
