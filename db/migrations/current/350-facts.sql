-- Filings, identifiers and macro series beside bars and facts.
alter table ingest.raw_response drop constraint if exists raw_response_dataset_check;
alter table ingest.raw_response add constraint raw_response_dataset_check
  check (dataset in ('bars', 'fundamentals', 'filings', 'identifiers', 'macro', 'trades', 'documents'));
comment on column ingest.raw_response.dataset is
'What was asked for: bars (with the corporate actions that come along), fundamentals, filings, identifiers, macro (series of the economy), trades or documents.';
