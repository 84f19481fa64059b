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
  arguments constant jsonb := p_plan -> 'arguments';
  kernels constant jsonb := p_plan -> 'kernels';
  columns constant text[] := array(
    select part.name
    from unnest('{open,high,low,close,volume}'::text[]) with ordinality as part (name, position)
    where p_plan -> 'columns' ? part.name
    order by part.position
  );
  column_names constant text := coalesce((select string_agg(', ' || name, '') from unnest(columns) as name), '');
  column_arrays constant text := coalesce((select string_agg(format(E',\n    array_agg(%1$s order by ts) as %1$s', name), '') from unnest(columns) as name), '');
  -- Columns that only kernels need do not become rows again.
  row_expressions constant text := array_to_string(p_outputs, E'\n') || coalesce((select string_agg(used, E'\n') from jsonb_object_keys(arguments) as used), '');
  column_rows constant text := coalesce(
    (select string_agg(format(', unnest(%1$s) as %1$s', name), '') from unnest(columns) as name where row_expressions ~ format('\m%s\M', name)), ''
  );
  computed constant text := E',\n    %1$s as %2$s';
  kernel_rows text := '';
  stages text[];
begin
  stages := array[format(
    E'bar as (\n  select ts, known_from%s%s\n  from feature.known_bars($1, %L, $2, $3)\n)',
    column_names, feature.compile_list(arguments, 0, computed), p_bar_interval
  )];

  for level in 1 .. p_levels loop
    if level = 1 then
      stages := stages || array[
        format(
          E'series as (\n  select\n    array_agg(ts order by ts) as ts,\n    array_agg(known_from order by ts) as known_from%s%s\n  from bar\n)',
          column_arrays, feature.compile_list(arguments, 0, E',\n    array_agg(%2$s order by ts) as %2$s')
        ),
        format(
          E'kernel_1 as materialized (\n  select\n    ts, feature.latest_known(known_from, %s) as known_from%s%s%s\n  from series\n)',
          coalesce(p_lookback::text, 'null'), column_names, feature.compile_list(arguments, 0, ', %2$s'), feature.compile_list(kernels, 1, computed)
        )
      ];
    elsif feature.compile_list(arguments, level - 1, '%2$s') = '' then
      stages := stages || format(
        E'kernel_%1$s as materialized (\n  select\n    kernel_%2$s.*%3$s\n  from kernel_%2$s\n)',
        level, level - 1, feature.compile_list(kernels, level, computed)
      );
    else
      -- Arithmetic between kernels is done on rows.
      stages := stages || array[
        format(E'row_%1$s as (\n  select\n    unnest(ts) as ts%2$s%3$s\n  from kernel_%1$s\n)', level - 1, column_rows, kernel_rows),
        format(
          E'series_%1$s as (\n  select\n    %2$s\n  from row_%1$s\n)',
          level - 1, ltrim(feature.compile_list(arguments, level - 1, E',\n    array_agg(%1$s order by ts) as %2$s'), E',\n ')
        ),
        format(
          E'kernel_%1$s as materialized (\n  select\n    kernel_%2$s.*, series_%2$s.*%3$s\n  from kernel_%2$s\n  cross join series_%2$s\n)',
          level, level - 1, feature.compile_list(kernels, level, computed)
        )
      ];
    end if;
    kernel_rows := kernel_rows || feature.compile_list(kernels, level, E',\n    unnest(%2$s) as %2$s');
  end loop;

  if p_levels > 0 then
    stages := stages || format(
      E'value_row as (\n  select\n    unnest(ts) as ts, unnest(known_from) as known_from%s%s\n  from kernel_%s\n)', column_rows, kernel_rows, p_levels
    );
  end if;

  return format(
    E'with %s\nselect ts, known_from, array[\n    %s\n  ]::double precision[] as values\nfrom %s',
    array_to_string(stages, ', '), array_to_string(p_outputs, E'\n    '), case when p_levels > 0 then 'value_row' else 'bar' end
  );
end
$$;

comment on function feature.compile_query(jsonb, text[], integer, integer, text) is
'The query of a set, with the parameters $1 instrument_id, $2 and $3 the first and last bar to read (null: no limit); it gives ts, known_from and values.
p_plan: from feature.plan_expression. p_outputs: SQL of the features over rows. p_levels: how often kernels depend on kernels, 0 for none.
p_lookback: in bars, null for unbounded. p_bar_interval: length of the bars.';

revoke all on function feature.compile_query(jsonb, text[], integer, integer, text) from public;
