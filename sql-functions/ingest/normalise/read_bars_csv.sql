-- Bars from CSV, whoever sent it: the columns by their names, each row readable or with its problem named.
create or replace function ingest.read_bars_csv(p_raw_response_id bigint, p_symbol text default null) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  symbol_pattern constant text := '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$';
  header text[];
  date_at integer;
  open_at integer;
  high_at integer;
  low_at integer;
  close_at integer;
  volume_at integer;
  adjusted_at integer;
  symbol_at integer;
  missing text;
begin
  perform ingest.require_success(p_raw_response_id);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  if header is null then
    raise exception using errcode = 'MB004', message = 'the file is empty or begins with an empty line', hint = 'It needs a line of column names and then one line per bar.';
  end if;

  date_at := array_position(header, 'date');
  open_at := array_position(header, 'open');
  high_at := array_position(header, 'high');
  low_at := array_position(header, 'low');
  close_at := array_position(header, 'close');
  volume_at := array_position(header, 'volume');
  select min(array_position(header, name)) into adjusted_at from unnest(array['adjusted_close', 'adjusted close', 'adj close', 'adj_close', 'adjclose']) as name;
  select min(array_position(header, name)) into symbol_at from unnest(array['symbol', 'ticker', 'name']) as name;
  select string_agg(name, ', ' order by position) into missing
  from unnest(array['date', 'open', 'high', 'low', 'close', 'volume']) with ordinality as needed (name, position)
  where array_position(header, name) is null;
  if missing is null and symbol_at is null and p_symbol is null then
    missing := 'symbol';
  end if;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, left(array_to_string(header, ', '), 500)),
      hint = 'Bars need date, open, high, low, close and volume, and either a column symbol (or ticker, or name) or one symbol for the whole file. Upper and lower case do not matter.';
  end if;

  if symbol_at is null then
    perform ingest.ensure_instrument((select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id), p_symbol);
  end if;

  -- The lines are cut and read once. Fences (offset 0) keep each field from being read again for every use.
  with bar as materialized (
    select
      text.row_no,
      case when symbol_at is null then upper(p_symbol) else upper(btrim(text.fields[symbol_at])) end as symbol,
      case when ingest.is_iso_date(text.fields[date_at]) then text.fields[date_at]::date end as session_date,
      case when ingest.is_finite_number(text.fields[open_at]) then text.fields[open_at]::double precision end as open,
      case when ingest.is_finite_number(text.fields[high_at]) then text.fields[high_at]::double precision end as high,
      case when ingest.is_finite_number(text.fields[low_at]) then text.fields[low_at]::double precision end as low,
      case when ingest.is_finite_number(text.fields[close_at]) then text.fields[close_at]::double precision end as close,
      case when ingest.is_finite_number(text.fields[volume_at]) then text.fields[volume_at]::double precision end as volume,
      case when ingest.is_finite_number(text.fields[adjusted_at]) then text.fields[adjusted_at]::double precision end as adjusted_close,
      case when cardinality(text.fields) <> cardinality(header) then format('the line has %s fields where the header has %s', cardinality(text.fields), cardinality(header)) end as misfit,
      text.line
    from (
      select
        lines.line_no - 1 as row_no,
        lines.line,
        case when strpos(lines.line, '"') = 0 then string_to_array(lines.line, ',') else ingest.csv_fields(lines.line) end as fields
      from ingest.body_lines(p_raw_response_id) as lines
      where lines.line_no > 1
      offset 0
    ) as text
    offset 0
  ), named as (
    select given.symbol from (select distinct bar.symbol from bar) as given where given.symbol ~ symbol_pattern
  ), added as (
    insert into market.instrument (symbol, run_id)
    select named.symbol, (select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id)
    from named
    where not exists (select from market.instrument where instrument.symbol = named.symbol)
    order by named.symbol
    on conflict (symbol) do nothing
    returning instrument_id, symbol
  ), known as (
    select added.symbol, added.instrument_id from added
    union all
    select instrument.symbol, instrument.instrument_id from named join market.instrument using (symbol)
  )
  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close, payload
  )
  select
    p_raw_response_id, bar.row_no, bar.symbol, known.instrument_id, bar.session_date::timestamp at time zone 'UTC', bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    case
      when bar.misfit is not null or known.instrument_id is null or bar.session_date is null or bar.open is null or bar.high is null or bar.low is null
        or bar.close is null or bar.volume is null or (bar.adjusted_close is null and adjusted_at is not null) then (
        select case when problem.what is not null then jsonb_build_object('line', bar.line, 'problem', problem.what) end
        from (
          select
            nullif(btrim(field.texts[date_at]), '') as date_text,
            nullif(btrim(field.texts[open_at]), '') as open_text,
            nullif(btrim(field.texts[high_at]), '') as high_text,
            nullif(btrim(field.texts[low_at]), '') as low_text,
            nullif(btrim(field.texts[close_at]), '') as close_text,
            nullif(btrim(field.texts[volume_at]), '') as volume_text,
            nullif(btrim(field.texts[adjusted_at]), '') as adjusted_text
          from (select ingest.csv_fields(bar.line) as texts) as field
        ) as written
        cross join lateral (
          select case
            when bar.misfit is not null then bar.misfit
            when known.instrument_id is null then format('symbol "%s" cannot be a symbol', bar.symbol)
            when written.date_text is null then 'date is missing'
            when bar.session_date is null then format('date "%s" is not a date written as YYYY-MM-DD', written.date_text)
            when written.open_text is null then 'open is missing'
            when bar.open is null then format('open "%s" is not a number', written.open_text)
            when written.high_text is null then 'high is missing'
            when bar.high is null then format('high "%s" is not a number', written.high_text)
            when written.low_text is null then 'low is missing'
            when bar.low is null then format('low "%s" is not a number', written.low_text)
            when written.close_text is null then 'close is missing'
            when bar.close is null then format('close "%s" is not a number', written.close_text)
            when written.volume_text is null then 'volume is missing'
            when bar.volume is null then format('volume "%s" is not a number', written.volume_text)
            when written.adjusted_text is not null then format('adjusted close "%s" is not a number', written.adjusted_text)
          end as what
        ) as problem
      )
    end
  from bar
  left join known using (symbol);

  if exists (
    select
    from ingest.candidate_bar as candidate
    where candidate.raw_response_id = p_raw_response_id and candidate.payload is not null and candidate.instrument_id is null
      and candidate.symbol ~ symbol_pattern
  ) then
    raise exception using
      errcode = 'serialization_failure',
      message = 'Another session added instruments of this file at the same moment.',
      hint = 'Read it again.';
  end if;
end
$$;

comment on function ingest.read_bars_csv(bigint, text) is
'Reads the body of a response as CSV with a header and fills ingest.candidate_bar: columns date, open, high, low, close, volume, optionally adjusted_close (also Adj Close) and symbol (also ticker, Name), in any order and case.
p_symbol counts for all rows of a file without such a column. Symbols that are new become instruments. A row that cannot be read has NULL there and its problem in payload.
40001, to be tried again, when another session adds the same instruments at the same moment. MB005 when a column is missing, MB004 when the body is empty, not UTF-8 or came with a failing status.';

revoke all on function ingest.read_bars_csv(bigint, text) from public;
grant execute on function ingest.read_bars_csv(bigint, text) to marketbase_worker;
