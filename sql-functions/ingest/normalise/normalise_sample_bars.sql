-- The bars that come with marketbase: AAPL and the S&P 500 as npm packages carry them.
create or replace function ingest.normalise_sample_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if response.subject = 'AAPL' then
    perform ingest.ensure_instrument(response.run_id, 'AAPL', 'Apple Inc.', 'equity', 'XNAS', 'USD');
  elsif response.subject = '^GSPC' then
    perform ingest.ensure_instrument(response.run_id, '^GSPC', 'S&P 500', 'index', 'XNYS', 'USD');
  end if;
  perform ingest.read_bars_csv(p_raw_response_id, response.subject);
end
$$;

comment on function ingest.normalise_sample_bars(bigint) is
'Fills ingest.candidate_bar from one of the sample files, which are CSV with an adjusted close: ingest.read_bars_csv says how and with which errors. The subject is the symbol.';

revoke all on function ingest.normalise_sample_bars(bigint) from public;
grant execute on function ingest.normalise_sample_bars(bigint) to marketbase_worker;
