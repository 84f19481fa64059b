-- Every worker asks now and then what is due; what was missed is made up once.
create or replace function pipeline.start_due() returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  due pipeline.schedule;
  today date;
  backfill_id bigint;
  trouble text;
  started integer := 0;
begin
  for due in
    select * from pipeline.schedule where not schedule.is_paused and schedule.next_at <= clock_timestamp() order by schedule.name for update skip locked
  loop
    backfill_id := null;
    trouble := null;
    today := (clock_timestamp() at time zone due.time_zone)::date;
    begin
      backfill_id := pipeline.start_backfill(due.provider, due.dataset, due.symbols, today - due.look_back_days, today, null, 'all', p_universe => due.universe);
      started := started + 1;
    exception
      -- one schedule that cannot be started does not stop the others
      when others then
        trouble := sqlerrm;
    end;
    update pipeline.schedule
    set
      next_at = pipeline.next_due(due.cron, due.time_zone, due.after_close, due.delay, clock_timestamp()),
      last_at = clock_timestamp(), last_run_id = coalesce(backfill_id, schedule.last_run_id), last_message = trouble
    where schedule.name = due.name;
  end loop;
  return started;
end
$$;

comment on function pipeline.start_due() is
'Starts a backfill for each schedule that is due and not paused, over the days that it looks back (of a universe: for each member those of its membership), and sets when it is due next: after now, so that what was missed is made up once. A schedule that cannot be started says why in last_message and comes again at its next turn.
Returns how many were started. Called by every worker with its heartbeat; two at once start nothing twice.';

revoke all on function pipeline.start_due() from public;
grant execute on function pipeline.start_due() to marketbase_worker;
