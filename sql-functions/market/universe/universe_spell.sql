-- Who belonged to which universe from when to when, as now known.
create or replace view market.universe_spell with (security_invoker = true) as
select
  member.instrument_id, member.member_id, member.universe, member.symbol, instrument.symbol as current_symbol, instrument.name,
  member.valid_from, nullif(member.valid_to, 'infinity') as valid_to, member.known_from, member.run_id
from market.universe_member as member
join market.instrument using (instrument_id)
where member.known_to is null;

comment on view market.universe_spell is
E'@primaryKey instrument_id,member_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (universe) references market.universe (universe)\nSpells of membership, as now known; an instrument may have several in one universe.';
comment on column market.universe_spell.instrument_id is 'Instrument.';
comment on column market.universe_spell.member_id is 'Tells the rows of an instrument apart.';
comment on column market.universe_spell.universe is 'Universe.';
comment on column market.universe_spell.symbol is 'Ticker under which it was a member.';
comment on column market.universe_spell.current_symbol is 'Symbol by which marketbase now knows the instrument.';
comment on column market.universe_spell.name is 'Its name, where a provider gave one.';
comment on column market.universe_spell.valid_from is 'First day as a member.';
comment on column market.universe_spell.valid_to is 'First day on which it was no longer a member; null where no end is known.';
comment on column market.universe_spell.known_from is 'From when this could be known.';
comment on column market.universe_spell.run_id is 'Run that said so.';

revoke all on market.universe_spell from public;
grant select on market.universe_spell to marketbase_reader;
