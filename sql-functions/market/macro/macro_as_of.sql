-- A series of the economy as it could be known at a moment.
create or replace function market.macro_as_of(
  p_series text,
  p_as_of timestamptz default now(),
  p_from date default null,
  p_to date default null
) returns setof market.macro_observation
language plpgsql stable parallel safe
rows 1000
set search_path to pg_catalog, pg_temp
as $$
begin
  if not exists (select from market.macro_series known where known.series = upper(btrim(p_series))) then
    raise exception using
      errcode = 'MB002',
      message = format('there is no series "%s"', left(coalesce(p_series, 'null'), 64)),
      hint = 'Bring it in with marketbase ingest fred ' || left(coalesce(upper(btrim(p_series)), 'GDP'), 64) || '; market.macro_series lists the series.';
  end if;
  return query
  select version.*
  from (
    select distinct on (observation.observation_date) observation.*
    from market.macro_observation observation
    where observation.series = upper(btrim(p_series)) and observation.known_from <= p_as_of
      and (p_from is null or observation.observation_date >= p_from) and (p_to is null or observation.observation_date <= p_to)
    order by observation.observation_date, observation.known_from desc
  ) as version
  where version.value is not null
  order by version.observation_date;
end
$$;

comment on function market.macro_as_of(text, timestamptz, date, date) is
'The observations of a series as they could be known at p_as_of: for each observation_date from p_from to p_to (NULL: no limit) the vintage last known by then; days without a value are left out. MB002 for an unknown series. No row where p_as_of is NULL.';

revoke all on function market.macro_as_of(text, timestamptz, date, date) from public;
grant execute on function market.macro_as_of(text, timestamptz, date, date) to marketbase_reader;
