-- Who adds an instrument, or learns its CIK, need not know that identifiers have spells.
create or replace function market.note_identifiers() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    -- A ticker that another instrument gave up is this one's from that day on.
    insert into market.instrument_identifier (instrument_id, kind, value, valid_from, known_from, run_id)
    select
      added.instrument_id, 'symbol', added.symbol, coalesce(gone.ended, '-infinity'),
      coalesce(gone.ended::timestamp at time zone exchange.time_zone, '-infinity'), added.run_id
    from added
    join market.exchange using (mic)
    cross join lateral (
      select max(identifier.valid_to) as ended
      from market.instrument_identifier as identifier
      where identifier.kind = 'symbol' and identifier.value = added.symbol and identifier.known_to is null
    ) as gone;
    insert into market.instrument_identifier (instrument_id, kind, value, run_id)
    select added.instrument_id, 'cik', added.cik, added.run_id
    from added
    where added.cik is not null;
  else
    perform market.set_identifier(changed.run_id, changed.instrument_id, 'cik', changed.cik)
    from changed
    join before using (instrument_id)
    where changed.cik is not null and changed.cik is distinct from before.cik
      and changed.cik is distinct from market.identifier_at(changed.instrument_id, 'cik');
  end if;
  return null;
end
$$;

comment on function market.note_identifiers() is
'Trigger: an instrument that is added has its symbol (from the day on which another one gave it up, if any did) and its CIK for all time, until market.set_identifier or market.rename_instrument says otherwise; a CIK that is learnt later is noted in the same way.';

revoke all on function market.note_identifiers() from public;

create or replace trigger _300_identifiers_insert after insert on market.instrument
  referencing new table as added
  for each statement execute function market.note_identifiers();
create or replace trigger _300_identifiers_update after update on market.instrument
  referencing old table as before new table as changed
  for each statement execute function market.note_identifiers();
