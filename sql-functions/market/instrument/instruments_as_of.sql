-- The instruments as marketbase had them at a moment.
create or replace function market.instruments_as_of(p_as_of timestamptz) returns setof market.instrument
language sql stable parallel safe
begin atomic
  select (jsonb_populate_record(instrument, coalesce(later.row, '{}'))).*
  from market.instrument
  left join (
    select distinct on (change.row ->> 'instrument_id') (change.row ->> 'instrument_id')::bigint as instrument_id, change.row
    from lineage.row_change as change
    where change.relation = 'market.instrument' and change.changed_at > p_as_of
    order by change.row ->> 'instrument_id', change.row_change_id
  ) as later using (instrument_id)
  where instrument.created_at <= p_as_of;
end;

comment on function market.instruments_as_of(timestamptz) is
'market.instrument as it was stored at p_as_of: without what was added later, and by the symbols and names of then, whatever has been renamed since (lineage.row_change). No row for NULL.';

revoke all on function market.instruments_as_of(timestamptz) from public;
grant execute on function market.instruments_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
