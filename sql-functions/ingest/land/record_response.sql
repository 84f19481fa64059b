-- One response of a provider, unless it repeats the one before it.
create or replace function ingest.record_response(
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
  p_byte_count bigint,
  p_sha256 text,
  p_fetched_at timestamptz,
  p_covers_until timestamptz default null,
  p_price_basis text default null,
  p_splits_adjusted_to date default null,
  out raw_response_id bigint,
  out is_new boolean
)
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  stored_url text := ingest.redact_url(p_url);
  latest record;
begin
  perform ingest.require_provider(p_provider);
  -- Two fetches of one subject at once: the second waits and then sees what the first stored.
  perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'ingest.raw_response', p_provider, p_dataset, p_subject), 0));

  select response.raw_response_id, response.status, response.sha256 into latest
  from ingest.raw_response response
  where response.provider = p_provider and response.dataset = p_dataset and response.subject = p_subject and response.url = stored_url
  order by response.raw_response_id desc
  limit 1;
  if latest.sha256 = p_sha256 and latest.status = p_status then
    raw_response_id := latest.raw_response_id;
    is_new := false;
    -- The same answer again: it speaks of the time since, as long as it is asked for regularly.
    update ingest.bar_coverage
    set covered_until = coalesce(p_covers_until, p_fetched_at)
    where bar_coverage.raw_response_id = latest.raw_response_id
      and coalesce(p_covers_until, p_fetched_at) - bar_coverage.covered_until between interval '0' and ingest.answer_reach();
    return;
  end if;

  insert into ingest.raw_response (
    provider, dataset, subject, url, method, status, headers, content_type, body, byte_count, sha256, fetched_at, covers_until, price_basis,
    splits_adjusted_to, run_id
  )
  values (
    p_provider, p_dataset, p_subject, stored_url, p_method, p_status, ingest.redact_headers(p_headers), p_content_type, p_body, p_byte_count, p_sha256,
    p_fetched_at, p_covers_until, p_price_basis, p_splits_adjusted_to, p_run_id
  )
  returning raw_response.raw_response_id into record_response.raw_response_id;
  is_new := true;
end
$$;

comment on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz, timestamptz, text, date) is
'Stores a response whose length and sha256 are known; ingest.land and the import of files call it. p_body is NULL for a file whose bytes follow in ingest.raw_response_chunk. The URL and headers lose their secrets.
p_covers_until: until when it tells all that the provider has (NULL: until it arrived; -infinity: others follow). p_price_basis: raw, split or total where its prices are not on the basis of the provider,
p_splits_adjusted_to: until which ex-date they are adjusted (NULL: until it arrived).
When the latest response to the same request has the same status and sha256, nothing is stored: is_new is false and raw_response_id is that one. MB001 for an unknown provider.';

revoke all on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz, timestamptz, text, date) from public;
grant execute on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz, timestamptz, text, date) to marketbase_worker;
