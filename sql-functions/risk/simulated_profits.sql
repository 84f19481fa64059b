-- What the holdings of a close would have earned over each past horizon.
create or replace function risk.simulated_profits(
  p_portfolio_id bigint,
  p_session_date date,
  p_horizon_days integer default 1,
  p_window_days integer default 500
) returns double precision[]
language sql stable parallel safe
begin atomic
  with holding as (
    select instrument_id, market_value::double precision as market_value
    from portfolio.portfolio_position
    where portfolio_id = p_portfolio_id and session_date = p_session_date and quantity <> 0
  ),
  period as (
    select
      instrument_id,
      session_date,
      price / lag(price, p_horizon_days) over (partition by instrument_id order by session_date) - 1 as return
    from portfolio.return_prices(
      array(select instrument_id from holding), p_session_date - (2 * (p_window_days + p_horizon_days) + 30), p_session_date
    )
  ),
  scenario as (
    select period.session_date, sum(holding.market_value * period.return order by holding.instrument_id) as profit
    from period
    join holding on holding.instrument_id = period.instrument_id
    group by period.session_date
    having count(period.return) = (select count(*) from holding)
    order by period.session_date desc
    limit p_window_days
  )
  select array_agg(profit order by session_date desc) from scenario;
end;

comment on function risk.simulated_profits(bigint, date, integer, integer) is
'What the positions of a portfolio at the close of p_session_date would have earned over each of the last p_window_days periods of p_horizon_days sessions
(overlapping), newest first, in the base currency: the sum of market value times past return. Returns are made from portfolio.return_prices as now known; only
sessions on which everything that is held has one count, and they are looked for in twice as many days. Fewer elements where there are fewer; NULL for none.';

revoke all on function risk.simulated_profits(bigint, date, integer, integer) from public;
grant execute on function risk.simulated_profits(bigint, date, integer, integer) to marketbase_analyst;
