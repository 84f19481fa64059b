create table portfolio.portfolio (
  portfolio_id bigint generated always as identity primary key,
  name text not null unique,
  base_currency text not null default 'USD',
  initial_cash numeric not null default 0,
  inception_date date not null,
  created_at timestamptz not null default now(),
  constraint portfolio_base_currency_check check (base_currency ~ '^[A-Z]{3}$'),
  constraint portfolio_initial_cash_check check (initial_cash >= 0)
);
comment on table portfolio.portfolio is 'Portfolios.';
comment on column portfolio.portfolio.portfolio_id is 'Identity.';
comment on column portfolio.portfolio.name is 'Name.';
comment on column portfolio.portfolio.base_currency is 'Currency in which it is valued, ISO 4217.';
comment on column portfolio.portfolio.initial_cash is 'Cash at inception, in the base currency.';
comment on column portfolio.portfolio.inception_date is 'First day.';
comment on column portfolio.portfolio.created_at is 'When it was created.';

create table portfolio.trade (
  instrument_id bigint not null references market.instrument,
  trade_id uuid not null default gen_random_uuid(),
  portfolio_id bigint not null references portfolio.portfolio,
  traded_at timestamptz not null,
  session_date date not null,
  side text not null,
  quantity numeric not null,
  price numeric not null,
  fee numeric not null default 0,
  currency text not null default 'USD',
  external_id text not null,
  recorded_at timestamptz not null default now(),
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, trade_id),
  unique (instrument_id, portfolio_id, external_id),
  constraint trade_side_check check (side in ('buy', 'sell')),
  constraint trade_quantity_check check (quantity > 0),
  constraint trade_price_check check (price > 0),
  constraint trade_fee_check check (fee >= 0),
  constraint trade_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index trade_portfolio_id_idx on portfolio.trade (portfolio_id, session_date);
create index trade_raw_response_id_idx on portfolio.trade (raw_response_id);
create index trade_run_id_idx on portfolio.trade (run_id);
comment on table portfolio.trade is 'Executed trades. Append-only: a correction is a reversing trade.';
comment on column portfolio.trade.instrument_id is 'Instrument.';
comment on column portfolio.trade.trade_id is 'Identity.';
comment on column portfolio.trade.portfolio_id is 'Portfolio.';
comment on column portfolio.trade.traded_at is 'When it was executed.';
comment on column portfolio.trade.session_date is 'Session in which it was executed.';
comment on column portfolio.trade.side is 'buy or sell.';
comment on column portfolio.trade.quantity is 'Units, positive.';
comment on column portfolio.trade.price is 'Price per unit, in currency.';
comment on column portfolio.trade.fee is 'Costs, in currency.';
comment on column portfolio.trade.currency is 'Currency of price and fee, ISO 4217.';
comment on column portfolio.trade.external_id is 'Identity in the system that sent it; the same one twice is one trade.';
comment on column portfolio.trade.recorded_at is 'When marketbase stored it.';
comment on column portfolio.trade.raw_response_id is 'The body from which it was read.';
comment on column portfolio.trade.run_id is 'Run that stored it.';

create type portfolio.position_state as (
  quantity numeric,
  average_cost numeric,
  realised_pnl numeric
);
comment on type portfolio.position_state is 'A position after a trade.';
comment on column portfolio.position_state.quantity is 'Units held, negative when short.';
comment on column portfolio.position_state.average_cost is 'Average cost per unit of what is held; 0 when nothing is.';
comment on column portfolio.position_state.realised_pnl is 'Profit realised so far, after fees.';

create type portfolio.valuation as (
  session_date date,
  cash numeric,
  market_value numeric,
  net_asset_value numeric
);
comment on type portfolio.valuation is 'What a portfolio is worth at the close of a session.';
comment on column portfolio.valuation.session_date is 'Session.';
comment on column portfolio.valuation.cash is 'Cash after the trades of the session.';
comment on column portfolio.valuation.market_value is 'Value of the positions.';
comment on column portfolio.valuation.net_asset_value is 'cash + market_value.';

create type portfolio.dated_price as (
  instrument_id bigint,
  session_date date,
  price double precision
);
comment on type portfolio.dated_price is 'A price from which returns are made.';
comment on column portfolio.dated_price.instrument_id is 'Instrument.';
comment on column portfolio.dated_price.session_date is 'Session.';
comment on column portfolio.dated_price.price is 'Price at its close.';

create table portfolio.portfolio_position (
  instrument_id bigint not null references market.instrument,
  portfolio_id bigint not null references portfolio.portfolio,
  session_date date not null,
  quantity numeric not null,
  average_cost numeric not null,
  price double precision not null,
  market_value numeric not null,
  realised_pnl numeric not null,
  unrealised_pnl numeric not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, portfolio_id, session_date),
  constraint portfolio_position_average_cost_check check (average_cost >= 0)
);
create index portfolio_position_portfolio_id_idx on portfolio.portfolio_position (portfolio_id, session_date);
create index portfolio_position_run_id_idx on portfolio.portfolio_position (run_id);
comment on table portfolio.portfolio_position is 'Positions at the close of each session, folded from the trades.';
comment on column portfolio.portfolio_position.instrument_id is 'Instrument.';
comment on column portfolio.portfolio_position.portfolio_id is 'Portfolio.';
comment on column portfolio.portfolio_position.session_date is 'Session.';
comment on column portfolio.portfolio_position.quantity is 'Units held, negative when short.';
comment on column portfolio.portfolio_position.average_cost is 'Average cost per unit of what is held; 0 when nothing is.';
comment on column portfolio.portfolio_position.price is 'Close of the session, or the last close before it.';
comment on column portfolio.portfolio_position.market_value is 'quantity times price.';
comment on column portfolio.portfolio_position.realised_pnl is 'Profit realised since inception, after fees.';
comment on column portfolio.portfolio_position.unrealised_pnl is 'Profit of what is held, against its average cost.';
comment on column portfolio.portfolio_position.recorded_at is 'When it was computed.';
comment on column portfolio.portfolio_position.run_id is 'Run that computed it.';

create table portfolio.performance_metric (
  portfolio_id bigint not null references portfolio.portfolio,
  session_date date not null,
  metric text not null,
  value double precision,
  observation_count integer not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (portfolio_id, session_date, metric),
  constraint performance_metric_observation_count_check check (observation_count >= 0)
);
create index performance_metric_run_id_idx on portfolio.performance_metric (run_id);
comment on table portfolio.performance_metric is 'Performance of a portfolio by session, one metric per row.';
comment on column portfolio.performance_metric.portfolio_id is 'Portfolio.';
comment on column portfolio.performance_metric.session_date is 'Session up to which it counts.';
comment on column portfolio.performance_metric.metric is 'Name of the metric, such as net_asset_value, daily_return, sharpe_ratio or max_drawdown; the list is portfolio.metric_definition.';
comment on column portfolio.performance_metric.value is 'Value; null where it is not defined, such as a ratio at zero variance.';
comment on column portfolio.performance_metric.observation_count is 'Daily returns on which it rests.';
comment on column portfolio.performance_metric.recorded_at is 'When it was computed.';
comment on column portfolio.performance_metric.run_id is 'Run that computed it.';

create table portfolio.portfolio_optimization (
  portfolio_optimization_id bigint generated always as identity primary key,
  method text not null,
  instrument_ids bigint[] not null,
  weights double precision[] not null,
  expected_volatility double precision not null,
  from_date date not null,
  to_date date not null,
  observation_count integer not null,
  parameters jsonb not null default '{}',
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  constraint portfolio_optimization_method_check check (method in ('equal_weight', 'min_variance')),
  constraint portfolio_optimization_shape_check check (cardinality(weights) = cardinality(instrument_ids) and cardinality(weights) > 0),
  constraint portfolio_optimization_dates_check check (to_date >= from_date),
  constraint portfolio_optimization_parameters_check check (jsonb_typeof(parameters) = 'object')
);
create index portfolio_optimization_run_id_idx on portfolio.portfolio_optimization (run_id);
comment on table portfolio.portfolio_optimization is 'Weights that an optimiser gave for a list of instruments over a window of returns. Append-only.';
comment on column portfolio.portfolio_optimization.portfolio_optimization_id is 'Identity.';
comment on column portfolio.portfolio_optimization.method is 'equal_weight or min_variance.';
comment on column portfolio.portfolio_optimization.instrument_ids is 'Instruments.';
comment on column portfolio.portfolio_optimization.weights is 'Weights in the order of instrument_ids; they add up to 1.';
comment on column portfolio.portfolio_optimization.expected_volatility is 'Standard deviation of the weighted daily return in the window, annualised by the square root of 252.';
comment on column portfolio.portfolio_optimization.from_date is 'First session of the window.';
comment on column portfolio.portfolio_optimization.to_date is 'Last session of the window.';
comment on column portfolio.portfolio_optimization.observation_count is 'Daily returns in the window.';
comment on column portfolio.portfolio_optimization.parameters is 'Bounds and other parameters, a JSON object.';
comment on column portfolio.portfolio_optimization.recorded_at is 'When it was computed.';
comment on column portfolio.portfolio_optimization.run_id is 'Run that computed it.';

create table risk.var_calculation (
  var_calculation_id bigint generated always as identity primary key,
  portfolio_id bigint not null references portfolio.portfolio,
  session_date date not null,
  method text not null,
  confidence double precision not null,
  horizon_days integer not null,
  window_days integer not null,
  observation_count integer not null,
  value_at_risk double precision not null,
  expected_shortfall double precision not null,
  portfolio_value numeric not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  unique (portfolio_id, session_date, method, confidence, horizon_days, window_days),
  constraint var_calculation_method_check check (method in ('historical')),
  constraint var_calculation_confidence_check check (confidence > 0 and confidence < 1),
  constraint var_calculation_horizon_days_check check (horizon_days > 0),
  constraint var_calculation_window_days_check check (window_days > 1),
  constraint var_calculation_order_check check (expected_shortfall >= value_at_risk)
);
create index var_calculation_run_id_idx on risk.var_calculation (run_id);
comment on table risk.var_calculation is 'Value at risk and expected shortfall of a portfolio, as positive fractions of its value.';
comment on column risk.var_calculation.var_calculation_id is 'Identity.';
comment on column risk.var_calculation.portfolio_id is 'Portfolio.';
comment on column risk.var_calculation.session_date is 'Session at whose close it was computed.';
comment on column risk.var_calculation.method is 'historical.';
comment on column risk.var_calculation.confidence is 'Confidence level, such as 0.99.';
comment on column risk.var_calculation.horizon_days is 'Horizon in sessions.';
comment on column risk.var_calculation.window_days is 'Sessions in the window that was asked for.';
comment on column risk.var_calculation.observation_count is 'Returns that were there.';
comment on column risk.var_calculation.value_at_risk is 'Loss that is exceeded with probability 1 - confidence, as a fraction of the value; negative when even that quantile is a gain.';
comment on column risk.var_calculation.expected_shortfall is 'Mean loss at or beyond value_at_risk, as a fraction of the value.';
comment on column risk.var_calculation.portfolio_value is 'Value of the portfolio at that close, in its base currency.';
comment on column risk.var_calculation.recorded_at is 'When it was computed.';
comment on column risk.var_calculation.run_id is 'Run that computed it.';
