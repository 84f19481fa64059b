-- Makes one readable query out of the definitions of a set.
create or replace function feature.compile_set(p_definitions feature.definition[], p_bar_interval text) returns feature.compiled_set
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
  tokens text[];
  parsed record;
  planned record;
  result feature.compiled_set;
  normal_forms text[] := '{}';
  outputs text[] := '{}';
  -- Names without underscores, as the API has them: those of the other columns of the view and of its relations.
  taken text[] := '{symbol,instrumentid,ts,sessiondate,barinterval,instrument,pricedata,id,nodeid,rowid,query}';
  levels integer := 0;
  lookback double precision := 0;
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
    begin
      tokens := feature.expression_tokens(definition.expression);
      select * into parsed from feature.parse_expression(tokens, 1, 0);
      if parsed.next_position <= cardinality(tokens) then
        raise exception using
          errcode = 'MB001',
          message = format('The expression does not go on with %s.', tokens[parsed.next_position]),
          detail = parsed.next_position::text,
          hint = 'Write an operator before it, or remove it.';
      end if;
      perform feature.expect_number(parsed.node, 'a feature');
      if parsed.node::text !~ '"kind": "column"' then
        raise exception using errcode = 'MB001', message = 'The expression uses no column of a bar.', hint = 'Write something like ta.rsi(close, 14).';
      end if;
      select * into planned from feature.plan_expression(parsed.node, plan);
    exception
      when sqlstate 'MB001' or sqlstate 'MB003' then
        get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
        raise exception using
          errcode = error_code,
          message = format('Feature %s%s: %s', definition.name, feature.token_place(definition.expression, error_token), sqlerrm),
          hint = error_hint;
    end;
    taken := taken || replace(definition.name, '_', '');
    plan := planned.plan;
    levels := greatest(levels, planned.level);
    lookback := greatest(lookback, planned.lookback);
    result.feature_names := result.feature_names || definition.name;
    normal_forms := normal_forms || array_to_string(tokens, ' ');
    outputs := outputs || format('%s%s -- %s', planned.sql, case when cardinality(outputs) + 1 < cardinality(p_definitions) then ',' else '' end, definition.name);
  end loop;

  result.lookback := nullif(lookback, 'infinity')::integer;
  result.sources := array(select distinct source from feature.bar_column where plan -> 'columns' ? column_name order by source);
  result.kernels := feature.kernel_versions(
    array(select jsonb_object_keys(plan -> 'used'))
    || array(select distinct source_function from feature.bar_column where plan -> 'columns' ? column_name and source_function is not null)
  );
  if 'fundamental' = any (result.sources) then
    result.kernels := result.kernels || jsonb_build_object(
      'market.concept_tag',
      (select left(encode(sha256(convert_to(string_agg(tag::text, E'\n' order by tag::text), 'UTF8')), 'hex'), 12) from market.concept_tag as tag)
    );
  end if;
  result.compiled_sql := feature.compile_query(plan, outputs, levels, result.lookback, p_bar_interval);
  result.version := left(encode(sha256(convert_to(
    jsonb_build_object(
      'bar_interval', p_bar_interval, 'names', result.feature_names, 'expressions', normal_forms, 'kernels', result.kernels, 'query', result.compiled_sql
    )::text, 'UTF8'
  )), 'hex'), 12);
  return result;
end
$$;

comment on function feature.compile_set(feature.definition[], text) is
'Checks the definitions of a set and makes of them one query in stages: rows with the arguments of kernels, arrays with each distinct kernel call once, rows again with the arithmetic around them.
p_definitions: 1 to 500 features. p_bar_interval: length of the bars, such as 1d. Nothing is stored.
An expression is read into a tree of numbers, columns of a bar, ta kernels and a few functions, and the query is written from that tree, so it can compute and nothing else.
Errors, each with the name of the feature and the place in its expression: MB001 for a syntax error, a result that is no number or a bad argument of a kernel, MB003 for an unknown column, function or kernel.';

revoke all on function feature.compile_set(feature.definition[], text) from public;
