-- When a cron line is due next.
create or replace function pipeline.cron_next(p_cron text, p_after timestamptz, p_time_zone text default 'UTC') returns timestamptz
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  fields text[] := regexp_split_to_array(btrim(p_cron), '\s+');
  minutes integer[];
  hours integer[];
  days integer[];
  months integer[];
  weekdays integer[];
  local_after timestamp;
  due timestamptz;
begin
  if p_cron is null or p_after is null or p_time_zone is null then
    return null;
  end if;
  if cardinality(fields) <> 5 then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" is no cron line: it has %s fields', left(p_cron, 80), cardinality(fields)),
      hint = 'Five fields are wanted: minute, hour, day of month, month, day of week; 30 22 * * 1-5 is half past ten in the evening from Monday to Friday.';
  end if;
  minutes := pipeline.cron_field(fields[1], 0, 59);
  hours := pipeline.cron_field(fields[2], 0, 23);
  days := pipeline.cron_field(fields[3], 1, 31);
  months := pipeline.cron_field(fields[4], 1, 12, array['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']);
  -- Sunday is 0 and 7
  weekdays := array(
    select number % 7 from unnest(pipeline.cron_field(fields[5], 0, 7, array['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'])) as number
  );
  local_after := p_after at time zone p_time_zone;

  -- Where both kinds of day are restricted, either will do, as in cron itself. Leap days come within eight years.
  for due in
    select moment.due
    from generate_series(local_after::date::timestamp, local_after::date::timestamp + interval '9 years', interval '1 day') as day
    cross join unnest(hours) as hour
    cross join unnest(minutes) as minute
    cross join lateral (select (day + make_interval(hours => hour, mins => minute)) at time zone p_time_zone as due) as moment
    where extract(month from day)::integer = any (months)
      and case
        when fields[3] = '*' or fields[5] = '*' then
          extract(day from day)::integer = any (days) and extract(dow from day)::integer = any (weekdays)
        else extract(day from day)::integer = any (days) or extract(dow from day)::integer = any (weekdays)
      end
      and moment.due > p_after
    limit 1
  loop
    return due;
  end loop;
  raise exception using
    errcode = 'MB001',
    message = format('"%s" is never due', left(p_cron, 80)),
    hint = 'There is no such day in any year.';
end
$$;

comment on function pipeline.cron_next(text, timestamptz, text) is
'The first moment after p_after that a cron line of five fields (minute, hour, day of month, month, day of week) means in p_time_zone. A local time that the clocks skip counts as the one after it. NULL for NULL, MB001 for what is no cron line or is never due.';

revoke all on function pipeline.cron_next(text, timestamptz, text) from public;
grant execute on function pipeline.cron_next(text, timestamptz, text) to marketbase_reader;
