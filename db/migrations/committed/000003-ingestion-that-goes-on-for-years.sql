--! Previous: sha1:619119b930ffbf17251a8d379a9692896119170b
--! Hash: sha1:307590c07f8c4ca41b99f5b3348fb742f565c4ca
--! Message: Ingestion that goes on for years

--! split: 1-current.sql
-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.

--! split: 300-online.sql
-- A value of Redis is put together where it is read, in feature.online_vectors: a function of its own was not inlined and wrote every digit twice.
drop function if exists feature.online_vectors(bigint[], bigint[]);
drop function if exists feature.packed_vector(bigint, bigint, bigint, timestamptz, timestamptz, integer, double precision[]);

--! split: 320-look-ahead-of-comparisons.sql
-- The times of a look-ahead probe depend on whether a set compares instruments.
drop function if exists feature.probe_times(bigint[], text, integer, integer, bigint);

--! split: 330-bars.sql
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

--! split: 350-facts.sql
-- Filings, identifiers and macro series beside bars and facts.
alter table ingest.raw_response drop constraint if exists raw_response_dataset_check;
alter table ingest.raw_response add constraint raw_response_dataset_check check (
  dataset in ('bars', 'actions', 'fundamentals', 'filings', 'identifiers', 'macro', 'sessions', 'members', 'trades', 'documents')
);
comment on column ingest.raw_response.dataset is
'What was asked for: bars (with the corporate actions that come along), actions, fundamentals, filings, identifiers, macro (series of the economy), sessions of an exchange, members of a universe, trades or documents.';

-- When a fact could be known, where the provider says it to the minute.
alter table ingest.candidate_fact add column if not exists known_from timestamptz;
comment on column ingest.candidate_fact.known_from is
'From when the fact could be known, where the body says it; null where the filing or the day after filed decides.';
comment on column market.company_fundamental.known_from is
'From when it could be known: when the filing was accepted, where market.filing or the body says so, else the start of the day after filing, New York time; where a provider names no filing, when its body arrived.';
comment on column market.company_fundamental.accession is
'Accession number of the filing that first said this value; of a provider that names no filing, the name of its own report.';
comment on column market.company_fundamental.filed is 'Date of that filing; of a provider that does not say it, the day on which its body arrived.';
comment on column ingest.fact_value.known_from is 'From when the value could be known.';

create table if not exists market.filer (
  cik text primary key,
  name text not null,
  entity_type text,
  sic text,
  fiscal_year_end text,
  former_names jsonb not null default '[]',
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  constraint filer_cik_check check (cik ~ '^[0-9]{10}$'),
  constraint filer_former_names_check check (jsonb_typeof(former_names) = 'array')
);
create index if not exists filer_raw_response_id_idx on market.filer (raw_response_id);
create index if not exists filer_run_id_idx on market.filer (run_id);
comment on table market.filer is 'Who files with the SEC, as its list of filings last described them.';
comment on column market.filer.cik is 'Central index key, ten digits.';
comment on column market.filer.name is 'Name, character by character as the SEC has it.';
comment on column market.filer.entity_type is 'Such as operating or other.';
comment on column market.filer.sic is 'Standard industrial classification, four digits.';
comment on column market.filer.fiscal_year_end is 'Month and day on which the fiscal year usually ends, MMDD.';
comment on column market.filer.former_names is 'Earlier names: a list of objects with name, from and to.';
comment on column market.filer.raw_response_id is 'The body from which it was read.';
comment on column market.filer.run_id is 'Run that read it.';

create table if not exists market.filing (
  accession text not null,
  cik text not null,
  form text not null,
  filed date not null,
  report_date date,
  accepted timestamptz,
  known_from timestamptz not null,
  items text,
  primary_document text,
  recorded_at timestamptz not null default now(),
  provider text not null references ingest.provider,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (accession, cik),
  constraint filing_accession_check check (accession ~ '^[0-9]{10}-[0-9]{2}-[0-9]{6}$'),
  constraint filing_cik_check check (cik ~ '^[0-9]{10}$')
);
create index if not exists filing_cik_idx on market.filing (cik, filed);
create index if not exists filing_provider_idx on market.filing (provider);
create index if not exists filing_raw_response_id_idx on market.filing (raw_response_id);
create index if not exists filing_run_id_idx on market.filing (run_id);
comment on table market.filing is 'What was filed with the SEC, and from when it was public. A filing can belong to several filers.';
comment on column market.filing.accession is 'Accession number.';
comment on column market.filing.cik is 'Central index key of the filer under which it is listed.';
comment on column market.filing.form is 'Form, such as 10-K.';
comment on column market.filing.filed is 'Date of filing, as the SEC counts it.';
comment on column market.filing.report_date is 'Last day of the period reported on, where the form has one.';
comment on column market.filing.accepted is 'When EDGAR accepted it; null where only the date is known.';
comment on column market.filing.known_from is 'From when it was public: see market.filing_known_from.';
comment on column market.filing.items is 'Items of a form 8-K, separated by commas.';
comment on column market.filing.primary_document is 'File name of the main document.';
comment on column market.filing.recorded_at is 'When marketbase stored it.';
comment on column market.filing.provider is 'Provider.';
comment on column market.filing.raw_response_id is 'The body from which it was read.';
comment on column market.filing.run_id is 'Run that made it.';

create table if not exists market.company_ticker (
  ticker text not null,
  cik text not null,
  name text not null,
  exchange text,
  known_from timestamptz not null,
  known_to timestamptz,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (ticker, cik, known_from),
  constraint company_ticker_cik_check check (cik ~ '^[0-9]{10}$'),
  constraint company_ticker_known_check check (known_to > known_from)
);
create index if not exists company_ticker_cik_idx on market.company_ticker (cik);
create index if not exists company_ticker_raw_response_id_idx on market.company_ticker (raw_response_id);
create index if not exists company_ticker_run_id_idx on market.company_ticker (run_id);
comment on table market.company_ticker is 'Which company stood behind a ticker in the SEC''s list of tickers, and while the list said so. A ticker that goes to another company closes one row and opens another.';
comment on column market.company_ticker.ticker is 'Ticker in capitals, share classes after a hyphen, such as BRK-B.';
comment on column market.company_ticker.cik is 'Central index key of the company, ten digits.';
comment on column market.company_ticker.name is 'Name of the company in that list.';
comment on column market.company_ticker.exchange is 'Exchange, where the list names it.';
comment on column market.company_ticker.known_from is 'When the first list that said so arrived.';
comment on column market.company_ticker.known_to is 'When the first list that no longer said so arrived; null while it does.';
comment on column market.company_ticker.raw_response_id is 'The body that first said so.';
comment on column market.company_ticker.run_id is 'Run that read it.';

create table if not exists market.macro_series (
  series text primary key,
  provider text not null references ingest.provider,
  title text,
  units text,
  frequency text,
  seasonal_adjustment text,
  last_updated timestamptz,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  constraint macro_series_name_check check (series ~ '^[A-Z0-9][A-Z0-9_.-]{0,63}$')
);
create index if not exists macro_series_provider_idx on market.macro_series (provider);
create index if not exists macro_series_raw_response_id_idx on market.macro_series (raw_response_id);
create index if not exists macro_series_run_id_idx on market.macro_series (run_id);
comment on table market.macro_series is 'Series of the economy, such as DGS10 or GDP; their values are in market.macro_observation.';
comment on column market.macro_series.series is 'Name at the provider, in capitals.';
comment on column market.macro_series.provider is 'Provider.';
comment on column market.macro_series.title is 'Title; null until a description of the series has come.';
comment on column market.macro_series.units is 'Units of the values; null as title.';
comment on column market.macro_series.frequency is 'Such as Daily or Monthly; null as title.';
comment on column market.macro_series.seasonal_adjustment is 'Whether and how it is adjusted for seasons; null as title.';
comment on column market.macro_series.last_updated is 'When the provider last changed it, as it said; null as title.';
comment on column market.macro_series.raw_response_id is 'The body from which this was last read.';
comment on column market.macro_series.run_id is 'Run that last read it.';

create table if not exists market.macro_observation (
  series text not null references market.macro_series,
  observation_date date not null,
  known_from timestamptz not null,
  value numeric,
  vintage_date date not null,
  recorded_at timestamptz not null default now(),
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (series, observation_date, known_from)
);
create index if not exists macro_observation_raw_response_id_idx on market.macro_observation (raw_response_id);
create index if not exists macro_observation_run_id_idx on market.macro_observation (run_id);
comment on table market.macro_observation is
'Every vintage of every observation: a row is added when a value changes and none is ever changed, so the value to know at t is that of the last row with known_from <= t. See market.macro_as_of.';
comment on column market.macro_observation.series is 'Series.';
comment on column market.macro_observation.observation_date is 'First day of the period that the value is about; the day itself of a daily series.';
comment on column market.macro_observation.known_from is 'From when the value could be known: the start of the day after vintage_date, New York time, or the arrival of the body where that came first.';
comment on column market.macro_observation.value is 'The value in the units of the series; null where the provider says that there is none, such as on a holiday.';
comment on column market.macro_observation.vintage_date is 'First day on which the provider showed the value, as far as the request let it tell.';
comment on column market.macro_observation.recorded_at is 'When marketbase stored it.';
comment on column market.macro_observation.raw_response_id is 'The body from which it was read.';
comment on column market.macro_observation.run_id is 'Run that made it.';

create table if not exists ingest.provider_field (
  provider text not null references ingest.provider,
  report text not null,
  field text not null,
  measure text not null,
  primary key (provider, report, field),
  constraint provider_field_measure_check check (measure in ('money', 'money per share', 'shares', 'ratio', 'none'))
);
comment on table ingest.provider_field is 'In what a provider measures the fields of its reports: rows, so that a new field needs no new code. Where several rows fit a field the longest counts; a field that none fits is left out.';
comment on column ingest.provider_field.provider is 'Provider.';
comment on column ingest.provider_field.report is 'Report, such as income-statement, as the normaliser of the provider names it.';
comment on column ingest.provider_field.field is 'Name of the field; % stands for any characters.';
comment on column ingest.provider_field.measure is 'money (unit: the currency of the report), money per share, shares, ratio (unit pure), or none where the field is no fact.';

create table if not exists market.statement_item (
  statement text not null,
  position integer not null,
  item text not null,
  measure text not null,
  title text not null,
  primary key (statement, position),
  unique (statement, item),
  constraint statement_item_statement_check check (statement in ('income', 'balance', 'cash_flow')),
  constraint statement_item_measure_check check (measure in ('flow', 'balance', 'flow per share', 'average shares', 'shares'))
);
comment on table market.statement_item is 'The lines of the three statements of a company, in their order.';
comment on column market.statement_item.statement is 'income, balance or cash_flow.';
comment on column market.statement_item.position is 'Place in the statement.';
comment on column market.statement_item.item is 'Name of the line, such as net_income; where market.fundamental_concept has the figure, by the same name.';
comment on column market.statement_item.measure is
'flow: money over a period, adds up; balance: money at a moment; flow per share; average shares: a mean over a period, does not add up; shares: a number at a moment.';
comment on column market.statement_item.title is 'What it is, in a few words.';

create table if not exists market.statement_tag (
  item text not null,
  priority integer not null,
  taxonomy text not null,
  tag text not null,
  weight integer not null default 1,
  primary key (item, priority, taxonomy, tag),
  constraint statement_tag_priority_check check (priority > 0),
  constraint statement_tag_weight_check check (weight in (-1, 1))
);
comment on table market.statement_tag is
'Under which tags companies report a line, and under which fields providers give it, in order of preference within a taxonomy. Tags of one priority and taxonomy are added up and are all needed.';
comment on column market.statement_tag.item is 'Line, from market.statement_item.';
comment on column market.statement_tag.priority is 'The lowest number is preferred where several are reported.';
comment on column market.statement_tag.taxonomy is 'Taxonomy of the tag (us-gaap, ifrs-full), or the provider whose field it is.';
comment on column market.statement_tag.tag is 'The tag or field: market.company_fundamental.concept.';
comment on column market.statement_tag.weight is '1 where it is added, -1 where it is taken away: a provider may count payments as negative.';

drop type if exists market.statement_line cascade;
create type market.statement_line as (
  statement text,
  period_start date,
  period_end date,
  position integer,
  item text,
  title text,
  value numeric,
  unit text,
  basis text,
  tag text,
  filed date,
  known_from timestamptz
);
comment on type market.statement_line is 'A line of a statement of a company, as known at a moment.';
comment on column market.statement_line.statement is 'income, balance or cash_flow.';
comment on column market.statement_line.period_start is 'First day of the period; of a balance its day.';
comment on column market.statement_line.period_end is 'Last day of the period.';
comment on column market.statement_line.position is 'Place of the line in the statement.';
comment on column market.statement_line.item is 'Name of the line.';
comment on column market.statement_line.title is 'What it is.';
comment on column market.statement_line.value is 'Value, not scaled.';
comment on column market.statement_line.unit is 'Currency, currency/shares or shares.';
comment on column market.statement_line.basis is 'filed; year to date (less the year to date a quarter before); year less quarters (the year less its other three); four quarters (their sum or mean).';
comment on column market.statement_line.tag is 'The tag, or how tags are added up.';
comment on column market.statement_line.filed is 'Date of the filing; of several the latest.';
comment on column market.statement_line.known_from is 'From when all of it could be known.';

insert into ingest.provider (provider, title, priority, hosts, api_key_variable, requests_per_minute, terms)
values
  ('fmp', 'Financial Modeling Prep', 81, '{financialmodelingprep.com}', 'MARKETBASE_FMP_KEY', 240,
    'Under the terms of the plan that belongs to the key; the free one allows 250 requests a day.'),
  ('fred', 'Federal Reserve Bank of St. Louis, FRED and ALFRED', 82, '{api.stlouisfed.org}', 'MARKETBASE_FRED_KEY', 100,
    'Under the terms of use of the FRED API; some series belong to others, whom their notes name. Neither endorsed nor certified by the Federal Reserve Bank of St. Louis.')
on conflict (provider) do update
set title = excluded.title, priority = excluded.priority, hosts = excluded.hosts, api_key_variable = excluded.api_key_variable,
  requests_per_minute = excluded.requests_per_minute, terms = excluded.terms;

--! split: 351-provider-fields.sql
-- In what the providers measure the fields of their reports.
insert into ingest.provider_field (provider, report, field, measure)
values
  ('fmp', 'income-statement', '%', 'money'),
  ('fmp', 'income-statement', '%ratio', 'ratio'),
  ('fmp', 'income-statement', '%Ratio', 'ratio'),
  ('fmp', 'income-statement', 'eps%', 'money per share'),
  ('fmp', 'income-statement', 'weightedAverageShs%', 'shares'),
  ('fmp', 'balance-sheet-statement', '%', 'money'),
  ('fmp', 'cash-flow-statement', '%', 'money'),
  ('fmp', 'financials', '%', 'money'),
  ('fmp', 'financials', '%Growth', 'ratio'),
  ('fmp', 'financials', '%Margin', 'ratio'),
  ('fmp', 'financials', '%margin', 'ratio'),
  ('fmp', 'financials', '%/Marketcap', 'ratio'),
  ('fmp', 'financials', 'EPS%', 'money per share'),
  ('fmp', 'financials', '%per Share', 'money per share'),
  ('fmp', 'financials', 'Weighted Average Shs%', 'shares'),
  ('fmp', 'ratios', '%', 'ratio'),
  ('fmp', 'ratios', '%PerShare', 'money per share'),
  ('fmp', 'financial-growth', '%', 'ratio'),
  ('fmp', 'key-metrics', '%', 'ratio'),
  ('fmp', 'key-metrics', '%PerShare', 'money per share'),
  ('fmp', 'key-metrics', 'marketCap', 'money'),
  ('fmp', 'key-metrics', 'enterpriseValue', 'money'),
  ('fmp', 'key-metrics', 'workingCapital', 'money'),
  ('fmp', 'key-metrics', 'tangibleAssetValue', 'money'),
  ('fmp', 'key-metrics', 'netCurrentAssetValue', 'money'),
  ('fmp', 'key-metrics', 'averageReceivables', 'money'),
  ('fmp', 'key-metrics', 'averagePayables', 'money'),
  ('fmp', 'key-metrics', 'averageInventory', 'money'),
  ('fmp', 'key-metrics', 'grahamNumber', 'money per share'),
  ('fmp', 'key-metrics', 'grahamNetNet', 'money per share'),
  ('fmp', 'enterprise-values', '%', 'money'),
  ('fmp', 'enterprise-values', 'stockPrice', 'none'),
  ('fmp', 'enterprise-values', 'numberOfShares', 'shares'),
  ('fmp', 'quote', 'marketCap', 'money'),
  ('fmp', 'quote', 'sharesOutstanding', 'shares'),
  ('fmp', 'profile', 'mktCap', 'money'),
  ('fmp', 'profile', 'marketCap', 'money'),
  ('alphavantage', 'INCOME_STATEMENT', '%', 'money'),
  ('alphavantage', 'BALANCE_SHEET', '%', 'money'),
  ('alphavantage', 'BALANCE_SHEET', 'commonStockSharesOutstanding', 'shares'),
  ('alphavantage', 'CASH_FLOW', '%', 'money'),
  ('alphavantage', 'EARNINGS', 'reportedEPS', 'money per share'),
  ('alphavantage', 'OVERVIEW', 'MarketCapitalization', 'money'),
  ('alphavantage', 'OVERVIEW', 'SharesOutstanding', 'shares'),
  ('alphavantage', 'OVERVIEW TTM', 'RevenueTTM', 'money'),
  ('alphavantage', 'OVERVIEW TTM', 'GrossProfitTTM', 'money'),
  ('alphavantage', 'OVERVIEW TTM', 'EBITDA', 'money'),
  ('alphavantage', 'OVERVIEW TTM', 'DilutedEPSTTM', 'money per share'),
  ('tiingo', 'incomeStatement', '%', 'money'),
  ('tiingo', 'incomeStatement', 'eps%', 'money per share'),
  ('tiingo', 'incomeStatement', 'shareswa%', 'shares'),
  ('tiingo', 'balanceSheet', '%', 'money'),
  ('tiingo', 'balanceSheet', 'sharesBasic', 'shares'),
  ('tiingo', 'cashFlow', '%', 'money'),
  ('tiingo', 'overview', '%', 'ratio'),
  ('tiingo', 'overview', 'rps', 'money per share'),
  ('tiingo', 'overview', 'bvps', 'money per share'),
  ('tiingo', 'overview', 'bookVal', 'money'),
  ('tiingo', 'overview', 'marketCap', 'money'),
  ('tiingo', 'overview', 'enterpriseVal', 'money'),
  ('tiingo', 'daily', '%', 'ratio'),
  ('tiingo', 'daily', 'marketCap', 'money'),
  ('tiingo', 'daily', 'enterpriseVal', 'money')
on conflict (provider, report, field) do nothing;

-- What names and dates a report is no fact.
insert into ingest.provider_field (provider, report, field, measure)
select known.provider, known.report, field, 'none'
from (select distinct provider, report from ingest.provider_field where field = '%') as known
cross join unnest('{symbol,date,cik,period,calendarYear,fiscalYear,reportedCurrency,fillingDate,filingDate,acceptedDate,link,finalLink,fiscalDateEnding,year,quarter}'::text[]) as field
on conflict (provider, report, field) do nothing;

--! split: 352-statements.sql
-- The lines of the statements, and under which tags and fields they are reported; rows that a user has added stay.
insert into market.statement_item (statement, position, item, measure, title)
values
  ('income', 10, 'revenue', 'flow', 'Revenue'),
  ('income', 20, 'cost_of_revenue', 'flow', 'Cost of revenue'),
  ('income', 30, 'gross_profit', 'flow', 'Gross profit'),
  ('income', 40, 'research_and_development', 'flow', 'Research and development'),
  ('income', 50, 'selling_general_administrative', 'flow', 'Selling, general and administrative'),
  ('income', 60, 'operating_expenses', 'flow', 'Operating expenses'),
  ('income', 70, 'operating_income', 'flow', 'Operating income'),
  ('income', 80, 'interest_income', 'flow', 'Interest and investment income'),
  ('income', 90, 'interest_expense', 'flow', 'Interest expense'),
  ('income', 100, 'other_income', 'flow', 'Other income and expense, net'),
  ('income', 110, 'pretax_income', 'flow', 'Income before taxes'),
  ('income', 120, 'income_tax', 'flow', 'Income taxes'),
  ('income', 130, 'net_income', 'flow', 'Net income'),
  ('income', 140, 'eps_basic', 'flow per share', 'Earnings per share, basic'),
  ('income', 150, 'eps_diluted', 'flow per share', 'Earnings per share, diluted'),
  ('income', 160, 'dividends_per_share', 'flow per share', 'Dividends declared per share'),
  ('income', 170, 'shares_basic', 'average shares', 'Average shares, basic'),
  ('income', 180, 'shares_diluted', 'average shares', 'Average shares, diluted'),
  ('balance', 10, 'cash', 'balance', 'Cash and cash equivalents'),
  ('balance', 20, 'short_term_investments', 'balance', 'Marketable securities, current'),
  ('balance', 30, 'receivables', 'balance', 'Accounts receivable'),
  ('balance', 40, 'inventory', 'balance', 'Inventories'),
  ('balance', 50, 'other_current_assets', 'balance', 'Other current assets'),
  ('balance', 60, 'current_assets', 'balance', 'Current assets'),
  ('balance', 70, 'long_term_investments', 'balance', 'Marketable securities and investments, non-current'),
  ('balance', 80, 'property_plant_equipment', 'balance', 'Property, plant and equipment, net'),
  ('balance', 90, 'operating_lease_assets', 'balance', 'Operating lease assets'),
  ('balance', 100, 'goodwill', 'balance', 'Goodwill'),
  ('balance', 110, 'intangible_assets', 'balance', 'Intangible assets without goodwill, net'),
  ('balance', 120, 'deferred_tax_assets', 'balance', 'Deferred tax assets'),
  ('balance', 130, 'other_assets', 'balance', 'Other non-current assets'),
  ('balance', 140, 'total_assets', 'balance', 'Total assets'),
  ('balance', 150, 'accounts_payable', 'balance', 'Accounts payable'),
  ('balance', 160, 'short_term_debt', 'balance', 'Short-term debt'),
  ('balance', 170, 'deferred_revenue', 'balance', 'Deferred revenue, current'),
  ('balance', 180, 'other_current_liabilities', 'balance', 'Other current liabilities'),
  ('balance', 190, 'current_liabilities', 'balance', 'Current liabilities'),
  ('balance', 200, 'long_term_debt_noncurrent', 'balance', 'Long-term debt, non-current'),
  ('balance', 210, 'other_liabilities', 'balance', 'Other non-current liabilities'),
  ('balance', 220, 'total_liabilities', 'balance', 'Total liabilities'),
  ('balance', 230, 'temporary_equity', 'balance', 'Redeemable interests between liabilities and equity'),
  ('balance', 240, 'common_stock', 'balance', 'Common stock and paid-in capital'),
  ('balance', 250, 'retained_earnings', 'balance', 'Retained earnings'),
  ('balance', 260, 'treasury_stock', 'balance', 'Treasury stock'),
  ('balance', 270, 'accumulated_other_comprehensive_income', 'balance', 'Accumulated other comprehensive income'),
  ('balance', 280, 'equity', 'balance', 'Equity of the shareholders'),
  ('balance', 290, 'noncontrolling_interest', 'balance', 'Non-controlling interests'),
  ('balance', 300, 'total_equity', 'balance', 'Total equity'),
  ('balance', 310, 'liabilities_and_equity', 'balance', 'Total liabilities and equity'),
  ('balance', 320, 'shares_issued_outstanding', 'shares', 'Shares outstanding'),
  ('cash_flow', 10, 'net_income', 'flow', 'Net income'),
  ('cash_flow', 20, 'depreciation_amortization', 'flow', 'Depreciation and amortisation'),
  ('cash_flow', 30, 'stock_compensation', 'flow', 'Stock-based compensation'),
  ('cash_flow', 40, 'deferred_taxes', 'flow', 'Deferred income taxes'),
  ('cash_flow', 50, 'change_in_receivables', 'flow', 'Increase in receivables'),
  ('cash_flow', 60, 'change_in_inventory', 'flow', 'Increase in inventories'),
  ('cash_flow', 70, 'change_in_payables', 'flow', 'Increase in payables'),
  ('cash_flow', 80, 'operating_cash_flow', 'flow', 'Cash from operating activities'),
  ('cash_flow', 90, 'capital_expenditure', 'flow', 'Payments for property, plant and equipment'),
  ('cash_flow', 100, 'acquisitions', 'flow', 'Payments for acquisitions'),
  ('cash_flow', 110, 'purchases_of_investments', 'flow', 'Payments for investments'),
  ('cash_flow', 120, 'sales_of_investments', 'flow', 'Proceeds from sales and maturities of investments'),
  ('cash_flow', 130, 'investing_cash_flow', 'flow', 'Cash from investing activities'),
  ('cash_flow', 140, 'debt_issued', 'flow', 'Proceeds from debt'),
  ('cash_flow', 150, 'debt_repaid', 'flow', 'Repayments of debt'),
  ('cash_flow', 160, 'shares_issued', 'flow', 'Proceeds from shares'),
  ('cash_flow', 170, 'shares_repurchased', 'flow', 'Payments for own shares'),
  ('cash_flow', 180, 'dividends_paid', 'flow', 'Dividends paid'),
  ('cash_flow', 190, 'financing_cash_flow', 'flow', 'Cash from financing activities'),
  ('cash_flow', 200, 'exchange_rate_effect', 'flow', 'Effect of exchange rates on cash'),
  ('cash_flow', 210, 'change_in_cash', 'flow', 'Change in cash'),
  ('cash_flow', 220, 'free_cash_flow', 'flow', 'Free cash flow')
on conflict do nothing;

insert into market.statement_tag (item, priority, taxonomy, tag, weight)
values
  ('cost_of_revenue', 10, 'us-gaap', 'CostOfRevenue', 1),
  ('cost_of_revenue', 20, 'us-gaap', 'CostOfGoodsAndServicesSold', 1),
  ('cost_of_revenue', 30, 'us-gaap', 'CostOfGoodsSold', 1),
  ('cost_of_revenue', 40, 'us-gaap', 'CostOfServices', 1),
  ('research_and_development', 10, 'us-gaap', 'ResearchAndDevelopmentExpense', 1),
  ('research_and_development', 20, 'us-gaap', 'ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost', 1),
  ('selling_general_administrative', 10, 'us-gaap', 'SellingGeneralAndAdministrativeExpense', 1),
  ('selling_general_administrative', 20, 'us-gaap', 'SellingAndMarketingExpense', 1),
  ('selling_general_administrative', 20, 'us-gaap', 'GeneralAndAdministrativeExpense', 1),
  ('selling_general_administrative', 30, 'us-gaap', 'GeneralAndAdministrativeExpense', 1),
  ('operating_expenses', 10, 'us-gaap', 'OperatingExpenses', 1),
  ('operating_expenses', 20, 'us-gaap', 'CostsAndExpenses', 1),
  ('interest_income', 10, 'us-gaap', 'InvestmentIncomeInterest', 1),
  ('interest_income', 20, 'us-gaap', 'InvestmentIncomeInterestAndDividend', 1),
  ('interest_income', 30, 'us-gaap', 'InterestAndOtherIncome', 1),
  ('interest_expense', 10, 'us-gaap', 'InterestExpense', 1),
  ('interest_expense', 20, 'us-gaap', 'InterestExpenseNonoperating', 1),
  ('interest_expense', 30, 'us-gaap', 'InterestExpenseDebt', 1),
  ('other_income', 10, 'us-gaap', 'NonoperatingIncomeExpense', 1),
  ('other_income', 20, 'us-gaap', 'OtherNonoperatingIncomeExpense', 1),
  ('pretax_income', 10, 'us-gaap', 'IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest', 1),
  ('pretax_income', 20, 'us-gaap', 'IncomeLossFromContinuingOperationsBeforeIncomeTaxesMinorityInterestAndIncomeLossFromEquityMethodInvestments', 1),
  ('income_tax', 10, 'us-gaap', 'IncomeTaxExpenseBenefit', 1),
  ('eps_basic', 10, 'us-gaap', 'EarningsPerShareBasic', 1),
  ('eps_basic', 20, 'us-gaap', 'EarningsPerShareBasicAndDiluted', 1),
  ('dividends_per_share', 10, 'us-gaap', 'CommonStockDividendsPerShareDeclared', 1),
  ('dividends_per_share', 20, 'us-gaap', 'CommonStockDividendsPerShareCashPaid', 1),
  ('shares_basic', 10, 'us-gaap', 'WeightedAverageNumberOfSharesOutstandingBasic', 1),
  ('shares_basic', 20, 'us-gaap', 'WeightedAverageNumberOfShareOutstandingBasicAndDiluted', 1),
  ('shares_diluted', 10, 'us-gaap', 'WeightedAverageNumberOfDilutedSharesOutstanding', 1),
  ('shares_diluted', 20, 'us-gaap', 'WeightedAverageNumberOfShareOutstandingBasicAndDiluted', 1),
  ('short_term_investments', 10, 'us-gaap', 'MarketableSecuritiesCurrent', 1),
  ('short_term_investments', 20, 'us-gaap', 'AvailableForSaleSecuritiesCurrent', 1),
  ('short_term_investments', 30, 'us-gaap', 'ShortTermInvestments', 1),
  ('short_term_investments', 40, 'us-gaap', 'AvailableForSaleSecuritiesDebtSecuritiesCurrent', 1),
  ('receivables', 10, 'us-gaap', 'AccountsReceivableNetCurrent', 1),
  ('receivables', 20, 'us-gaap', 'ReceivablesNetCurrent', 1),
  ('inventory', 10, 'us-gaap', 'InventoryNet', 1),
  ('other_current_assets', 10, 'us-gaap', 'OtherAssetsCurrent', 1),
  ('other_current_assets', 20, 'us-gaap', 'PrepaidExpenseAndOtherAssetsCurrent', 1),
  ('long_term_investments', 10, 'us-gaap', 'MarketableSecuritiesNoncurrent', 1),
  ('long_term_investments', 20, 'us-gaap', 'AvailableForSaleSecuritiesNoncurrent', 1),
  ('long_term_investments', 30, 'us-gaap', 'LongTermInvestments', 1),
  ('property_plant_equipment', 10, 'us-gaap', 'PropertyPlantAndEquipmentNet', 1),
  ('property_plant_equipment', 20, 'us-gaap', 'PropertyPlantAndEquipmentAndFinanceLeaseRightOfUseAssetAfterAccumulatedDepreciationAndAmortization', 1),
  ('operating_lease_assets', 10, 'us-gaap', 'OperatingLeaseRightOfUseAsset', 1),
  ('goodwill', 10, 'us-gaap', 'Goodwill', 1),
  ('intangible_assets', 10, 'us-gaap', 'IntangibleAssetsNetExcludingGoodwill', 1),
  ('intangible_assets', 20, 'us-gaap', 'FiniteLivedIntangibleAssetsNet', 1),
  ('deferred_tax_assets', 10, 'us-gaap', 'DeferredIncomeTaxAssetsNet', 1),
  ('deferred_tax_assets', 20, 'us-gaap', 'DeferredTaxAssetsNetNoncurrent', 1),
  ('other_assets', 10, 'us-gaap', 'OtherAssetsNoncurrent', 1),
  ('accounts_payable', 10, 'us-gaap', 'AccountsPayableCurrent', 1),
  ('accounts_payable', 20, 'us-gaap', 'AccountsPayableTradeCurrent', 1),
  ('short_term_debt', 10, 'us-gaap', 'CommercialPaper', 1),
  ('short_term_debt', 10, 'us-gaap', 'LongTermDebtCurrent', 1),
  ('short_term_debt', 20, 'us-gaap', 'DebtCurrent', 1),
  ('short_term_debt', 30, 'us-gaap', 'ShortTermBorrowings', 1),
  ('short_term_debt', 40, 'us-gaap', 'LongTermDebtCurrent', 1),
  ('short_term_debt', 50, 'us-gaap', 'CommercialPaper', 1),
  ('short_term_debt', 60, 'us-gaap', 'ConvertibleDebtCurrent', 1),
  ('deferred_revenue', 10, 'us-gaap', 'ContractWithCustomerLiabilityCurrent', 1),
  ('deferred_revenue', 20, 'us-gaap', 'DeferredRevenueCurrent', 1),
  ('other_current_liabilities', 10, 'us-gaap', 'OtherLiabilitiesCurrent', 1),
  ('other_current_liabilities', 20, 'us-gaap', 'AccruedLiabilitiesCurrent', 1),
  ('long_term_debt_noncurrent', 10, 'us-gaap', 'LongTermDebtNoncurrent', 1),
  ('long_term_debt_noncurrent', 20, 'us-gaap', 'LongTermDebtAndCapitalLeaseObligations', 1),
  ('long_term_debt_noncurrent', 30, 'us-gaap', 'LongTermDebt', 1),
  ('other_liabilities', 10, 'us-gaap', 'OtherLiabilitiesNoncurrent', 1),
  ('temporary_equity', 10, 'us-gaap', 'TemporaryEquityCarryingAmountAttributableToParent', 1),
  ('temporary_equity', 20, 'us-gaap', 'TemporaryEquityValueExcludingAdditionalPaidInCapital', 1),
  ('temporary_equity', 30, 'us-gaap', 'RedeemableNoncontrollingInterestEquityCarryingAmount', 1),
  ('common_stock', 10, 'us-gaap', 'CommonStocksIncludingAdditionalPaidInCapital', 1),
  ('common_stock', 20, 'us-gaap', 'CommonStockValue', 1),
  ('common_stock', 20, 'us-gaap', 'AdditionalPaidInCapital', 1),
  ('common_stock', 30, 'us-gaap', 'CommonStockValueOutstanding', 1),
  ('common_stock', 30, 'us-gaap', 'AdditionalPaidInCapital', 1),
  ('common_stock', 40, 'us-gaap', 'CommonStockValue', 1),
  ('retained_earnings', 10, 'us-gaap', 'RetainedEarningsAccumulatedDeficit', 1),
  ('treasury_stock', 10, 'us-gaap', 'TreasuryStockValue', 1),
  ('treasury_stock', 20, 'us-gaap', 'TreasuryStockCommonValue', 1),
  ('accumulated_other_comprehensive_income', 10, 'us-gaap', 'AccumulatedOtherComprehensiveIncomeLossNetOfTax', 1),
  ('noncontrolling_interest', 10, 'us-gaap', 'MinorityInterest', 1),
  ('total_equity', 10, 'us-gaap', 'StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest', 1),
  ('total_equity', 20, 'us-gaap', 'StockholdersEquity', 1),
  ('liabilities_and_equity', 10, 'us-gaap', 'LiabilitiesAndStockholdersEquity', 1),
  ('shares_issued_outstanding', 10, 'us-gaap', 'CommonStockSharesOutstanding', 1),
  ('depreciation_amortization', 10, 'us-gaap', 'DepreciationDepletionAndAmortization', 1),
  ('depreciation_amortization', 20, 'us-gaap', 'DepreciationAmortizationAndAccretionNet', 1),
  ('depreciation_amortization', 30, 'us-gaap', 'DepreciationAndAmortization', 1),
  ('depreciation_amortization', 40, 'us-gaap', 'DepreciationAmortizationAndOther', 1),
  ('depreciation_amortization', 50, 'us-gaap', 'Depreciation', 1),
  ('stock_compensation', 10, 'us-gaap', 'ShareBasedCompensation', 1),
  ('stock_compensation', 20, 'us-gaap', 'AllocatedShareBasedCompensationExpense', 1),
  ('deferred_taxes', 10, 'us-gaap', 'DeferredIncomeTaxExpenseBenefit', 1),
  ('deferred_taxes', 20, 'us-gaap', 'DeferredIncomeTaxesAndTaxCredits', 1),
  ('change_in_receivables', 10, 'us-gaap', 'IncreaseDecreaseInAccountsReceivable', 1),
  ('change_in_receivables', 20, 'us-gaap', 'IncreaseDecreaseInReceivables', 1),
  ('change_in_inventory', 10, 'us-gaap', 'IncreaseDecreaseInInventories', 1),
  ('change_in_payables', 10, 'us-gaap', 'IncreaseDecreaseInAccountsPayable', 1),
  ('change_in_payables', 20, 'us-gaap', 'IncreaseDecreaseInAccountsPayableTrade', 1),
  ('acquisitions', 10, 'us-gaap', 'PaymentsToAcquireBusinessesNetOfCashAcquired', 1),
  ('purchases_of_investments', 10, 'us-gaap', 'PaymentsToAcquireAvailableForSaleSecuritiesDebt', 1),
  ('purchases_of_investments', 20, 'us-gaap', 'PaymentsToAcquireAvailableForSaleSecurities', 1),
  ('purchases_of_investments', 30, 'us-gaap', 'PaymentsToAcquireInvestments', 1),
  ('purchases_of_investments', 40, 'us-gaap', 'PaymentsToAcquireMarketableSecurities', 1),
  ('sales_of_investments', 10, 'us-gaap', 'ProceedsFromSaleOfAvailableForSaleSecuritiesDebt', 1),
  ('sales_of_investments', 10, 'us-gaap', 'ProceedsFromMaturitiesPrepaymentsAndCallsOfAvailableForSaleSecurities', 1),
  ('sales_of_investments', 20, 'us-gaap', 'ProceedsFromSaleOfAvailableForSaleSecurities', 1),
  ('sales_of_investments', 20, 'us-gaap', 'ProceedsFromMaturitiesPrepaymentsAndCallsOfAvailableForSaleSecurities', 1),
  ('sales_of_investments', 30, 'us-gaap', 'ProceedsFromSaleMaturityAndCollectionsOfInvestments', 1),
  ('investing_cash_flow', 10, 'us-gaap', 'NetCashProvidedByUsedInInvestingActivities', 1),
  ('investing_cash_flow', 20, 'us-gaap', 'NetCashProvidedByUsedInInvestingActivitiesContinuingOperations', 1),
  ('debt_issued', 10, 'us-gaap', 'ProceedsFromIssuanceOfLongTermDebt', 1),
  ('debt_issued', 20, 'us-gaap', 'ProceedsFromIssuanceOfDebt', 1),
  ('debt_issued', 30, 'us-gaap', 'ProceedsFromDebtNetOfIssuanceCosts', 1),
  ('debt_repaid', 10, 'us-gaap', 'RepaymentsOfLongTermDebt', 1),
  ('debt_repaid', 20, 'us-gaap', 'RepaymentsOfDebt', 1),
  ('shares_issued', 10, 'us-gaap', 'ProceedsFromIssuanceOfCommonStock', 1),
  ('shares_issued', 20, 'us-gaap', 'ProceedsFromIssuanceOfSharesUnderIncentiveAndShareBasedCompensationPlansIncludingStockOptions', 1),
  ('shares_issued', 30, 'us-gaap', 'ProceedsFromStockOptionsExercised', 1),
  ('shares_repurchased', 10, 'us-gaap', 'PaymentsForRepurchaseOfCommonStock', 1),
  ('dividends_paid', 10, 'us-gaap', 'PaymentsOfDividends', 1),
  ('dividends_paid', 20, 'us-gaap', 'PaymentsOfDividendsCommonStock', 1),
  ('financing_cash_flow', 10, 'us-gaap', 'NetCashProvidedByUsedInFinancingActivities', 1),
  ('financing_cash_flow', 20, 'us-gaap', 'NetCashProvidedByUsedInFinancingActivitiesContinuingOperations', 1),
  ('exchange_rate_effect', 10, 'us-gaap', 'EffectOfExchangeRateOnCashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents', 1),
  ('exchange_rate_effect', 20, 'us-gaap', 'EffectOfExchangeRateOnCashAndCashEquivalents', 1),
  ('change_in_cash', 10, 'us-gaap', 'CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect', 1),
  ('change_in_cash', 20, 'us-gaap', 'CashAndCashEquivalentsPeriodIncreaseDecrease', 1),
  ('change_in_cash', 30, 'us-gaap', 'CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseExcludingExchangeRateEffect', 1),
  ('free_cash_flow', 10, 'us-gaap', 'NetCashProvidedByUsedInOperatingActivities', 1),
  ('free_cash_flow', 10, 'us-gaap', 'PaymentsToAcquirePropertyPlantAndEquipment', -1),
  ('free_cash_flow', 20, 'us-gaap', 'NetCashProvidedByUsedInOperatingActivities', 1),
  ('free_cash_flow', 20, 'us-gaap', 'PaymentsToAcquireProductiveAssets', -1),
  ('revenue', 10, 'ifrs-full', 'Revenue', 1),
  ('revenue', 20, 'ifrs-full', 'RevenueFromContractsWithCustomers', 1),
  ('cost_of_revenue', 10, 'ifrs-full', 'CostOfSales', 1),
  ('gross_profit', 10, 'ifrs-full', 'GrossProfit', 1),
  ('research_and_development', 10, 'ifrs-full', 'ResearchAndDevelopmentExpense', 1),
  ('selling_general_administrative', 10, 'ifrs-full', 'SellingGeneralAndAdministrativeExpense', 1),
  ('selling_general_administrative', 20, 'ifrs-full', 'AdministrativeExpense', 1),
  ('operating_income', 10, 'ifrs-full', 'ProfitLossFromOperatingActivities', 1),
  ('pretax_income', 10, 'ifrs-full', 'ProfitLossBeforeTax', 1),
  ('income_tax', 10, 'ifrs-full', 'IncomeTaxExpenseContinuingOperations', 1),
  ('net_income', 10, 'ifrs-full', 'ProfitLossAttributableToOwnersOfParent', 1),
  ('net_income', 20, 'ifrs-full', 'ProfitLoss', 1),
  ('eps_basic', 10, 'ifrs-full', 'BasicEarningsLossPerShare', 1),
  ('eps_diluted', 10, 'ifrs-full', 'DilutedEarningsLossPerShare', 1),
  ('cash', 10, 'ifrs-full', 'CashAndCashEquivalents', 1),
  ('receivables', 10, 'ifrs-full', 'TradeAndOtherCurrentReceivables', 1),
  ('receivables', 20, 'ifrs-full', 'CurrentTradeReceivables', 1),
  ('inventory', 10, 'ifrs-full', 'Inventories', 1),
  ('current_assets', 10, 'ifrs-full', 'CurrentAssets', 1),
  ('property_plant_equipment', 10, 'ifrs-full', 'PropertyPlantAndEquipment', 1),
  ('goodwill', 10, 'ifrs-full', 'Goodwill', 1),
  ('intangible_assets', 10, 'ifrs-full', 'IntangibleAssetsOtherThanGoodwill', 1),
  ('total_assets', 10, 'ifrs-full', 'Assets', 1),
  ('accounts_payable', 10, 'ifrs-full', 'TradeAndOtherCurrentPayables', 1),
  ('current_liabilities', 10, 'ifrs-full', 'CurrentLiabilities', 1),
  ('total_liabilities', 10, 'ifrs-full', 'Liabilities', 1),
  ('retained_earnings', 10, 'ifrs-full', 'RetainedEarnings', 1),
  ('equity', 10, 'ifrs-full', 'EquityAttributableToOwnersOfParent', 1),
  ('equity', 20, 'ifrs-full', 'Equity', 1),
  ('noncontrolling_interest', 10, 'ifrs-full', 'NoncontrollingInterests', 1),
  ('total_equity', 10, 'ifrs-full', 'Equity', 1),
  ('liabilities_and_equity', 10, 'ifrs-full', 'EquityAndLiabilities', 1),
  ('operating_cash_flow', 10, 'ifrs-full', 'CashFlowsFromUsedInOperatingActivities', 1),
  ('capital_expenditure', 10, 'ifrs-full', 'PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities', 1),
  ('investing_cash_flow', 10, 'ifrs-full', 'CashFlowsFromUsedInInvestingActivities', 1),
  ('dividends_paid', 10, 'ifrs-full', 'DividendsPaidClassifiedAsFinancingActivities', 1),
  ('financing_cash_flow', 10, 'ifrs-full', 'CashFlowsFromUsedInFinancingActivities', 1),
  ('exchange_rate_effect', 10, 'ifrs-full', 'EffectOfExchangeRateChangesOnCashAndCashEquivalents', 1),
  ('change_in_cash', 10, 'ifrs-full', 'IncreaseDecreaseInCashAndCashEquivalents', 1),
  ('revenue', 10, 'fmp', 'revenue', 1),
  ('revenue', 20, 'fmp', 'Revenue', 1),
  ('cost_of_revenue', 10, 'fmp', 'costOfRevenue', 1),
  ('cost_of_revenue', 20, 'fmp', 'Cost of Revenue', 1),
  ('gross_profit', 10, 'fmp', 'grossProfit', 1),
  ('gross_profit', 20, 'fmp', 'Gross Profit', 1),
  ('research_and_development', 10, 'fmp', 'researchAndDevelopmentExpenses', 1),
  ('research_and_development', 20, 'fmp', 'R&D Expenses', 1),
  ('selling_general_administrative', 10, 'fmp', 'sellingGeneralAndAdministrativeExpenses', 1),
  ('selling_general_administrative', 20, 'fmp', 'SG&A Expense', 1),
  ('operating_expenses', 10, 'fmp', 'operatingExpenses', 1),
  ('operating_expenses', 20, 'fmp', 'Operating Expenses', 1),
  ('operating_income', 10, 'fmp', 'operatingIncome', 1),
  ('operating_income', 20, 'fmp', 'Operating Income', 1),
  ('interest_income', 10, 'fmp', 'interestIncome', 1),
  ('interest_expense', 10, 'fmp', 'interestExpense', 1),
  ('interest_expense', 20, 'fmp', 'Interest Expense', 1),
  ('other_income', 10, 'fmp', 'totalOtherIncomeExpensesNet', 1),
  ('pretax_income', 10, 'fmp', 'incomeBeforeTax', 1),
  ('pretax_income', 20, 'fmp', 'Earnings before Tax', 1),
  ('income_tax', 10, 'fmp', 'incomeTaxExpense', 1),
  ('income_tax', 20, 'fmp', 'Income Tax Expense', 1),
  ('net_income', 10, 'fmp', 'netIncome', 1),
  ('net_income', 20, 'fmp', 'Net Income', 1),
  ('eps_basic', 10, 'fmp', 'eps', 1),
  ('eps_basic', 20, 'fmp', 'EPS', 1),
  ('eps_diluted', 10, 'fmp', 'epsdiluted', 1),
  ('eps_diluted', 20, 'fmp', 'epsDiluted', 1),
  ('eps_diluted', 30, 'fmp', 'EPS Diluted', 1),
  ('dividends_per_share', 10, 'fmp', 'Dividend per Share', 1),
  ('shares_basic', 10, 'fmp', 'weightedAverageShsOut', 1),
  ('shares_basic', 20, 'fmp', 'Weighted Average Shs Out', 1),
  ('shares_diluted', 10, 'fmp', 'weightedAverageShsOutDil', 1),
  ('shares_diluted', 20, 'fmp', 'Weighted Average Shs Out (Dil)', 1),
  ('cash', 10, 'fmp', 'cashAndCashEquivalents', 1),
  ('cash', 20, 'fmp', 'Cash and cash equivalents', 1),
  ('short_term_investments', 10, 'fmp', 'shortTermInvestments', 1),
  ('short_term_investments', 20, 'fmp', 'Short-term investments', 1),
  ('receivables', 10, 'fmp', 'netReceivables', 1),
  ('receivables', 20, 'fmp', 'Receivables', 1),
  ('inventory', 10, 'fmp', 'inventory', 1),
  ('inventory', 20, 'fmp', 'Inventories', 1),
  ('other_current_assets', 10, 'fmp', 'otherCurrentAssets', 1),
  ('current_assets', 10, 'fmp', 'totalCurrentAssets', 1),
  ('current_assets', 20, 'fmp', 'Total current assets', 1),
  ('long_term_investments', 10, 'fmp', 'longTermInvestments', 1),
  ('long_term_investments', 20, 'fmp', 'Long-term investments', 1),
  ('property_plant_equipment', 10, 'fmp', 'propertyPlantEquipmentNet', 1),
  ('property_plant_equipment', 20, 'fmp', 'Property, Plant & Equipment Net', 1),
  ('goodwill', 10, 'fmp', 'goodwill', 1),
  ('intangible_assets', 10, 'fmp', 'intangibleAssets', 1),
  ('deferred_tax_assets', 10, 'fmp', 'taxAssets', 1),
  ('deferred_tax_assets', 20, 'fmp', 'Tax assets', 1),
  ('other_assets', 10, 'fmp', 'otherNonCurrentAssets', 1),
  ('total_assets', 10, 'fmp', 'totalAssets', 1),
  ('total_assets', 20, 'fmp', 'Total assets', 1),
  ('accounts_payable', 10, 'fmp', 'accountPayables', 1),
  ('accounts_payable', 20, 'fmp', 'Payables', 1),
  ('short_term_debt', 10, 'fmp', 'shortTermDebt', 1),
  ('short_term_debt', 20, 'fmp', 'Short-term debt', 1),
  ('deferred_revenue', 10, 'fmp', 'deferredRevenue', 1),
  ('deferred_revenue', 20, 'fmp', 'Deferred revenue', 1),
  ('other_current_liabilities', 10, 'fmp', 'otherCurrentLiabilities', 1),
  ('current_liabilities', 10, 'fmp', 'totalCurrentLiabilities', 1),
  ('current_liabilities', 20, 'fmp', 'Total current liabilities', 1),
  ('long_term_debt_noncurrent', 10, 'fmp', 'longTermDebt', 1),
  ('long_term_debt_noncurrent', 20, 'fmp', 'Long-term debt', 1),
  ('other_liabilities', 10, 'fmp', 'otherNonCurrentLiabilities', 1),
  ('total_liabilities', 10, 'fmp', 'totalLiabilities', 1),
  ('total_liabilities', 20, 'fmp', 'Total liabilities', 1),
  ('retained_earnings', 10, 'fmp', 'retainedEarnings', 1),
  ('retained_earnings', 20, 'fmp', 'Retained earnings (deficit)', 1),
  ('accumulated_other_comprehensive_income', 10, 'fmp', 'accumulatedOtherComprehensiveIncomeLoss', 1),
  ('accumulated_other_comprehensive_income', 20, 'fmp', 'Other comprehensive income', 1),
  ('equity', 10, 'fmp', 'totalStockholdersEquity', 1),
  ('equity', 20, 'fmp', 'Total shareholders equity', 1),
  ('noncontrolling_interest', 10, 'fmp', 'minorityInterest', 1),
  ('total_equity', 10, 'fmp', 'totalEquity', 1),
  ('liabilities_and_equity', 10, 'fmp', 'totalLiabilitiesAndTotalEquity', 1),
  ('liabilities_and_equity', 20, 'fmp', 'totalLiabilitiesAndStockholdersEquity', 1),
  ('depreciation_amortization', 10, 'fmp', 'depreciationAndAmortization', 1),
  ('depreciation_amortization', 20, 'fmp', 'Depreciation & Amortization', 1),
  ('stock_compensation', 10, 'fmp', 'stockBasedCompensation', 1),
  ('stock_compensation', 20, 'fmp', 'Stock-based compensation', 1),
  ('deferred_taxes', 10, 'fmp', 'deferredIncomeTax', 1),
  ('operating_cash_flow', 10, 'fmp', 'operatingCashFlow', 1),
  ('operating_cash_flow', 20, 'fmp', 'netCashProvidedByOperatingActivities', 1),
  ('operating_cash_flow', 30, 'fmp', 'Operating Cash Flow', 1),
  ('capital_expenditure', 10, 'fmp', 'capitalExpenditure', -1),
  ('capital_expenditure', 20, 'fmp', 'investmentsInPropertyPlantAndEquipment', -1),
  ('capital_expenditure', 30, 'fmp', 'Capital Expenditure', -1),
  ('acquisitions', 10, 'fmp', 'acquisitionsNet', -1),
  ('acquisitions', 20, 'fmp', 'Acquisitions and disposals', -1),
  ('purchases_of_investments', 10, 'fmp', 'purchasesOfInvestments', -1),
  ('sales_of_investments', 10, 'fmp', 'salesMaturitiesOfInvestments', 1),
  ('investing_cash_flow', 10, 'fmp', 'netCashUsedForInvestingActivites', 1),
  ('investing_cash_flow', 20, 'fmp', 'netCashProvidedByInvestingActivities', 1),
  ('investing_cash_flow', 30, 'fmp', 'Investing Cash flow', 1),
  ('debt_repaid', 10, 'fmp', 'debtRepayment', -1),
  ('shares_issued', 10, 'fmp', 'commonStockIssued', 1),
  ('shares_repurchased', 10, 'fmp', 'commonStockRepurchased', -1),
  ('dividends_paid', 10, 'fmp', 'dividendsPaid', -1),
  ('dividends_paid', 20, 'fmp', 'commonDividendsPaid', -1),
  ('dividends_paid', 30, 'fmp', 'Dividend payments', -1),
  ('financing_cash_flow', 10, 'fmp', 'netCashUsedProvidedByFinancingActivities', 1),
  ('financing_cash_flow', 20, 'fmp', 'netCashProvidedByFinancingActivities', 1),
  ('financing_cash_flow', 30, 'fmp', 'Financing Cash Flow', 1),
  ('exchange_rate_effect', 10, 'fmp', 'effectOfForexChangesOnCash', 1),
  ('exchange_rate_effect', 20, 'fmp', 'Effect of forex changes on cash', 1),
  ('change_in_cash', 10, 'fmp', 'netChangeInCash', 1),
  ('free_cash_flow', 10, 'fmp', 'freeCashFlow', 1),
  ('free_cash_flow', 20, 'fmp', 'Free Cash Flow', 1),
  ('revenue', 10, 'alphavantage', 'totalRevenue', 1),
  ('cost_of_revenue', 10, 'alphavantage', 'costOfRevenue', 1),
  ('cost_of_revenue', 20, 'alphavantage', 'costofGoodsAndServicesSold', 1),
  ('gross_profit', 10, 'alphavantage', 'grossProfit', 1),
  ('research_and_development', 10, 'alphavantage', 'researchAndDevelopment', 1),
  ('selling_general_administrative', 10, 'alphavantage', 'sellingGeneralAndAdministrative', 1),
  ('operating_expenses', 10, 'alphavantage', 'operatingExpenses', 1),
  ('operating_income', 10, 'alphavantage', 'operatingIncome', 1),
  ('interest_income', 10, 'alphavantage', 'interestIncome', 1),
  ('interest_expense', 10, 'alphavantage', 'interestExpense', 1),
  ('other_income', 10, 'alphavantage', 'otherNonOperatingIncome', 1),
  ('pretax_income', 10, 'alphavantage', 'incomeBeforeTax', 1),
  ('income_tax', 10, 'alphavantage', 'incomeTaxExpense', 1),
  ('net_income', 10, 'alphavantage', 'netIncome', 1),
  ('eps_diluted', 10, 'alphavantage', 'reportedEPS', 1),
  ('cash', 10, 'alphavantage', 'cashAndCashEquivalentsAtCarryingValue', 1),
  ('short_term_investments', 10, 'alphavantage', 'shortTermInvestments', 1),
  ('receivables', 10, 'alphavantage', 'currentNetReceivables', 1),
  ('inventory', 10, 'alphavantage', 'inventory', 1),
  ('other_current_assets', 10, 'alphavantage', 'otherCurrentAssets', 1),
  ('current_assets', 10, 'alphavantage', 'totalCurrentAssets', 1),
  ('long_term_investments', 10, 'alphavantage', 'longTermInvestments', 1),
  ('property_plant_equipment', 10, 'alphavantage', 'propertyPlantEquipment', 1),
  ('goodwill', 10, 'alphavantage', 'goodwill', 1),
  ('intangible_assets', 10, 'alphavantage', 'intangibleAssetsExcludingGoodwill', 1),
  ('other_assets', 10, 'alphavantage', 'otherNonCurrentAssets', 1),
  ('other_assets', 20, 'alphavantage', 'otherNonCurrrentAssets', 1),
  ('total_assets', 10, 'alphavantage', 'totalAssets', 1),
  ('accounts_payable', 10, 'alphavantage', 'currentAccountsPayable', 1),
  ('short_term_debt', 10, 'alphavantage', 'shortTermDebt', 1),
  ('deferred_revenue', 10, 'alphavantage', 'deferredRevenue', 1),
  ('other_current_liabilities', 10, 'alphavantage', 'otherCurrentLiabilities', 1),
  ('current_liabilities', 10, 'alphavantage', 'totalCurrentLiabilities', 1),
  ('long_term_debt_noncurrent', 10, 'alphavantage', 'longTermDebtNoncurrent', 1),
  ('long_term_debt_noncurrent', 20, 'alphavantage', 'longTermDebt', 1),
  ('other_liabilities', 10, 'alphavantage', 'otherNonCurrentLiabilities', 1),
  ('total_liabilities', 10, 'alphavantage', 'totalLiabilities', 1),
  ('common_stock', 10, 'alphavantage', 'commonStock', 1),
  ('retained_earnings', 10, 'alphavantage', 'retainedEarnings', 1),
  ('treasury_stock', 10, 'alphavantage', 'treasuryStock', 1),
  ('equity', 10, 'alphavantage', 'totalShareholderEquity', 1),
  ('shares_issued_outstanding', 10, 'alphavantage', 'commonStockSharesOutstanding', 1),
  ('depreciation_amortization', 10, 'alphavantage', 'depreciationDepletionAndAmortization', 1),
  ('operating_cash_flow', 10, 'alphavantage', 'operatingCashflow', 1),
  ('capital_expenditure', 10, 'alphavantage', 'capitalExpenditures', 1),
  ('investing_cash_flow', 10, 'alphavantage', 'cashflowFromInvestment', 1),
  ('shares_issued', 10, 'alphavantage', 'proceedsFromIssuanceOfCommonStock', 1),
  ('shares_repurchased', 10, 'alphavantage', 'paymentsForRepurchaseOfCommonStock', 1),
  ('dividends_paid', 10, 'alphavantage', 'dividendPayout', 1),
  ('financing_cash_flow', 10, 'alphavantage', 'cashflowFromFinancing', 1),
  ('exchange_rate_effect', 10, 'alphavantage', 'changeInExchangeRate', 1),
  ('change_in_cash', 10, 'alphavantage', 'changeInCashAndCashEquivalents', 1),
  ('free_cash_flow', 10, 'alphavantage', 'operatingCashflow', 1),
  ('free_cash_flow', 10, 'alphavantage', 'capitalExpenditures', -1),
  ('revenue', 10, 'tiingo', 'revenue', 1),
  ('cost_of_revenue', 10, 'tiingo', 'costRev', 1),
  ('gross_profit', 10, 'tiingo', 'grossProfit', 1),
  ('research_and_development', 10, 'tiingo', 'rnd', 1),
  ('selling_general_administrative', 10, 'tiingo', 'sga', 1),
  ('operating_expenses', 10, 'tiingo', 'opex', 1),
  ('operating_income', 10, 'tiingo', 'opinc', 1),
  ('interest_expense', 10, 'tiingo', 'intexp', 1),
  ('pretax_income', 10, 'tiingo', 'ebt', 1),
  ('income_tax', 10, 'tiingo', 'taxExp', 1),
  ('net_income', 10, 'tiingo', 'netinc', 1),
  ('eps_basic', 10, 'tiingo', 'eps', 1),
  ('eps_diluted', 10, 'tiingo', 'epsDil', 1),
  ('shares_basic', 10, 'tiingo', 'shareswa', 1),
  ('shares_diluted', 10, 'tiingo', 'shareswaDil', 1),
  ('cash', 10, 'tiingo', 'cashAndEq', 1),
  ('short_term_investments', 10, 'tiingo', 'investmentsCurrent', 1),
  ('receivables', 10, 'tiingo', 'acctRec', 1),
  ('inventory', 10, 'tiingo', 'inventory', 1),
  ('current_assets', 10, 'tiingo', 'assetsCurrent', 1),
  ('long_term_investments', 10, 'tiingo', 'investmentsNonCurrent', 1),
  ('property_plant_equipment', 10, 'tiingo', 'ppeq', 1),
  ('intangible_assets', 10, 'tiingo', 'intangibles', 1),
  ('deferred_tax_assets', 10, 'tiingo', 'taxAssets', 1),
  ('total_assets', 10, 'tiingo', 'totalAssets', 1),
  ('accounts_payable', 10, 'tiingo', 'acctPay', 1),
  ('short_term_debt', 10, 'tiingo', 'debtCurrent', 1),
  ('deferred_revenue', 10, 'tiingo', 'deferredRev', 1),
  ('current_liabilities', 10, 'tiingo', 'liabilitiesCurrent', 1),
  ('long_term_debt_noncurrent', 10, 'tiingo', 'debtNonCurrent', 1),
  ('total_liabilities', 10, 'tiingo', 'totalLiabilities', 1),
  ('retained_earnings', 10, 'tiingo', 'retainedEarnings', 1),
  ('accumulated_other_comprehensive_income', 10, 'tiingo', 'accoci', 1),
  ('equity', 10, 'tiingo', 'equity', 1),
  ('shares_issued_outstanding', 10, 'tiingo', 'sharesBasic', 1),
  ('depreciation_amortization', 10, 'tiingo', 'depamor', 1),
  ('stock_compensation', 10, 'tiingo', 'sbcomp', 1),
  ('operating_cash_flow', 10, 'tiingo', 'ncfo', 1),
  ('capital_expenditure', 10, 'tiingo', 'capex', -1),
  ('acquisitions', 10, 'tiingo', 'businessAcqDisposals', -1),
  ('investing_cash_flow', 10, 'tiingo', 'ncfi', 1),
  ('dividends_paid', 10, 'tiingo', 'payDiv', -1),
  ('financing_cash_flow', 10, 'tiingo', 'ncff', 1),
  ('exchange_rate_effect', 10, 'tiingo', 'ncfx', 1),
  ('change_in_cash', 10, 'tiingo', 'ncf', 1),
  ('free_cash_flow', 10, 'tiingo', 'freeCashFlow', 1)
on conflict (item, priority, taxonomy, tag) do nothing;

-- What the figures of market.fundamental_concept are reported under, the lines of the same name are.
insert into market.statement_tag (item, priority, taxonomy, tag, weight)
select known.concept, known.priority, known.taxonomy, known.tag, known.weight
from market.concept_tag known
where known.concept in (select line.item from market.statement_item line)
on conflict (item, priority, taxonomy, tag) do nothing;

--! split: 370-identifiers.sql
-- What an instrument was called, when, and since when that is known.
create table if not exists market.instrument_identifier (
  instrument_id bigint not null references market.instrument,
  identifier_id bigint generated always as identity,
  kind text not null,
  value text not null,
  valid_from date not null default '-infinity',
  valid_to date not null default 'infinity',
  known_from timestamptz not null default '-infinity',
  known_to timestamptz,
  recorded_at timestamptz not null default now(),
  run_id bigint references pipeline.pipeline_run,
  primary key (instrument_id, identifier_id),
  constraint instrument_identifier_kind_check check (kind in ('symbol', 'figi', 'cik', 'isin', 'cusip', 'sedol', 'lei')),
  constraint instrument_identifier_value_check check (case kind
    when 'symbol' then value ~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$'
    when 'figi' then value ~ '^[A-Z0-9]{12}$'
    when 'cik' then value ~ '^[0-9]{10}$'
    when 'isin' then value ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'
    when 'cusip' then value ~ '^[A-Z0-9*@#]{9}$'
    when 'sedol' then value ~ '^[A-Z0-9]{7}$'
    when 'lei' then value ~ '^[A-Z0-9]{18}[0-9]{2}$'
  end),
  constraint instrument_identifier_valid_check check (valid_to > valid_from),
  constraint instrument_identifier_known_check check (known_to >= known_from),
  -- A company has one CIK and one LEI for all its shares; every other identifier names one instrument at a time.
  constraint instrument_identifier_one_instrument_excl exclude using gist (
    kind extensions.gist_text_ops with =, value extensions.gist_text_ops with =, daterange(valid_from, valid_to) with &&
  ) where (known_to is null and kind not in ('cik', 'lei')),
  constraint instrument_identifier_one_value_excl exclude using gist (
    instrument_id extensions.gist_int8_ops with =, kind extensions.gist_text_ops with =, daterange(valid_from, valid_to) with &&
  ) where (known_to is null)
);
create index if not exists instrument_identifier_value_idx on market.instrument_identifier (kind, value);
create index if not exists instrument_identifier_run_id_idx on market.instrument_identifier (run_id);
comment on table market.instrument_identifier is
'Symbols and other identifiers of instruments in spells: from valid_from to the day before valid_to, as known from known_from to known_to. Nothing is overwritten: a correction closes a row and adds others. Written by market.set_identifier and by the trigger on market.instrument.';
comment on column market.instrument_identifier.instrument_id is 'Instrument.';
comment on column market.instrument_identifier.identifier_id is 'Tells the rows of an instrument apart.';
comment on column market.instrument_identifier.kind is 'symbol, figi, cik, isin, cusip, sedol or lei.';
comment on column market.instrument_identifier.value is 'The identifier, in capitals; a CIK with its ten digits.';
comment on column market.instrument_identifier.valid_from is 'First day on which it was the instrument''s; -infinity where nobody said when that began.';
comment on column market.instrument_identifier.valid_to is 'First day on which it was no longer; infinity where it still is. The last symbol of an instrument that ends is its delisting.';
comment on column market.instrument_identifier.known_from is 'From when this could be known; -infinity for what was taken for granted when the instrument was added.';
comment on column market.instrument_identifier.known_to is 'Until when this was the row to know (excluded); null for what is now known.';
comment on column market.instrument_identifier.recorded_at is 'When marketbase stored it.';
comment on column market.instrument_identifier.run_id is 'Run that said so; null for an instrument that was added without a run.';

--! split: 371-calendars.sql
-- Calendars as rows of hours, rules and exceptions, and sessions that may have a break.
alter table market.exchange add column if not exists calendar_mic text references market.exchange;
alter table market.exchange add column if not exists aliases text[] not null default '{}';
create index if not exists exchange_calendar_mic_idx on market.exchange (calendar_mic);
comment on column market.exchange.calendar_mic is 'Exchange whose hours and holidays it keeps; null where it has its own, or none is known.';
comment on column market.exchange.aliases is 'Other names by which people ask for it, in capitals, such as NYSE.';
comment on column market.exchange.calendar is 'sessions: its sessions stand in market.trading_session, by rules or from a file; weekdays: no calendar is known, so every Monday to Friday counts as a session; always: it trades every day.';

alter table market.trading_session add column if not exists break_start timestamptz;
alter table market.trading_session add column if not exists break_end timestamptz;
alter table market.trading_session add column if not exists run_id bigint references pipeline.pipeline_run;
alter table market.trading_session drop constraint if exists trading_session_break_check;
alter table market.trading_session add constraint trading_session_break_check check (
  num_nonnulls(break_start, break_end) = 0 or num_nonnulls(break_start, break_end) = 2 and break_start > open_at and break_end > break_start and close_at > break_end
);
create index if not exists trading_session_run_id_idx on market.trading_session (run_id);
comment on table market.trading_session is
'Every regular session of the exchanges whose calendar is known (exchange.calendar = sessions): by market.calendar_sessions from 1990 to 2035, or as a file said that was imported. Within the days that are covered, a date without a row is a day on which the exchange did not trade.';
comment on column market.trading_session.session_date is 'Local date of the session; of one that begins the evening before, the date on which it closes.';
comment on column market.trading_session.break_start is 'Beginning of the break at noon; null where there is none.';
comment on column market.trading_session.break_end is 'End of the break at noon; null where there is none.';
comment on column market.trading_session.run_id is 'Run that imported it; null for a session by rules.';

create table if not exists market.calendar_hours (
  mic text not null references market.exchange,
  valid_from date not null,
  weekdays integer[] not null default '{1,2,3,4,5}',
  open_time interval not null,
  close_time interval not null,
  break_start interval,
  break_end interval,
  primary key (mic, valid_from),
  constraint calendar_hours_weekdays_check check (weekdays <@ '{1,2,3,4,5,6,7}'::integer[] and cardinality(weekdays) > 0),
  constraint calendar_hours_order_check check (open_time < close_time and (break_start is null) = (break_end is null) and (break_start is null or open_time < break_start and break_start < break_end and break_end < close_time))
);
comment on table market.calendar_hours is 'Regular hours of exchanges, by which market.calendar_sessions makes their sessions.';
comment on column market.calendar_hours.mic is 'Exchange.';
comment on column market.calendar_hours.valid_from is 'First day of these hours; they hold until the next row of the exchange.';
comment on column market.calendar_hours.weekdays is 'Days of the week on which a session closes, 1 for Monday to 7 for Sunday.';
comment on column market.calendar_hours.open_time is 'Opening, on the clock of the exchange, from midnight of the session''s date; negative for the evening before.';
comment on column market.calendar_hours.close_time is 'Close, likewise.';
comment on column market.calendar_hours.break_start is 'Beginning of the break at noon, likewise; null where there is none.';
comment on column market.calendar_hours.break_end is 'End of the break, likewise.';

create table if not exists market.calendar_rule (
  mic text not null references market.exchange,
  rule text not null,
  from_year integer not null default 0,
  to_year integer not null default 9999,
  effect text not null default 'closed',
  month integer,
  day integer,
  weekday integer,
  nth integer,
  easter_offset integer,
  day_offset integer not null default 0,
  saturday_shift integer,
  sunday_shift integer,
  only_on integer[],
  close_time interval,
  primary key (mic, rule, from_year),
  constraint calendar_rule_effect_check check (effect in ('closed', 'early_close') and (effect = 'early_close') = (close_time is not null)),
  constraint calendar_rule_years_check check (to_year >= from_year),
  constraint calendar_rule_date_check check (case
    when easter_offset is not null then num_nonnulls(month, day, weekday, nth) = 0
    when day is not null then month between 1 and 12 and day between 1 and 31 and num_nonnulls(weekday, nth) = 0
    else coalesce(month between 1 and 12 and weekday between 1 and 7 and (nth between 1 and 5 or nth = -1), false)
  end)
);
comment on table market.calendar_rule is
'Holidays and early closes that return every year. A date is a day of a month, the nth weekday of a month, or a distance from Easter; market.calendar_exception overrules it. After a change: market.refresh_sessions.';
comment on column market.calendar_rule.mic is 'Exchange.';
comment on column market.calendar_rule.rule is 'Name, such as Christmas Day.';
comment on column market.calendar_rule.from_year is 'First year.';
comment on column market.calendar_rule.to_year is 'Last year.';
comment on column market.calendar_rule.effect is 'closed: no session; early_close: a session that ends at close_time.';
comment on column market.calendar_rule.month is 'Month of a date that is given by a day or a weekday.';
comment on column market.calendar_rule.day is 'Day of the month.';
comment on column market.calendar_rule.weekday is 'Day of the week, 1 for Monday to 7 for Sunday.';
comment on column market.calendar_rule.nth is 'Which of these weekdays of the month, from 1; -1 for the last.';
comment on column market.calendar_rule.easter_offset is 'Days after Easter Sunday; negative before.';
comment on column market.calendar_rule.day_offset is 'Days to add to the date, as for the day after Thanksgiving.';
comment on column market.calendar_rule.saturday_shift is 'Days to move it by when it falls on a Saturday; null: then it is not kept.';
comment on column market.calendar_rule.sunday_shift is 'Days to move it by when it falls on a Sunday; null: then it is not kept.';
comment on column market.calendar_rule.only_on is 'Kept only on these days of the week; null: on all.';
comment on column market.calendar_rule.close_time is 'When an early close closes, on the clock of the exchange.';

create table if not exists market.calendar_exception (
  mic text not null references market.exchange,
  session_date date not null,
  effect text not null,
  close_time interval,
  reason text not null,
  primary key (mic, session_date),
  constraint calendar_exception_effect_check check (effect in ('closed', 'early_close', 'open') and (effect = 'early_close') = (close_time is not null))
);
comment on table market.calendar_exception is 'Days that no rule foresaw; what stands here counts instead of the rules.';
comment on column market.calendar_exception.mic is 'Exchange.';
comment on column market.calendar_exception.session_date is 'Local date.';
comment on column market.calendar_exception.effect is 'closed, early_close, or open: a regular session where a rule would have closed.';
comment on column market.calendar_exception.close_time is 'When an early close closes, on the clock of the exchange.';
comment on column market.calendar_exception.reason is 'Why.';

insert into market.exchange (mic, name, time_zone, country, calendar, aliases)
values
  ('FX24', 'Currencies: Sunday 17:00 to Friday 17:00, New York time', 'America/New_York', 'ZZ', 'sessions', '{FX,FOREX}'),
  ('XASE', 'NYSE American', 'America/New_York', 'US', 'sessions', '{AMEX}'),
  ('XTKS', 'Tokyo Stock Exchange', 'Asia/Tokyo', 'JP', 'weekdays', '{TSE}'),
  ('XHKG', 'Hong Kong Exchanges and Clearing', 'Asia/Hong_Kong', 'HK', 'weekdays', '{HKEX}'),
  ('XSHG', 'Shanghai Stock Exchange', 'Asia/Shanghai', 'CN', 'weekdays', '{SSE}'),
  ('XSHE', 'Shenzhen Stock Exchange', 'Asia/Shanghai', 'CN', 'weekdays', '{SZSE}'),
  ('XKRX', 'Korea Exchange', 'Asia/Seoul', 'KR', 'weekdays', '{KRX}'),
  ('XTAI', 'Taiwan Stock Exchange', 'Asia/Taipei', 'TW', 'weekdays', '{TWSE}'),
  ('XSES', 'Singapore Exchange', 'Asia/Singapore', 'SG', 'weekdays', '{SGX}'),
  ('XBOM', 'BSE India', 'Asia/Kolkata', 'IN', 'weekdays', '{BSE}'),
  ('XNSE', 'National Stock Exchange of India', 'Asia/Kolkata', 'IN', 'weekdays', '{NSE}'),
  ('XASX', 'Australian Securities Exchange', 'Australia/Sydney', 'AU', 'weekdays', '{ASX}'),
  ('XNZE', 'New Zealand Exchange', 'Pacific/Auckland', 'NZ', 'weekdays', '{NZX}'),
  ('XSWX', 'SIX Swiss Exchange', 'Europe/Zurich', 'CH', 'weekdays', '{SIX}'),
  ('XAMS', 'Euronext Amsterdam', 'Europe/Amsterdam', 'NL', 'weekdays', '{}'),
  ('XBRU', 'Euronext Brussels', 'Europe/Brussels', 'BE', 'weekdays', '{}'),
  ('XLIS', 'Euronext Lisbon', 'Europe/Lisbon', 'PT', 'weekdays', '{}'),
  ('XDUB', 'Euronext Dublin', 'Europe/Dublin', 'IE', 'weekdays', '{}'),
  ('XMIL', 'Borsa Italiana', 'Europe/Rome', 'IT', 'weekdays', '{}'),
  ('XMAD', 'Bolsa de Madrid', 'Europe/Madrid', 'ES', 'weekdays', '{BME}'),
  ('XWBO', 'Wiener Börse', 'Europe/Vienna', 'AT', 'weekdays', '{}'),
  ('XSTO', 'Nasdaq Stockholm', 'Europe/Stockholm', 'SE', 'weekdays', '{}'),
  ('XHEL', 'Nasdaq Helsinki', 'Europe/Helsinki', 'FI', 'weekdays', '{}'),
  ('XWAR', 'Warsaw Stock Exchange', 'Europe/Warsaw', 'PL', 'weekdays', '{WSE}'),
  ('XJSE', 'Johannesburg Stock Exchange', 'Africa/Johannesburg', 'ZA', 'weekdays', '{JSE}'),
  ('BVMF', 'B3', 'America/Sao_Paulo', 'BR', 'weekdays', '{B3}'),
  ('XMEX', 'Bolsa Mexicana de Valores', 'America/Mexico_City', 'MX', 'weekdays', '{BMV}')
on conflict (mic) do update set aliases = excluded.aliases;
update market.exchange
set calendar_mic = case when exchange.mic in ('XNAS', 'ARCX', 'OTCM', 'XASE') then 'XNYS' end, aliases = known.aliases,
  calendar = case exchange.mic when 'XLON' then 'sessions' else exchange.calendar end
from (
  values
    ('XNYS', '{NYSE}'::text[]), ('XNAS', '{NASDAQ}'), ('ARCX', '{ARCA}'), ('OTCM', '{OTC}'), ('XASE', '{AMEX}'), ('XLON', '{LSE}'), ('XTSE', '{TSX}'),
    ('XETR', '{XETRA}'), ('XXXX', '{CRYPTO}')
) as known (mic, aliases)
where exchange.mic = known.mic;

insert into market.calendar_hours (mic, valid_from, weekdays, open_time, close_time)
values
  ('XNYS', '1985-09-30', '{1,2,3,4,5}', '09:30', '16:00'),
  ('XLON', '1986-10-27', '{1,2,3,4,5}', '08:00', '16:30'),
  ('FX24', '1985-01-01', '{1,2,3,4,5}', '-07:00', '17:00')
on conflict (mic, valid_from) do update
set weekdays = excluded.weekdays, open_time = excluded.open_time, close_time = excluded.close_time, break_start = excluded.break_start, break_end = excluded.break_end;

insert into market.calendar_rule (mic, rule, from_year, to_year, effect, month, day, weekday, nth, easter_offset, day_offset, saturday_shift, sunday_shift, only_on, close_time)
values
  -- New York: a holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after; but New Year's Day not in the old year.
  ('XNYS', 'New Year''s Day', 0, 9999, 'closed', 1, 1, null, null, null, 0, null, 1, null, null),
  ('XNYS', 'Martin Luther King Day', 1998, 9999, 'closed', 1, null, 1, 3, null, 0, null, null, null, null),
  ('XNYS', 'Washington''s Birthday', 0, 9999, 'closed', 2, null, 1, 3, null, 0, null, null, null, null),
  ('XNYS', 'Good Friday', 0, 9999, 'closed', null, null, null, null, -2, 0, null, null, null, null),
  ('XNYS', 'Memorial Day', 0, 9999, 'closed', 5, null, 1, -1, null, 0, null, null, null, null),
  ('XNYS', 'Juneteenth', 2022, 9999, 'closed', 6, 19, null, null, null, 0, -1, 1, null, null),
  ('XNYS', 'Independence Day', 0, 9999, 'closed', 7, 4, null, null, null, 0, -1, 1, null, null),
  ('XNYS', 'Labor Day', 0, 9999, 'closed', 9, null, 1, 1, null, 0, null, null, null, null),
  ('XNYS', 'Thanksgiving', 0, 9999, 'closed', 11, null, 4, 4, null, 0, null, null, null, null),
  ('XNYS', 'Christmas Day', 0, 9999, 'closed', 12, 25, null, null, null, 0, -1, 1, null, null),
  ('XNYS', 'Christmas Eve', 0, 1992, 'early_close', 12, 24, null, null, null, 0, null, null, null, '14:00'),
  ('XNYS', 'Christmas Eve', 1993, 9999, 'early_close', 12, 24, null, null, null, 0, null, null, null, '13:00'),
  ('XNYS', 'Day after Thanksgiving', 1992, 1992, 'early_close', 11, null, 4, 4, null, 1, null, null, null, '14:00'),
  ('XNYS', 'Day after Thanksgiving', 1993, 9999, 'early_close', 11, null, 4, 4, null, 1, null, null, null, '13:00'),
  ('XNYS', 'Eve of Independence Day', 1995, 2012, 'early_close', 7, 3, null, null, null, 0, null, null, '{1,2,4}', '13:00'),
  ('XNYS', 'Eve of Independence Day', 2013, 9999, 'early_close', 7, 3, null, null, null, 0, null, null, '{1,2,3,4}', '13:00'),
  ('XNYS', 'Friday after Independence Day', 1995, 2012, 'early_close', 7, 5, null, null, null, 0, null, null, '{5}', '13:00'),
  -- London: the bank holidays of England and Wales, with a substitute day after the weekend.
  ('XLON', 'New Year''s Day', 0, 9999, 'closed', 1, 1, null, null, null, 0, 2, 1, null, null),
  ('XLON', 'Good Friday', 0, 9999, 'closed', null, null, null, null, -2, 0, null, null, null, null),
  ('XLON', 'Easter Monday', 0, 9999, 'closed', null, null, null, null, 1, 0, null, null, null, null),
  ('XLON', 'Early May bank holiday', 0, 9999, 'closed', 5, null, 1, 1, null, 0, null, null, null, null),
  ('XLON', 'Spring bank holiday', 0, 9999, 'closed', 5, null, 1, -1, null, 0, null, null, null, null),
  ('XLON', 'Summer bank holiday', 0, 9999, 'closed', 8, null, 1, -1, null, 0, null, null, null, null),
  ('XLON', 'Christmas Day', 0, 9999, 'closed', 12, 25, null, null, null, 0, 2, 2, null, null),
  ('XLON', 'Boxing Day', 0, 9999, 'closed', 12, 26, null, null, null, 0, 2, 2, null, null),
  ('XLON', 'Christmas Eve', 0, 9999, 'early_close', 12, 24, null, null, null, 0, -1, -2, null, '12:30'),
  ('XLON', 'New Year''s Eve', 0, 9999, 'early_close', 12, 31, null, null, null, 0, -1, -2, null, '12:30')
on conflict (mic, rule, from_year) do update
set to_year = excluded.to_year, effect = excluded.effect, month = excluded.month, day = excluded.day, weekday = excluded.weekday, nth = excluded.nth,
  easter_offset = excluded.easter_offset, day_offset = excluded.day_offset, saturday_shift = excluded.saturday_shift, sunday_shift = excluded.sunday_shift,
  only_on = excluded.only_on, close_time = excluded.close_time;

insert into market.calendar_exception (mic, session_date, effect, close_time, reason)
values
  ('XNYS', '1985-09-27', 'closed', null, 'hurricane Gloria'),
  ('XNYS', '1994-04-27', 'closed', null, 'mourning for Richard Nixon'),
  ('XNYS', '1997-12-26', 'early_close', '13:00', 'day after Christmas'),
  ('XNYS', '1999-12-31', 'early_close', '13:00', 'turn of the century'),
  ('XNYS', '2001-09-11', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2001-09-12', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2001-09-13', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2001-09-14', 'closed', null, 'attacks on the World Trade Center'),
  ('XNYS', '2003-12-26', 'early_close', '13:00', 'day after Christmas'),
  ('XNYS', '2004-06-11', 'closed', null, 'mourning for Ronald Reagan'),
  ('XNYS', '2007-01-02', 'closed', null, 'mourning for Gerald Ford'),
  ('XNYS', '2012-10-29', 'closed', null, 'hurricane Sandy'),
  ('XNYS', '2012-10-30', 'closed', null, 'hurricane Sandy'),
  ('XNYS', '2018-12-05', 'closed', null, 'mourning for George H. W. Bush'),
  ('XNYS', '2025-01-09', 'closed', null, 'mourning for Jimmy Carter'),
  ('XLON', '1995-05-01', 'open', null, 'the early May bank holiday was moved to 8 May'),
  ('XLON', '1995-05-08', 'closed', null, 'fifty years since the end of the war in Europe'),
  ('XLON', '1999-12-31', 'closed', null, 'turn of the century'),
  ('XLON', '2002-05-27', 'open', null, 'the spring bank holiday was moved to 4 June'),
  ('XLON', '2002-06-03', 'closed', null, 'golden jubilee of the Queen'),
  ('XLON', '2002-06-04', 'closed', null, 'spring bank holiday'),
  ('XLON', '2011-04-29', 'closed', null, 'royal wedding'),
  ('XLON', '2012-05-28', 'open', null, 'the spring bank holiday was moved to 4 June'),
  ('XLON', '2012-06-04', 'closed', null, 'spring bank holiday'),
  ('XLON', '2012-06-05', 'closed', null, 'diamond jubilee of the Queen'),
  ('XLON', '2020-05-04', 'open', null, 'the early May bank holiday was moved to 8 May'),
  ('XLON', '2020-05-08', 'closed', null, 'seventy-five years since the end of the war in Europe'),
  ('XLON', '2022-05-30', 'open', null, 'the spring bank holiday was moved to 2 June'),
  ('XLON', '2022-06-02', 'closed', null, 'spring bank holiday'),
  ('XLON', '2022-06-03', 'closed', null, 'platinum jubilee of the Queen'),
  ('XLON', '2022-09-19', 'closed', null, 'funeral of the Queen'),
  ('XLON', '2023-05-08', 'closed', null, 'coronation of the King')
on conflict (mic, session_date) do update
set effect = excluded.effect, close_time = excluded.close_time, reason = excluded.reason;

-- The rules of New York are rows now.
drop function if exists market.xnys_sessions(date, date);
drop function if exists market.xnys_holidays(integer);
drop function if exists market.xnys_early_close(date);

--! split: 372-adjustment.sql
-- On which basis providers give prices and amounts, and series that are adjusted from it.
alter table ingest.provider add column if not exists amounts_adjusted_to date;
comment on column ingest.provider.splits_adjusted_to is 'Day up to which prices on the basis split or total are adjusted: infinity or null where up to the day on which they are fetched.';
comment on column ingest.provider.amounts_adjusted_to is 'Day up to which the amounts of its dividends are given per share after later splits, infinity where up to the day on which they are fetched; null where per share of the ex-date.';
update ingest.provider
set amounts_adjusted_to = splits_adjusted_to
where provider in ('yahoo', 'sample') and amounts_adjusted_to is null;

create unlogged table if not exists ingest.candidate_action_span (
  raw_response_id bigint not null,
  instrument_id bigint not null,
  action_type text not null,
  from_date date not null,
  to_date date not null,
  primary key (raw_response_id, instrument_id, action_type, from_date),
  constraint candidate_action_span_order_check check (to_date >= from_date)
);
comment on table ingest.candidate_action_span is
'For which days a body says all corporate actions of a type: one on record there from the same provider that it does not list has been cancelled. As ingest.candidate_action, empty between transactions.';
comment on column ingest.candidate_action_span.raw_response_id is 'The body.';
comment on column ingest.candidate_action_span.instrument_id is 'Instrument.';
comment on column ingest.candidate_action_span.action_type is 'split or dividend.';
comment on column ingest.candidate_action_span.from_date is 'First ex-date that the body would list.';
comment on column ingest.candidate_action_span.to_date is 'Last ex-date that the body would list.';

drop type if exists market.adjusted_bar cascade;
create type market.adjusted_bar as (
  instrument_id bigint,
  symbol text,
  bar_interval text,
  ts timestamptz,
  session_date date,
  adjustment text,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  raw_close double precision,
  split_factor double precision,
  dividend_factor double precision,
  known_from timestamptz
);
comment on type market.adjusted_bar is 'A bar with the adjustment that was asked for: price = raw price * split_factor * dividend_factor.';
comment on column market.adjusted_bar.instrument_id is 'Instrument.';
comment on column market.adjusted_bar.symbol is 'Its symbol.';
comment on column market.adjusted_bar.bar_interval is 'Length of the bar.';
comment on column market.adjusted_bar.ts is 'Start of the bar.';
comment on column market.adjusted_bar.session_date is 'Local date of the session.';
comment on column market.adjusted_bar.adjustment is 'none, split, split_dividend, total_return or accumulated.';
comment on column market.adjusted_bar.open is 'First price, adjusted.';
comment on column market.adjusted_bar.high is 'Highest price, adjusted.';
comment on column market.adjusted_bar.low is 'Lowest price, adjusted.';
comment on column market.adjusted_bar.close is 'Last price, adjusted.';
comment on column market.adjusted_bar.volume is 'Units traded, in the shares in which the price counts.';
comment on column market.adjusted_bar.raw_close is 'Close as it was quoted that day, whatever basis the provider uses.';
comment on column market.adjusted_bar.split_factor is 'Factor for splits; 1 where none counts.';
comment on column market.adjusted_bar.dividend_factor is 'Factor for dividends; 1 where none counts.';
comment on column market.adjusted_bar.known_from is 'From when the bar could be known; the factors are those known at the moment that was asked for.';

-- Feature sets that use adjusted prices have marks of their own.
alter table pipeline.stale_range drop constraint if exists stale_range_consumer_check;
alter table pipeline.stale_range add constraint stale_range_consumer_check
  check (consumer in ('quality', 'feature', 'fundamental_feature', 'action_feature', 'ml', 'portfolio', 'risk'));
comment on column pipeline.stale_range.consumer is
'Who has to look again: quality, feature, fundamental_feature (sets that use fundamentals), action_feature (sets that use adjusted prices), ml, portfolio or risk.';

--! split: 373-universes.sql
-- Which instruments belonged to a universe, when, and since when that is known.
create table if not exists market.universe (
  universe text primary key,
  description text,
  covered_to date,
  created_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  constraint universe_name_check check (universe ~ '^[a-z0-9][a-z0-9_-]{0,40}$')
);
create index if not exists universe_run_id_idx on market.universe (run_id);
comment on table market.universe is 'Sets of instruments with members that change over time, such as the S&P 500.';
comment on column market.universe.universe is 'Name, such as sp500.';
comment on column market.universe.description is 'What it is.';
comment on column market.universe.covered_to is 'Day up to which its members are known; a change of a later day that is told afterwards is news, one of an earlier day a correction.';
comment on column market.universe.created_at is 'When it was added.';
comment on column market.universe.run_id is 'Run that added it.';

create table if not exists market.universe_member (
  instrument_id bigint not null references market.instrument,
  member_id bigint generated always as identity,
  universe text not null references market.universe,
  symbol text not null,
  valid_from date not null,
  valid_to date not null default 'infinity',
  known_from timestamptz not null,
  known_to timestamptz,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, member_id),
  constraint universe_member_valid_check check (valid_to > valid_from),
  constraint universe_member_known_check check (known_to >= known_from),
  constraint universe_member_one_spell_excl exclude using gist (
    universe extensions.gist_text_ops with =, instrument_id extensions.gist_int8_ops with =, daterange(valid_from, valid_to) with &&
  ) where (known_to is null)
);
create index if not exists universe_member_universe_idx on market.universe_member (universe, valid_from);
create index if not exists universe_member_run_id_idx on market.universe_member (run_id);
comment on table market.universe_member is
'Spells of membership: from valid_from to the day before valid_to, as known from known_from to known_to. That a member leaves is known when it leaves, so that who looks at a day of the past sees what was known then: nothing is overwritten.';
comment on column market.universe_member.instrument_id is 'Instrument.';
comment on column market.universe_member.member_id is 'Tells the rows of an instrument apart.';
comment on column market.universe_member.universe is 'Universe.';
comment on column market.universe_member.symbol is 'Ticker under which it was a member.';
comment on column market.universe_member.valid_from is 'First day as a member.';
comment on column market.universe_member.valid_to is 'First day on which it was no longer a member; infinity where no end is known.';
comment on column market.universe_member.known_from is 'From when this could be known.';
comment on column market.universe_member.known_to is 'Until when this was the row to know (excluded); null for what is now known.';
comment on column market.universe_member.recorded_at is 'When marketbase stored it.';
comment on column market.universe_member.run_id is 'Run that said so.';

--! split: 400-ingestion.sql
-- Ingestion that goes on for years: the pace of each provider, backfills in pieces, schedules, and restatements that wait for a person.
create table if not exists ingest.request_pace (
  provider text primary key references ingest.provider,
  next_at timestamptz not null default '-infinity',
  blocked_until timestamptz not null default '-infinity',
  blocked_reason text,
  recent timestamptz[] not null default '{}',
  request_count bigint not null default 0,
  constraint request_pace_request_count_check check (request_count >= 0)
);
comment on table ingest.request_pace is 'When each provider may be asked next, for all processes together; written by ingest.reserve_request and ingest.pause_provider.';
comment on column ingest.request_pace.provider is 'Provider.';
comment on column ingest.request_pace.next_at is 'The first moment at which the next request may be sent, by the clock of the database.';
comment on column ingest.request_pace.blocked_until is 'Until when the provider does not want to be asked, as it said itself (Retry-After) or as its limits tell.';
comment on column ingest.request_pace.blocked_reason is 'What the provider said; null where it never did.';
comment on column ingest.request_pace.recent is 'Moments of the latest requests, at most as many as its limit allows within its time, oldest first.';
comment on column ingest.request_pace.request_count is 'Requests so far.';

alter table pipeline.pipeline_run add column if not exists retry_count integer not null default 0;
alter table pipeline.pipeline_run add column if not exists lost_count integer not null default 0;
alter table pipeline.pipeline_run add column if not exists run_at timestamptz;
comment on column pipeline.pipeline_run.retry_count is 'How often it was put off because a server or a network failed; waiting for a limit of a provider does not count.';
comment on column pipeline.pipeline_run.lost_count is 'How often the worker that had it in hand ended before it was done.';
comment on column pipeline.pipeline_run.run_at is 'When it is to be tried next, where it was put off; null otherwise.';

alter table pipeline.flow_step drop constraint if exists flow_step_task_check;
alter table pipeline.flow_step add constraint flow_step_task_check check (task in ('fetch', 'run_step', 'publish', 'backfill_chunk'));
comment on column pipeline.flow_step.task is 'The worker task that carries it out: fetch, run_step, publish or backfill_chunk.';

alter table ingest.normalisation drop constraint if exists normalisation_outcome_check;
alter table ingest.normalisation add constraint normalisation_outcome_check check (outcome in ('normalised', 'refused', 'held'));
alter table ingest.normalisation drop constraint if exists normalisation_refused_check;
alter table ingest.normalisation add constraint normalisation_refused_check check ((outcome <> 'normalised') = (error_code is not null and message is not null));
comment on column ingest.normalisation.outcome is 'normalised; refused: the body cannot be read; held: it restates more rows than are accepted without a person (ingest.held_response).';

alter table ingest.provider add column if not exists restatement_limit integer not null default 1000;
alter table ingest.provider drop constraint if exists provider_restatement_limit_check;
alter table ingest.provider add constraint provider_restatement_limit_check check (restatement_limit >= 0);
comment on column ingest.provider.restatement_limit is
'How many stored rows one body may change before a person has to accept it (marketbase ingest accept). 1000 unless set otherwise; new rows do not count.';

create table if not exists ingest.held_response (
  raw_response_id bigint primary key references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  held_at timestamptz not null default now(),
  changed_count bigint not null,
  instrument_count bigint not null,
  first_ts timestamptz,
  last_ts timestamptz,
  bar_count bigint not null,
  fact_count bigint not null,
  feature_value_count bigint not null,
  training_set_count bigint not null,
  prediction_count bigint not null,
  released_at timestamptz,
  released_by text,
  reason text,
  accept_run_id bigint references pipeline.pipeline_run,
  constraint held_response_release_check check (num_nonnulls(released_at, released_by, reason, accept_run_id) in (0, 4))
);
create index if not exists held_response_run_id_idx on ingest.held_response (run_id);
create index if not exists held_response_accept_run_id_idx on ingest.held_response (accept_run_id);
comment on table ingest.held_response is 'Bodies that would restate more rows than are accepted without a person, what that would touch, and who released them why.';
comment on column ingest.held_response.raw_response_id is 'The body.';
comment on column ingest.held_response.run_id is 'Run that read it and held it back.';
comment on column ingest.held_response.held_at is 'When it was held back.';
comment on column ingest.held_response.changed_count is 'Stored rows that it would change.';
comment on column ingest.held_response.instrument_count is 'Instruments of these rows.';
comment on column ingest.held_response.first_ts is 'First time of these rows.';
comment on column ingest.held_response.last_ts is 'Last time of these rows.';
comment on column ingest.held_response.bar_count is 'Bars among them.';
comment on column ingest.held_response.fact_count is 'Fundamental facts among them.';
comment on column ingest.held_response.feature_value_count is 'Feature values that would be computed again.';
comment on column ingest.held_response.training_set_count is 'Training sets that hold such values.';
comment on column ingest.held_response.prediction_count is 'Predictions made from such values.';
comment on column ingest.held_response.released_at is 'When a person accepted it; null while it waits.';
comment on column ingest.held_response.released_by is 'Who accepted it.';
comment on column ingest.held_response.reason is 'Why it was accepted.';
comment on column ingest.held_response.accept_run_id is 'Run that took its rows in.';

create table if not exists pipeline.backfill (
  run_id bigint primary key references pipeline.pipeline_run,
  provider text not null references ingest.provider,
  dataset text not null,
  subjects text[] not null,
  from_date date,
  to_date date,
  chunk_days integer,
  reprocess text not null,
  is_reverse boolean not null,
  max_active integer not null,
  constraint backfill_subjects_check check (cardinality(subjects) > 0),
  constraint backfill_dates_check check (from_date <= to_date),
  constraint backfill_chunk_days_check check (chunk_days > 0),
  constraint backfill_reprocess_check check (reprocess in ('none', 'failed', 'all')),
  constraint backfill_max_active_check check (max_active between 1 and 64)
);
create index if not exists backfill_provider_idx on pipeline.backfill (provider);
comment on table pipeline.backfill is 'What is to be fetched for many symbols or years, cut into pieces (pipeline.backfill_chunk). Its run is the root of the runs of its pieces.';
comment on column pipeline.backfill.run_id is 'Its run.';
comment on column pipeline.backfill.provider is 'Provider.';
comment on column pipeline.backfill.dataset is 'Data set.';
comment on column pipeline.backfill.subjects is 'Symbols.';
comment on column pipeline.backfill.from_date is 'First day; null: as far back as the provider goes.';
comment on column pipeline.backfill.to_date is 'Last day; null: until now.';
comment on column pipeline.backfill.chunk_days is 'Days of a piece; null: one piece for each symbol.';
comment on column pipeline.backfill.reprocess is 'none: only what was never tried; failed: also what failed; all: everything.';
comment on column pipeline.backfill.is_reverse is 'The newest pieces first.';
comment on column pipeline.backfill.max_active is 'Pieces in the hands of workers at once.';

create table if not exists pipeline.backfill_chunk (
  backfill_run_id bigint not null references pipeline.backfill,
  chunk_no integer not null,
  subject text not null,
  from_date date,
  to_date date,
  state text not null default 'waiting',
  run_id bigint references pipeline.pipeline_run,
  raw_response_id bigint references ingest.raw_response,
  row_count bigint not null default 0,
  new_count bigint not null default 0,
  version_count bigint not null default 0,
  quarantined_count bigint not null default 0,
  error_code text,
  message text,
  finished_at timestamptz,
  primary key (backfill_run_id, chunk_no),
  constraint backfill_chunk_state_check check (state in ('waiting', 'queued', 'done', 'failed', 'held')),
  constraint backfill_chunk_run_check check (state = 'waiting' or run_id is not null),
  constraint backfill_chunk_finished_check check ((finished_at is not null) = (state in ('done', 'failed', 'held')))
);
create index if not exists backfill_chunk_run_id_idx on pipeline.backfill_chunk (run_id);
create index if not exists backfill_chunk_raw_response_id_idx on pipeline.backfill_chunk (raw_response_id);
create index if not exists backfill_chunk_subject_idx on pipeline.backfill_chunk (subject);
comment on table pipeline.backfill_chunk is 'The pieces of a backfill: one request for one symbol and one span of days. Each is fetched, read and recorded in a run of its own.';
comment on column pipeline.backfill_chunk.backfill_run_id is 'Backfill.';
comment on column pipeline.backfill_chunk.chunk_no is 'Its place in the order of the backfill, from 1.';
comment on column pipeline.backfill_chunk.subject is 'Symbol.';
comment on column pipeline.backfill_chunk.from_date is 'First day; null: as far back as the provider goes.';
comment on column pipeline.backfill_chunk.to_date is 'Last day; null: until now.';
comment on column pipeline.backfill_chunk.state is 'waiting; queued: in the hands of the workers; done; failed: see error_code and message; held: waits for marketbase ingest accept.';
comment on column pipeline.backfill_chunk.run_id is 'Run that fetches and reads it.';
comment on column pipeline.backfill_chunk.raw_response_id is 'Body that came for it.';
comment on column pipeline.backfill_chunk.row_count is 'Rows of the body.';
comment on column pipeline.backfill_chunk.new_count is 'Rows that were not known before.';
comment on column pipeline.backfill_chunk.version_count is 'Rows that made a new version of a known one.';
comment on column pipeline.backfill_chunk.quarantined_count is 'Rows that are in quarantine.';
comment on column pipeline.backfill_chunk.error_code is 'Why it failed or is held, as a code; null otherwise.';
comment on column pipeline.backfill_chunk.message is 'Why, in words.';
comment on column pipeline.backfill_chunk.finished_at is 'When it was done, failed or held.';

create table if not exists pipeline.schedule (
  name text primary key,
  provider text not null references ingest.provider,
  dataset text not null,
  symbols text[],
  universe text,
  cron text,
  after_close text references market.exchange (mic),
  delay interval not null default '30 minutes',
  time_zone text not null default 'UTC',
  look_back_days integer not null default 7,
  is_paused boolean not null default false,
  next_at timestamptz not null,
  last_at timestamptz,
  last_run_id bigint references pipeline.pipeline_run,
  last_message text,
  created_at timestamptz not null default now(),
  created_by text not null default current_user,
  constraint schedule_name_check check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  constraint schedule_what_check check (num_nonnulls(symbols, universe) = 1),
  constraint schedule_symbols_check check (cardinality(symbols) > 0),
  constraint schedule_when_check check (num_nonnulls(cron, after_close) > 0),
  constraint schedule_look_back_check check (look_back_days between 0 and 36500),
  constraint schedule_delay_check check (delay >= interval '0' and delay <= interval '1 day')
);
create index if not exists schedule_provider_idx on pipeline.schedule (provider);
create index if not exists schedule_after_close_idx on pipeline.schedule (after_close);
create index if not exists schedule_last_run_id_idx on pipeline.schedule (last_run_id);
comment on table pipeline.schedule is 'What is fetched again and again, and when; every worker looks for what is due. What was missed while no worker ran is made up once.';
comment on column pipeline.schedule.name is 'Name, such as yahoo-sp500.';
comment on column pipeline.schedule.provider is 'Provider.';
comment on column pipeline.schedule.dataset is 'Data set.';
comment on column pipeline.schedule.symbols is 'Symbols; null where a universe is named.';
comment on column pipeline.schedule.universe is 'Universe whose members of the day are fetched; null where symbols are.';
comment on column pipeline.schedule.cron is 'Minute, hour, day of month, month, day of week in time_zone; null: once after each close.';
comment on column pipeline.schedule.after_close is 'Exchange whose session must be over; null: the calendar does not matter.';
comment on column pipeline.schedule.delay is 'How long after the close.';
comment on column pipeline.schedule.time_zone is 'Time zone of cron.';
comment on column pipeline.schedule.look_back_days is 'How many days before today are fetched along, so that late corrections are seen.';
comment on column pipeline.schedule.is_paused is 'Nothing is started while it is true.';
comment on column pipeline.schedule.next_at is 'When it is due next.';
comment on column pipeline.schedule.last_at is 'When it was started last.';
comment on column pipeline.schedule.last_run_id is 'Backfill that it started last.';
comment on column pipeline.schedule.last_message is 'Why it could not be started the last time; null when it could.';
comment on column pipeline.schedule.created_at is 'When it was made.';
comment on column pipeline.schedule.created_by is 'Who made it.';

do $$
begin
  if to_regtype('ingest.impact_estimate') is null then
    create type ingest.impact_estimate as (
      instrument_count bigint,
      first_ts timestamptz,
      last_ts timestamptz,
      bar_count bigint,
      fact_count bigint,
      feature_value_count bigint,
      training_set_count bigint,
      prediction_count bigint
    );
  end if;
  if to_regtype('pipeline.planned_chunk') is null then
    create type pipeline.planned_chunk as (
      chunk_no integer,
      subject text,
      from_date date,
      to_date date,
      before text,
      is_wanted boolean
    );
  end if;
end
$$;
comment on type ingest.impact_estimate is 'What a restatement touches.';
comment on type pipeline.planned_chunk is 'A piece of a backfill before it starts: what became of the same days before (new, done, failed or held), and whether it is fetched.';
comment on column ingest.impact_estimate.instrument_count is 'Instruments.';
comment on column ingest.impact_estimate.first_ts is 'First time of the changed rows.';
comment on column ingest.impact_estimate.last_ts is 'Last time of the changed rows.';
comment on column ingest.impact_estimate.bar_count is 'Bars whose open, high, low, close or volume changed.';
comment on column ingest.impact_estimate.fact_count is 'Restated fundamental facts.';
comment on column ingest.impact_estimate.feature_value_count is 'Feature values that depend on them.';
comment on column ingest.impact_estimate.training_set_count is 'Training sets that hold such values.';
comment on column ingest.impact_estimate.prediction_count is 'Predictions made from such values.';
comment on column pipeline.planned_chunk.chunk_no is 'Its place in the order, from 1.';
comment on column pipeline.planned_chunk.subject is 'Symbol.';
comment on column pipeline.planned_chunk.from_date is 'First day; null: as far back as the provider goes.';
comment on column pipeline.planned_chunk.to_date is 'Last day; null: until now.';
comment on column pipeline.planned_chunk.before is 'What became of the same days before: new, done, failed or held.';
comment on column pipeline.planned_chunk.is_wanted is 'It would be fetched.';

--! split: 440-bars-in-bulk.sql
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

--! split: 455-actions-of-a-body.sql
-- How many splits and dividends a body brought.
alter table ingest.normalisation add column if not exists action_count bigint not null default 0;
alter table ingest.normalisation add column if not exists action_changed_count bigint not null default 0;
alter table ingest.normalisation drop constraint if exists normalisation_action_count_check;
alter table ingest.normalisation add constraint normalisation_action_count_check check (action_count >= 0 and action_changed_count >= 0);
comment on column ingest.normalisation.row_count is 'Rows found in the body: bars, facts, …; splits and dividends where the body has nothing else.';
comment on column ingest.normalisation.action_count is 'Splits and dividends found in the body, beside bars or alone.';
comment on column ingest.normalisation.action_changed_count is 'Splits and dividends that were new, made a new version, or were cancelled because the body no longer lists them.';

--! split: 456-action-observations.sql
-- What providers said of a split or dividend that did not become the current one.
create table if not exists market.corporate_action_observation (
  instrument_id bigint not null references market.instrument,
  action_type text not null,
  ex_date date not null,
  provider text not null references ingest.provider,
  known_from timestamptz not null,
  amount numeric,
  currency text,
  recorded_at timestamptz not null default now(),
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, action_type, ex_date, provider, known_from),
  constraint corporate_action_observation_type_check check (action_type in ('split', 'dividend')),
  constraint corporate_action_observation_amount_check check (amount > 0),
  constraint corporate_action_observation_currency_check check ((currency is not null) = (action_type = 'dividend' and amount is not null))
);
create index if not exists corporate_action_observation_provider_idx on market.corporate_action_observation (provider);
create index if not exists corporate_action_observation_raw_response_id_idx on market.corporate_action_observation (raw_response_id);
create index if not exists corporate_action_observation_run_id_idx on market.corporate_action_observation (run_id);
comment on table market.corporate_action_observation is
E'@behavior -*\nWhat providers said of a split or dividend without it becoming (or staying) the current one of market.corporate_action: one of lower priority, one that agreed, one that took back what it had said. Append-only; empty as long as one provider
speaks of an instrument. The latest row of a provider counts: it keeps a worse one from changing the action, and takes its place when the provider behind the action no longer lists it.';
comment on column market.corporate_action_observation.instrument_id is 'Instrument.';
comment on column market.corporate_action_observation.action_type is 'split or dividend.';
comment on column market.corporate_action_observation.ex_date is 'First session that trades without the entitlement.';
comment on column market.corporate_action_observation.provider is 'Who said it.';
comment on column market.corporate_action_observation.known_from is 'When the body arrived in which it was said.';
comment on column market.corporate_action_observation.amount is
'New shares per old share of a split; cash per share of a dividend, as the provider gave it (ingest.provider.amounts_adjusted_to). Null: the provider no longer lists it.';
comment on column market.corporate_action_observation.currency is 'Currency of a dividend.';
comment on column market.corporate_action_observation.recorded_at is 'When marketbase stored it.';
comment on column market.corporate_action_observation.raw_response_id is 'The body.';
comment on column market.corporate_action_observation.run_id is 'Run that read it.';

drop type if exists ingest.cancelled_action cascade;
create type ingest.cancelled_action as (
  instrument_id bigint,
  action_type text,
  ex_date date,
  version integer
);
comment on type ingest.cancelled_action is 'A split or dividend that its provider no longer lists.';
comment on column ingest.cancelled_action.instrument_id is 'Instrument.';
comment on column ingest.cancelled_action.action_type is 'split or dividend.';
comment on column ingest.cancelled_action.ex_date is 'First session that trades without the entitlement.';
comment on column ingest.cancelled_action.version is 'The version that was cancelled.';

--! split: 457-family-of-actions.sql
-- Rules on corporate actions are a family of their own.
comment on column quality.validation_rule.family is 'structure, prices, actions, calendar, fundamentals, features, online or predictions.';

--! split: 458-spans-of-actions.sql
-- Bodies of actions alone list all of a span too.
alter table ingest.candidate_action_span add column if not exists comes_with_bars boolean not null default true;
comment on column ingest.candidate_action_span.comes_with_bars is
'Whether the provider sends its actions with its bars: then an earlier body with bars of a day should have listed the actions of that day. False for bodies of actions alone.';

--! split: 900-functions.sql
-- Made by `marketbase db include` from fc7b82123e212e67: the changed files of sql-functions, each after what it needs.
--! Included feature/columns/bar_column.sql
-- The columns that belong to a bar, and where each comes from.
create or replace view feature.bar_column with (security_invoker = true) as
select column_name, 'bar' as source, null::text as source_function, null::text[] as concepts
from unnest('{open,high,low,close,volume}'::text[]) as column_name
union all
select
  returned.column_name,
  case source.proname when 'fundamental_columns' then 'fundamental' when 'calendar_columns' then 'calendar' else 'adjusted' end,
  'feature.' || source.proname,
  case when source.proname = 'fundamental_columns' then coalesce(
    (
      select array_agg(concept.concept)
      from market.fundamental_concept concept
      where returned.column_name in (concept.concept, concept.concept || '_year_ago', concept.concept || '_quarter', concept.concept || '_annual',
        concept.concept || '_ttm', concept.concept || '_ttm_year_ago')
    ),
    case returned.column_name when 'raw_close' then '{}'::text[] when 'market_cap' then '{shares_outstanding}'::text[] end
  ) end
from pg_proc as source
cross join lateral unnest(source.proargnames, source.proargmodes::text[], source.proallargtypes) as returned (column_name, mode, type)
where source.pronamespace = 'feature'::regnamespace
  and source.proname in ('fundamental_columns', 'calendar_columns', 'adjusted_columns')
  and returned.mode = 't'
  and returned.type = 'double precision'::regtype;

comment on view feature.bar_column is
E'@primaryKey column_name\nThe columns of a bar: its prices and volume, as they came and adjusted, what was known of the company when it closed, and where its session lies in the calendar.';
comment on column feature.bar_column.column_name is 'Name, such as close, revenue_ttm or sessions_to_month_end.';
comment on column feature.bar_column.source is 'bar, adjusted, fundamental or calendar.';
comment on column feature.bar_column.source_function is 'Function that gives it for each bar, by instrument_id and ts; null for those of the bar itself.';
comment on column feature.bar_column.concepts is 'Of a fundamental column the concepts of market.fundamental_concept that it is made of; null where it depends on all of them.';

revoke all on feature.bar_column from public;
grant select on feature.bar_column to marketbase_reader;
--! EndIncluded feature/columns/bar_column.sql
--! Included feature/columns/calendar_columns.sql
-- Where each bar lies in the calendar of its exchange: the columns that expressions over the calendar use.
create or replace function feature.calendar_columns(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  day_of_week double precision,
  day_of_month double precision,
  day_of_year double precision,
  week_of_year double precision,
  month double precision,
  quarter double precision,
  year double precision,
  session_of_week double precision,
  session_of_month double precision,
  session_of_quarter double precision,
  session_of_year double precision,
  sessions_to_week_end double precision,
  sessions_to_month_end double precision,
  sessions_to_quarter_end double precision,
  sessions_to_year_end double precision,
  is_month_start_session double precision,
  is_month_end_session double precision,
  is_quarter_end_session double precision,
  is_year_end_session double precision,
  session_length double precision,
  is_half_day double precision,
  days_since_previous_session double precision,
  days_to_next_session double precision,
  minutes_since_open double precision,
  minutes_to_close double precision
)
language sql stable parallel safe
rows 10000
begin atomic
  with bar as materialized (
    select closed.instrument_id, closed.ts, closed.session_date, closed.mic
    from feature.closing_bars(p_instrument_ids, p_bar_interval, p_from_ts, p_to_ts) as closed
  ), reach as (
    -- Whole years and the sessions around them, so that a day counts alike whichever bars are asked for; breaks do not matter.
    select mic, date_trunc('year', min(session_date))::date - 15 as from_date, (date_trunc('year', max(session_date)) + interval '1 year')::date + 14 as to_date
    from bar
    group by mic
  ), session as materialized (
    select
      hours.mic, hours.session_date, hours.open_at, hours.close_at, hours.is_half_day,
      row_number() over of_week as session_of_week, row_number() over of_month as session_of_month,
      row_number() over of_quarter as session_of_quarter, row_number() over of_year as session_of_year,
      count(*) over (partition by hours.mic, date_trunc('week', hours.session_date)) as sessions_of_week,
      count(*) over (partition by hours.mic, date_trunc('month', hours.session_date)) as sessions_of_month,
      count(*) over (partition by hours.mic, date_trunc('quarter', hours.session_date)) as sessions_of_quarter,
      count(*) over (partition by hours.mic, date_trunc('year', hours.session_date)) as sessions_of_year,
      hours.session_date - lag(hours.session_date) over in_order as days_since_previous,
      lead(hours.session_date) over in_order - hours.session_date as days_to_next
    from reach
    cross join lateral market.session_hours(reach.mic, reach.from_date, reach.to_date) as hours
    window
      in_order as (partition by hours.mic order by hours.session_date),
      of_week as (partition by hours.mic, date_trunc('week', hours.session_date) order by hours.session_date),
      of_month as (partition by hours.mic, date_trunc('month', hours.session_date) order by hours.session_date),
      of_quarter as (partition by hours.mic, date_trunc('quarter', hours.session_date) order by hours.session_date),
      of_year as (partition by hours.mic, date_trunc('year', hours.session_date) order by hours.session_date)
  )
  select
    bar.instrument_id, bar.ts,
    extract(isodow from bar.session_date), extract(day from bar.session_date), extract(doy from bar.session_date), extract(week from bar.session_date),
    extract(month from bar.session_date), extract(quarter from bar.session_date), extract(year from bar.session_date),
    session.session_of_week, session.session_of_month, session.session_of_quarter, session.session_of_year,
    session.sessions_of_week - session.session_of_week, session.sessions_of_month - session.session_of_month,
    session.sessions_of_quarter - session.session_of_quarter, session.sessions_of_year - session.session_of_year,
    (session.session_of_month = 1)::integer, (session.session_of_month = session.sessions_of_month)::integer,
    (session.session_of_quarter = session.sessions_of_quarter)::integer, (session.session_of_year = session.sessions_of_year)::integer,
    extract(epoch from session.close_at - session.open_at) / 60, session.is_half_day::integer, session.days_since_previous, session.days_to_next,
    case when market.bar_length(p_bar_interval) < interval '1 day' then extract(epoch from bar.ts - session.open_at) / 60 end,
    case when market.bar_length(p_bar_interval) < interval '1 day' then extract(epoch from session.close_at - bar.ts) / 60 end
  from bar
  left join session using (mic, session_date);
end;

comment on function feature.calendar_columns(bigint[], text, timestamptz[], timestamptz[]) is
'One row for each bar of length p_bar_interval of p_instrument_ids: where its session lies in the calendar of its exchange.
p_from_ts, p_to_ts: first and last bar of each instrument, as long as p_instrument_ids (NULL, or a NULL element: no limit).
day_of_week is 1 for Monday; week_of_year is that of ISO 8601; session_of_… counts sessions from 1, sessions_to_…_end gives how many come after this one, 0 for the last; is_… is 1 or 0; session_length in minutes.
minutes_since_open and minutes_to_close, from the start of the bar, are NULL for bars of a day or longer. NULL where the day is no session. Calendars are published years ahead, so that counting to the end of a month is no look-ahead,
except for closures that nobody could foresee: their days are not counted, as if the exchange had announced them.';

revoke all on function feature.calendar_columns(bigint[], text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.calendar_columns(bigint[], text, timestamptz[], timestamptz[]) to marketbase_analyst;
--! EndIncluded feature/columns/calendar_columns.sql
--! Included feature/columns/closing_bars.sql
-- When each bar was over: what was known by then may go with it.
create or replace function feature.closing_bars(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  session_date date,
  mic text,
  closes_at timestamptz,
  close double precision,
  split_basis date
)
language sql stable parallel safe
rows 10000
-- Planned by itself: what calls it knows little about its arrays.
set enable_nestloop to on
begin atomic
  select
    bar.instrument_id, bar.ts, bar.session_date, instrument.mic,
    case
      when span.length < interval '1 day' then bar.ts + span.length
      when span.length = interval '1 day' then coalesce(
        (select session.close_at from market.trading_session as session where session.mic = instrument.mic and session.session_date = bar.session_date),
        (bar.session_date + 1)::timestamp at time zone exchange.time_zone
      )
      else (
        select max(hours.close_at)
        from market.session_hours(
          instrument.mic, market.bar_start(span.length, bar.session_date), market.bar_start(span.length, bar.session_date, 1) - 1
        ) as hours
      )
    end,
    bar.close,
    greatest(bar.session_date, least(provider.splits_adjusted_to, (response.fetched_at at time zone exchange.time_zone)::date))
  from (select market.bar_length(p_bar_interval) as length) as span
  cross join unnest(p_instrument_ids, p_from_ts, p_to_ts) as asked (instrument_id, from_ts, to_ts)
  join market.instrument using (instrument_id)
  join market.exchange using (mic)
  join market.price_data as bar
    on bar.instrument_id = asked.instrument_id and bar.bar_interval = p_bar_interval
    and bar.ts between coalesce(asked.from_ts, '-infinity') and coalesce(asked.to_ts, 'infinity')
  left join ingest.provider on provider.provider = bar.provider and provider.price_basis <> 'raw'
  left join ingest.raw_response as response on response.raw_response_id = bar.raw_response_id and provider.provider is not null;
end;

comment on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) is
'The current bars of p_instrument_ids of length p_bar_interval, from p_from_ts to p_to_ts (as long as p_instrument_ids; NULL, or a NULL element: no limit), with the moment at which each was over:
the close of its session (by rules or from a file), of its last session for weeks and months, ts and the length for bars within a session. A correction does not move it.
split_basis: the day in whose shares the close counts, that of the session unless the provider adjusts its prices for later splits.';

revoke all on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) to marketbase_analyst;
--! EndIncluded feature/columns/closing_bars.sql
--! Included feature/columns/fundamental_columns.sql
-- What was known of the figures of a company when each of its bars closed: the columns that expressions over fundamentals use.
create or replace function feature.fundamental_columns(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null,
  p_concepts text[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  revenue_quarter double precision,
  revenue_annual double precision,
  revenue_ttm double precision,
  revenue_ttm_year_ago double precision,
  gross_profit_quarter double precision,
  gross_profit_annual double precision,
  gross_profit_ttm double precision,
  gross_profit_ttm_year_ago double precision,
  operating_income_quarter double precision,
  operating_income_annual double precision,
  operating_income_ttm double precision,
  operating_income_ttm_year_ago double precision,
  net_income_quarter double precision,
  net_income_annual double precision,
  net_income_ttm double precision,
  net_income_ttm_year_ago double precision,
  eps_diluted_quarter double precision,
  eps_diluted_annual double precision,
  eps_diluted_ttm double precision,
  eps_diluted_ttm_year_ago double precision,
  operating_cash_flow_quarter double precision,
  operating_cash_flow_annual double precision,
  operating_cash_flow_ttm double precision,
  operating_cash_flow_ttm_year_ago double precision,
  capital_expenditure_quarter double precision,
  capital_expenditure_annual double precision,
  capital_expenditure_ttm double precision,
  capital_expenditure_ttm_year_ago double precision,
  total_assets double precision,
  total_assets_year_ago double precision,
  current_assets double precision,
  current_assets_year_ago double precision,
  total_liabilities double precision,
  total_liabilities_year_ago double precision,
  current_liabilities double precision,
  current_liabilities_year_ago double precision,
  equity double precision,
  equity_year_ago double precision,
  cash double precision,
  cash_year_ago double precision,
  long_term_debt double precision,
  long_term_debt_year_ago double precision,
  shares_outstanding double precision,
  shares_outstanding_year_ago double precision,
  raw_close double precision,
  market_cap double precision,
  days_since_period_end double precision,
  days_since_filing double precision
)
language sql stable parallel safe
rows 10000
begin atomic
  with closed as materialized (
    select bar.* from feature.closing_bars(p_instrument_ids, p_bar_interval, p_from_ts, p_to_ts) as bar
  ), figure as materialized (
    select figure.*, dense_rank() over (partition by figure.instrument_id order by figure.known_from)::integer as position
    from market.known_fundamental(
      p_instrument_ids, p_concepts,
      (select coalesce(min(closed.closes_at), 'infinity') from closed),
      (select max(closed.closes_at) from closed)
    ) as figure
  ),
  -- Each moment at which a figure changed, with all that was known then: a figure counts until its next change.
  spell as (
    select
      figure.*,
      coalesce(
        lead(figure.position) over (partition by figure.instrument_id, figure.concept order by figure.position),
        max(figure.position) over (partition by figure.instrument_id) + 1
      ) as next_position
    from figure
  ), known as (
    select
      figure.instrument_id, moment.position,
      max(figure.value_latest) filter (where figure.concept = 'revenue') as revenue_quarter,
      max(figure.value_annual) filter (where figure.concept = 'revenue') as revenue_annual,
      max(figure.value_ttm) filter (where figure.concept = 'revenue') as revenue_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'revenue') as revenue_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'gross_profit') as gross_profit_quarter,
      max(figure.value_annual) filter (where figure.concept = 'gross_profit') as gross_profit_annual,
      max(figure.value_ttm) filter (where figure.concept = 'gross_profit') as gross_profit_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'gross_profit') as gross_profit_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'operating_income') as operating_income_quarter,
      max(figure.value_annual) filter (where figure.concept = 'operating_income') as operating_income_annual,
      max(figure.value_ttm) filter (where figure.concept = 'operating_income') as operating_income_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'operating_income') as operating_income_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'net_income') as net_income_quarter,
      max(figure.value_annual) filter (where figure.concept = 'net_income') as net_income_annual,
      max(figure.value_ttm) filter (where figure.concept = 'net_income') as net_income_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'net_income') as net_income_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'eps_diluted') as eps_diluted_quarter,
      max(figure.value_annual) filter (where figure.concept = 'eps_diluted') as eps_diluted_annual,
      max(figure.value_ttm) filter (where figure.concept = 'eps_diluted') as eps_diluted_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'eps_diluted') as eps_diluted_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_quarter,
      max(figure.value_annual) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_annual,
      max(figure.value_ttm) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_quarter,
      max(figure.value_annual) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_annual,
      max(figure.value_ttm) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'total_assets') as total_assets,
      max(figure.value_year_ago) filter (where figure.concept = 'total_assets') as total_assets_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'current_assets') as current_assets,
      max(figure.value_year_ago) filter (where figure.concept = 'current_assets') as current_assets_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'total_liabilities') as total_liabilities,
      max(figure.value_year_ago) filter (where figure.concept = 'total_liabilities') as total_liabilities_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'current_liabilities') as current_liabilities,
      max(figure.value_year_ago) filter (where figure.concept = 'current_liabilities') as current_liabilities_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'equity') as equity,
      max(figure.value_year_ago) filter (where figure.concept = 'equity') as equity_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'cash') as cash,
      max(figure.value_year_ago) filter (where figure.concept = 'cash') as cash_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'long_term_debt') as long_term_debt,
      max(figure.value_year_ago) filter (where figure.concept = 'long_term_debt') as long_term_debt_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'shares_outstanding') as shares_outstanding,
      max(figure.value_year_ago) filter (where figure.concept = 'shares_outstanding') as shares_outstanding_year_ago,
      max(figure.period_end) filter (where figure.concept <> 'shares_outstanding') as period_end,
      max(figure.filed) as filed
    from spell as figure
    cross join lateral generate_series(figure.position, figure.next_position - 1) as moment (position)
    group by figure.instrument_id, moment.position
  ), series as (
    select instrument_id, array_agg(distinct known_from order by known_from) as known_from from figure group by instrument_id
  ),
  -- How many shares of the beginning one has become by each split, so that the close can be counted in the shares of its day.
  split as materialized (
    select
      action.instrument_id,
      array_agg(action.ex_date order by action.ex_date) as ex_date,
      1 || array_agg(action.shares order by action.ex_date) as shares
    from (
      select instrument_id, ex_date, market.product(amount::double precision) over (partition by instrument_id order by ex_date) as shares
      from market.corporate_action
      where action_type = 'split' and instrument_id = any (p_instrument_ids)
    ) as action
    group by action.instrument_id
  ), bar as materialized (
    select
      closed.instrument_id, closed.ts, closed.session_date,
      width_bucket(closed.closes_at, series.known_from) as position,
      closed.close * coalesce(
        split.shares[width_bucket(closed.split_basis, split.ex_date) + 1] / split.shares[width_bucket(closed.session_date, split.ex_date) + 1], 1
      ) as close
    from closed
    left join series using (instrument_id)
    left join split using (instrument_id)
  )
  select
    bar.instrument_id, bar.ts,
    known.revenue_quarter, known.revenue_annual, known.revenue_ttm, known.revenue_ttm_year_ago,
    known.gross_profit_quarter, known.gross_profit_annual, known.gross_profit_ttm, known.gross_profit_ttm_year_ago,
    known.operating_income_quarter, known.operating_income_annual, known.operating_income_ttm, known.operating_income_ttm_year_ago,
    known.net_income_quarter, known.net_income_annual, known.net_income_ttm, known.net_income_ttm_year_ago,
    known.eps_diluted_quarter, known.eps_diluted_annual, known.eps_diluted_ttm, known.eps_diluted_ttm_year_ago,
    known.operating_cash_flow_quarter, known.operating_cash_flow_annual, known.operating_cash_flow_ttm, known.operating_cash_flow_ttm_year_ago,
    known.capital_expenditure_quarter, known.capital_expenditure_annual, known.capital_expenditure_ttm, known.capital_expenditure_ttm_year_ago,
    known.total_assets, known.total_assets_year_ago, known.current_assets, known.current_assets_year_ago,
    known.total_liabilities, known.total_liabilities_year_ago, known.current_liabilities, known.current_liabilities_year_ago,
    known.equity, known.equity_year_ago, known.cash, known.cash_year_ago,
    known.long_term_debt, known.long_term_debt_year_ago, known.shares_outstanding, known.shares_outstanding_year_ago,
    bar.close, bar.close * known.shares_outstanding,
    bar.session_date - known.period_end, bar.session_date - known.filed
  from bar
  left join known using (instrument_id, position);
end;

comment on function feature.fundamental_columns(bigint[], text, timestamptz[], timestamptz[], text[]) is
'One row for each bar of length p_bar_interval of p_instrument_ids: the figures of the company that could be known when the bar closed, by market.known_fundamental. Nothing filed later is in it.
p_from_ts, p_to_ts: first and last bar of each instrument, as long as p_instrument_ids (NULL, or a NULL element: no limit). p_concepts: concepts to look up (NULL: all); columns of others are NULL.
Of flows: _quarter, _annual (last fiscal year), _ttm (twelve months) and _ttm_year_ago (the twelve months before). Of balances: the latest and that of a year before. Amounts in USD.
shares_outstanding and eps_diluted count in the shares of the day of the bar; raw_close is the close as it was quoted that day, in the same shares, also where the provider adjusts its prices for later splits
(ingest.provider.splits_adjusted_to); market_cap is raw_close times shares_outstanding. Both need the splits in market.corporate_action. days_since_period_end and days_since_filing say how old the figures are. NULL where nothing was known.';

revoke all on function feature.fundamental_columns(bigint[], text, timestamptz[], timestamptz[], text[]) from public;
grant execute on function feature.fundamental_columns(bigint[], text, timestamptz[], timestamptz[], text[]) to marketbase_analyst;
--! EndIncluded feature/columns/fundamental_columns.sql
--! Included feature/compiler/compile_query.sql
-- Writes the query of a planned set.
create or replace function feature.compile_query(
  p_plan jsonb,
  p_outputs text[],
  p_levels integer,
  p_lookback integer,
  p_bar_interval text
) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  arguments constant jsonb := p_plan -> 'arguments';
  kernels constant jsonb := p_plan -> 'kernels';
  -- What only the features need runs at the last level, where windows over one frame share the reading of its rows.
  windows constant jsonb := feature.delay_windows(p_plan, p_levels);
  outputs constant text := array_to_string(p_outputs, E'\n    ');
  listed constant text := E',\n    %1$s as %2$s';
  -- The columns that the rows of the last stage have, besides span, instrument_id, ts and known_from.
  columns text[] := array(
    select part.name
    from unnest('{open,high,low,close,volume,bar_number}'::text[]) with ordinality as part (name, position)
    where p_plan -> 'columns' ? part.name or windows::text ~ format('\m%s\M', part.name)
    order by part.position
  );
  source record;
  stages text[];
  stage text := 'bar';
  later text;
  names text;
  plan jsonb := p_plan;
  framed record;
  shared record;
  sql text;
  -- Kernel calls that are not asked for together with others, the SQL of those that are, and where each result stands in theirs.
  apart jsonb;
  together text;
  unnested jsonb;
begin
  stages := array[format(
    E'bar as (\n  select %s\n  from feature.known_bars($1, %L, %s, $2, $3)\n)',
    array_to_string('{span,instrument_id,ts,known_from}' || columns, ', '), p_bar_interval, coalesce(p_lookback::text, 'null')
  )];

  -- What other functions know about a bar joins it.
  for source in
    select
      entry.value ->> 'function' as function,
      split_part(entry.value ->> 'function', '.', 2) as name,
      array_agg(entry.key order by entry.key) as columns,
      case when bool_and(entry.value -> 'concepts' <> 'null') then
        array(select distinct jsonb_array_elements_text(each.value -> 'concepts') from jsonb_each(p_plan -> 'columns') as each where each.value -> 'concepts' <> 'null' order by 1)
      end as concepts
    from jsonb_each(p_plan -> 'columns') as entry
    where entry.value ->> 'function' is not null
    group by entry.value ->> 'function'
    order by 1
  loop
    if stage = 'bar' then
      stages[1] := replace(stages[1], 'bar as (', 'bar as materialized (');
      stages := stages || E'reach as (
  select array_agg(instrument_id) as ids, array_agg(first_ts) as first_ts, array_agg(last_ts) as last_ts
  from (select instrument_id, min(ts) as first_ts, max(ts) as last_ts from bar group by instrument_id) as read
)'::text;
    end if;
    stages := stages || format(
      E'%1$s as (\n  select told.instrument_id, told.ts, %2$s\n  from reach\n  cross join lateral %3$s(ids, %4$L, first_ts, last_ts%5$s) as told\n)',
      source.name, (select string_agg('told.' || name, ', ') from unnest(source.columns) as name), source.function, p_bar_interval,
      case when source.name = 'fundamental_columns' then format(', %L', source.concepts) else '' end
    );
    stages := stages || format(
      E'bar_with_%1$s as (\n  select %2$s.*, %3$s\n  from %2$s\n  left join %1$s on %1$s.instrument_id = %2$s.instrument_id and %1$s.ts = %2$s.ts\n)',
      source.name, stage, (select string_agg(format('%s.%s', source.name, name), ', ') from unnest(source.columns) as name)
    );
    columns := columns || source.columns;
    stage := 'bar_with_' || source.name;
  end loop;

  for level in 1 .. p_levels loop
    names := feature.compile_list(arguments, level - 1, listed);
    if names <> '' then
      -- Without offset 0 each window would compute the arguments again, for each row of each frame. They stand first, because a row of a frame is
      -- taken apart up to the last column that is needed.
      columns := feature.plan_aliases(arguments, level - 1) || columns;
      select string_agg(
        format(E',\n    %s', coalesce(
          (select entry.key || ' as ' || name from jsonb_each(arguments) as entry where entry.value ->> 'alias' = name and (entry.value ->> 'level')::integer = level - 1),
          name
        )), ''
      )
      into names
      from unnest(columns) as name;
      stages := stages || format(
        E'row_%s as (\n  select\n    span, instrument_id, ts, known_from%s\n  from %s\n  order by span, ts\n  offset 0\n)', level, names, stage
      );
      stage := 'row_' || level;
    end if;

    if feature.compile_list(kernels, level, '%1$s') <> '' then
      select string_agg(entry.key, E'\n')
      into later
      from (values ('arguments', arguments), ('kernels', kernels), ('windows', windows)) as list (kind, entries)
      cross join lateral jsonb_each(list.entries) as entry
      where (entry.value ->> 'level')::integer > level or (entry.value ->> 'level')::integer = level and list.kind <> 'kernels';
      later := concat_ws(E'\n', later, outputs);

      columns := array(select name from unnest(columns) as name where feature.compile_list(kernels, level, '%1$s ') || later ~ format('\m%s\M', name));
      select string_agg(format(E',\n    array_agg(%1$s order by ts) as %1$s', name), '') into names from unnest(columns) as name;
      stages := stages || format(
        E'series_%s as (\n  select\n    span, instrument_id, array_agg(ts order by ts) as ts, array_agg(known_from order by ts) as known_from%s\n  from %s\n  group by span, instrument_id\n)',
        level, names, stage
      );
      apart := kernels;
      unnested := '{}';
      together := '';
      for shared in
        select
          part.series,
          array_agg(part.kernel) as kernels,
          array_agg(part.name order by part.place) as names,
          string_agg(part.period::text, ', ' order by part.place) as periods,
          string_agg(coalesce(part.quantile::text, 'null'), ', ' order by part.place) as quantiles
        from feature.shared_orders(kernels, level) as part
        group by part.series
        order by part.series
      loop
        sql := format('ta.window_order(''rolling'', %s, array[%s], array[%s]::double precision[])', shared.series, shared.periods, shared.quantiles);
        plan := feature.plan_alias(plan, 'orders', sql, level, 'order of ' || shared.series);
        apart := apart - shared.kernels;
        together := together || format(listed, sql, plan ->> 'alias');
        select unnested || jsonb_object_agg(
          part.name, format('%s[%s * cardinality(ts) + 1 : %s * cardinality(ts)]', plan ->> 'alias', part.place - 1, part.place)
        )
        into unnested
        from unnest(shared.names) with ordinality as part (name, place);
      end loop;
      stages := stages || format(
        E'kernel_%1$s as materialized (\n  select\n    series_%1$s.*%2$s%3$s\n  from series_%1$s\n)', level, feature.compile_list(apart, level, listed), together
      );
      columns := array(select name from unnest(columns) as name where later ~ format('\m%s\M', name)) || feature.plan_aliases(kernels, level);
      columns := array(
        select name from unnest(columns) with ordinality as listed_column (name, position) order by windows::text !~ format('\m%s\M', name), position
      );
      select string_agg(format(E',\n    unnest(%s) as %s', coalesce(unnested ->> name, name), name), '') into names from unnest(columns) as name;
      stages := stages || format(
        E'value_%1$s as (\n  select\n    span, instrument_id, unnest(ts) as ts, unnest(known_from) as known_from%2$s\n  from kernel_%1$s\n)', level, names
      );
      stage := 'value_' || level;
    end if;

    if feature.plan_aliases(windows, level) <> '{}' then
      select * into framed from feature.compile_frames(windows, level, stage, plan);
      plan := framed.plan;
      stages := stages || framed.stages;
      columns := columns || feature.plan_aliases(windows, level);
      stage := framed.stage;
    end if;
  end loop;

  return format(
    E'with %s\nselect span, instrument_id, ts, known_from, array[\n    %s\n  ]::double precision[] as values\nfrom %s',
    array_to_string(stages, ', '), outputs, stage
  );
end
$$;

comment on function feature.compile_query(jsonb, text[], integer, integer, text) is
'The query of a set in stages: rows with the arguments of kernels; kernels that work on arrays; kernels that work on windows of rows; at last the features.
Its parameters: $1 bigint[] instruments, $2 and $3 timestamptz[] the first and last bar to read of each (null: no limit). It gives span, the place in $1, and instrument_id, ts, known_from and values.
p_plan: from feature.plan_expression. p_outputs: SQL of the features over rows. p_levels: how often kernels depend on kernels, 0 for none.
p_lookback: in bars, null for unbounded. p_bar_interval: length of the bars.';

revoke all on function feature.compile_query(jsonb, text[], integer, integer, text) from public;
--! EndIncluded feature/compiler/compile_query.sql
--! Included feature/compiler/compile_set.sql
-- Makes one readable query out of the definitions of a set, or two where it compares instruments.
create or replace function feature.compile_set(p_definitions feature.definition[], p_bar_interval text) returns setof feature.compiled_set
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  plan jsonb := '{
    "columns": {}, "arguments": {}, "kernels": {}, "windows": {}, "frames": {}, "orders": {}, "used": {},
    "aliases": {
      "span": true, "instrument_id": true, "ts": true, "known_from": true, "values": true, "bars": true, "bar_number": true,
      "open": true, "high": true, "low": true, "close": true, "volume": true
    }
  }';
  definition feature.definition;
  names text[] := '{}';
  normal_forms text[] := '{}';
  -- Names without underscores, as the API has them: those of the other columns of the view and of its relations.
  taken text[] := '{symbol,instrumentid,ts,sessiondate,barinterval,instrument,pricedata,id,nodeid,rowid,query}';
  tokens text[];
  parsed record;
  trees jsonb := '{}';
  is_two_stage boolean := false;
  -- Features that are still to be planned; in the trees of the others there are no names of features.
  waiting text[];
  before text[];
  circle text[];
  tree jsonb;
  split record;
  -- What is computed from bars: expressions with name, tree and position; in a set of one stage the features themselves.
  bases jsonb := '{}';
  added jsonb;
  sql_of jsonb := '{}';
  planned record;
  levels integer := 0;
  lookback double precision := 0;
  stage_trees jsonb := '{}';
  cross_plan jsonb := '{"arguments": {}, "sections": {}, "groups": {}}';
  cross_sql jsonb := '{}';
  cross_levels integer := 0;
  in_order feature.definition[] := '{}';
  base_names text[];
  bars feature.compiled_set;
  result feature.compiled_set;
  error_code text;
  error_token text;
  error_hint text;
begin
  if coalesce(cardinality(p_definitions), 0) not between 1 and 500 then
    raise exception using
      errcode = 'MB001',
      message = format('A set has 1 to 500 features, not %s.', coalesce(cardinality(p_definitions), 0)),
      hint = 'Give an array of feature.definition: (name, expression, description).';
  end if;

  foreach definition in array p_definitions loop
    if definition.name is null or definition.name !~ '^[a-z][a-z0-9_]{0,62}$' then
      raise exception using
        errcode = 'MB001',
        message = format('%L is not a name for a feature.', left(definition.name, 80)),
        hint = 'Use lower-case letters, digits and underscores, a letter first, at most 63.';
    elsif replace(definition.name, '_', '') = any (taken) then
      raise exception using
        errcode = 'MB001',
        message = format('The name %s is used twice, or is the name of another column of the view.', definition.name),
        hint = 'Rename the feature; underscores make no difference in the API.';
    elsif coalesce(trim(definition.description), '') = '' then
      raise exception using
        errcode = 'MB001',
        message = format('Feature %s has no description.', definition.name),
        hint = 'Say in a sentence what it measures; it becomes the comment of its column.';
    end if;
    taken := taken || replace(definition.name, '_', '');
    names := names || definition.name;
  end loop;

  -- Read every expression, then plan each feature after those that it names.
  foreach definition in array p_definitions loop
    begin
      tokens := feature.expression_tokens(definition.expression);
      if tokens <> array[definition.name] and exists (select from feature.bar_column where column_name = definition.name) then
        raise exception using errcode = 'MB001', message = 'It has the name of a column of a bar and is something else.', hint = 'Rename it.';
      end if;
      select * into parsed from feature.parse_expression(tokens, 1, 0, array_remove(names, definition.name));
      if parsed.next_position <= cardinality(tokens) then
        raise exception using
          errcode = 'MB001',
          message = format('The expression does not go on with %s.', tokens[parsed.next_position]),
          detail = parsed.next_position::text,
          hint = 'Write an operator before it, or remove it.';
      end if;
      perform feature.expect_number(parsed.node, 'a feature');
    exception
      when sqlstate 'MB001' or sqlstate 'MB003' then
        get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
        perform feature.refuse_definition(definition, error_code, sqlerrm, error_token, error_hint);
    end;
    normal_forms := normal_forms || array_to_string(tokens, ' ');
    trees := trees || jsonb_build_object(definition.name, parsed.node);
    is_two_stage := is_two_stage or feature.is_cross(parsed.node);
  end loop;

  waiting := names;
  while waiting <> '{}' loop
    before := waiting;
    foreach definition in array p_definitions loop
      continue when definition.name <> all (waiting);
      continue when feature.named_features(trees -> definition.name) && waiting;
      begin
        tree := feature.inline_features(trees -> definition.name, trees);
        if not jsonb_path_exists(tree, 'strict $.** ? (@.type() == "object" && @.kind == "column")') then
          raise exception using errcode = 'MB001', message = 'The expression uses no column of a bar.', hint = 'Write something like ta.rsi(close, 14).';
        end if;
        if is_two_stage then
          select * into split from feature.split_stages(tree, definition.name, bases);
          stage_trees := stage_trees || jsonb_build_object(definition.name, split.node);
          added := split.bases - array(select jsonb_object_keys(bases));
          bases := split.bases;
        else
          added := jsonb_build_object(definition.name, jsonb_build_object('tree', tree));
        end if;
        for split in select base.key, base.value -> 'tree' as tree from jsonb_each(added) as base order by (base.value ->> 'position')::integer loop
          select * into planned from feature.plan_expression(split.tree, plan);
          plan := planned.plan;
          levels := greatest(levels, planned.level);
          lookback := greatest(lookback, planned.lookback);
          sql_of := sql_of || jsonb_build_object(split.key, planned.sql);
        end loop;
      exception
        when sqlstate 'MB001' or sqlstate 'MB003' then
          get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
          perform feature.refuse_definition(definition, error_code, sqlerrm, error_token, error_hint);
      end;
      waiting := array_remove(waiting, definition.name);
      in_order := in_order || definition;
      trees := trees || jsonb_build_object(definition.name, tree);
    end loop;
    if waiting = before then
      circle := feature.feature_cycle(trees, waiting);
      raise exception using
        errcode = 'MB001',
        message = format('Feature %s comes back to itself: %s.', circle[1], array_to_string(circle, ' → ')),
        hint = 'Let one of them be computed without the others.';
    end if;
  end loop;

  if not is_two_stage then
    bars := feature.compile_bars(
      plan, names, normal_forms, array(select sql_of ->> name from unnest(names) with ordinality as named (name, position) order by position),
      levels, lookback, p_bar_interval
    );
    bars.definitions := p_definitions;
    return next bars;
    return;
  end if;

  base_names := array(select base.value ->> 'name' from jsonb_each(bases) as base order by (base.value ->> 'position')::integer);
  cross_plan := cross_plan || jsonb_build_object(
    'aliases',
    '{"instrument_id": true, "ts": true, "session_date": true, "known_from": true, "values": true}'::jsonb || (select jsonb_object_agg(name, true) from unnest(base_names) as name)
  );
  foreach definition in array in_order loop
    begin
      select * into planned from feature.plan_expression(stage_trees -> definition.name, cross_plan);
    exception
      when sqlstate 'MB001' or sqlstate 'MB003' then
        get stacked diagnostics error_code = returned_sqlstate, error_token = pg_exception_detail, error_hint = pg_exception_hint;
        perform feature.refuse_definition(definition, error_code, sqlerrm, error_token, error_hint);
    end;
    cross_plan := planned.plan;
    cross_levels := greatest(cross_levels, planned.level);
    cross_sql := cross_sql || jsonb_build_object(definition.name, planned.sql);
  end loop;

  bars := feature.compile_bars(
    plan, base_names,
    array(select base.key from jsonb_each(bases) as base order by (base.value ->> 'position')::integer),
    array(select sql_of ->> base.key from jsonb_each(bases) as base order by (base.value ->> 'position')::integer),
    levels, lookback, p_bar_interval
  );
  bars.definitions := array(
    select row(base.value ->> 'name', base.key, coalesce(same.description, 'What instruments are compared by.'))::feature.definition
    from jsonb_each(bases) as base
    left join unnest(p_definitions) as same on same.name = base.value ->> 'name'
    order by (base.value ->> 'position')::integer
  );
  return next bars;

  result := bars;
  result.definitions := p_definitions;
  result.feature_names := names;
  result.group_kinds := array(select used.kind from jsonb_object_keys(cross_plan -> 'groups') as used (kind) where used.kind <> '' order by used.kind);
  result.compiled_sql := feature.compile_cross_query(
    cross_plan, base_names,
    feature.listed_outputs(names, array(select cross_sql ->> name from unnest(names) with ordinality as named (name, position) order by position)), cross_levels
  );
  result.version := left(encode(sha256(convert_to(
    jsonb_build_object(
      'base', bars.version, 'names', names, 'expressions', normal_forms, 'query', result.compiled_sql,
      'functions', feature.kernel_versions(array['feature.cross_section_values', 'feature.sorted_quantile'])
    )::text, 'UTF8'
  )), 'hex'), 12);
  return next result;
end
$$;

comment on function feature.compile_set(feature.definition[], text) is
'Checks the definitions of a set and makes of them one query in stages: rows with the arguments of kernels, arrays with each distinct kernel call once, rows again with the arithmetic around them.
A set that compares instruments (cs.rank and the like) gives two rows: first its companion, which computes from bars what is compared, then the set itself over the vectors of the companion.
p_definitions: 1 to 500 features. p_bar_interval: length of the bars, such as 1d. Nothing is stored.
An expression is read into a tree of numbers, columns of a bar, ta kernels, other features of the set and a few functions, and the query is written from that tree, so it can compute and nothing else. The tree of another feature takes the place of its name.
Errors, each with the name of the feature and the place in its expression: MB001 for a syntax error, a result that is no number, a bad argument of a kernel or features that name each other in a circle, MB003 for an unknown column, function, kernel or kind of group.';

revoke all on function feature.compile_set(feature.definition[], text) from public;
--! EndIncluded feature/compiler/compile_set.sql
--! Included feature/compiler/plan_kernel.sql
-- Plans a kernel call: which arrays it needs, when it can run, how far back it looks.
create or replace function feature.plan_kernel(
  p_node jsonb,
  inout plan jsonb,
  out alias text,
  out level integer,
  out lookback double precision
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  kernel_name constant text := 'ta.' || (p_node ->> 'name');
  arguments constant jsonb := p_node -> 'arguments';
  kernel record;
  planned record;
  argument jsonb;
  argument_type oid;
  calls text[] := '{}';
  row_arguments text[] := '{}';
  trials text[] := '{}';
  constants text[] := '{}';
  kernel_lookback double precision;
  sql text;
  error_code text;
  error_detail text;
  error_hint text;
begin
  select known.kernel, known.arguments as usage, known.row_form, function.proargtypes, function.proargnames,
    function.pronargs, function.pronargdefaults, function.oid
  into kernel
  from pg_proc as function
  join feature.kernel as known on known.kernel_oid = function.oid
  where function.proname = p_node ->> 'name' and function.pronamespace = 'ta'::regnamespace;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('There is no kernel %s.', kernel_name),
      hint = coalesce(
        (
          select 'Did you mean ' || string_agg(known.kernel, ' or ' order by known.kernel) || '?'
          from feature.kernel as known
          where starts_with(known.kernel, 'ta.' || left(p_node ->> 'name', 2)) or strpos(known.kernel, p_node ->> 'name') > 0
        ),
        'feature.kernel lists the kernels.'
      );
  end if;
  if jsonb_array_length(arguments) not between kernel.pronargs - kernel.pronargdefaults and kernel.pronargs then
    raise exception using
      errcode = 'MB001',
      message = format('%s was given %s arguments.', kernel_name, jsonb_array_length(arguments)),
      hint = format('It takes %s.', kernel.usage);
  end if;

  level := 0;
  lookback := 0;
  for i in 1 .. kernel.pronargs loop
    argument := arguments -> (i - 1);
    argument_type := kernel.proargtypes[i - 1];
    if argument is null then
      constants[i] := pg_get_function_arg_default(kernel.oid, i);
      row_arguments := row_arguments || constants[i];
    elsif argument_type = 'double precision[]'::regtype then
      select * into planned from feature.plan_expression(argument, plan);
      if argument ->> 'kind' = 'number' then
        raise exception using
          errcode = 'MB001',
          message = format('Argument %s of %s is a series; %s is a number.', kernel.proargnames[i], kernel_name, planned.sql),
          hint = format('It takes %s.', kernel.usage);
      end if;
      plan := planned.plan;
      level := greatest(level, planned.level);
      lookback := greatest(lookback, planned.lookback);
      if planned.sql !~ '^\w+$' then
        plan := feature.plan_alias(plan, 'arguments', planned.sql, planned.level);
        planned.sql := plan ->> 'alias';
      end if;
      calls := calls || planned.sql;
      row_arguments := row_arguments || planned.sql;
      trials := trials || 'array[3, 1, 2]::double precision[]'::text;
    else
      if argument ->> 'kind' <> 'number' or (argument_type = 'integer'::regtype and (argument ->> 'text') !~ '^-?\d{1,9}$') then
        raise exception using
          errcode = 'MB001',
          message = format('Argument %s of %s must be a %s.', kernel.proargnames[i], kernel_name,
            case argument_type when 'integer'::regtype then 'whole number' else 'constant' end),
          hint = format('It takes %s.', kernel.usage);
      end if;
      constants[i] := argument ->> 'text';
      calls := calls || constants[i];
      row_arguments := row_arguments || constants[i];
      trials := trials || constants[i];
    end if;
  end loop;

  -- The kernel itself says what is wrong with a constant.
  execute format('select %s(%s)', kernel_name, array_to_string(trials, ', '));

  kernel_lookback := feature.kernel_lookback(kernel_name, constants);
  lookback := lookback + kernel_lookback;
  plan := jsonb_set(plan, array['used', kernel_name], 'true');
  sql := format('%s(%s)', kernel_name, array_to_string(calls, ', '));
  -- Up to 64 bars a frame that is put together from short ones costs less than sums that slide without error.
  level := level + 1;
  if kernel.row_form is null or (kernel.row_form ~ '\mover frame\M' and kernel_lookback > 63) then
    plan := feature.plan_alias(plan, 'kernels', sql, level);
  else
    plan := feature.plan_alias(plan, 'windows', feature.row_form(kernel.row_form, kernel.proargnames, row_arguments, kernel_lookback::integer), level, sql);
  end if;
  alias := plan ->> 'alias';
exception
  when sqlstate 'MB001' or sqlstate 'MB003' then
    get stacked diagnostics error_code = returned_sqlstate, error_detail = pg_exception_detail, error_hint = pg_exception_hint;
    raise exception using errcode = error_code, message = sqlerrm, detail = coalesce(nullif(error_detail, ''), p_node ->> 'place'), hint = error_hint;
end
$$;

comment on function feature.plan_kernel(jsonb, jsonb) is
'Plans the call of a kernel. p_node: its tree. plan: see feature.plan_expression.
A kernel that has a row form becomes an expression over windows, others a call on arrays; see feature.kernel.
Gives the plan, the column that holds the result, the level at which the kernel runs (1 after the bars, 2 after kernels of level 1, …) and the lookback in bars.
Errors: MB003 for an unknown kernel, MB001 for a wrong number or kind of arguments and what the kernel says about a constant, each with the position of the token as detail.';

revoke all on function feature.plan_kernel(jsonb, jsonb) from public;
--! EndIncluded feature/compiler/plan_kernel.sql
--! Included feature/compiler/shared_orders.sql
-- The ranks and quantiles of a level that are asked for together.
create or replace function feature.shared_orders(p_kernels jsonb, p_level integer) returns table (
  kernel text,
  name text,
  series text,
  place integer,
  period integer,
  quantile double precision
)
language sql immutable parallel safe
begin atomic
  with call as (
    select
      entry.key as kernel,
      entry.value ->> 'alias' as name,
      found.part[2] as series,
      found.part[3]::integer as period,
      case found.part[1] when 'med' then 0.5 when 'quantile' then found.part[4]::double precision end as quantile
    from jsonb_each(p_kernels) as entry
    cross join lateral regexp_match(entry.key, '^ta\.rolling_(rank|med|quantile)\((\w+), (\d+)(?:, ([0-9.e-]+))?\)$') as found (part)
    where (entry.value ->> 'level')::integer = p_level and found.part is not null
  )
  select
    call.kernel,
    call.name,
    call.series,
    row_number() over (partition by call.series order by call.period, call.quantile nulls first)::integer,
    call.period,
    call.quantile
  from call
  where exists (select from call as other where other.series = call.series and other.kernel <> call.kernel);
end;

comment on function feature.shared_orders(jsonb, integer) is
'Of the kernel calls p_kernels (see feature.plan_alias) at level p_level the ranks, medians and quantiles over windows, where a series has more than one of them: ta.window_order gives all of a series for a third of what the calls cost one by one.
kernel: the call. name: its column. series: what it is over. place: where ta.window_order is asked for it, from 1. period: in bars. quantile: a fraction from 0 to 1, NULL for the rank.';

revoke all on function feature.shared_orders(jsonb, integer) from public;
--! EndIncluded feature/compiler/shared_orders.sql
--! Included feature/drift/drift_windows.sql
-- The two windows that drift is measured between, where not all of their ends are given.
create or replace function feature.drift_windows(
  p_set text,
  p_baseline_from timestamptz default null,
  p_baseline_to timestamptz default null,
  p_current_from timestamptz default null,
  p_current_to timestamptz default null,
  p_baseline_days integer default 365,
  p_current_days integer default 30
) returns table (baseline_from timestamptz, baseline_to timestamptz, current_from timestamptz, current_to timestamptz)
language sql stable parallel safe
begin atomic
  select
    coalesce(p_baseline_from, baseline.until - make_interval(days => p_baseline_days)), baseline.until,
    current.since, current.until
  from (
    select last.until, coalesce(p_current_from, last.until - make_interval(days => p_current_days)) as since
    from (
      select coalesce(
        p_current_to,
        (
          select max(vector.ts)
          from feature.feature_vector as vector
          where vector.feature_set_version_id = (select known.feature_set_version_id from feature.current_set(p_set) as known)
        )
      ) as until
    ) as last
  ) as current
  cross join lateral (select coalesce(p_baseline_to, current.since - interval '1 microsecond') as until) as baseline;
end;

comment on function feature.drift_windows(text, timestamptz, timestamptz, timestamptz, timestamptz, integer, integer) is
'One row: the windows of feature.drift, with what is NULL filled in. The current one ends with the last vector of the version of p_set in force and begins p_current_days before; the baseline ends where the current one begins and has p_baseline_days. NULL where the set has no vectors and nothing says when they would end.
Errors: MB003 for an unknown set.';

revoke all on function feature.drift_windows(text, timestamptz, timestamptz, timestamptz, timestamptz, integer, integer) from public;
grant execute on function feature.drift_windows(text, timestamptz, timestamptz, timestamptz, timestamptz, integer, integer) to marketbase_reader;
--! EndIncluded feature/drift/drift_windows.sql
--! Included feature/frames/comoments.sql
-- Counts, sums and sums of products of pairs of numbers, from which correlation and regression follow.
create or replace aggregate feature.comoments(double precision, double precision) (
  sfunc = float8_regr_accum,
  stype = double precision[],
  combinefunc = float8_regr_combine,
  initcond = '{0,0,0,0,0,0}',
  parallel = safe
);

comment on aggregate feature.comoments(double precision, double precision) is
'What PostgreSQL''s corr, covar_samp and regr_slope keep while they add up the pairs (y, x): an array of count, sum of x, of its squared distances from the mean, the same of y, and of the products of the distances (Youngs and Cramer). Pairs with a NULL are skipped; {0,0,0,0,0,0} for none.
float8_regr_combine puts two of them together; float8_corr, float8_covar_samp, float8_regr_slope and their like read them.
Errors: 22003 for a sum that is too large for a double.';

revoke all on function feature.comoments(double precision, double precision) from public;
grant execute on function feature.comoments(double precision, double precision) to marketbase_worker, marketbase_probe;
--! EndIncluded feature/frames/comoments.sql
--! Included feature/frames/compile_frames.sql
-- Writes the stages of a query that compute windows over rows.
create or replace function feature.compile_frames(
  p_windows jsonb,
  p_level integer,
  p_stage text,
  inout plan jsonb,
  out stages text[],
  out stage text
)
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Partial aggregates, as (state, bars); what a longer one is made of is among them.
  partial record;
  columns_of jsonb := '{}';
  length record;
  listed text;
  frames text;
  item record;
  call record;
  sql text;
  plain text := '';
  framed text := '';
  list text;
begin
  stage := p_stage;
  stages := '{}';

  for partial in
    with recursive needed (state, arguments, combined, bars) as (
      select aggregate.state, called.arguments, aggregate.combined, called.bars
      from jsonb_each(p_windows) as window_entry
      cross join lateral feature.frame_calls(window_entry.key) as called
      cross join lateral feature.partial_aggregate(called.aggregate) as aggregate
      where (window_entry.value ->> 'level')::integer = p_level
      union
      select needed.state, needed.arguments, needed.combined, part.bars
      from needed
      cross join lateral feature.frame_parts(needed.bars) as split
      cross join lateral unnest(array[split.newer, split.older]) as part (bars)
    )
    select needed.*, format('%s(%s)', needed.state, needed.arguments) as sql
    from needed
    order by needed.bars, needed.state, needed.arguments
  loop
    plan := feature.plan_alias(
      plan, 'frames', format('%s over %s bars at level %s', partial.sql, partial.bars, p_level), p_level,
      format('%s %s %s', split_part(partial.state, '.', -1), partial.arguments, partial.bars)
    );
    columns_of := columns_of || jsonb_build_object(
      format('%s of %s', partial.sql, partial.bars),
      jsonb_build_object('name', plan -> 'alias', 'state', partial.sql, 'combined', partial.combined, 'bars', partial.bars)
    );
  end loop;

  for item in
    select entry.key, entry.value ->> 'alias' as alias
    from jsonb_each(p_windows) as entry
    where (entry.value ->> 'level')::integer = p_level
    order by (entry.value ->> 'position')::integer
  loop
    sql := item.key;
    for call in
      select called.*, aggregate.result, columns_of -> format('%s(%s) of %s', aggregate.state, called.arguments, called.bars) ->> 'name' as name
      from feature.frame_calls(item.key) as called
      cross join lateral feature.partial_aggregate(called.aggregate) as aggregate
    loop
      sql := regexp_replace(sql, format('\m%s\M', regexp_replace(call.call, '(\W)', '\\\1', 'g')), format(call.result, call.name), 'g');
    end loop;
    if sql = item.key and sql !~ '\mover frame_' then
      plain := plain || format(E'    %s as %s,\n', sql, item.alias);
    else
      framed := framed || format(E',\n    %s as %s', sql, item.alias);
    end if;
  end loop;

  -- Short frames are added up; each longer one takes one more stage. New columns stand first: a row of a window is taken apart up to the last column
  -- that is needed.
  for length in
    select case when (entry.value ->> 'bars')::integer <= 8 then 8 else (entry.value ->> 'bars')::integer end as bars
    from jsonb_each(columns_of) as entry
    group by 1
    order by 1
  loop
    if length.bars = 8 then
      select
        string_agg(format(E'    %s over frame_%s as %s,\n', entry.value ->> 'state', (entry.value ->> 'bars')::integer - 1, entry.value ->> 'name'), '' order by entry.value ->> 'state' like 'feature.%', entry.key),
        string_agg(distinct format(E',\n    frame_%1$s as (bars rows %1$s preceding)', (entry.value ->> 'bars')::integer - 1), '')
      into listed, frames
      from jsonb_each(columns_of) as entry
      where (entry.value ->> 'bars')::integer <= 8;
    else
      select string_agg(
        format(E'    %s as %s,\n', format(
          entry.value ->> 'combined',
          columns_of -> format('%s of %s', entry.value ->> 'state', split.newer) ->> 'name',
          format('lag(%s, %s) over bars', columns_of -> format('%s of %s', entry.value ->> 'state', split.older) ->> 'name', split.newer)
        ), entry.value ->> 'name'), '' order by entry.value ->> 'state' like 'feature.%', entry.key
      )
      into listed
      from jsonb_each(columns_of) as entry
      cross join lateral feature.frame_parts(length.bars) as split
      where (entry.value ->> 'bars')::integer = length.bars;
      listed := listed || plain;
      plain := '';
      frames := '';
    end if;
    list := case when length.bars = 8 then format('frames_%s', p_level) else format('frames_%s_of_%s', p_level, length.bars) end;
    stages := stages || format(
      E'%1$s as (\n  select\n%2$s    %3$s.*\n  from %3$s\n  window\n    bars as (partition by span order by ts)%4$s\n)', list, listed, stage, frames
    );
    stage := list;
  end loop;

  -- What is left: the results, and windows that are no such aggregates.
  listed := plain || format('    %s.*', stage) || framed;
  select string_agg(distinct format(E',\n    frame_%1$s as (bars rows %1$s preceding)', found.part[1]), '')
  into frames
  from regexp_matches(listed, '\mover frame_(\d+)', 'g') as found (part);
  stages := stages || format(
    E'window_%s as (\n  select\n%s\n  from %s%s\n)', p_level, listed, stage,
    case when listed ~ '\mover (bars|frame_\d+)\M' then E'\n  window\n    bars as (partition by span order by ts)' || coalesce(frames, '') else '' end
  );
  stage := format('window_%s', p_level);
end
$$;

comment on function feature.compile_frames(jsonb, integer, text, jsonb) is
'Writes the stages of a compiled query that compute p_windows (SQL over windows, with alias and level; see feature.plan_alias) of level p_level from the rows of p_stage.
Frames of up to 8 bars are added up anew at each bar. A longer one is put together from two shorter ones, one of them some bars back, as PostgreSQL puts partial aggregates together; so its cost rises with the logarithm of its length, and the result depends on the bars of the frame alone. Aggregates that have no partial form are added up, however long the frame.
plan: where the names of the columns are entered. Gives the common table expressions and the name of the last one, which has the columns of p_stage and one for each window.';

revoke all on function feature.compile_frames(jsonb, integer, text, jsonb) from public;
--! EndIncluded feature/frames/compile_frames.sql
--! Included feature/frames/frame_calls.sql
-- The aggregates over frames that a piece of SQL calls.
create or replace function feature.frame_calls(p_sql text) returns table (
  call text,
  aggregate text,
  arguments text,
  bars integer
)
language sql immutable parallel safe
begin atomic
  select found.part[1], found.part[2], found.part[3], found.part[4]::integer + 1
  from regexp_matches(p_sql, '\m((\w+)\(((?:[^()]|\([^()]*\))*)\) over frame_(\d+))\M', 'g') as found (part);
end;

comment on function feature.frame_calls(text) is
'Each call such as avg(close) over frame_19 in p_sql, with the name of the aggregate, its arguments and the bars of its frame (20). Arguments may have one level of parentheses.';

revoke all on function feature.frame_calls(text) from public;
--! EndIncluded feature/frames/frame_calls.sql
--! Included feature/frames/frame_parts.sql
-- The two parts that a long frame is put together from.
create or replace function feature.frame_parts(p_bars integer) returns table (newer integer, older integer)
language sql immutable parallel safe
begin atomic
  select p_bars - part.older, part.older
  from (
    select case when p_bars % 4 = 0 then p_bars / 2 when p_bars % 3 = 0 then p_bars / 3 when p_bars % 2 = 0 then p_bars / 2 else 1 end as older
  ) as part
  where p_bars > 8;
end;

comment on function feature.frame_parts(integer) is
'The lengths of the newer and the older part of a frame of p_bars bars; no row up to 8 bars, which are added up one by one.
The parts depend on p_bars alone, so that a value does not depend on which other frames a set has: halves of multiples of four, two thirds and one third of other multiples of three, halves of other even numbers, else all bars but the oldest. The usual 5, 10, 20, 30 and 60 bars are made from each other.';

revoke all on function feature.frame_parts(integer) from public;
--! EndIncluded feature/frames/frame_parts.sql
--! Included feature/frames/moments.sql
-- Count, sum and sum of squared distances of numbers, from which mean and deviation follow.
create or replace aggregate feature.moments(double precision) (
  sfunc = float8_accum,
  stype = double precision[],
  combinefunc = float8_combine,
  initcond = '{0,0,0}',
  parallel = safe
);

comment on aggregate feature.moments(double precision) is
'What PostgreSQL''s avg, var_samp and stddev_samp keep while they add up: an array of count, sum and sum of squared distances from the mean (Youngs and Cramer). NULL is skipped; {0,0,0} for no number.
float8_combine puts two of them together; float8_avg, float8_var_samp and float8_stddev_samp read them.
Errors: 22003 for a sum that is too large for a double.';

revoke all on function feature.moments(double precision) from public;
grant execute on function feature.moments(double precision) to marketbase_worker, marketbase_probe;
--! EndIncluded feature/frames/moments.sql
--! Included feature/frames/partial_aggregate.sql
-- How an aggregate over a long frame is put together from those over its parts.
create or replace function feature.partial_aggregate(p_aggregate text) returns table (
  state text,
  combined text,
  result text
)
language sql immutable parallel safe
begin atomic
  select partial.state, partial.combined, replace(partial.result, '{aggregate}', p_aggregate)
  from (
    values
      ('{count}'::text[], 'count', '%1$s + coalesce(%2$s, 0)', '%s'),
      ('{sum}', 'sum', 'coalesce(%1$s + %2$s, %1$s, %2$s)', '%s'),
      ('{max}', 'max', 'greatest(%1$s, %2$s)', '%s'),
      ('{min}', 'min', 'least(%1$s, %2$s)', '%s'),
      ('{avg,var_samp,var_pop,stddev_samp,stddev_pop}', 'feature.moments', 'coalesce(float8_combine(%1$s, %2$s), %1$s)', 'float8_{aggregate}(%s)'),
      (
        '{corr,covar_samp,covar_pop,regr_slope,regr_intercept,regr_r2,regr_avgx,regr_avgy,regr_sxx,regr_sxy,regr_syy}',
        'feature.comoments', 'coalesce(float8_regr_combine(%1$s, %2$s), %1$s)', 'float8_{aggregate}(%s)'
      )
  ) as partial (aggregates, state, combined, result)
  where p_aggregate = any (partial.aggregates);
end;

comment on function feature.partial_aggregate(text) is
'What a compiled query computes in the place of the built-in aggregate p_aggregate, as PostgreSQL does when several processes share one aggregation. No row where there is no such way.
state: aggregate of the partial result. combined: SQL of the partial result over a frame from those over its newer part (%1$s) and its older part (%2$s, NULL where no bars are that old). result: SQL of the aggregate from its partial result.';

revoke all on function feature.partial_aggregate(text) from public;
--! EndIncluded feature/frames/partial_aggregate.sql
--! Included feature/grants.sql
-- Who may do what with feature sets and values: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema feature to marketbase_reader;

alter table feature.feature_set enable row level security;
drop policy if exists feature_set_read on feature.feature_set;
create policy feature_set_read on feature.feature_set for select to marketbase_reader using (true);
drop policy if exists feature_set_insert on feature.feature_set;
create policy feature_set_insert on feature.feature_set for insert to marketbase_worker with check (true);
drop policy if exists feature_set_update on feature.feature_set;
create policy feature_set_update on feature.feature_set for update to marketbase_worker using (true) with check (true);
revoke all on feature.feature_set from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_set to marketbase_reader;
grant insert (name, description, bar_interval, is_active) on feature.feature_set to marketbase_worker;
grant update (description, is_active) on feature.feature_set to marketbase_worker;

alter table feature.feature_set_version enable row level security;
drop policy if exists feature_set_version_read on feature.feature_set_version;
create policy feature_set_version_read on feature.feature_set_version for select to marketbase_reader using (true);
drop policy if exists feature_set_version_insert on feature.feature_set_version;
create policy feature_set_version_insert on feature.feature_set_version for insert to marketbase_worker with check (true);
drop policy if exists feature_set_version_update on feature.feature_set_version;
create policy feature_set_version_update on feature.feature_set_version for update to marketbase_worker using (true) with check (true);
revoke all on feature.feature_set_version from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_set_version to marketbase_reader;
grant insert (
  feature_set_id, version, feature_names, kernels, lookback, compiled_sql, sources, is_current
) on feature.feature_set_version to marketbase_worker;
grant update (is_current) on feature.feature_set_version to marketbase_worker;

alter table feature.feature_definition enable row level security;
drop policy if exists feature_definition_read on feature.feature_definition;
create policy feature_definition_read on feature.feature_definition for select to marketbase_reader using (true);
drop policy if exists feature_definition_insert on feature.feature_definition;
create policy feature_definition_insert on feature.feature_definition for insert to marketbase_worker with check (true);
revoke all on feature.feature_definition from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_definition to marketbase_reader;
grant insert (feature_set_version_id, name, position, expression, description) on feature.feature_definition to marketbase_worker;

alter table feature.feature_vector enable row level security;
drop policy if exists feature_vector_read on feature.feature_vector;
create policy feature_vector_read on feature.feature_vector for select to marketbase_reader using (true);
drop policy if exists feature_vector_insert on feature.feature_vector;
create policy feature_vector_insert on feature.feature_vector for insert to marketbase_worker with check (true);
drop policy if exists feature_vector_update on feature.feature_vector;
create policy feature_vector_update on feature.feature_vector for update to marketbase_worker using (true) with check (true);
drop policy if exists feature_vector_delete on feature.feature_vector;
create policy feature_vector_delete on feature.feature_vector for delete to marketbase_worker using (true);
revoke all on feature.feature_vector from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_vector to marketbase_reader;
grant insert (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id) on feature.feature_vector to marketbase_worker;
grant update (values, known_from, run_id) on feature.feature_vector to marketbase_worker;
grant delete on feature.feature_vector to marketbase_worker;

alter table feature.feature_vector_history enable row level security;
drop policy if exists feature_vector_history_read on feature.feature_vector_history;
create policy feature_vector_history_read on feature.feature_vector_history for select to marketbase_reader using (true);
drop policy if exists feature_vector_history_insert on feature.feature_vector_history;
create policy feature_vector_history_insert on feature.feature_vector_history for insert to marketbase_worker with check (true);
revoke all on feature.feature_vector_history from public, marketbase_reader, marketbase_worker;
grant select on feature.feature_vector_history to marketbase_reader;
grant insert (
  instrument_id, feature_set_version_id, ts, revision, values, known_from, known_to, recorded_at, run_id
) on feature.feature_vector_history to marketbase_worker;

alter table feature.online_vector enable row level security;
drop policy if exists online_vector_read on feature.online_vector;
create policy online_vector_read on feature.online_vector for select to marketbase_reader using (true);
drop policy if exists online_vector_insert on feature.online_vector;
create policy online_vector_insert on feature.online_vector for insert to marketbase_worker with check (true);
drop policy if exists online_vector_update on feature.online_vector;
create policy online_vector_update on feature.online_vector for update to marketbase_worker using (true) with check (true);
revoke all on feature.online_vector from public, marketbase_reader, marketbase_worker;
grant select on feature.online_vector to marketbase_reader;
grant insert (instrument_id, feature_set_version_id, generation) on feature.online_vector to marketbase_worker;
grant update (generation, changed_at, published_generation, published_at) on feature.online_vector to marketbase_worker;

alter table feature.online_reading enable row level security;
drop policy if exists online_reading_read on feature.online_reading;
create policy online_reading_read on feature.online_reading for select to marketbase_reader using (true);
drop policy if exists online_reading_insert on feature.online_reading;
create policy online_reading_insert on feature.online_reading for insert to marketbase_worker with check (true);
drop policy if exists online_reading_delete on feature.online_reading;
create policy online_reading_delete on feature.online_reading for delete to marketbase_worker using (true);
revoke all on feature.online_reading from public, marketbase_reader, marketbase_worker;
grant select on feature.online_reading to marketbase_reader;
grant insert (
  instrument_id, feature_set_version_id, generation, ts, known_from, revision, values, run_id
) on feature.online_reading to marketbase_worker;
grant delete on feature.online_reading to marketbase_worker;

alter table feature.computation_task enable row level security;
drop policy if exists computation_task_read on feature.computation_task;
create policy computation_task_read on feature.computation_task for select to marketbase_reader using (true);
drop policy if exists computation_task_insert on feature.computation_task;
create policy computation_task_insert on feature.computation_task for insert to marketbase_worker with check (true);
drop policy if exists computation_task_update on feature.computation_task;
create policy computation_task_update on feature.computation_task for update to marketbase_worker using (true) with check (true);
drop policy if exists computation_task_delete on feature.computation_task;
create policy computation_task_delete on feature.computation_task for delete to marketbase_worker using (true);
revoke all on feature.computation_task from public, marketbase_reader, marketbase_worker;
grant select on feature.computation_task to marketbase_reader;
grant insert (feature_set_id, instrument_ids, from_ts, to_ts, bars, run_id) on feature.computation_task to marketbase_worker;
grant update (instrument_ids, from_ts, to_ts, bars, error) on feature.computation_task to marketbase_worker;
grant delete on feature.computation_task to marketbase_worker;

-- To a look-ahead probe only the vectors of its world exist (feature.enter_world says which): those that were computed in it, to be compared.
drop policy if exists feature_vector_probe on feature.feature_vector;
create policy feature_vector_probe on feature.feature_vector as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists feature_vector_history_probe on feature.feature_vector_history;
create policy feature_vector_history_probe on feature.feature_vector_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));

alter table feature.stale_cross_section enable row level security;
drop policy if exists stale_cross_section_read on feature.stale_cross_section;
create policy stale_cross_section_read on feature.stale_cross_section for select to marketbase_reader using (true);
drop policy if exists stale_cross_section_insert on feature.stale_cross_section;
create policy stale_cross_section_insert on feature.stale_cross_section for insert to marketbase_worker with check (true);
drop policy if exists stale_cross_section_delete on feature.stale_cross_section;
create policy stale_cross_section_delete on feature.stale_cross_section for delete to marketbase_worker using (true);
revoke all on feature.stale_cross_section from public, marketbase_reader, marketbase_worker;
grant select on feature.stale_cross_section to marketbase_reader;
grant insert (feature_set_id, from_ts, to_ts, reason) on feature.stale_cross_section to marketbase_worker;
grant delete on feature.stale_cross_section to marketbase_worker;
--! EndIncluded feature/grants.sql
--! Included feature/online/online_vectors.sql
-- The newest vectors with their generations, packed, in one snapshot: what is published, and what is read where it is not.
-- The setting makes every digit certain, whatever the session has; and with it the function is not inlined, so that its plan is kept from call to call.
-- `offset 0` keeps a subquery from being merged: each text would be made twice, once for its checksum.
create or replace function feature.online_vectors(p_instrument_ids bigint[], p_feature_set_version_ids bigint[]) returns table (
  instrument_id bigint,
  feature_set_version_id bigint,
  generation bigint,
  packed bytea
)
language sql stable parallel safe
set extra_float_digits to 1
begin atomic
  select
    asked.instrument_id, asked.feature_set_version_id, online.generation,
    vector.bytes || substring(int8send(crc32(vector.bytes)) from 5)
  from unnest(p_instrument_ids, p_feature_set_version_ids) with ordinality as asked (instrument_id, feature_set_version_id, position)
  left join feature.online_vector as online
    on online.instrument_id = asked.instrument_id and online.feature_set_version_id = asked.feature_set_version_id
  left join lateral (
    select
      '\x4d425632'::bytea || int8send(coalesce(online.generation, 0)) || int8send(asked.feature_set_version_id) || int8send(asked.instrument_id)
      || timestamptz_send(newest.ts) || timestamptz_send(newest.known_from) || int4send(newest.revision)
      || convert_to(array_to_json(newest.values)::text, 'UTF8') as bytes
    from feature.feature_vector as newest
    where newest.instrument_id = asked.instrument_id and newest.feature_set_version_id = asked.feature_set_version_id
    order by newest.ts desc
    limit 1
  ) as vector on true
  order by asked.position;
end;

comment on function feature.online_vectors(bigint[], bigint[]) is
'The vector of the last bar for each pair of an instrument and a version of a set, with its generation; a row per pair, in the order of the arrays. packed is NULL where there is no vector; else, numbers big-endian: "MBV2"; generation, feature_set_version_id and instrument_id (8 bytes each); ts and known_from (8 bytes each, microseconds since 2000-01-01 UTC); revision (4 bytes); the values as array_to_json writes them, such as [1.5,null,"NaN"], so that who answers has no number to write; crc32 of all before it (4 bytes).';

revoke all on function feature.online_vectors(bigint[], bigint[]) from public;
grant execute on function feature.online_vectors(bigint[], bigint[]) to marketbase_reader;
--! EndIncluded feature/online/online_vectors.sql
--! Included feature/probe/compare_in_world.sql
-- Runs the query of a set that compares instruments where only some of them exist.
create or replace function feature.compare_in_world(
  p_compiled_sql text,
  p_base_version_id bigint,
  p_instrument_ids bigint[],
  p_times timestamptz[]
) returns setof feature.probe_vector
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  role_before constant text := current_setting('role');
begin
  perform feature.enter_world(p_instrument_ids);
  return query execute format('select computed.instrument_id, computed.ts, computed.known_from, computed.values from (%s) as computed', p_compiled_sql)
    using p_base_version_id, p_times, p_times;
  perform set_config('role', role_before, true);
end
$$;

comment on function feature.compare_in_world(text, bigint, bigint[], timestamptz[]) is
'The vectors that the query p_compiled_sql of a set that compares instruments gives at p_times, computed as marketbase_probe over the vectors of version p_base_version_id of p_instrument_ids; to it no other instrument is visible.
Errors: MB008 for a login that may not become marketbase_probe, and those of the query, after which the transaction has to be rolled back, to a savepoint at least.';

revoke all on function feature.compare_in_world(text, bigint, bigint[], timestamptz[]) from public;
grant execute on function feature.compare_in_world(text, bigint, bigint[], timestamptz[]) to marketbase_worker;
--! EndIncluded feature/probe/compare_in_world.sql
--! Included feature/probe/compute_in_world.sql
-- Runs the query of a set over bars where only some instruments exist.
create or replace function feature.compute_in_world(p_compiled_sql text, p_instrument_ids bigint[]) returns setof feature.probe_vector
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  role_before constant text := current_setting('role');
begin
  perform feature.enter_world(p_instrument_ids);
  return query execute format('select computed.instrument_id, computed.ts, computed.known_from, computed.values from (%s) as computed', p_compiled_sql)
    using p_instrument_ids, null::timestamptz[], null::timestamptz[];
  perform set_config('role', role_before, true);
end
$$;

comment on function feature.compute_in_world(text, bigint[]) is
'The vectors that the query p_compiled_sql of a set over bars (feature.feature_set_version.compiled_sql) gives for p_instrument_ids, computed as marketbase_probe, to whom no other instrument is visible.
Errors: MB008 for a login that may not become marketbase_probe, and those of the query, after which the transaction has to be rolled back, to a savepoint at least.';

revoke all on function feature.compute_in_world(text, bigint[]) from public;
grant execute on function feature.compute_in_world(text, bigint[]) to marketbase_worker;
--! EndIncluded feature/probe/compute_in_world.sql
--! Included feature/probe/enter_world.sql
-- Becomes somebody for whom only some instruments exist.
create or replace function feature.enter_world(p_instrument_ids bigint[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  if not pg_has_role(session_user, 'marketbase_probe', 'SET') then
    raise exception using
      errcode = 'MB008',
      message = format('%s may not become marketbase_probe.', session_user),
      hint = 'Log in as marketbase_worker.';
  end if;
  -- Row-level security hides every other instrument from this role, whatever a query reads (sql-functions/market/grants.sql).
  perform set_config('marketbase.visible_instruments', p_instrument_ids::text, true);
  perform set_config('role', 'marketbase_probe', true);
end
$$;

comment on function feature.enter_world(bigint[]) is
'Makes the caller marketbase_probe, to whom no instruments but p_instrument_ids are visible, until it takes its role back or the transaction ends. Errors: MB008 for a login that may not become marketbase_probe.';

revoke all on function feature.enter_world(bigint[]) from public;
grant execute on function feature.enter_world(bigint[]) to marketbase_worker;
--! EndIncluded feature/probe/enter_world.sql
--! Included feature/probe/probe.sql
-- Looks for look-ahead in a set and stores what it found.
create or replace function feature.probe(
  p_run_id bigint,
  p_set text,
  p_samples integer default 60,
  p_seed bigint default 1,
  p_instrument_ids bigint[] default null
) returns quality.validation_result
language sql volatile parallel unsafe
begin atomic
  select result.*
  from quality.validate_set(
    p_run_id, p_set, array['feature_look_ahead'],
    jsonb_build_object('samples', p_samples, 'seed', p_seed, 'instrument_ids', p_instrument_ids)
  ) as result;
end;

comment on function feature.probe(bigint, text, integer, bigint, bigint[]) is
'The look-ahead probe: computes vectors of the set p_set again with the future removed, at p_samples sampled times (1 to 1000) of p_instrument_ids (NULL: five that are drawn by p_seed, twenty of a set that compares instruments), and stores the result of rule feature_look_ahead in the run p_run_id: failed when a value differs, with a finding for each vector that names its features, instrument and time. Another p_seed looks elsewhere. See feature.probe_points.
Power: values are compared bit for bit, so that it does not matter by how much a leak changes them, only how often. One that shows in a share f of the vectors is found with probability 1 - (1 - f)^n or more, where n counts the vectors at random times, at least half of p_samples for each instrument: times are drawn without putting them back, and those chosen where leaks show come on top. Of one that shows for all instruments at the same times n counts the times. By default, 30 times and 150 vectors, 95 % of the leaks are found that show in f = 2 % of the vectors or in 10 % of the times; for 1 % of the times ask for 600 samples. One that only a share g of the instruments can show is missed with probability (1 - g)^k besides, when none of them is among the k that are drawn. The message says what n was.
In a transaction of isolation repeatable read nothing that is committed meanwhile can look like a leak.
Errors: MB001 for p_samples, MB002 for an unknown instrument, MB003 for an unknown set, MB008 for a login that may not become marketbase_probe.';

revoke all on function feature.probe(bigint, text, integer, bigint, bigint[]) from public;
grant execute on function feature.probe(bigint, text, integer, bigint, bigint[]) to marketbase_worker;
--! EndIncluded feature/probe/probe.sql
--! Included feature/probe/probe_copy_groups.sql
-- Copies the memberships of probed instruments as they were known at a moment, under the identities of the copies.
create or replace function feature.probe_copy_groups(p_worlds feature.probe_world[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into market.instrument_group (instrument_id, kind, from_date, name, version, known_from, run_id)
  select distinct on (world.copy_id, membership.kind, membership.from_date)
    world.copy_id, membership.kind, membership.from_date, membership.name, membership.version, membership.known_from, membership.run_id
  from unnest(p_worlds) as world
  join (
    select instrument_id, kind, from_date, name, version, known_from, 'infinity'::timestamptz as known_to, run_id
    from market.instrument_group
    union all
    select instrument_id, kind, from_date, name, version, known_from, known_to, run_id
    from market.instrument_group_history
  ) as membership
    on membership.instrument_id = world.instrument_id and membership.known_from <= world.known_at and membership.known_to > world.known_at
  -- Where two count at once, the first one had not been given up yet.
  order by world.copy_id, membership.kind, membership.from_date, membership.version;

  insert into market.instrument_group_history (instrument_id, kind, from_date, version, name, known_from, known_to, recorded_at, run_id)
  select
    world.copy_id, membership.kind, membership.from_date, membership.version, membership.name, membership.known_from, membership.known_to,
    membership.recorded_at, membership.run_id
  from unnest(p_worlds) as world
  join market.instrument_group_history as membership on membership.instrument_id = world.instrument_id and membership.known_to <= world.known_at;
end
$$;

comment on function feature.probe_copy_groups(feature.probe_world[]) is
'For each of p_worlds: the changes of membership in the version that was known at known_at and the versions that were closed by then; stored under copy_id. What became known later is left out.';

revoke all on function feature.probe_copy_groups(feature.probe_world[]) from public;
grant execute on function feature.probe_copy_groups(feature.probe_world[]) to marketbase_worker;
--! EndIncluded feature/probe/probe_copy_groups.sql
--! Included feature/probe/probe_copy_instruments.sql
-- Makes the identities of the copies of probed instruments.
create or replace function feature.probe_copy_instruments(p_worlds feature.probe_world[]) returns feature.probe_world[]
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  prefix constant text := format('=PROBE/%s/', pg_backend_pid());
  there_already constant bigint := (select count(*) from market.instrument as instrument where starts_with(instrument.symbol, prefix));
  copied feature.probe_world[];
begin
  with world as materialized (
    select given.instrument_id, given.ts, given.known_at, prefix || there_already + row_number() over () as symbol
    from unnest(p_worlds) as given
  ),
  copy as (
    insert into market.instrument (symbol, name, asset_class, mic, currency, cik, run_id)
    select world.symbol, original.name, original.asset_class, original.mic, original.currency, original.cik, original.run_id
    from world
    join market.instrument as original on original.instrument_id = world.instrument_id
    -- The copies of a world are in the order of the instruments: sums over a cross-section are to have the same last digit.
    order by world.ts, world.instrument_id
    returning symbol, instrument_id
  )
  select array_agg(row(world.instrument_id, world.ts, world.known_at, copy.instrument_id)::feature.probe_world)
  into copied
  from world
  join copy on copy.symbol = world.symbol;
  return coalesce(copied, '{}');
end
$$;

comment on function feature.probe_copy_instruments(feature.probe_world[]) is
'Inserts a copy of the instrument of each of p_worlds and gives p_worlds with the identities of the copies as copy_id. Within a world the copies are numbered in the order of the instruments.';

revoke all on function feature.probe_copy_instruments(feature.probe_world[]) from public;
grant execute on function feature.probe_copy_instruments(feature.probe_world[]) to marketbase_worker;
--! EndIncluded feature/probe/probe_copy_instruments.sql
--! Included feature/probe/probe_differences.sql
-- Says where vectors with the future and without it differ.
create or replace function feature.probe_differences(
  p_times feature.probe_time[],
  p_with_future feature.probe_vector[],
  p_without_future feature.probe_vector[],
  p_feature_names text[]
) returns setof feature.probe_point
language sql immutable parallel safe
begin atomic
  select
    original.instrument_id, original.ts, original.known_from, probed.reason,
    coalesce(differing.names, '{}'), coalesce(differing.with_future, '{}'), coalesce(differing.without_future, '{}')
  from unnest(p_with_future) as original
  join unnest(p_times) as probed on probed.ts = original.ts
  left join unnest(p_without_future) as honest on honest.instrument_id = original.instrument_id and honest.ts = original.ts
  cross join lateral (
    select
      array_agg(value.name order by value.position) as names,
      array_agg(value.with_future order by value.position) as with_future,
      array_agg(value.without_future order by value.position) as without_future
    from unnest(p_feature_names, original.values, honest.values)
      with ordinality as value (name, with_future, without_future, position)
    where float8send(value.with_future) is distinct from float8send(value.without_future)
  ) as differing
  order by original.instrument_id, original.ts;
end;

comment on function feature.probe_differences(feature.probe_time[], feature.probe_vector[], feature.probe_vector[], text[]) is
'A row for each of p_with_future that lies at one of p_times, with the features (named by p_feature_names) that are not equal, bit for bit, in the vector of p_without_future with the same instrument and time; one that is missing there counts as NULL everywhere.';

revoke all on function feature.probe_differences(feature.probe_time[], feature.probe_vector[], feature.probe_vector[], text[]) from public;
grant execute on function feature.probe_differences(feature.probe_time[], feature.probe_vector[], feature.probe_vector[], text[]) to marketbase_worker;
--! EndIncluded feature/probe/probe_differences.sql
--! Included feature/probe/probe_points.sql
-- Computes vectors with and without the future and says where they differ.
create or replace function feature.probe_points(p_set text, p_samples integer, p_seed bigint, p_instrument_ids bigint[] default null)
returns setof feature.probe_point
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- A set with a finite lookback has to come out right from so many bars; one without needs them all.
  spare_bars constant integer := 100;
  current_set constant record := feature.current_set(p_set);
  is_comparison constant boolean := (
    select version.base_version_id is not null from feature.feature_set_version as version
    where version.feature_set_version_id = current_set.feature_set_version_id
  );
  panel bigint[];
  times feature.probe_time[];
  probed_time feature.probe_time;
  expected feature.probe_vector[];
  honest feature.probe_vector[];
  worlds feature.probe_world[];
  unknown_id bigint;
  scans_before bigint;
  reads_facts boolean;
begin
  if p_samples is null or p_samples not between 1 and 1000 then
    raise exception using
      errcode = 'MB001', message = format('%s is not a number of samples.', coalesce(p_samples::text, 'NULL')), hint = 'Ask for 1 to 1000 times.';
  end if;
  select asked.id
  into unknown_id
  from unnest(p_instrument_ids) as asked (id)
  where not exists (select from market.instrument as instrument where instrument.instrument_id = asked.id)
  limit 1;
  if found then
    raise exception using
      errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(unknown_id::text, 'NULL')),
      hint = 'select instrument_id, symbol from market.instrument lists them.';
  end if;
  panel := coalesce(
    (select array_agg(distinct asked.id) from unnest(p_instrument_ids) as asked (id)),
    feature.probe_panel(current_set.bar_interval, case when is_comparison then 20 else 5 end, p_seed)
  );
  times := array(
    select chosen from feature.probe_times(panel, current_set.bar_interval, current_set.lookback, p_samples, p_seed, is_comparison) as chosen
  );
  if is_comparison then
    return query select point.* from feature.probe_sections(p_set, panel, times, p_seed, spare_bars) as point;
    return;
  end if;

  -- Everything that is made in this block is undone at its end; what the variables hold stays.
  begin
    scans_before := feature.fact_scans();
    expected := array(
      select computed
      from feature.compute_in_world(current_set.compiled_sql, panel) as computed
      where computed.ts in (select wanted.ts from unnest(times) as wanted)
    );

    reads_facts := feature.fact_scans() > scans_before or current_setting('track_counts') = 'off';

    -- An instrument without a bar at a time belongs to the world of the others.
    worlds := feature.probe_copy_instruments(array(
      select row(panel_member.instrument_id, wanted.ts, coalesce(own.known_from, shared.known_from), null)::feature.probe_world
      from unnest(times) as wanted
      cross join unnest(panel) as panel_member (instrument_id)
      join (select vector.ts, max(vector.known_from) as known_from from unnest(expected) as vector group by vector.ts) as shared
        on shared.ts = wanted.ts
      left join unnest(expected) as own on own.ts = wanted.ts and own.instrument_id = panel_member.instrument_id
    ));

    perform feature.probe_copy_bars(worlds, current_set.bar_interval, current_set.lookback + 1 + spare_bars);
    -- There are many facts: they are copied where the query has read any, however it came by them.
    if reads_facts then
      perform feature.probe_copy_facts(worlds);
    end if;
    perform feature.probe_copy_actions(worlds);

    foreach probed_time in array times loop
      honest := honest || array(
        select row(world.instrument_id, computed.ts, computed.known_from, computed.values)::feature.probe_vector
        from feature.compute_in_world(
          current_set.compiled_sql, array(select world.copy_id from unnest(worlds) as world where world.ts = probed_time.ts)
        ) as computed
        join unnest(worlds) as world on world.copy_id = computed.instrument_id
        where computed.ts = probed_time.ts
      );
    end loop;
    raise exception using errcode = 'MB099', message = 'The worlds of the probe are undone.';
  exception
    when sqlstate 'MB099' then
      null;
  end;

  return query select point.* from feature.probe_differences(times, expected, honest, current_set.feature_names) as point;
end
$$;

comment on function feature.probe_points(text, integer, bigint, bigint[]) is
'Compares, at up to p_samples times chosen by p_seed (feature.probe_times), the vectors of p_instrument_ids (NULL: five that are drawn by feature.probe_panel, twenty of a set that compares instruments) in the version of p_set in force as computed from all that is stored now with the same computed in a world from which the future is removed; a row for each vector, with the features that are not equal bit for bit.
The future of a vector are the bars after its own and every bar, fact, corporate action and version of one that became known after the known_from of the vector. The world is a copy of the instruments under other identities, inserted and rolled back with the subtransaction of this function: nobody else sees it, and nothing of others is locked. Both computations run as marketbase_probe, who sees the instruments of the one world or the other and nothing else, so that it does not matter how a leak reads.
A set that compares instruments is probed in both its stages, see feature.probe_sections; p_instrument_ids are its cross-section.
For a finite lookback a world has that many bars before and 100 more; a kernel that looks further back than it says differs, too.
Errors: MB001 for p_samples, MB002 for an unknown instrument, MB003 for an unknown set, MB008 for a login that may not become marketbase_probe.';

revoke all on function feature.probe_points(text, integer, bigint, bigint[]) from public;
grant execute on function feature.probe_points(text, integer, bigint, bigint[]) to marketbase_worker;
--! EndIncluded feature/probe/probe_points.sql
--! Included feature/probe/probe_sections.sql
-- Computes cross-sections with and without the future and says where they differ.
create or replace function feature.probe_sections(
  p_set text,
  p_instrument_ids bigint[],
  p_times feature.probe_time[],
  p_seed bigint,
  p_spare_bars integer
) returns setof feature.probe_point
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- When all that is stored now is known.
  end_of_time constant timestamptz := '9999-12-31Z';
  current_set constant record := feature.current_set(p_set);
  base record;
  times timestamptz[];
  origin_run_id bigint;
  group_kinds text[];
  base_with feature.probe_vector[];
  base_without feature.probe_vector[];
  with_future feature.probe_vector[];
  without_future feature.probe_vector[];
  now_world feature.probe_world[];
  worlds feature.probe_world[];
  copies bigint[];
  scans_before bigint;
  reads_facts boolean;
  probed_ts timestamptz;
begin
  select first_stage.*, base_set.name as set_name
  into base
  from feature.feature_set_version as version
  join feature.feature_set_version as first_stage on first_stage.feature_set_version_id = version.base_version_id
  join feature.feature_set as base_set on base_set.feature_set_id = first_stage.feature_set_id
  where version.feature_set_version_id = current_set.feature_set_version_id;
  times := array(select probed.ts from unnest(p_times) as probed order by probed.ts);
  select bar.run_id
  into origin_run_id
  from market.price_data as bar
  where bar.instrument_id = any (p_instrument_ids) and bar.bar_interval = current_set.bar_interval
  limit 1;

  -- Everything that is made in this block is undone at its end; what the variables hold stays.
  begin
    -- What is compared, from all that is stored now.
    scans_before := feature.fact_scans();
    base_with := array(
      select computed from feature.compute_in_world(base.compiled_sql, p_instrument_ids) as computed where computed.ts = any (times)
    );
    reads_facts := feature.fact_scans() > scans_before or current_setting('track_counts') = 'off';

    -- The comparison of it: at all times at once, so that one that mixes them is seen.
    now_world := feature.probe_copy_instruments(array(
      select row(member.id, end_of_time, end_of_time, null)::feature.probe_world from unnest(p_instrument_ids) as member (id)
    ));
    perform feature.probe_copy_groups(now_world);
    insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
    select world.copy_id, base.feature_set_version_id, vector.ts, vector.values, vector.known_from, origin_run_id
    from unnest(base_with) as vector
    join unnest(now_world) as world on world.instrument_id = vector.instrument_id;
    -- Vectors whose bar is gone: since then others are compared without them.
    insert into feature.feature_vector_history (
      instrument_id, feature_set_version_id, ts, revision, values, known_from, known_to, recorded_at, run_id
    )
    select world.copy_id, base.feature_set_version_id, closed.ts, 1, '{}', max(closed.known_to), max(closed.known_to), now(), origin_run_id
    from unnest(now_world) as world
    join market.price_data_history as closed
      on closed.instrument_id = world.instrument_id and closed.bar_interval = current_set.bar_interval and closed.ts = any (times)
    where not exists (
      select
      from market.price_data as bar
      where bar.instrument_id = closed.instrument_id and bar.bar_interval = closed.bar_interval and bar.ts = closed.ts
    )
    group by world.copy_id, closed.ts;
    with_future := array(
      select row(world.instrument_id, computed.ts, computed.known_from, computed.values || vector.values)::feature.probe_vector
      from feature.compare_in_world(
        current_set.compiled_sql, base.feature_set_version_id, array(select world.copy_id from unnest(now_world) as world), times
      ) as computed
      join unnest(now_world) as world on world.copy_id = computed.instrument_id
      join unnest(base_with) as vector on vector.instrument_id = world.instrument_id and vector.ts = computed.ts
    );

    -- A time has as many futures as moments at which its vectors were known; one of them is drawn.
    worlds := feature.probe_copy_instruments(array(
      select row(member.id, drawn.ts, drawn.known_from, null)::feature.probe_world
      from (
        select distinct on (vector.ts) vector.ts, vector.known_from
        from unnest(with_future) as vector
        order by vector.ts, hashtextextended(extract(epoch from vector.ts) || ' ' || extract(epoch from vector.known_from), p_seed)
      ) as drawn
      cross join unnest(p_instrument_ids) as member (id)
    ));
    with_future := array(
      select vector
      from unnest(with_future) as vector
      join (select distinct world.ts, world.known_at from unnest(worlds) as world) as drawn on drawn.ts = vector.ts and drawn.known_at >= vector.known_from
    );
    perform feature.probe_copy_bars(worlds, current_set.bar_interval, base.lookback + 1 + p_spare_bars);
    if reads_facts then
      perform feature.probe_copy_facts(worlds);
    end if;
    perform feature.probe_copy_actions(worlds);
    perform feature.probe_copy_groups(worlds);

    foreach probed_ts in array times loop
      copies := array(select world.copy_id from unnest(worlds) as world where world.ts = probed_ts);
      base_without := array(select computed from feature.compute_in_world(base.compiled_sql, copies) as computed where computed.ts = probed_ts);
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
      select vector.instrument_id, base.feature_set_version_id, vector.ts, vector.values, vector.known_from, origin_run_id
      from unnest(base_without) as vector;
      without_future := without_future || array(
        select row(world.instrument_id, computed.ts, computed.known_from, computed.values || vector.values)::feature.probe_vector
        from feature.compare_in_world(current_set.compiled_sql, base.feature_set_version_id, copies, array[probed_ts]) as computed
        join unnest(worlds) as world on world.copy_id = computed.instrument_id
        join unnest(base_without) as vector on vector.instrument_id = computed.instrument_id
      );
    end loop;
    raise exception using errcode = 'MB099', message = 'The worlds of the probe are undone.';
  exception
    when sqlstate 'MB099' then
      null;
  end;

  return query
    select point.*
    from feature.probe_differences(
      p_times, with_future, without_future,
      current_set.feature_names || array(select format('%s.%s', base.set_name, base_name) from unnest(base.feature_names) as base_name)
    ) as point;
end
$$;

comment on function feature.probe_sections(text, bigint[], feature.probe_time[], bigint, integer) is
'Does what feature.probe_points says for a set that compares instruments: compares, at p_times, the cross-sections of p_instrument_ids as computed from all that is stored now with the same computed where the future is removed, in both stages; a row for each vector, with the features that differ, those of the first stage as <its name>.<feature>.
The future of a cross-section is what became known after the known_from of its vectors, memberships too. Where these differ, one is drawn by p_seed and the vectors that were known by then are compared. p_spare_bars: how many bars more than its lookback the first stage is given.
The vectors of the first stage are computed for the probe and need not be stored.';

revoke all on function feature.probe_sections(text, bigint[], feature.probe_time[], bigint, integer) from public;
grant execute on function feature.probe_sections(text, bigint[], feature.probe_time[], bigint, integer) to marketbase_worker;
--! EndIncluded feature/probe/probe_sections.sql
--! Included feature/probe/probe_times.sql
-- Chooses the times at which a look-ahead probe compares: half at random, half where leaks that rarely show would.
create or replace function feature.probe_times(
  p_instrument_ids bigint[],
  p_bar_interval text,
  p_lookback integer,
  p_count integer,
  p_seed bigint,
  p_compares boolean default false
) returns setof feature.probe_time
language sql stable parallel safe
begin atomic
  with bar as (
    select
      price.instrument_id, price.ts, price.known_from,
      row_number() over series as bar_no,
      abs(ln(lead(price.close) over series / price.close)) as next_move,
      price.ts - lag(price.ts) over series as pause,
      lead(price.ts) over series is null as is_last
    from market.price_data as price
    where price.instrument_id = any (p_instrument_ids) and price.bar_interval = p_bar_interval
    window series as (partition by price.instrument_id order by price.ts)
  ),
  -- When something was learnt that a leak could have used before.
  news as (
    select closed.instrument_id, closed.known_to as known_at, 'before a correction' as reason
    from market.price_data_history as closed
    where closed.instrument_id = any (p_instrument_ids) and closed.bar_interval = p_bar_interval
    union
    select fact.instrument_id, fact.known_from, case when fact.version > 1 then 'before a restatement' else 'before a filing' end
    from market.company_fundamental_version as fact
    where fact.instrument_id = any (p_instrument_ids)
    union
    select action.instrument_id, action.known_from, 'before a corporate action'
    from market.corporate_action as action
    where action.instrument_id = any (p_instrument_ids)
    union
    -- A change of group that was known on its day shows nothing.
    select membership.instrument_id, membership.known_from, 'before a change of group'
    from (
      select instrument_id, from_date, known_from from market.instrument_group
      union all
      select instrument_id, from_date, known_from from market.instrument_group_history
    ) as membership
    where p_compares and membership.instrument_id = any (p_instrument_ids)
      and membership.known_from > (membership.from_date + 1)::timestamp at time zone 'UTC'
  ),
  candidate as (
    -- The last bar of a series has no future.
    select bar.ts, 'random' as reason, row_number() over (order by hashint8extended(bar.instrument_id # hashtextextended(bar.ts::text, p_seed), p_seed)) as place
    from bar
    where not bar.is_last
    union all
    select bar.ts, 'before a big move', row_number() over (order by bar.next_move desc, bar.ts, bar.instrument_id)
    from bar
    where not bar.is_last
    union all
    -- The first bar of all, the first with a full window, and those after the longest pauses.
    select
      bar.ts, case when bar.pause is null or bar.bar_no = p_lookback + 1 then 'start of a series' else 'after a pause' end,
      row_number() over (
        order by bar.bar_no in (p_lookback + 1, p_lookback + 2) desc, bar.pause is null desc, bar.pause desc, bar.ts, bar.instrument_id
      )
    from bar
    where not bar.is_last
    union all
    select
      latest.ts, latest.reason,
      row_number() over (
        order by latest.reason in ('before a filing', 'before a corporate action'),
          hashint8extended(latest.instrument_id # hashtextextended(latest.ts::text, p_seed), p_seed)
      )
    from (
      -- The last bar that was known before, and so the one whose vector should not know.
      select news.instrument_id, min(news.reason) as reason, before.ts
      from news
      cross join lateral (
        select max(price.ts) as ts
        from market.price_data as price
        where price.instrument_id = news.instrument_id and price.bar_interval = p_bar_interval
          and price.ts < news.known_at and price.known_from < news.known_at
      ) as before
      where before.ts is not null
      group by news.instrument_id, before.ts
    ) as latest
  ),
  chosen as (
    select distinct on (candidate.ts) candidate.ts, candidate.reason, candidate.place
    from candidate
    where candidate.reason = 'random' or candidate.place <= p_count / 6
    order by candidate.ts, candidate.reason = 'random', candidate.place
  )
  select chosen.ts, chosen.reason
  from chosen
  order by chosen.reason = 'random', chosen.place
  limit p_count;
end;

comment on function feature.probe_times(bigint[], text, integer, integer, bigint, boolean) is
'Up to p_count different times of bars of length p_bar_interval of p_instrument_ids for a look-ahead probe. A sixth each: bars before the biggest moves of the close; the starts of series (p_lookback: how far the set looks back, NULL where it is unbounded) and ends of pauses; the last bars before corrections, restatements, filings, corporate actions and, with p_compares, backdated changes of group became known. The others, at least half, at random by p_seed. Bars after which an instrument has none are not chosen.';

revoke all on function feature.probe_times(bigint[], text, integer, integer, bigint, boolean) from public;
grant execute on function feature.probe_times(bigint[], text, integer, integer, bigint, boolean) to marketbase_worker;
--! EndIncluded feature/probe/probe_times.sql
--! Included feature/vectors/cross_section_values.sql
-- The vectors that a set of two stages compares.
create or replace function feature.cross_section_values(p_version_id bigint, p_from_ts timestamptz[], p_to_ts timestamptz[]) returns table (
  instrument_id bigint,
  ts timestamptz,
  session_date date,
  known_from timestamptz,
  "values" double precision[]
)
language sql stable parallel safe
begin atomic
  -- A vector that is gone is missed by all that were compared with it; it could not be missed before it was removed.
  with removed as (
    select history.ts, max(history.known_to) as known_to
    from unnest(p_from_ts, p_to_ts) as span (from_ts, to_ts)
    join feature.feature_vector_history as history
      on history.feature_set_version_id = p_version_id and history.ts between span.from_ts and span.to_ts
    where not exists (
      select
      from feature.feature_vector as vector
      where vector.instrument_id = history.instrument_id and vector.feature_set_version_id = p_version_id and vector.ts = history.ts
    )
    group by history.ts
  )
  select
    vector.instrument_id, vector.ts, (vector.ts at time zone 'UTC')::date, greatest(vector.known_from, removed.known_to), vector.values
  from unnest(p_from_ts, p_to_ts) as span (from_ts, to_ts)
  cross join market.instrument as instrument
  join feature.feature_vector as vector
    on vector.instrument_id = instrument.instrument_id
    and vector.feature_set_version_id = p_version_id
    and vector.ts between span.from_ts and span.to_ts
  left join removed on removed.ts = vector.ts;
end;

comment on function feature.cross_section_values(bigint, timestamptz[], timestamptz[]) is
'The current vectors of version p_version_id of all instruments in the spans from p_from_ts to p_to_ts, which must not overlap, with the date of ts in UTC.
known_from: that of the vector, or from when a vector at the same time was given up and none took its place, if that is later.';

revoke all on function feature.cross_section_values(bigint, timestamptz[], timestamptz[]) from public;
grant execute on function feature.cross_section_values(bigint, timestamptz[], timestamptz[]) to marketbase_worker, marketbase_probe;
--! EndIncluded feature/vectors/cross_section_values.sql
--! Included feature/vectors/sorted_quantile.sql
-- A quantile of values that are in order.
create or replace function feature.sorted_quantile(p_sorted double precision[], p_share double precision) returns double precision
language sql immutable parallel safe
begin atomic
  select
    p_sorted[low.place + 1]
    + (p_share * (cardinality(p_sorted) - 1) - low.place) * (p_sorted[least(low.place + 2, cardinality(p_sorted))] - p_sorted[low.place + 1])
  from (select floor(p_share * (cardinality(p_sorted) - 1))::integer as place) as low;
end;

comment on function feature.sorted_quantile(double precision[], double precision) is
'The quantile of p_sorted, values in rising order without NULL, below which the share p_share (0 to 1) lies, interpolated linearly between neighbours (as percentile_cont does). NULL for no values.';

revoke all on function feature.sorted_quantile(double precision[], double precision) from public;
grant execute on function feature.sorted_quantile(double precision[], double precision) to marketbase_worker, marketbase_probe;
--! EndIncluded feature/vectors/sorted_quantile.sql
--! Included ingest/accept/accept_actions.sql
-- Splits and dividends of a body become actions; priority and content decide.
create or replace function ingest.accept_actions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  outcome ingest.acceptance;
  kind text;
  cancelled_actions ingest.cancelled_action[];
  cancelled_count bigint;
  inserted_count bigint;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || touched.instrument_id, 0))
  from (
    select candidate.instrument_id from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id
    union
    select span.instrument_id from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id
    order by instrument_id
  ) as touched;

  -- The provider no longer lists it: cancelled, unless another one does, whose word then counts.
  perform set_config('marketbase.closed_from', response.fetched_at::text, true);
  with cancelled as (
    delete from market.corporate_action as current
    using ingest.candidate_action_span span, ingest.raw_response current_response
    where span.raw_response_id = p_raw_response_id
      and current.instrument_id = span.instrument_id and current.action_type = span.action_type and current.ex_date between span.from_date and span.to_date
      and current.provider = response.provider
      and current_response.raw_response_id = current.raw_response_id and current_response.fetched_at <= response.fetched_at
      and not exists (
        select
        from ingest.candidate_action candidate
        where candidate.raw_response_id = p_raw_response_id and candidate.instrument_id = current.instrument_id
          and candidate.action_type = current.action_type and candidate.ex_date = current.ex_date
      )
    returning current.instrument_id, current.action_type, current.ex_date, current.version
  )
  select array_agg(row(cancelled.instrument_id, cancelled.action_type, cancelled.ex_date, cancelled.version)::ingest.cancelled_action) into cancelled_actions
  from cancelled;
  perform set_config('marketbase.closed_from', '', true);
  cancelled_count := coalesce(cardinality(cancelled_actions), 0);

  insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
  select
    cancelled.instrument_id, cancelled.action_type, cancelled.ex_date, other.amount, other.currency, cancelled.version + 1, response.fetched_at,
    other.provider, other.raw_response_id, p_run_id
  from unnest(cancelled_actions) as cancelled
  cross join lateral (
    select latest.*
    from (
      select distinct on (said.provider) said.*, sayer.priority
      from market.corporate_action_observation said
      join ingest.provider sayer using (provider)
      where said.instrument_id = cancelled.instrument_id and said.action_type = cancelled.action_type and said.ex_date = cancelled.ex_date
        and said.provider <> response.provider
      order by said.provider, said.known_from desc
    ) as latest
    where latest.amount is not null
    order by latest.priority
    limit 1
  ) as other;

  -- What the provider said beside another one, and now takes back.
  insert into market.corporate_action_observation (instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id)
  select latest.instrument_id, latest.action_type, latest.ex_date, response.provider, response.fetched_at, null, null, p_raw_response_id, p_run_id
  from (
    select distinct on (said.instrument_id, said.action_type, said.ex_date) said.*
    from ingest.candidate_action_span span
    join market.corporate_action_observation said
      on said.instrument_id = span.instrument_id and said.action_type = span.action_type and said.ex_date between span.from_date and span.to_date
    where span.raw_response_id = p_raw_response_id and said.provider = response.provider
    order by said.instrument_id, said.action_type, said.ex_date, said.known_from desc
  ) as latest
  where latest.amount is not null and latest.known_from < response.fetched_at
    and not exists (
      select
      from ingest.candidate_action candidate
      where candidate.raw_response_id = p_raw_response_id and candidate.instrument_id = latest.instrument_id
        and candidate.action_type = latest.action_type and candidate.ex_date = latest.ex_date
    );

  -- Splits first: they say in which shares dividends are.
  outcome.changed_count := cancelled_count;
  outcome.new_count := 0;
  foreach kind in array array['split', 'dividend'] loop
    -- The better provider decides whenever its body came; of one provider the newer body does.
    with candidate as materialized (
      select distinct on (action.instrument_id, action.ex_date)
        action.instrument_id, action.action_type, action.ex_date, action.amount, action.currency,
        case kind when 'split' then 1 else market.amount_factor(action.instrument_id, action.ex_date, p_raw_response_id) end as factor
      from ingest.candidate_action action
      where action.raw_response_id = p_raw_response_id and action.action_type = kind
      order by action.instrument_id, action.ex_date, action.row_no
    ),
    compared as materialized (
      select
        candidate.*, current.provider as current_provider, current.amount as current_amount, current.currency as current_currency,
        current.raw_response_id as current_raw_response_id, current.known_from as current_known_from, current_response.fetched_at as current_fetched_at,
        ingest.is_same_amount(
          candidate.amount, candidate.factor, candidate.currency, current.amount,
          case kind when 'split' then 1 else market.amount_factor(current.instrument_id, current.ex_date, current.raw_response_id) end, current.currency
        ) as is_same,
        (
          response.priority < current_provider.priority
          or response.priority = current_provider.priority and current_response.fetched_at <= response.fetched_at
        ) and not exists (
          select
          from (
            select distinct on (observation.provider) observation.amount, observation.known_from, sayer.priority
            from market.corporate_action_observation observation
            join ingest.provider sayer using (provider)
            where observation.instrument_id = current.instrument_id and observation.action_type = kind and observation.ex_date = current.ex_date
            order by observation.provider, observation.known_from desc
          ) as said
          where said.amount is not null and said.priority < response.priority
            or said.priority = response.priority and said.known_from > response.fetched_at
        ) as decides
      from candidate
      join market.corporate_action current using (instrument_id, action_type, ex_date)
      join ingest.provider current_provider on current_provider.provider = current.provider
      join ingest.raw_response current_response on current_response.raw_response_id = current.raw_response_id
      where current.raw_response_id <> p_raw_response_id
    ),
    changed as (
      update market.corporate_action as target
      set
        amount = compared.amount, currency = compared.currency, known_from = greatest(response.fetched_at, target.known_from),
        provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
      from compared
      where compared.decides and not compared.is_same
        and target.instrument_id = compared.instrument_id and target.action_type = kind and target.ex_date = compared.ex_date
      returning target.instrument_id
    ),
    beside as (
      -- Who said something else, or the same without being behind the action, is remembered; so is who was behind it until now.
      insert into market.corporate_action_observation (instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id)
      select said.instrument_id, kind, said.ex_date, said.provider, said.said_at, said.amount, said.currency, said.raw_response_id, p_run_id
      from (
        select
          compared.instrument_id, compared.ex_date, response.provider, response.fetched_at as said_at, compared.amount, compared.currency,
          p_raw_response_id as raw_response_id
        from compared
        where compared.current_provider <> response.provider and (compared.is_same or not compared.decides)
        union all
        select
          compared.instrument_id, compared.ex_date, compared.current_provider, compared.current_fetched_at, compared.current_amount,
          compared.current_currency, compared.current_raw_response_id
        from compared
        where compared.current_provider <> response.provider and compared.decides and not compared.is_same
      ) as said
      left join lateral (
        select observation.amount, observation.currency, observation.raw_response_id, observation.known_from
        from market.corporate_action_observation observation
        where observation.instrument_id = said.instrument_id and observation.action_type = kind and observation.ex_date = said.ex_date
          and observation.provider = said.provider
        order by observation.known_from desc
        limit 1
      ) as latest on true
      where latest.known_from is null
        or latest.known_from < said.said_at and ingest.is_same_amount(
          said.amount, case kind when 'split' then 1 else market.amount_factor(said.instrument_id, said.ex_date, said.raw_response_id) end, said.currency,
          latest.amount, case kind when 'split' then 1 else market.amount_factor(said.instrument_id, said.ex_date, latest.raw_response_id) end, latest.currency
        ) is not true
      on conflict (instrument_id, action_type, ex_date, provider, known_from) do nothing
    )
    select outcome.changed_count + count(*) into outcome.changed_count from changed;

    insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
    select distinct on (candidate.instrument_id, candidate.ex_date)
      candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.amount, candidate.currency,
      1 + coalesce(closed.version, 0),
      -- What a body should have listed and did not, and what was cancelled before, is known from the arrival of this body.
      case
        when closed.version is not null or exists (
          select
          from market.price_data_version bar
          join ingest.raw_response earlier on earlier.raw_response_id = bar.raw_response_id
          where bar.instrument_id = candidate.instrument_id and bar.provider = response.provider and bar.bar_interval = '1d'
            and bar.session_date between candidate.ex_date and candidate.ex_date + 6
            and earlier.fetched_at < response.fetched_at and span.comes_with_bars
        ) then greatest(response.fetched_at, candidate.ex_date::timestamp at time zone exchange.time_zone)
        else candidate.ex_date::timestamp at time zone exchange.time_zone
      end,
      response.provider, p_raw_response_id, p_run_id
    from ingest.candidate_action candidate
    join market.instrument on instrument.instrument_id = candidate.instrument_id
    join market.exchange on exchange.mic = instrument.mic
    left join ingest.candidate_action_span span
      on span.raw_response_id = p_raw_response_id and span.instrument_id = candidate.instrument_id and span.action_type = candidate.action_type
      and candidate.ex_date between span.from_date and span.to_date
    cross join lateral (
      select max(history.version) as version
      from market.corporate_action_history history
      where history.instrument_id = candidate.instrument_id and history.action_type = candidate.action_type and history.ex_date = candidate.ex_date
    ) as closed
    where candidate.raw_response_id = p_raw_response_id and candidate.action_type = kind
    order by candidate.instrument_id, candidate.ex_date, candidate.row_no
    on conflict (instrument_id, action_type, ex_date) do nothing;
    get diagnostics inserted_count = row_count;
    outcome.new_count := outcome.new_count + inserted_count;
  end loop;

  select count(*) - outcome.new_count - outcome.changed_count + cancelled_count into outcome.unchanged_count
  from ingest.candidate_action
  where candidate_action.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_actions(bigint, bigint) is
'Takes the splits and dividends of a body into market.corporate_action and returns the counts. The key is instrument, type and ex-date: what comes twice, from one provider or from two, is one action. ingest.provider.priority decides between providers (the lower
number) whenever their bodies came, of one provider the newer body. Amounts are compared per share of the ex-date (market.amount_factor) as ingest.is_same_amount says, and kept as their provider gave them; so a split alone does not change the dividends before it.
What was said beside the current action stands in market.corporate_action_observation: a worse provider does not change what a better one confirmed.
One that the provider behind it no longer lists, within ingest.candidate_action_span, is cancelled: it goes to the history, known until the arrival of this body, and counts as changed; where another provider lists it, that one''s word is the next version.
A first version is known from the start of the ex-date; from the arrival of its body where an earlier body of the provider should have listed it and did not (the provider sends actions with its bars, and daily bars of the days from the ex-date on are stored from one), where it had been cancelled,
and where the amount changed.';

revoke all on function ingest.accept_actions(bigint, bigint) from public;
grant execute on function ingest.accept_actions(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/accept_actions.sql
--! Included ingest/accept/accept_bars.sql
-- Candidates that passed become bars; content decides whether anything changes.
create or replace function ingest.accept_bars(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  response record;
  tolerated record;
  candidate_count bigint;
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  select
    coalesce(max(tolerance) filter (where field = 'open'), 0) as open, coalesce(max(tolerance) filter (where field = 'high'), 0) as high,
    coalesce(max(tolerance) filter (where field = 'low'), 0) as low, coalesce(max(tolerance) filter (where field = 'close'), 0) as close,
    coalesce(max(tolerance) filter (where field = 'volume'), 0) as volume,
    coalesce(max(tolerance) filter (where field = 'adjusted_close'), 0) as adjusted_close
  into tolerated
  from ingest.field_tolerance;

  -- One writer per instrument at a time, always in the same order; actions that came without bars are locked here too.
  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || touched.instrument_id, 0))
  from (
    select candidate.instrument_id
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    union
    select action.instrument_id
    from ingest.candidate_action action
    where action.raw_response_id = p_raw_response_id
    order by instrument_id
  ) as touched;

  select count(*) into candidate_count
  from ingest.candidate_bar
  where candidate_bar.raw_response_id = p_raw_response_id;

  -- A new bar could be known from the close of its session; a bar of another length from its own end.
  insert into market.price_data (
    instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version,
    known_from, provider, raw_response_id, run_id
  )
  select
    candidate.instrument_id, candidate.bar_interval, candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low,
    candidate.close, candidate.volume, candidate.adjusted_close,
    1 + coalesce((
      select max(history.version)
      from market.price_data_history history
      where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
    ), 0),
    case candidate.bar_interval
      when '1d' then coalesce(session.close_at, (candidate.session_date + 1)::timestamp at time zone exchange.time_zone)
      else case
        when market.bar_span(candidate.bar_interval) < interval '1 day' then candidate.ts + market.bar_span(candidate.bar_interval)
        else (candidate.session_date + market.bar_span(candidate.bar_interval)) at time zone exchange.time_zone
      end
    end,
    response.provider, p_raw_response_id, p_run_id
  from (
    -- Of equal rows the first counts.
    select bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.row_no
  ) as candidate
  join market.instrument on instrument.instrument_id = candidate.instrument_id
  join market.exchange on exchange.mic = instrument.mic
  left join market.trading_session session on session.mic = instrument.mic and session.session_date = candidate.session_date
  on conflict (instrument_id, bar_interval, ts) do nothing;
  get diagnostics outcome.new_count = row_count;

  outcome.changed_count := 0;
  if outcome.new_count < candidate_count then
    -- A changed bar: one whose values lie further from the stored ones than ingest.field_tolerance allows, which says why. The better provider
    -- decides whenever its body came; of one provider the newer body does. What a better provider, or a newer body of this one, said of the bar
    -- without becoming current (because it agreed) counts too.
    update market.price_data as current
    set
      session_date = candidate.session_date, open = candidate.open, high = candidate.high, low = candidate.low, close = candidate.close,
      volume = candidate.volume, adjusted_close = candidate.adjusted_close,
      known_from = greatest(response.fetched_at, current.known_from),
      provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
    from (
      select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id
      order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
    ) as candidate, ingest.provider current_provider, ingest.raw_response current_response
    where current.instrument_id = candidate.instrument_id and current.bar_interval = candidate.bar_interval and current.ts = candidate.ts
      and current_provider.provider = current.provider and current_response.raw_response_id = current.raw_response_id
      and (
        response.priority < current_provider.priority
        or response.priority = current_provider.priority and current_response.fetched_at <= response.fetched_at
      )
      and (
        abs(candidate.open - current.open) > tolerated.open * abs(current.open)
        or abs(candidate.high - current.high) > tolerated.high * abs(current.high)
        or abs(candidate.low - current.low) > tolerated.low * abs(current.low)
        or abs(candidate.close - current.close) > tolerated.close * abs(current.close)
        or abs(candidate.volume - current.volume) > tolerated.volume * abs(current.volume)
        or candidate.adjusted_close is not null and current.adjusted_close is null
        or abs(candidate.adjusted_close - current.adjusted_close) > tolerated.adjusted_close * abs(current.adjusted_close)
      )
      and not exists (
        select
        from market.price_observation said
        join ingest.provider sayer using (provider)
        where said.instrument_id = current.instrument_id and said.bar_interval = current.bar_interval and said.ts = current.ts
          and (sayer.priority < response.priority or sayer.priority = response.priority and said.known_from > response.fetched_at)
      );
    get diagnostics outcome.changed_count = row_count;
  end if;
  outcome.unchanged_count := candidate_count - outcome.new_count - outcome.changed_count;

  -- What did not become current although another provider or body is behind the bar is remembered, unless the provider says what it said last.
  if outcome.unchanged_count > 0 then
    insert into market.price_observation (
      instrument_id, bar_interval, ts, provider, known_from, session_date, open, high, low, close, volume, adjusted_close, raw_response_id, run_id
    )
    select
      candidate.instrument_id, candidate.bar_interval, candidate.ts, response.provider, response.fetched_at, candidate.session_date,
      candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume, candidate.adjusted_close, p_raw_response_id, p_run_id
    from (
      select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id
      order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
    ) as candidate
    join market.price_data current using (instrument_id, bar_interval, ts)
    left join lateral (
      select statement.*
      from market.price_statement statement
      where statement.instrument_id = candidate.instrument_id and statement.bar_interval = candidate.bar_interval and statement.ts = candidate.ts
        and statement.provider = response.provider and statement.said_at <= response.fetched_at
      order by statement.said_at desc, statement.version desc nulls last
      limit 1
    ) as latest on true
    where current.raw_response_id <> p_raw_response_id
      and (
        current.provider <> response.provider
        or (current.open, current.high, current.low, current.close, current.volume)
          is distinct from (candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume)
      )
      and (
        latest.provider is null
        or abs(candidate.open - latest.open) > tolerated.open * abs(latest.open)
        or abs(candidate.high - latest.high) > tolerated.high * abs(latest.high)
        or abs(candidate.low - latest.low) > tolerated.low * abs(latest.low)
        or abs(candidate.close - latest.close) > tolerated.close * abs(latest.close)
        or abs(candidate.volume - latest.volume) > tolerated.volume * abs(latest.volume)
        or (candidate.adjusted_close is null) <> (latest.adjusted_close is null)
        or abs(candidate.adjusted_close - latest.adjusted_close) > tolerated.adjusted_close * abs(latest.adjusted_close)
      )
    on conflict (instrument_id, bar_interval, ts, provider, known_from) do nothing;
  end if;
  return outcome;
end
$$;

comment on function ingest.accept_bars(bigint, bigint) is
'Takes the candidates of a body into market.price_data: new bars, new versions of changed ones, nothing for those that are there already; equal duplicates within the body count once. Returns the counts.
A first version is known from the close of its session, a correction from the arrival of its body. ingest.provider.priority decides between providers (the lower number), of one provider the newer body; ingest.field_tolerance says which
differences are none. What does not become current though it came from another provider, or differs, goes to market.price_observation. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_bars(bigint, bigint) from public;
grant execute on function ingest.accept_bars(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/accept_bars.sql
--! Included ingest/accept/accept_facts.sql
-- Candidates that passed become reported facts, with every value that a filing has restated.
create or replace function ingest.accept_facts(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  response_provider text;
  candidate_count bigint;
  restated_count bigint;
  timeline ingest.fact_value[];
  outcome ingest.acceptance;
begin
  select raw_response.provider into response_provider from ingest.raw_response where raw_response.raw_response_id = p_raw_response_id;
  select count(*) into candidate_count from ingest.candidate_fact where candidate_fact.raw_response_id = p_raw_response_id;

  perform pg_advisory_xact_lock(hashtextextended('market.company_fundamental ' || touched.instrument_id, 0))
  from (
    select distinct candidate.instrument_id
    from ingest.candidate_fact candidate
    where candidate.raw_response_id = p_raw_response_id
    order by candidate.instrument_id
  ) as touched;

  select array_agg(fact) into timeline from ingest.fact_timeline(p_raw_response_id) as fact;

  -- Values that were restated since: straight into the history.
  insert into market.company_fundamental_history (
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  select
    fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end,
    row_number() over (
      partition by fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end order by fact.known_from
    ) + greatest(0, current.version, (
      select max(history.version)
      from market.company_fundamental_history history
      where (history.instrument_id, history.taxonomy, history.concept, history.unit, history.period_start, history.period_end)
        = (fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end)
    )),
    fact.value, fact.fiscal_year, fact.fiscal_period, fact.form, fact.accession, fact.filed,
    fact.known_from, fact.next_known_from, now(), response_provider, p_raw_response_id, p_run_id
  from unnest(timeline) as fact
  left join market.company_fundamental current using (instrument_id, taxonomy, concept, unit, period_start, period_end)
  where not fact.is_stored and fact.next_known_from is not null;
  get diagnostics restated_count = row_count;

  -- A value that a later filing has replaced; the trigger archives it.
  update market.company_fundamental as current
  set
    value = fact.value, fiscal_year = fact.fiscal_year, fiscal_period = fact.fiscal_period, form = fact.form, accession = fact.accession,
    filed = fact.filed, known_from = fact.known_from, provider = response_provider, raw_response_id = p_raw_response_id, run_id = p_run_id
  from unnest(timeline) as fact
  where fact.next_known_from is null
    and (current.instrument_id, current.taxonomy, current.concept, current.unit, current.period_start, current.period_end)
      = (fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end)
    and (current.value, current.filed, current.known_from) is distinct from (fact.value, fact.filed, fact.known_from);
  get diagnostics outcome.changed_count = row_count;

  insert into market.company_fundamental (
    instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, version,
    known_from, provider, raw_response_id, run_id
  )
  select
    fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
    fact.fiscal_period, fact.form, fact.accession, fact.filed,
    1 + coalesce((
      select max(history.version)
      from market.company_fundamental_history history
      where (history.instrument_id, history.taxonomy, history.concept, history.unit, history.period_start, history.period_end)
        = (fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end)
    ), 0),
    fact.known_from, response_provider, p_raw_response_id, p_run_id
  from unnest(timeline) as fact
  where fact.next_known_from is null
  order by fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end
  on conflict (instrument_id, taxonomy, concept, unit, period_start, period_end) do nothing;
  get diagnostics outcome.new_count = row_count;

  outcome.changed_count := least(outcome.changed_count + restated_count, candidate_count - outcome.new_count);
  outcome.unchanged_count := candidate_count - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.accept_facts(bigint, bigint) is
'Takes the candidates of a body into market.company_fundamental and returns the counts. Each fact keeps the value last filed as current and the restated ones as closed versions, in the order in which they could be known and not of arrival;
a filing that repeats the value makes no version. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_facts(bigint, bigint) from public;
grant execute on function ingest.accept_facts(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/accept_facts.sql
--! Included ingest/accept/accept_macro_series.sql
-- A series is known from its first body on; its description comes when it comes.
create or replace function ingest.accept_macro_series(p_run_id bigint, p_raw_response_id bigint, p_series text, p_described jsonb) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  outcome ingest.acceptance;
  last_update timestamptz := case when pg_input_is_valid(p_described ->> 'last_updated', 'timestamptz') then (p_described ->> 'last_updated')::timestamptz end;
begin
  if p_series !~ '^[A-Z0-9][A-Z0-9_.-]{0,63}$' then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" cannot be the name of a series', left(p_series, 40)),
      hint = 'A name has up to 64 letters, digits and . _ -';
  end if;
  insert into market.macro_series (series, provider, title, units, frequency, seasonal_adjustment, last_updated, raw_response_id, run_id)
  select
    p_series, response.provider, p_described ->> 'title', p_described ->> 'units', p_described ->> 'frequency', p_described ->> 'seasonal_adjustment',
    last_update, p_raw_response_id, p_run_id
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id
  on conflict (series) do nothing;
  get diagnostics outcome.new_count = row_count;
  outcome.changed_count := 0;
  if outcome.new_count = 0 and p_described is not null then
    update market.macro_series as known
    set
      title = p_described ->> 'title', units = p_described ->> 'units', frequency = p_described ->> 'frequency',
      seasonal_adjustment = p_described ->> 'seasonal_adjustment', last_updated = last_update, raw_response_id = p_raw_response_id, run_id = p_run_id
    where known.series = p_series and (last_update >= known.last_updated) is not false
      and (known.title, known.units, known.frequency, known.seasonal_adjustment, known.last_updated) is distinct from
        (p_described ->> 'title', p_described ->> 'units', p_described ->> 'frequency', p_described ->> 'seasonal_adjustment', last_update);
    get diagnostics outcome.changed_count = row_count;
  end if;
  outcome.unchanged_count := 1 - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.accept_macro_series(bigint, bigint, text, jsonb) is
'Adds the series p_series to market.macro_series where it is new, and takes over its description p_described (title, units, frequency, seasonal_adjustment, last_updated), unless an older one than is known; NULL where the body has none. Returns the counts. MB001 for an impossible name.';

revoke all on function ingest.accept_macro_series(bigint, bigint, text, jsonb) from public;
grant execute on function ingest.accept_macro_series(bigint, bigint, text, jsonb) to marketbase_worker;
--! EndIncluded ingest/accept/accept_macro_series.sql
--! Included ingest/accept/accept_observations.sql
-- Observations of a series become vintages: a row for each value that was not known before.
create or replace function ingest.accept_observations(p_run_id bigint, p_raw_response_id bigint, p_series text, p_document jsonb) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  arrived timestamptz;
  outcome ingest.acceptance;
  read_count bigint;
  refused_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('market.macro_observation ' || p_series, 0));
  select response.fetched_at into arrived from ingest.raw_response response where response.raw_response_id = p_raw_response_id;

  with item as (
    select
      position as row_no, body,
      case when jsonb_typeof(body -> 'value') in ('string', 'number') then btrim(body ->> 'value') end as text
    from jsonb_array_elements(p_document -> 'observations') with ordinality as element (body, position)
  )
  insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
  select p_raw_response_id, 'macro', item.row_no, p_series, array['observation_readable'], problem.reason, item.body, p_run_id
  from item
  cross join lateral (
    select case
      when ingest.is_iso_date(item.body ->> 'date') is not true then format('date "%s" is not a date', item.body ->> 'date')
      when ingest.is_iso_date(item.body ->> 'realtime_start') is not true then format('realtime_start "%s" is not a date', item.body ->> 'realtime_start')
      when item.text is null or (item.text <> '.' and not ingest.is_finite_number(item.text)) then format('value "%s" is not a number', item.body ->> 'value')
    end as reason
  ) as problem
  where problem.reason is not null
  union all
  -- A page of several is not the series: what is missing is said.
  select
    p_raw_response_id, 'macro', jsonb_array_length(p_document -> 'observations') + 1, p_series, array['observation_complete'],
    format('the body has %s of %s observations', jsonb_array_length(p_document -> 'observations'), p_document ->> 'count'),
    p_document - 'observations', p_run_id
  where (p_document ->> 'count')::numeric > jsonb_array_length(p_document -> 'observations') + coalesce((p_document ->> 'offset')::numeric, 0)
  on conflict (raw_response_id, dataset, row_no) do nothing;

  select jsonb_array_length(p_document -> 'observations'), count(*) into read_count, refused_count
  from ingest.quarantine refused
  where refused.raw_response_id = p_raw_response_id and refused.dataset = 'macro' and refused.rules = array['observation_readable'];

  with shown as (
    select
      (body ->> 'date')::date as observation_date, (body ->> 'realtime_start')::date as vintage_date,
      case when ingest.is_iso_date(body ->> 'realtime_end') then (body ->> 'realtime_end')::date end as last_shown,
      nullif(btrim(body ->> 'value'), '.')::numeric as value
    from jsonb_array_elements(p_document -> 'observations') with ordinality as element (body, position)
    where not exists (
      select
      from ingest.quarantine refused
      where refused.raw_response_id = p_raw_response_id and refused.dataset = 'macro' and refused.row_no = position
    )
  ), vintage as (
    select observation_date, vintage_date, value from shown
    union
    -- A value that was no longer shown, with none in its place, has been withdrawn.
    select shown.observation_date, shown.last_shown + 1, null
    from shown
    where coalesce(p_document ->> 'output_type', '1') = '1'
      and ingest.is_iso_date(p_document ->> 'realtime_end') and shown.last_shown < (p_document ->> 'realtime_end')::date
      and not exists (
        select from shown as next where next.observation_date = shown.observation_date and next.vintage_date = shown.last_shown + 1
      )
      and (p_document ->> 'count' is null or (p_document ->> 'count')::numeric <= jsonb_array_length(p_document -> 'observations'))
  ), candidate as (
    -- What a body shows could be known when the body came, and on the day after the vintage began; what it corrects, only when it came.
    select distinct on (vintage.observation_date, moment.known_from)
      vintage.observation_date, vintage.vintage_date, vintage.value,
      case
        when stored.value is distinct from vintage.value and stored.known_from is not null then greatest(arrived, moment.known_from)
        else moment.known_from
      end as known_from
    from vintage
    cross join lateral (
      select least((vintage.vintage_date + 1)::timestamp at time zone 'America/New_York', arrived) as known_from
    ) as moment
    left join market.macro_observation stored
      on stored.series = p_series and stored.observation_date = vintage.observation_date and stored.known_from = moment.known_from
    order by vintage.observation_date, moment.known_from, vintage.vintage_date desc
  ), said as (
    select observation_date, vintage_date, value, known_from, false as is_stored from candidate
    union all
    select stored.observation_date, stored.vintage_date, stored.value, stored.known_from, true
    from market.macro_observation stored
    where stored.series = p_series
  ), followed as (
    select
      *,
      lag(value) over by_time as value_before, lag(known_from) over by_time as known_before,
      bool_or(is_stored) over (partition by observation_date) as is_known
    from said
    window by_time as (partition by observation_date order by known_from, is_stored desc)
  ), added as (
    insert into market.macro_observation (series, observation_date, known_from, value, vintage_date, raw_response_id, run_id)
    select p_series, observation_date, known_from, value, vintage_date, p_raw_response_id, p_run_id
    from followed
    where not is_stored and (known_before is null or value is distinct from value_before)
    order by observation_date, known_from
    on conflict (series, observation_date, known_from) do nothing
    returning observation_date, known_from
  )
  select
    count(*) filter (where not followed.is_known), count(*) filter (where followed.is_known)
  into outcome.new_count, outcome.changed_count
  from added
  join followed on followed.observation_date = added.observation_date and followed.known_from = added.known_from and not followed.is_stored;

  outcome.unchanged_count := greatest(0, read_count - refused_count - outcome.new_count - outcome.changed_count);
  return outcome;
end
$$;

comment on function ingest.accept_observations(bigint, bigint, text, jsonb) is
'Takes the observations of p_document, in the shape of FRED''s JSON, into market.macro_observation and returns the counts. A value can be known from the start of the day after its realtime_start, New York time, or from the arrival of
the body where that is earlier; a value that differs from one known from the same moment counts from the arrival. "." is no value and stored as NULL; a value that was no longer shown before the end of the requested range is withdrawn by a NULL.
Vintages may arrive in any order. What cannot be read goes to ingest.quarantine, as does the note that a body is but one page.';

revoke all on function ingest.accept_observations(bigint, bigint, text, jsonb) from public;
grant execute on function ingest.accept_observations(bigint, bigint, text, jsonb) to marketbase_worker;
--! EndIncluded ingest/accept/accept_observations.sql
--! Included ingest/accept/is_same_amount.sql
-- Whether two statements of a split or dividend say the same.
create or replace function ingest.is_same_amount(
  p_amount numeric, p_factor double precision, p_currency text, p_other_amount numeric, p_other_factor double precision, p_other_currency text
) returns boolean
language sql immutable parallel safe
return p_currency is not distinct from p_other_currency
  and abs(p_amount * p_factor - p_other_amount * p_other_factor)
    <= 0.000001 * p_other_amount * p_other_factor + case when p_factor = p_other_factor then 0 else 0.0000005 * (p_factor + p_other_factor) end;

comment on function ingest.is_same_amount(numeric, double precision, text, numeric, double precision, text) is
'True when two amounts, each times its market.amount_factor, lie within one part in a million of each other and are in one currency (NULL for splits). Where the factors differ, half of the sixth decimal of each amount as it was given is allowed too: amounts that
were divided by later splits come rounded to six decimals. NULL when an amount or factor is NULL.';

revoke all on function ingest.is_same_amount(numeric, double precision, text, numeric, double precision, text) from public;
grant execute on function ingest.is_same_amount(numeric, double precision, text, numeric, double precision, text) to marketbase_worker;
--! EndIncluded ingest/accept/is_same_amount.sql
--! Included ingest/grants.sql
-- Who may do what with bodies, normalisation and quarantine: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema ingest to marketbase_reader;

alter table ingest.provider enable row level security;
drop policy if exists provider_read on ingest.provider;
create policy provider_read on ingest.provider for select to marketbase_reader using (true);
revoke all on ingest.provider from public, marketbase_reader, marketbase_worker;
grant select on ingest.provider to marketbase_reader;

alter table ingest.raw_response enable row level security;
drop policy if exists raw_response_read on ingest.raw_response;
create policy raw_response_read on ingest.raw_response for select to marketbase_reader using (true);
drop policy if exists raw_response_insert on ingest.raw_response;
create policy raw_response_insert on ingest.raw_response for insert to marketbase_worker with check (true);
revoke all on ingest.raw_response from public, marketbase_reader, marketbase_worker;
grant select on ingest.raw_response to marketbase_reader;
grant insert (
  provider, dataset, subject, url, method, status, headers, content_type, body, byte_count, sha256, fetched_at, run_id
) on ingest.raw_response to marketbase_worker;

alter table ingest.raw_response_chunk enable row level security;
drop policy if exists raw_response_chunk_read on ingest.raw_response_chunk;
create policy raw_response_chunk_read on ingest.raw_response_chunk for select to marketbase_reader using (true);
drop policy if exists raw_response_chunk_insert on ingest.raw_response_chunk;
create policy raw_response_chunk_insert on ingest.raw_response_chunk for insert to marketbase_worker with check (true);
revoke all on ingest.raw_response_chunk from public, marketbase_reader, marketbase_worker;
grant select on ingest.raw_response_chunk to marketbase_reader;
grant insert (raw_response_id, chunk_no, body) on ingest.raw_response_chunk to marketbase_worker;

alter table ingest.normalisation enable row level security;
drop policy if exists normalisation_read on ingest.normalisation;
create policy normalisation_read on ingest.normalisation for select to marketbase_reader using (true);
drop policy if exists normalisation_insert on ingest.normalisation;
create policy normalisation_insert on ingest.normalisation for insert to marketbase_worker with check (true);
revoke all on ingest.normalisation from public, marketbase_reader, marketbase_worker;
grant select on ingest.normalisation to marketbase_reader;
grant insert (
  raw_response_id, normaliser, normaliser_version, outcome, row_count, accepted_count, new_count, changed_count, quarantined_count,
  action_count, action_changed_count, error_code, message, run_id
) on ingest.normalisation to marketbase_worker;

alter table ingest.candidate_bar enable row level security;
drop policy if exists candidate_bar_work on ingest.candidate_bar;
create policy candidate_bar_work on ingest.candidate_bar for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_bar from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_bar to marketbase_worker;
grant insert (
  raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, payload
) on ingest.candidate_bar to marketbase_worker;
grant update (
  raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, payload
) on ingest.candidate_bar to marketbase_worker;

alter table ingest.candidate_fact enable row level security;
drop policy if exists candidate_fact_work on ingest.candidate_fact;
create policy candidate_fact_work on ingest.candidate_fact for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_fact from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_fact to marketbase_worker;
grant insert (
  raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession,
  filed, known_from, payload
) on ingest.candidate_fact to marketbase_worker;
grant update (
  raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession,
  filed, known_from, payload
) on ingest.candidate_fact to marketbase_worker;

alter table ingest.candidate_action enable row level security;
drop policy if exists candidate_action_work on ingest.candidate_action;
create policy candidate_action_work on ingest.candidate_action for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_action from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_action to marketbase_worker;
grant insert (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency) on ingest.candidate_action to marketbase_worker;

alter table ingest.quarantine enable row level security;
drop policy if exists quarantine_read on ingest.quarantine;
create policy quarantine_read on ingest.quarantine for select to marketbase_reader using (true);
drop policy if exists quarantine_insert on ingest.quarantine;
create policy quarantine_insert on ingest.quarantine for insert to marketbase_worker with check (true);
revoke all on ingest.quarantine from public, marketbase_reader, marketbase_worker;
grant select on ingest.quarantine to marketbase_reader;
grant insert (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id) on ingest.quarantine to marketbase_worker;

alter table ingest.provider_field enable row level security;
drop policy if exists provider_field_read on ingest.provider_field;
create policy provider_field_read on ingest.provider_field for select to marketbase_reader using (true);
revoke all on ingest.provider_field from public, marketbase_reader, marketbase_worker;
grant select on ingest.provider_field to marketbase_reader;

alter table ingest.candidate_action_span enable row level security;
drop policy if exists candidate_action_span_work on ingest.candidate_action_span;
create policy candidate_action_span_work on ingest.candidate_action_span for all to marketbase_worker using (true) with check (true);
revoke all on ingest.candidate_action_span from public, marketbase_reader, marketbase_worker;
grant select, delete on ingest.candidate_action_span to marketbase_worker;
grant insert (raw_response_id, instrument_id, action_type, from_date, to_date, comes_with_bars) on ingest.candidate_action_span to marketbase_worker;

alter table ingest.field_tolerance enable row level security;
drop policy if exists field_tolerance_read on ingest.field_tolerance;
create policy field_tolerance_read on ingest.field_tolerance for select to marketbase_reader using (true);
revoke all on ingest.field_tolerance from public, marketbase_reader, marketbase_worker;
grant select on ingest.field_tolerance to marketbase_reader;

alter table ingest.request_pace enable row level security;
drop policy if exists request_pace_read on ingest.request_pace;
create policy request_pace_read on ingest.request_pace for select to marketbase_reader using (true);
drop policy if exists request_pace_insert on ingest.request_pace;
create policy request_pace_insert on ingest.request_pace for insert to marketbase_worker with check (true);
drop policy if exists request_pace_update on ingest.request_pace;
create policy request_pace_update on ingest.request_pace for update to marketbase_worker using (true) with check (true);
revoke all on ingest.request_pace from public, marketbase_reader, marketbase_worker;
grant select on ingest.request_pace to marketbase_reader;
grant insert (provider, next_at, blocked_until, blocked_reason, recent, request_count) on ingest.request_pace to marketbase_worker;
grant update (next_at, blocked_until, blocked_reason, recent, request_count) on ingest.request_pace to marketbase_worker;

alter table ingest.held_response enable row level security;
drop policy if exists held_response_read on ingest.held_response;
create policy held_response_read on ingest.held_response for select to marketbase_reader using (true);
drop policy if exists held_response_insert on ingest.held_response;
create policy held_response_insert on ingest.held_response for insert to marketbase_worker with check (true);
drop policy if exists held_response_update on ingest.held_response;
create policy held_response_update on ingest.held_response for update to marketbase_worker using (true) with check (true);
revoke all on ingest.held_response from public, marketbase_reader, marketbase_worker;
grant select on ingest.held_response to marketbase_reader;
grant insert (
  raw_response_id, run_id, changed_count, instrument_count, first_ts, last_ts, bar_count, fact_count, feature_value_count, training_set_count,
  prediction_count
) on ingest.held_response to marketbase_worker;
grant update (
  run_id, held_at, changed_count, instrument_count, first_ts, last_ts, bar_count, fact_count, feature_value_count, training_set_count,
  prediction_count, released_at, released_by, reason, accept_run_id
) on ingest.held_response to marketbase_worker;
--! EndIncluded ingest/grants.sql
--! Included ingest/hold/impact.sql
-- What a restatement touches: bars and facts, the values made of them, and what was learnt from these.
create or replace function ingest.impact(p_raw_response_id bigint, p_run_id bigint default null) returns ingest.impact_estimate
language sql stable parallel safe
begin atomic
  with bar as materialized (
    select bar.instrument_id, bar.bar_interval, bar.ts
    from market.price_data bar
    join market.price_data_history before
      on before.instrument_id = bar.instrument_id and before.bar_interval = bar.bar_interval and before.ts = bar.ts and before.version = bar.version - 1
    where bar.raw_response_id = p_raw_response_id and (p_run_id is null or bar.run_id = p_run_id)
      and (before.open, before.high, before.low, before.close, before.volume) is distinct from (bar.open, bar.high, bar.low, bar.close, bar.volume)
  ), fact as materialized (
    select fact.instrument_id, fact.known_from
    from market.company_fundamental fact
    where fact.raw_response_id = p_raw_response_id and (p_run_id is null or fact.run_id = p_run_id) and fact.version > 1
  ), span as materialized (
    -- a changed bar reaches as many bars ahead as a set looks back, a changed fact until now
    select version.feature_set_version_id, changed.instrument_id, changed.from_ts, changed.to_ts
    from feature.feature_set
    join feature.feature_set_version version using (feature_set_id)
    cross join lateral (
      select
        bar.instrument_id, min(bar.ts) as from_ts,
        coalesce(feature.reach_of_change(bar.instrument_id, feature_set.bar_interval, max(bar.ts), version.lookback), 'infinity') as to_ts
      from bar
      where bar.bar_interval = feature_set.bar_interval
      group by bar.instrument_id
      union all
      select fact.instrument_id, min(fact.known_from), 'infinity'
      from fact
      where 'fundamental' = any (version.sources)
      group by fact.instrument_id
    ) as changed
    where version.is_current and feature_set.is_active
  ), touched as (
    select bar.instrument_id, bar.ts from bar union all select fact.instrument_id, fact.known_from from fact
  )
  select
    (select count(distinct touched.instrument_id) from touched),
    (select min(touched.ts) from touched),
    (select max(touched.ts) from touched),
    (select count(*) from bar),
    (select count(*) from fact),
    (
      select coalesce(sum(cardinality(vector.values)), 0)
      from feature.feature_vector vector
      where exists (
        select from span
        where span.instrument_id = vector.instrument_id and span.feature_set_version_id = vector.feature_set_version_id
          and vector.ts between span.from_ts and span.to_ts
      )
    ),
    (
      select count(*) from ml.training_set
      where exists (
        select from span
        where span.feature_set_version_id = training_set.feature_set_version_id and span.instrument_id = any (training_set.instrument_ids)
          and training_set.from_ts <= span.to_ts and training_set.to_ts >= span.from_ts
      )
    ),
    (
      select count(*) from ml.model_prediction prediction
      where exists (
        select from span
        where span.feature_set_version_id = prediction.feature_set_version_id and span.instrument_id = prediction.instrument_id
          and prediction.ts between span.from_ts and span.to_ts
      )
    );
end;

comment on function ingest.impact(bigint, bigint) is
'What the versions touch that a body made of rows stored before (those of one run, where p_run_id is given): bars whose open, high, low, close or volume changed, restated facts, values of the active feature sets that depend on them, training sets that hold
such values and predictions made from them. pipeline.normalise_response asks it in the transaction that accepts, before anything is committed: more than ingest.provider.restatement_limit rows and the body is held. Zeros for a body that changed nothing.';

revoke all on function ingest.impact(bigint, bigint) from public;
grant execute on function ingest.impact(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/hold/impact.sql
--! Included ingest/normalise/add_action_days.sql
-- For which days a body of bars says all splits and dividends.
create or replace function ingest.add_action_days(p_raw_response_id bigint, p_instrument_id bigint, p_days date[]) returns void
language sql volatile parallel unsafe
begin atomic
  insert into ingest.candidate_action_span (raw_response_id, instrument_id, action_type, from_date, to_date)
  select p_raw_response_id, p_instrument_id, kind, min(run.day), max(run.day)
  from (
    -- Days without a weekday missing between them have the same difference of these two numbers.
    select
      listed.day,
      (listed.day - date '1970-01-05') / 7 * 5 + least(extract(isodow from listed.day)::integer, 5) - row_number() over (order by listed.day) as run_no
    from (
      select distinct bar.session_date as day
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id and bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and bar.session_date = any (p_days)
    ) as listed
  ) as run
  cross join unnest(array['split', 'dividend']) as kind
  group by kind, run.run_no;
end;

comment on function ingest.add_action_days(bigint, bigint, date[]) is
'Fills ingest.candidate_action_span for a body whose rows tell split and dividend of their day: p_days are the days of rows that do. Only days with a daily bar among ingest.candidate_bar count, and a weekday without a row (a holiday, a hole) ends a span:
nothing is cancelled on a day of which the body says nothing. Nothing for NULL.';

revoke all on function ingest.add_action_days(bigint, bigint, date[]) from public;
grant execute on function ingest.add_action_days(bigint, bigint, date[]) to marketbase_worker;
--! EndIncluded ingest/normalise/add_action_days.sql
--! Included ingest/normalise/add_bars.sql
-- What a normaliser has read of its bars becomes candidates; the same rules for every provider.
create or replace function ingest.add_bars(p_raw_response_id bigint, p_instrument_id bigint, p_bar_interval text, p_bars ingest.bar_reading[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  span interval := market.bar_span(p_bar_interval);
  response record;
  place record;
begin
  select raw_response.subject, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  select exchange.mic, exchange.time_zone into place
  from market.instrument
  join market.exchange using (mic)
  where instrument.instrument_id = p_instrument_id;

  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, payload
  )
  select
    p_raw_response_id, bar.row_no, upper(response.subject), p_instrument_id, p_bar_interval, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    case
      when num_nulls(bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume) > 0 or bar.adjusted_close is null and bar.adjusted_text is not null then
        jsonb_build_object('row', bar.source, 'problem', (
          select string_agg(
            case when field.written is null then format('%s is missing', field.name) else format('%s "%s" cannot be read', field.name, left(field.written, 40)) end,
            ', ' order by field.position)
          from (
            values
              (1, 'time', bar.time_text, bar.ts is null), (2, 'open', bar.open_text, bar.open is null), (3, 'high', bar.high_text, bar.high is null),
              (4, 'low', bar.low_text, bar.low is null), (5, 'close', bar.close_text, bar.close is null), (6, 'volume', bar.volume_text, bar.volume is null),
              (7, 'adjusted close', bar.adjusted_text, bar.adjusted_close is null and bar.adjusted_text is not null)
          ) as field (position, name, written, is_bad)
          where field.is_bad
        ))
    end
  from (
    select
      reading.row_no, reading.source, reading.open as open_text, reading.high as high_text, reading.low as low_text, reading.close as close_text,
      reading.volume as volume_text, reading.adjusted_close as adjusted_text,
      left(coalesce(reading.source ->> 'time', reading.source::text), 60) as time_text,
      case when span >= interval '1 day' then reading.session_date::timestamp at time zone 'UTC' else reading.starts_at end as ts,
      case when span >= interval '1 day' then reading.session_date else (reading.starts_at at time zone place.time_zone)::date end as session_date,
      case when ingest.is_finite_number(reading.open) then reading.open::double precision end as open,
      case when ingest.is_finite_number(reading.high) then reading.high::double precision end as high,
      case when ingest.is_finite_number(reading.low) then reading.low::double precision end as low,
      case when ingest.is_finite_number(reading.close) then reading.close::double precision end as close,
      case when ingest.is_finite_number(reading.volume) then reading.volume::double precision end as volume,
      case when ingest.is_finite_number(reading.adjusted_close) then reading.adjusted_close::double precision end as adjusted_close
    from unnest(p_bars) as reading
    where num_nonnulls(reading.open, reading.high, reading.low, reading.close) > 0
    offset 0
  ) as bar
  where bar.ts is null
    or response.fetched_at >= case
      when span < interval '1 day' then bar.ts + span
      when p_bar_interval = '1d' then market.session_close(place.mic, bar.session_date)
      else (bar.session_date + span) at time zone place.time_zone
    end;
end
$$;

comment on function ingest.add_bars(bigint, bigint, text, ingest.bar_reading[]) is
'Fills ingest.candidate_bar with the bars of one instrument and length (as market.bar_interval writes it) that a normaliser read in a body. The session of a bar within a day is its date in the time zone of the exchange.
Left out are rows without any price (nothing was traded) and bars that were not over when the body arrived. What is no number, or has no time, stays NULL with its problem in payload. No row for NULL.';

revoke all on function ingest.add_bars(bigint, bigint, text, ingest.bar_reading[]) from public;
grant execute on function ingest.add_bars(bigint, bigint, text, ingest.bar_reading[]) to marketbase_worker;
--! EndIncluded ingest/normalise/add_bars.sql
--! Included ingest/normalise/add_report.sql
-- One report of a provider, an object of fields, as candidate facts.
create or replace function ingest.add_report(
  p_raw_response_id bigint,
  p_instrument_id bigint,
  p_report text,
  p_fields jsonb,
  p_period_start date,
  p_period_end date,
  p_currency text,
  p_form text,
  p_filed date default null,
  p_known_from timestamptz default null,
  p_accession text default null,
  p_zero_is_absent boolean default false
) returns void
language sql volatile parallel unsafe
begin atomic
  with response as (
    select raw_response.provider, raw_response.fetched_at, (raw_response.fetched_at at time zone 'America/New_York')::date as arrived_on
    from ingest.raw_response
    where raw_response.raw_response_id = p_raw_response_id
  )
  insert into ingest.candidate_fact (
    raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, form, accession, filed, known_from, payload
  )
  select
    p_raw_response_id,
    row_number() over (order by field.key) + coalesce((
      select max(earlier.row_no) from ingest.candidate_fact earlier where earlier.raw_response_id = p_raw_response_id
    ), 0),
    p_instrument_id, response.provider, field.key,
    case measured.measure when 'money' then p_currency when 'money per share' then p_currency || '/shares' when 'shares' then 'shares' else 'pure' end,
    coalesce(p_period_start, p_period_end), p_period_end,
    case when readable.is_number then readable.text::numeric end,
    p_form, coalesce(p_accession, concat_ws(' ', response.provider, p_report, p_form, p_period_end)),
    -- Of a provider that names no filing it is known that its figures were public when they came.
    case when p_filed > p_period_end then p_filed else greatest(response.arrived_on, p_period_end) end,
    case when p_filed > p_period_end then least(p_known_from, response.fetched_at) else response.fetched_at end,
    case
      when p_period_end is null then jsonb_build_object(field.key, field.value, 'problem', 'the period of the report has no end')
      when not readable.is_number
        then jsonb_build_object(field.key, field.value, 'problem', format('%s "%s" is not a number', field.key, left(readable.text, 40)))
    end
  from response
  cross join jsonb_each(p_fields) as field
  cross join lateral (select btrim(field.value #>> '{}') as text) as said
  cross join lateral (select said.text, coalesce(ingest.is_finite_number(nullif(said.text, '')), false) as is_number) as readable
  cross join lateral (
    select known.measure
    from ingest.provider_field known
    where known.provider = response.provider and known.report = p_report and field.key like known.field
    order by length(known.field) desc
    limit 1
  ) as measured
  where measured.measure <> 'none' and jsonb_typeof(field.value) in ('number', 'string') and readable.text not in ('', 'None', 'null', '-')
    and not (p_zero_is_absent and readable.is_number and readable.text::numeric = 0);
end;

comment on function ingest.add_report(bigint, bigint, text, jsonb, date, date, text, text, date, timestamptz, text, boolean) is
'Adds to ingest.candidate_fact the fields of one report of the provider of the body: numbers or texts that hold one, under the name of the field in the taxonomy named after the provider, measured as ingest.provider_field says for p_report.
p_period_start NULL: a report at a moment, p_period_end. p_currency: ISO 4217. p_form says what it is, such as annual report. p_filed and p_known_from: when it was filed and from when it could be known; NULL or not after the period means
that the provider does not say, and the arrival of the body counts. p_zero_is_absent leaves out zeros, which some providers write for what they do not have. Empty texts, None and null are left out; another text is a problem for the quarantine.';

revoke all on function ingest.add_report(bigint, bigint, text, jsonb, date, date, text, text, date, timestamptz, text, boolean) from public;
grant execute on function ingest.add_report(bigint, bigint, text, jsonb, date, date, text, text, date, timestamptz, text, boolean) to marketbase_worker;
--! EndIncluded ingest/normalise/add_report.sql
--! Included ingest/normalise/known_mic.sql
-- The exchange that a provider names, where marketbase knows it.
create or replace function ingest.known_mic(p_mic text, p_time_zone text default null) returns text
language sql stable parallel safe
begin atomic
  select coalesce(
    (
      select exchange.mic
      from market.exchange
      where exchange.mic = case
        when p_mic in ('XNGS', 'XNMS', 'XNCM') then 'XNAS'
        when p_mic = 'XASE' then 'XNYS'
        when p_mic in ('PINX', 'PSGM', 'OTCB', 'OTCQ', 'OTCM') then 'OTCM'
        else p_mic
      end
    ),
    (
      select min(exchange.mic)
      from market.exchange
      where exchange.time_zone = p_time_zone and p_time_zone not in ('America/New_York', 'UTC') and exchange.mic not in ('XOFF', 'XXXX')
    ),
    case when p_time_zone not in ('America/New_York', 'UTC') then 'XOFF' end
  );
end;

comment on function ingest.known_mic(text, text) is
'The exchange with the market identifier code p_mic, its segments counting as the exchange they belong to; where market.exchange does not have it, one in the time zone p_time_zone, else XOFF.
NULL where neither tells: no code, and New York (one of several exchanges), UTC or NULL as the zone.';

revoke all on function ingest.known_mic(text, text) from public;
grant execute on function ingest.known_mic(text, text) to marketbase_worker;
--! EndIncluded ingest/normalise/known_mic.sql
--! Included ingest/normalise/normalise_alphavantage_bars.sql
-- Time series of Alpha Vantage: shares, currencies and crypto-currencies, from a minute to a month.
create or replace function ingest.normalise_alphavantage_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  meta jsonb;
  series_name text;
  series jsonb;
  from_symbol text;
  to_symbol text;
  asset_class text;
  given text;
  bar_interval text;
  time_zone text;
  refreshed timestamp;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  -- Errors come with status 200, under one of these names.
  if not document ? 'Meta Data' and (document ?| array['Error Message', 'Note', 'Information', 'message', 'error']) then
    perform ingest.refuse_error(p_raw_response_id, coalesce(
      document ->> 'Error Message', document ->> 'Note', document ->> 'Information', document ->> 'message', document ->> 'error'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  select key, value into series_name, series
  from jsonb_each(document)
  where key ~* 'time series' and jsonb_typeof(value) = 'object';
  select jsonb_object_agg(regexp_replace(lower(key), '^\d+\. *', ''), value) into meta
  from jsonb_each(case when jsonb_typeof(document -> 'Meta Data') = 'object' then document -> 'Meta Data' else '{}' end);
  if series is null or meta is null then
    perform ingest.refuse_shape(document, 'a time series (Meta Data and Time Series …)');
  end if;
  if exists (
    select from jsonb_each(series) as bar
    where jsonb_typeof(bar.value) <> 'object' or not (bar.value ?| array['1. open', '1a. open (' || upper(coalesce(meta ->> 'market code', 'USD')) || ')'])
  ) then
    perform ingest.refuse_shape((select bar.value from jsonb_each(series) as bar limit 1), 'a bar with 1. open, 2. high, 3. low and 4. close');
  end if;

  from_symbol := coalesce(meta ->> 'from symbol', meta ->> 'digital currency code');
  to_symbol := coalesce(meta ->> 'to symbol', meta ->> 'market code');
  asset_class := case when meta ? 'digital currency code' or series_name ~* '(digital|crypto)' then 'crypto' when from_symbol is not null then 'fx' end;
  perform ingest.require_symbol(p_raw_response_id, coalesce(meta ->> 'symbol', from_symbol || to_symbol));

  given := coalesce(
    meta ->> 'interval', substring(series_name from '\(([^()]*)\)$'), substring(series_name from '(?i)(daily|weekly|monthly)'));
  bar_interval := ingest.require_interval(market.bar_interval(regexp_replace(given, '(?i)digital currency ', '')), given);
  time_zone := case
    when meta ->> 'time zone' = 'US/Eastern' then 'America/New_York'
    when meta ->> 'time zone' ~* '^(UTC|GMT)' or meta ->> 'time zone' is null then 'UTC'
    else meta ->> 'time zone'
  end;
  if not exists (select from pg_catalog.pg_timezone_names where name = time_zone) then
    raise exception using
      errcode = 'MB004', message = format('the time zone "%s" is not known', left(time_zone, 60)), hint = 'Alpha Vantage may have changed its format.';
  end if;
  if series = '{}' then
    return;
  end if;
  if pg_input_is_valid(meta ->> 'last refreshed', 'timestamp') then
    refreshed := (meta ->> 'last refreshed')::timestamp;
  end if;

  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, coalesce(meta ->> 'digital currency name', null), asset_class,
    case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' else ingest.known_mic(null, time_zone) end,
    case when to_symbol ~ '^[A-Za-z]{3}$' then upper(to_symbol) end);

  -- Weeks and months are dated by their last session.
  select array_agg((
    bar.row_no,
    case when pg_input_is_valid(bar.stamp, 'timestamp') and bar.stamp ~ '^\d{4}-\d\d-\d\d' then bar.stamp::timestamp at time zone time_zone end,
    case
      when not ingest.is_iso_date(left(bar.stamp, 10)) then null
      when bar_interval in ('1w', '1mo') then market.bar_start(market.bar_span(bar_interval), left(bar.stamp, 10)::date)
      else left(bar.stamp, 10)::date
    end,
    coalesce(bar.item ->> '1. open', bar.item ->> format('1a. open (%s)', to_symbol)),
    coalesce(bar.item ->> '2. high', bar.item ->> format('2a. high (%s)', to_symbol)),
    coalesce(bar.item ->> '3. low', bar.item ->> format('3a. low (%s)', to_symbol)),
    coalesce(bar.item ->> '4. close', bar.item ->> format('4a. close (%s)', to_symbol)),
    coalesce(bar.item ->> '5. volume', bar.item ->> '6. volume', case when not (bar.item ?| array['5. volume', '6. volume']) then '0' end),
    bar.item ->> '5. adjusted close',
    bar.item || jsonb_build_object('time', bar.stamp)
  )::ingest.bar_reading) into bars
  from (
    select row_number() over (order by key) as row_no, key as stamp, value as item
    from jsonb_each(series)
    -- The bar of the day, week or month in which the series was last refreshed is still moving, unless that was after its last session.
    where refreshed is null or market.bar_span(bar_interval) < interval '1 day' or not ingest.is_iso_date(left(key, 10)) or left(key, 10)::date < refreshed::date
      or case bar_interval
        when '1d' then refreshed::time = time '00:00' or refreshed at time zone time_zone >= (
          select market.session_close(instrument.mic, left(key, 10)::date) from market.instrument where instrument.instrument_id = chart_id)
        -- The last weekday of the week or the month: what comes after it, up to the next weekday, is a weekend.
        else market.bar_start(market.bar_span(bar_interval), (
          refreshed + case extract(isodow from refreshed) when 5 then interval '3 days' when 6 then interval '2 days' else interval '1 day' end)::date)
            > market.bar_start(market.bar_span(bar_interval), left(key, 10)::date)
      end
  ) as bar;
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);

  if bar_interval = '1d' then
    insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
    select
      p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id, action.action_type, action.ex_date, action.amount,
      case when action.action_type = 'dividend' then (select instrument.currency from market.instrument where instrument.instrument_id = chart_id) end
    from (
      select named.action_type, left(bar.key, 10)::date as ex_date, named.written::numeric as amount
      from jsonb_each(series) as bar
      cross join lateral (
        values ('dividend', bar.value ->> '7. dividend amount', 0), ('split', bar.value ->> '8. split coefficient', 1)
      ) as named (action_type, written, nothing)
      where ingest.is_iso_date(left(bar.key, 10)) and ingest.is_finite_number(named.written) and named.written::numeric <> named.nothing
    ) as action
    where action.amount > 0;
    perform ingest.add_action_days(p_raw_response_id, chart_id, (
      select array_agg(left(bar.key, 10)::date)
      from jsonb_each(series) as bar
      where ingest.is_iso_date(left(bar.key, 10))
        and ingest.is_finite_number(bar.value ->> '7. dividend amount') and ingest.is_finite_number(bar.value ->> '8. split coefficient')
    ));
  end if;
end
$$;

comment on function ingest.normalise_alphavantage_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from a time series of Alpha Vantage (TIME_SERIES_*, FX_*, DIGITAL_CURRENCY_*, CRYPTO_INTRADAY): Meta Data with symbol, interval and time zone, and bars under their local times.
The subject is a ticker or a pair. Prices are those of the day; the adjusted series have an adjusted close beside them, and all dividends and splits of their days. Weeks and months are dated by their last session and stored under their first day; volume is 0 where
none is sent. MB010 with the words of Alpha Vantage (Error Message, Note, Information; they come with status 200), MB004 for another shape, another symbol, an unknown zone or a failing status.';

revoke all on function ingest.normalise_alphavantage_bars(bigint) from public;
grant execute on function ingest.normalise_alphavantage_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_alphavantage_bars.sql
--! Included ingest/normalise/normalise_alphavantage_fundamentals.sql
-- Statements, earnings and the overview of a company as Alpha Vantage gives them.
create or replace function ingest.normalise_alphavantage_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  symbol text := coalesce(document ->> 'symbol', document ->> 'Symbol');
  part record;
  item record;
  report text;
  company_id bigint;
  instrument_currency text;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select raw_response.subject, raw_response.run_id, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if document = '{}' then
    raise exception using
      errcode = 'MB004',
      message = format('the body is an empty object: alphavantage has nothing of %s there', response.subject),
      hint = 'Check the symbol.';
  end if;
  if (document ? 'AssetType' or jsonb_typeof(document -> 'annualReports') = 'array' or jsonb_typeof(document -> 'annualEarnings') = 'array'
    or jsonb_typeof(document -> 'quarterlyReports') = 'array' or jsonb_typeof(document -> 'quarterlyEarnings') = 'array') is not true then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no statements, earnings or overview: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Ask for INCOME_STATEMENT, BALANCE_SHEET, CASH_FLOW, EARNINGS or OVERVIEW.';
  end if;
  if upper(symbol) is distinct from upper(btrim(response.subject)) then
    raise exception using
      errcode = 'MB004',
      message = format('the body is about %s, but %s was asked for', coalesce(symbol, 'nobody'), response.subject),
      hint = 'The subject of a body of fundamentals is the symbol.';
  end if;

  company_id := ingest.ensure_instrument(
    response.run_id, response.subject,
    p_cik => case when document ->> 'CIK' ~ '^\d{1,10}$' then lpad(document ->> 'CIK', 10, '0') end,
    p_currency => case when document ->> 'Currency' ~ '^[A-Za-z]{3}$' then document ->> 'Currency' end
  );
  update market.instrument
  set name = document ->> 'Name'
  where instrument.instrument_id = company_id and instrument.name is null and jsonb_typeof(document -> 'Name') = 'string';
  select upper(instrument.currency) into instrument_currency from market.instrument where instrument.instrument_id = company_id;

  if document ? 'AssetType' then
    perform ingest.add_report(
      p_raw_response_id, company_id, 'OVERVIEW', document, null, (response.fetched_at at time zone 'America/New_York')::date, instrument_currency, 'overview'
    );
    if ingest.is_iso_date(document ->> 'LatestQuarter') then
      perform ingest.add_report(
        p_raw_response_id, company_id, 'OVERVIEW TTM', document, ingest.period_start((document ->> 'LatestQuarter')::date, 12),
        (document ->> 'LatestQuarter')::date, instrument_currency, 'overview'
      );
    end if;
    return;
  end if;

  for part in
    select list.key, list.key like 'annual%' as is_annual
    from jsonb_each(document) as list
    where list.key in ('annualReports', 'quarterlyReports', 'annualEarnings', 'quarterlyEarnings') and jsonb_typeof(list.value) = 'array'
  loop
    for item in
      select
        element.value as fields,
        case when ingest.is_iso_date(element.value ->> 'fiscalDateEnding') then (element.value ->> 'fiscalDateEnding')::date end as period_end,
        lead(element.value ->> 'fiscalDateEnding') over (order by element.value ->> 'fiscalDateEnding' desc) as period_before
      from jsonb_array_elements(document -> part.key) as element
      where jsonb_typeof(element.value) = 'object'
    loop
      -- Among annual earnings stands the year that has only begun: its end is no end of a fiscal year.
      continue when part.key = 'annualEarnings' and ingest.is_iso_date(item.period_before) and item.period_end - item.period_before::date < 350;
      report := case
        when part.key like '%Earnings' then 'EARNINGS'
        when item.fields ? 'totalAssets' then 'BALANCE_SHEET'
        when item.fields ? 'operatingCashflow' then 'CASH_FLOW'
        when item.fields ? 'totalRevenue' then 'INCOME_STATEMENT'
      end;
      if report is null then
        raise exception using
          errcode = 'MB004',
          message = format('a report of the body is no statement: it begins with %s', left(item.fields::text, 80)),
          hint = 'Ask for INCOME_STATEMENT, BALANCE_SHEET, CASH_FLOW, EARNINGS or OVERVIEW.';
      end if;
      perform ingest.add_report(
        p_raw_response_id, company_id, report, item.fields,
        case when report <> 'BALANCE_SHEET' then ingest.period_start(item.period_end, case when part.is_annual then 12 else 3 end) end,
        item.period_end,
        case when item.fields ->> 'reportedCurrency' ~ '^[A-Z]{3}$' then item.fields ->> 'reportedCurrency' else instrument_currency end,
        case when part.is_annual then 'annual report' else 'quarterly report' end,
        case when ingest.is_iso_date(item.fields ->> 'reportedDate') then (item.fields ->> 'reportedDate')::date end,
        case when ingest.is_iso_date(item.fields ->> 'reportedDate') then market.filing_known_from((item.fields ->> 'reportedDate')::date) end
      );
    end loop;
  end loop;
end
$$;

comment on function ingest.normalise_alphavantage_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of Alpha Vantage: INCOME_STATEMENT, BALANCE_SHEET, CASH_FLOW, EARNINGS or OVERVIEW. The taxonomy is alphavantage, the concept Alpha Vantage''s name of the field. Quarterly earnings count from the day after their reportedDate,
everything else from the arrival of the body, because Alpha Vantage does not say when it was filed. "None" is no value. The first day of a period is reckoned from its last. MB010 with Alpha Vantage''s own words for its errors and limits,
which come with status 200; MB004 for an empty object, another symbol, or another shape.';

revoke all on function ingest.normalise_alphavantage_fundamentals(bigint) from public;
grant execute on function ingest.normalise_alphavantage_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_alphavantage_fundamentals.sql
--! Included ingest/normalise/normalise_binance_bars.sql
-- Klines of Binance.
create or replace function ingest.normalise_binance_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  unit double precision;
  length_seconds double precision;
  given_interval text;
  bar_interval text;
  pair_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if document ? 'code' and document ? 'msg' then
    perform ingest.refuse_error(p_raw_response_id, document ->> 'msg');
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- A message of the stream is one kline by names; it counts once it is closed.
  if document ->> 'e' = 'kline' and jsonb_typeof(document -> 'k') = 'object' then
    perform ingest.require_symbol(p_raw_response_id, document ->> 's');
    given_interval := document #>> '{k,i}';
    document := case when document #> '{k,x}' = 'true' then jsonb_build_array(jsonb_build_array(
      document #> '{k,t}', document #> '{k,o}', document #> '{k,h}', document #> '{k,l}', document #> '{k,c}', document #> '{k,v}', document #> '{k,T}'))
    else '[]' end;
  end if;
  if jsonb_typeof(document) <> 'array' or exists (
    select from jsonb_array_elements(document) as kline
    where case when jsonb_typeof(kline) = 'array' then jsonb_array_length(kline) < 6 or jsonb_typeof(kline -> 0) <> 'number' else true end
  ) then
    perform ingest.refuse_shape(document, 'a list of klines (time, open, high, low, close, volume, …)');
  end if;
  if document = '[]' then
    return;
  end if;

  -- Times are in milliseconds, or in microseconds as they are asked for or in the files of 2025 and later.
  select case when max((kline ->> 0)::double precision) >= 1e14 then 1e6 when max((kline ->> 0)::double precision) >= 1e11 then 1e3 else 1 end into unit
  from jsonb_array_elements(document) as kline;
  given_interval := coalesce(given_interval, ingest.url_parameter(response.url, 'interval'));
  length_seconds := round(((document #>> '{0,6}')::double precision - (document #>> '{0,0}')::double precision) / unit);
  bar_interval := ingest.require_interval(
    coalesce(
      market.bar_interval(given_interval),
      case when length_seconds / 86400 between 28 and 31 then '1mo' else market.bar_interval_of((length_seconds / 60)::bigint) end,
      ingest.interval_of_starts((select array_agg(to_timestamp((kline ->> 0)::double precision / unit)) from jsonb_array_elements(document) as kline))
    ), given_interval);

  pair_id := ingest.ensure_instrument(response.run_id, response.subject, null, 'crypto', 'XXXX', ingest.quote_currency(response.subject));
  select array_agg((
    kline.row_no, to_timestamp((kline.item ->> 0)::double precision / unit),
    (to_timestamp((kline.item ->> 0)::double precision / unit) at time zone 'UTC')::date,
    kline.item ->> 1, kline.item ->> 2, kline.item ->> 3, kline.item ->> 4, kline.item ->> 5, null, kline.item
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(document) with ordinality as kline (item, row_no);
  perform ingest.add_bars(p_raw_response_id, pair_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_binance_bars(bigint) is
'Fills ingest.candidate_bar from klines of Binance: lists of open time, open, high, low, close, volume and close time, in milliseconds or microseconds, oldest first; also one message kline of its stream. The length comes from the address,
else from the close time. The subject is the pair; times are UTC. MB010 with the words of Binance (code, msg), MB004 for another shape, a failing status or a length that is not kept.';

revoke all on function ingest.normalise_binance_bars(bigint) from public;
grant execute on function ingest.normalise_binance_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_binance_bars.sql
--! Included ingest/normalise/normalise_coinbase_bars.sql
-- Candles of Coinbase.
create or replace function ingest.normalise_coinbase_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  candles jsonb;
  response record;
  given text;
  bar_interval text;
  pair_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if jsonb_typeof(document) = 'object' and not document ? 'candles' and coalesce(nullif(document ->> 'message', ''), document ->> 'error') is not null then
    perform ingest.refuse_error(p_raw_response_id, coalesce(nullif(document ->> 'message', ''), document ->> 'error'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- Lists without names from the exchange, objects from Advanced Trade; both have the newest first.
  if jsonb_typeof(document) = 'object' and jsonb_typeof(document -> 'candles') = 'array' then
    select jsonb_agg(jsonb_build_array(
      candle -> 'start', candle -> 'low', candle -> 'high', candle -> 'open', candle -> 'close', candle -> 'volume')) into candles
    from jsonb_array_elements(document -> 'candles') as candle;
    candles := coalesce(candles, '[]');
  else
    candles := document;
  end if;
  if jsonb_typeof(candles) <> 'array' or exists (
    select from jsonb_array_elements(candles) as candle
    where case when jsonb_typeof(candle) = 'array' then jsonb_array_length(candle) <> 6 or candle ->> 0 !~ '^\d{9,11}$' else true end
  ) then
    perform ingest.refuse_shape(document, 'a list of candles (time, low, high, open, close, volume)');
  end if;
  if candles = '[]' then
    return;
  end if;

  given := ingest.url_parameter(response.url, 'granularity');
  bar_interval := ingest.require_interval(
    case
      when given ~ '^[0-9]{2,6}$' then market.bar_interval_of(given::bigint / 60)
      when given is not null then case given
        when 'ONE_MINUTE' then '1m' when 'FIVE_MINUTE' then '5m' when 'FIFTEEN_MINUTE' then '15m' when 'THIRTY_MINUTE' then '30m'
        when 'ONE_HOUR' then '1h' when 'TWO_HOUR' then '2h' when 'FOUR_HOUR' then '4h' when 'SIX_HOUR' then '6h' when 'ONE_DAY' then '1d'
      end
      else ingest.interval_of_starts((select array_agg(to_timestamp((candle ->> 0)::double precision)) from jsonb_array_elements(candles) as candle))
    end, given);

  pair_id := ingest.ensure_instrument(response.run_id, response.subject, null, 'crypto', 'XXXX', ingest.quote_currency(response.subject));
  select array_agg((
    candle.row_no, to_timestamp((candle.item ->> 0)::double precision), (to_timestamp((candle.item ->> 0)::double precision) at time zone 'UTC')::date,
    candle.item ->> 3, candle.item ->> 2, candle.item ->> 1, candle.item ->> 4, candle.item ->> 5, null, candle.item
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(candles) with ordinality as candle (item, row_no);
  perform ingest.add_bars(p_raw_response_id, pair_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_coinbase_bars(bigint) is
'Fills ingest.candidate_bar from candles of Coinbase, newest first: lists of time, low, high, open, close and volume (Exchange), or objects with these names (Advanced Trade). The length comes from the parameter granularity of the address,
else from the times. The subject is the product, such as BTC-USD; times are UTC. MB010 with the words of Coinbase (message), MB004 for another shape, a failing status or a length that cannot be told.';

revoke all on function ingest.normalise_coinbase_bars(bigint) from public;
grant execute on function ingest.normalise_coinbase_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_coinbase_bars.sql
--! Included ingest/normalise/normalise_fmp_fundamentals.sql
-- Statements, ratios, quotes and profiles as Financial Modeling Prep gives them.
create or replace function ingest.normalise_fmp_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  item jsonb;
  report text;
  company_id bigint;
  instrument_currency text;
  is_quarter boolean;
  period_end date;
  filed date;
  accepted timestamptz;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select raw_response.subject, raw_response.run_id, raw_response.url, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  -- Older addresses wrap the list, or the profile, in an object.
  document := case
    when jsonb_typeof(document -> 'financials') = 'array' then (
      select jsonb_agg(jsonb_build_object('symbol', document -> 'symbol') || element.value) from jsonb_array_elements(document -> 'financials') as element
      where jsonb_typeof(element.value) = 'object'
    )
    when jsonb_typeof(document -> 'profile') = 'object' then jsonb_build_array(jsonb_build_object('symbol', document -> 'symbol') || (document -> 'profile'))
    when jsonb_typeof(document) = 'object' then jsonb_build_array(document)
    else document
  end;
  if document is null or document = '[]' then
    raise exception using
      errcode = 'MB004',
      message = format('the list is empty: fmp has nothing of %s there', response.subject),
      hint = 'Check the symbol; the plan of the key may not have it.';
  end if;

  item := document -> 0;
  report := case
    when jsonb_typeof(item) is distinct from 'object' then null
    when item ? 'companyName' then 'profile'
    when item ? 'dayLow' and item ? 'price' then 'quote'
    when item ? 'Revenue' or item ? 'Total assets' or item ? 'Operating Cash Flow' then 'financials'
    when item ? 'totalAssets' and item ? 'totalLiabilities' then 'balance-sheet-statement'
    when item ? 'operatingCashFlow' and item ? 'netIncome' then 'cash-flow-statement'
    when item ? 'revenue' and item ? 'netIncome' then 'income-statement'
    when item ? 'numberOfShares' and item ? 'marketCapitalization' then 'enterprise-values'
    when item ? 'revenueGrowth' then 'financial-growth'
    when item ? 'enterpriseValueOverEBITDA' or item ? 'evToSales' then 'key-metrics'
    when item ? 'grossProfitMargin' and item ? 'currentRatio' then 'ratios'
  end;
  if report is null then
    raise exception using
      errcode = 'MB004',
      message = format('the body holds no statement, ratios, quote or profile: it begins with %s', left(item::text, 80)),
      hint = 'Ask for income-statement, balance-sheet-statement, cash-flow-statement, ratios, key-metrics, quote or profile.';
  end if;
  if exists (
    select from jsonb_array_elements(document) as element (value) where upper(element.value ->> 'symbol') is distinct from upper(btrim(response.subject))
  ) then
    raise exception using
      errcode = 'MB004',
      message = format('the body is about %s, but %s was asked for', coalesce(item ->> 'symbol', 'nobody'), response.subject),
      hint = 'The subject of a body of fundamentals is the symbol.';
  end if;

  company_id := ingest.ensure_instrument(
    response.run_id, response.subject,
    p_cik => case when item ->> 'cik' ~ '^\d{1,10}$' then lpad(item ->> 'cik', 10, '0') end,
    p_currency => case when report = 'profile' and item ->> 'currency' ~ '^[A-Za-z]{3}$' then item ->> 'currency' end
  );
  update market.instrument
  set name = coalesce(item ->> 'companyName', item ->> 'name')
  where instrument.instrument_id = company_id and instrument.name is null and report in ('profile', 'quote');
  -- Prices may be quoted in a minor unit (GBp), statements are not.
  select upper(instrument.currency) into instrument_currency from market.instrument where instrument.instrument_id = company_id;

  for item in select element.value from jsonb_array_elements(document) as element loop
    if report in ('profile', 'quote') then
      period_end := case
        when report = 'quote' and item ->> 'timestamp' ~ '^\d{9,10}$' then (to_timestamp((item ->> 'timestamp')::bigint) at time zone 'America/New_York')::date
        else (response.fetched_at at time zone 'America/New_York')::date
      end;
      perform ingest.add_report(p_raw_response_id, company_id, report, item, null, period_end, instrument_currency, report, p_zero_is_absent => true);
    else
      period_end := case when ingest.is_iso_date(left(item ->> 'date', 10)) then left(item ->> 'date', 10)::date end;
      is_quarter := coalesce(item ->> 'period', case when response.url ~ '[?&]period=quarter' then 'Q' else 'FY' end) like 'Q%';
      filed := (
        select said::date from (values (coalesce(item ->> 'fillingDate', item ->> 'filingDate'))) as given (said) where ingest.is_iso_date(said)
      );
      accepted := case
        when item ->> 'acceptedDate' like '____-__-__ __:__:__' and pg_input_is_valid(item ->> 'acceptedDate', 'timestamp')
          then (item ->> 'acceptedDate')::timestamp at time zone 'America/New_York'
      end;
      perform ingest.add_report(
        p_raw_response_id, company_id, report, item,
        case when report not in ('balance-sheet-statement', 'enterprise-values') and not (report = 'financials' and item ? 'Total assets')
          then ingest.period_start(period_end, case when is_quarter then 3 else 12 end) end,
        period_end,
        case when item ->> 'reportedCurrency' ~ '^[A-Z]{3}$' then item ->> 'reportedCurrency' else instrument_currency end,
        case when is_quarter then 'quarterly report' else 'annual report' end,
        filed, market.filing_known_from(filed, accepted),
        coalesce(
          substring(item ->> 'link' from '\d{10}-\d{2}-\d{6}'), substring(item ->> 'finalLink' from '\d{10}-\d{2}-\d{6}'),
          regexp_replace(substring(item ->> 'finalLink' from '/data/\d+/(\d{18})/'), '^(\d{10})(\d{2})(\d{6})$', '\1-\2-\3')
        ),
        p_zero_is_absent => true
      );
    end if;
  end loop;
end
$$;

comment on function ingest.normalise_fmp_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of FMP: income, balance and cash flow statements (also of the older addresses), ratios, key metrics, growth, enterprise values, a quote or a profile. The taxonomy is fmp, the concept FMP''s name of the field.
A statement counts from when its filing was accepted where FMP says so, everything else from the arrival of the body. A zero is left out, because FMP writes it for what it does not have. A statement without a currency is in that of the instrument.
The first day of a period is reckoned from its last. MB010 with FMP''s own words for its errors, MB004 for an empty list, another symbol, or another shape.';

revoke all on function ingest.normalise_fmp_fundamentals(bigint) from public;
grant execute on function ingest.normalise_fmp_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_fmp_fundamentals.sql
--! Included ingest/normalise/normalise_fred_macro.sql
-- Observations of a series with their vintages, or the description of a series, as FRED gives them.
create or replace function ingest.normalise_fred_macro(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.read_fred(p_raw_response_id);
  response record;
  series_name text;
  described jsonb;
begin
  select raw_response.provider, upper(btrim(raw_response.subject)) as subject into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  series_name := response.subject;

  if jsonb_typeof(document -> 'seriess') = 'array' then
    if document ? 'order_by' or jsonb_array_length(document -> 'seriess') <> 1 then
      raise exception using
        errcode = 'MB004',
        message = format('the body is a list of %s series, such as a search gives, not the observations of one', jsonb_array_length(document -> 'seriess')),
        hint = 'Choose a series of the list and ask for its observations.';
    end if;
    described := document -> 'seriess' -> 0;
    if upper(described ->> 'id') is distinct from series_name then
      raise exception using
        errcode = 'MB004',
        message = format('the body describes the series %s, but %s was asked for', described ->> 'id', series_name),
        hint = 'The subject of a macro body is the name of the series.';
    end if;
    return ingest.accept_macro_series(p_run_id, p_raw_response_id, series_name, described);
  end if;

  if jsonb_typeof(document -> 'observations') is distinct from 'array' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no observations: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected what fred/series/observations sends, as JSON or XML.';
  end if;
  if coalesce(document ->> 'units', 'lin') <> 'lin' then
    raise exception using
      errcode = 'MB004',
      message = format('the body holds the series transformed (units=%s), not its values', document ->> 'units'),
      hint = 'Ask with units=lin; changes are computed from the values.';
  end if;
  if coalesce(document ->> 'output_type', '1') not in ('1', '4') then
    raise exception using
      errcode = 'MB004',
      message = format('the body lists observations by vintage (output_type=%s)', document ->> 'output_type'),
      hint = 'Ask with output_type=1, which says from when to when each value was shown.';
  end if;

  perform ingest.accept_macro_series(p_run_id, p_raw_response_id, series_name, null);
  return ingest.accept_observations(p_run_id, p_raw_response_id, series_name, document);
end
$$;

comment on function ingest.normalise_fred_macro(bigint, bigint) is
'Takes a body of FRED into market.macro_series and market.macro_observation, in the run p_run_id, and returns the counts; the subject is the name of the series. Observations as JSON or XML, with any range of vintages; or the
description of the one series. MB010 with FRED''s own words for its errors; MB004 for the list that a search gives, for transformed values (units other than lin) and for other shapes.';

revoke all on function ingest.normalise_fred_macro(bigint, bigint) from public;
grant execute on function ingest.normalise_fred_macro(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_fred_macro.sql
--! Included ingest/normalise/normalise_kraken_bars.sql
-- OHLC of Kraken.
create or replace function ingest.normalise_kraken_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  pair text;
  candles jsonb;
  last_final double precision;
  given text;
  bar_interval text;
  pair_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if jsonb_typeof(document -> 'error') = 'array' and document -> 'error' <> '[]' then
    perform ingest.refuse_error(p_raw_response_id, (select string_agg(words, '; ') from jsonb_array_elements_text(document -> 'error') as words));
  end if;
  perform ingest.require_success(p_raw_response_id);

  if document ->> 'channel' = 'ohlc' and jsonb_typeof(document -> 'data') = 'array' then
    -- A message of the stream: the bars of the subject by names, of which the last may still be moving.
    select min(bar ->> 'symbol'), min(bar ->> 'interval'),
      jsonb_agg(jsonb_build_array(
        extract(epoch from (bar ->> 'interval_begin')::timestamptz), bar -> 'open', bar -> 'high', bar -> 'low', bar -> 'close', bar -> 'vwap', bar -> 'volume'))
      into pair, given, candles
    from jsonb_array_elements(document -> 'data') as bar
    where ingest.plain_symbol(bar ->> 'symbol') = ingest.plain_symbol(response.subject);
    pair := coalesce(pair, document #>> '{data,0,symbol}');
  elsif jsonb_typeof(document -> 'result') = 'object' then
    -- The pair may be called otherwise than it was asked for; where one alone came, its name still has to mean the same.
    select series.key, series.value into pair, candles
    from jsonb_each(document -> 'result') as series
    where series.key <> 'last'
    order by ingest.plain_symbol(series.key) = ingest.plain_symbol(response.subject) desc
    limit 1;
    last_final := (document #>> '{result,last}')::double precision;
  end if;
  if jsonb_typeof(candles) is distinct from 'array' or exists (
    select from jsonb_array_elements(candles) as candle
    where case when jsonb_typeof(candle) = 'array' then jsonb_array_length(candle) < 7 or jsonb_typeof(candle -> 0) <> 'number' else true end
  ) then
    perform ingest.refuse_shape(coalesce(document -> 'result', document), 'OHLC of a pair (result with lists of time, open, high, low, close, vwap, volume)');
  end if;
  perform ingest.require_symbol(p_raw_response_id, pair);
  if candles = '[]' then
    return;
  end if;

  given := coalesce(given, ingest.url_parameter(response.url, 'interval'));
  bar_interval := ingest.require_interval(
    case
      when given ~ '^[0-9]{1,6}$' then market.bar_interval_of(given::bigint)
      when given is null then coalesce(
        ingest.interval_of_starts((select array_agg(to_timestamp((candle ->> 0)::double precision)) from jsonb_array_elements(candles) as candle)), '1m')
    end, given);

  pair_id := ingest.ensure_instrument(response.run_id, response.subject, null, 'crypto', 'XXXX', ingest.quote_currency(response.subject));
  select array_agg((
    candle.row_no, to_timestamp((candle.item ->> 0)::double precision), (to_timestamp((candle.item ->> 0)::double precision) at time zone 'UTC')::date,
    candle.item ->> 1, candle.item ->> 2, candle.item ->> 3, candle.item ->> 4, candle.item ->> 6, null, candle.item
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(candles) with ordinality as candle (item, row_no)
  -- last is the last bar that is final; the one after it goes on moving.
  where last_final is null or (candle.item ->> 0)::double precision <= last_final;
  perform ingest.add_bars(p_raw_response_id, pair_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_kraken_bars(bigint) is
'Fills ingest.candidate_bar from OHLC of Kraken: result has lists of time, open, high, low, close, vwap, volume and count under the name of the pair, oldest first, and last, the time of the last bar that is final; also a message ohlc of its stream.
The length comes from the parameter interval of the address (minutes), else from the times, else it is a minute. The subject is the pair in any of its spellings (XBT is BTC); times are UTC.
MB010 with the words of Kraken (error), MB004 for another shape, another pair, a failing status or a length that is not kept.';

revoke all on function ingest.normalise_kraken_bars(bigint) from public;
grant execute on function ingest.normalise_kraken_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_kraken_bars.sql
--! Included ingest/normalise/normalise_polygon_bars.sql
-- Aggregates, splits and dividends of Polygon (Massive).
create or replace function ingest.normalise_polygon_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  results jsonb;
  about text;
  asset_class text;
  time_zone text;
  given text[];
  bar_interval text;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if document ->> 'status' in ('ERROR', 'NOT_AUTHORIZED', 'NOT_FOUND', 'AUTH_ERROR') or (document ? 'error' and not document ? 'results') then
    perform ingest.refuse_error(p_raw_response_id, coalesce(document ->> 'error', document ->> 'message', document ->> 'status'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- A single day by names (open-close) is an aggregate of one day.
  if document ?& array['from', 'symbol', 'open', 'close'] then
    results := jsonb_build_array(jsonb_build_object(
      'T', document -> 'symbol', 'day', document -> 'from', 'o', document -> 'open', 'h', document -> 'high', 'l', document -> 'low', 'c', document -> 'close',
      'v', document -> 'volume'));
    given := array['1', 'day'];
  else
    results := coalesce(document -> 'results', case when document ->> 'status' in ('OK', 'DELAYED') and (document ? 'resultsCount' or jsonb_typeof(document -> 'ticker') = 'string') then '[]'::jsonb end);
  end if;
  if jsonb_typeof(results) is distinct from 'array' or exists (select from jsonb_array_elements(results) as item where jsonb_typeof(item) <> 'object') then
    perform ingest.refuse_shape(document, 'aggregates (results with o, h, l, c, v, t), splits or dividends');
  end if;

  if results @? '$[*] ? (exists(@.execution_date) || exists(@.ex_dividend_date))' then
    perform ingest.read_polygon_actions(p_raw_response_id, results);
    perform ingest.add_polygon_action_span(p_raw_response_id, document);
    return;
  end if;
  if results @? '$[*] ? (!exists(@.o) || !exists(@.c))' then
    perform ingest.refuse_shape(results, 'aggregates (results with o, h, l, c, v, t), splits or dividends');
  end if;

  -- The day of a whole market has a ticker at each row; the row of the subject is taken.
  about := coalesce(
    document ->> 'ticker',
    (select item ->> 'T' from jsonb_array_elements(results) as item where ingest.plain_symbol(item ->> 'T') = ingest.plain_symbol(response.subject) limit 1),
    results #>> '{0,T}');
  if results = '[]' and about is null then
    perform ingest.add_polygon_action_span(p_raw_response_id, document);
    return;
  end if;
  perform ingest.require_symbol(p_raw_response_id, about);
  if results = '[]' then
    return;
  end if;
  asset_class := case left(about, 2) when 'X:' then 'crypto' when 'C:' then 'fx' when 'I:' then 'index' when 'O:' then 'option' end;
  time_zone := case when asset_class in ('crypto', 'fx') then 'UTC' else 'America/New_York' end;

  given := coalesce(given, regexp_match(response.url, '/range/(\d{1,5})/([a-z]+)/'), case when response.url ~ '/prev(\?|$)|/grouped/' then array['1', 'day'] end);
  bar_interval := ingest.require_interval(
    case
      when given is not null then market.bar_interval(given[1] || given[2])
      when document ? 'ticker' and jsonb_array_length(results) > 1 then
        ingest.interval_of_starts((select array_agg(to_timestamp((item ->> 't')::double precision / 1000)) from jsonb_array_elements(results) as item))
      else '1d'
    end, array_to_string(given, ' '));

  chart_id := ingest.ensure_instrument(
    response.run_id, regexp_replace(response.subject, '^[A-Za-z]:', ''), null, asset_class, case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' end,
    case when asset_class in ('crypto', 'fx') then ingest.quote_currency(about) end);
  select array_agg((
    bar.row_no, bar.starts_at,
    case
      when bar_interval = '1mo' then market.bar_start(interval '1 month', bar.local_date)
      -- Its weeks begin on Sunday; those of an exchange have nothing before Monday.
      when bar_interval = '1w' and asset_class is distinct from 'crypto' then market.bar_start(interval '7 days', bar.local_date + 1)
      else bar.local_date
    end,
    bar.item ->> 'o', bar.item ->> 'h', bar.item ->> 'l', bar.item ->> 'c', coalesce(bar.item ->> 'v', case when not bar.item ? 'v' then '0' end), null,
    bar.item || jsonb_build_object('time', coalesce(bar.item -> 't', bar.item -> 'day'))
  )::ingest.bar_reading) into bars
  from (
    select
      listed.row_no, listed.item, time.starts_at,
      case when ingest.is_iso_date(listed.item ->> 'day') then (listed.item ->> 'day')::date else (time.starts_at at time zone time_zone)::date end as local_date
    from jsonb_array_elements(results) with ordinality as listed (item, row_no)
    cross join lateral (select case when listed.item ->> 't' ~ '^\d{9,14}$' then to_timestamp((listed.item ->> 't')::double precision / 1000) end as starts_at) as time
    where document ? 'ticker' or ingest.plain_symbol(listed.item ->> 'T') = ingest.plain_symbol(response.subject)
  ) as bar;
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_polygon_bars(bigint) is
'Fills ingest.candidate_bar from aggregates of Polygon (Massive): results with o, h, l, c, v and t in milliseconds; also the day of a whole market, of which the row of the subject is taken, and open-close. Pages of splits and dividends fill
ingest.candidate_action, and ingest.candidate_action_span where the page is all there is. The length comes from the address, else from the times. Days begin at midnight of New York (UTC for crypto X: and currencies C:). Status DELAYED counts as OK; no results are no bars.
MB010 with the words of Polygon (status ERROR, NOT_AUTHORIZED, NOT_FOUND), MB004 for another shape, another symbol, a failing status or a length that is not kept.';

revoke all on function ingest.normalise_polygon_bars(bigint) from public;
grant execute on function ingest.normalise_polygon_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_polygon_bars.sql
--! Included ingest/normalise/normalise_sec_filings.sql
-- The filings of a company as the SEC's submissions give them.
create or replace function ingest.normalise_sec_filings(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  listed jsonb;
  filer_cik text;
  filing_count bigint;
  zone text;
  outcome ingest.acceptance;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document - 'message');
  select raw_response.subject, raw_response.url, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  -- The latest filings come with the filer; older ones in files of their own that hold the lists alone.
  listed := case when jsonb_typeof(document -> 'filings') = 'object' then document -> 'filings' -> 'recent' else document end;
  filer_cik := lpad(coalesce(
    case when document ->> 'cik' ~ '^\d{1,10}$' then document ->> 'cik' end,
    substring(response.url from 'CIK(\d{10})-submissions-\d+\.json'),
    case when response.subject ~ '^\d{10}$' then response.subject end,
    (select instrument.cik from market.instrument where instrument.symbol = upper(btrim(response.subject)))
  ), 10, '0');
  if jsonb_typeof(listed -> 'accessionNumber') is distinct from 'array' or jsonb_typeof(listed -> 'filingDate') is distinct from 'array'
    or jsonb_typeof(listed -> 'form') is distinct from 'array' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no list of filings: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"cik": …, "name": …, "filings": {"recent": {"accessionNumber": […], "filingDate": […], "form": […], …}}} or the lists alone.';
  end if;
  filing_count := jsonb_array_length(listed -> 'accessionNumber');
  if exists (select from jsonb_each(listed) as list where jsonb_typeof(list.value) = 'array' and jsonb_array_length(list.value) <> filing_count) then
    raise exception using
      errcode = 'MB004',
      message = 'the lists of filings differ in length, so they do not go together',
      hint = 'Ask again; the bytes are kept in ingest.raw_response.';
  end if;
  if filer_cik is null then
    raise exception using
      errcode = 'MB004',
      message = 'neither the body nor its address says whose filings these are',
      hint = 'Bring in the newest filings of the company first, or its fundamentals.';
  end if;

  if jsonb_typeof(document -> 'name') = 'string' then
    insert into market.filer (cik, name, entity_type, sic, fiscal_year_end, former_names, raw_response_id, run_id)
    values (
      filer_cik, document ->> 'name', nullif(document ->> 'entityType', ''), nullif(document ->> 'sic', ''), nullif(document ->> 'fiscalYearEnd', ''),
      case when jsonb_typeof(document -> 'formerNames') = 'array' then document -> 'formerNames' else '[]' end, p_raw_response_id, p_run_id
    )
    on conflict (cik) do update
    set
      name = excluded.name, entity_type = excluded.entity_type, sic = excluded.sic, fiscal_year_end = excluded.fiscal_year_end,
      former_names = excluded.former_names, raw_response_id = excluded.raw_response_id, run_id = excluded.run_id
    where (filer.name, filer.entity_type, filer.sic, filer.fiscal_year_end, filer.former_names)
        is distinct from (excluded.name, excluded.entity_type, excluded.sic, excluded.fiscal_year_end, excluded.former_names)
      and response.fetched_at >= (select known.fetched_at from ingest.raw_response known where known.raw_response_id = filer.raw_response_id);
  end if;
  if response.subject !~ '^\d{10}$' then
    perform ingest.ensure_instrument(p_run_id, response.subject, p_cik => filer_cik);
    update market.instrument
    set name = document ->> 'name'
    where instrument.symbol = upper(btrim(response.subject)) and instrument.name is null and jsonb_typeof(document -> 'name') = 'string';
  end if;

  select ingest.edgar_zone(
    array_agg(listed -> 'form' ->> n), array_agg((listed -> 'filingDate' ->> n)::date), array_agg(left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp)
  ) into zone
  from generate_series(0, filing_count::integer - 1) as n
  where ingest.is_iso_date(listed -> 'filingDate' ->> n) and pg_input_is_valid(left(listed -> 'acceptanceDateTime' ->> n, 19), 'timestamp')
    and listed -> 'acceptanceDateTime' ->> n like '____-__-__T%';

  insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
  select p_raw_response_id, 'filings', n + 1, response.subject, array['filing_readable'], problem.reason,
    (select jsonb_object_agg(list.key, list.value -> n) from jsonb_each(listed) as list where jsonb_typeof(list.value) = 'array'), p_run_id
  from generate_series(0, filing_count::integer - 1) as n
  cross join lateral (
    select case
      when listed -> 'accessionNumber' ->> n ~ '^\d{10}-\d{2}-\d{6}$' is not true then format('accessionNumber "%s" is none', listed -> 'accessionNumber' ->> n)
      when ingest.is_iso_date(listed -> 'filingDate' ->> n) is not true then format('filingDate "%s" is not a date', listed -> 'filingDate' ->> n)
      when coalesce(listed -> 'form' ->> n, '') = '' then 'form is missing'
    end as reason
  ) as problem
  where problem.reason is not null
  on conflict (raw_response_id, dataset, row_no) do nothing;
  get diagnostics outcome.unchanged_count = row_count;
  filing_count := filing_count - outcome.unchanged_count;

  with filing as materialized (
    select
      listed -> 'accessionNumber' ->> n as accession, listed -> 'form' ->> n as form, (listed -> 'filingDate' ->> n)::date as filed,
      case when ingest.is_iso_date(listed -> 'reportDate' ->> n) then (listed -> 'reportDate' ->> n)::date end as report_date,
      -- Midnight stands for a time that nobody kept.
      case
        when listed -> 'acceptanceDateTime' ->> n like '____-__-__T%' and pg_input_is_valid(left(listed -> 'acceptanceDateTime' ->> n, 19), 'timestamp')
          and (left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp at time zone zone at time zone 'America/New_York')::time <> time '00:00'
          then left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp at time zone zone
      end as accepted,
      nullif(listed -> 'items' ->> n, '') as items, nullif(listed -> 'primaryDocument' ->> n, '') as primary_document
    from generate_series(0, jsonb_array_length(listed -> 'accessionNumber') - 1) as n
    where listed -> 'accessionNumber' ->> n ~ '^\d{10}-\d{2}-\d{6}$' and ingest.is_iso_date(listed -> 'filingDate' ->> n)
      and coalesce(listed -> 'form' ->> n, '') <> ''
  ), stored as (
    insert into market.filing (
      accession, cik, form, filed, report_date, accepted, known_from, items, primary_document, provider, raw_response_id, run_id
    )
    select
      filing.accession, filer_cik, filing.form, filing.filed, filing.report_date, filing.accepted, market.filing_known_from(filing.filed, filing.accepted),
      filing.items, filing.primary_document, 'sec', p_raw_response_id, p_run_id
    from filing
    order by filing.filed, filing.accession
    on conflict (accession, cik) do update
    set accepted = excluded.accepted, known_from = excluded.known_from, raw_response_id = excluded.raw_response_id, run_id = excluded.run_id
    where filing.accepted is null and excluded.accepted is not null
    returning filing.accession, (xmax = 0) as is_new
  )
  select count(*) filter (where stored.is_new), count(*) filter (where not stored.is_new) into outcome.new_count, outcome.changed_count from stored;
  outcome.unchanged_count := filing_count - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.normalise_sec_filings(bigint, bigint) is
'Takes a body of the SEC''s submissions, with the filer or one of its files of older filings, into market.filing and market.filer, in the run p_run_id, and returns the counts. The subject is the symbol, or the CIK (ten digits) of a filer
without one. The time of acceptance is read in the zone that ingest.edgar_zone finds, and decides from when facts of the filing could be known. What cannot be read goes to ingest.quarantine. MB004 when the body has another shape.';

revoke all on function ingest.normalise_sec_filings(bigint, bigint) from public;
grant execute on function ingest.normalise_sec_filings(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sec_filings.sql
--! Included ingest/normalise/normalise_sec_identifiers.sql
-- Tickers and the companies behind them, as the SEC's list of tickers gives them.
create or replace function ingest.normalise_sec_identifiers(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  arrived timestamptz;
  row_total bigint;
  outcome ingest.acceptance;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select response.fetched_at into arrived from ingest.raw_response response where response.raw_response_id = p_raw_response_id;
  -- With exchanges the list is a table: names of fields, then rows.
  if jsonb_typeof(document -> 'fields') = 'array' and jsonb_typeof(document -> 'data') = 'array' then
    select jsonb_object_agg(n, (
      select jsonb_object_agg(case field when 'cik' then 'cik_str' when 'name' then 'title' else field end, item -> (position - 1)::integer)
      from jsonb_array_elements_text(document -> 'fields') with ordinality as named (field, position)
    ))
    into document
    from jsonb_array_elements(document -> 'data') with ordinality as element (item, n);
  end if;
  select count(*) into row_total
  from jsonb_each(document) as entry
  where jsonb_typeof(entry.value) = 'object' and entry.value ->> 'cik_str' ~ '^\d{1,10}$' and btrim(entry.value ->> 'ticker') <> '';
  if row_total = 0 then
    raise exception using
      errcode = 'MB004',
      message = format('the body is no list of tickers: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"0": {"cik_str": …, "ticker": …, "title": …}, …} or {"fields": […], "data": [[…], …]}.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('market.company_ticker', 0));
  if exists (select from market.company_ticker known where known.known_from > arrived or known.known_to > arrived) then
    raise exception using
      errcode = 'MB008',
      message = 'a later list of tickers has been read already',
      hint = 'Lists tell from when to when a ticker stood for a company, so they are read in the order in which they came.';
  end if;

  insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
  select
    p_raw_response_id, 'identifiers', row_number() over (), left(entry.value ->> 'ticker', 40), array['ticker_readable'], 'the ticker or the CIK cannot be read',
    jsonb_build_object(entry.key, entry.value), p_run_id
  from jsonb_each(document) as entry
  where (jsonb_typeof(entry.value) = 'object' and entry.value ->> 'cik_str' ~ '^\d{1,10}$' and btrim(entry.value ->> 'ticker') <> '') is not true
  on conflict (raw_response_id, dataset, row_no) do nothing;

  with listed as materialized (
    select distinct on (upper(btrim(entry.value ->> 'ticker')), lpad(entry.value ->> 'cik_str', 10, '0'))
      upper(btrim(entry.value ->> 'ticker')) as ticker, lpad(entry.value ->> 'cik_str', 10, '0') as cik, coalesce(entry.value ->> 'title', '') as name,
      nullif(entry.value ->> 'exchange', '') as exchange
    from jsonb_each(document) as entry
    where jsonb_typeof(entry.value) = 'object' and entry.value ->> 'cik_str' ~ '^\d{1,10}$' and btrim(entry.value ->> 'ticker') <> ''
    order by upper(btrim(entry.value ->> 'ticker')), lpad(entry.value ->> 'cik_str', 10, '0'), length(entry.key), entry.key
  ), closed as (
    update market.company_ticker as known
    set known_to = arrived
    where known.known_to is null and not exists (
      select from listed
      where (listed.ticker, listed.cik, listed.name) = (known.ticker, known.cik, known.name)
        and (listed.exchange is null or listed.exchange is not distinct from known.exchange)
    )
    returning known.ticker
  ), opened as (
    insert into market.company_ticker (ticker, cik, name, exchange, known_from, raw_response_id, run_id)
    select listed.ticker, listed.cik, listed.name, listed.exchange, arrived, p_raw_response_id, p_run_id
    from listed
    where not exists (
      select from market.company_ticker known
      where known.known_to is null and (listed.ticker, listed.cik, listed.name) = (known.ticker, known.cik, known.name)
        and (listed.exchange is null or listed.exchange is not distinct from known.exchange)
    )
    returning ticker
  ), identified as (
    -- An instrument whose company nobody has named yet.
    update market.instrument
    set cik = listed.cik
    from listed
    where instrument.cik is null and instrument.asset_class = 'equity' and replace(instrument.symbol, '.', '-') = listed.ticker
      and not exists (select from listed as other where other.ticker = listed.ticker and other.cik <> listed.cik)
    returning instrument.instrument_id
  )
  select
    count(*) filter (where not exists (select from closed where closed.ticker = opened.ticker)),
    count(*) filter (where exists (select from closed where closed.ticker = opened.ticker))
      + (select count(*) from closed where closed.ticker not in (select again.ticker from opened as again))
  into outcome.new_count, outcome.changed_count
  from opened;
  outcome.unchanged_count := greatest(0, row_total - outcome.new_count - outcome.changed_count);
  return outcome;
end
$$;

comment on function ingest.normalise_sec_identifiers(bigint, bigint) is
'Takes the SEC''s list of tickers (company_tickers.json, or the one with exchanges) into market.company_ticker, in the run p_run_id, and returns the counts: rows that are new, and tickers that changed or are gone. An equity without a CIK
gets that of its ticker. Entries that cannot be read go to ingest.quarantine. MB004 when the body has another shape, MB008 when a later list has been read before.';

revoke all on function ingest.normalise_sec_identifiers(bigint, bigint) from public;
grant execute on function ingest.normalise_sec_identifiers(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sec_identifiers.sql
--! Included ingest/normalise/normalise_stooq_bars.sql
-- CSV of Stooq: the download of its site, and the layouts of its bulk files.
create or replace function ingest.normalise_stooq_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  first_line text;
  header text[];
  missing text;
  asset_class text;
  given text;
  bar_interval text;
  stamps_are_ends boolean;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  perform ingest.require_success(p_raw_response_id);
  perform ingest.body_text(p_raw_response_id);
  first_line := btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff');
  select array_agg(lower(btrim(field, e' \t<>\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(first_line, ''))) with ordinality as fields (field, position);
  if header is null then
    raise exception using errcode = 'MB004', message = 'the body is empty', hint = 'Check the symbol.';
  elsif first_line ~ '^\s*[<{\[]' and not 'open' = any (header) then
    raise exception using
      errcode = 'MB004', message = case when first_line ~ '^\s*<' then 'the body is a page of HTML or XML, not CSV' else 'the body is JSON, not CSV' end,
      hint = 'Stooq may want a key (MARKETBASE_STOOQ_KEY) or a browser; its files can be loaded with marketbase import.';
  elsif cardinality(header) = 1 or not ('date' = any (header) or 'open' = any (header)) then
    perform ingest.refuse_error(p_raw_response_id, first_line);
  end if;
  select string_agg(name, ', ' order by position) into missing
  from unnest(array['date', 'open', 'high', 'low', 'close']) with ordinality as needed (name, position)
  where array_position(header, name) is null;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, left(array_to_string(header, ', '), 300)),
      hint = 'Stooq may have changed its format.';
  end if;

  -- As they stand: the day, and the moment in the time of Warsaw where there is one.
  select array_agg((
    split.row_no,
    case when clock.digits ~ '^[0-9]{4}([0-9]{2})?$' and clock.digits !~ '^0+$' and pg_input_is_valid(rpad(clock.digits, 6, '0'), 'time') then
      (day.value + rpad(clock.digits, 6, '0')::time) at time zone 'Europe/Warsaw' end,
    day.value,
    split.fields[array_position(header, 'open')], split.fields[array_position(header, 'high')], split.fields[array_position(header, 'low')],
    split.fields[array_position(header, 'close')],
    case when header && array['volume', 'vol'] then nullif(split.fields[coalesce(array_position(header, 'volume'), array_position(header, 'vol'))], '') else '0' end,
    null, jsonb_build_object('line', split.line, 'time', concat_ws(' ', day.written, nullif(clock.digits, '000000')))
  )::ingest.bar_reading order by split.row_no) into bars
  from (
    select lines.line_no - 1 as row_no, lines.line, ingest.csv_fields(lines.line) as fields
    from ingest.body_lines(p_raw_response_id) as lines
    where lines.line_no > 1
  ) as split
  cross join lateral (select btrim(split.fields[array_position(header, 'date')]) as written) as text
  cross join lateral (
    select text.written, case
      when text.written ~ '^[0-9]{8}$' and pg_input_is_valid(text.written, 'date') then text.written::date
      when ingest.is_iso_date(text.written) then text.written::date
    end as value
  ) as day
  cross join lateral (select replace(btrim(split.fields[array_position(header, 'time')]), ':', '') as digits) as clock
  where array_position(header, 'ticker') is null
    or ingest.plain_symbol(split.fields[array_position(header, 'ticker')]) = ingest.plain_symbol(response.subject);
  if bars is null then
    if array_position(header, 'ticker') is not null then
      select fields.value into given
      from ingest.body_lines(p_raw_response_id) as lines
      cross join lateral (select (ingest.csv_fields(lines.line))[array_position(header, 'ticker')] as value) as fields
      where lines.line_no > 1
      limit 1;
      if found then
        perform ingest.require_symbol(p_raw_response_id, given);
      end if;
    end if;
    return;
  end if;

  -- The length: as the bulk files say it, else as it was asked for, else by the times.
  given := coalesce(
    (select nullif((ingest.csv_fields(bar.source ->> 'line'))[array_position(header, 'per')], '') from unnest(bars) as bar limit 1),
    ingest.url_parameter(response.url, 'i'));
  bar_interval := ingest.require_interval(
    case
      when given ~ '^[0-9]{1,4}$' then market.bar_interval_of(given::bigint)
      when given in ('h', 'H') then '1h'
      when given is not null then case lower(given) when 'd' then '1d' when 'w' then '1w' when 'm' then '1mo' end
      when cardinality(bars) = 1 then '1d'
      else ingest.interval_of_starts((select array_agg(coalesce(bar.starts_at, bar.session_date::timestamp at time zone 'UTC')) from unnest(bars) as bar))
    end, given);

  asset_class := case
    when response.subject ~ '^[A-Z]{6}=X$' then 'fx' when response.subject ~ '^\^' then 'index' when response.subject ~ '^[A-Z0-9]{2,8}-USD$' then 'crypto'
  end;
  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, null, asset_class, case asset_class when 'fx' then 'XOFF' when 'crypto' then 'XXXX' end,
    case when asset_class in ('fx', 'crypto') then ingest.quote_currency(response.subject) end);

  if market.bar_span(bar_interval) < interval '1 day' then
    -- Stooq stamps a bar with its end: 15:35 in Warsaw is the first five minutes of New York. Where a bar is stamped with the opening itself
    -- and none with the close, the stamps are beginnings.
    select coalesce(not bool_or(bar.starts_at = session.open_at) or bool_or(bar.starts_at = session.close_at), true) into stamps_are_ends
    from unnest(bars) as bar
    join market.instrument on instrument.instrument_id = chart_id
    join market.trading_session session on session.mic = instrument.mic and session.session_date = bar.session_date;
    select array_agg((
      bar.row_no, bar.starts_at - case when stamps_are_ends then market.bar_span(bar_interval) else interval '0' end, bar.session_date, bar.open, bar.high,
      bar.low, bar.close, bar.volume, null, bar.source
    )::ingest.bar_reading order by bar.row_no) into bars
    from unnest(bars) as bar;
  elsif bar_interval in ('1w', '1mo') then
    -- Weeks and months are dated by their last session.
    select array_agg((
      bar.row_no, null, market.bar_start(market.bar_span(bar_interval), bar.session_date), bar.open, bar.high, bar.low, bar.close, bar.volume, null, bar.source
    )::ingest.bar_reading order by bar.row_no) into bars
    from unnest(bars) as bar;
  end if;
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_stooq_bars(bigint) is
'Fills ingest.candidate_bar from CSV of Stooq: Date, Open, High, Low, Close and perhaps Volume, Time and OpenInt, or the layout of its bulk files (<TICKER>, <PER>, <DATE>, <TIME>, …), of which the rows of the subject are taken.
Dates are written 20240131 or 2024-01-31, times are those of Warsaw and mark the end of a bar. The length comes from <PER>, else from the parameter i of the address, else from the times. Weeks and months are dated by their last session and
stored under their first day. Its prices are adjusted for splits and dividends. MB010 with the words of Stooq (daily hits limit, no data, key wanted), MB004 for HTML or a failing status, MB005 for a missing column.';

revoke all on function ingest.normalise_stooq_bars(bigint) from public;
grant execute on function ingest.normalise_stooq_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_stooq_bars.sql
--! Included ingest/normalise/normalise_tiingo_bars.sql
-- Bars of Tiingo: end of day, IEX intraday, currencies and crypto-currencies; JSON or CSV.
create or replace function ingest.normalise_tiingo_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb;
  response record;
  header text[];
  asset_class text;
  starts timestamptz[];
  given text;
  bar_interval text;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id, raw_response.status into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  perform ingest.body_text(p_raw_response_id);
  -- CSV has the same fields as JSON; so have both from here on.
  header := ingest.csv_fields(ingest.first_line(p_raw_response_id));
  if response.status between 200 and 299 and header[1] ~ '^[A-Za-z]+$' and cardinality(header) > 1 then
    select coalesce(jsonb_agg(jsonb_object(header[:cardinality(fields.value)], fields.value[:cardinality(header)]) order by lines.line_no), '[]') into document
    from ingest.body_lines(p_raw_response_id) as lines
    cross join lateral (select array(select nullif(btrim(field), '') from unnest(ingest.csv_fields(lines.line)) as field) as value) as fields
    where lines.line_no > 1;
  elsif response.status between 200 and 299 and ingest.first_line(p_raw_response_id) ~ '^[A-Z][^<{\[]{3,200}$' then
    perform ingest.refuse_error(p_raw_response_id, ingest.first_line(p_raw_response_id));
  else
    document := ingest.body_document(p_raw_response_id);
  end if;

  if jsonb_typeof(document) = 'object' and document ? 'detail' then
    perform ingest.refuse_error(p_raw_response_id, document ->> 'detail');
  elsif jsonb_typeof(document -> 0) = 'string' then
    perform ingest.refuse_error(p_raw_response_id, document ->> 0);
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- Crypto-currencies: one object per pair, with its bars in priceData.
  if document @? '$[*].priceData' then
    asset_class := 'crypto';
    if not exists (select from jsonb_array_elements(document) as pair where ingest.plain_symbol(pair ->> 'ticker') = ingest.plain_symbol(response.subject)) then
      perform ingest.require_symbol(p_raw_response_id, (select string_agg(pair ->> 'ticker', ', ') from jsonb_array_elements(document) as pair));
    end if;
    select pair -> 'priceData' into document
    from jsonb_array_elements(document) as pair
    where ingest.plain_symbol(pair ->> 'ticker') = ingest.plain_symbol(response.subject)
    limit 1;
  elsif document @? '$[*] ? (exists(@.ticker) && exists(@.open) && exists(@.close))' then
    perform ingest.require_symbol(p_raw_response_id, document #>> '{0,ticker}');
    asset_class := case when response.url ~ '/fx/' then 'fx' end;
  end if;
  if jsonb_typeof(document) is distinct from 'array' or exists (
    select from jsonb_array_elements(document) as item
    where not (case when jsonb_typeof(item) = 'object' then item ?& array['date', 'open', 'high', 'low', 'close'] else false end)
  ) then
    perform ingest.refuse_shape(document, 'a list of bars with date, open, high, low and close');
  end if;
  if document = '[]' then
    return;
  end if;

  select array_agg(case when pg_input_is_valid(item ->> 'date', 'timestamptz') and item ->> 'date' ~ '^\d{4}-\d\d-\d\d' then
    case when ingest.is_iso_date(item ->> 'date') then (item ->> 'date')::date::timestamp at time zone 'UTC' else (item ->> 'date')::timestamptz end
  end order by row_no) into starts
  from jsonb_array_elements(document) with ordinality as bar (item, row_no);
  given := ingest.url_parameter(response.url, 'resampleFreq');
  bar_interval := ingest.require_interval(
    case
      when given is not null then market.bar_interval(given)
      when exists (select from unnest(starts) as start where extract(epoch from start)::bigint % 86400 <> 0) then ingest.interval_of_starts(starts)
      when cardinality(starts) = 1 then '1d'
      else ingest.interval_of_starts(starts)
    end, given);

  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, null, asset_class, case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' end,
    case when asset_class in ('crypto', 'fx') then ingest.quote_currency(response.subject) end);
  -- Weeks and months are dated by their last session, except for crypto-currencies.
  select array_agg((
    bar.row_no, starts[bar.row_no],
    case
      when bar_interval in ('1w', '1mo') and asset_class is distinct from 'crypto' then
        market.bar_start(market.bar_span(bar_interval), (starts[bar.row_no] at time zone 'UTC')::date)
      else (starts[bar.row_no] at time zone 'UTC')::date
    end,
    bar.item ->> 'open', bar.item ->> 'high', bar.item ->> 'low', bar.item ->> 'close',
    coalesce(bar.item ->> 'volume', case when not bar.item ? 'volume' then '0' end), bar.item ->> 'adjClose', bar.item || jsonb_build_object('time', bar.item -> 'date')
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(document) with ordinality as bar (item, row_no);
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);

  if bar_interval = '1d' then
    insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
    select
      p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id, action.action_type, action.ex_date, action.amount,
      case when action.action_type = 'dividend' then (select instrument.currency from market.instrument where instrument.instrument_id = chart_id) end
    from (
      select named.action_type, (starts[bar.row_no] at time zone 'UTC')::date as ex_date, named.written::numeric as amount
      from jsonb_array_elements(document) with ordinality as bar (item, row_no)
      cross join lateral (values ('dividend', bar.item ->> 'divCash', 0), ('split', bar.item ->> 'splitFactor', 1)) as named (action_type, written, nothing)
      where starts[bar.row_no] is not null and ingest.is_finite_number(named.written) and named.written::numeric <> named.nothing
    ) as action
    where action.amount > 0;
    perform ingest.add_action_days(p_raw_response_id, chart_id, (
      select array_agg((starts[bar.row_no] at time zone 'UTC')::date)
      from jsonb_array_elements(document) with ordinality as bar (item, row_no)
      where ingest.is_finite_number(bar.item ->> 'divCash') and ingest.is_finite_number(bar.item ->> 'splitFactor')
    ));
  end if;
end
$$;

comment on function ingest.normalise_tiingo_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from bars of Tiingo, JSON or CSV: end of day (prices of the day, adjClose, divCash and splitFactor), IEX intraday, currencies, and crypto-currencies (priceData; of several pairs that of the
subject). The length comes from the parameter resampleFreq of the address, else from the times. Weeks and months are dated by their last session and stored under their first day; volume is 0 where none is sent.
Rows with divCash and splitFactor list all actions of their days.
MB010 with the words of Tiingo (detail, or a line of text), MB004 for another shape such as fundamentals or a single column, another pair, a failing status or a length that cannot be told.';

revoke all on function ingest.normalise_tiingo_bars(bigint) from public;
grant execute on function ingest.normalise_tiingo_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_tiingo_bars.sql
--! Included ingest/normalise/normalise_tiingo_fundamentals.sql
-- Statements and daily metrics of a company as Tiingo gives them, as JSON or CSV.
create or replace function ingest.normalise_tiingo_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text := ingest.body_text(p_raw_response_id);
  header text[];
  document jsonb;
  response record;
  item record;
  company_id bigint;
  instrument_currency text;
begin
  select raw_response.subject, raw_response.run_id, raw_response.url into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  if body ~ '^\s*[A-Za-z]\w*,' then
    perform ingest.require_success(p_raw_response_id);
    header := ingest.csv_fields(ingest.first_line(p_raw_response_id));
    if header @> '{date,year,quarter,statementType,dataCode,value}' then
      select jsonb_agg(jsonb_build_object('date', report.date, 'year', report.year, 'quarter', report.quarter, 'statementData', report.statements))
      into document
      from (
        select part.date, part.year, part.quarter, jsonb_object_agg(part.statement, part.fields) as statements
        from (
          select
            field.value[array_position(header, 'date')] as date, field.value[array_position(header, 'year')] as year,
            field.value[array_position(header, 'quarter')] as quarter, field.value[array_position(header, 'statementType')] as statement,
            jsonb_agg(jsonb_build_object(
              'dataCode', field.value[array_position(header, 'dataCode')], 'value', field.value[array_position(header, 'value')]
            ) order by line.line_no) as fields
          from ingest.body_lines(p_raw_response_id) as line
          cross join lateral (select ingest.csv_fields(line.line) as value) as field
          where line.line_no > 1
          group by 1, 2, 3, 4
        ) as part
        where part.statement is not null
        group by part.date, part.year, part.quarter
      ) as report;
    elsif header @> '{date,marketCap}' then
      select jsonb_agg((
        select jsonb_object_agg(name, field.value[position]) from unnest(header) with ordinality as column_name (name, position)
      ) order by line.line_no)
      into document
      from ingest.body_lines(p_raw_response_id) as line
      cross join lateral (select ingest.csv_fields(line.line) as value) as field
      where line.line_no > 1;
    else
      raise exception using
        errcode = 'MB004',
        message = format('the body is a CSV of %s, not of fundamentals', left(array_to_string(header, ', '), 200)),
        hint = 'Expected the columns date, year, quarter, statementType, dataCode and value, or date and marketCap.';
    end if;
  else
    document := ingest.body_document(p_raw_response_id);
    perform ingest.refuse_provider_error(p_raw_response_id, document);
  end if;

  if document is null or document = '[]' then
    raise exception using
      errcode = 'MB004',
      message = format('the list is empty: tiingo has nothing of %s there', response.subject),
      hint = 'Check the symbol; the plan of the key may not have it.';
  end if;
  if jsonb_typeof(document) <> 'array' or (document -> 0 ? 'date') is not true or not (document -> 0 ?| '{statementData,marketCap}') then
    raise exception using
      errcode = 'MB004',
      message = format('the body holds no statements or daily metrics: it begins with %s', left(document::text, 80)),
      hint = 'Ask for tiingo/fundamentals/SYMBOL/statements or …/daily.';
  end if;
  if response.url ~* '[?&]asReported=true' then
    raise exception using
      errcode = 'MB004',
      message = 'the statements are dated by their filing (asReported=true), so the ends of their periods are not known',
      hint = 'Ask with asReported=false.';
  end if;

  company_id := ingest.ensure_instrument(response.run_id, response.subject);
  select upper(instrument.currency) into instrument_currency from market.instrument where instrument.instrument_id = company_id;
  for item in
    select
      case when ingest.is_iso_date(left(element.value ->> 'date', 10)) then left(element.value ->> 'date', 10)::date end as period_end,
      coalesce(element.value ->> 'quarter', '0') = '0' as is_annual, statement.name, statement.fields
    from jsonb_array_elements(document) as element
    cross join lateral (
      select statement.key, coalesce((
        select jsonb_object_agg(field ->> 'dataCode', field -> 'value')
        from jsonb_array_elements(statement.value) as field
        where field ->> 'dataCode' is not null
      ), '{}')
      from jsonb_each(case when jsonb_typeof(element.value -> 'statementData') = 'object' then element.value -> 'statementData' else '{}' end) as statement
      where jsonb_typeof(statement.value) = 'array'
      union all
      select 'daily', element.value where not element.value ? 'statementData'
    ) as statement (name, fields)
  loop
    perform ingest.add_report(
      p_raw_response_id, company_id, item.name, item.fields,
      case when item.name in ('incomeStatement', 'cashFlow') then ingest.period_start(item.period_end, case when item.is_annual then 12 else 3 end) end,
      item.period_end, instrument_currency,
      case when item.name = 'daily' then 'daily metrics' when item.is_annual then 'annual report' else 'quarterly report' end
    );
  end loop;
end
$$;

comment on function ingest.normalise_tiingo_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of Tiingo: statements by period or daily metrics, as JSON or CSV. The taxonomy is tiingo, the concept Tiingo''s dataCode. All counts from the arrival of the body, because these bodies do not say when it was
filed, and is in the currency of the instrument. The first day of a period is reckoned from its last. MB010 with Tiingo''s own words for its errors; MB004 for statements dated by filing (asReported=true), definitions, an empty list or another shape.';

revoke all on function ingest.normalise_tiingo_fundamentals(bigint) from public;
grant execute on function ingest.normalise_tiingo_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_tiingo_fundamentals.sql
--! Included ingest/normalise/normalise_twelvedata_bars.sql
-- Time series of Twelve Data.
create or replace function ingest.normalise_twelvedata_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  meta jsonb;
  asset_class text;
  bar_interval text;
  time_zone text;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  -- Several symbols asked for at once come as one object each.
  if not document ? 'meta' and not document ? 'status' then
    document := coalesce(
      (select value from jsonb_each(document) where ingest.plain_symbol(key) = ingest.plain_symbol(response.subject) and jsonb_typeof(value) = 'object' limit 1),
      document);
  end if;
  if document ->> 'status' = 'error' or (document ? 'code' and document ? 'message') then
    perform ingest.refuse_error(p_raw_response_id, document ->> 'message');
  end if;
  perform ingest.require_success(p_raw_response_id);

  meta := document -> 'meta';
  if jsonb_typeof(meta) is distinct from 'object' or jsonb_typeof(document -> 'values') is distinct from 'array' then
    perform ingest.refuse_shape(document, 'a time series (meta and values)');
  elsif meta ? 'indicator' or jsonb_path_exists(document, '$.values[*] ? (!exists(@.open) || !exists(@.close))') then
    perform ingest.refuse_shape(document -> 'values', coalesce(
      format('bars: they are values of the indicator %s', meta #>> '{indicator,name}'), 'a list of bars (datetime, open, high, low, close)'));
  end if;
  perform ingest.require_symbol(p_raw_response_id, meta ->> 'symbol');
  bar_interval := ingest.require_interval(market.bar_interval(meta ->> 'interval'), meta ->> 'interval');

  asset_class := case
    when meta ->> 'type' ~* 'digital currency' then 'crypto'
    when meta ->> 'type' ~* 'physical currency' then 'fx'
    when meta ->> 'type' ~* '(etf|fund)' then 'fund'
    when meta ->> 'type' ~* 'index' then 'index'
    when meta ->> 'type' ~* '(stock|share|receipt|reit|unit|trust)' then 'equity'
  end;
  time_zone := coalesce(
    ingest.url_parameter(response.url, 'timezone'), meta ->> 'exchange_timezone', case when asset_class in ('crypto', 'fx') then 'UTC' else 'America/New_York' end);
  time_zone := case when time_zone = 'Exchange' then coalesce(meta ->> 'exchange_timezone', 'UTC') else replace(time_zone, '%2F', '/') end;
  if not exists (select from pg_catalog.pg_timezone_names where name = time_zone) then
    raise exception using
      errcode = 'MB004', message = format('the time zone "%s" of the exchange is not known', left(time_zone, 60)), hint = 'Twelve Data may have changed its format.';
  end if;
  if document -> 'values' = '[]' then
    return;
  end if;

  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, null, asset_class,
    case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' else ingest.known_mic(meta ->> 'mic_code', meta ->> 'exchange_timezone') end,
    coalesce(
      case when meta ->> 'currency' ~ '^[A-Za-z]{3}$' then meta ->> 'currency' end,
      case when asset_class in ('crypto', 'fx') then ingest.quote_currency(meta ->> 'symbol') end));
  select array_agg((
    bar.row_no,
    case when bar.item ->> 'datetime' ~ '^\d{4}-\d\d-\d\d' and pg_input_is_valid(bar.item ->> 'datetime', 'timestamp') then
      (bar.item ->> 'datetime')::timestamp at time zone time_zone end,
    case when ingest.is_iso_date(left(bar.item ->> 'datetime', 10)) then
      case when bar_interval = '1mo' then market.bar_start(interval '1 month', left(bar.item ->> 'datetime', 10)::date)
        when bar_interval = '1w' and asset_class is distinct from 'crypto' then market.bar_start(interval '7 days', left(bar.item ->> 'datetime', 10)::date)
        else left(bar.item ->> 'datetime', 10)::date
      end
    end,
    bar.item ->> 'open', bar.item ->> 'high', bar.item ->> 'low', bar.item ->> 'close',
    coalesce(bar.item ->> 'volume', case when not bar.item ? 'volume' then '0' end), null,
    bar.item || jsonb_build_object('time', bar.item -> 'datetime')
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(document -> 'values') with ordinality as bar (item, row_no);
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_twelvedata_bars(bigint) is
'Fills ingest.candidate_bar from a time series of Twelve Data: meta with symbol, interval, exchange and its time zone, and values with local times and numbers as text, newest first; of several series at once that of the subject.
Prices are adjusted for splits unless asked for otherwise; volume is 0 where none is sent. MB010 with the words of Twelve Data (status error, its code within a body of status 200), MB004 for another shape such as an indicator,
another symbol, an unknown zone or a failing status.';

revoke all on function ingest.normalise_twelvedata_bars(bigint) from public;
grant execute on function ingest.normalise_twelvedata_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_twelvedata_bars.sql
--! Included ingest/normalise/normalise_yahoo_bars.sql
-- Bars, splits and dividends as Yahoo's chart (v8) gives them.
create or replace function ingest.normalise_yahoo_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  chart jsonb;
  meta jsonb;
  quote jsonb;
  adjusted jsonb;
  time_zone text;
  interval_name text;
  exchange_mic text;
  chart_id bigint;
  bar_count integer;
  bad text;
begin
  if jsonb_typeof(coalesce(document #> '{chart,error}', document #> '{finance,error}')) = 'object' then
    raise exception using
      errcode = 'MB010',
      message = format('Yahoo says: %s', left(coalesce(
        document #>> '{chart,error,description}', document #>> '{finance,error,description}',
        document #>> '{chart,error,code}', document #>> '{finance,error,code}', 'an error without words'), 300)),
      hint = 'Check the symbol and the dates.';
  end if;
  perform ingest.require_success(p_raw_response_id);

  select raw_response.subject, raw_response.fetched_at, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  chart := document #> '{chart,result,0}';
  meta := chart -> 'meta';
  quote := chart #> '{indicators,quote,0}';
  adjusted := chart #> '{indicators,adjclose,0,adjclose}';
  if jsonb_typeof(meta) is distinct from 'object' or jsonb_typeof(quote) is distinct from 'object' then
    raise exception using
      errcode = 'MB004',
      message = 'the body is not a chart: it lacks chart.result[0].meta or indicators.quote[0]',
      hint = 'Yahoo may have changed its format.';
  end if;
  if upper(meta ->> 'symbol') is distinct from upper(response.subject) then
    raise exception using
      errcode = 'MB004',
      message = format('the body is about %s, but %s was asked for', coalesce(meta ->> 'symbol', 'no symbol'), response.subject),
      hint = 'The ticker may have been renamed: ask for the new one.';
  end if;

  time_zone := meta ->> 'exchangeTimezoneName';
  if time_zone is null or not exists (select from pg_catalog.pg_timezone_names where name = time_zone) then
    raise exception using
      errcode = 'MB004', message = format('the time zone "%s" of the exchange is not known', time_zone), hint = 'Yahoo may have changed its format.';
  end if;
  interval_name := case when meta ->> 'dataGranularity' <> '5d' then market.bar_interval(meta ->> 'dataGranularity') end;
  if interval_name is null then
    raise exception using
      errcode = 'MB004',
      message = format('bars of length "%s" are not kept', meta ->> 'dataGranularity'),
      hint = 'Ask for 1m, 2m, 5m, 15m, 30m, 60m, 90m, 1d, 1wk or 1mo.';
  end if;

  -- Six lists of equal length, of numbers or null; a chart without any bar has no list at all.
  bar_count := case when jsonb_typeof(chart -> 'timestamp') = 'array' then jsonb_array_length(chart -> 'timestamp') else 0 end;
  if bar_count > 0 then
    select string_agg(list.name, ', ' order by list.position) into bad
    from (
      values
        (1, 'timestamp', chart -> 'timestamp'), (2, 'open', quote -> 'open'), (3, 'high', quote -> 'high'), (4, 'low', quote -> 'low'),
        (5, 'close', quote -> 'close'), (6, 'volume', quote -> 'volume'), (7, 'adjclose', adjusted)
    ) as list (position, name, items)
    where case
      when list.name = 'adjclose' and list.items is null then false
      when jsonb_typeof(list.items) is distinct from 'array' then true
      else jsonb_array_length(list.items) <> bar_count
        or exists (
          select
          from jsonb_array_elements(list.items) as item
          where jsonb_typeof(item) not in ('number', 'null') or list.name = 'timestamp' and jsonb_typeof(item) = 'null'
        )
    end;
    if bad is not null then
      raise exception using
        errcode = 'MB004',
        message = format('these lists of the chart are missing, not numbers, or not as long as the %s timestamps: %s', bar_count, bad),
        hint = 'Yahoo may have changed its format.';
    end if;
  elsif quote ? 'close' or chart ? 'timestamp' and jsonb_typeof(chart -> 'timestamp') <> 'array' then
    raise exception using errcode = 'MB004', message = 'the chart has prices but no timestamps', hint = 'Yahoo may have changed its format.';
  end if;

  exchange_mic := ingest.yahoo_mic(meta ->> 'exchangeName');
  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject,
    coalesce(meta ->> 'longName', meta ->> 'shortName'),
    case meta ->> 'instrumentType'
      when 'EQUITY' then 'equity' when 'ETF' then 'fund' when 'MUTUALFUND' then 'fund' when 'INDEX' then 'index' when 'CURRENCY' then 'fx'
      when 'CRYPTOCURRENCY' then 'crypto' when 'FUTURE' then 'future' when 'OPTION' then 'option'
    end,
    exchange_mic,
    case when meta ->> 'currency' = 'GBX' then 'GBp' when meta ->> 'currency' ~ '^[A-Za-z]{3}$' then meta ->> 'currency' end
  );

  -- A row of nulls alone is a day without trade. A bar whose time is not over yet when the body arrived is still moving and is not kept;
  -- neither is the snapshot of the last trade that ends an intraday chart, whose time does not fall on a minute, or a chart of weeks or months,
  -- whose time is that of the last trade.
  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close
  )
  select
    p_raw_response_id, bar.row_no, upper(response.subject), chart_id, interval_name,
    case when interval_name in ('1d', '1w', '1mo') then bar.session_date::timestamp at time zone 'UTC' else to_timestamp(bar.epoch) end,
    bar.session_date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
  from (
    select
      list.row_no, list.epoch::text::double precision as epoch,
      (to_timestamp(list.epoch::text::double precision) at time zone time_zone)::date as session_date,
      (list.open #>> '{}')::double precision as open, (list.high #>> '{}')::double precision as high,
      (list.low #>> '{}')::double precision as low, (list.close #>> '{}')::double precision as close,
      (list.volume #>> '{}')::double precision as volume, (list.adjusted_close #>> '{}')::double precision as adjusted_close
    from rows from (
      jsonb_array_elements(case when bar_count > 0 then chart -> 'timestamp' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'open' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'high' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'low' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'close' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'volume' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then coalesce(adjusted, '[]') else '[]' end)
    ) with ordinality as list (epoch, open, high, low, close, volume, adjusted_close, row_no)
    offset 0
  ) as bar
  where num_nonnulls(bar.open, bar.high, bar.low, bar.close) > 0
    and response.fetched_at >= case interval_name
      when '1d' then market.session_close(exchange_mic, bar.session_date)
      when '1w' then (bar.session_date + 7)::timestamp at time zone time_zone
      when '1mo' then (bar.session_date + interval '1 month') at time zone time_zone
      else to_timestamp(bar.epoch) + market.bar_span(interval_name)
    end
    and (interval_name in ('1d', '1w', '1mo') or bar.epoch::bigint % 60 = 0)
    and not (interval_name in ('1w', '1mo') and bar.epoch = (meta ->> 'regularMarketTime')::double precision);

  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id,
    action.action_type, action.ex_date, action.amount, action.currency
  from (
    select
      'split' as action_type, (to_timestamp((event.value ->> 'date')::bigint) at time zone time_zone)::date as ex_date,
      round((event.value ->> 'numerator')::numeric / nullif((event.value ->> 'denominator')::numeric, 0), 10) as amount, null as currency
    from jsonb_each(case when jsonb_typeof(chart #> '{events,splits}') = 'object' then chart #> '{events,splits}' else '{}' end) as event
    union all
    select
      'dividend', (to_timestamp((event.value ->> 'date')::bigint) at time zone time_zone)::date,
      (event.value ->> 'amount')::numeric, coalesce(event.value ->> 'currency', meta ->> 'currency')
    from jsonb_each(case when jsonb_typeof(chart #> '{events,dividends}') = 'object' then chart #> '{events,dividends}' else '{}' end) as event
  ) as action
  where action.amount > 0 and action.ex_date is not null and (action.action_type = 'split' or action.currency is not null);

  -- Daily bars that were asked for with their events list all of them from the first bar to the last.
  insert into ingest.candidate_action_span (raw_response_id, instrument_id, action_type, from_date, to_date)
  select p_raw_response_id, chart_id, listed.action_type, min(bar.session_date), max(bar.session_date)
  from ingest.candidate_bar bar
  join ingest.raw_response asked on asked.raw_response_id = p_raw_response_id
  cross join (values ('split', 'split'), ('dividend', 'div')) as listed (action_type, word)
  where bar.raw_response_id = p_raw_response_id and interval_name = '1d'
    and (chart ? 'events' or substring(asked.url from '[?&]events=([^&]*)') ~ listed.word)
  group by listed.action_type;
end
$$;

comment on function ingest.normalise_yahoo_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from a body of Yahoo''s chart v8. The subject is the symbol; its instrument is added when it is new and learns name, class, exchange and currency (GBp stays GBp: pence, and GBX is the same).
Yahoo''s prices are adjusted for splits, its adjclose for splits and dividends. The session is the date of the timestamp in the time zone of the exchange. Bars that were still moving when the body arrived are left out,
and days without trade. MB010 with Yahoo''s words when the body is an error; MB004 when it has another shape, other lengths, text instead of numbers, another symbol, or came with a failing status.';

revoke all on function ingest.normalise_yahoo_bars(bigint) from public;
grant execute on function ingest.normalise_yahoo_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_yahoo_bars.sql
--! Included ingest/normalise/period_start.sql
-- Where a period begins of which only the end and the length are known.
create or replace function ingest.period_start(p_period_end date, p_months integer) returns date
language sql immutable strict parallel safe
return ((p_period_end + 1) - make_interval(months => p_months))::date;

comment on function ingest.period_start(date, integer) is
'First day of the p_months months that end with p_period_end: 2021-10-01 for the 3 months to 2021-12-31. Of a company that counts in weeks it is some days off. NULL for NULL.';

revoke all on function ingest.period_start(date, integer) from public;
grant execute on function ingest.period_start(date, integer) to marketbase_worker;
--! EndIncluded ingest/normalise/period_start.sql
--! Included ingest/normalise/plain_symbol.sql
-- A symbol without the ornaments of its provider, to compare by.
create or replace function ingest.plain_symbol(p_symbol text) returns text
language sql immutable strict parallel safe
return regexp_replace(
  regexp_replace(
    -- Kraken's XXBTZUSD is XBTUSD with its classes of assets (X a crypto-currency, Z a currency) before each.
    regexp_replace(
      regexp_replace(upper(p_symbol), '^[XCI]:|=X$|\.US$|[^A-Z0-9]', '', 'g'),
      '^X([A-Z]{3})[XZ]([A-Z]{3})$', '\1\2'),
    'XBT', 'BTC'),
  '^XDG', 'DOGE');

comment on function ingest.plain_symbol(text) is
'A symbol in capitals without what providers put around it, so that EURUSD=X, EUR/USD and C:EURUSD are one, and so are BTC-USD, XBT/USD and XXBTZUSD, AAPL and AAPL.US. For comparing only. NULL for NULL.';

revoke all on function ingest.plain_symbol(text) from public;
grant execute on function ingest.plain_symbol(text) to marketbase_worker;
--! EndIncluded ingest/normalise/plain_symbol.sql
--! Included ingest/normalise/quote_currency.sql
-- The currency in which a pair is quoted.
create or replace function ingest.quote_currency(p_pair text) returns text
language sql immutable strict parallel safe
begin atomic
  select case
    when pair.quote in ('USDT', 'USDC', 'FDUSD', 'TUSD', 'BUSD', 'USDP', 'PYUSD', 'DAI') then 'USD'
    when pair.quote ~ '^[A-Z]{3}$' then pair.quote
  end
  from (
    select coalesce(
      substring(upper(p_pair) from '[-/]([A-Z]{3,5})$'),
      substring(ingest.plain_symbol(p_pair) from '(USDT|USDC|FDUSD|TUSD|BUSD|USDP|PYUSD|DAI|[A-Z]{3})$')
    ) as quote
  ) as pair;
end;

comment on function ingest.quote_currency(text) is
'The currency in which a pair such as BTC-USDT, BTCUSDT, EUR/USD or XXBTZUSD is quoted, three letters; stablecoins of the dollar count as USD. NULL where it cannot be told, and for NULL.';

revoke all on function ingest.quote_currency(text) from public;
grant execute on function ingest.quote_currency(text) to marketbase_worker;
--! EndIncluded ingest/normalise/quote_currency.sql
--! Included ingest/normalise/read_actions_csv.sql
-- Splits and dividends from CSV, whoever sent it.
create or replace function ingest.read_actions_csv(p_raw_response_id bigint, p_symbol text default null) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  header text[];
  symbol_at integer;
  date_at integer;
  type_at integer;
  amount_at integer;
  currency_at integer;
  missing text;
  bad record;
begin
  perform ingest.require_success(p_raw_response_id);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  symbol_at := coalesce(array_position(header, 'symbol'), array_position(header, 'ticker'));
  date_at := coalesce(array_position(header, 'ex_date'), array_position(header, 'date'));
  type_at := coalesce(array_position(header, 'action_type'), array_position(header, 'type'), array_position(header, 'action'));
  amount_at := array_position(header, 'amount');
  currency_at := array_position(header, 'currency');
  select string_agg(name, ', ') into missing
  from (values ('symbol', coalesce(symbol_at::text, p_symbol)), ('ex_date', date_at::text), ('type', type_at::text), ('amount', amount_at::text)) as needed (name, place)
  where place is null;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, coalesce(left(array_to_string(header, ', '), 500), 'none')),
      hint = 'Corporate actions need symbol (or one symbol for the whole file), ex_date, type (split or dividend) and amount (new shares per old share, as 7 or 7:1; cash per share), and may have a currency.';
  end if;

  create temporary table if not exists action_line (
    line_no bigint, field_count integer, symbol text, ex_date text, action_type text, amount text, currency text
  ) on commit drop;
  delete from pg_temp.action_line;
  insert into pg_temp.action_line
  select
    lines.line_no, cardinality(fields), upper(btrim(coalesce(fields[symbol_at], p_symbol))), btrim(fields[date_at]), lower(btrim(fields[type_at])),
    btrim(fields[amount_at]), nullif(btrim(fields[currency_at]), '')
  from ingest.body_lines(p_raw_response_id) as lines
  cross join lateral (select ingest.csv_fields(lines.line) as fields) as split
  where lines.line_no > 1;

  select line.line_no, problem.text into bad
  from pg_temp.action_line as line
  cross join lateral (
    select case
      when line.field_count <> cardinality(header) then format('it has %s fields where the header has %s', line.field_count, cardinality(header))
      when line.symbol !~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$' then format('"%s" cannot be a symbol', left(line.symbol, 40))
      when not ingest.is_iso_date(line.ex_date) then format('"%s" is not a date written as YYYY-MM-DD', left(line.ex_date, 40))
      when line.action_type not in ('split', 'dividend') then format('"%s" is neither split nor dividend', left(line.action_type, 40))
      when line.amount !~ case line.action_type when 'split' then '^\d{1,9}(\.\d{1,12})?(:\d{1,9}(\.\d{1,12})?)?$' else '^\d{1,9}(\.\d{1,12})?$' end
        or line.amount ~ '^[0.]+(:|$)|:[0.]+$' then format('amount "%s" is not a number above 0', left(line.amount, 40))
      when line.currency is not null and line.currency !~ '^[A-Za-z]{3}$' then format('"%s" is not a currency', left(line.currency, 40))
    end as text
  ) as problem
  where problem.text is not null
  order by line.line_no
  limit 1;
  if found then
    raise exception using
      errcode = 'MB004', message = format('line %s: %s', bad.line_no, bad.text), hint = 'Nothing of the file was taken in. Correct the line and import it again.';
  end if;

  perform ingest.ensure_instrument((select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id), known.symbol)
  from (select distinct line.symbol from pg_temp.action_line as line) as known;
  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, line.line_no, instrument.instrument_id, line.action_type, line.ex_date::date,
    round(split_part(line.amount, ':', 1)::numeric / coalesce(nullif(split_part(line.amount, ':', 2), '')::numeric, 1), 12),
    case line.action_type when 'dividend' then coalesce(line.currency, instrument.currency) end
  from pg_temp.action_line as line
  join market.instrument using (symbol);
end
$$;

comment on function ingest.read_actions_csv(bigint, text) is
'Fills ingest.candidate_action from a CSV with the columns symbol (or ticker; or p_symbol for all), ex_date, type (split or dividend), amount (of a split new shares per old share, as 7, 0.1 or 7:1; of a dividend cash per share of the ex-date) and, if there is one, currency.
MB005 for a missing column, MB004 with the number of the first bad line.';

revoke all on function ingest.read_actions_csv(bigint, text) from public;
grant execute on function ingest.read_actions_csv(bigint, text) to marketbase_worker;
--! EndIncluded ingest/normalise/read_actions_csv.sql
--! Included ingest/normalise/read_bars_csv.sql
-- Bars from CSV, whoever sent it: the columns by their names, each row readable or with its problem named.
create or replace function ingest.read_bars_csv(p_raw_response_id bigint, p_symbol text default null) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  symbol_pattern constant text := '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$';
  header text[];
  date_at integer;
  open_at integer;
  high_at integer;
  low_at integer;
  close_at integer;
  volume_at integer;
  adjusted_at integer;
  symbol_at integer;
  missing text;
begin
  perform ingest.require_success(p_raw_response_id);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  if header is null then
    raise exception using errcode = 'MB004', message = 'the file is empty or begins with an empty line', hint = 'It needs a line of column names and then one line per bar.';
  end if;

  date_at := array_position(header, 'date');
  open_at := array_position(header, 'open');
  high_at := array_position(header, 'high');
  low_at := array_position(header, 'low');
  close_at := array_position(header, 'close');
  volume_at := array_position(header, 'volume');
  select min(array_position(header, name)) into adjusted_at from unnest(array['adjusted_close', 'adjusted close', 'adj close', 'adj_close', 'adjclose']) as name;
  select min(array_position(header, name)) into symbol_at from unnest(array['symbol', 'ticker', 'name']) as name;
  select string_agg(name, ', ' order by position) into missing
  from unnest(array['date', 'open', 'high', 'low', 'close', 'volume']) with ordinality as needed (name, position)
  where array_position(header, name) is null;
  if missing is null and symbol_at is null and p_symbol is null then
    missing := 'symbol';
  end if;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, left(array_to_string(header, ', '), 500)),
      hint = 'Bars need date, open, high, low, close and volume, and either a column symbol (or ticker, or name) or one symbol for the whole file. Upper and lower case do not matter.';
  end if;

  if symbol_at is null then
    perform ingest.ensure_instrument((select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id), p_symbol);
  end if;

  -- The lines are cut and read once. Fences (offset 0) keep each field from being read again for every use.
  with bar as materialized (
    select
      text.row_no,
      case when symbol_at is null then upper(p_symbol) else upper(btrim(text.fields[symbol_at])) end as symbol,
      case when ingest.is_iso_date(text.fields[date_at]) then text.fields[date_at]::date end as session_date,
      case when ingest.is_finite_number(text.fields[open_at]) then text.fields[open_at]::double precision end as open,
      case when ingest.is_finite_number(text.fields[high_at]) then text.fields[high_at]::double precision end as high,
      case when ingest.is_finite_number(text.fields[low_at]) then text.fields[low_at]::double precision end as low,
      case when ingest.is_finite_number(text.fields[close_at]) then text.fields[close_at]::double precision end as close,
      case when ingest.is_finite_number(text.fields[volume_at]) then text.fields[volume_at]::double precision end as volume,
      case when ingest.is_finite_number(text.fields[adjusted_at]) then text.fields[adjusted_at]::double precision end as adjusted_close,
      case when cardinality(text.fields) <> cardinality(header) then format('the line has %s fields where the header has %s', cardinality(text.fields), cardinality(header)) end as misfit,
      text.line
    from (
      select
        lines.line_no - 1 as row_no,
        lines.line,
        case when strpos(lines.line, '"') = 0 then string_to_array(lines.line, ',') else ingest.csv_fields(lines.line) end as fields
      from ingest.body_lines(p_raw_response_id) as lines
      where lines.line_no > 1
      offset 0
    ) as text
    offset 0
  ), named as (
    select given.symbol from (select distinct bar.symbol from bar) as given where given.symbol ~ symbol_pattern
  ), added as (
    insert into market.instrument (symbol, run_id)
    select named.symbol, (select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id)
    from named
    where not exists (select from market.instrument where instrument.symbol = named.symbol)
    order by named.symbol
    on conflict (symbol) do nothing
    returning instrument_id, symbol
  ), known as (
    select added.symbol, added.instrument_id from added
    union all
    select instrument.symbol, instrument.instrument_id from named join market.instrument using (symbol)
  )
  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close, payload
  )
  select
    p_raw_response_id, bar.row_no, bar.symbol, known.instrument_id, bar.session_date::timestamp at time zone 'UTC', bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    case
      when bar.misfit is not null or known.instrument_id is null or bar.session_date is null or bar.open is null or bar.high is null or bar.low is null
        or bar.close is null or bar.volume is null or (bar.adjusted_close is null and adjusted_at is not null) then (
        select case when problem.what is not null then jsonb_build_object('line', bar.line, 'problem', problem.what) end
        from (
          select
            nullif(btrim(field.texts[date_at]), '') as date_text,
            nullif(btrim(field.texts[open_at]), '') as open_text,
            nullif(btrim(field.texts[high_at]), '') as high_text,
            nullif(btrim(field.texts[low_at]), '') as low_text,
            nullif(btrim(field.texts[close_at]), '') as close_text,
            nullif(btrim(field.texts[volume_at]), '') as volume_text,
            nullif(btrim(field.texts[adjusted_at]), '') as adjusted_text
          from (select ingest.csv_fields(bar.line) as texts) as field
        ) as written
        cross join lateral (
          select case
            when bar.misfit is not null then bar.misfit
            when known.instrument_id is null then format('symbol "%s" cannot be a symbol', bar.symbol)
            when written.date_text is null then 'date is missing'
            when bar.session_date is null then format('date "%s" is not a date written as YYYY-MM-DD', written.date_text)
            when written.open_text is null then 'open is missing'
            when bar.open is null then format('open "%s" is not a number', written.open_text)
            when written.high_text is null then 'high is missing'
            when bar.high is null then format('high "%s" is not a number', written.high_text)
            when written.low_text is null then 'low is missing'
            when bar.low is null then format('low "%s" is not a number', written.low_text)
            when written.close_text is null then 'close is missing'
            when bar.close is null then format('close "%s" is not a number', written.close_text)
            when written.volume_text is null then 'volume is missing'
            when bar.volume is null then format('volume "%s" is not a number', written.volume_text)
            when written.adjusted_text is not null then format('adjusted close "%s" is not a number', written.adjusted_text)
          end as what
        ) as problem
      )
    end
  from bar
  left join known using (symbol);

  if exists (
    select
    from ingest.candidate_bar as candidate
    where candidate.raw_response_id = p_raw_response_id and candidate.payload is not null and candidate.instrument_id is null
      and candidate.symbol ~ symbol_pattern
  ) then
    raise exception using
      errcode = 'serialization_failure',
      message = 'Another session added instruments of this file at the same moment.',
      hint = 'Read it again.';
  end if;
end
$$;

comment on function ingest.read_bars_csv(bigint, text) is
'Reads the body of a response as CSV with a header and fills ingest.candidate_bar: columns date, open, high, low, close, volume, optionally adjusted_close (also Adj Close) and symbol (also ticker, Name), in any order and case.
p_symbol counts for all rows of a file without such a column. Symbols that are new become instruments. A row that cannot be read has NULL there and its problem in payload.
40001, to be tried again, when another session adds the same instruments at the same moment. MB005 when a column is missing, MB004 when the body is empty, not UTF-8 or came with a failing status.';

revoke all on function ingest.read_bars_csv(bigint, text) from public;
grant execute on function ingest.read_bars_csv(bigint, text) to marketbase_worker;
--! EndIncluded ingest/normalise/read_bars_csv.sql
--! Included ingest/normalise/read_polygon_actions.sql
-- Splits and dividends of Polygon (Massive).
create or replace function ingest.read_polygon_actions(p_raw_response_id bigint, p_results jsonb) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  chart_id bigint;
begin
  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if not exists (select from jsonb_array_elements(p_results) as item where ingest.plain_symbol(item ->> 'ticker') = ingest.plain_symbol(response.subject)) then
    perform ingest.require_symbol(p_raw_response_id, (
      select string_agg(distinct item ->> 'ticker', ', ') from jsonb_array_elements(p_results) as item));
  end if;
  chart_id := ingest.ensure_instrument(response.run_id, response.subject);

  -- What is paid on one day, an ordinary and a special dividend, is one amount; the same row twice is one row.
  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id, action.action_type, action.ex_date, action.amount,
    action.currency
  from (
    select 'split' as action_type, (item ->> 'execution_date')::date as ex_date, null as currency,
      max(round((item ->> 'split_to')::numeric / nullif((item ->> 'split_from')::numeric, 0), 10)) as amount
    from jsonb_array_elements(p_results) as item
    where item ? 'execution_date' and ingest.plain_symbol(item ->> 'ticker') = ingest.plain_symbol(response.subject) and ingest.is_iso_date(item ->> 'execution_date')
    group by ex_date
    union all
    select 'dividend', paid.ex_date, paid.currency, sum(paid.amount)
    from (
      select distinct
        (item ->> 'ex_dividend_date')::date as ex_date, coalesce(item ->> 'currency', 'USD') as currency, (item ->> 'cash_amount')::numeric as amount,
        coalesce(item ->> 'dividend_type', item ->> 'distribution_type') as kind
      from jsonb_array_elements(p_results) as item
      where item ? 'ex_dividend_date' and ingest.plain_symbol(item ->> 'ticker') = ingest.plain_symbol(response.subject)
        and ingest.is_iso_date(item ->> 'ex_dividend_date')
    ) as paid
    group by paid.ex_date, paid.currency
  ) as action
  where action.amount > 0;
end
$$;

comment on function ingest.read_polygon_actions(bigint, jsonb) is
'Fills ingest.candidate_action with the splits (execution_date, split_from, split_to) and dividends (ex_dividend_date, cash_amount, currency or USD) of the subject among p_results, a list of objects. MB004 when none is about the subject.';

revoke all on function ingest.read_polygon_actions(bigint, jsonb) from public;
grant execute on function ingest.read_polygon_actions(bigint, jsonb) to marketbase_worker;
--! EndIncluded ingest/normalise/read_polygon_actions.sql
--! Included ingest/normalise/require_interval.sql
-- Bars of a length that cannot be told, or is not kept, are refused.
create or replace function ingest.require_interval(p_bar_interval text, p_given text) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if p_bar_interval is null then
    raise exception using
      errcode = 'MB004',
      message = case when p_given is null then 'the body does not tell how long its bars are' else format('bars of length "%s" are not kept', left(p_given, 40)) end,
      hint = 'Ask for bars of 1m to 1mo, with the length in the address.';
  end if;
  return p_bar_interval;
end
$$;

comment on function ingest.require_interval(text, text) is
'p_bar_interval, or MB004 when it is NULL: the length that the body or its address gives (p_given) is not kept, or, with NULL, none is given.';

revoke all on function ingest.require_interval(text, text) from public;
grant execute on function ingest.require_interval(text, text) to marketbase_worker;
--! EndIncluded ingest/normalise/require_interval.sql
--! Included ingest/normalise/require_symbol.sql
-- A body about something else than what was asked for is not taken.
create or replace function ingest.require_symbol(p_raw_response_id bigint, p_symbol text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  asked text := (select response.subject from ingest.raw_response response where response.raw_response_id = p_raw_response_id);
begin
  if ingest.plain_symbol(p_symbol) is distinct from ingest.plain_symbol(asked) then
    raise exception using
      errcode = 'MB004',
      message = format('the body is about %s, but %s was asked for', coalesce(left(p_symbol, 80), 'no symbol'), asked),
      hint = 'The symbol may have been renamed: ask for the new one.';
  end if;
end
$$;

comment on function ingest.require_symbol(bigint, text) is
'Does nothing when p_symbol, as a body names it, means the subject of the response (ingest.plain_symbol); MB004 otherwise, and for NULL.';

revoke all on function ingest.require_symbol(bigint, text) from public;
grant execute on function ingest.require_symbol(bigint, text) to marketbase_worker;
--! EndIncluded ingest/normalise/require_symbol.sql
--! Included ingest/pace/pause_provider.sql
-- A provider said that it wants to be left alone: every process hears of it.
create or replace function ingest.pause_provider(p_provider text, p_wait interval, p_reason text) returns timestamptz
language sql volatile parallel unsafe
begin atomic
  insert into ingest.request_pace (provider) values (p_provider) on conflict (provider) do nothing;
  update ingest.request_pace
  set
    blocked_until = greatest(least(blocked_until, clock_timestamp() + interval '1 day'), clock_timestamp() + least(p_wait, interval '1 day')),
    blocked_reason = p_reason
  where provider = p_provider
  returning blocked_until;
end;

comment on function ingest.pause_provider(text, interval, text) is
'Has nobody ask the provider for p_wait, a day at most, by the clock of the database; a longer pause that is in force stays. p_reason: what the provider said. Returns until when.';

revoke all on function ingest.pause_provider(text, interval, text) from public;
grant execute on function ingest.pause_provider(text, interval, text) to marketbase_worker;
--! EndIncluded ingest/pace/pause_provider.sql
--! Included ingest/pace/reserve_request.sql
-- One request to a provider at its turn, whoever asks: the turns are rows, not timers of a process.
create or replace function ingest.reserve_request(
  p_provider text,
  p_requests integer default null,
  p_per_seconds double precision default null,
  p_longest_wait interval default '10 seconds'
) returns interval
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  allowed integer;
  period interval := make_interval(secs => coalesce(p_per_seconds, 60));
  spacing interval;
  pace record;
  moment timestamptz;
  turn timestamptz;
begin
  select coalesce(p_requests, provider.requests_per_minute) into allowed from ingest.provider where provider.provider = p_provider;
  if not found then
    raise exception using
      errcode = 'MB001',
      message = format('there is no provider named "%s"', p_provider),
      hint = 'Providers: ' || (select string_agg(provider.provider, ', ' order by provider.provider) from ingest.provider) || '.';
  end if;
  if allowed <= 0 or period <= interval '0' or p_requests is null and p_per_seconds is not null then
    raise exception using
      errcode = 'MB001',
      message = 'a limit is a number of requests and the seconds in which they may be sent',
      hint = 'Both are greater than zero.';
  end if;
  insert into ingest.request_pace (provider) values (p_provider) on conflict (provider) do nothing;
  select request_pace.next_at, request_pace.blocked_until, request_pace.recent into pace
  from ingest.request_pace
  where request_pace.provider = p_provider
  for update;

  -- Read after the lock was waited for. A limit within a minute is spread evenly; of a longer one as many may come at once as it allows, a second apart.
  moment := clock_timestamp();
  spacing := case when allowed is null then interval '0' when period <= interval '1 minute' then period / allowed else interval '1 second' end;
  -- No turn lies further ahead than the longest wait and one spacing: one that does comes from a clock that was set back.
  turn := greatest(
    moment,
    least(pace.next_at, moment + greatest(p_longest_wait, interval '1 minute') + spacing),
    least(pace.blocked_until, moment + interval '1 day')
  );
  if period > interval '1 minute' and cardinality(pace.recent) >= allowed then
    turn := greatest(turn, least(pace.recent[cardinality(pace.recent) - allowed + 1], moment) + period);
  end if;
  if turn - moment > p_longest_wait then
    return turn - moment;
  end if;

  update ingest.request_pace
  set
    next_at = turn + spacing,
    recent = case when period > interval '1 minute' then (pace.recent || turn)[greatest(cardinality(pace.recent) + 2 - allowed, 1):] else '{}' end,
    request_count = request_count + 1
  where request_pace.provider = p_provider;
  return turn - moment;
end
$$;

comment on function ingest.reserve_request(text, integer, double precision, interval) is
'How long to wait before one request to the provider, across all processes. p_requests per p_per_seconds is its limit (60 seconds unless given); where p_requests is NULL the limit is ingest.provider.requests_per_minute, and none where that is NULL.
A wait of up to p_longest_wait is a turn of one''s own: wait and ask. When the wait is longer, no turn was taken: come again then. It is longer too while the provider does not want to be asked (ingest.pause_provider).
Limits of up to a minute are spread evenly; of longer ones no span of that length ever has more requests. The clock is that of the database. Call it in a transaction of its own: it locks the row of the provider. MB001 for an unknown provider or a limit that is none.';

revoke all on function ingest.reserve_request(text, integer, double precision, interval) from public;
grant execute on function ingest.reserve_request(text, integer, double precision, interval) to marketbase_worker;
--! EndIncluded ingest/pace/reserve_request.sql
--! Included ingest/read/body_document.sql
-- The body of a response as a JSON object or list, or a sentence that says what it is instead.
create or replace function ingest.body_document(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text := ingest.body_text(p_raw_response_id);
  document jsonb;
  detail text;
begin
  begin
    document := body::jsonb;
  exception
    when data_exception or program_limit_exceeded then
      get stacked diagnostics detail = pg_exception_detail;
      detail := coalesce(nullif(detail, ''), sqlerrm);
  end;
  if jsonb_typeof(document) in ('object', 'array') then
    return document;
  end if;

  perform ingest.require_success(p_raw_response_id);
  raise exception using
    errcode = 'MB004',
    message = case
      when body ~ '^\s*$' then 'the body is empty'
      when document is not null then format('the body is the JSON value %s, not an object', left(document::text, 40))
      when body ~ '^\s*<' then 'the body is a page of HTML or XML, not JSON'
      else format('the body is not JSON: %s', rtrim(detail, '.'))
    end,
    hint = 'The bytes are kept in ingest.raw_response.';
end
$$;

comment on function ingest.body_document(bigint) is
'The body of a response as a JSON object or list, whatever its status, because errors come so too. MB004 with the cause when it is something else: empty, HTML, truncated, NaN, null; or with the status when that says failure.';

revoke all on function ingest.body_document(bigint) from public;
grant execute on function ingest.body_document(bigint) to marketbase_worker;
--! EndIncluded ingest/read/body_document.sql
--! Included ingest/read/body_json.sql
-- The body of a response as a JSON object, or a sentence that says what it is instead.
create or replace function ingest.body_json(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
begin
  if jsonb_typeof(document) = 'object' then
    return document;
  end if;
  perform ingest.require_success(p_raw_response_id);
  raise exception using
    errcode = 'MB004',
    message = format('the body is the JSON value %s, not an object', left(document::text, 40)),
    hint = 'The bytes are kept in ingest.raw_response.';
end
$$;

comment on function ingest.body_json(bigint) is
'The body of a response as a JSON object, whatever its status, because errors come as objects too. MB004 with the cause when it is something else: empty, HTML, truncated, NaN, null, a list; or with the status when that says failure.';

revoke all on function ingest.body_json(bigint) from public;
grant execute on function ingest.body_json(bigint) to marketbase_worker;
--! EndIncluded ingest/read/body_json.sql
--! Included ingest/read/body_lines.sql
-- The lines of a body, also of a streamed file of any size.
create or replace function ingest.body_lines(p_raw_response_id bigint, out line_no bigint, out line text) returns setof record
language sql stable parallel safe
rows 100000
begin atomic
  with piece (piece_no, content) as (
    select 0, convert_from(response.body, 'UTF8')
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id and response.body is not null
    union all
    select chunk.chunk_no, convert_from(chunk.body, 'UTF8')
    from ingest.raw_response_chunk chunk
    where chunk.raw_response_id = p_raw_response_id
  ),
  cut as (
    select piece.piece_no, string_to_array(piece.content, e'\n') as lines
    from piece
  ),
  -- A chunk ends with a line end, so what follows the last one is empty and not a line.
  counted as (
    select
      cut.lines,
      coalesce(sum(cardinality(cut.lines) - 1) over (order by cut.piece_no rows between unbounded preceding and 1 preceding), 0) as lines_before
    from cut
  )
  select (counted.lines_before + text.position)::bigint, rtrim(text.line, e'\r')
  from counted
  cross join lateral unnest(counted.lines) with ordinality as text (line, position)
  where text.line <> '' and text.line <> e'\r';
end;

comment on function ingest.body_lines(bigint) is
'The lines of a body with their numbers, from 1, without their line ends; empty lines count but are left out. A streamed file is cut into chunks at line ends, so each chunk is read by itself. No row for NULL.';

revoke all on function ingest.body_lines(bigint) from public;
grant execute on function ingest.body_lines(bigint) to marketbase_worker;
--! EndIncluded ingest/read/body_lines.sql
--! Included ingest/read/describe.sql
-- What a JSON value is, in a few words.
create or replace function ingest.describe(p_document jsonb) returns text
language sql immutable parallel safe
return case jsonb_typeof(p_document)
  when 'object' then case
    when p_document = '{}' then 'an empty object'
    else format('an object with the fields %s', (select string_agg(field, ', ') || case when max(total) > 8 then ', …' else '' end
      from (select field, count(*) over () as total from jsonb_object_keys(p_document) as field limit 8) as fields))
  end
  when 'array' then case
    when p_document = '[]' then 'an empty list'
    when jsonb_typeof(p_document -> 0) = 'object' then
      format('a list of objects with the fields %s', (select string_agg(field, ', ') || case when max(total) > 8 then ', …' else '' end
        from (select field, count(*) over () as total from jsonb_object_keys(p_document -> 0) as field limit 8) as fields))
    when jsonb_typeof(p_document -> 0) = 'array' then format('a list of lists of %s values such as %s', jsonb_array_length(p_document -> 0), left((p_document -> 0)::text, 80))
    else format('a list of values such as %s', left((p_document -> 0)::text, 80))
  end
  else format('the JSON value %s', left(coalesce(p_document::text, 'null'), 40))
end;

comment on function ingest.describe(jsonb) is
'What a JSON value is, in a few words that fit into a sentence: an object or a list with the names of its fields, else the value, shortened. The JSON value null for NULL.';

revoke all on function ingest.describe(jsonb) from public;
grant execute on function ingest.describe(jsonb) to marketbase_worker;
--! EndIncluded ingest/read/describe.sql
--! Included ingest/read/edgar_zone.sql
-- In which time zone a list of filings gives its times of acceptance: the Z behind them is not always true.
create or replace function ingest.edgar_zone(p_forms text[], p_filed date[], p_accepted timestamp[]) returns text
language sql stable parallel safe
begin atomic
  with reading as (
    select zone.name, zone.preference, filing.form, filing.filed, local.moment, local.moment::time as hour
    from unnest(p_forms, p_filed, p_accepted) as filing (form, filed, accepted)
    cross join (values ('America/New_York', 1), ('UTC', 2)) as zone (name, preference)
    cross join lateral (select filing.accepted at time zone zone.name at time zone 'America/New_York' as moment) as local
    where filing.accepted::time <> time '00:00'
  )
  select coalesce(
    (
      select reading.name
      from reading
      group by reading.name, reading.preference
      order by
        count(*) filter (
          where reading.hour < time '06:00' or reading.hour >= time '22:00'
            or (reading.form ~ '^(10-[KQ]|8-K|20-F|6-K|40-F)' and (reading.hour > time '17:30') <> (reading.filed > reading.moment::date))
        ),
        reading.preference
      limit 1
    ),
    'America/New_York'
  );
end;

comment on function ingest.edgar_zone(text[], date[], timestamp[]) is
'The time zone, America/New_York or UTC, in which the times of acceptance p_accepted of filings make sense; the three arrays go together. EDGAR accepts from 6:00 to 22:00 New York time, and gives reports that come after 17:30 the date of the next
business day: the zone in which fewer filings break these rules is the one. Where both do as well it is New York, the later time, so that nothing counts as known too early.';

revoke all on function ingest.edgar_zone(text[], date[], timestamp[]) from public;
grant execute on function ingest.edgar_zone(text[], date[], timestamp[]) to marketbase_worker;
--! EndIncluded ingest/read/edgar_zone.sql
--! Included ingest/read/is_finite_number.sql
-- Whether a text is a number that a bar can hold.
create or replace function ingest.is_finite_number(p_text text) returns boolean
language sql stable parallel safe
-- float8 reads NaN, Infinity and hexadecimal too: none of them is without one of these letters, and no decimal number has one.
return pg_input_is_valid(p_text, 'float8') and p_text not like '%n%' and p_text not like '%N%' and p_text not like '%x%' and p_text not like '%X%';

comment on function ingest.is_finite_number(text) is
'True when the text is a decimal number within the range of double precision; NaN, Infinity and 1e400 are not. Blanks around it do not matter. NULL for NULL.';

revoke all on function ingest.is_finite_number(text) from public;
grant execute on function ingest.is_finite_number(text) to marketbase_worker;
--! EndIncluded ingest/read/is_finite_number.sql
--! Included ingest/read/notices.sql
-- What whoever brought data in should know, although nothing is wrong.
create or replace function ingest.notices(p_raw_response_ids bigint[]) returns setof text
language sql stable parallel safe
begin atomic
  select format(
    'No calendar of %s (%s) is known, so that every weekday counts as a session for %s: marketbase calendar import FILE brings one.',
    exchange.mic, exchange.name, case when count(*) > 3 then format('%s instruments', count(*)) else string_agg(instrument.symbol, ', ' order by instrument.symbol) end
  )
  from (
    select distinct bar.instrument_id from market.price_data as bar where bar.raw_response_id = any (p_raw_response_ids)
  ) as brought
  join market.instrument using (instrument_id)
  join market.exchange using (mic)
  where exchange.calendar = 'weekdays'
  group by exchange.mic, exchange.name
  order by exchange.mic;
end;

comment on function ingest.notices(bigint[]) is
'Sentences about the bodies p_raw_response_ids: exchanges of their bars of which no calendar is known, so that every weekday counts. No row for NULL or where there is nothing to say.';

revoke all on function ingest.notices(bigint[]) from public;
grant execute on function ingest.notices(bigint[]) to marketbase_worker;
--! EndIncluded ingest/read/notices.sql
--! Included ingest/read/read_fred.sql
-- What FRED sends, XML or JSON, in the one shape of its JSON.
create or replace function ingest.read_fred(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text := ingest.body_text(p_raw_response_id);
  tree xml;
  document jsonb;
begin
  if body !~ '^\s*(<\?xml|<observations|<seriess|<error)' then
    document := ingest.body_json(p_raw_response_id);
  else
    begin
      tree := xmlparse(document body);
    exception
      when invalid_xml_document or invalid_xml_content then
        perform ingest.require_success(p_raw_response_id);
        raise exception using
          errcode = 'MB004',
          message = 'the body is XML that ends too early or is not well formed',
          hint = 'The bytes are kept in ingest.raw_response.';
    end;
    -- The attributes of the root, and those of its children as a list under the name that JSON gives it.
    select jsonb_object_agg(root.name, root.value) into document
    from xmltable('/*/@*' passing tree columns name text path 'name()', value text path '.') as root;
    if xpath_exists('/error', tree) then
      document := jsonb_build_object('error_code', document -> 'code', 'error_message', document -> 'message');
    elsif xpath_exists('/observations', tree) then
      document := coalesce(document, '{}') || jsonb_build_object('observations', coalesce((
        select jsonb_agg(jsonb_build_object(
          'realtime_start', item.realtime_start, 'realtime_end', item.realtime_end, 'date', item.date, 'value', item.value) order by item.position)
        from xmltable('/observations/observation' passing tree columns
          position for ordinality, realtime_start text path '@realtime_start', realtime_end text path '@realtime_end', date text path '@date',
          value text path '@value') as item
      ), '[]'));
    elsif xpath_exists('/seriess', tree) then
      document := coalesce(document, '{}') || jsonb_build_object('seriess', coalesce((
        select jsonb_agg(jsonb_build_object(
          'id', item.id, 'title', item.title, 'units', item.units, 'frequency', item.frequency, 'seasonal_adjustment', item.seasonal_adjustment,
          'last_updated', item.last_updated) order by item.position)
        from xmltable('/seriess/series' passing tree columns
          position for ordinality, id text path '@id', title text path '@title', units text path '@units', frequency text path '@frequency',
          seasonal_adjustment text path '@seasonal_adjustment', last_updated text path '@last_updated') as item
      ), '[]'));
    end if;
  end if;
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  return document;
end
$$;

comment on function ingest.read_fred(bigint) is
'A body of FRED as a JSON object: {"observations": […], "units": …} or {"seriess": […]}, whether it came as JSON or as XML. MB010 with FRED''s words when it says an error, MB004 when the body is neither.';

revoke all on function ingest.read_fred(bigint) from public;
grant execute on function ingest.read_fred(bigint) to marketbase_worker;
--! EndIncluded ingest/read/read_fred.sql
--! Included ingest/read/refuse_error.sql
-- The provider said an error: its own words are the reason.
create or replace function ingest.refuse_error(p_raw_response_id bigint, p_words text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select provider.provider, provider.title, raw_response.status into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;
  raise exception using
    errcode = 'MB010',
    message = format('%s says: %s', response.title, left(coalesce(nullif(btrim(regexp_replace(p_words, '\s+', ' ', 'g'), ' ."'), ''), 'an error without words'), 300)),
    hint = ingest.status_advice(response.provider, response.status, p_words);
end
$$;

comment on function ingest.refuse_error(bigint, text) is
'Raises MB010 with what the provider said in the body of a response (p_words, shortened to 300 characters) and with what to do about it.';

revoke all on function ingest.refuse_error(bigint, text) from public;
grant execute on function ingest.refuse_error(bigint, text) to marketbase_worker;
--! EndIncluded ingest/read/refuse_error.sql
--! Included ingest/read/refuse_provider_error.sql
-- What a provider says went wrong is passed on in its own words, whatever the status.
create or replace function ingest.refuse_provider_error(p_raw_response_id bigint, p_document jsonb) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  response_provider text;
  said text;
begin
  if jsonb_typeof(p_document) = 'object' then
    select btrim(p_document ->> key) into said
    from unnest('{Error Message,Note,Information,error_message,error,detail,message}'::text[]) with ordinality as known (key, position)
    where jsonb_typeof(p_document -> key) = 'string' and btrim(p_document ->> key) <> ''
    order by position
    limit 1;
  end if;
  if said is not null then
    select response.provider into response_provider from ingest.raw_response response where response.raw_response_id = p_raw_response_id;
    raise exception using
      errcode = 'MB010',
      message = format('%s says: %s', response_provider, left(said, 500)),
      hint = 'Ask again later if it speaks of a limit; else correct the symbol, the key or the plan.';
  end if;
  perform ingest.require_success(p_raw_response_id);
end
$$;

comment on function ingest.refuse_provider_error(bigint, jsonb) is
'MB010 with the provider''s own words when the document, an object, has one of the keys Error Message, Note, Information, error_message, error, detail or message with a text; MB004 with the status when that says failure. Else does nothing.';

revoke all on function ingest.refuse_provider_error(bigint, jsonb) from public;
grant execute on function ingest.refuse_provider_error(bigint, jsonb) to marketbase_worker;
--! EndIncluded ingest/read/refuse_provider_error.sql
--! Included ingest/read/refuse_shape.sql
-- The body is something else than what was asked for: say what.
create or replace function ingest.refuse_shape(p_document jsonb, p_wanted text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'MB004',
    message = format('the body is %s, not %s', ingest.describe(p_document), p_wanted),
    hint = 'Another address of the provider was asked, or it changed its format.';
end
$$;

comment on function ingest.refuse_shape(jsonb, text) is
'Raises MB004: the body is what ingest.describe says of p_document, not what was wanted (p_wanted, such as "a list of klines").';

revoke all on function ingest.refuse_shape(jsonb, text) from public;
grant execute on function ingest.refuse_shape(jsonb, text) to marketbase_worker;
--! EndIncluded ingest/read/refuse_shape.sql
--! Included ingest/read/require_success.sql
-- A status that says failure is the end of it, whatever the body looks like.
create or replace function ingest.require_success(p_raw_response_id bigint) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select raw_response.provider, raw_response.subject, raw_response.status into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if response.status not between 200 and 299 then
    raise exception using
      errcode = 'MB004',
      message = format('%s answered with status %s for %s', response.provider, response.status, response.subject),
      hint = ingest.status_advice(response.provider, response.status);
  end if;
end
$$;

comment on function ingest.require_success(bigint) is
'Does nothing when the status of the response is 2xx; MB004 with the status and what to do about it otherwise.';

revoke all on function ingest.require_success(bigint) from public;
grant execute on function ingest.require_success(bigint) to marketbase_worker;
--! EndIncluded ingest/read/require_success.sql
--! Included ingest/read/status_advice.sql
-- What to do about a status or the words of a provider.
create or replace function ingest.status_advice(p_provider text, p_status integer, p_words text default '') returns text
language sql stable parallel safe
begin atomic
  select case
    when p_status in (418, 425, 429) or p_words ~* '(too many|rate.?limit|hits limit|daily limit|call frequency|requests per|credits|api calls|try again|request weight|exceeded)' then
      'The limit of the provider is used up: ask again later, or less often.'
    when p_status in (401, 402, 403, 407) or p_words ~* '(api ?-?key|token|credential|unauthori[sz]ed|not authori[sz]ed|permission|entitled|premium|subscri|your plan)' then
      coalesce(
        'Check the key in ' || (select provider.api_key_variable from ingest.provider where provider.provider = p_provider) || ' and what its plan allows.',
        'The provider does not want to be asked from here, or not in this way.')
    when p_status = 451 then 'The provider does not answer requests from this country.'
    when p_status in (400, 404, 410, 422) then 'Check the symbol, the dates and the length of the bars.'
    when p_status between 300 and 399 then 'The address has moved: the provider has to be asked at another one.'
    when p_status >= 500 then 'The server of the provider failed: ask again later.'
    when p_words <> '' then 'Check the symbol, the dates and the length of the bars.'
    else 'The body is kept in ingest.raw_response.'
  end;
end;

comment on function ingest.status_advice(text, integer, text) is
'What somebody can do about an answer of p_provider with the HTTP status p_status or the words p_words: wait, look after the key, look after the symbol. Never NULL.';

revoke all on function ingest.status_advice(text, integer, text) from public;
grant execute on function ingest.status_advice(text, integer, text) to marketbase_worker;
--! EndIncluded ingest/read/status_advice.sql
--! Included ingest/read/url_parameter.sql
-- What was asked for, where the answer does not repeat it.
create or replace function ingest.url_parameter(p_url text, p_name text) returns text
language sql immutable strict parallel safe
return substring(p_url from '[?&]' || p_name || '=([^&#]*)');

comment on function ingest.url_parameter(text, text) is
'The value of the parameter p_name (letters, digits and _ only) in a URL, as it is written there. NULL when it has none, and for NULL.';

revoke all on function ingest.url_parameter(text, text) from public;
grant execute on function ingest.url_parameter(text, text) to marketbase_worker;
--! EndIncluded ingest/read/url_parameter.sql
--! Included ingest/record/record_members.sql
-- Reads a landed CSV of the members of a universe.
create or replace function ingest.record_members(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given_universe text;
  given_date date;
  fetched timestamptz;
  covered date;
  header text[];
  symbol_at integer;
  from_at integer;
  to_at integer;
  sector_at integer;
  cik_at integer;
  name_at integer;
  is_snapshot boolean;
  bad record;
  outcome ingest.acceptance;
begin
  perform ingest.require_success(p_raw_response_id);
  select response.subject, substring(response.url from '[?&]date=(\d{4}-\d\d-\d\d)')::date, response.fetched_at
  into given_universe, given_date, fetched
  from ingest.raw_response as response
  where response.raw_response_id = p_raw_response_id;
  given_date := coalesce(given_date, (fetched at time zone 'UTC')::date);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  symbol_at := coalesce(array_position(header, 'symbol'), array_position(header, 'ticker'));
  from_at := coalesce(array_position(header, 'start_date'), array_position(header, 'from_date'), array_position(header, 'valid_from'));
  to_at := coalesce(array_position(header, 'end_date'), array_position(header, 'to_date'), array_position(header, 'valid_to'));
  sector_at := coalesce(array_position(header, 'sector'), array_position(header, 'gics sector'));
  cik_at := array_position(header, 'cik');
  name_at := coalesce(array_position(header, 'security'), array_position(header, 'name'), array_position(header, 'company'));
  -- Without spells it says who is a member on one day.
  is_snapshot := from_at is null;
  if symbol_at is null or is_snapshot and to_at is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', case when symbol_at is null then 'symbol' else 'start_date' end, coalesce(left(array_to_string(header, ', '), 500), 'none')),
      hint = 'Members need symbol (or ticker); with start_date and end_date the file tells all spells, without them the members of one day. sector, cik and name are taken in where they are given.';
  end if;

  create temporary table if not exists member_line (
    line_no bigint, field_count integer, symbol text, from_text text, to_text text, sector text, cik text, name text, instrument_id bigint
  ) on commit drop;
  delete from pg_temp.member_line;
  insert into pg_temp.member_line
  select
    lines.line_no, cardinality(fields), upper(btrim(fields[symbol_at])), nullif(btrim(fields[from_at]), ''), nullif(btrim(fields[to_at]), ''),
    nullif(btrim(fields[sector_at]), ''), nullif(btrim(fields[cik_at]), ''), nullif(btrim(fields[name_at]), '')
  from ingest.body_lines(p_raw_response_id) as lines
  cross join lateral (select ingest.csv_fields(lines.line) as fields) as split
  where lines.line_no > 1;

  select line.line_no, problem.text into bad
  from (
    select line.*, lag(line.line_no) over same as twice, lag(line.from_text) over same as before_from, lag(coalesce(line.to_text, '9999-12-31')) over same as before_to
    from pg_temp.member_line as line
    window same as (partition by line.symbol order by line.from_text, line.line_no)
  ) as line
  cross join lateral (
    select case
      when line.field_count <> cardinality(header) then format('it has %s fields where the header has %s', line.field_count, cardinality(header))
      when line.symbol is null or line.symbol !~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$' then format('"%s" cannot be a symbol', left(line.symbol, 40))
      when is_snapshot and line.twice is not null then format('%s is there twice, first in line %s', line.symbol, line.twice)
      when not is_snapshot and line.from_text is null then 'the first day is missing'
      when not ingest.is_iso_date(line.from_text) then format('"%s" is not a date written as YYYY-MM-DD', left(line.from_text, 40))
      when not ingest.is_iso_date(line.to_text) then format('"%s" is not a date written as YYYY-MM-DD', left(line.to_text, 40))
      when line.to_text <= line.from_text then format('%s would leave on %s, not after it came on %s', line.symbol, line.to_text, line.from_text)
      when not is_snapshot and line.from_text < line.before_to then format('%s came on %s, before its spell of line %s ended', line.symbol, line.from_text, line.twice)
      when line.cik !~ '^\d{1,10}$' then format('"%s" is not a CIK', left(line.cik, 40))
    end as text
  ) as problem
  where problem.text is not null
  order by line.line_no
  limit 1;
  if found then
    raise exception using
      errcode = 'MB004', message = format('line %s: %s', bad.line_no, bad.text), hint = 'Nothing of the file was taken in. Correct the line and import it again.';
  elsif not exists (select from pg_temp.member_line) then
    raise exception using errcode = 'MB004', message = 'the file has no members', hint = 'A universe that ends is one whose members all have an end_date.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('market.universe ' || given_universe, 0));
  insert into market.universe (universe, run_id) values (given_universe, p_run_id) on conflict (universe) do nothing;
  select universe.covered_to into covered from market.universe where universe.universe = given_universe;
  update pg_temp.member_line as line
  set instrument_id = market.member_instrument_id(p_run_id, line.symbol, coalesce(line.from_text::date, given_date), coalesce(line.to_text::date, 'infinity'));

  -- What the file says, as spells.
  create temporary table if not exists member_spell (instrument_id bigint, symbol text, valid_from date, valid_to date) on commit drop;
  delete from pg_temp.member_spell;
  if is_snapshot then
    insert into pg_temp.member_spell
    select
      member.instrument_id, member.symbol, member.valid_from,
      case when member.valid_to > given_date and line.instrument_id is null then greatest(given_date, member.valid_from + 1) else member.valid_to end
    from market.universe_member as member
    left join pg_temp.member_line as line using (instrument_id)
    where member.universe = given_universe and member.known_to is null;
    insert into pg_temp.member_spell
    select line.instrument_id, line.symbol, given_date, 'infinity'
    from pg_temp.member_line as line
    where not exists (select from pg_temp.member_spell as spell where spell.instrument_id = line.instrument_id and spell.valid_to > given_date);
  else
    insert into pg_temp.member_spell
    select line.instrument_id, line.symbol, line.from_text::date, coalesce(line.to_text::date, 'infinity') from pg_temp.member_line as line;
  end if;

  -- What is no longer so ends when it ended, if that is news; a correction counts from the arrival of the file.
  with gone as (
    update market.universe_member as member
    set known_to = greatest(member.known_from, coalesce(ended.at, fetched))
    from (
      select
        current.instrument_id, current.member_id,
        case
          when spell.valid_to > coalesce(covered, '-infinity') and spell.valid_to::timestamp at time zone 'UTC' <= fetched
            then spell.valid_to::timestamp at time zone 'UTC'
        end as at
      from market.universe_member as current
      left join pg_temp.member_spell as spell
        on spell.instrument_id = current.instrument_id and spell.valid_from = current.valid_from and current.valid_to = 'infinity'
      where current.universe = given_universe and current.known_to is null
        and not exists (
          select
          from pg_temp.member_spell as same
          where same.instrument_id = current.instrument_id and same.valid_from = current.valid_from and same.valid_to = current.valid_to
        )
    ) as ended
    where member.instrument_id = ended.instrument_id and member.member_id = ended.member_id
    returning member.instrument_id, member.valid_from, member.known_to
  ), fresh as (
    select
      spell.*, gone.known_to as follows,
      spell.valid_from::timestamp at time zone 'UTC' as begins_at,
      nullif(spell.valid_to, 'infinity')::timestamp at time zone 'UTC' as ends_at,
      spell.valid_from > coalesce(covered, '-infinity') and spell.valid_from::timestamp at time zone 'UTC' <= fetched as is_news
    from pg_temp.member_spell as spell
    left join gone on gone.instrument_id = spell.instrument_id and gone.valid_from = spell.valid_from
    where not exists (
      select
      from market.universe_member as same
      where same.universe = given_universe and same.known_to is null and same.instrument_id = spell.instrument_id
        and same.valid_from = spell.valid_from and same.valid_to = spell.valid_to
    )
  ), row_to_add as (
    -- While a member was one, nobody knew when it would leave.
    select instrument_id, symbol, valid_from, date 'infinity' as valid_to, begins_at as known_from, ends_at as known_to
    from fresh
    where follows is null and is_news and ends_at <= fetched
    union all
    select
      instrument_id, symbol, valid_from, valid_to,
      case when follows is not null then follows when not is_news then fetched when ends_at <= fetched then ends_at else begins_at end,
      null::timestamptz
    from fresh
  ), added as (
    insert into market.universe_member (universe, instrument_id, symbol, valid_from, valid_to, known_from, known_to, run_id)
    select given_universe, instrument_id, symbol, valid_from, valid_to, known_from, known_to, p_run_id
    from row_to_add
    returning known_to
  )
  select
    (select count(*) from fresh where follows is null),
    (select count(*) from gone),
    (select count(*) from pg_temp.member_spell) - (select count(*) from fresh)
  into outcome.new_count, outcome.changed_count, outcome.unchanged_count
  where (select count(*) from added) >= 0;
  update market.universe
  set covered_to = greatest(covered_to, case when is_snapshot then given_date else (fetched at time zone 'UTC')::date end)
  where universe = given_universe;

  update market.instrument
  set cik = coalesce(lpad(line.cik, 10, '0'), instrument.cik), name = coalesce(instrument.name, line.name)
  from pg_temp.member_line as line
  where instrument.instrument_id = line.instrument_id and line.to_text is null
    and (coalesce(lpad(line.cik, 10, '0'), instrument.cik), coalesce(instrument.name, line.name)) is distinct from (instrument.cik, instrument.name);
  perform market.set_group(p_run_id, 'sector', named.sector, named.symbols, given_date, fetched)
  from (
    select line.sector, array_agg(instrument.symbol) as symbols
    from pg_temp.member_line as line
    join market.instrument using (instrument_id)
    where line.sector is not null and line.to_text is null
    group by line.sector
    order by line.sector
  ) as named;
  return outcome;
end
$$;

comment on function ingest.record_members(bigint, bigint) is
'Takes a CSV of members of the universe that the subject names into market.universe_member and gives how many spells are new, changed and as before. Columns: symbol (or ticker), and either start_date and end_date (all spells of all time; end_date is the first day on which it was no longer a member,
empty where it still is; spells that the file does not have were wrong), or none of them: who is a member on the date in the url (date=2024-12-31; the day of arrival without it), so that who was a member before and is not there has left.
A change is known from the day on which it took effect if that is later than what was covered before, else from the arrival of the file. Tickers are those of the time (market.member_instrument_id).
sector goes into market.instrument_group from that date on, cik and name to the instrument. MB005 for a missing column, MB004 with the number of the first bad line.';

revoke all on function ingest.record_members(bigint, bigint) from public;
grant execute on function ingest.record_members(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/record/record_members.sql
--! Included ingest/record/record_sessions.sql
-- Reads a landed CSV of the sessions of exchanges.
create or replace function ingest.record_sessions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given_mic text;
  given_zone text;
  header text[];
  mic_at integer;
  date_at integer;
  open_at integer;
  close_at integer;
  break_start_at integer;
  break_end_at integer;
  missing text;
  bad record;
  gone bigint;
  outcome ingest.acceptance;
begin
  perform ingest.require_success(p_raw_response_id);
  select upper(substring(response.url from '[?&]mic=([A-Za-z0-9]{4})')), substring(response.url from '[?&]time_zone=([A-Za-z0-9_+/-]+)')
  into given_mic, given_zone
  from ingest.raw_response as response
  where response.raw_response_id = p_raw_response_id;
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  mic_at := coalesce(array_position(header, 'mic'), array_position(header, 'exchange'));
  -- A first column without a name is what pandas makes of an index of dates.
  date_at := coalesce(
    array_position(header, 'date'), array_position(header, 'session_date'), array_position(header, 'session'), nullif(array_position(header, ''), 2)
  );
  open_at := coalesce(array_position(header, 'open'), array_position(header, 'open_at'), array_position(header, 'market_open'));
  close_at := coalesce(array_position(header, 'close'), array_position(header, 'close_at'), array_position(header, 'market_close'));
  break_start_at := array_position(header, 'break_start');
  break_end_at := array_position(header, 'break_end');
  select string_agg(needed.name, ', ') into missing
  from (values ('mic', coalesce(mic_at::text, given_mic)), ('date', date_at::text), ('open', open_at::text), ('close', close_at::text)) as needed (name, place)
  where needed.place is null;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, coalesce(left(array_to_string(header, ', '), 500), 'none')),
      hint = 'Sessions need mic (or --mic), date, open and close, and may have break_start and break_end.';
  elsif given_zone is not null and not exists (select from pg_catalog.pg_timezone_names where name = given_zone) then
    raise exception using errcode = 'MB001', message = format('There is no time zone %s.', given_zone), hint = 'Use a name such as Asia/Tokyo.';
  end if;

  create temporary table if not exists session_line (
    line_no bigint, field_count integer, mic text, time_zone text, session_date text, opens text, closes text, break_starts text, break_ends text
  ) on commit drop;
  delete from pg_temp.session_line;
  insert into pg_temp.session_line
  select
    lines.line_no, cardinality(fields), line_mic.mic, coalesce(given_zone, exchange.time_zone),
    regexp_replace(btrim(fields[date_at]), '[T ]00:00(:00(\.0+)?)?(Z|[+-]00(:?00)?)?$', ''),
    btrim(fields[open_at]), btrim(fields[close_at]), nullif(btrim(fields[break_start_at]), ''), nullif(btrim(fields[break_end_at]), '')
  from ingest.body_lines(p_raw_response_id) as lines
  cross join lateral (select ingest.csv_fields(lines.line) as fields) as split
  cross join lateral (select upper(btrim(coalesce(fields[mic_at], given_mic))) as mic) as line_mic
  left join market.exchange on exchange.mic = line_mic.mic
  where lines.line_no > 1;

  -- A time is an instant with its zone, or a time of the clock of the exchange, of the session's date unless it has one itself.
  create temporary table if not exists session_read (
    line_no bigint, mic text, time_zone text, session_date date, open_at timestamptz, close_at timestamptz, break_start timestamptz, break_end timestamptz
  ) on commit drop;
  delete from pg_temp.session_read;
  select line.line_no, problem.text into bad
  from (
    select line.*, lag(line.line_no) over (partition by line.mic, line.session_date order by line.line_no) as twice
    from pg_temp.session_line as line
  ) as line
  cross join lateral (
    select string_agg(format('"%s" is not a time such as 09:30 or 2024-12-31T14:30:00Z', left(given.text, 40)), '' order by given.position)
      filter (where not given.is_readable) as unread,
      bool_or(given.text ~ '^\d\d:\d\d' or given.text !~ '(Z|[+-]\d\d(:?\d\d)?)$') as is_local
    from (
      select part.text, part.position,
        part.text ~ '^(\d{4}-\d\d-\d\d[T ])?\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?$'
          and not (part.text ~ '^\d\d:\d\d' and part.text ~ '[Z+-]') and pg_input_is_valid(part.text, case when part.text ~ '^\d\d:\d\d' then 'time' else 'timestamptz' end) as is_readable
      from (values (1, line.opens), (2, line.closes), (3, line.break_starts), (4, line.break_ends)) as part (position, text)
      where part.text is not null
    ) as given
  ) as times
  cross join lateral (
    select case
      when line.field_count <> cardinality(header) then format('it has %s fields where the header has %s', line.field_count, cardinality(header))
      when line.mic is null or line.mic !~ '^[A-Z0-9]{4}$' then format('"%s" is not a market identifier code of four characters', left(line.mic, 40))
      when line.session_date is null or not ingest.is_iso_date(line.session_date) then format('"%s" is not a date written as YYYY-MM-DD', left(line.session_date, 40))
      when line.twice is not null then format('the session of %s on %s is there twice, first in line %s', line.mic, line.session_date, line.twice)
      when times.unread is not null then times.unread
      when times.is_local and line.time_zone is null then format('the time zone of %s is not known, so its times need one, as in 2024-12-31T14:30:00Z, or --time-zone', line.mic)
      when (line.break_starts is null) <> (line.break_ends is null) then 'a break needs a beginning and an end'
    end as text
  ) as problem
  where problem.text is not null
  order by line.line_no
  limit 1;
  if not found then
    insert into pg_temp.session_read
    select line.line_no, line.mic, coalesce(line.time_zone, 'UTC'), line.session_date::date, at.opens, at.closes, at.break_starts, at.break_ends
    from pg_temp.session_line as line
    cross join lateral (
      select
        max(instant) filter (where position = 1) as opens, max(instant) filter (where position = 2) as closes,
        max(instant) filter (where position = 3) as break_starts, max(instant) filter (where position = 4) as break_ends
      from (
        select part.position, case
          when part.text ~ '^\d\d:\d\d' then (line.session_date::date + part.text::time) at time zone line.time_zone
          when part.text ~ '(Z|[+-]\d\d(:?\d\d)?)$' and part.text !~ '^\d{4}-\d\d-\d\d$' then part.text::timestamptz
          else part.text::timestamp at time zone line.time_zone
        end as instant
        from (values (1, line.opens), (2, line.closes), (3, line.break_starts), (4, line.break_ends)) as part (position, text)
      ) as read
    ) as at;
    select read.line_no, problem.text into bad
    from pg_temp.session_read as read
    cross join lateral (
      select case
        when read.close_at <= read.open_at then 'it closes before it opens'
        when read.close_at > read.open_at + interval '25 hours' then 'it is longer than a day'
        when abs((read.close_at at time zone read.time_zone)::date - read.session_date) > 1 then format('it closes on %s', (read.close_at at time zone read.time_zone)::date)
        when read.break_start <= read.open_at or read.break_end <= read.break_start or read.break_end >= read.close_at then 'its break does not lie within it'
      end as text
    ) as problem
    where problem.text is not null
    order by read.line_no
    limit 1;
  end if;
  if bad.line_no is not null then
    raise exception using
      errcode = 'MB004', message = format('line %s: %s', bad.line_no, bad.text), hint = 'Nothing of the file was taken in. Correct the line and import it again.';
  elsif not exists (select from pg_temp.session_read) then
    raise exception using errcode = 'MB004', message = 'the file has no sessions', hint = 'It needs a line of column names and then one line per session.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('market.trading_session', 0));
  insert into market.exchange (mic, name, time_zone, country, calendar)
  select distinct on (read.mic) read.mic, read.mic, read.time_zone, 'ZZ', 'sessions' from pg_temp.session_read as read order by read.mic
  on conflict (mic) do nothing;

  -- The file knows all sessions from its first to its last day; what it does not have was none.
  delete from market.trading_session as session
  using (select read.mic, min(read.session_date) as first_date, max(read.session_date) as last_date from pg_temp.session_read as read group by read.mic) as span
  where session.mic = span.mic and session.session_date between span.first_date and span.last_date
    and not exists (select from pg_temp.session_read as read where read.mic = session.mic and read.session_date = session.session_date);
  get diagnostics gone = row_count;
  with usual as (
    -- Half a day is one that ends earlier than the exchange usually did that year.
    select
      read.mic, extract(year from read.session_date) as year, mode() within group (order by (read.close_at at time zone read.time_zone)::time) as close_time
    from pg_temp.session_read as read
    group by read.mic, extract(year from read.session_date)
  ), made as (
    select read.*, (read.close_at at time zone read.time_zone)::time < usual.close_time as is_half_day
    from pg_temp.session_read as read
    join usual on usual.mic = read.mic and usual.year = extract(year from read.session_date)
  ), written as (
    insert into market.trading_session as session (mic, session_date, open_at, close_at, is_half_day, break_start, break_end, run_id)
    select made.mic, made.session_date, made.open_at, made.close_at, made.is_half_day, made.break_start, made.break_end, p_run_id
    from made
    on conflict (mic, session_date) do update
    set open_at = excluded.open_at, close_at = excluded.close_at, is_half_day = excluded.is_half_day, break_start = excluded.break_start,
      break_end = excluded.break_end, run_id = excluded.run_id
    where (session.open_at, session.close_at, session.is_half_day, session.break_start, session.break_end)
      is distinct from (excluded.open_at, excluded.close_at, excluded.is_half_day, excluded.break_start, excluded.break_end)
    returning old.mic is null as is_new
  )
  select count(*) filter (where written.is_new), count(*) filter (where not written.is_new) + gone
  into outcome.new_count, outcome.changed_count
  from written;
  update market.exchange
  set calendar = 'sessions'
  where exchange.calendar <> 'sessions' and exchange.mic in (select read.mic from pg_temp.session_read as read);
  outcome.unchanged_count := (select count(*) from pg_temp.session_read) + gone - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.record_sessions(bigint, bigint) is
'Takes a CSV of sessions into market.trading_session and gives how many are new, changed (or no longer sessions) and as before. Columns: mic (or mic= in the url), date, open and close, and break_start and break_end where there is a break; times with a zone, or on the clock of the exchange.
From the first to the last day of the file it is complete: days without a line are closed. The exchange has the calendar sessions from then on; one that is not known yet is added, in the time zone time_zone= of the url or UTC.
A session that closes earlier than most of the year is a half day. MB005 for a missing column, MB004 with the number of the first bad line.';

revoke all on function ingest.record_sessions(bigint, bigint) from public;
grant execute on function ingest.record_sessions(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/record/record_sessions.sql
--! Included ingest/views/provider_health.sql
-- How it went with each provider lately.
create or replace view ingest.provider_health with (security_invoker = true) as
select
  provider.provider, provider.title, provider.priority, provider.price_basis,
  coalesce(bodies.body_count, 0) as body_count, bodies.last_body_at,
  success.last_success_at, trouble.last_error_at, trouble.last_error,
  case
    when success.last_success_at is null and trouble.last_error_at is null then 'never asked'
    when trouble.last_error_at >= coalesce(success.last_success_at, '-infinity') then 'failing'
    else 'well'
  end as health
from ingest.provider
left join (
  select response.provider, count(*) as body_count, max(response.fetched_at) as last_body_at
  from ingest.raw_response response
  group by response.provider
) as bodies on bodies.provider = provider.provider
left join (
  select good.provider, max(good.at) as last_success_at
  from (
    select response.provider, max(normalisation.recorded_at) as at
    from ingest.normalisation
    join ingest.raw_response response using (raw_response_id)
    where normalisation.outcome = 'normalised'
    group by response.provider
    union all
    -- A body that came again unchanged is not stored and not read again; that it came is a success.
    select run.parameters ->> 'provider', max(run.finished_at)
    from pipeline.pipeline_run run
    where run.step = 'fetch' and run.status = 'succeeded' and run.rows_written = 0
    group by run.parameters ->> 'provider'
  ) as good
  group by good.provider
) as success on success.provider = provider.provider
left join (
  select distinct on (bad.provider) bad.provider, bad.at as last_error_at, bad.message as last_error
  from (
    (select distinct on (response.provider) response.provider, normalisation.recorded_at as at, normalisation.message
    from ingest.normalisation
    join ingest.raw_response response using (raw_response_id)
    where normalisation.outcome = 'refused'
    order by response.provider, normalisation.recorded_at desc)
    union all
    (select distinct on (run.parameters ->> 'provider') run.parameters ->> 'provider', run.finished_at, run.message
    from pipeline.pipeline_run run
    where run.step = 'fetch' and run.status = 'failed'
    order by run.parameters ->> 'provider', run.finished_at desc)
  ) as bad
  order by bad.provider, bad.at desc
) as trouble on trouble.provider = provider.provider;

comment on view ingest.provider_health is
E'@primaryKey provider\nHow it went with each provider lately: bodies that came, the latest success and the latest error with its words. marketbase providers shows it with limits and keys.';
comment on column ingest.provider_health.provider is E'@notNull\nProvider.';
comment on column ingest.provider_health.title is 'Name for people.';
comment on column ingest.provider_health.priority is 'Where two providers give the same bar, the lower number stays current.';
comment on column ingest.provider_health.price_basis is 'raw, split or total: what its prices of the past are adjusted for.';
comment on column ingest.provider_health.body_count is 'Bodies that are stored.';
comment on column ingest.provider_health.last_body_at is 'When the latest stored body arrived.';
comment on column ingest.provider_health.last_success_at is 'When a body was last read, or came again unchanged.';
comment on column ingest.provider_health.last_error_at is 'When a request last failed or a body was last refused.';
comment on column ingest.provider_health.last_error is 'What was said then.';
comment on column ingest.provider_health.health is 'well, failing (the latest thing that happened was an error) or never asked.';

grant select on ingest.provider_health to marketbase_reader;
--! EndIncluded ingest/views/provider_health.sql
--! Included internal/refuse_change.sql
-- Append-only tables: what is written stays, for every role.
create or replace function internal.refuse_change() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'MB006',
    message = format('%I.%I is append-only: %s is refused', tg_table_schema, tg_table_name, lower(tg_op)),
    hint = 'Add a new row that corrects the old one.';
end
$$;

comment on function internal.refuse_change() is
'Trigger: refuses update, delete and truncate with MB006. Attached to every append-only table.';

revoke all on function internal.refuse_change() from public;

create or replace trigger _100_append_only before update or delete or truncate on ingest.raw_response
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.raw_response_chunk
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.normalisation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.quarantine
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.price_data_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.company_fundamental_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.corporate_action_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.macro_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.instrument_group_history
  for each statement execute function internal.refuse_change();
-- A membership that ends is a row without a name.
create or replace trigger _100_append_only before delete or truncate on market.instrument_group
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_rule
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.rule_activation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_result
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_finding
  for each statement execute function internal.refuse_change();
-- The description of a feature is documentation and may be reworded.
create or replace trigger _100_append_only
  before update of feature_set_version_id, name, position, expression or delete or truncate on feature.feature_definition
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on feature.feature_vector_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.data_lineage
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on portfolio.trade
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on portfolio.portfolio_optimization
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ml.training_set
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ml.training_set_digest
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on search.document
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on search.document_embedding
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.price_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.corporate_action_observation
  for each statement execute function internal.refuse_change();
--! EndIncluded internal/refuse_change.sql
--! Included lineage/triggers/record_price_data.sql
-- Edges from the bodies to the bars that were read from them.
create or replace function lineage.record_price_data() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    span.run_id, 'ingest.raw_response', span.raw_response_id,
    format('%s.%s', tg_table_schema, tg_table_name), span.instrument_id, span.from_ts, span.to_ts,
    span.row_count, lower(tg_op), normaliser.name, normaliser.version
  from (
    select made.run_id, made.raw_response_id, made.instrument_id, min(made.ts) as from_ts, max(made.ts) as to_ts, count(*) as row_count
    from made
    group by made.run_id, made.raw_response_id, made.instrument_id
  ) as span
  join (
    select body.raw_response_id, named.name, internal.function_version(to_regprocedure(named.name || '(bigint)')) as version
    from (select distinct raw_response_id from made) as read
    join ingest.raw_response as body using (raw_response_id)
    cross join lateral (select format('ingest.normalise_%s_%s', body.provider, body.dataset)) as named (name)
  ) as normaliser using (raw_response_id);
  return null;
end
$$;

comment on function lineage.record_price_data() is
'Trigger: writes one edge from each body to each instrument whose bars were added or changed.';

revoke all on function lineage.record_price_data() from public;

create or replace trigger _500_lineage_insert after insert on market.price_data
  referencing new table as made
  for each statement execute function lineage.record_price_data();
create or replace trigger _500_lineage_update after update on market.price_data
  referencing new table as made
  for each statement execute function lineage.record_price_data();
--! EndIncluded lineage/triggers/record_price_data.sql
--! Included market/action/adjusted_bars_of.sql
-- From the prices of any provider to those of the day, and from these to adjusted ones, as known at a moment.
create or replace function market.adjusted_bars_of(
  p_instrument_id bigint,
  p_adjustment text default 'split',
  p_as_of timestamptz default null,
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.adjusted_bar
language plpgsql stable parallel safe
rows 5000
set search_path to pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := coalesce(p_as_of, now());
  reference text;
begin
  if p_adjustment is null or p_adjustment not in ('none', 'split', 'split_dividend', 'total_return', 'accumulated') then
    raise exception using
      errcode = 'MB001', message = format('%L is not an adjustment.', left(p_adjustment, 40)), hint = 'It is none, split, split_dividend, total_return or accumulated.';
  elsif market.bar_length(p_bar_interval) > interval '1 day' then
    raise exception using
      errcode = 'MB001', message = format('Bars of %s cannot be adjusted: an action may lie within one.', p_bar_interval), hint = 'Adjust daily bars.';
  end if;
  -- The close before an ex-date is that of the day, where there are daily bars.
  reference := case
    when exists (
      select from market.price_data_version as bar where bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and bar.known_from <= moment
    ) then '1d'
    else p_bar_interval
  end;

  return query
    with known as materialized (
      select * from market.known_actions(p_instrument_id, moment)
    ), later as materialized (
      select * from market.known_actions(p_instrument_id, 'infinity')
    ), split_version as materialized (
      select version.ex_date, version.amount::double precision as amount, version.known_from, coalesce(version.known_to, 'infinity') as known_to
      from market.corporate_action_version as version
      where version.instrument_id = p_instrument_id and version.action_type = 'split'
    ), given as materialized (
      -- The splits that the provider had counted are those that were known when it was asked.
      select
        bar.*, basis.dividend_basis,
        case
          when basis.split_basis is null then 1
          else (
            select market.product(split.amount)
            from split_version as split
            where split.ex_date > bar.session_date and split.ex_date <= basis.split_basis
              and split.known_from <= response.fetched_at and response.fetched_at < split.known_to
          )
        end as unsplit
      from market.price_data_version as bar
      join market.instrument using (instrument_id)
      join market.exchange using (mic)
      join ingest.provider as source on source.provider = bar.provider
      join ingest.raw_response as response on response.raw_response_id = bar.raw_response_id
      cross join lateral (select (response.fetched_at at time zone exchange.time_zone)::date as fetched_date) as fetched
      cross join lateral (
        -- least takes no notice of NULL: without a day of its own the basis is the day of the fetch.
        select
          case when source.price_basis <> 'raw' then least(source.splits_adjusted_to, fetched.fetched_date) end as split_basis,
          case when source.price_basis = 'total' then least(source.splits_adjusted_to, fetched.fetched_date) end as dividend_basis
      ) as basis
      where bar.instrument_id = p_instrument_id and bar.bar_interval in (reference, p_bar_interval)
        and bar.known_from <= moment and (bar.known_to is null or moment < bar.known_to)
    ), day as materialized (
      select array_agg(given.session_date order by given.ts) as dates, min(given.session_date) as first_date
      from given
      where given.bar_interval = reference
    ), paid as materialized (
      -- A dividend is taken off the close before, in the shares of the ex-date, which may be that of a split too.
      select
        action.ex_date, action.amount,
        place.before_at, place.before_at + 1 as on_at,
        (select market.product(split.amount) from known as split where split.action_type = 'split' and split.ex_date = action.ex_date) as ratio
      from known as action
      cross join day
      cross join lateral (select width_bucket(action.ex_date - 1, day.dates) as before_at) as place
      where action.action_type = 'dividend' and place.before_at > 0
    ), fully as materialized (
      -- What a provider took off for a dividend after the moment has to be put on again too, so this looks at everything that is known now.
      select
        array_agg(bar.session_date order by bar.ts) as dates,
        array_agg(bar.close * (
          select market.product(split.amount)
          from later as split
          where split.action_type = 'split' and split.ex_date > bar.session_date
            and split.ex_date <= least(source.splits_adjusted_to, (response.fetched_at at time zone exchange.time_zone)::date)
        ) order by bar.ts) as closes
      from market.price_data as bar
      join market.instrument using (instrument_id)
      join market.exchange using (mic)
      join ingest.provider as source on source.provider = bar.provider and source.price_basis = 'total'
      join ingest.raw_response as response on response.raw_response_id = bar.raw_response_id
      where bar.instrument_id = p_instrument_id and bar.bar_interval = reference
    ), undone as materialized (
      -- The inverse of a product of factors 1 - amount / close is a sum over adjusted closes.
      select
        action.ex_date,
        action.amount / (
          fully.closes[place.before_at]
          / (select market.product(split.amount) from later as split where split.action_type = 'split' and split.ex_date = action.ex_date)
        ) as part
      from later as action
      cross join fully
      cross join lateral (select width_bucket(action.ex_date - 1, fully.dates) as before_at) as place
      where action.action_type = 'dividend' and place.before_at > 0
    ), quoted as materialized (
      select
        given.*,
        given.unsplit * case
          when given.dividend_basis is null then 1
          else 1 + coalesce((select sum(undone.part) from undone where undone.ex_date > given.session_date and undone.ex_date <= given.dividend_basis), 0)
        end as raw_factor
      from given
    ), quoted_day as materialized (
      select array_agg(quoted.close * quoted.raw_factor order by quoted.ts) as closes
      from quoted
      where quoted.bar_interval = reference
    ), split as materialized (
      select array_agg(made.ex_date order by made.ex_date) as dates, 1 || array_agg(made.shares order by made.ex_date) as shares
      from (
        select action.ex_date, market.product(action.amount) over (order by action.ex_date) as shares
        from known as action
        where action.action_type = 'split' and action.ex_date > (select day.first_date from day)
      ) as made
    ), dividend as materialized (
      select array_agg(made.ex_date order by made.ex_date) as dates, 1 || array_agg(made.share order by made.ex_date) as shares
      from (
        select paid.ex_date, market.product(factor.kept) over (order by paid.ex_date) as share
        from paid
        cross join quoted_day
        cross join lateral (
          select case
            when p_adjustment = 'split_dividend' then 1 - paid.amount / (quoted_day.closes[paid.before_at] / paid.ratio)
            else 1 / (1 + paid.amount / quoted_day.closes[paid.on_at])
          end as kept
        ) as factor
        -- Who pays more than the share is worth has given a wrong number; a dividend after the last bar waits for its price.
        where factor.kept > 0 and p_adjustment not in ('none', 'split')
      ) as made
    )
    select
      bar.instrument_id, bar.symbol, bar.bar_interval, bar.ts, bar.session_date, p_adjustment,
      bar.open * bar.raw_factor * factor.split * factor.dividend, bar.high * bar.raw_factor * factor.split * factor.dividend,
      bar.low * bar.raw_factor * factor.split * factor.dividend, bar.close * bar.raw_factor * factor.split * factor.dividend,
      bar.volume / bar.unsplit / factor.split,
      bar.close * bar.raw_factor, factor.split, factor.dividend, bar.known_from
    from quoted as bar
    cross join split
    cross join dividend
    cross join lateral (
      select
        coalesce(split.shares[width_bucket(bar.session_date, split.dates) + 1], 1) as shares,
        coalesce(dividend.shares[width_bucket(bar.session_date, dividend.dates) + 1], 1) as kept
    ) as so_far
    cross join lateral (
      select
        case p_adjustment
          when 'none' then 1
          when 'accumulated' then so_far.shares
          else so_far.shares / coalesce(split.shares[cardinality(split.shares)], 1)
        end as split,
        case
          when p_adjustment = 'accumulated' then 1 / so_far.kept
          else coalesce(dividend.shares[cardinality(dividend.shares)], 1) / so_far.kept
        end as dividend
    ) as factor
    where bar.bar_interval = p_bar_interval
      and (p_from is null or bar.session_date >= p_from)
      and (p_to is null or bar.session_date <= p_to)
    order by bar.ts;
end
$$;

comment on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) is
'market.adjusted_bars of an instrument_id.';

revoke all on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) from public;
grant execute on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) to marketbase_reader;
--! EndIncluded market/action/adjusted_bars_of.sql
--! Included market/action/adjusted_price_data.sql
-- The daily bars in every adjustment, as now known.
create or replace view market.adjusted_price_data with (security_invoker = true) as
select
  bar.instrument_id, bar.symbol, bar.ts, bar.session_date,
  bar.raw_close, bar.split_factor, bar.dividend_factor,
  bar.open / bar.dividend_factor as split_open,
  bar.high / bar.dividend_factor as split_high,
  bar.low / bar.dividend_factor as split_low,
  bar.close / bar.dividend_factor as split_close,
  bar.volume as split_volume,
  bar.close as split_dividend_close,
  bar.known_from
from market.instrument
cross join lateral market.adjusted_bars_of(instrument.instrument_id, 'split_dividend') as bar;

comment on view market.adjusted_price_data is
E'@primaryKey instrument_id,ts\n@foreignKey (instrument_id) references market.instrument (instrument_id)\nDaily bars as now known with prices as quoted that day, adjusted for splits, and for splits and dividends; market.adjusted_bars says how, and gives other moments and adjustments. Ask for one instrument, by instrument_id.';
comment on column market.adjusted_price_data.instrument_id is 'Instrument.';
comment on column market.adjusted_price_data.symbol is 'Its symbol.';
comment on column market.adjusted_price_data.ts is 'Start of the bar.';
comment on column market.adjusted_price_data.session_date is 'Local date of the session.';
comment on column market.adjusted_price_data.raw_close is 'Close as it was quoted that day.';
comment on column market.adjusted_price_data.split_factor is 'Factor for the splits after the bar.';
comment on column market.adjusted_price_data.dividend_factor is 'Factor for the dividends after the bar.';
comment on column market.adjusted_price_data.split_open is 'First price, in the shares of today.';
comment on column market.adjusted_price_data.split_high is 'Highest price, in the shares of today.';
comment on column market.adjusted_price_data.split_low is 'Lowest price, in the shares of today.';
comment on column market.adjusted_price_data.split_close is 'Last price, in the shares of today.';
comment on column market.adjusted_price_data.split_volume is 'Units traded, in the shares of today.';
comment on column market.adjusted_price_data.split_dividend_close is 'Last price, adjusted for the splits and dividends after the bar.';
comment on column market.adjusted_price_data.known_from is 'From when the bar could be known.';

revoke all on market.adjusted_price_data from public;
grant select on market.adjusted_price_data to marketbase_reader;
--! EndIncluded market/action/adjusted_price_data.sql
--! Included market/action/archive_corporate_action.sql
-- Nothing is overwritten: a changed or cancelled corporate action goes to the history first.
create or replace function market.archive_corporate_action() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_from timestamptz := coalesce(nullif(current_setting('marketbase.closed_from', true), '')::timestamptz, now());
begin
  if tg_op = 'UPDATE' then
    if (new.instrument_id, new.action_type, new.ex_date) is distinct from (old.instrument_id, old.action_type, old.ex_date) then
      raise exception using
        errcode = 'MB008',
        message = 'the key of a corporate action cannot change',
        hint = 'Delete the action and add another; both stay in the history.';
    end if;
    -- The same number in another body may count in other shares: that is a change.
    if (new.amount, new.currency, new.raw_response_id) is not distinct from (old.amount, old.currency, old.raw_response_id) then
      return null;
    end if;
    if new.known_from = old.known_from and new.raw_response_id = old.raw_response_id and new.run_id = old.run_id then
      new.known_from := now();
    end if;
    new.version := 1 + greatest(old.version, (
      select max(history.version)
      from market.corporate_action_history history
      where history.instrument_id = old.instrument_id and history.action_type = old.action_type and history.ex_date = old.ex_date
    ));
    new.recorded_at := now();
    closed_from := new.known_from;
  end if;

  insert into market.corporate_action_history (
    instrument_id, action_type, ex_date, version, amount, currency, known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  values (
    old.instrument_id, old.action_type, old.ex_date, old.version, old.amount, old.currency,
    old.known_from, greatest(old.known_from, closed_from), old.recorded_at, old.provider, old.raw_response_id, old.run_id
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function market.archive_corporate_action() is
'Trigger: before a corporate action is changed or deleted, its version goes to market.corporate_action_history; the new one gets the next number and recorded_at. An update that changes nothing is skipped.
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change. An action that is deleted counts as cancelled from now, or from the setting marketbase.closed_from, which says when the body arrived that no longer lists it.';

revoke all on function market.archive_corporate_action() from public;

create or replace trigger _200_version before update or delete on market.corporate_action
  for each row execute function market.archive_corporate_action();
--! EndIncluded market/action/archive_corporate_action.sql
--! Included market/action/corporate_action_version.sql
-- Every version of every split and dividend, with the time during which it was the one to know.
create or replace view market.corporate_action_version with (security_invoker = true) as
select
  version.instrument_id, instrument.symbol, version.action_type, version.ex_date, version.version, version.amount, version.currency,
  version.known_from, version.known_to, version.recorded_at, version.closed_at, version.provider, version.raw_response_id, version.run_id
from (
  select
    instrument_id, action_type, ex_date, version, amount, currency, known_from, null::timestamptz as known_to, recorded_at, null::timestamptz as closed_at,
    provider, raw_response_id, run_id
  from market.corporate_action
  union all
  select
    instrument_id, action_type, ex_date, version, amount, currency, known_from, known_to, recorded_at, closed_at, provider, raw_response_id, run_id
  from market.corporate_action_history
) as version
join market.instrument using (instrument_id);

comment on view market.corporate_action_version is
'Every version of every corporate action: the current ones of market.corporate_action and the closed ones of market.corporate_action_history. One whose last version has a known_to was cancelled then.';
comment on column market.corporate_action_version.instrument_id is 'Instrument.';
comment on column market.corporate_action_version.symbol is 'Symbol of the instrument.';
comment on column market.corporate_action_version.action_type is 'split or dividend.';
comment on column market.corporate_action_version.ex_date is 'First session that trades without the entitlement.';
comment on column market.corporate_action_version.version is 'Number of the version, from 1.';
comment on column market.corporate_action_version.amount is 'New shares per old share of a split; cash per share of a dividend, as the provider gave it (ingest.provider.amounts_adjusted_to).';
comment on column market.corporate_action_version.currency is 'Currency of a dividend; null for a split.';
comment on column market.corporate_action_version.known_from is 'From when this version could be known.';
comment on column market.corporate_action_version.known_to is 'Until when it was the one to know (excluded); null for the current one.';
comment on column market.corporate_action_version.recorded_at is 'When marketbase stored this version.';
comment on column market.corporate_action_version.closed_at is 'When marketbase closed this version; null for the current one.';
comment on column market.corporate_action_version.provider is 'Provider of this version.';
comment on column market.corporate_action_version.raw_response_id is 'The body from which it was read.';
comment on column market.corporate_action_version.run_id is 'Run that made it.';

revoke all on market.corporate_action_version from public;
grant select on market.corporate_action_version to marketbase_reader;
--! EndIncluded market/action/corporate_action_version.sql
--! Included market/action/known_actions.sql
-- The splits and dividends of an instrument as they were known at a moment, per share of their day.
create or replace function market.known_actions(p_instrument_id bigint, p_as_of timestamptz default now())
returns table (action_type text, ex_date date, amount double precision, known_from timestamptz, provider text)
language sql stable parallel safe
rows 50
begin atomic
  with version as materialized (
    select
      action.*, response.fetched_at,
      -- least would take no notice of NULL.
      case
        when source.amounts_adjusted_to is not null then least(source.amounts_adjusted_to, (response.fetched_at at time zone exchange.time_zone)::date)
      end as amount_basis,
      (p_as_of at time zone exchange.time_zone)::date as as_of_date,
      -- Prices in pence go with dividends in pounds.
      case
        when action.action_type = 'split' or action.currency = instrument.currency then 1
        when (action.currency, instrument.currency) in (('GBP', 'GBp'), ('GBP', 'GBX'), ('ZAR', 'ZAc'), ('ILS', 'ILA')) then 100
        when (instrument.currency, action.currency) in (('GBP', 'GBp'), ('GBP', 'GBX'), ('ZAR', 'ZAc'), ('ILS', 'ILA')) then 0.01
      end::double precision as unit
    from market.corporate_action_version as action
    join market.instrument using (instrument_id)
    join market.exchange using (mic)
    join ingest.provider as source on source.provider = action.provider
    join ingest.raw_response as response on response.raw_response_id = action.raw_response_id
    where action.instrument_id = p_instrument_id
  )
  select
    version.action_type, version.ex_date,
    version.amount::double precision * version.unit * case
      when version.action_type = 'split' or version.amount_basis is null then 1
      else (
        select market.product(split.amount::double precision)
        from version as split
        where split.action_type = 'split' and split.ex_date > version.ex_date and split.ex_date <= version.amount_basis
          and split.known_from <= version.fetched_at and (split.known_to is null or version.fetched_at < split.known_to)
      )
    end,
    version.known_from, version.provider
  from version
  where version.known_from <= p_as_of and (version.known_to is null or p_as_of < version.known_to)
    and version.ex_date <= version.as_of_date
    and version.unit is not null
  order by version.ex_date, version.action_type;
end;

comment on function market.known_actions(bigint, timestamptz) is
'Splits (new shares per old share) and dividends (in the currency of the instrument, per share of the ex-date, also where the provider gives them per share of today) with an ex-date up to p_as_of, as known then.
Dividends in a currency other than that of the prices are left out; pounds and pence, rand and cents, shekels and agorot go together. No row for an unknown instrument or NULL.';

revoke all on function market.known_actions(bigint, timestamptz) from public;
grant execute on function market.known_actions(bigint, timestamptz) to marketbase_reader;
--! EndIncluded market/action/known_actions.sql
--! Included market/calendar/calendar_days.sql
-- The days on which an exchange does not keep its regular hours, and why.
create or replace function market.calendar_days(p_mic text, p_from date, p_to date)
returns table (session_date date, effect text, close_time interval, reason text)
language sql stable strict parallel safe
rows 20
begin atomic
  with keeper as (
    select coalesce(exchange.calendar_mic, exchange.mic) as mic from market.exchange where exchange.mic = p_mic
  ), named as (
    select
      rule.*,
      case
        when rule.easter_offset is not null then market.easter_sunday(year) + rule.easter_offset
        when rule.day is not null then make_date(year, rule.month, rule.day)
        else market.nth_weekday(year, rule.month, rule.weekday, rule.nth)
      end + rule.day_offset as named_date
    from keeper
    join market.calendar_rule as rule using (mic)
    -- A date may be moved into the neighbouring year.
    cross join generate_series(extract(year from p_from)::integer - 1, extract(year from p_to)::integer + 1) as year
    where year between rule.from_year and rule.to_year
  ), kept as (
    select
      named.rule, named.effect, named.close_time, named.only_on,
      named.named_date + case extract(isodow from named.named_date) when 6 then named.saturday_shift when 7 then named.sunday_shift else 0 end as session_date
    from named
  )
  select exception.session_date, exception.effect, exception.close_time, exception.reason
  from keeper
  join market.calendar_exception as exception using (mic)
  where exception.session_date between p_from and p_to
  union all
  (
    -- On a holiday nobody closes early.
    select distinct on (kept.session_date) kept.session_date, kept.effect, kept.close_time, kept.rule
    from kept
    where kept.session_date between p_from and p_to
      and (kept.only_on is null or extract(isodow from kept.session_date)::integer = any (kept.only_on))
      and not exists (
        select from keeper join market.calendar_exception as exception using (mic) where exception.session_date = kept.session_date
      )
    order by kept.session_date, kept.effect, kept.close_time, kept.rule
  )
  order by 1;
end;

comment on function market.calendar_days(text, date, date) is
'Holidays, early closes and other exceptions of an exchange from p_from to p_to, both included, by market.calendar_rule and market.calendar_exception: effect is closed, early_close (at close_time, local) or open (a regular session although a rule says otherwise).
A holiday on a day on which the exchange never trades, such as a Sunday, is among them. No row for an exchange without rules or NULL.';

revoke all on function market.calendar_days(text, date, date) from public;
grant execute on function market.calendar_days(text, date, date) to marketbase_reader;
--! EndIncluded market/calendar/calendar_days.sql
--! Included market/calendar/calendar_sessions.sql
-- The sessions of an exchange, by its hours, rules and exceptions.
create or replace function market.calendar_sessions(p_mic text, p_from date, p_to date) returns setof market.trading_session
language sql stable strict parallel safe
begin atomic
  select
    exchange.mic,
    day.session_date,
    (day.session_date + hours.open_time) at time zone exchange.time_zone,
    (day.session_date + close.close_time) at time zone exchange.time_zone,
    close.close_time < hours.close_time,
    case when close.close_time > hours.break_end then (day.session_date + hours.break_start) at time zone exchange.time_zone end,
    case when close.close_time > hours.break_end then (day.session_date + hours.break_end) at time zone exchange.time_zone end,
    null::bigint
  from market.exchange
  cross join lateral (select p_from + n as session_date from generate_series(0, p_to - p_from) as n) as day
  join lateral (
    select since.*
    from market.calendar_hours as since
    where since.mic = coalesce(exchange.calendar_mic, exchange.mic) and since.valid_from <= day.session_date
    order by since.valid_from desc
    limit 1
  ) as hours on extract(isodow from day.session_date)::integer = any (hours.weekdays)
  left join market.calendar_days(p_mic, p_from, p_to) as special on special.session_date = day.session_date
  cross join lateral (select least(special.close_time, hours.close_time) as close_time) as close
  where exchange.mic = p_mic and special.effect is distinct from 'closed'
  order by day.session_date;
end;

comment on function market.calendar_sessions(text, date, date) is
'The regular sessions of an exchange from p_from to p_to, both included, with open, close and break, by market.calendar_hours, market.calendar_rule and market.calendar_exception; future years follow the rules of today.
New York (XNYS, and XNAS, ARCX, OTCM, XASE, which keep its hours) is good from 1990, London (XLON) from 1990, currencies (FX24) have a session from 17:00 to 17:00 New York time on Monday to Friday.
market.trading_session holds these sessions, or those of an imported file. No row for an exchange without rules, for NULL or when p_to lies before p_from.';

revoke all on function market.calendar_sessions(text, date, date) from public;
grant execute on function market.calendar_sessions(text, date, date) to marketbase_reader;
--! EndIncluded market/calendar/calendar_sessions.sql
--! Included market/calendar/exchange_mic.sql
-- From what people call an exchange to its code.
create or replace function market.exchange_mic(p_name text) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  given constant text := upper(btrim(p_name));
  found_mic text;
begin
  select exchange.mic into found_mic
  from market.exchange
  where exchange.mic = given or given = any (exchange.aliases)
  order by exchange.mic <> given, exchange.mic
  limit 1;
  if found_mic is null then
    raise exception using
      errcode = 'MB002',
      message = format('there is no exchange "%s"', coalesce(left(p_name, 32), 'NULL')),
      hint = format('Known are %s, and names such as NYSE, LSE, FX and crypto.', (select string_agg(exchange.mic, ', ' order by exchange.mic) from market.exchange));
  end if;
  return found_mic;
end
$$;

comment on function market.exchange_mic(text) is
'The market identifier code of an exchange, from the code itself or one of its other names (NYSE, LSE, FX, crypto), in any case. MB002 with the known codes as hint for any other name and NULL.';

revoke all on function market.exchange_mic(text) from public;
grant execute on function market.exchange_mic(text) to marketbase_reader;
--! EndIncluded market/calendar/exchange_mic.sql
--! Included market/calendar/nth_weekday.sql
-- "The third Monday of January", as holidays are defined.
create or replace function market.nth_weekday(p_year integer, p_month integer, p_isodow integer, p_n integer) returns date
language sql immutable strict parallel safe
begin atomic
  select case
    when p_n > 0 then month.first_day + (p_isodow - extract(isodow from month.first_day)::integer + 7) % 7 + 7 * (p_n - 1)
    else month.last_day - (extract(isodow from month.last_day)::integer - p_isodow + 7) % 7 + 7 * (p_n + 1)
  end
  from (
    select make_date(p_year, p_month, 1) as first_day, (make_date(p_year, p_month, 1) + interval '1 month' - interval '1 day')::date as last_day
  ) as month;
end;

comment on function market.nth_weekday(integer, integer, integer, integer) is
'The n-th given weekday of a month: p_isodow is 1 for Monday to 7 for Sunday, p_n counts from 1, or from -1 back from the end of the month. NULL for NULL.';

revoke all on function market.nth_weekday(integer, integer, integer, integer) from public;
grant execute on function market.nth_weekday(integer, integer, integer, integer) to marketbase_reader;
--! EndIncluded market/calendar/nth_weekday.sql
--! Included market/calendar/refresh_sessions.sql
-- Stores the sessions that the rules of an exchange make.
create or replace function market.refresh_sessions(p_mic text, p_from date default '1990-01-01', p_to date default '2035-12-31') returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  known constant market.trading_session[] := array(select made from market.calendar_sessions(p_mic, p_from, p_to) as made);
  removed bigint;
  written bigint;
begin
  if exists (select from market.trading_session where mic = p_mic and run_id is not null)
    or cardinality(known) = 0 then
    return 0;
  end if;
  delete from market.trading_session as session
  where session.mic = p_mic and session.session_date between p_from and p_to
    and session.session_date not in (select made.session_date from unnest(known) as made);
  get diagnostics removed = row_count;
  insert into market.trading_session as session (mic, session_date, open_at, close_at, is_half_day, break_start, break_end)
  select made.mic, made.session_date, made.open_at, made.close_at, made.is_half_day, made.break_start, made.break_end
  from unnest(known) as made
  on conflict (mic, session_date) do update
  set open_at = excluded.open_at, close_at = excluded.close_at, is_half_day = excluded.is_half_day,
    break_start = excluded.break_start, break_end = excluded.break_end
  where (session.open_at, session.close_at, session.is_half_day, session.break_start, session.break_end)
    is distinct from (excluded.open_at, excluded.close_at, excluded.is_half_day, excluded.break_start, excluded.break_end);
  get diagnostics written = row_count;
  update market.exchange set calendar = 'sessions' where mic = p_mic and calendar <> 'sessions';
  return removed + written;
end
$$;

comment on function market.refresh_sessions(text, date, date) is
'Makes market.trading_session say from p_from to p_to what the hours, rules and exceptions of the exchange say now, and gives how many sessions that changed. Sessions that a file brought are left alone: 0, as for an exchange without rules.
For the owner: rows of market.calendar_rule and its neighbours are changed by migrations.';

revoke all on function market.refresh_sessions(text, date, date) from public;
--! EndIncluded market/calendar/refresh_sessions.sql
--! Included market/calendar/session_dates.sql
-- The days on which an exchange trades, whatever is known of its calendar. Not strict, so that it is inlined.
create or replace function market.session_dates(p_mic text, p_from date, p_to date) returns setof date
language sql stable parallel safe
begin atomic
  select session.session_date
  from market.exchange
  join market.trading_session session using (mic)
  where exchange.mic = p_mic and exchange.calendar = 'sessions' and session.session_date between p_from and p_to
  union all
  select p_from + n
  from market.exchange
  cross join generate_series(0, p_to - p_from) as n
  where exchange.mic = p_mic
    and (exchange.calendar = 'always' or exchange.calendar = 'weekdays' and extract(isodow from p_from + n) < 6)
  order by 1;
end;

comment on function market.session_dates(text, date, date) is
'Days on which the exchange trades, from p_from to p_to, both included, in order: its rows of market.trading_session, or every weekday where no calendar is known, or every day where it never closes.
No row for an unknown exchange or NULL.';

revoke all on function market.session_dates(text, date, date) from public;
grant execute on function market.session_dates(text, date, date) to marketbase_reader;
--! EndIncluded market/calendar/session_dates.sql
--! Included market/filing/filing_known_from.sql
-- From when a filing is public.
create or replace function market.filing_known_from(p_filed date, p_accepted timestamptz default null) returns timestamptz
language sql immutable parallel safe
-- A zone by name: its rules for past years do not change.
return case
  when p_accepted is null then (p_filed + 1)::timestamp at time zone 'America/New_York'
  else greatest(p_accepted, (p_filed + time '06:00') at time zone 'America/New_York')
end;

comment on function market.filing_known_from(date, timestamptz) is
'From when a filing with the date p_filed, accepted by EDGAR at p_accepted, is public. EDGAR publishes what it accepts at once, but what it accepts after 17:30 New York time for the next business day only at 6:00 of that day; so it is
the later of both. Where p_accepted is NULL: the start of the day after p_filed, New York time. NULL for a NULL date. Source: EDGAR Filer Manual, volume II, on acceptance and dissemination.';

revoke all on function market.filing_known_from(date, timestamptz) from public;
grant execute on function market.filing_known_from(date, timestamptz) to marketbase_reader;
--! EndIncluded market/filing/filing_known_from.sql
--! Included market/fundamental/concept_values.sql
-- Every value of a concept that was ever filed, whatever its tag, with the time during which it was the one to know.
create or replace function market.concept_values(p_instrument_ids bigint[], p_concepts text[] default null) returns setof market.concept_value
language sql stable parallel safe
rows 1000
-- Facts are found by their key, whatever its caller prefers.
set enable_nestloop to on
begin atomic
  with source as (
    select
      tag.concept, concept.kind, concept.unit, tag.priority, tag.taxonomy, tag.tag, tag.weight,
      count(*) over (partition by tag.concept, tag.priority) as tag_count,
      string_agg(case tag.weight when -1 then ' - ' else ' + ' end || tag.tag, '') over (
        partition by tag.concept, tag.priority order by tag.weight desc, tag.tag desc rows between unbounded preceding and unbounded following
      ) as formula
    from market.concept_tag tag
    join market.fundamental_concept concept using (concept)
    where p_concepts is null or tag.concept = any (p_concepts)
  ), filed as (
    select
      fact.instrument_id, source.concept, source.kind, source.priority, ltrim(source.formula, ' +') as formula, source.tag_count, source.weight,
      fact.period_start, fact.period_end, fact.value, fact.filed, fact.known_from,
      -- One number for what belongs together, which is found faster than five columns are.
      dense_rank() over (order by fact.instrument_id, source.concept, source.priority, fact.period_start, fact.period_end) as place,
      -- Filings may arrive out of order: the next version known ends one, as in market.company_fundamental_version.
      least(fact.known_to, lead(fact.known_from) over (
        partition by fact.instrument_id, source.concept, source.priority, source.taxonomy, source.tag, fact.period_start, fact.period_end
        order by fact.known_from, fact.version
      )) as known_to
    from source
    cross join lateral (
      select current.instrument_id, current.period_start, current.period_end, current.version, current.value, current.filed, current.known_from,
        null::timestamptz as known_to
      from market.company_fundamental current
      where current.instrument_id = any (p_instrument_ids)
        and current.taxonomy = source.taxonomy and current.concept = source.tag and current.unit = source.unit
      union all
      select history.instrument_id, history.period_start, history.period_end, history.version, history.value, history.filed, history.known_from,
        history.known_to
      from market.company_fundamental_history history
      where history.instrument_id = any (p_instrument_ids) and history.known_to > history.known_from
        and history.taxonomy = source.taxonomy and history.concept = source.tag and history.unit = source.unit
    ) as fact
  ), change as (
    -- Tags that count together change when one of them does.
    select filed.place, edge.moment as known_from, lead(edge.moment) over (partition by filed.place order by edge.moment) as known_to
    from filed
    cross join lateral (values (filed.known_from), (filed.known_to)) as edge (moment)
    where filed.tag_count > 1 and edge.moment is not null
    group by filed.place, edge.moment
  )
  select instrument_id, concept, kind, priority, formula, period_start, period_end, value, filed, known_from, known_to
  from filed
  where tag_count = 1
  union all
  select
    part.instrument_id, part.concept, part.kind, part.priority, part.formula, part.period_start, part.period_end,
    sum(part.weight * part.value), max(part.filed), change.known_from, change.known_to
  from change
  join filed as part
    on part.place = change.place and part.known_from <= change.known_from and (part.known_to is null or part.known_to > change.known_from)
  group by
    change.place, change.known_from, change.known_to, part.instrument_id, part.concept, part.kind, part.priority, part.formula, part.period_start,
    part.period_end, part.tag_count
  having count(*) = part.tag_count;
end;

comment on function market.concept_values(bigint[], text[]) is
'Every value of the concepts p_concepts (NULL: all of market.fundamental_concept) that the companies p_instrument_ids ever filed, by the tags of market.concept_tag: one row for each priority, period and version.
Tags of one priority give their sum, from when all of them were known. Values are as filed: not adjusted for splits, and in the unit of the concept. No row for NULL as instruments.';

revoke all on function market.concept_values(bigint[], text[]) from public;
grant execute on function market.concept_values(bigint[], text[]) to marketbase_reader;
--! EndIncluded market/fundamental/concept_values.sql
--! Included market/fundamental/known_fundamental.sql
-- What could be known of the figures of companies, from when to when: quarters, years and twelve months, put together from what had been filed by then.
create or replace function market.known_fundamental(
  p_instrument_ids bigint[],
  p_concepts text[] default null,
  p_from timestamptz default null,
  p_to timestamptz default null
) returns setof market.known_figure
language sql stable parallel safe
rows 1000
-- The planner takes the intermediate results for one row each, and would compare every one with every other.
set enable_nestloop to off
begin atomic
  with split as materialized (
    select action.instrument_id, action.ex_date, action.known_from, action.amount::double precision as ratio
    from market.corporate_action action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'split'
  ),
  -- A series is a concept of a company: one number is found and sorted faster than the two.
  filed as materialized (
    select value.*, dense_rank() over (order by value.instrument_id, value.concept)::integer as series
    from market.concept_values(p_instrument_ids, p_concepts) as value
    where (value.known_to is null or p_from is null or value.known_to > p_from) and (p_to is null or value.known_from <= p_to)
      and (value.period_end = value.period_start) = (value.kind in ('balance', 'shares'))
  ),
  -- A filing speaks in the shares of its day: with each split its value is another one.
  value as materialized (
    select series, kind, priority, formula, period_start, period_end, value, filed, known_from, known_to
    from filed
    where kind not in ('flow per share', 'shares')
    union all
    select
      filed.series, filed.kind, filed.priority, filed.formula, filed.period_start, filed.period_end,
      case filed.kind when 'shares' then filed.value * later.ratio else filed.value / later.ratio end,
      filed.filed, piece.known_from,
      lead(piece.known_from, 1, filed.known_to) over (
        partition by filed.series, filed.priority, filed.period_start, filed.period_end, filed.known_from order by piece.known_from
      )
    from filed
    cross join lateral (
      select filed.known_from
      union
      select split.known_from
      from split
      where split.instrument_id = filed.instrument_id and split.ex_date > filed.filed
        and split.known_from > filed.known_from and split.known_from < coalesce(filed.known_to, 'infinity')
    ) as piece
    cross join lateral (
      select market.product(split.ratio)::numeric as ratio
      from split
      where split.instrument_id = filed.instrument_id and split.ex_date > filed.filed and split.known_from <= piece.known_from
    ) as later
    where filed.kind in ('flow per share', 'shares')
  ),
  -- The moments at which something changes, numbered over all series, each with the latest period that had been reported by then.
  change as (
    select series, greatest(known_from, p_from) as known_from, period_end from value where p_to is null or known_from <= p_to
    union all
    select series, known_to, null from value where known_to <= coalesce(p_to, 'infinity') and (p_from is null or known_to > p_from)
  ), moment as materialized (
    select change.series, change.known_from, change.latest_end, row_number() over (order by change.series, change.known_from)::integer as moment
    from (select distinct series, known_from, max(period_end) over (partition by series order by known_from) as latest_end from change) as change
  ), calendar as (
    select
      series, min(moment) - 1 as before, count(*)::integer as moments, array_agg(known_from order by moment) as known_from,
      array_agg(latest_end order by moment) as latest_end
    from moment
    group by series
  ),
  -- What was known at each moment: of flows the last two years, of what is on a day enough for a year ago. A value counts from its own moment until that of
  -- the next one, or until it is too old. A company may use several tags: the one of the latest period goes before the others.
  candidate as (
    select
      calendar.before + place.number as moment, value.kind, value.priority, value.formula, value.period_start, value.period_end, value.value, value.filed,
      first_value(value.priority) over (partition by calendar.before + place.number order by value.period_end desc, value.priority) as priority_in_use
    from value
    join calendar using (series)
    cross join lateral generate_series(
      width_bucket(greatest(value.known_from, p_from), calendar.known_from),
      least(
        width_bucket(value.period_end + case when value.kind in ('balance', 'shares') then 500 else 760 end - 1, calendar.latest_end),
        case when value.known_to <= calendar.known_from[calendar.moments] then width_bucket(value.known_to, calendar.known_from) - 1 else calendar.moments end
      )
    ) as place (number)
    where (p_to is null or value.known_from <= p_to) and (p_from is null or value.known_to is null or value.known_to > p_from)
  ), known as materialized (
    select chosen.*, max(chosen.period_end) filter (where chosen.months in (0, 3, 6, 9, 12)) over (partition by chosen.moment) as latest_end
    from (
      select distinct on (candidate.moment, candidate.period_start, candidate.period_end)
        candidate.moment, candidate.kind = 'flow per share' as is_per_share, candidate.formula, candidate.filed, candidate.period_start,
        candidate.period_end, round((candidate.period_end - candidate.period_start) / 30.4375)::integer as months, candidate.value
      from candidate
      order by candidate.moment, candidate.period_start, candidate.period_end, candidate.priority <> candidate.priority_in_use, candidate.priority
    ) as chosen
  ),
  -- Quarters: as filed, or the year to date less the year to the quarter before, or the fiscal year less its three others.
  stretch as materialized (
    select
      moment, is_per_share, period_start, period_end, months, value, latest_end,
      lag(months) over to_date as months_before, lag(value) over to_date as value_before, lag(period_end) over to_date as end_before
    from known
    where months in (3, 6, 9, 12)
    window to_date as (partition by moment, period_start order by period_end)
  ), part_quarter as materialized (
    select moment, is_per_share, period_start, period_end, value, latest_end, 1 as choice from stretch where months = 3
    union all
    select moment, is_per_share, end_before + 1, period_end, value - value_before, latest_end, 2 from stretch where months = months_before + 3
  ), quarter as materialized (
    select distinct on (moment, period_end) moment, is_per_share, period_start, period_end, value, latest_end
    from (
      select * from part_quarter
      union all
      select year.moment, year.is_per_share, max(other.period_end) + 1, year.period_end, year.value - sum(other.value), year.latest_end, 3
      from stretch as year
      join part_quarter as other
        on other.moment = year.moment and other.period_start >= year.period_start and other.period_end < year.period_end and other.choice = 1
      where year.months = 12
      group by year.moment, year.is_per_share, year.period_end, year.value, year.latest_end
      having count(*) = 3
    ) as candidate
    order by moment, period_end, choice
  ),
  -- Twelve months, up to the latest period or the one a year before: a fiscal year as filed. Else of amounts the last fiscal year and the year to date less
  -- that of the year before, which filings restate together; of figures per share, which do not add up over unequal share counts, four quarters in a row,
  -- as everybody quotes them. Else the other way.
  twelve_months as (
    select distinct on (moment, period_end) moment, period_end, value, latest_end
    from (
      select moment, period_end, value, latest_end, 1 as choice from stretch where months = 12
      union all
      select
        year.moment, to_date.period_end, year.value + to_date.value - before.value, year.latest_end, case when year.is_per_share then 3 else 2 end
      from stretch as year
      join stretch as to_date
        on to_date.moment = year.moment and to_date.period_start = year.period_end + 1 and to_date.months < 12
        and (to_date.period_end = to_date.latest_end or to_date.period_end between to_date.latest_end - 380 and to_date.latest_end - 350)
      join stretch as before
        on before.moment = year.moment and before.period_start = year.period_start and before.months = to_date.months
      where year.months = 12
      union all
      select
        moment, period_end, sum(value) over last_four, latest_end,
        case
          when count(*) over last_four = 4 and period_end - first_value(period_start) over last_four between 350 and 380
            then case when is_per_share then 2 else 3 end
        end
      from quarter
      window last_four as (partition by moment order by period_end rows 3 preceding)
    ) as candidate
    where choice is not null and (period_end = latest_end or period_end between latest_end - 380 and latest_end - 350)
    order by moment, period_end, choice
  ),
  -- What a figure is put together from. A balance counts as twelve months: it is what there is a year before.
  part as (
    select moment, 'period' as role, period_end, value, latest_end, formula, filed from known where period_end = latest_end and months in (0, 3, 6, 9, 12)
    union all
    select moment, 'latest', period_end, value, latest_end, null, null from known where months = 0 and period_end = latest_end
    union all
    select moment, 'latest', period_end, value, latest_end, null, null from quarter where period_end = latest_end
    union all
    select moment, 'fiscal year', period_end, value, latest_end, null, null from stretch where months = 12
    union all
    select moment, 'twelve months', period_end, value, latest_end, null, null from twelve_months where period_end = latest_end
    union all
    select moment, 'year ago', period_end, value, latest_end, null, null from twelve_months where period_end < latest_end
    union all
    select moment, 'year ago', period_end, value, latest_end, null, null
    from known
    where months = 0 and period_end between latest_end - 380 and latest_end - 350
  ), figure as (
    select
      moment, max(latest_end) as period_end,
      max(value) filter (where role = 'latest') as value_latest,
      (array_agg(value order by period_end desc) filter (where role = 'fiscal year'))[1] as value_annual,
      max(value) filter (where role = 'twelve months') as value_ttm,
      (array_agg(value order by period_end desc) filter (where role = 'year ago'))[1] as value_year_ago,
      min(formula) as tag,
      max(filed) as filed
    from part
    group by moment
  ), changed as (
    -- A filing that says nothing new about the figure makes no row.
    select
      moment.series, moment.known_from, figure.*,
      row(figure.period_end, value_latest, value_annual, value_ttm, value_year_ago, tag, filed) is distinct from
        lag(row(figure.period_end, value_latest, value_annual, value_ttm, value_year_ago, tag, filed)) over (partition by moment.series order by moment)
        as is_changed
    from figure
    join moment using (moment)
  )
  select
    named.instrument_id, named.concept, changed.known_from, lead(changed.known_from) over (partition by changed.series order by changed.known_from),
    changed.period_end, changed.value_latest, changed.value_annual, changed.value_ttm, changed.value_year_ago, changed.tag, changed.filed
  from changed
  join (select distinct series, instrument_id, concept from filed) as named using (series)
  where changed.is_changed
  order by named.instrument_id, named.concept, changed.known_from;
end;

comment on function market.known_fundamental(bigint[], text[], timestamptz, timestamptz) is
'What could be known of the concepts p_concepts (NULL: all of market.fundamental_concept) of the companies p_instrument_ids: one row each time a filing changed it, from known_from until known_to. Join it to bars by known_from <= moment.
p_from, p_to: the moments of interest (NULL: no limit); what was known at p_from is then a row that begins there.
Each figure is the one that had last been filed for its period by then, restated or not. Where a company has reported the latest period under several tags the first of market.concept_tag counts, for earlier periods too where they have it.
A quarter is as filed, else the year to date less the year to the quarter before, else the fiscal year less its other three. Twelve months are a fiscal year as filed, else the last fiscal year
and the year to date less the same stretch of the year before, else four quarters in a row; of figures per share the quarters go before. NULL where none of these is known.
Shares and figures per share count in the shares of known_from: as filed, times or divided by the splits of market.corporate_action since the filing, which itself speaks in the shares of its day (SEC, Staff Accounting Bulletin, topic 4.C).
Where no splits are on record they are as filed. Periods are told by their length: 3, 6, 9 or 12 months, give or take two weeks.';

revoke all on function market.known_fundamental(bigint[], text[], timestamptz, timestamptz) from public;
grant execute on function market.known_fundamental(bigint[], text[], timestamptz, timestamptz) to marketbase_reader;
--! EndIncluded market/fundamental/known_fundamental.sql
--! Included market/fundamental/statement.sql
-- A statement of a company for years, quarters or twelve months, as it could be known at a moment.
create or replace function market.statement(
  p_symbol text,
  p_kind text,
  p_period text default 'annual',
  p_as_of timestamptz default now()
) returns setof market.statement_line
language plpgsql stable parallel safe
rows 500
-- The planner takes the intermediate results for one row each, and would compare every one with every other.
set enable_nestloop to off
-- Compiling the query would take longer than running it.
set jit to off
set search_path to pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if p_kind is null or p_kind not in ('income', 'balance', 'cash_flow') then
    raise exception using
      errcode = 'MB001',
      message = format('there is no statement "%s"', coalesce(p_kind, 'null')),
      hint = 'Statements: income, balance, cash_flow.';
  end if;
  if p_period is null or p_period not in ('annual', 'quarterly', 'trailing') then
    raise exception using
      errcode = 'MB001',
      message = format('there is no period "%s"', coalesce(p_period, 'null')),
      hint = 'Periods: annual, quarterly, trailing (twelve months up to each quarter).';
  end if;

  return query
  with known as materialized (
    -- Revenue, net income and operating cash flow tell where years and quarters end, also to the balance sheet.
    select value.*
    from market.statement_values(market.instrument_id(p_symbol), p_as_of, (
      select array_agg(distinct line.item) from market.statement_item line where line.statement = p_kind or line.item in ('revenue', 'net_income', 'operating_cash_flow')
    )) as value
  ),
  -- Quarters: as filed, or the year to date less the year to the quarter before; of cash flows, which companies report to date, the other way round.
  -- The tag in use goes before others, whose meaning may be narrower.
  stretch as (
    select
      known.*,
      lag(known.months) over to_date as months_before, lag(known.value) over to_date as value_before, lag(known.period_end) over to_date as end_before,
      lag(known.filed) over to_date as filed_before, lag(known.known_from) over to_date as known_before,
      lag(known.is_usual_tag) over to_date as was_usual_tag,
      count(*) over same_start = max(known.months) over same_start / 3 as is_gapless
    from known
    where known.months in (3, 6, 9, 12)
    window
      to_date as (partition by known.item, known.period_start order by known.period_end),
      same_start as (partition by known.item, known.period_start)
  ), part as (
    select distinct on (candidate.item, candidate.period_end) candidate.*
    from (
      select item, measure, period_start, period_end, value, unit, 'filed' as basis,
        case when is_usual_tag then 2 else 5 end as choice, tag, filed, known_from
      from stretch
      where months = 3
      union all
      select
        item, measure, end_before + 1, period_end, value - value_before, unit, 'year to date',
        case when p_kind = 'cash_flow' and is_gapless then 1 else 3 end + case when is_usual_tag and was_usual_tag then 0 else 3 end, tag,
        greatest(filed, filed_before), greatest(known_from, known_before)
      from stretch
      where months = months_before + 3 and measure <> 'average shares'
    ) as candidate
    order by candidate.item, candidate.period_end, candidate.choice, candidate.period_start
  ),
  -- Of the fourth quarter most companies file the year alone. One under another tag than the year would not go with it.
  quarter as (
    select distinct on (candidate.item, candidate.period_end) candidate.*
    from (
      select
        part.item, part.measure, part.period_start, part.period_end, part.value, part.unit, part.basis,
        case when year.tag <> part.tag and part.choice > 3 then 8 else part.choice end as choice, part.tag, part.filed, part.known_from
      from part
      left join stretch as year on year.item = part.item and year.period_end = part.period_end and year.months = 12
      union all
      select
        year.item, year.measure, max(other.period_end) + 1, year.period_end, year.value - sum(other.value), year.unit, 'year less quarters', 7, year.tag,
        greatest(year.filed, max(other.filed)), greatest(year.known_from, max(other.known_from))
      from stretch as year
      join part as other
        on other.item = year.item and other.period_start > year.period_start - 15 and other.period_end < year.period_end - 15
      where year.months = 12 and year.measure <> 'average shares'
      group by year.item, year.measure, year.period_start, year.period_end, year.value, year.unit, year.tag, year.filed, year.known_from
      having count(*) = 3
    ) as candidate
    order by candidate.item, candidate.period_end, candidate.choice, candidate.period_start
  ), twelve_months as (
    select distinct on (candidate.item, candidate.period_end) candidate.*
    from (
      select item, measure, period_start, period_end, value, unit, 'filed' as basis, 1 as choice, tag, filed, known_from from stretch where months = 12
      union all
      select
        item, measure, first_value(period_start) over last_four, period_end,
        case measure when 'average shares' then round(avg(value) over last_four) else sum(value) over last_four end,
        unit, 'four quarters',
        case when count(*) over last_four = 4 and period_end - first_value(period_start) over last_four between 350 and 380 then 2 end,
        tag, max(filed) over last_four, max(known_from) over last_four
      from quarter
      window last_four as (partition by item order by period_end rows 3 preceding)
    ) as candidate
    where candidate.choice is not null
    order by candidate.item, candidate.period_end, candidate.choice
  ), duration as (
    select item, period_start, period_end, value, unit, basis, tag, filed, known_from from twelve_months where p_period = 'trailing'
    union all
    select item, period_start, period_end, value, unit, basis, tag, filed, known_from from quarter where p_period = 'quarterly'
    union all
    select item, period_start, period_end, value, unit, 'filed', tag, filed, known_from from stretch where p_period = 'annual' and months = 12
  ),
  -- Where the periods end: of ends that lie close together that of which most is known; of a company that filed balance sheets alone, their days.
  counted as (
    select period_end, mode() within group (order by period_start) as period_start, count(*) as lines from duration group by period_end
    union all
    select period_end, period_end, count(*)
    from known
    where months = 0 and (is_yearly or p_period <> 'annual') and not exists (select from duration)
    group by period_end
  ), period as (
    select counted.period_end
    from counted
    where not exists (
      select from counted as other
      where other.period_end <> counted.period_end and abs(other.period_end - counted.period_end) < case p_period when 'annual' then 300 else 45 end
        and (other.lines, other.period_end) > (counted.lines, counted.period_end)
    )
  ), figure as (
    select duration.* from duration
    union all
    select item, period_start, period_end, value, unit, 'filed', tag, filed, known_from from known where months = 0
  )
  select
    line.statement, figure.period_start, figure.period_end, line.position, line.item, line.title, figure.value, figure.unit, figure.basis, figure.tag,
    figure.filed, figure.known_from
  from market.statement_item line
  join figure on figure.item = line.item
  join period on period.period_end = figure.period_end
  where line.statement = p_kind
  order by figure.period_end, line.position;
end
$$;

comment on function market.statement(text, text, text, timestamptz) is
'A statement of a company as it could be known at p_as_of. p_kind: income, balance or cash_flow; p_period: annual, quarterly, or trailing (twelve months up to the end of each quarter). One row for each period and line of market.statement_item
that is known; each is the value last filed for its period by then, restated or not, under the tags of market.statement_tag. Periods go by their first and last day; fiscal year and period of a filing are not trusted.
A quarter is as filed, else the year to date less the year to the quarter before (of cash flows first this), else the year less its other three quarters; twelve months are a fiscal year as filed, else four quarters in a row. Average shares of a fourth quarter are not
derived; those of twelve months are the mean of four quarters. Figures per share of a derived quarter are differences of rounded figures, which are close and not exact.
Balances are those of the days on which years or quarters end. All is from one provider and in one currency (see market.statement_values). MB001 for another statement or period, MB002 for an unknown symbol.';

revoke all on function market.statement(text, text, text, timestamptz) from public;
grant execute on function market.statement(text, text, text, timestamptz) to marketbase_reader;
--! EndIncluded market/fundamental/statement.sql
--! Included market/fundamental/statement_values.sql
-- The lines of the statements as they had been filed by a moment, each under the tag that counts.
create or replace function market.statement_values(p_instrument_id bigint, p_as_of timestamptz, p_items text[])
returns table (
  item text,
  measure text,
  period_start date,
  period_end date,
  months integer,
  value numeric,
  unit text,
  tag text,
  filed date,
  known_from timestamptz,
  is_yearly boolean,
  is_usual_tag boolean
)
language sql stable parallel safe
rows 1000
-- Facts are found by their key, whatever its caller prefers.
set enable_nestloop to on
-- Compiling the query would take longer than running it.
set jit to off
begin atomic
  with line as (
    select distinct line.item, line.measure from market.statement_item line where line.item = any (p_items)
  ), source as (
    select
      line.item, line.measure, tag.priority, tag.taxonomy, tag.tag, tag.weight,
      count(*) over same as tag_count,
      string_agg(case tag.weight when -1 then ' - ' else ' + ' end || tag.tag, '') over (
        same order by tag.weight desc, tag.tag desc rows between unbounded preceding and unbounded following
      ) as formula
    from line
    join market.statement_tag tag using (item)
    window same as (partition by tag.item, tag.taxonomy, tag.priority)
  ), version as (
    select
      source.item, source.measure, source.priority, source.taxonomy, source.weight, source.tag_count,
      case when source.formula like ' - %' then '- ' || substr(source.formula, 4) else substr(source.formula, 4) end as formula,
      fact.period_start, fact.period_end, fact.unit, fact.value, fact.filed, fact.known_from, fact.form, fact.provider,
      -- Filings may arrive out of order: the next version known ends one, as in market.company_fundamental_version.
      least(fact.known_to, lead(fact.known_from) over (
        partition by source.item, source.priority, source.taxonomy, source.tag, fact.unit, fact.period_start, fact.period_end
        order by fact.known_from, fact.version
      )) as known_to
    from source
    cross join lateral (
      select current.period_start, current.period_end, current.version, current.unit, current.value, current.filed, current.known_from,
        null::timestamptz as known_to, current.form, current.provider
      from market.company_fundamental current
      where current.instrument_id = p_instrument_id and current.taxonomy = source.taxonomy and current.concept = source.tag
      union all
      select history.period_start, history.period_end, history.version, history.unit, history.value, history.filed, history.known_from,
        history.known_to, history.form, history.provider
      from market.company_fundamental_history history
      where history.instrument_id = p_instrument_id and history.taxonomy = source.taxonomy and history.concept = source.tag
        and history.known_to > history.known_from
    ) as fact
    where (fact.period_end = fact.period_start) = (source.measure in ('balance', 'shares'))
  ), said as materialized (
    select version.*, provider.priority as provider_priority
    from version
    join ingest.provider using (provider)
    where version.known_from <= p_as_of and (version.known_to is null or p_as_of < version.known_to)
  ),
  -- One source and one currency for all: figures of two providers, or in two currencies, do not add up.
  chosen as (
    select said.taxonomy from said group by said.taxonomy order by min(said.provider_priority), count(*) desc, said.taxonomy limit 1
  ), currency as (
    select mode() within group (order by said.unit) as code
    from said
    join chosen using (taxonomy)
    where said.measure in ('flow', 'balance') and said.unit ~ '^[A-Z]{3}$'
  ), filed as (
    select
      said.item, said.measure, said.priority, said.formula, said.period_start, said.period_end, said.unit,
      sum(said.weight * said.value) as value, max(said.filed) as filed, max(said.known_from) as known_from,
      bool_or(said.form ~ '^(10-K|20-F|40-F|annual)') as is_yearly
    from said
    join chosen using (taxonomy)
    cross join currency
    where said.unit = case when said.measure in ('flow', 'balance') then currency.code when said.measure = 'flow per share' then currency.code || '/shares' else 'shares' end
    group by said.item, said.measure, said.priority, said.formula, said.tag_count, said.period_start, said.period_end, said.unit
    having count(*) = said.tag_count
  ),
  -- A company may use several tags: the one of its latest period goes before the others, then the preferred one.
  ranked as (
    select filed.*, first_value(filed.priority) over (partition by filed.item order by filed.period_end desc, filed.priority) as priority_in_use
    from filed
  ), picked as (
    select distinct on (ranked.item, ranked.period_start, ranked.period_end) ranked.*
    from ranked
    order by ranked.item, ranked.period_start, ranked.period_end, ranked.priority <> ranked.priority_in_use, ranked.priority
  )
  select
    picked.item, picked.measure, picked.period_start, picked.period_end, round((picked.period_end - picked.period_start) / 30.4375)::integer,
    case
      when picked.measure = 'flow per share' then picked.value / later.ratio
      when picked.measure in ('average shares', 'shares') then picked.value * later.ratio
      else picked.value
    end,
    picked.unit, picked.formula, picked.filed, picked.known_from, picked.is_yearly,
    picked.priority = picked.priority_in_use
  from picked
  left join lateral (
    -- A filing speaks in the shares of its day.
    select market.product(action.amount::double precision)::numeric as ratio
    from market.corporate_action action
    where picked.measure in ('flow per share', 'average shares', 'shares')
      and action.instrument_id = p_instrument_id and action.action_type = 'split' and action.ex_date > picked.filed and action.known_from <= p_as_of
  ) as later on true;
end;

comment on function market.statement_values(bigint, timestamptz, text[]) is
'The lines p_items of market.statement_item of a company, as they had been filed by p_as_of, by the tags of market.statement_tag: one row for each line and period, under the tag of its latest period, else under the preferred one.
All from one taxonomy, that of the provider which goes before the others, and in one currency, the usual one of the company. months is the length of the period, 0 for a moment. Shares and figures per share count in the shares of p_as_of,
by the splits of market.corporate_action since the filing that were known by then. is_yearly tells that a yearly report said it, is_usual_tag that it stands under the tag of the latest period. No row for NULL.';

revoke all on function market.statement_values(bigint, timestamptz, text[]) from public;
grant execute on function market.statement_values(bigint, timestamptz, text[]) to marketbase_reader;
--! EndIncluded market/fundamental/statement_values.sql
--! Included market/grants.sql
-- Who may do what with the market tables: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema market to marketbase_reader;

alter table market.exchange enable row level security;
drop policy if exists exchange_read on market.exchange;
create policy exchange_read on market.exchange for select to marketbase_reader using (true);
revoke all on market.exchange from public, marketbase_reader, marketbase_worker;
grant select on market.exchange to marketbase_reader;

alter table market.trading_session enable row level security;
drop policy if exists trading_session_read on market.trading_session;
create policy trading_session_read on market.trading_session for select to marketbase_reader using (true);
revoke all on market.trading_session from public, marketbase_reader, marketbase_worker;
grant select on market.trading_session to marketbase_reader;

alter table market.instrument enable row level security;
drop policy if exists instrument_read on market.instrument;
create policy instrument_read on market.instrument for select to marketbase_reader using (true);
drop policy if exists instrument_insert on market.instrument;
create policy instrument_insert on market.instrument for insert to marketbase_worker with check (true);
drop policy if exists instrument_update on market.instrument;
create policy instrument_update on market.instrument for update to marketbase_worker using (true) with check (true);
revoke all on market.instrument from public, marketbase_reader, marketbase_worker;
grant select on market.instrument to marketbase_reader;
grant insert (symbol, name, asset_class, mic, currency, cik, run_id) on market.instrument to marketbase_worker;
grant update (name, asset_class, mic, currency, cik) on market.instrument to marketbase_worker;

alter table market.price_data enable row level security;
drop policy if exists price_data_read on market.price_data;
create policy price_data_read on market.price_data for select to marketbase_reader using (true);
drop policy if exists price_data_insert on market.price_data;
create policy price_data_insert on market.price_data for insert to marketbase_worker with check (true);
drop policy if exists price_data_update on market.price_data;
create policy price_data_update on market.price_data for update to marketbase_worker using (true) with check (true);
revoke all on market.price_data from public, marketbase_reader, marketbase_worker;
grant select on market.price_data to marketbase_reader;
grant insert (
  instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id,
  run_id
) on market.price_data to marketbase_worker;
grant update (
  session_date, open, high, low, close, volume, adjusted_close, known_from, provider, raw_response_id, run_id
) on market.price_data to marketbase_worker;

alter table market.price_data_history enable row level security;
drop policy if exists price_data_history_read on market.price_data_history;
create policy price_data_history_read on market.price_data_history for select to marketbase_reader using (true);
drop policy if exists price_data_history_insert on market.price_data_history;
create policy price_data_history_insert on market.price_data_history for insert to marketbase_worker with check (true);
revoke all on market.price_data_history from public, marketbase_reader, marketbase_worker;
grant select on market.price_data_history to marketbase_reader;
grant insert (
  instrument_id, bar_interval, ts, version, session_date, open, high, low, close, volume, adjusted_close, known_from, known_to, recorded_at,
  provider, raw_response_id, run_id
) on market.price_data_history to marketbase_worker;

alter table market.corporate_action enable row level security;
drop policy if exists corporate_action_read on market.corporate_action;
create policy corporate_action_read on market.corporate_action for select to marketbase_reader using (true);
drop policy if exists corporate_action_insert on market.corporate_action;
create policy corporate_action_insert on market.corporate_action for insert to marketbase_worker with check (true);
drop policy if exists corporate_action_update on market.corporate_action;
create policy corporate_action_update on market.corporate_action for update to marketbase_worker using (true) with check (true);
revoke all on market.corporate_action from public, marketbase_reader, marketbase_worker;
grant select on market.corporate_action to marketbase_reader;
grant insert (
  instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id
) on market.corporate_action to marketbase_worker;
grant update (amount, currency, known_from, provider, raw_response_id, run_id) on market.corporate_action to marketbase_worker;

alter table market.corporate_action_history enable row level security;
drop policy if exists corporate_action_history_read on market.corporate_action_history;
create policy corporate_action_history_read on market.corporate_action_history for select to marketbase_reader using (true);
drop policy if exists corporate_action_history_insert on market.corporate_action_history;
create policy corporate_action_history_insert on market.corporate_action_history for insert to marketbase_worker with check (true);
revoke all on market.corporate_action_history from public, marketbase_reader, marketbase_worker;
grant select on market.corporate_action_history to marketbase_reader;
grant insert (
  instrument_id, action_type, ex_date, version, amount, currency, known_from, known_to, recorded_at, provider, raw_response_id, run_id
) on market.corporate_action_history to marketbase_worker;

alter table market.company_fundamental enable row level security;
drop policy if exists company_fundamental_read on market.company_fundamental;
create policy company_fundamental_read on market.company_fundamental for select to marketbase_reader using (true);
drop policy if exists company_fundamental_insert on market.company_fundamental;
create policy company_fundamental_insert on market.company_fundamental for insert to marketbase_worker with check (true);
drop policy if exists company_fundamental_update on market.company_fundamental;
create policy company_fundamental_update on market.company_fundamental for update to marketbase_worker using (true) with check (true);
revoke all on market.company_fundamental from public, marketbase_reader, marketbase_worker;
grant select on market.company_fundamental to marketbase_reader;
grant insert (
  instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, version,
  known_from, provider, raw_response_id, run_id
) on market.company_fundamental to marketbase_worker;
grant update (
  value, fiscal_year, fiscal_period, form, accession, filed, known_from, provider, raw_response_id, run_id
) on market.company_fundamental to marketbase_worker;

alter table market.company_fundamental_history enable row level security;
drop policy if exists company_fundamental_history_read on market.company_fundamental_history;
create policy company_fundamental_history_read on market.company_fundamental_history for select to marketbase_reader using (true);
drop policy if exists company_fundamental_history_insert on market.company_fundamental_history;
create policy company_fundamental_history_insert on market.company_fundamental_history for insert to marketbase_worker with check (true);
revoke all on market.company_fundamental_history from public, marketbase_reader, marketbase_worker;
grant select on market.company_fundamental_history to marketbase_reader;
grant insert (
  instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
  known_from, known_to, recorded_at, provider, raw_response_id, run_id
) on market.company_fundamental_history to marketbase_worker;

alter table market.fundamental_concept enable row level security;
drop policy if exists fundamental_concept_read on market.fundamental_concept;
create policy fundamental_concept_read on market.fundamental_concept for select to marketbase_reader using (true);
drop policy if exists fundamental_concept_insert on market.fundamental_concept;
create policy fundamental_concept_insert on market.fundamental_concept for insert to marketbase_worker with check (true);
revoke all on market.fundamental_concept from public, marketbase_reader, marketbase_worker;
grant select on market.fundamental_concept to marketbase_reader;
grant insert (concept, kind, unit, description) on market.fundamental_concept to marketbase_worker;

alter table market.concept_tag enable row level security;
drop policy if exists concept_tag_read on market.concept_tag;
create policy concept_tag_read on market.concept_tag for select to marketbase_reader using (true);
drop policy if exists concept_tag_insert on market.concept_tag;
create policy concept_tag_insert on market.concept_tag for insert to marketbase_worker with check (true);
drop policy if exists concept_tag_update on market.concept_tag;
create policy concept_tag_update on market.concept_tag for update to marketbase_worker using (true) with check (true);
drop policy if exists concept_tag_delete on market.concept_tag;
create policy concept_tag_delete on market.concept_tag for delete to marketbase_worker using (true);
revoke all on market.concept_tag from public, marketbase_reader, marketbase_worker;
grant select on market.concept_tag to marketbase_reader;
grant insert (concept, priority, taxonomy, tag, weight) on market.concept_tag to marketbase_worker;
grant update (weight) on market.concept_tag to marketbase_worker;
grant delete on market.concept_tag to marketbase_worker;

-- To a look-ahead probe only the instruments of its world exist (feature.enter_world says which), and nothing else.
drop policy if exists instrument_probe on market.instrument;
create policy instrument_probe on market.instrument as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists price_data_probe on market.price_data;
create policy price_data_probe on market.price_data as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists price_data_history_probe on market.price_data_history;
create policy price_data_history_probe on market.price_data_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists corporate_action_probe on market.corporate_action;
create policy corporate_action_probe on market.corporate_action as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists corporate_action_history_probe on market.corporate_action_history;
create policy corporate_action_history_probe on market.corporate_action_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists company_fundamental_probe on market.company_fundamental;
create policy company_fundamental_probe on market.company_fundamental as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists company_fundamental_history_probe on market.company_fundamental_history;
create policy company_fundamental_history_probe on market.company_fundamental_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));

alter table market.group_kind enable row level security;
drop policy if exists group_kind_read on market.group_kind;
create policy group_kind_read on market.group_kind for select to marketbase_reader using (true);
drop policy if exists group_kind_insert on market.group_kind;
create policy group_kind_insert on market.group_kind for insert to marketbase_worker with check (true);
drop policy if exists group_kind_update on market.group_kind;
create policy group_kind_update on market.group_kind for update to marketbase_worker using (true) with check (true);
revoke all on market.group_kind from public, marketbase_reader, marketbase_worker;
grant select on market.group_kind to marketbase_reader;
grant insert (kind, description) on market.group_kind to marketbase_worker;
grant update (description) on market.group_kind to marketbase_worker;

alter table market.instrument_group enable row level security;
drop policy if exists instrument_group_read on market.instrument_group;
create policy instrument_group_read on market.instrument_group for select to marketbase_reader using (true);
drop policy if exists instrument_group_insert on market.instrument_group;
create policy instrument_group_insert on market.instrument_group for insert to marketbase_worker with check (true);
drop policy if exists instrument_group_update on market.instrument_group;
create policy instrument_group_update on market.instrument_group for update to marketbase_worker using (true) with check (true);
revoke all on market.instrument_group from public, marketbase_reader, marketbase_worker;
grant select on market.instrument_group to marketbase_reader;
grant insert (instrument_id, kind, from_date, name, version, known_from, run_id) on market.instrument_group to marketbase_worker;
grant update (name, known_from, run_id) on market.instrument_group to marketbase_worker;

alter table market.instrument_group_history enable row level security;
drop policy if exists instrument_group_history_read on market.instrument_group_history;
create policy instrument_group_history_read on market.instrument_group_history for select to marketbase_reader using (true);
drop policy if exists instrument_group_history_insert on market.instrument_group_history;
create policy instrument_group_history_insert on market.instrument_group_history for insert to marketbase_worker with check (true);
revoke all on market.instrument_group_history from public, marketbase_reader, marketbase_worker;
grant select on market.instrument_group_history to marketbase_reader;
grant insert (
  instrument_id, kind, from_date, version, name, known_from, known_to, recorded_at, run_id
) on market.instrument_group_history to marketbase_worker;

alter table market.filer enable row level security;
drop policy if exists filer_read on market.filer;
create policy filer_read on market.filer for select to marketbase_reader using (true);
drop policy if exists filer_insert on market.filer;
create policy filer_insert on market.filer for insert to marketbase_worker with check (true);
drop policy if exists filer_update on market.filer;
create policy filer_update on market.filer for update to marketbase_worker using (true) with check (true);
revoke all on market.filer from public, marketbase_reader, marketbase_worker;
grant select on market.filer to marketbase_reader;
grant insert (cik, name, entity_type, sic, fiscal_year_end, former_names, raw_response_id, run_id) on market.filer to marketbase_worker;
grant update (name, entity_type, sic, fiscal_year_end, former_names, raw_response_id, run_id) on market.filer to marketbase_worker;

alter table market.filing enable row level security;
drop policy if exists filing_read on market.filing;
create policy filing_read on market.filing for select to marketbase_reader using (true);
drop policy if exists filing_insert on market.filing;
create policy filing_insert on market.filing for insert to marketbase_worker with check (true);
drop policy if exists filing_update on market.filing;
create policy filing_update on market.filing for update to marketbase_worker using (true) with check (true);
revoke all on market.filing from public, marketbase_reader, marketbase_worker;
grant select on market.filing to marketbase_reader;
grant insert (
  accession, cik, form, filed, report_date, accepted, known_from, items, primary_document, provider, raw_response_id, run_id
) on market.filing to marketbase_worker;
grant update (accepted, known_from, raw_response_id, run_id) on market.filing to marketbase_worker;

alter table market.company_ticker enable row level security;
drop policy if exists company_ticker_read on market.company_ticker;
create policy company_ticker_read on market.company_ticker for select to marketbase_reader using (true);
drop policy if exists company_ticker_insert on market.company_ticker;
create policy company_ticker_insert on market.company_ticker for insert to marketbase_worker with check (true);
drop policy if exists company_ticker_update on market.company_ticker;
create policy company_ticker_update on market.company_ticker for update to marketbase_worker using (true) with check (true);
revoke all on market.company_ticker from public, marketbase_reader, marketbase_worker;
grant select on market.company_ticker to marketbase_reader;
grant insert (ticker, cik, name, exchange, known_from, raw_response_id, run_id) on market.company_ticker to marketbase_worker;
grant update (known_to) on market.company_ticker to marketbase_worker;

alter table market.macro_series enable row level security;
drop policy if exists macro_series_read on market.macro_series;
create policy macro_series_read on market.macro_series for select to marketbase_reader using (true);
drop policy if exists macro_series_insert on market.macro_series;
create policy macro_series_insert on market.macro_series for insert to marketbase_worker with check (true);
drop policy if exists macro_series_update on market.macro_series;
create policy macro_series_update on market.macro_series for update to marketbase_worker using (true) with check (true);
revoke all on market.macro_series from public, marketbase_reader, marketbase_worker;
grant select on market.macro_series to marketbase_reader;
grant insert (
  series, provider, title, units, frequency, seasonal_adjustment, last_updated, raw_response_id, run_id
) on market.macro_series to marketbase_worker;
grant update (
  title, units, frequency, seasonal_adjustment, last_updated, raw_response_id, run_id
) on market.macro_series to marketbase_worker;

alter table market.macro_observation enable row level security;
drop policy if exists macro_observation_read on market.macro_observation;
create policy macro_observation_read on market.macro_observation for select to marketbase_reader using (true);
drop policy if exists macro_observation_insert on market.macro_observation;
create policy macro_observation_insert on market.macro_observation for insert to marketbase_worker with check (true);
revoke all on market.macro_observation from public, marketbase_reader, marketbase_worker;
grant select on market.macro_observation to marketbase_reader;
grant insert (series, observation_date, known_from, value, vintage_date, raw_response_id, run_id) on market.macro_observation to marketbase_worker;

alter table market.statement_item enable row level security;
drop policy if exists statement_item_read on market.statement_item;
create policy statement_item_read on market.statement_item for select to marketbase_reader using (true);
drop policy if exists statement_item_insert on market.statement_item;
create policy statement_item_insert on market.statement_item for insert to marketbase_worker with check (true);
revoke all on market.statement_item from public, marketbase_reader, marketbase_worker;
grant select on market.statement_item to marketbase_reader;
grant insert (statement, position, item, measure, title) on market.statement_item to marketbase_worker;

alter table market.statement_tag enable row level security;
drop policy if exists statement_tag_read on market.statement_tag;
create policy statement_tag_read on market.statement_tag for select to marketbase_reader using (true);
drop policy if exists statement_tag_insert on market.statement_tag;
create policy statement_tag_insert on market.statement_tag for insert to marketbase_worker with check (true);
revoke all on market.statement_tag from public, marketbase_reader, marketbase_worker;
grant select on market.statement_tag to marketbase_reader;
grant insert (item, priority, taxonomy, tag, weight) on market.statement_tag to marketbase_worker;

alter table market.instrument_identifier enable row level security;
drop policy if exists instrument_identifier_read on market.instrument_identifier;
create policy instrument_identifier_read on market.instrument_identifier for select to marketbase_reader using (true);
drop policy if exists instrument_identifier_insert on market.instrument_identifier;
create policy instrument_identifier_insert on market.instrument_identifier for insert to marketbase_worker with check (true);
drop policy if exists instrument_identifier_update on market.instrument_identifier;
create policy instrument_identifier_update on market.instrument_identifier for update to marketbase_worker using (true) with check (true);
revoke all on market.instrument_identifier from public, marketbase_reader, marketbase_worker;
grant select on market.instrument_identifier to marketbase_reader;
grant insert (instrument_id, kind, value, valid_from, valid_to, known_from, run_id) on market.instrument_identifier to marketbase_worker;
grant update (known_to) on market.instrument_identifier to marketbase_worker;
grant update (symbol) on market.instrument to marketbase_worker;

grant insert (mic, name, time_zone, country, calendar), update (calendar) on market.exchange to marketbase_worker;
drop policy if exists exchange_insert on market.exchange;
create policy exchange_insert on market.exchange for insert to marketbase_worker with check (true);
drop policy if exists exchange_update on market.exchange;
create policy exchange_update on market.exchange for update to marketbase_worker using (true) with check (true);
grant insert (mic, session_date, open_at, close_at, is_half_day, break_start, break_end, run_id), delete on market.trading_session to marketbase_worker;
grant update (open_at, close_at, is_half_day, break_start, break_end, run_id) on market.trading_session to marketbase_worker;
drop policy if exists trading_session_insert on market.trading_session;
create policy trading_session_insert on market.trading_session for insert to marketbase_worker with check (true);
drop policy if exists trading_session_update on market.trading_session;
create policy trading_session_update on market.trading_session for update to marketbase_worker using (true) with check (true);
drop policy if exists trading_session_delete on market.trading_session;
create policy trading_session_delete on market.trading_session for delete to marketbase_worker using (true);

alter table market.calendar_hours enable row level security;
drop policy if exists calendar_hours_read on market.calendar_hours;
create policy calendar_hours_read on market.calendar_hours for select to marketbase_reader using (true);
revoke all on market.calendar_hours from public, marketbase_reader, marketbase_worker;
grant select on market.calendar_hours to marketbase_reader;

alter table market.calendar_rule enable row level security;
drop policy if exists calendar_rule_read on market.calendar_rule;
create policy calendar_rule_read on market.calendar_rule for select to marketbase_reader using (true);
revoke all on market.calendar_rule from public, marketbase_reader, marketbase_worker;
grant select on market.calendar_rule to marketbase_reader;

alter table market.calendar_exception enable row level security;
drop policy if exists calendar_exception_read on market.calendar_exception;
create policy calendar_exception_read on market.calendar_exception for select to marketbase_reader using (true);
revoke all on market.calendar_exception from public, marketbase_reader, marketbase_worker;
grant select on market.calendar_exception to marketbase_reader;

-- A corporate action that its provider no longer lists leaves market.corporate_action for the history.
drop policy if exists corporate_action_delete on market.corporate_action;
create policy corporate_action_delete on market.corporate_action for delete to marketbase_worker using (true);
grant delete on market.corporate_action to marketbase_worker;

alter table market.universe enable row level security;
drop policy if exists universe_read on market.universe;
create policy universe_read on market.universe for select to marketbase_reader using (true);
drop policy if exists universe_insert on market.universe;
create policy universe_insert on market.universe for insert to marketbase_worker with check (true);
drop policy if exists universe_update on market.universe;
create policy universe_update on market.universe for update to marketbase_worker using (true) with check (true);
revoke all on market.universe from public, marketbase_reader, marketbase_worker;
grant select on market.universe to marketbase_reader;
grant insert (universe, description, run_id), update (description, covered_to) on market.universe to marketbase_worker;

alter table market.universe_member enable row level security;
drop policy if exists universe_member_read on market.universe_member;
create policy universe_member_read on market.universe_member for select to marketbase_reader using (true);
drop policy if exists universe_member_insert on market.universe_member;
create policy universe_member_insert on market.universe_member for insert to marketbase_worker with check (true);
drop policy if exists universe_member_update on market.universe_member;
create policy universe_member_update on market.universe_member for update to marketbase_worker using (true) with check (true);
revoke all on market.universe_member from public, marketbase_reader, marketbase_worker;
grant select on market.universe_member to marketbase_reader;
grant insert (universe, instrument_id, symbol, valid_from, valid_to, known_from, known_to, run_id) on market.universe_member to marketbase_worker;
grant update (known_to) on market.universe_member to marketbase_worker;

alter table market.price_observation enable row level security;
drop policy if exists price_observation_read on market.price_observation;
create policy price_observation_read on market.price_observation for select to marketbase_reader using (true);
drop policy if exists price_observation_insert on market.price_observation;
create policy price_observation_insert on market.price_observation for insert to marketbase_worker with check (true);
revoke all on market.price_observation from public, marketbase_reader, marketbase_worker;
grant select on market.price_observation to marketbase_reader;
grant insert (
  instrument_id, bar_interval, ts, provider, known_from, session_date, open, high, low, close, volume, adjusted_close, raw_response_id, run_id
) on market.price_observation to marketbase_worker;

drop policy if exists instrument_group_probe on market.instrument_group;
create policy instrument_group_probe on market.instrument_group as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists instrument_group_history_probe on market.instrument_group_history;
create policy instrument_group_history_probe on market.instrument_group_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));

alter table market.corporate_action_observation enable row level security;
drop policy if exists corporate_action_observation_read on market.corporate_action_observation;
create policy corporate_action_observation_read on market.corporate_action_observation for select to marketbase_reader using (true);
drop policy if exists corporate_action_observation_insert on market.corporate_action_observation;
create policy corporate_action_observation_insert on market.corporate_action_observation for insert to marketbase_worker with check (true);
revoke all on market.corporate_action_observation from public, marketbase_reader, marketbase_worker;
grant select on market.corporate_action_observation to marketbase_reader;
grant insert (
  instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id
) on market.corporate_action_observation to marketbase_worker;
--! EndIncluded market/grants.sql
--! Included market/instrument/delist_instrument.sql
-- The last day of an instrument.
create or replace function market.delist_instrument(p_run_id bigint, p_symbol text, p_last_date date, p_known_from timestamptz default null) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  ended_id bigint;
begin
  if p_last_date is null then
    raise exception using errcode = 'MB001', message = 'A delisting needs the last day of trade.', hint = 'Give p_last_date.';
  end if;
  ended_id := market.instrument_id_at(p_symbol, p_last_date);
  perform market.end_identifier(
    p_run_id, ended_id, 'symbol', p_last_date + 1, 'infinity',
    coalesce(p_known_from, (p_last_date + 1)::timestamp at time zone (
      select exchange.time_zone from market.instrument join market.exchange using (mic) where instrument.instrument_id = ended_id
    ))
  );
  return ended_id;
end
$$;

comment on function market.delist_instrument(bigint, text, date, timestamptz) is
'The instrument that had p_symbol on p_last_date no longer trades after it: its symbol ends there. Its bars, facts and memberships stay, and market.instrument_id still finds it until somebody takes the ticker over. Gives its instrument_id.
p_run_id: run that says so. p_known_from: from when it could be known (default: the end of p_last_date at its exchange). Errors: MB001 for a missing day, MB002 where nobody had p_symbol then.';

revoke all on function market.delist_instrument(bigint, text, date, timestamptz) from public;
grant execute on function market.delist_instrument(bigint, text, date, timestamptz) to marketbase_worker;
--! EndIncluded market/instrument/delist_instrument.sql
--! Included market/instrument/end_identifier.sql
-- Takes a stretch of time out of the spells of an identifier.
create or replace function market.end_identifier(
  p_run_id bigint,
  p_instrument_id bigint,
  p_kind text,
  p_from date,
  p_to date default 'infinity',
  p_known_from timestamptz default now()
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  span constant daterange := daterange(p_from, p_to);
  spell market.instrument_identifier;
  since timestamptz;
  changes bigint := 0;
begin
  if span is null or isempty(span) or p_known_from is null then
    raise exception using
      errcode = 'MB001', message = 'An identifier ends between two days, the first before the second, and from a known moment on.', hint = 'Give p_from, p_to and p_known_from.';
  end if;
  for spell in
    select *
    from market.instrument_identifier as identifier
    where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.known_to is null
      and daterange(identifier.valid_from, identifier.valid_to) && span
    order by identifier.valid_from
    for update
  loop
    since := greatest(p_known_from, spell.known_from);
    update market.instrument_identifier set known_to = since
    where instrument_id = spell.instrument_id and identifier_id = spell.identifier_id;
    insert into market.instrument_identifier (instrument_id, kind, value, valid_from, valid_to, known_from, run_id)
    select spell.instrument_id, spell.kind, spell.value, rest.valid_from, rest.valid_to, since, p_run_id
    from (values (spell.valid_from, p_from), (p_to, spell.valid_to)) as rest (valid_from, valid_to)
    where rest.valid_from < rest.valid_to;
    changes := changes + 1;
  end loop;
  return changes;
end
$$;

comment on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) is
'From p_from to the day before p_to the instrument p_instrument_id has no identifier of p_kind, as known from p_known_from on (but not before what it corrects was known); its spells are cut. Gives how many were.
p_run_id: run that says so. MB001 for days out of order or NULL.';

revoke all on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) from public;
grant execute on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) to marketbase_worker;
--! EndIncluded market/instrument/end_identifier.sql
--! Included market/instrument/identified_instruments.sql
-- Whose identifier it was on a day.
create or replace function market.identified_instruments(
  p_kind text,
  p_value text,
  p_date date default current_date,
  p_as_of timestamptz default now()
) returns setof bigint
language sql stable parallel safe
begin atomic
  select identifier.instrument_id
  from market.instrument_identifier as identifier
  where identifier.kind = p_kind and identifier.value = upper(btrim(p_value))
    and identifier.valid_from <= p_date and p_date < identifier.valid_to
    and identifier.known_from <= p_as_of and (identifier.known_to is null or p_as_of < identifier.known_to)
  order by identifier.instrument_id;
end;

comment on function market.identified_instruments(text, text, date, timestamptz) is
'The instruments that had the identifier p_value of p_kind (symbol, figi, cik, isin, cusip, sedol, lei) on p_date (default: today), as known at p_as_of (default: now). Several for a CIK or an LEI, which all shares of a company have in common. No row where there is none, and for NULL.';

revoke all on function market.identified_instruments(text, text, date, timestamptz) from public;
grant execute on function market.identified_instruments(text, text, date, timestamptz) to marketbase_reader;
--! EndIncluded market/instrument/identified_instruments.sql
--! Included market/instrument/identifier_at.sql
-- What an instrument was called on a day.
create or replace function market.identifier_at(
  p_instrument_id bigint,
  p_kind text default 'symbol',
  p_date date default current_date,
  p_as_of timestamptz default now()
) returns text
language sql stable parallel safe
begin atomic
  select identifier.value
  from market.instrument_identifier as identifier
  where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind
    and identifier.valid_from <= p_date and p_date < identifier.valid_to
    and identifier.known_from <= p_as_of and (identifier.known_to is null or p_as_of < identifier.known_to);
end;

comment on function market.identifier_at(bigint, text, date, timestamptz) is
'The identifier of p_kind (symbol unless said) that the instrument had on p_date (default: today), as known at p_as_of (default: now). NULL where it had none, such as a symbol after its delisting.';

revoke all on function market.identifier_at(bigint, text, date, timestamptz) from public;
grant execute on function market.identifier_at(bigint, text, date, timestamptz) to marketbase_reader;
--! EndIncluded market/instrument/identifier_at.sql
--! Included market/instrument/identifier_spell.sql
-- Who had which identifier from when to when, as now known.
create or replace view market.identifier_spell with (security_invoker = true) as
select
  identifier.instrument_id,
  identifier.identifier_id,
  instrument.symbol,
  instrument.name,
  identifier.kind,
  identifier.value,
  nullif(identifier.valid_from, '-infinity') as valid_from,
  nullif(identifier.valid_to, 'infinity') as valid_to,
  nullif(identifier.known_from, '-infinity') as known_from,
  identifier.run_id
from market.instrument_identifier as identifier
join market.instrument using (instrument_id)
where identifier.known_to is null;

comment on view market.identifier_spell is
E'@primaryKey instrument_id,identifier_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)\nSymbols and other identifiers of instruments in spells, as now known. Renames, reused tickers and delistings can be read from it: a renamed instrument has several symbols one after the other, the last symbol of a delisted one has a valid_to.';
comment on column market.identifier_spell.instrument_id is 'Instrument.';
comment on column market.identifier_spell.identifier_id is 'Tells the rows of an instrument apart.';
comment on column market.identifier_spell.symbol is 'Symbol by which marketbase now knows it.';
comment on column market.identifier_spell.name is 'Its name, where a provider gave one.';
comment on column market.identifier_spell.kind is 'symbol, figi, cik, isin, cusip, sedol or lei.';
comment on column market.identifier_spell.value is 'The identifier.';
comment on column market.identifier_spell.valid_from is 'First day; null where nobody said when it began.';
comment on column market.identifier_spell.valid_to is 'First day on which it was no longer the instrument''s; null where it still is.';
comment on column market.identifier_spell.known_from is 'From when this could be known; null for what was taken for granted when the instrument was added.';
comment on column market.identifier_spell.run_id is 'Run that said so.';

revoke all on market.identifier_spell from public;
grant select on market.identifier_spell to marketbase_reader;
--! EndIncluded market/instrument/identifier_spell.sql
--! Included market/instrument/instrument_id_at.sql
-- From the symbol as people wrote it on a day to the identity that the tables use.
create or replace function market.instrument_id_at(p_symbol text, p_date date, p_as_of timestamptz default now()) returns bigint
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  found_id bigint;
  spells text;
begin
  select identified into found_id from market.identified_instruments('symbol', p_symbol, p_date, p_as_of) as identified;
  if found_id is not null then
    return found_id;
  end if;
  select string_agg(format('%s from %s to %s', instrument.symbol, identifier.valid_from, identifier.valid_to), ', ' order by identifier.valid_from) into spells
  from market.instrument_identifier as identifier
  join market.instrument using (instrument_id)
  where identifier.kind = 'symbol' and identifier.value = upper(btrim(p_symbol))
    and identifier.known_from <= p_as_of and (identifier.known_to is null or p_as_of < identifier.known_to);
  raise exception using
    errcode = 'MB002',
    message = format('no instrument had the symbol "%s" on %s', coalesce(left(p_symbol, 32), 'NULL'), coalesce(p_date::text, 'NULL')),
    hint = coalesce('It was the symbol of: ' || spells || '.', 'Nobody has ever had it, as far as is known: market.instrument_identifier has the symbols of all times.');
end
$$;

comment on function market.instrument_id_at(text, date, timestamptz) is
'The instrument_id of whoever had the symbol on p_date, as known at p_as_of (default: now): a renamed instrument by its old symbol, and the right one of two that used the same ticker one after the other.
market.instrument_id goes by the symbols of today. MB002 when nobody had it then, with those who had it at other times as hint.';

revoke all on function market.instrument_id_at(text, date, timestamptz) from public;
grant execute on function market.instrument_id_at(text, date, timestamptz) to marketbase_reader;
--! EndIncluded market/instrument/instrument_id_at.sql
--! Included market/instrument/note_identifiers.sql
-- Who adds an instrument, or learns its CIK, need not know that identifiers have spells.
create or replace function market.note_identifiers() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    -- A ticker that another instrument gave up is this one's from that day on.
    insert into market.instrument_identifier (instrument_id, kind, value, valid_from, known_from, run_id)
    select
      added.instrument_id, 'symbol', added.symbol, coalesce(gone.ended, '-infinity'),
      coalesce(gone.ended::timestamp at time zone exchange.time_zone, '-infinity'), added.run_id
    from added
    join market.exchange using (mic)
    cross join lateral (
      select max(identifier.valid_to) as ended
      from market.instrument_identifier as identifier
      where identifier.kind = 'symbol' and identifier.value = added.symbol and identifier.known_to is null
    ) as gone;
    insert into market.instrument_identifier (instrument_id, kind, value, run_id)
    select added.instrument_id, 'cik', added.cik, added.run_id
    from added
    where added.cik is not null;
  else
    perform market.set_identifier(changed.run_id, changed.instrument_id, 'cik', changed.cik)
    from changed
    join before using (instrument_id)
    where changed.cik is not null and changed.cik is distinct from before.cik;
  end if;
  return null;
end
$$;

comment on function market.note_identifiers() is
'Trigger: an instrument that is added has its symbol (from the day on which another one gave it up, if any did) and its CIK for all time, until market.set_identifier or market.rename_instrument says otherwise; a CIK that is learnt later is noted in the same way.';

revoke all on function market.note_identifiers() from public;

create or replace trigger _300_identifiers_insert after insert on market.instrument
  referencing new table as added
  for each statement execute function market.note_identifiers();
create or replace trigger _300_identifiers_update after update on market.instrument
  referencing old table as before new table as changed
  for each statement execute function market.note_identifiers();
--! EndIncluded market/instrument/note_identifiers.sql
--! Included market/instrument/rename_instrument.sql
-- A new ticker for the same instrument.
create or replace function market.rename_instrument(
  p_run_id bigint,
  p_symbol text,
  p_new_symbol text,
  p_from date,
  p_known_from timestamptz default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  new_symbol constant text := upper(btrim(p_new_symbol));
  renamed_id bigint;
begin
  if p_from is null or new_symbol is null then
    raise exception using errcode = 'MB001', message = 'A rename needs the new symbol and its first day.', hint = 'Give p_new_symbol and p_from.';
  end if;
  -- Said twice it is done once.
  select identified into renamed_id
  from market.identified_instruments('symbol', new_symbol, p_from) as identified
  where market.identifier_at(identified, 'symbol', p_from - 1) = upper(btrim(p_symbol));
  if found then
    return renamed_id;
  end if;
  renamed_id := market.instrument_id_at(p_symbol, p_from - 1);
  perform market.yield_symbol(new_symbol, p_from)
  where not exists (select from market.instrument where instrument_id = renamed_id and symbol = new_symbol);
  perform market.set_identifier(
    p_run_id, renamed_id, 'symbol', new_symbol, p_from, 'infinity',
    coalesce(p_known_from, p_from::timestamp at time zone (
      select exchange.time_zone from market.instrument join market.exchange using (mic) where instrument.instrument_id = renamed_id
    ))
  );
  update market.instrument set symbol = new_symbol where instrument_id = renamed_id;
  return renamed_id;
end
$$;

comment on function market.rename_instrument(bigint, text, text, date, timestamptz) is
'The instrument that had p_symbol on the day before p_from has p_new_symbol from p_from on: the same instrument with the same history, a new spell in market.instrument_identifier and a new market.instrument.symbol. Gives its instrument_id.
Renames of one instrument are told in the order of their days. p_run_id: run that says so. p_known_from: from when it could be known (default: the beginning of p_from at its exchange).
Errors: MB001 for a symbol that cannot be one or a missing day; MB002 where nobody had p_symbol; MB008 where another instrument has p_new_symbol then.';

revoke all on function market.rename_instrument(bigint, text, text, date, timestamptz) from public;
grant execute on function market.rename_instrument(bigint, text, text, date, timestamptz) to marketbase_worker;
--! EndIncluded market/instrument/rename_instrument.sql
--! Included market/instrument/reuse_symbol.sql
-- An old ticker for a new instrument.
create or replace function market.reuse_symbol(p_run_id bigint, p_symbol text, p_from date) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given constant text := upper(btrim(p_symbol));
  before_id bigint;
  since timestamptz;
  added_id bigint;
begin
  if p_from is null then
    raise exception using errcode = 'MB001', message = 'A ticker is taken over on a day.', hint = 'Give p_from.';
  end if;
  before_id := market.instrument_id(given);
  if exists (
    select
    from market.instrument_identifier
    where instrument_id = before_id and kind = 'symbol' and value = given and valid_from = p_from and known_to is null
  ) then
    return before_id;
  end if;
  select p_from::timestamp at time zone exchange.time_zone into since
  from market.instrument
  join market.exchange using (mic)
  where instrument.instrument_id = before_id;
  perform market.end_identifier(p_run_id, before_id, 'symbol', p_from, 'infinity', since);
  perform market.yield_symbol(given, p_from);

  insert into market.instrument (symbol, mic, currency, run_id)
  select given, instrument.mic, instrument.currency, p_run_id from market.instrument where instrument_id = before_id
  returning instrument_id into added_id;
  -- Between the end of the old company and the beginning of the new one the ticker was nobody's.
  perform market.end_identifier(p_run_id, added_id, 'symbol', '-infinity', p_from, since);
  return added_id;
end
$$;

comment on function market.reuse_symbol(bigint, text, date) is
'From p_from on p_symbol is the ticker of another company: a new instrument, whose instrument_id it gives. Who had it goes on as p_symbol.1 (or .2 …) with all its bars; market.instrument_id_at finds either by its days. Said twice it is done once.
It can be known from the beginning of p_from at the exchange on. p_run_id: run that says so. Errors: MB001 for a missing day, MB002 for a symbol that nobody has had.';

revoke all on function market.reuse_symbol(bigint, text, date) from public;
grant execute on function market.reuse_symbol(bigint, text, date) to marketbase_worker;
--! EndIncluded market/instrument/reuse_symbol.sql
--! Included market/instrument/set_identifier.sql
-- Says which identifier an instrument has, from when to when.
create or replace function market.set_identifier(
  p_run_id bigint,
  p_instrument_id bigint,
  p_kind text,
  p_value text,
  p_valid_from date default '-infinity',
  p_valid_to date default 'infinity',
  p_known_from timestamptz default '-infinity'
) returns boolean
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given constant text := upper(btrim(p_value));
  span constant daterange := daterange(p_valid_from, p_valid_to);
  since timestamptz;
  holder text;
begin
  if span is null or isempty(span) or p_known_from is null or given is null then
    raise exception using
      errcode = 'MB001',
      message = 'An identifier needs a value, a first day before the day on which it ends, and a moment from which it is known.',
      hint = 'valid_to is the first day on which it is no longer the instrument''s, or infinity.';
  end if;
  if exists (
    select
    from market.instrument_identifier as identifier
    where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.value = given and identifier.known_to is null
      and daterange(identifier.valid_from, identifier.valid_to) @> span
  ) then
    return false;
  end if;

  select format('%s from %s to %s', instrument.symbol, identifier.valid_from, identifier.valid_to) into holder
  from market.instrument_identifier as identifier
  join market.instrument using (instrument_id)
  where identifier.kind = p_kind and identifier.value = given and identifier.known_to is null and identifier.instrument_id <> p_instrument_id
    and p_kind not in ('cik', 'lei') and daterange(identifier.valid_from, identifier.valid_to) && span
  order by identifier.valid_from
  limit 1;
  if holder is not null then
    raise exception using
      errcode = 'MB008',
      message = format('%s %s belongs to the instrument %s.', p_kind, given, holder),
      hint = 'End it there first: market.end_identifier, or market.reuse_symbol for a ticker that another company has taken over.';
  end if;

  -- What is corrected was the thing to know until then.
  select greatest(p_known_from, max(identifier.known_from)) into since
  from market.instrument_identifier as identifier
  where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.known_to is null
    and daterange(identifier.valid_from, identifier.valid_to) && span;
  perform market.end_identifier(p_run_id, p_instrument_id, p_kind, p_valid_from, p_valid_to, since);
  insert into market.instrument_identifier (instrument_id, kind, value, valid_from, valid_to, known_from, run_id)
  values (p_instrument_id, p_kind, given, p_valid_from, p_valid_to, since, p_run_id);
  return true;
exception
  when check_violation or foreign_key_violation then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" cannot be the %s of instrument %s.', left(p_value, 40), coalesce(left(p_kind, 20), 'identifier'), p_instrument_id),
      hint = 'Kinds are symbol, figi, cik, isin, cusip, sedol and lei, each with its own form; the instrument and the run have to exist.';
end
$$;

comment on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz) is
'From p_valid_from to the day before p_valid_to (defaults: for all time) p_value is the identifier of p_kind (symbol, figi, cik, isin, cusip, sedol, lei) of the instrument; other values of that kind end there. True when that was not known.
p_run_id: run that says so. p_known_from: from when it could be known (default: always), but not before what it corrects. Symbols are renamed by market.rename_instrument, which also changes market.instrument.symbol.
Errors: MB001 for a value that cannot be one, days out of order or an unknown instrument; MB008 where the value belongs to another instrument at that time (a CIK and an LEI may be shared).';

revoke all on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz) from public;
grant execute on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz) to marketbase_worker;
--! EndIncluded market/instrument/set_identifier.sql
--! Included market/instrument/yield_symbol.sql
-- A ticker that is free again goes to who wants it; who had it keeps it with a number.
create or replace function market.yield_symbol(p_symbol text, p_from date) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  holder market.instrument;
  ended date;
  other text;
begin
  select * into holder from market.instrument where symbol = p_symbol for update;
  if not found then
    return;
  end if;
  select max(identifier.valid_to) into ended
  from market.instrument_identifier as identifier
  where identifier.instrument_id = holder.instrument_id and identifier.kind = 'symbol' and identifier.value = p_symbol and identifier.known_to is null;
  if ended > p_from then
    raise exception using
      errcode = 'MB008',
      message = format('%s is still the symbol of another instrument on %s.', p_symbol, p_from),
      hint = 'market.delist_instrument or market.rename_instrument ends that first.';
  end if;
  select format('%s.%s', p_symbol, n) into other
  from generate_series(1, 99) as n
  where not exists (select from market.instrument where symbol = format('%s.%s', p_symbol, n))
  order by n
  limit 1;
  update market.instrument set symbol = other where instrument_id = holder.instrument_id;
end
$$;

comment on function market.yield_symbol(text, date) is
'Makes market.instrument.symbol free for another instrument from p_from on: the instrument that had p_symbol goes on as p_symbol.1 (or .2 …). Its spells stay as they are, so that market.instrument_id_at still finds it on its days.
MB008 where its spell does not end by p_from.';

revoke all on function market.yield_symbol(text, date) from public;
grant execute on function market.yield_symbol(text, date) to marketbase_worker;
--! EndIncluded market/instrument/yield_symbol.sql
--! Included market/macro/macro_as_of.sql
-- A series of the economy as it could be known at a moment.
create or replace function market.macro_as_of(
  p_series text,
  p_as_of timestamptz default now(),
  p_from date default null,
  p_to date default null
) returns setof market.macro_observation
language plpgsql stable parallel safe
rows 1000
set search_path to pg_catalog, pg_temp
as $$
begin
  if not exists (select from market.macro_series known where known.series = upper(btrim(p_series))) then
    raise exception using
      errcode = 'MB002',
      message = format('there is no series "%s"', left(coalesce(p_series, 'null'), 64)),
      hint = 'Bring it in with marketbase ingest fred ' || left(coalesce(upper(btrim(p_series)), 'GDP'), 64) || '; market.macro_series lists the series.';
  end if;
  return query
  select version.*
  from (
    select distinct on (observation.observation_date) observation.*
    from market.macro_observation observation
    where observation.series = upper(btrim(p_series)) and observation.known_from <= p_as_of
      and (p_from is null or observation.observation_date >= p_from) and (p_to is null or observation.observation_date <= p_to)
    order by observation.observation_date, observation.known_from desc
  ) as version
  where version.value is not null
  order by version.observation_date;
end
$$;

comment on function market.macro_as_of(text, timestamptz, date, date) is
'The observations of a series as they could be known at p_as_of: for each observation_date from p_from to p_to (NULL: no limit) the vintage last known by then; days without a value are left out. MB002 for an unknown series. No row where p_as_of is NULL.';

revoke all on function market.macro_as_of(text, timestamptz, date, date) from public;
grant execute on function market.macro_as_of(text, timestamptz, date, date) to marketbase_reader;
--! EndIncluded market/macro/macro_as_of.sql
--! Included market/macro/macro_observation_version.sql
-- Every vintage of every observation, with the time during which it was the one to know.
create or replace view market.macro_observation_version with (security_invoker = true) as
select
  observation.series, observation.observation_date, observation.value, observation.vintage_date, observation.known_from,
  lead(observation.known_from) over (partition by observation.series, observation.observation_date order by observation.known_from) as known_to,
  observation.recorded_at, observation.raw_response_id, observation.run_id
from market.macro_observation observation;

comment on view market.macro_observation_version is
'Every vintage of every observation. The one to know at a moment t is the one with known_from <= t and (known_to is null or t < known_to).';
comment on column market.macro_observation_version.series is 'Series.';
comment on column market.macro_observation_version.observation_date is 'First day of the period that the value is about.';
comment on column market.macro_observation_version.value is 'The value in the units of the series; null where there is none.';
comment on column market.macro_observation_version.vintage_date is 'First day on which the provider showed it.';
comment on column market.macro_observation_version.known_from is 'From when it could be known.';
comment on column market.macro_observation_version.known_to is 'Until when it was the one to know (excluded); null for the last one.';
comment on column market.macro_observation_version.recorded_at is 'When marketbase stored it.';
comment on column market.macro_observation_version.raw_response_id is 'The body from which it was read.';
comment on column market.macro_observation_version.run_id is 'Run that made it.';

grant select on market.macro_observation_version to marketbase_reader;
--! EndIncluded market/macro/macro_observation_version.sql
--! Included market/price/price_statement.sql
-- Everything that was ever said of a bar, by whom and when.
create or replace view market.price_statement with (security_invoker = true) as
select
  said.instrument_id, instrument.symbol, said.bar_interval, said.ts, said.session_date, said.provider, response.fetched_at as said_at,
  said.open, said.high, said.low, said.close, said.volume, said.adjusted_close, said.version, said.is_current, said.known_from, said.known_to,
  said.raw_response_id, said.run_id
from (
  select
    bar.instrument_id, bar.bar_interval, bar.ts, bar.session_date, bar.provider, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.version, true as is_current, bar.known_from, null::timestamptz as known_to, bar.raw_response_id, bar.run_id
  from market.price_data bar
  union all
  select
    closed.instrument_id, closed.bar_interval, closed.ts, closed.session_date, closed.provider, closed.open, closed.high, closed.low, closed.close,
    closed.volume, closed.adjusted_close, closed.version, false, closed.known_from, closed.known_to, closed.raw_response_id, closed.run_id
  from market.price_data_history closed
  union all
  select
    other.instrument_id, other.bar_interval, other.ts, other.session_date, other.provider, other.open, other.high, other.low, other.close, other.volume,
    other.adjusted_close, null, false, null, null, other.raw_response_id, other.run_id
  from market.price_observation other
) as said
join market.instrument using (instrument_id)
join ingest.raw_response response on response.raw_response_id = said.raw_response_id;

comment on view market.price_statement is
'What each provider said of each bar, and when: the current bars, their closed versions and the observations that never became current. One row per change of mind of a provider;
select * from market.price_statement where symbol = … and session_date = … order by said_at answers who said what of a bar.';
comment on column market.price_statement.instrument_id is 'Instrument.';
comment on column market.price_statement.symbol is 'Symbol of the instrument.';
comment on column market.price_statement.bar_interval is 'Length of the bar.';
comment on column market.price_statement.ts is 'Start of the bar, as in market.price_data.';
comment on column market.price_statement.session_date is 'Local date of the session.';
comment on column market.price_statement.provider is 'Who said it.';
comment on column market.price_statement.said_at is 'When the body arrived in which it was said.';
comment on column market.price_statement.open is 'First price.';
comment on column market.price_statement.high is 'Highest price.';
comment on column market.price_statement.low is 'Lowest price.';
comment on column market.price_statement.close is 'Last price.';
comment on column market.price_statement.volume is 'Units traded; 0 where the provider sends none.';
comment on column market.price_statement.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column market.price_statement.version is 'Number of the version that it became; null where it never was current.';
comment on column market.price_statement.is_current is 'True for what is now in market.price_data.';
comment on column market.price_statement.known_from is 'From when that version could be known; null where it never was current.';
comment on column market.price_statement.known_to is 'Until when it was the one to know (excluded); null for the current one and where it never was.';
comment on column market.price_statement.raw_response_id is 'The body.';
comment on column market.price_statement.run_id is 'Run that read it.';

grant select on market.price_statement to marketbase_reader;
--! EndIncluded market/price/price_statement.sql
--! Included market/price/require_references.sql
-- What bars refer to is there: looked up once for all rows of a statement.
create or replace function market.require_references() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  missing text;
begin
  select case
    when instrument.instrument_id is null then format('instrument %s', referred.instrument_id)
    when provider.provider is null then format('provider %s', referred.provider)
    when response.raw_response_id is null then format('body %s', referred.raw_response_id)
    else format('run %s', referred.run_id)
  end
  into missing
  from (select distinct made.instrument_id, made.provider, made.raw_response_id, made.run_id from made) as referred
  left join market.instrument as instrument on instrument.instrument_id = referred.instrument_id
  left join ingest.provider as provider on provider.provider = referred.provider
  left join ingest.raw_response as response on response.raw_response_id = referred.raw_response_id
  left join pipeline.pipeline_run as run on run.run_id = referred.run_id
  where instrument.instrument_id is null or provider.provider is null or response.raw_response_id is null or run.run_id is null
  limit 1;
  if found then
    raise exception using
      errcode = 'foreign_key_violation',
      message = format('A row of %I.%I refers to %s, which does not exist.', tg_table_schema, tg_table_name, missing),
      hint = 'Store what it refers to first.';
  end if;
  return null;
end
$$;

comment on function market.require_references() is
'Trigger: refuses rows whose instrument, provider, body or run does not exist (23503). The foreign keys of bars are declared and not enforced, because four look-ups for each row cost more than storing it; this looks each up once for a statement. Nobody can delete what they refer to.';

revoke all on function market.require_references() from public;

create or replace trigger _300_references_insert after insert on market.price_data
  referencing new table as made
  for each statement execute function market.require_references();
create or replace trigger _300_references_update after update on market.price_data
  referencing new table as made
  for each statement execute function market.require_references();
--! EndIncluded market/price/require_references.sql
--! Included market/time/bar_interval_of.sql
-- The name of a length of bars in minutes.
create or replace function market.bar_interval_of(p_minutes bigint) returns text
language sql immutable strict parallel safe
return case
  when p_minutes = 10080 then '1w'
  when p_minutes between 1440 and 43200 and p_minutes % 1440 = 0 then (p_minutes / 1440) || 'd'
  when p_minutes between 60 and 1439 and p_minutes % 60 = 0 then (p_minutes / 60) || 'h'
  when p_minutes between 1 and 1439 then p_minutes || 'm'
end;

comment on function market.bar_interval_of(bigint) is
'The name of bars of that many minutes: 1m, 90m, 1h, 1d, 3d, 1w. NULL when it is not between a minute and a day, or whole days up to 30; and for NULL.';

revoke all on function market.bar_interval_of(bigint) from public;
grant execute on function market.bar_interval_of(bigint) to marketbase_reader;
--! EndIncluded market/time/bar_interval_of.sql
--! Included market/time/bar_slots.sql
-- The bars that an exchange should have, by its calendar.
create or replace function market.bar_slots(p_mic text, p_bar_interval text, p_from date, p_to date) returns setof market.bar_slot
language plpgsql stable strict parallel safe
rows 10000
set search_path to pg_catalog, pg_temp
as $$
declare
  length constant interval := market.bar_length(p_bar_interval);
  months constant integer := extract(year from length) * 12 + extract(month from length);
begin
  if length < interval '1 day' then
    return query
      select opening.ts, least(opening.ts + length, opening.close_at), opening.session_date, opening.session_date, 1
      from (
        select session.session_date, part.close_at, generate_series(part.open_at, part.close_at - interval '1 second', length) as ts
        from market.session_hours(p_mic, p_from, p_to) as session
        -- A break divides a session into two parts.
        cross join lateral (
          values (session.open_at, coalesce(session.break_start, session.close_at)), (session.break_end, session.close_at)
        ) as part (open_at, close_at)
      ) as opening
      order by opening.ts;
  elsif length = interval '1 day' then
    return query
      select session.session_date::timestamp at time zone 'UTC', session.close_at, session.session_date, session.session_date, 1
      from market.session_hours(p_mic, p_from, p_to) as session
      order by session.session_date;
  else
    return query
      select
        slot.first_day::timestamp at time zone 'UTC', max(session.close_at), min(session.session_date), max(session.session_date),
        count(*)::integer
      from market.session_hours(p_mic, market.bar_start(length, p_from), market.bar_start(length, p_to, 1) - 1) as session
      cross join lateral (select market.bar_start(length, session.session_date) as first_day) as slot
      group by slot.first_day
      order by slot.first_day;
  end if;
end
$$;

comment on function market.bar_slots(text, text, date, date) is
'The bars of length p_bar_interval (see market.bar_length) that exchange p_mic should have in the sessions from p_from to p_to, both included, in order. Within a session they are counted from its open, and anew
after its break; the last one ends with the session, the last one before the break with that; weeks, months, quarters and years are given whole, where they touch the dates. No row for a week without a session, for an unknown exchange or NULL. MB001 for a length that cannot be.';

revoke all on function market.bar_slots(text, text, date, date) from public;
grant execute on function market.bar_slots(text, text, date, date) to marketbase_reader;
--! EndIncluded market/time/bar_slots.sql
--! Included market/time/bar_span.sql
-- How long a bar lasts. Not strict, so that it is inlined.
create or replace function market.bar_span(p_bar_interval text) returns interval
language sql immutable parallel safe
return case
  when p_bar_interval = '1d' then interval '1 day'
  when p_bar_interval = '1mo' then make_interval(months => 1)
  when p_bar_interval = '1w' then make_interval(days => 7)
  when p_bar_interval like '%d' then make_interval(days => rtrim(p_bar_interval, 'd')::integer)
  when p_bar_interval like '%h' then make_interval(hours => rtrim(p_bar_interval, 'h')::integer)
  else make_interval(mins => rtrim(p_bar_interval, 'm')::integer)
end;

comment on function market.bar_span(text) is
'The length of a bar whose bar_interval is given as market.bar_interval writes it. NULL for NULL; an error of PostgreSQL for what is no such name.';

revoke all on function market.bar_span(text) from public;
grant execute on function market.bar_span(text) to marketbase_reader;
--! EndIncluded market/time/bar_span.sql
--! Included market/time/bar_start.sql
-- The first day of the week, month, quarter or year in which a date lies. Not strict and one expression, so that it is inlined.
create or replace function market.bar_start(p_length interval, p_date date, p_offset integer default 0) returns date
language sql immutable parallel safe
return case
  when p_length < interval '7 days' then p_date + p_offset
  when p_length = interval '7 days' then date_trunc('week', p_date::timestamp)::date + 7 * p_offset
  -- Back to the January, or that many months after it, with which the stretch begins.
  else (
    date_trunc('month', p_date::timestamp)
    - (extract(month from p_date)::integer - 1) % (extract(year from p_length) * 12 + extract(month from p_length))::integer * interval '1 month'
    + p_offset * p_length
  )::date
end;

comment on function market.bar_start(interval, date, integer) is
'First day of the day, week (from Monday), or 1, 3, 6 or 12 months of the calendar in which p_date lies, or of the one that many later as p_offset says. p_length: from market.bar_length; less than a day counts as a day.
NULL for NULL.';

revoke all on function market.bar_start(interval, date, integer) from public;
grant execute on function market.bar_start(interval, date, integer) to marketbase_reader;
--! EndIncluded market/time/bar_start.sql
--! Included market/time/candles.sql
-- Bars of any length, made of the bars that are stored.
create or replace function market.candles(
  p_symbol text,
  p_bar_interval text,
  p_from date default null,
  p_to date default null,
  p_source_interval text default null,
  p_as_of timestamptz default null
) returns setof market.candle
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
-- A plan for any dates would read the bars of all instruments by their session.
set plan_cache_mode to force_custom_plan
as $$
declare
  asked_id constant bigint := market.instrument_id(p_symbol);
  length constant interval := market.bar_length(p_bar_interval);
  moment constant timestamptz := coalesce(p_as_of, now());
  asked market.instrument;
  source text;
  source_length interval;
  first_date date;
  last_date date;
begin
  select * into asked from market.instrument where instrument_id = asked_id;

  -- The longest stored bars that fit: minutes that divide the length, days into anything longer, weeks and months only into themselves and their multiples.
  select stored.bar_interval, bar.span into source, source_length
  from unnest('{1mo,1w,1d,1h,30m,15m,5m,1m}'::text[]) with ordinality as stored (bar_interval, position)
  cross join lateral (select market.bar_length(stored.bar_interval) as span) as bar
  where coalesce(p_source_interval, stored.bar_interval) = stored.bar_interval
    and case
      when bar.span < interval '1 day' then
        length >= interval '1 day' or extract(epoch from length)::integer % extract(epoch from bar.span)::integer = 0
      when bar.span = interval '1 day' then length >= interval '1 day'
      when bar.span = interval '1 month' then length >= interval '1 month'
      else length = bar.span
    end
    and exists (select from market.price_data where instrument_id = asked_id and price_data.bar_interval = stored.bar_interval)
  order by stored.position
  limit 1;
  if source is null then
    raise exception using
      errcode = case when p_source_interval is null then 'MB007' else 'MB001' end,
      message = format('There are no bars of %s from which candles of %s can be made.', asked.symbol, coalesce(p_bar_interval, 'NULL')),
      hint = coalesce(
        'Stored are ' || (
          select string_agg(interval_name, ', ')
          from unnest('{1m,5m,15m,30m,1h,1d,1w,1mo}'::text[]) as interval_name
          where exists (select from market.price_data where instrument_id = asked_id and bar_interval = interval_name)
        ) || '; their length has to divide that of the candle.',
        'Nothing is stored for it yet: marketbase ingest.'
      );
  end if;

  -- Candles are given whole, also where a limit lies within one.
  first_date := market.bar_start(length, p_from);
  last_date := market.bar_start(length, p_to, 1) - 1;

  -- The first and the last bar by time, which the key finds at once.
  if first_date is null then
    select market.bar_start(length, bar.session_date) into first_date
    from market.price_data as bar where bar.instrument_id = asked_id and bar.bar_interval = source order by bar.ts limit 1;
  end if;
  if last_date is null then
    select market.bar_start(length, bar.session_date, 1) - 1 into last_date
    from market.price_data as bar where bar.instrument_id = asked_id and bar.bar_interval = source order by bar.ts desc limit 1;
  end if;

  return query
    with session as materialized (
      select hours.session_date, hours.open_at, hours.close_at, hours.break_start, hours.break_end
      from market.session_hours(asked.mic, first_date, last_date) as hours
    ), bar as (
      select
        version.*,
        case
          when length < interval '1 day' then date_bin(length, version.ts, part.open_at)
          else market.bar_start(length, version.session_date)::timestamp at time zone 'UTC'
        end as candle_ts
      from market.price_data_version as version
      join session using (session_date)
      cross join lateral (select case when version.ts >= session.break_end then session.break_end else session.open_at end as open_at) as part
      where version.instrument_id = asked_id and version.bar_interval = source
        -- A bar starts within two days of its session's date, wherever the exchange is: the key finds it.
        and version.ts >= first_date - interval '2 days' and version.ts < last_date + interval '3 days'
        and version.known_from <= moment and (version.known_to is null or version.known_to > moment)
        and (
          source_length >= interval '1 day'
          or version.ts >= session.open_at and version.ts < session.close_at
            and (version.ts >= session.break_start and version.ts < session.break_end) is not true
        )
    ), made as (
      -- The first and the last bar are those of the earliest and the latest ts; no two bars of one length share one.
      select
        bar.candle_ts,
        (array_agg(bar.open order by bar.ts))[1] as open,
        max(bar.high) as high,
        min(bar.low) as low,
        (array_agg(bar.close order by bar.ts))[count(*)::integer] as close,
        sum(bar.volume order by bar.ts) as volume,
        (array_agg(bar.adjusted_close order by bar.ts))[count(*)::integer] as adjusted_close,
        count(*)::integer as bar_count,
        max(bar.ts) as last_ts,
        max(bar.session_date) as last_bar_date,
        max(bar.known_from) as known_from
      from bar
      group by bar.candle_ts
    ), expected as (
      -- How many bars the sessions of a long candle have.
      select
        market.bar_start(length, session.session_date)::timestamp at time zone 'UTC' as candle_ts,
        case
          when source_length < interval '1 day' then sum(
            ceil(extract(epoch from coalesce(session.break_start, session.close_at) - session.open_at) / extract(epoch from source_length))
            + coalesce(ceil(extract(epoch from session.close_at - session.break_end) / extract(epoch from source_length)), 0)
          )
          else count(distinct market.bar_start(source_length, session.session_date))
        end::integer as bar_count
      from session
      where length >= interval '1 day'
      group by candle_ts
    ), slot as (
      select
        slot.*,
        case
          when length < interval '1 day' then ceil(extract(epoch from slot.ends_at - slot.ts) / extract(epoch from source_length))::integer
          else expected.bar_count
        end as expected_count
      from market.bar_slots(asked.mic, p_bar_interval, first_date, last_date) as slot
      left join expected on expected.candle_ts = slot.ts
    )
    select
      asked_id, asked.symbol, p_bar_interval, slot.ts, slot.ends_at, slot.session_date, slot.last_session_date,
      made.open, made.high, made.low, made.close, made.volume, made.adjusted_close, source, made.bar_count, slot.expected_count,
      slot.ends_at > moment or slot.ts = max(slot.ts) over () and case
        when source_length < interval '1 day' then made.last_ts + source_length < slot.ends_at
        else market.bar_start(source_length, made.last_bar_date) < market.bar_start(source_length, slot.last_session_date)
      end,
      made.known_from
    from made
    join slot on slot.ts = made.candle_ts
    order by slot.ts;
end
$$;

comment on function market.candles(text, text, date, date, text, timestamptz) is
'Candles of p_symbol of any length, made of the bars that are stored: p_bar_interval is 5m, 90 minutes, 4h, 1d, 1w, 1mo, 1q, 1y (see market.bar_length). Open of the first bar, highest high, lowest low, close of the last bar, sum of the volumes.
Within a session candles are counted from its open, after a break anew, and the last one ends with the session, also on a half day; days, weeks (from Monday), months, quarters and years hold the sessions whose date lies in them.
p_from, p_to: sessions, both included (NULL: no limit); a candle is given whole where a limit lies within it. p_source_interval: bars to make them of (NULL: the longest stored ones that fit).
p_as_of: what could be known at that moment (NULL: now). A candle that is not over by then, or at the end of the data is not complete, has is_partial; bar_count below expected_count shows bars that are missing.
Bars outside the sessions of the calendar are left out; where the calendar does not reach every weekday counts, where no hours are known the whole day. A candle without a bar is absent: market.gap_fill shows those.
MB002 for an unknown symbol, MB001 for a length that cannot be or a source that does not fit, MB007 where no bars are stored that fit.';

revoke all on function market.candles(text, text, date, date, text, timestamptz) from public;
grant execute on function market.candles(text, text, date, date, text, timestamptz) to marketbase_reader;
--! EndIncluded market/time/candles.sql
--! Included market/time/gap_fill.sql
-- Every bar that should be there, with those that are missing marked or filled in.
create or replace function market.gap_fill(
  p_symbol text,
  p_bar_interval text default '1d',
  p_from date default null,
  p_to date default null,
  p_method text default 'null',
  p_max_gap integer default null,
  p_as_of timestamptz default null
) returns setof market.filled_bar
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
-- A plan for any dates would read the bars of all instruments by their session.
set plan_cache_mode to force_custom_plan
as $$
declare
  asked_id constant bigint := market.instrument_id(p_symbol);
  length constant interval := market.bar_length(p_bar_interval);
  moment constant timestamptz := coalesce(p_as_of, now());
  asked market.instrument;
  first_date date;
  last_date date;
begin
  if p_method is null or p_method not in ('null', 'locf', 'linear') then
    raise exception using
      errcode = 'MB001', message = format('%L is not a way to fill gaps.', left(p_method, 40)), hint = 'It is null, locf or linear.';
  elsif p_max_gap < 0 then
    raise exception using errcode = 'MB001', message = 'The longest gap to fill is negative.', hint = 'Give a number of bars, or NULL for no limit.';
  end if;
  select * into asked from market.instrument where instrument_id = asked_id;

  -- From the bar before what was asked for to the one after it, so that gaps at the edges are seen whole.
  select
    coalesce(max(bar.session_date) filter (where bar.session_date < p_from), p_from, min(bar.session_date)),
    coalesce(min(bar.session_date) filter (where bar.session_date > p_to), p_to, max(bar.session_date))
  into first_date, last_date
  from market.price_data_version as bar
  where bar.instrument_id = asked_id and bar.bar_interval = p_bar_interval
    and bar.known_from <= moment and (bar.known_to is null or bar.known_to > moment);

  return query
    with known as (
      select
        case when length < interval '1 day' then bar.ts else market.bar_start(length, bar.session_date)::timestamp at time zone 'UTC' end as slot_ts,
        bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close, bar.known_from
      from market.price_data_version as bar
      where bar.instrument_id = asked_id and bar.bar_interval = p_bar_interval
        and bar.known_from <= moment and (bar.known_to is null or bar.known_to > moment)
        and bar.session_date between first_date and last_date
        -- A bar starts within two days of its session's date, wherever the exchange is: the key finds it.
        and bar.ts >= first_date - interval '2 days' and bar.ts < last_date + interval '3 days'
    ), slot as (
      -- A run is a bar with the missing ones after it; those before the first bar are run 0.
      select
        expected.ts, expected.session_date, expected.last_session_date, expected.ends_at, known.*,
        known.slot_ts is null as is_missing,
        count(known.slot_ts) over (order by expected.ts) as run
      from market.bar_slots(asked.mic, p_bar_interval, first_date, last_date) as expected
      left join known on known.slot_ts = expected.ts
      where expected.ends_at <= moment
    ), neighboured as (
      -- There is one bar in a run, which max finds among NULLs.
      select
        slot.*,
        (count(*) filter (where slot.is_missing) over (partition by slot.run order by slot.ts))::integer as place,
        (count(*) filter (where slot.is_missing) over this_run)::integer as run_length,
        max(slot.slot_ts) over this_run as before_ts,
        max(slot.close) over this_run as before_close,
        max(slot.adjusted_close) over this_run as before_adjusted,
        max(slot.slot_ts) over next_run as after_ts,
        max(slot.close) over next_run as after_close,
        max(slot.adjusted_close) over next_run as after_adjusted,
        max(slot.known_from) over next_run as after_known_from
      from slot
      window
        this_run as (partition by slot.run),
        next_run as (order by slot.run groups between 1 following and 1 following)
    ), filled as (
      select
        neighboured.*,
        is_missing and before_ts is not null and case p_method
          when 'locf' then place <= coalesce(p_max_gap, place)
          when 'linear' then after_ts is not null and run_length <= coalesce(p_max_gap, run_length)
          else false
        end as is_filled,
        case when p_method = 'linear' then place::double precision / (run_length + 1) else 0 end as share
      from neighboured
    ), priced as (
      select
        filled.*,
        case when is_filled then before_close + (case share when 0 then 0 else after_close - before_close end) * share end as price,
        case when is_filled then before_adjusted + (case share when 0 then 0 else after_adjusted - before_adjusted end) * share end as adjusted
      from filled
    )
    select
      asked_id, asked.symbol, p_bar_interval, priced.ts, priced.session_date,
      coalesce(priced.open, price), coalesce(priced.high, price), coalesce(priced.low, price), coalesce(priced.close, price),
      coalesce(priced.volume, case when is_filled then 0 end),
      coalesce(priced.adjusted_close, adjusted),
      is_missing,
      place,
      case when is_filled then before_ts end,
      case when is_filled and p_method = 'linear' then after_ts end,
      coalesce(priced.known_from, case when is_filled and p_method = 'linear' then greatest(after_known_from, ends_at) else ends_at end)
    from priced
    where priced.last_session_date >= coalesce(p_from, priced.last_session_date) and priced.session_date <= coalesce(p_to, priced.session_date)
    -- Runs rise with time; the windows have brought the rows into this order.
    order by priced.run, priced.ts;
end
$$;

comment on function market.gap_fill(text, text, date, date, text, integer, timestamptz) is
'The bars of length p_bar_interval that p_symbol should have from session p_from to p_to, both included (NULL: from its first, to its last bar), by the calendar of its exchange: is_missing marks those that are not there.
p_method: null leaves their prices NULL; locf carries the last close forward, with volume 0; linear draws a line, bar by bar, from the close before the gap to the close after it.
LINEAR LOOKS AHEAD: a filled price is not known before the bar after the gap is, as known_from says; never use it where only the past may count.
p_max_gap: locf fills so many bars of a gap, linear only gaps that are no longer (NULL: no limit). The bar to carry forward may lie before p_from. Nothing is filled before the first bar, and by linear after the last.
p_as_of: what could be known at that moment (NULL: now); bars that were not over by then are not expected. Bars outside the sessions of the calendar are left out. Where the calendar does not reach (New York: before 1990) every weekday counts, where no hours are known the whole day.
Convention: time_bucket_gapfill with locf and interpolate of TimescaleDB, but buckets exist only in sessions. MB002 for an unknown symbol, MB001 for another method, length or limit.';

revoke all on function market.gap_fill(text, text, date, date, text, integer, timestamptz) from public;
grant execute on function market.gap_fill(text, text, date, date, text, integer, timestamptz) to marketbase_reader;
--! EndIncluded market/time/gap_fill.sql
--! Included market/time/session_hours.sql
-- When an exchange trades, whatever is known of its calendar. Not strict, so that it is inlined.
create or replace function market.session_hours(p_mic text, p_from date, p_to date) returns setof market.trading_session
language sql stable parallel safe
begin atomic
  with reach as (
    select exchange.calendar, exchange.time_zone, known.first_date, known.last_date
    from market.exchange
    left join lateral (
      select min(session.session_date) as first_date, max(session.session_date) as last_date
      from market.trading_session session
      where session.mic = p_mic
    ) as known on exchange.calendar = 'sessions'
    where exchange.mic = p_mic
  ), unlisted as (
    -- Days before and after the calendar, or all of them where there is none.
    select stretch.from_date + n as session_date, reach.time_zone
    from reach
    cross join lateral (
      values
        (p_from, case when reach.calendar = 'sessions' then least(p_to, reach.first_date - 1) else p_to end),
        (greatest(p_from, reach.last_date + 1), case when reach.calendar = 'sessions' then p_to end)
    ) as stretch (from_date, to_date)
    cross join lateral generate_series(0, stretch.to_date - stretch.from_date) as n
    where reach.calendar = 'always' or extract(isodow from stretch.from_date + n) < 6
  )
  select
    session.mic, session.session_date, session.open_at, session.close_at, session.is_half_day, session.break_start, session.break_end, session.run_id
  from reach
  join market.trading_session session on session.mic = p_mic and session.session_date between p_from and p_to
  where reach.calendar = 'sessions'
  union all
  select
    p_mic, unlisted.session_date,
    coalesce(session.open_at, unlisted.session_date::timestamp at time zone unlisted.time_zone),
    coalesce(session.close_at, (unlisted.session_date + 1)::timestamp at time zone unlisted.time_zone),
    coalesce(session.is_half_day, false), session.break_start, session.break_end, session.run_id
  from unlisted
  left join market.trading_session session on session.mic = p_mic and session.session_date = unlisted.session_date
  order by session_date;
end;

comment on function market.session_hours(text, date, date) is
'The sessions of an exchange from p_from to p_to, both included, in order: the rows of market.trading_session, and where the calendar does not reach every weekday.
Where no hours are known a session is the whole local day; so are those of a market that never closes, from midnight to midnight UTC. No row for an unknown exchange or NULL.';

revoke all on function market.session_hours(text, date, date) from public;
grant execute on function market.session_hours(text, date, date) to marketbase_reader;
--! EndIncluded market/time/session_hours.sql
--! Included market/universe/member_instrument_id.sql
-- The instrument that had a ticker while it was a member.
create or replace function market.member_instrument_id(p_run_id bigint, p_symbol text, p_from date, p_to date) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  found_id bigint;
begin
  select identifier.instrument_id into found_id
  from market.instrument_identifier as identifier
  where identifier.kind = 'symbol' and identifier.value = p_symbol and identifier.known_to is null
    and daterange(identifier.valid_from, identifier.valid_to) && daterange(p_from, p_to)
  -- Who had it longest in that time: a ticker may pass on in the middle of a spell.
  order by least(identifier.valid_to, p_to, date '9999-01-01') - greatest(identifier.valid_from, p_from) desc, identifier.valid_from
  limit 1;
  if found_id is not null then
    return found_id;
  end if;
  -- Nobody had it then: it was the ticker of an instrument that is not known here yet.
  insert into market.instrument (symbol, run_id)
  select name.symbol, p_run_id
  from (
    select n, case n when 0 then p_symbol else format('%s.%s', p_symbol, n) end as symbol from generate_series(0, 99) as n
  ) as name
  where not exists (select from market.instrument as other where other.symbol = name.symbol)
  order by name.n
  limit 1
  returning instrument_id into found_id;
  if market.identifier_at(found_id, 'symbol', p_from) is distinct from p_symbol then
    perform market.set_identifier(p_run_id, found_id, 'symbol', p_symbol, p_from, p_to);
  end if;
  return found_id;
end
$$;

comment on function market.member_instrument_id(bigint, text, date, date) is
'The instrument that had the ticker p_symbol from p_from to the day before p_to, or most of that time, as now known; a new one where nobody had it then, which goes by p_symbol.1 (or .2 …) where somebody has the ticker today. p_run_id: run that adds it.';

revoke all on function market.member_instrument_id(bigint, text, date, date) from public;
grant execute on function market.member_instrument_id(bigint, text, date, date) to marketbase_worker;
--! EndIncluded market/universe/member_instrument_id.sql
--! Included market/universe/universe_members.sql
-- Who belonged to a universe on a day, as it was known at a moment.
create or replace function market.universe_members(p_universe text, p_date date default current_date, p_as_of timestamptz default now())
returns table (instrument_id bigint, symbol text, valid_from date, valid_to date, known_from timestamptz)
language sql stable parallel safe
rows 500
begin atomic
  select member.instrument_id, member.symbol, member.valid_from, nullif(member.valid_to, 'infinity'), member.known_from
  from market.universe_member as member
  where member.universe = p_universe
    and member.valid_from <= p_date and p_date < member.valid_to
    and member.known_from <= p_as_of and (member.known_to is null or p_as_of < member.known_to)
  order by member.symbol, member.instrument_id;
end;

comment on function market.universe_members(text, date, timestamptz) is
'The members of p_universe on p_date (default: today), as known at p_as_of (default: now), by symbol: those of the time, also where they were delisted or renamed since. symbol is the ticker of the time; valid_to is NULL where no end was known.
With p_as_of at p_date nothing that became known later is in it. No rows for an unknown universe or NULL.';

revoke all on function market.universe_members(text, date, timestamptz) from public;
grant execute on function market.universe_members(text, date, timestamptz) to marketbase_reader;
--! EndIncluded market/universe/universe_members.sql
--! Included market/universe/universe_spell.sql
-- Who belonged to which universe from when to when, as now known.
create or replace view market.universe_spell with (security_invoker = true) as
select
  member.instrument_id, member.member_id, member.universe, member.symbol, instrument.symbol as current_symbol, instrument.name,
  member.valid_from, nullif(member.valid_to, 'infinity') as valid_to, member.known_from, member.run_id
from market.universe_member as member
join market.instrument using (instrument_id)
where member.known_to is null;

comment on view market.universe_spell is
E'@primaryKey instrument_id,member_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (universe) references market.universe (universe)\nSpells of membership, as now known; an instrument may have several in one universe.';
comment on column market.universe_spell.instrument_id is 'Instrument.';
comment on column market.universe_spell.member_id is 'Tells the rows of an instrument apart.';
comment on column market.universe_spell.universe is 'Universe.';
comment on column market.universe_spell.symbol is 'Ticker under which it was a member.';
comment on column market.universe_spell.current_symbol is 'Symbol by which marketbase now knows the instrument.';
comment on column market.universe_spell.name is 'Its name, where a provider gave one.';
comment on column market.universe_spell.valid_from is 'First day as a member.';
comment on column market.universe_spell.valid_to is 'First day on which it was no longer a member; null where no end is known.';
comment on column market.universe_spell.known_from is 'From when this could be known.';
comment on column market.universe_spell.run_id is 'Run that said so.';

revoke all on market.universe_spell from public;
grant select on market.universe_spell to marketbase_reader;
--! EndIncluded market/universe/universe_spell.sql
--! Included pipeline/accept_held.sql
-- A person releases a restatement that was held back.
create or replace function pipeline.accept_held(p_raw_response_id bigint, p_by text, p_reason text) returns ingest.normalisation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  held ingest.held_response;
  accept_id bigint;
  result ingest.normalisation;
begin
  if coalesce(btrim(p_by), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using
      errcode = 'MB001',
      message = 'a restatement is accepted by somebody, for a reason',
      hint = 'Give both; they are kept with the run that takes the rows in.';
  end if;
  select * into held from ingest.held_response where held_response.raw_response_id = p_raw_response_id for update;
  if held.raw_response_id is null or held.released_at is not null then
    raise exception using
      errcode = case when held.raw_response_id is null then 'MB002' else 'MB008' end,
      message = case when held.raw_response_id is null then format('the body %s is not held', p_raw_response_id)
        else format('the body %s was accepted by %s: %s', p_raw_response_id, held.released_by, held.reason) end,
      hint = 'marketbase ingest held lists those that wait.';
  end if;

  accept_id := pipeline.start_run('ingest', 'accept', null, jsonb_build_object('raw_response_id', p_raw_response_id, 'by', p_by, 'reason', p_reason));
  update ingest.held_response
  set released_at = clock_timestamp(), released_by = p_by, reason = p_reason, accept_run_id = accept_id
  where held_response.raw_response_id = p_raw_response_id;
  result := pipeline.normalise_response(accept_id, p_raw_response_id);
  if result.outcome = 'normalised' then
    perform pipeline.finish_run(
      accept_id, result.row_count, result.changed_count, jsonb_build_object('raw_response_id', p_raw_response_id, 'changed', result.changed_count - result.new_count),
      format('accepted by %s: %s', p_by, p_reason)
    );
  else
    perform pipeline.fail_run(accept_id, result.error_code, result.message);
  end if;
  update pipeline.backfill_chunk chunk
  set state = case result.outcome when 'normalised' then 'done' else 'failed' end, new_count = result.new_count,
    version_count = result.changed_count - result.new_count, row_count = result.row_count
  where chunk.raw_response_id = p_raw_response_id and chunk.state = 'held';
  return result;
end
$$;

comment on function pipeline.accept_held(bigint, text, text) is
'Takes in a body that was held because it restates more rows than ingest.provider.restatement_limit. p_by: who decided; p_reason: why. Both stand in the parameters of the run that each new version and each lineage edge names. Returns the
row of ingest.normalisation. MB002 when the body is not held, MB008 when it was accepted before, MB001 without name or reason.';

revoke all on function pipeline.accept_held(bigint, text, text) from public;
grant execute on function pipeline.accept_held(bigint, text, text) to marketbase_worker;
--! EndIncluded pipeline/accept_held.sql
--! Included pipeline/backfill/advance_backfill.sql
-- After each piece: hand out the next ones, or close the backfill.
create or replace function pipeline.advance_backfill(p_run_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  plan pipeline.backfill;
  next_chunk record;
  chunk_run_id bigint;
  total record;
begin
  -- the row lock lets one piece at a time decide what comes next
  perform from pipeline.pipeline_run where run_id = p_run_id and status = 'running' for update;
  if not found then
    return;
  end if;
  select * into plan from pipeline.backfill where run_id = p_run_id;

  update pipeline.backfill_chunk chunk
  set state = 'failed', error_code = run.error_code, message = run.message, finished_at = run.finished_at
  from pipeline.pipeline_run run
  where chunk.backfill_run_id = p_run_id and chunk.state = 'queued' and run.run_id = chunk.run_id and run.status = 'failed';

  for next_chunk in
    select chunk.chunk_no, chunk.subject, chunk.from_date, chunk.to_date
    from pipeline.backfill_chunk chunk
    where chunk.backfill_run_id = p_run_id and chunk.state = 'waiting'
    order by chunk.chunk_no
    limit greatest(0, plan.max_active - (
      select count(*) from pipeline.backfill_chunk active where active.backfill_run_id = p_run_id and active.state = 'queued'
    ))
  loop
    insert into pipeline.pipeline_run (parent_run_id, root_run_id, flow, step, stage, parameters)
    values (p_run_id, p_run_id, 'backfill', 'chunk', 1, jsonb_strip_nulls(jsonb_build_object(
      'provider', plan.provider, 'dataset', plan.dataset, 'subject', next_chunk.subject, 'from', next_chunk.from_date, 'to', next_chunk.to_date)))
    returning run_id into chunk_run_id;
    update pipeline.backfill_chunk chunk
    set state = 'queued', run_id = chunk_run_id
    where chunk.backfill_run_id = p_run_id and chunk.chunk_no = next_chunk.chunk_no;
    perform pipeline.enqueue_run(chunk_run_id);
  end loop;

  select
    count(*) as chunks, count(*) filter (where chunk.state in ('waiting', 'queued')) as open, count(*) filter (where chunk.state = 'failed') as failed,
    count(*) filter (where chunk.state = 'held') as held, sum(chunk.row_count) as row_count, sum(chunk.new_count + chunk.version_count) as changed
  into total
  from pipeline.backfill_chunk chunk
  where chunk.backfill_run_id = p_run_id;
  if total.open > 0 then
    return;
  elsif total.failed > 0 then
    perform pipeline.fail_run(p_run_id, 'MB008', format('%s of %s pieces failed: see pipeline.backfill_chunk', total.failed, total.chunks));
  else
    perform pipeline.finish_run(
      p_run_id, total.row_count::bigint, total.changed::bigint, jsonb_build_object('chunks', total.chunks, 'held', total.held),
      format('%s pieces, %s rows new or changed', total.chunks, total.changed)
    );
  end if;
end
$$;

comment on function pipeline.advance_backfill(bigint) is
'Takes note of the pieces of the backfill that failed, gives the workers the next ones as long as fewer than max_active are in their hands, and closes the backfill when none is left: as failed when a piece failed. May be called any number of times.';

revoke all on function pipeline.advance_backfill(bigint) from public;
grant execute on function pipeline.advance_backfill(bigint) to marketbase_worker;
--! EndIncluded pipeline/backfill/advance_backfill.sql
--! Included pipeline/backfill/backfill_flow.sql
-- How the workers carry out the pieces of a backfill.
insert into pipeline.flow_step (flow, step, stage, task, parameters, description)
values ('backfill', 'chunk', 1, 'backfill_chunk', '{}', 'fetch and read one piece of a backfill')
on conflict (flow, step) do update
set stage = excluded.stage, task = excluded.task, parameters = excluded.parameters, description = excluded.description;
--! EndIncluded pipeline/backfill/backfill_flow.sql
--! Included pipeline/backfill/finish_chunk.sql
-- The body of a piece is there: read it and close the piece, in the transaction of the caller.
create or replace function pipeline.finish_chunk(p_run_id bigint, p_raw_response_ids bigint[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  body_id bigint;
  result ingest.normalisation;
  chunk pipeline.backfill_chunk;
begin
  select * into chunk from pipeline.backfill_chunk where backfill_chunk.run_id = p_run_id and backfill_chunk.state = 'queued' for update;
  if chunk.run_id is null then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is no piece of a backfill that is under way', p_run_id),
      hint = 'pipeline.start_backfill makes such runs.';
  end if;
  chunk.state := 'done';
  foreach body_id in array p_raw_response_ids loop
    result := pipeline.normalise_response(p_run_id, body_id);
    chunk.raw_response_id := body_id;
    chunk.row_count := chunk.row_count + result.row_count;
    if result.run_id = p_run_id then
      chunk.new_count := chunk.new_count + result.new_count;
      chunk.version_count := chunk.version_count + result.changed_count - result.new_count;
    end if;
    chunk.quarantined_count := chunk.quarantined_count + result.quarantined_count;
    if result.outcome <> 'normalised' then
      chunk.state := case when result.outcome = 'refused' or chunk.state = 'failed' then 'failed' else 'held' end;
      chunk.error_code := result.error_code;
      chunk.message := result.message;
    end if;
  end loop;

  update pipeline.backfill_chunk target
  set
    state = chunk.state, raw_response_id = chunk.raw_response_id, row_count = chunk.row_count, new_count = chunk.new_count,
    version_count = chunk.version_count, quarantined_count = chunk.quarantined_count, error_code = chunk.error_code, message = chunk.message,
    finished_at = clock_timestamp()
  where target.backfill_run_id = chunk.backfill_run_id and target.chunk_no = chunk.chunk_no;
  if chunk.state = 'failed' then
    perform pipeline.fail_run(p_run_id, chunk.error_code, chunk.message);
  else
    perform pipeline.finish_run(
      p_run_id, chunk.row_count, chunk.new_count + chunk.version_count,
      jsonb_build_object('raw_response_ids', to_jsonb(p_raw_response_ids), 'new', chunk.new_count, 'versions', chunk.version_count,
        'quarantined', chunk.quarantined_count),
      coalesce(chunk.message, format('%s rows, %s new, %s changed', chunk.row_count, chunk.new_count, chunk.version_count))
    );
  end if;
end
$$;

comment on function pipeline.finish_chunk(bigint, bigint[]) is
'Reads the bodies that came for a piece of a backfill (pipeline.normalise_response) and closes piece and run: done, held where a body waits to be accepted, failed where one is refused. What the others brought stays. MB008 when the run is no piece under way.';

revoke all on function pipeline.finish_chunk(bigint, bigint[]) from public;
grant execute on function pipeline.finish_chunk(bigint, bigint[]) to marketbase_worker;
--! EndIncluded pipeline/backfill/finish_chunk.sql
--! Included pipeline/backfill/plan_backfill.sql
-- The pieces of a backfill, and what became of the same days before.
create or replace function pipeline.plan_backfill(
  p_provider text,
  p_dataset text,
  p_subjects text[],
  p_from date default null,
  p_to date default null,
  p_chunk_days integer default null,
  p_reprocess text default 'none',
  p_is_reverse boolean default false
) returns setof pipeline.planned_chunk
language sql stable parallel safe
begin atomic
  with piece as (
    select subject.name as subject, span.from_date, span.to_date, subject.position
    from unnest(p_subjects) with ordinality as subject (name, position)
    cross join lateral (
      select p_from as from_date, p_to as to_date
      where p_chunk_days is null or p_from is null or p_to is null
      union all
      select day::date, least(day::date + p_chunk_days - 1, p_to)
      from generate_series(p_from::timestamp, p_to::timestamp, make_interval(days => p_chunk_days)) as day
      where p_chunk_days is not null and p_from is not null and p_to is not null
    ) as span
  ), known as (
    select piece.*, coalesce(earlier.state, 'new') as before
    from piece
    left join lateral (
      -- an earlier piece that holds all these days; a success counts more than a failure
      select chunk.state
      from pipeline.backfill_chunk chunk
      join pipeline.backfill on backfill.run_id = chunk.backfill_run_id
      where backfill.provider = p_provider and backfill.dataset = p_dataset and chunk.subject = piece.subject
        and chunk.state in ('done', 'failed', 'held')
        and coalesce(chunk.from_date, '-infinity') <= coalesce(piece.from_date, '-infinity')
        and coalesce(chunk.to_date, 'infinity') >= coalesce(piece.to_date, 'infinity')
      order by chunk.state = 'failed', chunk.finished_at desc
      limit 1
    ) as earlier on true
  )
  select
    (row_number() over (
      order by case when p_is_reverse then null else known.from_date end, case when p_is_reverse then known.from_date end desc, known.position
    ))::integer,
    known.subject, known.from_date, known.to_date, known.before,
    case p_reprocess when 'all' then true when 'failed' then known.before in ('new', 'failed') else known.before = 'new' end
  from known
  order by 1;
end;

comment on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean) is
'The pieces into which p_from to p_to is cut for each symbol, p_chunk_days long (NULL, or no p_from or p_to: one piece for each symbol), the oldest first or, with p_is_reverse, the newest. before tells what an earlier piece that holds all its days
came to: new (there is none), done, failed or held. is_wanted follows p_reprocess: none takes what is new, failed also what failed, all everything.';

revoke all on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean) from public;
grant execute on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean) to marketbase_reader;
--! EndIncluded pipeline/backfill/plan_backfill.sql
--! Included pipeline/backfill/start_backfill.sql
-- Starts a backfill, or joins the one that is under way with the same request.
create or replace function pipeline.start_backfill(
  p_provider text,
  p_dataset text,
  p_subjects text[],
  p_from date default null,
  p_to date default null,
  p_chunk_days integer default null,
  p_reprocess text default 'none',
  p_is_reverse boolean default false,
  p_max_active integer default 4
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root_id bigint;
begin
  if not exists (select from ingest.provider where provider.provider = p_provider) then
    raise exception using
      errcode = 'MB001',
      message = format('there is no provider named "%s"', p_provider),
      hint = 'Providers: ' || (select string_agg(provider.provider, ', ' order by provider.provider) from ingest.provider) || '.';
  end if;
  if coalesce(p_reprocess not in ('none', 'failed', 'all'), true) or coalesce(p_max_active not between 1 and 64, true) or p_from > p_to
    or p_chunk_days <= 0 or coalesce(cardinality(p_subjects), 0) = 0 or array_position(p_subjects, null) is not null
  then
    raise exception using
      errcode = 'MB001',
      message = 'a backfill has symbols, a first day before its last day, pieces of a day at least, reprocess none, failed or all, and 1 to 64 pieces at once',
      hint = 'See comment on pipeline.start_backfill.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('pipeline.backfill', 0));
  select backfill.run_id into root_id
  from pipeline.backfill
  join pipeline.pipeline_run run on run.run_id = backfill.run_id and run.status = 'running'
  where (backfill.provider, backfill.dataset, backfill.subjects) = (p_provider, p_dataset, p_subjects)
    and (backfill.from_date, backfill.to_date, backfill.chunk_days) is not distinct from (p_from, p_to, p_chunk_days)
  order by backfill.run_id
  limit 1;

  if root_id is null then
    if not exists (
      select from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse) plan where plan.is_wanted
    ) then
      return null;
    end if;
    root_id := pipeline.start_run(
      'backfill', 'backfill', null,
      jsonb_build_object('provider', p_provider, 'dataset', p_dataset, 'subjects', to_jsonb(p_subjects), 'from', p_from, 'to', p_to, 'reprocess', p_reprocess)
    );
    insert into pipeline.backfill (run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active)
    values (root_id, p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse, p_max_active);
    insert into pipeline.backfill_chunk (backfill_run_id, chunk_no, subject, from_date, to_date)
    select root_id, row_number() over (order by plan.chunk_no), plan.subject, plan.from_date, plan.to_date
    from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse) plan
    where plan.is_wanted;
  end if;

  perform pipeline.advance_backfill(root_id);
  return root_id;
end
$$;

comment on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) is
'Starts to fetch and read a data set of the symbols from p_from to p_to in the pieces of pipeline.plan_backfill, p_max_active at once (1 to 64), and returns the run_id of the backfill. While one with the same provider, data set, symbols, days
and pieces is under way, that one is returned. NULL when nothing is to be done. MB001 for an unknown provider or arguments that make no sense.';

revoke all on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) from public;
grant execute on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) to marketbase_worker;
--! EndIncluded pipeline/backfill/start_backfill.sql
--! Included pipeline/flows/advance_flow.sql
-- After each step: start the next stage, or close the flow.
create or replace function pipeline.advance_flow(p_root_run_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root pipeline.pipeline_run;
  failed pipeline.pipeline_run;
  next_stage integer;
begin
  -- the row lock lets one step at a time decide what comes next
  select * into root from pipeline.pipeline_run where run_id = p_root_run_id for update;
  if root.status is distinct from 'running' then
    return;
  end if;
  -- the pieces of a backfill do not depend on each other: one that fails stops none of them
  if root.flow = 'backfill' then
    perform pipeline.advance_backfill(p_root_run_id);
    return;
  end if;

  select * into failed from pipeline.pipeline_run where root_run_id = p_root_run_id and status = 'failed' order by run_id limit 1;
  if failed.run_id is not null then
    update pipeline.pipeline_run
    set status = 'skipped', message = format('skipped because step %s failed', failed.step), finished_at = clock_timestamp()
    where root_run_id = p_root_run_id and status = 'queued';
    perform pipeline.fail_run(p_root_run_id, failed.error_code, format('step %s failed: %s', failed.step, failed.message));
    return;
  end if;

  select min(stage) into next_stage from pipeline.pipeline_run
  where root_run_id = p_root_run_id and parent_run_id = p_root_run_id and status in ('queued', 'running');
  if next_stage is null then
    perform pipeline.finish_run(
      p_root_run_id, sum(run.rows_read)::bigint, sum(run.rows_written)::bigint,
      jsonb_object_agg(run.step, run.rows_written),
      format('%s steps, %s rows written', count(*), sum(run.rows_written))
    )
    from pipeline.pipeline_run run
    where run.parent_run_id = p_root_run_id;
    return;
  end if;

  -- a stage of which a step has begun was enqueued before
  if not exists (
    select from pipeline.pipeline_run
    where parent_run_id = p_root_run_id and stage = next_stage and (status <> 'queued' or attempt > 0)
  ) then
    perform pipeline.enqueue_run(run.run_id) from pipeline.pipeline_run run where run.parent_run_id = p_root_run_id and run.stage = next_stage;
  end if;
end
$$;

comment on function pipeline.advance_flow(bigint) is
'Looks at the steps of the flow whose root is p_root_run_id: enqueues the first stage that is not done, or closes the root as succeeded or, when a step failed, as failed with the rest skipped. A backfill goes on with pipeline.advance_backfill. May be called any number of times.';

revoke all on function pipeline.advance_flow(bigint) from public;
grant execute on function pipeline.advance_flow(bigint) to marketbase_worker;
--! EndIncluded pipeline/flows/advance_flow.sql
--! Included pipeline/flows/demo_flow.sql
-- The flow of the demonstration: real bars, filings, trades and notes, from the fetch to the predictions.
insert into pipeline.flow_step (flow, step, stage, task, parameters, description)
values
  ('demo', 'fetch_bars_aapl', 1, 'fetch', '{"provider": "sample", "dataset": "bars", "subject": "AAPL"}', 'fetch the daily bars of AAPL'),
  ('demo', 'fetch_actions_aapl', 1, 'fetch', '{"provider": "sample", "dataset": "actions", "subject": "AAPL"}', 'fetch the split and the dividends of AAPL'),
  ('demo', 'fetch_bars_gspc', 1, 'fetch', '{"provider": "sample", "dataset": "bars", "subject": "^GSPC"}', 'fetch the daily bars of the S&P 500'),
  ('demo', 'fetch_fundamentals_aapl', 1, 'fetch', '{"provider": "sample", "dataset": "fundamentals", "subject": "AAPL"}',
    'fetch figures of Apple''s annual reports'),
  ('demo', 'fetch_trades', 1, 'fetch', '{"provider": "sample", "dataset": "trades", "subject": "demo"}', 'fetch the trades of the portfolio demo'),
  ('demo', 'fetch_documents', 1, 'fetch', '{"provider": "sample", "dataset": "documents", "subject": "notes"}', 'fetch notes on Apple and the market'),
  ('demo', 'normalise', 2, 'run_step', '{}', 'normalise the bodies, apply the critical rules, accept or quarantine'),
  ('demo', 'validate', 3, 'run_step', '{}', 'validate what is stored'),
  ('demo', 'features', 4, 'run_step', '{}', 'compute the feature sets'),
  ('demo', 'portfolio', 4, 'run_step', '{}', 'fold trades into positions, compute performance'),
  ('demo', 'train', 5, 'run_step', '{}', 'train the models, walking forward'),
  ('demo', 'risk', 5, 'run_step', '{"optimize": {"symbols": ["AAPL", "^GSPC"], "from": "2015-01-02", "to": "2017-12-29"}}',
    'compute value at risk and optimise weights'),
  ('demo', 'publish', 5, 'publish', '{}', 'publish the latest features to Redis'),
  ('demo', 'predict', 6, 'run_step', '{}', 'predict, and join the outcomes'),
  ('demo', 'validate_derived', 7, 'run_step', '{}', 'validate features and predictions')
on conflict (flow, step) do update
set stage = excluded.stage, task = excluded.task, parameters = excluded.parameters, description = excluded.description;
--! EndIncluded pipeline/flows/demo_flow.sql
--! Included pipeline/flows/pending_work.sql
-- What a flow would find to do, so that a start without work changes nothing.
create or replace function pipeline.pending_work(p_flow text) returns table (step text, reason text)
language sql stable parallel safe
begin atomic
  select root.step, format('run %s was not finished', root.run_id)
  from pipeline.pipeline_run root
  where root.flow = p_flow and root.parent_run_id is null and root.step = p_flow and root.status in ('queued', 'running')
  union all
  select wanted.step, format('%s of %s were never fetched from %s', wanted.parameters ->> 'dataset', wanted.parameters ->> 'subject', wanted.parameters ->> 'provider')
  from pipeline.flow_step wanted
  where wanted.flow = p_flow and wanted.task = 'fetch'
    and not exists (
      select from ingest.raw_response response
      where response.provider = wanted.parameters ->> 'provider'
        and response.dataset = wanted.parameters ->> 'dataset'
        and response.subject = wanted.parameters ->> 'subject'
    )
  union all
  select 'normalise', format('body %s of %s was never normalised', response.raw_response_id, response.subject)
  from ingest.raw_response response
  where not exists (select from ingest.normalisation done where done.raw_response_id = response.raw_response_id)
  union all
  select
    case mark.consumer when 'quality' then 'validate' when 'feature' then 'features' when 'fundamental_feature' then 'features' when 'action_feature' then 'features' when 'ml' then 'train' else mark.consumer end,
    format('%s changed between %s and %s', instrument.symbol, min(mark.from_ts)::date, max(mark.to_ts)::date)
  from pipeline.stale_range mark
  join market.instrument instrument using (instrument_id)
  group by mark.consumer, instrument.symbol
  union all
  select 'features', format('version %s of set %s has no values yet', version.version, feature_set.name)
  from feature.feature_set_version version
  join feature.feature_set feature_set using (feature_set_id)
  where version.is_current
    and feature_set.is_active
    and exists (select from market.price_data bar where bar.bar_interval = feature_set.bar_interval)
    and not exists (select from feature.feature_vector vector where vector.feature_set_version_id = version.feature_set_version_id)
  union all
  select 'features', format('%s bars of set %s are planned and not computed', sum(part.bars), feature_set.name)
  from feature.computation_task task
  join feature.feature_set feature_set using (feature_set_id)
  cross join lateral unnest(task.bars) as part (bars)
  where task.error is null
  group by feature_set.name
  union all
  select 'features', format('instruments of set %s have to be compared again between %s and %s', feature_set.name, min(mark.from_ts)::date, max(mark.to_ts)::date)
  from feature.stale_cross_section mark
  join feature.feature_set feature_set using (feature_set_id)
  where feature_set.is_active
  group by feature_set.name
  union all
  select 'train', format('model %s was never trained', model.name)
  from ml.model model
  where not exists (select from ml.model_training_run training where training.model_id = model.model_id and training.is_current);
end;

comment on function pipeline.pending_work(text) is
'What the flow p_flow would have to do, one row per reason: an unfinished run, something never fetched or normalised, data that changed, a version of an active feature set without values, bars that are planned and not computed, a model never trained. No rows: everything is there.';

revoke all on function pipeline.pending_work(text) from public;
grant execute on function pipeline.pending_work(text) to marketbase_reader;
--! EndIncluded pipeline/flows/pending_work.sql
--! Included pipeline/grants.sql
-- Who may do what with runs, flows and stale ranges: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema pipeline to marketbase_reader;

alter table pipeline.flow_step enable row level security;
drop policy if exists flow_step_read on pipeline.flow_step;
create policy flow_step_read on pipeline.flow_step for select to marketbase_reader using (true);
revoke all on pipeline.flow_step from public, marketbase_reader, marketbase_worker;
grant select on pipeline.flow_step to marketbase_reader;

alter table pipeline.pipeline_run enable row level security;
drop policy if exists pipeline_run_read on pipeline.pipeline_run;
create policy pipeline_run_read on pipeline.pipeline_run for select to marketbase_reader using (true);
drop policy if exists pipeline_run_insert on pipeline.pipeline_run;
create policy pipeline_run_insert on pipeline.pipeline_run for insert to marketbase_worker with check (true);
drop policy if exists pipeline_run_update on pipeline.pipeline_run;
create policy pipeline_run_update on pipeline.pipeline_run for update to marketbase_worker using (true) with check (true);
revoke all on pipeline.pipeline_run from public, marketbase_reader, marketbase_worker;
grant select on pipeline.pipeline_run to marketbase_reader;
grant insert (
  parent_run_id, root_run_id, flow, step, stage, status, attempt, parameters, function_name, function_version, rows_read, rows_written, summary,
  message, error_code, worker, started_at, heartbeat_at, finished_at, retry_count, lost_count, run_at
) on pipeline.pipeline_run to marketbase_worker;
grant update (
  status, attempt, function_name, function_version, rows_read, rows_written, summary, message, error_code, worker, started_at, heartbeat_at,
  finished_at, retry_count, lost_count, run_at
) on pipeline.pipeline_run to marketbase_worker;

alter table pipeline.stale_range enable row level security;
drop policy if exists stale_range_read on pipeline.stale_range;
create policy stale_range_read on pipeline.stale_range for select to marketbase_reader using (true);
drop policy if exists stale_range_insert on pipeline.stale_range;
create policy stale_range_insert on pipeline.stale_range for insert to marketbase_worker with check (true);
drop policy if exists stale_range_update on pipeline.stale_range;
create policy stale_range_update on pipeline.stale_range for update to marketbase_worker using (true) with check (true);
drop policy if exists stale_range_delete on pipeline.stale_range;
create policy stale_range_delete on pipeline.stale_range for delete to marketbase_worker using (true);
revoke all on pipeline.stale_range from public, marketbase_reader, marketbase_worker;
grant select on pipeline.stale_range to marketbase_reader;
grant insert (instrument_id, consumer, from_ts, to_ts, reason) on pipeline.stale_range to marketbase_worker;
grant update (from_ts, to_ts, reason, marked_at) on pipeline.stale_range to marketbase_worker;
grant delete on pipeline.stale_range to marketbase_worker;

alter table pipeline.backfill enable row level security;
drop policy if exists backfill_read on pipeline.backfill;
create policy backfill_read on pipeline.backfill for select to marketbase_reader using (true);
drop policy if exists backfill_insert on pipeline.backfill;
create policy backfill_insert on pipeline.backfill for insert to marketbase_worker with check (true);
revoke all on pipeline.backfill from public, marketbase_reader, marketbase_worker;
grant select on pipeline.backfill to marketbase_reader;
grant insert (run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active) on pipeline.backfill to marketbase_worker;

alter table pipeline.backfill_chunk enable row level security;
drop policy if exists backfill_chunk_read on pipeline.backfill_chunk;
create policy backfill_chunk_read on pipeline.backfill_chunk for select to marketbase_reader using (true);
drop policy if exists backfill_chunk_insert on pipeline.backfill_chunk;
create policy backfill_chunk_insert on pipeline.backfill_chunk for insert to marketbase_worker with check (true);
drop policy if exists backfill_chunk_update on pipeline.backfill_chunk;
create policy backfill_chunk_update on pipeline.backfill_chunk for update to marketbase_worker using (true) with check (true);
revoke all on pipeline.backfill_chunk from public, marketbase_reader, marketbase_worker;
grant select on pipeline.backfill_chunk to marketbase_reader;
grant insert (backfill_run_id, chunk_no, subject, from_date, to_date) on pipeline.backfill_chunk to marketbase_worker;
grant update (
  state, run_id, raw_response_id, row_count, new_count, version_count, quarantined_count, error_code, message, finished_at
) on pipeline.backfill_chunk to marketbase_worker;

alter table pipeline.schedule enable row level security;
drop policy if exists schedule_read on pipeline.schedule;
create policy schedule_read on pipeline.schedule for select to marketbase_reader using (true);
drop policy if exists schedule_insert on pipeline.schedule;
create policy schedule_insert on pipeline.schedule for insert to marketbase_worker with check (true);
drop policy if exists schedule_update on pipeline.schedule;
create policy schedule_update on pipeline.schedule for update to marketbase_worker using (true) with check (true);
drop policy if exists schedule_delete on pipeline.schedule;
create policy schedule_delete on pipeline.schedule for delete to marketbase_worker using (true);
revoke all on pipeline.schedule from public, marketbase_reader, marketbase_worker;
grant select on pipeline.schedule to marketbase_reader;
grant insert (
  name, provider, dataset, symbols, universe, cron, after_close, delay, time_zone, look_back_days, next_at
) on pipeline.schedule to marketbase_worker;
grant update (is_paused, next_at, last_at, last_run_id, last_message) on pipeline.schedule to marketbase_worker;
grant delete on pipeline.schedule to marketbase_worker;
--! EndIncluded pipeline/grants.sql
--! Included pipeline/normalise_response.sql
-- From a landed body to the market tables: parse, validate, quarantine, accept and remember, in one transaction.
create or replace function pipeline.normalise_response(p_run_id bigint, p_raw_response_id bigint) returns ingest.normalisation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  normaliser regprocedure;
  result ingest.normalisation;
  done ingest.normalisation;
  accepted ingest.acceptance;
  actions ingest.acceptance;
  rejected_count bigint := 0;
  touched ingest.impact_estimate;
  advice text;
begin
  select
    raw_response.provider, raw_response.dataset, provider.restatement_limit,
    exists (select from ingest.held_response held where held.raw_response_id = p_raw_response_id and held.released_at is not null) as is_released
  into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;
  if not found then
    raise exception using
      errcode = 'MB001',
      message = format('there is no response %s', p_raw_response_id),
      hint = 'See ingest.raw_response.';
  end if;
  normaliser := case response.dataset
    when 'trades' then to_regprocedure('portfolio.record_trades(bigint, bigint)')
    when 'documents' then to_regprocedure('search.record_documents(bigint, bigint)')
    when 'filings' then to_regprocedure(format('ingest.normalise_%s_filings(bigint, bigint)', response.provider))
    when 'identifiers' then to_regprocedure(format('ingest.normalise_%s_identifiers(bigint, bigint)', response.provider))
    when 'macro' then to_regprocedure(format('ingest.normalise_%s_macro(bigint, bigint)', response.provider))
    when 'sessions' then to_regprocedure('ingest.record_sessions(bigint, bigint)')
    when 'members' then to_regprocedure('ingest.record_members(bigint, bigint)')
    else to_regprocedure(format('ingest.normalise_%s_%s(bigint)', response.provider, response.dataset))
  end;
  if normaliser is null then
    raise exception using
      errcode = 'MB001',
      message = format('the provider %s has no %s', response.provider, response.dataset),
      hint = format(
        'A normaliser is a function ingest.normalise_%s_%s(%sraw_response_id bigint).', response.provider, response.dataset,
        case when response.dataset in ('filings', 'identifiers', 'macro') then 'run_id bigint, ' end
      );
  end if;

  perform pg_advisory_xact_lock(hashtextextended('ingest.normalisation ' || p_raw_response_id, 0));
  result.raw_response_id := p_raw_response_id;
  result.normaliser := normaliser::regproc;
  result.normaliser_version := internal.function_version(normaliser);
  result.run_id := p_run_id;
  result.row_count := 0;
  result.accepted_count := 0;
  result.new_count := 0;
  result.changed_count := 0;
  result.quarantined_count := 0;
  result.action_count := 0;
  result.action_changed_count := 0;
  result.outcome := 'normalised';

  select * into done
  from ingest.normalisation
  where normalisation.raw_response_id = p_raw_response_id and normalisation.normaliser = result.normaliser
    and normalisation.normaliser_version = result.normaliser_version and normalisation.outcome = 'normalised'
    and current_setting('marketbase.read_again', true) is distinct from 'on'
  order by normalisation.recorded_at desc
  limit 1;
  if found then
    return done;
  end if;

  -- The body as a whole is readable, or it is refused and nothing of it stays but its bytes.
  begin
    if response.dataset in ('trades', 'documents') then
      execute format('select %s($1, $2)', normaliser::regproc) into result.row_count using p_run_id, p_raw_response_id;
      result.accepted_count := result.row_count;
      result.new_count := result.row_count;
      result.changed_count := result.row_count;
    elsif response.dataset in ('filings', 'identifiers', 'macro', 'sessions', 'members') then
      execute format('select * from %s($1, $2)', normaliser::regproc) into accepted using p_run_id, p_raw_response_id;
      result.row_count := accepted.new_count + accepted.changed_count + accepted.unchanged_count;
    else
      execute format('select %s($1)', normaliser::regproc) using p_raw_response_id;
    end if;
  exception
    when sqlstate 'MB001' or sqlstate 'MB002' or sqlstate 'MB003' or sqlstate 'MB004' or sqlstate 'MB005' or sqlstate 'MB008' or sqlstate 'MB010' then
      result.outcome := 'refused';
      result.error_code := sqlstate;
      get stacked diagnostics advice = pg_exception_hint;
      result.message := concat_ws('. ', sqlerrm, nullif(advice, ''));
    when data_exception then
      result.outcome := 'refused';
      result.error_code := 'MB004';
      result.message := format('the body has a value that cannot be stored: %s', sqlerrm);
  end;

  -- Taken in as a trial: when it restates too much, all of it is undone and a person decides.
  begin
    if result.outcome = 'normalised' and response.dataset = 'bars' then
      select count(*) into result.row_count from ingest.candidate_bar candidate where candidate.raw_response_id = p_raw_response_id;
      with rejected as materialized (
        select rejected.row_no, rejected.rules, rejected.reason from quality.validate_candidates(p_run_id, p_raw_response_id) as rejected
      ),
      removed as (
        delete from ingest.candidate_bar candidate
        using rejected
        where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
        returning candidate.*, rejected.rules, rejected.reason
      ),
      quarantined as (
        insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id)
        select
          p_raw_response_id, 'bars', removed.row_no, removed.symbol, removed.instrument_id, removed.ts, removed.rules,
          coalesce(removed.payload ->> 'problem', removed.reason),
          coalesce(removed.payload, jsonb_build_object(
            'symbol', removed.symbol, 'ts', removed.ts, 'session_date', removed.session_date, 'open', removed.open, 'high', removed.high,
            'low', removed.low, 'close', removed.close, 'volume', removed.volume, 'adjusted_close', removed.adjusted_close)),
          p_run_id
        from removed
        on conflict (raw_response_id, dataset, row_no) do nothing
      )
      select count(*) into rejected_count from removed;
      accepted := ingest.accept_bars(p_run_id, p_raw_response_id);
      delete from ingest.candidate_bar candidate where candidate.raw_response_id = p_raw_response_id;
    end if;
    if result.outcome = 'normalised' and response.dataset in ('bars', 'actions') then
      select count(*) into result.action_count from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id;
      actions := ingest.accept_actions(p_run_id, p_raw_response_id);
      result.action_changed_count := actions.new_count + actions.changed_count;
      -- The rows of a body of actions alone are its actions; one that was cancelled is none of its rows.
      if result.row_count = 0 then
        result.row_count := result.action_count;
        accepted := actions;
        accepted.changed_count := result.action_count - actions.new_count - actions.unchanged_count;
      end if;
      delete from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id;

    elsif result.outcome = 'normalised' and response.dataset = 'fundamentals' then
      select count(*) into result.row_count from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id;
      with rejected as materialized (
        select rejected.row_no, rejected.rules, rejected.reason from quality.validate_candidates(p_run_id, p_raw_response_id) as rejected
      ),
      removed as (
        delete from ingest.candidate_fact candidate
        using rejected
        where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
        returning candidate.*, rejected.rules, rejected.reason
      ),
      quarantined as (
        insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id)
        select
          p_raw_response_id, 'fundamentals', removed.row_no, instrument.symbol, removed.instrument_id, removed.period_end::timestamp at time zone 'UTC',
          removed.rules, coalesce(removed.payload ->> 'problem', removed.reason),
          coalesce(removed.payload, to_jsonb(removed) - '{raw_response_id,row_no,payload,rules,reason}'::text[]),
          p_run_id
        from removed
        left join market.instrument on instrument.instrument_id = removed.instrument_id
        on conflict (raw_response_id, dataset, row_no) do nothing
      )
      select count(*) into rejected_count from removed;
      accepted := ingest.accept_facts(p_run_id, p_raw_response_id);
      delete from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id;
    end if;

    if accepted.changed_count > response.restatement_limit and not response.is_released then
      touched := ingest.impact(p_raw_response_id, p_run_id);
      if touched.bar_count + touched.fact_count > response.restatement_limit then
        raise exception using errcode = 'MB099';
      end if;
    end if;
  exception
    when sqlstate 'MB099' then
      result.outcome := 'held';
      result.error_code := 'MB008';
      result.message := format(
        'it would restate %s rows of %s instruments, more than the %s that are accepted without a person; that touches %s feature values, %s training sets and %s predictions',
        touched.bar_count + touched.fact_count, touched.instrument_count, response.restatement_limit, touched.feature_value_count,
        touched.training_set_count, touched.prediction_count);
      insert into ingest.held_response (
        raw_response_id, run_id, changed_count, instrument_count, first_ts, last_ts, bar_count, fact_count, feature_value_count, training_set_count,
        prediction_count
      )
      values (
        p_raw_response_id, p_run_id, touched.bar_count + touched.fact_count, touched.instrument_count, touched.first_ts, touched.last_ts, touched.bar_count,
        touched.fact_count, touched.feature_value_count, touched.training_set_count, touched.prediction_count
      )
      on conflict (raw_response_id) do update
      set run_id = excluded.run_id, held_at = now(), changed_count = excluded.changed_count, instrument_count = excluded.instrument_count,
        first_ts = excluded.first_ts, last_ts = excluded.last_ts, bar_count = excluded.bar_count, fact_count = excluded.fact_count,
        feature_value_count = excluded.feature_value_count, training_set_count = excluded.training_set_count, prediction_count = excluded.prediction_count;
      delete from ingest.candidate_bar candidate where candidate.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id;
      result.row_count := 0;
      result.action_count := 0;
      result.action_changed_count := 0;
  end;

  -- What has no rules and candidates comes back with its counts; the rows that could not be read are in quarantine.
  if result.outcome = 'normalised' and response.dataset in ('filings', 'identifiers', 'macro') then
    select count(*) into rejected_count from ingest.quarantine refused where refused.raw_response_id = p_raw_response_id and refused.run_id = p_run_id;
    result.row_count := result.row_count + rejected_count;
  end if;

  if result.outcome <> 'held' and response.dataset not in ('trades', 'documents') then
    result.quarantined_count := rejected_count;
    result.accepted_count := result.row_count - rejected_count;
    result.new_count := coalesce(accepted.new_count, 0);
    result.changed_count := coalesce(accepted.new_count + accepted.changed_count, 0);
  end if;
  insert into ingest.normalisation (
    raw_response_id, normaliser, normaliser_version, outcome, row_count, accepted_count, new_count, changed_count, quarantined_count,
    action_count, action_changed_count, error_code, message, run_id
  )
  values (
    result.raw_response_id, result.normaliser, result.normaliser_version, result.outcome, result.row_count, result.accepted_count,
    result.new_count, result.changed_count, result.quarantined_count, result.action_count, result.action_changed_count, result.error_code,
    result.message, result.run_id
  )
  returning * into result;
  return result;
end
$$;

comment on function pipeline.normalise_response(bigint, bigint) is
'Makes market data (or trades, documents, sessions of an exchange or members of a universe) of a landed body in the transaction of the caller: the normaliser ingest.normalise_<provider>_<dataset> reads it, quality.validate_candidates judges the rows, those that fail a critical rule
go to ingest.quarantine, the others to the market tables as new rows or new versions. Returns and stores the row of ingest.normalisation; a body that cannot be read gets outcome refused with the cause, and nothing else of it is stored.
Rows are bars (facts, trades, …); those of a body of splits and dividends alone are these. How many splits and dividends came, also beside bars, and how many were new, changed or cancelled is in action_count and action_changed_count.
A body that would restate more rows than ingest.provider.restatement_limit (new rows and changes of the adjusted close alone do not count) is taken back whole: outcome held, and ingest.held_response says what it would touch until pipeline.accept_held.
A body that this version of its normaliser has read already is not read again: its row comes back; one that it refused is tried again. MB001 when there is no such response or normaliser.';

revoke all on function pipeline.normalise_response(bigint, bigint) from public;
grant execute on function pipeline.normalise_response(bigint, bigint) to marketbase_worker;
--! EndIncluded pipeline/normalise_response.sql
--! Included pipeline/replay_response.sql
-- Reads a body again that was read before, whatever version of its normaliser did it.
create or replace function pipeline.replay_response(p_raw_response_id bigint) returns ingest.normalisation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  replay_id bigint;
  result ingest.normalisation;
begin
  replay_id := pipeline.start_run('ingest', 'replay', null, jsonb_build_object('raw_response_id', p_raw_response_id));
  perform set_config('marketbase.read_again', 'on', true);
  result := pipeline.normalise_response(replay_id, p_raw_response_id);
  perform set_config('marketbase.read_again', '', true);
  if result.outcome = 'refused' then
    perform pipeline.fail_run(replay_id, result.error_code, result.message);
  else
    perform pipeline.finish_run(
      replay_id, result.row_count, result.changed_count,
      jsonb_build_object('raw_response_id', p_raw_response_id, 'new', result.new_count, 'versions', result.changed_count - result.new_count),
      coalesce(result.message, format('read again: %s rows new, %s changed', result.new_count, result.changed_count - result.new_count))
    );
  end if;
  return result;
end
$$;

comment on function pipeline.replay_response(bigint) is
'Reads a landed body again in a run of its own and takes in what differs, as new rows and new versions known since the body arrived; returns the row of ingest.normalisation. What the body no longer contains stays. In a transaction that is rolled back
it tells what would change. MB001 when there is no such body.';

revoke all on function pipeline.replay_response(bigint) from public;
grant execute on function pipeline.replay_response(bigint) to marketbase_worker;
--! EndIncluded pipeline/replay_response.sql
--! Included pipeline/replayable_response.sql
-- Bodies that would be read by another version of their normaliser than the last time.
create or replace view pipeline.replayable_response with (security_invoker = true) as
select
  response.raw_response_id, response.provider, response.dataset, response.subject, response.fetched_at, latest.outcome, latest.normaliser_version as read_by,
  internal.function_version(
    coalesce(to_regprocedure(latest.normaliser || '(bigint)'), to_regprocedure(latest.normaliser || '(bigint, bigint)'))
  ) as would_be_read_by
from ingest.raw_response response
cross join lateral (
  select normalisation.outcome, normalisation.normaliser, normalisation.normaliser_version
  from ingest.normalisation
  where normalisation.raw_response_id = response.raw_response_id
  order by normalisation.recorded_at desc, normalisation.run_id desc
  limit 1
) as latest
where response.dataset not in ('trades', 'documents', 'sessions', 'members');

comment on view pipeline.replayable_response is
E'@behavior -*\nBodies of market data that were read, with the version of the normaliser that read them last and the one that would now; marketbase ingest replay reads again those for which they differ.';
comment on column pipeline.replayable_response.raw_response_id is 'Body.';
comment on column pipeline.replayable_response.provider is 'Provider.';
comment on column pipeline.replayable_response.dataset is 'Data set.';
comment on column pipeline.replayable_response.subject is 'Symbol.';
comment on column pipeline.replayable_response.fetched_at is 'When it arrived.';
comment on column pipeline.replayable_response.outcome is 'What came of it the last time.';
comment on column pipeline.replayable_response.read_by is 'Version of the normaliser that read it last.';
comment on column pipeline.replayable_response.would_be_read_by is 'Version of the normaliser that would read it now; null when there is none any more.';

revoke all on pipeline.replayable_response from public;
grant select on pipeline.replayable_response to marketbase_worker;
--! EndIncluded pipeline/replayable_response.sql
--! Included pipeline/runs/begin_run.sql
-- Takes up a queued run; one that somebody carries out or that is finished is left alone.
create or replace function pipeline.begin_run(p_run_id bigint) returns pipeline.pipeline_run
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'running', attempt = attempt + 1, worker = current_setting('application_name'),
    started_at = clock_timestamp(), heartbeat_at = clock_timestamp(), run_at = null
  where run_id = p_run_id and status = 'queued'
  returning *;
end;

comment on function pipeline.begin_run(bigint) is
'Marks a queued run as running, counts the attempt and returns the run; NULL when it is not queued, so that a job that comes twice does nothing.';

revoke all on function pipeline.begin_run(bigint) from public;
grant execute on function pipeline.begin_run(bigint) to marketbase_worker;
--! EndIncluded pipeline/runs/begin_run.sql
--! Included pipeline/runs/dead_letter.sql
-- What no worker could carry out.
create or replace view pipeline.dead_letter with (security_invoker = true) as
select run.run_id, run.root_run_id, run.flow, run.step, run.parameters as payload, run.attempt, run.error_code, run.message, run.finished_at
from pipeline.pipeline_run run
where run.status = 'failed' and run.stage > 0;

comment on view pipeline.dead_letter is
E'@primaryKey run_id\nSteps that failed for good, with what they were to do and why they failed. The run stays; a new run of its flow or backfill tries the same again.';
comment on column pipeline.dead_letter.run_id is 'Run.';
comment on column pipeline.dead_letter.root_run_id is 'Root of its tree.';
comment on column pipeline.dead_letter.flow is 'Flow.';
comment on column pipeline.dead_letter.step is 'Step.';
comment on column pipeline.dead_letter.payload is 'What it was to do: its parameters.';
comment on column pipeline.dead_letter.attempt is 'How often it was taken up.';
comment on column pipeline.dead_letter.error_code is 'Why it failed, as a code.';
comment on column pipeline.dead_letter.message is 'Why it failed, in words.';
comment on column pipeline.dead_letter.finished_at is 'When it was given up.';

grant select on pipeline.dead_letter to marketbase_reader;
--! EndIncluded pipeline/runs/dead_letter.sql
--! Included pipeline/runs/postpone_run.sql
-- A run that may succeed later gives its place to others until then.
create or replace function pipeline.postpone_run(p_run_id bigint, p_wait interval, p_message text, p_is_failure boolean default true) returns timestamptz
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  postponed record;
begin
  update pipeline.pipeline_run run
  set status = 'queued', worker = null, message = p_message, run_at = clock_timestamp() + p_wait, retry_count = run.retry_count + p_is_failure::integer
  where run.run_id = p_run_id and run.status = 'running'
  returning run.run_id, run.flow, run.step, run.run_at into postponed;
  if postponed.run_id is null then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is not running, so it cannot be put off', p_run_id),
      hint = 'Another worker took it up, or it does not exist: see pipeline.pipeline_run.';
  end if;
  perform graphile_worker.add_job(
    identifier := flow_step.task,
    payload := json_build_object('runId', p_run_id),
    run_at := postponed.run_at,
    max_attempts := 5,
    job_key := 'run:' || p_run_id
  )
  from pipeline.flow_step
  where flow_step.flow = postponed.flow and flow_step.step = postponed.step;
  return postponed.run_at;
end
$$;

comment on function pipeline.postpone_run(bigint, interval, text, boolean) is
'Puts a running run off: it is queued again, and its job comes p_wait from now; no worker waits for it meanwhile. p_message says why; p_is_failure counts it as a retry. Returns when it comes. MB008 when it is not running.';

revoke all on function pipeline.postpone_run(bigint, interval, text, boolean) from public;
grant execute on function pipeline.postpone_run(bigint, interval, text, boolean) to marketbase_worker;
--! EndIncluded pipeline/runs/postpone_run.sql
--! Included pipeline/runs/sweep_runs.sql
-- Runs whose worker is gone are handed out again; the clock is the database's.
create or replace function pipeline.sweep_runs(p_silence interval default '60 seconds') returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  most_losses constant integer := 25;
  swept integer := 0;
  lost record;
begin
  for lost in
    select run.run_id, run.root_run_id, run.stage, run.lost_count + 1 as lost_count, run.worker, job.locked_by
    from pipeline.pipeline_run run
    left join graphile_worker.jobs job on job.key = 'run:' || run.run_id
    where run.status = 'running'
      and not (run.parent_run_id is null and exists (select from pipeline.pipeline_run child where child.parent_run_id = run.run_id))
      and (
        run.heartbeat_at < clock_timestamp() - p_silence
        -- a worker whose connections are gone cannot come back; the pause spares one that is just reconnecting, and
        -- a heartbeat of the future comes from a clock that was set back
        or (
          run.heartbeat_at not between clock_timestamp() - least(p_silence, interval '2 seconds') and clock_timestamp() + interval '10 seconds'
          and not exists (select from pg_stat_activity session where session.application_name = run.worker)
        )
      )
    order by run.run_id
    for update of run skip locked
  loop
    swept := swept + 1;
    update pipeline.pipeline_run set lost_count = lost.lost_count where run_id = lost.run_id;
    if lost.stage = 0 then
      perform pipeline.fail_run(lost.run_id, '57P01', format('its process (%s) ended before the work was done; start it again', lost.worker));
    else
      if lost.locked_by is not null then
        perform graphile_worker.force_unlock_workers(array[lost.locked_by]);
      end if;
      if lost.lost_count >= most_losses then
        -- what ended that many workers would end the next one too
        perform pipeline.fail_run(lost.run_id, '57P01', format('its worker ended %s times before the work was done, last %s; it is not tried again', lost.lost_count, lost.worker));
        perform graphile_worker.remove_job('run:' || lost.run_id);
        perform pipeline.advance_flow(lost.root_run_id);
      else
        perform pipeline.requeue_run(lost.run_id, format('taken back from %s, which ended', lost.worker));
        perform pipeline.enqueue_run(lost.run_id);
      end if;
    end if;
  end loop;
  -- a kill between a job and its run leaves the job locked, although nobody carries it out
  perform graphile_worker.force_unlock_workers(array_agg(distinct job.locked_by))
  from graphile_worker.jobs job
  join pipeline.pipeline_run run on job.key = 'run:' || run.run_id
  where job.locked_at < clock_timestamp() - interval '10 seconds' and run.status <> 'running'
  having count(*) > 0;
  -- a kill between the end of a step and the start of the next stage leaves a root without work
  perform pipeline.advance_flow(root.run_id)
  from pipeline.pipeline_run root
  where root.status = 'running' and root.parent_run_id is null
    and exists (select from pipeline.pipeline_run child where child.parent_run_id = root.run_id and child.stage > 0);
  return swept;
end
$$;

comment on function pipeline.sweep_runs(interval) is
'Gives back the work of workers that are gone: a run without a heartbeat for p_silence, or whose process has no connection any more, is queued again with its job unlocked when it is a step of a flow, and closed as failed when a person asked for it directly or when twenty-five workers ended over it (pipeline.dead_letter). Returns how many runs were swept. Called by every worker at its start and with its heartbeat.';

revoke all on function pipeline.sweep_runs(interval) from public;
grant execute on function pipeline.sweep_runs(interval) to marketbase_worker;
--! EndIncluded pipeline/runs/sweep_runs.sql
--! Included pipeline/schedule/add_schedule.sql
-- Something that is fetched again and again.
create or replace function pipeline.add_schedule(
  p_name text,
  p_provider text,
  p_dataset text,
  p_symbols text[] default null,
  p_universe text default null,
  p_cron text default null,
  p_after_close text default null,
  p_delay interval default '30 minutes',
  p_time_zone text default 'UTC',
  p_look_back_days integer default 7
) returns pipeline.schedule
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  added pipeline.schedule;
  advice text := case
    when coalesce(p_name !~ '^[a-z][a-z0-9_-]{0,62}$', true) then 'a name has up to 63 small letters, digits, - and _, a letter first'
    when num_nonnulls(p_symbols, p_universe) <> 1 or cardinality(p_symbols) = 0 then 'a schedule has either symbols or a universe'
    when num_nonnulls(p_cron, p_after_close) = 0 then 'a schedule has a cron line, an exchange after whose close it is due, or both'
    when coalesce(p_look_back_days not between 0 and 36500, true) then 'the days to look back are 0 to 36500'
    when coalesce(p_delay not between interval '0' and interval '1 day', true) then 'the delay after the close is a day at most'
    when not exists (select from pg_timezone_names zone where zone.name = p_time_zone) then format('there is no time zone named "%s"', p_time_zone)
    when not exists (select from ingest.provider where provider.provider = p_provider) then format('there is no provider named "%s"', p_provider)
    when p_after_close is not null and not exists (select from market.exchange where exchange.mic = p_after_close) then format('there is no exchange "%s"', p_after_close)
  end;
begin
  if advice is not null then
    raise exception using errcode = 'MB001', message = advice, hint = 'marketbase schedule add --help has examples.';
  end if;
  insert into pipeline.schedule (name, provider, dataset, symbols, universe, cron, after_close, delay, time_zone, look_back_days, next_at)
  values (
    p_name, p_provider, p_dataset, p_symbols, p_universe, p_cron, p_after_close, p_delay, p_time_zone, p_look_back_days,
    pipeline.next_due(p_cron, p_time_zone, p_after_close, p_delay, clock_timestamp())
  )
  on conflict (name) do nothing
  returning * into added;
  if added.name is null then
    raise exception using
      errcode = 'MB008',
      message = format('there is a schedule named "%s" already', p_name),
      hint = 'Remove it first, or take another name.';
  end if;
  return added;
end
$$;

comment on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) is
'Has a data set fetched again and again for symbols or for the members of a universe: at a cron line (pipeline.cron_next, in p_time_zone), p_delay after each close of an exchange, or at the cron line but never before the close. Each time the
p_look_back_days before are fetched along. Returns the schedule with the moment at which it is due. MB001 for arguments that make no sense, MB008 when the name is taken.';

revoke all on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) from public;
grant execute on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) to marketbase_worker;
--! EndIncluded pipeline/schedule/add_schedule.sql
--! Included pipeline/schedule/change_schedule.sql
-- A schedule stops, goes on or goes away.
create or replace function pipeline.change_schedule(p_name text, p_change text) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  case p_change
    when 'remove' then
      delete from pipeline.schedule where schedule.name = p_name;
    when 'pause' then
      update pipeline.schedule set is_paused = true where schedule.name = p_name;
    when 'resume' then
      update pipeline.schedule set is_paused = false where schedule.name = p_name;
    else
      raise exception using
        errcode = 'MB001',
        message = format('a schedule cannot be changed by "%s"', p_change),
        hint = 'Changes: remove, pause, resume.';
  end case;
  if not found then
    raise exception using
      errcode = 'MB002',
      message = format('there is no schedule named "%s"', p_name),
      hint = 'Schedules: ' || (select coalesce(string_agg(schedule.name, ', ' order by schedule.name), 'none') from pipeline.schedule) || '.';
  end if;
end
$$;

comment on function pipeline.change_schedule(text, text) is
'p_change: remove, pause or resume the schedule. What became due while it was paused is made up once when it goes on. MB002 when there is no such schedule, MB001 for another change.';

revoke all on function pipeline.change_schedule(text, text) from public;
grant execute on function pipeline.change_schedule(text, text) to marketbase_worker;
--! EndIncluded pipeline/schedule/change_schedule.sql
--! Included pipeline/schedule/close_after.sql
-- The next close of an exchange, with or without a calendar of it.
create or replace function pipeline.close_after(p_mic text, p_after timestamptz) returns timestamptz
language sql stable strict parallel safe
begin atomic
  select coalesce(
    (select min(session.close_at) from market.trading_session session where session.mic = p_mic and session.close_at > p_after),
    (
      select min(market.session_close(p_mic, day::date))
      from generate_series((p_after - interval '2 days')::date::timestamp, (p_after + interval '5 days')::date::timestamp, interval '1 day') as day
      where extract(isodow from day) < 6 and market.session_close(p_mic, day::date) > p_after
    )
  );
end;

comment on function pipeline.close_after(text, timestamptz) is
'The first close of a session of the exchange after p_after. An exchange without a calendar for that time closes at the end of each weekday, in its own time zone. NULL for an unknown exchange or NULL.';

revoke all on function pipeline.close_after(text, timestamptz) from public;
grant execute on function pipeline.close_after(text, timestamptz) to marketbase_reader;
--! EndIncluded pipeline/schedule/close_after.sql
--! Included pipeline/schedule/cron_field.sql
-- One field of a cron line as the numbers that it means.
create or replace function pipeline.cron_field(p_field text, p_low integer, p_high integer, p_names text[] default '{}') returns integer[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  item text;
  parts text[];
  first integer;
  last integer;
  step integer;
  numbers integer[] := '{}';
begin
  foreach item in array string_to_array(lower(p_field), ',') loop
    -- names stand for their place in the list: sun is 0, jan is 1
    for i in 1 .. cardinality(p_names) loop
      item := regexp_replace(item, '\m' || p_names[i] || '\M', (i - 1 + p_low)::text, 'g');
    end loop;
    parts := regexp_match(item, '^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$');
    first := coalesce(parts[1]::integer, p_low);
    last := coalesce(parts[2]::integer, case when parts[1] is null or parts[3] is not null then p_high else first end);
    step := coalesce(parts[3]::integer, 1);
    if parts is null or first < p_low or last > p_high or first > last or step < 1 then
      raise exception using
        errcode = 'MB001',
        message = format('"%s" cannot be a part of a cron line', left(item, 40)),
        hint = format('It is *, a number from %s to %s, a span such as %s-%s, a step such as */5, or several of them with commas.', p_low, p_high, p_low, p_high);
    end if;
    numbers := numbers || array(select number from generate_series(first, last, step) as number);
  end loop;
  return array(select distinct number from unnest(numbers) as number order by number);
end
$$;

comment on function pipeline.cron_field(text, integer, integer, text[]) is
'The numbers from p_low to p_high that a field of a cron line means (*, 5, 1-5, */15, 1-9/2, lists with commas, names of p_names for the numbers from p_low), ascending. NULL for NULL. MB001 for anything else.';

revoke all on function pipeline.cron_field(text, integer, integer, text[]) from public;
grant execute on function pipeline.cron_field(text, integer, integer, text[]) to marketbase_reader;
--! EndIncluded pipeline/schedule/cron_field.sql
--! Included pipeline/schedule/cron_next.sql
-- When a cron line is due next.
create or replace function pipeline.cron_next(p_cron text, p_after timestamptz, p_time_zone text default 'UTC') returns timestamptz
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  fields text[] := regexp_split_to_array(btrim(p_cron), '\s+');
  minutes integer[];
  hours integer[];
  days integer[];
  months integer[];
  weekdays integer[];
  local_after timestamp;
  due timestamptz;
begin
  if p_cron is null or p_after is null or p_time_zone is null then
    return null;
  end if;
  if cardinality(fields) <> 5 then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" is no cron line: it has %s fields', left(p_cron, 80), cardinality(fields)),
      hint = 'Five fields are wanted: minute, hour, day of month, month, day of week; 30 22 * * 1-5 is half past ten in the evening from Monday to Friday.';
  end if;
  minutes := pipeline.cron_field(fields[1], 0, 59);
  hours := pipeline.cron_field(fields[2], 0, 23);
  days := pipeline.cron_field(fields[3], 1, 31);
  months := pipeline.cron_field(fields[4], 1, 12, array['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']);
  -- Sunday is 0 and 7
  weekdays := array(
    select number % 7 from unnest(pipeline.cron_field(fields[5], 0, 7, array['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'])) as number
  );
  local_after := p_after at time zone p_time_zone;

  -- Where both kinds of day are restricted, either will do, as in cron itself. Leap days come within eight years.
  for due in
    select moment.due
    from generate_series(local_after::date::timestamp, local_after::date::timestamp + interval '9 years', interval '1 day') as day
    cross join unnest(hours) as hour
    cross join unnest(minutes) as minute
    cross join lateral (select (day + make_interval(hours => hour, mins => minute)) at time zone p_time_zone as due) as moment
    where extract(month from day)::integer = any (months)
      and case
        when fields[3] = '*' or fields[5] = '*' then
          extract(day from day)::integer = any (days) and extract(dow from day)::integer = any (weekdays)
        else extract(day from day)::integer = any (days) or extract(dow from day)::integer = any (weekdays)
      end
      and moment.due > p_after
    limit 1
  loop
    return due;
  end loop;
  raise exception using
    errcode = 'MB001',
    message = format('"%s" is never due', left(p_cron, 80)),
    hint = 'There is no such day in any year.';
end
$$;

comment on function pipeline.cron_next(text, timestamptz, text) is
'The first moment after p_after that a cron line of five fields (minute, hour, day of month, month, day of week) means in p_time_zone. A local time that the clocks skip counts as the one after it. NULL for NULL, MB001 for what is no cron line or is never due.';

revoke all on function pipeline.cron_next(text, timestamptz, text) from public;
grant execute on function pipeline.cron_next(text, timestamptz, text) to marketbase_reader;
--! EndIncluded pipeline/schedule/cron_next.sql
--! Included pipeline/schedule/next_due.sql
-- When a schedule is due next: at its cron line, after the close of its exchange, or both.
create or replace function pipeline.next_due(p_cron text, p_time_zone text, p_after_close text, p_delay interval, p_after timestamptz) returns timestamptz
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  due timestamptz;
begin
  if p_cron is null then
    return pipeline.close_after(p_after_close, p_after - p_delay) + p_delay;
  end if;
  due := pipeline.cron_next(p_cron, p_after, p_time_zone);
  if p_after_close is null then
    return due;
  end if;
  -- A moment within a session, or before its delay is over, waits for the end of both.
  return greatest(due, (
    select max(session.close_at) + p_delay
    from market.trading_session session
    where session.mic = p_after_close and session.open_at <= due and session.close_at + p_delay > due
  ));
end
$$;

comment on function pipeline.next_due(text, text, text, interval, timestamptz) is
'The first moment after p_after at which a schedule is due. With p_cron it is that of pipeline.cron_next in p_time_zone; where p_after_close names an exchange that is in session then, or closed less than p_delay ago, it moves behind that.
Without p_cron it is p_delay after the next close. NULL when neither is given or the exchange is unknown. MB001 for what is no cron line.';

revoke all on function pipeline.next_due(text, text, text, interval, timestamptz) from public;
grant execute on function pipeline.next_due(text, text, text, interval, timestamptz) to marketbase_reader;
--! EndIncluded pipeline/schedule/next_due.sql
--! Included pipeline/schedule/start_due.sql
-- Every worker asks now and then what is due; what was missed is made up once.
create or replace function pipeline.start_due() returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  due pipeline.schedule;
  today date;
  wanted text[];
  backfill_id bigint;
  trouble text;
  started integer := 0;
begin
  for due in
    select * from pipeline.schedule where not schedule.is_paused and schedule.next_at <= clock_timestamp() order by schedule.name for update skip locked
  loop
    backfill_id := null;
    trouble := null;
    today := (clock_timestamp() at time zone due.time_zone)::date;
    begin
      wanted := due.symbols;
      if due.universe is not null then
        select array_agg(member.symbol order by member.symbol) into wanted from market.universe_members(due.universe, today, clock_timestamp()) as member;
        if wanted is null then
          raise exception using errcode = 'MB007', message = format('the universe "%s" has no members on %s', due.universe, today);
        end if;
      end if;
      backfill_id := pipeline.start_backfill(due.provider, due.dataset, wanted, today - due.look_back_days, today, null, 'all');
      started := started + 1;
    exception
      -- one schedule that cannot be started does not stop the others
      when others then
        trouble := sqlerrm;
    end;
    update pipeline.schedule
    set
      next_at = pipeline.next_due(due.cron, due.time_zone, due.after_close, due.delay, clock_timestamp()),
      last_at = clock_timestamp(), last_run_id = coalesce(backfill_id, schedule.last_run_id), last_message = trouble
    where schedule.name = due.name;
  end loop;
  return started;
end
$$;

comment on function pipeline.start_due() is
'Starts a backfill for each schedule that is due and not paused, over the days that it looks back, and sets when it is due next: after now, so that what was missed is made up once. A schedule that cannot be started says why in last_message and comes again at its next turn.
Returns how many were started. Called by every worker with its heartbeat; two at once start nothing twice.';

revoke all on function pipeline.start_due() from public;
grant execute on function pipeline.start_due() to marketbase_worker;
--! EndIncluded pipeline/schedule/start_due.sql
--! Included pipeline/stale/mark_stale.sql
-- Whoever changes data marks what depends on it; the trigger's arguments are the consumers.
create or replace function pipeline.mark_stale() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select span.instrument_id, consumer, span.from_ts, span.to_ts, format('%s rows: %s of %I.%I', span.rows, lower(tg_op), tg_table_schema, tg_table_name)
  from (
    select changed.instrument_id, min(changed.ts) as from_ts, max(changed.ts) as to_ts, count(*) as rows
    from changed
    group by changed.instrument_id
  ) as span
  cross join unnest(tg_argv) as consumer
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale() is
'Trigger: marks the span of the changed rows in pipeline.stale_range for each consumer that its arguments name.';

revoke all on function pipeline.mark_stale() from public;

create or replace trigger _400_stale_insert after insert on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('quality', 'feature', 'ml', 'portfolio', 'risk');
create or replace trigger _400_stale_update after update on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('quality', 'feature', 'ml', 'portfolio', 'risk');
create or replace trigger _400_stale_delete after delete on market.price_data
  referencing old table as changed
  for each statement execute function pipeline.mark_stale('quality', 'feature', 'ml', 'portfolio', 'risk');
create or replace trigger _400_stale_insert after insert on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('ml');
create or replace trigger _400_stale_update after update on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('ml');
create or replace trigger _400_stale_delete after delete on feature.feature_vector
  referencing old table as changed
  for each statement execute function pipeline.mark_stale('ml');
create or replace trigger _400_stale_insert after insert on market.price_observation
  referencing new table as changed
  for each statement execute function pipeline.mark_stale('quality');
--! EndIncluded pipeline/stale/mark_stale.sql
--! Included pipeline/stale/mark_stale_action.sql
-- A split or a dividend changes how prices and shares before and after it compare.
create or replace function pipeline.mark_stale_action() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select changed.instrument_id, consumer, '-infinity', 'infinity', format('%s rows: %s of market.corporate_action', count(*), lower(tg_op))
  from changed
  cross join unnest(array['action_feature', 'fundamental_feature']) as consumer
  -- Figures per share know splits alone; adjusted prices know dividends too.
  where changed.action_type = 'split' or consumer = 'action_feature'
  group by changed.instrument_id, consumer
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  -- Rules compare a split with the prices and the splits around it.
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select
    changed.instrument_id, 'quality', (min(changed.ex_date) - 30)::timestamp at time zone 'UTC', 'infinity',
    format('%s rows: %s of market.corporate_action', count(*), lower(tg_op))
  from changed
  where changed.action_type = 'split'
  group by changed.instrument_id
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale_action() is 'Trigger: marks the feature sets that use adjusted prices as out of date for an instrument whose splits or dividends changed, and those that use fundamentals where splits changed; and the rules from a month before a changed split on.';

revoke all on function pipeline.mark_stale_action() from public;

create or replace trigger _400_stale_insert after insert on market.corporate_action
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_action();
create or replace trigger _400_stale_update after update on market.corporate_action
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_action();
create or replace trigger _400_stale_delete after delete on market.corporate_action
  referencing old table as changed
  for each statement execute function pipeline.mark_stale_action();
--! EndIncluded pipeline/stale/mark_stale_action.sql
--! Included pipeline/stale/mark_stale_adjusted.sql
-- Adjusted prices accumulate: a changed bar may change all later ones.
create or replace function pipeline.mark_stale_adjusted() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if exists (select from feature.feature_set_version as version where version.is_current and 'adjusted' = any (version.sources)) then
    insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
    select changed.instrument_id, 'action_feature', min(changed.ts), 'infinity', format('%s rows: %s of market.price_data', count(*), lower(tg_op))
    from changed
    group by changed.instrument_id
    on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  end if;
  return null;
end
$$;

comment on function pipeline.mark_stale_adjusted() is
'Trigger: marks the feature sets that use adjusted prices, where there are any, as out of date from the first changed bar on, because the price of an ex-date counts in every later one.';

revoke all on function pipeline.mark_stale_adjusted() from public;

create or replace trigger _410_stale_adjusted_insert after insert on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_adjusted();
create or replace trigger _410_stale_adjusted_update after update on market.price_data
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_adjusted();
create or replace trigger _410_stale_adjusted_delete after delete on market.price_data
  referencing old table as changed
  for each statement execute function pipeline.mark_stale_adjusted();
--! EndIncluded pipeline/stale/mark_stale_adjusted.sql
--! Included pipeline/stale/plan_features.sql
-- Cuts what has to be computed into pieces for the workers.
create or replace function pipeline.plan_features(p_run_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  pieces bigint;
begin
  perform feature.refresh_versions();

  with mark as materialized (
    select taken.instrument_id, taken.from_ts, taken.to_ts, null as source from pipeline.take_stale('feature') as taken
    union all
    select taken.instrument_id, taken.from_ts, taken.to_ts, 'fundamental' from pipeline.take_stale('fundamental_feature') as taken
    union all
    select taken.instrument_id, taken.from_ts, taken.to_ts, 'adjusted' from pipeline.take_stale('action_feature') as taken
  ), left_over as (
    -- Pieces of other runs that nobody is at, and those that failed.
    delete from feature.computation_task as task
    where task.task_id in (select free.task_id from feature.computation_task as free for update skip locked)
    returning task.feature_set_id, task.instrument_ids, task.from_ts, task.to_ts
  ), current_set as (
    select
      feature_set.feature_set_id, feature_set.bar_interval, version.feature_set_version_id, version.lookback, version.sources,
      100 + 8 * cardinality(version.feature_names) as bytes_per_bar
    from feature.feature_set as feature_set
    join feature.feature_set_version as version using (feature_set_id)
    where version.is_current and feature_set.is_active and version.base_version_id is null
  ), cross_section as (
    -- What compares instruments waits until its first stage is there.
    insert into feature.stale_cross_section (feature_set_id, from_ts, to_ts, reason)
    select left_over.feature_set_id, part.from_ts, part.to_ts, 'planned and not computed'
    from left_over
    cross join lateral unnest(left_over.instrument_ids, left_over.from_ts, left_over.to_ts) as part (instrument_id, from_ts, to_ts)
    where part.instrument_id is null
  ), span as (
    -- A changed bar reaches as many bars ahead as the set looks back.
    select current_set.feature_set_id, mark.instrument_id, tstzrange(mark.from_ts, reach.to_ts, '[]') as bars
    from mark
    join current_set on mark.source is null or mark.source = any (current_set.sources)
    cross join lateral (
      select feature.reach_of_change(mark.instrument_id, current_set.bar_interval, mark.to_ts, current_set.lookback) as to_ts
    ) as reach
    union all
    select current_set.feature_set_id, instrument.instrument_id, tstzrange(null, null)
    from current_set
    cross join market.instrument as instrument
    where exists (
      select
      from market.price_data as bar
      where bar.instrument_id = instrument.instrument_id and bar.bar_interval = current_set.bar_interval
    ) and not exists (
      select
      from feature.feature_vector as vector
      where vector.instrument_id = instrument.instrument_id and vector.feature_set_version_id = current_set.feature_set_version_id
    )
    union all
    select left_over.feature_set_id, part.instrument_id, tstzrange(part.from_ts, part.to_ts, '[]')
    from left_over
    join current_set using (feature_set_id)
    cross join lateral unnest(left_over.instrument_ids, left_over.from_ts, left_over.to_ts) as part (instrument_id, from_ts, to_ts)
    where part.instrument_id is not null
  ), merged as (
    select affected.feature_set_id, affected.instrument_id, lower(spans.bars) as from_ts, upper(spans.bars) as to_ts
    from (
      select span.feature_set_id, span.instrument_id, range_agg(span.bars) as bars
      from span
      group by span.feature_set_id, span.instrument_id
    ) as affected
    cross join lateral unnest(affected.bars) as spans (bars)
  ), counted as (
    select
      merged.*, current_set.bytes_per_bar,
      (
        select count(*)
        from market.price_data as bar
        where bar.instrument_id = merged.instrument_id
          and bar.bar_interval = current_set.bar_interval
          and bar.ts between coalesce(merged.from_ts, '-infinity') and coalesce(merged.to_ts, 'infinity')
      ) as bars
    from merged
    join current_set using (feature_set_id)
  ), numbered as (
    -- With more the sorting and the rows that triggers see would not stay in memory (work_mem); with fewer much of the time would go into planning.
    select counted.*, div((sum(counted.bars) over before - counted.bars) * counted.bytes_per_bar, 20000000) as piece
    from counted
    window before as (partition by counted.feature_set_id order by counted.instrument_id, counted.from_ts)
  )
  insert into feature.computation_task (feature_set_id, instrument_ids, from_ts, to_ts, bars, run_id)
  select
    numbered.feature_set_id,
    array_agg(numbered.instrument_id order by numbered.instrument_id, numbered.from_ts),
    array_agg(numbered.from_ts order by numbered.instrument_id, numbered.from_ts),
    array_agg(numbered.to_ts order by numbered.instrument_id, numbered.from_ts),
    array_agg(numbered.bars order by numbered.instrument_id, numbered.from_ts),
    p_run_id
  from numbered
  group by numbered.feature_set_id, numbered.piece
  order by numbered.feature_set_id, numbered.piece;
  get diagnostics pieces = row_count;
  return pieces;
end
$$;

comment on function pipeline.plan_features(bigint) is
'Puts changed kernels into force, takes the marks of the consumers feature, fundamental_feature and action_feature out of pipeline.stale_range and writes into feature.computation_task, in pieces of about 20 MB of vectors (94,000 bars with 14 features, 15,000 with 158), what every active set has to compute: the marked bars and those that look back on them, and everything of an instrument for which the version in force has no values yet.
p_run_id: run that asks for it. Gives the number of pieces. Sets that compare instruments are planned by pipeline.plan_cross_sections when their first stages are computed. Pieces that others planned and nobody has computed are planned again.
Errors: those of feature.refresh_versions.';

revoke all on function pipeline.plan_features(bigint) from public;
grant execute on function pipeline.plan_features(bigint) to marketbase_worker;
--! EndIncluded pipeline/stale/plan_features.sql
--! Included pipeline/stale/take_stale.sql
-- A consumer takes its marks away in the transaction in which it recomputes.
create or replace function pipeline.take_stale(p_consumer text) returns setof pipeline.stale_range
language sql volatile parallel unsafe
begin atomic
  delete from pipeline.stale_range where consumer = p_consumer returning *;
end;

comment on function pipeline.take_stale(text) is
'Removes and returns the marks of p_consumer (quality, feature, fundamental_feature, action_feature, ml, portfolio or risk). When the transaction fails the marks stay.';

revoke all on function pipeline.take_stale(text) from public;
grant execute on function pipeline.take_stale(text) to marketbase_worker;
--! EndIncluded pipeline/stale/take_stale.sql
--! Included pipeline/steps/step_normalise.sql
-- Step: every body that has not been read yet is normalised, validated and accepted or refused.
create or replace function pipeline.step_normalise(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with pending as materialized (
    select response.raw_response_id
    from ingest.raw_response response
    where not exists (select from ingest.normalisation done where done.raw_response_id = response.raw_response_id)
    -- trades and documents name instruments, which bars bring
    order by array_position(array['bars', 'actions', 'fundamentals', 'trades', 'documents'], response.dataset), response.raw_response_id
  ),
  done as materialized (
    select result.*
    from pending
    cross join lateral pipeline.normalise_response(p_run_id, pending.raw_response_id) result
  )
  select
    coalesce(sum(done.row_count), 0)::bigint,
    coalesce(sum(done.changed_count), 0)::bigint,
    jsonb_build_object(
      'bodies', count(*),
      'refused', count(*) filter (where done.outcome = 'refused'),
      'accepted', coalesce(sum(done.accepted_count), 0),
      'quarantined', coalesce(sum(done.quarantined_count), 0)
    ),
    format('%s bodies, %s rows: %s accepted (%s new or changed), %s quarantined%s',
      count(*), coalesce(sum(done.row_count), 0), coalesce(sum(done.accepted_count), 0), coalesce(sum(done.changed_count), 0),
      coalesce(sum(done.quarantined_count), 0),
      '; refused: ' || string_agg(done.message, '; ') filter (where done.outcome = 'refused'))
  from done;
end;

comment on function pipeline.step_normalise(bigint) is
'Normalises every body of ingest.raw_response that no normaliser has read yet, bars first, then the oldest; see pipeline.normalise_response. A body that is refused does not stop the others; the message names it.';

revoke all on function pipeline.step_normalise(bigint) from public;
grant execute on function pipeline.step_normalise(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_normalise.sql
--! Included quality/helpers/drift_verdict.sql
-- What rules on drift say about a set.
create or replace function quality.drift_verdict(p_set text, p_parameters jsonb, p_level text)
returns quality.set_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set constant record := feature.current_set(p_set);
  v_window record;
  v_verdict quality.set_verdict;
begin
  select * into v_window
  from feature.drift_windows(
    p_set, (p_parameters ->> 'baseline_from')::timestamptz, (p_parameters ->> 'baseline_to')::timestamptz,
    (p_parameters ->> 'current_from')::timestamptz, (p_parameters ->> 'current_to')::timestamptz,
    (p_parameters ->> 'baseline_days')::integer, (p_parameters ->> 'current_days')::integer
  );
  v_verdict.checked_count := 0;
  if not exists (select from feature.feature_vector as vector where vector.feature_set_version_id = v_set.feature_set_version_id) then
    return v_verdict;
  end if;

  select
    count(*) filter (where drift.level is not null), v_window.baseline_from, v_window.current_to,
    format(
      'Baseline %s to %s, current %s to %s (UTC).', (v_window.baseline_from at time zone 'UTC')::date, (v_window.baseline_to at time zone 'UTC')::date,
      (v_window.current_from at time zone 'UTC')::date, (v_window.current_to at time zone 'UTC')::date
    ),
    coalesce(
      array_agg(
        row(
          null, null, null,
          jsonb_build_object('feature_set', p_set, 'version', v_set.version, 'feature', drift.feature_name),
          to_jsonb(drift) - 'feature_name',
          'values as in the baseline window',
          format('%s of %s: %s.', drift.feature_name, p_set, drift.reason)
        )::quality.violation
        order by drift.position
      ) filter (where drift.level = p_level),
      '{}'
    )
  into v_verdict.checked_count, v_verdict.from_ts, v_verdict.to_ts, v_verdict.note, v_verdict.violations
  from (
    select measured.*, row_number() over () as position
    from feature.drift(
      p_set, v_window.baseline_from, v_window.baseline_to, v_window.current_from, v_window.current_to,
      p_parameters -> 'thresholds', (p_parameters ->> 'max_vectors')::integer
    ) as measured
  ) as drift;
  return v_verdict;
end;
$$;

comment on function quality.drift_verdict(text, jsonb, text) is
'The features of the set p_set that feature.drift puts at level p_level (warn or fail), as a verdict. p_parameters: baseline_from, baseline_to, current_from, current_to (times), baseline_days, current_days (see feature.drift_windows), thresholds and max_vectors of feature.drift.';

revoke all on function quality.drift_verdict(text, jsonb, text) from public;
grant execute on function quality.drift_verdict(text, jsonb, text) to marketbase_worker;
--! EndIncluded quality/helpers/drift_verdict.sql
--! Included quality/helpers/judged_interval.sql
-- Which bars of an instrument the rules look at.
create or replace function quality.judged_interval(p_instrument_id bigint)
returns text
language sql
stable
parallel safe
return case
  when exists (select from market.price_data as price where price.instrument_id = p_instrument_id and price.bar_interval = '1d') then '1d'
  else '1w'
end;

comment on function quality.judged_interval(bigint) is
'The length of the bars of an instrument that the rules of prices look at: 1d where it has daily bars, else 1w. NULL counts as an instrument without bars.';

revoke all on function quality.judged_interval(bigint) from public;
grant execute on function quality.judged_interval(bigint) to marketbase_worker;
--! EndIncluded quality/helpers/judged_interval.sql
--! Included quality/helpers/other_statements.sql
-- What other providers than the one behind the current bar last said of it, on the basis of the current bar.
create or replace function quality.other_statements(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.other_statement
language sql
stable
parallel safe
begin atomic
  select
    current.instrument_id, current.bar_interval, current.ts, current.session_date, current.provider, said.provider, said.said_at,
    array[current.open, current.high, current.low, current.close, current.volume],
    array[said.open * basis.price_factor, said.high * basis.price_factor, said.low * basis.price_factor, said.close * basis.price_factor,
      case when current.volume > 0 and said.volume > 0 then said.volume / basis.price_factor end]
  from (
    select distinct on (statement.instrument_id, statement.bar_interval, statement.ts, statement.provider) statement.*
    from market.price_statement as statement
    where not statement.is_current and statement.instrument_id = any (p_instrument_ids) and statement.ts between p_from and p_to
    order by statement.instrument_id, statement.bar_interval, statement.ts, statement.provider, statement.said_at desc, statement.version desc nulls last
  ) as said
  join market.price_data as current
    on current.instrument_id = said.instrument_id and current.bar_interval = said.bar_interval and current.ts = said.ts and current.provider <> said.provider
  join ingest.provider as current_provider on current_provider.provider = current.provider
  join ingest.provider as said_provider on said_provider.provider = said.provider
  cross join lateral (
    select
      coalesce(exp(sum(ln(action.amount::double precision)) filter (where action.action_type = 'split')), 1) as split_factor,
      count(*) as action_count
    from market.corporate_action as action
    where action.instrument_id = current.instrument_id and action.ex_date > current.session_date and action.amount > 0
  ) as later
  cross join lateral (
    select case
      when said_provider.price_basis = current_provider.price_basis then 1
      when (said_provider.price_basis, current_provider.price_basis) = ('raw', 'split') then 1 / later.split_factor
      when (said_provider.price_basis, current_provider.price_basis) = ('split', 'raw') then later.split_factor
      when later.action_count = 0 then 1
    end as price_factor
  ) as basis
  where basis.price_factor is not null;
end;

comment on function quality.other_statements(bigint[], timestamptz, timestamptz) is
'For the bars from p_from to p_to of which a second provider has spoken: the current values and the last ones of each other provider (open, high, low, close, volume), on the basis of the current provider: prices that are and are not adjusted for
splits are made comparable with the recorded splits. A volume is left out where one sends none. Bars before a split or dividend are left out where one provider adjusts for dividends and the other does not.';

revoke all on function quality.other_statements(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.other_statements(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/other_statements.sql
--! Included quality/helpers/usual_bar.sql
-- What is usual for an instrument at a time: its tick, its volume and its moves.
create or replace function quality.usual_bar(p_instrument_id bigint, p_ts timestamptz, p_bars integer)
returns table (tick double precision, volume double precision, move double precision)
language sql
stable
parallel safe
begin atomic
  select
    min(least(nullif(bar.high - bar.low, 0), nullif(abs(bar.close - bar.open), 0), nullif(abs(bar.close - bar.previous_close), 0))),
    percentile_cont(0.5) within group (order by bar.volume),
    percentile_cont(0.5) within group (order by abs(ln(bar.close / bar.previous_close)))
  from (
    select price.open, price.high, price.low, price.close, price.volume, lead(price.close) over (order by price.ts desc) as previous_close
    from market.price_data as price
    where price.instrument_id = p_instrument_id and price.bar_interval = quality.judged_interval(p_instrument_id) and price.ts < p_ts
    order by price.ts desc
    limit p_bars
  ) as bar;
end;

comment on function quality.usual_bar(bigint, timestamptz, integer) is
'Of the p_bars bars of an instrument before a time: the smallest difference between their prices, about a tick (NULL where they never moved), their median volume and the median size of their moves from close to close (as a logarithm). NULLs where there is no bar. For rows that are suspected already: it reads the bars of one.';

revoke all on function quality.usual_bar(bigint, timestamptz, integer) from public;
grant execute on function quality.usual_bar(bigint, timestamptz, integer) to marketbase_worker;
--! EndIncluded quality/helpers/usual_bar.sql
--! Included quality/populations/population_compared_price_data.sql
-- Counts bars of which more than one provider has spoken.
create or replace function quality.population_compared_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select bar.instrument_id, count(*), min(bar.ts), max(bar.ts)
  from (
    select distinct other.instrument_id, other.bar_interval, other.ts
    from quality.other_statements(p_instrument_ids, p_from, p_to) as other
  ) as bar
  group by bar.instrument_id;
end;

comment on function quality.population_compared_price_data(bigint[], timestamptz, timestamptz) is
'Bars of each instrument from p_from to p_to, of any length, of which more than one provider has spoken and whose prices can be compared.';

revoke all on function quality.population_compared_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_compared_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_compared_price_data.sql
--! Included quality/populations/population_equity_price_data.sql
-- Counts daily bars of equities, or weekly ones of those without daily bars.
create or replace function quality.population_equity_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.instrument as instrument
  cross join lateral (select quality.judged_interval(instrument.instrument_id) as bar_interval) as judged
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id and price.bar_interval = judged.bar_interval and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids) and instrument.asset_class = 'equity'
  group by price.instrument_id;
end;

comment on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars (weekly ones of an instrument without daily bars) of each equity from p_from to p_to; other instruments are left out.';

revoke all on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_equity_price_data.sql
--! Included quality/populations/population_price_data.sql
-- Counts daily bars, or weekly ones of an instrument without daily bars.
create or replace function quality.population_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from unnest(p_instrument_ids) as asked (instrument_id)
  cross join lateral (select quality.judged_interval(asked.instrument_id) as bar_interval) as judged
  join market.price_data as price
    on price.instrument_id = asked.instrument_id and price.bar_interval = judged.bar_interval and price.ts between p_from and p_to
  group by price.instrument_id;
end;

comment on function quality.population_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars (weekly ones of an instrument without daily bars) of each instrument from p_from to p_to.';

revoke all on function quality.population_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_price_data.sql
--! Included quality/populations/population_split.sql
-- Counts splits on record.
create or replace function quality.population_split(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select split.instrument_id, count(*), min(split.ts), max(split.ts)
  from (
    select action.instrument_id, action.ex_date::timestamp at time zone 'UTC' as ts
    from market.corporate_action as action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'split'
  ) as split
  where split.ts between p_from and p_to
  group by split.instrument_id;
end;

comment on function quality.population_split(bigint[], timestamptz, timestamptz) is
'Splits of each instrument with an ex-date from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_split(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_split(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_split.sql
--! Included quality/rules/actions/rule_action_split_doubled.sql
-- A split that is listed on two days a little apart happened once.
create or replace function quality.rule_action_split_doubled(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with split as materialized (
    select
      action.instrument_id, action.ex_date, action.provider, ln(action.amount::double precision) as size, action.amount,
      first_bar.ts as bar_ts, ln(first_bar.open / bar_before.close) as move
    from market.corporate_action as action
    left join lateral (
      select bar.ts, bar.open
      from market.price_data as bar
      where bar.instrument_id = action.instrument_id and bar.bar_interval = '1d' and bar.ts >= action.ex_date::timestamp at time zone 'UTC'
      order by bar.ts
      limit 1
    ) as first_bar on true
    left join lateral (
      select bar.close
      from market.price_data as bar
      where bar.instrument_id = action.instrument_id and bar.bar_interval = '1d' and bar.ts < first_bar.ts
      order by bar.ts desc
      limit 1
    ) as bar_before on true
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'split'
  ),
  pair as (
    select
      earlier.instrument_id, earlier.ex_date as earlier_date, later.ex_date as later_date, later.amount,
      -- The price has a split in it when undoing the split leaves an ordinary move.
      coalesce(abs(earlier.move + earlier.size) < abs(earlier.size) / 2, false) as earlier_jumps,
      coalesce(abs(later.move + later.size) < abs(later.size) / 2, false) as later_jumps,
      -- Without bars between the two days one bar would have both in it.
      coalesce(earlier.bar_ts = later.bar_ts, false) as is_one_bar,
      coalesce(abs(later.move + earlier.size + later.size) < abs(later.size) / 2, false) as one_bar_jumps_twice
    from split as earlier
    join split as later
      on later.instrument_id = earlier.instrument_id and later.ex_date > earlier.ex_date
      and later.ex_date - earlier.ex_date <= (p_parameters ->> 'days')::integer
      and abs(later.size - earlier.size) <= (p_parameters ->> 'tolerance')::double precision
    where abs(later.size) >= ln((p_parameters ->> 'min_ratio')::double precision)
  ),
  doubled as (
    select distinct on (pair.instrument_id, place.wrong_date)
      pair.*, place.wrong_date, place.other_date, place.wrong_date::timestamp at time zone 'UTC' as ts
    from pair
    cross join lateral (
      select
        case when pair.later_jumps and not pair.earlier_jumps then pair.earlier_date else pair.later_date end as wrong_date,
        case when pair.later_jumps and not pair.earlier_jumps then pair.later_date else pair.earlier_date end as other_date
    ) as place
    where not case when pair.is_one_bar then pair.one_bar_jumps_twice else pair.earlier_jumps and pair.later_jumps end
    order by pair.instrument_id, place.wrong_date, abs(place.wrong_date - place.other_date)
  )
  select
    null::bigint,
    doubled.instrument_id,
    doubled.ts,
    jsonb_build_object('ex_date', doubled.wrong_date, 'action_type', 'split'),
    jsonb_build_object('ratio', doubled.amount, 'other_ex_date', doubled.other_date, 'price_jumps_on', case
      when doubled.is_one_bar or doubled.earlier_jumps = doubled.later_jumps then null
      else doubled.other_date
    end),
    'one split, or a jump of the price on both days',
    format(
      'A split of %s is on record for %s and for %s, and %s.',
      trim_scale(round(doubled.amount, 6)), doubled.earlier_date, doubled.later_date,
      case
        when doubled.is_one_bar or doubled.earlier_jumps = doubled.later_jumps then 'the price does not show it twice'
        else format('the price shows it only on %s', doubled.other_date)
      end
    )
  from doubled
  where doubled.ts between p_from and p_to;
end;

comment on function quality.rule_action_split_doubled(bigint[], timestamptz, timestamptz, jsonb) is
'Splits on record that lie within days calendar days of another one of the same ratio (within tolerance as a logarithm, min_ratio or its inverse at least, for small stock dividends do come again), where the daily bars do not jump by the ratio on both days.
The one without a jump is named; where neither or one bar has it (prices that are adjusted for splits, missing bars), the later one.';

revoke all on function quality.rule_action_split_doubled(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_split_doubled(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_split_doubled', 'price_data', 'actions', 'warning', '{"days": 21, "tolerance": 0.001, "min_ratio": 1.2}',
  'One split is on record on two days: announced for one and carried out on another, or given differently by two providers. Adjusted prices before both are wrong by its ratio.',
  'Look the split up; the one that did not happen is gone when its provider no longer lists it.',
  'split'
);
--! EndIncluded quality/rules/actions/rule_action_split_doubled.sql
--! Included quality/rules/features/rule_feature_look_ahead.sql
-- A feature does not know its future.
create or replace function quality.rule_feature_look_ahead(p_set text, p_parameters jsonb)
returns quality.set_verdict
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set constant record := feature.current_set(p_set);
  v_points feature.probe_point[];
  v_random_vectors bigint;
  v_random_times bigint;
  v_verdict quality.set_verdict;
begin
  v_points := array(
    select point
    from feature.probe_points(
      p_set, (p_parameters ->> 'samples')::integer, (p_parameters ->> 'seed')::bigint,
      case
        when jsonb_typeof(p_parameters -> 'instrument_ids') = 'array'
          then array(select id::bigint from jsonb_array_elements_text(p_parameters -> 'instrument_ids') as id)
      end
    ) as point
  );
  select
    count(*), min(point.ts), max(point.ts), count(*) filter (where point.reason = 'random'), count(distinct point.ts) filter (where point.reason = 'random')
  into v_verdict.checked_count, v_verdict.from_ts, v_verdict.to_ts, v_random_vectors, v_random_times
  from unnest(v_points) as point;

  if v_verdict.checked_count > 0 then
    v_verdict.note := format(
      'Seed %s, %s times. A leak that shows in 5%% of the vectors is missed with probability %s, one that shows for all instruments in 5%% of the times with %s.',
      p_parameters ->> 'seed', (select count(distinct point.ts) from unnest(v_points) as point),
      round(0.95 ^ v_random_vectors, 4), round(0.95 ^ v_random_times, 4)
    );
  end if;
  v_verdict.violations := array(
    select
      row(
        null, point.instrument_id, point.ts,
        jsonb_build_object('feature_set', p_set, 'version', v_set.version, 'symbol', instrument.symbol),
        jsonb_build_object(
          'known_from', point.known_from, 'sampled', point.reason,
          'features', (
            select jsonb_object_agg(value.name, jsonb_build_object('with_future', value.with_future::text, 'without_future', value.without_future::text))
            from unnest(point.feature_names, point.with_future, point.without_future) as value (name, with_future, without_future)
          )
        ),
        'the same value when what became known later is removed',
        format(
          '%s of %s on %s depend on what was not known at %s UTC: %s.',
          p_set, instrument.symbol, to_char(point.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), to_char(point.known_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
          (
            select string_agg(
              format('%s is %s and would be %s', value.name, coalesce(value.with_future::text, 'null'), coalesce(value.without_future::text, 'null')),
              ', ' order by value.position
            )
            from unnest(point.feature_names, point.with_future, point.without_future)
              with ordinality as value (name, with_future, without_future, position)
          )
        )
      )::quality.violation
    from unnest(v_points) as point
    join market.instrument as instrument on instrument.instrument_id = point.instrument_id
    where cardinality(point.feature_names) > 0
    order by point.instrument_id, point.ts
  );
  return v_verdict;
end;
$$;

comment on function quality.rule_feature_look_ahead(text, jsonb) is
'What feature.probe_points says about the set p_set: each vector that changes when the future is removed, with its features. p_parameters: samples (times), seed, instrument_ids (an array; null or absent: five that are drawn).
The note gives the probability to miss a leak that shows in a share f of the vectors, (1 - f)^n for n vectors at random times, and, where all instruments show it at the same times, for n times; the other half of the times is chosen where leaks show and comes on top.';

revoke all on function quality.rule_feature_look_ahead(text, jsonb) from public;
grant execute on function quality.rule_feature_look_ahead(text, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_look_ahead', 'feature_set', 'features', 'error', '{"samples": 60, "seed": 1}',
  'A feature uses what was not known yet: it changes when the future is removed. Models trained on it look better than they are.',
  'Correct the kernel or the expression: windows end at their bar, facts count from their filing, and a kernel looks back no further than its comment says.'
);
--! EndIncluded quality/rules/features/rule_feature_look_ahead.sql
--! Included quality/rules/prices/rule_price_return_outlier.sql
-- A return is in keeping with the returns before it.
create or replace function quality.rule_price_return_outlier(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bar as materialized (
    select b.* from quality.daily_bars(p_instrument_ids, p_from, p_to, (p_parameters ->> 'window')::integer) as b
  ),
  series as (
    select
      bar.instrument_id,
      array_agg(bar.log_return order by bar.bar_no) as log_returns,
      array_agg(bar.volume order by bar.bar_no) as volumes
    from bar
    group by bar.instrument_id
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('close', bar.close, 'previous_close', bar.previous_close, 'log_return', bar.log_return, 'score', scored.score::text),
    format('a log return within %s robust deviations of the %s before', p_parameters ->> 'score', p_parameters ->> 'window'),
    format(
      'The close of %s moved by %s %% from %s to %s, %s robust deviations.',
      bar.session_date, round((exp(bar.log_return) * 100 - 100)::numeric, 1), bar.previous_close, bar.close, round(scored.score::numeric, 1)
    )
  from bar
  join series on series.instrument_id = bar.instrument_id
  cross join lateral (
    select quality.robust_score(
      bar.log_return, series.log_returns[bar.bar_no::integer - (p_parameters ->> 'window')::integer : bar.bar_no::integer - 1]
    ) as score
  ) as scored
  where bar.is_asked
    and abs(bar.log_return) >= (p_parameters ->> 'min_move')::double precision
    -- The first bar has no return, hence two less than its number before this one.
    and bar.bar_no - 2 >= (p_parameters ->> 'min_sample')::bigint
    and abs(scored.score) > (p_parameters ->> 'score')::double precision
    -- News brings trading, errors do not.
    and not coalesce(
      bar.volume > (p_parameters ->> 'news_volume')::double precision * (
        select percentile_cont(0.5) within group (order by volume.value)
        from unnest(series.volumes[bar.bar_no::integer - (p_parameters ->> 'window')::integer : bar.bar_no::integer - 1]) as volume (value)
        having percentile_cont(0.5) within group (order by volume.value) > 0
      ),
      false
    );
end;

comment on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose log return lies more than score robust standard deviations (quality.robust_score) from the middle of the window returns before it, itself excluded; where at least min_sample of them are there, and only moves of min_move (as a log return) or more. Recorded splits and dividends do not count as moves, nor do moves on a volume of more than news_volume times the median of the window before: news brings trading, an error of the provider does not.';

revoke all on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_return_outlier', 'price_data', 'prices', 'warning', '{"window": 60, "min_sample": 20, "score": 10, "min_move": 0.05, "news_volume": 2}',
  'The close moved far more than this instrument is used to.',
  'Look at the news of the day and at another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_return_outlier.sql
--! Included quality/rules/prices/rule_price_sources_agree.sql
-- Providers say the same of a bar.
create or replace function quality.rule_price_sources_agree(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    difference.instrument_id,
    difference.ts,
    jsonb_build_object('session_date', difference.session_date, 'bar_interval', difference.bar_interval),
    jsonb_object_agg(difference.provider || ' ' || difference.field, difference.value)
      || jsonb_object_agg(difference.current_provider || ' ' || difference.field, difference.current_value),
    'values of all providers within the tolerance of each field',
    format(
      'Of the bar of %s (%s), %s.', difference.session_date, difference.bar_interval,
      string_agg(
        format('%s says %s %s where %s says %s', difference.provider, difference.field, difference.value, difference.current_provider, difference.current_value),
        ', ' order by difference.provider, difference.position)
    )
  from (
    select other.*, field.position, field.name as field, other.said_values[field.position] as value, other.current_values[field.position] as current_value
    from quality.other_statements(p_instrument_ids, p_from, p_to) as other
    cross join (values (1, 'open'), (2, 'high'), (3, 'low'), (4, 'close'), (5, 'volume')) as field (position, name)
    where abs(other.said_values[field.position] - other.current_values[field.position])
      > (p_parameters ->> field.name)::double precision * abs(other.current_values[field.position])
  ) as difference
  group by difference.instrument_id, difference.bar_interval, difference.ts, difference.session_date;
end;

comment on function quality.rule_price_sources_agree(bigint[], timestamptz, timestamptz, jsonb) is
'Bars of any length of which a provider last said something else than what is current, by more than p_parameters allows for the field (open, high, low, close, volume: a part of the current value). quality.other_statements puts both on one basis.';

revoke all on function quality.rule_price_sources_agree(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_sources_agree(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_sources_agree', 'price_data', 'prices', 'warning', '{"open": 0.01, "high": 0.01, "low": 0.01, "close": 0.002, "volume": 0.25}',
  'Two providers say different things of the same bar; the one with the better priority is current.',
  'select * from market.price_statement shows who said what when. Correct the bar with a file (marketbase import), or change ingest.provider.priority.',
  'compared_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_sources_agree.sql
--! Included quality/rules/prices/rule_price_spike.sql
-- A close does not jump and come straight back.
create or replace function quality.rule_price_spike(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with move as (
    select
      bar.*,
      lag(bar.log_return) over in_time as spike,
      lag(bar.ts) over in_time as spike_ts,
      lag(bar.volume) over in_time as spike_volume,
      lag(bar.previous_close) over in_time as close_before,
      lag(bar.session_date) over in_time as spike_date
    from quality.daily_bars(p_instrument_ids, p_from, p_to, 1) as bar
    window in_time as (partition by bar.instrument_id order by bar.bar_no)
  )
  select
    null::bigint,
    move.instrument_id,
    move.spike_ts,
    jsonb_build_object('session_date', move.spike_date),
    jsonb_build_object('close', move.previous_close, 'next_close', move.close, 'log_return', move.spike, 'next_log_return', move.log_return),
    format('a move of %s or more that lasts', p_parameters ->> 'min_move'),
    format(
      'The close of %s moved by %s %%, and the next one moved back by %s %%.',
      move.spike_date, round((exp(move.spike) * 100 - 100)::numeric, 1), round((exp(move.log_return) * 100 - 100)::numeric, 1)
    )
  from move
  cross join lateral (
    select usual.tick, usual.volume, usual.move
    from quality.usual_bar(move.instrument_id, move.spike_ts, (p_parameters ->> 'window')::integer) as usual
    where abs(move.spike) >= (p_parameters ->> 'min_move')::double precision
  ) as usual
  where move.is_asked
    and abs(move.spike) >= (p_parameters ->> 'min_move')::double precision
    and abs(move.spike + move.log_return) <= (p_parameters ->> 'max_remainder')::double precision * abs(move.spike)
    and abs(move.previous_close - move.close_before) >= (p_parameters ->> 'min_ticks')::double precision * coalesce(usual.tick, 0)
    and abs(move.spike) >= (p_parameters ->> 'score')::double precision * coalesce(usual.move, 0)
    -- News brings trading, errors do not.
    and not coalesce(usual.volume > 0 and move.spike_volume > (p_parameters ->> 'news_volume')::double precision * usual.volume, false);
end;

comment on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose close moved by min_move (as a log return) or more and whose next close took all of it back but max_remainder of the move. The time of the finding is that of the bar that sticks out; it is found when the bar after it is checked. Recorded splits and dividends do not count as moves. Moves of less than score times the median move of the window bars before are usual for the instrument, as for an index of volatility. Moves of fewer than min_ticks ticks (the smallest difference between prices in the window bars before) are not looked at, nor are days on which the volume was more than news_volume times the median of that window: news brings trading, an error of the provider does not.';

revoke all on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_spike', 'price_data', 'prices', 'warning', '{"min_move": 0.2, "max_remainder": 0.25, "window": 20, "min_ticks": 5, "score": 8, "news_volume": 5}',
  'One close sticks out from its neighbours: often a misplaced decimal or a trade that was cancelled.',
  'Compare the day with another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_spike.sql
--! Included quality/rules/prices/rule_price_unit_consistent.sql
-- Prices stay in one unit.
create or replace function quality.rule_price_unit_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'previous_close', bar.previous_close),
    format('a price that is not %s times the one before, nor its inverse', p_parameters ->> 'multiple'),
    format(
      '%s opens at %s, goes from %s to %s and closes at %s after a close of %s: %s.',
      bar.session_date, bar.open, bar.low, bar.high, bar.close, bar.previous_close,
      case when bar.high > 5 * bar.previous_close
        then format('about %s times as much', p_parameters ->> 'multiple')
        else format('about 1/%s of it', p_parameters ->> 'multiple')
      end
    )
  from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as bar
  where bar.is_asked
    and (
      abs(abs(ln(bar.open / bar.previous_close)) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      or abs(abs(ln(bar.close / bar.previous_close)) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      or abs(ln(bar.high / greatest(bar.open, bar.close)) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      or abs(ln(least(bar.open, bar.close) / bar.low) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
    );
end;

comment on function quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars that open or close at about multiple times the close before, or at about its inverse, or whose high or low is as far from open and close: the unit changed, as from pounds to pence. tolerance is as a logarithm. The bar after the change is named.';

revoke all on function quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_unit_consistent', 'price_data', 'prices', 'error', '{"multiple": 100, "tolerance": 0.2}',
  'The price jumps by a factor of 100: part of the series is in another unit, such as pence instead of pounds.',
  'Fetch the span again; state the currency of the instrument (GBp is a unit of its own).'
);
--! EndIncluded quality/rules/prices/rule_price_unit_consistent.sql
--! Included quality/rules/structure/rule_bar_final.sql
-- A bar was over when it was fetched.
create or replace function quality.rule_bar_final(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.ts,
    jsonb_build_object('row_no', c.row_no, 'symbol', c.symbol),
    jsonb_build_object('ends_at', bar.ends_at, 'fetched_at', response.fetched_at),
    'a bar that ended before it was fetched',
    format(
      'The bar ends at %s UTC and was fetched at %s UTC.',
      to_char(bar.ends_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
      to_char(response.fetched_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    )
  from ingest.raw_response as response
  join ingest.candidate_bar as c on c.raw_response_id = response.raw_response_id
  left join market.instrument as instrument on instrument.instrument_id = c.instrument_id
  left join market.exchange as exchange on exchange.mic = instrument.mic
  cross join lateral (
    select market.bar_span(c.bar_interval) as length
  ) as bar_interval
  cross join lateral (
    select case
      when bar_interval.length < interval '1 day' then c.ts + bar_interval.length
      else coalesce(
        (
          select max(session.close_at)
          from market.trading_session as session
          where session.mic = exchange.mic
            and session.session_date >= c.session_date
            and session.session_date < c.session_date + bar_interval.length
        ),
        (c.session_date + bar_interval.length) at time zone coalesce(exchange.time_zone, 'UTC')
      )
    end as ends_at
  ) as bar
  where response.raw_response_id = p_raw_response_id
    -- No zone is more than 14 hours from UTC: older bars are over without a look at the calendar.
    and c.ts + bar_interval.length > response.fetched_at - interval '1 day'
    and bar.ends_at > response.fetched_at;
end;

comment on function quality.rule_bar_final(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id that were not over at fetched_at: the bar of today while its session goes on, or one of the future. A daily, weekly or monthly bar ends at the last close of its sessions by market.trading_session, or, where there is none, at midnight in the time zone of the exchange (UTC for an unknown instrument); a shorter one ends one length after ts. p_parameters is not used.';

revoke all on function quality.rule_bar_final(bigint, jsonb) from public;
grant execute on function quality.rule_bar_final(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_final', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar was fetched before its session closed, so its values are not final; or its date lies in the future.',
  'Fetch again after the close. A date in the future points to a wrong time zone or unit of time in the body.'
);
--! EndIncluded quality/rules/structure/rule_bar_final.sql
--! Included quality/views/rule_in_force.sql
-- The version of each rule that is applied now.
create or replace view quality.rule_in_force
with (security_invoker = true)
as
select
  r.rule,
  r.version,
  r.dataset,
  r.family,
  r.severity,
  r.parameters,
  r.population,
  r.function_name,
  r.description,
  r.remedy,
  latest.in_force_from
from (
  select distinct on (activation.rule) activation.rule, activation.version, activation.in_force_from
  from quality.rule_activation as activation
  order by activation.rule, activation.in_force_from desc
) as latest
join quality.validation_rule as r on r.rule = latest.rule and r.version = latest.version;

comment on view quality.rule_in_force is E'@primaryKey rule\n@foreignKey (rule, version) references quality.validation_rule (rule, version)|@fieldName validationRule|@foreignFieldName rulesInForce\nThe version of each rule that is applied now.';
comment on column quality.rule_in_force.rule is E'@notNull\nName of the rule.';
comment on column quality.rule_in_force.version is E'@notNull\nVersion in force.';
comment on column quality.rule_in_force.dataset is E'@notNull\nWhat it looks at.';
comment on column quality.rule_in_force.family is E'@notNull\nFamily: structure, prices, actions, calendar, fundamentals, features or predictions.';
comment on column quality.rule_in_force.severity is E'@notNull\ncritical (the row is quarantined), error, warning or info.';
comment on column quality.rule_in_force.parameters is E'@notNull\nThresholds, a JSON object.';
comment on column quality.rule_in_force.population is E'@notNull\nWhat checked_count counts.';
comment on column quality.rule_in_force.function_name is E'@notNull\nFunction that finds the violations.';
comment on column quality.rule_in_force.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.rule_in_force.remedy is E'@notNull\nWhat to do then.';
comment on column quality.rule_in_force.in_force_from is E'@notNull\nFrom when this version is in force.';

grant select on quality.rule_in_force to marketbase_reader;
--! EndIncluded quality/views/rule_in_force.sql
--! Included ta/helper/ordered_value.sql
-- Reads a quantile off a window in order.
create or replace function ta.ordered_value(
  held integer[],
  ladder double precision[],
  place integer,
  share double precision
)
returns double precision
language sql
immutable
parallel safe
return case
  when share > 0 then ladder[held[place] / 64] + (ladder[held[place + 1] / 64] - ladder[held[place] / 64]) * share
  else ladder[held[place] / 64]
end;

comment on function ta.ordered_value(integer[], double precision[], integer, double precision) is
$$Helper of ta.window_order: the value at a place of a window, or so far on the way to the next one.
Arguments: held, the marks of the window in order, 64 times the place of a value on the ladder and a rest; ladder, all values in order; place, from 1; share of
the way to the next place, 0 to 1. NULL where there is no such place. Errors: none.$$;

revoke all on function ta.ordered_value(integer[], double precision[], integer, double precision) from public;
grant execute on function ta.ordered_value(integer[], double precision[], integer, double precision) to marketbase_reader;
--! EndIncluded ta/helper/ordered_value.sql
--! Included ta/helper/ordered_window.sql
-- Keeps a window of whole numbers in order while it slides.
create or replace aggregate ta.ordered_window(integer[]) (
  sfunc = extensions._int_union,
  stype = integer[],
  initcond = '{}',
  msfunc = extensions._int_union,
  minvfunc = extensions.intset_subtract,
  mstype = integer[],
  minitcond = '{}',
  parallel = safe
);

comment on aggregate ta.ordered_window(integer[]) is
$$Helper of the kernels: the numbers of the arrays in rising order, each once. Over a sliding frame an entering number is merged in and a leaving one taken
out, both by functions of the extension intarray; the result depends on the frame alone.
Arguments: one array per row, here of one number, which no other row of the frame has. An empty array for no rows. NULL in an array is an error.$$;

revoke all on function ta.ordered_window(integer[]) from public;
grant execute on function ta.ordered_window(integer[]) to marketbase_reader;
--! EndIncluded ta/helper/ordered_window.sql
--! Included ta/helper/window_order.sql
-- Gives ranks and quantiles of windows, many at once.
create or replace function ta.window_order(
  kernel text,
  series double precision[],
  periods integer[],
  quantiles double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
as $$
declare
  bars constant integer := cardinality(series);
  -- Places on the ladder end below this one.
  nowhere constant integer := 16777216;
  -- All values in order; and a mark per bar: 64 times its place there, and what tells equal values of a window apart.
  ladder double precision[];
  marks integer[];
  -- How many values there are up to each bar, where some are missing.
  known integer[];
  next integer := 1;
  period integer;
  reach integer;
  ranked boolean;
  first double precision;
  second double precision;
  first_places integer[];
  first_shares double precision[];
  second_places integer[];
  second_shares double precision[];
  found double precision[];
  result double precision[] := '{}';
begin
  foreach period in array periods loop
    perform ta.check_period(kernel, 'period', period, 1);
  end loop;
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;

  while next <= cardinality(periods) loop
    -- What is asked of the same windows next: a rank, and up to two quantiles.
    period := periods[next];
    reach := least(period, bars);
    if reach > 64 or bars >= nowhere then
      found := case
        when quantiles[next] is null then ta.window_rank(kernel, series, period)
        else ta.window_quantile_long(series, period, quantiles[next])
      end;
      next := next + 1;
    else
      ranked := quantiles[next] is null;
      if ranked then
        next := next + 1;
      end if;
      first := null;
      second := null;
      if periods[next] = period and quantiles[next] is not null then
        first := quantiles[next];
        next := next + 1;
        if periods[next] = period and quantiles[next] is not null then
          second := quantiles[next];
          next := next + 1;
        end if;
      end if;

      if marks is null then
        select scale.ladder, array(
          select case when abs(value) < 'infinity' then width_bucket(value, scale.ladder) else nowhere end * 64 + (bar & 63)
          from (select unnest(series) as value, generate_series(1, bars) as bar offset 0) as listed
        )
        into ladder, marks
        from (
          select array_sort(array(select value + 0 from (select unnest(series) as value offset 0) as listed where abs(value) < 'infinity')) as ladder
          offset 0
        ) as scale;
        if cardinality(ladder) < bars then
          known := array(
            select count(*) filter (where mark < nowhere * 64) over (order by bar)
            from unnest(marks) with ordinality as listed (mark, bar)
            order by bar
          );
        end if;
      end if;
      -- Between the values at 0 and counted - 1 a quantile is interpolated.
      select
        array_agg(floor(first * (counted - 1))::integer + 1), array_agg(first * (counted - 1) - floor(first * (counted - 1))),
        array_agg(floor(second * (counted - 1))::integer + 1), array_agg(second * (counted - 1) - floor(second * (counted - 1)))
      into first_places, first_shares, second_places, second_shares
      from generate_series(1, reach) as counted;
      -- Up to some 30 bars it is cheaper to sort each window than to keep it in order.
      select
        array_agg(
          case when mark < nowhere * 64 then (width_bucket((mark | 63) - 64, held) + width_bucket(mark | 63, held) + 1)::double precision / (2 * counted) end
        ) filter (where ranked)
        || array_agg(ta.ordered_value(held, flat.ladder, first_places[counted], first_shares[counted])) filter (where first is not null)
        || array_agg(ta.ordered_value(held, flat.ladder, second_places[counted], second_shares[counted])) filter (where second is not null)
      into found
      -- Concatenation leaves plain arrays; the variables' own would be copied by each function that reads them.
      from (select marks || '{}'::integer[] as marks, ladder || '{}'::double precision[] as ladder offset 0) as flat
      cross join lateral (
        select
          flat.marks[bar] as mark,
          extensions.sort_asc(extensions.subarray(flat.marks, greatest(bar - reach + 1, 1), least(bar, reach))) as held,
          case when known is null then least(bar, reach) else known[bar] - coalesce(known[bar - reach], 0) end as counted
        from (select generate_series(1, bars) as bar where reach <= 32 offset 0) as listed
        union all
        select
          mark,
          ta.ordered_window(array[mark]) over (order by bar rows reach - 1 preceding),
          case when known is null then least(bar, reach) else known[bar] - coalesce(known[bar - reach], 0) end
        from (select unnest(flat.marks) as mark, generate_series(1, bars) as bar where reach > 32 offset 0) as listed
      ) as ordered;
    end if;
    result := result || found;
  end loop;
  return result;
end
$$;

comment on function ta.window_order(text, double precision[], integer[], double precision[]) is
$$Helper of the kernels: ranks of the newest values and quantiles of windows, any number at once. Entry n of periods and quantiles asks for one result; the
results follow each other, each as long as series. A rank is the mean rank among equals divided by the number of values, a quantile is interpolated between
neighbours.
Method: each value gets its place in order once, and windows are put in order as whole numbers by the extension intarray: sorted anew up to 32 bars, kept in
order beyond. A rank and two quantiles of one period that stand together are read off the same windows; periods beyond 64 bars go to window_rank and
window_quantile_long.
Arguments: kernel, the name for messages; series; periods, bars per window; quantiles, each 0 to 1, or NULL for the rank.
NULL, NaN and infinity are left out; NULL where the window has no value, and for a rank where the newest is missing. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_order(text, double precision[], integer[], double precision[]) from public;
grant execute on function ta.window_order(text, double precision[], integer[], double precision[]) to marketbase_reader;
--! EndIncluded ta/helper/window_order.sql
--! Included ta/helper/window_quantile_long.sql
-- Gives a quantile of each window, however long the windows are.
create or replace function ta.window_quantile_long(
  series double precision[],
  period integer,
  quantile double precision
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  reach constant integer := least(period, bars);
  -- So many bars are done at a time, so that the strings of bits stay short.
  block constant integer := 8 * reach;
  result double precision[] := array_fill(null::double precision, array[bars]);
  first integer;
  i integer;
  -- The values of a block in order, and for each bar its place among them.
  ladder double precision[];
  places integer[];
  steps integer;
  place integer;
  -- Which places are in the window: a bit each, from the lowest up and from the highest down.
  rising bit varying;
  falling bit varying;
  -- The place of the value at or below the quantile, and how many places of the window reach up to it.
  low integer;
  reached integer;
  counted integer;
  wanted double precision;
  needed integer;
begin
  for start in 1..bars by block loop
    first := greatest(start - reach, 0);
    select
      array_agg(s.value order by s.place) filter (where s.value is not null),
      array_agg(case when s.value is not null then s.place end order by s.bar),
      count(s.value)
    into ladder, places, steps
    from (
      select v.bar, v.value, (row_number() over (order by v.value, v.bar))::integer as place
      from (
        select u.bar, case when abs(u.value) < 'infinity' then u.value end as value
        from unnest(series[first + 1:least(start::bigint + block - 1, bars)::integer]) with ordinality as u (value, bar)
      ) as v
    ) as s;
    rising := repeat('0', steps)::bit varying;
    falling := rising;
    low := 0;
    reached := 0;
    counted := 0;
    i := 0;
    foreach place in array places loop
      i := i + 1;
      if place is not null then
        rising := set_bit(rising, place - 1, 1);
        falling := set_bit(falling, steps - place, 1);
        counted := counted + 1;
        if place < low then
          reached := reached + 1;
        end if;
      end if;
      if i > reach then
        place := places[i - reach];
        if place is not null then
          rising := set_bit(rising, place - 1, 0);
          falling := set_bit(falling, steps - place, 0);
          counted := counted - 1;
          if place <= low then
            reached := reached - 1;
          end if;
          if place = low then
            low := case when reached > 0 then low - position(b'1' in substring(falling from steps - low + 2)) else 0 end;
          end if;
        end if;
      end if;
      continue when counted = 0;

      -- Between the values at 0 and counted - 1 the quantile is interpolated.
      wanted := quantile * (counted - 1);
      needed := floor(wanted) + 1;
      while reached < needed loop
        low := low + position(b'1' in substring(rising from low + 1));
        reached := reached + 1;
      end loop;
      while reached > needed loop
        low := low - position(b'1' in substring(falling from steps - low + 2));
        reached := reached - 1;
      end loop;
      if first + i < start then
        continue;
      elsif wanted > needed - 1 then
        result[first + i] := ladder[low]
          + (ladder[low + position(b'1' in substring(rising from low + 1))] - ladder[low]) * (wanted - (needed - 1));
      else
        result[first + i] := ladder[low];
      end if;
    end loop;
  end loop;
  return result;
end
$$;

comment on function ta.window_quantile_long(double precision[], integer, double precision) is
$$Helper of the kernels: the quantiles of window_order, for long windows.
Method: the values of a block get their places in order once; a bit for each place says whether it is in the window, and the quantile's place moves by a few
bits when a value enters and another leaves. Cost: one pass, whatever the period, but for the copying of the bits.
Arguments: series; period, bars per window; quantile, 0 to 1.
NULL, NaN and infinity are left out; NULL where the window has no value. Errors: none.$$;

revoke all on function ta.window_quantile_long(double precision[], integer, double precision) from public;
grant execute on function ta.window_quantile_long(double precision[], integer, double precision) to marketbase_reader;
--! EndIncluded ta/helper/window_quantile_long.sql
--! Included ta/operator/ewm.sql
-- Gives the exponentially weighted mean of all bars so far: qlib's EMA.
create or replace function ta.ewm(
  series double precision[],
  span integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  result double precision[];
  x double precision;
  mean double precision;
  weight double precision := 0;
  kept double precision;
  gap double precision;
  i integer := 0;
begin
  perform ta.check_period('ewm', 'span', span, 1);
  perform ta.check_series('ewm', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  kept := (span - 1.0) / (span + 1.0);
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    -- What has become too small to be told from nothing is nothing: PostgreSQL takes it for an error that a product or a quotient rounds to zero.
    weight := case when weight > 1e-30 then weight * kept else 0 end;
    if abs(x) < 'infinity' then
      weight := weight + 1;
      gap := x - mean;
      mean := case when weight = 1 or abs(gap) < 1e-290 then x else mean + gap / weight end;
    end if;
    result[i] := mean;
  end loop;
  return result;
end
$$;

comment on function ta.ewm(double precision[], integer) is
$$Exponentially weighted mean of all bars so far (qlib EMA, pandas ewm(span, min_periods = 1).mean()): each bar weighs (span - 1) / (span + 1) of the next
one,
and the weights of the bars that there are add up to 1. Result: as long as series, in its unit.
Arguments: series; span in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped, their bar still ages the others, and the result stays what it was; NULL before the first value. Warm-up:
none.
Errors: MB001 for a bad period or array.
lookback: unbounded$$;

revoke all on function ta.ewm(double precision[], integer) from public;
grant execute on function ta.ewm(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/ewm.sql
--! Included ta/operator/expanding_med.sql
-- Gives the median of all bars so far: qlib's Med over an expanding window.
create or replace function ta.expanding_med(
  series double precision[]
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_order('expanding_med', series, array[greatest(cardinality(series), 1)], array[0.5]);

comment on function ta.expanding_med(double precision[]) is
$$Median of all values so far (qlib Med with N = 0).
Arguments: series.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad array.
lookback: unbounded$$;

revoke all on function ta.expanding_med(double precision[]) from public;
grant execute on function ta.expanding_med(double precision[]) to marketbase_reader;
--! EndIncluded ta/operator/expanding_med.sql
--! Included ta/operator/expanding_quantile.sql
-- Gives a quantile of all bars so far: qlib's Quantile over an expanding window.
create or replace function ta.expanding_quantile(
  series double precision[],
  quantile double precision
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_number('expanding_quantile', 'quantile', quantile);
  if quantile not between 0 and 1 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.expanding_quantile: quantile must be a fraction from 0 to 1, not %s.', quantile),
      hint = 'Write 0.8 for the value that four fifths of the window do not exceed.';
  end if;
  return ta.window_order('expanding_quantile', series, array[greatest(cardinality(series), 1)], array[quantile]);
end
$$;

comment on function ta.expanding_quantile(double precision[], double precision) is
$$Quantile of all values so far (qlib Quantile with N = 0), interpolated between neighbours. Result: as long as series, in its unit.
Arguments: series; quantile, a fraction from 0 to 1.
NULL behaviour: NULL, NaN and infinity are skipped; NULL before the first value.
Warm-up: none.
Errors: MB001 for a bad quantile or array.
lookback: unbounded$$;

revoke all on function ta.expanding_quantile(double precision[], double precision) from public;
grant execute on function ta.expanding_quantile(double precision[], double precision) to marketbase_reader;
--! EndIncluded ta/operator/expanding_quantile.sql
--! Included ta/operator/rolling_idxmax.sql
-- Gives the place of the largest value in the last bars: qlib's IdxMax.
create or replace function ta.rolling_idxmax(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('rolling_idxmax', series, period, 1, 1, 'oldest place');

comment on function ta.rolling_idxmax(double precision[], integer) is
$$Place of the largest value among the last period bars (qlib IdxMax): 1 is the oldest bar of the window, the oldest among equals counts. Result: as long as
series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped but keep their place; NULL where the window has no value. Warm-up: none, the first values come from the
bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: - (max(case when {series} is not null then array[{series}, - bar_number] end) over frame)[2] - greatest(bar_number - {period}, 0)
lookback: period - 1$$;

revoke all on function ta.rolling_idxmax(double precision[], integer) from public;
grant execute on function ta.rolling_idxmax(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_idxmax.sql
--! Included ta/operator/rolling_idxmin.sql
-- Gives the place of the smallest value in the last bars: qlib's IdxMin.
create or replace function ta.rolling_idxmin(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('rolling_idxmin', series, period, 1, -1, 'oldest place');

comment on function ta.rolling_idxmin(double precision[], integer) is
$$Place of the smallest value among the last period bars (qlib IdxMin): 1 is the oldest bar of the window, the oldest among equals counts. Result: as long as
series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped but keep their place; NULL where the window has no value. Warm-up: none, the first values come from the
bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: (min(case when {series} is not null then array[{series}, bar_number] end) over frame)[2] - greatest(bar_number - {period}, 0)
lookback: period - 1$$;

revoke all on function ta.rolling_idxmin(double precision[], integer) from public;
grant execute on function ta.rolling_idxmin(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_idxmin.sql
--! Included ta/operator/rolling_med.sql
-- Gives the median of the last bars: qlib's Med.
create or replace function ta.rolling_med(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_order('rolling_med', series, array[period], array[0.5]);

comment on function ta.rolling_med(double precision[], integer) is
$$Median of the last period bars (qlib Med, pandas rolling(period, min_periods = 1).median()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_med(double precision[], integer) from public;
grant execute on function ta.rolling_med(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_med.sql
--! Included ta/operator/rolling_quantile.sql
-- Gives a quantile of the last bars: qlib's Quantile.
create or replace function ta.rolling_quantile(
  series double precision[],
  period integer,
  quantile double precision
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_number('rolling_quantile', 'quantile', quantile);
  if quantile not between 0 and 1 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.rolling_quantile: quantile must be a fraction from 0 to 1, not %s.', quantile),
      hint = 'Write 0.8 for the value that four fifths of the window do not exceed.';
  end if;
  return ta.window_order('rolling_quantile', series, array[period], array[quantile]);
end
$$;

comment on function ta.rolling_quantile(double precision[], integer, double precision) is
$$Quantile of the last period bars (qlib Quantile, pandas rolling(period, min_periods = 1).quantile(quantile)), interpolated between neighbours. Result: as
long as series, in its unit.
Arguments: series; period in bars, 1 or more; quantile, a fraction from 0 to 1.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period, quantile or array.
lookback: period - 1$$;

revoke all on function ta.rolling_quantile(double precision[], integer, double precision) from public;
grant execute on function ta.rolling_quantile(double precision[], integer, double precision) to marketbase_reader;
--! EndIncluded ta/operator/rolling_quantile.sql
--! Included ta/operator/rolling_rank.sql
-- Gives the rank of the newest among the last values: qlib's Rank.
create or replace function ta.rolling_rank(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return case
  when period <= 16 then ta.window_order('rolling_rank', series, array[period], array[null::double precision])
  else ta.window_rank('rolling_rank', series, period)
end;

comment on function ta.rolling_rank(double precision[], integer) is
$$Rank of the newest value among the last period bars as a fraction (qlib Rank, pandas rolling(period, min_periods = 1).rank(pct = True)): 1 is the largest;
equals share their mean rank.
Result: as long as series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped, and at such a bar the result is NULL. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_rank(double precision[], integer) from public;
grant execute on function ta.rolling_rank(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_rank.sql
--! Included ta/operator/rolling_resi.sql
-- Gives the distance of the newest value from the least-squares line over time through the last bars: qlib's Resi.
create or replace function ta.rolling_resi(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('rolling_resi', series, period, 'residual');

comment on function ta.rolling_resi(double precision[], integer) is
$$The distance of the newest value from the least-squares line over time through the last period bars (qlib Resi). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped (at such a bar itself the result is NULL); NULL where the window has fewer than two values. Warm-up: the
first value is NULL, then the first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
row form: {series} - regr_avgy({series}, bar_number) over frame
  - regr_slope({series}, bar_number) over frame * (bar_number - regr_avgx({series}, bar_number) over frame)
lookback: period - 1$$;

revoke all on function ta.rolling_resi(double precision[], integer) from public;
grant execute on function ta.rolling_resi(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_resi.sql
--! Included feature/columns/adjusted_columns.sql
-- The prices of each bar with splits and dividends evened out, without looking ahead: the columns that expressions over adjusted prices use.
create or replace function feature.adjusted_columns(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  adjusted_open double precision,
  adjusted_high double precision,
  adjusted_low double precision,
  adjusted_close double precision,
  adjusted_volume double precision
)
language sql stable parallel safe
rows 10000
begin atomic
  select bar.instrument_id, bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume
  from unnest(p_instrument_ids, p_from_ts, p_to_ts) as asked (instrument_id, from_ts, to_ts)
  cross join lateral market.adjusted_bars_of(asked.instrument_id, 'accumulated', null, null, null, p_bar_interval) as bar
  where bar.ts between coalesce(asked.from_ts, '-infinity') and coalesce(asked.to_ts, 'infinity');
end;

comment on function feature.adjusted_columns(bigint[], text, timestamptz[], timestamptz[]) is
'The current bars of p_instrument_ids of length p_bar_interval (up to 1d), from p_from_ts to p_to_ts (as long as p_instrument_ids; NULL, or a NULL element: no limit), with accumulated prices: what one share of the first stored bar has become,
dividends reinvested (market.adjusted_bars). Their changes are returns with dividends, and nothing that comes after a bar changes them. adjusted_volume counts in shares of the first bar. MB001 for longer bars.';

revoke all on function feature.adjusted_columns(bigint[], text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.adjusted_columns(bigint[], text, timestamptz[], timestamptz[]) to marketbase_analyst;
--! EndIncluded feature/columns/adjusted_columns.sql
--! Included ingest/accept/fact_timeline.sql
-- What was known of each fact, and from when, once the candidates of a body are added to what is stored.
create or replace function ingest.fact_timeline(p_raw_response_id bigint) returns setof ingest.fact_value
language sql stable strict parallel safe
rows 10000
begin atomic
  with subject as (
    select distinct candidate.instrument_id from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id
  ),
  -- From when the SEC showed each filing, where its list of filings is known.
  shown as (
    select filing.accession, min(filing.known_from) as known_from
    from subject
    join market.instrument using (instrument_id)
    join market.filing using (cik)
    group by filing.accession
  ), said as (
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, false as is_stored,
      coalesce(corrected.known_from, fact.known_from, shown.known_from, market.filing_known_from(fact.filed)) as known_from
    from ingest.candidate_fact fact
    join ingest.raw_response response using (raw_response_id)
    join ingest.provider using (provider)
    left join shown using (accession)
    -- A provider that now says something else of the same report has corrected it: known from when it came.
    left join lateral (
      select response.fetched_at as known_from
      from market.company_fundamental_version stored
      where fact.known_from is not null and fact.known_from < response.fetched_at and stored.known_from = fact.known_from and stored.value <> fact.value
        and stored.instrument_id = fact.instrument_id and stored.taxonomy = fact.taxonomy and stored.concept = fact.concept and stored.unit = fact.unit
        and stored.period_start = fact.period_start and stored.period_end = fact.period_end
      limit 1
    ) as corrected on true
    where fact.raw_response_id = p_raw_response_id
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true, fact.known_from
    from market.company_fundamental fact
    join ingest.provider using (provider)
    where fact.instrument_id in (select instrument_id from subject)
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true, fact.known_from
    from market.company_fundamental_history fact
    join ingest.provider using (provider)
    where fact.known_to > fact.known_from and fact.instrument_id in (select instrument_id from subject)
  ),
  -- Of what became known at one moment the last filing counts, from the provider that goes before the others.
  moment as (
    select distinct on (instrument_id, taxonomy, concept, unit, period_start, period_end, known_from)
      instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, known_from,
      bool_or(is_stored) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end, known_from, value) as is_stored
    from said
    order by instrument_id, taxonomy, concept, unit, period_start, period_end, known_from, priority, accession desc, is_stored
  ),
  -- A filing that repeats the value of the one before says nothing new.
  followed as (
    select *, lag(value) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by known_from) as previous_value
    from moment
  )
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, known_from,
    lead(known_from) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by known_from),
    is_stored
  from followed
  where value is distinct from previous_value;
end;

comment on function ingest.fact_timeline(bigint) is
'For every fact of the instruments of a body: the values that it has had, by the moment from which they could be known, from the candidates and from what is stored, whatever the order in which they arrive. known_from is what the body says,
else from when market.filing says that the filing was public, else the start of the day after filing, New York time; next_known_from that of the next value, NULL for the last one; is_stored is true where that value of that moment is stored already. No row for NULL.';

revoke all on function ingest.fact_timeline(bigint) from public;
grant execute on function ingest.fact_timeline(bigint) to marketbase_worker;
--! EndIncluded ingest/accept/fact_timeline.sql
--! Included ingest/normalise/add_polygon_action_span.sql
-- For which days a page of Polygon (Massive) says all splits or dividends.
create or replace function ingest.add_polygon_action_span(p_raw_response_id bigint, p_document jsonb) returns void
language sql volatile parallel unsafe
begin atomic
  insert into ingest.candidate_action_span (raw_response_id, instrument_id, action_type, from_date, to_date, comes_with_bars)
  select
    response.raw_response_id, instrument.instrument_id, kind.action_type, coalesce(bound.first_day::date, '-infinity'), coalesce(bound.last_day::date, 'infinity'),
    false
  from ingest.raw_response response
  join market.instrument on instrument.symbol = upper(response.subject)
  join (values ('/v3/reference/splits', 'split', 'execution_date'), ('/v3/reference/dividends', 'dividend', 'ex_dividend_date'))
    as kind (path, action_type, day_name) on substring(response.url from '^https?://[^/]+([^?#]*)') = kind.path
  cross join lateral (
    select
      max(part[2]) filter (where part[1] = kind.day_name || '.gte') as first_day,
      max(part[2]) filter (where part[1] = kind.day_name || '.lte') as last_day,
      max(part[2]) filter (where part[1] = 'ticker') as ticker,
      coalesce(max(part[2]) filter (where part[1] = 'limit' and part[2] ~ '^\d{1,6}$'), '10')::integer as page_length,
      -- Any other condition, and the cursor of a further page, makes a part of the list.
      bool_or(part[1] not in ('ticker', 'limit', 'sort', 'order', 'apiKey', kind.day_name || '.gte', kind.day_name || '.lte')) as is_part
    from regexp_matches(response.url, '[?&]([^=&#]+)=([^&#]*)', 'g') as part
  ) as bound
  where response.raw_response_id = p_raw_response_id
    and not bound.is_part
    and ingest.plain_symbol(bound.ticker) = ingest.plain_symbol(response.subject)
    and p_document ->> 'next_url' is null
    and jsonb_typeof(p_document -> 'results') = 'array'
    and jsonb_array_length(p_document -> 'results') < bound.page_length
    and ingest.is_iso_date(coalesce(bound.first_day, '1970-01-01')) and ingest.is_iso_date(coalesce(bound.last_day, '1970-01-01'))
    and coalesce(bound.first_day, '0') <= coalesce(bound.last_day, '9');
end;

comment on function ingest.add_polygon_action_span(bigint, jsonb) is
'Fills ingest.candidate_action_span when a page of splits or dividends is the whole answer: its address asks for the subject alone, with no condition but the first and last day, it is the first page and there is no next one, and it is shorter than a page may be.
Without a first or last day the span has no end on that side. Nothing for other pages, another address, or an instrument that is not known.';

revoke all on function ingest.add_polygon_action_span(bigint, jsonb) from public;
grant execute on function ingest.add_polygon_action_span(bigint, jsonb) to marketbase_worker;
--! EndIncluded ingest/normalise/add_polygon_action_span.sql
--! Included ingest/normalise/interval_of_starts.sql
-- How long the bars are, from the times at which they start.
create or replace function ingest.interval_of_starts(p_starts timestamptz[]) returns text
language sql immutable parallel safe
begin atomic
  with gap as (
    select extract(epoch from lead(times.start) over (order by times.start) - times.start)::bigint / 60 as minutes
    from (select distinct start from unnest(p_starts) as start where start is not null) as times
  ),
  typical as (
    select min(gap.minutes) as smallest, percentile_disc(0.5) within group (order by gap.minutes) as median
    from gap
    where gap.minutes > 0
  )
  select case
    -- A day of 23 hours, when the clocks change.
    when typical.smallest >= 1380 then case
      when typical.median between 1380 and 6000 then '1d'
      when typical.median between 7000 and 15000 then '1w'
      when typical.median between 38000 and 50000 then '1mo'
    end
    -- The longest length of which every gap is a multiple.
    else (
      select market.bar_interval_of(max(length.minutes))
      from unnest(array[1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720]::bigint[]) as length (minutes)
      where length.minutes <= typical.smallest
        and not exists (select from gap where gap.minutes % length.minutes <> 0)
    )
  end
  from typical;
end;

comment on function ingest.interval_of_starts(timestamptz[]) is
'The length of bars that start at these times, for bodies that do not say it: within a day the longest usual length of which every gap is a multiple, else 1d, 1w or 1mo by the gap in the middle. NULL for fewer than two times.';

revoke all on function ingest.interval_of_starts(timestamptz[]) from public;
grant execute on function ingest.interval_of_starts(timestamptz[]) to marketbase_worker;
--! EndIncluded ingest/normalise/interval_of_starts.sql
--! Included ingest/normalise/normalise_csv_actions.sql
-- Splits and dividends from a file of the user.
create or replace function ingest.normalise_csv_actions(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
begin atomic
  select ingest.read_actions_csv(response.raw_response_id, case when response.url ~ '\?symbol=' then response.subject end)
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id;
end;

comment on function ingest.normalise_csv_actions(bigint) is
'Fills ingest.candidate_action from a file, as ingest.read_actions_csv says. The subject is the symbol of all its rows when the file came with one (its url then ends in ?symbol=…).';

revoke all on function ingest.normalise_csv_actions(bigint) from public;
grant execute on function ingest.normalise_csv_actions(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_csv_actions.sql
--! Included ingest/normalise/normalise_sample_actions.sql
-- The splits and dividends that come with marketbase.
create or replace function ingest.normalise_sample_actions(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
begin atomic
  select ingest.read_actions_csv(response.raw_response_id, response.subject)
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id;
end;

comment on function ingest.normalise_sample_actions(bigint) is
'Fills ingest.candidate_action from a sample file, as ingest.read_actions_csv says; the subject is the symbol.';

revoke all on function ingest.normalise_sample_actions(bigint) from public;
grant execute on function ingest.normalise_sample_actions(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sample_actions.sql
--! Included market/action/adjusted_bars.sql
-- The bars of a symbol, adjusted as asked, as known at a moment.
create or replace function market.adjusted_bars(
  p_symbol text,
  p_adjustment text default 'split',
  p_as_of timestamptz default null,
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.adjusted_bar
language sql stable parallel safe
rows 5000
begin atomic
  select * from market.adjusted_bars_of(market.instrument_id(p_symbol), p_adjustment, p_as_of, p_from, p_to, p_bar_interval);
end;

comment on function market.adjusted_bars(text, text, timestamptz, date, date, text) is
'Bars of p_symbol from session p_from to p_to, both included (NULL: no limit), as known at p_as_of (NULL: now), adjusted for the splits and dividends that were known by then and had their ex-date. Stored bars are never changed.
Whatever basis the provider uses (ingest.provider.price_basis), its prices are first turned back into those of the day (raw_close), by the actions that were known when its body arrived. p_adjustment then is
none: as quoted that day;
split: in the shares of p_as_of, the last price unchanged;
split_dividend: likewise, and for each dividend later than the bar times 1 - amount / close before the ex-date, in shares of the ex-date (convention of CRSP, Yahoo and the factor files of Lean);
total_return: likewise with 1 / (1 + amount / close of the ex-date), which is what reinvesting at that close earns (convention of the WIKI prices of Quandl);
accumulated: what one share of the first stored bar has become, dividends reinvested as for total_return: the first price is unchanged and nothing that comes later changes a bar, so features may use it.
p_bar_interval: 1d, or shorter: then the close before an ex-date is that of the daily bar where there is one. Dividends in a currency other than that of the prices are left out.
Errors: MB001 for another adjustment or longer bars, MB002 for an unknown symbol.';

revoke all on function market.adjusted_bars(text, text, timestamptz, date, date, text) from public;
grant execute on function market.adjusted_bars(text, text, timestamptz, date, date, text) to marketbase_reader;
--! EndIncluded market/action/adjusted_bars.sql
--! Included market/action/amount_factor.sql
-- From the dividend that a provider gives to that of the ex-date.
create or replace function market.amount_factor(p_instrument_id bigint, p_ex_date date, p_raw_response_id bigint) returns double precision
language sql stable strict parallel safe
begin atomic
  select coalesce((
    select market.product(split.amount::double precision)
    from ingest.raw_response response
    join ingest.provider source on source.provider = response.provider and source.amounts_adjusted_to is not null
    join market.instrument on instrument.instrument_id = p_instrument_id
    join market.exchange using (mic)
    join market.corporate_action_version split
      on split.instrument_id = p_instrument_id and split.action_type = 'split' and split.ex_date > p_ex_date
      and split.ex_date <= least(source.amounts_adjusted_to, (response.fetched_at at time zone exchange.time_zone)::date)
      and split.known_from <= response.fetched_at and (split.known_to is null or response.fetched_at < split.known_to)
    where response.raw_response_id = p_raw_response_id
  ), 1);
end;

comment on function market.amount_factor(bigint, date, bigint) is
'By what the amount of a dividend of p_ex_date in the body p_raw_response_id has to be multiplied to be cash per share of the ex-date: the product of the splits after it that its provider had counted (ingest.provider.amounts_adjusted_to), as known when the body
arrived; 1 where the provider gives amounts per share of the ex-date. market.known_actions reads amounts in the same way. NULL for NULL.';

revoke all on function market.amount_factor(bigint, date, bigint) from public;
grant execute on function market.amount_factor(bigint, date, bigint) to marketbase_reader;
--! EndIncluded market/action/amount_factor.sql
--! Included market/time/bar_interval.sql
-- One name for each length of bars, whatever a provider calls it.
create or replace function market.bar_interval(p_name text) returns text
language sql immutable parallel safe
begin atomic
  select case
    when length.months = 1 then '1mo'
    when length.months > 1 then null
    else market.bar_interval_of(length.minutes)
  end
  from (
    select
      case when unit.name in ('mo', 'mon', 'month', 'months', 'monthly') then word.number end as months,
      word.number * case
        when unit.name in ('m', 'min', 'mins', 'minute', 'minutes') then 1
        when unit.name in ('h', 'hr', 'hour', 'hours', 'hourly') then 60
        when unit.name in ('d', 'day', 'days', 'daily') then 1440
        when unit.name in ('w', 'wk', 'week', 'weeks', 'weekly') then 10080
      end as minutes
    from (
      select coalesce(parts[1], '1')::integer as number, parts[2] as unit
      from regexp_match(p_name, '^\s*(\d{1,5})?[ _-]?([A-Za-z]+)\s*$') as parts
    ) as word
    -- Binance writes 1m for a minute and 1M for a month.
    cross join lateral (select case when word.unit = 'M' then 'mo' else lower(word.unit) end as name) as unit
  ) as length;
end;

comment on function market.bar_interval(text) is
'The length of bars as market.price_data writes it (1m, 90m, 1h, 1d, 1w, 1mo) for the names that providers use: 1min, 60min, 1hour, daily, 1wk, weekly, 1month, monthly, 1M. NULL for what is no length between a minute and a month, and for NULL.';

revoke all on function market.bar_interval(text) from public;
grant execute on function market.bar_interval(text) to marketbase_reader;
--! EndIncluded market/time/bar_interval.sql
--! Included quality/helpers/action_bars.sql
-- Splits and dividends on record, at the bars on which they take effect.
create or replace function quality.action_bars(p_instrument_ids bigint[])
returns table (instrument_id bigint, ts timestamptz, split_ratio double precision, dividend double precision)
language sql
stable
parallel safe
begin atomic
  select
    action.instrument_id,
    first_bar.ts,
    coalesce(exp(sum(ln(action.amount)) filter (where action.action_type = 'split')), 1)::double precision,
    coalesce(sum(action.amount) filter (where action.action_type = 'dividend'), 0)::double precision
  from unnest(p_instrument_ids) as asked (instrument_id)
  cross join lateral (select quality.judged_interval(asked.instrument_id) as bar_interval) as judged
  join market.corporate_action as action on action.instrument_id = asked.instrument_id and action.action_type in ('split', 'dividend')
  cross join lateral (
    select min(price.ts) as ts
    from market.price_data as price
    where price.instrument_id = action.instrument_id
      and price.bar_interval = judged.bar_interval
      and price.ts >= (action.ex_date - case judged.bar_interval when '1w' then 6 else 0 end)::timestamp at time zone 'UTC'
  ) as first_bar
  group by action.instrument_id, first_bar.ts;
end;

comment on function quality.action_bars(bigint[]) is
'For each bar of the judged interval on which splits or dividends of the instruments take effect: new shares per old one (1 where there is no split) and the sum of dividends per share (0 where there is none). An action takes effect on the first bar that ends after its ex-date begins, so that it is not lost where the bar of that day is missing or was refused; ts is NULL for actions after the last bar. No rows for NULL.';

revoke all on function quality.action_bars(bigint[]) from public;
grant execute on function quality.action_bars(bigint[]) to marketbase_worker;
--! EndIncluded quality/helpers/action_bars.sql
--! Included quality/helpers/daily_bars.sql
-- The daily bars of a span as the rules see them, with the bars before that they need as context.
create or replace function quality.daily_bars(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_context_bars integer)
returns setof quality.daily_bar
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  bar as (
    select
      price.instrument_id, price.ts, price.session_date,
      price.open, price.high, price.low, price.close, price.volume, price.adjusted_close,
      row_number() over in_time as bar_no,
      lag(price.close) over in_time as previous_close
    from unnest(p_instrument_ids) as asked (instrument_id)
    cross join lateral (select quality.judged_interval(asked.instrument_id) as bar_interval) as judged
    cross join lateral (
      -- One bar more than asked for, so that the first bar of the context has a predecessor.
      select coalesce(
        (
          select context.ts
          from market.price_data as context
          where context.instrument_id = asked.instrument_id and context.bar_interval = judged.bar_interval and context.ts < p_from
          order by context.ts desc
          offset p_context_bars
          limit 1
        ),
        '-infinity'
      ) as from_ts
    ) as context
    join market.price_data as price
      on price.instrument_id = asked.instrument_id
      and price.bar_interval = judged.bar_interval
      and price.ts between context.from_ts and p_to
    window in_time as (partition by price.instrument_id order by price.ts)
  )
  select
    bar.instrument_id, bar.bar_no, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.previous_close,
    coalesce(action.split_ratio, 1),
    case
      when action.ts is null then ln(bar.close / bar.previous_close)
      else (
        select ln(candidate.value)
        from (
          values
            (bar.close / bar.previous_close),
            (bar.close * action.split_ratio / bar.previous_close),
            ((bar.close + action.dividend) / bar.previous_close),
            ((bar.close + action.dividend) * action.split_ratio / bar.previous_close)
        ) as candidate (value)
        order by abs(ln(candidate.value))
        limit 1
      )
    end,
    bar.ts >= p_from
  from bar
  left join action on action.instrument_id = bar.instrument_id and action.ts = bar.ts;
end;

comment on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) is
'The daily bars (weekly ones of an instrument without daily bars) of the instruments from p_from to p_to (both included), and up to p_context_bars + 1 bars before p_from, marked by is_asked = false, so that a check of the end of a series says the same as a check of the whole. log_return is with or without the split and the dividend on record (quality.action_bars), whichever is nearest to 0. No order. No rows for NULL.';

revoke all on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) from public;
grant execute on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) to marketbase_worker;
--! EndIncluded quality/helpers/daily_bars.sql
--! Included quality/rules/prices/rule_price_adjusted_close_consistent.sql
-- The adjusted close moves like the close, but for splits and dividends on record.
create or replace function quality.rule_price_adjusted_close_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  bar as (
    select
      b.instrument_id, b.ts, b.session_date, b.close, b.previous_close, b.adjusted_close, b.split_ratio, b.is_asked,
      lag(b.adjusted_close) over (partition by b.instrument_id order by b.bar_no) as previous_adjusted_close
    from quality.daily_bars(
      array(select asked from unnest(p_instrument_ids) as asked where quality.judged_interval(asked) = '1d'), p_from, p_to, 0
    ) as b
  ),
  judged as (
    select
      bar.*,
      coalesce(action.dividend, 0) as dividend,
      coalesce(not (bar.adjusted_close > 0 and bar.adjusted_close < 'infinity'), false) as is_invalid,
      -- The change of adjusted close over close, and the change that the dividend on record would make.
      case when least(bar.adjusted_close, bar.previous_adjusted_close) > 0
          and greatest(bar.adjusted_close, bar.previous_adjusted_close) < 'infinity'
        then ln((bar.adjusted_close / bar.close) / (bar.previous_adjusted_close / bar.previous_close))
      end as change,
      case when coalesce(action.dividend, 0) < bar.previous_close
        then -ln(1 - coalesce(action.dividend, 0) / bar.previous_close)
      end as expected_change
    from bar
    left join action on action.instrument_id = bar.instrument_id and action.ts = bar.ts
    where bar.is_asked
  )
  select
    null::bigint,
    judged.instrument_id,
    judged.ts,
    jsonb_build_object('session_date', judged.session_date),
    jsonb_build_object(
      'adjusted_close', judged.adjusted_close::text, 'previous_adjusted_close', judged.previous_adjusted_close::text,
      'close', judged.close, 'previous_close', judged.previous_close, 'dividend', judged.dividend, 'split', judged.split_ratio
    ),
    'an adjusted close that changes against the close by the dividend and the split of the session alone',
    case
      when judged.is_invalid then format('The adjusted close of %s is %s.', judged.session_date, judged.adjusted_close)
      when judged.expected_change is null
        then format('The dividend %s of %s is not below the close before, %s.', judged.dividend, judged.session_date, judged.previous_close)
      else format(
        'The adjusted close of %s changed against the close by %s %%; the dividend of %s on record makes %s %%.',
        judged.session_date, round(((exp(judged.change) - 1) * 100)::numeric, 2), judged.dividend,
        round(((exp(judged.expected_change) - 1) * 100)::numeric, 2)
      )
    end
  from judged
  where judged.is_invalid
    or (
      judged.change is not null
      and exists (select from market.corporate_action as action where action.instrument_id = judged.instrument_id)
      and (
        judged.expected_change is null
        or least(
          abs(judged.change - judged.expected_change),
          abs(judged.change - judged.expected_change - ln(judged.split_ratio))
        ) > (p_parameters ->> 'tolerance')::double precision
      )
    );
end;

comment on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose adjusted close is not positive and finite, or changed against the close by more than tolerance (as a logarithm) otherwise than the dividend (1 - dividend / previous close) and split on record for the session explain, the split counted or not; providers differ in whether their close contains it. Changes are judged only for instruments of which a corporate action is on record; without any, nothing can be said about them. Weekly bars are not judged: providers adjust the week of the ex-date or the one before it.';

revoke all on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_adjusted_close_consistent', 'price_data', 'prices', 'warning', '{"tolerance": 0.003}',
  'The provider adjusted its closes for an event that is not on record, or did not adjust them for one that is: returns of adjusted closes are wrong there.',
  'Look the dividend up; fetch the corporate actions, or the bars around the day, again.',
  'adjusted_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_adjusted_close_consistent.sql
--! Included quality/rules/prices/rule_price_dividend_once.sql
-- A dividend is not on record twice.
create or replace function quality.rule_price_dividend_once(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  day as materialized (
    select daily.* from quality.daily_bars(p_instrument_ids, '-infinity', 'infinity', 0) as daily
  ),
  dividend as materialized (
    select
      b.instrument_id, b.ts, b.session_date, b.is_asked, action.dividend as amount,
      -- How far the price fell, by open or close, as a part of the dividend; the whole of it is enough.
      least(1, (b.previous_close - least(b.open, b.close)) / action.dividend) as fall
    from action
    join day as b on b.instrument_id = action.instrument_id and b.ts = action.ts
    where action.dividend > 0 and b.ts <= p_to
  ),
  spacing as (
    select gap.instrument_id, percentile_cont(0.5) within group (order by gap.days) as days
    from (
      select dividend.instrument_id, dividend.session_date - lag(dividend.session_date) over (partition by dividend.instrument_id order by dividend.ts) as days
      from dividend
    ) as gap
    group by gap.instrument_id
  )
  select
    null::bigint,
    dividend.instrument_id,
    dividend.ts,
    jsonb_build_object('session_date', dividend.session_date),
    jsonb_build_object('dividend', dividend.amount, 'other_date', twin.session_date, 'other_dividend', twin.amount, 'usual_days', spacing.days),
    format('dividends more than %s of the usual time apart, or of different amounts', p_parameters ->> 'fraction'),
    format(
      'The dividend %s of %s is also on record for %s, where the price rather fell by it.',
      dividend.amount, dividend.session_date, twin.session_date
    )
  from dividend
  join spacing on spacing.instrument_id = dividend.instrument_id
  join lateral (
    select other.session_date, other.amount
    from dividend as other
    where other.instrument_id = dividend.instrument_id
      and other.ts <> dividend.ts
      and abs(other.session_date - dividend.session_date)
        <= greatest(
          (p_parameters ->> 'days')::double precision,
          least((p_parameters ->> 'max_days')::double precision, spacing.days * (p_parameters ->> 'fraction')::double precision)
        )
      and abs(ln(other.amount / dividend.amount)) <= (p_parameters ->> 'tolerance')::double precision
      and (other.fall, other.ts) > (dividend.fall, dividend.ts)
    order by abs(other.session_date - dividend.session_date), other.session_date
    limit 1
  ) as twin on true
  where dividend.ts >= p_from;
end;

comment on function quality.rule_price_dividend_once(bigint[], timestamptz, timestamptz, jsonb) is
'Bars with a dividend that differs by no more than tolerance (as a logarithm) from another one nearby, from which the price fell rather by the amount: one of the two does not exist. Nearby is within fraction of the median time between the dividends of the instrument, but at least days (nobody pays more often than weekly) and at most max_days calendar days.';

revoke all on function quality.rule_price_dividend_once(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_once(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_once', 'price_data', 'prices', 'warning', '{"days": 5, "max_days": 30, "fraction": 0.25, "tolerance": 0.05}',
  'The same dividend is on record for two dates close to each other: adjusted prices contain it twice.',
  'Look up which date is right; retract the other dividend at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_dividend_once.sql
--! Included quality/rules/prices/rule_price_dividend_plausible.sql
-- A large dividend shows in the price.
create or replace function quality.rule_price_dividend_plausible(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  day as materialized (
    select daily.* from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as daily
  ),
  bar as (
    select
      b.*, action.dividend, action.dividend / b.previous_close as yield,
      -- The fall of the open or of the close, with or without the recorded split: the one that is nearest to what the dividend would make.
      (
        select fall.value
        from (
          values
            (1 - b.open / b.previous_close),
            (1 - b.close / b.previous_close),
            (1 - b.open * b.split_ratio / b.previous_close),
            (1 - b.close * b.split_ratio / b.previous_close)
        ) as fall (value)
        order by abs(fall.value - action.dividend / b.previous_close)
        limit 1
      ) as drop
    from action
    join day as b on b.instrument_id = action.instrument_id and b.ts = action.ts
    where b.is_asked and action.dividend > 0
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('dividend', bar.dividend, 'open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'yield', bar.yield, 'drop', bar.drop),
    format('an open or close that falls by %s or more of a dividend of %s or more of the price', p_parameters ->> 'min_drop', p_parameters ->> 'min_yield'),
    format(
      'The dividend %s of %s is %s %% of the close before, but open and close moved by no more than %s %%.',
      bar.dividend, bar.session_date, round((bar.yield * 100)::numeric, 1), round((-bar.drop * 100)::numeric, 1)
    )
  from bar
  where bar.yield >= (p_parameters ->> 'min_yield')::double precision
    and bar.drop < (p_parameters ->> 'min_drop')::double precision * bar.yield;
end;

comment on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars on whose session a dividend of min_yield of the close before or more is on record, while neither the open nor the close fell by min_drop of it. The split of the session does not count as a move. min_yield is well above the moves of ordinary days, min_drop half, since what is lost to tax and what the day brings may hide some of it.';

revoke all on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_plausible', 'price_data', 'prices', 'warning', '{"min_yield": 0.1, "min_drop": 0.5}',
  'A large dividend is on record, but the price did not go down on its ex-date: the amount may be in another unit (pence for pounds), or the dividend does not exist.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
--! EndIncluded quality/rules/prices/rule_price_dividend_plausible.sql
--! Included quality/rules/prices/rule_price_dividend_scale.sql
-- A small dividend is not a hundred times too small.
create or replace function quality.rule_price_dividend_scale(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with dividend as (
    select
      action.instrument_id, action.ts, ex.session_date, action.dividend as amount, judged.bar_interval,
      action.dividend / before.close as yield, 1 - ex.open / before.close as fall
    from quality.action_bars(p_instrument_ids) as action
    cross join lateral (select quality.judged_interval(action.instrument_id) as bar_interval) as judged
    join market.price_data as ex on ex.instrument_id = action.instrument_id and ex.bar_interval = judged.bar_interval and ex.ts = action.ts
    cross join lateral (
      select price.close
      from market.price_data as price
      where price.instrument_id = action.instrument_id and price.bar_interval = judged.bar_interval and price.ts < action.ts
      order by price.ts desc
      limit 1
    ) as before
    where action.dividend > 0
      and action.ts <= p_to
      and action.dividend / before.close < (p_parameters ->> 'small_yield')::double precision
  ),
  measured as (
    -- In units of an ordinary night; one wild one must not decide alone.
    select dividend.*, greatest(-4, least(4, dividend.fall / night.size)) as fall_size, dividend.yield / night.size as yield_size
    from dividend
    cross join lateral (
      select greatest(avg(abs(earlier.log_return)) * sqrt(pi() / 2), (p_parameters ->> 'min_deviation')::double precision) as size
      from (
        select ln(bar.open / lag(bar.close) over (order by bar.ts)) as log_return
        from market.price_data as bar
        where bar.instrument_id = dividend.instrument_id
          and bar.bar_interval = dividend.bar_interval
          and bar.ts < dividend.ts
        order by bar.ts desc
        limit (p_parameters ->> 'window')::integer
      ) as earlier
      having count(earlier.log_return) >= (p_parameters ->> 'min_sample')::bigint
    ) as night
  ),
  weighed as (
    select
      measured.*,
      sum(
        (
          power(measured.fall_size - measured.yield_size, 2)
          - power(measured.fall_size - (p_parameters ->> 'multiple')::double precision * measured.yield_size, 2)
        ) / 2
      ) over (partition by measured.instrument_id) as evidence
    from measured
  )
  select
    null::bigint,
    weighed.instrument_id,
    weighed.ts,
    jsonb_build_object('session_date', weighed.session_date),
    jsonb_build_object('dividend', weighed.amount, 'yield', weighed.yield, 'fall', weighed.fall, 'evidence', weighed.evidence),
    format('opens that fall as by the dividend rather than as by %s times as much', p_parameters ->> 'multiple'),
    format(
      'The dividend %s of %s is %s %% of the close before; on the days of such dividends the opens fall as by %s times as much.',
      weighed.amount, weighed.session_date, round((weighed.yield * 100)::numeric, 4), p_parameters ->> 'multiple'
    )
  from weighed
  where weighed.ts >= p_from
    and weighed.evidence >= (p_parameters ->> 'evidence')::double precision;
end;

comment on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) is
'Bars with a dividend below small_yield of the close before (multiple times as much would still be one) of an instrument whose opens fall on such days as by multiple times the dividends. Falls and dividends are measured by the mean move from close to open in the window bars before (as the standard deviation of a normal distribution, at least min_deviation; min_sample of them are needed), falls are cut at four of these. The logarithms of the likelihood ratios of all such dividends are added: evidence or more fails, and 3 is 20 to 1, which is enough, because series of such small dividends are rarer than wrong units. A single dividend drowns in the noise, several do not. Dividends that are too large are left to price_dividend_plausible.';

revoke all on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_scale', 'price_data', 'prices', 'warning',
  '{"multiple": 100, "small_yield": 0.001, "window": 60, "min_sample": 20, "min_deviation": 0.005, "evidence": 3}',
  'The dividends are a hundred times too small for what the price does: they are in another unit than the price, and adjusted prices are wrong by them.',
  'Look the dividends up; correct them at their source or take them from another provider.'
);
--! EndIncluded quality/rules/prices/rule_price_dividend_scale.sql
--! Included quality/rules/prices/rule_price_split_consistent.sql
-- A jump of the size of a split is one that is recorded on that day.
create or replace function quality.rule_price_split_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  jump as (
    select
      bar.*,
      -- The dividend of the bar, or of the one before where the price rather moves here, is no jump.
      (
        select ln((bar.open + paid.amount) / bar.previous_close)
        from (values (coalesce(action.dividend, 0)), (coalesce(earlier.dividend, 0))) as paid (amount)
        order by abs(ln((bar.open + paid.amount) / bar.previous_close))
        limit 1
      ) as move,
      -- A split that is on record for this bar, and by which its price moved the wrong way.
      bar.split_ratio <> 1
        and least(abs(ln(bar.open / bar.previous_close / bar.split_ratio)), abs(ln(bar.close / bar.previous_close / bar.split_ratio)))
          <= (p_parameters ->> 'tolerance')::double precision
        -- A dividend that was paid with it may move the price as much.
        and abs(ln((bar.close + coalesce(action.dividend, 0)) / bar.previous_close)) > (p_parameters ->> 'tolerance')::double precision as is_reversed
    from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as bar
    left join action on action.instrument_id = bar.instrument_id and action.ts = bar.ts
    left join lateral (
      select before.dividend
      from quality.action_bars(array[bar.instrument_id]) as before
      where before.ts = (
        select max(price.ts)
        from market.price_data as price
        where price.instrument_id = bar.instrument_id
          and price.bar_interval = quality.judged_interval(bar.instrument_id)
          and price.ts < bar.ts
      )
    ) as earlier on abs(ln(bar.open / bar.previous_close)) >= (p_parameters ->> 'min_move')::double precision
    where bar.is_asked
      -- Only large moves are looked up.
      and greatest(abs(ln(bar.open / bar.previous_close)), abs(ln(bar.close / bar.previous_close))) >= (p_parameters ->> 'min_move')::double precision
  ),
  explained as (
    select
      jump.*,
      (
        select action.amount
        from market.corporate_action as action
        where action.instrument_id = jump.instrument_id
          and action.action_type = 'split'
          and action.ex_date between jump.session_date - (p_parameters ->> 'days')::integer and jump.session_date + (p_parameters ->> 'days')::integer
          and abs(abs(jump.move) - abs(ln(action.amount::double precision))) <= (p_parameters ->> 'tolerance')::double precision
        order by abs(action.ex_date - jump.session_date), action.ex_date
        limit 1
      ) as recorded_ratio,
      (
        select ratio.value::double precision
        from jsonb_array_elements_text(p_parameters -> 'ratios') as ratio (value)
        where abs(abs(jump.move) - ln(ratio.value::double precision)) <= (p_parameters ->> 'tolerance')::double precision
        limit 1
      ) as common_ratio
    from jump
    -- Split and price agree when undoing the split leaves an ordinary move.
    where jump.is_reversed
      or (
        abs(jump.move) >= (p_parameters ->> 'min_move')::double precision
        and not (jump.split_ratio <> 1 and abs(jump.move + ln(jump.split_ratio)) < abs(jump.move) / 2)
        and abs(abs(jump.move) - ln(100)) > 0.2
      )
  )
  select
    null::bigint,
    explained.instrument_id,
    explained.ts,
    jsonb_build_object('session_date', explained.session_date),
    jsonb_build_object(
      'open', explained.open, 'previous_close', explained.previous_close, 'multiple', exp(explained.move),
      'recorded_split', coalesce(explained.recorded_ratio, nullif(explained.split_ratio, 1)::numeric)
    ),
    'a split on record for that session, or no jump',
    format(
      '%s opens at %s times the close before, and %s.',
      explained.session_date, to_char(exp(explained.move), 'FM999999990.0000'),
      case
        when explained.is_reversed then 'the split on record for it was applied the wrong way or not at all'
        when explained.recorded_ratio is not null
          then format('a split of %s is on record, but not one that explains this', trim_scale(round(explained.recorded_ratio, 6)))
        else 'no split is on record for that session'
      end
    )
  from explained
  where explained.is_reversed
    or abs(explained.move) >= ln((p_parameters ->> 'always')::double precision)
    or (
      (explained.recorded_ratio is not null or explained.common_ratio is not null)
      and abs(explained.open - explained.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce(
        (select usual.tick from quality.usual_bar(explained.instrument_id, explained.ts, (p_parameters ->> 'tick_bars')::integer) as usual), 0
      )
    );
end;

comment on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars that open at a multiple of the close before (the dividend of the bar, or of the one before, added back) as a split would make it, without a split on record that explains it: the multiple or its inverse lies within tolerance (as a logarithm) of one of ratios or of a split recorded within days calendar days, or is always or more; or that move by the split recorded for them the wrong way. Moves below min_move (as a logarithm) and multiples of fewer than min_ticks ticks are not looked at: a price of two ticks halves by one. The tick is the smallest difference of prices in the tick_bars bars before. Multiples near 100 are left to price_unit_consistent.';

revoke all on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_split_consistent', 'price_data', 'prices', 'error', '{"ratios": [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50], "tolerance": 0.03, "days": 30, "always": 4, "min_move": 0.25, "tick_bars": 20, "min_ticks": 5}',
  'The price jumps as by a split, but no split is recorded for that session: one is missing, or was applied to the wrong bars.',
  'Look the split up; fetch the corporate actions, or the bars around the day, again.'
);
--! EndIncluded quality/rules/prices/rule_price_split_consistent.sql

--! split: 910-window-quantile.sql
-- ta.window_order gives what it gave.
drop function if exists ta.window_quantile(text, double precision[], integer, double precision);

--! split: 970-identifiers.sql
-- Instruments that were there before their identifiers had spells.
insert into market.instrument_identifier (instrument_id, kind, value, run_id)
select instrument.instrument_id, known.kind, known.value, instrument.run_id
from market.instrument
cross join lateral (values ('symbol', instrument.symbol), ('cik', instrument.cik)) as known (kind, value)
where known.value is not null
  and not exists (
    select from market.instrument_identifier as there where there.instrument_id = instrument.instrument_id and there.kind = known.kind
  );

--! split: 971-sessions.sql
-- The sessions of every exchange that has rules.
select market.refresh_sessions(mic) from market.exchange where calendar = 'sessions' order by mic;

--! split: 990-refresh-versions.sql
-- Functions that sets and rules are made of have changed: their versions follow.
select count(*) from feature.refresh_versions();
select quality.refresh_rules();
