-- A ticker that is free again goes to who wants it; who had it keeps it with a number.
create or replace function market.yield_symbol(p_symbol text, p_from date) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  holder market.instrument;
  ended date;
  other text;
begin
  select * into holder from market.instrument where symbol = p_symbol for update;
  if not found then
    return;
  end if;
  select max(identifier.valid_to) into ended
  from market.instrument_identifier as identifier
  where identifier.instrument_id = holder.instrument_id and identifier.kind = 'symbol' and identifier.value = p_symbol and identifier.known_to is null;
  if ended > p_from then
    raise exception using
      errcode = 'MB008',
      message = format('%s is still the symbol of another instrument on %s.', p_symbol, p_from),
      hint = 'market.delist_instrument or market.rename_instrument ends that first.';
  end if;
  select format('%s.%s', p_symbol, n) into other
  from generate_series(1, 99) as n
  where not exists (select from market.instrument where symbol = format('%s.%s', p_symbol, n))
  order by n
  limit 1;
  update market.instrument set symbol = other where instrument_id = holder.instrument_id;
end
$$;

comment on function market.yield_symbol(text, date) is
'Makes market.instrument.symbol free for another instrument from p_from on: the instrument that had p_symbol goes on as p_symbol.1 (or .2 …). Its spells stay as they are, so that market.instrument_id_at still finds it on its days.
MB008 where its spell does not end by p_from.';

revoke all on function market.yield_symbol(text, date) from public;
grant execute on function market.yield_symbol(text, date) to marketbase_worker;
