-- What the metrics of a portfolio mean.
create or replace view portfolio.metric_definition with (security_invoker = true) as
select metric, unit, meaning, formula
from (
  values
    ('net_asset_value', 'base currency', 'What the portfolio is worth at the close.', 'cash + sum(quantity * price)'),
    ('cash', 'base currency', 'Cash after the trades of the session; it earns nothing.', 'initial_cash + sum(sales) - sum(purchases) - sum(fees)'),
    (
      'daily_return', 'fraction', 'Return since the session before; since inception for the first one. Nothing flows in or out, so it is time-weighted.',
      'V(t) / V(t-1) - 1'
    ),
    ('cumulative_return', 'fraction', 'Return since inception.', 'V(t) / initial_cash - 1'),
    ('drawdown', 'fraction', 'Distance from the highest value so far, 0 or negative.', 'V(t) / max(initial_cash, V(1) … V(t)) - 1'),
    ('max_drawdown', 'fraction', 'Deepest drawdown so far, 0 or negative.', 'min(drawdown)'),
    ('annualised_return', 'fraction a year', 'Constant yearly return that compounds to the same.', '(1 + cumulative_return) ^ (252 / n) - 1'),
    ('annualised_volatility', 'fraction a year', 'Standard deviation of the daily returns in a year.', 'stddev_samp(r) * sqrt(252)'),
    ('downside_deviation', 'fraction a year', 'Deviation of the negative daily returns in a year.', 'sqrt(avg(min(r, 0)^2)) * sqrt(252)'),
    ('sharpe_ratio', 'ratio', 'Reward per volatility, at a risk-free rate of 0.', 'avg(r) / stddev_samp(r) * sqrt(252)'),
    ('sortino_ratio', 'ratio', 'Reward per downside deviation, at a minimum return of 0.', 'avg(r) * 252 / downside_deviation'),
    ('calmar_ratio', 'ratio', 'Reward per deepest fall.', 'annualised_return / |max_drawdown|')
) as definition (metric, unit, meaning, formula);

comment on view portfolio.metric_definition is
'The metrics of portfolio.performance_metric. r are the daily returns up to the session, n their number, V the net asset value; 252 sessions are a year.';
comment on column portfolio.metric_definition.metric is 'Name, as in portfolio.performance_metric.metric.';
comment on column portfolio.metric_definition.unit is 'Unit of the value.';
comment on column portfolio.metric_definition.meaning is 'What it says.';
comment on column portfolio.metric_definition.formula is 'How it is computed.';

grant select on portfolio.metric_definition to marketbase_reader;
