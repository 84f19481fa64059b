-- A destination stops, goes on or goes away.
create or replace function pipeline.change_destination(p_name text, p_change text) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pipeline.require_destination(p_name);
  case p_change
    when 'remove' then
      delete from pipeline.alert_destination as destination where destination.name = p_name;
    when 'pause' then
      update pipeline.alert_destination as destination set is_active = false where destination.name = p_name;
    when 'resume' then
      update pipeline.alert_destination as destination set is_active = true where destination.name = p_name;
    else
      raise exception using
        errcode = 'MB001',
        message = format('a destination cannot be changed by "%s"', left(p_change, 80)),
        hint = 'Changes: remove, pause, resume.';
  end case;
end
$$;

comment on function pipeline.change_destination(text, text) is
'p_change: remove, pause or resume the destination. While it is paused it gets no new events, and what waits is sent when it goes on; what waits for a destination that is removed is not sent. MB002 when there is none of that name, MB001 for another change.';

revoke all on function pipeline.change_destination(text, text) from public;
grant execute on function pipeline.change_destination(text, text) to marketbase_worker;
