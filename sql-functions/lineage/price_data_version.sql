-- Every version of every bar, current and closed, with the span in which marketbase held it.
create or replace view lineage.price_data_version with (security_invoker = true) as
select instrument_id, bar_interval, ts, version, raw_response_id, run_id, recorded_at, 'infinity'::timestamptz as closed_at
from market.price_data
union all
select instrument_id, bar_interval, ts, version, raw_response_id, run_id, recorded_at, closed_at
from market.price_data_history;

comment on view lineage.price_data_version is
E'@behavior -select -connection -list\nEvery version of every bar, current and closed, without its prices: what traces walk along. market.price_data_version has the prices.';
comment on column lineage.price_data_version.instrument_id is 'Instrument.';
comment on column lineage.price_data_version.bar_interval is 'Length of the bar.';
comment on column lineage.price_data_version.ts is 'Start of the bar.';
comment on column lineage.price_data_version.version is 'Number of the version, from 1.';
comment on column lineage.price_data_version.raw_response_id is 'Body from which it was read.';
comment on column lineage.price_data_version.run_id is 'Run that made it.';
comment on column lineage.price_data_version.recorded_at is 'When it was stored.';
comment on column lineage.price_data_version.closed_at is 'When it was closed; infinity for the current one.';

grant select on lineage.price_data_version to marketbase_reader;
