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
  else
    insert into market.instrument (symbol, run_id)
    select named.symbol, (select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id)
    from (
      select distinct
        upper(btrim(
          case when strpos(lines.line, '"') = 0 then split_part(lines.line, ',', symbol_at) else (ingest.csv_fields(lines.line))[symbol_at] end
        )) as symbol
      from ingest.body_lines(p_raw_response_id) as lines
      where lines.line_no > 1
    ) as named
    where named.symbol ~ symbol_pattern
    order by named.symbol
    on conflict (symbol) do nothing;
  end if;

  -- Three fences (offset 0), so that each field is cut out and read once.
  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close, payload
  )
  select
    p_raw_response_id, bar.row_no, bar.symbol, instrument.instrument_id, bar.session_date::timestamp at time zone 'UTC', bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    case
      when instrument.instrument_id is null or bar.field_count <> cardinality(header) or bar.session_date is null or bar.open is null or bar.high is null
        or bar.low is null or bar.close is null or bar.volume is null or (bar.adjusted_close is null and bar.adjusted_text is not null) then
        jsonb_build_object('line', bar.line, 'problem', case
          when bar.field_count <> cardinality(header) then format('the line has %s fields where the header has %s', bar.field_count, cardinality(header))
          when instrument.instrument_id is null then format('symbol "%s" cannot be a symbol', bar.symbol)
          when bar.date_text is null then 'date is missing'
          when bar.session_date is null then format('date "%s" is not a date written as YYYY-MM-DD', bar.date_text)
          when bar.open_text is null then 'open is missing'
          when bar.open is null then format('open "%s" is not a number', bar.open_text)
          when bar.high_text is null then 'high is missing'
          when bar.high is null then format('high "%s" is not a number', bar.high_text)
          when bar.low_text is null then 'low is missing'
          when bar.low is null then format('low "%s" is not a number', bar.low_text)
          when bar.close_text is null then 'close is missing'
          when bar.close is null then format('close "%s" is not a number', bar.close_text)
          when bar.volume_text is null then 'volume is missing'
          when bar.volume is null then format('volume "%s" is not a number', bar.volume_text)
          else format('adjusted close "%s" is not a number', bar.adjusted_text)
        end)
    end
  from (
    select
      text.*,
      case when ingest.is_iso_date(date_text) then date_text::date end as session_date,
      case when ingest.is_finite_number(open_text) then open_text::double precision end as open,
      case when ingest.is_finite_number(high_text) then high_text::double precision end as high,
      case when ingest.is_finite_number(low_text) then low_text::double precision end as low,
      case when ingest.is_finite_number(close_text) then close_text::double precision end as close,
      case when ingest.is_finite_number(volume_text) then volume_text::double precision end as volume,
      case when ingest.is_finite_number(adjusted_text) then adjusted_text::double precision end as adjusted_close
    from (
      select
        split.row_no,
        split.line,
        cardinality(fields) as field_count,
        case when symbol_at is null then upper(p_symbol) else upper(btrim(fields[symbol_at])) end as symbol,
        nullif(btrim(fields[date_at]), '') as date_text,
        nullif(btrim(fields[open_at]), '') as open_text,
        nullif(btrim(fields[high_at]), '') as high_text,
        nullif(btrim(fields[low_at]), '') as low_text,
        nullif(btrim(fields[close_at]), '') as close_text,
        nullif(btrim(fields[volume_at]), '') as volume_text,
        nullif(btrim(fields[adjusted_at]), '') as adjusted_text
      from (
        select
          lines.line_no - 1 as row_no,
          lines.line,
          case when strpos(lines.line, '"') = 0 then string_to_array(lines.line, ',') else ingest.csv_fields(lines.line) end as fields
        from ingest.body_lines(p_raw_response_id) as lines
        where lines.line_no > 1
        offset 0
      ) as split
      offset 0
    ) as text
    offset 0
  ) as bar
  left join market.instrument on instrument.symbol = bar.symbol;
end
$$;

comment on function ingest.read_bars_csv(bigint, text) is
'Reads the body of a response as CSV with a header and fills ingest.candidate_bar: columns date, open, high, low, close, volume, optionally adjusted_close (also Adj Close) and symbol (also ticker, Name), in any order and case.
p_symbol counts for all rows of a file without such a column. Symbols that are new become instruments. A row that cannot be read has NULL there and its problem in payload.
MB005 when a column is missing, MB004 when the body is empty, not UTF-8 or came with a failing status.';

revoke all on function ingest.read_bars_csv(bigint, text) from public;
grant execute on function ingest.read_bars_csv(bigint, text) to marketbase_worker;
