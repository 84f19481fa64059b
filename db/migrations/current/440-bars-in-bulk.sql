-- Bars come in bulk: their references are looked up once for a statement (market.require_references), and rows of one body and of one run lie
-- together, so that block ranges find them.
alter table market.price_data alter constraint price_data_instrument_id_fkey not enforced;
alter table market.price_data alter constraint price_data_provider_fkey not enforced;
alter table market.price_data alter constraint price_data_raw_response_id_fkey not enforced;
alter table market.price_data alter constraint price_data_run_id_fkey not enforced;
-- History is written by a trigger from rows of the table above.
alter table market.price_data_history alter constraint price_data_history_instrument_id_fkey not enforced;
alter table market.price_data_history alter constraint price_data_history_provider_fkey not enforced;
alter table market.price_data_history alter constraint price_data_history_raw_response_id_fkey not enforced;
alter table market.price_data_history alter constraint price_data_history_run_id_fkey not enforced;

drop index if exists market.price_data_provider_idx, market.price_data_raw_response_id_idx, market.price_data_run_id_idx;
create index price_data_provider_idx on market.price_data using brin (provider) with (autosummarize = on);
create index price_data_raw_response_id_idx on market.price_data using brin (raw_response_id) with (autosummarize = on);
create index price_data_run_id_idx on market.price_data using brin (run_id) with (autosummarize = on);
