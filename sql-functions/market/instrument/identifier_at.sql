-- What an instrument was called on a day.
create or replace function market.identifier_at(
  p_instrument_id bigint,
  p_kind text default 'symbol',
  p_date date default current_date,
  p_as_of timestamptz default now()
) returns text
language sql stable parallel safe
begin atomic
  select identifier.value
  from market.instrument_identifier as identifier
  where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind
    and identifier.valid_from <= p_date and p_date < identifier.valid_to
    and identifier.known_from <= p_as_of and (identifier.known_to is null or p_as_of < identifier.known_to);
end;

comment on function market.identifier_at(bigint, text, date, timestamptz) is
'The identifier of p_kind (symbol unless said) that the instrument had on p_date (default: today), as known at p_as_of (default: now). NULL where it had none, such as a symbol after its delisting.';

revoke all on function market.identifier_at(bigint, text, date, timestamptz) from public;
grant execute on function market.identifier_at(bigint, text, date, timestamptz) to marketbase_reader;
