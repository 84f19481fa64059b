-- The bars that an exchange should have, by its calendar.
create or replace function market.bar_slots(p_mic text, p_bar_interval text, p_from date, p_to date) returns setof market.bar_slot
language plpgsql stable strict parallel safe
rows 10000
set search_path to pg_catalog, pg_temp
as $$
declare
  length constant interval := market.bar_length(p_bar_interval);
  months constant integer := extract(year from length) * 12 + extract(month from length);
begin
  if length < interval '1 day' then
    return query
      select opening.ts, least(opening.ts + length, opening.close_at), opening.session_date, opening.session_date, 1
      from (
        select session.session_date, part.close_at, generate_series(part.open_at, part.close_at - interval '1 second', length) as ts
        from market.session_hours(p_mic, p_from, p_to) as session
        -- A break divides a session into two parts.
        cross join lateral (
          values (session.open_at, coalesce(session.break_start, session.close_at)), (session.break_end, session.close_at)
        ) as part (open_at, close_at)
      ) as opening
      order by opening.ts;
  elsif length = interval '1 day' then
    return query
      select session.session_date::timestamp at time zone 'UTC', session.close_at, session.session_date, session.session_date, 1
      from market.session_hours(p_mic, p_from, p_to) as session
      order by session.session_date;
  else
    return query
      select
        slot.first_day::timestamp at time zone 'UTC', max(session.close_at), min(session.session_date), max(session.session_date),
        count(*)::integer
      from market.session_hours(p_mic, market.bar_start(length, p_from), market.bar_start(length, p_to, 1) - 1) as session
      cross join lateral (select market.bar_start(length, session.session_date) as first_day) as slot
      group by slot.first_day
      order by slot.first_day;
  end if;
end
$$;

comment on function market.bar_slots(text, text, date, date) is
'The bars of length p_bar_interval (see market.bar_length) that exchange p_mic should have in the sessions from p_from to p_to, both included, in order. Within a session they are counted from its open, and anew
after its break; the last one ends with the session, the last one before the break with that; weeks, months, quarters and years are given whole, where they touch the dates. No row for a week without a session, for an unknown exchange or NULL. MB001 for a length that cannot be.';

revoke all on function market.bar_slots(text, text, date, date) from public;
grant execute on function market.bar_slots(text, text, date, date) to marketbase_reader;
