-- Historical expected shortfall.
create or replace function risk.historical_es(p_returns double precision[], p_confidence double precision) returns double precision
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_value_at_risk constant double precision := risk.historical_var(p_returns, p_confidence);
  v_mean_loss double precision;
begin
  select -avg(value) into v_mean_loss
  from unnest(p_returns) as value
  where value <= -v_value_at_risk + 1e-12 * abs(v_value_at_risk);
  -- The mean of equal losses may miss them by a rounding error: the shortfall is never less than the value at risk.
  return greatest(v_mean_loss, v_value_at_risk);
end
$$;

comment on function risk.historical_es(double precision[], double precision) is
'Expected shortfall of p_returns (fractions, one per period) at p_confidence, as a positive fraction for a loss: the mean loss of the returns at or beyond
risk.historical_var (Acerbi and Tasche 2002, the tail mean; PerformanceAnalytics'' ES(method = "historical") takes those beyond only, the same unless the
quantile is itself one of the returns). NULL elements are skipped. MB001 and MB007 as risk.historical_var.';

revoke all on function risk.historical_es(double precision[], double precision) from public;
grant execute on function risk.historical_es(double precision[], double precision) to marketbase_reader;
