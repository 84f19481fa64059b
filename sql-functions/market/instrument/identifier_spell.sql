-- Who had which identifier from when to when, as now known.
create or replace view market.identifier_spell with (security_invoker = true) as
select
  identifier.instrument_id,
  identifier.identifier_id,
  instrument.symbol,
  instrument.name,
  identifier.kind,
  identifier.value,
  nullif(identifier.valid_from, '-infinity') as valid_from,
  nullif(identifier.valid_to, 'infinity') as valid_to,
  nullif(identifier.known_from, '-infinity') as known_from,
  identifier.run_id,
  identifier.raw_response_id
from market.instrument_identifier as identifier
join market.instrument using (instrument_id)
where identifier.known_to is null;

comment on view market.identifier_spell is
E'@primaryKey instrument_id,identifier_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)\nSymbols and other identifiers of instruments in spells, as now known. Renames, reused tickers and delistings can be read from it: a renamed instrument has several symbols one after the other, the last symbol of a delisted one has a valid_to.';
comment on column market.identifier_spell.instrument_id is 'Instrument.';
comment on column market.identifier_spell.identifier_id is 'Tells the rows of an instrument apart.';
comment on column market.identifier_spell.symbol is 'Symbol by which marketbase now knows it.';
comment on column market.identifier_spell.name is 'Its name, where a provider gave one.';
comment on column market.identifier_spell.kind is 'symbol, figi, cik, isin, cusip, sedol or lei.';
comment on column market.identifier_spell.value is 'The identifier.';
comment on column market.identifier_spell.valid_from is 'First day; null where nobody said when it began.';
comment on column market.identifier_spell.valid_to is 'First day on which it was no longer the instrument''s; null where it still is.';
comment on column market.identifier_spell.known_from is 'From when this could be known; null for what was taken for granted when the instrument was added.';
comment on column market.identifier_spell.run_id is 'Run that said so.';
comment on column market.identifier_spell.raw_response_id is 'Body that said so; null where a person or the symbol of an instrument did.';

revoke all on market.identifier_spell from public;
grant select on market.identifier_spell to marketbase_reader;
