-- Adds a kind of group.
create or replace function market.define_group_kind(p_kind text, p_description text) returns market.group_kind
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  result market.group_kind;
begin
  if p_kind is null or p_kind !~ '^[a-z][a-z0-9_]{0,40}$' then
    raise exception using
      errcode = 'MB001',
      message = format('%L is not a name for a kind of group.', left(p_kind, 80)),
      hint = 'Use lower-case letters, digits and underscores, a letter first, at most 41.';
  elsif coalesce(trim(p_description), '') = '' then
    raise exception using errcode = 'MB001', message = format('Kind %s has no description.', p_kind), hint = 'Say what its groups are.';
  end if;
  insert into market.group_kind (kind, description)
  values (p_kind, p_description)
  on conflict (kind) do update set description = excluded.description;
  select * into result from market.group_kind where kind = p_kind;
  return result;
end
$$;

comment on function market.define_group_kind(text, text) is
'Adds the kind of group p_kind, such as sp500 for being a member of an index, or changes its description. Gives it. Errors: MB001 for a bad name or no description.';

revoke all on function market.define_group_kind(text, text) from public;
grant execute on function market.define_group_kind(text, text) to marketbase_worker;
