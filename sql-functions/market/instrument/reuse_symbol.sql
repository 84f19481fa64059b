-- An old ticker for a new instrument.
create or replace function market.reuse_symbol(p_run_id bigint, p_symbol text, p_from date) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given constant text := upper(btrim(p_symbol));
  before_id bigint;
  since timestamptz;
  added_id bigint;
begin
  if p_from is null then
    raise exception using errcode = 'MB001', message = 'A ticker is taken over on a day.', hint = 'Give p_from.';
  end if;
  before_id := market.instrument_id(given);
  if exists (
    select
    from market.instrument_identifier
    where instrument_id = before_id and kind = 'symbol' and value = given and valid_from = p_from and known_to is null
  ) then
    return before_id;
  end if;
  select p_from::timestamp at time zone exchange.time_zone into since
  from market.instrument
  join market.exchange using (mic)
  where instrument.instrument_id = before_id;
  perform market.end_identifier(p_run_id, before_id, 'symbol', p_from, 'infinity', since);
  perform market.yield_symbol(given, p_from);

  insert into market.instrument (symbol, mic, currency, run_id)
  select given, instrument.mic, instrument.currency, p_run_id from market.instrument where instrument_id = before_id
  returning instrument_id into added_id;
  -- Between the end of the old company and the beginning of the new one the ticker was nobody's.
  perform market.end_identifier(p_run_id, added_id, 'symbol', '-infinity', p_from, since);
  return added_id;
end
$$;

comment on function market.reuse_symbol(bigint, text, date) is
'From p_from on p_symbol is the ticker of another company: a new instrument, whose instrument_id it gives. Who had it goes on as p_symbol.1 (or .2 …) with all its bars; market.instrument_id_at finds either by its days. Said twice it is done once.
It can be known from the beginning of p_from at the exchange on. p_run_id: run that says so. Errors: MB001 for a missing day, MB002 for a symbol that nobody has had.';

revoke all on function market.reuse_symbol(bigint, text, date) from public;
grant execute on function market.reuse_symbol(bigint, text, date) to marketbase_worker;
