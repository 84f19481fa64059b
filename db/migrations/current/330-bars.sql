-- Bars of every length from many providers: who they are, what each said of a bar, and which differences count.
alter table market.price_data drop constraint if exists price_data_bar_interval_check;
alter table market.price_data add constraint price_data_bar_interval_check
  check (bar_interval ~ '^([1-9][0-9]{0,3}m|[1-9][0-9]?h|[1-9][0-9]?d|1w|1mo)$');
comment on column market.price_data.bar_interval is 'Length of the bar, as market.bar_interval writes it: minutes (1m, 45m, 90m), hours (1h, 4h), days (1d, 3d), 1w or 1mo.';
comment on column market.price_data.ts is 'Start of the bar: its moment where it is shorter than a day, else midnight UTC of session_date, which for a week is its first day (Monday on exchanges) and for a month the first.';
comment on column market.price_data.session_date is 'Local date of the exchange on which the bar begins (UTC for crypto and currencies).';
comment on column market.price_data.volume is 'Units traded; 0 where the provider sends none, as for currencies and indices.';

alter table ingest.provider add column if not exists price_basis text not null default 'raw';
alter table ingest.provider drop constraint if exists provider_price_basis_check;
alter table ingest.provider add constraint provider_price_basis_check check (price_basis in ('raw', 'split', 'total'));
comment on column ingest.provider.price_basis is
'raw: its prices are those of the trades of the day. split: it divides the prices of the past by every later split. total: also by every later dividend. Its adjusted_close takes splits and dividends into account on any basis.';

insert into ingest.provider (provider, title, priority, hosts, api_key_variable, requests_per_minute, terms, price_basis)
values
  ('tiingo', 'Tiingo', 40, '{api.tiingo.com}', 'MARKETBASE_TIINGO_KEY', 10, 'Free for personal use with a key, 50 requests an hour; a licence is needed to pass data on.', 'raw'),
  ('polygon', 'Polygon (Massive)', 41, '{api.polygon.io,api.massive.com}', 'MARKETBASE_POLYGON_KEY', 5, 'With a key and within the terms of the plan; five requests a minute without a paid one.', 'raw'),
  ('twelvedata', 'Twelve Data', 42, '{api.twelvedata.com}', 'MARKETBASE_TWELVEDATA_KEY', 8, 'With a key and within the terms of the plan; eight requests a minute and 800 a day without a paid one.', 'split'),
  ('alphavantage', 'Alpha Vantage', 43, '{www.alphavantage.co}', 'MARKETBASE_ALPHAVANTAGE_KEY', 5, 'With a key and within the terms of the plan; 25 requests a day without a paid one.', 'raw'),
  ('stooq', 'Stooq', 44, '{stooq.com}', 'MARKETBASE_STOOQ_KEY', 6, 'For personal use; a limit of requests a day.', 'total'),
  ('binance', 'Binance', 50, '{api.binance.com,data-api.binance.vision}', null, 600, 'Public market data, without a key; not offered in every country.', 'raw'),
  ('coinbase', 'Coinbase Exchange', 51, '{api.exchange.coinbase.com}', null, 300, 'Public market data, without a key.', 'raw'),
  ('kraken', 'Kraken', 52, '{api.kraken.com}', null, 60, 'Public market data, without a key.', 'raw')
on conflict (provider) do update
set title = excluded.title, priority = excluded.priority, hosts = excluded.hosts, api_key_variable = excluded.api_key_variable,
  requests_per_minute = excluded.requests_per_minute, terms = excluded.terms, price_basis = excluded.price_basis;
update ingest.provider set price_basis = 'split' where provider in ('yahoo', 'sample') and price_basis <> 'split';

create table if not exists ingest.field_tolerance (
  field text primary key,
  tolerance double precision not null,
  reason text not null,
  constraint field_tolerance_field_check check (field in ('open', 'high', 'low', 'close', 'volume', 'adjusted_close')),
  constraint field_tolerance_tolerance_check check (tolerance >= 0 and tolerance < 1)
);
comment on table ingest.field_tolerance is
'How far a value that a provider sends again may lie from the stored one without being a restatement. ingest.accept_bars reads it; what lies within makes no version.';
comment on column ingest.field_tolerance.field is 'Field of a bar.';
comment on column ingest.field_tolerance.tolerance is 'Greatest difference as a part of the stored value; 0: equal to the bit.';
comment on column ingest.field_tolerance.reason is 'Why.';

insert into ingest.field_tolerance (field, tolerance, reason)
values
  ('open', 0, 'A provider sends the same double again as long as it means the same; one tick of a high price can be less than one part in ten million.'),
  ('high', 0, 'As open.'),
  ('low', 0, 'As open.'),
  ('close', 0, 'As open.'),
  ('volume', 0, 'Volumes are counted, not computed.'),
  ('adjusted_close', 1e-6,
    'Yahoo computes it anew for each request in single precision: one window of PM fetched six times gives values up to 1.5e-5 apart at 70 dollars. A dividend moves it by more.')
on conflict (field) do nothing;

create table if not exists market.price_observation (
  instrument_id bigint not null references market.instrument,
  bar_interval text not null,
  ts timestamptz not null,
  provider text not null references ingest.provider,
  known_from timestamptz not null,
  session_date date not null,
  open double precision not null,
  high double precision not null,
  low double precision not null,
  close double precision not null,
  volume double precision not null,
  adjusted_close double precision,
  recorded_at timestamptz not null default now(),
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, bar_interval, ts, provider, known_from)
);
create index if not exists price_observation_provider_idx on market.price_observation (provider);
create index if not exists price_observation_raw_response_id_idx on market.price_observation (raw_response_id);
create index if not exists price_observation_run_id_idx on market.price_observation (run_id);
comment on table market.price_observation is
'What providers said of a bar without it becoming the current one: a provider of lower priority, one that agreed, an older body that said something else. Append-only. Empty as long as one provider speaks of an instrument;
market.price_statement has these together with what did become current.';
comment on column market.price_observation.instrument_id is 'Instrument.';
comment on column market.price_observation.bar_interval is 'Length of the bar.';
comment on column market.price_observation.ts is 'Start of the bar, as in market.price_data.';
comment on column market.price_observation.provider is 'Who said it.';
comment on column market.price_observation.known_from is 'When the body arrived in which it was said.';
comment on column market.price_observation.session_date is 'Local date of the session.';
comment on column market.price_observation.open is 'First price.';
comment on column market.price_observation.high is 'Highest price.';
comment on column market.price_observation.low is 'Lowest price.';
comment on column market.price_observation.close is 'Last price.';
comment on column market.price_observation.volume is 'Units traded; 0 where the provider sends none.';
comment on column market.price_observation.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column market.price_observation.recorded_at is 'When marketbase stored it.';
comment on column market.price_observation.raw_response_id is 'The body.';
comment on column market.price_observation.run_id is 'Run that read it.';

drop type if exists ingest.bar_reading cascade;
create type ingest.bar_reading as (
  row_no bigint,
  starts_at timestamptz,
  session_date date,
  open text,
  high text,
  low text,
  close text,
  volume text,
  adjusted_close text,
  source jsonb
);
comment on type ingest.bar_reading is 'A bar as a normaliser finds it in a body: its time understood, its numbers still as they are written. ingest.add_bars makes candidates of them.';
comment on column ingest.bar_reading.row_no is 'Position in the body, from 1.';
comment on column ingest.bar_reading.starts_at is 'Start of a bar shorter than a day; null where it could not be read, and for longer bars.';
comment on column ingest.bar_reading.session_date is 'First day of a bar of a day or longer; null where it could not be read, and for shorter bars.';
comment on column ingest.bar_reading.open is 'First price, as written.';
comment on column ingest.bar_reading.high is 'Highest price, as written.';
comment on column ingest.bar_reading.low is 'Lowest price, as written.';
comment on column ingest.bar_reading.close is 'Last price, as written.';
comment on column ingest.bar_reading.volume is 'Units traded, as written.';
comment on column ingest.bar_reading.adjusted_close is 'Adjusted close, as written; null where there is none.';
comment on column ingest.bar_reading.source is 'The row as it stands in the body.';

drop type if exists quality.other_statement cascade;
create type quality.other_statement as (
  instrument_id bigint,
  bar_interval text,
  ts timestamptz,
  session_date date,
  current_provider text,
  provider text,
  said_at timestamptz,
  current_values double precision[],
  said_values double precision[]
);
comment on type quality.other_statement is 'What another provider than the current one last said of a bar.';
comment on column quality.other_statement.instrument_id is 'Instrument.';
comment on column quality.other_statement.bar_interval is 'Length of the bar.';
comment on column quality.other_statement.ts is 'Start of the bar.';
comment on column quality.other_statement.session_date is 'Local date of the session.';
comment on column quality.other_statement.current_provider is 'Provider of the current bar.';
comment on column quality.other_statement.provider is 'The other provider.';
comment on column quality.other_statement.said_at is 'When it said so.';
comment on column quality.other_statement.current_values is 'Open, high, low, close and volume of the current bar.';
comment on column quality.other_statement.said_values is 'The same as the other provider said them, on the basis of the current bar; a volume is null where one of them has none.';
