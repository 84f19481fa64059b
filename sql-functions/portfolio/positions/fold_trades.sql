-- The position after a sequence of trades.
create or replace aggregate portfolio.fold_trades(text, numeric, numeric, numeric) (
  sfunc = portfolio.apply_trade,
  stype = portfolio.position_state
);

comment on aggregate portfolio.fold_trades(text, numeric, numeric, numeric) is
'The position after trades (side, quantity, price, fee) in the order in which they come: as an aggregate with order by, or as a window function after each
trade. See portfolio.apply_trade.';

revoke all on function portfolio.fold_trades(text, numeric, numeric, numeric) from public;
grant execute on function portfolio.fold_trades(text, numeric, numeric, numeric) to marketbase_reader;
