-- Reads landed documents, one JSON object per line.
create or replace function search.record_documents(p_run_id bigint, p_raw_response_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_line record;
  v_item jsonb;
  v_problem text;
  v_instrument_id bigint;
  v_new integer;
  v_count bigint := 0;
  v_lines bigint := 0;
begin
  perform ingest.require_success(p_raw_response_id);
  perform ingest.body_text(p_raw_response_id) where exists (
    select from ingest.raw_response where raw_response_id = p_raw_response_id and body is not null
  );

  for v_line in select line_no, line from ingest.body_lines(p_raw_response_id) order by line_no loop
    v_lines := v_lines + 1;
    v_item := case when pg_input_is_valid(v_line.line, 'jsonb') then v_line.line::jsonb end;
    v_problem := search.document_problem(v_item);
    if v_problem is null then
      v_instrument_id := case when v_item ->> 'symbol' is not null then market.instrument_id(v_item ->> 'symbol') end;
      begin
        insert into search.document (
          instrument_id, title, body, language, source_url, published_at, known_from, sha256, raw_response_id, run_id
        )
        values (
          v_instrument_id,
          v_item ->> 'title',
          v_item ->> 'body',
          coalesce(v_item ->> 'language', 'pg_catalog.english')::regconfig,
          v_item ->> 'source_url',
          (v_item ->> 'published_at')::timestamptz,
          coalesce(v_item ->> 'known_from', v_item ->> 'published_at')::timestamptz,
          encode(sha256(convert_to((v_item ->> 'title') || e'\n' || (v_item ->> 'body'), 'UTF8')), 'hex'),
          p_raw_response_id,
          p_run_id
        )
        on conflict (sha256) do nothing;
        get diagnostics v_new = row_count;
        v_count := v_count + v_new;
      exception
        when program_limit_exceeded then
          v_problem := 'the text is too long to be searched; cut it into passages';
      end;
    end if;
    if v_problem is not null then
      raise exception using
        errcode = 'MB004',
        message = format('line %s of the documents: %s', v_line.line_no, v_problem),
        hint = 'Correct the file and land it again; nothing of it was recorded.';
    end if;
  end loop;
  if v_lines = 0 then
    raise exception using
      errcode = 'MB004',
      message = 'the file of documents is empty',
      hint = 'It needs one JSON object per line, with title, body and published_at.';
  end if;
  return v_count;
end
$$;

comment on function search.record_documents(bigint, bigint) is
'Records landed documents (one JSON object per line: title, body and published_at with its zone; optionally symbol, known_from, source_url and language, a
text search configuration) and returns how many were new. The same title and text are one document, whatever else is said about it. known_from is
published_at unless given. All documents of the body are stored, or none. MB004 a line that cannot be right, MB002 unknown symbol, MB001 unknown response.';

revoke all on function search.record_documents(bigint, bigint) from public;
grant execute on function search.record_documents(bigint, bigint) to marketbase_worker;
