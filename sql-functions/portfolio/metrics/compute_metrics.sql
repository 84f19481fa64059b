-- Computes the performance of a portfolio for every session.
create or replace function portfolio.compute_metrics(p_run_id bigint, p_portfolio text) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio constant portfolio.portfolio := portfolio.find_portfolio(p_portfolio);
  v_initial constant double precision := v_portfolio.initial_cash;
  v_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('portfolio ' || p_portfolio, 0));

  with value as (
    select
      session_date,
      cash::double precision as cash,
      net_asset_value::double precision as net_asset_value,
      lag(net_asset_value::double precision, 1, v_initial) over (order by session_date) as value_before,
      greatest(v_initial, max(net_asset_value::double precision) over (order by session_date)) as peak
    from portfolio.valuations(v_portfolio.portfolio_id)
  ),
  daily as (
    select
      session_date,
      cash,
      net_asset_value,
      case when value_before > 0 then net_asset_value / value_before - 1 end as daily_return,
      case when peak > 0 then net_asset_value / peak - 1 end as drawdown,
      case when v_initial > 0 then net_asset_value / v_initial - 1 end as cumulative_return
    from value
  ),
  running as (
    select
      daily.*,
      count(daily_return) over so_far as observation_count,
      avg(daily_return) over so_far as mean_return,
      stddev_samp(daily_return) over so_far as deviation,
      sqrt(avg(least(daily_return, 0) ^ 2) filter (where daily_return is not null) over so_far) as downside,
      min(drawdown) over so_far as max_drawdown
    from daily
    window so_far as (order by session_date)
  ),
  yearly as (
    select
      running.*,
      case
        when cumulative_return <= -1 then -1
        when ln(1 + cumulative_return) * 252 / nullif(observation_count, 0) < 700
          then exp(ln(1 + cumulative_return) * 252 / nullif(observation_count, 0)) - 1
      end as annualised_return
    from running
  ),
  metric as (
    select yearly.session_date, named.metric, named.value, yearly.observation_count::integer as observation_count
    from yearly
    cross join lateral (
      values
        ('net_asset_value', net_asset_value),
        ('cash', cash),
        ('daily_return', daily_return),
        ('cumulative_return', cumulative_return),
        ('drawdown', drawdown),
        ('max_drawdown', max_drawdown),
        ('annualised_return', annualised_return),
        ('annualised_volatility', deviation * sqrt(252)),
        ('downside_deviation', downside * sqrt(252)),
        ('sharpe_ratio', case when deviation > 1e-15 then mean_return / deviation * sqrt(252) end),
        ('sortino_ratio', mean_return * 252 / nullif(downside * sqrt(252), 0)),
        ('calmar_ratio', annualised_return / nullif(abs(max_drawdown), 0))
    ) as named (metric, value)
  ),
  removed as (
    delete from portfolio.performance_metric stored
    where stored.portfolio_id = v_portfolio.portfolio_id
      and not exists (select from metric where (metric.session_date, metric.metric) = (stored.session_date, stored.metric))
    returning 1
  ),
  written as (
    insert into portfolio.performance_metric as stored (portfolio_id, session_date, metric, value, observation_count, run_id)
    select v_portfolio.portfolio_id, session_date, metric, value, observation_count, p_run_id
    from metric
    order by session_date, metric
    on conflict (portfolio_id, session_date, metric) do update
    set value = excluded.value, observation_count = excluded.observation_count, recorded_at = excluded.recorded_at, run_id = excluded.run_id
    where (stored.value, stored.observation_count) is distinct from (excluded.value, excluded.observation_count)
    returning 1
  )
  select (select count(*) from removed) + (select count(*) from written) into v_count;
  return v_count;
end
$$;

comment on function portfolio.compute_metrics(bigint, text) is
'Writes the metrics of portfolio.metric_definition for every session with positions of portfolio p_portfolio, each from inception up to that session, and
returns how many were new, changed or removed; 0 where all is as it was. The conventions are those of portfolio.sharpe_ratio and its sisters at 252 sessions
a year and a risk-free rate of 0. A value is NULL where it is not defined, such as a ratio at zero variance or a return on a value of 0 or less. MB003
unknown portfolio.';

revoke all on function portfolio.compute_metrics(bigint, text) from public;
grant execute on function portfolio.compute_metrics(bigint, text) to marketbase_worker;
