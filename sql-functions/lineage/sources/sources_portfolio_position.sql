-- A position comes from the trades up to its session and from the close at which it is valued.
create or replace function lineage.sources_portfolio_position(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'portfolio.trade', null::bigint, trade.instrument_id, null::bigint, trade.raw_response_id,
    min(trade.traded_at), max(trade.traded_at), count(*), null::text, 'portfolio.record_trades',
    trade.run_id, max(trade.recorded_at), null::text, null::text
  from portfolio.trade trade
  where trade.instrument_id = p_node.instrument_id
    and trade.portfolio_id = p_node.id
    and trade.session_date <= (p_node.to_ts at time zone 'UTC')::date
    and trade.recorded_at <= p_node.recorded_at
  group by trade.instrument_id, trade.raw_response_id, trade.run_id
  union all
  (
    select
      'market.price_data', null, bar.instrument_id, null, bar.raw_response_id,
      bar.ts, bar.ts, 1, 'version ' || bar.version, 'ingest.accept_bars', bar.run_id, bar.recorded_at, null, null
    from market.price_data_version bar
    where bar.instrument_id = p_node.instrument_id
      and bar.bar_interval = '1d'
      and bar.ts <= p_node.to_ts
      and bar.recorded_at <= p_node.recorded_at
      and (bar.closed_at is null or bar.closed_at > p_node.recorded_at)
    order by bar.ts desc
    limit 1
  );
end;

comment on function lineage.sources_portfolio_position(lineage.node) is
'Sources of the position of portfolio p_node.id in one instrument at the session of p_node.to_ts: its trades so far, and the bar whose close values it.';

revoke all on function lineage.sources_portfolio_position(lineage.node) from public;
grant execute on function lineage.sources_portfolio_position(lineage.node) to marketbase_reader;
