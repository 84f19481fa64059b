-- The prices from which returns are made.
create or replace function portfolio.return_prices(
  p_instrument_ids bigint[],
  p_from date default null,
  p_to date default null
) returns setof portfolio.dated_price
language sql stable parallel safe
begin atomic
  select
    instrument_id,
    session_date,
    -- One kind of price for the whole window: a series that changes its kind would have a return that never was.
    case when bool_and(adjusted_close > 0) over (partition by instrument_id) and count(adjusted_close) over (partition by instrument_id)
      = count(*) over (partition by instrument_id) then adjusted_close else close end
  from market.price_data
  where instrument_id = any (p_instrument_ids)
    and bar_interval = '1d'
    and session_date between coalesce(p_from, '-infinity') and coalesce(p_to, 'infinity')
  order by instrument_id, session_date;
end;

comment on function portfolio.return_prices(bigint[], date, date) is
'Daily prices of p_instrument_ids from p_from to p_to (NULL: no limit), as now known, for returns: the adjusted close where every bar of the instrument in the
window has one, else the close. In order of instrument and session.';

revoke all on function portfolio.return_prices(bigint[], date, date) from public;
grant execute on function portfolio.return_prices(bigint[], date, date) to marketbase_reader;
