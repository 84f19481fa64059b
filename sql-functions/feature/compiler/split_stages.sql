-- Cuts an expression at the comparisons of instruments: what lies beneath them is computed from bars, in a stage before.
create or replace function feature.split_stages(p_node jsonb, p_name text, inout bases jsonb, out node jsonb)
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  expression text;
  words text;
  base_name text;
  copies integer := 1;
  split record;
begin
  node := p_node;
  if feature.is_cross(p_node) then
    if p_node ->> 'kind' = 'kernel' then
      raise exception using
        errcode = 'MB001',
        message = format('ta.%s runs along the bars of one instrument and cannot take what cs compares.', p_node ->> 'name'),
        detail = p_node ->> 'place',
        hint = 'Let cs compare what kernels give, such as cs.rank(ta.roc(close, 5)), not the other way round.';
    end if;
  elsif p_node ->> 'kind' <> 'number' and not feature.is_condition(p_node) then
    expression := feature.expression_text(p_node);
    if bases -> expression is null then
      words := trim(both '_' from regexp_replace(regexp_replace(coalesce(p_name, expression), '\mta\.', '', 'g'), '\W+', '_', 'g'));
      words := rtrim(left(case when p_node ->> 'kind' = 'column' and p_name is null then 'bar_' || words when words ~ '^[a-z]' then words else 'x_' || words end, 50), '_');
      base_name := words;
      while exists (
        select from jsonb_each(bases) as taken where replace(taken.value ->> 'name', '_', '') = replace(base_name, '_', '')
      ) loop
        copies := copies + 1;
        base_name := format('%s_%s', words, copies);
      end loop;
      bases := bases || jsonb_build_object(
        expression,
        jsonb_build_object('name', base_name, 'tree', p_node, 'position', (select count(*) + 1 from jsonb_object_keys(bases)))
      );
    end if;
    node := jsonb_build_object('kind', 'base', 'name', bases -> expression ->> 'name');
    return;
  end if;

  for i in 0 .. coalesce(jsonb_array_length(p_node -> 'arguments'), 0) - 1 loop
    select * into split from feature.split_stages(p_node -> 'arguments' -> i, null, bases);
    bases := split.bases;
    node := jsonb_set(node, array['arguments', i::text], split.node);
  end loop;
end
$$;

comment on function feature.split_stages(jsonb, text, jsonb) is
'The tree of the second stage: p_node with the name of a base in the place of each largest part that compares no instruments; and bases, an object of expressions with name, tree and position, with those parts added.
p_name: what a base is to be called where all of p_node is one (NULL: after its expression).
Errors: MB001 for a kernel over a comparison, with the position of its token as detail.';

revoke all on function feature.split_stages(jsonb, text, jsonb) from public;
