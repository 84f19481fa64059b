-- Writes a tree as an expression again.
create or replace function feature.expression_text(p_node jsonb) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  kind constant text := p_node ->> 'kind';
  name constant text := p_node ->> 'name';
  argument jsonb;
  parts text[] := '{}';
  result text;
begin
  for argument in select * from jsonb_array_elements(p_node -> 'arguments') loop
    parts := parts || case
      when kind in ('operator', 'minus', 'not', 'is null', 'is not null')
        and (argument ->> 'kind' in ('operator', 'minus', 'not', 'is null', 'is not null') or argument ->> 'text' like '-%')
      then format('(%s)', feature.expression_text(argument))
      else feature.expression_text(argument)
    end;
  end loop;
  case kind
    when 'number' then result := p_node ->> 'text';
    when 'operator' then result := format('%s %s %s', parts[1], name, parts[2]);
    when 'minus' then result := '-' || parts[1];
    when 'not' then result := 'not ' || parts[1];
    when 'is null', 'is not null' then result := format('%s %s', parts[1], kind);
    when 'kernel' then result := format('ta.%s(%s)', name, array_to_string(parts, ', '));
    when 'function' then result := format('%s(%s)', name, array_to_string(parts, ', '));
    when 'case' then
      result := 'case';
      for i in 1 .. cardinality(parts) / 2 loop
        result := result || format(' when %s then %s', parts[2 * i - 1], parts[2 * i]);
      end loop;
      result := result || case when cardinality(parts) % 2 = 1 then ' else ' || parts[cardinality(parts)] else '' end || ' end';
    else result := name;
  end case;
  return result;
end
$$;

comment on function feature.expression_text(jsonb) is
'Text of the tree p_node, which holds no comparison of instruments: parsed again it gives the same tree. NULL for NULL.';

revoke all on function feature.expression_text(jsonb) from public;
