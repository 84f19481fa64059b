-- Value at risk beside the loss that followed.
create or replace function risk.var_tests_as_of(p_portfolio_id bigint, p_from date, p_to date, p_as_of timestamptz)
returns table (
  var_calculation_id bigint,
  portfolio_id bigint,
  method text,
  confidence double precision,
  window_days integer,
  session_date date,
  value_at_risk double precision,
  expected_shortfall double precision,
  loss double precision,
  is_exception boolean,
  follows_exception boolean
)
language sql stable parallel safe
begin atomic
  -- Each side is read once, whatever the planner believes of changes that it has no statistics of.
  with daily as materialized (
    select
      metric.portfolio_id, metric.session_date, -metric.value as loss,
      lag(metric.session_date) over (partition by metric.portfolio_id order by metric.session_date) as session_before
    from portfolio.metrics_as_of('daily_return', p_as_of) as metric
    where p_portfolio_id in (0, metric.portfolio_id)
  ),
  calculation as materialized (
    select stored.* from risk.var_calculations_as_of(p_as_of) as stored where stored.horizon_days = 1 and p_portfolio_id in (0, stored.portfolio_id)
  ),
  tested as (
    select
      calculation.var_calculation_id, calculation.portfolio_id, calculation.method, calculation.confidence, calculation.window_days,
      daily.session_date, calculation.value_at_risk, calculation.expected_shortfall, daily.loss, daily.loss > calculation.value_at_risk as is_exception
    from calculation
    join daily on daily.portfolio_id = calculation.portfolio_id and daily.session_before = calculation.session_date
    where daily.loss is not null and daily.session_date between p_from and p_to
  )
  select
    tested.*,
    coalesce(
      lag(tested.is_exception) over (
        partition by tested.portfolio_id, tested.method, tested.confidence, tested.window_days order by tested.session_date
      ), false
    )
  from tested;
end;

comment on function risk.var_tests_as_of(bigint, date, date, timestamptz) is
'Each value at risk of one session beside the loss of the next one, as stored at p_as_of, for portfolio p_portfolio_id (0 for all) and sessions of the loss from p_from to p_to, both included. loss is minus the daily return of the portfolio as it was traded, value_at_risk and expected_shortfall are those of the close before: fractions of the value.
is_exception: the loss was greater than the value at risk; follows_exception: so was that of the tested session before. Sessions without a return, values of other horizons and the last one are left out. No row for NULL.';

revoke all on function risk.var_tests_as_of(bigint, date, date, timestamptz) from public;
grant execute on function risk.var_tests_as_of(bigint, date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
