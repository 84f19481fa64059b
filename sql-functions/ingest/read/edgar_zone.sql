-- In which time zone a list of filings gives its times of acceptance: the Z behind them is not always true.
create or replace function ingest.edgar_zone(p_forms text[], p_filed date[], p_accepted timestamp[]) returns text
language sql stable parallel safe
begin atomic
  with reading as (
    select zone.name, zone.preference, filing.form, filing.filed, local.moment, local.moment::time as hour
    from unnest(p_forms, p_filed, p_accepted) as filing (form, filed, accepted)
    cross join (values ('America/New_York', 1), ('UTC', 2)) as zone (name, preference)
    cross join lateral (select filing.accepted at time zone zone.name at time zone 'America/New_York' as moment) as local
    where filing.accepted::time <> time '00:00'
  )
  select coalesce(
    (
      select reading.name
      from reading
      group by reading.name, reading.preference
      order by
        count(*) filter (
          where reading.hour < time '06:00' or reading.hour >= time '22:00'
            or (reading.form ~ '^(10-[KQ]|8-K|20-F|6-K|40-F)' and (reading.hour > time '17:30') <> (reading.filed > reading.moment::date))
        ),
        reading.preference
      limit 1
    ),
    'America/New_York'
  );
end;

comment on function ingest.edgar_zone(text[], date[], timestamp[]) is
'The time zone, America/New_York or UTC, in which the times of acceptance p_accepted of filings make sense; the three arrays go together. EDGAR accepts from 6:00 to 22:00 New York time, and gives reports that come after 17:30 the date of the next
business day: the zone in which fewer filings break these rules is the one. Where both do as well it is New York, the later time, so that nothing counts as known too early.';

revoke all on function ingest.edgar_zone(text[], date[], timestamp[]) from public;
grant execute on function ingest.edgar_zone(text[], date[], timestamp[]) to marketbase_worker;
