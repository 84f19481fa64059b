-- Folds the trades of a portfolio into its positions at the close of every session.
create or replace function portfolio.compute_positions(p_run_id bigint, p_portfolio text, p_from date default null) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio constant portfolio.portfolio := portfolio.find_portfolio(p_portfolio);
  v_unpriced record;
  v_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('portfolio ' || p_portfolio, 0));

  select instrument.symbol, first_trade.session_date into v_unpriced
  from (
    select instrument_id, min(session_date) as session_date
    from portfolio.trade
    where portfolio_id = v_portfolio.portfolio_id
    group by instrument_id
  ) as first_trade
  join market.instrument on instrument.instrument_id = first_trade.instrument_id
  where not exists (
    select from market.price_data bar
    where bar.instrument_id = first_trade.instrument_id and bar.bar_interval = '1d' and bar.session_date <= first_trade.session_date
  )
  order by instrument.symbol
  limit 1;
  if found then
    raise exception using
      errcode = 'MB007',
      message = format('%s was traded on %s, but there is no close of that day or before', v_unpriced.symbol, v_unpriced.session_date),
      hint = 'Ingest its daily bars first.';
  end if;

  with state as (
    select
      instrument_id,
      session_date,
      portfolio.fold_trades(side, quantity, price, fee) over (partition by instrument_id order by traded_at, external_id) as position,
      row_number() over (partition by instrument_id, session_date order by traded_at desc, external_id desc) as from_last
    from portfolio.trade
    where portfolio_id = v_portfolio.portfolio_id
  ),
  -- The position from the last trade of a session until the next session with a trade.
  holding as (
    select
      instrument_id,
      position,
      session_date as held_from,
      coalesce(lead(session_date) over (partition by instrument_id order by session_date), 'infinity') as held_until
    from state
    where from_last = 1
  ),
  -- Valued as long as everything that is still held has prices: no value is made up afterwards.
  last_session as (
    select coalesce(
      min(priced_to) filter (where (position).quantity <> 0 and held_until = 'infinity'),
      max(priced_to)
    ) as session_date
    from holding
    cross join lateral (
      select max(bar.session_date) as priced_to
      from market.price_data bar
      where bar.instrument_id = holding.instrument_id and bar.bar_interval = '1d'
    ) as bars
  ),
  session as (
    select session.session_date
    from (
      select trading_session.session_date
      from market.trading_session
      where trading_session.mic in (
        select instrument.mic from market.instrument join holding on holding.instrument_id = instrument.instrument_id
      )
      union
      select bar.session_date
      from market.price_data bar
      join holding on holding.instrument_id = bar.instrument_id
      where bar.bar_interval = '1d'
    ) as session
    cross join last_session
    where session.session_date between coalesce(p_from, '-infinity') and last_session.session_date
  ),
  priced as (
    select
      holding.instrument_id,
      session.session_date,
      (holding.position).quantity as quantity,
      (holding.position).average_cost as average_cost,
      (holding.position).realised_pnl as realised_pnl,
      bar.close as price
    from session
    join holding on session.session_date >= holding.held_from and session.session_date < holding.held_until
    cross join lateral (
      select close
      from market.price_data
      where price_data.instrument_id = holding.instrument_id
        and price_data.bar_interval = '1d'
        and price_data.ts <= session.session_date::timestamp at time zone 'UTC'
      order by price_data.ts desc
      limit 1
    ) as bar
  ),
  position as (
    select
      instrument_id, session_date, quantity, average_cost, price,
      quantity * price::numeric as market_value,
      realised_pnl,
      quantity * (price::numeric - average_cost) as unrealised_pnl
    from priced
  ),
  removed as (
    delete from portfolio.portfolio_position stored
    where stored.portfolio_id = v_portfolio.portfolio_id
      and stored.session_date >= coalesce(p_from, '-infinity')
      and not exists (
        select from position where (position.instrument_id, position.session_date) = (stored.instrument_id, stored.session_date)
      )
    returning 1
  ),
  written as (
    insert into portfolio.portfolio_position as stored (
      instrument_id, portfolio_id, session_date, quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, run_id
    )
    select
      instrument_id, v_portfolio.portfolio_id, session_date, quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, p_run_id
    from position
    order by instrument_id, session_date
    on conflict (instrument_id, portfolio_id, session_date) do update
    set
      quantity = excluded.quantity, average_cost = excluded.average_cost, price = excluded.price, market_value = excluded.market_value,
      realised_pnl = excluded.realised_pnl, unrealised_pnl = excluded.unrealised_pnl, recorded_at = excluded.recorded_at, run_id = excluded.run_id
    where (stored.quantity, stored.average_cost, stored.price, stored.market_value, stored.realised_pnl, stored.unrealised_pnl)
      is distinct from (excluded.quantity, excluded.average_cost, excluded.price, excluded.market_value, excluded.realised_pnl, excluded.unrealised_pnl)
    returning 1
  )
  select (select count(*) from removed) + (select count(*) from written) into v_count;
  return v_count;
end
$$;

comment on function portfolio.compute_positions(bigint, text, date) is
'Writes the positions of portfolio p_portfolio at the close of every session from the first trade of each instrument on (p_from: only from that session on)
and returns how many were new, changed or removed; 0 where all is as it was. Average cost, fees and shorts as portfolio.apply_trade; trades of a session
count in the order of traded_at, then external_id. Valued at the close as now known, or the last one before it, until the last session for which everything
still held has a close. A position that was closed stays with quantity 0, for its realised profit. Splits are not applied: quantities count in the units of
the prices, so with split-adjusted prices trades are given in today''s shares. Prices keep 15 significant digits. MB003 unknown portfolio, MB007 traded
without any close.';

revoke all on function portfolio.compute_positions(bigint, text, date) from public;
grant execute on function portfolio.compute_positions(bigint, text, date) to marketbase_worker;
