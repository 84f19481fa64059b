-- Who belonged to a universe on a day, as it was known at a moment.
create or replace function market.universe_members(p_universe text, p_date date default current_date, p_as_of timestamptz default now())
returns table (instrument_id bigint, symbol text, valid_from date, valid_to date, known_from timestamptz)
language sql stable parallel safe
rows 500
begin atomic
  select member.instrument_id, member.symbol, member.valid_from, nullif(member.valid_to, 'infinity'), member.known_from
  from market.universe_member as member
  where member.universe = p_universe
    and member.valid_from <= p_date and p_date < member.valid_to
    and member.known_from <= p_as_of and (member.known_to is null or p_as_of < member.known_to)
  order by member.symbol, member.instrument_id;
end;

comment on function market.universe_members(text, date, timestamptz) is
'The members of p_universe on p_date (default: today), as known at p_as_of (default: now), by symbol: those of the time, also where they were delisted or renamed since. symbol is the ticker of the time; valid_to is NULL where no end was known.
With p_as_of at p_date nothing that became known later is in it. No rows for an unknown universe or NULL.';

revoke all on function market.universe_members(text, date, timestamptz) from public;
grant execute on function market.universe_members(text, date, timestamptz) to marketbase_reader;
