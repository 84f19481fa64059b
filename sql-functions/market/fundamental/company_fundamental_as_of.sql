-- The reported facts as they could be known at a moment.
create or replace function market.company_fundamental_as_of(
  p_symbol text,
  p_as_of timestamptz default now(),
  p_concepts text[] default null
) returns setof market.company_fundamental_version
language sql stable parallel safe
begin atomic
  select version.*
  from market.company_fundamental_version version
  where version.instrument_id = market.instrument_id(p_symbol)
    and (p_concepts is null or version.concept = any (p_concepts))
    and version.known_from <= p_as_of
    and (version.known_to is null or p_as_of < version.known_to)
  order by version.taxonomy, version.concept, version.unit, version.period_end, version.period_start;
end;

comment on function market.company_fundamental_as_of(text, timestamptz, text[]) is
'Reported facts of a symbol as they could be known at p_as_of: for each concept, unit and period the value that was last filed by then. p_concepts limits the concepts, NULL means all. MB002 for an unknown symbol.';

revoke all on function market.company_fundamental_as_of(text, timestamptz, text[]) from public;
grant execute on function market.company_fundamental_as_of(text, timestamptz, text[]) to marketbase_reader;
