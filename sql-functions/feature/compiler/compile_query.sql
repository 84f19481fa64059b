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
  -- What only the features need runs at the last level, where windows over one frame share the reading of its rows.
  windows constant jsonb := feature.delay_windows(p_plan, p_levels);
  outputs constant text := array_to_string(p_outputs, E'\n    ');
  listed constant text := E',\n    %1$s as %2$s';
  -- The columns that the rows of the last stage have, besides span, instrument_id, ts and known_from.
  columns text[] := array(
    select part.name
    from unnest('{open,high,low,close,volume,bar_number}'::text[]) with ordinality as part (name, position)
    where p_plan -> 'columns' ? part.name or windows::text ~ format('\m%s\M', part.name)
    order by part.position
  );
  source record;
  stages text[];
  stage text := 'bar';
  later text;
  names text;
  plan jsonb := p_plan;
  framed record;
  shared record;
  sql text;
  -- Kernel calls that are not asked for together with others, the SQL of those that are, and where each result stands in theirs.
  apart jsonb;
  together text;
  unnested jsonb;
begin
  stages := array[format(
    E'bar as (\n  select %s\n  from feature.known_bars($1, %L, %s, $2, $3)\n)',
    array_to_string('{span,instrument_id,ts,known_from}' || columns, ', '), p_bar_interval, coalesce(p_lookback::text, 'null')
  )];

  -- What other functions know about a bar joins it.
  for source in
    select
      entry.value ->> 'function' as function,
      split_part(entry.value ->> 'function', '.', 2) as name,
      array_agg(entry.key order by entry.key) as columns,
      case when bool_and(entry.value -> 'concepts' <> 'null') then
        array(select distinct jsonb_array_elements_text(each.value -> 'concepts') from jsonb_each(p_plan -> 'columns') as each where each.value -> 'concepts' <> 'null' order by 1)
      end as concepts
    from jsonb_each(p_plan -> 'columns') as entry
    where entry.value ->> 'function' is not null
    group by entry.value ->> 'function'
    order by 1
  loop
    if stage = 'bar' then
      stages[1] := replace(stages[1], 'bar as (', 'bar as materialized (');
      stages := stages || E'reach as (
  select array_agg(instrument_id) as ids, array_agg(first_ts) as first_ts, array_agg(last_ts) as last_ts
  from (select instrument_id, min(ts) as first_ts, max(ts) as last_ts from bar group by instrument_id) as read
)'::text;
    end if;
    stages := stages || format(
      E'%1$s as (\n  select told.instrument_id, told.ts, %2$s\n  from reach\n  cross join lateral %3$s(ids, %4$L, first_ts, last_ts%5$s) as told\n)',
      source.name, (select string_agg('told.' || name, ', ') from unnest(source.columns) as name), source.function, p_bar_interval,
      case when source.name = 'fundamental_columns' then format(', %L', source.concepts) else '' end
    );
    stages := stages || format(
      E'bar_with_%1$s as (\n  select %2$s.*, %3$s\n  from %2$s\n  left join %1$s on %1$s.instrument_id = %2$s.instrument_id and %1$s.ts = %2$s.ts\n)',
      source.name, stage, (select string_agg(format('%s.%s', source.name, name), ', ') from unnest(source.columns) as name)
    );
    columns := columns || source.columns;
    stage := 'bar_with_' || source.name;
  end loop;

  for level in 1 .. p_levels loop
    names := feature.compile_list(arguments, level - 1, listed);
    if names <> '' then
      -- Without offset 0 each window would compute the arguments again, for each row of each frame. They stand first, because a row of a frame is
      -- taken apart up to the last column that is needed.
      columns := feature.plan_aliases(arguments, level - 1) || columns;
      select string_agg(
        format(E',\n    %s', coalesce(
          (select entry.key || ' as ' || name from jsonb_each(arguments) as entry where entry.value ->> 'alias' = name and (entry.value ->> 'level')::integer = level - 1),
          name
        )), ''
      )
      into names
      from unnest(columns) as name;
      stages := stages || format(
        E'row_%s as (\n  select\n    span, instrument_id, ts, known_from%s\n  from %s\n  order by span, ts\n  offset 0\n)', level, names, stage
      );
      stage := 'row_' || level;
    end if;

    if feature.compile_list(kernels, level, '%1$s') <> '' then
      select string_agg(entry.key, E'\n')
      into later
      from (values ('arguments', arguments), ('kernels', kernels), ('windows', windows)) as list (kind, entries)
      cross join lateral jsonb_each(list.entries) as entry
      where (entry.value ->> 'level')::integer > level or (entry.value ->> 'level')::integer = level and list.kind <> 'kernels';
      later := concat_ws(E'\n', later, outputs);

      columns := array(select name from unnest(columns) as name where feature.compile_list(kernels, level, '%1$s ') || later ~ format('\m%s\M', name));
      select string_agg(format(E',\n    array_agg(%1$s order by ts) as %1$s', name), '') into names from unnest(columns) as name;
      stages := stages || format(
        E'series_%s as (\n  select\n    span, instrument_id, array_agg(ts order by ts) as ts, array_agg(known_from order by ts) as known_from%s\n  from %s\n  group by span, instrument_id\n)',
        level, names, stage
      );
      apart := kernels;
      unnested := '{}';
      together := '';
      for shared in
        select
          part.series,
          array_agg(part.kernel) as kernels,
          array_agg(part.name order by part.place) as names,
          string_agg(part.period::text, ', ' order by part.place) as periods,
          string_agg(coalesce(part.quantile::text, 'null'), ', ' order by part.place) as quantiles
        from feature.shared_orders(kernels, level) as part
        group by part.series
        order by part.series
      loop
        sql := format('ta.window_order(''rolling'', %s, array[%s], array[%s]::double precision[])', shared.series, shared.periods, shared.quantiles);
        plan := feature.plan_alias(plan, 'orders', sql, level, 'order of ' || shared.series);
        apart := apart - shared.kernels;
        together := together || format(listed, sql, plan ->> 'alias');
        select unnested || jsonb_object_agg(
          part.name, format('%s[%s * cardinality(ts) + 1 : %s * cardinality(ts)]', plan ->> 'alias', part.place - 1, part.place)
        )
        into unnested
        from unnest(shared.names) with ordinality as part (name, place);
      end loop;
      stages := stages || format(
        E'kernel_%1$s as materialized (\n  select\n    series_%1$s.*%2$s%3$s\n  from series_%1$s\n)', level, feature.compile_list(apart, level, listed), together
      );
      columns := array(select name from unnest(columns) as name where later ~ format('\m%s\M', name)) || feature.plan_aliases(kernels, level);
      columns := array(
        select name from unnest(columns) with ordinality as listed_column (name, position) order by windows::text !~ format('\m%s\M', name), position
      );
      select string_agg(format(E',\n    unnest(%s) as %s', coalesce(unnested ->> name, name), name), '') into names from unnest(columns) as name;
      stages := stages || format(
        E'value_%1$s as (\n  select\n    span, instrument_id, unnest(ts) as ts, unnest(known_from) as known_from%2$s\n  from kernel_%1$s\n)', level, names
      );
      stage := 'value_' || level;
    end if;

    if feature.plan_aliases(windows, level) <> '{}' then
      select * into framed from feature.compile_frames(windows, level, stage, plan);
      plan := framed.plan;
      stages := stages || framed.stages;
      columns := columns || feature.plan_aliases(windows, level);
      stage := framed.stage;
    end if;
  end loop;

  return format(
    E'with %s\nselect span, instrument_id, ts, known_from, array[\n    %s\n  ]::double precision[] as values\nfrom %s',
    array_to_string(stages, ', '), outputs, stage
  );
end
$$;

comment on function feature.compile_query(jsonb, text[], integer, integer, text) is
'The query of a set in stages: rows with the arguments of kernels; kernels that work on arrays; kernels that work on windows of rows; at last the features.
Its parameters: $1 bigint[] instruments, $2 and $3 timestamptz[] the first and last bar to read of each (null: no limit). It gives span, the place in $1, and instrument_id, ts, known_from and values.
p_plan: from feature.plan_expression. p_outputs: SQL of the features over rows. p_levels: how often kernels depend on kernels, 0 for none.
p_lookback: in bars, null for unbounded. p_bar_interval: length of the bars.';

revoke all on function feature.compile_query(jsonb, text[], integer, integer, text) from public;
