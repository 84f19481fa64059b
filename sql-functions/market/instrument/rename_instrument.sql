-- A new ticker for the same instrument.
create or replace function market.rename_instrument(
  p_run_id bigint,
  p_symbol text,
  p_new_symbol text,
  p_from date,
  p_known_from timestamptz default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  new_symbol constant text := upper(btrim(p_new_symbol));
  renamed_id bigint;
begin
  if p_from is null or new_symbol is null then
    raise exception using errcode = 'MB001', message = 'A rename needs the new symbol and its first day.', hint = 'Give p_new_symbol and p_from.';
  end if;
  -- Said twice it is done once.
  select identified into renamed_id
  from market.identified_instruments('symbol', new_symbol, p_from) as identified
  where market.identifier_at(identified, 'symbol', p_from - 1) = upper(btrim(p_symbol));
  if found then
    return renamed_id;
  end if;
  renamed_id := market.instrument_id_at(p_symbol, p_from - 1);
  perform market.yield_symbol(new_symbol, p_from)
  where not exists (select from market.instrument where instrument_id = renamed_id and symbol = new_symbol);
  perform market.set_identifier(
    p_run_id, renamed_id, 'symbol', new_symbol, p_from, 'infinity',
    coalesce(p_known_from, p_from::timestamp at time zone (
      select exchange.time_zone from market.instrument join market.exchange using (mic) where instrument.instrument_id = renamed_id
    ))
  );
  update market.instrument set symbol = new_symbol where instrument_id = renamed_id;
  return renamed_id;
end
$$;

comment on function market.rename_instrument(bigint, text, text, date, timestamptz) is
'The instrument that had p_symbol on the day before p_from has p_new_symbol from p_from on: the same instrument with the same history, a new spell in market.instrument_identifier and a new market.instrument.symbol. Gives its instrument_id.
Renames of one instrument are told in the order of their days. p_run_id: run that says so. p_known_from: from when it could be known (default: the beginning of p_from at its exchange).
Errors: MB001 for a symbol that cannot be one or a missing day; MB002 where nobody had p_symbol; MB008 where another instrument has p_new_symbol then.';

revoke all on function market.rename_instrument(bigint, text, text, date, timestamptz) from public;
grant execute on function market.rename_instrument(bigint, text, text, date, timestamptz) to marketbase_worker;
