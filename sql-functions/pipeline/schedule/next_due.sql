-- When a schedule is due next: at its cron line, after the close of its exchange, or both.
create or replace function pipeline.next_due(p_cron text, p_time_zone text, p_after_close text, p_delay interval, p_after timestamptz) returns timestamptz
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  due timestamptz;
begin
  if p_cron is null then
    return pipeline.close_after(p_after_close, p_after - p_delay) + p_delay;
  end if;
  due := pipeline.cron_next(p_cron, p_after, p_time_zone);
  if p_after_close is null then
    return due;
  end if;
  -- A moment within a session, or before its delay is over, waits for the end of both.
  return greatest(due, (
    select max(session.close_at) + p_delay
    from market.trading_session session
    where session.mic = p_after_close and session.open_at <= due and session.close_at + p_delay > due
  ));
end
$$;

comment on function pipeline.next_due(text, text, text, interval, timestamptz) is
'The first moment after p_after at which a schedule is due. With p_cron it is that of pipeline.cron_next in p_time_zone; where p_after_close names an exchange that is in session then, or closed less than p_delay ago, it moves behind that.
Without p_cron it is p_delay after the next close. NULL when neither is given or the exchange is unknown. MB001 for what is no cron line.';

revoke all on function pipeline.next_due(text, text, text, interval, timestamptz) from public;
grant execute on function pipeline.next_due(text, text, text, interval, timestamptz) to marketbase_reader;
