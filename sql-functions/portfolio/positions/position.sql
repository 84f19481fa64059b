-- Positions with portfolio and symbol in words.
create or replace view portfolio.position with (security_invoker = true) as
select
  book.name as portfolio,
  instrument.symbol,
  held.session_date,
  held.quantity,
  held.average_cost,
  held.price,
  held.market_value,
  held.realised_pnl,
  held.unrealised_pnl,
  held.portfolio_id,
  held.instrument_id,
  held.recorded_at,
  held.run_id
from portfolio.portfolio_position held
join portfolio.portfolio book on book.portfolio_id = held.portfolio_id
join market.instrument on instrument.instrument_id = held.instrument_id;

comment on view portfolio.position is 'Positions at the close of each session, with portfolio and symbol.';
comment on column portfolio.position.portfolio is 'Name of the portfolio.';
comment on column portfolio.position.symbol is 'Symbol of the instrument.';
comment on column portfolio.position.session_date is 'Session.';
comment on column portfolio.position.quantity is 'Units held, negative when short.';
comment on column portfolio.position.average_cost is 'Average cost per unit of what is held; 0 when nothing is.';
comment on column portfolio.position.price is 'Close of the session, or the last close before it.';
comment on column portfolio.position.market_value is 'quantity times price.';
comment on column portfolio.position.realised_pnl is 'Profit realised since inception, after fees.';
comment on column portfolio.position.unrealised_pnl is 'Profit of what is held, against its average cost.';
comment on column portfolio.position.portfolio_id is 'Portfolio.';
comment on column portfolio.position.instrument_id is 'Instrument.';
comment on column portfolio.position.recorded_at is 'When it was computed.';
comment on column portfolio.position.run_id is 'Run that computed it.';

grant select on portfolio.position to marketbase_reader;
