-- The days on which each member of a universe was one.
create or replace function market.universe_spans(p_universe text, p_from date default null, p_to date default null, p_as_of timestamptz default now())
returns table (instrument_id bigint, symbol text, from_date date, to_date date, is_own_symbol boolean)
language sql stable parallel safe
rows 1000
begin atomic
  select
    member.instrument_id, instrument.symbol,
    nullif(greatest(member.valid_from, p_from), '-infinity'),
    nullif(least(case when member.valid_to < 'infinity' then member.valid_to - 1 end, p_to), 'infinity'),
    exists (
      select
      from market.instrument_identifier as identifier
      where identifier.instrument_id = member.instrument_id and identifier.kind = 'symbol' and identifier.value = instrument.symbol
        and identifier.known_to is null
    )
  from market.universe_member as member
  join market.instrument using (instrument_id)
  where member.universe = p_universe
    and member.valid_from <= coalesce(p_to, 'infinity') and coalesce(p_from, '-infinity') < member.valid_to
    and member.known_from <= p_as_of and (member.known_to is null or p_as_of < member.known_to)
  order by instrument.symbol, member.valid_from;
end;

comment on function market.universe_spans(text, date, date, timestamptz) is
'The spells of membership in p_universe that touch p_from to p_to (NULL: without limit), cut to those days, as known at p_as_of (default: now): also of members that left, were renamed or delisted since. symbol is the one of today, from_date and to_date are the first and last day,
NULL where the spell has no beginning or no end there. is_own_symbol is false where the ticker has passed on to another instrument, so that symbol is only the name by which marketbase tells it apart (AAL.1). No rows for an unknown universe or NULL.';

revoke all on function market.universe_spans(text, date, date, timestamptz) from public;
grant execute on function market.universe_spans(text, date, date, timestamptz) to marketbase_reader;
