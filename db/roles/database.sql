-- One database of marketbase: its owner, who may connect, the extensions. After roles.sql, by the same user. Safe to repeat.

do $$
begin
  execute format('alter database %I owner to marketbase_owner', current_database());
  execute format('revoke all on database %I from public', current_database());
  execute format('revoke create on database %I from marketbase_worker', current_database());
  execute format(
    'grant connect on database %I to marketbase_migrator, marketbase_worker, marketbase_authenticator, marketbase_reader',
    current_database()
  );
  execute format('grant temporary on database %I to marketbase_worker, marketbase_analyst', current_database());
end;
$$;

revoke all on schema public from public;

create schema if not exists extensions;
comment on schema extensions is 'Extensions, apart from everything of ours.';
grant usage on schema extensions to public;

create extension if not exists btree_gist with schema extensions;
create extension if not exists intarray with schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists unaccent with schema extensions;

-- A new function is nobody's until it is granted.
alter default privileges for role marketbase_owner revoke execute on functions from public;
