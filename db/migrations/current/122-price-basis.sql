-- A body may say on which basis its prices are, where that is not the one of its provider.
alter table ingest.raw_response add column if not exists price_basis text;
alter table ingest.raw_response add column if not exists splits_adjusted_to date;
alter table ingest.raw_response drop constraint if exists raw_response_price_basis_check;
alter table ingest.raw_response add constraint raw_response_price_basis_check
  check (price_basis in ('raw', 'split', 'total') and (splits_adjusted_to is null or price_basis <> 'raw'));
comment on column ingest.raw_response.price_basis is
'What its prices of the past are adjusted for: raw (as traded), split, or total (splits and dividends); null: as ingest.provider.price_basis says.';
comment on column ingest.raw_response.splits_adjusted_to is
'Until which ex-date the splits (and with total the dividends) are counted in its prices; null: as ingest.provider.splits_adjusted_to says, else until it arrived.';
