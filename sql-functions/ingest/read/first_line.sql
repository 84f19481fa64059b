-- The header of a file, without reading the rest of it.
create or replace function ingest.first_line(p_raw_response_id bigint) returns text
language sql stable strict parallel safe
begin atomic
  select rtrim(split_part(convert_from(piece.body, 'UTF8'), e'\n', 1), e'\r')
  from (
    select response.body
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id and response.body is not null
    union all
    select chunk.body
    from ingest.raw_response_chunk chunk
    where chunk.raw_response_id = p_raw_response_id and chunk.chunk_no = 0
  ) as piece;
end;

comment on function ingest.first_line(bigint) is
'The first line of a body without its line end; an empty text when the body is empty. NULL when there is no such response, and for NULL.';

revoke all on function ingest.first_line(bigint) from public;
grant execute on function ingest.first_line(bigint) to marketbase_worker;
