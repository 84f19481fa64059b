-- What a portfolio is worth at the close of every session.
create or replace function portfolio.valuations(p_portfolio_id bigint) returns setof portfolio.valuation
language sql stable parallel safe
begin atomic
  with flow as (
    select session_date, sum(case side when 'buy' then -quantity * price else quantity * price end - fee) as amount
    from portfolio.trade
    where portfolio_id = p_portfolio_id
    group by session_date
  ),
  held as (
    select session_date, sum(market_value) as market_value
    from portfolio.portfolio_position
    where portfolio_id = p_portfolio_id
    group by session_date
  ),
  -- Every date with a trade or a valuation, so that a trade between two valuations is not lost.
  balance as (
    select
      coalesce(held.session_date, flow.session_date) as session_date,
      held.market_value,
      book.initial_cash + sum(coalesce(flow.amount, 0)) over (order by coalesce(held.session_date, flow.session_date)) as cash
    from held
    full join flow on flow.session_date = held.session_date
    cross join portfolio.portfolio book
    where book.portfolio_id = p_portfolio_id
  )
  select session_date, cash, market_value, cash + market_value from balance where market_value is not null order by session_date;
end;

comment on function portfolio.valuations(bigint) is
'Cash, value of the positions and net asset value of a portfolio at the close of every session with positions, in order. Cash is the initial cash changed by the
trades and their fees; it earns nothing. No rows for an unknown portfolio or one without positions.';

revoke all on function portfolio.valuations(bigint) from public;
grant execute on function portfolio.valuations(bigint) to marketbase_reader;
