-- Every vintage of every observation, with the time during which it was the one to know.
create or replace view market.macro_observation_version with (security_invoker = true) as
select
  observation.series, observation.observation_date, observation.value, observation.vintage_date, observation.known_from,
  lead(observation.known_from) over (partition by observation.series, observation.observation_date order by observation.known_from) as known_to,
  observation.recorded_at, observation.raw_response_id, observation.run_id
from market.macro_observation observation;

comment on view market.macro_observation_version is
'Every vintage of every observation. The one to know at a moment t is the one with known_from <= t and (known_to is null or t < known_to).';
comment on column market.macro_observation_version.series is 'Series.';
comment on column market.macro_observation_version.observation_date is 'First day of the period that the value is about.';
comment on column market.macro_observation_version.value is 'The value in the units of the series; null where there is none.';
comment on column market.macro_observation_version.vintage_date is 'First day on which the provider showed it.';
comment on column market.macro_observation_version.known_from is 'From when it could be known.';
comment on column market.macro_observation_version.known_to is 'Until when it was the one to know (excluded); null for the last one.';
comment on column market.macro_observation_version.recorded_at is 'When marketbase stored it.';
comment on column market.macro_observation_version.raw_response_id is 'The body from which it was read.';
comment on column market.macro_observation_version.run_id is 'Run that made it.';

grant select on market.macro_observation_version to marketbase_reader;
