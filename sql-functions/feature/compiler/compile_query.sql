-- Writes the query of a planned set.
create or replace function feature.compile_query(
  p_plan jsonb,
  p_outputs text[],
  p_levels integer,
  p_lookback integer,
  p_bar_interval text
) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  columns constant text[] := array(
    select part.name
    from unnest('{open,high,low,close,volume}'::text[]) with ordinality as part (name, nr)
    where p_plan -> 'columns' ? part.name
    order by part.nr
  );
  ctes text[];
  carried text;
  arguments jsonb;
  kernels text;
begin
  ctes := array[format(
    E'bar as (\n  select ts, known_from%s%s\n  from feature.known_bars($1, %L, $2, $3)\n)',
    (select string_agg(', ' || part.name, '' order by part.nr) from unnest(columns) with ordinality as part (name, nr)),
    feature.compile_list(p_plan -> 'arguments', 0, E',\n    %1$s as %2$s'),
    p_bar_interval
  )];

  if p_levels > 0 then
    carried := E'ts, known_from' || coalesce((select string_agg(', ' || part.name, '' order by part.nr) from unnest(columns) with ordinality as part (name, nr)), '');
    ctes := ctes || format(
      E'series as (\n  select\n    array_agg(ts order by ts) as ts,\n    array_agg(known_from order by ts) as known_from%s%s\n  from bar\n)',
      (select string_agg(format(E',\n    array_agg(%1$I order by ts) as %1$I', part.name), '' order by part.nr) from unnest(columns) with ordinality as part (name, nr)),
      feature.compile_list(p_plan -> 'arguments', 0, E',\n    array_agg(%2$s order by ts) as %2$s')
    );
  end if;

  for level in 1 .. p_levels loop
    kernels := feature.compile_list(p_plan -> 'kernels', level, E',\n    %1$s as %2$s');
    if level = 1 then
      ctes := ctes || format(
        E'kernel_1 as materialized (\n  select\n    ts, feature.latest_known(known_from, %s) as known_from%s%s%s\n  from series\n)',
        coalesce(p_lookback::text, 'null'),
        (select string_agg(', ' || part.name, '' order by part.nr) from unnest(columns) with ordinality as part (name, nr)),
        feature.compile_list(p_plan -> 'arguments', 0, ', %2$s'),
        kernels
      );
    elsif feature.compile_list(p_plan -> 'arguments', level - 1, '%2$s') = '' then
      ctes := ctes || format(E'kernel_%s as materialized (\n  select\n    kernel_%s.*%s\n  from kernel_%2$s\n)', level, level - 1, kernels);
    else
      ctes := ctes || format(
        E'row_%s as (\n  select\n    unnest(ts) as ts%s%s\n  from kernel_%1$s\n)',
        level - 1,
        (select string_agg(format(', unnest(%1$s) as %1$s', part.name), '' order by part.nr) from unnest(columns) with ordinality as part (name, nr)),
        (select string_agg(feature.compile_list(p_plan -> 'kernels', made, E',\n    unnest(%2$s) as %2$s'), '' order by made) from generate_series(1, level - 1) as made)
      );
      ctes := ctes || format(
        E'series_%s as (\n  select\n    %s\n  from row_%1$s\n)',
        level - 1,
        ltrim(feature.compile_list(p_plan -> 'arguments', level - 1, E',\n    array_agg(%1$s order by ts) as %2$s'), E',\n ')
      );
      ctes := ctes || format(
        E'kernel_%s as materialized (\n  select\n    kernel_%s.*, series_%2$s.*%s\n  from kernel_%2$s\n  cross join series_%2$s\n)',
        level, level - 1, kernels
      );
    end if;
  end loop;

  if p_levels > 0 then
    ctes := ctes || format(
      E'value_row as (\n  select\n    unnest(ts) as ts, unnest(known_from) as known_from%s%s\n  from kernel_%s\n)',
      (select string_agg(format(', unnest(%1$s) as %1$s', part.name), '' order by part.nr) from unnest(columns) with ordinality as part (name, nr)),
      (select string_agg(feature.compile_list(p_plan -> 'kernels', made, E',\n    unnest(%2$s) as %2$s'), '' order by made) from generate_series(1, p_levels) as made),
      p_levels
    );
  end if;

  return format(
    E'with %s\nselect ts, known_from, array[\n    %s\n  ]::double precision[] as values\nfrom %s',
    array_to_string(ctes, ', '),
    array_to_string(p_outputs, E'\n    '),
    case when p_levels > 0 then 'value_row' else 'bar' end
  );
end
$$;

comment on function feature.compile_query(jsonb, text[], integer, integer, text) is
'The query of a set, with the parameters $1 instrument_id, $2 and $3 the first and last bar to read (null: no limit); it gives ts, known_from and values.
p_plan: from feature.plan_expression. p_outputs: SQL of the features over rows. p_levels: how often kernels depend on kernels, 0 for none.
p_lookback: in bars, null for unbounded. p_bar_interval: length of the bars.';

revoke all on function feature.compile_query(jsonb, text[], integer, integer, text) from public;
