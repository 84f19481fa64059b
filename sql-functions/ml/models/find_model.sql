-- The model of a name.
create or replace function ml.find_model(p_model text) returns ml.model
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model ml.model;
begin
  select * into v_model from ml.model where name = p_model;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there is no model %s', coalesce(quote_literal(p_model), 'null')),
      hint = coalesce(
        'The models are: ' || (select string_agg(name, ', ' order by name) from ml.model) || '.',
        'Define one with ml.define_model.'
      );
  end if;
  return v_model;
end
$$;

comment on function ml.find_model(text) is
'The row of ml.model whose name is p_model. MB003 where there is none, with the known names in the hint.';

revoke all on function ml.find_model(text) from public;
grant execute on function ml.find_model(text) to marketbase_reader;
