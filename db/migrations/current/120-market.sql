-- Market data: what happened (session_date, ts, period_end) and from when it could be known (known_from, known_to).
create table market.exchange (
  mic text primary key,
  name text not null,
  time_zone text not null,
  country text not null,
  calendar text not null default 'weekdays',
  constraint exchange_calendar_check check (calendar in ('sessions', 'weekdays', 'always')),
  constraint exchange_mic_check check (mic ~ '^[A-Z0-9]{4}$'),
  constraint exchange_country_check check (country ~ '^[A-Z]{2}$')
);
comment on table market.exchange is 'Exchanges by their market identifier code (ISO 10383).';
comment on column market.exchange.mic is 'Market identifier code, four characters, such as XNYS.';
comment on column market.exchange.name is 'Name of the exchange.';
comment on column market.exchange.time_zone is 'IANA time zone of its sessions, such as America/New_York.';
comment on column market.exchange.country is 'Country, ISO 3166-1 alpha-2; ZZ where there is none.';
comment on column market.exchange.calendar is 'sessions: its sessions stand in market.trading_session; weekdays: no calendar is known, so every Monday to Friday counts as a session; always: it trades every day.';

create table market.trading_session (
  mic text not null references market.exchange,
  session_date date not null,
  open_at timestamptz not null,
  close_at timestamptz not null,
  is_half_day boolean not null default false,
  primary key (mic, session_date),
  constraint trading_session_order_check check (close_at > open_at)
);
comment on table market.trading_session is 'Every regular session of the exchanges whose calendar is known (exchange.calendar = sessions), 1990 to 2035; a date without a row is a day on which such an exchange did not trade.';
comment on column market.trading_session.mic is 'Exchange.';
comment on column market.trading_session.session_date is 'Local date of the session.';
comment on column market.trading_session.open_at is 'Opening of the regular session.';
comment on column market.trading_session.close_at is 'Close of the regular session.';
comment on column market.trading_session.is_half_day is 'True where the session closed early.';

create table market.instrument (
  instrument_id bigint generated always as identity primary key,
  symbol text not null unique,
  name text,
  asset_class text not null default 'equity',
  mic text not null default 'XNYS' references market.exchange,
  currency text not null default 'USD',
  cik text,
  created_at timestamptz not null default now(),
  run_id bigint references pipeline.pipeline_run,
  constraint instrument_symbol_check check (symbol ~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$'),
  constraint instrument_asset_class_check check (asset_class in ('equity', 'index', 'fund', 'fx', 'crypto', 'future', 'option', 'bond')),
  constraint instrument_currency_check check (currency ~ '^[A-Za-z]{3}$'),
  constraint instrument_cik_check check (cik ~ '^[0-9]{10}$')
);
create index instrument_mic_idx on market.instrument (mic);
create index instrument_run_id_idx on market.instrument (run_id);
create index instrument_cik_idx on market.instrument (cik);
comment on table market.instrument is 'What is traded or quoted.';
comment on column market.instrument.instrument_id is 'Identity; stands first in the key of every fact.';
comment on column market.instrument.symbol is 'Ticker in capitals, such as AAPL or ^GSPC.';
comment on column market.instrument.name is 'Name, where a provider gave one.';
comment on column market.instrument.asset_class is 'equity, index, fund, fx, crypto, future, option or bond.';
comment on column market.instrument.mic is 'Exchange whose calendar counts.';
comment on column market.instrument.currency is 'Currency of its prices, ISO 4217, or a minor unit such as GBp.';
comment on column market.instrument.cik is 'Central index key of the SEC, ten digits, shared by the share classes of a company; null where none.';
comment on column market.instrument.created_at is 'When marketbase first heard of it.';
comment on column market.instrument.run_id is 'Run that added it.';

-- ingest.raw_response is referenced by the facts, so the room of the providers begins here.
create table ingest.provider (
  provider text primary key,
  title text not null,
  priority integer not null unique,
  hosts text[] not null default '{}',
  api_key_variable text,
  requests_per_minute integer,
  terms text not null,
  constraint provider_name_check check (provider ~ '^[a-z][a-z0-9_]{1,31}$'),
  constraint provider_requests_per_minute_check check (requests_per_minute > 0)
);
comment on table ingest.provider is 'Where market data comes from.';
comment on column ingest.provider.provider is 'Short name, as in marketbase ingest <provider>.';
comment on column ingest.provider.title is 'Name for people.';
comment on column ingest.provider.priority is 'Where two providers give the same bar, the lower number stays current.';
comment on column ingest.provider.hosts is 'Hosts that may be asked; no other address is reached on its behalf.';
comment on column ingest.provider.api_key_variable is 'Environment variable that holds its key; null where none is needed.';
comment on column ingest.provider.requests_per_minute is 'Limit of the provider; null where none.';
comment on column ingest.provider.terms is 'Licence or terms of use, in a sentence.';

create table ingest.raw_response (
  raw_response_id bigint generated always as identity primary key,
  provider text not null references ingest.provider,
  dataset text not null,
  subject text not null,
  url text not null,
  method text not null default 'GET',
  status integer not null,
  headers jsonb not null default '{}',
  content_type text,
  body bytea,
  byte_count bigint not null,
  sha256 text not null,
  fetched_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  constraint raw_response_dataset_check check (dataset in ('bars', 'fundamentals', 'trades', 'documents')),
  constraint raw_response_status_check check (status between 100 and 599),
  constraint raw_response_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint raw_response_body_check check (body is null or (length(body) = byte_count and encode(sha256(body), 'hex') = sha256)),
  constraint raw_response_headers_check check (jsonb_typeof(headers) = 'object')
);
create index raw_response_request_idx on ingest.raw_response (provider, dataset, subject, url, raw_response_id);
create index raw_response_run_id_idx on ingest.raw_response (run_id);
comment on table ingest.raw_response is 'What a provider sent, byte for byte. Append-only. A body equal to the one before it for the same request is not stored again.';
comment on column ingest.raw_response.raw_response_id is 'Identity.';
comment on column ingest.raw_response.provider is 'Who sent it.';
comment on column ingest.raw_response.dataset is 'What was asked for: bars (with the corporate actions that come along), fundamentals, trades or documents.';
comment on column ingest.raw_response.subject is 'Symbol, or the name of the file.';
comment on column ingest.raw_response.url is 'Address that was asked, without keys or tokens.';
comment on column ingest.raw_response.method is 'HTTP method, or READ for a file.';
comment on column ingest.raw_response.status is 'HTTP status; 200 for a file that was read.';
comment on column ingest.raw_response.headers is 'Response headers, without cookies.';
comment on column ingest.raw_response.content_type is 'Media type, as sent.';
comment on column ingest.raw_response.body is 'The exact bytes after transport decoding; null for a streamed file, whose bytes are in ingest.raw_response_chunk.';
comment on column ingest.raw_response.byte_count is 'Length of the body.';
comment on column ingest.raw_response.sha256 is 'sha256 of the body, hex.';
comment on column ingest.raw_response.fetched_at is 'When the body arrived; corrections count as known from then.';
comment on column ingest.raw_response.recorded_at is 'When marketbase stored it.';
comment on column ingest.raw_response.run_id is 'Run that fetched it.';

create table ingest.raw_response_chunk (
  raw_response_id bigint not null references ingest.raw_response,
  chunk_no integer not null,
  body bytea not null,
  primary key (raw_response_id, chunk_no),
  constraint raw_response_chunk_no_check check (chunk_no >= 0)
);
comment on table ingest.raw_response_chunk is 'The bytes of a streamed file, in order, so that a file of any size is kept without holding it in memory. Append-only.';
comment on column ingest.raw_response_chunk.raw_response_id is 'The response to which the bytes belong.';
comment on column ingest.raw_response_chunk.chunk_no is 'Position, from 0.';
comment on column ingest.raw_response_chunk.body is 'The bytes of the chunk.';

create table market.price_data (
  instrument_id bigint not null references market.instrument,
  bar_interval text not null default '1d',
  ts timestamptz not null,
  session_date date not null,
  open double precision not null,
  high double precision not null,
  low double precision not null,
  close double precision not null,
  volume double precision not null,
  adjusted_close double precision,
  version integer not null default 1,
  known_from timestamptz not null,
  recorded_at timestamptz not null default now(),
  provider text not null references ingest.provider,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, bar_interval, ts),
  constraint price_data_bar_interval_check check (bar_interval in ('1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo')),
  constraint price_data_positive_check check (low > 0 and high < 'infinity' and open > 0 and close > 0),
  constraint price_data_high_gte_low_check check (high >= low),
  constraint price_data_open_in_range_check check (open between low and high),
  constraint price_data_close_in_range_check check (close between low and high),
  constraint price_data_volume_check check (volume >= 0 and volume < 'infinity'),
  constraint price_data_version_check check (version > 0)
);
create index price_data_raw_response_id_idx on market.price_data (raw_response_id);
create index price_data_run_id_idx on market.price_data (run_id);
create index price_data_provider_idx on market.price_data (provider);
create index price_data_session_date_idx on market.price_data (session_date);
comment on table market.price_data is 'Bars as now known: one row per instrument, interval and time. A change closes the old version into market.price_data_history.';
comment on column market.price_data.instrument_id is 'Instrument.';
comment on column market.price_data.bar_interval is 'Length of the bar: 1m, 5m, 15m, 30m, 1h, 1d, 1w or 1mo.';
comment on column market.price_data.ts is 'Start of the bar; for daily and longer bars midnight UTC of session_date.';
comment on column market.price_data.session_date is 'Local date of the session in which the bar lies.';
comment on column market.price_data.open is 'First price, in the currency of the instrument, unadjusted unless the provider only sends adjusted ones.';
comment on column market.price_data.high is 'Highest price.';
comment on column market.price_data.low is 'Lowest price.';
comment on column market.price_data.close is 'Last price.';
comment on column market.price_data.volume is 'Units traded.';
comment on column market.price_data.adjusted_close is 'Close adjusted for splits and dividends as this provider computed it; null where it sends none.';
comment on column market.price_data.version is 'Number of the version, from 1.';
comment on column market.price_data.known_from is 'From when this version could be known: the close of the session for a first version, the arrival of the body for a correction.';
comment on column market.price_data.recorded_at is 'When marketbase stored this version.';
comment on column market.price_data.provider is 'Provider of this version.';
comment on column market.price_data.raw_response_id is 'The body from which this version was read.';
comment on column market.price_data.run_id is 'Run that made this version.';

create table market.price_data_history (
  instrument_id bigint not null references market.instrument,
  bar_interval text not null,
  ts timestamptz not null,
  version integer not null,
  session_date date not null,
  open double precision not null,
  high double precision not null,
  low double precision not null,
  close double precision not null,
  volume double precision not null,
  adjusted_close double precision,
  known_from timestamptz not null,
  known_to timestamptz not null,
  recorded_at timestamptz not null,
  closed_at timestamptz not null default now(),
  provider text not null references ingest.provider,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, bar_interval, ts, version),
  constraint price_data_history_known_check check (known_to >= known_from)
);
create index price_data_history_raw_response_id_idx on market.price_data_history (raw_response_id);
create index price_data_history_run_id_idx on market.price_data_history (run_id);
create index price_data_history_provider_idx on market.price_data_history (provider);
comment on table market.price_data_history is 'Closed versions of bars. Append-only; written by the trigger on market.price_data.';
comment on column market.price_data_history.instrument_id is 'Instrument.';
comment on column market.price_data_history.bar_interval is 'Length of the bar.';
comment on column market.price_data_history.ts is 'Start of the bar.';
comment on column market.price_data_history.version is 'Number of the closed version.';
comment on column market.price_data_history.session_date is 'Local date of the session.';
comment on column market.price_data_history.open is 'First price.';
comment on column market.price_data_history.high is 'Highest price.';
comment on column market.price_data_history.low is 'Lowest price.';
comment on column market.price_data_history.close is 'Last price.';
comment on column market.price_data_history.volume is 'Units traded.';
comment on column market.price_data_history.adjusted_close is 'Close adjusted by the provider.';
comment on column market.price_data_history.known_from is 'From when this version could be known.';
comment on column market.price_data_history.known_to is 'Until when this version was the one to know (excluded).';
comment on column market.price_data_history.recorded_at is 'When marketbase stored this version.';
comment on column market.price_data_history.closed_at is 'When marketbase closed this version.';
comment on column market.price_data_history.provider is 'Provider of this version.';
comment on column market.price_data_history.raw_response_id is 'The body from which this version was read.';
comment on column market.price_data_history.run_id is 'Run that made this version.';

create table market.corporate_action (
  instrument_id bigint not null references market.instrument,
  action_type text not null,
  ex_date date not null,
  amount numeric not null,
  currency text,
  version integer not null default 1,
  known_from timestamptz not null,
  recorded_at timestamptz not null default now(),
  provider text not null references ingest.provider,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, action_type, ex_date),
  constraint corporate_action_type_check check (action_type in ('split', 'dividend')),
  constraint corporate_action_amount_check check (amount > 0),
  constraint corporate_action_currency_check check ((action_type = 'dividend') = (currency is not null))
);
create index corporate_action_raw_response_id_idx on market.corporate_action (raw_response_id);
create index corporate_action_run_id_idx on market.corporate_action (run_id);
create index corporate_action_provider_idx on market.corporate_action (provider);
comment on table market.corporate_action is 'Splits and cash dividends by ex-date, as now known. A change closes the old version into market.corporate_action_history.';
comment on column market.corporate_action.instrument_id is 'Instrument.';
comment on column market.corporate_action.action_type is 'split or dividend.';
comment on column market.corporate_action.ex_date is 'First session that trades without the entitlement.';
comment on column market.corporate_action.amount is 'New shares per old share of a split; cash per share of a dividend.';
comment on column market.corporate_action.currency is 'Currency of a dividend; null for a split.';
comment on column market.corporate_action.version is 'Number of the version, from 1.';
comment on column market.corporate_action.known_from is 'From when it could be known: the ex-date for a first version, the arrival of the body for a correction.';
comment on column market.corporate_action.recorded_at is 'When marketbase stored it.';
comment on column market.corporate_action.provider is 'Provider.';
comment on column market.corporate_action.raw_response_id is 'The body from which it was read.';
comment on column market.corporate_action.run_id is 'Run that made it.';

create table market.corporate_action_history (
  instrument_id bigint not null references market.instrument,
  action_type text not null,
  ex_date date not null,
  version integer not null,
  amount numeric not null,
  currency text,
  known_from timestamptz not null,
  known_to timestamptz not null,
  recorded_at timestamptz not null,
  closed_at timestamptz not null default now(),
  provider text not null references ingest.provider,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, action_type, ex_date, version),
  constraint corporate_action_history_known_check check (known_to >= known_from)
);
create index corporate_action_history_raw_response_id_idx on market.corporate_action_history (raw_response_id);
create index corporate_action_history_run_id_idx on market.corporate_action_history (run_id);
create index corporate_action_history_provider_idx on market.corporate_action_history (provider);
comment on table market.corporate_action_history is 'Closed versions of corporate actions. Append-only; written by the trigger on market.corporate_action.';
comment on column market.corporate_action_history.instrument_id is 'Instrument.';
comment on column market.corporate_action_history.action_type is 'split or dividend.';
comment on column market.corporate_action_history.ex_date is 'First session that trades without the entitlement.';
comment on column market.corporate_action_history.version is 'Number of the closed version.';
comment on column market.corporate_action_history.amount is 'New shares per old share of a split; cash per share of a dividend.';
comment on column market.corporate_action_history.currency is 'Currency of a dividend; null for a split.';
comment on column market.corporate_action_history.known_from is 'From when this version could be known.';
comment on column market.corporate_action_history.known_to is 'Until when this version was the one to know (excluded).';
comment on column market.corporate_action_history.recorded_at is 'When marketbase stored this version.';
comment on column market.corporate_action_history.closed_at is 'When marketbase closed this version.';
comment on column market.corporate_action_history.provider is 'Provider.';
comment on column market.corporate_action_history.raw_response_id is 'The body from which it was read.';
comment on column market.corporate_action_history.run_id is 'Run that made it.';

create table market.company_fundamental (
  instrument_id bigint not null references market.instrument,
  taxonomy text not null,
  concept text not null,
  unit text not null,
  period_start date not null,
  period_end date not null,
  value numeric not null,
  fiscal_year integer,
  fiscal_period text,
  form text not null,
  accession text not null,
  filed date not null,
  version integer not null default 1,
  known_from timestamptz not null,
  recorded_at timestamptz not null default now(),
  provider text not null references ingest.provider,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, taxonomy, concept, unit, period_start, period_end),
  constraint company_fundamental_period_check check (period_end >= period_start),
  constraint company_fundamental_version_check check (version > 0)
);
create index company_fundamental_raw_response_id_idx on market.company_fundamental (raw_response_id);
create index company_fundamental_run_id_idx on market.company_fundamental (run_id);
create index company_fundamental_provider_idx on market.company_fundamental (provider);
comment on table market.company_fundamental is 'Reported facts as now known: the value last filed for a concept and period. A restatement closes the old version into market.company_fundamental_history.';
comment on column market.company_fundamental.instrument_id is 'Instrument of the company.';
comment on column market.company_fundamental.taxonomy is 'Taxonomy of the concept, such as us-gaap or dei.';
comment on column market.company_fundamental.concept is 'Name of the concept, such as NetIncomeLoss.';
comment on column market.company_fundamental.unit is 'Unit of the value, such as USD, shares or USD/shares.';
comment on column market.company_fundamental.period_start is 'First day of the period; equal to period_end for a value at a moment (a balance).';
comment on column market.company_fundamental.period_end is 'Last day of the period.';
comment on column market.company_fundamental.value is 'The value, in its unit, not scaled.';
comment on column market.company_fundamental.fiscal_year is 'Fiscal year of the filing that said it.';
comment on column market.company_fundamental.fiscal_period is 'Fiscal period of that filing: FY, Q1, Q2, Q3 or Q4.';
comment on column market.company_fundamental.form is 'Form, such as 10-K.';
comment on column market.company_fundamental.accession is 'Accession number of the filing that first said this value.';
comment on column market.company_fundamental.filed is 'Date of that filing.';
comment on column market.company_fundamental.version is 'Number of the version, from 1.';
comment on column market.company_fundamental.known_from is 'From when it could be known: the start of the day after filing, New York time.';
comment on column market.company_fundamental.recorded_at is 'When marketbase stored it.';
comment on column market.company_fundamental.provider is 'Provider.';
comment on column market.company_fundamental.raw_response_id is 'The body from which it was read.';
comment on column market.company_fundamental.run_id is 'Run that made it.';

create table market.company_fundamental_history (
  instrument_id bigint not null references market.instrument,
  taxonomy text not null,
  concept text not null,
  unit text not null,
  period_start date not null,
  period_end date not null,
  version integer not null,
  value numeric not null,
  fiscal_year integer,
  fiscal_period text,
  form text not null,
  accession text not null,
  filed date not null,
  known_from timestamptz not null,
  known_to timestamptz not null,
  recorded_at timestamptz not null,
  closed_at timestamptz not null default now(),
  provider text not null references ingest.provider,
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, taxonomy, concept, unit, period_start, period_end, version),
  constraint company_fundamental_history_known_check check (known_to >= known_from)
);
create index company_fundamental_history_raw_response_id_idx on market.company_fundamental_history (raw_response_id);
create index company_fundamental_history_run_id_idx on market.company_fundamental_history (run_id);
create index company_fundamental_history_provider_idx on market.company_fundamental_history (provider);
comment on table market.company_fundamental_history is 'Closed versions of reported facts. Append-only; written by the trigger on market.company_fundamental.';
comment on column market.company_fundamental_history.instrument_id is 'Instrument of the company.';
comment on column market.company_fundamental_history.taxonomy is 'Taxonomy of the concept.';
comment on column market.company_fundamental_history.concept is 'Name of the concept.';
comment on column market.company_fundamental_history.unit is 'Unit of the value.';
comment on column market.company_fundamental_history.period_start is 'First day of the period.';
comment on column market.company_fundamental_history.period_end is 'Last day of the period.';
comment on column market.company_fundamental_history.version is 'Number of the closed version.';
comment on column market.company_fundamental_history.value is 'The value, in its unit.';
comment on column market.company_fundamental_history.fiscal_year is 'Fiscal year of the filing.';
comment on column market.company_fundamental_history.fiscal_period is 'Fiscal period of the filing.';
comment on column market.company_fundamental_history.form is 'Form.';
comment on column market.company_fundamental_history.accession is 'Accession number of the filing.';
comment on column market.company_fundamental_history.filed is 'Date of the filing.';
comment on column market.company_fundamental_history.known_from is 'From when this version could be known.';
comment on column market.company_fundamental_history.known_to is 'Until when this version was the one to know (excluded).';
comment on column market.company_fundamental_history.recorded_at is 'When marketbase stored this version.';
comment on column market.company_fundamental_history.closed_at is 'When marketbase closed this version.';
comment on column market.company_fundamental_history.provider is 'Provider.';
comment on column market.company_fundamental_history.raw_response_id is 'The body from which it was read.';
comment on column market.company_fundamental_history.run_id is 'Run that made it.';
