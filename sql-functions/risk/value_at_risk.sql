-- Value at risk with the portfolio in words.
create or replace view risk.value_at_risk with (security_invoker = true) as
select
  book.name as portfolio,
  calculation.session_date,
  calculation.method,
  calculation.confidence,
  calculation.horizon_days,
  calculation.window_days,
  calculation.value_at_risk,
  calculation.expected_shortfall,
  calculation.portfolio_value,
  (calculation.value_at_risk * calculation.portfolio_value::double precision) as value_at_risk_amount,
  calculation.observation_count,
  calculation.var_calculation_id,
  calculation.portfolio_id,
  calculation.recorded_at,
  calculation.run_id
from risk.var_calculation calculation
join portfolio.portfolio book on book.portfolio_id = calculation.portfolio_id;

comment on view risk.value_at_risk is 'Value at risk and expected shortfall by portfolio and session.';
comment on column risk.value_at_risk.portfolio is 'Name of the portfolio.';
comment on column risk.value_at_risk.session_date is 'Session at whose close it was computed.';
comment on column risk.value_at_risk.method is 'historical.';
comment on column risk.value_at_risk.confidence is 'Confidence level, such as 0.99.';
comment on column risk.value_at_risk.horizon_days is 'Horizon in sessions.';
comment on column risk.value_at_risk.window_days is 'Sessions in the window.';
comment on column risk.value_at_risk.value_at_risk is 'Loss that is exceeded with probability 1 - confidence, as a fraction of the value.';
comment on column risk.value_at_risk.expected_shortfall is 'Mean loss at or beyond value_at_risk, as a fraction of the value.';
comment on column risk.value_at_risk.portfolio_value is 'Value of the portfolio at that close, in its base currency.';
comment on column risk.value_at_risk.value_at_risk_amount is 'value_at_risk in the base currency.';
comment on column risk.value_at_risk.observation_count is 'Returns that were there.';
comment on column risk.value_at_risk.var_calculation_id is 'Identity, for lineage.trace(''risk.var_calculation'', …).';
comment on column risk.value_at_risk.portfolio_id is 'Portfolio.';
comment on column risk.value_at_risk.recorded_at is 'When it was computed.';
comment on column risk.value_at_risk.run_id is 'Run that computed it.';

grant select on risk.value_at_risk to marketbase_reader;
