-- Step: positions and performance of every portfolio whose trades or prices changed.
create or replace function pipeline.step_portfolio(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  from_session date;
  portfolio_name text;
  positions bigint := 0;
  metrics bigint := 0;
begin
  select (min(from_ts) at time zone 'UTC')::date into from_session from pipeline.take_stale('portfolio');
  if from_session is not null then
    for portfolio_name in select name from portfolio.portfolio order by portfolio_id loop
      positions := positions + portfolio.compute_positions(p_run_id, portfolio_name, from_session);
      metrics := metrics + portfolio.compute_metrics(p_run_id, portfolio_name);
    end loop;
  end if;
  return (
    positions, positions + metrics,
    jsonb_build_object('positions', positions, 'metrics', metrics),
    format('%s positions and %s metrics new or changed', positions, metrics)
  );
end
$$;

comment on function pipeline.step_portfolio(bigint) is
'Folds trades into positions and computes performance, from the first session that is marked for portfolio in pipeline.stale_range; see portfolio.compute_positions and portfolio.compute_metrics.';

revoke all on function pipeline.step_portfolio(bigint) from public;
grant execute on function pipeline.step_portfolio(bigint) to marketbase_worker;
