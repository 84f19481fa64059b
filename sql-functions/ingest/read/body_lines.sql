-- The lines of a body, also of a streamed file of any size.
create or replace function ingest.body_lines(p_raw_response_id bigint, out line_no bigint, out line text) returns setof record
language sql stable parallel safe
rows 100000
begin atomic
  with piece (piece_no, content) as (
    select 0, convert_from(response.body, 'UTF8')
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id and response.body is not null
    union all
    select chunk.chunk_no, convert_from(chunk.body, 'UTF8')
    from ingest.raw_response_chunk chunk
    where chunk.raw_response_id = p_raw_response_id
  ),
  cut as (
    select piece.piece_no, string_to_array(piece.content, e'\n') as lines
    from piece
  ),
  -- A chunk ends with a line end, so what follows the last one is empty and not a line.
  counted as (
    select
      cut.lines,
      coalesce(sum(cardinality(cut.lines) - 1) over (order by cut.piece_no rows between unbounded preceding and 1 preceding), 0) as lines_before
    from cut
  )
  select (counted.lines_before + text.position)::bigint, rtrim(text.line, e'\r')
  from counted
  cross join lateral unnest(counted.lines) with ordinality as text (line, position)
  where text.line <> '' and text.line <> e'\r';
end;

comment on function ingest.body_lines(bigint) is
'The lines of a body with their numbers, from 1, without their line ends; empty lines count but are left out. A streamed file is cut into chunks at line ends, so each chunk is read by itself. No row for NULL.';

revoke all on function ingest.body_lines(bigint) from public;
grant execute on function ingest.body_lines(bigint) to marketbase_worker;
