-- Reads a landed CSV of the sessions of exchanges.
create or replace function ingest.record_sessions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given_mic text;
  given_zone text;
  header text[];
  mic_at integer;
  date_at integer;
  open_at integer;
  close_at integer;
  break_start_at integer;
  break_end_at integer;
  missing text;
  bad record;
  gone bigint;
  outcome ingest.acceptance;
begin
  perform ingest.require_success(p_raw_response_id);
  select upper(substring(response.url from '[?&]mic=([A-Za-z0-9]{4})')), substring(response.url from '[?&]time_zone=([A-Za-z0-9_+/-]+)')
  into given_mic, given_zone
  from ingest.raw_response as response
  where response.raw_response_id = p_raw_response_id;
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  mic_at := coalesce(array_position(header, 'mic'), array_position(header, 'exchange'));
  -- A first column without a name is what pandas makes of an index of dates.
  date_at := coalesce(
    array_position(header, 'date'), array_position(header, 'session_date'), array_position(header, 'session'), nullif(array_position(header, ''), 2)
  );
  open_at := coalesce(array_position(header, 'open'), array_position(header, 'open_at'), array_position(header, 'market_open'));
  close_at := coalesce(array_position(header, 'close'), array_position(header, 'close_at'), array_position(header, 'market_close'));
  break_start_at := array_position(header, 'break_start');
  break_end_at := array_position(header, 'break_end');
  select string_agg(needed.name, ', ') into missing
  from (values ('mic', coalesce(mic_at::text, given_mic)), ('date', date_at::text), ('open', open_at::text), ('close', close_at::text)) as needed (name, place)
  where needed.place is null;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, coalesce(left(array_to_string(header, ', '), 500), 'none')),
      hint = 'Sessions need mic (or --mic), date, open and close, and may have break_start and break_end.';
  elsif given_zone is not null and not ingest.is_time_zone(given_zone) then
    raise exception using errcode = 'MB001', message = format('There is no time zone %s.', given_zone), hint = 'Use a name such as Asia/Tokyo.';
  end if;

  create temporary table if not exists session_line (
    line_no bigint, field_count integer, mic text, time_zone text, session_date text, opens text, closes text, break_starts text, break_ends text
  ) on commit drop;
  delete from pg_temp.session_line;
  insert into pg_temp.session_line
  select
    lines.line_no, cardinality(fields), line_mic.mic, coalesce(given_zone, exchange.time_zone),
    regexp_replace(btrim(fields[date_at]), '[T ]00:00(:00(\.0+)?)?(Z|[+-]00(:?00)?)?$', ''),
    btrim(fields[open_at]), btrim(fields[close_at]), nullif(btrim(fields[break_start_at]), ''), nullif(btrim(fields[break_end_at]), '')
  from ingest.body_lines(p_raw_response_id) as lines
  cross join lateral (select ingest.csv_fields(lines.line) as fields) as split
  cross join lateral (select upper(btrim(coalesce(fields[mic_at], given_mic))) as mic) as line_mic
  left join market.exchange on exchange.mic = line_mic.mic
  where lines.line_no > 1;

  -- A time is an instant with its zone, or a time of the clock of the exchange, of the session's date unless it has one itself.
  create temporary table if not exists session_read (
    line_no bigint, mic text, time_zone text, session_date date, open_at timestamptz, close_at timestamptz, break_start timestamptz, break_end timestamptz
  ) on commit drop;
  delete from pg_temp.session_read;
  select line.line_no, problem.text into bad
  from (
    select line.*, lag(line.line_no) over (partition by line.mic, line.session_date order by line.line_no) as twice
    from pg_temp.session_line as line
  ) as line
  cross join lateral (
    select string_agg(format('"%s" is not a time such as 09:30 or 2024-12-31T14:30:00Z', left(given.text, 40)), '' order by given.position)
      filter (where not given.is_readable) as unread,
      bool_or(given.text ~ '^\d\d:\d\d' or given.text !~ '(Z|[+-]\d\d(:?\d\d)?)$') as is_local
    from (
      select part.text, part.position,
        part.text ~ '^(\d{4}-\d\d-\d\d[T ])?\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?$'
          and not (part.text ~ '^\d\d:\d\d' and part.text ~ '[Z+-]') and pg_input_is_valid(part.text, case when part.text ~ '^\d\d:\d\d' then 'time' else 'timestamptz' end) as is_readable
      from (values (1, line.opens), (2, line.closes), (3, line.break_starts), (4, line.break_ends)) as part (position, text)
      where part.text is not null
    ) as given
  ) as times
  cross join lateral (
    select case
      when line.field_count <> cardinality(header) then format('it has %s fields where the header has %s', line.field_count, cardinality(header))
      when line.mic is null or line.mic !~ '^[A-Z0-9]{4}$' then format('"%s" is not a market identifier code of four characters', left(line.mic, 40))
      when line.session_date is null or not ingest.is_iso_date(line.session_date) then format('"%s" is not a date written as YYYY-MM-DD', left(line.session_date, 40))
      when line.twice is not null then format('the session of %s on %s is there twice, first in line %s', line.mic, line.session_date, line.twice)
      when times.unread is not null then times.unread
      when times.is_local and line.time_zone is null then format('the time zone of %s is not known, so its times need one, as in 2024-12-31T14:30:00Z, or --time-zone', line.mic)
      when (line.break_starts is null) <> (line.break_ends is null) then 'a break needs a beginning and an end'
    end as text
  ) as problem
  where problem.text is not null
  order by line.line_no
  limit 1;
  if not found then
    insert into pg_temp.session_read
    select line.line_no, line.mic, coalesce(line.time_zone, 'UTC'), line.session_date::date, at.opens, at.closes, at.break_starts, at.break_ends
    from pg_temp.session_line as line
    cross join lateral (
      select
        max(instant) filter (where position = 1) as opens, max(instant) filter (where position = 2) as closes,
        max(instant) filter (where position = 3) as break_starts, max(instant) filter (where position = 4) as break_ends
      from (
        select part.position, case
          when part.text ~ '^\d\d:\d\d' then (line.session_date::date + part.text::time) at time zone line.time_zone
          when part.text ~ '(Z|[+-]\d\d(:?\d\d)?)$' and part.text !~ '^\d{4}-\d\d-\d\d$' then part.text::timestamptz
          else part.text::timestamp at time zone line.time_zone
        end as instant
        from (values (1, line.opens), (2, line.closes), (3, line.break_starts), (4, line.break_ends)) as part (position, text)
      ) as read
    ) as at;
    select read.line_no, problem.text into bad
    from pg_temp.session_read as read
    cross join lateral (
      select case
        when read.close_at <= read.open_at then 'it closes before it opens'
        when read.close_at > read.open_at + interval '25 hours' then 'it is longer than a day'
        when abs((read.close_at at time zone read.time_zone)::date - read.session_date) > 1 then format('it closes on %s', (read.close_at at time zone read.time_zone)::date)
        when read.break_start <= read.open_at or read.break_end <= read.break_start or read.break_end >= read.close_at then 'its break does not lie within it'
      end as text
    ) as problem
    where problem.text is not null
    order by read.line_no
    limit 1;
  end if;
  if bad.line_no is not null then
    raise exception using
      errcode = 'MB004', message = format('line %s: %s', bad.line_no, bad.text), hint = 'Nothing of the file was taken in. Correct the line and import it again.';
  elsif not exists (select from pg_temp.session_read) then
    raise exception using errcode = 'MB004', message = 'the file has no sessions', hint = 'It needs a line of column names and then one line per session.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('market.trading_session', 0));
  insert into market.exchange (mic, name, time_zone, country, calendar)
  select distinct on (read.mic) read.mic, read.mic, read.time_zone, 'ZZ', 'sessions' from pg_temp.session_read as read order by read.mic
  on conflict (mic) do nothing;

  -- The file knows all sessions from its first to its last day; what it does not have was none.
  delete from market.trading_session as session
  using (select read.mic, min(read.session_date) as first_date, max(read.session_date) as last_date from pg_temp.session_read as read group by read.mic) as span
  where session.mic = span.mic and session.session_date between span.first_date and span.last_date
    and not exists (select from pg_temp.session_read as read where read.mic = session.mic and read.session_date = session.session_date);
  get diagnostics gone = row_count;
  with usual as (
    -- Half a day is one that ends earlier than the exchange usually did that year.
    select
      read.mic, extract(year from read.session_date) as year, mode() within group (order by (read.close_at at time zone read.time_zone)::time) as close_time
    from pg_temp.session_read as read
    group by read.mic, extract(year from read.session_date)
  ), made as (
    select read.*, (read.close_at at time zone read.time_zone)::time < usual.close_time as is_half_day
    from pg_temp.session_read as read
    join usual on usual.mic = read.mic and usual.year = extract(year from read.session_date)
  ), written as (
    insert into market.trading_session as session (mic, session_date, open_at, close_at, is_half_day, break_start, break_end, run_id)
    select made.mic, made.session_date, made.open_at, made.close_at, made.is_half_day, made.break_start, made.break_end, p_run_id
    from made
    on conflict (mic, session_date) do update
    set open_at = excluded.open_at, close_at = excluded.close_at, is_half_day = excluded.is_half_day, break_start = excluded.break_start,
      break_end = excluded.break_end, run_id = excluded.run_id
    where (session.open_at, session.close_at, session.is_half_day, session.break_start, session.break_end)
      is distinct from (excluded.open_at, excluded.close_at, excluded.is_half_day, excluded.break_start, excluded.break_end)
    returning old.mic is null as is_new
  )
  select count(*) filter (where written.is_new), count(*) filter (where not written.is_new) + gone
  into outcome.new_count, outcome.changed_count
  from written;
  update market.exchange
  set calendar = 'sessions'
  where exchange.calendar <> 'sessions' and exchange.mic in (select read.mic from pg_temp.session_read as read);
  outcome.unchanged_count := (select count(*) from pg_temp.session_read) + gone - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.record_sessions(bigint, bigint) is
'Takes a CSV of sessions into market.trading_session and gives how many are new, changed (or no longer sessions) and as before. Columns: mic (or mic= in the url), date, open and close, and break_start and break_end where there is a break; times with a zone, or on the clock of the exchange.
From the first to the last day of the file it is complete: days without a line are closed. The exchange has the calendar sessions from then on; one that is not known yet is added, in the time zone time_zone= of the url or UTC.
A session that closes earlier than most of the year is a half day. MB005 for a missing column, MB004 with the number of the first bad line.';

revoke all on function ingest.record_sessions(bigint, bigint) from public;
grant execute on function ingest.record_sessions(bigint, bigint) to marketbase_worker;
