-- An identifier says which body it comes from.
alter table market.instrument_identifier add column if not exists raw_response_id bigint references ingest.raw_response;
create index if not exists instrument_identifier_raw_response_id_idx on market.instrument_identifier (raw_response_id);
comment on column market.instrument_identifier.raw_response_id is 'Body that said so; null where a person or the symbol of an instrument did.';
drop function if exists market.set_identifier(bigint, bigint, text, text, date, date, timestamptz);
