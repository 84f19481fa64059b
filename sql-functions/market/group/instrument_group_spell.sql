-- Who was in which group from when to when, as now known.
create or replace view market.instrument_group_spell with (security_invoker = true) as
select
  membership.instrument_id,
  instrument.symbol,
  membership.kind,
  membership.name,
  membership.from_date,
  lead(membership.from_date) over (partition by membership.instrument_id, membership.kind order by membership.from_date) as to_date,
  membership.known_from,
  membership.run_id
from market.instrument_group as membership
join market.instrument as instrument using (instrument_id);

comment on view market.instrument_group_spell is
E'@primaryKey instrument_id,kind,from_date\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (kind) references market.group_kind (kind)\nSpells of membership, as now known: at a date d an instrument is in the group of the spell with from_date <= d < to_date.';
comment on column market.instrument_group_spell.instrument_id is 'Instrument.';
comment on column market.instrument_group_spell.symbol is 'Its symbol.';
comment on column market.instrument_group_spell.kind is 'Kind of group.';
comment on column market.instrument_group_spell.name is 'Name of the group; null for a spell in none.';
comment on column market.instrument_group_spell.from_date is 'First day, UTC.';
comment on column market.instrument_group_spell.to_date is 'First day of the next spell; null for the last one.';
comment on column market.instrument_group_spell.known_from is 'From when it could be known that the spell began.';
comment on column market.instrument_group_spell.run_id is 'Run that made it.';

revoke all on market.instrument_group_spell from public;
grant select on market.instrument_group_spell to marketbase_reader;
