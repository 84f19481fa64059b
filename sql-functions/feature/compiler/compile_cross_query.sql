-- Writes the query of the stage that compares instruments.
create or replace function feature.compile_cross_query(p_plan jsonb, p_bases text[], p_outputs text[], p_levels integer) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  arguments constant jsonb := p_plan -> 'arguments';
  sections constant jsonb := p_plan -> 'sections';
  kinds constant text[] := array(select used.kind from jsonb_object_keys(p_plan -> 'groups') as used (kind) where used.kind <> '' order by used.kind);
  listed constant text := E',\n    %1$s as %2$s';
  whole constant text := 'order by instrument_id rows between unbounded preceding and unbounded following';
  stages text[];
  stage text := 'value';
  names text;
  windows text;
  known text;
begin
  select string_agg(format(E',\n    value.values[%s] as %I', base.position, base.name), '' order by base.position)
  into names
  from unnest(p_bases) with ordinality as base (name, position);
  stages := array[format(
    E'value as (\n  select\n    value.instrument_id, value.ts, value.known_from%s%s\n  from feature.cross_section_values($1, $2, $3) as value%s\n)',
    names,
    (select string_agg(format(E',\n    in_%1$s.name as group_%1$s, in_%1$s.known_from as known_%1$s', used.kind), '' order by used.kind) from unnest(kinds) as used (kind)),
    (
      select string_agg(format(
        E'\n  left join market.instrument_group_spell as in_%1$s'
        '\n    on in_%1$s.kind = %1$L and in_%1$s.instrument_id = value.instrument_id'
        '\n    and value.session_date >= in_%1$s.from_date and value.session_date < coalesce(in_%1$s.to_date, ''infinity'')', used.kind
      ), '' order by used.kind)
      from unnest(kinds) as used (kind)
    )
  )];
  windows := format(E'\n  window\n    section as (partition by ts %s)', whole)
    || coalesce((select string_agg(format(E',\n    section_%1$s as (partition by ts, group_%1$s %2$s)', used.kind, whole), '' order by used.kind) from unnest(kinds) as used (kind)), '');

  for level in 1 .. p_levels loop
    names := feature.compile_list(arguments, level - 1, listed);
    if names <> '' then
      stages := stages || format(E'row_%s as (\n  select\n    %s.*%s\n  from %2$s\n)', level, stage, names);
      stage := 'row_' || level;
    end if;
    stages := stages || format(
      E'section_%1$s as (\n  select\n    %2$s.*%3$s\n  from %2$s%4$s\n)', level, stage, feature.compile_list(sections, level, listed), windows
    );
    stage := 'section_' || level;
  end loop;

  -- Known when the last of those that are compared is, and the memberships.
  select string_agg(part.sql, ', ' order by part.kind, part.sql)
  into known
  from (
    select used.kind, format('max(known_from) over section%s', case used.kind when '' then '' else '_' || used.kind end) as sql
    from jsonb_object_keys(p_plan -> 'groups') as used (kind)
    union all
    select used.kind, format('max(known_%s) over section', used.kind)
    from unnest(kinds) as used (kind)
  ) as part;
  return format(
    E'with %s\nselect instrument_id, ts, greatest(known_from, %s) as known_from, array[\n    %s\n  ]::double precision[] as values\nfrom %s%s',
    array_to_string(stages, ', '), known, array_to_string(p_outputs, E'\n    '), stage, regexp_replace(windows, '\n  ', E'\n', 'g')
  );
end
$$;

comment on function feature.compile_cross_query(jsonb, text[], text[], integer) is
'The query of a set that compares instruments: the vectors of the companion with the groups of the instruments; windows over the cross-sections, in stages where comparisons depend on others; at last the features.
Its parameters: $1 bigint version of the companion, $2 and $3 timestamptz[] the first and last bar of each span. It gives instrument_id, ts, known_from and values.
p_plan: from feature.plan_cross. p_bases: features of the companion, in order. p_outputs: SQL of the features. p_levels: how often comparisons depend on comparisons.';

revoke all on function feature.compile_cross_query(jsonb, text[], text[], integer) from public;
