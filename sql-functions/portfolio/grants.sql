-- Who may do what with trades, positions and results: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema portfolio to marketbase_reader;

alter table portfolio.portfolio enable row level security;
drop policy if exists portfolio_read on portfolio.portfolio;
create policy portfolio_read on portfolio.portfolio for select to marketbase_reader using (true);
drop policy if exists portfolio_insert on portfolio.portfolio;
create policy portfolio_insert on portfolio.portfolio for insert to marketbase_worker with check (true);
revoke all on portfolio.portfolio from public, marketbase_reader, marketbase_worker;
grant select on portfolio.portfolio to marketbase_reader;
grant insert (name, base_currency, initial_cash, inception_date) on portfolio.portfolio to marketbase_worker;

alter table portfolio.trade enable row level security;
drop policy if exists trade_read on portfolio.trade;
create policy trade_read on portfolio.trade for select to marketbase_reader using (true);
drop policy if exists trade_insert on portfolio.trade;
create policy trade_insert on portfolio.trade for insert to marketbase_worker with check (true);
revoke all on portfolio.trade from public, marketbase_reader, marketbase_worker;
grant select on portfolio.trade to marketbase_reader;
grant insert (
  instrument_id, trade_id, portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, external_id, raw_response_id, run_id
) on portfolio.trade to marketbase_worker;

alter table portfolio.portfolio_position enable row level security;
drop policy if exists portfolio_position_read on portfolio.portfolio_position;
create policy portfolio_position_read on portfolio.portfolio_position for select to marketbase_reader using (true);
drop policy if exists portfolio_position_insert on portfolio.portfolio_position;
create policy portfolio_position_insert on portfolio.portfolio_position for insert to marketbase_worker with check (true);
drop policy if exists portfolio_position_update on portfolio.portfolio_position;
create policy portfolio_position_update on portfolio.portfolio_position for update to marketbase_worker using (true) with check (true);
drop policy if exists portfolio_position_delete on portfolio.portfolio_position;
create policy portfolio_position_delete on portfolio.portfolio_position for delete to marketbase_worker using (true);
revoke all on portfolio.portfolio_position from public, marketbase_reader, marketbase_worker;
grant select on portfolio.portfolio_position to marketbase_reader;
grant insert (
  instrument_id, portfolio_id, session_date, quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, run_id
) on portfolio.portfolio_position to marketbase_worker;
grant update (
  quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, recorded_at, run_id
) on portfolio.portfolio_position to marketbase_worker;
grant delete on portfolio.portfolio_position to marketbase_worker;

alter table portfolio.performance_metric enable row level security;
drop policy if exists performance_metric_read on portfolio.performance_metric;
create policy performance_metric_read on portfolio.performance_metric for select to marketbase_reader using (true);
drop policy if exists performance_metric_insert on portfolio.performance_metric;
create policy performance_metric_insert on portfolio.performance_metric for insert to marketbase_worker with check (true);
drop policy if exists performance_metric_update on portfolio.performance_metric;
create policy performance_metric_update on portfolio.performance_metric for update to marketbase_worker using (true) with check (true);
drop policy if exists performance_metric_delete on portfolio.performance_metric;
create policy performance_metric_delete on portfolio.performance_metric for delete to marketbase_worker using (true);
revoke all on portfolio.performance_metric from public, marketbase_reader, marketbase_worker;
grant select on portfolio.performance_metric to marketbase_reader;
grant insert (portfolio_id, session_date, metric, value, observation_count, run_id) on portfolio.performance_metric to marketbase_worker;
grant update (value, observation_count, recorded_at, run_id) on portfolio.performance_metric to marketbase_worker;
grant delete on portfolio.performance_metric to marketbase_worker;

alter table portfolio.portfolio_optimization enable row level security;
drop policy if exists portfolio_optimization_read on portfolio.portfolio_optimization;
create policy portfolio_optimization_read on portfolio.portfolio_optimization for select to marketbase_reader using (true);
drop policy if exists portfolio_optimization_insert on portfolio.portfolio_optimization;
create policy portfolio_optimization_insert on portfolio.portfolio_optimization for insert to marketbase_worker with check (true);
revoke all on portfolio.portfolio_optimization from public, marketbase_reader, marketbase_worker;
grant select on portfolio.portfolio_optimization to marketbase_reader;
grant insert (
  method, instrument_ids, weights, expected_volatility, from_date, to_date, observation_count, parameters, run_id
) on portfolio.portfolio_optimization to marketbase_worker;
