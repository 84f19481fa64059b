-- An identity that follows from the content.
create or replace function internal.content_uuid(p_content text) returns uuid
language sql immutable strict parallel safe
begin atomic
  select encode(
    set_byte(set_byte(digest.half, 6, get_byte(digest.half, 6) & 15 | 128), 8, get_byte(digest.half, 8) & 63 | 128), 'hex'
  )::uuid
  from (select substring(sha256(convert_to(p_content, 'UTF8')) for 16) as half) as digest;
end;

comment on function internal.content_uuid(text) is
'The UUID of version 8 that is the first 16 bytes of the sha256 of p_content in UTF-8, as RFC 9562, appendix B.2, does it: the same content has the same identity everywhere. NULL for NULL.';

revoke all on function internal.content_uuid(text) from public;
grant execute on function internal.content_uuid(text) to marketbase_worker;
