-- From the symbol as people wrote it on a day to the identity that the tables use.
create or replace function market.instrument_id_at(p_symbol text, p_date date, p_as_of timestamptz default now()) returns bigint
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  found_id bigint;
  spells text;
begin
  select identified into found_id from market.identified_instruments('symbol', p_symbol, p_date, p_as_of) as identified;
  if found_id is not null then
    return found_id;
  end if;
  select string_agg(format('%s from %s to %s', instrument.symbol, identifier.valid_from, identifier.valid_to), ', ' order by identifier.valid_from) into spells
  from market.instrument_identifier as identifier
  join market.instrument using (instrument_id)
  where identifier.kind = 'symbol' and identifier.value = upper(btrim(p_symbol))
    and identifier.known_from <= p_as_of and (identifier.known_to is null or p_as_of < identifier.known_to);
  raise exception using
    errcode = 'MB002',
    message = format('no instrument had the symbol "%s" on %s', coalesce(left(p_symbol, 32), 'NULL'), coalesce(p_date::text, 'NULL')),
    hint = coalesce('It was the symbol of: ' || spells || '.', 'Nobody has ever had it, as far as is known: market.instrument_identifier has the symbols of all times.');
end
$$;

comment on function market.instrument_id_at(text, date, timestamptz) is
'The instrument_id of whoever had the symbol on p_date, as known at p_as_of (default: now): a renamed instrument by its old symbol, and the right one of two that used the same ticker one after the other.
market.instrument_id goes by the symbols of today. MB002 when nobody had it then, with those who had it at other times as hint.';

revoke all on function market.instrument_id_at(text, date, timestamptz) from public;
grant execute on function market.instrument_id_at(text, date, timestamptz) to marketbase_reader;
