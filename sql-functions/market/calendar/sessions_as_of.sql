-- The sessions of exchanges as marketbase had them at a moment.
create or replace function market.sessions_as_of(p_mics text[], p_from date, p_to date, p_as_of timestamptz) returns setof market.trading_session
language sql stable parallel safe
begin atomic
  with later as (
    -- The first change after the moment tells what was there before it.
    select distinct on (change.row ->> 'mic', change.row ->> 'session_date')
      change.row ->> 'mic' as mic, (change.row ->> 'session_date')::date as session_date, change.operation, change.row
    from lineage.row_change as change
    where change.relation = 'market.trading_session' and change.changed_at > p_as_of
    order by change.row ->> 'mic', change.row ->> 'session_date', change.row_change_id
  )
  select session.*
  from market.trading_session as session
  where session.mic = any (p_mics) and session.session_date between p_from and p_to
    and not exists (select from later where later.mic = session.mic and later.session_date = session.session_date)
  union all
  select (jsonb_populate_record(null::market.trading_session, later.row)).*
  from later
  where later.operation <> 'insert' and later.mic = any (p_mics) and later.session_date between p_from and p_to;
end;

comment on function market.sessions_as_of(text[], date, date, timestamptz) is
'The sessions of the exchanges p_mics from p_from to p_to, both included, as market.trading_session had them at p_as_of, whatever calendar was imported or corrected since (lineage.row_change). No row for NULL.';

revoke all on function market.sessions_as_of(text[], date, date, timestamptz) from public;
grant execute on function market.sessions_as_of(text[], date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
