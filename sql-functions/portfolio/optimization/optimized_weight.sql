-- Optimised weights, one row per instrument.
create or replace view portfolio.optimized_weight with (security_invoker = true) as
select
  optimization.portfolio_optimization_id,
  optimization.method,
  optimization.from_date,
  optimization.to_date,
  instrument.symbol,
  weighted.weight,
  optimization.expected_volatility,
  optimization.observation_count,
  optimization.recorded_at,
  weighted.instrument_id,
  optimization.run_id
from portfolio.portfolio_optimization optimization
cross join lateral unnest(optimization.instrument_ids, optimization.weights) as weighted (instrument_id, weight)
join market.instrument on instrument.instrument_id = weighted.instrument_id;

comment on view portfolio.optimized_weight is 'Optimised weights, one row per optimisation and instrument.';
comment on column portfolio.optimized_weight.portfolio_optimization_id is 'Optimisation.';
comment on column portfolio.optimized_weight.method is 'equal_weight or min_variance.';
comment on column portfolio.optimized_weight.from_date is 'First session of the window.';
comment on column portfolio.optimized_weight.to_date is 'Last session of the window.';
comment on column portfolio.optimized_weight.symbol is 'Symbol of the instrument.';
comment on column portfolio.optimized_weight.weight is 'Its weight, from 0 to 1; the weights of an optimisation add up to 1.';
comment on column portfolio.optimized_weight.expected_volatility is 'Standard deviation of the weighted daily return in the window, in a year.';
comment on column portfolio.optimized_weight.observation_count is 'Daily returns in the window.';
comment on column portfolio.optimized_weight.recorded_at is 'When it was computed.';
comment on column portfolio.optimized_weight.instrument_id is 'Instrument.';
comment on column portfolio.optimized_weight.run_id is 'Run that computed it.';

grant select on portfolio.optimized_weight to marketbase_reader;
