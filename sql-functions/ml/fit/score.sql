-- How good predictions were.
create or replace function ml.score(p_actual double precision[], p_predicted double precision[], p_baseline double precision[]) returns jsonb
language sql immutable parallel safe
begin atomic
  with pair as (
    select actual, predicted, baseline
    from unnest(p_actual, p_predicted, p_baseline) as pair (actual, predicted, baseline)
  ),
  -- Ranks from 1; equal values share the mean of theirs.
  ranked as (
    select
      actual,
      predicted,
      baseline,
      rank() over (order by actual) + (count(*) over (partition by actual) - 1) / 2.0 as actual_rank,
      rank() over (order by predicted) + (count(*) over (partition by predicted) - 1) / 2.0 as predicted_rank
    from pair
  )
  select jsonb_build_object(
    'rows', count(*),
    'r2', 1 - sum((actual - predicted) ^ 2) / nullif(sum((actual - baseline) ^ 2), 0),
    'rmse', sqrt(avg((actual - predicted) ^ 2)),
    'information_coefficient', corr(actual, predicted),
    'rank_information_coefficient', corr(actual_rank, predicted_rank),
    'hit_rate', avg(case when sign(actual) = sign(predicted) then 1 else 0 end) filter (where actual <> 0)
  )
  from ranked;
end;

comment on function ml.score(double precision[], double precision[], double precision[]) is
'Scores predictions against what came: a JSON object with rows; r2 = 1 - squared errors / squared errors of p_baseline, so that 0 is as good as the baseline
and less is worse (out of sample the baseline is the mean of the training rows: Campbell and Thompson 2008); rmse; information_coefficient (Pearson''s
correlation) and rank_information_coefficient (Spearman''s, ties share their mean rank); hit_rate: the share of rows with actual <> 0 where the prediction
has its sign. The three arrays are equally long. A metric is null where it is not defined, such as a correlation with a constant.';

revoke all on function ml.score(double precision[], double precision[], double precision[]) from public;
grant execute on function ml.score(double precision[], double precision[], double precision[]) to marketbase_analyst;
