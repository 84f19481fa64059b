-- Something that is fetched again and again.
create or replace function pipeline.add_schedule(
  p_name text,
  p_provider text,
  p_dataset text,
  p_symbols text[] default null,
  p_universe text default null,
  p_cron text default null,
  p_after_close text default null,
  p_delay interval default '30 minutes',
  p_time_zone text default 'UTC',
  p_look_back_days integer default 7
) returns pipeline.schedule
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  added pipeline.schedule;
  advice text := case
    when coalesce(p_name !~ '^[a-z][a-z0-9_-]{0,62}$', true) then 'a name has up to 63 small letters, digits, - and _, a letter first'
    when num_nonnulls(p_symbols, p_universe) <> 1 or cardinality(p_symbols) = 0 then 'a schedule has either symbols or a universe'
    when num_nonnulls(p_cron, p_after_close) = 0 then 'a schedule has a cron line, an exchange after whose close it is due, or both'
    when coalesce(p_look_back_days not between 0 and 36500, true) then 'the days to look back are 0 to 36500'
    when coalesce(p_delay not between interval '0' and interval '1 day', true) then 'the delay after the close is a day at most'
    when not ingest.is_time_zone(p_time_zone) then format('there is no time zone named "%s"', p_time_zone)
    when p_after_close is not null and not exists (select from market.exchange where exchange.mic = p_after_close) then format('there is no exchange "%s"', p_after_close)
  end;
begin
  if advice is not null then
    raise exception using errcode = 'MB001', message = advice, hint = 'marketbase schedule add --help has examples.';
  end if;
  perform ingest.require_provider(p_provider);
  insert into pipeline.schedule (name, provider, dataset, symbols, universe, cron, after_close, delay, time_zone, look_back_days, next_at)
  values (
    p_name, p_provider, p_dataset, p_symbols, p_universe, p_cron, p_after_close, p_delay, p_time_zone, p_look_back_days,
    pipeline.next_due(p_cron, p_time_zone, p_after_close, p_delay, clock_timestamp())
  )
  on conflict (name) do nothing
  returning * into added;
  if added.name is null then
    raise exception using
      errcode = 'MB008',
      message = format('there is a schedule named "%s" already', p_name),
      hint = 'Remove it first, or take another name.';
  end if;
  return added;
end
$$;

comment on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) is
'Has a data set fetched again and again for symbols or for the members of a universe: at a cron line (pipeline.cron_next, in p_time_zone), p_delay after each close of an exchange, or at the cron line but never before the close. Each time the
p_look_back_days before are fetched along, of a universe for each member the days of its membership. Returns the schedule with the moment at which it is due. MB001 for arguments that make no sense, MB008 when the name is taken.';

revoke all on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) from public;
grant execute on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) to marketbase_worker;
