-- Lines of CSV one by one: each becomes a candidate, with its problem where it cannot be read.
create or replace function ingest.read_bar_lines(
  p_raw_response_id bigint,
  p_symbol text,
  p_columns text[],
  p_content text,
  p_rows_before bigint,
  p_rows bigint[] default null
) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  date_at constant integer := array_position(p_columns, 'session_date');
  open_at constant integer := array_position(p_columns, 'open');
  high_at constant integer := array_position(p_columns, 'high');
  low_at constant integer := array_position(p_columns, 'low');
  close_at constant integer := array_position(p_columns, 'close');
  volume_at constant integer := array_position(p_columns, 'volume');
  adjusted_at constant integer := array_position(p_columns, 'adjusted_close');
  symbol_at constant integer := array_position(p_columns, 'symbol');
begin
  -- Fences (offset 0) keep each field from being read again for every use.
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
      case when cardinality(text.fields) <> cardinality(p_columns) then format('the line has %s fields where the header has %s', cardinality(text.fields), cardinality(p_columns)) end as misfit,
      text.line
    from (
      select
        cut.row_no,
        cut.line,
        ingest.csv_fields(cut.line) as fields
      from (
        select p_rows_before + position as row_no, rtrim(line, e'\r') as line
        from unnest(string_to_array(p_content, e'\n')) with ordinality as lines (line, position)
        offset 0
      ) as cut
      where cut.line <> ''
        and (p_rows is null or cut.row_no = any (p_rows))
      offset 0
    ) as text
    offset 0
  ), named as (
    select given.symbol from (select distinct bar.symbol from bar offset 0) as given where ingest.is_symbol(given.symbol)
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
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no > p_rows_before
      and candidate.payload is not null and candidate.instrument_id is null
      and ingest.is_symbol(candidate.symbol)
  ) then
    raise exception using
      errcode = 'serialization_failure',
      message = 'Another session added instruments of this file at the same moment.',
      hint = 'Read it again.';
  end if;
end
$$;

comment on function ingest.read_bar_lines(bigint, text, text[], text, bigint, bigint[]) is
'Fills ingest.candidate_bar with the lines of p_content, CSV after p_rows_before other lines, that p_rows names, all where it is NULL; empty lines are left out. p_columns says what the fields are: session_date, open, high, low, close, volume, adjusted_close, symbol;
NULL for others. p_symbol counts where no column is the symbol. A row that cannot be read has NULL there and its problem in payload. New symbols become instruments. 40001 when another session adds the same ones at the same moment.';

revoke all on function ingest.read_bar_lines(bigint, text, text[], text, bigint, bigint[]) from public;
grant execute on function ingest.read_bar_lines(bigint, text, text[], text, bigint, bigint[]) to marketbase_worker;
