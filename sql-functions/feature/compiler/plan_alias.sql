-- Enters a piece of SQL into a plan under a readable name, once.
create or replace function feature.plan_alias(p_plan jsonb, p_list text, p_sql text, p_level integer, p_words text default null) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  known constant jsonb := p_plan -> p_list -> p_sql;
  -- The guard of a logarithm does not belong in a name.
  unguarded constant text := regexp_replace(coalesce(p_words, p_sql), 'nullif\(greatest\((.*?), 0\), 0\)', '\1', 'g');
  words constant text := trim(both '_' from regexp_replace(regexp_replace(unguarded, '\mta\.', '', 'g'), '\W+', '_', 'g'));
  stem constant text := rtrim(left(case when words ~ '^[a-z]' then words else 'x_' || words end, 50), '_');
  alias text := stem;
  copies integer := 1;
begin
  if known is not null then
    return p_plan || jsonb_build_object('alias', known -> 'alias');
  end if;
  while p_plan -> 'aliases' ? alias loop
    copies := copies + 1;
    alias := format('%s_%s', stem, copies);
  end loop;
  return jsonb_set(
    jsonb_set(p_plan, array['aliases', alias], 'true'),
    array[p_list, p_sql],
    jsonb_build_object('alias', alias, 'level', p_level, 'position', (select count(*) from jsonb_object_keys(p_plan -> p_list)))
  ) || jsonb_build_object('alias', alias);
end
$$;

comment on function feature.plan_alias(jsonb, text, text, integer, text) is
'The plan p_plan with p_sql in its list p_list (arguments, kernels or windows) at level p_level, and with its name as alias; the same SQL keeps its first name.
p_words: what the name is made of, p_sql for NULL.';

revoke all on function feature.plan_alias(jsonb, text, text, integer, text) from public;
