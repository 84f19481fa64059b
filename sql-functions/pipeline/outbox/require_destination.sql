-- A destination that is named has to be there.
create or replace function pipeline.require_destination(p_name text) returns pipeline.alert_destination
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_found pipeline.alert_destination;
begin
  select * into v_found from pipeline.alert_destination as destination where destination.name = p_name;
  if v_found.name is null then
    raise exception using
      errcode = 'MB002',
      message = format('there is no destination named "%s"', left(p_name, 80)),
      hint = 'Destinations: ' || (select coalesce(string_agg(destination.name, ', ' order by destination.name), 'none') from pipeline.alert_destination as destination) || '.';
  end if;
  return v_found;
end
$$;

comment on function pipeline.require_destination(text) is
E'@behavior -*\nThe destination p_name. MB002, with the names that there are, when there is none of that name.';

revoke all on function pipeline.require_destination(text) from public;
grant execute on function pipeline.require_destination(text) to marketbase_worker;
