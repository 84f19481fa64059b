-- Bars from CSV, whoever sent it: the columns by their names, each row readable or with its problem named.
create or replace function ingest.read_bars_csv(p_raw_response_id bigint, p_symbol text default null) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  header text[];
  columns text[];
  missing text;
  is_streamed boolean;
  piece record;
  content text;
  rows_before bigint := 0;
  rows_left bigint[];
begin
  perform ingest.require_success(p_raw_response_id);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  if header is null then
    raise exception using errcode = 'MB004', message = 'the file is empty or begins with an empty line', hint = 'It needs a line of column names and then one line per bar.';
  end if;

  -- What each column is, under the first of the names that it may have.
  select array_agg(case when given.is_first then given.name end order by given.position) into columns
  from (
    select field.position, meaning.name, row_number() over (partition by meaning.name order by field.position) = 1 as is_first
    from unnest(header) with ordinality as field (text, position)
    left join (
      values
        ('date', 'session_date'), ('open', 'open'), ('high', 'high'), ('low', 'low'), ('close', 'close'), ('volume', 'volume'),
        ('adjusted_close', 'adjusted_close'), ('adjusted close', 'adjusted_close'), ('adj close', 'adjusted_close'), ('adj_close', 'adjusted_close'),
        ('adjclose', 'adjusted_close'), ('symbol', 'symbol'), ('ticker', 'symbol'), ('name', 'symbol')
    ) as meaning (text, name) using (text)
  ) as given;
  select string_agg(needed.text, ', ' order by needed.position) into missing
  from unnest(array['date', 'open', 'high', 'low', 'close', 'volume']) with ordinality as needed (text, position)
  where array_position(header, needed.text) is null;
  if missing is null and array_position(columns, 'symbol') is null and p_symbol is null then
    missing := 'symbol';
  end if;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, left(array_to_string(header, ', '), 500)),
      hint = 'Bars need date, open, high, low, close and volume, and either a column symbol (or ticker, or name) or one symbol for the whole file. Upper and lower case do not matter.';
  end if;

  if array_position(columns, 'symbol') is null then
    perform ingest.ensure_instrument((select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id), p_symbol);
  end if;

  -- A table has at most 1,600 columns.
  is_streamed := cardinality(columns) <= 1000 and exists (select from ingest.raw_response_chunk chunk where chunk.raw_response_id = p_raw_response_id);
  if is_streamed then
    -- What the fields of a line are, for ingest.read_plain_bars. The types read them as they stand, an empty one as NULL.
    execute format('create temporary table bar_line (%s) on commit drop', (
      select string_agg(
        case
          when field.name in ('session_date', 'symbol') then format('%I text', field.name)
          when field.name is not null then format('%I double precision', field.name)
          else format('other_%s text', field.position)
        end,
        ', ' order by field.position)
      from unnest(columns) with ordinality as field (name, position)
    ));
  end if;

  -- A piece at a time; a streamed file is cut into pieces at line ends. A small body has one, without the line of its header.
  for piece in
    select 0 as piece_no, response.body
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id and response.body is not null
    union all
    select chunk.chunk_no, chunk.body
    from ingest.raw_response_chunk chunk
    where chunk.raw_response_id = p_raw_response_id
    order by piece_no
  loop
    content := convert_from(piece.body, 'UTF8');
    if piece.piece_no = 0 then
      content := substr(content, strpos(content || e'\n', e'\n') + 1);
    end if;
    rows_left := case when is_streamed then ingest.read_plain_bars(p_raw_response_id, p_symbol, columns, content, rows_before) end;
    if rows_left is distinct from '{}' then
      perform ingest.read_bar_lines(p_raw_response_id, p_symbol, columns, content, rows_before, rows_left);
    end if;
    -- A piece ends with a line end, so what follows the last one is empty and not a row.
    rows_before := rows_before + greatest(cardinality(string_to_array(content, e'\n')) - 1, 0);
  end loop;
  if is_streamed then
    drop table pg_temp.bar_line;
  end if;
end
$$;

comment on function ingest.read_bars_csv(bigint, text) is
'Reads the body of a response as CSV with a header and fills ingest.candidate_bar: columns date, open, high, low, close, volume, optionally adjusted_close (also Adj Close) and symbol (also ticker, Name), in any order and case.
p_symbol counts for all rows of a file without such a column. Symbols that are new become instruments. A row that cannot be read has NULL there and its problem in payload.
A streamed file is read by ingest.read_plain_bars, what that leaves out and every small body by ingest.read_bar_lines.
40001, to be tried again, when another session adds the same instruments at the same moment. MB005 when a column is missing, MB004 when the body is empty, not UTF-8 or came with a failing status.';

revoke all on function ingest.read_bars_csv(bigint, text) from public;
grant execute on function ingest.read_bars_csv(bigint, text) to marketbase_worker;
