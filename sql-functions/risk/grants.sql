-- Who may do what with value at risk: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema risk to marketbase_reader;

alter table risk.var_calculation enable row level security;
drop policy if exists var_calculation_read on risk.var_calculation;
create policy var_calculation_read on risk.var_calculation for select to marketbase_reader using (true);
drop policy if exists var_calculation_insert on risk.var_calculation;
create policy var_calculation_insert on risk.var_calculation for insert to marketbase_worker with check (true);
drop policy if exists var_calculation_update on risk.var_calculation;
create policy var_calculation_update on risk.var_calculation for update to marketbase_worker using (true) with check (true);
revoke all on risk.var_calculation from public, marketbase_reader, marketbase_worker;
grant select on risk.var_calculation to marketbase_reader;
grant insert (
  portfolio_id, session_date, method, confidence, horizon_days, window_days, observation_count, value_at_risk, expected_shortfall,
  portfolio_value, run_id
) on risk.var_calculation to marketbase_worker;
grant update (observation_count, value_at_risk, expected_shortfall, portfolio_value, recorded_at, run_id) on risk.var_calculation to marketbase_worker;
