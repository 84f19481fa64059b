-- The function that reads the bodies of a provider and dataset.
create or replace function pipeline.normaliser(p_provider text, p_dataset text) returns regprocedure
language sql stable parallel safe
return coalesce(
  to_regprocedure(format('ingest.normalise_%s_%s(bigint)', p_provider, p_dataset)),
  to_regprocedure(format('ingest.normalise_%s_%s(bigint, bigint)', p_provider, p_dataset)),
  case p_dataset
    when 'trades' then to_regprocedure('portfolio.record_trades(bigint, bigint)')
    when 'documents' then to_regprocedure('search.record_documents(bigint, bigint)')
    when 'sessions' then to_regprocedure('ingest.record_sessions(bigint, bigint)')
    when 'members' then to_regprocedure('ingest.record_members(bigint, bigint)')
  end
);

comment on function pipeline.normaliser(text, text) is
'ingest.normalise_<p_provider>_<p_dataset>, or what records the files of p_dataset whoever sent them. Its signature says how it works: (raw_response_id) returns void fills candidates, which are judged and accepted; (run_id, raw_response_id) stores by itself and returns
ingest.acceptance, or bigint, the number of new rows. NULL where there is none, and for NULL.';

revoke all on function pipeline.normaliser(text, text) from public;
grant execute on function pipeline.normaliser(text, text) to marketbase_worker;
