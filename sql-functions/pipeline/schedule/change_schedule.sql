-- A schedule stops, goes on or goes away.
create or replace function pipeline.change_schedule(p_name text, p_change text) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  case p_change
    when 'remove' then
      delete from pipeline.schedule where schedule.name = p_name;
    when 'pause' then
      update pipeline.schedule set is_paused = true where schedule.name = p_name;
    when 'resume' then
      update pipeline.schedule set is_paused = false where schedule.name = p_name;
    else
      raise exception using
        errcode = 'MB001',
        message = format('a schedule cannot be changed by "%s"', p_change),
        hint = 'Changes: remove, pause, resume.';
  end case;
  if not found then
    raise exception using
      errcode = 'MB002',
      message = format('there is no schedule named "%s"', p_name),
      hint = 'Schedules: ' || (select coalesce(string_agg(schedule.name, ', ' order by schedule.name), 'none') from pipeline.schedule) || '.';
  end if;
end
$$;

comment on function pipeline.change_schedule(text, text) is
'p_change: remove, pause or resume the schedule. What became due while it was paused is made up once when it goes on. MB002 when there is no such schedule, MB001 for another change.';

revoke all on function pipeline.change_schedule(text, text) from public;
grant execute on function pipeline.change_schedule(text, text) to marketbase_worker;
