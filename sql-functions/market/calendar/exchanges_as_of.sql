-- The exchanges as marketbase had them at a moment.
create or replace function market.exchanges_as_of(p_as_of timestamptz) returns setof market.exchange
language sql stable parallel safe
begin atomic
  select (jsonb_populate_record(exchange, coalesce(later.row, '{}'))).*
  from market.exchange
  left join (
    select distinct on (change.row ->> 'mic') change.row ->> 'mic' as mic, change.row
    from lineage.row_change as change
    where change.relation = 'market.exchange' and change.changed_at > p_as_of
    order by change.row ->> 'mic', change.row_change_id
  ) as later using (mic);
end;

comment on function market.exchanges_as_of(timestamptz) is
'market.exchange as it was stored at p_as_of, by what has been changed since (lineage.row_change); exchanges that were added later are there too.';

revoke all on function market.exchanges_as_of(timestamptz) from public;
grant execute on function market.exchanges_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
