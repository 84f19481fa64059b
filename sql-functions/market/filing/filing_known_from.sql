-- From when a filing is public.
create or replace function market.filing_known_from(p_filed date, p_accepted timestamptz default null) returns timestamptz
language sql immutable parallel safe
-- A zone by name: its rules for past years do not change.
return case
  when p_accepted is null then (p_filed + 1)::timestamp at time zone 'America/New_York'
  else greatest(p_accepted, (p_filed + time '06:00') at time zone 'America/New_York')
end;

comment on function market.filing_known_from(date, timestamptz) is
'From when a filing with the date p_filed, accepted by EDGAR at p_accepted, is public. EDGAR publishes what it accepts at once, but what it accepts after 17:30 New York time for the next business day only at 6:00 of that day; so it is
the later of both. Where p_accepted is NULL: the start of the day after p_filed, New York time. NULL for a NULL date. Source: EDGAR Filer Manual, volume II, on acceptance and dissemination.';

revoke all on function market.filing_known_from(date, timestamptz) from public;
grant execute on function market.filing_known_from(date, timestamptz) to marketbase_reader;
