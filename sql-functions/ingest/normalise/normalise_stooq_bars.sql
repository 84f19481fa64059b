-- CSV of Stooq: the download of its site, and the layouts of its bulk files.
create or replace function ingest.normalise_stooq_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  first_line text;
  header text[];
  missing text;
  asset_class text;
  given text;
  bar_interval text;
  stamps_are_ends boolean;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  perform ingest.require_success(p_raw_response_id);
  perform ingest.body_text(p_raw_response_id);
  first_line := btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff');
  select array_agg(lower(btrim(field, e' \t<>\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(first_line, ''))) with ordinality as fields (field, position);
  if header is null then
    raise exception using errcode = 'MB004', message = 'the body is empty', hint = 'Check the symbol.';
  elsif first_line ~ '^\s*[<{\[]' and not 'open' = any (header) then
    raise exception using
      errcode = 'MB004', message = case when first_line ~ '^\s*<' then 'the body is a page of HTML or XML, not CSV' else 'the body is JSON, not CSV' end,
      hint = 'Stooq may want a key (MARKETBASE_STOOQ_KEY) or a browser; its files can be loaded with marketbase import.';
  elsif cardinality(header) = 1 or not ('date' = any (header) or 'open' = any (header)) then
    perform ingest.refuse_error(p_raw_response_id, first_line);
  end if;
  select string_agg(name, ', ' order by position) into missing
  from unnest(array['date', 'open', 'high', 'low', 'close']) with ordinality as needed (name, position)
  where array_position(header, name) is null;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, left(array_to_string(header, ', '), 300)),
      hint = 'Stooq may have changed its format.';
  end if;

  -- As they stand: the day, and the moment in the time of Warsaw where there is one.
  select array_agg((
    split.row_no,
    case when clock.digits ~ '^[0-9]{4}([0-9]{2})?$' and clock.digits !~ '^0+$' and pg_input_is_valid(rpad(clock.digits, 6, '0'), 'time') then
      (day.value + rpad(clock.digits, 6, '0')::time) at time zone 'Europe/Warsaw' end,
    day.value,
    split.fields[array_position(header, 'open')], split.fields[array_position(header, 'high')], split.fields[array_position(header, 'low')],
    split.fields[array_position(header, 'close')],
    case when header && array['volume', 'vol'] then nullif(split.fields[coalesce(array_position(header, 'volume'), array_position(header, 'vol'))], '') else '0' end,
    null, jsonb_build_object('line', split.line, 'time', concat_ws(' ', day.written, nullif(clock.digits, '000000')))
  )::ingest.bar_reading order by split.row_no) into bars
  from (
    select lines.line_no - 1 as row_no, lines.line, ingest.csv_fields(lines.line) as fields
    from ingest.body_lines(p_raw_response_id) as lines
    where lines.line_no > 1
  ) as split
  cross join lateral (select btrim(split.fields[array_position(header, 'date')]) as written) as text
  cross join lateral (
    select text.written, case
      when text.written ~ '^[0-9]{8}$' and pg_input_is_valid(text.written, 'date') then text.written::date
      when ingest.is_iso_date(text.written) then text.written::date
    end as value
  ) as day
  cross join lateral (select replace(btrim(split.fields[array_position(header, 'time')]), ':', '') as digits) as clock
  where array_position(header, 'ticker') is null
    or ingest.plain_symbol(split.fields[array_position(header, 'ticker')]) = ingest.plain_symbol(response.subject);
  if bars is null then
    if array_position(header, 'ticker') is not null then
      select fields.value into given
      from ingest.body_lines(p_raw_response_id) as lines
      cross join lateral (select (ingest.csv_fields(lines.line))[array_position(header, 'ticker')] as value) as fields
      where lines.line_no > 1
      limit 1;
      if found then
        perform ingest.require_symbol(p_raw_response_id, given);
      end if;
    end if;
    return;
  end if;

  -- The length: as the bulk files say it, else as it was asked for, else by the times.
  given := coalesce(
    (select nullif((ingest.csv_fields(bar.source ->> 'line'))[array_position(header, 'per')], '') from unnest(bars) as bar limit 1),
    ingest.url_parameter(response.url, 'i'));
  bar_interval := ingest.require_interval(
    case
      when given ~ '^[0-9]{1,4}$' then market.bar_interval_of(given::bigint)
      when given in ('h', 'H') then '1h'
      when given is not null then case lower(given) when 'd' then '1d' when 'w' then '1w' when 'm' then '1mo' end
      when cardinality(bars) = 1 then '1d'
      else ingest.interval_of_starts((select array_agg(coalesce(bar.starts_at, bar.session_date::timestamp at time zone 'UTC')) from unnest(bars) as bar))
    end, given);

  asset_class := case
    when response.subject ~ '^[A-Z]{6}=X$' then 'fx' when response.subject ~ '^\^' then 'index' when response.subject ~ '^[A-Z0-9]{2,8}-USD$' then 'crypto'
  end;
  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, null, asset_class, case asset_class when 'fx' then 'XOFF' when 'crypto' then 'XXXX' end,
    case when asset_class in ('fx', 'crypto') then ingest.quote_currency(response.subject) end);

  if market.bar_span(bar_interval) < interval '1 day' then
    -- Stooq stamps a bar with its end: 15:35 in Warsaw is the first five minutes of New York. Where a bar is stamped with the opening itself
    -- and none with the close, the stamps are beginnings.
    select coalesce(not bool_or(bar.starts_at = session.open_at) or bool_or(bar.starts_at = session.close_at), true) into stamps_are_ends
    from unnest(bars) as bar
    join market.instrument on instrument.instrument_id = chart_id
    join market.trading_session session on session.mic = instrument.mic and session.session_date = bar.session_date;
    select array_agg((
      bar.row_no, bar.starts_at - case when stamps_are_ends then market.bar_span(bar_interval) else interval '0' end, bar.session_date, bar.open, bar.high,
      bar.low, bar.close, bar.volume, null, bar.source
    )::ingest.bar_reading order by bar.row_no) into bars
    from unnest(bars) as bar;
  elsif bar_interval in ('1w', '1mo') then
    -- Weeks and months are dated by their last session.
    select array_agg((
      bar.row_no, null, market.bar_start(market.bar_span(bar_interval), bar.session_date), bar.open, bar.high, bar.low, bar.close, bar.volume, null, bar.source
    )::ingest.bar_reading order by bar.row_no) into bars
    from unnest(bars) as bar;
  end if;
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_stooq_bars(bigint) is
'Fills ingest.candidate_bar from CSV of Stooq: Date, Open, High, Low, Close and perhaps Volume, Time and OpenInt, or the layout of its bulk files (<TICKER>, <PER>, <DATE>, <TIME>, …), of which the rows of the subject are taken.
Dates are written 20240131 or 2024-01-31, times are those of Warsaw and mark the end of a bar. The length comes from <PER>, else from the parameter i of the address, else from the times. Weeks and months are dated by their last session and
stored under their first day. Its prices are adjusted for splits and dividends. MB010 with the words of Stooq (daily hits limit, no data, key wanted), MB004 for HTML or a failing status, MB005 for a missing column.';

revoke all on function ingest.normalise_stooq_bars(bigint) from public;
grant execute on function ingest.normalise_stooq_bars(bigint) to marketbase_worker;
