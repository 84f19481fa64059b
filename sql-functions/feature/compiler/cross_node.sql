-- Makes the tree of a comparison of instruments.
create or replace function feature.cross_node(p_name text, p_operands jsonb, p_group text) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Each function with what its number is called, its least value and the value below which it stays; empty for none.
  functions constant jsonb := '{
    "rank": [], "zscore": [], "demean": [], "scale": [], "winsorize": ["share", 0, 0.5], "quantile": ["count", 2, 1001]
  }';
  parameter constant jsonb := functions -> p_name;
  number constant jsonb := p_operands -> 1;
begin
  if parameter is null then
    raise exception using
      errcode = 'MB003',
      message = format('There is no function cs.%s.', p_name),
      hint = format('There are: %s.', (select string_agg('cs.' || known.name, ', ' order by known.name) from jsonb_object_keys(functions) as known (name)));
  elsif jsonb_array_length(p_operands) <> (case when parameter = '[]' then 1 else 2 end) then
    raise exception using
      errcode = 'MB001',
      message = format('cs.%s was given %s arguments%s.', p_name, jsonb_array_length(p_operands), case when p_group is null then '' else ' besides the group' end),
      hint = format('It takes an expression%s and, if you like, the name of a kind of group: cs.%s(close%s, sector).',
        coalesce(', ' || (parameter ->> 0), ''), p_name, case p_name when 'winsorize' then ', 0.01' when 'quantile' then ', 5' else '' end);
  elsif p_operands -> 0 ->> 'kind' = 'number' then
    raise exception using errcode = 'MB001', message = format('cs.%s compares a number that is the same everywhere.', p_name), hint = 'Write an expression over bars.';
  elsif parameter <> '[]' then
    if number ->> 'kind' <> 'number'
      or (number ->> 'text')::double precision < (parameter ->> 1)::double precision
      or (number ->> 'text')::double precision >= (parameter ->> 2)::double precision
      or (p_name = 'quantile' and number ->> 'text' !~ '^\d+$')
    then
      raise exception using
        errcode = 'MB001',
        message = format('The %s of cs.%s must be %s.', parameter ->> 0, p_name,
          case p_name when 'winsorize' then 'a number from 0 to less than 0.5' else 'a whole number from 2 to 1000' end),
        hint = case p_name when 'winsorize' then 'cs.winsorize(close, 0.01) draws in the outermost hundredth on each side.' else 'cs.quantile(close, 5) makes fifths.' end;
    end if;
  end if;
  return jsonb_build_object(
    'kind', 'cross', 'name', p_name, 'arguments', jsonb_build_array(p_operands -> 0), 'number', number ->> 'text', 'group', p_group
  );
end
$$;

comment on function feature.cross_node(text, jsonb, text) is
'Tree of the call cs.<p_name> with the trees p_operands as arguments, among the instruments of the same group of kind p_group (NULL: among all).
Errors: MB003 for an unknown function, MB001 for a wrong number of arguments or a bad one.';

revoke all on function feature.cross_node(text, jsonb, text) from public;
