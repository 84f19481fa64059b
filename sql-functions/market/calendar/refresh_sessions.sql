-- Stores the sessions that the rules of an exchange make.
create or replace function market.refresh_sessions(p_mic text, p_from date default '1990-01-01', p_to date default '2035-12-31') returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  known constant market.trading_session[] := array(select made from market.calendar_sessions(p_mic, p_from, p_to) as made);
  removed bigint;
  written bigint;
begin
  if exists (select from market.trading_session where mic = p_mic and run_id is not null)
    or cardinality(known) = 0 then
    return 0;
  end if;
  delete from market.trading_session as session
  where session.mic = p_mic and session.session_date between p_from and p_to
    and session.session_date not in (select made.session_date from unnest(known) as made);
  get diagnostics removed = row_count;
  insert into market.trading_session as session (mic, session_date, open_at, close_at, is_half_day, break_start, break_end)
  select made.mic, made.session_date, made.open_at, made.close_at, made.is_half_day, made.break_start, made.break_end
  from unnest(known) as made
  on conflict (mic, session_date) do update
  set open_at = excluded.open_at, close_at = excluded.close_at, is_half_day = excluded.is_half_day,
    break_start = excluded.break_start, break_end = excluded.break_end
  where (session.open_at, session.close_at, session.is_half_day, session.break_start, session.break_end)
    is distinct from (excluded.open_at, excluded.close_at, excluded.is_half_day, excluded.break_start, excluded.break_end);
  get diagnostics written = row_count;
  update market.exchange set calendar = 'sessions' where mic = p_mic and calendar <> 'sessions';
  return removed + written;
end
$$;

comment on function market.refresh_sessions(text, date, date) is
'Makes market.trading_session say from p_from to p_to what the hours, rules and exceptions of the exchange say now, and gives how many sessions that changed. Sessions that a file brought are left alone: 0, as for an exchange without rules.
For the owner: rows of market.calendar_rule and its neighbours are changed by migrations.';

revoke all on function market.refresh_sessions(text, date, date) from public;
