-- The lines of a body, also of a streamed file of any size.
create or replace function ingest.body_lines(p_raw_response_id bigint, out line_no bigint, out line text) returns setof record
language sql stable strict parallel safe
rows 100000
begin atomic
  with piece (piece_no, body) as (
    select 0, response.body
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id and response.body is not null
    union all
    select chunk.chunk_no, chunk.body
    from ingest.raw_response_chunk chunk
    where chunk.raw_response_id = p_raw_response_id
  )
  select row_number() over (order by piece.piece_no, text.position), rtrim(text.line, e'\r')
  from piece
  cross join lateral string_to_table(convert_from(piece.body, 'UTF8'), e'\n') with ordinality as text (line, position)
  where text.line <> '' and text.line <> e'\r'
  order by 1;
end;

comment on function ingest.body_lines(bigint) is
'The lines of a body in order, numbered from 1, without their line ends and without empty lines. A streamed file is cut into chunks at line ends, so each chunk is read by itself. No row for NULL.';

revoke all on function ingest.body_lines(bigint) from public;
grant execute on function ingest.body_lines(bigint) to marketbase_worker;
