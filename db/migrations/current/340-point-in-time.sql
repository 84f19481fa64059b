-- What several feature sets knew about an instrument at a moment.
drop function if exists feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text);
drop function if exists feature.point_in_time_join(text[], bigint[], timestamptz[], boolean, interval, text[], interval);
drop type if exists feature.joined_vector;
create type feature.joined_vector as (
  instrument_id bigint,
  symbol text,
  decision_time timestamptz,
  feature_names text[],
  values double precision[],
  versions text[],
  ts timestamptz[],
  known_from timestamptz[]
);
comment on type feature.joined_vector is 'The vectors of several feature sets for an instrument and a decision time, one after the other.';
comment on column feature.joined_vector.instrument_id is 'Instrument.';
comment on column feature.joined_vector.symbol is 'Symbol of the instrument.';
comment on column feature.joined_vector.decision_time is 'The moment that was asked for.';
comment on column feature.joined_vector.feature_names is 'Names in the order of values, as set__feature.';
comment on column feature.joined_vector.values is 'Values of all sets; null where nothing was known.';
comment on column feature.joined_vector.versions is 'Version of each set.';
comment on column feature.joined_vector.ts is 'For each set the start of the bar; null where nothing was known.';
comment on column feature.joined_vector.known_from is 'For each set from when the values could be known.';
