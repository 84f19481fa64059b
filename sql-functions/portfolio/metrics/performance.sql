-- Performance with the portfolio in words, one row per session.
create or replace view portfolio.performance with (security_invoker = true) as
select
  book.name as portfolio,
  metric.session_date,
  max(metric.value) filter (where metric.metric = 'net_asset_value') as net_asset_value,
  max(metric.value) filter (where metric.metric = 'cash') as cash,
  max(metric.value) filter (where metric.metric = 'daily_return') as daily_return,
  max(metric.value) filter (where metric.metric = 'cumulative_return') as cumulative_return,
  max(metric.value) filter (where metric.metric = 'drawdown') as drawdown,
  max(metric.value) filter (where metric.metric = 'max_drawdown') as max_drawdown,
  max(metric.value) filter (where metric.metric = 'annualised_return') as annualised_return,
  max(metric.value) filter (where metric.metric = 'annualised_volatility') as annualised_volatility,
  max(metric.value) filter (where metric.metric = 'downside_deviation') as downside_deviation,
  max(metric.value) filter (where metric.metric = 'sharpe_ratio') as sharpe_ratio,
  max(metric.value) filter (where metric.metric = 'sortino_ratio') as sortino_ratio,
  max(metric.value) filter (where metric.metric = 'calmar_ratio') as calmar_ratio,
  max(metric.observation_count) as observation_count,
  metric.portfolio_id
from portfolio.performance_metric metric
join portfolio.portfolio book on book.portfolio_id = metric.portfolio_id
group by metric.portfolio_id, book.name, metric.session_date;

comment on view portfolio.performance is 'Performance of each portfolio by session, one column per metric; portfolio.metric_definition says what they mean.';
comment on column portfolio.performance.portfolio is 'Name of the portfolio.';
comment on column portfolio.performance.session_date is 'Session up to which it counts.';
comment on column portfolio.performance.net_asset_value is 'What the portfolio is worth at the close, in its base currency.';
comment on column portfolio.performance.cash is 'Cash after the trades of the session.';
comment on column portfolio.performance.daily_return is 'Return since the session before, a fraction.';
comment on column portfolio.performance.cumulative_return is 'Return since inception, a fraction.';
comment on column portfolio.performance.drawdown is 'Distance from the highest value so far, 0 or negative.';
comment on column portfolio.performance.max_drawdown is 'Deepest drawdown so far, 0 or negative.';
comment on column portfolio.performance.annualised_return is 'Constant yearly return that compounds to the same, a fraction.';
comment on column portfolio.performance.annualised_volatility is 'Standard deviation of the daily returns in a year.';
comment on column portfolio.performance.downside_deviation is 'Deviation of the negative daily returns in a year.';
comment on column portfolio.performance.sharpe_ratio is 'Reward per volatility, at a risk-free rate of 0.';
comment on column portfolio.performance.sortino_ratio is 'Reward per downside deviation, at a minimum return of 0.';
comment on column portfolio.performance.calmar_ratio is 'Annualised return by the size of the deepest drawdown.';
comment on column portfolio.performance.observation_count is 'Daily returns on which it rests.';
comment on column portfolio.performance.portfolio_id is 'Portfolio.';

grant select on portfolio.performance to marketbase_reader;
