-- The prediction of a linear model for one vector of features.
create or replace function ml.apply_fit(p_fit ml.ridge_fit, p_features double precision[]) returns double precision
language sql immutable parallel safe
begin atomic
  select (p_fit).intercept + sum(term.coefficient * ((term.feature - term.mean) / term.scale))
  from unnest((p_fit).coefficients, p_features, (p_fit).feature_means, (p_fit).feature_scales) as term (coefficient, feature, mean, scale)
  having count(*) = count(term.coefficient * term.feature);
end;

comment on function ml.apply_fit(ml.ridge_fit, double precision[]) is
'intercept + sum of coefficient * (feature - mean) / scale, for features in the order of the fit. NULL where a feature is NULL or their number is another.';

revoke all on function ml.apply_fit(ml.ridge_fit, double precision[]) from public;
grant execute on function ml.apply_fit(ml.ridge_fit, double precision[]) to marketbase_analyst;
