-- What Polygon knows of a ticker, or of a list of them.
create or replace function ingest.normalise_polygon_identifiers(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  results jsonb;
  item jsonb;
  found_id bigint;
  learnt integer;
  outcome ingest.acceptance;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select raw_response.subject into response from ingest.raw_response where raw_response.raw_response_id = p_raw_response_id;
  results := case jsonb_typeof(document -> 'results') when 'object' then jsonb_build_array(document -> 'results') when 'array' then document -> 'results' end;
  if results is null or exists (select from jsonb_array_elements(results) as element (value) where jsonb_typeof(element.value -> 'ticker') is distinct from 'string') then
    perform ingest.refuse_shape(document, 'a ticker, or a list of tickers, in results');
  end if;
  if jsonb_typeof(document -> 'results') = 'object' then
    perform ingest.require_symbol(p_raw_response_id, results -> 0 ->> 'ticker');
    perform ingest.ensure_instrument(p_run_id, response.subject, p_name => results -> 0 ->> 'name');
  end if;

  outcome := row(0, 0, 0);
  for item in select element.value from jsonb_array_elements(results) as element loop
    -- A list tells of instruments that are known here; it does not bring ten thousand others along.
    select instrument.instrument_id into found_id
    from market.instrument
    where instrument.symbol = case when jsonb_typeof(document -> 'results') = 'object' then upper(btrim(response.subject)) else item ->> 'ticker' end;
    learnt := case when found_id is null then 0 else ingest.learn_identifiers(
      p_run_id, p_raw_response_id, found_id, jsonb_build_object('cik', item -> 'cik', 'figi', item -> 'composite_figi')) end;
    outcome.new_count := outcome.new_count + (learnt > 0)::integer;
    outcome.unchanged_count := outcome.unchanged_count + (learnt = 0)::integer;
  end loop;
  return outcome;
end
$$;

comment on function ingest.normalise_polygon_identifiers(bigint, bigint) is
'Takes the CIK and the composite FIGI (of the share on all venues of its country) that Polygon has of one ticker (v3/reference/tickers/AAPL), whose instrument is added when it is new, or of a list (v3/reference/tickers), of which only known instruments count, into market.instrument_identifier,
in the run p_run_id, and returns how many tickers brought news. MB010 with the words of Polygon for its errors, MB004 for another shape or another symbol.';

revoke all on function ingest.normalise_polygon_identifiers(bigint, bigint) from public;
grant execute on function ingest.normalise_polygon_identifiers(bigint, bigint) to marketbase_worker;
