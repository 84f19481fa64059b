-- The role for which a statement runs, whoever owns the function that asks.
create or replace function quality.acting_role()
returns text
language sql
stable
parallel safe
return coalesce(nullif(current_setting('role'), 'none'), session_user::text);

comment on function quality.acting_role() is
E'@behavior -*\nThe role that was set, or else the one that logged in: within a function with the rights of its owner too, where current_user is the owner.';

revoke all on function quality.acting_role() from public;
grant execute on function quality.acting_role() to marketbase_worker, marketbase_author;
