-- Every version of every bar, with the time during which it was the one to know.
create or replace view market.price_data_version with (security_invoker = true) as
select
  version.instrument_id, instrument.symbol, version.bar_interval, version.ts, version.version, version.session_date,
  version.open, version.high, version.low, version.close, version.volume, version.adjusted_close,
  version.known_from, version.known_to, version.recorded_at, version.closed_at, version.provider, version.raw_response_id, version.run_id
from (
  select
    instrument_id, bar_interval, ts, version, session_date, open, high, low, close, volume, adjusted_close,
    known_from, null::timestamptz as known_to, recorded_at, null::timestamptz as closed_at, provider, raw_response_id, run_id
  from market.price_data
  union all
  select
    instrument_id, bar_interval, ts, version, session_date, open, high, low, close, volume, adjusted_close,
    known_from, known_to, recorded_at, closed_at, provider, raw_response_id, run_id
  from market.price_data_history
) as version
join market.instrument using (instrument_id);

comment on view market.price_data_version is
'Every version of every bar: the current ones of market.price_data and the closed ones of market.price_data_history. The version to know at a moment t is the one with known_from <= t and (known_to is null or t < known_to).';
comment on column market.price_data_version.instrument_id is 'Instrument.';
comment on column market.price_data_version.symbol is 'Symbol of the instrument.';
comment on column market.price_data_version.bar_interval is 'Length of the bar.';
comment on column market.price_data_version.ts is 'Start of the bar; for daily and longer bars midnight UTC of session_date.';
comment on column market.price_data_version.version is 'Number of the version, from 1.';
comment on column market.price_data_version.session_date is 'Local date of the session.';
comment on column market.price_data_version.open is 'First price.';
comment on column market.price_data_version.high is 'Highest price.';
comment on column market.price_data_version.low is 'Lowest price.';
comment on column market.price_data_version.close is 'Last price.';
comment on column market.price_data_version.volume is 'Units traded.';
comment on column market.price_data_version.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column market.price_data_version.known_from is 'From when this version could be known.';
comment on column market.price_data_version.known_to is 'Until when it was the one to know (excluded); null for the current one.';
comment on column market.price_data_version.recorded_at is 'When marketbase stored this version.';
comment on column market.price_data_version.closed_at is 'When marketbase closed this version; null for the current one.';
comment on column market.price_data_version.provider is 'Provider of this version.';
comment on column market.price_data_version.raw_response_id is 'The body from which it was read.';
comment on column market.price_data_version.run_id is 'Run that made it.';

grant select on market.price_data_version to marketbase_reader;
