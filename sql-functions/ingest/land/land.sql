-- Where everything comes in: the exact bytes that a provider sent.
create or replace function ingest.land(
  p_run_id bigint,
  p_provider text,
  p_dataset text,
  p_subject text,
  p_url text,
  p_method text,
  p_status integer,
  p_headers jsonb,
  p_content_type text,
  p_body bytea,
  p_fetched_at timestamptz,
  p_covers_until timestamptz default null,
  out raw_response_id bigint,
  out is_new boolean
)
language sql volatile parallel unsafe
begin atomic
  select recorded.raw_response_id, recorded.is_new
  from ingest.record_response(
    p_run_id, p_provider, p_dataset, p_subject, p_url, p_method, p_status, p_headers, p_content_type,
    coalesce(p_body, ''), length(coalesce(p_body, '')), encode(sha256(coalesce(p_body, '')), 'hex'), p_fetched_at, p_covers_until
  ) as recorded;
end;

comment on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz, timestamptz) is
'Stores the body that a provider sent, byte for byte, with its sha256, whatever its status. p_dataset is bars, fundamentals, trades or documents; p_subject a symbol or the name of a file; p_headers a JSON object;
p_fetched_at when the body arrived; p_covers_until until when it tells all that the provider has (NULL: until it arrived; -infinity: a page that others follow). A NULL body counts as empty. Keys in the URL and cookies in the headers are dropped. A body equal to the latest one for the same request is not stored again:
raw_response_id is then that one and is_new is false. MB001 for an unknown provider.';

revoke all on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz, timestamptz) from public;
grant execute on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz, timestamptz) to marketbase_worker;
