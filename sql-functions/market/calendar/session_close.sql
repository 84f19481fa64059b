-- The moment from which the bar of a day is final.
create or replace function market.session_close(p_mic text, p_session_date date) returns timestamptz
language sql stable strict parallel safe
begin atomic
  select coalesce(
    (select session.close_at from market.trading_session session where session.mic = p_mic and session.session_date = p_session_date),
    (p_session_date + 1)::timestamp at time zone (select exchange.time_zone from market.exchange where exchange.mic = p_mic)
  );
end;

comment on function market.session_close(text, date) is
'When the session of that local date closes: the close of its row in market.trading_session, or the end of the day in the time zone of the exchange where there is no such row (no calendar known,
or a day on which it does not trade). NULL for an unknown exchange or NULL.';

revoke all on function market.session_close(text, date) from public;
grant execute on function market.session_close(text, date) to marketbase_reader;
