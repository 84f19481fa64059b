-- Whose identifier it was on a day.
create or replace function market.identified_instruments(
  p_kind text,
  p_value text,
  p_date date default current_date,
  p_as_of timestamptz default now()
) returns setof bigint
language sql stable parallel safe
begin atomic
  select identifier.instrument_id
  from market.instrument_identifier as identifier
  where identifier.kind = p_kind and identifier.value = upper(btrim(p_value))
    and identifier.valid_from <= p_date and p_date < identifier.valid_to
    and identifier.known_from <= p_as_of and (identifier.known_to is null or p_as_of < identifier.known_to)
  order by identifier.instrument_id;
end;

comment on function market.identified_instruments(text, text, date, timestamptz) is
'The instruments that had the identifier p_value of p_kind (symbol, figi, cik, isin, cusip, sedol, lei) on p_date (default: today), as known at p_as_of (default: now). Several for a CIK or an LEI, which all shares of a company have in common. No row where there is none, and for NULL.';

revoke all on function market.identified_instruments(text, text, date, timestamptz) from public;
grant execute on function market.identified_instruments(text, text, date, timestamptz) to marketbase_reader;
