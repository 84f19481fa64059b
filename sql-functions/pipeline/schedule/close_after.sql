-- The next close of an exchange, with or without a calendar of it.
create or replace function pipeline.close_after(p_mic text, p_after timestamptz) returns timestamptz
language sql stable strict parallel safe
begin atomic
  select coalesce(
    (select min(session.close_at) from market.trading_session session where session.mic = p_mic and session.close_at > p_after),
    (
      select min(market.session_close(p_mic, day::date))
      from generate_series((p_after - interval '2 days')::date::timestamp, (p_after + interval '5 days')::date::timestamp, interval '1 day') as day
      where extract(isodow from day) < 6 and market.session_close(p_mic, day::date) > p_after
    )
  );
end;

comment on function pipeline.close_after(text, timestamptz) is
'The first close of a session of the exchange after p_after. An exchange without a calendar for that time closes at the end of each weekday, in its own time zone. NULL for an unknown exchange or NULL.';

revoke all on function pipeline.close_after(text, timestamptz) from public;
grant execute on function pipeline.close_after(text, timestamptz) to marketbase_reader;
