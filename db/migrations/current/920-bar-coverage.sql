-- Bodies of earlier releases answered at least for the bars that they brought.
insert into ingest.bar_coverage (instrument_id, bar_interval, raw_response_id, provider, fetched_at, covered_from, covered_until)
select
  brought.instrument_id, brought.bar_interval, brought.raw_response_id, response.provider, response.fetched_at, brought.first_ts,
  ingest.covered_until(brought.bar_interval, brought.last_ts, response.fetched_at, response.fetched_at)
from (
  select bar.instrument_id, bar.bar_interval, bar.raw_response_id, min(bar.ts) as first_ts, max(bar.ts) as last_ts
  from market.price_data bar
  group by bar.instrument_id, bar.bar_interval, bar.raw_response_id
) as brought
join ingest.raw_response response using (raw_response_id)
on conflict (instrument_id, bar_interval, raw_response_id) do nothing;
