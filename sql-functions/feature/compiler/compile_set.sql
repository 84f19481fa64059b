-- Makes one readable query out of the definitions of a set, or two where it compares instruments.
create or replace function feature.compile_set(p_definitions feature.definition[], p_bar_interval text) returns setof feature.compiled_set
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  plan jsonb := '{
    "columns": {}, "arguments": {}, "kernels": {}, "windows": {}, "used": {},
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
  -- Features that are still to be planned, and the trees of those that are, without names of features.
  waiting text[];
  later text[];
  resolved jsonb := '{}';
  tree jsonb;
  split record;
  bases jsonb := '{}';
  stage_trees jsonb := '{}';
  planned record;
  levels integer := 0;
  lookback double precision := 0;
  sql_of jsonb := '{}';
  cross_plan jsonb;
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
      if feature.is_bar_column(definition.name) then
        raise exception using errcode = 'MB001', message = 'It has the name of a column of a bar.', hint = 'Rename it, so that expressions can tell the two apart.';
      end if;
      tokens := feature.expression_tokens(definition.expression);
      select * into parsed from feature.parse_expression(tokens, 1, 0, names);
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
        raise exception using
          errcode = error_code,
          message = format('Feature %s%s: %s', definition.name, feature.token_place(definition.expression, error_token), sqlerrm),
          hint = error_hint;
    end;
    normal_forms := normal_forms || array_to_string(tokens, ' ');
    trees := trees || jsonb_build_object(definition.name, parsed.node);
    is_two_stage := is_two_stage or feature.is_cross(parsed.node);
  end loop;

  cross_plan := '{
    "arguments": {}, "sections": {}, "groups": {}, "aliases": {"instrument_id": true, "ts": true, "session_date": true, "known_from": true, "values": true}
  }';
  waiting := names;
  while waiting <> '{}' loop
    later := '{}';
    foreach definition in array p_definitions loop
      continue when definition.name <> all (waiting);
      if feature.named_features(trees -> definition.name) && waiting then
        later := later || definition.name;
        continue;
      end if;
      begin
        tree := feature.inline_features(trees -> definition.name, resolved);
        if not jsonb_path_exists(tree, 'strict $.** ? (@.type() == "object" && @.kind == "column")') then
          raise exception using errcode = 'MB001', message = 'The expression uses no column of a bar.', hint = 'Write something like ta.rsi(close, 14).';
        end if;
        if is_two_stage then
          select * into split from feature.split_stages(tree, definition.name, bases);
          bases := split.bases;
          stage_trees := stage_trees || jsonb_build_object(definition.name, split.node);
        else
          bases := bases || jsonb_build_object(definition.name, jsonb_build_object('name', definition.name, 'tree', tree));
        end if;
        -- Plan what is new.
        for split in
          select base.key, base.value -> 'tree' as tree from jsonb_each(bases) as base where not sql_of ? base.key order by (base.value ->> 'position')::integer
        loop
          select * into planned from feature.plan_expression(split.tree, plan);
          plan := planned.plan;
          levels := greatest(levels, planned.level);
          lookback := greatest(lookback, planned.lookback);
          sql_of := sql_of || jsonb_build_object(split.key, planned.sql);
        end loop;
        if is_two_stage then
          cross_plan := jsonb_set(cross_plan, '{aliases}', cross_plan -> 'aliases' || (select jsonb_object_agg(base.value ->> 'name', true) from jsonb_each(bases) as base));
        end if;
      exception
        when sqlstate 'MB001' or sqlstate 'MB003' then
          get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
          raise exception using
            errcode = error_code,
            message = format('Feature %s%s: %s', definition.name, feature.token_place(definition.expression, error_token), sqlerrm),
            hint = error_hint;
      end;
      waiting := array_remove(waiting, definition.name);
      resolved := resolved || jsonb_build_object(definition.name, tree);
    end loop;
    if later = waiting and later <> '{}' then
      later := feature.feature_cycle(trees, waiting);
      raise exception using
        errcode = 'MB001',
        message = format('Feature %s comes back to itself: %s.', later[1], array_to_string(later, ' → ')),
        hint = 'Let one of them be computed without the others.';
    end if;
  end loop;
  return;
end
$$;
