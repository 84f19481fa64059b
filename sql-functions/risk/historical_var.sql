-- Historical value at risk.
create or replace function risk.historical_var(p_returns double precision[], p_confidence double precision) returns double precision
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_count integer;
  v_quantile double precision;
begin
  if not coalesce(p_confidence > 0 and p_confidence < 1, false) then
    raise exception using
      errcode = 'MB001',
      message = format('the confidence %s does not lie between 0 and 1', coalesce(p_confidence::text, 'null')),
      hint = 'A confidence of 99 % is 0.99.';
  end if;
  select count(value), percentile_cont(1 - p_confidence) within group (order by value) into v_count, v_quantile from unnest(p_returns) as value;
  if v_count * (1 - p_confidence) < 1 - 1e-9 then
    raise exception using
      errcode = 'MB007',
      message = format('a confidence of %s needs %s returns at least; there are %s', p_confidence, ceil(1 / (1 - p_confidence) - 1e-9), v_count),
      hint = 'Use more returns or a lower confidence.';
  end if;
  return -v_quantile;
end
$$;

comment on function risk.historical_var(double precision[], double precision) is
'Value at risk of p_returns (fractions, one per period) at p_confidence, as a positive fraction for a loss: minus their quantile at 1 - p_confidence,
interpolated linearly between order statistics (Hyndman and Fan 1996, type 7: the default of R''s quantile and of numpy, hence the convention of
PerformanceAnalytics'' VaR(method = "historical") and of empyrical''s value_at_risk). NULL elements are skipped. MB001 for a confidence that does not lie
between 0 and 1, MB007 with fewer returns than 1 / (1 - p_confidence): the tail would hold none.';

revoke all on function risk.historical_var(double precision[], double precision) from public;
grant execute on function risk.historical_var(double precision[], double precision) to marketbase_reader;
