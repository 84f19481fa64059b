-- Writes the query that gives the values of a set, a column for each feature.
create or replace function feature.export_query(
  p_set text,
  p_symbols text[] default null,
  p_as_of timestamptz default null,
  p_version text default null
) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  asked_version constant feature.feature_set_version := feature.version_of(p_set, p_version);
  asked_instruments constant bigint[] := case when p_symbols is not null then market.instrument_ids(p_symbols) end;
begin
  return format(
    E'select instrument.symbol, vector.ts, vector.known_from%s\n'
    'from %s as vector\n'
    'join market.instrument as instrument on instrument.instrument_id = vector.instrument_id\n'
    'where vector.feature_set_version_id = %s%s%s\n'
    'order by vector.instrument_id, vector.ts',
    (
      select string_agg(format(E',\n  vector.values[%s] as %I', named.position, named.name), '' order by named.position)
      from unnest(asked_version.feature_names) with ordinality as named (name, position)
    ),
    case when p_as_of is null then 'feature.feature_vector' else 'feature.feature_vector_version' end,
    asked_version.feature_set_version_id,
    case when asked_instruments is not null then format(' and vector.instrument_id = any (%L::bigint[])', asked_instruments) end,
    case when p_as_of is not null then format(E'\n  and vector.known_from <= %1$L::timestamptz and vector.known_to > %1$L::timestamptz', p_as_of) end
  );
end
$$;

comment on function feature.export_query(text, text[], timestamptz, text) is
E'@behavior -*\nA query that gives the vectors of p_set in order of instrument and bar: symbol, ts, known_from and a column for each feature. marketbase export runs it.
p_symbols: which instruments (NULL: all). p_as_of: the revisions that were the ones to know at that moment (NULL: the current ones). p_version: version of the set (NULL: the one in force).
Errors: MB002 for an unknown symbol, MB003 for an unknown set or version.';

revoke all on function feature.export_query(text, text[], timestamptz, text) from public;
grant execute on function feature.export_query(text, text[], timestamptz, text) to marketbase_reader;
