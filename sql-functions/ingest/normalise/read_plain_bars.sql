-- Lines of CSV that are as they should be, all of them at once: PostgreSQL reads them as one array of rows, in C.
create or replace function ingest.read_plain_bars(
  p_raw_response_id bigint,
  p_symbol text,
  p_columns text[],
  p_content text,
  p_rows_before bigint
) returns bigint[]
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set datestyle to 'ISO'
set enable_nestloop to off
as $$
declare
  content text := rtrim(case when strpos(p_content, e'\r') = 0 then p_content else replace(p_content, e'\r\n', e'\n') end, e'\n');
  rows_left bigint[];
begin
  -- Quotes and backslashes mean something else in an array, and 0x1F is a number in PostgreSQL.
  if content ~ '["\\\r]|0[xX]' then
    return null;
  end if;
  begin
    -- Fences (offset 0): the planner would read the array once more to count its rows, and each date for each of its uses. It takes the rows for few, so
    -- what is good is a column here: with conditions it would take them for one, and hash them. A symbol is understood once for all its rows.
    execute format(
      $insert$
        with bar as materialized (
          select
            line.ordinality + $4 as row_no, line.given_symbol, line.day, line.open, line.high, line.low, line.close, line.volume, line.adjusted_close,
            line.day::text = line.session_date and length(line.session_date) = 10
              and num_nulls(line.open, line.high, line.low, line.close, line.volume) = 0
              and greatest(abs(line.open), abs(line.high), abs(line.low), abs(line.close), abs(line.volume), abs(line.adjusted_close)) < 'infinity' as is_good
          from (
            select line.*, line.session_date::date as day, %s as given_symbol%s
            from (select $3::pg_temp.bar_line[] as lines offset 0) as piece
            cross join lateral unnest(piece.lines) with ordinality as line
            offset 0
          ) as line
        ), given as materialized (
          select each.given_symbol, upper(btrim(each.given_symbol)) as symbol from (select distinct bar.given_symbol from bar) as each
        ), named as (
          select distinct given.symbol from given where ingest.is_symbol(given.symbol)
        ), added as (
          insert into market.instrument (symbol, run_id)
          select named.symbol, (select response.run_id from ingest.raw_response response where response.raw_response_id = $1)
          from named
          where not exists (select from market.instrument where instrument.symbol = named.symbol)
          order by named.symbol
          on conflict (symbol) do nothing
          returning instrument_id, symbol
        ), known as (
          select given.given_symbol, given.symbol, added.instrument_id from given join added using (symbol)
          union all
          select given.given_symbol, given.symbol, instrument.instrument_id from given join named using (symbol) join market.instrument using (symbol)
        ), taken as (
          insert into ingest.candidate_bar (
            raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close
          )
          select
            $1, bar.row_no, known.symbol, known.instrument_id, bar.day::timestamp at time zone interval '0', bar.day,
            bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
          from bar
          join known using (given_symbol)
          where bar.is_good
        )
        select array(
          select bar.row_no
          from bar
          left join known using (given_symbol)
          where bar.is_good is not true or known.instrument_id is null
        )
      $insert$,
      case when 'symbol' = any (p_columns) then 'line.symbol' else '$2' end,
      case when 'adjusted_close' = any (p_columns) then '' else ', null::double precision as adjusted_close' end
    )
    into rows_left
    using p_raw_response_id, p_symbol, '{"(' || replace(content, e'\n', ')","(') || ')"}', p_rows_before;
  exception
    when data_exception then
      rows_left := null;
  end;
  return rows_left;
end
$$;

comment on function ingest.read_plain_bars(bigint, text, text[], text, bigint) is
'Fills ingest.candidate_bar with the bars of p_content, lines of CSV after p_rows_before others, that are good at first sight: as many fields as p_columns (session_date, open, …, symbol; NULL for others), a date as YYYY-MM-DD, finite numbers,
a symbol that can be one. Returns the numbers of the rows that it left out; NULL, and nothing is stored, where quotes or a line that is no row of these columns keep the whole from being read so.
The caller makes the table pg_temp.bar_line with a column for each field. ingest.read_bar_lines reads what is left.
p_symbol counts where no column is the symbol. New symbols become instruments.';

revoke all on function ingest.read_plain_bars(bigint, text, text[], text, bigint) from public;
grant execute on function ingest.read_plain_bars(bigint, text, text[], text, bigint) to marketbase_worker;
