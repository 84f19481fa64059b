-- One trade changes a position.
create or replace function portfolio.apply_trade(
  p_state portfolio.position_state,
  p_side text,
  p_quantity numeric,
  p_price numeric,
  p_fee numeric
) returns portfolio.position_state
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_held constant numeric := coalesce((p_state).quantity, 0);
  v_cost constant numeric := coalesce((p_state).average_cost, 0);
  v_signed constant numeric := case p_side when 'buy' then p_quantity else -p_quantity end;
  v_closed constant numeric := case when sign(v_held) * sign(v_signed) < 0 then least(abs(v_held), p_quantity) else 0 end;
  v_after constant numeric := v_held + v_signed;
begin
  return row (
    v_after,
    case
      when v_after = 0 then 0
      -- through zero: what is left was opened by this trade
      when v_closed > 0 and v_closed < p_quantity then p_price
      when v_closed > 0 then v_cost
      else (abs(v_held) * v_cost + p_quantity * p_price) / abs(v_after)
    end,
    coalesce((p_state).realised_pnl, 0) + v_closed * (p_price - v_cost) * sign(v_held) - p_fee
  )::portfolio.position_state;
end
$$;

comment on function portfolio.apply_trade(portfolio.position_state, text, numeric, numeric, numeric) is
'The position after a trade (p_side buy or sell, p_quantity and p_price above 0, p_fee from 0 on), by the method of average cost: what adds to a position
moves the average, what reduces it realises the difference to the average, what goes through zero closes it and opens the rest at the price of the trade.
Shorts likewise. Fees are realised at once and are no part of the cost. p_state is NULL before the first trade.';

revoke all on function portfolio.apply_trade(portfolio.position_state, text, numeric, numeric, numeric) from public;
grant execute on function portfolio.apply_trade(portfolio.position_state, text, numeric, numeric, numeric) to marketbase_reader;
