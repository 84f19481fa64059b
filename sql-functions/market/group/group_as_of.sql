-- The group of each instrument on a date, as it was known at a moment.
create or replace function market.group_as_of(p_kind text, p_date date, p_as_of timestamptz default now())
returns table (instrument_id bigint, name text, from_date date, known_from timestamptz)
language sql stable parallel safe
begin atomic
  select found.instrument_id, found.name, found.from_date, found.known_from
  from (
    select distinct on (version.instrument_id) version.instrument_id, version.name, version.from_date, version.known_from
    from (
      select membership.instrument_id, membership.kind, membership.from_date, membership.name, membership.known_from, 'infinity'::timestamptz as known_to
      from market.instrument_group as membership
      union all
      select history.instrument_id, history.kind, history.from_date, history.name, history.known_from, history.known_to
      from market.instrument_group_history as history
    ) as version
    where version.kind = p_kind and version.from_date <= p_date and version.known_from <= p_as_of and version.known_to > p_as_of
    order by version.instrument_id, version.from_date desc
  ) as found
  where found.name is not null
  order by found.name, found.instrument_id;
end;

comment on function market.group_as_of(text, date, timestamptz) is
'The instruments that were in a group of p_kind (such as sector) on p_date, as it was known at p_as_of (default: now), with the first day of that membership, ordered by group. No rows for an unknown kind or NULL.';

revoke all on function market.group_as_of(text, date, timestamptz) from public;
grant execute on function market.group_as_of(text, date, timestamptz) to marketbase_reader;
