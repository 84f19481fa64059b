-- Makes one readable query out of the definitions of a set, or two where it compares instruments.
create or replace function feature.compile_set(p_definitions feature.definition[], p_bar_interval text) returns setof feature.compiled_set
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  plan jsonb := '{
    "columns": {}, "arguments": {}, "kernels": {}, "windows": {}, "frames": {}, "orders": {}, "used": {},
    "aliases": {
      "span": true, "instrument_id": true, "ts": true, "known_from": true, "values": true, "bars": true, "bar_number": true,
      "open": true, "high": true, "low": true, "close": true, "volume": true
    }
  }';
  definition feature.definition;
  names text[] := '{}';
  normal_forms text[] := '{}';
  -- Names without underscores, as the API has them: those of the other columns of the view and of its relations.
  taken text[] := '{symbol,instrumentid,ts,sessiondate,barinterval,instrument,pricedata,id,nodeid,rowid,query}';
  tokens text[];
  parsed record;
  trees jsonb := '{}';
  is_two_stage boolean := false;
  -- Features that are still to be planned; in the trees of the others there are no names of features.
  waiting text[];
  before text[];
  circle text[];
  tree jsonb;
  split record;
  -- What is computed from bars: expressions with name, tree and position; in a set of one stage the features themselves.
  bases jsonb := '{}';
  added jsonb;
  sql_of jsonb := '{}';
  planned record;
  levels integer := 0;
  lookback double precision := 0;
  stage_trees jsonb := '{}';
  cross_plan jsonb := '{"arguments": {}, "sections": {}, "groups": {}}';
  cross_sql jsonb := '{}';
  cross_levels integer := 0;
  in_order feature.definition[] := '{}';
  base_names text[];
  bars feature.compiled_set;
  result feature.compiled_set;
  error_code text;
  error_token text;
  error_hint text;
begin
  if coalesce(cardinality(p_definitions), 0) not between 1 and 500 then
    raise exception using
      errcode = 'MB001',
      message = format('A set has 1 to 500 features, not %s.', coalesce(cardinality(p_definitions), 0)),
      hint = 'Give an array of feature.definition: (name, expression, description).';
  end if;

  foreach definition in array p_definitions loop
    if definition.name is null or definition.name !~ '^[a-z][a-z0-9_]{0,62}$' then
      raise exception using
        errcode = 'MB001',
        message = format('%L is not a name for a feature.', left(definition.name, 80)),
        hint = 'Use lower-case letters, digits and underscores, a letter first, at most 63.';
    elsif replace(definition.name, '_', '') = any (taken) then
      raise exception using
        errcode = 'MB001',
        message = format('The name %s is used twice, or is the name of another column of the view.', definition.name),
        hint = 'Rename the feature; underscores make no difference in the API.';
    elsif coalesce(trim(definition.description), '') = '' then
      raise exception using
        errcode = 'MB001',
        message = format('Feature %s has no description.', definition.name),
        hint = 'Say in a sentence what it measures; it becomes the comment of its column.';
    end if;
    taken := taken || replace(definition.name, '_', '');
    names := names || definition.name;
  end loop;

  -- Read every expression, then plan each feature after those that it names.
  foreach definition in array p_definitions loop
    begin
      tokens := feature.expression_tokens(definition.expression);
      if tokens <> array[definition.name] and exists (select from feature.bar_column where column_name = definition.name) then
        raise exception using errcode = 'MB001', message = 'It has the name of a column of a bar and is something else.', hint = 'Rename it.';
      end if;
      select * into parsed from feature.parse_expression(tokens, 1, 0, array_remove(names, definition.name));
      if parsed.next_position <= cardinality(tokens) then
        raise exception using
          errcode = 'MB001',
          message = format('The expression does not go on with %s.', tokens[parsed.next_position]),
          detail = parsed.next_position::text,
          hint = 'Write an operator before it, or remove it.';
      end if;
      perform feature.expect_number(parsed.node, 'a feature');
    exception
      when sqlstate 'MB001' or sqlstate 'MB003' then
        get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
        perform feature.refuse_definition(definition, error_code, sqlerrm, error_token, error_hint);
    end;
    normal_forms := normal_forms || array_to_string(tokens, ' ');
    trees := trees || jsonb_build_object(definition.name, parsed.node);
    is_two_stage := is_two_stage or feature.is_cross(parsed.node);
  end loop;

  waiting := names;
  while waiting <> '{}' loop
    before := waiting;
    foreach definition in array p_definitions loop
      continue when definition.name <> all (waiting);
      continue when feature.named_features(trees -> definition.name) && waiting;
      begin
        tree := feature.inline_features(trees -> definition.name, trees);
        if not jsonb_path_exists(tree, 'strict $.** ? (@.type() == "object" && @.kind == "column")') then
          raise exception using errcode = 'MB001', message = 'The expression uses no column of a bar.', hint = 'Write something like ta.rsi(close, 14).';
        end if;
        if is_two_stage then
          select * into split from feature.split_stages(tree, definition.name, bases);
          stage_trees := stage_trees || jsonb_build_object(definition.name, split.node);
          added := split.bases - array(select jsonb_object_keys(bases));
          bases := split.bases;
        else
          added := jsonb_build_object(definition.name, jsonb_build_object('tree', tree));
        end if;
        for split in select base.key, base.value -> 'tree' as tree from jsonb_each(added) as base order by (base.value ->> 'position')::integer loop
          select * into planned from feature.plan_expression(split.tree, plan);
          plan := planned.plan;
          levels := greatest(levels, planned.level);
          lookback := greatest(lookback, planned.lookback);
          sql_of := sql_of || jsonb_build_object(split.key, planned.sql);
        end loop;
      exception
        when sqlstate 'MB001' or sqlstate 'MB003' then
          get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
          perform feature.refuse_definition(definition, error_code, sqlerrm, error_token, error_hint);
      end;
      waiting := array_remove(waiting, definition.name);
      in_order := in_order || definition;
      trees := trees || jsonb_build_object(definition.name, tree);
    end loop;
    if waiting = before then
      circle := feature.feature_cycle(trees, waiting);
      raise exception using
        errcode = 'MB001',
        message = format('Feature %s comes back to itself: %s.', circle[1], array_to_string(circle, ' → ')),
        hint = 'Let one of them be computed without the others.';
    end if;
  end loop;

  if not is_two_stage then
    bars := feature.compile_bars(
      plan, names, normal_forms, array(select sql_of ->> name from unnest(names) with ordinality as named (name, position) order by position),
      levels, lookback, p_bar_interval
    );
    bars.definitions := p_definitions;
    return next bars;
    return;
  end if;

  base_names := array(select base.value ->> 'name' from jsonb_each(bases) as base order by (base.value ->> 'position')::integer);
  cross_plan := cross_plan || jsonb_build_object(
    'aliases',
    '{"instrument_id": true, "ts": true, "session_date": true, "known_from": true, "values": true}'::jsonb || (select jsonb_object_agg(name, true) from unnest(base_names) as name)
  );
  foreach definition in array in_order loop
    begin
      select * into planned from feature.plan_expression(stage_trees -> definition.name, cross_plan);
    exception
      when sqlstate 'MB001' or sqlstate 'MB003' then
        get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
        perform feature.refuse_definition(definition, error_code, sqlerrm, error_token, error_hint);
    end;
    cross_plan := planned.plan;
    cross_levels := greatest(cross_levels, planned.level);
    cross_sql := cross_sql || jsonb_build_object(definition.name, planned.sql);
  end loop;

  bars := feature.compile_bars(
    plan, base_names,
    array(select base.key from jsonb_each(bases) as base order by (base.value ->> 'position')::integer),
    array(select sql_of ->> base.key from jsonb_each(bases) as base order by (base.value ->> 'position')::integer),
    levels, lookback, p_bar_interval
  );
  bars.definitions := array(
    select row(base.value ->> 'name', base.key, coalesce(same.description, 'What instruments are compared by.'))::feature.definition
    from jsonb_each(bases) as base
    left join unnest(p_definitions) as same on same.name = base.value ->> 'name'
    order by (base.value ->> 'position')::integer
  );
  return next bars;

  result := bars;
  result.definitions := p_definitions;
  result.feature_names := names;
  result.group_kinds := array(select used.kind from jsonb_object_keys(cross_plan -> 'groups') as used (kind) where used.kind <> '' order by used.kind);
  result.compiled_sql := feature.compile_cross_query(
    cross_plan, base_names,
    feature.listed_outputs(names, array(select cross_sql ->> name from unnest(names) with ordinality as named (name, position) order by position)), cross_levels
  );
  result.version := left(encode(sha256(convert_to(
    jsonb_build_object(
      'base', bars.version, 'names', names, 'expressions', normal_forms, 'query', result.compiled_sql,
      'functions', feature.kernel_versions(array['feature.cross_section_values', 'feature.sorted_quantile'])
    )::text, 'UTF8'
  )), 'hex'), 12);
  return next result;
end
$$;

comment on function feature.compile_set(feature.definition[], text) is
'Checks the definitions of a set and makes of them one query in stages: rows with the arguments of kernels, arrays with each distinct kernel call once, rows again with the arithmetic around them.
A set that compares instruments (cs.rank and the like) gives two rows: first its companion, which computes from bars what is compared, then the set itself over the vectors of the companion.
p_definitions: 1 to 500 features. p_bar_interval: length of the bars, such as 1d. Nothing is stored.
An expression is read into a tree of numbers, columns of a bar, ta kernels, other features of the set and a few functions, and the query is written from that tree, so it can compute and nothing else. The tree of another feature takes the place of its name.
Errors, each with the name of the feature and the place in its expression: MB001 for a syntax error, a result that is no number, a bad argument of a kernel or features that name each other in a circle, MB003 for an unknown column, function, kernel or kind of group.';

revoke all on function feature.compile_set(feature.definition[], text) from public;
