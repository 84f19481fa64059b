--! Previous: -
--! Hash: sha1:b684a99f3f73fc534126d922a69ebde80e0a56c4
--! Message: The rooms, their tables and functions

--! split: 100-schemas.sql
-- The rooms of the database. What each holds and may depend on is written in sql-functions/README.md.
create schema internal;
create schema ta;
create schema market;
create schema ingest;
create schema feature;
create schema quality;
create schema pipeline;
create schema lineage;
create schema portfolio;
create schema risk;
create schema ml;
create schema search;

comment on schema internal is 'Helpers that nobody outside calls; never exposed.';
comment on schema ta is 'Indicator kernels: pure functions on arrays, no tables.';
comment on schema market is 'Exchanges, sessions, instruments, bars, corporate actions and fundamentals, with every version ever known.';
comment on schema ingest is 'What providers sent, byte for byte, the normalisers that read it, and the rows that were refused.';
comment on schema feature is 'Feature sets, their versions and values, and joins that respect what was known when.';
comment on schema quality is 'Validation rules and the memory of what passed and failed.';
comment on schema pipeline is 'The tree of runs, the flows, and what still has to be recomputed.';
comment on schema lineage is 'Which rows came from which, by which function, in which run.';
comment on schema portfolio is 'Trades, positions, performance and optimised weights.';
comment on schema risk is 'Value at risk.';
comment on schema ml is 'Training sets, models, training runs and predictions.';
comment on schema search is 'Documents, their embeddings and full-text search.';

grant usage on schema ta, market, ingest, feature, quality, pipeline, lineage, portfolio, risk, ml, search to marketbase_reader;
grant usage on schema internal to marketbase_worker;

--! split: 110-pipeline.sql
-- Runs come first: every derived row names the run that made it.
create table pipeline.flow_step (
  flow text not null,
  step text not null,
  stage integer not null,
  task text not null,
  parameters jsonb not null default '{}',
  description text not null,
  primary key (flow, step),
  constraint flow_step_stage_check check (stage > 0),
  constraint flow_step_task_check check (task in ('fetch', 'run_step', 'publish')),
  constraint flow_step_parameters_check check (jsonb_typeof(parameters) = 'object')
);
comment on table pipeline.flow_step is 'What a flow consists of: its steps and their order. Steps of one stage may run side by side; a stage starts when the one before it has succeeded.';
comment on column pipeline.flow_step.flow is 'Name of the flow, such as demo.';
comment on column pipeline.flow_step.step is 'Name of the step, unique within its flow; for task run_step the name of the function pipeline.step_<step>.';
comment on column pipeline.flow_step.stage is 'Position, from 1; equal numbers may run at the same time.';
comment on column pipeline.flow_step.task is 'The worker task that carries it out: fetch, run_step or publish.';
comment on column pipeline.flow_step.parameters is 'Parameters of the step, a JSON object.';
comment on column pipeline.flow_step.description is 'What the step does, in a sentence, as progress shows it.';

create table pipeline.pipeline_run (
  run_id bigint generated always as identity primary key,
  parent_run_id bigint references pipeline.pipeline_run,
  root_run_id bigint references pipeline.pipeline_run,
  flow text not null,
  step text not null,
  stage integer not null default 0,
  status text not null default 'queued',
  attempt integer not null default 0,
  parameters jsonb not null default '{}',
  actor text not null default current_user,
  worker text,
  function_name text,
  function_version text,
  rows_read bigint not null default 0,
  rows_written bigint not null default 0,
  summary jsonb not null default '{}',
  message text,
  error_code text,
  queued_at timestamptz not null default now(),
  started_at timestamptz,
  heartbeat_at timestamptz,
  finished_at timestamptz,
  constraint pipeline_run_status_check check (status in ('queued', 'running', 'succeeded', 'failed', 'skipped')),
  constraint pipeline_run_attempt_check check (attempt >= 0),
  constraint pipeline_run_rows_check check (rows_read >= 0 and rows_written >= 0),
  constraint pipeline_run_parameters_check check (jsonb_typeof(parameters) = 'object'),
  constraint pipeline_run_summary_check check (jsonb_typeof(summary) = 'object'),
  constraint pipeline_run_finished_check check ((finished_at is not null) = (status in ('succeeded', 'failed', 'skipped'))),
  constraint pipeline_run_failed_has_code_check check (status <> 'failed' or (error_code is not null and message is not null)),
  constraint pipeline_run_order_check check (finished_at is null or started_at is null or finished_at >= started_at)
);
create index pipeline_run_parent_run_id_idx on pipeline.pipeline_run (parent_run_id);
create index pipeline_run_root_run_id_idx on pipeline.pipeline_run (root_run_id);
create index pipeline_run_unfinished_idx on pipeline.pipeline_run (status) where status in ('queued', 'running');
comment on table pipeline.pipeline_run is 'The tree of runs: a flow is a root, its steps are children. Every row that a step makes carries the run_id of that step.';
comment on column pipeline.pipeline_run.run_id is 'Identity of the run.';
comment on column pipeline.pipeline_run.parent_run_id is 'The run that started this one; null for a root.';
comment on column pipeline.pipeline_run.root_run_id is 'The root of the tree; null for a root itself.';
comment on column pipeline.pipeline_run.flow is 'Flow to which the run belongs.';
comment on column pipeline.pipeline_run.step is 'Step of the flow; for a root the name of the flow.';
comment on column pipeline.pipeline_run.stage is 'Stage of the step within its flow; 0 for a root.';
comment on column pipeline.pipeline_run.status is 'queued, running, succeeded, failed or skipped.';
comment on column pipeline.pipeline_run.attempt is 'How often the run was started; writes of an older attempt are refused.';
comment on column pipeline.pipeline_run.parameters is 'Parameters with which it ran, a JSON object.';
comment on column pipeline.pipeline_run.actor is 'Database role that asked for the run.';
comment on column pipeline.pipeline_run.worker is 'Process that carries it out, as its connections name it; a run whose process is gone is taken up again.';
comment on column pipeline.pipeline_run.function_name is 'Function that did the work, or the provider for a fetch.';
comment on column pipeline.pipeline_run.function_version is 'First 12 hex digits of the sha256 of the function''s definition when it ran.';
comment on column pipeline.pipeline_run.rows_read is 'Rows that the step looked at.';
comment on column pipeline.pipeline_run.rows_written is 'Rows that the step added or replaced; 0 when everything was there already.';
comment on column pipeline.pipeline_run.summary is 'Figures of the step, a JSON object, such as {"versions": 1, "instruments": 2}.';
comment on column pipeline.pipeline_run.message is 'What happened, in a sentence; for a failure also what to do.';
comment on column pipeline.pipeline_run.error_code is 'SQLSTATE of a failure; null otherwise.';
comment on column pipeline.pipeline_run.queued_at is 'When the run was asked for.';
comment on column pipeline.pipeline_run.started_at is 'When the last attempt began.';
comment on column pipeline.pipeline_run.heartbeat_at is 'Last sign of life of a running step, by the database''s clock.';
comment on column pipeline.pipeline_run.finished_at is 'When it ended.';

create type pipeline.step_outcome as (
  rows_read bigint,
  rows_written bigint,
  summary jsonb,
  message text
);
comment on type pipeline.step_outcome is 'What a step says when it is done.';
comment on column pipeline.step_outcome.rows_read is 'Rows that it looked at.';
comment on column pipeline.step_outcome.rows_written is 'Rows that it added or replaced.';
comment on column pipeline.step_outcome.summary is 'Figures, a JSON object.';
comment on column pipeline.step_outcome.message is 'What happened, in a sentence.';

--! split: 120-market.sql
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

--! split: 125-seeds.sql
-- The exchanges and providers that marketbase knows by itself.
insert into market.exchange (mic, name, time_zone, country, calendar)
values
  ('XNYS', 'New York Stock Exchange', 'America/New_York', 'US', 'sessions'),
  ('XNAS', 'Nasdaq', 'America/New_York', 'US', 'sessions'),
  ('ARCX', 'NYSE Arca', 'America/New_York', 'US', 'sessions'),
  ('OTCM', 'OTC Markets', 'America/New_York', 'US', 'sessions'),
  ('XCEC', 'Commodities Exchange Center', 'America/New_York', 'US', 'weekdays'),
  ('XTSE', 'Toronto Stock Exchange', 'America/Toronto', 'CA', 'weekdays'),
  ('XLON', 'London Stock Exchange', 'Europe/London', 'GB', 'weekdays'),
  ('XETR', 'Xetra', 'Europe/Berlin', 'DE', 'weekdays'),
  ('XPAR', 'Euronext Paris', 'Europe/Paris', 'FR', 'weekdays'),
  ('XOSL', 'Oslo Børs', 'Europe/Oslo', 'NO', 'weekdays'),
  ('XCSE', 'Nasdaq Copenhagen', 'Europe/Copenhagen', 'DK', 'weekdays'),
  ('XIDX', 'Indonesia Stock Exchange', 'Asia/Jakarta', 'ID', 'weekdays'),
  ('XOFF', 'Off-exchange: currencies and whatever has no known exchange', 'UTC', 'ZZ', 'weekdays'),
  ('XXXX', 'No exchange: markets that never close', 'UTC', 'ZZ', 'always')
on conflict (mic) do update
set name = excluded.name, time_zone = excluded.time_zone, country = excluded.country, calendar = excluded.calendar;

insert into ingest.provider (provider, title, priority, hosts, api_key_variable, requests_per_minute, terms)
values
  ('csv', 'Files of the user', 10, '{}', null, null, 'The user''s own data and corrections; it wins over every other provider.'),
  ('yahoo', 'Yahoo Finance', 20, '{query1.finance.yahoo.com,query2.finance.yahoo.com}', null, 30,
    'For personal use under the terms of service of Yahoo; there is no official API.'),
  ('sec', 'U.S. Securities and Exchange Commission, EDGAR', 30, '{data.sec.gov,www.sec.gov}', null, 300,
    'Public domain; fair access asks for a User-Agent with a contact address and at most ten requests a second.'),
  ('sample', 'Samples that come with marketbase', 90, '{}', null, null,
    'Bars from the npm packages @observablehq/sample-datasets (AAPL) and vega-datasets (S&P 500), figures from Apple''s public filings; for trying out.')
on conflict (provider) do update
set title = excluded.title, priority = excluded.priority, hosts = excluded.hosts, api_key_variable = excluded.api_key_variable,
  requests_per_minute = excluded.requests_per_minute, terms = excluded.terms;

--! split: 130-ingest.sql
-- What was made of the bodies, and the rows that were refused.
create table ingest.normalisation (
  raw_response_id bigint not null references ingest.raw_response,
  normaliser text not null,
  normaliser_version text not null,
  outcome text not null,
  row_count bigint not null default 0,
  accepted_count bigint not null default 0,
  new_count bigint not null default 0,
  changed_count bigint not null default 0,
  quarantined_count bigint not null default 0,
  error_code text,
  message text,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (raw_response_id, normaliser, normaliser_version, run_id),
  constraint normalisation_outcome_check check (outcome in ('normalised', 'refused')),
  constraint normalisation_refused_check check ((outcome = 'refused') = (error_code is not null and message is not null)),
  constraint normalisation_counts_check check (row_count = accepted_count + quarantined_count and changed_count between 0 and accepted_count and new_count between 0 and changed_count)
);
create index normalisation_run_id_idx on ingest.normalisation (run_id);
comment on table ingest.normalisation is 'What each normaliser made of each body. Append-only: a new version of a normaliser adds a row, and so does another try at a body that was refused.';
comment on column ingest.normalisation.raw_response_id is 'The body.';
comment on column ingest.normalisation.normaliser is 'Function that read it, such as ingest.normalise_yahoo_bars.';
comment on column ingest.normalisation.normaliser_version is 'First 12 hex digits of the sha256 of the function''s definition.';
comment on column ingest.normalisation.outcome is 'normalised, or refused when the body as a whole cannot be read.';
comment on column ingest.normalisation.row_count is 'Rows found in the body.';
comment on column ingest.normalisation.accepted_count is 'Rows that passed the critical rules.';
comment on column ingest.normalisation.new_count is 'Accepted rows that were not known before.';
comment on column ingest.normalisation.changed_count is 'Accepted rows that were new or made a new version.';
comment on column ingest.normalisation.quarantined_count is 'Rows that failed a critical rule and went to ingest.quarantine.';
comment on column ingest.normalisation.error_code is 'SQLSTATE of a refusal.';
comment on column ingest.normalisation.message is 'Why the body was refused, in a sentence.';
comment on column ingest.normalisation.recorded_at is 'When it was done.';
comment on column ingest.normalisation.run_id is 'Run that did it.';

-- The candidates are unlogged and without foreign keys: they live for one transaction, and the tables that they go to check the keys.
create unlogged table ingest.candidate_bar (
  raw_response_id bigint not null,
  row_no bigint not null,
  symbol text,
  instrument_id bigint,
  bar_interval text not null default '1d',
  ts timestamptz,
  session_date date,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  adjusted_close double precision,
  payload jsonb,
  primary key (raw_response_id, row_no)
);
comment on table ingest.candidate_bar is 'Bars of a body on their way to market.price_data: filled by a normaliser, judged by the critical rules and emptied, all in one transaction. Empty in between.';
comment on column ingest.candidate_bar.raw_response_id is 'The body.';
comment on column ingest.candidate_bar.row_no is 'Position of the row in the body, from 1.';
comment on column ingest.candidate_bar.symbol is 'Symbol as the body gives it, in capitals.';
comment on column ingest.candidate_bar.instrument_id is 'Instrument, once resolved.';
comment on column ingest.candidate_bar.bar_interval is 'Length of the bar.';
comment on column ingest.candidate_bar.ts is 'Start of the bar; null where the body has none that can be read.';
comment on column ingest.candidate_bar.session_date is 'Local date of the session.';
comment on column ingest.candidate_bar.open is 'First price; null where missing.';
comment on column ingest.candidate_bar.high is 'Highest price; null where missing.';
comment on column ingest.candidate_bar.low is 'Lowest price; null where missing.';
comment on column ingest.candidate_bar.close is 'Last price; null where missing.';
comment on column ingest.candidate_bar.volume is 'Units traded; null where missing.';
comment on column ingest.candidate_bar.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column ingest.candidate_bar.payload is 'The row as it stood in the body, where the columns beside do not say it all, with the key problem where it could not be read; null otherwise.';

create unlogged table ingest.candidate_fact (
  raw_response_id bigint not null,
  row_no bigint not null,
  instrument_id bigint,
  taxonomy text,
  concept text,
  unit text,
  period_start date,
  period_end date,
  value numeric,
  fiscal_year integer,
  fiscal_period text,
  form text,
  accession text,
  filed date,
  payload jsonb,
  primary key (raw_response_id, row_no)
);
comment on table ingest.candidate_fact is 'Reported facts of a body on their way to market.company_fundamental; as ingest.candidate_bar, empty between transactions.';
comment on column ingest.candidate_fact.raw_response_id is 'The body.';
comment on column ingest.candidate_fact.row_no is 'Position of the fact in the body, from 1.';
comment on column ingest.candidate_fact.instrument_id is 'Instrument of the company.';
comment on column ingest.candidate_fact.taxonomy is 'Taxonomy of the concept.';
comment on column ingest.candidate_fact.concept is 'Name of the concept.';
comment on column ingest.candidate_fact.unit is 'Unit of the value.';
comment on column ingest.candidate_fact.period_start is 'First day of the period; period_end for a value at a moment.';
comment on column ingest.candidate_fact.period_end is 'Last day of the period.';
comment on column ingest.candidate_fact.value is 'The value.';
comment on column ingest.candidate_fact.fiscal_year is 'Fiscal year of the filing.';
comment on column ingest.candidate_fact.fiscal_period is 'Fiscal period of the filing.';
comment on column ingest.candidate_fact.form is 'Form.';
comment on column ingest.candidate_fact.accession is 'Accession number of the filing.';
comment on column ingest.candidate_fact.filed is 'Date of the filing.';
comment on column ingest.candidate_fact.payload is 'The fact as it stood in the body, where the columns beside do not say it all, with the key problem where it could not be read; null otherwise.';

create unlogged table ingest.candidate_action (
  raw_response_id bigint not null,
  row_no bigint not null,
  instrument_id bigint not null,
  action_type text not null,
  ex_date date not null,
  amount numeric not null,
  currency text,
  primary key (raw_response_id, row_no)
);
comment on table ingest.candidate_action is 'Splits and dividends that came with the bars of a body, on their way to market.corporate_action; as ingest.candidate_bar, empty between transactions.';
comment on column ingest.candidate_action.raw_response_id is 'The body.';
comment on column ingest.candidate_action.row_no is 'Position of the action in the body, from 1.';
comment on column ingest.candidate_action.instrument_id is 'Instrument.';
comment on column ingest.candidate_action.action_type is 'split or dividend.';
comment on column ingest.candidate_action.ex_date is 'First session that trades without the entitlement.';
comment on column ingest.candidate_action.amount is 'New shares per old share of a split; cash per share of a dividend.';
comment on column ingest.candidate_action.currency is 'Currency of a dividend; null for a split.';

create table ingest.quarantine (
  quarantine_id bigint generated always as identity primary key,
  raw_response_id bigint not null references ingest.raw_response,
  dataset text not null,
  row_no bigint not null,
  symbol text,
  instrument_id bigint references market.instrument,
  ts timestamptz,
  rules text[] not null,
  reason text not null,
  payload jsonb not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  unique (raw_response_id, dataset, row_no),
  constraint quarantine_rules_check check (cardinality(rules) > 0)
);
create index quarantine_instrument_id_idx on ingest.quarantine (instrument_id);
create index quarantine_run_id_idx on ingest.quarantine (run_id);
comment on table ingest.quarantine is 'Rows that failed a critical rule and so never reached the market tables. Append-only.';
comment on column ingest.quarantine.quarantine_id is 'Identity.';
comment on column ingest.quarantine.raw_response_id is 'The body in which the row came.';
comment on column ingest.quarantine.dataset is 'Dataset of the body.';
comment on column ingest.quarantine.row_no is 'Position of the row in the body, from 1.';
comment on column ingest.quarantine.symbol is 'Symbol as the body gives it.';
comment on column ingest.quarantine.instrument_id is 'Instrument, where it is known.';
comment on column ingest.quarantine.ts is 'Time of the row, where it could be read.';
comment on column ingest.quarantine.rules is 'Names of the critical rules that it failed.';
comment on column ingest.quarantine.reason is 'What was wrong, in words.';
comment on column ingest.quarantine.payload is 'The row as it came.';
comment on column ingest.quarantine.recorded_at is 'When it was refused.';
comment on column ingest.quarantine.run_id is 'Run that refused it.';

create type ingest.acceptance as (
  new_count bigint,
  changed_count bigint,
  unchanged_count bigint
);
comment on type ingest.acceptance is 'What became of the accepted rows of a body.';
comment on column ingest.acceptance.new_count is 'Rows that were not known before.';
comment on column ingest.acceptance.changed_count is 'Rows that made a new version of a known one.';
comment on column ingest.acceptance.unchanged_count is 'Rows that said what was known already, or came from an older body or a provider of lower priority.';

create type ingest.fact_value as (
  instrument_id bigint,
  taxonomy text,
  concept text,
  unit text,
  period_start date,
  period_end date,
  value numeric,
  fiscal_year integer,
  fiscal_period text,
  form text,
  accession text,
  filed date,
  known_from timestamptz,
  next_known_from timestamptz,
  is_stored boolean
);
comment on type ingest.fact_value is 'A value that a reported fact has had, and how long it was the one to know.';
comment on column ingest.fact_value.instrument_id is 'Instrument of the company.';
comment on column ingest.fact_value.taxonomy is 'Taxonomy of the concept.';
comment on column ingest.fact_value.concept is 'Name of the concept.';
comment on column ingest.fact_value.unit is 'Unit of the value.';
comment on column ingest.fact_value.period_start is 'First day of the period.';
comment on column ingest.fact_value.period_end is 'Last day of the period.';
comment on column ingest.fact_value.value is 'The value.';
comment on column ingest.fact_value.fiscal_year is 'Fiscal year of the filing.';
comment on column ingest.fact_value.fiscal_period is 'Fiscal period of the filing.';
comment on column ingest.fact_value.form is 'Form.';
comment on column ingest.fact_value.accession is 'Accession number of the filing.';
comment on column ingest.fact_value.filed is 'Date of the filing.';
comment on column ingest.fact_value.known_from is 'Start of the day after filing, New York time.';
comment on column ingest.fact_value.next_known_from is 'From when the next value is known; null for the last one.';
comment on column ingest.fact_value.is_stored is 'True where that value of that day is stored already.';

--! split: 140-pipeline-stale.sql
-- What has to be computed again because something beneath it changed.
create table pipeline.stale_range (
  instrument_id bigint not null references market.instrument,
  consumer text not null,
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  reason text not null,
  marked_at timestamptz not null default now(),
  primary key (instrument_id, consumer, from_ts, to_ts),
  constraint stale_range_consumer_check check (consumer in ('quality', 'feature', 'ml', 'portfolio', 'risk')),
  constraint stale_range_order_check check (to_ts >= from_ts)
);
comment on table pipeline.stale_range is 'Spans of bars whose dependants are out of date, by instrument and consumer; spans may overlap. Triggers mark it; the step of the consumer takes the mark away in the transaction that recomputes.';
comment on column pipeline.stale_range.instrument_id is 'Instrument whose data changed.';
comment on column pipeline.stale_range.consumer is 'Who has to look again: quality, feature, ml, portfolio or risk.';
comment on column pipeline.stale_range.from_ts is 'First changed bar.';
comment on column pipeline.stale_range.to_ts is 'Last changed bar.';
comment on column pipeline.stale_range.reason is 'What changed, in words.';
comment on column pipeline.stale_range.marked_at is 'When it was last marked.';

--! split: 150-quality.sql
create table quality.validation_rule (
  rule text not null,
  version text not null,
  dataset text not null,
  family text not null,
  severity text not null,
  parameters jsonb not null default '{}',
  population text not null,
  function_name text not null,
  description text not null,
  remedy text not null,
  in_force_from timestamptz not null default now(),
  primary key (rule, version),
  constraint validation_rule_name_check check (rule ~ '^[a-z][a-z0-9_]{1,62}$'),
  constraint validation_rule_dataset_check check (dataset in ('candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction')),
  constraint validation_rule_severity_check check (severity in ('critical', 'error', 'warning', 'info')),
  constraint validation_rule_parameters_check check (jsonb_typeof(parameters) = 'object')
);
comment on table quality.validation_rule is 'Every version of every rule. Append-only: a change of the function, the severity, the parameters or the wording is a new version. Which one is in force is said by quality.rule_activation.';
comment on column quality.validation_rule.rule is 'Name of the rule, such as price_data_high_gte_low.';
comment on column quality.validation_rule.version is 'First 12 hex digits of the sha256 of its functions'' definitions, severity, parameters and wording.';
comment on column quality.validation_rule.dataset is 'What it looks at.';
comment on column quality.validation_rule.family is 'structure, prices, calendar, fundamentals, features or predictions.';
comment on column quality.validation_rule.severity is 'critical (the row is quarantined), error, warning or info.';
comment on column quality.validation_rule.parameters is 'Thresholds, a JSON object.';
comment on column quality.validation_rule.population is 'What checked_count counts: candidate_bar, candidate_fact, or the <name> of the function quality.population_<name> that counts per instrument.';
comment on column quality.validation_rule.function_name is 'Function that finds the violations.';
comment on column quality.validation_rule.description is 'What it means when the rule fails.';
comment on column quality.validation_rule.remedy is 'What to do then.';
comment on column quality.validation_rule.in_force_from is 'When this version first came into force.';

create table quality.rule_activation (
  rule text not null,
  in_force_from timestamptz not null default clock_timestamp(),
  version text,
  primary key (rule, in_force_from),
  foreign key (rule, version) references quality.validation_rule (rule, version)
);
create index rule_activation_rule_version_idx on quality.rule_activation (rule, version);
comment on table quality.rule_activation is 'When which version of a rule came into force, so that an old version can return and a rule can be retired. Append-only; the newest row counts.';
comment on column quality.rule_activation.rule is 'Rule.';
comment on column quality.rule_activation.in_force_from is 'From when.';
comment on column quality.rule_activation.version is 'The version in force from then on; null where the rule was retired.';

create table quality.validation_result (
  validation_result_id bigint generated always as identity primary key,
  rule text not null,
  rule_version text not null,
  dataset text not null,
  instrument_id bigint references market.instrument,
  raw_response_id bigint references ingest.raw_response,
  status text not null,
  severity text not null,
  checked_count bigint not null,
  failed_count bigint not null,
  from_ts timestamptz,
  to_ts timestamptz,
  message text not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  foreign key (rule, rule_version) references quality.validation_rule (rule, version),
  constraint validation_result_status_check check (status in ('passed', 'failed', 'not_applicable')),
  constraint validation_result_severity_check check (severity in ('critical', 'error', 'warning', 'info')),
  constraint validation_result_counts_check check (checked_count >= 0 and failed_count between 0 and checked_count),
  constraint validation_result_failed_check check ((status = 'failed') = (failed_count > 0))
);
create index validation_result_rule_idx on quality.validation_result (rule, rule_version);
create index validation_result_instrument_id_idx on quality.validation_result (instrument_id, recorded_at);
create index validation_result_raw_response_id_idx on quality.validation_result (raw_response_id);
create index validation_result_run_id_idx on quality.validation_result (run_id);
comment on table quality.validation_result is 'What each rule said each time, passes and failures. Append-only.';
comment on column quality.validation_result.validation_result_id is 'Identity.';
comment on column quality.validation_result.rule is 'Rule.';
comment on column quality.validation_result.rule_version is 'Version of the rule that was applied.';
comment on column quality.validation_result.dataset is 'What it looked at.';
comment on column quality.validation_result.instrument_id is 'Instrument; null where the rows are of none or of more than one.';
comment on column quality.validation_result.raw_response_id is 'The body whose rows were checked before they were accepted; null for a check of what is stored.';
comment on column quality.validation_result.status is 'passed, failed or not_applicable.';
comment on column quality.validation_result.severity is 'Severity of the rule.';
comment on column quality.validation_result.checked_count is 'Rows that were looked at.';
comment on column quality.validation_result.failed_count is 'Rows that violate the rule.';
comment on column quality.validation_result.from_ts is 'First time that was looked at; null where nothing was.';
comment on column quality.validation_result.to_ts is 'Last time that was looked at; null where nothing was.';
comment on column quality.validation_result.message is 'The outcome in a sentence.';
comment on column quality.validation_result.recorded_at is 'When it was checked.';
comment on column quality.validation_result.run_id is 'Run that checked.';

create table quality.validation_finding (
  validation_finding_id bigint generated always as identity primary key,
  validation_result_id bigint not null references quality.validation_result,
  instrument_id bigint references market.instrument,
  ts timestamptz,
  key jsonb not null,
  observed jsonb not null,
  expected text not null,
  message text not null,
  recorded_at timestamptz not null default now(),
  constraint validation_finding_key_check check (jsonb_typeof(key) = 'object'),
  constraint validation_finding_observed_check check (jsonb_typeof(observed) = 'object')
);
create index validation_finding_validation_result_id_idx on quality.validation_finding (validation_result_id);
create index validation_finding_instrument_id_idx on quality.validation_finding (instrument_id, ts);
comment on table quality.validation_finding is 'The rows that failed, with what was seen and what was expected. Append-only.';
comment on column quality.validation_finding.validation_finding_id is 'Identity.';
comment on column quality.validation_finding.validation_result_id is 'The result to which it belongs.';
comment on column quality.validation_finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.validation_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.validation_finding.key is 'Key of the row, a JSON object.';
comment on column quality.validation_finding.observed is 'Values that were seen, a JSON object.';
comment on column quality.validation_finding.expected is 'What the rule expects, in words.';
comment on column quality.validation_finding.message is 'What is wrong, in a sentence.';
comment on column quality.validation_finding.recorded_at is 'When it was found.';

-- What rules return and take. Types are stateful (there is no create or replace type), so they live here.
create type quality.violation as (
  row_no bigint,
  instrument_id bigint,
  ts timestamptz,
  key jsonb,
  observed jsonb,
  expected text,
  message text
);
comment on type quality.violation is 'A row that violates a rule; every rule returns a set of these.';
comment on column quality.violation.row_no is 'Position of the row in its body; null for a rule on stored data.';
comment on column quality.violation.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.violation.ts is 'Time of the row; null where it has none.';
comment on column quality.violation.key is 'Key of the row, a JSON object.';
comment on column quality.violation.observed is 'Values that were seen, a JSON object.';
comment on column quality.violation.expected is 'What the rule expects, in words.';
comment on column quality.violation.message is 'What is wrong, in a sentence.';

create type quality.rule_violation as (
  rule text,
  row_no bigint,
  instrument_id bigint,
  ts timestamptz,
  key jsonb,
  observed jsonb,
  expected text,
  message text
);
comment on type quality.rule_violation is 'A violation with the name of its rule.';
comment on column quality.rule_violation.rule is 'Rule.';
comment on column quality.rule_violation.row_no is 'As in quality.violation.';
comment on column quality.rule_violation.instrument_id is 'As in quality.violation.';
comment on column quality.rule_violation.ts is 'As in quality.violation.';
comment on column quality.rule_violation.key is 'As in quality.violation.';
comment on column quality.rule_violation.observed is 'As in quality.violation.';
comment on column quality.rule_violation.expected is 'As in quality.violation.';
comment on column quality.rule_violation.message is 'As in quality.violation.';

create type quality.population as (
  instrument_id bigint,
  checked_count bigint,
  from_ts timestamptz,
  to_ts timestamptz
);
comment on type quality.population is 'How many rows a rule looks at, per instrument. An instrument that is left out is one to which the rule does not apply.';
comment on column quality.population.instrument_id is 'Instrument.';
comment on column quality.population.checked_count is 'Rows.';
comment on column quality.population.from_ts is 'Time of the first.';
comment on column quality.population.to_ts is 'Time of the last.';

create type quality.rejected_row as (
  row_no bigint,
  rules text[],
  reason text
);
comment on type quality.rejected_row is 'A row of a body that fails critical rules and belongs in ingest.quarantine.';
comment on column quality.rejected_row.row_no is 'Position of the row in the body.';
comment on column quality.rejected_row.rules is 'Names of the critical rules that it fails, sorted.';
comment on column quality.rejected_row.reason is 'What is wrong, one sentence per rule.';

create type quality.daily_bar as (
  instrument_id bigint,
  bar_no bigint,
  ts timestamptz,
  session_date date,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  adjusted_close double precision,
  previous_close double precision,
  split_ratio double precision,
  log_return double precision,
  is_asked boolean
);
comment on type quality.daily_bar is 'A daily bar as the rules see it: with its predecessor''s close and the return that splits do not distort.';
comment on column quality.daily_bar.instrument_id is 'Instrument.';
comment on column quality.daily_bar.bar_no is 'Position among the bars that were read, from 1 per instrument.';
comment on column quality.daily_bar.ts is 'Start of the bar.';
comment on column quality.daily_bar.session_date is 'Local date of the session.';
comment on column quality.daily_bar.open is 'First price.';
comment on column quality.daily_bar.high is 'Highest price.';
comment on column quality.daily_bar.low is 'Lowest price.';
comment on column quality.daily_bar.close is 'Last price.';
comment on column quality.daily_bar.volume is 'Units traded.';
comment on column quality.daily_bar.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column quality.daily_bar.previous_close is 'Close of the bar before; null for the first that was read.';
comment on column quality.daily_bar.split_ratio is 'New shares per old one by the recorded splits since the bar before; 1 where there was none.';
comment on column quality.daily_bar.log_return is 'Natural logarithm of close over previous close, with or without the recorded split, whichever is nearer to 0: providers differ in whether their prices contain it.';
comment on column quality.daily_bar.is_asked is 'True for a bar of the span that is to be checked; false for one that only gives context.';

create type quality.expected_session as (
  instrument_id bigint,
  ts timestamptz,
  session_date date,
  mic text
);
comment on type quality.expected_session is 'A session on which an instrument should have a daily bar.';
comment on column quality.expected_session.instrument_id is 'Instrument.';
comment on column quality.expected_session.ts is 'Midnight UTC of session_date, the ts of its daily bar.';
comment on column quality.expected_session.session_date is 'Local date of the session.';
comment on column quality.expected_session.mic is 'Exchange.';

create type quality.balance_sheet as (
  instrument_id bigint,
  ts timestamptz,
  period_end date,
  unit text,
  assets numeric,
  liabilities_and_equity numeric,
  formula text
);
comment on type quality.balance_sheet is 'The two sides of a balance sheet.';
comment on column quality.balance_sheet.instrument_id is 'Instrument of the company.';
comment on column quality.balance_sheet.ts is 'Midnight UTC of period_end.';
comment on column quality.balance_sheet.period_end is 'Date of the balance sheet.';
comment on column quality.balance_sheet.unit is 'Currency.';
comment on column quality.balance_sheet.assets is 'Total assets.';
comment on column quality.balance_sheet.liabilities_and_equity is 'The other side.';
comment on column quality.balance_sheet.formula is 'From what the other side was taken.';

create type quality.earnings_period as (
  instrument_id bigint,
  ts timestamptz,
  period_start date,
  period_end date,
  unit text,
  net_income numeric,
  shares numeric,
  earnings_per_share numeric
);
comment on type quality.earnings_period is 'What a company earned in a period, in all and per share.';
comment on column quality.earnings_period.instrument_id is 'Instrument of the company.';
comment on column quality.earnings_period.ts is 'Midnight UTC of period_end.';
comment on column quality.earnings_period.period_start is 'First day of the period.';
comment on column quality.earnings_period.period_end is 'Last day of the period.';
comment on column quality.earnings_period.unit is 'Currency.';
comment on column quality.earnings_period.net_income is 'Net income.';
comment on column quality.earnings_period.shares is 'Weighted average of the shares outstanding.';
comment on column quality.earnings_period.earnings_per_share is 'Basic earnings per share, as reported.';

create type quality.rule_population as (
  population text,
  instrument_id bigint,
  checked_count bigint,
  from_ts timestamptz,
  to_ts timestamptz
);
comment on type quality.rule_population is 'A population with its name.';
comment on column quality.rule_population.population is 'Name of the population.';
comment on column quality.rule_population.instrument_id is 'As in quality.population.';
comment on column quality.rule_population.checked_count is 'As in quality.population.';
comment on column quality.rule_population.from_ts is 'As in quality.population.';
comment on column quality.rule_population.to_ts is 'As in quality.population.';

--! split: 160-feature.sql
create table feature.feature_set (
  feature_set_id bigint generated always as identity primary key,
  name text not null unique,
  description text not null,
  bar_interval text not null default '1d',
  created_at timestamptz not null default now(),
  constraint feature_set_name_check check (name ~ '^[a-z][a-z0-9_]{0,47}$'),
  constraint feature_set_bar_interval_check check (bar_interval in ('1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo'))
);
comment on table feature.feature_set is 'Named lists of features.';
comment on column feature.feature_set.feature_set_id is 'Identity.';
comment on column feature.feature_set.name is 'Name, such as qlib14.';
comment on column feature.feature_set.description is 'What the set is for and where its formulas come from.';
comment on column feature.feature_set.bar_interval is 'Length of the bars from which it is computed.';
comment on column feature.feature_set.created_at is 'When it was first defined.';

create table feature.feature_set_version (
  feature_set_version_id bigint generated always as identity primary key,
  feature_set_id bigint not null references feature.feature_set,
  version text not null,
  feature_names text[] not null,
  kernels jsonb not null,
  lookback integer,
  compiled_sql text not null,
  is_current boolean not null default true,
  in_force_from timestamptz not null default now(),
  in_force_to timestamptz,
  unique (feature_set_id, version, in_force_from),
  constraint feature_set_version_in_force_check check (in_force_to >= in_force_from and not (is_current and in_force_to is not null)),
  constraint feature_set_version_names_check check (cardinality(feature_names) > 0),
  constraint feature_set_version_lookback_check check (lookback >= 0)
);
create unique index feature_set_version_current_idx on feature.feature_set_version (feature_set_id) where is_current;
comment on table feature.feature_set_version is 'Every version of a set. The version is the hash of the expressions and of the kernels'' bodies, so that changing a kernel makes a new one. A version that comes back after another one gets a row of its own.';
comment on column feature.feature_set_version.feature_set_version_id is 'Identity.';
comment on column feature.feature_set_version.feature_set_id is 'Set.';
comment on column feature.feature_set_version.version is 'First 12 hex digits of the sha256 of names, expressions and kernels.';
comment on column feature.feature_set_version.feature_names is 'Names in the order of feature_vector.values.';
comment on column feature.feature_set_version.kernels is 'Kernel signatures and the hash of each body, a JSON object.';
comment on column feature.feature_set_version.lookback is 'Earlier bars that a value depends on; null where it depends on all of them.';
comment on column feature.feature_set_version.compiled_sql is 'The query that computes the set for one instrument, as it was made from the expressions.';
comment on column feature.feature_set_version.is_current is 'True for the version that is computed and served now.';
comment on column feature.feature_set_version.in_force_from is 'When this version came into force.';
comment on column feature.feature_set_version.in_force_to is 'When another version took its place (excluded); null for the current one.';

create table feature.feature_definition (
  feature_set_version_id bigint not null references feature.feature_set_version,
  name text not null,
  position integer not null,
  expression text not null,
  description text not null,
  primary key (feature_set_version_id, name),
  unique (feature_set_version_id, position),
  constraint feature_definition_name_check check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint feature_definition_position_check check (position > 0)
);
comment on table feature.feature_definition is 'The features of each version of a set: a name and a SQL expression over the columns of a bar and kernels.';
comment on column feature.feature_definition.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_definition.name is 'Name of the feature, lower case.';
comment on column feature.feature_definition.position is 'Place in feature_vector.values, from 1.';
comment on column feature.feature_definition.expression is 'SQL expression, such as ta.rsi(close, 14).';
comment on column feature.feature_definition.description is 'What it measures.';

-- The references of vectors are declared and not enforced: three look-ups for each row cost more than computing it. feature.compute,
-- which alone writes them, checks the instrument, the version and the run once. Rows of a run and of a version lie together, so block
-- ranges find them.
create table feature.feature_vector (
  instrument_id bigint not null references market.instrument not enforced,
  feature_set_version_id bigint not null references feature.feature_set_version not enforced,
  ts timestamptz not null,
  values double precision[] not null,
  revision integer not null default 1,
  known_from timestamptz not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run not enforced,
  primary key (instrument_id, feature_set_version_id, ts),
  constraint feature_vector_revision_check check (revision > 0)
);
create index feature_vector_feature_set_version_id_idx on feature.feature_vector using brin (feature_set_version_id) with (autosummarize = on);
create index feature_vector_run_id_idx on feature.feature_vector using brin (run_id) with (autosummarize = on);
comment on table feature.feature_vector is 'Feature values as now known: one row per bar and version of a set. A change closes the old row into feature.feature_vector_history. feature.feature_data shows one value per row.';
comment on column feature.feature_vector.instrument_id is 'Instrument.';
comment on column feature.feature_vector.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_vector.ts is 'Start of the bar, as in market.price_data.';
comment on column feature.feature_vector.values is 'Values in the order of feature_set_version.feature_names; null during warm-up.';
comment on column feature.feature_vector.revision is 'Number of this revision of the values, from 1.';
comment on column feature.feature_vector.known_from is 'From when the values could be known: the latest known_from of the bars they are made of.';
comment on column feature.feature_vector.recorded_at is 'When marketbase stored them.';
comment on column feature.feature_vector.run_id is 'Run that computed them.';

create table feature.feature_vector_history (
  instrument_id bigint not null references market.instrument not enforced,
  feature_set_version_id bigint not null references feature.feature_set_version not enforced,
  ts timestamptz not null,
  revision integer not null,
  values double precision[] not null,
  known_from timestamptz not null,
  known_to timestamptz not null,
  recorded_at timestamptz not null,
  closed_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run not enforced,
  primary key (instrument_id, feature_set_version_id, ts, revision),
  constraint feature_vector_history_known_check check (known_to >= known_from)
);
create index feature_vector_history_feature_set_version_id_idx on feature.feature_vector_history using brin (feature_set_version_id) with (autosummarize = on);
create index feature_vector_history_run_id_idx on feature.feature_vector_history using brin (run_id) with (autosummarize = on);
comment on table feature.feature_vector_history is 'Closed revisions of feature values. Append-only; written by the trigger on feature.feature_vector.';
comment on column feature.feature_vector_history.instrument_id is 'Instrument.';
comment on column feature.feature_vector_history.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_vector_history.ts is 'Start of the bar.';
comment on column feature.feature_vector_history.revision is 'Number of the closed revision.';
comment on column feature.feature_vector_history.values is 'Values in the order of feature_set_version.feature_names.';
comment on column feature.feature_vector_history.known_from is 'From when the values could be known.';
comment on column feature.feature_vector_history.known_to is 'Until when they were the ones to know (excluded).';
comment on column feature.feature_vector_history.recorded_at is 'When marketbase stored them.';
comment on column feature.feature_vector_history.closed_at is 'When marketbase closed them.';
comment on column feature.feature_vector_history.run_id is 'Run that computed them.';

create type feature.definition as (
  name text,
  expression text,
  description text
);
comment on type feature.definition is 'A feature as it is given to feature.define_set.';
comment on column feature.definition.name is 'Name, lower case: letters, digits and underscores.';
comment on column feature.definition.expression is 'SQL expression over open, high, low, close, volume and kernels, such as ta.rsi(close, 14).';
comment on column feature.definition.description is 'What it measures, in a sentence.';

create type feature.compiled_set as (
  version text,
  feature_names text[],
  kernels jsonb,
  lookback integer,
  compiled_sql text
);
comment on type feature.compiled_set is 'What feature.compile_set makes of the definitions of a set.';
comment on column feature.compiled_set.version is 'First 12 hex digits of the sha256 of names, expressions and kernels.';
comment on column feature.compiled_set.feature_names is 'Names in the order of the values.';
comment on column feature.compiled_set.kernels is 'Signatures of the kernels and their helpers with the hash of each body, a JSON object.';
comment on column feature.compiled_set.lookback is 'Earlier bars that a value depends on; null where it depends on all of them.';
comment on column feature.compiled_set.compiled_sql is 'The query for one instrument: $1 instrument_id, $2 and $3 the first and last bar to read, null for no limit.';

create type feature.computation as (
  feature_set text,
  version text,
  instrument_id bigint,
  symbol text,
  from_ts timestamptz,
  to_ts timestamptz,
  rows_changed bigint
);
comment on type feature.computation is 'What feature.compute_stale did for one set and instrument.';
comment on column feature.computation.feature_set is 'Name of the set.';
comment on column feature.computation.version is 'Its version.';
comment on column feature.computation.instrument_id is 'Instrument.';
comment on column feature.computation.symbol is 'Its symbol.';
comment on column feature.computation.from_ts is 'First bar that was looked at; null for all from the first.';
comment on column feature.computation.to_ts is 'Last bar that was looked at; null for all to the last.';
comment on column feature.computation.rows_changed is 'Vectors that were added, replaced or removed; 0 where everything was there already.';

create type feature.known_vector as (
  instrument_id bigint,
  symbol text,
  decision_time timestamptz,
  feature_set text,
  version text,
  ts timestamptz,
  feature_names text[],
  values double precision[],
  revision integer,
  known_from timestamptz
);
comment on type feature.known_vector is 'A feature vector with its names, as known at a moment.';
comment on column feature.known_vector.instrument_id is 'Instrument.';
comment on column feature.known_vector.symbol is 'Its symbol.';
comment on column feature.known_vector.decision_time is 'The moment that was asked for.';
comment on column feature.known_vector.feature_set is 'Name of the set.';
comment on column feature.known_vector.version is 'Version of the set.';
comment on column feature.known_vector.ts is 'Start of the bar; null where no vector was known.';
comment on column feature.known_vector.feature_names is 'Names in the order of the values.';
comment on column feature.known_vector.values is 'Values; null during warm-up.';
comment on column feature.known_vector.revision is 'Revision of the values that was known at that moment.';
comment on column feature.known_vector.known_from is 'From when it could be known.';

create type feature.version_difference as (
  feature_name text,
  bars bigint,
  differing bigint,
  first_ts timestamptz,
  largest_absolute double precision,
  largest_relative double precision
);
comment on type feature.version_difference is 'How far the values of a feature differ between two versions of its set.';
comment on column feature.version_difference.feature_name is 'Name of the feature.';
comment on column feature.version_difference.bars is 'Bars that both versions have values for, over all instruments.';
comment on column feature.version_difference.differing is 'Bars whose values differ, among them those where one is null.';
comment on column feature.version_difference.first_ts is 'First bar that differs; null where none does.';
comment on column feature.version_difference.largest_absolute is 'Largest absolute difference.';
comment on column feature.version_difference.largest_relative is 'Largest difference relative to the value of the first version.';

--! split: 170-lineage.sql
create table lineage.data_lineage (
  data_lineage_id bigint generated always as identity primary key,
  run_id bigint not null references pipeline.pipeline_run,
  source_relation text not null,
  source_id bigint,
  source_instrument_id bigint references market.instrument,
  source_from timestamptz,
  source_to timestamptz,
  target_relation text not null,
  target_id bigint,
  target_instrument_id bigint references market.instrument,
  target_from timestamptz,
  target_to timestamptz,
  row_count bigint not null,
  operation text not null,
  transformation text not null,
  transformation_version text,
  recorded_at timestamptz not null default now(),
  constraint data_lineage_row_count_check check (row_count > 0),
  constraint data_lineage_operation_check check (operation in ('insert', 'update', 'delete')),
  constraint data_lineage_source_check check (source_id is not null or source_instrument_id is not null),
  constraint data_lineage_target_check check (target_id is not null or target_instrument_id is not null)
);
create index data_lineage_run_id_idx on lineage.data_lineage (run_id);
create index data_lineage_target_idx on lineage.data_lineage (target_relation, target_instrument_id, target_id);
create index data_lineage_source_idx on lineage.data_lineage (source_relation, source_instrument_id, source_id);
create index data_lineage_source_instrument_id_idx on lineage.data_lineage (source_instrument_id);
create index data_lineage_target_instrument_id_idx on lineage.data_lineage (target_instrument_id);
comment on table lineage.data_lineage is 'Which rows were made from which, one edge per run, source and target. Append-only; written by triggers.';
comment on column lineage.data_lineage.data_lineage_id is 'Identity.';
comment on column lineage.data_lineage.run_id is 'Run that made the target rows.';
comment on column lineage.data_lineage.source_relation is 'Table of the source rows, such as ingest.raw_response.';
comment on column lineage.data_lineage.source_id is 'Identity of the source row, where its table has one.';
comment on column lineage.data_lineage.source_instrument_id is 'Instrument of the source rows, where they are facts.';
comment on column lineage.data_lineage.source_from is 'First time of the source rows.';
comment on column lineage.data_lineage.source_to is 'Last time of the source rows.';
comment on column lineage.data_lineage.target_relation is 'Table of the rows that were made.';
comment on column lineage.data_lineage.target_id is 'Identity of the row that was made, where its table has one.';
comment on column lineage.data_lineage.target_instrument_id is 'Instrument of the rows that were made, where they are facts.';
comment on column lineage.data_lineage.target_from is 'First time of the rows that were made.';
comment on column lineage.data_lineage.target_to is 'Last time of the rows that were made.';
comment on column lineage.data_lineage.row_count is 'How many rows were made.';
comment on column lineage.data_lineage.operation is 'insert, update or delete.';
comment on column lineage.data_lineage.transformation is 'Function that made them.';
comment on column lineage.data_lineage.transformation_version is 'Version of that function: a hash of its definition, or the version of the feature set.';
comment on column lineage.data_lineage.recorded_at is 'When it was recorded.';

create type lineage.trace_step as (
  position integer,
  depth integer,
  relation text,
  id bigint,
  symbol text,
  from_ts timestamptz,
  to_ts timestamptz,
  row_count bigint,
  version text,
  transformation text,
  run_id bigint,
  recorded_at timestamptz,
  sha256 text,
  url text
);
comment on type lineage.trace_step is 'One station on the way from a row back to what was fetched.';
comment on column lineage.trace_step.position is 'Order of reading, from 1; a station is followed by its sources.';
comment on column lineage.trace_step.depth is 'Distance from the row that is traced, which has 0.';
comment on column lineage.trace_step.relation is 'Table of the rows of this station.';
comment on column lineage.trace_step.id is 'Identity of the row, where its table has one.';
comment on column lineage.trace_step.symbol is 'Instrument, where the rows are facts.';
comment on column lineage.trace_step.from_ts is 'First time of the rows.';
comment on column lineage.trace_step.to_ts is 'Last time of the rows.';
comment on column lineage.trace_step.row_count is 'How many rows of the station were used.';
comment on column lineage.trace_step.version is 'Version of the rows: of the feature set, the model''s code or the normaliser.';
comment on column lineage.trace_step.transformation is 'Function that made the rows.';
comment on column lineage.trace_step.run_id is 'Run that made the rows.';
comment on column lineage.trace_step.recorded_at is 'When the last of them was stored.';
comment on column lineage.trace_step.sha256 is 'sha256 of the body for a station in ingest.raw_response, of the training rows for one in ml.training_set.';
comment on column lineage.trace_step.url is 'Address of the body.';

create type lineage.node as (
  relation text,
  id bigint,
  instrument_id bigint,
  feature_set_version_id bigint,
  raw_response_id bigint,
  from_ts timestamptz,
  to_ts timestamptz,
  row_count bigint,
  version text,
  transformation text,
  run_id bigint,
  recorded_at timestamptz,
  sha256 text,
  url text
);
comment on type lineage.node is 'Rows of one table as the functions lineage.sources_* hand them on: enough to find what they were made from. lineage.trace_step is the form for readers.';
comment on column lineage.node.relation is 'Table.';
comment on column lineage.node.id is 'Identity of the row, where its table has one.';
comment on column lineage.node.instrument_id is 'Instrument, where the rows are facts.';
comment on column lineage.node.feature_set_version_id is 'Version of the feature set, for feature vectors.';
comment on column lineage.node.raw_response_id is 'Body from which the rows were read, for rows of the market.';
comment on column lineage.node.from_ts is 'First time of the rows.';
comment on column lineage.node.to_ts is 'Last time of the rows.';
comment on column lineage.node.row_count is 'How many rows.';
comment on column lineage.node.version is 'Version of the rows, in words.';
comment on column lineage.node.transformation is 'Function that made the rows.';
comment on column lineage.node.run_id is 'Run that made the rows.';
comment on column lineage.node.recorded_at is 'When the last of them was stored; sources are taken as they were stored then.';
comment on column lineage.node.sha256 is 'sha256 of the body or of the training rows.';
comment on column lineage.node.url is 'Address of the body.';

--! split: 180-portfolio.sql
create table portfolio.portfolio (
  portfolio_id bigint generated always as identity primary key,
  name text not null unique,
  base_currency text not null default 'USD',
  initial_cash numeric not null default 0,
  inception_date date not null,
  created_at timestamptz not null default now(),
  constraint portfolio_base_currency_check check (base_currency ~ '^[A-Z]{3}$'),
  constraint portfolio_initial_cash_check check (initial_cash >= 0)
);
comment on table portfolio.portfolio is 'Portfolios.';
comment on column portfolio.portfolio.portfolio_id is 'Identity.';
comment on column portfolio.portfolio.name is 'Name.';
comment on column portfolio.portfolio.base_currency is 'Currency in which it is valued, ISO 4217.';
comment on column portfolio.portfolio.initial_cash is 'Cash at inception, in the base currency.';
comment on column portfolio.portfolio.inception_date is 'First day.';
comment on column portfolio.portfolio.created_at is 'When it was created.';

create table portfolio.trade (
  instrument_id bigint not null references market.instrument,
  trade_id uuid not null default gen_random_uuid(),
  portfolio_id bigint not null references portfolio.portfolio,
  traded_at timestamptz not null,
  session_date date not null,
  side text not null,
  quantity numeric not null,
  price numeric not null,
  fee numeric not null default 0,
  currency text not null default 'USD',
  external_id text not null,
  recorded_at timestamptz not null default now(),
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, trade_id),
  unique (instrument_id, portfolio_id, external_id),
  constraint trade_side_check check (side in ('buy', 'sell')),
  constraint trade_quantity_check check (quantity > 0),
  constraint trade_price_check check (price > 0),
  constraint trade_fee_check check (fee >= 0),
  constraint trade_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index trade_portfolio_id_idx on portfolio.trade (portfolio_id, session_date);
create index trade_raw_response_id_idx on portfolio.trade (raw_response_id);
create index trade_run_id_idx on portfolio.trade (run_id);
comment on table portfolio.trade is 'Executed trades. Append-only: a correction is a reversing trade.';
comment on column portfolio.trade.instrument_id is 'Instrument.';
comment on column portfolio.trade.trade_id is 'Identity.';
comment on column portfolio.trade.portfolio_id is 'Portfolio.';
comment on column portfolio.trade.traded_at is 'When it was executed.';
comment on column portfolio.trade.session_date is 'Session in which it was executed.';
comment on column portfolio.trade.side is 'buy or sell.';
comment on column portfolio.trade.quantity is 'Units, positive.';
comment on column portfolio.trade.price is 'Price per unit, in currency.';
comment on column portfolio.trade.fee is 'Costs, in currency.';
comment on column portfolio.trade.currency is 'Currency of price and fee, ISO 4217.';
comment on column portfolio.trade.external_id is 'Identity in the system that sent it; the same one twice is one trade.';
comment on column portfolio.trade.recorded_at is 'When marketbase stored it.';
comment on column portfolio.trade.raw_response_id is 'The body from which it was read.';
comment on column portfolio.trade.run_id is 'Run that stored it.';

create type portfolio.position_state as (
  quantity numeric,
  average_cost numeric,
  realised_pnl numeric
);
comment on type portfolio.position_state is 'A position after a trade.';
comment on column portfolio.position_state.quantity is 'Units held, negative when short.';
comment on column portfolio.position_state.average_cost is 'Average cost per unit of what is held; 0 when nothing is.';
comment on column portfolio.position_state.realised_pnl is 'Profit realised so far, after fees.';

create type portfolio.valuation as (
  session_date date,
  cash numeric,
  market_value numeric,
  net_asset_value numeric
);
comment on type portfolio.valuation is 'What a portfolio is worth at the close of a session.';
comment on column portfolio.valuation.session_date is 'Session.';
comment on column portfolio.valuation.cash is 'Cash after the trades of the session.';
comment on column portfolio.valuation.market_value is 'Value of the positions.';
comment on column portfolio.valuation.net_asset_value is 'cash + market_value.';

create type portfolio.dated_price as (
  instrument_id bigint,
  session_date date,
  price double precision
);
comment on type portfolio.dated_price is 'A price from which returns are made.';
comment on column portfolio.dated_price.instrument_id is 'Instrument.';
comment on column portfolio.dated_price.session_date is 'Session.';
comment on column portfolio.dated_price.price is 'Price at its close.';

create table portfolio.portfolio_position (
  instrument_id bigint not null references market.instrument,
  portfolio_id bigint not null references portfolio.portfolio,
  session_date date not null,
  quantity numeric not null,
  average_cost numeric not null,
  price double precision not null,
  market_value numeric not null,
  realised_pnl numeric not null,
  unrealised_pnl numeric not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, portfolio_id, session_date),
  constraint portfolio_position_average_cost_check check (average_cost >= 0)
);
create index portfolio_position_portfolio_id_idx on portfolio.portfolio_position (portfolio_id, session_date);
create index portfolio_position_run_id_idx on portfolio.portfolio_position (run_id);
comment on table portfolio.portfolio_position is 'Positions at the close of each session, folded from the trades.';
comment on column portfolio.portfolio_position.instrument_id is 'Instrument.';
comment on column portfolio.portfolio_position.portfolio_id is 'Portfolio.';
comment on column portfolio.portfolio_position.session_date is 'Session.';
comment on column portfolio.portfolio_position.quantity is 'Units held, negative when short.';
comment on column portfolio.portfolio_position.average_cost is 'Average cost per unit of what is held; 0 when nothing is.';
comment on column portfolio.portfolio_position.price is 'Close of the session, or the last close before it.';
comment on column portfolio.portfolio_position.market_value is 'quantity times price.';
comment on column portfolio.portfolio_position.realised_pnl is 'Profit realised since inception, after fees.';
comment on column portfolio.portfolio_position.unrealised_pnl is 'Profit of what is held, against its average cost.';
comment on column portfolio.portfolio_position.recorded_at is 'When it was computed.';
comment on column portfolio.portfolio_position.run_id is 'Run that computed it.';

create table portfolio.performance_metric (
  portfolio_id bigint not null references portfolio.portfolio,
  session_date date not null,
  metric text not null,
  value double precision,
  observation_count integer not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (portfolio_id, session_date, metric),
  constraint performance_metric_observation_count_check check (observation_count >= 0)
);
create index performance_metric_run_id_idx on portfolio.performance_metric (run_id);
comment on table portfolio.performance_metric is 'Performance of a portfolio by session, one metric per row.';
comment on column portfolio.performance_metric.portfolio_id is 'Portfolio.';
comment on column portfolio.performance_metric.session_date is 'Session up to which it counts.';
comment on column portfolio.performance_metric.metric is 'Name of the metric, such as net_asset_value, daily_return, sharpe_ratio or max_drawdown; the list is portfolio.metric_definition.';
comment on column portfolio.performance_metric.value is 'Value; null where it is not defined, such as a ratio at zero variance.';
comment on column portfolio.performance_metric.observation_count is 'Daily returns on which it rests.';
comment on column portfolio.performance_metric.recorded_at is 'When it was computed.';
comment on column portfolio.performance_metric.run_id is 'Run that computed it.';

create table portfolio.portfolio_optimization (
  portfolio_optimization_id bigint generated always as identity primary key,
  method text not null,
  instrument_ids bigint[] not null,
  weights double precision[] not null,
  expected_volatility double precision not null,
  from_date date not null,
  to_date date not null,
  observation_count integer not null,
  parameters jsonb not null default '{}',
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  constraint portfolio_optimization_method_check check (method in ('equal_weight', 'min_variance')),
  constraint portfolio_optimization_shape_check check (cardinality(weights) = cardinality(instrument_ids) and cardinality(weights) > 0),
  constraint portfolio_optimization_dates_check check (to_date >= from_date),
  constraint portfolio_optimization_parameters_check check (jsonb_typeof(parameters) = 'object')
);
create index portfolio_optimization_run_id_idx on portfolio.portfolio_optimization (run_id);
comment on table portfolio.portfolio_optimization is 'Weights that an optimiser gave for a list of instruments over a window of returns. Append-only.';
comment on column portfolio.portfolio_optimization.portfolio_optimization_id is 'Identity.';
comment on column portfolio.portfolio_optimization.method is 'equal_weight or min_variance.';
comment on column portfolio.portfolio_optimization.instrument_ids is 'Instruments.';
comment on column portfolio.portfolio_optimization.weights is 'Weights in the order of instrument_ids; they add up to 1.';
comment on column portfolio.portfolio_optimization.expected_volatility is 'Standard deviation of the weighted daily return in the window, annualised by the square root of 252.';
comment on column portfolio.portfolio_optimization.from_date is 'First session of the window.';
comment on column portfolio.portfolio_optimization.to_date is 'Last session of the window.';
comment on column portfolio.portfolio_optimization.observation_count is 'Daily returns in the window.';
comment on column portfolio.portfolio_optimization.parameters is 'Bounds and other parameters, a JSON object.';
comment on column portfolio.portfolio_optimization.recorded_at is 'When it was computed.';
comment on column portfolio.portfolio_optimization.run_id is 'Run that computed it.';

create table risk.var_calculation (
  var_calculation_id bigint generated always as identity primary key,
  portfolio_id bigint not null references portfolio.portfolio,
  session_date date not null,
  method text not null,
  confidence double precision not null,
  horizon_days integer not null,
  window_days integer not null,
  observation_count integer not null,
  value_at_risk double precision not null,
  expected_shortfall double precision not null,
  portfolio_value numeric not null,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  unique (portfolio_id, session_date, method, confidence, horizon_days, window_days),
  constraint var_calculation_method_check check (method in ('historical')),
  constraint var_calculation_confidence_check check (confidence > 0 and confidence < 1),
  constraint var_calculation_horizon_days_check check (horizon_days > 0),
  constraint var_calculation_window_days_check check (window_days > 1),
  constraint var_calculation_order_check check (expected_shortfall >= value_at_risk)
);
create index var_calculation_run_id_idx on risk.var_calculation (run_id);
comment on table risk.var_calculation is 'Value at risk and expected shortfall of a portfolio, as positive fractions of its value.';
comment on column risk.var_calculation.var_calculation_id is 'Identity.';
comment on column risk.var_calculation.portfolio_id is 'Portfolio.';
comment on column risk.var_calculation.session_date is 'Session at whose close it was computed.';
comment on column risk.var_calculation.method is 'historical.';
comment on column risk.var_calculation.confidence is 'Confidence level, such as 0.99.';
comment on column risk.var_calculation.horizon_days is 'Horizon in sessions.';
comment on column risk.var_calculation.window_days is 'Sessions in the window that was asked for.';
comment on column risk.var_calculation.observation_count is 'Returns that were there.';
comment on column risk.var_calculation.value_at_risk is 'Loss that is exceeded with probability 1 - confidence, as a fraction of the value; negative when even that quantile is a gain.';
comment on column risk.var_calculation.expected_shortfall is 'Mean loss at or beyond value_at_risk, as a fraction of the value.';
comment on column risk.var_calculation.portfolio_value is 'Value of the portfolio at that close, in its base currency.';
comment on column risk.var_calculation.recorded_at is 'When it was computed.';
comment on column risk.var_calculation.run_id is 'Run that computed it.';

--! split: 190-ml.sql
create table ml.model (
  model_id bigint generated always as identity primary key,
  name text not null unique,
  algorithm text not null,
  feature_set_id bigint not null references feature.feature_set,
  label text not null,
  parameters jsonb not null,
  description text not null,
  created_at timestamptz not null default now(),
  constraint model_name_check check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint model_algorithm_check check (algorithm in ('ridge')),
  constraint model_label_check check (label in ('next_return')),
  constraint model_parameters_check check (jsonb_typeof(parameters) = 'object')
);
create index model_feature_set_id_idx on ml.model (feature_set_id);
comment on table ml.model is 'Models: an algorithm, a feature set, a label and parameters.';
comment on column ml.model.model_id is 'Identity.';
comment on column ml.model.name is 'Name.';
comment on column ml.model.algorithm is 'ridge.';
comment on column ml.model.feature_set_id is 'Feature set on which it is trained.';
comment on column ml.model.label is 'What it predicts: next_return, the return from the close of the decision''s session to the next close.';
comment on column ml.model.parameters is 'Parameters, a JSON object, such as {"lambda": 1, "folds": 5}.';
comment on column ml.model.description is 'What it is for.';
comment on column ml.model.created_at is 'When it was defined.';

create type ml.labelled_bar as (
  instrument_id bigint,
  ts timestamptz,
  decision_time timestamptz,
  label double precision,
  label_end timestamptz,
  label_known_from timestamptz
);
comment on type ml.labelled_bar is 'A bar with the return to the next bar.';
comment on column ml.labelled_bar.instrument_id is 'Instrument.';
comment on column ml.labelled_bar.ts is 'Start of the bar.';
comment on column ml.labelled_bar.decision_time is 'When the bar could first be known: for a daily bar the close of its session.';
comment on column ml.labelled_bar.label is 'close of the next bar / close - 1; null where there is no next bar.';
comment on column ml.labelled_bar.label_end is 'Decision time of the next bar: when the return was complete.';
comment on column ml.labelled_bar.label_known_from is 'From when this value of the label could be known; later than label_end where a close was corrected.';

create type ml.training_row as (
  instrument_id bigint,
  ts timestamptz,
  decision_time timestamptz,
  feature_revision integer,
  features double precision[],
  label double precision,
  label_end timestamptz,
  label_known_from timestamptz
);
comment on type ml.training_row is 'A bar with the features that were known at its decision time and its label.';
comment on column ml.training_row.instrument_id is 'Instrument.';
comment on column ml.training_row.ts is 'Start of the bar.';
comment on column ml.training_row.decision_time is 'When the bar could first be known: for a daily bar the close of its session.';
comment on column ml.training_row.feature_revision is 'Revision of the feature vector that was known then; null where none was.';
comment on column ml.training_row.features is 'Its values, in the order of feature_set_version.feature_names; null where no vector was known.';
comment on column ml.training_row.label is 'The label; null where it is not known yet.';
comment on column ml.training_row.label_end is 'When the period of the label was over.';
comment on column ml.training_row.label_known_from is 'From when this value of the label could be known.';

create type ml.ridge_fit as (
  row_count bigint,
  feature_means double precision[],
  feature_scales double precision[],
  coefficients double precision[],
  intercept double precision
);
comment on type ml.ridge_fit is 'What a ridge regression found: prediction = intercept + sum of coefficient * (feature - mean) / scale.';
comment on column ml.ridge_fit.row_count is 'Rows on which it was fitted.';
comment on column ml.ridge_fit.feature_means is 'Means of the features.';
comment on column ml.ridge_fit.feature_scales is 'Population standard deviations of the features; 1 for a feature that does not vary.';
comment on column ml.ridge_fit.coefficients is 'Coefficients of the standardised features; 0 for a feature that does not vary.';
comment on column ml.ridge_fit.intercept is 'Intercept: the mean of the labels.';

create table ml.training_set (
  training_set_id bigint generated always as identity primary key,
  feature_set_version_id bigint not null references feature.feature_set_version,
  label text not null,
  instrument_ids bigint[] not null,
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  known_at timestamptz not null,
  row_count bigint not null,
  left_out jsonb not null default '{}',
  data_hash text not null unique,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  constraint training_set_row_count_check check (row_count > 0),
  constraint training_set_left_out_check check (jsonb_typeof(left_out) = 'object'),
  constraint training_set_data_hash_check check (data_hash ~ '^[0-9a-f]{64}$')
);
create index training_set_feature_set_version_id_idx on ml.training_set (feature_set_version_id);
create index training_set_run_id_idx on ml.training_set (run_id);
comment on table ml.training_set is 'What a training set is made of, and the hash of its rows. Append-only; the same rows are one training set.';
comment on column ml.training_set.training_set_id is 'Identity.';
comment on column ml.training_set.feature_set_version_id is 'Version of the feature set.';
comment on column ml.training_set.label is 'Label.';
comment on column ml.training_set.instrument_ids is 'Instruments.';
comment on column ml.training_set.from_ts is 'First bar.';
comment on column ml.training_set.to_ts is 'Last bar.';
comment on column ml.training_set.known_at is 'Moment of recording as of which features and labels were read: the latest recorded_at among them.';
comment on column ml.training_set.row_count is 'Rows.';
comment on column ml.training_set.left_out is 'Bars of the instruments that are no rows, counted by reason, a JSON object: no_vector (none known at the decision), missing_feature, no_label (no next bar yet).';
comment on column ml.training_set.data_hash is 'sha256 over the version of the feature set and the rows in order, hex; see ml.hash_training_rows.';
comment on column ml.training_set.recorded_at is 'When it was made.';
comment on column ml.training_set.run_id is 'Run that made it.';

create table ml.model_training_run (
  model_training_run_id bigint generated always as identity primary key,
  model_id bigint not null references ml.model,
  training_set_id bigint not null references ml.training_set,
  parameters jsonb not null,
  metrics_in_sample jsonb not null,
  metrics_out_of_sample jsonb not null,
  folds jsonb not null,
  feature_names text[] not null,
  feature_means double precision[] not null,
  feature_scales double precision[] not null,
  coefficients double precision[] not null,
  intercept double precision not null,
  trained_from timestamptz not null,
  trained_to timestamptz not null,
  out_of_sample_from timestamptz not null,
  data_hash text not null,
  code_version text not null,
  is_current boolean not null default true,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  run_id bigint not null references pipeline.pipeline_run,
  unique (model_id, training_set_id, parameters, code_version),
  constraint model_training_run_shape_check check (
    cardinality(coefficients) = cardinality(feature_names)
    and cardinality(feature_means) = cardinality(feature_names)
    and cardinality(feature_scales) = cardinality(feature_names)
  ),
  constraint model_training_run_data_hash_check check (data_hash ~ '^[0-9a-f]{64}$'),
  constraint model_training_run_parameters_check check (jsonb_typeof(parameters) = 'object'),
  constraint model_training_run_metrics_check check (jsonb_typeof(metrics_in_sample) = 'object' and jsonb_typeof(metrics_out_of_sample) = 'object'),
  constraint model_training_run_folds_check check (jsonb_typeof(folds) = 'array'),
  constraint model_training_run_order_check check (finished_at >= started_at),
  constraint model_training_run_sample_check check (trained_from <= trained_to and trained_to < out_of_sample_from)
);
create unique index model_training_run_current_idx on ml.model_training_run (model_id) where is_current;
create index model_training_run_training_set_id_idx on ml.model_training_run (training_set_id);
create index model_training_run_run_id_idx on ml.model_training_run (run_id);
comment on table ml.model_training_run is 'Trainings of a model: parameters, metrics in and out of sample, coefficients and the hash of the data.';
comment on column ml.model_training_run.model_training_run_id is 'Identity.';
comment on column ml.model_training_run.model_id is 'Model.';
comment on column ml.model_training_run.training_set_id is 'Training set.';
comment on column ml.model_training_run.parameters is 'Parameters that were used, a JSON object.';
comment on column ml.model_training_run.metrics_in_sample is 'Metrics on the rows that gave the coefficients, a JSON object as ml.score makes it: rows, r2, rmse, information_coefficient, rank_information_coefficient, hit_rate.';
comment on column ml.model_training_run.metrics_out_of_sample is 'The same metrics on the test parts of the walk-forward folds taken together.';
comment on column ml.model_training_run.folds is 'The walk-forward folds: dates of training and test, rows and metrics of each, a JSON array.';
comment on column ml.model_training_run.feature_names is 'Features in the order of the coefficients.';
comment on column ml.model_training_run.feature_means is 'Means in the training rows, by which features were centred.';
comment on column ml.model_training_run.feature_scales is 'Standard deviations in the training rows, by which features were scaled.';
comment on column ml.model_training_run.coefficients is 'Coefficients of the standardised features, fitted on the rows before the last test window.';
comment on column ml.model_training_run.intercept is 'Intercept.';
comment on column ml.model_training_run.trained_from is 'First decision time among the rows that gave the coefficients.';
comment on column ml.model_training_run.trained_to is 'Last decision time among them.';
comment on column ml.model_training_run.out_of_sample_from is 'Decision time from which nothing was used for the coefficients: the start of the last test window.';
comment on column ml.model_training_run.data_hash is 'Hash of the training set, repeated here so that a run proves its data by itself.';
comment on column ml.model_training_run.code_version is 'Hash of the functions that trained it.';
comment on column ml.model_training_run.is_current is 'True for the training with which predictions are made now.';
comment on column ml.model_training_run.started_at is 'When training began.';
comment on column ml.model_training_run.finished_at is 'When training ended.';
comment on column ml.model_training_run.run_id is 'Run that trained it.';

create table ml.model_prediction (
  instrument_id bigint not null references market.instrument,
  model_prediction_id bigint generated always as identity,
  model_training_run_id bigint not null references ml.model_training_run,
  ts timestamptz not null,
  decision_time timestamptz not null,
  predicted double precision not null,
  is_out_of_sample boolean not null,
  feature_set_version_id bigint not null references feature.feature_set_version,
  feature_revision integer not null,
  outcome double precision,
  outcome_known_from timestamptz,
  outcome_run_id bigint references pipeline.pipeline_run,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, model_prediction_id),
  unique (instrument_id, model_training_run_id, ts),
  constraint model_prediction_outcome_check check ((outcome is null) = (outcome_known_from is null) and (outcome is null) = (outcome_run_id is null)),
  constraint model_prediction_outcome_time_check check (outcome_known_from > decision_time)
);
create unique index model_prediction_id_idx on ml.model_prediction (model_prediction_id);
create index model_prediction_model_training_run_id_idx on ml.model_prediction (model_training_run_id);
create index model_prediction_feature_set_version_id_idx on ml.model_prediction (feature_set_version_id);
create index model_prediction_outcome_run_id_idx on ml.model_prediction (outcome_run_id);
create index model_prediction_run_id_idx on ml.model_prediction (run_id);
comment on table ml.model_prediction is 'Predictions, with the outcome once it is known.';
comment on column ml.model_prediction.instrument_id is 'Instrument.';
comment on column ml.model_prediction.model_prediction_id is 'Identity.';
comment on column ml.model_prediction.model_training_run_id is 'Training whose coefficients were used.';
comment on column ml.model_prediction.ts is 'Bar at whose close the prediction counts.';
comment on column ml.model_prediction.decision_time is 'Moment of the decision; nothing known later was used.';
comment on column ml.model_prediction.predicted is 'Predicted value of the model''s label.';
comment on column ml.model_prediction.is_out_of_sample is 'True where the decision lies at or after out_of_sample_from of the training.';
comment on column ml.model_prediction.feature_set_version_id is 'Version of the feature set.';
comment on column ml.model_prediction.feature_revision is 'Revision of the feature vector that was used.';
comment on column ml.model_prediction.outcome is 'Realised value of the label; null until it is known. It follows corrections of the bars; the prediction never changes.';
comment on column ml.model_prediction.outcome_known_from is 'From when this value of the outcome could be known.';
comment on column ml.model_prediction.outcome_run_id is 'Run that joined the outcome.';
comment on column ml.model_prediction.recorded_at is 'When the prediction was stored.';
comment on column ml.model_prediction.run_id is 'Run that made the prediction.';

--! split: 200-search.sql
create table search.document (
  document_id bigint generated always as identity primary key,
  instrument_id bigint references market.instrument,
  title text not null,
  body text not null,
  language regconfig not null default 'pg_catalog.english',
  source_url text,
  published_at timestamptz not null,
  known_from timestamptz not null,
  sha256 text not null unique,
  -- Some signs become blanks first: the parser would read Pro™ and Company’s as words of their own, and currency-denominated as one that no phrase finds.
  words tsvector not null generated always as (
    setweight(to_tsvector(language, translate(
      title, U&'\2019\2018\2122\00AE\00A9\2120\201C\201D\201E\00AB\00BB\2013\2014\2015\2026\2022\00B7\00A0-', '''''                 '
    )), 'A')
    || setweight(to_tsvector(language, translate(
      body, U&'\2019\2018\2122\00AE\00A9\2120\201C\201D\201E\00AB\00BB\2013\2014\2015\2026\2022\00B7\00A0-', '''''                 '
    )), 'B')
  ) stored,
  recorded_at timestamptz not null default now(),
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  constraint document_title_check check (title <> ''),
  constraint document_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint document_known_check check (known_from >= published_at)
);
create index document_words_idx on search.document using gin (words);
create index document_instrument_id_idx on search.document (instrument_id);
create index document_raw_response_id_idx on search.document (raw_response_id);
create index document_run_id_idx on search.document (run_id);
comment on table search.document is 'Texts about instruments: filings, news, notes. Append-only; the same text is one document.';
comment on column search.document.document_id is 'Identity.';
comment on column search.document.instrument_id is 'Instrument that it is about; null where none.';
comment on column search.document.title is 'Title.';
comment on column search.document.body is 'Text.';
comment on column search.document.language is 'Text search configuration, such as pg_catalog.english.';
comment on column search.document.source_url is 'Where it was published; null where unknown.';
comment on column search.document.published_at is 'When it was published.';
comment on column search.document.known_from is 'From when it could be known.';
comment on column search.document.sha256 is 'sha256 of title, newline and text, hex.';
comment on column search.document.words is 'The words for full-text search, the title weighted above the text.';
comment on column search.document.recorded_at is 'When marketbase stored it.';
comment on column search.document.raw_response_id is 'The body from which it was read.';
comment on column search.document.run_id is 'Run that stored it.';

create table search.document_embedding (
  document_id bigint not null references search.document,
  model text not null,
  passage_no integer not null default 0,
  embedding real[] not null,
  dimensions integer not null generated always as (cardinality(embedding)) stored,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (document_id, model, passage_no),
  constraint document_embedding_passage_no_check check (passage_no >= 0),
  constraint document_embedding_embedding_check check (cardinality(embedding) > 0 and array_position(embedding, null) is null)
);
create index document_embedding_run_id_idx on search.document_embedding (run_id);
comment on table search.document_embedding is 'Embeddings of documents, by the model that made them. Append-only.';
comment on column search.document_embedding.document_id is 'Document.';
comment on column search.document_embedding.model is 'Model that made the embedding, such as text-embedding-ada-002.';
comment on column search.document_embedding.passage_no is 'Passage of the document, from 0; 0 for a document embedded whole.';
comment on column search.document_embedding.embedding is 'The embedding.';
comment on column search.document_embedding.dimensions is 'Its number of dimensions.';
comment on column search.document_embedding.recorded_at is 'When it was stored.';
comment on column search.document_embedding.run_id is 'Run that stored it.';

create type search.document_match as (
  document_id bigint,
  symbol text,
  title text,
  headline text,
  rank double precision,
  published_at timestamptz,
  known_from timestamptz,
  source_url text
);
comment on type search.document_match is 'A document that a search found.';
comment on column search.document_match.document_id is 'Document.';
comment on column search.document_match.symbol is 'Symbol of the instrument that it is about; null where none.';
comment on column search.document_match.title is 'Title.';
comment on column search.document_match.headline is 'The passages with the words, which stand between two asterisks.';
comment on column search.document_match.rank is 'How well it fits; only the order within one search has a meaning.';
comment on column search.document_match.published_at is 'When it was published.';
comment on column search.document_match.known_from is 'From when it could be known.';
comment on column search.document_match.source_url is 'Where it was published; null where unknown.';

create type search.nearest_document as (
  document_id bigint,
  passage_no integer,
  symbol text,
  title text,
  similarity double precision,
  published_at timestamptz,
  known_from timestamptz,
  source_url text
);
comment on type search.nearest_document is 'A passage of a document near to an embedding.';
comment on column search.nearest_document.document_id is 'Document.';
comment on column search.nearest_document.passage_no is 'Passage of the document, from 0.';
comment on column search.nearest_document.symbol is 'Symbol of the instrument that it is about; null where none.';
comment on column search.nearest_document.title is 'Title.';
comment on column search.nearest_document.similarity is 'Cosine of the angle between the embeddings, from -1 to 1.';
comment on column search.nearest_document.published_at is 'When it was published.';
comment on column search.nearest_document.known_from is 'From when it could be known.';
comment on column search.nearest_document.source_url is 'Where it was published; null where unknown.';

--! split: 900-functions.sql
-- Made by `marketbase db include` from 8b1702e1fdcf717c: the changed files of sql-functions, each after what it needs.
--! Included feature/compiler/compile_list.sql
-- Writes the entries of a plan's list that belong to a level.
create or replace function feature.compile_list(p_list jsonb, p_level integer, p_format text) returns text
language sql immutable parallel safe
begin atomic
  select coalesce(string_agg(format(p_format, entry.key, entry.value ->> 'alias'), '' order by (entry.value ->> 'position')::integer), '')
  from jsonb_each(p_list) as entry
  where (entry.value ->> 'level')::integer = p_level;
end;

comment on function feature.compile_list(jsonb, integer, text) is
'One text of the entries of p_list (arguments or kernels of a plan) at p_level, each written by p_format with its SQL as %1$s and its name as %2$s; empty for none.';

revoke all on function feature.compile_list(jsonb, integer, text) from public;
--! EndIncluded feature/compiler/compile_list.sql
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
  columns constant text[] := array(
    select part.name
    from unnest('{open,high,low,close,volume}'::text[]) with ordinality as part (name, position)
    where p_plan -> 'columns' ? part.name
    order by part.position
  );
  column_names constant text := coalesce((select string_agg(', ' || name, '') from unnest(columns) as name), '');
  column_arrays constant text := coalesce((select string_agg(format(E',\n    array_agg(%1$s order by ts) as %1$s', name), '') from unnest(columns) as name), '');
  -- Columns that only kernels need do not become rows again.
  row_expressions constant text := array_to_string(p_outputs || array(select jsonb_object_keys(arguments)), E'\n');
  column_rows constant text := coalesce(
    (select string_agg(format(', unnest(%1$s) as %1$s', name), '') from unnest(columns) as name where row_expressions ~ format('\m%s\M', name)), ''
  );
  computed constant text := E',\n    %1$s as %2$s';
  kernel_rows text := '';
  stages text[];
begin
  stages := array[format(
    E'bar as (\n  select ts, known_from%s%s\n  from feature.known_bars($1, %L, $2, $3)\n)',
    column_names, feature.compile_list(arguments, 0, computed), p_bar_interval
  )];

  for level in 1 .. p_levels loop
    if level = 1 then
      stages := stages || array[
        format(
          E'series as (\n  select\n    array_agg(ts order by ts) as ts,\n    array_agg(known_from order by ts) as known_from%s%s\n  from bar\n)',
          column_arrays, feature.compile_list(arguments, 0, E',\n    array_agg(%2$s order by ts) as %2$s')
        ),
        format(
          E'kernel_1 as materialized (\n  select\n    ts, feature.latest_known(known_from, %s) as known_from%s%s%s\n  from series\n)',
          coalesce(p_lookback::text, 'null'), column_names, feature.compile_list(arguments, 0, ', %2$s'), feature.compile_list(kernels, 1, computed)
        )
      ];
    elsif feature.compile_list(arguments, level - 1, '%2$s') = '' then
      stages := stages || format(
        E'kernel_%1$s as materialized (\n  select\n    kernel_%2$s.*%3$s\n  from kernel_%2$s\n)',
        level, level - 1, feature.compile_list(kernels, level, computed)
      );
    else
      -- Arithmetic between kernels is done on rows.
      stages := stages || array[
        format(E'row_%1$s as (\n  select\n    unnest(ts) as ts%2$s%3$s\n  from kernel_%1$s\n)', level - 1, column_rows, kernel_rows),
        format(
          E'series_%1$s as (\n  select\n    %2$s\n  from row_%1$s\n)',
          level - 1, ltrim(feature.compile_list(arguments, level - 1, E',\n    array_agg(%1$s order by ts) as %2$s'), E',\n ')
        ),
        format(
          E'kernel_%1$s as materialized (\n  select\n    kernel_%2$s.*, series_%2$s.*%3$s\n  from kernel_%2$s\n  cross join series_%2$s\n)',
          level, level - 1, feature.compile_list(kernels, level, computed)
        )
      ];
    end if;
    kernel_rows := kernel_rows || feature.compile_list(kernels, level, E',\n    unnest(%2$s) as %2$s');
  end loop;

  if p_levels > 0 then
    stages := stages || format(
      E'value_row as (\n  select\n    unnest(ts) as ts, unnest(known_from) as known_from%s%s\n  from kernel_%s\n)', column_rows, kernel_rows, p_levels
    );
  end if;

  return format(
    E'with %s\nselect ts, known_from, array[\n    %s\n  ]::double precision[] as values\nfrom %s',
    array_to_string(stages, ', '), array_to_string(p_outputs, E'\n    '), case when p_levels > 0 then 'value_row' else 'bar' end
  );
end
$$;

comment on function feature.compile_query(jsonb, text[], integer, integer, text) is
'The query of a set, with the parameters $1 instrument_id, $2 and $3 the first and last bar to read (null: no limit); it gives ts, known_from and values.
p_plan: from feature.plan_expression. p_outputs: SQL of the features over rows. p_levels: how often kernels depend on kernels, 0 for none.
p_lookback: in bars, null for unbounded. p_bar_interval: length of the bars.';

revoke all on function feature.compile_query(jsonb, text[], integer, integer, text) from public;
--! EndIncluded feature/compiler/compile_query.sql
--! Included feature/compiler/compile_set.sql
-- Makes one readable query out of the definitions of a set.
create or replace function feature.compile_set(p_definitions feature.definition[], p_bar_interval text) returns feature.compiled_set
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  plan jsonb := '{
    "columns": {}, "arguments": {}, "kernels": {}, "used": {},
    "aliases": {"ts": true, "known_from": true, "values": true, "open": true, "high": true, "low": true, "close": true, "volume": true}
  }';
  definition feature.definition;
  tokens text[];
  parsed record;
  planned record;
  result feature.compiled_set;
  normal_forms text[] := '{}';
  outputs text[] := '{}';
  -- Names without underscores, as the API has them: those of the other columns of the view and of its relations.
  taken text[] := '{symbol,instrumentid,ts,sessiondate,barinterval,instrument,pricedata,id,nodeid,rowid,query}';
  levels integer := 0;
  lookback double precision := 0;
  error_code text;
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
    begin
      tokens := feature.expression_tokens(definition.expression);
      select * into parsed from feature.parse_expression(tokens, 1, 0);
      if parsed.next_position <= cardinality(tokens) then
        raise exception using
          errcode = 'MB001',
          message = format('The expression does not go on with %s.', tokens[parsed.next_position]),
          hint = format('It is the %s. word or sign of: %s', parsed.next_position, array_to_string(tokens, ' '));
      end if;
      perform feature.expect_number(parsed.node, 'a feature');
      if parsed.node::text !~ '"kind": "column"' then
        raise exception using errcode = 'MB001', message = 'The expression uses no column of a bar.', hint = 'Write something like ta.rsi(close, 14).';
      end if;
      select * into planned from feature.plan_expression(parsed.node, plan);
    exception
      when sqlstate 'MB001' or sqlstate 'MB003' then
        get stacked diagnostics error_code = returned_sqlstate, error_hint = pg_exception_hint;
        raise exception using
          errcode = error_code,
          message = format('Feature %s: %s', definition.name, sqlerrm),
          hint = error_hint;
    end;
    taken := taken || replace(definition.name, '_', '');
    plan := planned.plan;
    levels := greatest(levels, planned.level);
    lookback := greatest(lookback, planned.lookback);
    result.feature_names := result.feature_names || definition.name;
    normal_forms := normal_forms || array_to_string(tokens, ' ');
    outputs := outputs || format('%s%s -- %s', planned.sql, case when cardinality(outputs) + 1 < cardinality(p_definitions) then ',' else '' end, definition.name);
  end loop;

  result.lookback := nullif(lookback, 'infinity')::integer;
  result.kernels := feature.kernel_versions(array(select jsonb_object_keys(plan -> 'used')));
  result.version := left(encode(sha256(convert_to(
    jsonb_build_object('bar_interval', p_bar_interval, 'names', result.feature_names, 'expressions', normal_forms, 'kernels', result.kernels)::text, 'UTF8'
  )), 'hex'), 12);
  result.compiled_sql := feature.compile_query(plan, outputs, levels, result.lookback, p_bar_interval);
  return result;
end
$$;

comment on function feature.compile_set(feature.definition[], text) is
'Checks the definitions of a set and makes of them one query in stages: rows with the arguments of kernels, arrays with each distinct kernel call once, rows again with the arithmetic around them.
p_definitions: 1 to 500 features. p_bar_interval: length of the bars, such as 1d. Nothing is stored.
An expression is read into a tree of numbers, columns of a bar, ta kernels and a few functions, and the query is written from that tree, so it can compute and nothing else.
Errors, each with the name of the feature: MB001 for a syntax error, a result that is no number or a bad argument of a kernel, MB003 for an unknown column, function or kernel.';

revoke all on function feature.compile_set(feature.definition[], text) from public;
--! EndIncluded feature/compiler/compile_set.sql
--! Included feature/compiler/expect_condition.sql
-- Refuses a number where a condition belongs.
create or replace function feature.expect_condition(p_node jsonb, p_place text) returns void
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if not feature.is_condition(p_node) then
    raise exception using
      errcode = 'MB001',
      message = format('A number stands where %s needs a condition.', p_place),
      hint = 'Compare it with something, such as close > open.';
  end if;
end
$$;

comment on function feature.expect_condition(jsonb, text) is
'Returns nothing. p_node: tree of an expression. p_place: the word that uses it, for the message. Errors: MB001 when it is a number.';

revoke all on function feature.expect_condition(jsonb, text) from public;
--! EndIncluded feature/compiler/expect_condition.sql
--! Included feature/compiler/expect_number.sql
-- Refuses a condition where a number belongs.
create or replace function feature.expect_number(p_node jsonb, p_place text) returns void
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if feature.is_condition(p_node) then
    raise exception using
      errcode = 'MB001',
      message = format('A condition stands where %s needs a number.', p_place),
      hint = 'Turn it into a number: case when … then 1 else 0 end.';
  end if;
end
$$;

comment on function feature.expect_number(jsonb, text) is
'Returns nothing. p_node: tree of an expression. p_place: the word or sign that uses it, for the message. Errors: MB001 when it is a condition.';

revoke all on function feature.expect_number(jsonb, text) from public;
--! EndIncluded feature/compiler/expect_number.sql
--! Included feature/compiler/expect_token.sql
-- Steps over a token that must be there.
create or replace function feature.expect_token(p_tokens text[], p_position integer, p_token text) returns integer
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if p_tokens[p_position] is distinct from p_token then
    raise exception using
      errcode = 'MB001',
      message = case
        when p_position > cardinality(p_tokens) then format('The expression ends where %s is expected.', p_token)
        else format('%s is expected where %s stands.', p_token, p_tokens[p_position])
      end,
      hint = format('It is the %s. word or sign of: %s', p_position, array_to_string(p_tokens, ' '));
  end if;
  return p_position + 1;
end
$$;

comment on function feature.expect_token(text[], integer, text) is
'The position after the token p_token, which must stand at p_position of p_tokens. Errors: MB001 where another or none stands there.';

revoke all on function feature.expect_token(text[], integer, text) from public;
--! EndIncluded feature/compiler/expect_token.sql
--! Included feature/compiler/expression_tokens.sql
-- Cuts an expression into tokens and refuses every character that no expression needs.
create or replace function feature.expression_tokens(p_expression text) returns text[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Numbers, names, kernels and operators; there are no strings, quotes, casts, comments or semicolons.
  token_pattern constant text :=
    '^\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])|[a-z_]\w*(?:\.\w+)?|<=|>=|<>|[-+*/^(),<>=])';
  rest text := lower(p_expression);
  token text;
  tokens text[] := '{}';
  depth integer := 0;
begin
  if p_expression is null or p_expression ~ '^\s*$' then
    raise exception using errcode = 'MB001', message = 'The expression is empty.', hint = 'Write something like ta.rsi(close, 14).';
  end if;
  if length(p_expression) > 2000 then
    raise exception using
      errcode = 'MB001',
      message = format('The expression has %s characters; 2000 are the limit.', length(p_expression)),
      hint = 'Split it into several features.';
  end if;
  if p_expression ~ '--|/\*' then
    raise exception using errcode = 'MB001', message = 'An expression has no comments.', hint = 'Put the explanation into the description.';
  end if;
  while rest !~ '^\s*$' loop
    token := (regexp_match(rest, token_pattern))[1];
    if token is null then
      raise exception using
        errcode = 'MB001',
        message = format('%L cannot stand in an expression, at %L.', left(ltrim(rest, E' \t\r\n'), 1), left(ltrim(rest, E' \t\r\n'), 20)),
        hint = 'An expression has numbers, the columns of a bar, ta kernels, + - * / ^, comparisons, case and parentheses.';
    end if;
    rest := substr(rest, strpos(rest, token) + length(token));
    tokens := tokens || token;
    depth := depth + case when token in ('(', 'case') then 1 when token in (')', 'end') then -1 else 0 end;
    if depth > 30 or cardinality(tokens) > 400 then
      raise exception using
        errcode = 'MB001',
        message = 'The expression is too long: 400 words and signs and 30 levels of parentheses are the limit.',
        hint = 'Split it into several features.';
    end if;
  end loop;
  return tokens;
end
$$;

comment on function feature.expression_tokens(text) is
'Tokens of a feature expression in lower case, in order. p_expression: the text, at most 2,000 characters.
Errors: MB001 for NULL, an empty text, comments, quotes, semicolons and every other character that an expression does not need, and for more than 400 tokens or 30 levels of parentheses.';

revoke all on function feature.expression_tokens(text) from public;
--! EndIncluded feature/compiler/expression_tokens.sql
--! Included feature/compiler/fold_number.sql
-- Computes what has only numbers, so that 1 / 2 is 0.5 and 20 - 1 may be the period of a kernel.
create or replace function feature.fold_number(p_node jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  operator constant text := p_node ->> 'name';
  x constant double precision := p_node -> 'arguments' -> 0 ->> 'text';
  y constant double precision := p_node -> 'arguments' -> 1 ->> 'text';
begin
  if p_node ->> 'kind' <> 'operator' or x is null or y is null or feature.is_condition(p_node) then
    return p_node;
  end if;
  if (operator = '/' and y = 0)
    or (operator = '^' and (
      (x = 0 and y < 0) or (x < 0 and y <> floor(y)) or abs(y) > 1000 or (x <> 0 and abs(y * log(abs(x))) > 150)
    ))
  then
    raise exception using
      errcode = 'MB001',
      message = format('%s %s %s cannot be computed.', x, operator, y),
      hint = 'Correct the constant.';
  end if;
  return feature.number_node(case operator
    when '+' then x + y
    when '-' then x - y
    when '*' then x * y
    when '/' then x / y
    when '^' then x ^ y
  end);
end
$$;

comment on function feature.fold_number(jsonb) is
'The tree p_node, or a number in its place when it is an arithmetic operator between two numbers.
Errors: MB001 when that cannot be computed, such as 1 / 0, or is out of range.';

revoke all on function feature.fold_number(jsonb) from public;
--! EndIncluded feature/compiler/fold_number.sql
--! Included feature/compiler/guarded_base.sql
-- Keeps a power from raising an error on a base for which it is not defined.
create or replace function feature.guarded_base(p_base text, p_exponent jsonb) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  exponent constant double precision := p_exponent ->> 'text';
begin
  if exponent is null or abs(exponent) > 16 then
    raise exception using
      errcode = 'MB001',
      message = 'The exponent of a power must be a number between -16 and 16.',
      hint = 'For other powers write exp(exponent * ln(base)).';
  end if;
  return case
    when exponent <> floor(exponent) then format('case when %1$s > 0 then %1$s end', p_base)
    when exponent < 0 then format('nullif(%s, 0)', p_base)
    else p_base
  end;
end
$$;

comment on function feature.guarded_base(text, jsonb) is
'SQL of the base of a power that is NULL where the power is not defined. p_base: its SQL. p_exponent: tree of the exponent.
Errors: MB001 unless the exponent is a constant between -16 and 16.';

revoke all on function feature.guarded_base(text, jsonb) from public;
--! EndIncluded feature/compiler/guarded_base.sql
--! Included feature/compiler/is_condition.sql
-- Tells a condition from a number.
create or replace function feature.is_condition(p_node jsonb) returns boolean
language sql immutable parallel safe
return p_node ->> 'kind' in ('not', 'is null', 'is not null')
  or (p_node ->> 'kind' = 'operator' and p_node ->> 'name' in ('or', 'and', '<', '<=', '>', '>=', '=', '<>'));

comment on function feature.is_condition(jsonb) is 'True when p_node, the tree of an expression, is a condition; false for a number; NULL for NULL.';

revoke all on function feature.is_condition(jsonb) from public;
--! EndIncluded feature/compiler/is_condition.sql
--! Included feature/compiler/is_never_zero.sql
-- Tells whether a divisor needs no guard against zero.
create or replace function feature.is_never_zero(p_node jsonb) returns boolean
language sql immutable parallel safe
return coalesce((p_node ->> 'text')::double precision <> 0, false)
  or (p_node ->> 'kind' = 'column' and p_node ->> 'name' <> 'volume');

comment on function feature.is_never_zero(jsonb) is
'True when p_node, the tree of an expression, is a constant other than 0 or a price, which market.price_data keeps positive; else false. NULL for NULL.';

revoke all on function feature.is_never_zero(jsonb) from public;
--! EndIncluded feature/compiler/is_never_zero.sql
--! Included feature/compiler/kernel.sql
-- The kernels that expressions may use.
create or replace view feature.kernel with (security_invoker = true) as
select
  'ta.' || kernel.proname as kernel,
  pg_get_function_arguments(kernel.oid) as arguments,
  (regexp_match(described.comment, '\mlookback: *([^\n]+?)\s*$'))[1] as lookback,
  regexp_replace(described.comment, '\s*\mlookback:[^\n]*$', '') as description,
  kernel.oid as kernel_oid
from pg_proc as kernel
cross join lateral (select obj_description(kernel.oid, 'pg_proc') as comment) as described
where kernel.pronamespace = 'ta'::regnamespace
  and kernel.prorettype = 'double precision[]'::regtype
  and kernel.provolatile = 'i'
  and described.comment ~ '\mlookback: *[^\n]+$';

comment on view feature.kernel is
E'@primaryKey kernel\nIndicator kernels that the expression of a feature may call: immutable functions of schema ta on arrays whose comment says how far they look back.';
comment on column feature.kernel.kernel is 'Name, such as ta.rsi.';
comment on column feature.kernel.arguments is 'Arguments with their types and defaults; an array is a series, given as an expression over bars.';
comment on column feature.kernel.lookback is 'Earlier bars that a value depends on, in terms of the arguments; unbounded where it depends on all of them.';
comment on column feature.kernel.description is 'What it computes, by which convention.';
comment on column feature.kernel.kernel_oid is E'@behavior -select -filterBy -orderBy\nThe function''s object identifier.';

revoke all on feature.kernel from public;
grant select on feature.kernel to marketbase_reader;
--! EndIncluded feature/compiler/kernel.sql
--! Included feature/compiler/kernel_lookback.sql
-- How far a call of a kernel looks back, from the last line of its comment.
create or replace function feature.kernel_lookback(p_kernel text, p_arguments text[]) returns double precision
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  formula text;
  names text[];
  result double precision;
begin
  select kernel.lookback, function.proargnames
  into strict formula, names
  from pg_proc as function
  join feature.kernel as kernel on kernel.kernel_oid = function.oid
  where function.proname = substr(p_kernel, 4) and function.pronamespace = 'ta'::regnamespace;
  if formula = 'unbounded' then
    return 'infinity';
  end if;
  select string_agg(coalesce(p_arguments[array_position(names, part.word[1])], part.word[1]), ' ' order by part.nr)
  into formula
  from regexp_matches(formula, '([a-z_]\w*|[\d.]+|\S)', 'g') with ordinality as part (word, nr);
  if formula ~ '[^-+*/(),.\d\sa-z]' or regexp_replace(formula, '\m(greatest|least|ceil|floor|sqrt|case|when|then|else|end)\M', '', 'g') ~ '[a-z]' then
    raise exception using
      errcode = 'MB001',
      message = format('The lookback of %s cannot be found from its arguments: %s.', p_kernel, formula),
      hint = 'Correct the last line of the kernel''s comment: lookback: <arithmetic over its arguments> or lookback: unbounded.';
  end if;
  execute 'select ceil((' || formula || ')::double precision)' into result;
  if result is null or result < 0 or result > 100000 then
    raise exception using
      errcode = 'MB001',
      message = format('%s would look back %s bars.', p_kernel, coalesce(result::text, 'an unknown number of')),
      hint = 'Use a window of at most 100000 bars.';
  end if;
  return result;
end
$$;

comment on function feature.kernel_lookback(text, text[]) is
'Earlier bars that a value of the kernel p_kernel (such as ta.rsi) depends on when it is called with p_arguments, in order, NULL for a series; infinity where it depends on all of them.
Errors: MB001 when its comment has no usable lookback or the window is longer than 100,000 bars.';

revoke all on function feature.kernel_lookback(text, text[]) from public;
--! EndIncluded feature/compiler/kernel_lookback.sql
--! Included feature/compiler/number_node.sql
-- Makes the tree of a number.
create or replace function feature.number_node(p_value double precision) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  -- Within these limits the product and the ratio of two constants cannot overflow.
  if p_value <> 0 and abs(p_value) not between 1e-150 and 1e150 then
    raise exception using
      errcode = 'MB001',
      message = format('The number %s is out of range.', p_value),
      hint = 'Use 0 or a number whose size is between 1e-150 and 1e150.';
  end if;
  return jsonb_build_object('kind', 'number', 'text', p_value::text);
end
$$;

comment on function feature.number_node(double precision) is
'Tree of the number p_value; NULL has no text. Errors: MB001 for NaN, infinity and sizes outside 1e-150 to 1e150, except 0.';

revoke all on function feature.number_node(double precision) from public;
--! EndIncluded feature/compiler/number_node.sql
--! Included feature/compiler/parse_expression.sql
-- Reads tokens into a tree by precedence climbing. What the tree cannot express, the compiled query cannot do.
create or replace function feature.parse_expression(
  p_tokens text[],
  p_position integer,
  p_binding integer,
  out node jsonb,
  out next_position integer
)
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  columns constant text[] := '{open,high,low,close,volume}';
  words constant text[] := '{and,or,not,is,"null",case,when,then,else,end}';
  -- Allowed functions with the least and the greatest number of arguments.
  functions constant jsonb := '{
    "abs": [1, 1], "sign": [1, 1], "sqrt": [1, 1], "exp": [1, 1], "ln": [1, 1], "log10": [1, 1], "tanh": [1, 1], "atan": [1, 1],
    "floor": [1, 1], "ceil": [1, 1], "round": [1, 1], "power": [2, 2], "nullif": [2, 2], "greatest": [2, 20], "least": [2, 20], "coalesce": [2, 20]
  }';
  token text := p_tokens[p_position];
  operator text;
  binding integer;
  operand jsonb;
  operands jsonb := '[]';
  is_kernel boolean;
begin
  next_position := p_position + 1;

  -- A value.
  if token is null then
    raise exception using errcode = 'MB001', message = 'The expression ends where a value is expected.', hint = 'Complete it, or close its parentheses.';

  elsif token in ('-', '+') then
    if p_tokens[next_position] in ('-', '+') then
      raise exception using errcode = 'MB001', message = format('Two signs stand in a row: %s%s.', token, p_tokens[next_position]), hint = 'Remove one of them.';
    end if;
    select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, next_position, 8) as parsed;
    perform feature.expect_number(operand, token);
    node := case
      when token = '+' then operand
      when operand ->> 'kind' = 'number' then feature.number_node(-(operand ->> 'text')::double precision)
      else jsonb_build_object('kind', 'minus', 'arguments', jsonb_build_array(operand))
    end;

  elsif token = 'not' then
    if p_tokens[next_position] = 'not' then
      raise exception using errcode = 'MB001', message = 'Two words not stand in a row.', hint = 'Remove both.';
    end if;
    select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, next_position, 3) as parsed;
    perform feature.expect_condition(operand, 'not');
    node := jsonb_build_object('kind', 'not', 'arguments', jsonb_build_array(operand));

  elsif token = '(' then
    select parsed.node, parsed.next_position into node, next_position from feature.parse_expression(p_tokens, next_position, 0) as parsed;
    next_position := feature.expect_token(p_tokens, next_position, ')');

  elsif token ~ '^[.\d]' then
    if token !~ '^[\d.]{1,100}(e[+-]?\d{1,3})?$' or abs(token::numeric) > 1e150 or abs(token::numeric) between 1e-400 and 1e-150 then
      raise exception using errcode = 'MB001', message = format('The number %s is out of range.', left(token, 30)), hint = 'Its size must be between 1e-150 and 1e150.';
    end if;
    node := feature.number_node(token::double precision);

  elsif token = 'case' then
    loop
      next_position := feature.expect_token(p_tokens, next_position, 'when');
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, next_position, 0) as parsed;
      perform feature.expect_condition(operand, 'when');
      operands := operands || jsonb_build_array(operand);
      next_position := feature.expect_token(p_tokens, next_position, 'then');
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, next_position, 0) as parsed;
      perform feature.expect_number(operand, 'then');
      operands := operands || jsonb_build_array(operand);
      exit when p_tokens[next_position] is distinct from 'when';
    end loop;
    if p_tokens[next_position] = 'else' then
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, next_position + 1, 0) as parsed;
      perform feature.expect_number(operand, 'else');
      operands := operands || jsonb_build_array(operand);
    end if;
    next_position := feature.expect_token(p_tokens, next_position, 'end');
    node := jsonb_build_object('kind', 'case', 'arguments', operands);

  elsif token = any (columns) then
    node := jsonb_build_object('kind', 'column', 'name', token);

  elsif p_tokens[next_position] = '(' and token <> all (words) and token ~ '^[a-z_]' then
    is_kernel := token like 'ta.%';
    if not is_kernel and not functions ? token then
      raise exception using
        errcode = 'MB003',
        message = format('%s is not a function that an expression may use.', token),
        hint = format('Kernels are called as ta.name(…); other functions are %s.',
          (select string_agg(known.name, ', ' order by known.name) from jsonb_object_keys(functions) as known (name)));
    end if;
    next_position := next_position + 1;
    while p_tokens[next_position] is distinct from ')' loop
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, next_position, 0) as parsed;
      perform feature.expect_number(operand, token);
      operands := operands || jsonb_build_array(operand);
      exit when p_tokens[next_position] is distinct from ',';
      next_position := next_position + 1;
    end loop;
    next_position := feature.expect_token(p_tokens, next_position, ')');
    if is_kernel then
      node := jsonb_build_object('kind', 'kernel', 'name', substr(token, 4), 'arguments', operands);
    elsif jsonb_array_length(operands) between (functions -> token ->> 0)::integer and (functions -> token ->> 1)::integer then
      node := case
        when token = 'power' then feature.fold_number(jsonb_build_object('kind', 'operator', 'name', '^', 'arguments', operands))
        else jsonb_build_object('kind', 'function', 'name', token, 'arguments', operands)
      end;
    else
      raise exception using
        errcode = 'MB001',
        message = format('%s was given %s arguments.', token, jsonb_array_length(operands)),
        hint = format('It takes %s to %s.', functions -> token ->> 0, functions -> token ->> 1);
    end if;

  elsif token ~ '^[a-z_]' and token <> all (words) then
    raise exception using
      errcode = 'MB003',
      message = format('%s is not a column of a bar.', token),
      hint = format('The columns are %s; kernels are called as ta.name(…).', array_to_string(columns, ', '));

  else
    raise exception using errcode = 'MB001', message = format('A value is expected where %s stands.', token), hint = 'Check the expression there.';
  end if;

  -- What follows it and binds more tightly than what stands before it.
  loop
    operator := p_tokens[next_position];
    binding := case
      when operator = 'or' then 1
      when operator = 'and' then 2
      when operator in ('<', '<=', '>', '>=', '=', '<>', 'is') then 4
      when operator in ('+', '-') then 5
      when operator in ('*', '/') then 6
      when operator = '^' then 7
    end;
    exit when binding is null or binding <= p_binding;
    if operator = 'is' then
      perform feature.expect_number(node, 'is');
      next_position := next_position + 1;
      node := jsonb_build_object('kind', case when p_tokens[next_position] = 'not' then 'is not null' else 'is null' end, 'arguments', jsonb_build_array(node));
      next_position := feature.expect_token(p_tokens, case when p_tokens[next_position] = 'not' then next_position + 1 else next_position end, 'null');
    else
      select parsed.node, parsed.next_position into operand, next_position from feature.parse_expression(p_tokens, next_position + 1, binding) as parsed;
      if binding < 3 then
        perform feature.expect_condition(node, operator);
        perform feature.expect_condition(operand, operator);
      else
        perform feature.expect_number(node, operator);
        perform feature.expect_number(operand, operator);
      end if;
      node := feature.fold_number(jsonb_build_object('kind', 'operator', 'name', operator, 'arguments', jsonb_build_array(node, operand)));
    end if;
  end loop;
end
$$;

comment on function feature.parse_expression(text[], integer, integer) is
'Tree of a feature expression, with the precedences of PostgreSQL, and the position after it.
p_tokens: from feature.expression_tokens. p_position: where to begin, from 1. p_binding: how tightly the operator before it binds; 0 at the start of an expression.
Errors: MB001 for a syntax error or a value of the wrong kind, MB003 for an unknown column or function.';

revoke all on function feature.parse_expression(text[], integer, integer) from public;
--! EndIncluded feature/compiler/parse_expression.sql
--! Included feature/compiler/plan_alias.sql
-- Enters a piece of SQL into a plan under a readable name, once.
create or replace function feature.plan_alias(p_plan jsonb, p_list text, p_sql text, p_level integer) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  known constant jsonb := p_plan -> p_list -> p_sql;
  -- The guard of a logarithm does not belong in a name.
  unguarded constant text := regexp_replace(p_sql, 'nullif\(greatest\((.*?), 0\), 0\)', '\1', 'g');
  words constant text := trim(both '_' from regexp_replace(regexp_replace(unguarded, '\mta\.', '', 'g'), '\W+', '_', 'g'));
  stem constant text := rtrim(left(case when words ~ '^[a-z]' then words else 'x_' || words end, 50), '_');
  alias text := stem;
  copies integer := 1;
begin
  if known is not null then
    return p_plan || jsonb_build_object('alias', known -> 'alias');
  end if;
  while p_plan -> 'aliases' ? alias loop
    copies := copies + 1;
    alias := format('%s_%s', stem, copies);
  end loop;
  return jsonb_set(
    jsonb_set(p_plan, array['aliases', alias], 'true'),
    array[p_list, p_sql],
    jsonb_build_object('alias', alias, 'level', p_level, 'position', (select count(*) from jsonb_object_keys(p_plan -> p_list)))
  ) || jsonb_build_object('alias', alias);
end
$$;

comment on function feature.plan_alias(jsonb, text, text, integer) is
'The plan p_plan with p_sql in its list p_list (arguments or kernels) at level p_level, and with its name as alias; the same SQL keeps its first name.';

revoke all on function feature.plan_alias(jsonb, text, text, integer) from public;
--! EndIncluded feature/compiler/plan_alias.sql
--! Included feature/compiler/plan_expression.sql
-- Turns the tree of an expression into SQL over rows, and plans the kernel calls that it needs.
create or replace function feature.plan_expression(
  p_node jsonb,
  inout plan jsonb,
  out sql text,
  out binding integer,
  out level integer,
  out lookback double precision
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  kind constant text := p_node ->> 'kind';
  name constant text := p_node ->> 'name';
  argument jsonb;
  planned record;
  parts text[] := '{}';
  bindings integer[] := '{}';
begin
  level := 0;
  lookback := 0;
  binding := 9;

  if kind = 'number' then
    sql := p_node ->> 'text';
    binding := case when sql like '-%' then 4 else 9 end;
    return;
  elsif kind = 'column' then
    sql := name;
    plan := jsonb_set(plan, array['columns', name], 'true');
    return;
  elsif kind = 'kernel' then
    select called.plan, called.alias, called.level, called.lookback
    into plan, sql, level, lookback
    from feature.plan_kernel(p_node, plan) as called;
    return;
  end if;

  for argument in select * from jsonb_array_elements(p_node -> 'arguments') loop
    select * into planned from feature.plan_expression(argument, plan);
    plan := planned.plan;
    parts := parts || planned.sql;
    bindings := bindings || planned.binding;
    level := greatest(level, planned.level);
    lookback := greatest(lookback, planned.lookback);
  end loop;

  if kind = 'operator' then
    binding := case when name = 'or' then 1 when name = 'and' then 2 when name in ('+', '-') then 5 when name in ('*', '/') then 6 when name = '^' then 7 else 4 end;
    -- What cannot be computed is NULL: a division by zero, a root of a negative number.
    if name = '/' and not feature.is_never_zero(p_node -> 'arguments' -> 1) then
      parts[2] := format('nullif(%s, 0)', parts[2]);
      bindings[2] := 9;
    elsif name = '^' then
      parts[1] := feature.guarded_base(parts[1], p_node -> 'arguments' -> 1);
      bindings[1] := case when parts[1] like 'case %' then 0 else bindings[1] end;
    end if;
    if bindings[1] < binding or (binding = 4 and bindings[1] = 4) then
      parts[1] := '(' || parts[1] || ')';
    end if;
    if bindings[2] <= binding then
      parts[2] := '(' || parts[2] || ')';
    end if;
    sql := format('%s %s %s', parts[1], name, parts[2]);
  elsif kind in ('minus', 'not') then
    binding := case kind when 'minus' then 8 else 3 end;
    if bindings[1] <= binding then
      parts[1] := '(' || parts[1] || ')';
    end if;
    sql := case kind when 'minus' then '-' else 'not ' end || parts[1];
  elsif kind in ('is null', 'is not null') then
    binding := 4;
    sql := format('%s %s', case when bindings[1] <= 4 then '(' || parts[1] || ')' else parts[1] end, kind);
  elsif kind = 'function' then
    sql := case name
      when 'ln' then format('ln(nullif(greatest(%s, 0), 0))', parts[1])
      when 'log10' then format('log10(nullif(greatest(%s, 0), 0))', parts[1])
      when 'sqrt' then format('sqrt(case when %1$s >= 0 then %1$s end)', parts[1])
      when 'exp' then format('exp(case when %1$s between -700 and 700 then %1$s end)', parts[1])
      else format('%s(%s)', name, array_to_string(parts, ', '))
    end;
  elsif kind = 'case' then
    sql := 'case';
    for i in 1 .. cardinality(parts) / 2 loop
      sql := sql || format(' when %s then %s', parts[2 * i - 1], parts[2 * i]);
    end loop;
    sql := sql || case when cardinality(parts) % 2 = 1 then ' else ' || parts[cardinality(parts)] else '' end || ' end';
  end if;
  -- The guards of sqrt, exp and powers write their argument twice, so that nesting them doubles the text each time.
  if length(sql) > 10000 then
    raise exception using
      errcode = 'MB001',
      message = 'The expression nests too many roots, exponentials and powers.',
      hint = 'Simplify it, or compute a part of it as a feature of its own.';
  end if;
end
$$;

comment on function feature.plan_expression(jsonb, jsonb) is
'SQL of an expression over rows, in which each kernel call is a column, and the plan with the columns and kernel calls that it needs; each distinct call is planned once.
p_node: tree from feature.parse_expression. plan: an object with columns, arguments and kernels.
Also: how tightly the SQL binds, the level of the last kernels that it needs (0: none) and the lookback in bars (infinity: unbounded).
What cannot be computed is NULL: a division by zero, a logarithm or root of a number that has none, an exponential that is no double.
Errors: MB001 and MB003 of feature.plan_kernel, MB001 for roots, exponentials and powers nested too deeply.';

revoke all on function feature.plan_expression(jsonb, jsonb) from public;
--! EndIncluded feature/compiler/plan_expression.sql
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
  trials text[] := '{}';
  constants text[] := '{}';
  sql text;
begin
  select known.kernel, known.arguments as usage, function.proargtypes, function.proargnames, function.pronargs, function.pronargdefaults, function.oid
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
          select format('Did you mean %s?', string_agg(known.kernel, ' or ' order by known.kernel))
          from feature.kernel as known
          where known.kernel ~ (left(p_node ->> 'name', 3)) or strpos(known.kernel, p_node ->> 'name') > 0
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
      trials := trials || constants[i];
    end if;
  end loop;

  -- The kernel itself says what is wrong with a constant.
  execute format('select %s(%s)', kernel_name, array_to_string(trials, ', '));

  level := level + 1;
  lookback := lookback + feature.kernel_lookback(kernel_name, constants);
  sql := format('%s(%s)', kernel_name, array_to_string(calls, ', '));
  plan := feature.plan_alias(plan, 'kernels', sql, level);
  alias := plan ->> 'alias';
  plan := jsonb_set(plan, array['used', kernel_name], 'true');
end
$$;

comment on function feature.plan_kernel(jsonb, jsonb) is
'Plans the call of a kernel. p_node: its tree. plan: see feature.plan_expression.
Gives the plan, the column that holds the result, the level at which the kernel runs (1 after the bars, 2 after kernels of level 1, …) and the lookback in bars.
Errors: MB003 for an unknown kernel, MB001 for a wrong number or kind of arguments and what the kernel says about a constant.';

revoke all on function feature.plan_kernel(jsonb, jsonb) from public;
--! EndIncluded feature/compiler/plan_kernel.sql
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
grant insert (name, description, bar_interval) on feature.feature_set to marketbase_worker;
grant update (description) on feature.feature_set to marketbase_worker;

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
  feature_set_id, version, feature_names, kernels, lookback, compiled_sql, is_current
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
--! EndIncluded feature/grants.sql
--! Included feature/reading/diff.sql
-- What another version of a set changes in its values.
create or replace function feature.diff(p_set text, p_version_a text, p_version_b text) returns setof feature.version_difference
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  a constant feature.feature_set_version := feature.version_of(p_set, p_version_a);
  b constant feature.feature_set_version := feature.version_of(p_set, p_version_b);
begin
  return query
    select
      name,
      count(*),
      count(*) filter (where old.value is distinct from new.value),
      min(vector_a.ts) filter (where old.value is distinct from new.value),
      max(abs(new.value - old.value)),
      max(abs(new.value - old.value) / nullif(abs(old.value), 0))
    from feature.feature_vector as vector_a
    join feature.feature_vector as vector_b
      on vector_b.instrument_id = vector_a.instrument_id
      and vector_b.feature_set_version_id = b.feature_set_version_id
      and vector_b.ts = vector_a.ts
    cross join unnest(a.feature_names) with ordinality as named (name, position)
    cross join lateral (select vector_a.values[named.position] as value) as old
    cross join lateral (select vector_b.values[array_position(b.feature_names, named.name)] as value) as new
    where vector_a.feature_set_version_id = a.feature_set_version_id
      and named.name = any (b.feature_names)
    group by name, named.position
    order by named.position;
end
$$;

comment on function feature.diff(text, text, text) is
'How the values that the versions p_version_a and p_version_b of p_set have for the same bars differ, a row for each feature that both have; NULL for a version means the one in force.
No rows where the two have no bar in common. Errors: MB003 for an unknown set or version.';

revoke all on function feature.diff(text, text, text) from public;
grant execute on function feature.diff(text, text, text) to marketbase_reader;
--! EndIncluded feature/reading/diff.sql
--! Included feature/reading/feature_data.sql
-- Feature values as now known, one per row.
create or replace view feature.feature_data with (security_invoker = true) as
select
  instrument.symbol,
  vector.ts,
  bar.session_date,
  feature_set.name as feature_set,
  named.feature_name,
  named.value,
  version.version,
  vector.revision,
  vector.known_from,
  vector.instrument_id,
  vector.run_id,
  feature_set.bar_interval,
  vector.feature_set_version_id
from feature.feature_set as feature_set
join feature.feature_set_version as version on version.feature_set_id = feature_set.feature_set_id and version.is_current
join feature.feature_vector as vector on vector.feature_set_version_id = version.feature_set_version_id
join market.instrument as instrument on instrument.instrument_id = vector.instrument_id
left join market.price_data as bar
  on bar.instrument_id = vector.instrument_id and bar.bar_interval = feature_set.bar_interval and bar.ts = vector.ts
cross join lateral unnest(version.feature_names, vector.values) as named (feature_name, value);

comment on view feature.feature_data is
E'@primaryKey instrument_id,feature_set_version_id,ts,feature_name\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (instrument_id, bar_interval, ts) references market.price_data (instrument_id, bar_interval, ts)\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)\nFeature values as now known, one per row, of the versions in force. Filter on symbol, feature_set and ts. feature.feature_data_version has the older versions and revisions, feature.<set> one column per feature.';
comment on column feature.feature_data.symbol is 'Symbol of the instrument.';
comment on column feature.feature_data.ts is 'Start of the bar, as in market.price_data.';
comment on column feature.feature_data.session_date is 'Local date of the session of the bar; null where the bar is gone and the features are not recomputed yet.';
comment on column feature.feature_data.feature_set is 'Name of the set, such as qlib14.';
comment on column feature.feature_data.feature_name is 'Name of the feature, such as ma20.';
comment on column feature.feature_data.value is 'The value; null during warm-up and where it cannot be computed.';
comment on column feature.feature_data.version is 'Version of the set.';
comment on column feature.feature_data.revision is 'Number of the revision of the value, from 1.';
comment on column feature.feature_data.known_from is 'From when the value could be known.';
comment on column feature.feature_data.instrument_id is 'Instrument.';
comment on column feature.feature_data.run_id is 'Run that computed it.';
comment on column feature.feature_data.bar_interval is 'Length of the bar.';
comment on column feature.feature_data.feature_set_version_id is 'Version of the set, by identity.';

revoke all on feature.feature_data from public;
grant select on feature.feature_data to marketbase_reader;
--! EndIncluded feature/reading/feature_data.sql
--! Included feature/reading/feature_data_as_of.sql
-- The features of a symbol as they were known at a moment.
create or replace function feature.feature_data_as_of(
  p_symbol text,
  p_set text,
  p_as_of timestamptz default now(),
  p_from date default null,
  p_to date default null
) returns setof feature.feature_data
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  id constant bigint := market.instrument_id(p_symbol);
begin
  return query
    select
      instrument.symbol, vector.ts, bar.session_date, p_set, named.feature_name, named.value, current_set.version, vector.revision,
      vector.known_from, vector.instrument_id, vector.run_id, current_set.bar_interval, vector.feature_set_version_id
    from feature.feature_vector_version as vector
    join market.instrument as instrument using (instrument_id)
    left join market.price_data as bar
      on bar.instrument_id = vector.instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts = vector.ts
    cross join lateral unnest(current_set.feature_names, vector.values) with ordinality as named (feature_name, value, position)
    where vector.instrument_id = id
      and vector.feature_set_version_id = current_set.feature_set_version_id
      and vector.known_from <= p_as_of
      and vector.known_to > p_as_of
      and vector.ts >= coalesce(p_from::timestamp at time zone 'UTC', '-infinity')
      and vector.ts < coalesce((p_to + 1)::timestamp at time zone 'UTC', 'infinity')
    order by vector.ts, named.position;
end
$$;

comment on function feature.feature_data_as_of(text, text, timestamptz, date, date) is
'Feature values of p_symbol in the version of p_set that is in force, in the revisions that were the ones to know at p_as_of (default: now), ordered by bar and place in the set.
p_from, p_to: first and last date of the bars, UTC (NULL: no limit). A value whose bars were not all known at p_as_of is absent.
Errors: MB002 for an unknown symbol, MB003 for an unknown set.';

revoke all on function feature.feature_data_as_of(text, text, timestamptz, date, date) from public;
grant execute on function feature.feature_data_as_of(text, text, timestamptz, date, date) to marketbase_reader;
--! EndIncluded feature/reading/feature_data_as_of.sql
--! Included feature/reading/feature_vector_version.sql
-- Every revision of every vector, of all versions of the sets, with the span in which it was the one to know.
create or replace view feature.feature_vector_version with (security_invoker = true) as
select
  vector.instrument_id, vector.feature_set_version_id, vector.ts, vector.revision, vector.values,
  vector.known_from, 'infinity'::timestamptz as known_to, vector.recorded_at, 'infinity'::timestamptz as closed_at, vector.run_id
from feature.feature_vector as vector
union all
select
  history.instrument_id, history.feature_set_version_id, history.ts, history.revision, history.values,
  history.known_from, history.known_to, history.recorded_at, history.closed_at, history.run_id
from feature.feature_vector_history as history;

comment on view feature.feature_vector_version is
E'@primaryKey instrument_id,feature_set_version_id,ts,revision\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)\nEvery revision of every feature vector, current and closed. known_from and known_to say when it was the one to know, recorded_at and closed_at when marketbase held it.';
comment on column feature.feature_vector_version.instrument_id is 'Instrument.';
comment on column feature.feature_vector_version.feature_set_version_id is 'Version of the set.';
comment on column feature.feature_vector_version.ts is 'Start of the bar.';
comment on column feature.feature_vector_version.revision is 'Number of the revision, from 1.';
comment on column feature.feature_vector_version.values is 'Values in the order of feature_set_version.feature_names; null during warm-up.';
comment on column feature.feature_vector_version.known_from is 'From when the values could be known.';
comment on column feature.feature_vector_version.known_to is 'Until when they were the ones to know (excluded); infinity for the current ones.';
comment on column feature.feature_vector_version.recorded_at is 'When marketbase stored them.';
comment on column feature.feature_vector_version.closed_at is 'When marketbase closed them; infinity for the current ones.';
comment on column feature.feature_vector_version.run_id is 'Run that computed them.';

revoke all on feature.feature_vector_version from public;
grant select on feature.feature_vector_version to marketbase_reader;
--! EndIncluded feature/reading/feature_vector_version.sql
--! Included feature/reading/first_known.sql
-- From when a bar or a later one was known: times that rise with the bars, so that they can be searched.
create or replace function feature.first_known(p_known_from timestamptz[]) returns timestamptz[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result timestamptz[] := p_known_from;
  earliest timestamptz := 'infinity';
begin
  for i in reverse coalesce(cardinality(p_known_from), 0) .. 1 loop
    if p_known_from[i] <= earliest then
      earliest := p_known_from[i];
    else
      result[i] := earliest;
    end if;
  end loop;
  return result;
end
$$;

comment on function feature.first_known(timestamptz[]) is
'For each bar the earliest of p_known_from among it and all later bars. As long as p_known_from; NULL for NULL.';

revoke all on function feature.first_known(timestamptz[]) from public;
grant execute on function feature.first_known(timestamptz[]) to marketbase_reader;
--! EndIncluded feature/reading/first_known.sql
--! Included feature/reading/latest.sql
-- The latest vector of each instrument, for serving.
create or replace function feature.latest(p_set text, p_instrument_ids bigint[] default null) returns setof feature.known_vector
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
begin
  return query
    select
      instrument.instrument_id, instrument.symbol, now(), p_set, current_set.version, newest.ts,
      current_set.feature_names, newest.values, newest.revision, newest.known_from
    from market.instrument as instrument
    cross join lateral (
      select vector.ts, vector.values, vector.revision, vector.known_from
      from feature.feature_vector as vector
      where vector.instrument_id = instrument.instrument_id and vector.feature_set_version_id = current_set.feature_set_version_id
      order by vector.ts desc
      limit 1
    ) as newest
    where p_instrument_ids is null or instrument.instrument_id = any (p_instrument_ids)
    order by instrument.instrument_id;
end
$$;

comment on function feature.latest(text, bigint[]) is
'The vector of the last bar of each instrument in the version of p_set that is in force, with its names, ordered by instrument. p_instrument_ids: which instruments; NULL for all.
An instrument without vectors has no row. Errors: MB003 for an unknown set.';

revoke all on function feature.latest(text, bigint[]) from public;
grant execute on function feature.latest(text, bigint[]) to marketbase_reader;
--! EndIncluded feature/reading/latest.sql
--! Included feature/reading/point_in_time.sql
-- For each instrument and moment the features that could be known then.
create or replace function feature.point_in_time(
  p_set text,
  p_instrument_ids bigint[],
  p_decision_times timestamptz[],
  p_strict boolean default false,
  p_tolerance interval default null,
  p_version text default null
) returns setof feature.known_vector
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  asked_version constant feature.feature_set_version := feature.version_of(p_set, p_version);
  asked_instruments constant bigint[] := array(select distinct asked.id from unnest(p_instrument_ids) as asked (id));
  -- Times have microseconds: known before a moment is known at the microsecond before it.
  margin constant interval := case when p_strict then interval '1 microsecond' else interval '0' end;
begin
  if coalesce(cardinality(p_instrument_ids), 0) <> coalesce(cardinality(p_decision_times), 0) then
    raise exception using
      errcode = 'MB001',
      message = format('%s instruments and %s decision times were given.', coalesce(cardinality(p_instrument_ids), 0), coalesce(cardinality(p_decision_times), 0)),
      hint = 'Give arrays of equal length: the first decision time belongs to the first instrument, and so on.';
  end if;

  return query
    with series as materialized (
      select bars.instrument_id, bars.ts, feature.first_known(bars.known_from) as known_from
      from (
        select
          vector.instrument_id,
          array_agg(vector.ts order by vector.ts, vector.revision) as ts,
          array_agg(vector.known_from order by vector.ts, vector.revision) as known_from
        from feature.feature_vector_version as vector
        where vector.instrument_id = any (asked_instruments) and vector.feature_set_version_id = asked_version.feature_set_version_id
        group by vector.instrument_id
      ) as bars
    ), candidate as materialized (
      -- The latest bar of which a revision was known.
      select
        pair.instrument_id, pair.decision_time, pair.decision_time - margin as moment, pair.position,
        series.ts[nullif(width_bucket(pair.decision_time - margin, series.known_from), 0)] as ts
      from unnest(p_instrument_ids, p_decision_times) with ordinality as pair (instrument_id, decision_time, position)
      left join series using (instrument_id)
    )
    select
      candidate.instrument_id, instrument.symbol, candidate.decision_time, p_set, asked_version.version,
      found.ts, asked_version.feature_names, found.values, found.revision, found.known_from
    from candidate
    left join market.instrument as instrument on instrument.instrument_id = candidate.instrument_id
    left join feature.feature_vector_version as revision
      on revision.instrument_id = candidate.instrument_id
      and revision.feature_set_version_id = asked_version.feature_set_version_id
      and revision.ts = candidate.ts
      and revision.known_from <= candidate.moment
      and revision.known_to > candidate.moment
    -- No revision of the candidate was known then, because its bar had been removed: the latest one before it.
    left join lateral (
      select earlier.ts, earlier.revision, earlier.values, earlier.known_from
      from feature.feature_vector_version as earlier
      where revision.ts is null
        and earlier.instrument_id = candidate.instrument_id
        and earlier.feature_set_version_id = asked_version.feature_set_version_id
        and earlier.ts < candidate.ts
        and earlier.known_from <= candidate.moment
        and earlier.known_to > candidate.moment
      order by earlier.ts desc
      limit 1
    ) as earlier on true
    left join lateral (
      select
        coalesce(revision.ts, earlier.ts) as ts,
        coalesce(revision.values, earlier.values) as values,
        coalesce(revision.revision, earlier.revision) as revision,
        coalesce(revision.known_from, earlier.known_from) as known_from
    ) as found on p_tolerance is null or found.ts >= candidate.decision_time - p_tolerance
    order by candidate.position;
end
$$;

comment on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text) is
'For each pair of an instrument and a decision time the vector of the latest bar that was known then, in the revision that was known then; one row per pair, in the order of the arrays.
p_set: the set. p_instrument_ids, p_decision_times: arrays of equal length. p_strict: known before the decision time (<) instead of at it (<=). p_tolerance: how far the start of the bar may lie before the decision time (NULL: any).
p_version: version of the set (NULL: the one in force). Where nothing was known ts, values, revision and known_from are NULL.
A bar is known when its session has closed, a corrected one from its correction on; until then the revision before it counts. Convention: pandas.merge_asof, direction backward, on known_from.
Errors: MB001 for arrays of different length, MB003 for an unknown set or version.';

revoke all on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text) from public;
grant execute on function feature.point_in_time(text, bigint[], timestamptz[], boolean, interval, text) to marketbase_reader;
--! EndIncluded feature/reading/point_in_time.sql
--! Included feature/registry/api_name.sql
-- What is left of a name in the API, where underscores go and plurals stand beside singulars.
create or replace function feature.api_name(p_name text) returns text
language sql immutable parallel safe
return regexp_replace(replace(p_name, '_', ''), '(ies|es|s|y|e)$', '');

comment on function feature.api_name(text) is
'The stem of p_name without underscores and the ending of a plural: names with one stem could be one name in the GraphQL API. NULL for NULL.';

revoke all on function feature.api_name(text) from public;
--! EndIncluded feature/registry/api_name.sql
--! Included feature/registry/create_set_view.sql
-- Creates the view of a set, a column for each feature; nothing happens where it is there already.
create or replace function feature.create_set_view(p_set text) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  known record;
  part record;
  definition text;
  comment_text text;
begin
  select feature_set.name, feature_set.description, feature_set.bar_interval, version.*
  into strict known
  from feature.feature_set as feature_set
  join feature.feature_set_version as version using (feature_set_id)
  where feature_set.name = p_set and version.is_current;

  select format(
    E'select instrument.symbol, vector.instrument_id, vector.ts, bar.session_date, %1$L::text as bar_interval%2$s\n'
    'from feature.feature_vector as vector\n'
    'join market.instrument as instrument on instrument.instrument_id = vector.instrument_id\n'
    'left join market.price_data as bar on bar.instrument_id = vector.instrument_id and bar.bar_interval = %1$L and bar.ts = vector.ts\n'
    'where vector.feature_set_version_id = %3$s',
    known.bar_interval,
    string_agg(format(E',\n  vector.values[%s] as %I', named.position, named.name), '' order by named.position),
    known.feature_set_version_id
  )
  into definition
  from unnest(known.feature_names) with ordinality as named (name, position);

  comment_text := format(
    E'@primaryKey instrument_id,ts\n'
    '@foreignKey (instrument_id) references market.instrument (instrument_id)\n'
    '@foreignKey (instrument_id, bar_interval, ts) references market.price_data (instrument_id, bar_interval, ts)\n'
    '%s Version %s.',
    regexp_replace(known.description, '^@+', ''), known.version
  );
  if obj_description(to_regclass(format('feature.%I', p_set)), 'pg_class') = comment_text
    and not exists (
      select
      from feature.feature_definition as stored
      where stored.feature_set_version_id = known.feature_set_version_id
        and stored.description is distinct from (
          select col_description(attribute.attrelid, attribute.attnum)
          from pg_attribute as attribute
          where attribute.attrelid = to_regclass(format('feature.%I', p_set)) and attribute.attname = stored.name
        )
    )
  then
    return;
  end if;

  begin
    begin
      execute format(E'create or replace view feature.%I with (security_invoker = true) as\n%s', p_set, definition);
    exception
      -- Columns of a view are only ever added at its end; otherwise it is made anew.
      when invalid_table_definition then
        execute format('drop view feature.%I', p_set);
        execute format(E'create view feature.%I with (security_invoker = true) as\n%s', p_set, definition);
    end;
  exception
    when dependent_objects_still_exist then
      raise exception using
        errcode = 'MB008',
        message = format('The view feature.%s has other columns now, but other objects depend on it.', p_set),
        detail = sqlerrm,
        hint = 'Drop those objects first, or give the set with the new features another name.';
  end;

  execute format('comment on view feature.%I is %L', p_set, comment_text);
  execute format('comment on column feature.%I.symbol is %L', p_set, 'Symbol of the instrument.');
  execute format('comment on column feature.%I.instrument_id is %L', p_set, 'Instrument.');
  execute format('comment on column feature.%I.ts is %L', p_set, 'Start of the bar.');
  execute format('comment on column feature.%I.session_date is %L', p_set, 'Local date of the session of the bar; null where the bar is gone.');
  execute format('comment on column feature.%I.bar_interval is %L', p_set, 'Length of the bar.');
  for part in
    select stored.name, stored.description from feature.feature_definition as stored where stored.feature_set_version_id = known.feature_set_version_id
  loop
    execute format('comment on column feature.%I.%I is %L', p_set, part.name, part.description);
  end loop;
  execute format('revoke all on feature.%I from public', p_set);
  execute format('grant select on feature.%I to marketbase_reader', p_set);
end
$$;

comment on function feature.create_set_view(text) is
'Creates or replaces the view feature.<p_set> of the current version: symbol, instrument_id, ts, session_date, bar_interval and a column for each feature, with comments. Does nothing where it is there as it should be.
Errors: MB008 when other objects depend on a view whose columns change.';

revoke all on function feature.create_set_view(text) from public;
--! EndIncluded feature/registry/create_set_view.sql
--! Included feature/registry/current_set.sql
-- The version of a set that is in force, or a helpful refusal.
create or replace function feature.current_set(
  p_set text,
  out feature_set_id bigint,
  out bar_interval text,
  out feature_set_version_id bigint,
  out version text,
  out feature_names text[],
  out lookback integer,
  out compiled_sql text
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  select
    known.feature_set_id, known.bar_interval, current.feature_set_version_id, current.version, current.feature_names, current.lookback,
    current.compiled_sql
  into feature_set_id, bar_interval, feature_set_version_id, version, feature_names, lookback, compiled_sql
  from feature.feature_set as known
  join feature.feature_set_version as current using (feature_set_id)
  where known.name = p_set and current.is_current;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('There is no feature set %L.', left(p_set, 80)),
      hint = coalesce((select format('There are: %s.', string_agg(known.name, ', ' order by known.name)) from feature.feature_set as known), 'None is defined yet.');
  end if;
end
$$;

comment on function feature.current_set(text) is
'The set p_set with its version in force. Errors: MB003 for an unknown set, with the known ones in the hint.';

revoke all on function feature.current_set(text) from public;
grant execute on function feature.current_set(text) to marketbase_reader;
--! EndIncluded feature/registry/current_set.sql
--! Included feature/registry/define_set.sql
-- Defines a set of features, or changes it; the same definitions again change nothing.
-- security definer: an author may define features but owns no table and creates no view. What is created is written from a checked tree, not from the author's text.
create or replace function feature.define_set(
  p_name text,
  p_description text,
  p_definitions feature.definition[],
  p_bar_interval text default '1d'
) returns feature.feature_set_version
language plpgsql volatile parallel unsafe security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  known feature.feature_set;
  compiled feature.compiled_set;
  current_version feature.feature_set_version;
  moment constant timestamptz := clock_timestamp();
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_]{0,47}$' then
    raise exception using
      errcode = 'MB001',
      message = format('%L is not a name for a set.', left(p_name, 80)),
      hint = 'Use lower-case letters, digits and underscores, a letter first, at most 48.';
  elsif coalesce(trim(p_description), '') = '' then
    raise exception using errcode = 'MB001', message = format('Set %s has no description.', p_name), hint = 'Say what it is for and where its formulas come from.';
  elsif p_bar_interval is null or p_bar_interval not in ('1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo') then
    raise exception using
      errcode = 'MB001',
      message = format('%L is not a length of bars.', left(p_bar_interval, 20)),
      hint = 'It is 1m, 5m, 15m, 30m, 1h, 1d, 1w or 1mo.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('feature.define_set', 0));

  compiled := feature.compile_set(p_definitions, p_bar_interval);

  select * into known from feature.feature_set where name = p_name;
  if not found then
    if feature.is_name_taken(p_name) then
      raise exception using
        errcode = 'MB008',
        message = format('A set cannot be named %s: its view would have the name of something else, in the database or in the API.', p_name),
        hint = 'Choose another name; plurals and underscores make no difference.';
    end if;
    insert into feature.feature_set (name, description, bar_interval)
    values (p_name, p_description, p_bar_interval)
    returning * into known;
  elsif known.bar_interval <> p_bar_interval then
    raise exception using
      errcode = 'MB008',
      message = format('Set %s is made of bars of length %s, not %s.', p_name, known.bar_interval, p_bar_interval),
      hint = 'Define a set of another name for other bars.';
  else
    update feature.feature_set set description = p_description where feature_set_id = known.feature_set_id and description <> p_description;
  end if;

  select * into current_version from feature.feature_set_version where feature_set_id = known.feature_set_id and is_current;
  if current_version.version is distinct from compiled.version then
    update feature.feature_set_version
    set is_current = false, in_force_to = moment
    where feature_set_version_id = current_version.feature_set_version_id;

    insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, lookback, compiled_sql, in_force_from)
    values (known.feature_set_id, compiled.version, compiled.feature_names, compiled.kernels, compiled.lookback, compiled.compiled_sql, moment)
    returning * into current_version;

    insert into feature.feature_definition (feature_set_version_id, name, position, expression, description)
    select current_version.feature_set_version_id, definition.name, definition.position, definition.expression, definition.description
    from unnest(p_definitions) with ordinality as definition (name, expression, description, position);
  else
    update feature.feature_definition as stored
    set description = definition.description
    from unnest(p_definitions) as definition
    where stored.feature_set_version_id = current_version.feature_set_version_id
      and stored.name = definition.name
      and stored.description <> definition.description;
  end if;

  perform feature.create_set_view(p_name);
  return current_version;
end
$$;

comment on function feature.define_set(text, text, feature.definition[], text) is
'Defines the set p_name, or changes it, and creates its view feature.<p_name> with a column for each feature. Gives the version that is now in force.
p_description: what the set is for and where its formulas come from. p_definitions: the features, in order. p_bar_interval: length of the bars (default 1d).
An expression has numbers, the columns open, high, low, close and volume, calls of the kernels in feature.kernel, + - * / ^, comparisons, and, or, not, is null, case, and
abs, atan, ceil, coalesce, exp, floor, greatest, least, ln, log10, nullif, power, round, sign, sqrt, tanh. What cannot be computed, such as a division by zero, is NULL.
The version is the hash of names, expressions, kernels and the query made of them; an equal one changes nothing but descriptions. Values of older versions stay.
Errors: MB001 for a bad name or expression, MB003 for an unknown column, function or kernel, MB008 for a name that is taken, other bars, or a view that cannot be replaced.';

revoke all on function feature.define_set(text, text, feature.definition[], text) from public;
grant execute on function feature.define_set(text, text, feature.definition[], text) to marketbase_worker, marketbase_author;
--! EndIncluded feature/registry/define_set.sql
--! Included feature/registry/is_name_taken.sql
-- Whether a new set would have the name of something that is there.
create or replace function feature.is_name_taken(p_name text) returns boolean
language sql stable parallel safe
begin atomic
  select exists (
    select
    from pg_catalog.pg_namespace as schema
    cross join lateral (
      select class.relname as name
      from pg_catalog.pg_class as class
      where class.relnamespace = schema.oid and class.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
      union all
      select schema.nspname || '_' || function.proname
      from pg_catalog.pg_proc as function
      where function.pronamespace = schema.oid
    ) as taken
    where schema.nspname !~ '^pg_' and schema.nspname not in ('information_schema', 'extensions')
      and feature.api_name(taken.name) = feature.api_name(p_name)
  );
end;

comment on function feature.is_name_taken(text) is
'True when a table, view or type of any schema, or a function with its schema before it, has the name p_name or one that the GraphQL API could not tell from it, such as its plural.';

revoke all on function feature.is_name_taken(text) from public;
--! EndIncluded feature/registry/is_name_taken.sql
--! Included feature/registry/refresh_versions.sql
-- Notices kernels that have changed and puts new versions of the sets that use them into force.
-- security definer: like feature.define_set, which it calls with definitions that are already there.
create or replace function feature.refresh_versions() returns setof feature.feature_set_version
language plpgsql volatile parallel unsafe security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  known record;
  defined feature.feature_set_version;
begin
  for known in
    select
      feature_set.name, feature_set.description, feature_set.bar_interval, version.feature_set_version_id,
      array_agg(row(definition.name, definition.expression, definition.description)::feature.definition order by definition.position) as definitions
    from feature.feature_set as feature_set
    join feature.feature_set_version as version using (feature_set_id)
    join feature.feature_definition as definition using (feature_set_version_id)
    where version.is_current
    group by feature_set.feature_set_id, version.feature_set_version_id
    order by feature_set.name
  loop
    defined := feature.define_set(known.name, known.description, known.definitions, known.bar_interval);
    if defined.feature_set_version_id <> known.feature_set_version_id then
      return next defined;
    end if;
  end loop;
end
$$;

comment on function feature.refresh_versions() is
'Compiles every set again; where a kernel, a helper of it or the compiler has changed, a new version comes into force. Gives the new versions, none where nothing has changed. pipeline.compute_stale_features computes their values.
Errors: MB001 or MB003 when a kernel that a set uses is gone or takes other arguments.';

revoke all on function feature.refresh_versions() from public;
grant execute on function feature.refresh_versions() to marketbase_worker;
--! EndIncluded feature/registry/refresh_versions.sql
--! Included feature/registry/version_of.sql
-- A version of a set by its hash, or the one in force.
create or replace function feature.version_of(p_set text, p_version text default null) returns feature.feature_set_version
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  result feature.feature_set_version;
begin
  select version.*
  into result
  from feature.feature_set_version as version
  where version.feature_set_id = current_set.feature_set_id
    and version.version = coalesce(p_version, current_set.version)
  order by version.in_force_from desc
  limit 1;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('Set %s has no version %L.', p_set, left(p_version, 40)),
      hint = (
        select format('It has: %s.', string_agg(version.version, ', ' order by version.in_force_from desc))
        from feature.feature_set_version as version
        where version.feature_set_id = current_set.feature_set_id
      );
  end if;
  return result;
end
$$;

comment on function feature.version_of(text, text) is
'The version p_version of set p_set, the last one that was in force where it came back, or the one in force for NULL. Errors: MB003 for an unknown set or version, with the known ones in the hint.';

revoke all on function feature.version_of(text, text) from public;
grant execute on function feature.version_of(text, text) to marketbase_reader;
--! EndIncluded feature/registry/version_of.sql
--! Included feature/vectors/archive_vector.sql
-- What is replaced or removed is kept: the old revision moves into the history.
create or replace function feature.archive_vector() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_at timestamptz;
begin
  if tg_op = 'UPDATE' then
    if row(new.instrument_id, new.feature_set_version_id, new.ts) is distinct from row(old.instrument_id, old.feature_set_version_id, old.ts) then
      raise exception using
        errcode = 'MB006',
        message = 'The key of a feature vector is not changed.',
        hint = 'Remove the vector and compute it again.';
    end if;
    -- A hand that names neither another run nor a time is believed from now on only.
    if new.known_from = old.known_from and new.run_id = old.run_id then
      new.known_from := greatest(old.known_from, now());
    end if;
    new.revision := old.revision + 1;
    new.recorded_at := now();
    closed_at := new.known_from;
  else
    select max(history.known_to)
    into closed_at
    from feature.feature_set_version as version
    join feature.feature_set as feature_set using (feature_set_id)
    join market.price_data_history as history
      on history.instrument_id = old.instrument_id and history.bar_interval = feature_set.bar_interval and history.ts = old.ts
    where version.feature_set_version_id = old.feature_set_version_id;
    closed_at := greatest(old.known_from, coalesce(closed_at, now()));
  end if;

  insert into feature.feature_vector_history (
    instrument_id, feature_set_version_id, ts, revision, values, known_from, known_to, recorded_at, run_id
  ) values (
    old.instrument_id, old.feature_set_version_id, old.ts, old.revision, old.values, old.known_from, closed_at, old.recorded_at, old.run_id
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function feature.archive_vector() is
'Trigger: keeps the old revision of a vector in feature.feature_vector_history, until the new one is known or, for a vector that is removed, until its bar was given up. Raises the revision; an update that sets neither run_id nor known_from counts as known from now.
Errors: MB006 for a changed key.';

revoke all on function feature.archive_vector() from public;

create or replace trigger _200_archive before update or delete on feature.feature_vector
  for each row execute function feature.archive_vector();
--! EndIncluded feature/vectors/archive_vector.sql
--! Included feature/vectors/compute.sql
-- Computes a set for an instrument and stores what has changed.
create or replace function feature.compute(
  p_run_id bigint,
  p_set text,
  p_instrument_id bigint,
  p_from_ts timestamptz default null,
  p_to_ts timestamptz default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set record;
  read_from timestamptz;
  rows_stored bigint;
  rows_removed bigint;
begin
  current_set := feature.current_set(p_set);
  if not exists (select from market.instrument where instrument_id = p_instrument_id) then
    raise exception using
      errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(p_instrument_id::text, 'NULL')),
      hint = 'market.instrument lists the instruments.';
  end if;
  if not exists (select from pipeline.pipeline_run where run_id = p_run_id) then
    raise exception using
      errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('feature.compute %s', p_set), p_instrument_id));

  if p_from_ts is not null and current_set.lookback is not null then
    select min(earlier.ts)
    into read_from
    from (
      select bar.ts
      from market.price_data as bar
      where bar.instrument_id = p_instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts < p_from_ts
      order by bar.ts desc
      limit current_set.lookback
    ) as earlier;
    read_from := coalesce(read_from, p_from_ts);
  end if;

  -- A vector that is there bit for bit stays; a revision that comes after another is not known before it.
  execute format(
    $query$
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id)
      select
        $1, $4, computed.ts, computed.values,
        coalesce(stored.revision, closed.revision, 0) + 1,
        greatest(computed.known_from, stored.known_from, closed.known_to),
        $5
      from (%s) as computed
      left join (
        select vector.ts, vector.values, vector.revision, vector.known_from
        from feature.feature_vector as vector
        where vector.instrument_id = $1 and vector.feature_set_version_id = $4
      ) as stored on stored.ts = computed.ts
      left join (
        select history.ts, max(history.revision) as revision, max(history.known_to) as known_to
        from feature.feature_vector_history as history
        where history.instrument_id = $1 and history.feature_set_version_id = $4
        group by history.ts
      ) as closed on closed.ts = computed.ts
      where computed.ts >= coalesce($6, '-infinity')
        and (stored.ts is null or array_send(stored.values) <> array_send(computed.values))
      on conflict (instrument_id, feature_set_version_id, ts) do update
      set values = excluded.values, known_from = excluded.known_from, run_id = excluded.run_id
    $query$,
    current_set.compiled_sql
  ) using p_instrument_id, read_from, p_to_ts, current_set.feature_set_version_id, p_run_id, p_from_ts;
  get diagnostics rows_stored = row_count;

  delete from feature.feature_vector as vector
  where vector.instrument_id = p_instrument_id
    and vector.feature_set_version_id = current_set.feature_set_version_id
    and vector.ts between coalesce(p_from_ts, '-infinity') and coalesce(p_to_ts, 'infinity')
    and not exists (
      select
      from market.price_data as bar
      where bar.instrument_id = vector.instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts = vector.ts
    );
  get diagnostics rows_removed = row_count;
  return rows_stored + rows_removed;
exception
  when data_exception then
    raise exception using
      errcode = 'MB001',
      message = format('Set %s cannot be computed for instrument %s: %s.', p_set, p_instrument_id, sqlerrm),
      hint = 'An expression of the set overflows on these bars; guard it with case, nullif or least.';
end
$$;

comment on function feature.compute(bigint, text, bigint, timestamptz, timestamptz) is
'Computes the current version of set p_set for p_instrument_id and stores it in feature.feature_vector. Gives the number of vectors that were added, replaced or removed; 0 where everything was there already.
p_run_id: run that asks for it. p_from_ts, p_to_ts: first and last bar to store (NULL: no limit); the bars before them are read as far as the set looks back.
A vector is known from when the last of the bars in its window was; a replaced one is kept in feature.feature_vector_history. Vectors whose bar is gone are removed.
Errors: MB002 for an unknown instrument, MB003 for an unknown set, MB001 for an unknown run or an expression that overflows.';

revoke all on function feature.compute(bigint, text, bigint, timestamptz, timestamptz) from public;
grant execute on function feature.compute(bigint, text, bigint, timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded feature/vectors/compute.sql
--! Included feature/vectors/known_bars.sql
-- The bars of an instrument, each with the time from when the series up to it could be known.
create or replace function feature.known_bars(
  p_instrument_id bigint,
  p_bar_interval text,
  p_from_ts timestamptz default null,
  p_to_ts timestamptz default null
) returns table (
  ts timestamptz,
  known_from timestamptz,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision
)
language sql stable parallel safe
begin atomic
  select bar.ts, greatest(bar.known_from, closed.known_to), bar.open, bar.high, bar.low, bar.close, bar.volume
  from market.price_data as bar
  left join (
    -- A bar that was removed is missed at the next one; it could not be missed before it was removed.
    select
      (
        select min(next.ts)
        from market.price_data as next
        where next.instrument_id = p_instrument_id and next.bar_interval = p_bar_interval and next.ts >= history.ts
      ) as ts,
      max(history.known_to) as known_to
    from market.price_data_history as history
    where history.instrument_id = p_instrument_id and history.bar_interval = p_bar_interval
    group by 1
  ) as closed on closed.ts = bar.ts
  where bar.instrument_id = p_instrument_id
    and bar.bar_interval = p_bar_interval
    and bar.ts between coalesce(p_from_ts, '-infinity') and coalesce(p_to_ts, 'infinity');
end;

comment on function feature.known_bars(bigint, text, timestamptz, timestamptz) is
'The current bars of p_instrument_id of length p_bar_interval from p_from_ts to p_to_ts (NULL: no limit), for computing features.
known_from is that of the bar, or the time at which an older version of it, or a bar before it that is gone, was given up, if that is later.';

revoke all on function feature.known_bars(bigint, text, timestamptz, timestamptz) from public;
grant execute on function feature.known_bars(bigint, text, timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded feature/vectors/known_bars.sql
--! Included feature/vectors/latest_known.sql
-- The latest time of each window: a value is known when the last of its bars is.
create or replace function feature.latest_known(p_known_from timestamptz[], p_lookback integer) returns timestamptz[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result timestamptz[] := p_known_from;
  latest timestamptz := '-infinity';
  latest_at integer := 0;
  moment timestamptz;
  i integer := 0;
begin
  -- Times rise with the bars unless one was corrected, so that there is hardly ever anything to replace.
  foreach moment in array coalesce(p_known_from, '{}') loop
    i := i + 1;
    if moment >= latest then
      latest := moment;
      latest_at := i;
    else
      if latest_at < i - p_lookback then
        latest := '-infinity';
        for j in i - p_lookback .. i loop
          if p_known_from[j] >= latest then
            latest := p_known_from[j];
            latest_at := j;
          end if;
        end loop;
      end if;
      if latest_at < i then
        result[i] := latest;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function feature.latest_known(timestamptz[], integer) is
'For each bar the latest of p_known_from among it and the p_lookback bars before it; NULL for p_lookback: among all bars up to it. As long as p_known_from; NULL for NULL.';

revoke all on function feature.latest_known(timestamptz[], integer) from public;
grant execute on function feature.latest_known(timestamptz[], integer) to marketbase_worker;
--! EndIncluded feature/vectors/latest_known.sql
--! Included feature/vectors/reach_of_change.sql
-- The last bar that looks back on a changed one.
create or replace function feature.reach_of_change(
  p_instrument_id bigint,
  p_bar_interval text,
  p_ts timestamptz,
  p_lookback integer
) returns timestamptz
language sql stable parallel safe
begin atomic
  select case
    when p_lookback = 0 then p_ts
    when p_lookback > 0 then (
      select bar.ts
      from market.price_data as bar
      where bar.instrument_id = p_instrument_id and bar.bar_interval = p_bar_interval and bar.ts > p_ts
      order by bar.ts
      offset p_lookback - 1
      limit 1
    )
  end;
end;

comment on function feature.reach_of_change(bigint, text, timestamptz, integer) is
'Start of the bar that lies p_lookback bars after p_ts, where bars are of length p_bar_interval: the last one that depends on the bar at p_ts.
NULL where there are fewer bars, or for NULL as p_lookback (unbounded): every later bar depends on it.';

revoke all on function feature.reach_of_change(bigint, text, timestamptz, integer) from public;
grant execute on function feature.reach_of_change(bigint, text, timestamptz, integer) to marketbase_worker;
--! EndIncluded feature/vectors/reach_of_change.sql
--! Included ingest/accept/accept_actions.sql
-- Splits and dividends that came with the bars.
create or replace function ingest.accept_actions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  update market.corporate_action as current
  set
    amount = candidate.amount, currency = candidate.currency, known_from = greatest(response.fetched_at, current.known_from),
    provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
  from (
    select distinct on (action.instrument_id, action.action_type, action.ex_date) action.*
    from ingest.candidate_action action
    where action.raw_response_id = p_raw_response_id
    order by action.instrument_id, action.action_type, action.ex_date, action.row_no
  ) as candidate, ingest.provider current_provider, ingest.raw_response current_response
  where current.instrument_id = candidate.instrument_id and current.action_type = candidate.action_type and current.ex_date = candidate.ex_date
    and current_provider.provider = current.provider and response.priority <= current_provider.priority
    and current_response.raw_response_id = current.raw_response_id and current_response.fetched_at <= response.fetched_at
    and (current.amount, current.currency) is distinct from (candidate.amount, candidate.currency);
  get diagnostics outcome.changed_count = row_count;

  insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
  select distinct on (candidate.instrument_id, candidate.action_type, candidate.ex_date)
    candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.amount, candidate.currency,
    1 + coalesce((
      select max(history.version)
      from market.corporate_action_history history
      where history.instrument_id = candidate.instrument_id and history.action_type = candidate.action_type and history.ex_date = candidate.ex_date
    ), 0),
    candidate.ex_date::timestamp at time zone exchange.time_zone,
    response.provider, p_raw_response_id, p_run_id
  from ingest.candidate_action candidate
  join market.instrument on instrument.instrument_id = candidate.instrument_id
  join market.exchange on exchange.mic = instrument.mic
  where candidate.raw_response_id = p_raw_response_id
  order by candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.row_no
  on conflict (instrument_id, action_type, ex_date) do nothing;
  get diagnostics outcome.new_count = row_count;

  select count(*) - outcome.new_count - outcome.changed_count into outcome.unchanged_count
  from ingest.candidate_action
  where candidate_action.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_actions(bigint, bigint) is
'Takes the splits and dividends of a body into market.corporate_action and returns the counts; ingest.accept_bars has locked their instruments. A split that comes twice is one split: the key is instrument, type and ex-date.
A first version is known from the start of the ex-date, a changed amount from the arrival of its body. A provider with a greater priority number or an older body does not replace what is stored.';

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
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  -- One writer per instrument at a time, always in the same order.
  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || touched.instrument_id, 0))
  from (
    select distinct candidate.instrument_id
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    order by candidate.instrument_id
  ) as touched;

  -- A changed bar. Prices and volume must be equal to the bit: providers send the same double again as long as they mean the same.
  -- The adjusted close alone may differ by one part in a million: Yahoo computes it anew for each request in single precision, so that
  -- one window fetched six times gives values up to 1.5e-5 apart, which is no restatement.
  -- A body older than the one behind the stored bar cannot correct it, nor can a provider of lower priority.
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
    and current_provider.provider = current.provider and response.priority <= current_provider.priority
    and current_response.raw_response_id = current.raw_response_id and current_response.fetched_at <= response.fetched_at
    and (
      (current.open, current.high, current.low, current.close, current.volume)
        is distinct from (candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume)
      or candidate.adjusted_close is not null and current.adjusted_close is null
      or abs(candidate.adjusted_close - current.adjusted_close) > 1e-6 * abs(current.adjusted_close)
    );
  get diagnostics outcome.changed_count = row_count;

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
      when '1w' then (candidate.session_date + 7)::timestamp at time zone exchange.time_zone
      when '1mo' then (candidate.session_date + interval '1 month') at time zone exchange.time_zone
      else candidate.ts + replace(candidate.bar_interval, 'm', 'min')::interval
    end,
    response.provider, p_raw_response_id, p_run_id
  from (
    select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
  ) as candidate
  join market.instrument on instrument.instrument_id = candidate.instrument_id
  join market.exchange on exchange.mic = instrument.mic
  left join market.trading_session session on session.mic = instrument.mic and session.session_date = candidate.session_date
  on conflict (instrument_id, bar_interval, ts) do nothing;
  get diagnostics outcome.new_count = row_count;

  select count(*) - outcome.new_count - outcome.changed_count into outcome.unchanged_count
  from ingest.candidate_bar
  where candidate_bar.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_bars(bigint, bigint) is
'Takes the candidates of a body into market.price_data: new bars, new versions of changed ones, nothing for those that are there already; equal duplicates within the body count once. Returns the counts.
A first version is known from the close of its session, a correction from the arrival of its body. A provider with a greater priority number or an older body does not replace what is stored.
Prices and volume are compared exactly, the adjusted close within one part in a million. The caller has taken out the rows that failed a critical rule.';

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
      partition by fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end order by fact.filed
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
    and (current.value, current.filed) is distinct from (fact.value, fact.filed);
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
'Takes the candidates of a body into market.company_fundamental and returns the counts. Each fact keeps the value last filed as current and the restated ones as closed versions, in the order of filing and not of arrival;
a filing that repeats the value makes no version. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_facts(bigint, bigint) from public;
grant execute on function ingest.accept_facts(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/accept_facts.sql
--! Included ingest/accept/fact_timeline.sql
-- What was known of each fact, and from when, once the candidates of a body are added to what is stored.
create or replace function ingest.fact_timeline(p_raw_response_id bigint) returns setof ingest.fact_value
language sql stable strict parallel safe
rows 10000
begin atomic
  with said as (
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, false as is_stored
    from ingest.candidate_fact fact
    join ingest.raw_response response using (raw_response_id)
    join ingest.provider using (provider)
    where fact.raw_response_id = p_raw_response_id
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true
    from market.company_fundamental fact
    join ingest.provider using (provider)
    where fact.instrument_id in (
      select candidate.instrument_id from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id
    )
    union all
    select
      fact.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end, fact.value, fact.fiscal_year,
      fact.fiscal_period, fact.form, fact.accession, fact.filed, provider.priority, true
    from market.company_fundamental_history fact
    join ingest.provider using (provider)
    where fact.known_to > fact.known_from and fact.instrument_id in (
      select candidate.instrument_id from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id
    )
  ),
  -- Of what was filed on one day the last filing counts, from the provider that goes before the others.
  daily as (
    select distinct on (instrument_id, taxonomy, concept, unit, period_start, period_end, filed)
      instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed,
      bool_or(is_stored) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end, filed, value) as is_stored
    from said
    order by instrument_id, taxonomy, concept, unit, period_start, period_end, filed, priority, accession desc, is_stored
  ),
  -- A filing that repeats the value of the one before says nothing new.
  followed as (
    select *, lag(value) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by filed) as previous_value
    from daily
  )
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed,
    (filed + 1)::timestamp at time zone 'America/New_York',
    lead((filed + 1)::timestamp at time zone 'America/New_York')
      over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by filed),
    is_stored
  from followed
  where value is distinct from previous_value;
end;

comment on function ingest.fact_timeline(bigint) is
'For every fact of the instruments of a body: the values that it has had, by filing, from the candidates and from what is stored, whatever the order in which they arrive. known_from is the start of the day after filing,
New York time; next_known_from that of the next value, NULL for the last one; is_stored is true where that value of that day is stored already. No row for NULL.';

revoke all on function ingest.fact_timeline(bigint) from public;
grant execute on function ingest.fact_timeline(bigint) to marketbase_worker;
--! EndIncluded ingest/accept/fact_timeline.sql
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
  raw_response_id, normaliser, normaliser_version, outcome, row_count, accepted_count, new_count, changed_count, quarantined_count, error_code, message,
  run_id
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
  filed, payload
) on ingest.candidate_fact to marketbase_worker;
grant update (
  raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession,
  filed, payload
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
--! EndIncluded ingest/grants.sql
--! Included ingest/land/record_response.sql
-- One response of a provider, unless it repeats the one before it.
create or replace function ingest.record_response(
  p_run_id bigint,
  p_provider text,
  p_dataset text,
  p_subject text,
  p_url text,
  p_method text,
  p_status integer,
  p_headers jsonb,
  p_content_type text,
  p_body bytea,
  p_byte_count bigint,
  p_sha256 text,
  p_fetched_at timestamptz,
  out raw_response_id bigint,
  out is_new boolean
)
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  stored_url text := ingest.redact_url(p_url);
  latest record;
begin
  if not exists (select from ingest.provider where provider.provider = p_provider) then
    raise exception using
      errcode = 'MB001',
      message = format('there is no provider named "%s"', p_provider),
      hint = 'Providers: ' || (select string_agg(provider.provider, ', ' order by provider.provider) from ingest.provider) || '.';
  end if;
  -- Two fetches of one subject at once: the second waits and then sees what the first stored.
  perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'ingest.raw_response', p_provider, p_dataset, p_subject), 0));

  select response.raw_response_id, response.status, response.sha256 into latest
  from ingest.raw_response response
  where response.provider = p_provider and response.dataset = p_dataset and response.subject = p_subject and response.url = stored_url
  order by response.raw_response_id desc
  limit 1;
  if latest.sha256 = p_sha256 and latest.status = p_status then
    raw_response_id := latest.raw_response_id;
    is_new := false;
    return;
  end if;

  insert into ingest.raw_response (
    provider, dataset, subject, url, method, status, headers, content_type, body, byte_count, sha256, fetched_at, run_id
  )
  values (
    p_provider, p_dataset, p_subject, stored_url, p_method, p_status, ingest.redact_headers(p_headers), p_content_type, p_body, p_byte_count, p_sha256,
    p_fetched_at, p_run_id
  )
  returning raw_response.raw_response_id into record_response.raw_response_id;
  is_new := true;
end
$$;

comment on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz) is
'Stores a response whose length and sha256 are known; ingest.land and the import of files call it. p_body is NULL for a file whose bytes follow in ingest.raw_response_chunk. The URL and headers lose their secrets.
When the latest response to the same request has the same status and sha256, nothing is stored: is_new is false and raw_response_id is that one. MB001 for an unknown provider.';

revoke all on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz) from public;
grant execute on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded ingest/land/record_response.sql
--! Included ingest/land/redact_headers.sql
-- Cookies and credentials never reach a table.
create or replace function ingest.redact_headers(p_headers jsonb) returns jsonb
language sql immutable parallel safe
begin atomic
  select coalesce(jsonb_object_agg(lower(header.name), header.value), '{}')
  from jsonb_each(p_headers) as header (name, value)
  where header.name !~* '(cookie|authenticat|authoriz|key|token|secret|session|credential|csrf|crumb)';
end;

comment on function ingest.redact_headers(jsonb) is
'Headers, a JSON object, with their names in lower case and without cookies, authorisation, keys, tokens and sessions. An empty object for NULL.';

revoke all on function ingest.redact_headers(jsonb) from public;
grant execute on function ingest.redact_headers(jsonb) to marketbase_reader;
--! EndIncluded ingest/land/redact_headers.sql
--! Included ingest/land/redact_url.sql
-- Keys and tokens never reach a table.
create or replace function ingest.redact_url(p_url text) returns text
language sql immutable strict parallel safe
return regexp_replace(
  regexp_replace(p_url, '^([a-z][a-z0-9+.-]*://)[^/?#@]*@', '\1', 'i'),
  '([?&;#](?:[^=&;#]*(?:key|token|secret|passw|signature|crumb|auth|session|credential)[^=&;#]*|sig|pwd|sid)=)[^&;#]*', '\1REDACTED', 'gi'
);

comment on function ingest.redact_url(text) is
'A URL without user and password, and with REDACTED in place of the value of every parameter whose name speaks of a key, token, secret, password, signature, crumb, session or credential. NULL for NULL.';

revoke all on function ingest.redact_url(text) from public;
grant execute on function ingest.redact_url(text) to marketbase_reader;
--! EndIncluded ingest/land/redact_url.sql
--! Included ingest/normalise/ensure_instrument.sql
-- Whoever brings data of a symbol brings the instrument along.
create or replace function ingest.ensure_instrument(
  p_run_id bigint,
  p_symbol text,
  p_name text default null,
  p_asset_class text default null,
  p_mic text default null,
  p_currency text default null,
  p_cik text default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given_symbol text := upper(btrim(p_symbol));
  found_id bigint;
begin
  if given_symbol is null or given_symbol !~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$' then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" cannot be a symbol', left(p_symbol, 40)),
      hint = 'A symbol has up to 32 letters, digits and . ^ = / _ -';
  end if;
  insert into market.instrument (symbol, name, asset_class, mic, currency, cik, run_id)
  values (given_symbol, p_name, coalesce(p_asset_class, 'equity'), coalesce(p_mic, 'XNYS'), coalesce(p_currency, 'USD'), p_cik, p_run_id)
  on conflict (symbol) do nothing
  returning instrument_id into found_id;

  if found_id is null then
    update market.instrument
    set name = coalesce(p_name, name), asset_class = coalesce(p_asset_class, asset_class), mic = coalesce(p_mic, mic),
      currency = coalesce(p_currency, currency), cik = coalesce(p_cik, cik)
    where symbol = given_symbol
      and (coalesce(p_name, name), coalesce(p_asset_class, asset_class), coalesce(p_mic, mic), coalesce(p_currency, currency), coalesce(p_cik, cik))
        is distinct from (name, asset_class, mic, currency, cik);
    select instrument.instrument_id into found_id from market.instrument where symbol = given_symbol;
  end if;
  return found_id;
end
$$;

comment on function ingest.ensure_instrument(bigint, text, text, text, text, text, text) is
'The instrument_id of a symbol, which is added when it is new. What the provider knows of it (name, asset class, exchange, currency, CIK) is kept; NULL means that it does not know. MB001 when the text cannot be a symbol.';

revoke all on function ingest.ensure_instrument(bigint, text, text, text, text, text, text) from public;
grant execute on function ingest.ensure_instrument(bigint, text, text, text, text, text, text) to marketbase_worker;
--! EndIncluded ingest/normalise/ensure_instrument.sql
--! Included ingest/normalise/normalise_sample_bars.sql
-- The bars that come with marketbase: AAPL and the S&P 500 as npm packages carry them.
create or replace function ingest.normalise_sample_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if response.subject = 'AAPL' then
    perform ingest.ensure_instrument(response.run_id, 'AAPL', 'Apple Inc.', 'equity', 'XNAS', 'USD');
  elsif response.subject = '^GSPC' then
    perform ingest.ensure_instrument(response.run_id, '^GSPC', 'S&P 500', 'index', 'XNYS', 'USD');
  end if;
  perform ingest.read_bars_csv(p_raw_response_id, response.subject);
end
$$;

comment on function ingest.normalise_sample_bars(bigint) is
'Fills ingest.candidate_bar from one of the sample files, which are CSV with an adjusted close: ingest.read_bars_csv says how and with which errors. The subject is the symbol.';

revoke all on function ingest.normalise_sample_bars(bigint) from public;
grant execute on function ingest.normalise_sample_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sample_bars.sql
--! Included ingest/normalise/normalise_sec_fundamentals.sql
-- The facts of a company as the SEC's companyfacts give them.
create or replace function ingest.normalise_sec_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  company_id bigint;
begin
  perform ingest.require_success(p_raw_response_id);
  if jsonb_typeof(document -> 'facts') is distinct from 'object' or (document ->> 'cik') is null or (document ->> 'cik') !~ '^\d{1,10}$' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no facts of a company: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"cik": …, "entityName": …, "facts": {taxonomy: {concept: {"units": {unit: [fact, …]}}}}}.';
  end if;
  if exists (
    select
    from jsonb_each(document -> 'facts') as taxonomy
    cross join lateral jsonb_each(case when jsonb_typeof(taxonomy.value) = 'object' then taxonomy.value else '{"": null}' end) as concept
    cross join lateral jsonb_each(case when jsonb_typeof(concept.value -> 'units') = 'object' then concept.value -> 'units' else '{"": null}' end) as unit
    where jsonb_typeof(unit.value) <> 'array'
  ) then
    raise exception using
      errcode = 'MB004',
      message = 'the facts of the body are not lists by taxonomy, concept and unit',
      hint = 'Expected {"facts": {taxonomy: {concept: {"units": {unit: [fact, …]}}}}}.';
  end if;

  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  company_id := ingest.ensure_instrument(response.run_id, response.subject, p_cik => lpad(document ->> 'cik', 10, '0'));
  update market.instrument
  set name = document ->> 'entityName'
  where instrument.instrument_id = company_id and instrument.name is null and jsonb_typeof(document -> 'entityName') = 'string';

  insert into ingest.candidate_fact (
    raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form,
    accession, filed, payload
  )
  select
    p_raw_response_id, row_number() over (), company_id, fact.taxonomy, fact.concept, fact.unit,
    coalesce(fact.period_start, case when fact.start_text is null then fact.period_end end), fact.period_end, fact.value,
    fact.fiscal_year, fact.fiscal_period, fact.form, fact.accession, fact.filed,
    case when problem.text is not null then jsonb_build_object('fact', fact.body, 'problem', problem.text) end
  from (
    select
      taxonomy.key as taxonomy, concept.key as concept, unit.key as unit, item.body, item.body ->> 'start' as start_text,
      case when ingest.is_iso_date(item.body ->> 'start') then (item.body ->> 'start')::date end as period_start,
      case when ingest.is_iso_date(item.body ->> 'end') then (item.body ->> 'end')::date end as period_end,
      case when jsonb_typeof(item.body -> 'val') = 'number' then (item.body ->> 'val')::numeric end as value,
      case when item.body ->> 'fy' ~ '^\d{4}$' then (item.body ->> 'fy')::integer end as fiscal_year,
      item.body ->> 'fp' as fiscal_period, item.body ->> 'form' as form, item.body ->> 'accn' as accession,
      case when ingest.is_iso_date(item.body ->> 'filed') then (item.body ->> 'filed')::date end as filed
    from jsonb_each(document -> 'facts') as taxonomy
    cross join lateral jsonb_each(taxonomy.value) as concept
    cross join lateral jsonb_each(concept.value -> 'units') as unit
    cross join lateral jsonb_array_elements(unit.value) as item (body)
    offset 0
  ) as fact
  cross join lateral (
    select case
      when jsonb_typeof(fact.body) <> 'object' then 'the fact is not an object'
      when fact.period_end is null then format('end "%s" is not a date', fact.body ->> 'end')
      when fact.start_text is not null and fact.period_start is null then format('start "%s" is not a date', fact.start_text)
      when fact.value is null then format('val "%s" is not a number', fact.body ->> 'val')
      when fact.filed is null then format('filed "%s" is not a date', fact.body ->> 'filed')
      when fact.form is null then 'form is missing'
      when fact.accession is null then 'accn is missing'
    end as text
  ) as problem;
end
$$;

comment on function ingest.normalise_sec_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of the SEC''s companyfacts: one row per fact and filing; a value at a moment gets period_start = period_end. The subject is the symbol; its instrument is added when it is new and gets the CIK.
fy and fp are those of the filing, not of the period. A fact that cannot be read has NULL there and its problem in payload. MB004 when the body has another shape or came with a failing status.';

revoke all on function ingest.normalise_sec_fundamentals(bigint) from public;
grant execute on function ingest.normalise_sec_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sec_fundamentals.sql
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
  interval_name := case meta ->> 'dataGranularity'
    when '1m' then '1m' when '5m' then '5m' when '15m' then '15m' when '30m' then '30m' when '60m' then '1h' when '1h' then '1h'
    when '1d' then '1d' when '1wk' then '1w' when '1mo' then '1mo'
  end;
  if interval_name is null then
    raise exception using
      errcode = 'MB004',
      message = format('bars of length "%s" are not kept', meta ->> 'dataGranularity'),
      hint = 'Ask for 1m, 5m, 15m, 30m, 1h, 1d, 1wk or 1mo.';
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
    case when meta ->> 'currency' ~ '^[A-Za-z]{3}$' then meta ->> 'currency' end
  );

  -- A row of nulls alone is a day without trade. A bar whose time is not over yet when the body arrived is still moving and is not kept;
  -- neither is the snapshot of the last trade that ends an intraday chart, whose time does not fall on a minute.
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
      else to_timestamp(bar.epoch) + replace(interval_name, 'm', 'min')::interval
    end
    and (interval_name in ('1d', '1w', '1mo') or bar.epoch::bigint % 60 = 0);

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
end
$$;

comment on function ingest.normalise_yahoo_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from a body of Yahoo''s chart v8. The subject is the symbol; its instrument is added when it is new and learns name, class, exchange and currency (GBp stays GBp: pence).
Yahoo''s prices are adjusted for splits, its adjclose for splits and dividends. The session is the date of the timestamp in the time zone of the exchange. Bars that were still moving when the body arrived are left out,
and days without trade. MB010 with Yahoo''s words when the body is an error; MB004 when it has another shape, other lengths, text instead of numbers, another symbol, or came with a failing status.';

revoke all on function ingest.normalise_yahoo_bars(bigint) from public;
grant execute on function ingest.normalise_yahoo_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_yahoo_bars.sql
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
  else
    insert into market.instrument (symbol, run_id)
    select named.symbol, (select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id)
    from (
      select distinct
        upper(btrim(
          case when strpos(lines.line, '"') = 0 then split_part(lines.line, ',', symbol_at) else (ingest.csv_fields(lines.line))[symbol_at] end
        )) as symbol
      from ingest.body_lines(p_raw_response_id) as lines
      where lines.line_no > 1
    ) as named
    where named.symbol ~ symbol_pattern
    order by named.symbol
    on conflict (symbol) do nothing;
  end if;

  -- Three fences (offset 0), so that each field is cut out and read once.
  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close, payload
  )
  select
    p_raw_response_id, bar.row_no, bar.symbol, instrument.instrument_id, bar.session_date::timestamp at time zone 'UTC', bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    case
      when instrument.instrument_id is null or bar.field_count <> cardinality(header) or bar.session_date is null or bar.open is null or bar.high is null
        or bar.low is null or bar.close is null or bar.volume is null or (bar.adjusted_close is null and bar.adjusted_text is not null) then
        jsonb_build_object('line', bar.line, 'problem', case
          when bar.field_count <> cardinality(header) then format('the line has %s fields where the header has %s', bar.field_count, cardinality(header))
          when instrument.instrument_id is null then format('symbol "%s" cannot be a symbol', bar.symbol)
          when bar.date_text is null then 'date is missing'
          when bar.session_date is null then format('date "%s" is not a date written as YYYY-MM-DD', bar.date_text)
          when bar.open_text is null then 'open is missing'
          when bar.open is null then format('open "%s" is not a number', bar.open_text)
          when bar.high_text is null then 'high is missing'
          when bar.high is null then format('high "%s" is not a number', bar.high_text)
          when bar.low_text is null then 'low is missing'
          when bar.low is null then format('low "%s" is not a number', bar.low_text)
          when bar.close_text is null then 'close is missing'
          when bar.close is null then format('close "%s" is not a number', bar.close_text)
          when bar.volume_text is null then 'volume is missing'
          when bar.volume is null then format('volume "%s" is not a number', bar.volume_text)
          else format('adjusted close "%s" is not a number', bar.adjusted_text)
        end)
    end
  from (
    select
      text.*,
      case when ingest.is_iso_date(date_text) then date_text::date end as session_date,
      case when ingest.is_finite_number(open_text) then open_text::double precision end as open,
      case when ingest.is_finite_number(high_text) then high_text::double precision end as high,
      case when ingest.is_finite_number(low_text) then low_text::double precision end as low,
      case when ingest.is_finite_number(close_text) then close_text::double precision end as close,
      case when ingest.is_finite_number(volume_text) then volume_text::double precision end as volume,
      case when ingest.is_finite_number(adjusted_text) then adjusted_text::double precision end as adjusted_close
    from (
      select
        split.row_no,
        split.line,
        cardinality(fields) as field_count,
        case when symbol_at is null then upper(p_symbol) else upper(btrim(fields[symbol_at])) end as symbol,
        nullif(btrim(fields[date_at]), '') as date_text,
        nullif(btrim(fields[open_at]), '') as open_text,
        nullif(btrim(fields[high_at]), '') as high_text,
        nullif(btrim(fields[low_at]), '') as low_text,
        nullif(btrim(fields[close_at]), '') as close_text,
        nullif(btrim(fields[volume_at]), '') as volume_text,
        nullif(btrim(fields[adjusted_at]), '') as adjusted_text
      from (
        select
          lines.line_no - 1 as row_no,
          lines.line,
          case when strpos(lines.line, '"') = 0 then string_to_array(lines.line, ',') else ingest.csv_fields(lines.line) end as fields
        from ingest.body_lines(p_raw_response_id) as lines
        where lines.line_no > 1
        offset 0
      ) as split
      offset 0
    ) as text
    offset 0
  ) as bar
  left join market.instrument on instrument.symbol = bar.symbol;
end
$$;

comment on function ingest.read_bars_csv(bigint, text) is
'Reads the body of a response as CSV with a header and fills ingest.candidate_bar: columns date, open, high, low, close, volume, optionally adjusted_close (also Adj Close) and symbol (also ticker, Name), in any order and case.
p_symbol counts for all rows of a file without such a column. Symbols that are new become instruments. A row that cannot be read has NULL there and its problem in payload.
MB005 when a column is missing, MB004 when the body is empty, not UTF-8 or came with a failing status.';

revoke all on function ingest.read_bars_csv(bigint, text) from public;
grant execute on function ingest.read_bars_csv(bigint, text) to marketbase_worker;
--! EndIncluded ingest/normalise/read_bars_csv.sql
--! Included ingest/normalise/yahoo_mic.sql
-- Yahoo's names of exchanges, as market identifier codes.
create or replace function ingest.yahoo_mic(p_exchange_name text) returns text
language sql immutable parallel safe
return case p_exchange_name
  when 'NYQ' then 'XNYS' when 'NYS' then 'XNYS' when 'ASE' then 'XNYS' when 'DJI' then 'XNYS' when 'SNP' then 'XNYS' when 'WCB' then 'XNYS'
  when 'NMS' then 'XNAS' when 'NGM' then 'XNAS' when 'NCM' then 'XNAS' when 'NIM' then 'XNAS' when 'NAS' then 'XNAS'
  when 'PCX' then 'ARCX' when 'PNK' then 'OTCM' when 'OQB' then 'OTCM' when 'OQX' then 'OTCM'
  when 'CMX' then 'XCEC'
  when 'TOR' then 'XTSE' when 'LSE' then 'XLON' when 'GER' then 'XETR' when 'PAR' then 'XPAR' when 'OSL' then 'XOSL' when 'CPH' then 'XCSE'
  when 'JKT' then 'XIDX'
  when 'CCC' then 'XXXX'
  else 'XOFF'
end;

comment on function ingest.yahoo_mic(text) is
'The market identifier code of an exchange that Yahoo names in meta.exchangeName: XXXX for crypto, which never closes, XOFF (every weekday) for currencies and for names that are not known here or NULL.';

revoke all on function ingest.yahoo_mic(text) from public;
grant execute on function ingest.yahoo_mic(text) to marketbase_worker;
--! EndIncluded ingest/normalise/yahoo_mic.sql
--! Included ingest/read/body_json.sql
-- The body of a response as a JSON object, or a sentence that says what it is instead.
create or replace function ingest.body_json(p_raw_response_id bigint) returns jsonb
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
  if jsonb_typeof(document) = 'object' then
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

comment on function ingest.body_json(bigint) is
'The body of a response as a JSON object, whatever its status, because errors come as objects too. MB004 with the cause when it is something else: empty, HTML, truncated, NaN, null, a list; or with the status when that says failure.';

revoke all on function ingest.body_json(bigint) from public;
grant execute on function ingest.body_json(bigint) to marketbase_worker;
--! EndIncluded ingest/read/body_json.sql
--! Included ingest/read/body_lines.sql
-- The lines of a body, also of a streamed file of any size.
create or replace function ingest.body_lines(p_raw_response_id bigint, out line_no bigint, out line text) returns setof record
language sql stable strict parallel safe
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
  -- A chunk ends with a line end, so the lines before it are the line ends before it.
  counted as (
    select
      piece.content,
      coalesce(sum(length(piece.content) - length(replace(piece.content, e'\n', '')))
        over (order by piece.piece_no rows between unbounded preceding and 1 preceding), 0) as lines_before
    from piece
  )
  select (counted.lines_before + text.position)::bigint, rtrim(text.line, e'\r')
  from counted
  cross join lateral string_to_table(counted.content, e'\n') with ordinality as text (line, position)
  where text.line <> '' and text.line <> e'\r';
end;

comment on function ingest.body_lines(bigint) is
'The lines of a body with their numbers, from 1, without their line ends; empty lines count but are left out. A streamed file is cut into chunks at line ends, so each chunk is read by itself. No row for NULL.';

revoke all on function ingest.body_lines(bigint) from public;
grant execute on function ingest.body_lines(bigint) to marketbase_worker;
--! EndIncluded ingest/read/body_lines.sql
--! Included ingest/read/body_text.sql
-- The body of a response as text.
create or replace function ingest.body_text(p_raw_response_id bigint) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body bytea;
begin
  select response.body into body from ingest.raw_response response where response.raw_response_id = p_raw_response_id;
  if body is null then
    raise exception using
      errcode = 'MB001',
      message = format('response %s does not exist or is a streamed file', p_raw_response_id),
      hint = 'The lines of a streamed file come from ingest.body_lines.';
  end if;
  return convert_from(body, 'UTF8');
exception
  when character_not_in_repertoire or untranslatable_character then
    raise exception using
      errcode = 'MB004',
      message = 'the body is not text in UTF-8',
      hint = 'The bytes are kept in ingest.raw_response.';
end
$$;

comment on function ingest.body_text(bigint) is
'The body of a response as text. MB004 when it is not UTF-8, MB001 when there is no such response or its bytes lie in ingest.raw_response_chunk.';

revoke all on function ingest.body_text(bigint) from public;
grant execute on function ingest.body_text(bigint) to marketbase_worker;
--! EndIncluded ingest/read/body_text.sql
--! Included ingest/read/csv_fields.sql
-- The fields of a line of CSV, quotes taken off.
create or replace function ingest.csv_fields(p_line text) returns text[]
language sql immutable strict parallel safe
return case
  when strpos(p_line, '"') = 0 then string_to_array(p_line, ',')
  else array(
    select case when field[1] like '"%' then replace(substr(field[1], 2, length(field[1]) - 2), '""', '"') else field[1] end
    from regexp_matches(',' || p_line, ',("(?:[^"]|"")*"|[^,]*)', 'g') as field
  )
end;

comment on function ingest.csv_fields(text) is
'The fields of one line of CSV as in RFC 4180: separated by commas, quoted where they hold a comma or a quote, a quote doubled within. NULL for NULL.';

revoke all on function ingest.csv_fields(text) from public;
grant execute on function ingest.csv_fields(text) to marketbase_worker;
--! EndIncluded ingest/read/csv_fields.sql
--! Included ingest/read/first_line.sql
-- The header of a file, without reading the rest of it.
create or replace function ingest.first_line(p_raw_response_id bigint) returns text
language sql stable strict parallel safe
begin atomic
  select rtrim(split_part(convert_from(piece.body, 'UTF8'), e'\n', 1), e'\r')
  from (
    select response.body
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id and response.body is not null
    union all
    select chunk.body
    from ingest.raw_response_chunk chunk
    where chunk.raw_response_id = p_raw_response_id and chunk.chunk_no = 0
  ) as piece;
end;

comment on function ingest.first_line(bigint) is
'The first line of a body without its line end; an empty text when the body is empty. NULL when there is no such response, and for NULL.';

revoke all on function ingest.first_line(bigint) from public;
grant execute on function ingest.first_line(bigint) to marketbase_worker;
--! EndIncluded ingest/read/first_line.sql
--! Included ingest/read/is_finite_number.sql
-- Whether a text is a number that a bar can hold.
create or replace function ingest.is_finite_number(p_text text) returns boolean
language sql stable parallel safe
-- float8 reads NaN, Infinity and hexadecimal too; the characters leave them out. A pattern would cost ten times as much.
return ltrim(p_text, '0123456789.eE+-') = '' and pg_input_is_valid(p_text, 'float8');

comment on function ingest.is_finite_number(text) is
'True when the text is a decimal number within the range of double precision; NaN, Infinity and 1e400 are not. NULL for NULL.';

revoke all on function ingest.is_finite_number(text) from public;
grant execute on function ingest.is_finite_number(text) to marketbase_worker;
--! EndIncluded ingest/read/is_finite_number.sql
--! Included ingest/read/is_iso_date.sql
-- Whether a text is a date that can only be read in one way.
create or replace function ingest.is_iso_date(p_text text) returns boolean
language sql stable parallel safe
return p_text like '____-__-__' and translate(p_text, '0123456789', '') = '--' and pg_input_is_valid(p_text, 'date');

comment on function ingest.is_iso_date(text) is
'True when the text is a date of the calendar written as YYYY-MM-DD, so that its meaning does not depend on a setting. NULL for NULL.';

revoke all on function ingest.is_iso_date(text) from public;
grant execute on function ingest.is_iso_date(text) to marketbase_worker;
--! EndIncluded ingest/read/is_iso_date.sql
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
      hint = 'The body is kept in ingest.raw_response.';
  end if;
end
$$;

comment on function ingest.require_success(bigint) is
'Does nothing when the status of the response is 2xx; MB004 with the status otherwise.';

revoke all on function ingest.require_success(bigint) from public;
grant execute on function ingest.require_success(bigint) to marketbase_worker;
--! EndIncluded ingest/read/require_success.sql
--! Included internal/function_version.sql
-- The version of a function is the hash of its definition, so that changing it changes the version by itself.
create or replace function internal.function_version(p_function regprocedure) returns text
language sql stable strict parallel safe
return left(encode(sha256(convert_to(pg_get_functiondef(p_function), 'UTF8')), 'hex'), 12);

comment on function internal.function_version(regprocedure) is
'First 12 hex digits of the sha256 of the function''s definition as pg_get_functiondef prints it. NULL for NULL.';

revoke all on function internal.function_version(regprocedure) from public;
grant execute on function internal.function_version(regprocedure) to marketbase_worker;
--! EndIncluded internal/function_version.sql
--! Included internal/grants.sql
-- Who may use the helpers: the worker alone, through the functions that call them. Each helper's file grants its execution.
revoke all on schema internal from public, marketbase_reader;
grant usage on schema internal to marketbase_worker;
--! EndIncluded internal/grants.sql
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
create or replace trigger _100_append_only before update or delete or truncate on search.document
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on search.document_embedding
  for each statement execute function internal.refuse_change();
--! EndIncluded internal/refuse_change.sql
--! Included lineage/grants.sql
-- Who may do what with the lineage: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema lineage to marketbase_reader;

alter table lineage.data_lineage enable row level security;
drop policy if exists data_lineage_read on lineage.data_lineage;
create policy data_lineage_read on lineage.data_lineage for select to marketbase_reader using (true);
drop policy if exists data_lineage_insert on lineage.data_lineage;
create policy data_lineage_insert on lineage.data_lineage for insert to marketbase_worker with check (true);
revoke all on lineage.data_lineage from public, marketbase_reader, marketbase_worker;
grant select on lineage.data_lineage to marketbase_reader;
grant insert (
  run_id, source_relation, source_id, source_instrument_id, source_from, source_to, target_relation, target_id, target_instrument_id, target_from,
  target_to, row_count, operation, transformation, transformation_version
) on lineage.data_lineage to marketbase_worker;
--! EndIncluded lineage/grants.sql
--! Included lineage/roots.sql
-- Where a trace begins: the row or rows that the caller names.
create or replace function lineage.roots(p_relation text, p_id bigint, p_symbol text, p_ts timestamptz) returns setof lineage.node
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  case p_relation
    when 'ml.model_prediction' then
      return query
      select
        p_relation, prediction.model_prediction_id, prediction.instrument_id, prediction.feature_set_version_id, null::bigint,
        prediction.ts, prediction.ts, 1::bigint, null::text, 'ml.predict', prediction.run_id, prediction.recorded_at, null::text, null::text
      from ml.model_prediction prediction
      where prediction.model_prediction_id = p_id;
    when 'ml.model_training_run' then
      return query
      select
        p_relation, training.model_training_run_id, null::bigint, null::bigint, null::bigint, null::timestamptz, null::timestamptz,
        1::bigint, training.code_version, 'ml.train', training.run_id, training.finished_at, training.data_hash, null::text
      from ml.model_training_run training
      where training.model_training_run_id = p_id;
    when 'risk.var_calculation' then
      return query
      select
        p_relation, calculation.var_calculation_id, null::bigint, null::bigint, null::bigint,
        calculation.session_date::timestamp at time zone 'UTC', calculation.session_date::timestamp at time zone 'UTC',
        1::bigint, calculation.method, 'risk.compute_var', calculation.run_id, calculation.recorded_at, null::text, null::text
      from risk.var_calculation calculation
      where calculation.var_calculation_id = p_id;
    when 'feature.feature_vector' then
      return query
      select
        p_relation, null::bigint, vector.instrument_id, vector.feature_set_version_id, null::bigint, vector.ts, vector.ts,
        1::bigint, feature_set.name || '@' || version.version, 'feature.compute', vector.run_id, vector.recorded_at, null::text, null::text
      from feature.feature_vector vector
      join feature.feature_set_version version using (feature_set_version_id)
      join feature.feature_set feature_set using (feature_set_id)
      where vector.instrument_id = market.instrument_id(p_symbol) and vector.ts = p_ts
      order by vector.feature_set_version_id;
    when 'market.price_data' then
      return query
      select
        p_relation, null::bigint, bar.instrument_id, null::bigint, bar.raw_response_id, bar.ts, bar.ts,
        1::bigint, 'version ' || bar.version, 'ingest.accept_bars', bar.run_id, bar.recorded_at, null::text, null::text
      from market.price_data bar
      where bar.instrument_id = market.instrument_id(p_symbol) and bar.ts = p_ts
      order by bar.bar_interval;
    when 'market.company_fundamental' then
      return query
      select
        p_relation, null::bigint, fact.instrument_id, null::bigint, fact.raw_response_id, p_ts, p_ts,
        count(*), null::text, 'ingest.accept_facts', fact.run_id, max(fact.recorded_at), null::text, null::text
      from market.company_fundamental fact
      where fact.instrument_id = market.instrument_id(p_symbol) and fact.period_end = (p_ts at time zone 'UTC')::date
      group by fact.instrument_id, fact.raw_response_id, fact.run_id
      order by fact.run_id;
    when 'portfolio.portfolio_position' then
      return query
      select
        p_relation, position.portfolio_id, position.instrument_id, null::bigint, null::bigint, p_ts, p_ts,
        1::bigint, null::text, 'portfolio.compute_positions', position.run_id, position.recorded_at, null::text, null::text
      from portfolio.portfolio_position position
      where position.instrument_id = market.instrument_id(p_symbol)
        and position.session_date = (p_ts at time zone 'UTC')::date
        and (p_id is null or position.portfolio_id = p_id)
      order by position.portfolio_id;
    else
      raise exception using
        errcode = 'MB001',
        message = format('rows of "%s" cannot be traced', p_relation),
        hint = 'By id: ml.model_prediction, ml.model_training_run, risk.var_calculation. By symbol and time: feature.feature_vector,'
          ' market.price_data, market.company_fundamental, portfolio.portfolio_position.';
  end case;
  if not found then
    raise exception using
      errcode = 'MB002',
      message = format('there is no row of %s with %s', p_relation,
        case when p_symbol is null then format('id %s', coalesce(p_id::text, 'NULL')) else format('symbol %s at %s', p_symbol, coalesce(p_ts::text, 'NULL')) end),
      hint = 'Name an existing row: by p_id, or by p_symbol and p_ts.';
  end if;
end
$$;

comment on function lineage.roots(text, bigint, text, timestamptz) is
'The rows at which a trace begins; see lineage.trace for the arguments and errors.';

revoke all on function lineage.roots(text, bigint, text, timestamptz) from public;
grant execute on function lineage.roots(text, bigint, text, timestamptz) to marketbase_reader;
--! EndIncluded lineage/roots.sql
--! Included lineage/sources/sources.sql
-- One step back: what the rows of a node were made from.
create or replace function lineage.sources(p_node lineage.node) returns setof lineage.node
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  case p_node.relation
    when 'ml.model_prediction' then return query select * from lineage.sources_model_prediction(p_node);
    when 'ml.model_training_run' then return query select * from lineage.sources_model_training_run(p_node);
    when 'ml.training_set' then return query select * from lineage.sources_training_set(p_node);
    when 'feature.feature_vector' then return query select * from lineage.sources_feature_vector(p_node);
    when 'portfolio.portfolio_position' then return query select * from lineage.sources_portfolio_position(p_node);
    when 'risk.var_calculation' then return query select * from lineage.sources_var_calculation(p_node);
    else return query select * from lineage.sources_raw_response(p_node);
  end case;
end
$$;

comment on function lineage.sources(lineage.node) is
'The direct sources of the rows of p_node, by its relation. Rows that were read from a body have that body as their source; a body has none.';

revoke all on function lineage.sources(lineage.node) from public;
grant execute on function lineage.sources(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources.sql
--! Included lineage/sources/sources_model_prediction.sql
-- A prediction comes from a trained model and from the feature vector that was known at its decision.
create or replace function lineage.sources_model_prediction(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'ml.model_training_run', training.model_training_run_id, null::bigint, null::bigint, null::bigint, null::timestamptz, null::timestamptz,
    1::bigint, training.code_version, 'ml.train', training.run_id, training.finished_at, training.data_hash, null::text
  from ml.model_prediction prediction
  join ml.model_training_run training using (model_training_run_id)
  where prediction.model_prediction_id = p_node.id
  union all
  select
    'feature.feature_vector', null, vector.instrument_id, vector.feature_set_version_id, null, vector.ts, vector.ts,
    1, feature_set.name || '@' || version.version, 'feature.compute', vector.run_id, vector.recorded_at, null, null
  from ml.model_prediction prediction
  join feature.feature_vector_version vector
    on vector.instrument_id = prediction.instrument_id
    and vector.feature_set_version_id = prediction.feature_set_version_id
    and vector.ts = prediction.ts
    and vector.revision = prediction.feature_revision
  join feature.feature_set_version version on version.feature_set_version_id = prediction.feature_set_version_id
  join feature.feature_set feature_set on feature_set.feature_set_id = version.feature_set_id
  where prediction.model_prediction_id = p_node.id;
end;

comment on function lineage.sources_model_prediction(lineage.node) is
'Sources of the prediction p_node.id: its training run, and the revision of the feature vector that it used.';

revoke all on function lineage.sources_model_prediction(lineage.node) from public;
grant execute on function lineage.sources_model_prediction(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_model_prediction.sql
--! Included lineage/sources/sources_model_training_run.sql
-- A trained model comes from its training set.
create or replace function lineage.sources_model_training_run(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'ml.training_set', training_set.training_set_id, null::bigint, training_set.feature_set_version_id, null::bigint,
    training_set.from_ts, training_set.to_ts, training_set.row_count, training_set.label, 'ml.make_training_set',
    training_set.run_id, training_set.known_at, training_set.data_hash, null::text
  from ml.model_training_run training
  join ml.training_set training_set using (training_set_id)
  where training.model_training_run_id = p_node.id;
end;

comment on function lineage.sources_model_training_run(lineage.node) is 'Source of the training run p_node.id: its training set.';

revoke all on function lineage.sources_model_training_run(lineage.node) from public;
grant execute on function lineage.sources_model_training_run(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_model_training_run.sql
--! Included lineage/sources/sources_raw_response.sql
-- Rows that were read from a body end there: its sha256 is the end of every trace.
create or replace function lineage.sources_raw_response(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'ingest.raw_response', response.raw_response_id, null::bigint, null::bigint, null::bigint, response.fetched_at, response.fetched_at,
    1::bigint, response.provider || ' ' || response.dataset, format('%s %s', response.method, response.status),
    response.run_id, response.recorded_at, response.sha256, response.url
  from ingest.raw_response response
  where response.raw_response_id = p_node.raw_response_id;
end;

comment on function lineage.sources_raw_response(lineage.node) is
'Source of rows that were read from a body (bars, facts, trades, documents): the body p_node.raw_response_id with its sha256.';

revoke all on function lineage.sources_raw_response(lineage.node) from public;
grant execute on function lineage.sources_raw_response(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_raw_response.sql
--! Included lineage/sources/sources_training_set.sql
-- A training set comes from the feature vectors of its instruments as they were stored then.
create or replace function lineage.sources_training_set(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'feature.feature_vector', null::bigint, vector.instrument_id, vector.feature_set_version_id, null::bigint,
    min(vector.ts), max(vector.ts), count(*), feature_set.name || '@' || version.version, 'feature.compute',
    vector.run_id, max(vector.recorded_at), null::text, null::text
  from ml.training_set training_set
  join feature.feature_vector_version vector
    on vector.instrument_id = any (training_set.instrument_ids)
    and vector.feature_set_version_id = training_set.feature_set_version_id
    and vector.ts between training_set.from_ts and training_set.to_ts
    and vector.recorded_at <= training_set.known_at
    and vector.closed_at > training_set.known_at
  join feature.feature_set_version version on version.feature_set_version_id = training_set.feature_set_version_id
  join feature.feature_set feature_set on feature_set.feature_set_id = version.feature_set_id
  where training_set.training_set_id = p_node.id
  group by vector.instrument_id, vector.feature_set_version_id, feature_set.name, version.version, vector.run_id
  order by vector.instrument_id, min(vector.ts);
end;

comment on function lineage.sources_training_set(lineage.node) is
'Sources of the training set p_node.id: the feature vectors of each instrument that were stored when it was drawn, by the run that computed them.';

revoke all on function lineage.sources_training_set(lineage.node) from public;
grant execute on function lineage.sources_training_set(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_training_set.sql
--! Included lineage/sources/sources_var_calculation.sql
-- A value at risk comes from the positions of its portfolio on that day.
create or replace function lineage.sources_var_calculation(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'portfolio.portfolio_position', position.portfolio_id, position.instrument_id, null::bigint, null::bigint,
    position.session_date::timestamp at time zone 'UTC', position.session_date::timestamp at time zone 'UTC',
    1::bigint, null::text, 'portfolio.compute_positions', position.run_id, position.recorded_at, null::text, null::text
  from risk.var_calculation calculation
  join portfolio.portfolio_position position
    on position.portfolio_id = calculation.portfolio_id and position.session_date = calculation.session_date
  where calculation.var_calculation_id = p_node.id
  order by position.instrument_id;
end;

comment on function lineage.sources_var_calculation(lineage.node) is
'Sources of the value at risk p_node.id: the positions of its portfolio on its day.';

revoke all on function lineage.sources_var_calculation(lineage.node) from public;
grant execute on function lineage.sources_var_calculation(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_var_calculation.sql
--! Included lineage/trace.sql
-- From any derived row back to the bodies that were fetched, in one call.
create or replace function lineage.trace(
  p_relation text,
  p_id bigint default null,
  p_symbol text default null,
  p_ts timestamptz default null
) returns setof lineage.trace_step
language sql stable parallel safe
begin atomic
  with recursive walk (node, depth, path) as (
    select root.node, 0, array[root.place]
    from (
      select (r.relation, r.id, r.instrument_id, r.feature_set_version_id, r.raw_response_id, r.from_ts, r.to_ts, r.row_count,
        r.version, r.transformation, r.run_id, r.recorded_at, r.sha256, r.url)::lineage.node as node, r.place
      from rows from (lineage.roots(p_relation, p_id, p_symbol, p_ts)) with ordinality
        as r (relation, id, instrument_id, feature_set_version_id, raw_response_id, from_ts, to_ts, row_count,
          version, transformation, run_id, recorded_at, sha256, url, place)
    ) root
    union all
    select
      (s.relation, s.id, s.instrument_id, s.feature_set_version_id, s.raw_response_id, s.from_ts, s.to_ts, s.row_count,
        s.version, s.transformation, s.run_id, s.recorded_at, s.sha256, s.url)::lineage.node,
      walk.depth + 1, walk.path || s.place
    from walk
    cross join lateral rows from (lineage.sources(walk.node)) with ordinality
      as s (relation, id, instrument_id, feature_set_version_id, raw_response_id, from_ts, to_ts, row_count,
        version, transformation, run_id, recorded_at, sha256, url, place)
    where (walk.node).relation <> 'ingest.raw_response'
  )
  select
    (row_number() over (order by walk.path))::integer, walk.depth, (walk.node).relation, (walk.node).id, instrument.symbol,
    (walk.node).from_ts, (walk.node).to_ts, (walk.node).row_count, (walk.node).version, (walk.node).transformation,
    (walk.node).run_id, (walk.node).recorded_at, (walk.node).sha256, (walk.node).url
  from walk
  left join market.instrument instrument on instrument.instrument_id = (walk.node).instrument_id
  order by walk.path;
end;

comment on function lineage.trace(text, bigint, text, timestamptz) is
'The way from a row back to what was fetched: each station is followed by its sources, down to the bodies in ingest.raw_response with their sha256.
p_relation: ml.model_prediction, ml.model_training_run or risk.var_calculation with p_id; feature.feature_vector, market.price_data, market.company_fundamental (p_ts: end of period) or portfolio.portfolio_position (p_id: portfolio, optional) with p_symbol and p_ts.
Sources are the versions that were stored when the row was made, whatever was corrected since.
Errors: MB001 for another relation, MB002 when there is no such row.';

revoke all on function lineage.trace(text, bigint, text, timestamptz) from public;
grant execute on function lineage.trace(text, bigint, text, timestamptz) to marketbase_reader;
--! EndIncluded lineage/trace.sql
--! Included lineage/triggers/record_company_fundamental.sql
-- Edges from the bodies to the facts that were read from them.
create or replace function lineage.record_company_fundamental() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id,
    format('%s.%s', tg_table_schema, tg_table_name), made.instrument_id,
    min(made.period_end::timestamp at time zone 'UTC'), max(made.period_end::timestamp at time zone 'UTC'),
    count(*), lower(tg_op), normaliser.name, internal.function_version(to_regprocedure(normaliser.name || '(bigint)'))
  from made
  join ingest.raw_response response on response.raw_response_id = made.raw_response_id
  cross join lateral (select format('ingest.normalise_%s_%s', response.provider, response.dataset)) as normaliser (name)
  group by made.run_id, made.raw_response_id, made.instrument_id, normaliser.name;
  return null;
end
$$;

comment on function lineage.record_company_fundamental() is
'Trigger: writes one edge from each body to each instrument whose facts were added or changed.';

revoke all on function lineage.record_company_fundamental() from public;

create or replace trigger _500_lineage_insert after insert on market.company_fundamental
  referencing new table as made
  for each statement execute function lineage.record_company_fundamental();
create or replace trigger _500_lineage_update after update on market.company_fundamental
  referencing new table as made
  for each statement execute function lineage.record_company_fundamental();
--! EndIncluded lineage/triggers/record_company_fundamental.sql
--! Included lineage/triggers/record_corporate_action.sql
-- Edges from the bodies to the corporate actions that were read from them.
create or replace function lineage.record_corporate_action() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id, 'market.corporate_action', null, made.instrument_id,
    min(made.ex_date::timestamp at time zone 'UTC'), max(made.ex_date::timestamp at time zone 'UTC'),
    count(*), lower(tg_op), 'ingest.accept_actions', internal.function_version('ingest.accept_actions(bigint, bigint)'::regprocedure)
  from made
  group by made.run_id, made.raw_response_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_corporate_action() is
'Trigger: writes one edge from each body to the actions of each instrument.';

revoke all on function lineage.record_corporate_action() from public;

create or replace trigger _500_lineage_insert after insert on market.corporate_action
  referencing new table as made
  for each statement execute function lineage.record_corporate_action();
create or replace trigger _500_lineage_update after update on market.corporate_action
  referencing new table as made
  for each statement execute function lineage.record_corporate_action();
--! EndIncluded lineage/triggers/record_corporate_action.sql
--! Included lineage/triggers/record_document.sql
-- Edges from the bodies to the documents that were read from them.
create or replace function lineage.record_document() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id, 'search.document', made.document_id, made.instrument_id, min(made.known_from), max(made.known_from),
    count(*), lower(tg_op), 'search.record_documents', internal.function_version('search.record_documents(bigint, bigint)'::regprocedure)
  from made
  group by made.run_id, made.raw_response_id, made.document_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_document() is
'Trigger: writes one edge from each body to each document.';

revoke all on function lineage.record_document() from public;

create or replace trigger _500_lineage_insert after insert on search.document
  referencing new table as made
  for each statement execute function lineage.record_document();
--! EndIncluded lineage/triggers/record_document.sql
--! Included lineage/triggers/record_feature_vector.sql
-- Edges from the bars to the feature vectors that were computed from them.
create or replace function lineage.record_feature_vector() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    grouped.run_id, 'market.price_data', grouped.instrument_id,
    lineage.window_start(grouped.instrument_id, version.lookback, grouped.from_ts), grouped.to_ts,
    'feature.feature_vector', grouped.instrument_id, grouped.from_ts, grouped.to_ts,
    grouped.row_count, lower(tg_op), 'feature.compute', feature_set.name || '@' || version.version
  from (
    select run_id, instrument_id, feature_set_version_id, min(ts) as from_ts, max(ts) as to_ts, count(*) as row_count
    from made
    group by run_id, instrument_id, feature_set_version_id
  ) grouped
  join feature.feature_set_version version using (feature_set_version_id)
  join feature.feature_set feature_set using (feature_set_id);
  return null;
end
$$;

comment on function lineage.record_feature_vector() is
'Trigger: writes one edge from the bars of an instrument, as far back as the set looks, to its vectors.';

revoke all on function lineage.record_feature_vector() from public;

create or replace trigger _500_lineage_insert after insert on feature.feature_vector
  referencing new table as made
  for each statement execute function lineage.record_feature_vector();
create or replace trigger _500_lineage_update after update on feature.feature_vector
  referencing new table as made
  for each statement execute function lineage.record_feature_vector();
--! EndIncluded lineage/triggers/record_feature_vector.sql
--! Included lineage/triggers/record_model_prediction.sql
-- Edges from the trained model and the feature vectors to the predictions.
create or replace function lineage.record_model_prediction() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to, row_count, operation, transformation, transformation_version
  )
  select
    grouped.run_id, source.relation, source.id, source.instrument_id, source.from_ts, source.to_ts,
    'ml.model_prediction', grouped.instrument_id, grouped.from_ts, grouped.to_ts, grouped.row_count, 'insert', 'ml.predict', training.code_version
  from (
    select run_id, instrument_id, model_training_run_id, min(ts) as from_ts, max(ts) as to_ts, count(*) as row_count
    from made
    group by run_id, instrument_id, model_training_run_id
  ) grouped
  join ml.model_training_run training using (model_training_run_id)
  cross join lateral (
    values
      ('ml.model_training_run', grouped.model_training_run_id, null::bigint, null::timestamptz, null::timestamptz),
      ('feature.feature_vector', null, grouped.instrument_id, grouped.from_ts, grouped.to_ts)
  ) as source (relation, id, instrument_id, from_ts, to_ts);
  return null;
end
$$;

comment on function lineage.record_model_prediction() is
'Trigger: writes an edge from the training run and one from the vectors of each instrument to its predictions.';

revoke all on function lineage.record_model_prediction() from public;

create or replace trigger _500_lineage_insert after insert on ml.model_prediction
  referencing new table as made
  for each statement execute function lineage.record_model_prediction();
--! EndIncluded lineage/triggers/record_model_prediction.sql
--! Included lineage/triggers/record_model_training_run.sql
-- Edges from the training set to the model that was trained on it.
create or replace function lineage.record_model_training_run() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, row_count, operation, transformation, transformation_version
  )
  select made.run_id, 'ml.training_set', made.training_set_id, 'ml.model_training_run', made.model_training_run_id, 1, 'insert', 'ml.train', made.code_version
  from made;
  return null;
end
$$;

comment on function lineage.record_model_training_run() is
'Trigger: writes the edge from the training set to the training run.';

revoke all on function lineage.record_model_training_run() from public;

create or replace trigger _500_lineage_insert after insert on ml.model_training_run
  referencing new table as made
  for each statement execute function lineage.record_model_training_run();
--! EndIncluded lineage/triggers/record_model_training_run.sql
--! Included lineage/triggers/record_performance_metric.sql
-- Edges from the positions to the performance computed from them.
create or replace function lineage.record_performance_metric() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, source_from, source_to,
    target_relation, target_id, target_from, target_to, row_count, operation, transformation
  )
  select
    made.run_id, 'portfolio.portfolio_position', made.portfolio_id, null, max(made.session_date)::timestamp at time zone 'UTC',
    'portfolio.performance_metric', made.portfolio_id,
    min(made.session_date)::timestamp at time zone 'UTC', max(made.session_date)::timestamp at time zone 'UTC',
    count(*), lower(tg_op), 'portfolio.compute_metrics'
  from made
  group by made.run_id, made.portfolio_id;
  return null;
end
$$;

comment on function lineage.record_performance_metric() is
'Trigger: writes the edge from the positions of a portfolio, named by its identity, to its metrics.';

revoke all on function lineage.record_performance_metric() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.performance_metric
  referencing new table as made
  for each statement execute function lineage.record_performance_metric();
create or replace trigger _500_lineage_update after update on portfolio.performance_metric
  referencing new table as made
  for each statement execute function lineage.record_performance_metric();
--! EndIncluded lineage/triggers/record_performance_metric.sql
--! Included lineage/triggers/record_portfolio_optimization.sql
-- Edges from the bars to the weights optimised on them.
create or replace function lineage.record_portfolio_optimization() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to, target_relation, target_id, row_count, operation, transformation
  )
  select
    made.run_id, 'market.price_data', instrument_id, made.from_date::timestamp at time zone 'UTC', made.to_date::timestamp at time zone 'UTC',
    'portfolio.portfolio_optimization', made.portfolio_optimization_id, 1, 'insert', 'portfolio.optimize'
  from made
  cross join unnest(made.instrument_ids) as instrument_id;
  return null;
end
$$;

comment on function lineage.record_portfolio_optimization() is
'Trigger: writes an edge from the bars of each instrument to the optimisation.';

revoke all on function lineage.record_portfolio_optimization() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.portfolio_optimization
  referencing new table as made
  for each statement execute function lineage.record_portfolio_optimization();
--! EndIncluded lineage/triggers/record_portfolio_optimization.sql
--! Included lineage/triggers/record_portfolio_position.sql
-- Edges from trades and bars to the positions folded from them.
create or replace function lineage.record_portfolio_position() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to, row_count, operation, transformation, transformation_version
  )
  select
    grouped.run_id, source.relation, grouped.instrument_id, grouped.from_ts, grouped.to_ts,
    'portfolio.portfolio_position', grouped.instrument_id, grouped.from_ts, grouped.to_ts,
    grouped.row_count, lower(tg_op), 'portfolio.compute_positions', null
  from (
    select
      run_id, instrument_id, min(session_date)::timestamp at time zone 'UTC' as from_ts,
      max(session_date)::timestamp at time zone 'UTC' as to_ts, count(*) as row_count
    from made
    group by run_id, instrument_id
  ) grouped
  cross join (values ('portfolio.trade'), ('market.price_data')) as source (relation);
  return null;
end
$$;

comment on function lineage.record_portfolio_position() is
'Trigger: writes an edge from the trades and one from the bars of each instrument to its positions.';

revoke all on function lineage.record_portfolio_position() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.portfolio_position
  referencing new table as made
  for each statement execute function lineage.record_portfolio_position();
create or replace trigger _500_lineage_update after update on portfolio.portfolio_position
  referencing new table as made
  for each statement execute function lineage.record_portfolio_position();
--! EndIncluded lineage/triggers/record_portfolio_position.sql
--! Included lineage/triggers/record_prediction_outcome.sql
-- Edges from the bars to the outcomes of predictions.
create or replace function lineage.record_prediction_outcome() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to,
    target_relation, target_instrument_id, target_from, target_to, row_count, operation, transformation, transformation_version
  )
  select
    made.outcome_run_id, 'market.price_data', made.instrument_id, min(made.ts), max(made.outcome_known_from),
    'ml.model_prediction', made.instrument_id, min(made.ts), max(made.ts), count(*), 'update', 'ml.join_outcomes',
    internal.function_version('ml.join_outcomes(bigint)'::regprocedure)
  from made
  where made.outcome_run_id is not null
  group by made.outcome_run_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_prediction_outcome() is
'Trigger: writes an edge from the bars of each instrument to the predictions whose outcome was joined.';

revoke all on function lineage.record_prediction_outcome() from public;

create or replace trigger _500_lineage_update after update on ml.model_prediction
  referencing new table as made
  for each statement execute function lineage.record_prediction_outcome();
--! EndIncluded lineage/triggers/record_prediction_outcome.sql
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
    made.run_id, 'ingest.raw_response', made.raw_response_id,
    format('%s.%s', tg_table_schema, tg_table_name), made.instrument_id, min(made.ts), max(made.ts),
    count(*), lower(tg_op), normaliser.name, internal.function_version(to_regprocedure(normaliser.name || '(bigint)'))
  from made
  join ingest.raw_response response on response.raw_response_id = made.raw_response_id
  cross join lateral (select format('ingest.normalise_%s_%s', response.provider, response.dataset)) as normaliser (name)
  group by made.run_id, made.raw_response_id, made.instrument_id, normaliser.name;
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
--! Included lineage/triggers/record_trade.sql
-- Edges from the bodies to the trades that were read from them.
create or replace function lineage.record_trade() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_id, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.raw_response', made.raw_response_id, 'portfolio.trade', null, made.instrument_id, min(made.traded_at), max(made.traded_at),
    count(*), lower(tg_op), 'portfolio.record_trades', internal.function_version('portfolio.record_trades(bigint, bigint)'::regprocedure)
  from made
  group by made.run_id, made.raw_response_id, made.instrument_id;
  return null;
end
$$;

comment on function lineage.record_trade() is
'Trigger: writes one edge from each body to the trades of each instrument.';

revoke all on function lineage.record_trade() from public;

create or replace trigger _500_lineage_insert after insert on portfolio.trade
  referencing new table as made
  for each statement execute function lineage.record_trade();
--! EndIncluded lineage/triggers/record_trade.sql
--! Included lineage/triggers/record_training_set.sql
-- Edges from feature vectors and bars to the training set that was drawn from them.
create or replace function lineage.record_training_set() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_instrument_id, source_from, source_to, target_relation, target_id,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, source.relation, instrument_id, made.from_ts, made.to_ts, 'ml.training_set', made.training_set_id,
    made.row_count, 'insert', 'ml.make_training_set', made.data_hash
  from made
  cross join unnest(made.instrument_ids) as instrument_id
  cross join (values ('feature.feature_vector'), ('market.price_data')) as source (relation);
  return null;
end
$$;

comment on function lineage.record_training_set() is
'Trigger: writes an edge from the vectors and one from the bars (the labels) of each instrument to the training set.';

revoke all on function lineage.record_training_set() from public;

create or replace trigger _500_lineage_insert after insert on ml.training_set
  referencing new table as made
  for each statement execute function lineage.record_training_set();
--! EndIncluded lineage/triggers/record_training_set.sql
--! Included lineage/triggers/record_var_calculation.sql
-- Edges from the performance of a portfolio to its value at risk.
create or replace function lineage.record_var_calculation() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, source_to, target_relation, target_id, row_count, operation, transformation
  )
  select
    made.run_id, 'portfolio.performance_metric', made.portfolio_id, made.session_date::timestamp at time zone 'UTC',
    'risk.var_calculation', made.var_calculation_id, 1, lower(tg_op), 'risk.compute_var'
  from made;
  return null;
end
$$;

comment on function lineage.record_var_calculation() is
'Trigger: writes the edge from the returns of the portfolio, named by its identity, to the calculation.';

revoke all on function lineage.record_var_calculation() from public;

create or replace trigger _500_lineage_insert after insert on risk.var_calculation
  referencing new table as made
  for each statement execute function lineage.record_var_calculation();
create or replace trigger _500_lineage_update after update on risk.var_calculation
  referencing new table as made
  for each statement execute function lineage.record_var_calculation();
--! EndIncluded lineage/triggers/record_var_calculation.sql
--! Included lineage/window_start.sql
-- How far back a feature looks, as a time.
create or replace function lineage.window_start(p_instrument_id bigint, p_lookback integer, p_ts timestamptz) returns timestamptz
language sql stable parallel safe
begin atomic
  select min(reached.ts)
  from (
    select bar.ts
    from market.price_data bar
    where bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and bar.ts <= p_ts
    order by bar.ts desc
    limit p_lookback::bigint + 1
  ) reached;
end;

comment on function lineage.window_start(bigint, integer, timestamptz) is
'Start of the bar that lies p_lookback bars before the one at p_ts, or of the first bar when there are fewer or p_lookback is NULL (all of them). NULL without bars.';

revoke all on function lineage.window_start(bigint, integer, timestamptz) from public;
grant execute on function lineage.window_start(bigint, integer, timestamptz) to marketbase_reader;
--! EndIncluded lineage/window_start.sql
--! Included market/action/archive_corporate_action.sql
-- Nothing is overwritten: a changed or cancelled corporate action goes to the history first.
create or replace function market.archive_corporate_action() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_from timestamptz := now();
begin
  if tg_op = 'UPDATE' then
    if (new.instrument_id, new.action_type, new.ex_date) is distinct from (old.instrument_id, old.action_type, old.ex_date) then
      raise exception using
        errcode = 'MB008',
        message = 'the key of a corporate action cannot change',
        hint = 'Delete the action and add another; both stay in the history.';
    end if;
    if (new.amount, new.currency) is not distinct from (old.amount, old.currency) then
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
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change.';

revoke all on function market.archive_corporate_action() from public;

create or replace trigger _200_version before update or delete on market.corporate_action
  for each row execute function market.archive_corporate_action();
--! EndIncluded market/action/archive_corporate_action.sql
--! Included market/calendar/easter_sunday.sql
-- The date of Easter, on which Good Friday depends.
create or replace function market.easter_sunday(p_year integer) returns date
language sql immutable strict parallel safe
begin atomic
  select make_date(p_year, s.n / 31, s.n % 31 + 1)
  from (select p_year % 19 as a, p_year / 100 as b, p_year % 100 as c) as y
  cross join lateral (select (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30 as h) as epact
  cross join lateral (select (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7 as l) as weekday
  cross join lateral (select h + l - 7 * ((a + 11 * h + 22 * l) / 451) + 114 as n) as s;
end;

comment on function market.easter_sunday(integer) is
'Easter Sunday of a year in the Gregorian calendar, by the anonymous algorithm that Meeus gives in Astronomical Algorithms. NULL for NULL.';

revoke all on function market.easter_sunday(integer) from public;
grant execute on function market.easter_sunday(integer) to marketbase_reader;
--! EndIncluded market/calendar/easter_sunday.sql
--! Included market/calendar/nth_weekday.sql
-- "The third Monday of January", as holidays are defined.
create or replace function market.nth_weekday(p_year integer, p_month integer, p_isodow integer, p_n integer) returns date
language sql immutable strict parallel safe
return make_date(p_year, p_month, 1)
  + (p_isodow - extract(isodow from make_date(p_year, p_month, 1))::integer + 7) % 7
  + 7 * (p_n - 1);

comment on function market.nth_weekday(integer, integer, integer, integer) is
'The n-th given weekday of a month: p_isodow is 1 for Monday to 7 for Sunday, p_n counts from 1. NULL for NULL.';

revoke all on function market.nth_weekday(integer, integer, integer, integer) from public;
grant execute on function market.nth_weekday(integer, integer, integer, integer) to marketbase_reader;
--! EndIncluded market/calendar/nth_weekday.sql
--! Included market/calendar/session_close.sql
-- The moment from which the bar of a day is final.
create or replace function market.session_close(p_mic text, p_session_date date) returns timestamptz
language sql stable strict parallel safe
begin atomic
  select coalesce(
    (select session.close_at from market.trading_session session where session.mic = p_mic and session.session_date = p_session_date),
    (p_session_date + 1)::timestamp at time zone (select exchange.time_zone from market.exchange where exchange.mic = p_mic)
  );
end;

comment on function market.session_close(text, date) is
'When the session of that local date closes: the close of its row in market.trading_session, or the end of the day in the time zone of the exchange where there is no such row (no calendar known,
or a day on which it does not trade). NULL for an unknown exchange or NULL.';

revoke all on function market.session_close(text, date) from public;
grant execute on function market.session_close(text, date) to marketbase_reader;
--! EndIncluded market/calendar/session_close.sql
--! Included market/calendar/session_dates.sql
-- The days on which an exchange trades, whatever is known of its calendar.
create or replace function market.session_dates(p_mic text, p_from date, p_to date) returns setof date
language sql stable strict parallel safe
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
--! Included market/calendar/xnys_early_close.sql
-- When New York closes early, and at what time.
create or replace function market.xnys_early_close(p_date date) returns time
language sql immutable strict parallel safe
begin atomic
  select case
    when p_date in ('1997-12-26', '1999-12-31', '2003-12-26') then time '13:00'
    -- The eve of Christmas, and since 1992 the day after Thanksgiving; until 1992 at two o'clock.
    when d.month = 12 and d.day = 24
      or d.year >= 1992 and p_date = market.nth_weekday(d.year, 11, 4, 4) + 1
      then case when d.year <= 1992 then time '14:00' else time '13:00' end
    -- The eve of Independence Day since 1995, except that until 2012 a Wednesday was full and the Friday after the holiday short.
    when d.year >= 1995 and d.month = 7 and d.day = 3 and (d.isodow in (1, 2, 4) or d.isodow = 3 and d.year >= 2013) then time '13:00'
    when d.year between 1995 and 2012 and d.month = 7 and d.day = 5 and d.isodow = 5 then time '13:00'
  end
  from (
    select
      extract(year from p_date)::integer as year,
      extract(month from p_date)::integer as month,
      extract(day from p_date)::integer as day,
      extract(isodow from p_date)::integer as isodow
  ) as d;
end;

comment on function market.xnys_early_close(date) is
'The local time, New York, at which the exchange closes early if the date is one of its sessions; NULL when it closes at 16:00, and for NULL. Good from 1990.';

revoke all on function market.xnys_early_close(date) from public;
grant execute on function market.xnys_early_close(date) to marketbase_reader;
--! EndIncluded market/calendar/xnys_early_close.sql
--! Included market/calendar/xnys_holidays.sql
-- Weekdays on which New York does not trade: the holidays by rule, and the closures that no rule foresaw.
create or replace function market.xnys_holidays(p_year integer) returns setof date
language sql immutable strict parallel safe
begin atomic
  -- A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after.
  -- Only New Year's Day is not kept on the Friday before: that would be the last day of the old year.
  with fixed (holiday) as (
    select make_date(p_year, 1, 1) where extract(isodow from make_date(p_year, 1, 1)) <> 6
    union all
    select make_date(p_year, 6, 19) where p_year >= 2022
    union all
    select make_date(p_year, 7, 4)
    union all
    select make_date(p_year, 12, 25)
  )
  select case extract(isodow from holiday) when 6 then holiday - 1 when 7 then holiday + 1 else holiday end from fixed
  union all
  select market.nth_weekday(p_year, 1, 1, 3) where p_year >= 1998
  union all
  select market.nth_weekday(p_year, 2, 1, 3)
  union all
  select market.easter_sunday(p_year) - 2
  union all
  select market.nth_weekday(p_year, 6, 1, 1) - 7
  union all
  select market.nth_weekday(p_year, 9, 1, 1)
  union all
  select market.nth_weekday(p_year, 11, 4, 4)
  union all
  select closure
  from unnest(array[
    date '1985-09-27',                                                        -- hurricane Gloria
    date '1994-04-27', date '2004-06-11', date '2007-01-02', date '2018-12-05', date '2025-01-09', -- mourning for a president
    date '2001-09-11', date '2001-09-12', date '2001-09-13', date '2001-09-14',
    date '2012-10-29', date '2012-10-30'                                      -- hurricane Sandy
  ]) as closure
  where extract(year from closure) = p_year;
end;

comment on function market.xnys_holidays(integer) is
'Weekdays of a year, from 1986, on which the New York Stock Exchange was or will be closed all day: New Year''s Day, Martin Luther King Day (since 1998), Washington''s Birthday, Good Friday, Memorial Day,
Juneteenth (since 2022), Independence Day, Labor Day, Thanksgiving, Christmas, and the closures outside the rules. NULL gives no row.';

revoke all on function market.xnys_holidays(integer) from public;
grant execute on function market.xnys_holidays(integer) to marketbase_reader;
--! EndIncluded market/calendar/xnys_holidays.sql
--! Included market/calendar/xnys_sessions.sql
-- The calendar of the New York Stock Exchange, by its rules and exceptions.
create or replace function market.xnys_sessions(p_from date, p_to date) returns setof market.trading_session
language sql stable strict parallel safe
begin atomic
  select
    'XNYS',
    day.session_date,
    (day.session_date + time '09:30') at time zone 'America/New_York',
    (day.session_date + coalesce(day.early_close, time '16:00')) at time zone 'America/New_York',
    day.early_close is not null
  from (
    select p_from + n as session_date, market.xnys_early_close(p_from + n) as early_close
    from generate_series(0, p_to - p_from) as n
  ) as day
  where extract(isodow from day.session_date) < 6
    and day.session_date not in (
      select holiday
      from generate_series(extract(year from p_from)::integer, extract(year from p_to)::integer) as year
      cross join market.xnys_holidays(year) as holiday
    )
  order by day.session_date;
end;

comment on function market.xnys_sessions(date, date) is
'The regular sessions of the New York Stock Exchange from p_from to p_to, both included, with open and close (09:30 to 16:00 or an early close, New York time). Good from 1990; future years follow the rules of today.
Nasdaq keeps the same hours. No row for NULL or when p_to lies before p_from.';

revoke all on function market.xnys_sessions(date, date) from public;
grant execute on function market.xnys_sessions(date, date) to marketbase_reader;
--! EndIncluded market/calendar/xnys_sessions.sql
--! Included market/fundamental/archive_company_fundamental.sql
-- Nothing is overwritten: a restated or deleted fact goes to the history first.
create or replace function market.archive_company_fundamental() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_from timestamptz := now();
begin
  if tg_op = 'UPDATE' then
    if (new.instrument_id, new.taxonomy, new.concept, new.unit, new.period_start, new.period_end)
      is distinct from (old.instrument_id, old.taxonomy, old.concept, old.unit, old.period_start, old.period_end) then
      raise exception using
        errcode = 'MB008',
        message = 'the key of a reported fact cannot change',
        hint = 'Delete the fact and add another; both stay in the history.';
    end if;
    if (new.value, new.filed, new.known_from) is not distinct from (old.value, old.filed, old.known_from) then
      return null;
    end if;
    if new.known_from = old.known_from and new.raw_response_id = old.raw_response_id and new.run_id = old.run_id then
      new.known_from := now();
    end if;
    new.version := 1 + greatest(old.version, (
      select max(history.version)
      from market.company_fundamental_history history
      where history.instrument_id = old.instrument_id and history.taxonomy = old.taxonomy and history.concept = old.concept
        and history.unit = old.unit and history.period_start = old.period_start and history.period_end = old.period_end
    ));
    new.recorded_at := now();
    closed_from := new.known_from;
  end if;

  insert into market.company_fundamental_history (
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  values (
    old.instrument_id, old.taxonomy, old.concept, old.unit, old.period_start, old.period_end, old.version, old.value, old.fiscal_year,
    old.fiscal_period, old.form, old.accession, old.filed,
    old.known_from, greatest(old.known_from, closed_from), old.recorded_at, old.provider, old.raw_response_id, old.run_id
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function market.archive_company_fundamental() is
'Trigger: before a reported fact is changed or deleted, its version goes to market.company_fundamental_history; the new one gets the next number and recorded_at. An update that changes neither value nor filing is skipped.
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change.';

revoke all on function market.archive_company_fundamental() from public;

create or replace trigger _200_version before update or delete on market.company_fundamental
  for each row execute function market.archive_company_fundamental();
--! EndIncluded market/fundamental/archive_company_fundamental.sql
--! Included market/fundamental/company_fundamental_version.sql
-- Every version of every reported fact, with the time during which it was the one to know.
create or replace view market.company_fundamental_version with (security_invoker = true) as
select
  version.instrument_id, instrument.symbol, version.taxonomy, version.concept, version.unit, version.period_start, version.period_end,
  version.version, version.value, version.fiscal_year, version.fiscal_period, version.form, version.accession, version.filed,
  version.known_from,
  -- Filings may arrive out of order, and the history is append-only: the next version known ends one even where it was stored later.
  least(version.known_to, case when not version.never_known then lead(version.known_from) over timeline end) as known_to,
  version.recorded_at, version.provider, version.raw_response_id, version.run_id
from (
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, null::timestamptz as known_to, false as never_known, recorded_at, provider, raw_response_id, run_id
  from market.company_fundamental
  union all
  select
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, known_to, known_to = known_from, recorded_at, provider, raw_response_id, run_id
  from market.company_fundamental_history
) as version
join market.instrument using (instrument_id)
window timeline as (
  partition by version.instrument_id, version.taxonomy, version.concept, version.unit, version.period_start, version.period_end, version.never_known
  order by version.known_from, version.version
);

comment on view market.company_fundamental_version is
'Every version of every reported fact: the current ones of market.company_fundamental and the closed ones of market.company_fundamental_history. The version to know at a moment t is the one with
known_from <= t and (known_to is null or t < known_to). Where known_to equals known_from, a filing that arrived later showed that the version never was the one to know.';
comment on column market.company_fundamental_version.instrument_id is 'Instrument of the company.';
comment on column market.company_fundamental_version.symbol is 'Symbol of the instrument.';
comment on column market.company_fundamental_version.taxonomy is 'Taxonomy of the concept, such as us-gaap or dei.';
comment on column market.company_fundamental_version.concept is 'Name of the concept, such as NetIncomeLoss.';
comment on column market.company_fundamental_version.unit is 'Unit of the value, such as USD, shares or USD/shares.';
comment on column market.company_fundamental_version.period_start is 'First day of the period; equal to period_end for a value at a moment.';
comment on column market.company_fundamental_version.period_end is 'Last day of the period.';
comment on column market.company_fundamental_version.version is 'Number of the version, in the order in which marketbase heard of them.';
comment on column market.company_fundamental_version.value is 'The value, in its unit, not scaled.';
comment on column market.company_fundamental_version.fiscal_year is 'Fiscal year of the filing.';
comment on column market.company_fundamental_version.fiscal_period is 'Fiscal period of the filing: FY, Q1, Q2, Q3 or Q4.';
comment on column market.company_fundamental_version.form is 'Form, such as 10-K.';
comment on column market.company_fundamental_version.accession is 'Accession number of the filing that said this value.';
comment on column market.company_fundamental_version.filed is 'Date of that filing.';
comment on column market.company_fundamental_version.known_from is 'From when this version could be known.';
comment on column market.company_fundamental_version.known_to is 'Until when it was the one to know (excluded); null for the last one.';
comment on column market.company_fundamental_version.recorded_at is 'When marketbase stored this version.';
comment on column market.company_fundamental_version.provider is 'Provider.';
comment on column market.company_fundamental_version.raw_response_id is 'The body from which it was read.';
comment on column market.company_fundamental_version.run_id is 'Run that made it.';

grant select on market.company_fundamental_version to marketbase_reader;
--! EndIncluded market/fundamental/company_fundamental_version.sql
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
--! EndIncluded market/grants.sql
--! Included market/instrument/instrument_id.sql
-- From the symbol that people write to the identity that the tables use.
create or replace function market.instrument_id(p_symbol text) returns bigint
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  found_id bigint;
  nearest text;
begin
  select instrument.instrument_id into found_id
  from market.instrument
  where instrument.symbol = upper(btrim(p_symbol));
  if found_id is not null then
    return found_id;
  end if;

  select string_agg(near.symbol, ', ' order by near.similarity desc, near.symbol) into nearest
  from (
    select instrument.symbol, extensions.similarity(instrument.symbol, left(p_symbol, 32)) as similarity
    from market.instrument
    order by 2 desc, 1
    limit 3
  ) as near;
  raise exception using
    errcode = 'MB002',
    message = case
      when p_symbol is null then 'no symbol was given'
      else format('there is no instrument with the symbol "%s"', left(p_symbol, 32))
    end,
    hint = coalesce('Nearest known symbols: ' || nearest || '. See market.instrument for all.', 'Nothing has been loaded yet: marketbase ingest sample AAPL.');
end
$$;

comment on function market.instrument_id(text) is
'The instrument_id of a symbol, in any case. MB002 with the nearest known symbols as hint when there is none, and for NULL.';

revoke all on function market.instrument_id(text) from public;
grant execute on function market.instrument_id(text) to marketbase_reader;
--! EndIncluded market/instrument/instrument_id.sql
--! Included market/instrument/instrument_ids.sql
-- Several symbols at once; nothing means all.
create or replace function market.instrument_ids(p_symbols text[]) returns bigint[]
language sql stable parallel safe
begin atomic
  select case
    when p_symbols is null then (select array_agg(instrument.instrument_id order by instrument.instrument_id) from market.instrument)
    else (select array_agg(market.instrument_id(symbol) order by position) from unnest(p_symbols) with ordinality as given (symbol, position))
  end;
end;

comment on function market.instrument_ids(text[]) is
'The instrument_ids of symbols, in their order; of all instruments for NULL. NULL when there are none. MB002 for a symbol that is not known.';

revoke all on function market.instrument_ids(text[]) from public;
grant execute on function market.instrument_ids(text[]) to marketbase_reader;
--! EndIncluded market/instrument/instrument_ids.sql
--! Included market/price/archive_price_data.sql
-- Nothing is overwritten: a changed or deleted bar goes to the history first.
create or replace function market.archive_price_data() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_from timestamptz := now();
begin
  if tg_op = 'UPDATE' then
    if (new.instrument_id, new.bar_interval, new.ts) is distinct from (old.instrument_id, old.bar_interval, old.ts) then
      raise exception using
        errcode = 'MB008',
        message = 'the key of a bar cannot change',
        hint = 'Delete the bar and add another; both stay in the history.';
    end if;
    if (new.session_date, new.open, new.high, new.low, new.close, new.volume, new.adjusted_close)
      is not distinct from (old.session_date, old.open, old.high, old.low, old.close, old.volume, old.adjusted_close) then
      return null;
    end if;
    if new.known_from = old.known_from and new.raw_response_id = old.raw_response_id and new.run_id = old.run_id then
      new.known_from := now();
    end if;
    new.version := 1 + greatest(old.version, (
      select max(history.version)
      from market.price_data_history history
      where history.instrument_id = old.instrument_id and history.bar_interval = old.bar_interval and history.ts = old.ts
    ));
    new.recorded_at := now();
    closed_from := new.known_from;
  end if;

  insert into market.price_data_history (
    instrument_id, bar_interval, ts, version, session_date, open, high, low, close, volume, adjusted_close,
    known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  values (
    old.instrument_id, old.bar_interval, old.ts, old.version, old.session_date, old.open, old.high, old.low, old.close, old.volume, old.adjusted_close,
    old.known_from, greatest(old.known_from, closed_from), old.recorded_at, old.provider, old.raw_response_id, old.run_id
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function market.archive_price_data() is
'Trigger: before a bar is changed or deleted, its version goes to market.price_data_history; the new one gets the next number and recorded_at. An update that changes no value is skipped.
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change.';

revoke all on function market.archive_price_data() from public;

create or replace trigger _200_version before update or delete on market.price_data
  for each row execute function market.archive_price_data();
--! EndIncluded market/price/archive_price_data.sql
--! Included market/price/price_data_version.sql
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
--! EndIncluded market/price/price_data_version.sql
--! Included ml/fit/apply_fit.sql
-- The prediction of a linear model for one vector of features.
create or replace function ml.apply_fit(p_fit ml.ridge_fit, p_features double precision[]) returns double precision
language sql immutable parallel safe
begin atomic
  select (p_fit).intercept + sum(term.coefficient * ((term.feature - term.mean) / term.scale))
  from unnest((p_fit).coefficients, p_features, (p_fit).feature_means, (p_fit).feature_scales) as term (coefficient, feature, mean, scale)
  having count(*) = count(term.coefficient * term.feature);
end;

comment on function ml.apply_fit(ml.ridge_fit, double precision[]) is
'intercept + sum of coefficient * (feature - mean) / scale, for features in the order of the fit. NULL where a feature is NULL or their number is another.';

revoke all on function ml.apply_fit(ml.ridge_fit, double precision[]) from public;
grant execute on function ml.apply_fit(ml.ridge_fit, double precision[]) to marketbase_analyst;
--! EndIncluded ml/fit/apply_fit.sql
--! Included ml/fit/fit_ridge.sql
-- Ridge regression of the label on the standardised features, by the normal equations.
create or replace function ml.fit_ridge(p_rows ml.training_row[], p_lambda double precision) returns ml.ridge_fit
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_fit ml.ridge_fit;
  v_is_constant boolean[];
  v_gram double precision[];
  v_moments double precision[];
begin
  if not p_lambda >= 0 or p_lambda = 'infinity' or p_lambda = 'NaN' then
    raise exception using errcode = 'MB001', message = format('lambda must be a number that is not negative, not %s', p_lambda);
  end if;

  select count(*), avg(label) into v_fit.row_count, v_fit.intercept from unnest(p_rows);
  if v_fit.row_count < 2 then
    raise exception using
      errcode = 'MB007',
      message = format('a regression needs 2 rows at least; there are %s', v_fit.row_count);
  end if;

  -- Means and scales, of these rows only. A deviation below the rounding error of the mean is none.
  with cell as (
    select feature.position, feature.value
    from unnest(p_rows) as training
    cross join lateral unnest(training.features) with ordinality as feature (value, position)
  ),
  moment as (
    select position, avg(value) as mean, stddev_pop(value) as deviation
    from cell
    group by position
  )
  select
    array_agg(mean order by position),
    array_agg(deviation <= 1e-12 * abs(mean) order by position),
    array_agg(case when deviation <= 1e-12 * abs(mean) then 1 else deviation end order by position)
  into v_fit.feature_means, v_is_constant, v_fit.feature_scales
  from moment;

  -- X'X + lambda I and X'y. The sums run over centred values in the order of the rows, so that the same rows give the same bits.
  with standardised as (
    select
      feature.position,
      array_agg(
        case
          when v_is_constant[feature.position] then 0
          else (feature.value - v_fit.feature_means[feature.position]) / v_fit.feature_scales[feature.position]
        end
        order by training.row_no
      ) as z
    from unnest(p_rows) with ordinality as training (
      instrument_id, ts, decision_time, feature_revision, features, label, label_end, label_known_from, row_no
    )
    cross join lateral unnest(training.features) with ordinality as feature (value, position)
    group by feature.position
  ),
  centred as (
    select array_agg(label - v_fit.intercept order by row_no) as y
    from unnest(p_rows) with ordinality as training (
      instrument_id, ts, decision_time, feature_revision, features, label, label_end, label_known_from, row_no
    )
  ),
  gram as (
    select
      a.position as row_position,
      array_agg(
        case
          when b.position > a.position then 0
          else (select sum(product.a_value * product.b_value) from unnest(a.z, b.z) as product (a_value, b_value))
            + case
              when b.position < a.position then 0
              when v_is_constant[a.position] then 1
              else p_lambda
            end
        end
        order by b.position
      ) as row_values
    from standardised a
    cross join standardised b
    group by a.position
  )
  select
    (select array_agg(row_values order by row_position) from gram),
    (
      select array_agg((select sum(product.z_value * product.y_value) from unnest(a.z, centred.y) as product (z_value, y_value)) order by a.position)
      from standardised a
      cross join centred
    )
  into v_gram, v_moments;

  v_fit.coefficients := ml.solve_spd(v_gram, v_moments);
  return v_fit;
end
$$;

comment on function ml.fit_ridge(ml.training_row[], double precision) is
'Ridge regression of label on features: minimises sum((label - intercept - z b)^2) + p_lambda * sum(b^2), where z are the features minus their means, divided
by their population standard deviations, both of these rows; the intercept is not penalised (Hastie, Tibshirani and Friedman, The Elements of Statistical
Learning, 3.4.1; the convention of scikit-learn''s StandardScaler and Ridge(alpha = lambda)). The features of all rows are complete and equally many. A
feature that does not vary gets scale 1 and coefficient 0. MB001 for a negative p_lambda, MB007 for fewer than 2 rows, MB009 where p_lambda is 0 and features
depend on each other.';

revoke all on function ml.fit_ridge(ml.training_row[], double precision) from public;
grant execute on function ml.fit_ridge(ml.training_row[], double precision) to marketbase_analyst;
--! EndIncluded ml/fit/fit_ridge.sql
--! Included ml/fit/score.sql
-- How good predictions were.
create or replace function ml.score(p_actual double precision[], p_predicted double precision[], p_baseline double precision[]) returns jsonb
language sql immutable parallel safe
begin atomic
  with pair as (
    select actual, predicted, baseline
    from unnest(p_actual, p_predicted, p_baseline) as pair (actual, predicted, baseline)
  ),
  -- Ranks from 1; equal values share the mean of theirs.
  ranked as (
    select
      actual,
      predicted,
      baseline,
      rank() over (order by actual) + (count(*) over (partition by actual) - 1) / 2.0 as actual_rank,
      rank() over (order by predicted) + (count(*) over (partition by predicted) - 1) / 2.0 as predicted_rank
    from pair
  )
  select jsonb_build_object(
    'rows', count(*),
    'r2', 1 - sum((actual - predicted) ^ 2) / nullif(sum((actual - baseline) ^ 2), 0),
    'rmse', sqrt(avg((actual - predicted) ^ 2)),
    'information_coefficient', corr(actual, predicted),
    'rank_information_coefficient', corr(actual_rank, predicted_rank),
    'hit_rate', avg(case when sign(actual) = sign(predicted) then 1 else 0 end) filter (where actual <> 0)
  )
  from ranked;
end;

comment on function ml.score(double precision[], double precision[], double precision[]) is
'Scores predictions against what came: a JSON object with rows; r2 = 1 - squared errors / squared errors of p_baseline, so that 0 is as good as the baseline
and less is worse (out of sample the baseline is the mean of the training rows: Campbell and Thompson 2008); rmse; information_coefficient (Pearson''s
correlation) and rank_information_coefficient (Spearman''s, ties share their mean rank); hit_rate: the share of rows with actual <> 0 where the prediction
has its sign. The three arrays are equally long. A metric is null where it is not defined, such as a correlation with a constant.';

revoke all on function ml.score(double precision[], double precision[], double precision[]) from public;
grant execute on function ml.score(double precision[], double precision[], double precision[]) to marketbase_analyst;
--! EndIncluded ml/fit/score.sql
--! Included ml/fit/solve_spd.sql
-- Solves A x = b for a symmetric positive definite A.
create or replace function ml.solve_spd(p_matrix double precision[], p_right double precision[]) returns double precision[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  n constant integer := coalesce(cardinality(p_right), 0);
  l double precision[] := p_matrix;
  x double precision[] := p_right;
  s double precision;
begin
  if n = 0 or array_ndims(p_matrix) is distinct from 2 or array_length(p_matrix, 1) <> n or array_length(p_matrix, 2) <> n
    or array_lower(p_matrix, 1) <> 1 or array_lower(p_matrix, 2) <> 1 or array_lower(p_right, 1) <> 1
  then
    raise exception using
      errcode = 'MB001',
      message = 'the matrix must be square and as long as the right-hand side',
      hint = 'Pass the matrix as a list of rows, such as array[[2, 1], [1, 3]].';
  end if;

  -- A = L L', row by row.
  for i in 1 .. n loop
    for j in 1 .. i loop
      s := p_matrix[i][j];
      for k in 1 .. j - 1 loop
        s := s - l[i][k] * l[j][k];
      end loop;
      if i > j then
        l[i][j] := s / l[j][j];
      elsif s > 1e-13 * p_matrix[i][i] and s < 'infinity' then
        l[i][i] := sqrt(s);
      else
        raise exception using
          errcode = 'MB009',
          message = format('the system is singular: column %s depends on those before it', i),
          hint = 'Leave one of the dependent columns out, or use a larger penalty.';
      end if;
    end loop;
  end loop;

  -- L y = b, then L' x = y.
  for i in 1 .. n loop
    for k in 1 .. i - 1 loop
      x[i] := x[i] - l[i][k] * x[k];
    end loop;
    x[i] := x[i] / l[i][i];
  end loop;
  for i in reverse n .. 1 loop
    for k in i + 1 .. n loop
      x[i] := x[i] - l[k][i] * x[k];
    end loop;
    x[i] := x[i] / l[i][i];
  end loop;
  return x;
end
$$;

comment on function ml.solve_spd(double precision[], double precision[]) is
'The solution x of A x = b for a symmetric positive definite matrix A (p_matrix, n rows of n; only the lower triangle is read) and b (p_right, n elements),
by Cholesky''s decomposition (Golub and Van Loan, Matrix Computations, 4.2). MB001 for shapes that do not fit, MB009 where a pivot is not above 1e-13 of its
diagonal element: the matrix is singular or not positive definite.';

revoke all on function ml.solve_spd(double precision[], double precision[]) from public;
grant execute on function ml.solve_spd(double precision[], double precision[]) to marketbase_analyst;
--! EndIncluded ml/fit/solve_spd.sql
--! Included ml/grants.sql
-- Who may do what with models, training and predictions: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema ml to marketbase_reader;

alter table ml.model enable row level security;
drop policy if exists model_read on ml.model;
create policy model_read on ml.model for select to marketbase_reader using (true);
drop policy if exists model_insert on ml.model;
create policy model_insert on ml.model for insert to marketbase_worker with check (true);
drop policy if exists model_update on ml.model;
create policy model_update on ml.model for update to marketbase_worker using (true) with check (true);
revoke all on ml.model from public, marketbase_reader, marketbase_worker;
grant select on ml.model to marketbase_reader;
grant insert (name, algorithm, feature_set_id, label, parameters, description) on ml.model to marketbase_worker;
grant update (parameters, description) on ml.model to marketbase_worker;

alter table ml.training_set enable row level security;
drop policy if exists training_set_read on ml.training_set;
create policy training_set_read on ml.training_set for select to marketbase_reader using (true);
drop policy if exists training_set_insert on ml.training_set;
create policy training_set_insert on ml.training_set for insert to marketbase_worker with check (true);
revoke all on ml.training_set from public, marketbase_reader, marketbase_worker;
grant select on ml.training_set to marketbase_reader;
grant insert (
  feature_set_version_id, label, instrument_ids, from_ts, to_ts, known_at, row_count, left_out, data_hash, run_id
) on ml.training_set to marketbase_worker;

alter table ml.model_training_run enable row level security;
drop policy if exists model_training_run_read on ml.model_training_run;
create policy model_training_run_read on ml.model_training_run for select to marketbase_reader using (true);
drop policy if exists model_training_run_insert on ml.model_training_run;
create policy model_training_run_insert on ml.model_training_run for insert to marketbase_worker with check (true);
drop policy if exists model_training_run_update on ml.model_training_run;
create policy model_training_run_update on ml.model_training_run for update to marketbase_worker using (true) with check (true);
revoke all on ml.model_training_run from public, marketbase_reader, marketbase_worker;
grant select on ml.model_training_run to marketbase_reader;
grant insert (
  model_id, training_set_id, parameters, metrics_in_sample, metrics_out_of_sample, folds, feature_names, feature_means, feature_scales,
  coefficients, intercept, trained_from, trained_to, out_of_sample_from, data_hash, code_version, is_current, started_at, finished_at, run_id
) on ml.model_training_run to marketbase_worker;
grant update (is_current) on ml.model_training_run to marketbase_worker;

alter table ml.model_prediction enable row level security;
drop policy if exists model_prediction_read on ml.model_prediction;
create policy model_prediction_read on ml.model_prediction for select to marketbase_reader using (true);
drop policy if exists model_prediction_insert on ml.model_prediction;
create policy model_prediction_insert on ml.model_prediction for insert to marketbase_worker with check (true);
drop policy if exists model_prediction_update on ml.model_prediction;
create policy model_prediction_update on ml.model_prediction for update to marketbase_worker using (true) with check (true);
revoke all on ml.model_prediction from public, marketbase_reader, marketbase_worker;
grant select on ml.model_prediction to marketbase_reader;
grant insert (
  instrument_id, model_training_run_id, ts, decision_time, predicted, is_out_of_sample, feature_set_version_id, feature_revision, outcome,
  outcome_known_from, outcome_run_id, run_id
) on ml.model_prediction to marketbase_worker;
grant update (outcome, outcome_known_from, outcome_run_id) on ml.model_prediction to marketbase_worker;
--! EndIncluded ml/grants.sql
--! Included ml/model_prediction_trace.sql
-- The trace of a prediction as a field of it, so that one GraphQL query has both.
create or replace function ml.model_prediction_trace(p_prediction ml.model_prediction) returns setof lineage.trace_step
language sql stable parallel safe
begin atomic
  select trace.* from lineage.trace('ml.model_prediction', p_prediction.model_prediction_id) as trace;
end;

comment on function ml.model_prediction_trace(ml.model_prediction) is
'The way from this prediction back to the bodies that were fetched, as lineage.trace gives it; no rows for NULL.';

revoke all on function ml.model_prediction_trace(ml.model_prediction) from public;
grant execute on function ml.model_prediction_trace(ml.model_prediction) to marketbase_reader;
--! EndIncluded ml/model_prediction_trace.sql
--! Included ml/models/define_model.sql
-- Defines a model, or changes its parameters.
create or replace function ml.define_model(
  p_name text,
  p_feature_set text,
  p_description text,
  p_parameters jsonb default '{}',
  p_algorithm text default 'ridge',
  p_label text default 'next_return'
) returns ml.model
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_parameters jsonb;
  v_feature_set_id bigint;
  v_problem text;
  v_model ml.model;
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_]{0,62}$' then
    v_problem := format(
      'the name %s of a model must be lower case, begin with a letter and have no more than 63 characters', coalesce(quote_literal(p_name), 'null')
    );
  elsif p_algorithm is distinct from 'ridge' then
    v_problem := format('the algorithm %s is not known; ridge is', coalesce(quote_literal(p_algorithm), 'null'));
  elsif p_label is distinct from 'next_return' then
    v_problem := format('the label %s is not known; next_return is', coalesce(quote_literal(p_label), 'null'));
  elsif p_description is null then
    v_problem := 'a model needs a description';
  elsif jsonb_typeof(p_parameters) is distinct from 'object' then
    v_problem := 'the parameters of a model must be a JSON object';
  else
    v_parameters := '{"lambda": 1, "folds": 5}'::jsonb || p_parameters;
    if exists (select from jsonb_object_keys(v_parameters) as key where key not in ('lambda', 'folds', 'symbols')) then
      v_problem := 'the parameters of a ridge model are lambda, folds and symbols';
    elsif jsonb_typeof(v_parameters -> 'lambda') <> 'number' or (v_parameters ->> 'lambda')::numeric < 0 then
      v_problem := 'lambda must be a number that is not negative';
    elsif jsonb_typeof(v_parameters -> 'folds') <> 'number' or (v_parameters ->> 'folds') !~ '^([1-9]|1[0-2])$' then
      v_problem := 'folds must be a whole number from 1 to 12';
    elsif v_parameters ? 'symbols' and (
      jsonb_typeof(v_parameters -> 'symbols') <> 'array'
      or jsonb_array_length(v_parameters -> 'symbols') = 0
      or jsonb_path_exists(v_parameters, '$.symbols[*] ? (@.type() != "string")')
    ) then
      v_problem := 'symbols must be a list of symbols';
    end if;
  end if;
  if v_problem is not null then
    raise exception using errcode = 'MB001', message = v_problem, hint = 'See the comment of ml.define_model.';
  end if;

  select feature_set_id into v_feature_set_id from feature.feature_set where name = p_feature_set;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there is no feature set %s', coalesce(quote_literal(p_feature_set), 'null')),
      hint = coalesce(
        'The feature sets are: ' || (select string_agg(name, ', ' order by name) from feature.feature_set) || '.',
        'Define one with feature.define_set.'
      );
  end if;

  select * into v_model from ml.model where name = p_name;
  if not found then
    insert into ml.model (name, algorithm, feature_set_id, label, parameters, description)
    values (p_name, p_algorithm, v_feature_set_id, p_label, v_parameters, p_description)
    returning * into v_model;
  elsif v_model.feature_set_id <> v_feature_set_id then
    raise exception using
      errcode = 'MB008',
      message = format('model %s is trained on another feature set than %s', p_name, p_feature_set),
      hint = 'Define a model with a new name.';
  elsif (v_model.parameters, v_model.description) is distinct from (v_parameters, p_description) then
    update ml.model set parameters = v_parameters, description = p_description where name = p_name
    returning * into v_model;
  end if;
  return v_model;
end
$$;

comment on function ml.define_model(text, text, text, jsonb, text, text) is
'Defines model p_name on feature set p_feature_set, or changes its parameters and description; what is there already changes nothing.
p_parameters, a JSON object: lambda (penalty, not negative, default 1: the alpha of scikit-learn''s Ridge on standardised features), folds (of the walk-forward
test, 1 to 12, default 5), symbols (a list; without it every instrument that has vectors). p_algorithm: ridge. p_label: next_return.
MB001 bad argument, MB003 unknown feature set, MB008 where the model exists on another feature set.';

revoke all on function ml.define_model(text, text, text, jsonb, text, text) from public;
grant execute on function ml.define_model(text, text, text, jsonb, text, text) to marketbase_worker;
--! EndIncluded ml/models/define_model.sql
--! Included ml/models/find_model.sql
-- The model of a name.
create or replace function ml.find_model(p_model text) returns ml.model
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model ml.model;
begin
  select * into v_model from ml.model where name = p_model;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there is no model %s', coalesce(quote_literal(p_model), 'null')),
      hint = coalesce(
        'The models are: ' || (select string_agg(name, ', ' order by name) from ml.model) || '.',
        'Define one with ml.define_model.'
      );
  end if;
  return v_model;
end
$$;

comment on function ml.find_model(text) is
'The row of ml.model whose name is p_model. MB003 where there is none, with the known names in the hint.';

revoke all on function ml.find_model(text) from public;
grant execute on function ml.find_model(text) to marketbase_reader;
--! EndIncluded ml/models/find_model.sql
--! Included ml/predict.sql
-- Predicts with the current training of a model.
create or replace function ml.predict(p_run_id bigint, p_model text, p_from timestamptz default null) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model ml.model;
  v_training ml.model_training_run;
  v_set ml.training_set;
  v_fit ml.ridge_fit;
  v_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('ml.model ' || p_model, 0));
  v_model := ml.find_model(p_model);
  select * into v_training from ml.model_training_run where model_id = v_model.model_id and is_current;
  if not found then
    raise exception using
      errcode = 'MB008',
      message = format('model %s is not trained', p_model),
      hint = 'Train it first: ml.train.';
  end if;
  select * into strict v_set from ml.training_set where training_set_id = v_training.training_set_id;
  v_fit := row (
    v_set.row_count, v_training.feature_means, v_training.feature_scales, v_training.coefficients, v_training.intercept
  )::ml.ridge_fit;

  insert into ml.model_prediction (
    instrument_id, model_training_run_id, ts, decision_time, predicted, is_out_of_sample, feature_set_version_id, feature_revision, run_id
  )
  select
    decision.instrument_id,
    v_training.model_training_run_id,
    decision.ts,
    decision.decision_time,
    ml.apply_fit(v_fit, decision.features),
    decision.decision_time >= v_training.out_of_sample_from,
    v_set.feature_set_version_id,
    decision.feature_revision,
    p_run_id
  from ml.decision_rows(v_set.feature_set_version_id, v_set.instrument_ids) as decision
  where decision.decision_time >= coalesce(p_from, v_training.out_of_sample_from)
    and ml.is_complete(decision.features)
    -- A prediction that was made stays as it was made.
    and not exists (
      select from ml.model_prediction made
      where made.instrument_id = decision.instrument_id
        and made.model_training_run_id = v_training.model_training_run_id
        and made.ts = decision.ts
    )
  order by decision.decision_time, decision.instrument_id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function ml.predict(bigint, text, timestamptz) is
'Predicts the label with the current training of model p_model for every bar decided at or after p_from (default: the start of its out-of-sample part), also the
newest bars without an outcome yet, from the feature vector that was known at the decision. Bars before the out-of-sample part get is_out_of_sample = false.
Returns the number of predictions made: 0 where all are there, for a prediction once made is never made again. MB003 unknown model, MB008 not trained.';

revoke all on function ml.predict(bigint, text, timestamptz) from public;
grant execute on function ml.predict(bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded ml/predict.sql
--! Included ml/prediction.sql
-- Predictions with symbol and model in words.
create or replace view ml.prediction with (security_invoker = true) as
select
  instrument.symbol,
  model_prediction.ts,
  model.name as model,
  model_prediction.decision_time,
  model_prediction.predicted,
  model_prediction.outcome,
  model_prediction.outcome_known_from,
  model_prediction.is_out_of_sample,
  model_training_run.is_current as is_current_training,
  feature_set.name as feature_set,
  feature_set_version.version as feature_set_version,
  model_prediction.feature_revision,
  model_prediction.instrument_id,
  model_prediction.model_prediction_id,
  model_prediction.model_training_run_id,
  model_prediction.recorded_at,
  model_prediction.run_id
from ml.model_prediction
join market.instrument on instrument.instrument_id = model_prediction.instrument_id
join ml.model_training_run on model_training_run.model_training_run_id = model_prediction.model_training_run_id
join ml.model on model.model_id = model_training_run.model_id
join feature.feature_set_version on feature_set_version.feature_set_version_id = model_prediction.feature_set_version_id
join feature.feature_set on feature_set.feature_set_id = feature_set_version.feature_set_id;

comment on view ml.prediction is 'Predictions with symbol, model and outcome: one row per bar and training.';
comment on column ml.prediction.symbol is 'Symbol of the instrument.';
comment on column ml.prediction.ts is 'Start of the bar at whose close the prediction counts.';
comment on column ml.prediction.model is 'Name of the model.';
comment on column ml.prediction.decision_time is 'Moment of the decision; nothing known later was used.';
comment on column ml.prediction.predicted is 'Predicted value of the label, a fraction.';
comment on column ml.prediction.outcome is 'Realised value of the label; null until it is known.';
comment on column ml.prediction.outcome_known_from is 'From when this value of the outcome could be known.';
comment on column ml.prediction.is_out_of_sample is 'True where nothing of the time from this decision on was used in the training.';
comment on column ml.prediction.is_current_training is 'True where the training is the one with which the model predicts now.';
comment on column ml.prediction.feature_set is 'Feature set.';
comment on column ml.prediction.feature_set_version is 'Its version.';
comment on column ml.prediction.feature_revision is 'Revision of the feature vector that was used.';
comment on column ml.prediction.instrument_id is 'Instrument.';
comment on column ml.prediction.model_prediction_id is 'Identity of the prediction, for lineage.trace(''ml.model_prediction'', …).';
comment on column ml.prediction.model_training_run_id is 'Training whose coefficients were used.';
comment on column ml.prediction.recorded_at is 'When the prediction was stored.';
comment on column ml.prediction.run_id is 'Run that made it.';

grant select on ml.prediction to marketbase_reader;
--! EndIncluded ml/prediction.sql
--! Included ml/prediction_score.sql
-- How good the predictions of each training turned out to be.
create or replace view ml.prediction_score with (security_invoker = true) as
with ranked as (
  select
    model_training_run_id,
    is_out_of_sample,
    predicted,
    outcome,
    decision_time,
    rank() over same_sample_by_outcome + (count(*) over (partition by model_training_run_id, is_out_of_sample, outcome) - 1) / 2.0 as outcome_rank,
    rank() over same_sample_by_predicted + (count(*) over (partition by model_training_run_id, is_out_of_sample, predicted) - 1) / 2.0 as predicted_rank
  from ml.model_prediction
  where outcome is not null
  window
    same_sample_by_outcome as (partition by model_training_run_id, is_out_of_sample order by outcome),
    same_sample_by_predicted as (partition by model_training_run_id, is_out_of_sample order by predicted)
)
select
  model.name as model,
  ranked.model_training_run_id,
  model_training_run.is_current,
  ranked.is_out_of_sample,
  count(*) as prediction_count,
  min(ranked.decision_time) as first_decision_time,
  max(ranked.decision_time) as last_decision_time,
  1 - sum((ranked.outcome - ranked.predicted) ^ 2) / nullif(sum((ranked.outcome - model_training_run.intercept) ^ 2), 0) as r2,
  sqrt(avg((ranked.outcome - ranked.predicted) ^ 2)) as rmse,
  corr(ranked.outcome, ranked.predicted) as information_coefficient,
  corr(ranked.outcome_rank, ranked.predicted_rank) as rank_information_coefficient,
  (avg(case when sign(ranked.outcome) = sign(ranked.predicted) then 1 else 0 end) filter (where ranked.outcome <> 0))::double precision as hit_rate
from ranked
join ml.model_training_run on model_training_run.model_training_run_id = ranked.model_training_run_id
join ml.model on model.model_id = model_training_run.model_id
group by model.name, ranked.model_training_run_id, model_training_run.is_current, ranked.is_out_of_sample;

comment on view ml.prediction_score is
'How good the predictions of each training turned out to be, over those whose outcome is known. The metrics are those of ml.score.';
comment on column ml.prediction_score.model is 'Name of the model.';
comment on column ml.prediction_score.model_training_run_id is 'Training whose coefficients were used.';
comment on column ml.prediction_score.is_current is 'True where the training is the one with which the model predicts now.';
comment on column ml.prediction_score.is_out_of_sample is 'True for the predictions of which nothing was used in the training.';
comment on column ml.prediction_score.prediction_count is 'Predictions whose outcome is known.';
comment on column ml.prediction_score.first_decision_time is 'Decision time of the first of them.';
comment on column ml.prediction_score.last_decision_time is 'Decision time of the last of them.';
comment on column ml.prediction_score.r2 is '1 - squared errors / squared errors of the mean of the training rows: 0 is as good as that mean, less is worse.';
comment on column ml.prediction_score.rmse is 'Root of the mean squared error.';
comment on column ml.prediction_score.information_coefficient is 'Pearson''s correlation of prediction and outcome; null where one is constant.';
comment on column ml.prediction_score.rank_information_coefficient is 'Spearman''s correlation of prediction and outcome; ties share their mean rank.';
comment on column ml.prediction_score.hit_rate is 'Share of the outcomes other than 0 whose sign was predicted.';

grant select on ml.prediction_score to marketbase_reader;
--! EndIncluded ml/prediction_score.sql
--! Included ml/rows/hash_training_rows.sql
-- The hash by which a training set is known.
create or replace function ml.hash_training_rows(p_feature_set_version_id bigint, p_rows ml.training_row[]) returns text
language sql stable parallel safe
begin atomic
  select encode(
    sha256(
      (
        select convert_to(feature_set.name || ' ' || version.version || ' ' || array_to_string(version.feature_names, ','), 'UTF8')
        from feature.feature_set_version version
        join feature.feature_set on feature_set.feature_set_id = version.feature_set_id
        where version.feature_set_version_id = p_feature_set_version_id
      )
      || coalesce(string_agg(
        sha256(
          convert_to(instrument.symbol, 'UTF8')
          || timestamptz_send(training.ts)
          || timestamptz_send(training.decision_time)
          || array_send(training.features)
          || float8send(training.label)
          || timestamptz_send(training.label_end)
        ),
        '' order by training.decision_time, instrument.symbol
      ), '')
    ),
    'hex'
  )
  from unnest(p_rows) as training
  join market.instrument on instrument.instrument_id = training.instrument_id;
end;

comment on function ml.hash_training_rows(bigint, ml.training_row[]) is
'sha256, hex, over the name and version of the feature set, the names of its features and, in order of decision time and symbol, the sha256 of each row: symbol,
ts, decision_time, features, label and label_end in their binary form. It depends on no setting and on no identity that a database gave, so that the same data
has the same hash everywhere.';

revoke all on function ml.hash_training_rows(bigint, ml.training_row[]) from public;
grant execute on function ml.hash_training_rows(bigint, ml.training_row[]) to marketbase_analyst;
--! EndIncluded ml/rows/hash_training_rows.sql
--! Included ml/rows/is_complete.sql
-- Whether a feature vector can be used: it is there and every value is a finite number.
create or replace function ml.is_complete(p_features double precision[]) returns boolean
language sql immutable parallel safe
return cardinality(p_features) > 0
  and array_position(p_features, null) is null
  and not p_features && array['NaN', 'Infinity', '-Infinity']::double precision[];

comment on function ml.is_complete(double precision[]) is
'True where p_features has elements and all of them are finite; false where one is NULL, NaN or infinite; NULL for NULL.';

revoke all on function ml.is_complete(double precision[]) from public;
grant execute on function ml.is_complete(double precision[]) to marketbase_reader;
--! EndIncluded ml/rows/is_complete.sql
--! Included ml/rows/labels.sql
-- The label of every bar: the return from its close to the next close.
create or replace function ml.labels(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_known_at timestamptz default 'infinity'
) returns setof ml.labelled_bar
language sql stable parallel safe
begin atomic
  with bar as (
    select instrument_id, ts, version, close, known_from
    from market.price_data
    where instrument_id = any (p_instrument_ids) and bar_interval = p_bar_interval and recorded_at <= p_known_at
    union all
    select instrument_id, ts, version, close, known_from
    from market.price_data_history
    where instrument_id = any (p_instrument_ids) and bar_interval = p_bar_interval and recorded_at <= p_known_at and closed_at > p_known_at
  ),
  -- The decision is taken when the bar is first known; what is corrected afterwards moves its label, never its decision.
  decision as (
    select
      bar.instrument_id, bar.ts, bar.close, bar.known_from,
      coalesce(first_version.known_from, bar.known_from) as decision_time
    from bar
    left join market.price_data_history first_version
      on first_version.instrument_id = bar.instrument_id
      and first_version.bar_interval = p_bar_interval
      and first_version.ts = bar.ts
      and first_version.version = 1
      and bar.version > 1
  )
  select
    instrument_id,
    ts,
    decision_time,
    lead(close) over next_bar / close - 1,
    lead(decision_time) over next_bar,
    case
      when lead(decision_time) over next_bar is not null
      then greatest(known_from, lead(known_from) over next_bar)
    end
  from decision
  window next_bar as (partition by instrument_id order by ts);
end;

comment on function ml.labels(bigint[], text, timestamptz) is
'Every bar of p_instrument_ids with its label next_return = close of the next bar / close - 1 (a fraction), as recorded at p_known_at (default: everything).
The next bar is the next one that is there; where a session is missing the return spans it. Closes are taken as stored, not adjusted for splits or dividends.
decision_time: known_from of the first version of the bar, for a daily bar the close of its session. The label follows corrections of the two closes:
label_known_from says from when its value could be known. NULL label, label_end and label_known_from for the last bar.';

revoke all on function ml.labels(bigint[], text, timestamptz) from public;
grant execute on function ml.labels(bigint[], text, timestamptz) to marketbase_reader;
--! EndIncluded ml/rows/labels.sql
--! Included ml/rows/make_training_set.sql
-- Draws the training set of a model as of now.
create or replace function ml.make_training_set(p_run_id bigint, p_model text) returns ml.training_set
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model ml.model := ml.find_model(p_model);
  v_version_id bigint;
  v_bar_interval text;
  v_instrument_ids bigint[];
  v_known_at timestamptz;
  v_left_out jsonb;
  v_rows ml.training_row[];
  v_hash text;
  v_set ml.training_set;
begin
  select version.feature_set_version_id, feature_set.bar_interval
  into v_version_id, v_bar_interval
  from feature.feature_set
  join feature.feature_set_version version on version.feature_set_id = feature_set.feature_set_id and version.is_current
  where feature_set.feature_set_id = v_model.feature_set_id;

  if v_model.parameters ? 'symbols' then
    v_instrument_ids := market.instrument_ids(array(select jsonb_array_elements_text(v_model.parameters -> 'symbols')));
  else
    v_instrument_ids := array(
      select distinct instrument_id from feature.feature_vector where feature_set_version_id = v_version_id order by instrument_id
    );
  end if;

  -- As of the last thing that was recorded, not of the clock: what another transaction stores meanwhile then stays outside.
  select max(recorded_at) into v_known_at
  from (
    select max(recorded_at) as recorded_at from feature.feature_vector
    where feature_set_version_id = v_version_id and instrument_id = any (v_instrument_ids)
    union all
    select max(recorded_at) from market.price_data
    where instrument_id = any (v_instrument_ids) and bar_interval = v_bar_interval
  ) as recorded;

  with decision as (
    select
      row (decision.*)::ml.training_row as training,
      decision.decision_time,
      decision.instrument_id,
      case
        when decision.features is null then 'no_vector'
        when not ml.is_complete(decision.features) then 'missing_feature'
        when decision.label_end > decision.decision_time then null
        else 'no_label'
      end as left_out
    from ml.decision_rows(v_version_id, v_instrument_ids, v_known_at) as decision
  )
  select
    array_agg(training order by decision_time, instrument_id) filter (where left_out is null),
    jsonb_build_object(
      'no_vector', count(*) filter (where left_out = 'no_vector'),
      'missing_feature', count(*) filter (where left_out = 'missing_feature'),
      'no_label', count(*) filter (where left_out = 'no_label')
    )
  into v_rows, v_left_out
  from decision;

  if v_rows is null then
    raise exception using
      errcode = 'MB007',
      message = format('model %s has no rows to learn from: no bar has complete features and a label (left out: %s)', p_model, v_left_out),
      hint = 'Ingest more bars and compute the features of the set first.';
  end if;

  v_hash := ml.hash_training_rows(v_version_id, v_rows);
  insert into ml.training_set (
    feature_set_version_id, label, instrument_ids, from_ts, to_ts, known_at, row_count, left_out, data_hash, run_id
  )
  select
    v_version_id, v_model.label, array_agg(distinct instrument_id), min(ts), max(ts), v_known_at, count(*), v_left_out, v_hash, p_run_id
  from unnest(v_rows)
  on conflict (data_hash) do nothing
  returning * into v_set;
  if not found then
    select * into strict v_set from ml.training_set where data_hash = v_hash;
  end if;
  return v_set;
end
$$;

comment on function ml.make_training_set(bigint, text) is
'The training set of model p_model as of now: for every bar of its instruments (parameter symbols, or all that have vectors of the current version of its
feature set) the features known at the decision time and the label as now known. Bars without a vector in time, with a missing feature or without a label yet
are left out and counted. The same rows are the same training set: the one that is there is returned. MB003 unknown model, MB002 unknown symbol,
MB007 no rows.';

revoke all on function ml.make_training_set(bigint, text) from public;
grant execute on function ml.make_training_set(bigint, text) to marketbase_worker;
--! EndIncluded ml/rows/make_training_set.sql
--! Included ml/rows/verify_training_set.sql
-- Makes the rows of a training set again and compares their hash.
create or replace function ml.verify_training_set(p_training_set_id bigint) returns boolean
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set ml.training_set;
begin
  select * into v_set from ml.training_set where training_set_id = p_training_set_id;
  if not found then
    raise exception using
      errcode = 'MB001',
      message = format('there is no training set %s', p_training_set_id),
      hint = 'The training sets are the rows of ml.training_set.';
  end if;
  return v_set.data_hash = ml.hash_training_rows(
    v_set.feature_set_version_id,
    array(select training from ml.training_rows(p_training_set_id) as training)
  );
end
$$;

comment on function ml.verify_training_set(bigint) is
'True where the rows of training set p_training_set_id, made again from the versions recorded at its known_at, have the hash that was stored; false means that
history was changed behind the versions. MB001 for an unknown id.';

revoke all on function ml.verify_training_set(bigint) from public;
grant execute on function ml.verify_training_set(bigint) to marketbase_analyst;
--! EndIncluded ml/rows/verify_training_set.sql
--! Included ml/train.sql
-- Trains a model on what is known now, and tests it walking forward.
create or replace function ml.train(p_run_id bigint, p_model text) returns ml.model_training_run
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
  v_model ml.model;
  v_set ml.training_set;
  v_code_version constant text := ml.code_version();
  v_lambda double precision;
  v_folds integer;
  v_rows ml.training_row[];
  v_times timestamptz[];
  v_block integer;
  v_test_from timestamptz;
  v_test_to timestamptz;
  v_train ml.training_row[];
  v_test ml.training_row[];
  v_fit ml.ridge_fit;
  v_actual double precision[];
  v_predicted double precision[];
  v_baseline double precision[];
  v_all_actual double precision[] := '{}';
  v_all_predicted double precision[] := '{}';
  v_all_baseline double precision[] := '{}';
  v_metrics_in_sample jsonb;
  v_metrics_fold jsonb;
  v_fold_list jsonb := '[]';
  v_run ml.model_training_run;
begin
  perform pg_advisory_xact_lock(hashtextextended('ml.model ' || p_model, 0));
  v_model := ml.find_model(p_model);
  v_set := ml.make_training_set(p_run_id, p_model);

  -- The same data, parameters and code give the same training: it is there already and at most becomes the current one again.
  select * into v_run
  from ml.model_training_run
  where model_id = v_model.model_id
    and training_set_id = v_set.training_set_id
    and parameters = v_model.parameters
    and code_version = v_code_version;
  if found then
    if not v_run.is_current then
      update ml.model_training_run set is_current = false where model_id = v_model.model_id and is_current;
      update ml.model_training_run set is_current = true where model_training_run_id = v_run.model_training_run_id returning * into v_run;
    end if;
    return v_run;
  end if;

  v_lambda := (v_model.parameters -> 'lambda')::double precision;
  v_folds := (v_model.parameters -> 'folds')::integer;
  v_rows := array(select training from ml.training_rows(v_set.training_set_id) as training);

  -- Expanding windows: the decision times are cut into folds + 1 blocks of equal length, the first takes the remainder (scikit-learn's TimeSeriesSplit);
  -- fold k learns from the blocks before block k + 1 and is tested on that one.
  v_times := array(select distinct decision_time from unnest(v_rows) order by decision_time);
  v_block := cardinality(v_times) / (v_folds + 1);
  if v_block < 2 then
    raise exception using
      errcode = 'MB007',
      message = format('model %s needs %s decision times at least for %s folds; there are %s', p_model, 2 * (v_folds + 1), v_folds, cardinality(v_times)),
      hint = 'Ingest more bars or define the model with fewer folds.';
  end if;

  for v_fold in 1 .. v_folds loop
    v_test_from := v_times[cardinality(v_times) - (v_folds - v_fold + 1) * v_block + 1];
    v_test_to := v_times[cardinality(v_times) - (v_folds - v_fold) * v_block];
    -- Purged: a row whose label was not complete before the first decision of the test is not learnt from.
    v_train := array(
      select row (training.*)::ml.training_row from unnest(v_rows) as training
      where training.label_end < v_test_from
      order by training.decision_time, training.instrument_id
    );
    v_test := array(
      select row (training.*)::ml.training_row from unnest(v_rows) as training
      where training.decision_time between v_test_from and v_test_to
      order by training.decision_time, training.instrument_id
    );
    v_fit := ml.fit_ridge(v_train, v_lambda);

    select
      ml.score(
        array_agg(label order by decision_time, instrument_id),
        array_agg(ml.apply_fit(v_fit, features) order by decision_time, instrument_id),
        array_agg(v_fit.intercept order by decision_time, instrument_id)
      )
    into v_metrics_in_sample
    from unnest(v_train);

    select
      array_agg(label order by decision_time, instrument_id),
      array_agg(ml.apply_fit(v_fit, features) order by decision_time, instrument_id),
      array_agg(v_fit.intercept order by decision_time, instrument_id)
    into v_actual, v_predicted, v_baseline
    from unnest(v_test);
    v_metrics_fold := ml.score(v_actual, v_predicted, v_baseline);
    v_all_actual := v_all_actual || v_actual;
    v_all_predicted := v_all_predicted || v_predicted;
    v_all_baseline := v_all_baseline || v_baseline;

    v_fold_list := v_fold_list || (
      select jsonb_build_object(
        'fold', v_fold,
        'train_from', (min(decision_time) at time zone 'UTC')::date,
        'train_to', (max(decision_time) at time zone 'UTC')::date,
        'train_rows', count(*),
        'purged_rows', (select count(*) from unnest(v_rows) where decision_time < v_test_from and label_end >= v_test_from),
        'test_from', (v_test_from at time zone 'UTC')::date,
        'test_to', (v_test_to at time zone 'UTC')::date,
        'test_rows', cardinality(v_test),
        'in_sample', v_metrics_in_sample,
        'out_of_sample', v_metrics_fold
      )
      from unnest(v_train)
    );
  end loop;

  -- The fit of the last fold stays: its test window and all that comes later is genuinely out of sample.
  update ml.model_training_run set is_current = false where model_id = v_model.model_id and is_current;
  insert into ml.model_training_run (
    model_id, training_set_id, parameters, metrics_in_sample, metrics_out_of_sample, folds,
    feature_names, feature_means, feature_scales, coefficients, intercept,
    trained_from, trained_to, out_of_sample_from, data_hash, code_version, is_current, started_at, finished_at, run_id
  )
  select
    v_model.model_id, v_set.training_set_id, v_model.parameters,
    v_metrics_in_sample, ml.score(v_all_actual, v_all_predicted, v_all_baseline), v_fold_list,
    version.feature_names, v_fit.feature_means, v_fit.feature_scales, v_fit.coefficients, v_fit.intercept,
    (select min(decision_time) from unnest(v_train)), (select max(decision_time) from unnest(v_train)), v_test_from,
    v_set.data_hash, v_code_version, true, v_started_at, clock_timestamp(), p_run_id
  from feature.feature_set_version version
  where version.feature_set_version_id = v_set.feature_set_version_id
  returning * into v_run;
  return v_run;
end
$$;

comment on function ml.train(bigint, text) is
'Trains model p_model: draws its training set (ml.make_training_set), tests it on expanding walk-forward folds (purged: no label of a training row reaches into
the test) and keeps the coefficients of the last fold, so that its test window and all later bars are out of sample. Metrics as ml.score: in sample on the rows
of the kept fit, out of sample on all test windows together against the mean of each fold''s training rows. The same data, parameters and code are the same
training: nothing is written and the one that is there is returned, as the current one. MB003 unknown model, MB007 not enough rows,
MB009 singular at lambda 0.';

revoke all on function ml.train(bigint, text) from public;
grant execute on function ml.train(bigint, text) to marketbase_worker;
--! EndIncluded ml/train.sql
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
'Looks at the steps of the flow whose root is p_root_run_id: enqueues the first stage that is not done, or closes the root as succeeded or, when a step failed, as failed with the rest skipped. May be called any number of times.';

revoke all on function pipeline.advance_flow(bigint) from public;
grant execute on function pipeline.advance_flow(bigint) to marketbase_worker;
--! EndIncluded pipeline/flows/advance_flow.sql
--! Included pipeline/flows/demo_flow.sql
-- The flow of the demonstration: real bars, filings, trades and notes, from the fetch to the predictions.
insert into pipeline.flow_step (flow, step, stage, task, parameters, description)
values
  ('demo', 'fetch_bars_aapl', 1, 'fetch', '{"provider": "sample", "dataset": "bars", "subject": "AAPL"}', 'fetch the daily bars of AAPL'),
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
--! Included pipeline/flows/enqueue_run.sql
-- Hands a queued run to the workers; the job key makes a second call harmless.
create or replace function pipeline.enqueue_run(p_run_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform graphile_worker.add_job(
    identifier := step.task,
    payload := json_build_object('runId', p_run_id),
    max_attempts := 5,
    job_key := 'run:' || p_run_id,
    job_key_mode := 'preserve_run_at'
  )
  from pipeline.pipeline_run run
  join pipeline.flow_step step on step.flow = run.flow and step.step = run.step
  where run.run_id = p_run_id;
end
$$;

comment on function pipeline.enqueue_run(bigint) is
'Adds the job run:<run_id> for the task of the run''s step (fetch, run_step or publish). A job that waits already is kept as it is.';

revoke all on function pipeline.enqueue_run(bigint) from public;
grant execute on function pipeline.enqueue_run(bigint) to marketbase_worker;
--! EndIncluded pipeline/flows/enqueue_run.sql
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
    case mark.consumer when 'quality' then 'validate' when 'feature' then 'features' when 'ml' then 'train' else mark.consumer end,
    format('%s changed between %s and %s', instrument.symbol, min(mark.from_ts)::date, max(mark.to_ts)::date)
  from pipeline.stale_range mark
  join market.instrument instrument using (instrument_id)
  group by mark.consumer, instrument.symbol
  union all
  select 'features', format('version %s of set %s has no values yet', version.version, feature_set.name)
  from feature.feature_set_version version
  join feature.feature_set feature_set using (feature_set_id)
  where version.is_current
    and exists (select from market.price_data bar where bar.bar_interval = feature_set.bar_interval)
    and not exists (select from feature.feature_vector vector where vector.feature_set_version_id = version.feature_set_version_id)
  union all
  select 'train', format('model %s was never trained', model.name)
  from ml.model model
  where not exists (select from ml.model_training_run training where training.model_id = model.model_id and training.is_current);
end;

comment on function pipeline.pending_work(text) is
'What the flow p_flow would have to do, one row per reason: an unfinished run, something never fetched or normalised, data that changed, a version of a feature set without values, a model never trained. No rows: everything is there.';

revoke all on function pipeline.pending_work(text) from public;
grant execute on function pipeline.pending_work(text) to marketbase_reader;
--! EndIncluded pipeline/flows/pending_work.sql
--! Included pipeline/flows/run_step.sql
-- Carries out one step: the function pipeline.step_<step>, in the transaction of the caller.
create or replace function pipeline.run_step(p_run_id bigint) returns pipeline.pipeline_run
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  run pipeline.pipeline_run;
  step_function regprocedure;
  outcome pipeline.step_outcome;
begin
  select * into run from pipeline.pipeline_run where run_id = p_run_id and status = 'running' for update;
  if run.run_id is null then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is not running', p_run_id),
      hint = 'Only a run that pipeline.begin_run took up can be carried out.';
  end if;
  step_function := to_regprocedure(format('pipeline.%I(bigint)', 'step_' || run.step));
  if step_function is null then
    raise exception using
      errcode = 'MB003',
      message = format('there is no step named "%s"', run.step),
      hint = 'A step is a function pipeline.step_<name>(run_id bigint).';
  end if;

  execute format('select * from %s($1)', step_function::regproc) into outcome using p_run_id;

  update pipeline.pipeline_run
  set function_name = step_function::regproc::text, function_version = internal.function_version(step_function)
  where run_id = p_run_id;
  perform pipeline.finish_run(p_run_id, outcome.rows_read, outcome.rows_written, outcome.summary, outcome.message);
  select * into run from pipeline.pipeline_run where run_id = p_run_id;
  return run;
end
$$;

comment on function pipeline.run_step(bigint) is
'Carries out the step of a running run by calling pipeline.step_<step>(run_id), and closes the run with its outcome. All that the step writes commits together with the run. MB008 when the run is not running, MB003 when there is no such step.';

revoke all on function pipeline.run_step(bigint) from public;
grant execute on function pipeline.run_step(bigint) to marketbase_worker;
--! EndIncluded pipeline/flows/run_step.sql
--! Included pipeline/flows/start_flow.sql
-- Starts a flow, or joins the one that is under way.
create or replace function pipeline.start_flow(p_flow text, p_parameters jsonb default '{}') returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root_id bigint;
begin
  if not exists (select from pipeline.flow_step where flow = p_flow) then
    raise exception using
      errcode = 'MB003',
      message = format('there is no flow named "%s"', p_flow),
      hint = 'Known flows: ' || (select coalesce(string_agg(distinct flow, ', '), 'none') from pipeline.flow_step) || '.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('pipeline.flow:' || p_flow, 0));
  select run_id into root_id from pipeline.pipeline_run
  where flow = p_flow and parent_run_id is null and stage = 0 and step = p_flow and status in ('queued', 'running')
  order by run_id limit 1;

  if root_id is null then
    root_id := pipeline.start_run(p_flow, p_flow, null, p_parameters);
    insert into pipeline.pipeline_run (parent_run_id, root_run_id, flow, step, stage, parameters)
    select root_id, root_id, step.flow, step.step, step.stage, step.parameters || p_parameters
    from pipeline.flow_step step
    where step.flow = p_flow
    order by step.stage, step.step;
  end if;

  perform pipeline.advance_flow(root_id);
  return root_id;
end
$$;

comment on function pipeline.start_flow(text, jsonb) is
'Starts the flow p_flow and returns the run_id of its root; while one is under way, that one is returned and no second one starts. p_parameters, a JSON object, is added to the parameters of every step. MB003 for an unknown flow.';

revoke all on function pipeline.start_flow(text, jsonb) from public;
grant execute on function pipeline.start_flow(text, jsonb) to marketbase_worker;
--! EndIncluded pipeline/flows/start_flow.sql
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
  message, error_code, worker, started_at, heartbeat_at, finished_at
) on pipeline.pipeline_run to marketbase_worker;
grant update (
  status, attempt, function_name, function_version, rows_read, rows_written, summary, message, error_code, worker, started_at, heartbeat_at,
  finished_at
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
  rejected_count bigint := 0;
  advice text;
begin
  select raw_response.provider, raw_response.dataset into response
  from ingest.raw_response
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
    else to_regprocedure(format('ingest.normalise_%s_%s(bigint)', response.provider, response.dataset))
  end;
  if normaliser is null then
    raise exception using
      errcode = 'MB001',
      message = format('the provider %s has no %s', response.provider, response.dataset),
      hint = format('A normaliser is a function ingest.normalise_%s_%s(raw_response_id bigint).', response.provider, response.dataset);
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
  result.outcome := 'normalised';

  select * into done
  from ingest.normalisation
  where normalisation.raw_response_id = p_raw_response_id and normalisation.normaliser = result.normaliser
    and normalisation.normaliser_version = result.normaliser_version and normalisation.outcome = 'normalised';
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
    perform ingest.accept_actions(p_run_id, p_raw_response_id);
    delete from ingest.candidate_bar candidate where candidate.raw_response_id = p_raw_response_id;
    delete from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id;

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

  if response.dataset in ('bars', 'fundamentals') then
    result.quarantined_count := rejected_count;
    result.accepted_count := result.row_count - rejected_count;
    result.new_count := coalesce(accepted.new_count, 0);
    result.changed_count := coalesce(accepted.new_count + accepted.changed_count, 0);
  end if;
  insert into ingest.normalisation (
    raw_response_id, normaliser, normaliser_version, outcome, row_count, accepted_count, new_count, changed_count, quarantined_count, error_code,
    message, run_id
  )
  values (
    result.raw_response_id, result.normaliser, result.normaliser_version, result.outcome, result.row_count, result.accepted_count,
    result.new_count, result.changed_count, result.quarantined_count, result.error_code, result.message, result.run_id
  )
  returning * into result;
  return result;
end
$$;

comment on function pipeline.normalise_response(bigint, bigint) is
'Makes market data (or trades, or documents) of a landed body in the transaction of the caller: the normaliser ingest.normalise_<provider>_<dataset> reads it, quality.validate_candidates judges the rows, those that fail a critical rule
go to ingest.quarantine, the others to the market tables as new rows or new versions. Returns and stores the row of ingest.normalisation; a body that cannot be read gets outcome refused with the cause, and nothing else of it is stored.
A body that this version of its normaliser has read already is not read again: its row comes back; one that it refused is tried again. MB001 when there is no such response or normaliser.';

revoke all on function pipeline.normalise_response(bigint, bigint) from public;
grant execute on function pipeline.normalise_response(bigint, bigint) to marketbase_worker;
--! EndIncluded pipeline/normalise_response.sql
--! Included pipeline/runs/beat_run.sql
-- A sign of life of running steps, by the clock of the database.
create or replace function pipeline.beat_run(p_run_ids bigint[]) returns void
language sql volatile parallel unsafe
begin atomic
  -- a run that is locked is in the hands of its own step: that is sign of life enough
  with alive as (
    select run_id from pipeline.pipeline_run where run_id = any (p_run_ids) and status = 'running' for update skip locked
  )
  update pipeline.pipeline_run run
  set heartbeat_at = clock_timestamp()
  from alive
  where run.run_id = alive.run_id;
end;

comment on function pipeline.beat_run(bigint[]) is
'Renews heartbeat_at of those runs that are running; a worker calls it every 5 seconds.';

revoke all on function pipeline.beat_run(bigint[]) from public;
grant execute on function pipeline.beat_run(bigint[]) to marketbase_worker;
--! EndIncluded pipeline/runs/beat_run.sql
--! Included pipeline/runs/begin_run.sql
-- Takes up a queued run; one that somebody carries out or that is finished is left alone.
create or replace function pipeline.begin_run(p_run_id bigint) returns pipeline.pipeline_run
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'running', attempt = attempt + 1, worker = current_setting('application_name'),
    started_at = clock_timestamp(), heartbeat_at = clock_timestamp()
  where run_id = p_run_id and status = 'queued'
  returning *;
end;

comment on function pipeline.begin_run(bigint) is
'Marks a queued run as running, counts the attempt and returns the run; NULL when it is not queued, so that a job that comes twice does nothing.';

revoke all on function pipeline.begin_run(bigint) from public;
grant execute on function pipeline.begin_run(bigint) to marketbase_worker;
--! EndIncluded pipeline/runs/begin_run.sql
--! Included pipeline/runs/fail_run.sql
-- Closes a run that did not do what it should, and says why.
create or replace function pipeline.fail_run(p_run_id bigint, p_error_code text, p_message text) returns void
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'failed', error_code = p_error_code, message = p_message, finished_at = clock_timestamp()
  where run_id = p_run_id and status in ('queued', 'running');
end;

comment on function pipeline.fail_run(bigint, text, text) is
'Closes an unfinished run as failed with an SQLSTATE and a sentence that says what failed and what to do. A finished run is left alone.';

revoke all on function pipeline.fail_run(bigint, text, text) from public;
grant execute on function pipeline.fail_run(bigint, text, text) to marketbase_worker;
--! EndIncluded pipeline/runs/fail_run.sql
--! Included pipeline/runs/fence_run.sql
-- A worker that was thought dead must not write over the one that took its run.
create or replace function pipeline.fence_run(p_run_id bigint, p_attempt integer) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform from pipeline.pipeline_run where run_id = p_run_id and attempt = p_attempt and status = 'running' for update;
  if not found then
    raise exception using
      errcode = 'MB008',
      message = format('attempt %s of run %s is over', p_attempt, p_run_id),
      hint = 'Another worker took the run; its outcome counts.';
  end if;
end
$$;

comment on function pipeline.fence_run(bigint, integer) is
'Locks the run for the rest of the transaction if attempt p_attempt is still the one that runs; MB008 otherwise, so that a late attempt writes nothing.';

revoke all on function pipeline.fence_run(bigint, integer) from public;
grant execute on function pipeline.fence_run(bigint, integer) to marketbase_worker;
--! EndIncluded pipeline/runs/fence_run.sql
--! Included pipeline/runs/finish_run.sql
-- Closes a run that did what it should.
create or replace function pipeline.finish_run(
  p_run_id bigint,
  p_rows_read bigint default 0,
  p_rows_written bigint default 0,
  p_summary jsonb default '{}',
  p_message text default null
) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  update pipeline.pipeline_run
  set status = 'succeeded', rows_read = coalesce(p_rows_read, 0), rows_written = coalesce(p_rows_written, 0),
    summary = coalesce(p_summary, '{}'), message = p_message, finished_at = clock_timestamp()
  where run_id = p_run_id and status = 'running';
  if not found then
    raise exception using
      errcode = 'MB008',
      message = format('run %s is not running, so it cannot be finished', p_run_id),
      hint = 'Another worker took it up, or it does not exist: see pipeline.pipeline_run.';
  end if;
end
$$;

comment on function pipeline.finish_run(bigint, bigint, bigint, jsonb, text) is
'Closes a running run as succeeded with the rows that it read and wrote, a JSON object of figures and a sentence. MB008 when it is not running.';

revoke all on function pipeline.finish_run(bigint, bigint, bigint, jsonb, text) from public;
grant execute on function pipeline.finish_run(bigint, bigint, bigint, jsonb, text) to marketbase_worker;
--! EndIncluded pipeline/runs/finish_run.sql
--! Included pipeline/runs/requeue_run.sql
-- A run that may succeed later waits for its next attempt.
create or replace function pipeline.requeue_run(p_run_id bigint, p_message text) returns void
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'queued', worker = null, message = p_message
  where run_id = p_run_id and status = 'running';
end;

comment on function pipeline.requeue_run(bigint, text) is
'Puts a running run back into the queue and says why; its job comes again by itself.';

revoke all on function pipeline.requeue_run(bigint, text) from public;
grant execute on function pipeline.requeue_run(bigint, text) to marketbase_worker;
--! EndIncluded pipeline/runs/requeue_run.sql
--! Included pipeline/runs/start_run.sql
-- Opens a run that starts at once, for work that a person or another run asks for directly.
create or replace function pipeline.start_run(
  p_flow text,
  p_step text,
  p_parent_run_id bigint default null,
  p_parameters jsonb default '{}'
) returns bigint
language sql volatile parallel unsafe
begin atomic
  insert into pipeline.pipeline_run (parent_run_id, root_run_id, flow, step, status, attempt, parameters, worker, started_at, heartbeat_at)
  select
    p_parent_run_id,
    (select coalesce(parent.root_run_id, parent.run_id) from pipeline.pipeline_run parent where parent.run_id = p_parent_run_id),
    p_flow, p_step, 'running', 1, p_parameters, current_setting('application_name'), clock_timestamp(), clock_timestamp()
  returning run_id;
end;

comment on function pipeline.start_run(text, text, bigint, jsonb) is
'Opens a run in status running and returns its run_id. p_parent_run_id is the run that started it, NULL for a root. p_parameters is a JSON object.';

revoke all on function pipeline.start_run(text, text, bigint, jsonb) from public;
grant execute on function pipeline.start_run(text, text, bigint, jsonb) to marketbase_worker;
--! EndIncluded pipeline/runs/start_run.sql
--! Included pipeline/runs/sweep_runs.sql
-- Runs whose worker is gone are handed out again; the clock is the database's.
create or replace function pipeline.sweep_runs(p_silence interval default '60 seconds') returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  swept integer := 0;
  lost record;
begin
  for lost in
    select run.run_id, run.stage, run.worker, job.locked_by
    from pipeline.pipeline_run run
    left join graphile_worker.jobs job on job.key = 'run:' || run.run_id
    where run.status = 'running'
      and not (run.parent_run_id is null and exists (select from pipeline.pipeline_run child where child.parent_run_id = run.run_id))
      and (
        run.heartbeat_at < clock_timestamp() - p_silence
        -- a worker whose connections are gone cannot come back; the pause spares one that is just reconnecting
        or (
          run.heartbeat_at < clock_timestamp() - least(p_silence, interval '2 seconds')
          and not exists (select from pg_stat_activity session where session.application_name = run.worker)
        )
      )
    order by run.run_id
    for update of run skip locked
  loop
    swept := swept + 1;
    if lost.stage = 0 then
      perform pipeline.fail_run(lost.run_id, '57P01', format('its process (%s) ended before the work was done; start it again', lost.worker));
    else
      if lost.locked_by is not null then
        perform graphile_worker.force_unlock_workers(array[lost.locked_by]);
      end if;
      perform pipeline.requeue_run(lost.run_id, format('taken back from %s, which ended', lost.worker));
      perform pipeline.enqueue_run(lost.run_id);
    end if;
  end loop;
  -- a kill between the end of a step and the start of the next stage leaves a root without work
  perform pipeline.advance_flow(root.run_id)
  from pipeline.pipeline_run root
  where root.status = 'running' and root.parent_run_id is null
    and exists (select from pipeline.pipeline_run child where child.parent_run_id = root.run_id and child.stage > 0);
  return swept;
end
$$;

comment on function pipeline.sweep_runs(interval) is
'Gives back the work of workers that are gone: a run without a heartbeat for p_silence, or whose process has no connection any more, is queued again with its job unlocked when it is a step of a flow, and closed as failed when a person asked for it directly. Returns how many runs were swept. Called by every worker at its start and with its heartbeat.';

revoke all on function pipeline.sweep_runs(interval) from public;
grant execute on function pipeline.sweep_runs(interval) to marketbase_worker;
--! EndIncluded pipeline/runs/sweep_runs.sql
--! Included pipeline/stale/compute_stale_features.sql
-- Brings the vectors of all sets up to date with what has changed.
create or replace function pipeline.compute_stale_features(p_run_id bigint) returns setof feature.computation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  work record;
  done feature.computation;
begin
  perform feature.refresh_versions();

  for work in
    with mark as materialized (
      select taken.instrument_id, taken.from_ts, taken.to_ts from pipeline.take_stale('feature') as taken
    ), current_set as (
      select feature_set.name, feature_set.bar_interval, version.*
      from feature.feature_set as feature_set
      join feature.feature_set_version as version using (feature_set_id)
      where version.is_current
    ), span as (
      -- A changed bar reaches as many bars ahead as the set looks back.
      select current_set.feature_set_version_id, mark.instrument_id, tstzrange(mark.from_ts, reach.to_ts, '[]') as bars
      from mark
      cross join current_set
      cross join lateral (
        select feature.reach_of_change(mark.instrument_id, current_set.bar_interval, mark.to_ts, current_set.lookback) as to_ts
      ) as reach
      union all
      select current_set.feature_set_version_id, instrument.instrument_id, tstzrange(null, null)
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
    )
    select current_set.name, current_set.version, instrument.instrument_id, instrument.symbol, merged.bars
    from (
      select span.feature_set_version_id, span.instrument_id, range_agg(span.bars) as bars
      from span
      group by span.feature_set_version_id, span.instrument_id
    ) as affected
    join current_set using (feature_set_version_id)
    join market.instrument as instrument using (instrument_id)
    cross join lateral unnest(affected.bars) as merged (bars)
    order by instrument.instrument_id, current_set.name, merged.bars
  loop
    done := row(work.name, work.version, work.instrument_id, work.symbol, lower(work.bars), upper(work.bars), 0);
    done.rows_changed := feature.compute(p_run_id, done.feature_set, done.instrument_id, done.from_ts, done.to_ts);
    return next done;
  end loop;
end
$$;

comment on function pipeline.compute_stale_features(bigint) is
'Puts changed kernels into force, takes the marks of consumer feature out of pipeline.stale_range and computes every current set again for the marked bars and those that look back on them; a version without values for an instrument is computed in full.
p_run_id: run that asks for it. Gives a row for each set, instrument and span of bars, with the number of vectors that changed. All in the transaction of the caller: when it fails the marks stay.
Errors: those of feature.compute and feature.refresh_versions.';

revoke all on function pipeline.compute_stale_features(bigint) from public;
grant execute on function pipeline.compute_stale_features(bigint) to marketbase_worker;
--! EndIncluded pipeline/stale/compute_stale_features.sql
--! Included pipeline/stale/mark_all_stale.sql
-- For those who want everything looked at again.
create or replace function pipeline.mark_all_stale(p_consumer text) returns bigint
language sql volatile parallel unsafe
begin atomic
  with marked as (
    insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
    select bar.instrument_id, p_consumer, min(bar.ts), max(bar.ts), 'asked for'
    from market.price_data bar
    group by bar.instrument_id
    on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at
    returning 1
  )
  select count(*) from marked;
end;

comment on function pipeline.mark_all_stale(text) is
'Marks all bars of every instrument for p_consumer (quality, feature, ml, portfolio or risk) and returns how many instruments that were. Work that finds nothing different writes nothing.';

revoke all on function pipeline.mark_all_stale(text) from public;
grant execute on function pipeline.mark_all_stale(text) to marketbase_worker;
--! EndIncluded pipeline/stale/mark_all_stale.sql
--! Included pipeline/stale/mark_stale.sql
-- Whoever changes data marks what depends on it; the trigger's arguments are the consumers.
create or replace function pipeline.mark_stale() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select changed.instrument_id, consumer, min(changed.ts), max(changed.ts), format('%s rows: %s of %I.%I', count(*), lower(tg_op), tg_table_schema, tg_table_name)
  from changed
  cross join unnest(tg_argv) as consumer
  group by changed.instrument_id, consumer
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
--! EndIncluded pipeline/stale/mark_stale.sql
--! Included pipeline/stale/mark_stale_fundamental.sql
-- A new or restated fact has to be validated.
create or replace function pipeline.mark_stale_fundamental() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select
    changed.instrument_id, 'quality',
    min(changed.period_end)::timestamp at time zone 'UTC', max(changed.period_end)::timestamp at time zone 'UTC',
    format('%s rows: %s of market.company_fundamental', count(*), lower(tg_op))
  from changed
  group by changed.instrument_id
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale_fundamental() is 'Trigger: marks the validation of a company''s facts as out of date.';

revoke all on function pipeline.mark_stale_fundamental() from public;

create or replace trigger _400_stale_insert after insert on market.company_fundamental
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_fundamental();
create or replace trigger _400_stale_update after update on market.company_fundamental
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_fundamental();
--! EndIncluded pipeline/stale/mark_stale_fundamental.sql
--! Included pipeline/stale/mark_stale_trade.sql
-- A new trade changes positions, performance and risk from its session on.
create or replace function pipeline.mark_stale_trade() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
  select
    added.instrument_id, consumer,
    min(added.session_date)::timestamp at time zone 'UTC', max(added.session_date)::timestamp at time zone 'UTC',
    format('%s rows: insert of portfolio.trade', count(*))
  from added
  cross join unnest(array['portfolio', 'risk']) as consumer
  group by added.instrument_id, consumer
  on conflict (instrument_id, consumer, from_ts, to_ts) do update set reason = excluded.reason, marked_at = excluded.marked_at;
  return null;
end
$$;

comment on function pipeline.mark_stale_trade() is 'Trigger: marks positions, performance and risk as out of date from the session of a new trade.';

revoke all on function pipeline.mark_stale_trade() from public;

create or replace trigger _400_stale_insert after insert on portfolio.trade
  referencing new table as added
  for each statement execute function pipeline.mark_stale_trade();
--! EndIncluded pipeline/stale/mark_stale_trade.sql
--! Included pipeline/stale/take_stale.sql
-- A consumer takes its marks away in the transaction in which it recomputes.
create or replace function pipeline.take_stale(p_consumer text) returns setof pipeline.stale_range
language sql volatile parallel unsafe
begin atomic
  delete from pipeline.stale_range where consumer = p_consumer returning *;
end;

comment on function pipeline.take_stale(text) is
'Removes and returns the marks of p_consumer (quality, feature, ml, portfolio or risk). When the transaction fails the marks stay.';

revoke all on function pipeline.take_stale(text) from public;
grant execute on function pipeline.take_stale(text) to marketbase_worker;
--! EndIncluded pipeline/stale/take_stale.sql
--! Included pipeline/steps/step_features.sql
-- Step: the feature sets, where bars or kernels changed.
create or replace function pipeline.step_features(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with computed as materialized (
    select * from pipeline.compute_stale_features(p_run_id)
  ),
  by_set as (
    select
      computed.feature_set, computed.version, count(distinct computed.instrument_id) as instruments, sum(computed.rows_changed)::bigint as rows_changed,
      string_agg(distinct computed.symbol, ', ' order by computed.symbol) filter (where computed.rows_changed > 0) as symbols
    from computed
    group by computed.feature_set, computed.version
  )
  select
    coalesce(sum(by_set.instruments), 0)::bigint,
    coalesce(sum(by_set.rows_changed), 0)::bigint,
    coalesce(
      jsonb_object_agg(
        by_set.feature_set, jsonb_build_object('version', by_set.version, 'instruments', by_set.instruments, 'vectors', by_set.rows_changed)
      ) filter (where by_set.feature_set is not null),
      '{}'
    ),
    coalesce(
      string_agg(
        format('%s@%s: %s vectors changed%s', by_set.feature_set, by_set.version, by_set.rows_changed,
          case when length(by_set.symbols) between 1 and 60 then format(' (%s)', by_set.symbols) else '' end),
        '; ' order by by_set.feature_set
      ),
      'no bar changed'
    )
  from by_set;
end;

comment on function pipeline.step_features(bigint) is
'Computes the feature sets for the bars that are marked for feature in pipeline.stale_range and those that look back on them, and in full where a version has no values yet; see pipeline.compute_stale_features.';

revoke all on function pipeline.step_features(bigint) from public;
grant execute on function pipeline.step_features(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_features.sql
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
    order by array_position(array['bars', 'fundamentals', 'trades', 'documents'], response.dataset), response.raw_response_id
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
--! Included pipeline/steps/step_portfolio.sql
-- Step: positions and performance of every portfolio whose trades or prices changed.
create or replace function pipeline.step_portfolio(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  from_session date;
  portfolio_name text;
  positions bigint := 0;
  metrics bigint := 0;
begin
  select (min(from_ts) at time zone 'UTC')::date into from_session from pipeline.take_stale('portfolio');
  if from_session is not null then
    for portfolio_name in select name from portfolio.portfolio order by portfolio_id loop
      positions := positions + portfolio.compute_positions(p_run_id, portfolio_name, from_session);
      metrics := metrics + portfolio.compute_metrics(p_run_id, portfolio_name);
    end loop;
  end if;
  return (
    positions, positions + metrics,
    jsonb_build_object('positions', positions, 'metrics', metrics),
    format('%s positions and %s metrics new or changed', positions, metrics)
  );
end
$$;

comment on function pipeline.step_portfolio(bigint) is
'Folds trades into positions and computes performance, from the first session that is marked for portfolio in pipeline.stale_range; see portfolio.compute_positions and portfolio.compute_metrics.';

revoke all on function pipeline.step_portfolio(bigint) from public;
grant execute on function pipeline.step_portfolio(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_portfolio.sql
--! Included pipeline/steps/step_predict.sql
-- Step: predictions for new bars, and outcomes for those that have become known.
create or replace function pipeline.step_predict(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  predicted bigint;
  joined bigint;
begin
  select coalesce(sum(ml.predict(p_run_id, model.name)), 0) into predicted from ml.model model;
  -- a statement of its own, so that it sees the predictions just made
  joined := ml.join_outcomes(p_run_id);
  return (
    predicted, predicted + joined,
    jsonb_build_object('predictions', predicted, 'outcomes', joined),
    format('%s new predictions, %s outcomes joined', predicted, joined)
  );
end
$$;

comment on function pipeline.step_predict(bigint) is
'Predicts with the current training run of every model, then joins the outcomes that are known by now; see ml.predict and ml.join_outcomes.';

revoke all on function pipeline.step_predict(bigint) from public;
grant execute on function pipeline.step_predict(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_predict.sql
--! Included pipeline/steps/step_risk.sql
-- Step: value at risk of every portfolio, and weights for the instruments it trades.
create or replace function pipeline.step_risk(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  run pipeline.pipeline_run;
  marks bigint;
  from_session date;
  calculations bigint := 0;
  optimisations bigint := 0;
begin
  select * into run from pipeline.pipeline_run where run_id = p_run_id;
  select count(*), (min(from_ts) at time zone 'UTC')::date into marks, from_session from pipeline.take_stale('risk');
  if marks > 0 then
    select coalesce(sum(risk.compute_var(p_run_id, book.name, 0.99, 1, 500, from_session)), 0) into calculations from portfolio.portfolio book;
    if run.parameters ? 'optimize' then
      select count(*) filter (where result.run_id = p_run_id) into optimisations
      from (values ('equal_weight'), ('min_variance')) as method (name)
      cross join lateral portfolio.optimize(
        p_run_id, method.name,
        array(select jsonb_array_elements_text(run.parameters -> 'optimize' -> 'symbols')),
        (run.parameters -> 'optimize' ->> 'from')::date,
        (run.parameters -> 'optimize' ->> 'to')::date
      ) result;
    end if;
  end if;
  return (
    marks, calculations + optimisations,
    jsonb_build_object('var_calculations', calculations, 'optimisations', optimisations),
    format('%s values at risk and %s optimisations stored', calculations, optimisations)
  );
end
$$;

comment on function pipeline.step_risk(bigint) is
'Computes the one-day historical value at risk at 99 % over 500 sessions for every portfolio, from the first marked session on; and, where the step has a parameter optimize {"symbols": [...], "from": date, "to": date}, the equal-weight and the minimum-variance weights. Does nothing unless something is marked for risk in pipeline.stale_range.';

revoke all on function pipeline.step_risk(bigint) from public;
grant execute on function pipeline.step_risk(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_risk.sql
--! Included pipeline/steps/step_train.sql
-- Step: every model is trained again when its data changed.
create or replace function pipeline.step_train(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with stale as materialized (
    select count(*) as marks from pipeline.take_stale('ml')
  ),
  trained as materialized (
    select model.name, training.*
    from stale
    cross join ml.model model
    cross join lateral ml.train(p_run_id, model.name) training
  )
  select
    coalesce(sum((trained.metrics_in_sample ->> 'rows')::bigint), 0)::bigint,
    count(*) filter (where trained.run_id = p_run_id),
    coalesce(jsonb_object_agg(trained.name, trained.metrics_out_of_sample) filter (where trained.name is not null), '{}'),
    case
      when count(*) = 0 then 'no model is defined'
      else string_agg(
        format('%s %s', trained.name, case when trained.run_id = p_run_id then 'trained' else 'kept: its data did not change' end), '; ' order by trained.name)
    end
  from trained;
end;

comment on function pipeline.step_train(bigint) is
'Trains every model of ml.model; one whose training rows, parameters and code are what they were keeps its training run. Takes away the marks of consumer ml.';

revoke all on function pipeline.step_train(bigint) from public;
grant execute on function pipeline.step_train(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_train.sql
--! Included pipeline/steps/step_validate.sql
-- Step: the rules on what came in, for data that changed and for rules that are new.
create or replace function pipeline.step_validate(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  work record;
  outcome pipeline.step_outcome;
begin
  perform quality.refresh_rules();
  select array_agg(pending.instrument_id order by pending.instrument_id) as instrument_ids, min(pending.from_ts) as from_ts
  into work
  from quality.pending_validation pending;
  perform pipeline.take_stale('quality');

  if work.instrument_ids is not null then
    perform quality.validate(p_run_id, work.instrument_ids, nullif(work.from_ts, '-infinity'), array['price_data', 'company_fundamental']);
  end if;
  outcome := pipeline.validation_outcome(p_run_id);
  return outcome;
end
$$;

comment on function pipeline.step_validate(bigint) is
'Applies the rules on bars and facts to the instruments whose data changed, from their first changed bar on, and in full where a rule is new or changed; see quality.pending_validation and quality.validate.';

revoke all on function pipeline.step_validate(bigint) from public;
grant execute on function pipeline.step_validate(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_validate.sql
--! Included pipeline/steps/step_validate_derived.sql
-- Step: the rules on what was computed.
create or replace function pipeline.step_validate_derived(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  outcome pipeline.step_outcome;
begin
  perform quality.validate(p_run_id, null, null, array['feature_vector', 'model_prediction']);
  outcome := pipeline.validation_outcome(p_run_id);
  return outcome;
end
$$;

comment on function pipeline.step_validate_derived(bigint) is
'Applies the rules on feature vectors and predictions to all that is there; see quality.validate.';

revoke all on function pipeline.step_validate_derived(bigint) from public;
grant execute on function pipeline.step_validate_derived(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_validate_derived.sql
--! Included pipeline/steps/validation_outcome.sql
-- What a validating step says: its checks, counted.
create or replace function pipeline.validation_outcome(p_run_id bigint) returns pipeline.step_outcome
language sql stable parallel safe
begin atomic
  select
    coalesce(sum(result.checked_count), 0)::bigint,
    count(*),
    jsonb_build_object(
      'passed', count(*) filter (where result.status = 'passed'),
      'failed', count(*) filter (where result.status = 'failed'),
      'alarming', count(*) filter (where result.status = 'failed' and result.severity <> 'info'),
      'not_applicable', count(*) filter (where result.status = 'not_applicable'),
      'findings', coalesce(sum(result.failed_count), 0)
    ),
    format('%s checks passed, %s failed with %s findings%s',
      count(*) filter (where result.status = 'passed'), count(*) filter (where result.status = 'failed'), coalesce(sum(result.failed_count), 0),
      ': ' || string_agg(distinct result.rule, ', ' order by result.rule) filter (where result.status = 'failed'))
  from quality.validation_result result
  where result.run_id = p_run_id;
end;

comment on function pipeline.validation_outcome(bigint) is
'The checks of run p_run_id as the outcome of a step: rows looked at, results written, counts by status (alarming: failed and not of severity info) and the rules that failed.';

revoke all on function pipeline.validation_outcome(bigint) from public;
grant execute on function pipeline.validation_outcome(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/validation_outcome.sql
--! Included portfolio/grants.sql
-- Who may do what with trades, positions and results: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema portfolio to marketbase_reader;

alter table portfolio.portfolio enable row level security;
drop policy if exists portfolio_read on portfolio.portfolio;
create policy portfolio_read on portfolio.portfolio for select to marketbase_reader using (true);
drop policy if exists portfolio_insert on portfolio.portfolio;
create policy portfolio_insert on portfolio.portfolio for insert to marketbase_worker with check (true);
revoke all on portfolio.portfolio from public, marketbase_reader, marketbase_worker;
grant select on portfolio.portfolio to marketbase_reader;
grant insert (name, base_currency, initial_cash, inception_date) on portfolio.portfolio to marketbase_worker;

alter table portfolio.trade enable row level security;
drop policy if exists trade_read on portfolio.trade;
create policy trade_read on portfolio.trade for select to marketbase_reader using (true);
drop policy if exists trade_insert on portfolio.trade;
create policy trade_insert on portfolio.trade for insert to marketbase_worker with check (true);
revoke all on portfolio.trade from public, marketbase_reader, marketbase_worker;
grant select on portfolio.trade to marketbase_reader;
grant insert (
  instrument_id, trade_id, portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, external_id, raw_response_id, run_id
) on portfolio.trade to marketbase_worker;

alter table portfolio.portfolio_position enable row level security;
drop policy if exists portfolio_position_read on portfolio.portfolio_position;
create policy portfolio_position_read on portfolio.portfolio_position for select to marketbase_reader using (true);
drop policy if exists portfolio_position_insert on portfolio.portfolio_position;
create policy portfolio_position_insert on portfolio.portfolio_position for insert to marketbase_worker with check (true);
drop policy if exists portfolio_position_update on portfolio.portfolio_position;
create policy portfolio_position_update on portfolio.portfolio_position for update to marketbase_worker using (true) with check (true);
drop policy if exists portfolio_position_delete on portfolio.portfolio_position;
create policy portfolio_position_delete on portfolio.portfolio_position for delete to marketbase_worker using (true);
revoke all on portfolio.portfolio_position from public, marketbase_reader, marketbase_worker;
grant select on portfolio.portfolio_position to marketbase_reader;
grant insert (
  instrument_id, portfolio_id, session_date, quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, run_id
) on portfolio.portfolio_position to marketbase_worker;
grant update (
  quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, recorded_at, run_id
) on portfolio.portfolio_position to marketbase_worker;
grant delete on portfolio.portfolio_position to marketbase_worker;

alter table portfolio.performance_metric enable row level security;
drop policy if exists performance_metric_read on portfolio.performance_metric;
create policy performance_metric_read on portfolio.performance_metric for select to marketbase_reader using (true);
drop policy if exists performance_metric_insert on portfolio.performance_metric;
create policy performance_metric_insert on portfolio.performance_metric for insert to marketbase_worker with check (true);
drop policy if exists performance_metric_update on portfolio.performance_metric;
create policy performance_metric_update on portfolio.performance_metric for update to marketbase_worker using (true) with check (true);
drop policy if exists performance_metric_delete on portfolio.performance_metric;
create policy performance_metric_delete on portfolio.performance_metric for delete to marketbase_worker using (true);
revoke all on portfolio.performance_metric from public, marketbase_reader, marketbase_worker;
grant select on portfolio.performance_metric to marketbase_reader;
grant insert (portfolio_id, session_date, metric, value, observation_count, run_id) on portfolio.performance_metric to marketbase_worker;
grant update (value, observation_count, recorded_at, run_id) on portfolio.performance_metric to marketbase_worker;
grant delete on portfolio.performance_metric to marketbase_worker;

alter table portfolio.portfolio_optimization enable row level security;
drop policy if exists portfolio_optimization_read on portfolio.portfolio_optimization;
create policy portfolio_optimization_read on portfolio.portfolio_optimization for select to marketbase_reader using (true);
drop policy if exists portfolio_optimization_insert on portfolio.portfolio_optimization;
create policy portfolio_optimization_insert on portfolio.portfolio_optimization for insert to marketbase_worker with check (true);
revoke all on portfolio.portfolio_optimization from public, marketbase_reader, marketbase_worker;
grant select on portfolio.portfolio_optimization to marketbase_reader;
grant insert (
  method, instrument_ids, weights, expected_volatility, from_date, to_date, observation_count, parameters, run_id
) on portfolio.portfolio_optimization to marketbase_worker;
--! EndIncluded portfolio/grants.sql
--! Included portfolio/metrics/annualised_volatility.sql
-- The standard deviation in a year.
create or replace function portfolio.annualised_volatility(
  p_returns double precision[],
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select stddev_samp(value) * sqrt(p_periods_per_year) from unnest(p_returns) as value;
end;

comment on function portfolio.annualised_volatility(double precision[], double precision) is
'Sample standard deviation (n - 1) of p_returns (fractions, one per period) times the root of p_periods_per_year. The convention of empyrical''s
annual_volatility and of PerformanceAnalytics'' StdDev.annualized. NULL elements are skipped; NULL with fewer than 2 returns.';

revoke all on function portfolio.annualised_volatility(double precision[], double precision) from public;
grant execute on function portfolio.annualised_volatility(double precision[], double precision) to marketbase_reader;
--! EndIncluded portfolio/metrics/annualised_volatility.sql
--! Included portfolio/metrics/compute_metrics.sql
-- Computes the performance of a portfolio for every session.
create or replace function portfolio.compute_metrics(p_run_id bigint, p_portfolio text) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio constant portfolio.portfolio := portfolio.find_portfolio(p_portfolio);
  v_initial constant double precision := v_portfolio.initial_cash;
  v_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('portfolio ' || p_portfolio, 0));

  with value as (
    select
      session_date,
      cash::double precision as cash,
      net_asset_value::double precision as net_asset_value,
      lag(net_asset_value::double precision, 1, v_initial) over (order by session_date) as value_before,
      greatest(v_initial, max(net_asset_value::double precision) over (order by session_date)) as peak
    from portfolio.valuations(v_portfolio.portfolio_id)
  ),
  daily as (
    select
      session_date,
      cash,
      net_asset_value,
      case when value_before > 0 then net_asset_value / value_before - 1 end as daily_return,
      case when peak > 0 then net_asset_value / peak - 1 end as drawdown,
      case when v_initial > 0 then net_asset_value / v_initial - 1 end as cumulative_return
    from value
  ),
  running as (
    select
      daily.*,
      count(daily_return) over so_far as observation_count,
      avg(daily_return) over so_far as mean_return,
      stddev_samp(daily_return) over so_far as deviation,
      sqrt(avg(least(daily_return, 0) ^ 2) filter (where daily_return is not null) over so_far) as downside,
      min(drawdown) over so_far as max_drawdown
    from daily
    window so_far as (order by session_date)
  ),
  yearly as (
    select
      running.*,
      case
        when cumulative_return <= -1 then -1
        when ln(1 + cumulative_return) * 252 / nullif(observation_count, 0) < 700
          then exp(ln(1 + cumulative_return) * 252 / nullif(observation_count, 0)) - 1
      end as annualised_return
    from running
  ),
  metric as (
    select yearly.session_date, named.metric, named.value, yearly.observation_count::integer as observation_count
    from yearly
    cross join lateral (
      values
        ('net_asset_value', net_asset_value),
        ('cash', cash),
        ('daily_return', daily_return),
        ('cumulative_return', cumulative_return),
        ('drawdown', drawdown),
        ('max_drawdown', max_drawdown),
        ('annualised_return', annualised_return),
        ('annualised_volatility', deviation * sqrt(252)),
        ('downside_deviation', downside * sqrt(252)),
        ('sharpe_ratio', case when deviation > 1e-15 then mean_return / deviation * sqrt(252) end),
        ('sortino_ratio', mean_return * 252 / nullif(downside * sqrt(252), 0)),
        ('calmar_ratio', annualised_return / nullif(abs(max_drawdown), 0))
    ) as named (metric, value)
  ),
  removed as (
    delete from portfolio.performance_metric stored
    where stored.portfolio_id = v_portfolio.portfolio_id
      and not exists (select from metric where (metric.session_date, metric.metric) = (stored.session_date, stored.metric))
    returning 1
  ),
  written as (
    insert into portfolio.performance_metric as stored (portfolio_id, session_date, metric, value, observation_count, run_id)
    select v_portfolio.portfolio_id, session_date, metric, value, observation_count, p_run_id
    from metric
    order by session_date, metric
    on conflict (portfolio_id, session_date, metric) do update
    set value = excluded.value, observation_count = excluded.observation_count, recorded_at = excluded.recorded_at, run_id = excluded.run_id
    where (stored.value, stored.observation_count) is distinct from (excluded.value, excluded.observation_count)
    returning 1
  )
  select (select count(*) from removed) + (select count(*) from written) into v_count;
  return v_count;
end
$$;

comment on function portfolio.compute_metrics(bigint, text) is
'Writes the metrics of portfolio.metric_definition for every session with positions of portfolio p_portfolio, each from inception up to that session, and
returns how many were new, changed or removed; 0 where all is as it was. The conventions are those of portfolio.sharpe_ratio and its sisters at 252 sessions
a year and a risk-free rate of 0. A value is NULL where it is not defined, such as a ratio at zero variance or a return on a value of 0 or less. MB003
unknown portfolio.';

revoke all on function portfolio.compute_metrics(bigint, text) from public;
grant execute on function portfolio.compute_metrics(bigint, text) to marketbase_worker;
--! EndIncluded portfolio/metrics/compute_metrics.sql
--! Included portfolio/metrics/cumulative_return.sql
-- The return over all periods together.
create or replace function portfolio.cumulative_return(p_returns double precision[]) returns double precision
language sql immutable parallel safe
begin atomic
  select case
      when bool_or(value <= -1) then -1
      else exp(sum(ln(1 + value) order by position) filter (where value > -1)) - 1
    end
  from unnest(p_returns) with ordinality as period (value, position);
end;

comment on function portfolio.cumulative_return(double precision[]) is
'The compounded return of p_returns (fractions, one per period): product of (1 + r) minus 1, by sums of logarithms. -1 where one of them is -1 or less: all is
lost. NULL elements are skipped; NULL without returns.';

revoke all on function portfolio.cumulative_return(double precision[]) from public;
grant execute on function portfolio.cumulative_return(double precision[]) to marketbase_reader;
--! EndIncluded portfolio/metrics/cumulative_return.sql
--! Included portfolio/metrics/downside_deviation.sql
-- The deviation of the returns that fall short, in a year.
create or replace function portfolio.downside_deviation(
  p_returns double precision[],
  p_minimum_return double precision default 0,
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select sqrt(avg(least(value - p_minimum_return, 0) ^ 2)) * sqrt(p_periods_per_year) from unnest(p_returns) as value where value is not null;
end;

comment on function portfolio.downside_deviation(double precision[], double precision, double precision) is
'Root of the mean of min(r - p_minimum_return, 0)^2 over all returns, times the root of p_periods_per_year. p_returns and p_minimum_return are fractions per
period. The convention of empyrical''s downside_risk and, with p_periods_per_year = 1, of PerformanceAnalytics'' DownsideDeviation(method = "full"). NULL
elements are skipped; NULL without returns.';

revoke all on function portfolio.downside_deviation(double precision[], double precision, double precision) from public;
grant execute on function portfolio.downside_deviation(double precision[], double precision, double precision) to marketbase_reader;
--! EndIncluded portfolio/metrics/downside_deviation.sql
--! Included portfolio/metrics/max_drawdown.sql
-- The deepest fall from a peak.
create or replace function portfolio.max_drawdown(p_returns double precision[]) returns double precision
language sql immutable parallel safe
begin atomic
  select min(wealth / peak - 1)
  from (
    select wealth, greatest(1, max(wealth) over (order by position)) as peak
    from (
      select position, case when bool_or(value <= -1) over so_far then 0 else exp(sum(ln(greatest(1 + value, 1e-300))) over so_far) end as wealth
      from unnest(p_returns) with ordinality as period (value, position)
      where value is not null
      window so_far as (order by position)
    ) as path
  ) as peaked;
end;

comment on function portfolio.max_drawdown(double precision[]) is
'The lowest of (wealth / highest wealth so far) - 1, where wealth compounds p_returns (fractions, one per period) from 1: 0 or negative, -0.25 for a fall by a
quarter. The convention of empyrical''s max_drawdown; PerformanceAnalytics'' maxDrawdown gives the same without the sign. NULL elements are skipped; NULL
without returns.';

revoke all on function portfolio.max_drawdown(double precision[]) from public;
grant execute on function portfolio.max_drawdown(double precision[]) to marketbase_reader;
--! EndIncluded portfolio/metrics/max_drawdown.sql
--! Included portfolio/metrics/metric_definition.sql
-- What the metrics of a portfolio mean.
create or replace view portfolio.metric_definition with (security_invoker = true) as
select metric, unit, meaning, formula
from (
  values
    ('net_asset_value', 'base currency', 'What the portfolio is worth at the close.', 'cash + sum(quantity * price)'),
    ('cash', 'base currency', 'Cash after the trades of the session; it earns nothing.', 'initial_cash + sum(sales) - sum(purchases) - sum(fees)'),
    (
      'daily_return', 'fraction', 'Return since the session before; since inception for the first one. Nothing flows in or out, so it is time-weighted.',
      'V(t) / V(t-1) - 1'
    ),
    ('cumulative_return', 'fraction', 'Return since inception.', 'V(t) / initial_cash - 1'),
    ('drawdown', 'fraction', 'Distance from the highest value so far, 0 or negative.', 'V(t) / max(initial_cash, V(1) … V(t)) - 1'),
    ('max_drawdown', 'fraction', 'Deepest drawdown so far, 0 or negative.', 'min(drawdown)'),
    ('annualised_return', 'fraction a year', 'Constant yearly return that compounds to the same.', '(1 + cumulative_return) ^ (252 / n) - 1'),
    ('annualised_volatility', 'fraction a year', 'Standard deviation of the daily returns in a year.', 'stddev_samp(r) * sqrt(252)'),
    ('downside_deviation', 'fraction a year', 'Deviation of the negative daily returns in a year.', 'sqrt(avg(min(r, 0)^2)) * sqrt(252)'),
    ('sharpe_ratio', 'ratio', 'Reward per volatility, at a risk-free rate of 0.', 'avg(r) / stddev_samp(r) * sqrt(252)'),
    ('sortino_ratio', 'ratio', 'Reward per downside deviation, at a minimum return of 0.', 'avg(r) * 252 / downside_deviation'),
    ('calmar_ratio', 'ratio', 'Reward per deepest fall.', 'annualised_return / |max_drawdown|')
) as definition (metric, unit, meaning, formula);

comment on view portfolio.metric_definition is
'The metrics of portfolio.performance_metric. r are the daily returns up to the session, n their number, V the net asset value; 252 sessions are a year.';
comment on column portfolio.metric_definition.metric is 'Name, as in portfolio.performance_metric.metric.';
comment on column portfolio.metric_definition.unit is 'Unit of the value.';
comment on column portfolio.metric_definition.meaning is 'What it says.';
comment on column portfolio.metric_definition.formula is 'How it is computed.';

grant select on portfolio.metric_definition to marketbase_reader;
--! EndIncluded portfolio/metrics/metric_definition.sql
--! Included portfolio/metrics/performance.sql
-- Performance with the portfolio in words, one row per session.
create or replace view portfolio.performance with (security_invoker = true) as
select
  book.name as portfolio,
  metric.session_date,
  max(metric.value) filter (where metric.metric = 'net_asset_value') as net_asset_value,
  max(metric.value) filter (where metric.metric = 'cash') as cash,
  max(metric.value) filter (where metric.metric = 'daily_return') as daily_return,
  max(metric.value) filter (where metric.metric = 'cumulative_return') as cumulative_return,
  max(metric.value) filter (where metric.metric = 'drawdown') as drawdown,
  max(metric.value) filter (where metric.metric = 'max_drawdown') as max_drawdown,
  max(metric.value) filter (where metric.metric = 'annualised_return') as annualised_return,
  max(metric.value) filter (where metric.metric = 'annualised_volatility') as annualised_volatility,
  max(metric.value) filter (where metric.metric = 'downside_deviation') as downside_deviation,
  max(metric.value) filter (where metric.metric = 'sharpe_ratio') as sharpe_ratio,
  max(metric.value) filter (where metric.metric = 'sortino_ratio') as sortino_ratio,
  max(metric.value) filter (where metric.metric = 'calmar_ratio') as calmar_ratio,
  max(metric.observation_count) as observation_count,
  metric.portfolio_id
from portfolio.performance_metric metric
join portfolio.portfolio book on book.portfolio_id = metric.portfolio_id
group by metric.portfolio_id, book.name, metric.session_date;

comment on view portfolio.performance is 'Performance of each portfolio by session, one column per metric; portfolio.metric_definition says what they mean.';
comment on column portfolio.performance.portfolio is 'Name of the portfolio.';
comment on column portfolio.performance.session_date is 'Session up to which it counts.';
comment on column portfolio.performance.net_asset_value is 'What the portfolio is worth at the close, in its base currency.';
comment on column portfolio.performance.cash is 'Cash after the trades of the session.';
comment on column portfolio.performance.daily_return is 'Return since the session before, a fraction.';
comment on column portfolio.performance.cumulative_return is 'Return since inception, a fraction.';
comment on column portfolio.performance.drawdown is 'Distance from the highest value so far, 0 or negative.';
comment on column portfolio.performance.max_drawdown is 'Deepest drawdown so far, 0 or negative.';
comment on column portfolio.performance.annualised_return is 'Constant yearly return that compounds to the same, a fraction.';
comment on column portfolio.performance.annualised_volatility is 'Standard deviation of the daily returns in a year.';
comment on column portfolio.performance.downside_deviation is 'Deviation of the negative daily returns in a year.';
comment on column portfolio.performance.sharpe_ratio is 'Reward per volatility, at a risk-free rate of 0.';
comment on column portfolio.performance.sortino_ratio is 'Reward per downside deviation, at a minimum return of 0.';
comment on column portfolio.performance.calmar_ratio is 'Annualised return by the size of the deepest drawdown.';
comment on column portfolio.performance.observation_count is 'Daily returns on which it rests.';
comment on column portfolio.performance.portfolio_id is 'Portfolio.';

grant select on portfolio.performance to marketbase_reader;
--! EndIncluded portfolio/metrics/performance.sql
--! Included portfolio/metrics/sharpe_ratio.sql
-- Reward per volatility.
create or replace function portfolio.sharpe_ratio(
  p_returns double precision[],
  p_risk_free double precision default 0,
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select case
      when stddev_samp(value) > 1e-15 then avg(value - p_risk_free) / stddev_samp(value) * sqrt(p_periods_per_year)
    end
  from unnest(p_returns) as value;
end;

comment on function portfolio.sharpe_ratio(double precision[], double precision, double precision) is
'Mean of (r - p_risk_free) by the sample standard deviation of r, times the root of p_periods_per_year (Sharpe 1994; the convention of empyrical''s
sharpe_ratio). p_returns and p_risk_free are fractions per period. NULL elements are skipped; NULL with fewer than 2 returns or where they do not vary.';

revoke all on function portfolio.sharpe_ratio(double precision[], double precision, double precision) from public;
grant execute on function portfolio.sharpe_ratio(double precision[], double precision, double precision) to marketbase_reader;
--! EndIncluded portfolio/metrics/sharpe_ratio.sql
--! Included portfolio/metrics/sortino_ratio.sql
-- Reward per downside deviation.
create or replace function portfolio.sortino_ratio(
  p_returns double precision[],
  p_minimum_return double precision default 0,
  p_periods_per_year double precision default 252
) returns double precision
language sql immutable parallel safe
begin atomic
  select avg(value - p_minimum_return) * p_periods_per_year
    / nullif(portfolio.downside_deviation(p_returns, p_minimum_return, p_periods_per_year), 0)
  from unnest(p_returns) as value;
end;

comment on function portfolio.sortino_ratio(double precision[], double precision, double precision) is
'Mean of (r - p_minimum_return) times p_periods_per_year, by the downside deviation in a year (Sortino and Price 1994; the convention of empyrical''s
sortino_ratio and, with p_periods_per_year = 1, of PerformanceAnalytics'' SortinoRatio). p_returns and p_minimum_return are fractions per period. NULL
elements are skipped; NULL without returns or where none falls short.';

revoke all on function portfolio.sortino_ratio(double precision[], double precision, double precision) from public;
grant execute on function portfolio.sortino_ratio(double precision[], double precision, double precision) to marketbase_reader;
--! EndIncluded portfolio/metrics/sortino_ratio.sql
--! Included portfolio/optimization/min_variance_weights.sql
-- The fully invested portfolio of least variance within bounds.
create or replace function portfolio.min_variance_weights(
  p_covariance double precision[],
  p_lower double precision[],
  p_upper double precision[]
) returns double precision[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  n constant integer := coalesce(cardinality(p_lower), 0);
  -- The sums of bounds and weights are compared with this.
  v_tolerance constant double precision := 1e-12;
  v_scale double precision := 0;
  v_share double precision;
  w double precision[];
  v_bound integer[];      -- -1 held at its lower bound, 1 at its upper one, 0 free
  v_free integer[];
  v_matrix double precision[];
  v_row double precision[];
  v_fixed_effect double precision[];
  v_to_one double precision[];
  v_to_fixed double precision[];
  v_budget double precision;
  v_lambda double precision;
  v_target double precision;
  v_step double precision;
  v_blocking integer;
  v_side integer;
  v_lower_sum double precision;
  v_upper_sum double precision;
  v_worst double precision;
  v_release integer;
  s double precision;
begin
  if n = 0 or cardinality(p_upper) is distinct from n or array_ndims(p_covariance) is distinct from 2
    or array_length(p_covariance, 1) <> n or array_length(p_covariance, 2) <> n
  then
    raise exception using
      errcode = 'MB001',
      message = 'the covariance must be a square matrix, and each instrument needs a lower and an upper bound',
      hint = 'Pass the matrix as a list of rows, such as array[[0.04, 0.01], [0.01, 0.09]].';
  end if;
  for i in 1 .. n loop
    if not coalesce(p_lower[i] between 0 and p_upper[i] and p_upper[i] <= 1, false) then
      raise exception using
        errcode = 'MB001',
        message = format('the bounds [%s, %s] of instrument %s are not 0 <= lower <= upper <= 1', p_lower[i], p_upper[i], i);
    end if;
    v_scale := greatest(v_scale, p_covariance[i][i]);
  end loop;
  select sum(upper_bound), sum(lower_bound) into v_upper_sum, v_lower_sum from unnest(p_upper, p_lower) as bounds (upper_bound, lower_bound);
  if v_lower_sum > 1 + v_tolerance or v_upper_sum < 1 - v_tolerance then
    raise exception using
      errcode = 'MB009',
      message = format('no weights within the bounds add up to 1: the lower bounds add up to %s, the upper ones to %s', v_lower_sum, v_upper_sum),
      hint = 'Widen the bounds.';
  end if;

  -- A feasible start: as far into the bounds as the budget allows, equally for all.
  v_share := case
    when v_upper_sum - v_lower_sum > v_tolerance then least(greatest((1 - v_lower_sum) / (v_upper_sum - v_lower_sum), 0), 1)
    else 0
  end;
  for i in 1 .. n loop
    w[i] := p_lower[i] + v_share * (p_upper[i] - p_lower[i]);
    v_bound[i] := case when p_upper[i] - p_lower[i] <= v_tolerance or v_share = 0 then -1 when v_share = 1 then 1 else 0 end;
  end loop;
  if v_share in (0, 1) then
    return w;
  end if;

  for v_round in 1 .. 100 + 20 * n loop
    v_free := array(select i from generate_subscripts(v_bound, 1) as i where v_bound[i] = 0 order by i);

    -- The least variance with the bound ones held: C_ff w_f + C_fb w_b = lambda 1, sum(w) = 1.
    v_matrix := '{}';
    v_fixed_effect := '{}';
    v_budget := 1;
    for i in 1 .. n loop
      if v_bound[i] <> 0 then
        v_budget := v_budget - w[i];
        continue;
      end if;
      v_row := '{}';
      s := 0;
      for j in 1 .. n loop
        if v_bound[j] = 0 then
          v_row := v_row || p_covariance[i][j];
        else
          s := s + p_covariance[i][j] * w[j];
        end if;
      end loop;
      v_matrix := v_matrix || array[v_row];
      v_fixed_effect := v_fixed_effect || s;
    end loop;
    v_to_one := ml.solve_spd(v_matrix, array_fill(1.0::double precision, array[cardinality(v_free)]));
    v_to_fixed := ml.solve_spd(v_matrix, v_fixed_effect);
    select (v_budget + sum(to_fixed)) / sum(to_one) into v_lambda from unnest(v_to_one, v_to_fixed) as solved (to_one, to_fixed);

    -- Go there, or as far as the first bound in the way.
    v_step := 1;
    v_blocking := null;
    for k in 1 .. cardinality(v_free) loop
      v_target := v_lambda * v_to_one[k] - v_to_fixed[k];
      if v_target < p_lower[v_free[k]] - v_tolerance then
        s := (w[v_free[k]] - p_lower[v_free[k]]) / (w[v_free[k]] - v_target);
      elsif v_target > p_upper[v_free[k]] + v_tolerance then
        s := (p_upper[v_free[k]] - w[v_free[k]]) / (v_target - w[v_free[k]]);
      else
        continue;
      end if;
      if v_blocking is null or s < v_step then
        v_step := s;
        v_blocking := v_free[k];
        v_side := case when v_target < p_lower[v_free[k]] then -1 else 1 end;
      end if;
    end loop;
    for k in 1 .. cardinality(v_free) loop
      v_target := v_lambda * v_to_one[k] - v_to_fixed[k];
      s := w[v_free[k]] + v_step * (v_target - w[v_free[k]]);
      w[v_free[k]] := least(greatest(s, p_lower[v_free[k]]), p_upper[v_free[k]]);
    end loop;
    if v_blocking is not null then
      v_bound[v_blocking] := v_side;
      w[v_blocking] := case v_side when -1 then p_lower[v_blocking] else p_upper[v_blocking] end;
      continue;
    end if;

    -- Optimal unless a bound one would lower the variance by coming off its bound: let go of the one that would most.
    v_worst := 1e-12 * v_scale;
    v_release := null;
    for i in 1 .. n loop
      if v_bound[i] = 0 or p_upper[i] - p_lower[i] <= v_tolerance then
        continue;
      end if;
      s := 0;
      for j in 1 .. n loop
        s := s + p_covariance[i][j] * w[j];
      end loop;
      if v_bound[i] * (s - v_lambda) > v_worst then
        v_worst := v_bound[i] * (s - v_lambda);
        v_release := i;
      end if;
    end loop;
    if v_release is null then
      return w;
    end if;
    v_bound[v_release] := 0;
  end loop;

  raise exception using
    errcode = 'MB009',
    message = 'the minimum-variance weights were not found: the covariance matrix is too close to singular',
    hint = 'Use a longer window or fewer instruments.';
end
$$;

comment on function portfolio.min_variance_weights(double precision[], double precision[], double precision[]) is
'The weights w that minimise w'' C w with sum(w) = 1 and p_lower <= w <= p_upper (0 <= lower <= upper <= 1), for a positive definite covariance matrix C
(p_covariance, n rows of n): the exact optimum, by a primal active-set method (Nocedal and Wright, Numerical Optimization, 16.5). MB001 for shapes or bounds
that make no sense, MB009 where no weights within the bounds add up to 1 or the matrix is singular.';

revoke all on function portfolio.min_variance_weights(double precision[], double precision[], double precision[]) from public;
grant execute on function portfolio.min_variance_weights(double precision[], double precision[], double precision[]) to marketbase_analyst;
--! EndIncluded portfolio/optimization/min_variance_weights.sql
--! Included portfolio/optimization/optimize.sql
-- Optimises weights over a window of returns and stores them.
create or replace function portfolio.optimize(
  p_run_id bigint,
  p_method text,
  p_symbols text[],
  p_from date,
  p_to date,
  p_parameters jsonb default '{}'
) returns portfolio.portfolio_optimization
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
  v_count integer;
  v_problem text;
  v_from date;
  v_to date;
  v_observations integer;
  v_covariance double precision[];
  v_lower double precision[];
  v_upper double precision[];
  v_weights double precision[];
  v_variance double precision;
  v_result portfolio.portfolio_optimization;
begin
  v_ids := market.instrument_ids(p_symbols);
  v_count := coalesce(cardinality(v_ids), 0);
  if p_method is null or p_method not in ('equal_weight', 'min_variance') then
    v_problem := format('the method %s is not known; equal_weight and min_variance are', coalesce(quote_literal(p_method), 'null'));
  elsif v_count = 0 then
    v_problem := 'there are no instruments to weigh';
  elsif v_count > (select count(distinct id) from unnest(v_ids) as id) then
    v_problem := 'an instrument was given twice';
  elsif p_from is null or p_to is null or p_from > p_to then
    v_problem := format('the window from %s to %s is empty', p_from, p_to);
  elsif jsonb_typeof(p_parameters) is distinct from 'object' then
    v_problem := 'the parameters must be a JSON object';
  elsif p_method = 'equal_weight' and p_parameters <> '{}' then
    v_problem := 'equal_weight takes no parameters';
  elsif exists (
    select from jsonb_each(p_parameters) as given (name, value)
    where name not in ('min_weight', 'max_weight') or jsonb_typeof(value) <> 'number'
  ) then
    v_problem := 'the parameters of min_variance are the numbers min_weight and max_weight';
  end if;
  if v_problem is not null then
    raise exception using errcode = 'MB001', message = v_problem, hint = 'See the comment of portfolio.optimize.';
  end if;

  -- Returns between the sessions on which every instrument has a price.
  with price as (
    select instrument_id, session_date, price from portfolio.return_prices(v_ids, p_from, p_to)
  ),
  common as (
    select session_date from price group by session_date having count(*) = v_count
  ),
  period as (
    select
      price.instrument_id,
      price.session_date,
      price.price / lag(price.price) over (partition by price.instrument_id order by price.session_date) - 1 as return
    from price
    join common on common.session_date = price.session_date
  ),
  pair as (
    select a.position as row_position, b.position as column_position, covar_samp(x.return, y.return) as covariance
    from unnest(v_ids) with ordinality as a (instrument_id, position)
    cross join unnest(v_ids) with ordinality as b (instrument_id, position)
    join period x on x.instrument_id = a.instrument_id
    join period y on y.instrument_id = b.instrument_id and y.session_date = x.session_date
    group by a.position, b.position
  ),
  covariance_row as (
    select row_position, array_agg(covariance order by column_position) as row_values from pair group by row_position
  )
  select
    (select min(session_date) from common),
    (select max(session_date) from common),
    (select count(*) - 1 from common),
    (select array_agg(row_values order by row_position) from covariance_row)
  into v_from, v_to, v_observations, v_covariance;

  if v_observations < v_count + 1 then
    raise exception using
      errcode = 'MB007',
      message = format(
        'weights of %s instruments need %s common daily returns at least; there are %s from %s to %s',
        v_count, v_count + 1, greatest(v_observations, 0), p_from, p_to
      ),
      hint = 'Ingest more bars or choose a longer window.';
  end if;

  if p_method = 'equal_weight' then
    v_weights := array_fill(1.0::double precision / v_count, array[v_count]);
  else
    v_lower := array_fill(coalesce((p_parameters -> 'min_weight')::double precision, 0), array[v_count]);
    v_upper := array_fill(coalesce((p_parameters -> 'max_weight')::double precision, 1), array[v_count]);
    v_weights := portfolio.min_variance_weights(v_covariance, v_lower, v_upper);
  end if;

  v_variance := 0;
  for i in 1 .. v_count loop
    for j in 1 .. v_count loop
      v_variance := v_variance + v_weights[i] * v_covariance[i][j] * v_weights[j];
    end loop;
  end loop;

  -- What was found before from the same window is not stored again.
  perform pg_advisory_xact_lock(hashtextextended('portfolio.optimize', 0));
  select * into v_result
  from portfolio.portfolio_optimization
  where method = p_method
    and instrument_ids = v_ids
    and weights = v_weights
    and expected_volatility = sqrt(v_variance * 252)
    and (from_date, to_date, observation_count) = (v_from, v_to, v_observations)
    and parameters = p_parameters
  limit 1;
  if not found then
    insert into portfolio.portfolio_optimization (
      method, instrument_ids, weights, expected_volatility, from_date, to_date, observation_count, parameters, run_id
    )
    values (p_method, v_ids, v_weights, sqrt(v_variance * 252), v_from, v_to, v_observations, p_parameters, p_run_id)
    returning * into v_result;
  end if;
  return v_result;
end
$$;

comment on function portfolio.optimize(bigint, text, text[], date, date, jsonb) is
'Weights for p_symbols (NULL: all instruments) from their daily returns between the common sessions from p_from to p_to, as now known, by p_method:
equal_weight (1/n each) or min_variance (long only, fully invested, least sample variance; parameters min_weight, default 0, and max_weight, default 1, hold
for each instrument). Prices as portfolio.return_prices. Stored in portfolio.portfolio_optimization with the sessions that were there; what was found before
is returned, not stored again. MB001 bad argument, MB002 unknown symbol, MB007 fewer returns than instruments + 1, MB009 infeasible bounds or singular
covariance.';

revoke all on function portfolio.optimize(bigint, text, text[], date, date, jsonb) from public;
grant execute on function portfolio.optimize(bigint, text, text[], date, date, jsonb) to marketbase_worker;
--! EndIncluded portfolio/optimization/optimize.sql
--! Included portfolio/optimization/optimized_weight.sql
-- Optimised weights, one row per instrument.
create or replace view portfolio.optimized_weight with (security_invoker = true) as
select
  optimization.portfolio_optimization_id,
  optimization.method,
  optimization.from_date,
  optimization.to_date,
  instrument.symbol,
  weighted.weight,
  optimization.expected_volatility,
  optimization.observation_count,
  optimization.recorded_at,
  weighted.instrument_id,
  optimization.run_id
from portfolio.portfolio_optimization optimization
cross join lateral unnest(optimization.instrument_ids, optimization.weights) as weighted (instrument_id, weight)
join market.instrument on instrument.instrument_id = weighted.instrument_id;

comment on view portfolio.optimized_weight is 'Optimised weights, one row per optimisation and instrument.';
comment on column portfolio.optimized_weight.portfolio_optimization_id is 'Optimisation.';
comment on column portfolio.optimized_weight.method is 'equal_weight or min_variance.';
comment on column portfolio.optimized_weight.from_date is 'First session of the window.';
comment on column portfolio.optimized_weight.to_date is 'Last session of the window.';
comment on column portfolio.optimized_weight.symbol is 'Symbol of the instrument.';
comment on column portfolio.optimized_weight.weight is 'Its weight, from 0 to 1; the weights of an optimisation add up to 1.';
comment on column portfolio.optimized_weight.expected_volatility is 'Standard deviation of the weighted daily return in the window, in a year.';
comment on column portfolio.optimized_weight.observation_count is 'Daily returns in the window.';
comment on column portfolio.optimized_weight.recorded_at is 'When it was computed.';
comment on column portfolio.optimized_weight.instrument_id is 'Instrument.';
comment on column portfolio.optimized_weight.run_id is 'Run that computed it.';

grant select on portfolio.optimized_weight to marketbase_reader;
--! EndIncluded portfolio/optimization/optimized_weight.sql
--! Included portfolio/optimization/return_prices.sql
-- The prices from which returns are made.
create or replace function portfolio.return_prices(
  p_instrument_ids bigint[],
  p_from date default null,
  p_to date default null
) returns setof portfolio.dated_price
language sql stable parallel safe
begin atomic
  select
    instrument_id,
    session_date,
    -- One kind of price for the whole window: a series that changes its kind would have a return that never was.
    case when bool_and(adjusted_close > 0) over (partition by instrument_id) and count(adjusted_close) over (partition by instrument_id)
      = count(*) over (partition by instrument_id) then adjusted_close else close end
  from market.price_data
  where instrument_id = any (p_instrument_ids)
    and bar_interval = '1d'
    and session_date between coalesce(p_from, '-infinity') and coalesce(p_to, 'infinity')
  order by instrument_id, session_date;
end;

comment on function portfolio.return_prices(bigint[], date, date) is
'Daily prices of p_instrument_ids from p_from to p_to (NULL: no limit), as now known, for returns: the adjusted close where every bar of the instrument in the
window has one, else the close. In order of instrument and session.';

revoke all on function portfolio.return_prices(bigint[], date, date) from public;
grant execute on function portfolio.return_prices(bigint[], date, date) to marketbase_reader;
--! EndIncluded portfolio/optimization/return_prices.sql
--! Included portfolio/portfolios/define_portfolio.sql
-- Defines a portfolio.
create or replace function portfolio.define_portfolio(
  p_name text,
  p_inception_date date,
  p_initial_cash numeric,
  p_base_currency text default 'USD'
) returns portfolio.portfolio
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio portfolio.portfolio;
begin
  if p_name is null or btrim(p_name) = '' or p_inception_date is null or not p_initial_cash >= 0 or p_initial_cash in ('NaN', 'infinity')
    or p_initial_cash is null or p_base_currency is null or p_base_currency !~ '^[A-Z]{3}$'
  then
    raise exception using
      errcode = 'MB001',
      message = 'a portfolio needs a name, an inception date, initial cash that is not negative and a currency of three capitals',
      hint = 'For example: select portfolio.define_portfolio(''demo'', ''2013-07-01'', 150000).';
  end if;

  insert into portfolio.portfolio (name, base_currency, initial_cash, inception_date)
  values (p_name, p_base_currency, p_initial_cash, p_inception_date)
  on conflict (name) do nothing;
  select * into strict v_portfolio from portfolio.portfolio where name = p_name;
  if (v_portfolio.base_currency, v_portfolio.initial_cash, v_portfolio.inception_date) is distinct from (p_base_currency, p_initial_cash, p_inception_date) then
    raise exception using
      errcode = 'MB008',
      message = format('portfolio %s is there already, with other terms', p_name),
      hint = 'Currency, initial cash and inception date of a portfolio do not change; define one with another name.';
  end if;
  return v_portfolio;
end
$$;

comment on function portfolio.define_portfolio(text, date, numeric, text) is
'Defines portfolio p_name with p_initial_cash in p_base_currency (ISO 4217) at p_inception_date; what is there already changes nothing.
MB001 bad argument, MB008 where it exists with other terms.';

revoke all on function portfolio.define_portfolio(text, date, numeric, text) from public;
grant execute on function portfolio.define_portfolio(text, date, numeric, text) to marketbase_worker;
--! EndIncluded portfolio/portfolios/define_portfolio.sql
--! Included portfolio/portfolios/demo.sql
-- The portfolio of db/samples/demo-trades.csv.
select portfolio.define_portfolio('demo', '2013-07-01', 150000);
--! EndIncluded portfolio/portfolios/demo.sql
--! Included portfolio/portfolios/find_portfolio.sql
-- The portfolio of a name.
create or replace function portfolio.find_portfolio(p_name text) returns portfolio.portfolio
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio portfolio.portfolio;
begin
  select * into v_portfolio from portfolio.portfolio where name = p_name;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there is no portfolio %s', coalesce(quote_literal(p_name), 'null')),
      hint = coalesce(
        'The portfolios are: ' || (select string_agg(name, ', ' order by name) from portfolio.portfolio) || '.',
        'Define one with portfolio.define_portfolio.'
      );
  end if;
  return v_portfolio;
end
$$;

comment on function portfolio.find_portfolio(text) is
'The row of portfolio.portfolio whose name is p_name. MB003 where there is none, with the known names in the hint.';

revoke all on function portfolio.find_portfolio(text) from public;
grant execute on function portfolio.find_portfolio(text) to marketbase_reader;
--! EndIncluded portfolio/portfolios/find_portfolio.sql
--! Included portfolio/positions/apply_trade.sql
-- One trade changes a position.
create or replace function portfolio.apply_trade(
  p_state portfolio.position_state,
  p_side text,
  p_quantity numeric,
  p_price numeric,
  p_fee numeric
) returns portfolio.position_state
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_held constant numeric := coalesce((p_state).quantity, 0);
  v_cost constant numeric := coalesce((p_state).average_cost, 0);
  v_signed constant numeric := case p_side when 'buy' then p_quantity else -p_quantity end;
  v_closed constant numeric := case when sign(v_held) * sign(v_signed) < 0 then least(abs(v_held), p_quantity) else 0 end;
  v_after constant numeric := v_held + v_signed;
begin
  return row (
    v_after,
    case
      when v_after = 0 then 0
      -- through zero: what is left was opened by this trade
      when v_closed > 0 and v_closed < p_quantity then p_price
      when v_closed > 0 then v_cost
      else (abs(v_held) * v_cost + p_quantity * p_price) / abs(v_after)
    end,
    coalesce((p_state).realised_pnl, 0) + v_closed * (p_price - v_cost) * sign(v_held) - p_fee
  )::portfolio.position_state;
end
$$;

comment on function portfolio.apply_trade(portfolio.position_state, text, numeric, numeric, numeric) is
'The position after a trade (p_side buy or sell, p_quantity and p_price above 0, p_fee from 0 on), by the method of average cost: what adds to a position
moves the average, what reduces it realises the difference to the average, what goes through zero closes it and opens the rest at the price of the trade.
Shorts likewise. Fees are realised at once and are no part of the cost. p_state is NULL before the first trade.';

revoke all on function portfolio.apply_trade(portfolio.position_state, text, numeric, numeric, numeric) from public;
grant execute on function portfolio.apply_trade(portfolio.position_state, text, numeric, numeric, numeric) to marketbase_reader;
--! EndIncluded portfolio/positions/apply_trade.sql
--! Included portfolio/positions/compute_positions.sql
-- Folds the trades of a portfolio into its positions at the close of every session.
create or replace function portfolio.compute_positions(p_run_id bigint, p_portfolio text, p_from date default null) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio constant portfolio.portfolio := portfolio.find_portfolio(p_portfolio);
  v_unpriced record;
  v_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('portfolio ' || p_portfolio, 0));

  select instrument.symbol, first_trade.session_date into v_unpriced
  from (
    select instrument_id, min(session_date) as session_date
    from portfolio.trade
    where portfolio_id = v_portfolio.portfolio_id
    group by instrument_id
  ) as first_trade
  join market.instrument on instrument.instrument_id = first_trade.instrument_id
  where not exists (
    select from market.price_data bar
    where bar.instrument_id = first_trade.instrument_id and bar.bar_interval = '1d' and bar.session_date <= first_trade.session_date
  )
  order by instrument.symbol
  limit 1;
  if found then
    raise exception using
      errcode = 'MB007',
      message = format('%s was traded on %s, but there is no close of that day or before', v_unpriced.symbol, v_unpriced.session_date),
      hint = 'Ingest its daily bars first.';
  end if;

  with state as (
    select
      instrument_id,
      session_date,
      portfolio.fold_trades(side, quantity, price, fee) over (partition by instrument_id order by traded_at, external_id) as position,
      row_number() over (partition by instrument_id, session_date order by traded_at desc, external_id desc) as from_last
    from portfolio.trade
    where portfolio_id = v_portfolio.portfolio_id
  ),
  -- The position from the last trade of a session until the next session with a trade.
  holding as (
    select
      instrument_id,
      position,
      session_date as held_from,
      coalesce(lead(session_date) over (partition by instrument_id order by session_date), 'infinity') as held_until
    from state
    where from_last = 1
  ),
  -- Valued as long as everything that is still held has prices: no value is made up afterwards.
  last_session as (
    select coalesce(
      min(priced_to) filter (where (position).quantity <> 0 and held_until = 'infinity'),
      max(priced_to)
    ) as session_date
    from holding
    cross join lateral (
      select max(bar.session_date) as priced_to
      from market.price_data bar
      where bar.instrument_id = holding.instrument_id and bar.bar_interval = '1d'
    ) as bars
  ),
  session as (
    select session.session_date
    from (
      select trading_session.session_date
      from market.trading_session
      where trading_session.mic in (
        select instrument.mic from market.instrument join holding on holding.instrument_id = instrument.instrument_id
      )
      union
      select bar.session_date
      from market.price_data bar
      join holding on holding.instrument_id = bar.instrument_id
      where bar.bar_interval = '1d'
    ) as session
    cross join last_session
    where session.session_date between coalesce(p_from, '-infinity') and last_session.session_date
  ),
  priced as (
    select
      holding.instrument_id,
      session.session_date,
      (holding.position).quantity as quantity,
      (holding.position).average_cost as average_cost,
      (holding.position).realised_pnl as realised_pnl,
      bar.close as price
    from session
    join holding on session.session_date >= holding.held_from and session.session_date < holding.held_until
    cross join lateral (
      select close
      from market.price_data
      where price_data.instrument_id = holding.instrument_id
        and price_data.bar_interval = '1d'
        and price_data.ts <= session.session_date::timestamp at time zone 'UTC'
      order by price_data.ts desc
      limit 1
    ) as bar
  ),
  position as (
    select
      instrument_id, session_date, quantity, average_cost, price,
      quantity * price::numeric as market_value,
      realised_pnl,
      quantity * (price::numeric - average_cost) as unrealised_pnl
    from priced
  ),
  removed as (
    delete from portfolio.portfolio_position stored
    where stored.portfolio_id = v_portfolio.portfolio_id
      and stored.session_date >= coalesce(p_from, '-infinity')
      and not exists (
        select from position where (position.instrument_id, position.session_date) = (stored.instrument_id, stored.session_date)
      )
    returning 1
  ),
  written as (
    insert into portfolio.portfolio_position as stored (
      instrument_id, portfolio_id, session_date, quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, run_id
    )
    select
      instrument_id, v_portfolio.portfolio_id, session_date, quantity, average_cost, price, market_value, realised_pnl, unrealised_pnl, p_run_id
    from position
    order by instrument_id, session_date
    on conflict (instrument_id, portfolio_id, session_date) do update
    set
      quantity = excluded.quantity, average_cost = excluded.average_cost, price = excluded.price, market_value = excluded.market_value,
      realised_pnl = excluded.realised_pnl, unrealised_pnl = excluded.unrealised_pnl, recorded_at = excluded.recorded_at, run_id = excluded.run_id
    where (stored.quantity, stored.average_cost, stored.price, stored.market_value, stored.realised_pnl, stored.unrealised_pnl)
      is distinct from (excluded.quantity, excluded.average_cost, excluded.price, excluded.market_value, excluded.realised_pnl, excluded.unrealised_pnl)
    returning 1
  )
  select (select count(*) from removed) + (select count(*) from written) into v_count;
  return v_count;
end
$$;

comment on function portfolio.compute_positions(bigint, text, date) is
'Writes the positions of portfolio p_portfolio at the close of every session from the first trade of each instrument on (p_from: only from that session on)
and returns how many were new, changed or removed; 0 where all is as it was. Average cost, fees and shorts as portfolio.apply_trade; trades of a session
count in the order of traded_at, then external_id. Valued at the close as now known, or the last one before it, until the last session for which everything
still held has a close. A position that was closed stays with quantity 0, for its realised profit. Splits are not applied: quantities count in the units of
the prices, so with split-adjusted prices trades are given in today''s shares. Prices keep 15 significant digits. MB003 unknown portfolio, MB007 traded
without any close.';

revoke all on function portfolio.compute_positions(bigint, text, date) from public;
grant execute on function portfolio.compute_positions(bigint, text, date) to marketbase_worker;
--! EndIncluded portfolio/positions/compute_positions.sql
--! Included portfolio/positions/fold_trades.sql
-- The position after a sequence of trades.
create or replace aggregate portfolio.fold_trades(text, numeric, numeric, numeric) (
  sfunc = portfolio.apply_trade,
  stype = portfolio.position_state
);

comment on aggregate portfolio.fold_trades(text, numeric, numeric, numeric) is
'The position after trades (side, quantity, price, fee) in the order in which they come: as an aggregate with order by, or as a window function after each
trade. See portfolio.apply_trade.';

revoke all on function portfolio.fold_trades(text, numeric, numeric, numeric) from public;
grant execute on function portfolio.fold_trades(text, numeric, numeric, numeric) to marketbase_reader;
--! EndIncluded portfolio/positions/fold_trades.sql
--! Included portfolio/positions/position.sql
-- Positions with portfolio and symbol in words.
create or replace view portfolio.position with (security_invoker = true) as
select
  book.name as portfolio,
  instrument.symbol,
  held.session_date,
  held.quantity,
  held.average_cost,
  held.price,
  held.market_value,
  held.realised_pnl,
  held.unrealised_pnl,
  held.portfolio_id,
  held.instrument_id,
  held.recorded_at,
  held.run_id
from portfolio.portfolio_position held
join portfolio.portfolio book on book.portfolio_id = held.portfolio_id
join market.instrument on instrument.instrument_id = held.instrument_id;

comment on view portfolio.position is 'Positions at the close of each session, with portfolio and symbol.';
comment on column portfolio.position.portfolio is 'Name of the portfolio.';
comment on column portfolio.position.symbol is 'Symbol of the instrument.';
comment on column portfolio.position.session_date is 'Session.';
comment on column portfolio.position.quantity is 'Units held, negative when short.';
comment on column portfolio.position.average_cost is 'Average cost per unit of what is held; 0 when nothing is.';
comment on column portfolio.position.price is 'Close of the session, or the last close before it.';
comment on column portfolio.position.market_value is 'quantity times price.';
comment on column portfolio.position.realised_pnl is 'Profit realised since inception, after fees.';
comment on column portfolio.position.unrealised_pnl is 'Profit of what is held, against its average cost.';
comment on column portfolio.position.portfolio_id is 'Portfolio.';
comment on column portfolio.position.instrument_id is 'Instrument.';
comment on column portfolio.position.recorded_at is 'When it was computed.';
comment on column portfolio.position.run_id is 'Run that computed it.';

grant select on portfolio.position to marketbase_reader;
--! EndIncluded portfolio/positions/position.sql
--! Included portfolio/positions/valuations.sql
-- What a portfolio is worth at the close of every session.
create or replace function portfolio.valuations(p_portfolio_id bigint) returns setof portfolio.valuation
language sql stable parallel safe
begin atomic
  with flow as (
    select session_date, sum(case side when 'buy' then -quantity * price else quantity * price end - fee) as amount
    from portfolio.trade
    where portfolio_id = p_portfolio_id
    group by session_date
  ),
  held as (
    select session_date, sum(market_value) as market_value
    from portfolio.portfolio_position
    where portfolio_id = p_portfolio_id
    group by session_date
  ),
  -- Every date with a trade or a valuation, so that a trade between two valuations is not lost.
  balance as (
    select
      coalesce(held.session_date, flow.session_date) as session_date,
      held.market_value,
      book.initial_cash + sum(coalesce(flow.amount, 0)) over (order by coalesce(held.session_date, flow.session_date)) as cash
    from held
    full join flow on flow.session_date = held.session_date
    cross join portfolio.portfolio book
    where book.portfolio_id = p_portfolio_id
  )
  select session_date, cash, market_value, cash + market_value from balance where market_value is not null order by session_date;
end;

comment on function portfolio.valuations(bigint) is
'Cash, value of the positions and net asset value of a portfolio at the close of every session with positions, in order. Cash is the initial cash changed by the
trades and their fees; it earns nothing. No rows for an unknown portfolio or one without positions.';

revoke all on function portfolio.valuations(bigint) from public;
grant execute on function portfolio.valuations(bigint) to marketbase_reader;
--! EndIncluded portfolio/positions/valuations.sql
--! Included portfolio/trades/check_trade_line.sql
-- Refuses a line of a file of trades that has a problem.
create or replace function portfolio.check_trade_line(p_line_no bigint, p_problem text) returns boolean
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if p_problem is not null then
    raise exception using
      errcode = 'MB004',
      message = format('line %s of the trades: %s', p_line_no, p_problem),
      hint = 'Correct the file and land it again; nothing of it was recorded.';
  end if;
  return true;
end
$$;

comment on function portfolio.check_trade_line(bigint, text) is
'True where p_problem is NULL; otherwise MB004 with the number of the line and the problem.';

revoke all on function portfolio.check_trade_line(bigint, text) from public;
grant execute on function portfolio.check_trade_line(bigint, text) to marketbase_worker;
--! EndIncluded portfolio/trades/check_trade_line.sql
--! Included portfolio/trades/record_trades.sql
-- Reads a landed CSV of trades.
create or replace function portfolio.record_trades(p_run_id bigint, p_raw_response_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_names constant text[] := array['portfolio', 'symbol', 'traded_at', 'side', 'quantity', 'price', 'fee', 'external_id'];
  v_header text[];
  v_at integer[];
  v_missing text;
  v_line record;
  v_count bigint;
begin
  perform ingest.require_success(p_raw_response_id);
  perform ingest.body_text(p_raw_response_id) where exists (
    select from ingest.raw_response where raw_response_id = p_raw_response_id and body is not null
  );

  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into v_header
  from ingest.body_lines(p_raw_response_id) as first_line
  cross join lateral unnest(ingest.csv_fields(first_line.line)) with ordinality as header (field, position)
  where first_line.line_no = 1;
  if v_header is null then
    raise exception using
      errcode = 'MB004',
      message = 'the file of trades is empty',
      hint = format('It needs a line of column names (%s) and then one line per trade.', array_to_string(v_names, ', '));
  end if;
  select
    array_agg(array_position(v_header, name) order by position),
    string_agg(name, ', ' order by position) filter (where array_position(v_header, name) is null)
  into v_at, v_missing
  from unnest(v_names) with ordinality as needed (name, position);
  if v_missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file of trades has no column %s; its columns are %s', v_missing, left(array_to_string(v_header, ', '), 500)),
      hint = format('Trades need the columns %s, in any order.', array_to_string(v_names, ', '));
  end if;

  for v_line in
    select
      line_no,
      cardinality(fields) as field_count,
      btrim(fields[v_at[1]]) as portfolio,
      upper(btrim(fields[v_at[2]])) as symbol,
      btrim(fields[v_at[3]]) as traded_at,
      lower(btrim(fields[v_at[4]])) as side,
      btrim(fields[v_at[5]]) as quantity,
      btrim(fields[v_at[6]]) as price,
      btrim(fields[v_at[7]]) as fee,
      btrim(fields[v_at[8]]) as external_id
    from ingest.body_lines(p_raw_response_id)
    cross join lateral (select ingest.csv_fields(line) as fields) as split
    where line_no > 1
    order by line_no
  loop
    perform portfolio.check_trade_line(
      v_line.line_no,
      case
        when v_line.field_count <> cardinality(v_header)
          then format('it has %s fields where the header has %s', v_line.field_count, cardinality(v_header))
        when v_line.portfolio = '' then 'portfolio is missing'
        when v_line.external_id = '' then 'external_id is missing'
        when v_line.side not in ('buy', 'sell') then format('side "%s" is neither buy nor sell', left(v_line.side, 20))
        when v_line.traded_at !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$'
          or not pg_input_is_valid(v_line.traded_at, 'timestamptz')
          then format('traded_at "%s" is not a time with its zone, such as 2013-07-15T14:32:10Z', left(v_line.traded_at, 40))
        when v_line.quantity !~ '^\d{1,15}(\.\d{1,12})?$' or v_line.quantity::numeric = 0
          then format('quantity "%s" is not a number above 0', left(v_line.quantity, 40))
        when v_line.price !~ '^\d{1,15}(\.\d{1,12})?$' or v_line.price::numeric = 0
          then format('price "%s" is not a number above 0', left(v_line.price, 40))
        when v_line.fee !~ '^(\d{1,15}(\.\d{1,12})?)?$' then format('fee "%s" is not a number from 0 on', left(v_line.fee, 40))
      end
    );
  end loop;

  with line as (
    select
      line_no,
      (portfolio.find_portfolio(btrim(fields[v_at[1]]))).portfolio_id as portfolio_id,
      market.instrument_id(upper(btrim(fields[v_at[2]]))) as instrument_id,
      btrim(fields[v_at[3]])::timestamptz as traded_at,
      lower(btrim(fields[v_at[4]])) as side,
      btrim(fields[v_at[5]])::numeric as quantity,
      btrim(fields[v_at[6]])::numeric as price,
      coalesce(nullif(btrim(fields[v_at[7]]), ''), '0')::numeric as fee,
      btrim(fields[v_at[8]]) as external_id
    from ingest.body_lines(p_raw_response_id)
    cross join lateral (select ingest.csv_fields(line) as fields) as split
    where line_no > 1
  ),
  trade as (
    select line.*, instrument.currency, instrument.mic, (line.traded_at at time zone exchange.time_zone)::date as session_date
    from line
    join market.instrument on instrument.instrument_id = line.instrument_id
    join market.exchange on exchange.mic = instrument.mic
  ),
  checked as (
    select
      trade.*,
      portfolio.check_trade_line(
        trade.line_no,
        case
          when trade.traded_at > now() then format('traded_at %s lies in the future', trade.traded_at)
          when trade.session_date < book.inception_date
            then format('it was traded on %s, before the inception of portfolio %s on %s', trade.session_date, book.name, book.inception_date)
          when trade.currency <> book.base_currency
            then format('it is in %s, but portfolio %s is kept in %s', trade.currency, book.name, book.base_currency)
          when exists (select from market.trading_session where mic = trade.mic)
            and not exists (select from market.trading_session where mic = trade.mic and session_date = trade.session_date)
            then format('%s had no session on %s', trade.mic, trade.session_date)
          when (trade.traded_at, trade.side, trade.quantity, trade.price, trade.fee)
            is distinct from (known.traded_at, known.side, known.quantity, known.price, known.fee) and known.trade_id is not null
            then format('trade %s is recorded already, with other terms; a correction is a reversing trade', trade.external_id)
          when count(*) over (partition by trade.portfolio_id, trade.instrument_id, trade.external_id) > 1
            then format('external_id %s stands there twice', trade.external_id)
        end
      ) as is_fine,
      known.trade_id is not null as is_known
    from trade
    join portfolio.portfolio book on book.portfolio_id = trade.portfolio_id
    left join portfolio.trade known
      on known.portfolio_id = trade.portfolio_id
      and known.instrument_id = trade.instrument_id
      and known.external_id = trade.external_id
  )
  insert into portfolio.trade (
    instrument_id, portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, external_id, raw_response_id, run_id
  )
  select
    instrument_id, portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, external_id, p_raw_response_id, p_run_id
  from checked
  where is_fine and not is_known
  order by traded_at, line_no
  on conflict (instrument_id, portfolio_id, external_id) do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function portfolio.record_trades(bigint, bigint) is
'Records the trades of a landed CSV (a line of names, then one line per trade; columns portfolio, symbol, traded_at with its zone, side, quantity, price, fee,
external_id, in any order) and returns how many were new. external_id names a trade within its portfolio and instrument: one that is recorded already is
skipped, one with other terms refused. The currency is that of the instrument and must be that of the portfolio. All trades of the body are stored, or none.
MB004 a line that cannot be right, MB005 missing column, MB002 unknown symbol, MB003 unknown portfolio, MB001 unknown response.';

revoke all on function portfolio.record_trades(bigint, bigint) from public;
grant execute on function portfolio.record_trades(bigint, bigint) to marketbase_worker;
--! EndIncluded portfolio/trades/record_trades.sql
--! Included quality/define_rule.sql
-- Registers a rule and puts its newest content in force.
create or replace function quality.define_rule(
  p_rule text,
  p_dataset text,
  p_family text,
  p_severity text,
  p_parameters jsonb,
  p_description text,
  p_remedy text,
  p_population text default null
)
returns quality.validation_rule
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_is_candidate constant boolean := p_dataset in ('candidate_bar', 'candidate_fact');
  v_population constant text := coalesce(p_population, p_dataset);
  v_signature constant text := format(
    'quality.rule_%s(%s)',
    p_rule,
    case when v_is_candidate then 'bigint, jsonb' else 'bigint[], timestamp with time zone, timestamp with time zone, jsonb' end
  );
  v_counter_signature constant text := format(
    'quality.population_%s(bigint[], timestamp with time zone, timestamp with time zone)', v_population
  );
  v_function regprocedure;
  v_counter regprocedure;
  v_version text;
  v_in_force text;
  v_rule quality.validation_rule;
begin
  if p_rule is null or p_rule !~ '^[a-z][a-z0-9_]{1,57}$' then
    raise exception using errcode = 'MB001',
      message = format('%s is not a name for a rule.', coalesce(quote_literal(left(p_rule, 80)), 'null')),
      hint = 'Use lower case letters, digits and underscores, at most 58, beginning with a letter.';
  end if;
  v_function := to_regprocedure(v_signature);
  if v_function is null then
    raise exception using errcode = 'MB003',
      message = format('Rule %s has no function %s.', p_rule, v_signature),
      hint = 'Create the function first; sql-functions/quality/README.md shows one.';
  end if;
  if not v_is_candidate then
    v_counter := to_regprocedure(v_counter_signature);
    if v_counter is null then
      raise exception using errcode = 'MB003',
        message = format('Rule %s has no population: there is no function %s.', p_rule, v_counter_signature),
        hint = 'Name one of sql-functions/quality/populations.';
    end if;
  elsif v_population <> p_dataset then
    raise exception using errcode = 'MB001',
      message = format('The population of rule %s can only be %s.', p_rule, p_dataset),
      hint = 'Leave the population out for a rule on candidates.';
  end if;

  v_version := left(encode(sha256(convert_to(
    jsonb_build_array(
      quality.rule_definitions(v_function), quality.rule_definitions(v_counter),
      p_dataset, p_family, p_severity, p_parameters, v_population, p_description, p_remedy
    )::text, 'UTF8')), 'hex'), 12);

  -- One definition of a rule at a time: two sessions that replay the files must not both activate it.
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));

  insert into quality.validation_rule (
    rule, version, dataset, family, severity, parameters, population, function_name, description, remedy
  )
  values (
    p_rule, v_version, p_dataset, p_family, p_severity, p_parameters, v_population, 'quality.rule_' || p_rule, p_description, p_remedy
  )
  on conflict (rule, version) do nothing;

  select activation.version into v_in_force
  from quality.rule_activation as activation
  where activation.rule = p_rule
  order by activation.in_force_from desc
  limit 1;

  if v_in_force is distinct from v_version then
    insert into quality.rule_activation (rule, version) values (p_rule, v_version);
  end if;

  select r.* into strict v_rule
  from quality.validation_rule as r
  where r.rule = p_rule and r.version = v_version;
  return v_rule;
end;
$$;

comment on function quality.define_rule(text, text, text, text, jsonb, text, text, text) is
'Registers the rule p_rule, whose function quality.rule_<p_rule> must exist, and puts it in force. Content decides: what is registered already changes nothing; a changed function (or a function of this schema that it calls), severity, parameter or wording is a new version; an earlier content that returns is its earlier version again.
p_dataset: candidate_bar or candidate_fact (function of (raw_response_id bigint, parameters jsonb)); price_data, company_fundamental, feature_vector or model_prediction (function of (instrument_ids bigint[], from timestamptz, to timestamptz, parameters jsonb)). p_severity: critical (the row is quarantined), error, warning or info. p_parameters: thresholds, a JSON object; max_findings (default 1000) limits the stored findings of one result. p_population: which quality.population_<name> counts the rows that the rule looks at; by default that of the dataset.
Errors: MB001 for a name that is none or a population that does not fit, MB003 where the function or the population does not exist.';

revoke all on function quality.define_rule(text, text, text, text, jsonb, text, text, text) from public;
grant execute on function quality.define_rule(text, text, text, text, jsonb, text, text, text) to marketbase_worker;
--! EndIncluded quality/define_rule.sql
--! Included quality/grants.sql
-- Who may do what with rules, results and findings: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema quality to marketbase_reader;

alter table quality.validation_rule enable row level security;
drop policy if exists validation_rule_read on quality.validation_rule;
create policy validation_rule_read on quality.validation_rule for select to marketbase_reader using (true);
drop policy if exists validation_rule_insert on quality.validation_rule;
create policy validation_rule_insert on quality.validation_rule for insert to marketbase_worker with check (true);
revoke all on quality.validation_rule from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_rule to marketbase_reader;
grant insert (
  rule, version, dataset, family, severity, parameters, population, function_name, description, remedy
) on quality.validation_rule to marketbase_worker;

alter table quality.rule_activation enable row level security;
drop policy if exists rule_activation_read on quality.rule_activation;
create policy rule_activation_read on quality.rule_activation for select to marketbase_reader using (true);
drop policy if exists rule_activation_insert on quality.rule_activation;
create policy rule_activation_insert on quality.rule_activation for insert to marketbase_worker with check (true);
revoke all on quality.rule_activation from public, marketbase_reader, marketbase_worker;
grant select on quality.rule_activation to marketbase_reader;
grant insert (rule, version) on quality.rule_activation to marketbase_worker;

alter table quality.validation_result enable row level security;
drop policy if exists validation_result_read on quality.validation_result;
create policy validation_result_read on quality.validation_result for select to marketbase_reader using (true);
drop policy if exists validation_result_insert on quality.validation_result;
create policy validation_result_insert on quality.validation_result for insert to marketbase_worker with check (true);
revoke all on quality.validation_result from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_result to marketbase_reader;
grant insert (
  rule, rule_version, dataset, instrument_id, raw_response_id, status, severity, checked_count, failed_count, from_ts, to_ts, message, run_id
) on quality.validation_result to marketbase_worker;

alter table quality.validation_finding enable row level security;
drop policy if exists validation_finding_read on quality.validation_finding;
create policy validation_finding_read on quality.validation_finding for select to marketbase_reader using (true);
drop policy if exists validation_finding_insert on quality.validation_finding;
create policy validation_finding_insert on quality.validation_finding for insert to marketbase_worker with check (true);
revoke all on quality.validation_finding from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_finding to marketbase_reader;
grant insert (validation_result_id, instrument_id, ts, key, observed, expected, message) on quality.validation_finding to marketbase_worker;
--! EndIncluded quality/grants.sql
--! Included quality/helpers/balance_sheets.sql
-- The two sides of balance sheets.
create or replace function quality.balance_sheets(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.balance_sheet
language sql
stable
parallel safe
begin atomic
  select sheet.instrument_id, sheet.ts, sheet.period_end, sheet.unit, sheet.assets, other_side.total, other_side.formula
  from (
    select
      fact.instrument_id, fact.unit, fact.period_end,
      fact.period_end::timestamp at time zone 'UTC' as ts,
      max(fact.value) filter (where fact.concept = 'Assets') as assets,
      max(fact.value) filter (where fact.concept = 'LiabilitiesAndStockholdersEquity') as liabilities_and_equity,
      max(fact.value) filter (where fact.concept = 'Liabilities') as liabilities,
      max(fact.value) filter (where fact.concept = 'StockholdersEquity') as equity,
      max(fact.value) filter (where fact.concept = 'StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest') as whole_equity,
      max(fact.value) filter (where fact.concept = 'MinorityInterest') as minority,
      max(fact.value) filter (where fact.concept = 'TemporaryEquityCarryingAmountAttributableToParent') as temporary_equity
    from market.company_fundamental as fact
    where fact.instrument_id = any (p_instrument_ids)
      and fact.taxonomy = 'us-gaap'
      and fact.period_start = fact.period_end
      and fact.period_end::timestamp at time zone 'UTC' between p_from and p_to
      and fact.concept in (
        'Assets', 'LiabilitiesAndStockholdersEquity', 'Liabilities', 'StockholdersEquity',
        'StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest', 'MinorityInterest',
        'TemporaryEquityCarryingAmountAttributableToParent'
      )
    group by fact.instrument_id, fact.unit, fact.period_end
  ) as sheet
  cross join lateral (
    select
      coalesce(
        sheet.liabilities_and_equity,
        sheet.liabilities + coalesce(sheet.whole_equity, sheet.equity + coalesce(sheet.minority, 0)) + coalesce(sheet.temporary_equity, 0)
      ) as total,
      case
        when sheet.liabilities_and_equity is not null then 'liabilities and equity as reported'
        else 'liabilities plus equity'
      end as formula
  ) as other_side
  where sheet.assets is not null and other_side.total is not null;
end;

comment on function quality.balance_sheets(bigint[], timestamptz, timestamptz) is
'Total assets and the other side of each balance sheet dated from p_from to p_to, per currency, from the us-gaap concepts Assets and LiabilitiesAndStockholdersEquity; where the latter is missing, Liabilities plus StockholdersEquity (with MinorityInterest, or the concept that includes it) plus temporary equity. Dates without both sides give no row.';

revoke all on function quality.balance_sheets(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.balance_sheets(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/balance_sheets.sql
--! Included quality/helpers/daily_bars.sql
-- The daily bars of a span as the rules see them, with the bars before that they need as context.
create or replace function quality.daily_bars(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_context_bars integer)
returns setof quality.daily_bar
language sql
stable
parallel safe
begin atomic
  with bar as (
    select
      price.instrument_id, price.ts, price.session_date,
      price.open, price.high, price.low, price.close, price.volume, price.adjusted_close,
      row_number() over in_time as bar_no,
      lag(price.close) over in_time as previous_close
    from unnest(p_instrument_ids) as asked (instrument_id)
    cross join lateral (
      -- One bar more than asked for, so that the first bar of the context has a predecessor.
      select coalesce(
        (
          select context.ts
          from market.price_data as context
          where context.instrument_id = asked.instrument_id and context.bar_interval = '1d' and context.ts < p_from
          order by context.ts desc
          offset p_context_bars
          limit 1
        ),
        '-infinity'
      ) as from_ts
    ) as context
    join market.price_data as price
      on price.instrument_id = asked.instrument_id
      and price.bar_interval = '1d'
      and price.ts between context.from_ts and p_to
    window in_time as (partition by price.instrument_id order by price.ts)
  ),
  -- A split counts on the first bar on or after its ex-date.
  split as (
    select action.instrument_id, first_bar.ts, exp(sum(ln(action.amount)))::double precision as ratio
    from market.corporate_action as action
    cross join lateral (
      select min(price.ts) as ts
      from market.price_data as price
      where price.instrument_id = action.instrument_id
        and price.bar_interval = '1d'
        and price.ts >= action.ex_date::timestamp at time zone 'UTC'
    ) as first_bar
    where action.action_type = 'split' and action.instrument_id = any (p_instrument_ids)
    group by action.instrument_id, first_bar.ts
  )
  select
    bar.instrument_id, bar.bar_no, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.previous_close,
    coalesce(split.ratio, 1),
    case
      when abs(ln(bar.close / bar.previous_close)) <= abs(ln(bar.close / bar.previous_close * coalesce(split.ratio, 1)))
        then ln(bar.close / bar.previous_close)
      else ln(bar.close / bar.previous_close * split.ratio)
    end,
    bar.ts >= p_from
  from bar
  left join split on split.instrument_id = bar.instrument_id and split.ts = bar.ts;
end;

comment on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) is
'The daily bars of the instruments from p_from to p_to (both included), and up to p_context_bars + 1 bars before p_from, marked by is_asked = false, so that a check of the end of a series says the same as a check of the whole. No order. No rows for NULL.';

revoke all on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) from public;
grant execute on function quality.daily_bars(bigint[], timestamptz, timestamptz, integer) to marketbase_worker;
--! EndIncluded quality/helpers/daily_bars.sql
--! Included quality/helpers/earnings.sql
-- Net income, shares and earnings per share of the same period.
create or replace function quality.earnings(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.earnings_period
language sql
stable
parallel safe
begin atomic
  select
    income.instrument_id, income.period_end::timestamp at time zone 'UTC', income.period_start, income.period_end, income.unit,
    income.value, shares.value, per_share.value
  from market.company_fundamental as income
  join market.company_fundamental as shares
    on shares.instrument_id = income.instrument_id
    and shares.taxonomy = income.taxonomy
    and shares.concept = 'WeightedAverageNumberOfSharesOutstandingBasic'
    and shares.unit = 'shares'
    and shares.period_start = income.period_start
    and shares.period_end = income.period_end
  join market.company_fundamental as per_share
    on per_share.instrument_id = income.instrument_id
    and per_share.taxonomy = income.taxonomy
    and per_share.concept = 'EarningsPerShareBasic'
    and per_share.unit = income.unit || '/shares'
    and per_share.period_start = income.period_start
    and per_share.period_end = income.period_end
  where income.instrument_id = any (p_instrument_ids)
    and income.taxonomy = 'us-gaap'
    and income.concept = 'NetIncomeLoss'
    and income.period_end::timestamp at time zone 'UTC' between p_from and p_to
    and shares.value > 0;
end;

comment on function quality.earnings(bigint[], timestamptz, timestamptz) is
'NetIncomeLoss, WeightedAverageNumberOfSharesOutstandingBasic and EarningsPerShareBasic (us-gaap) of each period that has all three and ends from p_from to p_to.';

revoke all on function quality.earnings(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.earnings(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/earnings.sql
--! Included quality/helpers/expected_sessions.sql
-- The sessions on which instruments should have a daily bar.
create or replace function quality.expected_sessions(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.expected_session
language sql
stable
parallel safe
begin atomic
  select instrument.instrument_id, session.session_date::timestamp at time zone 'UTC', session.session_date, instrument.mic
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar in ('sessions', 'always')
  cross join lateral (
    select
      coalesce(max(price.session_date) filter (where price.ts < p_from), min(price.session_date)) as first_date,
      max(price.session_date) as last_date
    from market.price_data as price
    where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts <= p_to
  ) as span
  cross join lateral market.session_dates(instrument.mic, span.first_date, span.last_date) as session (session_date)
  where instrument.instrument_id = any (p_instrument_ids);
end;

comment on function quality.expected_sessions(bigint[], timestamptz, timestamptz) is
'The sessions (market.session_dates) between the first and the last daily bar of each instrument up to p_to; where there are bars before p_from, from the last of them on, so that a gap between old and new bars is seen. Instruments without bars, or of an exchange of which only the weekdays are known, give no rows.';

revoke all on function quality.expected_sessions(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.expected_sessions(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/expected_sessions.sql
--! Included quality/helpers/robust_score.sql
-- How far a value lies from the middle of a sample, in robust standard deviations.
create or replace function quality.robust_score(p_value double precision, p_sample double precision[])
returns double precision
language sql
immutable
parallel safe
begin atomic
  with middle as (
    select percentile_cont(0.5) within group (order by x) as median
    from unnest(p_sample) as sample (x)
  ),
  spread as (
    select
      middle.median,
      percentile_cont(0.5) within group (order by abs(x - middle.median)) as median_deviation,
      avg(abs(x - middle.median)) as mean_deviation
    from unnest(p_sample) as sample (x)
    cross join middle
    group by middle.median
  )
  select case
    when spread.median_deviation > 0 then 0.6745 * (p_value - spread.median) / spread.median_deviation
    when spread.mean_deviation > 0 then (p_value - spread.median) / (1.253314 * spread.mean_deviation)
    when p_value = spread.median then 0
    else sign(p_value - spread.median) * 'infinity'::double precision
  end
  from spread;
end;

comment on function quality.robust_score(double precision, double precision[]) is
'The modified z-score of p_value against p_sample: 0.6745 (x - median) / MAD (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). Where the median absolute deviation is 0 the mean absolute deviation stands in, (x - median) / (1.253314 MeanAD), as IBM SPSS does; where that is 0 too, the score is 0 for the median itself and infinite for any other value. The sample must not contain the value that is judged. NULLs in the sample are left out; NULL for a NULL value or a sample without values.';

revoke all on function quality.robust_score(double precision, double precision[]) from public;
grant execute on function quality.robust_score(double precision, double precision[]) to marketbase_worker;
--! EndIncluded quality/helpers/robust_score.sql
--! Included quality/helpers/rule_definitions.sql
-- The source of a function and of every quality function that it calls.
create or replace function quality.rule_definitions(p_function regprocedure)
returns text[]
language sql
stable
parallel safe
set search_path to pg_catalog, pg_temp
begin atomic
  with recursive called (oid) as (
    select p_function::oid
    union
    select dependency.refobjid
    from called
    join pg_depend as dependency
      on dependency.classid = 'pg_proc'::regclass and dependency.objid = called.oid and dependency.refclassid = 'pg_proc'::regclass
    join pg_proc as callee on callee.oid = dependency.refobjid and callee.pronamespace = 'quality'::regnamespace
  )
  select array_agg(definition.source order by definition.source)
  from called
  cross join lateral (select pg_get_functiondef(called.oid) as source) as definition
  where definition.source is not null;
end;

comment on function quality.rule_definitions(regprocedure) is
'The definition of p_function and, where its body is atomic SQL, of the functions of this schema that it calls, directly or through others, sorted. NULL for NULL. The version of a rule is made from it, so that a changed helper is a new version of every rule that uses it.';

revoke all on function quality.rule_definitions(regprocedure) from public;
grant execute on function quality.rule_definitions(regprocedure) to marketbase_worker;
--! EndIncluded quality/helpers/rule_definitions.sql
--! Included quality/helpers/rule_populations.sql
-- Counts what the rules in force look at.
create or replace function quality.rule_populations(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_datasets text[])
returns setof quality.rule_population
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_population text;
begin
  for v_population in
    select distinct r.population from quality.rule_in_force as r where r.dataset = any (p_datasets) order by r.population
  loop
    return query execute format(
      'select $1, p.instrument_id, p.checked_count, p.from_ts, p.to_ts from quality.%I($2, $3, $4) as p', 'population_' || v_population
    )
    using v_population, p_instrument_ids, p_from, p_to;
  end loop;
end;
$$;

comment on function quality.rule_populations(bigint[], timestamptz, timestamptz, text[]) is
'What each population that a rule in force for p_datasets counts comes to, per instrument, from p_from to p_to.';

revoke all on function quality.rule_populations(bigint[], timestamptz, timestamptz, text[]) from public;
grant execute on function quality.rule_populations(bigint[], timestamptz, timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/helpers/rule_populations.sql
--! Included quality/helpers/status.sql
-- The status of a check, from its counts.
create or replace function quality.status(p_checked_count bigint, p_failed_count bigint)
returns text
language sql
immutable
parallel safe
return case when p_failed_count > 0 then 'failed' when p_checked_count > 0 then 'passed' else 'not_applicable' end;

comment on function quality.status(bigint, bigint) is
'failed where a row failed, passed where rows were looked at and none failed, not_applicable where there was nothing to look at. NULL counts as 0.';

revoke all on function quality.status(bigint, bigint) from public;
grant execute on function quality.status(bigint, bigint) to marketbase_worker;
--! EndIncluded quality/helpers/status.sql
--! Included quality/populations/population_adjusted_price_data.sql
-- Counts daily bars that have an adjusted close.
create or replace function quality.population_adjusted_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.price_data as price
  where price.instrument_id = any (p_instrument_ids)
    and price.bar_interval = '1d'
    and price.ts between p_from and p_to
    and price.adjusted_close is not null
  group by price.instrument_id;
end;

comment on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars with an adjusted close of each instrument from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_adjusted_price_data.sql
--! Included quality/populations/population_balance_sheet.sql
-- Counts balance sheets.
create or replace function quality.population_balance_sheet(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select sheet.instrument_id, count(*), min(sheet.ts), max(sheet.ts)
  from quality.balance_sheets(p_instrument_ids, p_from, p_to) as sheet
  group by sheet.instrument_id;
end;

comment on function quality.population_balance_sheet(bigint[], timestamptz, timestamptz) is
'Balance sheets of each instrument with total assets and the other side, dated from p_from to p_to; see quality.balance_sheets.';

revoke all on function quality.population_balance_sheet(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_balance_sheet(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_balance_sheet.sql
--! Included quality/populations/population_calendar_price_data.sql
-- Counts daily bars on days that the calendar knows.
create or replace function quality.population_calendar_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic
  cross join lateral (
    select min(session.session_date) as first_date, max(session.session_date) as last_date
    from market.trading_session as session
    where session.mic = instrument.mic
  ) as calendar
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval = '1d'
    and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids)
    and (exchange.calendar <> 'sessions' or price.session_date between calendar.first_date and calendar.last_date)
  group by price.instrument_id;
end;

comment on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars of each instrument from p_from to p_to, without those before the first and after the last session that market.trading_session has for an exchange whose sessions are known.';

revoke all on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_calendar_price_data.sql
--! Included quality/populations/population_company_fundamental.sql
-- Counts reported facts.
create or replace function quality.population_company_fundamental(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select fact.instrument_id, count(*), min(period.end_ts), max(period.end_ts)
  from market.company_fundamental as fact
  cross join lateral (select fact.period_end::timestamp at time zone 'UTC' as end_ts) as period
  where fact.instrument_id = any (p_instrument_ids) and period.end_ts between p_from and p_to
  group by fact.instrument_id;
end;

comment on function quality.population_company_fundamental(bigint[], timestamptz, timestamptz) is
'Reported facts of each instrument whose period ends from p_from to p_to.';

revoke all on function quality.population_company_fundamental(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_company_fundamental(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_company_fundamental.sql
--! Included quality/populations/population_earnings.sql
-- Counts periods with net income, shares and earnings per share.
create or replace function quality.population_earnings(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select earnings.instrument_id, count(*), min(earnings.ts), max(earnings.ts)
  from quality.earnings(p_instrument_ids, p_from, p_to) as earnings
  group by earnings.instrument_id;
end;

comment on function quality.population_earnings(bigint[], timestamptz, timestamptz) is
'Periods of each instrument with net income, weighted average shares and earnings per share that end from p_from to p_to; see quality.earnings.';

revoke all on function quality.population_earnings(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_earnings(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_earnings.sql
--! Included quality/populations/population_equity_price_data.sql
-- Counts daily bars of equities.
create or replace function quality.population_equity_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.instrument as instrument
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids) and instrument.asset_class = 'equity'
  group by price.instrument_id;
end;

comment on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars of each equity from p_from to p_to; other instruments are left out.';

revoke all on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_equity_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_equity_price_data.sql
--! Included quality/populations/population_feature_vector.sql
-- Counts feature vectors.
create or replace function quality.population_feature_vector(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select vector.instrument_id, count(*), min(vector.ts), max(vector.ts)
  from feature.feature_set_version as version
  join feature.feature_vector as vector on vector.feature_set_version_id = version.feature_set_version_id
  where version.is_current and vector.instrument_id = any (p_instrument_ids) and vector.ts between p_from and p_to
  group by vector.instrument_id;
end;

comment on function quality.population_feature_vector(bigint[], timestamptz, timestamptz) is
'Feature vectors of each instrument from p_from to p_to, of the current version of each set.';

revoke all on function quality.population_feature_vector(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_feature_vector(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_feature_vector.sql
--! Included quality/populations/population_instrument.sql
-- Counts an instrument that should have a recent bar.
create or replace function quality.population_instrument(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select instrument.instrument_id, 1, last_bar.ts, last_bar.ts
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  cross join lateral (
    select max(price.ts) as ts
    from market.price_data as price
    where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d'
  ) as last_bar
  where instrument.instrument_id = any (p_instrument_ids)
    and last_bar.ts is not null;
end;

comment on function quality.population_instrument(bigint[], timestamptz, timestamptz) is
'1 for each instrument with a daily bar whose exchange has known sessions; others are left out. p_from and p_to do not matter.';

revoke all on function quality.population_instrument(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_instrument(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_instrument.sql
--! Included quality/populations/population_model_prediction.sql
-- Counts predictions.
create or replace function quality.population_model_prediction(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select prediction.instrument_id, count(*), min(prediction.ts), max(prediction.ts)
  from ml.model_prediction as prediction
  where prediction.instrument_id = any (p_instrument_ids) and prediction.ts between p_from and p_to
  group by prediction.instrument_id;
end;

comment on function quality.population_model_prediction(bigint[], timestamptz, timestamptz) is
'Predictions of each instrument from p_from to p_to, of all trainings.';

revoke all on function quality.population_model_prediction(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_model_prediction(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_model_prediction.sql
--! Included quality/populations/population_price_data.sql
-- Counts daily bars.
create or replace function quality.population_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.price_data as price
  where price.instrument_id = any (p_instrument_ids) and price.bar_interval = '1d' and price.ts between p_from and p_to
  group by price.instrument_id;
end;

comment on function quality.population_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars of each instrument from p_from to p_to.';

revoke all on function quality.population_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_price_data.sql
--! Included quality/populations/population_session.sql
-- Counts the sessions on which a bar is expected.
create or replace function quality.population_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select expected.instrument_id, count(*), min(expected.ts), max(expected.ts)
  from quality.expected_sessions(p_instrument_ids, p_from, p_to) as expected
  group by expected.instrument_id;
end;

comment on function quality.population_session(bigint[], timestamptz, timestamptz) is
'Sessions of the exchange of each instrument between its first and its last daily bar; where p_from is later, from the last bar before p_from on. Instruments without bars, or of an exchange of which only the weekdays are known, are left out.';

revoke all on function quality.population_session(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_session(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_session.sql
--! Included quality/report_moment.sql
-- The moment as of which a report is made.
create or replace function quality.report_moment(p_as_of text)
returns timestamptz
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_as_of timestamptz;
begin
  if coalesce(p_as_of, '') = '' then
    return now();
  end if;
  if not pg_input_is_valid(p_as_of, 'timestamptz') then
    raise exception using errcode = 'MB001',
      message = format('%s is not a moment; write it as 2026-01-01 or ''2026-01-01 18:00+00''.', quote_literal(left(p_as_of, 80)));
  end if;
  v_as_of := p_as_of::timestamptz;
  if v_as_of > now() then
    raise exception using errcode = 'MB001',
      message = format('%s lies in the future: what will be recorded until then cannot be reported.', quote_literal(left(p_as_of, 80)));
  end if;
  return v_as_of;
end;
$$;

comment on function quality.report_moment(text) is
'The moment p_as_of, in the time zone of the session where it names none; now() for NULL or an empty text. A report as of a moment reads what was recorded up to it, so that it says the same for ever. Errors: MB001 for a text that is no moment, and for the future.';

revoke all on function quality.report_moment(text) from public;
grant execute on function quality.report_moment(text) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/report_moment.sql
--! Included quality/report_text.sql
-- A text of any origin, fit for a line of a report.
create or replace function quality.report_text(p_text text, p_length integer)
returns text
language sql
immutable
parallel safe
return left(regexp_replace(p_text, '[[:cntrl:]\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]', ' ', 'g'), p_length);

comment on function quality.report_text(text, integer) is
'The first p_length characters of p_text, with a blank for each control character and each invisible character that steers how text is shown, so that a text from outside can neither break a table nor disguise itself. NULL for NULL.';

revoke all on function quality.report_text(text, integer) from public;
grant execute on function quality.report_text(text, integer) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/report_text.sql
--! Included quality/retire_rule.sql
-- Takes a rule out of force.
create or replace function quality.retire_rule(p_rule text)
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));
  if not exists (select from quality.validation_rule as r where r.rule = p_rule) then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s.', coalesce(quote_literal(left(p_rule, 80)), 'null')),
      hint = 'select rule from quality.rule_in_force lists them.';
  end if;
  insert into quality.rule_activation (rule, version)
  select r.rule, null
  from quality.rule_in_force as r
  where r.rule = p_rule;
end;
$$;

comment on function quality.retire_rule(text) is
'Takes the rule p_rule out of force; its versions, results and findings stay. A rule that is retired already changes nothing; quality.define_rule brings it back. Errors: MB003 where no such rule was ever registered.';

revoke all on function quality.retire_rule(text) from public;
grant execute on function quality.retire_rule(text) to marketbase_worker;
--! EndIncluded quality/retire_rule.sql
--! Included quality/rules/calendar/rule_price_fresh.sql
-- The last bar is that of the last finished session.
create or replace function quality.rule_price_fresh(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    instrument.instrument_id,
    null::timestamptz,
    jsonb_build_object('symbol', instrument.symbol),
    jsonb_build_object('last_session_date', last_bar.session_date, 'sessions_behind', missed.session_count),
    format('a bar of %s or at most %s sessions older', missed.last_date, p_parameters ->> 'max_sessions_behind'),
    format('%s sessions behind: last bar %s, last session %s.', missed.session_count, last_bar.session_date, missed.last_date)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  cross join lateral (
    select max(price.session_date) as session_date
    from market.price_data as price
    where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d'
  ) as last_bar
  cross join lateral (
    select count(*) as session_count, max(session.session_date) as last_date
    from market.trading_session as session
    where session.mic = instrument.mic and session.session_date > last_bar.session_date and session.close_at <= now()
  ) as missed
  where instrument.instrument_id = any (p_instrument_ids)
    and missed.session_count > (p_parameters ->> 'max_sessions_behind')::bigint;
end;

comment on function quality.rule_price_fresh(bigint[], timestamptz, timestamptz, jsonb) is
'Instruments whose last daily bar is more than max_sessions_behind finished sessions old, now. The severity is info because a data set of the past is old by right; the finding has no time.';

revoke all on function quality.rule_price_fresh(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_fresh(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_fresh', 'price_data', 'calendar', 'info', '{"max_sessions_behind": 1}',
  'The last bar is older than the last sessions of the exchange.',
  'Fetch the instrument again; a data set that ends in the past stays so.',
  'instrument'
);
--! EndIncluded quality/rules/calendar/rule_price_fresh.sql
--! Included quality/rules/calendar/rule_price_no_gap.sql
-- Every session between the first and the last bar has one.
create or replace function quality.rule_price_no_gap(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    expected.instrument_id,
    expected.ts,
    jsonb_build_object('session_date', expected.session_date),
    '{}'::jsonb,
    format('a bar for each session of %s', expected.mic),
    format('The session of %s has no bar.', expected.session_date)
  -- A set operation, because it takes the same time whatever the planner knows of the tables.
  from (
    select session.instrument_id, session.ts, session.session_date, session.mic
    from quality.expected_sessions(p_instrument_ids, p_from, p_to) as session
    except
    select price.instrument_id, price.ts, price.session_date, instrument.mic
    from market.price_data as price
    join market.instrument as instrument on instrument.instrument_id = price.instrument_id
    where price.instrument_id = any (p_instrument_ids) and price.bar_interval = '1d' and price.ts <= p_to
  ) as expected;
end;

comment on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) is
'Sessions (quality.expected_sessions) between the first and the last daily bar that have no bar; one violation per session. checked_count counts the sessions that are expected. p_parameters is not used.';

revoke all on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_no_gap', 'price_data', 'calendar', 'warning', '{}',
  'A session of the exchange has no bar: features that look back count the wrong number of days.',
  'Fetch the span again, or from another provider. A halted or not yet listed instrument has no bar by right.',
  'session'
);
--! EndIncluded quality/rules/calendar/rule_price_no_gap.sql
--! Included quality/rules/calendar/rule_price_session_exists.sql
-- A daily bar lies on a day on which its exchange traded.
create or replace function quality.rule_price_session_exists(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date),
    jsonb_build_object('close', price.close, 'volume', price.volume),
    format('a session of %s', instrument.mic),
    format('%s is not a session of %s.', price.session_date, instrument.mic)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic
  cross join lateral (
    select min(session.session_date) as first_date, max(session.session_date) as last_date
    from market.trading_session as session
    where session.mic = instrument.mic
  ) as calendar
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval = '1d'
    and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids)
    and case exchange.calendar
      when 'sessions' then price.session_date between calendar.first_date and calendar.last_date
        and not exists (
          select from market.trading_session as session
          where session.mic = instrument.mic and session.session_date = price.session_date
        )
      when 'weekdays' then extract(isodow from price.session_date) > 5
      else false
    end;
end;

comment on function quality.rule_price_session_exists(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars on days on which the exchange does not trade: days without a session by market.trading_session, within the days that it covers; weekends where only weekdays are known. p_parameters is not used.';

revoke all on function quality.rule_price_session_exists(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_session_exists(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_session_exists', 'price_data', 'calendar', 'warning', '{}',
  'A bar is dated on a weekend or a holiday of its exchange.',
  'Look at the time zone in which the provider dates its bars; if the day was a session after all, correct the calendar.',
  'calendar_price_data'
);
--! EndIncluded quality/rules/calendar/rule_price_session_exists.sql
--! Included quality/rules/features/rule_feature_complete.sql
-- Features have values once they are warmed up.
create or replace function quality.rule_feature_complete(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with vector as (
    select v.instrument_id, v.ts, v.values, version.feature_names, version.version, version.lookback, feature_set.name, feature_set.bar_interval
    from feature.feature_set_version as version
    join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
    join feature.feature_vector as v on v.feature_set_version_id = version.feature_set_version_id
    where version.is_current
      and version.lookback is not null
      and v.instrument_id = any (p_instrument_ids)
      and v.ts between p_from and p_to
      and array_position(v.values, null) is not null
  )
  select
    null::bigint,
    vector.instrument_id,
    vector.ts,
    jsonb_build_object('feature_set', vector.name, 'version', vector.version),
    jsonb_build_object('missing', offender.names),
    format('a value from the %s. bar on', vector.lookback + 1),
    format('No value in %s: %s.', vector.name, array_to_string(offender.names, ', '))
  from vector
  cross join lateral (
    select array_agg(value.name order by value.position) as names
    from unnest(vector.feature_names, vector.values) with ordinality as value (name, x, position)
    where value.x is null
  ) as offender
  where offender.names is not null
    and (
      vector.lookback = 0
      or exists (
        select
        from market.price_data as price
        where price.instrument_id = vector.instrument_id and price.bar_interval = vector.bar_interval and price.ts < vector.ts
        order by price.ts desc
        offset greatest(vector.lookback - 1, 0)
        limit 1
      )
    );
end;

comment on function quality.rule_feature_complete(bigint[], timestamptz, timestamptz, jsonb) is
'Feature vectors of current versions with a NULL although as many bars as the lookback of the set lie before them. Sets that depend on all bars before (lookback NULL) are passed over. p_parameters is not used.';

revoke all on function quality.rule_feature_complete(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_feature_complete(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_complete', 'feature_vector', 'features', 'warning', '{}',
  'A feature has no value although there were enough bars: it is not defined there, as a correlation is not without variation.',
  'Look at the bars of the window: prices that stand still are the usual cause.'
);
--! EndIncluded quality/rules/features/rule_feature_complete.sql
--! Included quality/rules/features/rule_feature_finite.sql
-- Features are numbers.
create or replace function quality.rule_feature_finite(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    vector.instrument_id,
    vector.ts,
    jsonb_build_object('feature_set', feature_set.name, 'version', version.version),
    offender.observed,
    'finite values',
    format('Not finite in %s: %s.', feature_set.name, offender.names)
  from feature.feature_set_version as version
  join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
  join feature.feature_vector as vector on vector.feature_set_version_id = version.feature_set_version_id
  cross join lateral (
    select jsonb_object_agg(value.name, value.x::text) as observed, string_agg(value.name, ', ' order by value.position) as names
    from unnest(version.feature_names, vector.values) with ordinality as value (name, x, position)
    where value.x in ('NaN', 'Infinity', '-Infinity')
  ) as offender
  where version.is_current
    and vector.instrument_id = any (p_instrument_ids)
    and vector.ts between p_from and p_to
    and (
      array_position(vector.values, 'NaN') is not null
      or array_position(vector.values, 'Infinity') is not null
      or array_position(vector.values, '-Infinity') is not null
    );
end;

comment on function quality.rule_feature_finite(bigint[], timestamptz, timestamptz, jsonb) is
'Feature vectors of current versions that hold an infinite value or one that is not a number. NULL is judged by feature_complete. p_parameters is not used.';

revoke all on function quality.rule_feature_finite(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_feature_finite(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_finite', 'feature_vector', 'features', 'error', '{}',
  'A feature is infinite or not a number: a kernel divided by zero or overflowed.',
  'Correct the expression or the kernel so that it gives NULL where it is not defined.'
);
--! EndIncluded quality/rules/features/rule_feature_finite.sql
--! Included quality/rules/features/rule_feature_in_range.sql
-- Features lie where their definition puts them.
create or replace function quality.rule_feature_in_range(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bound as (
    select
      version.feature_set_version_id, version.version, feature_set.name as set_name, feature.name, feature.position::integer as position,
      (allowed.value ->> 0)::double precision as lowest,
      (allowed.value ->> 1)::double precision as highest
    from feature.feature_set_version as version
    join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
    cross join lateral unnest(version.feature_names) with ordinality as feature (name, position)
    join lateral jsonb_each(p_parameters -> 'ranges') as allowed (pattern, value) on feature.name ~ allowed.pattern
    where version.is_current
  )
  select
    null::bigint,
    vector.instrument_id,
    vector.ts,
    jsonb_build_object('feature_set', min(bound.set_name), 'version', min(bound.version)),
    jsonb_object_agg(bound.name, vector.values[bound.position]::text),
    string_agg(distinct format('%s in [%s, %s]', bound.name, coalesce(bound.lowest::text, ''), coalesce(bound.highest::text, '')), ', '),
    format('Out of range in %s: %s.', min(bound.set_name), string_agg(format('%s = %s', bound.name, vector.values[bound.position]), ', ' order by bound.position))
  from bound
  join feature.feature_vector as vector on vector.feature_set_version_id = bound.feature_set_version_id
  where vector.instrument_id = any (p_instrument_ids)
    and vector.ts between p_from and p_to
    and (
      vector.values[bound.position] < bound.lowest - (p_parameters ->> 'slack')::double precision
      or vector.values[bound.position] > bound.highest + (p_parameters ->> 'slack')::double precision
    )
  group by vector.instrument_id, vector.feature_set_version_id, vector.ts;
end;

comment on function quality.rule_feature_in_range(bigint[], timestamptz, timestamptz, jsonb) is
'Feature vectors of current versions with a value outside of the range that the parameter ranges gives for the names that match its regular expression: [lowest, highest], null for none; slack allows for rounding.';

revoke all on function quality.rule_feature_in_range(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_feature_in_range(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'feature_in_range', 'feature_vector', 'features', 'error',
  '{
    "ranges": {
      "^(rsi|mfi|adx|plus_di|minus_di|stoch_[kd])(_[0-9]+)?$": [0, 100],
      "^willr(_[0-9]+)?$": [-100, 0],
      "^(corr|cord)[0-9]*$": [-1, 1],
      "^rsv[0-9]*$": [0, 1],
      "^(std|vstd|atr|natr|bb_bandwidth)[_0-9]*$": [0, null]
    },
    "slack": 1e-6
  }',
  'A feature lies outside of what it can be by its definition: its kernel is wrong, or the prices beneath it are.',
  'Compare the kernel with its reference; look at the bars of the window.'
);
--! EndIncluded quality/rules/features/rule_feature_in_range.sql
--! Included quality/rules/fundamentals/rule_fundamental_balance.sql
-- Both sides of a balance sheet are equal.
create or replace function quality.rule_fundamental_balance(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    sheet.instrument_id,
    sheet.ts,
    jsonb_build_object('period_end', sheet.period_end, 'unit', sheet.unit),
    jsonb_build_object('assets', sheet.assets, 'liabilities_and_equity', sheet.liabilities_and_equity, 'formula', sheet.formula),
    'assets = liabilities + equity',
    format(
      'Assets of %s are %s %s, but %s are %s.',
      sheet.period_end, sheet.assets, sheet.unit, sheet.formula, sheet.liabilities_and_equity
    )
  from quality.balance_sheets(p_instrument_ids, p_from, p_to) as sheet
  where abs(sheet.assets - sheet.liabilities_and_equity) > (p_parameters ->> 'tolerance')::numeric * abs(sheet.assets);
end;

comment on function quality.rule_fundamental_balance(bigint[], timestamptz, timestamptz, jsonb) is
'Balance sheets (quality.balance_sheets) whose two sides differ by more than tolerance of the assets.';

revoke all on function quality.rule_fundamental_balance(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_balance(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_balance', 'company_fundamental', 'fundamentals', 'error', '{"tolerance": 0.001}',
  'Total assets are not liabilities plus equity.',
  'Look at the filing itself: a value may be of another date, in another scale, or restated on one side alone.',
  'balance_sheet'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_balance.sql
--! Included quality/rules/fundamentals/rule_fundamental_earnings_per_share.sql
-- Earnings per share are net income over shares.
create or replace function quality.rule_fundamental_earnings_per_share(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    earnings.instrument_id,
    earnings.ts,
    jsonb_build_object('period_start', earnings.period_start, 'period_end', earnings.period_end),
    jsonb_build_object('net_income', earnings.net_income, 'shares', earnings.shares, 'earnings_per_share', earnings.earnings_per_share),
    'net income / weighted average shares = earnings per share',
    format(
      'From %s to %s: %s per share are reported, net income over shares is %s.',
      earnings.period_start, earnings.period_end, earnings.earnings_per_share, round(earnings.net_income / earnings.shares, 4)
    )
  from quality.earnings(p_instrument_ids, p_from, p_to) as earnings
  where abs(earnings.earnings_per_share - earnings.net_income / earnings.shares)
    > (p_parameters ->> 'rounding')::numeric + (p_parameters ->> 'tolerance')::numeric * abs(earnings.net_income / earnings.shares);
end;

comment on function quality.rule_fundamental_earnings_per_share(bigint[], timestamptz, timestamptz, jsonb) is
'Periods (quality.earnings) whose reported basic earnings per share differ from net income over weighted average shares by more than tolerance of it and rounding (in the currency) together. Preferred dividends and several classes of shares make a difference by right.';

revoke all on function quality.rule_fundamental_earnings_per_share(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_earnings_per_share(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_earnings_per_share', 'company_fundamental', 'fundamentals', 'warning', '{"tolerance": 0.02, "rounding": 0.005}',
  'Net income, shares and earnings per share do not fit together.',
  'Look at the filing itself: after a split one of the three may be restated alone; preferred dividends are not in net income.',
  'earnings'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_earnings_per_share.sql
--! Included quality/rules/fundamentals/rule_fundamental_sign.sql
-- What cannot be negative is not.
create or replace function quality.rule_fundamental_sign(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    fact.instrument_id,
    fact.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('concept', fact.concept, 'period_start', fact.period_start, 'period_end', fact.period_end, 'unit', fact.unit),
    jsonb_build_object('value', fact.value),
    'a value of 0 or more',
    format('%s of %s is %s %s.', fact.concept, fact.period_end, fact.value, fact.unit)
  from market.company_fundamental as fact
  where fact.instrument_id = any (p_instrument_ids)
    and fact.period_end::timestamp at time zone 'UTC' between p_from and p_to
    and fact.value < 0
    and p_parameters -> 'concepts' ? fact.concept;
end;

comment on function quality.rule_fundamental_sign(bigint[], timestamptz, timestamptz, jsonb) is
'Reported facts below 0 of the concepts in the parameter concepts. checked_count counts all facts of the instrument.';

revoke all on function quality.rule_fundamental_sign(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_sign(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_sign', 'company_fundamental', 'fundamentals', 'error', '{"concepts": ["Assets", "AssetsCurrent", "Liabilities", "LiabilitiesCurrent", "LiabilitiesAndStockholdersEquity", "CommonStockSharesOutstanding", "WeightedAverageNumberOfSharesOutstandingBasic", "EntityCommonStockSharesOutstanding"]}',
  'A total of assets, liabilities or shares is negative.',
  'Look at the filing itself: the sign was lost or turned on the way.'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_sign.sql
--! Included quality/rules/predictions/rule_prediction_finite.sql
-- Predictions are numbers.
create or replace function quality.rule_prediction_finite(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    prediction.instrument_id,
    prediction.ts,
    jsonb_build_object('model_prediction_id', prediction.model_prediction_id),
    jsonb_build_object('predicted', prediction.predicted::text, 'outcome', prediction.outcome::text),
    'finite values',
    format('Prediction %s is %s, its outcome %s.', prediction.model_prediction_id, prediction.predicted, coalesce(prediction.outcome::text, 'not known'))
  from ml.model_prediction as prediction
  where prediction.instrument_id = any (p_instrument_ids)
    and prediction.ts between p_from and p_to
    and (
      prediction.predicted in ('NaN', 'Infinity', '-Infinity')
      or prediction.outcome in ('NaN', 'Infinity', '-Infinity')
    );
end;

comment on function quality.rule_prediction_finite(bigint[], timestamptz, timestamptz, jsonb) is
'Predictions that are infinite or not a number, or whose outcome is. p_parameters is not used.';

revoke all on function quality.rule_prediction_finite(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_finite(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_finite', 'model_prediction', 'predictions', 'error', '{}',
  'A model predicted something that is not a number: its coefficients or its features are not finite.',
  'Train the model again; look at the findings of feature_finite.'
);
--! EndIncluded quality/rules/predictions/rule_prediction_finite.sql
--! Included quality/rules/predictions/rule_prediction_point_in_time.sql
-- A prediction used only what was known at its decision.
create or replace function quality.rule_prediction_point_in_time(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    prediction.instrument_id,
    prediction.ts,
    jsonb_build_object('model_prediction_id', prediction.model_prediction_id),
    jsonb_build_object(
      'decision_time', prediction.decision_time, 'feature_revision', prediction.feature_revision, 'features_known_from', used.known_from
    ),
    'features known at or before the decision',
    case
      when used.known_from is null
        then format('The features of prediction %s, revision %s, are not stored.', prediction.model_prediction_id, prediction.feature_revision)
      else format(
        'The features of prediction %s could be known from %s UTC, after the decision at %s UTC.',
        prediction.model_prediction_id,
        to_char(used.known_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
        to_char(prediction.decision_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
      )
    end
  from ml.model_prediction as prediction
  left join feature.feature_vector as vector
    on vector.instrument_id = prediction.instrument_id
    and vector.feature_set_version_id = prediction.feature_set_version_id
    and vector.ts = prediction.ts
    and vector.revision = prediction.feature_revision
  left join feature.feature_vector_history as closed
    on closed.instrument_id = prediction.instrument_id
    and closed.feature_set_version_id = prediction.feature_set_version_id
    and closed.ts = prediction.ts
    and closed.revision = prediction.feature_revision
  cross join lateral (select coalesce(vector.known_from, closed.known_from) as known_from) as used
  where prediction.instrument_id = any (p_instrument_ids)
    and prediction.ts between p_from and p_to
    and (used.known_from <= prediction.decision_time) is not true;
end;

comment on function quality.rule_prediction_point_in_time(bigint[], timestamptz, timestamptz, jsonb) is
'Predictions whose feature vector, in the revision that was used, is not there or could only be known after decision_time. p_parameters is not used.';

revoke all on function quality.rule_prediction_point_in_time(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_point_in_time(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_point_in_time', 'model_prediction', 'predictions', 'error', '{}',
  'A prediction looked ahead: it used a value that was not yet known at its moment of decision.',
  'Predict again with the features of that moment; until then the figures of the model are too good.'
);
--! EndIncluded quality/rules/predictions/rule_prediction_point_in_time.sql
--! Included quality/rules/prices/rule_price_adjusted_close_consistent.sql
-- The adjusted close moves like the close, but for splits and dividends on record.
create or replace function quality.rule_price_adjusted_close_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bar as (
    select
      b.instrument_id, b.ts, b.session_date, b.close, b.previous_close, b.adjusted_close, b.split_ratio, b.is_asked,
      lag(b.adjusted_close) over (partition by b.instrument_id order by b.bar_no) as previous_adjusted_close
    from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as b
  ),
  dividend as (
    select action.instrument_id, action.ex_date, sum(action.amount)::double precision as amount
    from market.corporate_action as action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'dividend'
    group by action.instrument_id, action.ex_date
  ),
  judged as (
    select
      bar.*,
      coalesce(dividend.amount, 0) as dividend,
      coalesce(not (bar.adjusted_close > 0 and bar.adjusted_close < 'infinity'), false) as is_invalid,
      -- The change of adjusted close over close, and the change that the dividend on record would make.
      case when least(bar.adjusted_close, bar.previous_adjusted_close) > 0
          and greatest(bar.adjusted_close, bar.previous_adjusted_close) < 'infinity'
        then ln((bar.adjusted_close / bar.close) / (bar.previous_adjusted_close / bar.previous_close))
      end as change,
      case when coalesce(dividend.amount, 0) < bar.previous_close
        then -ln(1 - coalesce(dividend.amount, 0) / bar.previous_close)
      end as expected_change
    from bar
    left join dividend on dividend.instrument_id = bar.instrument_id and dividend.ex_date = bar.session_date
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
'Daily bars whose adjusted close is not positive and finite, or changed against the close by more than tolerance (as a logarithm) otherwise than the dividend (1 - dividend / previous close) and split on record for the session explain, the split counted or not; providers differ in whether their close contains it. Changes are judged only for instruments of which a corporate action is on record; without any, nothing can be said about them.';

revoke all on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_adjusted_close_consistent', 'price_data', 'prices', 'warning', '{"tolerance": 0.003}',
  'The provider adjusted its closes for an event that is not on record, or did not adjust them for one that is: returns of adjusted closes are wrong there.',
  'Look the dividend up; fetch the corporate actions, or the bars around the day, again.',
  'adjusted_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_adjusted_close_consistent.sql
--! Included quality/rules/prices/rule_price_dividend_plausible.sql
-- A large dividend shows in the price.
create or replace function quality.rule_price_dividend_plausible(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bar as (
    select
      b.*, dividend.amount / b.previous_close as yield,
      dividend.amount as dividend,
      -- The fall of the open, with or without the recorded split, whichever is nearer to what the dividend would make.
      case
        when abs(1 - b.open / b.previous_close - dividend.amount / b.previous_close)
          <= abs(1 - b.open * b.split_ratio / b.previous_close - dividend.amount / b.previous_close)
          then 1 - b.open / b.previous_close
        else 1 - b.open * b.split_ratio / b.previous_close
      end as drop
    from (
      select action.instrument_id, action.ex_date, sum(action.amount)::double precision as amount
      from market.corporate_action as action
      where action.instrument_id = any (p_instrument_ids) and action.action_type = 'dividend'
      group by action.instrument_id, action.ex_date
    ) as dividend
    join quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as b
      on b.instrument_id = dividend.instrument_id and b.session_date = dividend.ex_date
    where b.is_asked
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('dividend', bar.dividend, 'open', bar.open, 'previous_close', bar.previous_close, 'yield', bar.yield, 'drop', bar.drop),
    format('an open that falls by %s or more of a dividend of %s or more of the price', p_parameters ->> 'min_drop', p_parameters ->> 'min_yield'),
    format(
      'The dividend %s of %s is %s %% of the close before, but the open moved by %s %%.',
      bar.dividend, bar.session_date, round((bar.yield * 100)::numeric, 1), round((-bar.drop * 100)::numeric, 1)
    )
  from bar
  where bar.yield >= (p_parameters ->> 'min_yield')::double precision
    and bar.drop < (p_parameters ->> 'min_drop')::double precision * bar.yield;
end;

comment on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars on whose session a dividend of min_yield of the close before or more is on record, while the open fell by less than min_drop of it. The split of the session does not count as a move.';

revoke all on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_plausible', 'price_data', 'prices', 'warning', '{"min_yield": 0.1, "min_drop": 0.5}',
  'A large dividend is on record, but the price did not go down on its ex-date: the amount may be in another unit (pence for pounds), or the dividend does not exist.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
--! EndIncluded quality/rules/prices/rule_price_dividend_plausible.sql
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
    select bar.instrument_id, array_agg(bar.log_return order by bar.bar_no) as log_returns
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
    and abs(scored.score) > (p_parameters ->> 'score')::double precision;
end;

comment on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose log return lies more than score robust standard deviations (quality.robust_score) from the middle of the window returns before it, itself excluded; where at least min_sample of them are there, and only moves of min_move (as a log return) or more. Recorded splits do not count as moves.';

revoke all on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_return_outlier', 'price_data', 'prices', 'warning', '{"window": 60, "min_sample": 20, "score": 10, "min_move": 0.05}',
  'The close moved far more than this instrument is used to.',
  'Look at the news of the day and at another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_return_outlier.sql
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
  where move.is_asked
    and abs(move.spike) >= (p_parameters ->> 'min_move')::double precision
    and abs(move.spike + move.log_return) <= (p_parameters ->> 'max_remainder')::double precision * abs(move.spike);
end;

comment on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose close moved by min_move (as a log return) or more and whose next close took all of it back but max_remainder of the move. The time of the finding is that of the bar that sticks out; it is found when the bar after it is checked. Recorded splits do not count as moves.';

revoke all on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_spike', 'price_data', 'prices', 'warning', '{"min_move": 0.2, "max_remainder": 0.25}',
  'One close sticks out from its neighbours: often a misplaced decimal or a trade that was cancelled.',
  'Compare the day with another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_spike.sql
--! Included quality/rules/prices/rule_price_split_consistent.sql
-- A jump of the size of a split is one that is recorded on that day.
create or replace function quality.rule_price_split_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with jump as (
    select bar.*, ln((bar.open + dividend.amount) / bar.previous_close) as move
    from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as bar
    cross join lateral (
      select coalesce(sum(action.amount), 0)::double precision as amount
      from market.corporate_action as action
      where action.instrument_id = bar.instrument_id and action.action_type = 'dividend' and action.ex_date = bar.session_date
        -- Only large moves are looked up.
        and abs(ln(bar.open / bar.previous_close)) >= 0.25
    ) as dividend
    where bar.is_asked and abs(ln(bar.open / bar.previous_close)) >= 0.25
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
    where not (jump.split_ratio <> 1 and abs(jump.move + ln(jump.split_ratio)) < abs(jump.move) / 2)
      and abs(abs(jump.move) - ln(100)) > 0.2
  )
  select
    null::bigint,
    explained.instrument_id,
    explained.ts,
    jsonb_build_object('session_date', explained.session_date),
    jsonb_build_object(
      'open', explained.open, 'previous_close', explained.previous_close, 'multiple', exp(explained.move), 'recorded_split', explained.recorded_ratio
    ),
    'a split on record for that session, or no jump',
    format(
      '%s opens at %s times the close before, and %s.',
      explained.session_date, to_char(exp(explained.move), 'FM999999990.0000'),
      case
        when explained.recorded_ratio is not null
          then format('a split of %s is on record, but not one that explains this', trim_scale(round(explained.recorded_ratio, 6)))
        else 'no split is on record for that session'
      end
    )
  from explained
  where explained.recorded_ratio is not null
    or explained.common_ratio is not null
    or abs(explained.move) >= ln((p_parameters ->> 'always')::double precision);
end;

comment on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars that open at a multiple of the close before (the dividend of the day added back) as a split would make it, without a split on record that explains it: the multiple or its inverse lies within tolerance (as a logarithm) of one of ratios or of a split recorded within days calendar days, or is always or more. Multiples near 100 are left to price_unit_consistent.';

revoke all on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_split_consistent', 'price_data', 'prices', 'error', '{"ratios": [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50], "tolerance": 0.03, "days": 30, "always": 4}',
  'The price jumps as by a split, but no split is recorded for that session: one is missing, or was applied to the wrong bars.',
  'Look the split up; fetch the corporate actions, or the bars around the day, again.'
);
--! EndIncluded quality/rules/prices/rule_price_split_consistent.sql
--! Included quality/rules/prices/rule_price_stale_run.sql
-- Prices do not stand still.
create or replace function quality.rule_price_stale_run(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with changed as (
    select
      bar.*,
      (bar.open, bar.high, bar.low, bar.close) is distinct from (
        lag(bar.open) over in_time, lag(bar.high) over in_time, lag(bar.low) over in_time, lag(bar.close) over in_time
      ) as is_changed
    from quality.daily_bars(p_instrument_ids, p_from, p_to, (p_parameters ->> 'bars')::integer - 1) as bar
    window in_time as (partition by bar.instrument_id order by bar.bar_no)
  ),
  run as (
    select
      changed.*,
      changed.bar_no - max(changed.bar_no) filter (where changed.is_changed)
        over (partition by changed.instrument_id order by changed.bar_no) + 1 as length
    from changed
  )
  select
    null::bigint,
    run.instrument_id,
    run.ts,
    jsonb_build_object('session_date', run.session_date),
    jsonb_build_object('open', run.open, 'high', run.high, 'low', run.low, 'close', run.close, 'volume', run.volume),
    format('other prices than on each of the %s sessions before', (p_parameters ->> 'bars')::integer - 1),
    format('The prices of %s are those of each of the %s sessions before.', run.session_date, (p_parameters ->> 'bars')::integer - 1)
  from run
  where run.is_asked and run.length >= (p_parameters ->> 'bars')::bigint;
end;

comment on function quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose open, high, low and close are those of each of the bars - 1 bars before: the last of bars equal bars and each one after it.';

revoke all on function quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_stale_run', 'price_data', 'prices', 'warning', '{"bars": 5}',
  'Open, high, low and close repeat for many sessions: the source may be repeating its last value.',
  'Compare with another provider; a suspended instrument stands still by right.'
);
--! EndIncluded quality/rules/prices/rule_price_stale_run.sql
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
    jsonb_build_object('open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close),
    format('a price that is not %s times the one before, nor its inverse', p_parameters ->> 'multiple'),
    format(
      '%s opens at %s and closes at %s after a close of %s: %s.',
      bar.session_date, bar.open, bar.close, bar.previous_close,
      case when bar.close + bar.open > 2 * bar.previous_close
        then format('about %s times as much', p_parameters ->> 'multiple')
        else format('about 1/%s of it', p_parameters ->> 'multiple')
      end
    )
  from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as bar
  where bar.is_asked
    and (
      abs(abs(ln(bar.open / bar.previous_close)) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      or abs(abs(ln(bar.close / bar.previous_close)) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
    );
end;

comment on function quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars that open or close at about multiple times the close before, or at about its inverse: the unit changed, as from pounds to pence. tolerance is as a logarithm. The bar after the change is named.';

revoke all on function quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_unit_consistent', 'price_data', 'prices', 'error', '{"multiple": 100, "tolerance": 0.2}',
  'The price jumps by a factor of 100: part of the series is in another unit, such as pence instead of pounds.',
  'Fetch the span again; state the currency of the instrument (GBp is a unit of its own).'
);
--! EndIncluded quality/rules/prices/rule_price_unit_consistent.sql
--! Included quality/rules/prices/rule_price_volume_outlier.sql
-- Volume is in keeping with the volumes before it.
create or replace function quality.rule_price_volume_outlier(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bar as materialized (
    select
      b.instrument_id, b.bar_no, b.ts, b.session_date, b.volume, b.is_asked,
      avg(b.volume) over (
        partition by b.instrument_id order by b.bar_no rows between (p_parameters ->> 'window')::integer preceding and 1 preceding
      ) as mean_volume
    from quality.daily_bars(p_instrument_ids, p_from, p_to, (p_parameters ->> 'window')::integer) as b
  ),
  series as (
    select bar.instrument_id, array_agg(ln(nullif(bar.volume, 0)) order by bar.bar_no) as log_volumes
    from bar
    group by bar.instrument_id
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('volume', bar.volume, 'mean_volume', bar.mean_volume, 'score', scored.score::text),
    format('a volume within %s robust deviations of the %s before', p_parameters ->> 'score', p_parameters ->> 'window'),
    format(
      'The volume of %s is %s times the mean of the sessions before, %s robust deviations.',
      bar.session_date, round((bar.volume / bar.mean_volume)::numeric, 1), round(scored.score::numeric, 1)
    )
  from bar
  join series on series.instrument_id = bar.instrument_id
  cross join lateral (
    select quality.robust_score(
      ln(bar.volume), series.log_volumes[bar.bar_no::integer - (p_parameters ->> 'window')::integer : bar.bar_no::integer - 1]
    ) as score
  ) as scored
  where bar.is_asked
    and bar.volume > 0
    and bar.mean_volume > 0
    and bar.volume >= (p_parameters ->> 'min_multiple')::double precision * bar.mean_volume
    and bar.bar_no - 1 >= (p_parameters ->> 'min_sample')::bigint
    and scored.score > (p_parameters ->> 'score')::double precision;
end;

comment on function quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose volume is at least min_multiple times the mean of the window volumes before it and whose logarithm lies more than score robust standard deviations (quality.robust_score) above their middle; where at least min_sample bars are there. Volumes of 0 are left out.';

revoke all on function quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_outlier', 'price_data', 'prices', 'info', '{"window": 60, "min_sample": 20, "score": 8, "min_multiple": 5}',
  'Far more was traded than this instrument is used to.',
  'Look at the news of the day; a volume in another unit (lots, notional) has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_volume_outlier.sql
--! Included quality/rules/prices/rule_price_volume_present.sql
-- An equity trades on every bar that it has.
create or replace function quality.rule_price_volume_present(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date),
    jsonb_build_object('volume', price.volume, 'close', price.close),
    'a volume above 0',
    format('The volume of %s is 0.', price.session_date)
  from market.instrument as instrument
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids) and instrument.asset_class = 'equity' and price.volume = 0;
end;

comment on function quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars of equities with a volume of 0. p_parameters is not used.';

revoke all on function quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_present', 'price_data', 'prices', 'warning', '{}',
  'A bar of an equity has no volume: its prices are then not those of trades.',
  'Compare with another provider; a day without a trade has no bar in most feeds.',
  'equity_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_volume_present.sql
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
    select case c.bar_interval
      when '1m' then interval '1 minute'
      when '5m' then interval '5 minutes'
      when '15m' then interval '15 minutes'
      when '30m' then interval '30 minutes'
      when '1h' then interval '1 hour'
      when '1w' then interval '7 days'
      when '1mo' then interval '1 month'
      else interval '1 day'
    end as length
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
--! Included quality/rules/structure/rule_bar_instrument_known.sql
-- A bar belongs to an instrument that is known.
create or replace function quality.rule_bar_instrument_known(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('symbol', c.symbol),
    'a symbol of market.instrument',
    format('The symbol %s is not known.', coalesce(quote_literal(left(c.symbol, 40)), 'null'))
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and c.instrument_id is null;
end;

comment on function quality.rule_bar_instrument_known(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id whose instrument could not be resolved. p_parameters is not used.';

revoke all on function quality.rule_bar_instrument_known(bigint, jsonb) from public;
grant execute on function quality.rule_bar_instrument_known(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_instrument_known', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came for a symbol that marketbase does not know, so it cannot be stored under an instrument.',
  'Check the spelling of the symbol; add the instrument, then normalise the body again.'
);
--! EndIncluded quality/rules/structure/rule_bar_instrument_known.sql
--! Included quality/rules/structure/rule_bar_ohlc_order.sql
-- High is not below low, and open and close lie between them.
create or replace function quality.rule_bar_ohlc_order(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('open', c.open, 'high', c.high, 'low', c.low, 'close', c.close),
    'low <= open <= high and low <= close <= high',
    concat_ws(
      ' ',
      case when c.high < c.low then format('High %s is below low %s.', c.high, c.low) end,
      case when c.open not between c.low and c.high then format('Open %s is outside [%s, %s].', c.open, c.low, c.high) end,
      case when c.close not between c.low and c.high then format('Close %s is outside [%s, %s].', c.close, c.low, c.high) end
    )
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    and (c.high < c.low or c.open not between c.low and c.high or c.close not between c.low and c.high);
end;

comment on function quality.rule_bar_ohlc_order(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id whose high is below the low, or whose open or close lies outside [low, high]. The comparison is exact, without a tolerance, as the checks of market.price_data are: what passes here can be stored. A normaliser of a provider whose prices carry rounding noise has to round them first. A missing price is not judged here. p_parameters is not used.';

revoke all on function quality.rule_bar_ohlc_order(bigint, jsonb) from public;
grant execute on function quality.rule_bar_ohlc_order(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_ohlc_order', 'candidate_bar', 'structure', 'critical', '{}',
  'The prices of a bar contradict each other: high below low, or open or close outside of both.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_ohlc_order.sql
--! Included quality/rules/structure/rule_bar_prices_positive.sql
-- Prices are positive and finite.
create or replace function quality.rule_bar_prices_positive(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('open', c.open, 'high', c.high, 'low', c.low, 'close', c.close),
    'prices above 0 and finite',
    format('Open %s, high %s, low %s, close %s: a price is not positive and finite.', c.open, c.high, c.low, c.close)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    -- NaN sorts above infinity, so this refuses it too. A missing price is the affair of bar_values_present.
    and (least(c.open, c.high, c.low, c.close) <= 0 or greatest(c.open, c.high, c.low, c.close) >= 'infinity');
end;

comment on function quality.rule_bar_prices_positive(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a price that is zero, negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_prices_positive(bigint, jsonb) from public;
grant execute on function quality.rule_bar_prices_positive(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_positive', 'candidate_bar', 'structure', 'critical', '{}',
  'A price is zero, negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_prices_positive.sql
--! Included quality/rules/structure/rule_bar_readable.sql
-- A bar could be read as it came.
create or replace function quality.rule_bar_readable(p_raw_response_id bigint, p_parameters jsonb)
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
    c.payload,
    'a row whose fields can all be read',
    format('Unreadable: %s.', c.payload ->> 'problem')
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and c.payload ? 'problem';
end;

comment on function quality.rule_bar_readable(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id that its normaliser could not read entirely: another number of fields than the header, text where a number or a date belongs. p_parameters is not used.';

revoke all on function quality.rule_bar_readable(bigint, jsonb) from public;
grant execute on function quality.rule_bar_readable(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_readable', 'candidate_bar', 'structure', 'critical', '{}',
  'A row of the body could not be read as a bar.',
  'Look at the row in ingest.quarantine, correct the file and import it again.'
);
--! EndIncluded quality/rules/structure/rule_bar_readable.sql
--! Included quality/rules/structure/rule_bar_unique.sql
-- A body gives one set of values for a bar.
create or replace function quality.rule_bar_unique(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with contradictory as (
    select c.instrument_id, c.bar_interval, c.ts, count(*) as row_count
    from ingest.candidate_bar as c
    where c.raw_response_id = p_raw_response_id and c.instrument_id is not null and c.ts is not null
    group by c.instrument_id, c.bar_interval, c.ts
    having count(*) > 1 and count(distinct (c.open, c.high, c.low, c.close, c.volume, c.adjusted_close)) > 1
  )
  select
    c.row_no,
    c.instrument_id,
    c.ts,
    jsonb_build_object('row_no', c.row_no, 'symbol', c.symbol),
    jsonb_build_object(
      'open', c.open, 'high', c.high, 'low', c.low, 'close', c.close, 'volume', c.volume,
      'adjusted_close', c.adjusted_close, 'rows', contradictory.row_count
    ),
    'the same values wherever the body gives the bar',
    format('The body gives this bar %s times, with different values.', contradictory.row_count)
  from contradictory
  join ingest.candidate_bar as c
    on c.raw_response_id = p_raw_response_id
    and c.instrument_id = contradictory.instrument_id
    and c.bar_interval = contradictory.bar_interval
    and c.ts = contradictory.ts;
end;

comment on function quality.rule_bar_unique(bigint, jsonb) is
'Candidate bars that the body p_raw_response_id gives more than once with different values: all of them, since nothing says which is true. A bar repeated with equal values passes. p_parameters is not used.';

revoke all on function quality.rule_bar_unique(bigint, jsonb) from public;
grant execute on function quality.rule_bar_unique(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_unique', 'candidate_bar', 'structure', 'critical', '{}',
  'One body gives different values for one bar, and nothing says which are true.',
  'Ask the provider for the day again when its session is over, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_unique.sql
--! Included quality/rules/structure/rule_bar_values_present.sql
-- A bar has a time, four prices and a volume.
create or replace function quality.rule_bar_values_present(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object(
      'ts', c.ts, 'session_date', c.session_date, 'open', c.open, 'high', c.high, 'low', c.low, 'close', c.close, 'volume', c.volume
    ),
    'a time, open, high, low, close and volume',
    format('Missing: %s.', concat_ws(
      ', ',
      case when c.ts is null or c.session_date is null then 'time' end,
      case when c.open is null then 'open' end,
      case when c.high is null then 'high' end,
      case when c.low is null then 'low' end,
      case when c.close is null then 'close' end,
      case when c.volume is null then 'volume' end
    ))
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    and num_nulls(c.ts, c.session_date, c.open, c.high, c.low, c.close, c.volume) > 0;
end;

comment on function quality.rule_bar_values_present(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id without a time, a price or a volume. adjusted_close may be missing. p_parameters is not used.';

revoke all on function quality.rule_bar_values_present(bigint, jsonb) from public;
grant execute on function quality.rule_bar_values_present(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_values_present', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came without its time, a price or its volume.',
  'Ask the provider for the day again; a value that stays missing is a day without a trade.'
);
--! EndIncluded quality/rules/structure/rule_bar_values_present.sql
--! Included quality/rules/structure/rule_bar_volume_valid.sql
-- Volume is not negative and finite.
create or replace function quality.rule_bar_volume_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('volume', c.volume),
    'a volume of 0 or more, finite',
    format('Volume %s is negative or not finite.', c.volume)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and (c.volume < 0 or c.volume >= 'infinity');
end;

comment on function quality.rule_bar_volume_valid(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a volume that is negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_volume_valid(bigint, jsonb) from public;
grant execute on function quality.rule_bar_volume_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_volume_valid', 'candidate_bar', 'structure', 'critical', '{}',
  'A volume is negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_volume_valid.sql
--! Included quality/rules/structure/rule_fact_filed_after_period.sql
-- A fact is filed, by a named filing, not before its period ends.
create or replace function quality.rule_fact_filed_after_period(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('period_end', c.period_end, 'filed', c.filed, 'form', c.form, 'accession', c.accession),
    'a form, an accession number and a date of filing not before the end of the period',
    case
      when c.filed < c.period_end then format('Filed %s, before the period ends %s.', c.filed, c.period_end)
      else format('Missing: %s.', concat_ws(
        ', ',
        case when c.filed is null then 'date of filing' end,
        case when coalesce(c.form, '') = '' then 'form' end,
        case when coalesce(c.accession, '') = '' then 'accession number' end
      ))
    end
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id
    and (c.filed is null or c.filed < c.period_end or coalesce(c.form, '') = '' or coalesce(c.accession, '') = '');
end;

comment on function quality.rule_fact_filed_after_period(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id that no filing is named for, or that were filed before their period ended and so cannot be reported facts. p_parameters is not used.';

revoke all on function quality.rule_fact_filed_after_period(bigint, jsonb) from public;
grant execute on function quality.rule_fact_filed_after_period(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_filed_after_period', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact names no filing, or one that was filed before its period was over: from when it could be known cannot be said.',
  'Look at the filing itself: the date of the period or of the filing is wrong, or the value is a forecast.'
);
--! EndIncluded quality/rules/structure/rule_fact_filed_after_period.sql
--! Included quality/rules/structure/rule_fact_instrument_known.sql
-- A reported fact belongs to an instrument that is known.
create or replace function quality.rule_fact_instrument_known(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('accession', c.accession),
    'the company of an instrument of market.instrument',
    'The company of the fact is not known.'
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and c.instrument_id is null;
end;

comment on function quality.rule_fact_instrument_known(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id whose company could not be resolved to an instrument. p_parameters is not used.';

revoke all on function quality.rule_fact_instrument_known(bigint, jsonb) from public;
grant execute on function quality.rule_fact_instrument_known(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_instrument_known', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact came for a company that marketbase does not know, so it cannot be stored under an instrument.',
  'Add the instrument with its central index key, then normalise the body again.'
);
--! EndIncluded quality/rules/structure/rule_fact_instrument_known.sql
--! Included quality/rules/structure/rule_fact_period_order.sql
-- The period of a reported fact does not end before it starts.
create or replace function quality.rule_fact_period_order(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('period_start', c.period_start, 'period_end', c.period_end),
    'period_start <= period_end',
    case
      when c.period_start > c.period_end then format('The period ends %s, before it starts %s.', c.period_end, c.period_start)
      else 'The period has no start or no end.'
    end
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and (c.period_start <= c.period_end) is not true;
end;

comment on function quality.rule_fact_period_order(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id whose period has no start, no end or ends before it starts. p_parameters is not used.';

revoke all on function quality.rule_fact_period_order(bigint, jsonb) from public;
grant execute on function quality.rule_fact_period_order(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_period_order', 'candidate_fact', 'structure', 'critical', '{}',
  'The period of a fact is missing or ends before it starts.',
  'Look at the filing itself; ask the provider again.'
);
--! EndIncluded quality/rules/structure/rule_fact_period_order.sql
--! Included quality/rules/structure/rule_fact_readable.sql
-- A fact could be read as it came.
create or replace function quality.rule_fact_readable(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    c.payload,
    'a fact whose fields can all be read',
    format('Unreadable: %s.', c.payload ->> 'problem')
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and c.payload ? 'problem';
end;

comment on function quality.rule_fact_readable(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id that its normaliser could not read entirely: a date, a value, a form or a filing that is missing or is something else. p_parameters is not used.';

revoke all on function quality.rule_fact_readable(bigint, jsonb) from public;
grant execute on function quality.rule_fact_readable(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_readable', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact of the body could not be read.',
  'Look at the fact in ingest.quarantine and at the filing that it names; ask the provider again.'
);
--! EndIncluded quality/rules/structure/rule_fact_readable.sql
--! Included quality/rules/structure/rule_fact_unit_present.sql
-- A reported fact has a unit.
create or replace function quality.rule_fact_unit_present(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('unit', c.unit, 'value', c.value),
    'a unit such as USD or shares',
    'The value has no unit.'
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and coalesce(c.unit, '') = '';
end;

comment on function quality.rule_fact_unit_present(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id without a unit. p_parameters is not used.';

revoke all on function quality.rule_fact_unit_present(bigint, jsonb) from public;
grant execute on function quality.rule_fact_unit_present(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_unit_present', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact came without a unit, so its value says nothing.',
  'Look at the filing itself; ask the provider again.'
);
--! EndIncluded quality/rules/structure/rule_fact_unit_present.sql
--! Included quality/rules/structure/rule_fact_value_present.sql
-- A reported fact has a concept and a value.
create or replace function quality.rule_fact_value_present(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('taxonomy', c.taxonomy, 'concept', c.concept, 'value', c.value),
    'a taxonomy, a concept and a finite value',
    case
      when c.value in ('NaN', 'Infinity', '-Infinity') then format('The value is %s.', c.value)
      else format('Missing: %s.', concat_ws(
        ', ',
        case when coalesce(c.taxonomy, '') = '' then 'taxonomy' end,
        case when coalesce(c.concept, '') = '' then 'concept' end,
        case when c.value is null then 'value' end
      ))
    end
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id
    and (
      coalesce(c.taxonomy, '') = '' or coalesce(c.concept, '') = ''
      or c.value is null or c.value in ('NaN', 'Infinity', '-Infinity')
    );
end;

comment on function quality.rule_fact_value_present(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id without a taxonomy, a concept or a finite value. p_parameters is not used.';

revoke all on function quality.rule_fact_value_present(bigint, jsonb) from public;
grant execute on function quality.rule_fact_value_present(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_value_present', 'candidate_fact', 'structure', 'critical', '{}',
  'A fact came without saying what it is or how much.',
  'Look at the filing itself; ask the provider again.'
);
--! EndIncluded quality/rules/structure/rule_fact_value_present.sql
--! Included quality/validate.sql
-- Applies the rules in force to what is stored and remembers what each said.
create or replace function quality.validate(
  p_run_id bigint,
  p_instrument_ids bigint[] default null,
  p_from timestamptz default null,
  p_datasets text[] default null
)
returns setof quality.validation_result
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_datasets constant text[] := array['price_data', 'company_fundamental', 'feature_vector', 'model_prediction'];
  v_from constant timestamptz := coalesce(p_from, '-infinity');
  v_instrument_ids bigint[];
  v_wrong text;
begin
  select dataset into v_wrong from unnest(p_datasets) as dataset where dataset is null or dataset <> all (c_datasets) limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s is not stored data that rules look at.', coalesce(quote_literal(left(v_wrong, 80)), 'null')),
      hint = format('Choose from %s.', array_to_string(c_datasets, ', '));
  end if;
  select id into v_wrong
  from unnest(p_instrument_ids) as id
  where not exists (select from market.instrument as instrument where instrument.instrument_id = id)
  limit 1;
  if found then
    raise exception using errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(v_wrong, 'null')),
      hint = 'select instrument_id, symbol from market.instrument lists them.';
  end if;
  select array_agg(instrument.instrument_id order by instrument.instrument_id)
  into v_instrument_ids
  from market.instrument as instrument
  where p_instrument_ids is null or instrument.instrument_id = any (p_instrument_ids);

  return query
  with violation as materialized (
    select
      v.rule, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message,
      row_number() over (partition by v.rule, v.instrument_id order by v.ts, v.key::text) as finding_no
    from quality.stored_violations(v_instrument_ids, v_from, 'infinity', coalesce(p_datasets, c_datasets)) as v
  ),
  verdict as (
    select
      r.rule, r.version, r.dataset, r.severity, asked.instrument_id,
      coalesce(population.checked_count, 0) as checked_count,
      coalesce(failure.failed_count, 0) as failed_count,
      failure.first_message,
      case when v_from > '-infinity' and population.checked_count > 0 then v_from else population.from_ts end as from_ts,
      population.to_ts
    from quality.rule_in_force as r
    cross join unnest(v_instrument_ids) as asked (instrument_id)
    left join quality.rule_populations(v_instrument_ids, v_from, 'infinity', coalesce(p_datasets, c_datasets)) as population
      on population.population = r.population and population.instrument_id = asked.instrument_id
    left join (
      select
        violation.rule, violation.instrument_id, count(*) as failed_count,
        min(violation.message) filter (where violation.finding_no = 1) as first_message
      from violation
      group by violation.rule, violation.instrument_id
    ) as failure on failure.rule = r.rule and failure.instrument_id = asked.instrument_id
    where r.dataset = any (coalesce(p_datasets, c_datasets))
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, instrument_id, status, severity, checked_count, failed_count, from_ts, to_ts, message, run_id
    )
    select
      verdict.rule, verdict.version, verdict.dataset, verdict.instrument_id,
      quality.status(verdict.checked_count, verdict.failed_count), verdict.severity,
      verdict.checked_count, verdict.failed_count, verdict.from_ts, verdict.to_ts,
      quality.result_message(verdict.checked_count, verdict.failed_count, verdict.first_message), p_run_id
    from verdict
    -- A look at the end of a series alone must not hide what was said of the whole: there, nothing to check is nothing to say.
    where v_from = '-infinity' or verdict.checked_count > 0
    order by verdict.rule, verdict.instrument_id
    returning *
  ),
  finding as (
    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from violation
    join result on result.rule = violation.rule and result.instrument_id = violation.instrument_id
    join quality.rule_in_force as r on r.rule = violation.rule
    where violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::bigint, 1000)
    order by result.validation_result_id, violation.finding_no
  )
  select result.*
  from result
  order by result.rule, result.instrument_id;
end;
$$;

comment on function quality.validate(bigint, bigint[], timestamptz, text[]) is
'Applies the rules in force to what is stored of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), in the run p_run_id. p_datasets limits it to some of price_data, company_fundamental, feature_vector, model_prediction (NULL: all). Writes and returns one quality.validation_result per rule and instrument, passed, failed or not_applicable; with p_from, only where there was something to look at. Failures have their first findings (max_findings of the rule, default 1000); failed_count counts all. Errors: MB001 for a dataset that is none, MB002 for an unknown instrument; a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.validate(bigint, bigint[], timestamptz, text[]) from public;
grant execute on function quality.validate(bigint, bigint[], timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/validate.sql
--! Included quality/validate_candidates.sql
-- Judges the candidates of a body, remembers the verdict and returns the rows to refuse.
create or replace function quality.validate_candidates(p_run_id bigint, p_raw_response_id bigint)
returns setof quality.rejected_row
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_dataset text;
  v_population quality.population;
begin
  select case response.dataset when 'bars' then 'candidate_bar' when 'fundamentals' then 'candidate_fact' else response.dataset end
  into v_dataset
  from ingest.raw_response as response
  where response.raw_response_id = p_raw_response_id;
  if not found then
    raise exception using errcode = 'MB001',
      message = format('There is no body %s.', coalesce(p_raw_response_id::text, 'null')),
      hint = 'Give the raw_response_id of a row of ingest.raw_response.';
  end if;

  -- instrument_id is that of all rows, or null where they differ or one has none.
  select
    case when count(candidate.instrument_id) = count(*) and min(candidate.instrument_id) = max(candidate.instrument_id)
      then min(candidate.instrument_id)
    end,
    count(*), min(candidate.ts), max(candidate.ts)
  into v_population
  from (
    select bar.instrument_id, bar.ts
    from ingest.candidate_bar as bar
    where v_dataset = 'candidate_bar' and bar.raw_response_id = p_raw_response_id
    union all
    select fact.instrument_id, fact.period_end::timestamp at time zone 'UTC'
    from ingest.candidate_fact as fact
    where v_dataset = 'candidate_fact' and fact.raw_response_id = p_raw_response_id
  ) as candidate;

  return query
  with violation as materialized (
    select
      v.rule, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message,
      row_number() over (partition by v.rule order by v.row_no) as finding_no
    from quality.candidate_violations(p_raw_response_id, v_dataset) as v
  ),
  verdict as (
    select
      r.rule, r.version, r.severity,
      count(violation.rule) as failed_count,
      min(violation.message) filter (where violation.finding_no = 1) as first_message
    from quality.rule_in_force as r
    left join violation on violation.rule = r.rule
    where r.dataset = v_dataset
    group by r.rule, r.version, r.severity
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, instrument_id, raw_response_id, status, severity,
      checked_count, failed_count, from_ts, to_ts, message, run_id
    )
    select
      verdict.rule, verdict.version, v_dataset, v_population.instrument_id, p_raw_response_id,
      quality.status(v_population.checked_count, verdict.failed_count), verdict.severity,
      v_population.checked_count, verdict.failed_count, v_population.from_ts, v_population.to_ts,
      quality.result_message(v_population.checked_count, verdict.failed_count, verdict.first_message), p_run_id
    from verdict
    order by verdict.rule
    returning validation_result_id, rule
  ),
  finding as (
    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from violation
    join result on result.rule = violation.rule
    join quality.rule_in_force as r on r.rule = violation.rule
    where violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::bigint, 1000)
    order by violation.rule, violation.finding_no
  )
  select violation.row_no, array_agg(violation.rule order by violation.rule), string_agg(violation.message, ' ' order by violation.rule)
  from violation
  join verdict on verdict.rule = violation.rule and verdict.severity = 'critical'
  group by violation.row_no
  order by violation.row_no;
end;
$$;

comment on function quality.validate_candidates(bigint, bigint) is
'Applies the rules in force to the candidates (ingest.candidate_bar or ingest.candidate_fact) of the body p_raw_response_id in the run p_run_id. Writes one quality.validation_result per rule, passed or failed, with its first findings (max_findings of the rule, default 1000), and returns the rows that fail a critical rule, by row_no: they belong in ingest.quarantine. A body without rows gives results that are not_applicable. Datasets without candidates (trades, documents) give nothing. Errors: MB001 for an unknown body; a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.validate_candidates(bigint, bigint) from public;
grant execute on function quality.validate_candidates(bigint, bigint) to marketbase_worker;
--! EndIncluded quality/validate_candidates.sql
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
comment on column quality.rule_in_force.family is E'@notNull\nFamily: structure, prices, calendar, fundamentals, features or predictions.';
comment on column quality.rule_in_force.severity is E'@notNull\ncritical (the row is quarantined), error, warning or info.';
comment on column quality.rule_in_force.parameters is E'@notNull\nThresholds, a JSON object.';
comment on column quality.rule_in_force.population is E'@notNull\nWhat checked_count counts.';
comment on column quality.rule_in_force.function_name is E'@notNull\nFunction that finds the violations.';
comment on column quality.rule_in_force.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.rule_in_force.remedy is E'@notNull\nWhat to do then.';
comment on column quality.rule_in_force.in_force_from is E'@notNull\nFrom when this version is in force.';

grant select on quality.rule_in_force to marketbase_reader;
--! EndIncluded quality/views/rule_in_force.sql
--! Included quality/views/rule_summary.sql
-- One row per rule: what it said last, over all instruments.
create or replace view quality.rule_summary
with (security_invoker = true)
as
select
  in_force.rule,
  in_force.version,
  in_force.dataset,
  in_force.family,
  in_force.severity,
  in_force.description,
  in_force.remedy,
  count(*) filter (where latest.status = 'passed') as passed_count,
  count(*) filter (where latest.status = 'failed') as failed_count,
  count(*) filter (where latest.status = 'not_applicable') as not_applicable_count,
  coalesce(sum(latest.checked_count), 0)::bigint as checked_row_count,
  coalesce(sum(latest.failed_count), 0)::bigint as failed_row_count,
  max(latest.recorded_at) as last_recorded_at
from quality.rule_in_force as in_force
left join (
  select distinct on (result.rule, result.instrument_id, result.raw_response_id)
    result.rule, result.status, result.checked_count, result.failed_count, result.recorded_at
  from quality.validation_result as result
  order by result.rule, result.instrument_id, result.raw_response_id, result.validation_result_id desc
) as latest on latest.rule = in_force.rule
group by
  in_force.rule, in_force.version, in_force.dataset, in_force.family, in_force.severity, in_force.description, in_force.remedy;

comment on view quality.rule_summary is E'@primaryKey rule\n@foreignKey (rule, version) references quality.validation_rule (rule, version)|@fieldName validationRule|@foreignFieldName ruleSummaries\nOne row per rule in force: how many instruments (for rules on candidates: bodies) passed and failed when it looked at them last.';
comment on column quality.rule_summary.rule is E'@notNull\nRule.';
comment on column quality.rule_summary.version is E'@notNull\nVersion in force.';
comment on column quality.rule_summary.dataset is E'@notNull\nWhat it looks at.';
comment on column quality.rule_summary.family is E'@notNull\nFamily of the rule.';
comment on column quality.rule_summary.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.rule_summary.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.rule_summary.remedy is E'@notNull\nWhat to do then.';
comment on column quality.rule_summary.passed_count is E'@notNull\nInstruments or bodies that passed.';
comment on column quality.rule_summary.failed_count is E'@notNull\nInstruments or bodies that failed.';
comment on column quality.rule_summary.not_applicable_count is E'@notNull\nInstruments or bodies in which there was nothing to look at.';
comment on column quality.rule_summary.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.rule_summary.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.rule_summary.last_recorded_at is 'When it was last applied; null where it never was.';

grant select on quality.rule_summary to marketbase_reader;
--! EndIncluded quality/views/rule_summary.sql
--! Included risk/compute_var.sql
-- Value at risk of a portfolio at the close of its sessions, by historical simulation.
create or replace function risk.compute_var(
  p_run_id bigint,
  p_portfolio text,
  p_confidence double precision default 0.99,
  p_horizon_days integer default 1,
  p_window_days integer default 500,
  p_from date default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio constant portfolio.portfolio := portfolio.find_portfolio(p_portfolio);
  v_needed integer;
  v_sessions bigint;
  v_most integer;
  v_count bigint;
begin
  if not coalesce(p_confidence > 0 and p_confidence < 1 and p_horizon_days between 1 and 250 and p_window_days between 2 and 10000, false) then
    raise exception using
      errcode = 'MB001',
      message = 'the confidence must lie between 0 and 1, the horizon between 1 and 250 sessions, the window between 2 and 10000 sessions',
      hint = 'For example: risk.compute_var(run, ''demo'', 0.99, 1, 500).';
  end if;
  v_needed := ceil(1 / (1 - p_confidence) - 1e-9);
  if p_window_days < v_needed then
    raise exception using
      errcode = 'MB007',
      message = format('a confidence of %s needs a window of %s returns at least, not %s', p_confidence, v_needed, p_window_days),
      hint = 'Use a longer window or a lower confidence.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('portfolio ' || p_portfolio, 0));

  with sample as (
    select
      value.session_date,
      value.net_asset_value,
      risk.simulated_profits(v_portfolio.portfolio_id, value.session_date, p_horizon_days, p_window_days) as profits
    from portfolio.valuations(v_portfolio.portfolio_id) as value
    where value.net_asset_value > 0 and value.session_date >= coalesce(p_from, '-infinity')
  ),
  calculated as (
    select
      session_date,
      cardinality(profits) as observation_count,
      risk.historical_var(profits, p_confidence) / net_asset_value::double precision as value_at_risk,
      risk.historical_es(profits, p_confidence) / net_asset_value::double precision as expected_shortfall,
      net_asset_value
    from sample
    where cardinality(profits) = p_window_days
  ),
  written as (
    insert into risk.var_calculation as stored (
      portfolio_id, session_date, method, confidence, horizon_days, window_days, observation_count, value_at_risk, expected_shortfall, portfolio_value, run_id
    )
    select
      v_portfolio.portfolio_id, session_date, 'historical', p_confidence, p_horizon_days, p_window_days, observation_count,
      value_at_risk, expected_shortfall, net_asset_value, p_run_id
    from calculated
    order by session_date
    on conflict (portfolio_id, session_date, method, confidence, horizon_days, window_days) do update
    set
      observation_count = excluded.observation_count, value_at_risk = excluded.value_at_risk, expected_shortfall = excluded.expected_shortfall,
      portfolio_value = excluded.portfolio_value, recorded_at = excluded.recorded_at, run_id = excluded.run_id
    where (stored.observation_count, stored.value_at_risk, stored.expected_shortfall, stored.portfolio_value)
      is distinct from (excluded.observation_count, excluded.value_at_risk, excluded.expected_shortfall, excluded.portfolio_value)
    returning 1
  )
  select
    (select count(*) from calculated),
    (select max(cardinality(profits)) from sample),
    (select count(*) from written)
  into v_sessions, v_most, v_count;

  if v_sessions = 0 then
    raise exception using
      errcode = 'MB007',
      message = format(
        'portfolio %s has no session with %s past returns of what it held; the most is %s', p_portfolio, p_window_days, coalesce(v_most, 0)
      ),
      hint = 'Compute its positions first, ingest more bars, or use a shorter window.';
  end if;
  return v_count;
end
$$;

comment on function risk.compute_var(bigint, text, double precision, integer, integer, date) is
'Writes value at risk and expected shortfall of portfolio p_portfolio, by historical simulation, for every session (from p_from on) at whose close it held
something and p_window_days past returns of all that it held were there, and returns how many were new or changed; 0 where all is as it was. The holdings of
that close are taken through the returns of the last p_window_days sessions (overlapping over p_horizon_days), made from portfolio.return_prices as now
known; losses are fractions of the net asset value, cash included. Conventions as risk.historical_var and risk.historical_es. MB001 bad argument, MB003
unknown portfolio, MB007 too few returns.';

revoke all on function risk.compute_var(bigint, text, double precision, integer, integer, date) from public;
grant execute on function risk.compute_var(bigint, text, double precision, integer, integer, date) to marketbase_worker;
--! EndIncluded risk/compute_var.sql
--! Included risk/grants.sql
-- Who may do what with value at risk: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema risk to marketbase_reader;

alter table risk.var_calculation enable row level security;
drop policy if exists var_calculation_read on risk.var_calculation;
create policy var_calculation_read on risk.var_calculation for select to marketbase_reader using (true);
drop policy if exists var_calculation_insert on risk.var_calculation;
create policy var_calculation_insert on risk.var_calculation for insert to marketbase_worker with check (true);
drop policy if exists var_calculation_update on risk.var_calculation;
create policy var_calculation_update on risk.var_calculation for update to marketbase_worker using (true) with check (true);
revoke all on risk.var_calculation from public, marketbase_reader, marketbase_worker;
grant select on risk.var_calculation to marketbase_reader;
grant insert (
  portfolio_id, session_date, method, confidence, horizon_days, window_days, observation_count, value_at_risk, expected_shortfall,
  portfolio_value, run_id
) on risk.var_calculation to marketbase_worker;
grant update (observation_count, value_at_risk, expected_shortfall, portfolio_value, recorded_at, run_id) on risk.var_calculation to marketbase_worker;
--! EndIncluded risk/grants.sql
--! Included risk/historical_es.sql
-- Historical expected shortfall.
create or replace function risk.historical_es(p_returns double precision[], p_confidence double precision) returns double precision
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_value_at_risk constant double precision := risk.historical_var(p_returns, p_confidence);
  v_mean_loss double precision;
begin
  select -avg(value) into v_mean_loss
  from unnest(p_returns) as value
  where value <= -v_value_at_risk + 1e-12 * abs(v_value_at_risk);
  -- The mean of equal losses may miss them by a rounding error: the shortfall is never less than the value at risk.
  return greatest(v_mean_loss, v_value_at_risk);
end
$$;

comment on function risk.historical_es(double precision[], double precision) is
'Expected shortfall of p_returns (fractions, one per period) at p_confidence, as a positive fraction for a loss: the mean loss of the returns at or beyond
risk.historical_var (Acerbi and Tasche 2002, the tail mean; PerformanceAnalytics'' ES(method = "historical") takes those beyond only, the same unless the
quantile is itself one of the returns). NULL elements are skipped. MB001 and MB007 as risk.historical_var.';

revoke all on function risk.historical_es(double precision[], double precision) from public;
grant execute on function risk.historical_es(double precision[], double precision) to marketbase_reader;
--! EndIncluded risk/historical_es.sql
--! Included risk/historical_var.sql
-- Historical value at risk.
create or replace function risk.historical_var(p_returns double precision[], p_confidence double precision) returns double precision
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_count integer;
  v_quantile double precision;
begin
  if not coalesce(p_confidence > 0 and p_confidence < 1, false) then
    raise exception using
      errcode = 'MB001',
      message = format('the confidence %s does not lie between 0 and 1', coalesce(p_confidence::text, 'null')),
      hint = 'A confidence of 99 % is 0.99.';
  end if;
  select count(value), percentile_cont(1 - p_confidence) within group (order by value) into v_count, v_quantile from unnest(p_returns) as value;
  if v_count * (1 - p_confidence) < 1 - 1e-9 then
    raise exception using
      errcode = 'MB007',
      message = format('a confidence of %s needs %s returns at least; there are %s', p_confidence, ceil(1 / (1 - p_confidence) - 1e-9), v_count),
      hint = 'Use more returns or a lower confidence.';
  end if;
  return -v_quantile;
end
$$;

comment on function risk.historical_var(double precision[], double precision) is
'Value at risk of p_returns (fractions, one per period) at p_confidence, as a positive fraction for a loss: minus their quantile at 1 - p_confidence,
interpolated linearly between order statistics (Hyndman and Fan 1996, type 7: the default of R''s quantile and of numpy, hence the convention of
PerformanceAnalytics'' VaR(method = "historical") and of empyrical''s value_at_risk). NULL elements are skipped. MB001 for a confidence that does not lie
between 0 and 1, MB007 with fewer returns than 1 / (1 - p_confidence): the tail would hold none.';

revoke all on function risk.historical_var(double precision[], double precision) from public;
grant execute on function risk.historical_var(double precision[], double precision) to marketbase_reader;
--! EndIncluded risk/historical_var.sql
--! Included risk/simulated_profits.sql
-- What the holdings of a close would have earned over each past horizon.
create or replace function risk.simulated_profits(
  p_portfolio_id bigint,
  p_session_date date,
  p_horizon_days integer default 1,
  p_window_days integer default 500
) returns double precision[]
language sql stable parallel safe
begin atomic
  with holding as (
    select instrument_id, market_value::double precision as market_value
    from portfolio.portfolio_position
    where portfolio_id = p_portfolio_id and session_date = p_session_date and quantity <> 0
  ),
  period as (
    select
      instrument_id,
      session_date,
      price / lag(price, p_horizon_days) over (partition by instrument_id order by session_date) - 1 as return
    from portfolio.return_prices(
      array(select instrument_id from holding), p_session_date - (2 * (p_window_days + p_horizon_days) + 30), p_session_date
    )
  ),
  scenario as (
    select period.session_date, sum(holding.market_value * period.return order by holding.instrument_id) as profit
    from period
    join holding on holding.instrument_id = period.instrument_id
    group by period.session_date
    having count(period.return) = (select count(*) from holding)
    order by period.session_date desc
    limit p_window_days
  )
  select array_agg(profit order by session_date desc) from scenario;
end;

comment on function risk.simulated_profits(bigint, date, integer, integer) is
'What the positions of a portfolio at the close of p_session_date would have earned over each of the last p_window_days periods of p_horizon_days sessions
(overlapping), newest first, in the base currency: the sum of market value times past return. Returns are made from portfolio.return_prices as now known; only
sessions on which everything that is held has one count, and they are looked for in twice as many days. Fewer elements where there are fewer; NULL for none.';

revoke all on function risk.simulated_profits(bigint, date, integer, integer) from public;
grant execute on function risk.simulated_profits(bigint, date, integer, integer) to marketbase_analyst;
--! EndIncluded risk/simulated_profits.sql
--! Included risk/value_at_risk.sql
-- Value at risk with the portfolio in words.
create or replace view risk.value_at_risk with (security_invoker = true) as
select
  book.name as portfolio,
  calculation.session_date,
  calculation.method,
  calculation.confidence,
  calculation.horizon_days,
  calculation.window_days,
  calculation.value_at_risk,
  calculation.expected_shortfall,
  calculation.portfolio_value,
  (calculation.value_at_risk * calculation.portfolio_value::double precision) as value_at_risk_amount,
  calculation.observation_count,
  calculation.var_calculation_id,
  calculation.portfolio_id,
  calculation.recorded_at,
  calculation.run_id
from risk.var_calculation calculation
join portfolio.portfolio book on book.portfolio_id = calculation.portfolio_id;

comment on view risk.value_at_risk is 'Value at risk and expected shortfall by portfolio and session.';
comment on column risk.value_at_risk.portfolio is 'Name of the portfolio.';
comment on column risk.value_at_risk.session_date is 'Session at whose close it was computed.';
comment on column risk.value_at_risk.method is 'historical.';
comment on column risk.value_at_risk.confidence is 'Confidence level, such as 0.99.';
comment on column risk.value_at_risk.horizon_days is 'Horizon in sessions.';
comment on column risk.value_at_risk.window_days is 'Sessions in the window.';
comment on column risk.value_at_risk.value_at_risk is 'Loss that is exceeded with probability 1 - confidence, as a fraction of the value.';
comment on column risk.value_at_risk.expected_shortfall is 'Mean loss at or beyond value_at_risk, as a fraction of the value.';
comment on column risk.value_at_risk.portfolio_value is 'Value of the portfolio at that close, in its base currency.';
comment on column risk.value_at_risk.value_at_risk_amount is 'value_at_risk in the base currency.';
comment on column risk.value_at_risk.observation_count is 'Returns that were there.';
comment on column risk.value_at_risk.var_calculation_id is 'Identity, for lineage.trace(''risk.var_calculation'', …).';
comment on column risk.value_at_risk.portfolio_id is 'Portfolio.';
comment on column risk.value_at_risk.recorded_at is 'When it was computed.';
comment on column risk.value_at_risk.run_id is 'Run that computed it.';

grant select on risk.value_at_risk to marketbase_reader;
--! EndIncluded risk/value_at_risk.sql
--! Included search/cosine_similarity.sql
-- The cosine of the angle between two embeddings.
create or replace function search.cosine_similarity(p_a real[], p_b real[]) returns double precision
language sql immutable parallel safe
begin atomic
  select sum(a::double precision * b) / nullif(sqrt(sum(a::double precision * a)) * sqrt(sum(b::double precision * b)), 0)
  from unnest(p_a, p_b) as pair (a, b)
  having count(a) = count(*) and count(b) = count(*);
end;

comment on function search.cosine_similarity(real[], real[]) is
'Cosine similarity of two embeddings of the same length, from -1 to 1, summed in double precision. NULL where a length differs, an element is NULL or one is
zero.';

revoke all on function search.cosine_similarity(real[], real[]) from public;
grant execute on function search.cosine_similarity(real[], real[]) to marketbase_reader;
--! EndIncluded search/cosine_similarity.sql
--! Included search/documents.sql
-- Full-text search in what was known at a moment.
create or replace function search.documents(
  p_query text,
  p_as_of timestamptz default now(),
  p_symbol text default null,
  p_limit integer default 20
) returns setof search.document_match
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_instrument_id constant bigint := case when p_symbol is not null then market.instrument_id(p_symbol) end;
begin
  if coalesce(btrim(p_query), '') = '' or length(p_query) > 1000 or not coalesce(p_limit between 1 and 1000, false) then
    raise exception using
      errcode = 'MB001',
      message = 'a search needs 1 to 1000 characters and a limit from 1 to 1000',
      hint = 'For example: select * from search.documents(''"stock split" -dividend'').';
  end if;

  return query
  with query as (
    -- Words are reduced to their stems in the language of the document; a hyphen within a word is a blank, as in search.document.words.
    select
      spoken.language,
      websearch_to_tsquery(spoken.language, regexp_replace(search.plain_text(p_query), '(?<=\w)-(?=\w)', ' ', 'g')) as words
    from (select distinct language from search.document) as spoken
  ),
  best as (
    select document.*, query.words as query, ts_rank_cd(document.words, query.words, 1)::double precision as rank
    from query
    join search.document on document.language = query.language and document.words @@ query.words
    where document.known_from <= p_as_of
      and (v_instrument_id is null or document.instrument_id = v_instrument_id)
    order by rank desc, document.published_at desc, document.document_id
    limit p_limit
  )
  select
    best.document_id,
    instrument.symbol,
    best.title,
    ts_headline(best.language, search.plain_text(best.body), best.query, 'StartSel=**, StopSel=**, MaxFragments=2, MaxWords=30, MinWords=12'),
    best.rank,
    best.published_at,
    best.known_from,
    best.source_url
  from best
  left join market.instrument on instrument.instrument_id = best.instrument_id
  order by best.rank desc, best.published_at desc, best.document_id;
end
$$;

comment on function search.documents(text, timestamptz, text, integer) is
'The documents with the words of p_query that could be known at p_as_of (default: now), best first, p_limit at most. p_query is written as for a web search:
words that must all be there, "a phrase", or, -without. The title counts more than the text; the rank is PostgreSQL''s cover density, divided by the
logarithm of the length. p_symbol: only about that instrument. MB001 for an empty or overlong query or a limit outside 1 to 1000, MB002 for an unknown
symbol.';

revoke all on function search.documents(text, timestamptz, text, integer) from public;
grant execute on function search.documents(text, timestamptz, text, integer) to marketbase_reader;
--! EndIncluded search/documents.sql
--! Included search/grants.sql
-- Who may do what with documents: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema search to marketbase_reader;

alter table search.document enable row level security;
drop policy if exists document_read on search.document;
create policy document_read on search.document for select to marketbase_reader using (true);
drop policy if exists document_insert on search.document;
create policy document_insert on search.document for insert to marketbase_worker with check (true);
revoke all on search.document from public, marketbase_reader, marketbase_worker;
grant select on search.document to marketbase_reader;
grant insert (
  instrument_id, title, body, language, source_url, published_at, known_from, sha256, raw_response_id, run_id
) on search.document to marketbase_worker;

alter table search.document_embedding enable row level security;
drop policy if exists document_embedding_read on search.document_embedding;
create policy document_embedding_read on search.document_embedding for select to marketbase_reader using (true);
drop policy if exists document_embedding_insert on search.document_embedding;
create policy document_embedding_insert on search.document_embedding for insert to marketbase_worker with check (true);
revoke all on search.document_embedding from public, marketbase_reader, marketbase_worker;
grant select on search.document_embedding to marketbase_reader;
grant insert (document_id, model, passage_no, embedding, run_id) on search.document_embedding to marketbase_worker;
--! EndIncluded search/grants.sql
--! Included search/is_instant.sql
-- Whether a text is a moment that is the same everywhere.
create or replace function search.is_instant(p_text text) returns boolean
language sql stable parallel safe
return p_text ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$' and pg_input_is_valid(p_text, 'timestamptz');

comment on function search.is_instant(text) is
'True where p_text is a date and time with its zone as in ISO 8601, such as 2014-06-09T09:30:00-04:00; NULL for NULL.';

revoke all on function search.is_instant(text) from public;
grant execute on function search.is_instant(text) to marketbase_worker;
--! EndIncluded search/is_instant.sql
--! Included search/nearest.sql
-- The documents nearest to an embedding, exactly.
create or replace function search.nearest(
  p_embedding real[],
  p_model text,
  p_as_of timestamptz default now(),
  p_symbol text default null,
  p_limit integer default 10
) returns setof search.nearest_document
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_instrument_id constant bigint := case when p_symbol is not null then market.instrument_id(p_symbol) end;
  v_dimensions integer;
begin
  select dimensions into v_dimensions from search.document_embedding where model = p_model limit 1;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there are no embeddings by model %s', coalesce(quote_literal(left(p_model, 60)), 'null')),
      hint = coalesce(
        'The models are: ' || (select string_agg(distinct model, ', ' order by model) from search.document_embedding) || '.',
        'Store some with search.store_embedding.'
      );
  elsif cardinality(p_embedding) is distinct from v_dimensions or not coalesce(p_limit between 1 and 1000, false) then
    raise exception using
      errcode = 'MB001',
      message = format(
        'the embeddings of model %s have %s dimensions, not %s, and the limit goes from 1 to 1000', p_model, v_dimensions, coalesce(cardinality(p_embedding), 0)
      ),
      hint = 'Embed the question with the model that embedded the documents.';
  end if;

  return query
  select
    document.document_id,
    embedded.passage_no,
    instrument.symbol,
    document.title,
    search.cosine_similarity(embedded.embedding, p_embedding) as similarity,
    document.published_at,
    document.known_from,
    document.source_url
  from search.document_embedding embedded
  join search.document on document.document_id = embedded.document_id
  left join market.instrument on instrument.instrument_id = document.instrument_id
  where embedded.model = p_model
    and document.known_from <= p_as_of
    and (v_instrument_id is null or document.instrument_id = v_instrument_id)
  order by similarity desc nulls last, document.document_id, embedded.passage_no
  limit p_limit;
end
$$;

comment on function search.nearest(real[], text, timestamptz, text, integer) is
'The passages whose embeddings by model p_model have the highest cosine similarity to p_embedding, among those that could be known at p_as_of (default: now),
nearest first, p_limit at most. Exact: every embedding of the model is compared, about half a millisecond for one of 1536 dimensions. p_symbol: only about
that instrument. MB001 for another number of dimensions or a limit outside 1 to 1000, MB002 for an unknown symbol, MB003 for a model without embeddings.';

revoke all on function search.nearest(real[], text, timestamptz, text, integer) from public;
grant execute on function search.nearest(real[], text, timestamptz, text, integer) to marketbase_analyst;
--! EndIncluded search/nearest.sql
--! Included search/plain_text.sql
-- Text in plain signs.
create or replace function search.plain_text(p_text text) returns text
language sql immutable parallel safe
return translate(p_text, U&'\2019\2018\2122\00AE\00A9\2120\201C\201D\201E\00AB\00BB\2013\2014\2015\2026\2022\00B7\00A0', '''''    """""---.** ');

comment on function search.plain_text(text) is
'p_text with plain signs for typographic ones: apostrophes, quotes, dashes, full stops for ellipses, asterisks for bullets, blanks for trade marks and no-break
spaces. The parser of full-text search takes many of those for letters. NULL for NULL.';

revoke all on function search.plain_text(text) from public;
grant execute on function search.plain_text(text) to marketbase_reader;
--! EndIncluded search/plain_text.sql
--! Included search/record_documents.sql
-- Reads landed documents, one JSON object per line.
create or replace function search.record_documents(p_run_id bigint, p_raw_response_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_line record;
  v_item jsonb;
  v_problem text;
  v_instrument_id bigint;
  v_new integer;
  v_count bigint := 0;
  v_lines bigint := 0;
begin
  perform ingest.require_success(p_raw_response_id);
  perform ingest.body_text(p_raw_response_id) where exists (
    select from ingest.raw_response where raw_response_id = p_raw_response_id and body is not null
  );

  for v_line in select line_no, line from ingest.body_lines(p_raw_response_id) order by line_no loop
    v_lines := v_lines + 1;
    v_item := case when pg_input_is_valid(v_line.line, 'jsonb') then v_line.line::jsonb end;
    v_problem := search.document_problem(v_item);
    if v_problem is null then
      v_instrument_id := case when v_item ->> 'symbol' is not null then market.instrument_id(v_item ->> 'symbol') end;
      begin
        insert into search.document (
          instrument_id, title, body, language, source_url, published_at, known_from, sha256, raw_response_id, run_id
        )
        values (
          v_instrument_id,
          v_item ->> 'title',
          v_item ->> 'body',
          coalesce(v_item ->> 'language', 'pg_catalog.english')::regconfig,
          v_item ->> 'source_url',
          (v_item ->> 'published_at')::timestamptz,
          coalesce(v_item ->> 'known_from', v_item ->> 'published_at')::timestamptz,
          encode(sha256(convert_to((v_item ->> 'title') || e'\n' || (v_item ->> 'body'), 'UTF8')), 'hex'),
          p_raw_response_id,
          p_run_id
        )
        on conflict (sha256) do nothing;
        get diagnostics v_new = row_count;
        v_count := v_count + v_new;
      exception
        when program_limit_exceeded then
          v_problem := 'the text is too long to be searched; cut it into passages';
      end;
    end if;
    if v_problem is not null then
      raise exception using
        errcode = 'MB004',
        message = format('line %s of the documents: %s', v_line.line_no, v_problem),
        hint = 'Correct the file and land it again; nothing of it was recorded.';
    end if;
  end loop;
  if v_lines = 0 then
    raise exception using
      errcode = 'MB004',
      message = 'the file of documents is empty',
      hint = 'It needs one JSON object per line, with title, body and published_at.';
  end if;
  return v_count;
end
$$;

comment on function search.record_documents(bigint, bigint) is
'Records landed documents (one JSON object per line: title, body and published_at with its zone; optionally symbol, known_from, source_url and language, a
text search configuration) and returns how many were new. The same title and text are one document, whatever else is said about it. known_from is
published_at unless given. All documents of the body are stored, or none. MB004 a line that cannot be right, MB002 unknown symbol, MB001 unknown response.';

revoke all on function search.record_documents(bigint, bigint) from public;
grant execute on function search.record_documents(bigint, bigint) to marketbase_worker;
--! EndIncluded search/record_documents.sql
--! Included search/store_embedding.sql
-- Stores the embedding of a document or of one of its passages.
create or replace function search.store_embedding(
  p_run_id bigint,
  p_document_id bigint,
  p_model text,
  p_embedding real[],
  p_passage_no integer default 0
) returns boolean
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_dimensions integer;
  v_known real[];
  v_problem text;
begin
  select dimensions into v_dimensions from search.document_embedding where model = p_model limit 1;
  if coalesce(btrim(p_model), '') = '' then
    v_problem := 'an embedding needs the name of the model that made it';
  elsif coalesce(cardinality(p_embedding), 0) = 0 or array_ndims(p_embedding) <> 1 or array_position(p_embedding, null) is not null
    or p_embedding && array['NaN', 'Infinity', '-Infinity']::real[]
  then
    v_problem := 'an embedding is a list of finite numbers';
  elsif not exists (select from unnest(p_embedding) as element where element <> 0) then
    v_problem := 'an embedding of zeros has no direction';
  elsif cardinality(p_embedding) <> v_dimensions then
    v_problem := format('the embeddings of model %s have %s dimensions, not %s', p_model, v_dimensions, cardinality(p_embedding));
  elsif not coalesce(p_passage_no >= 0, false) then
    v_problem := 'passages are numbered from 0';
  elsif not exists (select from search.document where document_id = p_document_id) then
    v_problem := format('there is no document %s', coalesce(p_document_id::text, 'null'));
  end if;
  if v_problem is not null then
    raise exception using errcode = 'MB001', message = v_problem, hint = 'See the comment of search.store_embedding.';
  end if;

  insert into search.document_embedding (document_id, model, passage_no, embedding, run_id)
  values (p_document_id, p_model, p_passage_no, p_embedding, p_run_id)
  on conflict (document_id, model, passage_no) do nothing;
  if found then
    return true;
  end if;
  select embedding into v_known from search.document_embedding where (document_id, model, passage_no) = (p_document_id, p_model, p_passage_no);
  if v_known is distinct from p_embedding then
    raise exception using
      errcode = 'MB008',
      message = format('passage %s of document %s has another embedding by model %s', p_passage_no, p_document_id, p_model),
      hint = 'Embeddings do not change; store those of another version of the model under another name.';
  end if;
  return false;
end
$$;

comment on function search.store_embedding(bigint, bigint, text, real[], integer) is
'Stores the embedding of passage p_passage_no (default 0: the whole) of a document by model p_model; true where it is new, false where it is there already.
All embeddings of a model have the same number of dimensions. MB001 bad argument, MB008 where another embedding is stored under that name.';

revoke all on function search.store_embedding(bigint, bigint, text, real[], integer) from public;
grant execute on function search.store_embedding(bigint, bigint, text, real[], integer) to marketbase_worker;
--! EndIncluded search/store_embedding.sql
--! Included ta/grants.sql
-- Who may use the kernels: every reader, as they are pure. Each kernel's file grants its execution.
grant usage on schema ta to marketbase_reader;
--! EndIncluded ta/grants.sql
--! Included ta/helper/bollinger.sql
-- Gives one of the three Bollinger bands.
create or replace function ta.bollinger(
  kernel text,
  series double precision[],
  period integer,
  deviations double precision
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
begin
  perform ta.check_number(kernel, 'deviations', deviations);
  select array_agg(m.value + deviations * s.value order by m.bar)
  into result
  from unnest(ta.window_sum(kernel, series, period, period, true)) with ordinality as m (value, bar)
  join unnest(ta.window_deviation(kernel, series, period, period, 0, false)) with ordinality as s (value, bar) using (bar);
  return case when bars = 0 then series else result end;
end
$$;

comment on function ta.bollinger(text, double precision[], integer, double precision) is
$$Helper of the kernels: the simple moving average plus some standard deviations of the population.
Arguments: kernel, the name for messages; series; period in bars; deviations, how many, negative for the lower band. NULL while the window has a NULL, NaN
or infinity.
Errors: MB001 for a bad period, number or array.$$;

revoke all on function ta.bollinger(text, double precision[], integer, double precision) from public;
grant execute on function ta.bollinger(text, double precision[], integer, double precision) to marketbase_reader;
--! EndIncluded ta/helper/bollinger.sql
--! Included ta/helper/change.sql
-- Gives the change over some bars in one of several measures.
create or replace function ta.change(
  kernel text,
  series double precision[],
  period integer,
  measure text
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
  earlier double precision;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in period + 1..bars loop
    x := series[i];
    earlier := series[i - period];
    if abs(x) < 'infinity' and abs(earlier) < 'infinity' then
      result[i] := case
        when measure = 'difference' then x - earlier
        when earlier = 0 then 0
        when measure = 'percent' then (x / earlier - 1) * 100
        else (x - earlier) / earlier
      end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.change(text, double precision[], integer, text) is
$$Helper of the kernels: the change against the value period bars ago.
Arguments: kernel, the name for messages; series; period in bars; measure, 'difference', 'percent' or 'fraction' (the last two are 0 where the earlier value
is 0).
NULL where either value is NULL, NaN or infinite. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.change(text, double precision[], integer, text) from public;
grant execute on function ta.change(text, double precision[], integer, text) to marketbase_reader;
--! EndIncluded ta/helper/change.sql
--! Included ta/helper/check_number.sql
-- Refuses a factor that a kernel cannot use.
create or replace function ta.check_number(
  kernel text,
  argument text,
  factor double precision
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if factor is null or factor in ('NaN', 'infinity', '-infinity') then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s must be a finite number, not %s.', kernel, argument, coalesce(factor::text, 'NULL')),
      hint = format('Call the kernel with a finite number for %s.', argument);
  end if;
end
$$;

comment on function ta.check_number(text, text, double precision) is
$$Helper of the kernels: raises MB001 unless the argument is a finite number. Called once per call of a kernel.
Arguments: kernel and argument, the names for the message; factor, the value given. Returns nothing.
Errors: MB001 when factor is NULL, NaN or infinite.$$;

revoke all on function ta.check_number(text, text, double precision) from public;
grant execute on function ta.check_number(text, text, double precision) to marketbase_reader;
--! EndIncluded ta/helper/check_number.sql
--! Included ta/helper/check_period.sql
-- Refuses a period, or another whole-number argument, that a kernel cannot use.
create or replace function ta.check_period(
  kernel text,
  argument text,
  period integer,
  smallest integer
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if period is null or period < smallest then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s must be a whole number of at least %s, not %s.', kernel, argument, smallest, coalesce(period::text, 'NULL')),
      hint = format('Call the kernel with %s => %s or more.', argument, smallest);
  end if;
end
$$;

comment on function ta.check_period(text, text, integer, integer) is
$$Helper of the kernels: raises MB001 unless the argument is a whole number of at least the smallest one that makes sense. Called once per call of a kernel.
Arguments: kernel and argument, the names for the message; period, the value given; smallest, the least value accepted. Returns nothing.
Errors: MB001 when period is NULL or below smallest.$$;

revoke all on function ta.check_period(text, text, integer, integer) from public;
grant execute on function ta.check_period(text, text, integer, integer) to marketbase_reader;
--! EndIncluded ta/helper/check_period.sql
--! Included ta/helper/check_series.sql
-- Refuses an array that is not a plain series of the length that a kernel expects.
create or replace function ta.check_series(
  kernel text,
  argument text,
  series double precision[],
  bars integer
)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if cardinality(series) <> bars then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s has %s bars where the other arrays have %s.', kernel, argument, cardinality(series), bars),
      hint = 'Build all arrays of one call from the same rows, NULL where a value is missing.';
  end if;
  if array_ndims(series) > 1 or array_lower(series, 1) <> 1 then
    raise exception using
      errcode = 'MB001',
      message = format('ta.%s: %s must be a one-dimensional array that begins at index 1.', kernel, argument),
      hint = 'Build it with array_agg(value order by ts).';
  end if;
end
$$;

comment on function ta.check_series(text, text, double precision[], integer) is
$$Helper of the kernels: raises MB001 unless the array is one-dimensional, begins at index 1 and has the expected number of bars. Called once per array and
call of a kernel.
Arguments: kernel and argument, the names for the message; series, the array given; bars, the number of bars that it must have. NULL passes. Returns
nothing.
Errors: MB001 for another length, more than one dimension, another first index.$$;

revoke all on function ta.check_series(text, text, double precision[], integer) from public;
grant execute on function ta.check_series(text, text, double precision[], integer) to marketbase_reader;
--! EndIncluded ta/helper/check_series.sql
--! Included ta/helper/directional_part.sql
-- Gives one of the lines of Wilder's directional movement system.
create or replace function ta.directional_part(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  period integer,
  answer text
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  x double precision;
  before double precision;
  rise double precision;
  fall double precision;
  plus double precision := 0;
  minus double precision := 0;
  true_range double precision := 0;
  kept double precision;
  index double precision := 0;
  average double precision := 0;
  counted integer := -1;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  perform ta.check_series(kernel, 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  if bars = 0 then
    return result;
  end if;
  kept := (period - 1.0) / period;
  foreach x in array close loop
    i := i + 1;
    if abs(x) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      counted := counted + 1;
      if counted > 0 then
        rise := high[i] - high[i - 1];
        fall := low[i - 1] - low[i];
        -- The first period - 1 changes are added up, later ones enter by Wilder's smoothing of a sum.
        if counted >= period then
          plus := plus * kept;
          minus := minus * kept;
          true_range := true_range * kept;
        end if;
        if rise > fall and rise > 0 then
          plus := plus + rise;
        elsif fall > rise and fall > 0 then
          minus := minus + fall;
        end if;
        true_range := true_range + greatest(high[i], before) - least(low[i], before);
        if counted >= period then
          if answer = 'plus' then
            result[i] := coalesce(100 * plus / nullif(true_range, 0), 0);
          elsif answer = 'minus' then
            result[i] := coalesce(100 * minus / nullif(true_range, 0), 0);
          else
            if true_range > 0 and plus + minus > 0 then
              index := 100 * abs(plus - minus) / (plus + minus);
              average := average + (index - average) / least(counted - period + 1, period);
            elsif counted < 2 * period then
              average := average - average / (counted - period + 1);
            end if;
            if answer = 'index' then
              result[i] := index;
            elsif counted >= 2 * period - 1 then
              result[i] := average;
            end if;
          end if;
        end if;
      end if;
      before := x;
    else
      counted := -1;
      plus := 0;
      minus := 0;
      true_range := 0;
      index := 0;
      average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.directional_part(text, double precision[], double precision[], double precision[], integer, text) is
$$Helper of the kernels: Wilder's directional movement in one pass: +DI, -DI, DX, or ADX, which is the average of DX, seeded with the simple average of its
first period values.
Arguments: kernel, the name for messages; high, low, close; period in bars; answer, 'plus', 'minus', 'index' or 'average'.
Where nothing moves, the DIs are 0, DX and ADX keep their last value; in the seed of ADX such a bar counts as 0.
NULL at a NULL, NaN or infinity, after which the warm-up of period bars (2 * period - 1 for the average) begins anew. Errors: MB001 for a bad period or
arrays.$$;

revoke all on function ta.directional_part(text, double precision[], double precision[], double precision[], integer, text) from public;
grant execute on function ta.directional_part(text, double precision[], double precision[], double precision[], integer, text) to marketbase_reader;
--! EndIncluded ta/helper/directional_part.sql
--! Included ta/helper/exact_binary.sql
-- Turns a double into numeric without any rounding.
create or replace function ta.exact_binary(
  value double precision
)
returns numeric
language sql
immutable
parallel safe
return case
  -- 2^62 times the fraction is a whole number; the factor is 2^-62.
  when abs(value) < 9e15 and (abs(value) > 0.002 or value = 0) then
    trunc(value)::bigint + ((value - trunc(value)) * 4611686018427387904)::bigint * 0.00000000000000000021684043449710088680149056017398834228515625
  when abs(value) < 'infinity' then value::text::numeric
end;

comment on function ta.exact_binary(double precision) is
$$Helper of the kernels: a double as numeric, bit for bit where its magnitude is between 0.002 and 9e15, else by its shortest text.
Arguments: value, in any unit. NULL, NaN and infinity give NULL. Errors: none.$$;

revoke all on function ta.exact_binary(double precision) from public;
grant execute on function ta.exact_binary(double precision) to marketbase_reader;
--! EndIncluded ta/helper/exact_binary.sql
--! Included ta/helper/exact_decimal.sql
-- Turns a double into the decimal number that exact window sums are made of.
create or replace function ta.exact_decimal(
  value double precision
)
returns numeric
language sql
immutable
parallel safe
return case
  when abs(value) < 9e15 then trunc(value)::bigint + (value - trunc(value))::text::numeric
  when abs(value) < 'infinity' then value::text::numeric
end;

comment on function ta.exact_decimal(double precision) is
$$Helper of the kernels: the decimal number of a double, for sums that are exact and therefore do not depend on what left the window.
The integer part is exact; the fraction is its shortest text that reads back as the same double (an error below 1e-16 times the fraction).
Arguments: value, in any unit. NULL, NaN and infinity give NULL. Errors: none.$$;

revoke all on function ta.exact_decimal(double precision) from public;
grant execute on function ta.exact_decimal(double precision) to marketbase_reader;
--! EndIncluded ta/helper/exact_decimal.sql
--! Included ta/helper/macd_part.sql
-- Gives the line, the signal or the histogram of the MACD.
create or replace function ta.macd_part(
  kernel text,
  series double precision[],
  fast integer,
  slow integer,
  signal integer,
  part text
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  shorter constant integer := least(fast, slow);
  longer constant integer := greatest(fast, slow);
  fast_weight double precision;
  slow_weight double precision;
  signal_weight double precision;
  result double precision[];
  x double precision;
  fast_average double precision := 0;
  slow_average double precision := 0;
  signal_average double precision := 0;
  line double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'fast', fast, 1);
  perform ta.check_period(kernel, 'slow', slow, 1);
  perform ta.check_period(kernel, 'signal', signal, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  fast_weight := 2.0 / (shorter + 1.0);
  slow_weight := 2.0 / (longer + 1.0);
  signal_weight := 2.0 / (signal + 1.0);
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      -- A seed is the mean of its first bars; both seeds end at the bar where the slow one is complete.
      if counted > longer then
        slow_average := slow_average + slow_weight * (x - slow_average);
        fast_average := fast_average + fast_weight * (x - fast_average);
      else
        slow_average := slow_average + (x - slow_average) / counted;
        if counted > longer - shorter then
          fast_average := fast_average + (x - fast_average) / (counted - longer + shorter);
        end if;
      end if;
      if counted >= longer then
        line := fast_average - slow_average;
        if counted >= longer + signal then
          signal_average := signal_average + signal_weight * (line - signal_average);
        else
          signal_average := signal_average + (line - signal_average) / (counted - longer + 1);
        end if;
        if counted >= longer + signal - 1 then
          result[i] := case part when 'line' then line when 'signal' then signal_average else line - signal_average end;
        end if;
      end if;
    else
      counted := 0;
      fast_average := 0;
      slow_average := 0;
      signal_average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.macd_part(text, double precision[], integer, integer, integer, text) is
$$Helper of the kernels: one of the three series of the MACD in one pass.
Arguments: kernel, the name for messages; series; fast, slow and signal, periods in bars, where fast and slow may stand in either order; part, 'line',
'signal' or 'histogram'.
NULL at a NULL, NaN or infinity, after which the warm-up of slow + signal - 2 bars begins anew. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.macd_part(text, double precision[], integer, integer, integer, text) from public;
grant execute on function ta.macd_part(text, double precision[], integer, integer, integer, text) to marketbase_reader;
--! EndIncluded ta/helper/macd_part.sql
--! Included ta/helper/range_position.sql
-- Places the close in the range of the last bars, in percent.
create or replace function ta.range_position(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  period integer,
  from_top boolean
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  highest double precision[];
  lowest double precision[];
  result double precision[];
  extent double precision;
begin
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  perform ta.check_series(kernel, 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  highest := ta.window_extreme(kernel, high, period, period, 1, 'value');
  lowest := ta.window_extreme(kernel, low, period, period, -1, 'value');
  result := array_fill(null::double precision, array[bars]);
  for i in period..bars loop
    extent := highest[i] - lowest[i];
    if extent is not null and abs(close[i]) < 'infinity' then
      result[i] := case when extent = 0 then 0 when from_top then (close[i] - highest[i]) / extent * 100 else (close[i] - lowest[i]) / extent * 100 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.range_position(text, double precision[], double precision[], double precision[], integer, boolean) is
$$Helper of the kernels: where the close lies between the lowest low and the highest high of the last bars, in percent of that range; 0 where the range is 0.
Arguments: kernel, the name for messages; high, low, close; period in bars; from_top, counted downwards from the highest high (0 to -100) instead of upwards
from the lowest low.
NULL while the highs or lows of the window, or the close of the bar, have a NULL, NaN or infinity. Errors: MB001 for a bad period or arrays.$$;

revoke all on function ta.range_position(text, double precision[], double precision[], double precision[], integer, boolean) from public;
grant execute on function ta.range_position(text, double precision[], double precision[], double precision[], integer, boolean) to marketbase_reader;
--! EndIncluded ta/helper/range_position.sql
--! Included ta/helper/stochastic.sql
-- Gives %K or %D of the stochastic oscillator.
create or replace function ta.stochastic(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer,
  slow_k integer,
  slow_d integer,
  answer text
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  line double precision[];
  signal double precision[];
begin
  perform ta.check_period(kernel, 'fast_k', fast_k, 1);
  perform ta.check_period(kernel, case when kernel like 'stochf%' then 'fast_k' else 'slow_k' end, slow_k, 1);
  perform ta.check_period(kernel, case when kernel like 'stochf%' then 'fast_d' else 'slow_d' end, slow_d, 1);
  line := ta.window_sum(kernel, ta.range_position(kernel, high, low, close, fast_k, false), slow_k, slow_k, true);
  signal := ta.window_sum(kernel, line, slow_d, slow_d, true);
  if line is null then
    return null;
  end if;
  if answer = 'k' then
    for i in 1..bars loop
      if signal[i] is null then
        line[i] := null;
      end if;
    end loop;
    return line;
  end if;
  return signal;
end
$$;

comment on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, text) is
$$Helper of the kernels: the stochastic oscillator, smoothed by simple averages: %K of slow_k bars, %D of slow_d bars over %K. Both begin at the same bar.
Arguments: kernel, the name for messages; high, low, close; fast_k, bars of the range; slow_k and slow_d, bars of the averages; answer, 'k' or 'd'.
NULL while any window has a NULL, NaN or infinity. Errors: MB001 for a bad period or arrays.$$;

revoke all on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, text) from public;
grant execute on function ta.stochastic(text, double precision[], double precision[], double precision[], integer, integer, integer, text) to marketbase_reader;
--! EndIncluded ta/helper/stochastic.sql
--! Included ta/helper/wilder_range.sql
-- Gives Wilder's average true range, in price or in percent of the close.
create or replace function ta.wilder_range(
  kernel text,
  high double precision[],
  low double precision[],
  close double precision[],
  period integer,
  percent boolean
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  x double precision;
  before double precision;
  average double precision := 0;
  counted integer := -1;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'high', high, bars);
  perform ta.check_series(kernel, 'low', low, bars);
  perform ta.check_series(kernel, 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  if bars = 0 then
    return result;
  end if;
  foreach x in array close loop
    i := i + 1;
    if abs(x) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      counted := counted + 1;
      if counted > 0 then
        -- The first period ranges are averaged with equal weights, later ones by Wilder's smoothing.
        average := average + (greatest(high[i], before) - least(low[i], before) - average) / least(counted, period);
        if counted >= period then
          result[i] := case when percent then 100 * average / nullif(x, 0) else average end;
        end if;
      end if;
      before := x;
    else
      counted := -1;
      average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.wilder_range(text, double precision[], double precision[], double precision[], integer, boolean) is
$$Helper of the kernels: the average true range by Wilder's smoothing, seeded with the simple average of the first period true ranges.
Arguments: kernel, the name for messages; high, low, close; period in bars; percent, in percent of the close instead of price.
NULL at a NULL, NaN or infinity, after which the warm-up of period bars begins anew. Errors: MB001 for a bad period or arrays.$$;

revoke all on function ta.wilder_range(text, double precision[], double precision[], double precision[], integer, boolean) from public;
grant execute on function ta.wilder_range(text, double precision[], double precision[], double precision[], integer, boolean) to marketbase_reader;
--! EndIncluded ta/helper/wilder_range.sql
--! Included ta/helper/wilder_strength.sql
-- Gives RSI or CMO from Wilder's averages of gains and losses.
create or replace function ta.wilder_strength(
  kernel text,
  series double precision[],
  period integer,
  answer text
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
  previous double precision;
  gain double precision := 0;
  loss double precision := 0;
  counted integer := -1;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      if counted > 0 then
        -- The first period changes are averaged with equal weights, later ones by Wilder's smoothing.
        gain := gain + (greatest(x - previous, 0) - gain) / least(counted, period);
        loss := loss + (greatest(previous - x, 0) - loss) / least(counted, period);
        if counted >= period then
          result[i] := 100 * case answer when 'rsi' then gain else gain - loss end / coalesce(nullif(gain + loss, 0), 1);
        end if;
      end if;
      previous := x;
    else
      counted := -1;
      gain := 0;
      loss := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.wilder_strength(text, double precision[], integer, text) is
$$Helper of the kernels: 100 times the average gain (RSI), or the average gain minus the average loss (CMO), over the sum of both. 0 where the price has not
moved at all.
Arguments: kernel, the name for messages; series; period in bars; answer, 'rsi' or 'cmo'.
NULL at a NULL, NaN or infinity, after which the warm-up of period bars begins anew. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.wilder_strength(text, double precision[], integer, text) from public;
grant execute on function ta.wilder_strength(text, double precision[], integer, text) to marketbase_reader;
--! EndIncluded ta/helper/wilder_strength.sql
--! Included ta/helper/window_deviation.sql
-- Gives the standard deviation or the variance of each window, exactly, so that a result depends on its own window alone.
create or replace function ta.window_deviation(
  kernel text,
  series double precision[],
  period integer,
  min_count integer,
  lost_degrees integer,
  squared boolean
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
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  select array_agg(
    case
      when w.counted < min_count or w.counted <= lost_degrees then null
      when squared then w.variance * w.counted / (w.counted - lost_degrees)
      else sqrt(w.variance * w.counted / (w.counted - lost_degrees))
    end
    order by w.bar
  )
  into result
  from (
    select e.bar, count(e.value) over recent as counted, (var_pop(e.value) over recent)::double precision as variance
    from (
      select v.bar, ta.exact_decimal(v.value) as value
      from unnest(series) with ordinality as v (value, bar)
      offset 0
    ) as e
    window recent as (order by e.bar rows between period - 1 preceding and current row)
  ) as w;
  return result;
end
$$;

comment on function ta.window_deviation(text, double precision[], integer, integer, integer, boolean) is
$$Helper of the kernels: the standard deviation, or the variance, of each window of the last bars.
Method: var_pop over numeric, whose sliding sums are exact. So the result is equal, bit for bit, wherever the array begins, a constant window gives exactly
0, and nothing drifts.
Sliding sums in double precision were tried: three times faster, but each result then carries the rounding of all bars before it. Cost: one pass, whatever
the period.
Arguments: kernel, the name for messages; series; period, bars per window; min_count, the least number of values that a window needs;
lost_degrees, 0 for the population's, 1 for the sample's deviation; squared, variance instead of deviation.
NULL, NaN and infinity are left out; fewer than min_count values, or not more than lost_degrees, give NULL. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_deviation(text, double precision[], integer, integer, integer, boolean) from public;
grant execute on function ta.window_deviation(text, double precision[], integer, integer, integer, boolean) to marketbase_reader;
--! EndIncluded ta/helper/window_deviation.sql
--! Included ta/helper/window_extreme.sql
-- Finds the largest or smallest value of each window, or its age, in one pass.
create or replace function ta.window_extreme(
  kernel text,
  series double precision[],
  period integer,
  min_count integer,
  direction integer,
  answer text
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
  -- The bars that can still become the extreme of a later window, oldest first: kept[first..last].
  kept integer[];
  first integer := 1;
  last integer := 0;
  x double precision;
  other double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  kept := array_fill(null::integer, array[bars]);
  foreach x in array series loop
    i := i + 1;
    if i > period and abs(series[i - period]) < 'infinity' then
      counted := counted - 1;
      if kept[first] = i - period then
        first := first + 1;
      end if;
    end if;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      while last >= first loop
        other := series[kept[last]];
        exit when (direction > 0 and x < other) or (direction < 0 and x > other) or (x = other and answer = 'oldest age');
        last := last - 1;
      end loop;
      last := last + 1;
      kept[last] := i;
    end if;
    if counted >= min_count then
      result[i] := case when answer = 'value' then series[kept[first]] else i - kept[first] end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_extreme(text, double precision[], integer, integer, integer, text) is
$$Helper of the kernels: the largest (direction 1) or smallest (direction -1) value of each window of the last bars, or the number of bars since it.
Method: a queue of the bars that may still become the extreme; every bar enters and leaves it once. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; min_count, the least number of values that a window needs; direction;
answer, 'value', 'newest age' or 'oldest age': an age is counted in bars, 0 is the current bar, and the word says which one among equals counts.
NULL, NaN and infinity are left out; fewer than min_count values give NULL. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_extreme(text, double precision[], integer, integer, integer, text) from public;
grant execute on function ta.window_extreme(text, double precision[], integer, integer, integer, text) to marketbase_reader;
--! EndIncluded ta/helper/window_extreme.sql
--! Included ta/helper/window_line.sql
-- Gives the linearly weighted mean or the regression line over time of each complete window, exactly.
create or replace function ta.window_line(
  kernel text,
  series double precision[],
  period integer,
  answer text
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
  largest double precision;
  smallest double precision;
  -- The answer is (weighted * sum of j x[j] + plain * sum of x[j]) / divisor, where j is 1 at the oldest bar of the window.
  weighted constant double precision := case answer when 'weighted mean' then 2 when 'end' then 6 when 'slope' then 12 end;
  plain constant double precision := case answer when 'weighted mean' then 0 when 'end' then -2 * (period + 1.0) when 'slope' then -6 * (period + 1.0) end;
  divisor constant double precision := period * (period + 1.0) * case answer when 'slope' then period - 1.0 else 1 end;
  splitter double precision := 1;
  x double precision;
  leaving double precision := 0;
  head_sum double precision := 0;
  tail_sum double precision := 0;
  head_weighted double precision := 0;
  tail_weighted double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, case answer when 'weighted mean' then 1 else 2 end);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;

  select max(abs(v.value)), min(abs(v.value)) filter (where v.value <> 0)
  into largest, smallest
  from unnest(series) as v (value)
  where abs(v.value) < 'infinity';

  -- As in window_sum: two doubles hold the sums without error while the magnitudes span less than this.
  if largest > 1e250 or smallest < 1e-250 or largest / smallest > 2.0 ^ 43 / (period + 1.0) ^ 4 then
    select array_agg(
      case when s.counted = period then
        (weighted::numeric * (s.by_bar - (s.bar - period) * s.total) + plain::numeric * s.total)::double precision / divisor
      end
      order by s.bar
    )
    into result
    from (
      select e.bar, count(e.value) over recent as counted, sum(e.value) over recent as total, sum(e.bar * e.value) over recent as by_bar
      from (
        select v.bar, ta.exact_binary(v.value) as value
        from unnest(series) with ordinality as v (value, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as s;
    return result;
  end if;

  result := array_fill(null::double precision, array[bars]);
  if largest > 0 then
    splitter := 1.5 * 2.0 ^ (ceil(log(24 * largest * (period + 1.0) * period) / log(2)) + 1);
  end if;
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
    else
      x := 0;
    end if;
    if i > period then
      leaving := series[i - period];
      if abs(leaving) < 'infinity' then
        counted := counted - 1;
      else
        leaving := 0;
      end if;
    end if;
    head_weighted := head_weighted + (period * ((x + splitter) - splitter) - head_sum);
    tail_weighted := tail_weighted + (period * (x - ((x + splitter) - splitter)) - tail_sum);
    head_sum := head_sum + (((x + splitter) - splitter) - ((leaving + splitter) - splitter));
    tail_sum := tail_sum + ((x - ((x + splitter) - splitter)) - (leaving - ((leaving + splitter) - splitter)));
    if counted = period then
      result[i] := ((weighted * head_weighted + plain * head_sum) + (weighted * tail_weighted + plain * tail_sum)) / divisor;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_line(text, double precision[], integer, text) is
$$Helper of the kernels: for each window of the last bars the mean with the weights 1, 2, ... period, the least-squares line's value at the newest bar, or its
slope per bar.
The sums are exact, as in window_sum, so the result is equal, bit for bit, wherever the array begins. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'weighted mean', 'end' or 'slope'.
NULL while the window has a NULL, NaN or infinity. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_line(text, double precision[], integer, text) from public;
grant execute on function ta.window_line(text, double precision[], integer, text) to marketbase_reader;
--! EndIncluded ta/helper/window_line.sql
--! Included ta/helper/window_mean_deviation.sql
-- Gives the mean absolute deviation from the mean of each complete window.
create or replace function ta.window_mean_deviation(
  series double precision[],
  means double precision[],
  period integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  result double precision[] := array_fill(null::double precision, array[bars]);
  total double precision;
  -- For long windows: the different values in order, each bar's place among them, and Fenwick trees of counts and exact sums over them.
  ladder double precision[];
  places integer[];
  steps integer;
  counts integer[];
  sums numeric[];
  place integer;
  x numeric;
  j integer;
  below integer;
  sum_below numeric;
  sum_all numeric := 0;
  centre double precision;
begin
  if period <= 100 then
    for i in period..bars loop
      centre := means[i];
      if centre is not null then
        total := 0;
        for k in i - period + 1..i loop
          total := total + abs(series[k] - centre);
        end loop;
        result[i] := total / period;
      end if;
    end loop;
    return result;
  end if;

  select array_agg(v.value order by v.value) into ladder from (select distinct u.value from unnest(series) as u (value) where u.value is not null) as v;
  select array_agg(case when r.value is not null then r.place end order by r.bar)
  into places
  from (
    select u.bar, u.value, dense_rank() over (order by u.value) as place
    from unnest(series) with ordinality as u (value, bar)
  ) as r;
  steps := coalesce(cardinality(ladder), 0);
  counts := array_fill(0, array[steps]);
  sums := array_fill(0::numeric, array[steps]);
  for i in 1..bars loop
    if i > period and places[i - period] is not null then
      x := ta.exact_binary(series[i - period]);
      sum_all := sum_all - x;
      j := places[i - period];
      while j <= steps loop
        counts[j] := counts[j] - 1;
        sums[j] := sums[j] - x;
        j := j + (j & -j);
      end loop;
    end if;
    if places[i] is not null then
      x := ta.exact_binary(series[i]);
      sum_all := sum_all + x;
      j := places[i];
      while j <= steps loop
        counts[j] := counts[j] + 1;
        sums[j] := sums[j] + x;
        j := j + (j & -j);
      end loop;
    end if;
    centre := means[i];
    if centre is not null then
      below := 0;
      sum_below := 0;
      j := width_bucket(centre, ladder);
      while j > 0 loop
        below := below + counts[j];
        sum_below := sum_below + sums[j];
        j := j & (j - 1);
      end loop;
      result[i] := (sum_all - 2 * sum_below + (2 * below - period) * ta.exact_binary(centre))::double precision / period;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_mean_deviation(double precision[], double precision[], integer) is
$$Helper of the kernels: the mean absolute deviation of each window of the last period bars from its mean. NULL where the mean is NULL.
Method: up to 100 bars by adding up, longer windows by Fenwick trees of counts and exact sums over the ordered values: bars * log(bars), whatever the
period.
Arguments: series, without NaN and infinity; means, of the same windows; period, bars per window. Errors: none.$$;

revoke all on function ta.window_mean_deviation(double precision[], double precision[], integer) from public;
grant execute on function ta.window_mean_deviation(double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/helper/window_mean_deviation.sql
--! Included ta/helper/window_order.sql
-- Gives the rank of the newest value in each window, or a quantile of the window.
create or replace function ta.window_order(
  kernel text,
  series double precision[],
  period integer,
  answer text,
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
  result double precision[];
  -- The different values in order, and for each bar the place of its value among them.
  ladder double precision[];
  places integer[];
  steps integer;
  largest_step integer := 1;
  -- A Fenwick tree: how many values of the window lie on each step of the ladder.
  tree integer[];
  place integer;
  j integer;
  below integer;
  equals integer;
  counted integer := 0;
  wanted double precision;
  missing integer;
  step integer;
  value double precision;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  select array_agg(v.value order by v.value) into ladder from (select distinct u.value from unnest(series) as u (value) where abs(u.value) < 'infinity') as v;
  select array_agg(case when abs(r.value) < 'infinity' then r.place end order by r.bar)
  into places
  from (
    select u.bar, u.value, dense_rank() over (order by case when abs(u.value) < 'infinity' then u.value end) as place
    from unnest(series) with ordinality as u (value, bar)
  ) as r;
  steps := coalesce(cardinality(ladder), 0);
  tree := array_fill(0, array[steps]);
  while largest_step * 2 <= steps loop
    largest_step := largest_step * 2;
  end loop;

  result := array_fill(null::double precision, array[bars]);
  foreach place in array places loop
    i := i + 1;
    if i > period and places[i - period] is not null then
      counted := counted - 1;
      j := places[i - period];
      while j <= steps loop
        tree[j] := tree[j] - 1;
        j := j + (j & -j);
      end loop;
    end if;
    if place is not null then
      counted := counted + 1;
      j := place;
      while j <= steps loop
        tree[j] := tree[j] + 1;
        j := j + (j & -j);
      end loop;
    end if;

    if answer = 'rank' then
      if place is not null then
        below := 0;
        j := place - 1;
        while j > 0 loop
          below := below + tree[j];
          j := j & (j - 1);
        end loop;
        equals := -below;
        j := place;
        while j > 0 loop
          equals := equals + tree[j];
          j := j & (j - 1);
        end loop;
        result[i] := (2 * below + equals + 1)::double precision / (2 * counted);
      end if;
    elsif counted > 0 then
      -- Between the values at 0 and counted - 1 the quantile is interpolated.
      wanted := quantile * (counted - 1);
      missing := floor(wanted) + 1;
      place := 0;
      step := largest_step;
      while step > 0 loop
        if place + step <= steps and tree[place + step] < missing then
          place := place + step;
          missing := missing - tree[place];
        end if;
        step := step / 2;
      end loop;
      value := ladder[place + 1];
      if wanted > floor(wanted) then
        missing := floor(wanted) + 2;
        place := 0;
        step := largest_step;
        while step > 0 loop
          if place + step <= steps and tree[place + step] < missing then
            place := place + step;
            missing := missing - tree[place];
          end if;
          step := step / 2;
        end loop;
        value := value + (ladder[place + 1] - value) * (wanted - floor(wanted));
      end if;
      result[i] := value;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_order(text, double precision[], integer, text, double precision) is
$$Helper of the kernels: the rank of the newest value among those of its window (the mean rank among equals, divided by their number), or a quantile of the
window's values,
interpolated between neighbours. Method: a Fenwick tree of counts over the ordered values. Cost: bars * log(bars), whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'rank' or 'quantile'; quantile, 0 to 1, NULL with a rank.
NULL, NaN and infinity are left out; NULL where the window has no value, and for a rank where the newest value is missing. Errors: MB001 for a bad period or
array.$$;

revoke all on function ta.window_order(text, double precision[], integer, text, double precision) from public;
grant execute on function ta.window_order(text, double precision[], integer, text, double precision) to marketbase_reader;
--! EndIncluded ta/helper/window_order.sql
--! Included ta/helper/window_pair.sql
-- Gives the correlation, covariance or slope of two series in each window, exactly.
create or replace function ta.window_pair(
  kernel text,
  x double precision[],
  y double precision[],
  period integer,
  min_count integer,
  measure text,
  flat double precision
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(x);
  result double precision[];
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'x', x, bars);
  perform ta.check_series(kernel, 'y', y, bars);
  if x is null or y is null then
    return null;
  end if;
  if bars = 0 then
    return x;
  end if;
  -- xy, xx and yy are the covariance and the variances, times pairs squared.
  select array_agg(
    case
      when m.pairs < min_count then null
      when measure = 'covariance' then m.xy / m.pairs / nullif(m.pairs - 1, 0)
      when measure = 'slope' then coalesce(m.xy / nullif(m.xx, 0), 0)
      when sqrt(least(m.xx, m.yy) / m.pairs / nullif(m.pairs - 1, 0)) <= flat then null
      when m.pairs > 1 then greatest(-1, least(1, coalesce(m.xy / nullif(sqrt(m.xx) * sqrt(m.yy), 0), 0)))
    end
    order by m.bar
  )
  into result
  from (
    select
      s.bar,
      s.pairs,
      (s.pairs * s.sum_xy - s.sum_x * s.sum_y)::double precision as xy,
      (s.pairs * s.sum_xx - s.sum_x * s.sum_x)::double precision as xx,
      (s.pairs * s.sum_yy - s.sum_y * s.sum_y)::double precision as yy
    from (
      select
        e.bar,
        count(e.x) over recent as pairs,
        sum(e.x) over recent as sum_x,
        sum(e.y) over recent as sum_y,
        sum(e.x * e.y) over recent as sum_xy,
        sum(e.x * e.x) over recent as sum_xx,
        sum(e.y * e.y) over recent as sum_yy
      from (
        select
          v.bar,
          case when abs(v.y) < 'infinity' then ta.exact_decimal(v.x) end as x,
          case when abs(v.x) < 'infinity' then ta.exact_decimal(v.y) end as y
        from unnest(x, y) with ordinality as v (x, y, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as s
  ) as m;
  return result;
end
$$;

comment on function ta.window_pair(text, double precision[], double precision[], integer, integer, text, double precision) is
$$Helper of the kernels: for each window of the last bars the correlation of x and y, the covariance of the sample, or the slope of y on x.
Method: sums over numeric, whose sliding is exact, so the result is equal, bit for bit, wherever the array begins. Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; x and y; period, bars per window; min_count, the least number of pairs that a window needs;
measure, 'correlation', 'covariance' or 'slope'; flat, a deviation of the sample: where x or y does not deviate more, the correlation is NULL. With flat
NULL it is 0 where x or y is constant.
Pairs with NULL, NaN or infinity are left out; fewer than min_count pairs give NULL, and so does one pair where two are needed. Errors: MB001 for a bad
period or arrays.$$;

revoke all on function ta.window_pair(text, double precision[], double precision[], integer, integer, text, double precision) from public;
grant execute on function ta.window_pair(text, double precision[], double precision[], integer, integer, text, double precision) to marketbase_reader;
--! EndIncluded ta/helper/window_pair.sql
--! Included ta/helper/window_sum.sql
-- Sums or averages each window, exactly, so that a result depends on its own window alone.
create or replace function ta.window_sum(
  kernel text,
  series double precision[],
  period integer,
  min_count integer,
  averaged boolean
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
  largest double precision;
  smallest double precision;
  -- Adding and subtracting this number rounds to the multiples that 53 bits can add up without rounding.
  splitter double precision := 1;
  x double precision;
  leaving double precision := 0;
  head_sum double precision := 0;
  tail_sum double precision := 0;
  total double precision;
  mean double precision;
  coarse double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;

  select max(abs(v.value)), min(abs(v.value)) filter (where v.value <> 0)
  into largest, smallest
  from unnest(series) as v (value)
  where abs(v.value) < 'infinity';

  -- Two doubles hold every window sum without error while the magnitudes span less than this; market data does.
  if largest > 1e250 or smallest < 1e-250 or largest / smallest > 2.0 ^ 51 / period / period then
    select array_agg(
      case
        when w.counted < min_count then null
        when averaged then (w.total / w.counted)::double precision
        else w.total::double precision
      end
      order by w.bar
    )
    into result
    from (
      select e.bar, count(e.value) over recent as counted, sum(e.value) over recent as total
      from (
        select v.bar, ta.exact_binary(v.value) as value
        from unnest(series) with ordinality as v (value, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as w;
    return result;
  end if;

  result := array_fill(null::double precision, array[bars]);
  if largest > 0 then
    splitter := 1.5 * 2.0 ^ (ceil(log(largest * period) / log(2)) + 1);
  end if;
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
    else
      x := 0;
    end if;
    if i > period then
      leaving := series[i - period];
      if abs(leaving) < 'infinity' then
        counted := counted - 1;
      else
        leaving := 0;
      end if;
    end if;
    head_sum := head_sum + (((x + splitter) - splitter) - ((leaving + splitter) - splitter));
    tail_sum := tail_sum + ((x - ((x + splitter) - splitter)) - (leaving - ((leaving + splitter) - splitter)));
    if counted >= min_count then
      total := head_sum + tail_sum;
      if averaged then
        mean := total / counted;
        -- Gives back what rounding took from the sum and from the quotient, so that the mean of a constant is that constant. 2^27 + 1 cuts a double in halves.
        coarse := mean * 134217729 - (mean * 134217729 - mean);
        mean := mean + (
          ((total - coarse * counted) - (mean - coarse) * counted)
          + ((head_sum - (total - (total - head_sum))) + (tail_sum - (total - head_sum)))
        ) / counted;
        result[i] := mean;
      else
        result[i] := total;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.window_sum(text, double precision[], integer, integer, boolean) is
$$Helper of the kernels: the sum, or the mean, of each window of the last bars. Each value is split in a head and a tail whose sums are exact in double
precision, so the sum, and the mean, is
correctly rounded and equal, bit for bit, wherever the array begins. Where the magnitudes of one array span more than about 2^51 / period^2 the sums are
made in numeric instead.
Cost: one pass, whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; min_count, the least number of values that a window needs; averaged, mean instead
of sum.
NULL, NaN and infinity are left out of the sums; fewer than min_count values give NULL. Errors: MB001 for a bad period or array.$$;

revoke all on function ta.window_sum(text, double precision[], integer, integer, boolean) from public;
grant execute on function ta.window_sum(text, double precision[], integer, integer, boolean) to marketbase_reader;
--! EndIncluded ta/helper/window_sum.sql
--! Included ta/helper/window_trend.sql
-- Fits a line over time to the values of each window, which need not be complete.
create or replace function ta.window_trend(
  kernel text,
  series double precision[],
  period integer,
  answer text
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
begin
  perform ta.check_period(kernel, 'period', period, 1);
  perform ta.check_series(kernel, 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  -- xy, xx and yy are the covariance and the variances of bar and value, times the number of values squared.
  select array_agg(
    case
      when m.counted < 2 then null
      when answer = 'slope' then m.xy / m.xx
      when answer = 'residual' then m.above_mean - m.xy / m.xx * m.after_mean
      when sqrt(m.yy / m.counted / (m.counted - 1)) > 2e-5 then least(1, m.xy / m.xx * (m.xy / m.yy))
    end
    order by m.bar
  )
  into result
  from (
    select
      s.bar,
      s.counted,
      (s.bar - s.sum_x / s.counted)::double precision as after_mean,
      case when answer = 'residual' then (s.newest - s.sum_y / s.counted)::double precision end as above_mean,
      (s.counted * s.sum_xx - s.sum_x * s.sum_x)::double precision as xx,
      (s.counted * s.sum_xy - s.sum_x * s.sum_y)::double precision as xy,
      case when answer = 'rsquare' then (s.counted * s.sum_yy - s.sum_y * s.sum_y)::double precision end as yy
    from (
      select
        e.bar,
        e.y as newest,
        count(e.y) over recent as counted,
        sum(e.x) over recent as sum_x,
        sum(e.y) over recent as sum_y,
        sum(e.x * e.x) over recent as sum_xx,
        sum(e.x * e.y) over recent as sum_xy,
        sum(case when answer = 'rsquare' then e.y * e.y end) over recent as sum_yy
      from (
        select v.bar, case when abs(v.value) < 'infinity' then v.bar::numeric end as x, ta.exact_decimal(v.value) as y
        from unnest(series) with ordinality as v (value, bar)
        offset 0
      ) as e
      window recent as (order by e.bar rows between period - 1 preceding and current row)
    ) as s
  ) as m;
  return result;
end
$$;

comment on function ta.window_trend(text, double precision[], integer, text) is
$$Helper of the kernels: the least-squares line over time through the values of each window of the last bars: its slope per bar, its coefficient of
determination,
or the residual of the newest value. Sums over numeric, as in window_deviation: exact, in one pass whatever the period.
Arguments: kernel, the name for messages; series; period, bars per window; answer, 'slope', 'rsquare' or 'residual'.
NULL, NaN and infinity are left out; fewer than two values give NULL. Where the values deviate by 0.00002 or less, rsquare is NULL. Errors: MB001 for a bad
period or array.$$;

revoke all on function ta.window_trend(text, double precision[], integer, text) from public;
grant execute on function ta.window_trend(text, double precision[], integer, text) to marketbase_reader;
--! EndIncluded ta/helper/window_trend.sql
--! Included ta/momentum/adx.sql
-- Gives the average directional movement index.
create or replace function ta.adx(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('adx', high, low, close, period, 'average');

comment on function ta.adx(double precision[], double precision[], double precision[], integer) is
$$Average directional movement index (ADX): DX smoothed as Wilder does, seeded with the simple average of its first period values. Result: as long as close, 0
to 100. Where nothing moves it keeps its last value.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 2 * period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ADX (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.adx(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.adx(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/adx.sql
--! Included ta/momentum/apo.sql
-- Gives the absolute price oscillator.
create or replace function ta.apo(
  series double precision[],
  fast integer default 12,
  slow integer default 26
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  fast_average double precision[];
  slow_average double precision[];
begin
  perform ta.check_period('apo', 'fast', fast, 1);
  perform ta.check_period('apo', 'slow', slow, 1);
  fast_average := ta.window_sum('apo', series, least(fast, slow), least(fast, slow), true);
  slow_average := ta.window_sum('apo', series, greatest(fast, slow), greatest(fast, slow), true);
  if series is null then
    return null;
  end if;
  for i in 1..bars loop
    if slow_average[i] is not null then
      slow_average[i] := fast_average[i] - slow_average[i];
    end if;
  end loop;
  return slow_average;
end
$$;

comment on function ta.apo(double precision[], integer, integer) is
$$Absolute price oscillator: the shorter simple moving average minus the longer one. Result: as long as series, in its unit.
Arguments: series; fast and slow in bars, 1 or more; they are exchanged when fast is the longer.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: slow - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib APO with its default, simple averages.
lookback: greatest(fast, slow) - 1$$;

revoke all on function ta.apo(double precision[], integer, integer) from public;
grant execute on function ta.apo(double precision[], integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/apo.sql
--! Included ta/momentum/aroon_down.sql
-- Gives Aroon down.
create or replace function ta.aroon_down(
  low double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(low);
  ages double precision[];
begin
  perform ta.check_period('aroon_down', 'period', period, 1);
  perform ta.check_series('aroon_down', 'low', low, bars);
  ages := ta.window_extreme('aroon_down', low, period + 1, period + 1, -1, 'newest age');
  if low is null then
    return null;
  end if;
  for i in period + 1..bars loop
    if ages[i] is not null then
      ages[i] := 100 * (period - ages[i]) / period;
    end if;
  end loop;
  return ages;
end
$$;

comment on function ta.aroon_down(double precision[], integer) is
$$Aroon down, 0 to 100: how recent the lowest low of the last period + 1 bars is; 100 when it is the current bar, 0 when it is period bars old. The newest
among equals counts.
Result: as long as low.
Arguments: low; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib AROON; Chande (1995).
lookback: period$$;

revoke all on function ta.aroon_down(double precision[], integer) from public;
grant execute on function ta.aroon_down(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/aroon_down.sql
--! Included ta/momentum/aroon_up.sql
-- Gives Aroon up.
create or replace function ta.aroon_up(
  high double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(high);
  ages double precision[];
begin
  perform ta.check_period('aroon_up', 'period', period, 1);
  perform ta.check_series('aroon_up', 'high', high, bars);
  ages := ta.window_extreme('aroon_up', high, period + 1, period + 1, 1, 'newest age');
  if high is null then
    return null;
  end if;
  for i in period + 1..bars loop
    if ages[i] is not null then
      ages[i] := 100 * (period - ages[i]) / period;
    end if;
  end loop;
  return ages;
end
$$;

comment on function ta.aroon_up(double precision[], integer) is
$$Aroon up, 0 to 100: how recent the highest high of the last period + 1 bars is; 100 when it is the current bar, 0 when it is period bars old. The newest
among equals counts.
Result: as long as high.
Arguments: high; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib AROON; Chande (1995).
lookback: period$$;

revoke all on function ta.aroon_up(double precision[], integer) from public;
grant execute on function ta.aroon_up(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/aroon_up.sql
--! Included ta/momentum/bop.sql
-- Gives the balance of power.
create or replace function ta.bop(
  open double precision[],
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
begin
  perform ta.check_series('bop', 'open', open, bars);
  perform ta.check_series('bop', 'high', high, bars);
  perform ta.check_series('bop', 'low', low, bars);
  perform ta.check_series('bop', 'close', close, bars);
  if open is null or high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(open[i]) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := case when high[i] > low[i] then (close[i] - open[i]) / (high[i] - low[i]) else 0 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.bop(double precision[], double precision[], double precision[], double precision[]) is
$$Balance of power, -1 to 1: close minus open over high minus low. Result: as long as close. 0 where the bar has no range, as in TA-Lib.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib BOP.
lookback: 0$$;

revoke all on function ta.bop(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.bop(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/momentum/bop.sql
--! Included ta/momentum/cci.sql
-- Gives the commodity channel index.
create or replace function ta.cci(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  typical double precision[];
  means double precision[];
  deviations double precision[];
  result double precision[];
begin
  perform ta.check_period('cci', 'period', period, 1);
  perform ta.check_series('cci', 'high', high, bars);
  perform ta.check_series('cci', 'low', low, bars);
  perform ta.check_series('cci', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  typical := ta.typprice(high, low, close);
  means := ta.window_sum('cci', typical, period, period, true);
  deviations := ta.window_mean_deviation(typical, means, period);
  result := array_fill(null::double precision, array[bars]);
  for i in period..bars loop
    if means[i] is not null then
      result[i] := case when deviations[i] > 0 then (typical[i] - means[i]) / (0.015 * deviations[i]) else 0 end;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.cci(double precision[], double precision[], double precision[], integer) is
$$Commodity channel index: the typical price minus its simple average, over 0.015 times the mean absolute deviation from that average. Result: as long as
close, without unit.
0 where the typical price does not deviate at all, as in TA-Lib.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib CCI; Lambert (1980).
lookback: period - 1$$;

revoke all on function ta.cci(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.cci(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/cci.sql
--! Included ta/momentum/cmo.sql
-- Gives Chande's momentum oscillator.
create or replace function ta.cmo(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_strength('cmo', series, period, 'cmo');

comment on function ta.cmo(double precision[], integer) is
$$Chande momentum oscillator, -100 to 100: 100 times the smoothed gains minus the smoothed losses over their sum. Result: as long as series. 0 where the price
has not moved at all.
TA-Lib smooths gains and losses as Wilder does; Chande's plain sums give the same first value and others after it.
Arguments: series, as a rule closes; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib CMO (unstable period 0); Chande and Kroll (1994).
lookback: unbounded$$;

revoke all on function ta.cmo(double precision[], integer) from public;
grant execute on function ta.cmo(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/cmo.sql
--! Included ta/momentum/dx.sql
-- Gives the directional movement index.
create or replace function ta.dx(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('dx', high, low, close, period, 'index');

comment on function ta.dx(double precision[], double precision[], double precision[], integer) is
$$Directional movement index (DX): the difference of +DI and -DI in percent of their sum. Result: as long as close, 0 to 100. Where nothing moves it keeps its
last value, 0 at first.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib DX (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.dx(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.dx(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/dx.sql
--! Included ta/momentum/macd.sql
-- Gives the MACD's line.
create or replace function ta.macd(
  series double precision[],
  fast integer default 12,
  slow integer default 26,
  signal integer default 9
)
returns double precision[]
language sql
immutable
parallel safe
return ta.macd_part('macd', series, fast, slow, signal, 'line');

comment on function ta.macd(double precision[], integer, integer, integer) is
$$Moving average convergence/divergence, its line: the fast exponential average minus the slow one. Result: as long as series, in its unit.
Each average is seeded with the simple average of its first bars; the seeds of the fast and the slow one end at the same bar. The three series of the MACD
begin at the same bar.
Arguments: series, as a rule closes; fast, slow and signal, periods in bars, 1 or more; fast and slow are exchanged when fast is the longer.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: slow + signal - 2 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MACD (unstable period 0); Appel (1979).
lookback: unbounded$$;

revoke all on function ta.macd(double precision[], integer, integer, integer) from public;
grant execute on function ta.macd(double precision[], integer, integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/macd.sql
--! Included ta/momentum/macd_hist.sql
-- Gives the MACD's histogram.
create or replace function ta.macd_hist(
  series double precision[],
  fast integer default 12,
  slow integer default 26,
  signal integer default 9
)
returns double precision[]
language sql
immutable
parallel safe
return ta.macd_part('macd_hist', series, fast, slow, signal, 'histogram');

comment on function ta.macd_hist(double precision[], integer, integer, integer) is
$$Moving average convergence/divergence, its histogram: the MACD line minus its signal. Result: as long as series, in its unit.
Each average is seeded with the simple average of its first bars; the seeds of the fast and the slow one end at the same bar. The three series of the MACD
begin at the same bar.
Arguments: series, as a rule closes; fast, slow and signal, periods in bars, 1 or more; fast and slow are exchanged when fast is the longer.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: slow + signal - 2 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MACD (unstable period 0); Appel (1979).
lookback: unbounded$$;

revoke all on function ta.macd_hist(double precision[], integer, integer, integer) from public;
grant execute on function ta.macd_hist(double precision[], integer, integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/macd_hist.sql
--! Included ta/momentum/macd_signal.sql
-- Gives the MACD's signal.
create or replace function ta.macd_signal(
  series double precision[],
  fast integer default 12,
  slow integer default 26,
  signal integer default 9
)
returns double precision[]
language sql
immutable
parallel safe
return ta.macd_part('macd_signal', series, fast, slow, signal, 'signal');

comment on function ta.macd_signal(double precision[], integer, integer, integer) is
$$Moving average convergence/divergence, its signal: the exponential average of the MACD line. Result: as long as series, in its unit.
Each average is seeded with the simple average of its first bars; the seeds of the fast and the slow one end at the same bar. The three series of the MACD
begin at the same bar.
Arguments: series, as a rule closes; fast, slow and signal, periods in bars, 1 or more; fast and slow are exchanged when fast is the longer.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: slow + signal - 2 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MACD (unstable period 0); Appel (1979).
lookback: unbounded$$;

revoke all on function ta.macd_signal(double precision[], integer, integer, integer) from public;
grant execute on function ta.macd_signal(double precision[], integer, integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/macd_signal.sql
--! Included ta/momentum/mfi.sql
-- Gives the money flow index.
create or replace function ta.mfi(
  high double precision[],
  low double precision[],
  close double precision[],
  volume double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  typical double precision[];
  inflow double precision[];
  flow double precision[];
  x double precision;
begin
  perform ta.check_period('mfi', 'period', period, 1);
  perform ta.check_series('mfi', 'high', high, bars);
  perform ta.check_series('mfi', 'low', low, bars);
  perform ta.check_series('mfi', 'close', close, bars);
  perform ta.check_series('mfi', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;
  typical := ta.typprice(high, low, close);
  inflow := array_fill(null::double precision, array[bars]);
  flow := inflow;
  for i in 2..bars loop
    x := typical[i] * volume[i];
    if abs(x) < 'infinity' and typical[i - 1] is not null then
      inflow[i] := case when typical[i] > typical[i - 1] then x else 0 end;
      flow[i] := case when typical[i] <> typical[i - 1] then x else 0 end;
    end if;
  end loop;
  inflow := ta.window_sum('mfi', inflow, period, period, false);
  flow := ta.window_sum('mfi', flow, period, period, false);
  for i in period + 1..bars loop
    if flow[i] is not null then
      inflow[i] := case when flow[i] < 1 then 0 else 100 * inflow[i] / flow[i] end;
    end if;
  end loop;
  return inflow;
end
$$;

comment on function ta.mfi(double precision[], double precision[], double precision[], double precision[], integer) is
$$Money flow index, 0 to 100: the typical price times volume of the bars whose typical price rose, in percent of that of all bars where it changed, over the
last period changes.
Result: as long as close. 0 where the money flow is less than 1, as in TA-Lib.
Arguments: high, low, close, volume, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib MFI (unstable period 0); Quong and Soudack (1989).
lookback: period$$;

revoke all on function ta.mfi(double precision[], double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.mfi(double precision[], double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/mfi.sql
--! Included ta/momentum/minus_di.sql
-- Gives the minus directional indicator.
create or replace function ta.minus_di(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('minus_di', high, low, close, period, 'minus');

comment on function ta.minus_di(double precision[], double precision[], double precision[], integer) is
$$Minus directional indicator (-DI): downward directional movement in percent of the true range, both smoothed as Wilder does. Result: as long as close, 0 to
100. 0 where the true range is 0.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib MINUS_DI (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.minus_di(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.minus_di(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/minus_di.sql
--! Included ta/momentum/mom.sql
-- Gives the change over some bars.
create or replace function ta.mom(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('mom', series, period, 'difference');

comment on function ta.mom(double precision[], integer) is
$$Momentum: the value minus the value period bars ago. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MOM.
lookback: period$$;

revoke all on function ta.mom(double precision[], integer) from public;
grant execute on function ta.mom(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/mom.sql
--! Included ta/momentum/plus_di.sql
-- Gives the plus directional indicator.
create or replace function ta.plus_di(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.directional_part('plus_di', high, low, close, period, 'plus');

comment on function ta.plus_di(double precision[], double precision[], double precision[], integer) is
$$Plus directional indicator (+DI): upward directional movement in percent of the true range, both smoothed as Wilder does. Result: as long as close, 0 to
100. 0 where the true range is 0.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib PLUS_DI (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.plus_di(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.plus_di(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/plus_di.sql
--! Included ta/momentum/ppo.sql
-- Gives the percentage price oscillator.
create or replace function ta.ppo(
  series double precision[],
  fast integer default 12,
  slow integer default 26
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  fast_average double precision[];
  slow_average double precision[];
begin
  perform ta.check_period('ppo', 'fast', fast, 1);
  perform ta.check_period('ppo', 'slow', slow, 1);
  fast_average := ta.window_sum('ppo', series, least(fast, slow), least(fast, slow), true);
  slow_average := ta.window_sum('ppo', series, greatest(fast, slow), greatest(fast, slow), true);
  if series is null then
    return null;
  end if;
  for i in 1..bars loop
    if slow_average[i] is not null then
      slow_average[i] := coalesce((fast_average[i] - slow_average[i]) / nullif(slow_average[i], 0) * 100, 0);
    end if;
  end loop;
  return slow_average;
end
$$;

comment on function ta.ppo(double precision[], integer, integer) is
$$Percentage price oscillator: the shorter simple moving average minus the longer one, in percent of the longer one. Result: as long as series. 0 where the
longer one is 0, as in TA-Lib.
Arguments: series; fast and slow in bars, 1 or more; they are exchanged when fast is the longer.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: slow - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib PPO with its default, simple averages.
lookback: greatest(fast, slow) - 1$$;

revoke all on function ta.ppo(double precision[], integer, integer) from public;
grant execute on function ta.ppo(double precision[], integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/ppo.sql
--! Included ta/momentum/roc.sql
-- Gives the change over some bars in percent.
create or replace function ta.roc(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('roc', series, period, 'percent');

comment on function ta.roc(double precision[], integer) is
$$Rate of change in percent: 100 * (value / value period bars ago - 1). Result: as long as series. 0 where the earlier value is 0, as in TA-Lib.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib ROC.
lookback: period$$;

revoke all on function ta.roc(double precision[], integer) from public;
grant execute on function ta.roc(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/roc.sql
--! Included ta/momentum/rocp.sql
-- Gives the change over some bars as a fraction.
create or replace function ta.rocp(
  series double precision[],
  period integer default 10
)
returns double precision[]
language sql
immutable
parallel safe
return ta.change('rocp', series, period, 'fraction');

comment on function ta.rocp(double precision[], integer) is
$$Rate of change as a fraction: (value - value period bars ago) / value period bars ago. Result: as long as series. 0 where the earlier value is 0, as in
TA-Lib.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib ROCP.
lookback: period$$;

revoke all on function ta.rocp(double precision[], integer) from public;
grant execute on function ta.rocp(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/rocp.sql
--! Included ta/momentum/rsi.sql
-- Gives Wilder's relative strength index.
create or replace function ta.rsi(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_strength('rsi', series, period, 'rsi');

comment on function ta.rsi(double precision[], integer) is
$$Relative strength index, 0 to 100: 100 times the smoothed gains over the smoothed gains and losses. Result: as long as series. 0 where the price has not
moved at all, as in TA-Lib.
Arguments: series, as a rule closes; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib RSI (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.rsi(double precision[], integer) from public;
grant execute on function ta.rsi(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/rsi.sql
--! Included ta/momentum/stoch_d.sql
-- Gives %D of the slow stochastic oscillator.
create or replace function ta.stoch_d(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  slow_k integer default 3,
  slow_d integer default 3
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stoch_d', high, low, close, fast_k, slow_k, slow_d, 'd');

comment on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer) is
$$Slow stochastic oscillator, %D, the simple average of %K over slow_d bars. Result: as long as close, 0 to 100. Where the range is 0 its place counts as 0,
as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k, slow_k and slow_d in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: fast_k + slow_k + slow_d - 3 bars, for %K too.
Errors: MB001 for a bad period or arrays. Source: TA-Lib STOCH with simple averages; Lane (1984).
lookback: fast_k + slow_k + slow_d - 3$$;

revoke all on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.stoch_d(double precision[], double precision[], double precision[], integer, integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/stoch_d.sql
--! Included ta/momentum/stoch_k.sql
-- Gives %K of the slow stochastic oscillator.
create or replace function ta.stoch_k(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  slow_k integer default 3,
  slow_d integer default 3
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stoch_k', high, low, close, fast_k, slow_k, slow_d, 'k');

comment on function ta.stoch_k(double precision[], double precision[], double precision[], integer, integer, integer) is
$$Slow stochastic oscillator, %K, the place of the close in the range of the last fast_k bars in percent, averaged over slow_k bars. Result: as long as close,
0 to 100. Where the range is 0 its place counts as 0, as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k, slow_k and slow_d in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: fast_k + slow_k + slow_d - 3 bars, for %K too.
Errors: MB001 for a bad period or arrays. Source: TA-Lib STOCH with simple averages; Lane (1984).
lookback: fast_k + slow_k + slow_d - 3$$;

revoke all on function ta.stoch_k(double precision[], double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.stoch_k(double precision[], double precision[], double precision[], integer, integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/stoch_k.sql
--! Included ta/momentum/stochf_d.sql
-- Gives %D of the fast stochastic oscillator.
create or replace function ta.stochf_d(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  fast_d integer default 3
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stochf_d', high, low, close, fast_k, 1, fast_d, 'd');

comment on function ta.stochf_d(double precision[], double precision[], double precision[], integer, integer) is
$$Fast stochastic oscillator, %D, the simple average of %K over fast_d bars. Result: as long as close, 0 to 100. Where the range is 0 its place counts as 0,
as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k and fast_d in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: fast_k + fast_d - 2 bars, for %K too.
Errors: MB001 for a bad period or arrays. Source: TA-Lib STOCHF with simple averages; Lane (1984).
lookback: fast_k + fast_d - 2$$;

revoke all on function ta.stochf_d(double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.stochf_d(double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/stochf_d.sql
--! Included ta/momentum/stochf_k.sql
-- Gives %K of the fast stochastic oscillator.
create or replace function ta.stochf_k(
  high double precision[],
  low double precision[],
  close double precision[],
  fast_k integer default 5,
  fast_d integer default 3
)
returns double precision[]
language sql
immutable
parallel safe
return ta.stochastic('stochf_k', high, low, close, fast_k, 1, fast_d, 'k');

comment on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer) is
$$Fast stochastic oscillator, %K, the place of the close in the range of the last fast_k bars in percent. Result: as long as close, 0 to 100. Where the range
is 0 its place counts as 0, as in TA-Lib.
Arguments: high, low, close, of equal length; fast_k and fast_d in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: fast_k + fast_d - 2 bars, for %K too.
Errors: MB001 for a bad period or arrays. Source: TA-Lib STOCHF with simple averages; Lane (1984).
lookback: fast_k + fast_d - 2$$;

revoke all on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.stochf_k(double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/stochf_k.sql
--! Included ta/momentum/trix.sql
-- Gives the rate of change of the triple-smoothed average.
create or replace function ta.trix(
  series double precision[],
  period integer default 30
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_period('trix', 'period', period, 1);
  perform ta.check_series('trix', 'series', series, cardinality(series));
  return ta.change('trix', ta.ema(ta.ema(ta.ema(series, period), period), period), 1, 'percent');
end
$$;

comment on function ta.trix(double precision[], integer) is
$$TRIX: the change over one bar, in percent, of the exponential average of the exponential average of the exponential average. Result: as long as series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 3 * (period - 1) + 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib TRIX (unstable period 0); Hutson (1983).
lookback: unbounded$$;

revoke all on function ta.trix(double precision[], integer) from public;
grant execute on function ta.trix(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/trix.sql
--! Included ta/momentum/ultosc.sql
-- Gives the ultimate oscillator.
create or replace function ta.ultosc(
  high double precision[],
  low double precision[],
  close double precision[],
  short integer default 7,
  medium integer default 14,
  long integer default 28
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  periods integer[];
  weight double precision;
  pressure double precision[];
  extent double precision[];
  pressures double precision[];
  extents double precision[];
  result double precision[];
  before double precision;
begin
  perform ta.check_period('ultosc', 'short', short, 1);
  perform ta.check_period('ultosc', 'medium', medium, 1);
  perform ta.check_period('ultosc', 'long', long, 1);
  perform ta.check_series('ultosc', 'high', high, bars);
  perform ta.check_series('ultosc', 'low', low, bars);
  perform ta.check_series('ultosc', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  pressure := array_fill(null::double precision, array[bars]);
  extent := ta.trange(high, low, close);
  for i in 2..bars loop
    if extent[i] is not null then
      pressure[i] := close[i] - least(low[i], close[i - 1]);
    end if;
  end loop;
  -- The shortest period weighs 4, the middle one 2, the longest 1.
  select array_agg(p order by p) into periods from unnest(array[short, medium, long]) as p;
  result := array_fill(0::double precision, array[bars]);
  for k in 1..3 loop
    pressures := ta.window_sum('ultosc', pressure, periods[k], periods[k], false);
    extents := ta.window_sum('ultosc', extent, periods[k], periods[k], false);
    weight := 100 * 2 ^ (3 - k) / 7;
    for i in 1..bars loop
      result[i] := result[i] + weight * case when extents[i] = 0 then 0 else pressures[i] / extents[i] end;
    end loop;
  end loop;
  return result;
end
$$;

comment on function ta.ultosc(double precision[], double precision[], double precision[], integer, integer, integer) is
$$Ultimate oscillator, 0 to 100: the buying pressure (close minus the lower of low and close before) over the true range, summed over three periods, weighted
4, 2 and 1.
Result: as long as close. A period whose true range is 0 counts as 0, as in TA-Lib.
Arguments: high, low, close, of equal length; short, medium and long in bars, 1 or more, in any order.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: as many bars as the longest period.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ULTOSC; Williams (1985).
lookback: greatest(short, medium, long)$$;

revoke all on function ta.ultosc(double precision[], double precision[], double precision[], integer, integer, integer) from public;
grant execute on function ta.ultosc(double precision[], double precision[], double precision[], integer, integer, integer) to marketbase_reader;
--! EndIncluded ta/momentum/ultosc.sql
--! Included ta/momentum/willr.sql
-- Gives Williams' %R.
create or replace function ta.willr(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.range_position('willr', high, low, close, period, true);

comment on function ta.willr(double precision[], double precision[], double precision[], integer) is
$$Williams' %R: how far the close lies below the highest high of the last period bars, in percent of their range, 0 to -100. Result: as long as close. 0 where
the range is 0, as in TA-Lib.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL while the highs or lows of the window, or the close of the bar, have a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib WILLR; Williams (1973).
lookback: period - 1$$;

revoke all on function ta.willr(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.willr(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/momentum/willr.sql
--! Included ta/operator/delta.sql
-- Gives the change since some bars ago: qlib's Delta.
create or replace function ta.delta(
  series double precision[],
  bars integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  length constant integer := cardinality(series);
  result double precision[];
  change double precision;
begin
  perform ta.check_period('delta', 'bars', bars, 0);
  perform ta.check_series('delta', 'series', series, length);
  if series is null or length = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[length]);
  for i in bars + 1..length loop
    if abs(series[i]) < 'infinity' and abs(series[i - bars]) < 'infinity' then
      result[i] := series[i] - series[i - bars];
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.delta(double precision[], integer) is
$$The change since some bars ago: series - ref(series, bars) (qlib Delta, pandas diff). Result: as long as series, in its unit.
Arguments: series; bars, how many bars back, 0 or more.
NULL behaviour: NULL where either value is NULL, NaN or infinite. Warm-up: the first bars values are NULL.
Errors: MB001 for a bad number of bars or a bad array.
lookback: bars$$;

revoke all on function ta.delta(double precision[], integer) from public;
grant execute on function ta.delta(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/delta.sql
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
    weight := weight * kept;
    if abs(x) < 'infinity' then
      weight := weight + 1;
      mean := case when weight = 1 then x else mean + (x - mean) / weight end;
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
--! Included ta/operator/ref.sql
-- Gives the value some bars ago: qlib's Ref.
create or replace function ta.ref(
  series double precision[],
  bars integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  length constant integer := cardinality(series);
begin
  perform ta.check_period('ref', 'bars', bars, 0);
  perform ta.check_series('ref', 'series', series, length);
  if series is null then
    return null;
  end if;
  if bars >= length then
    return array_fill(null::double precision, array[length]);
  end if;
  return array_fill(null::double precision, array[bars])
    || array_replace(array_replace(array_replace(series[:length - bars], 'NaN', null), 'infinity', null), '-infinity', null);
end
$$;

comment on function ta.ref(double precision[], integer) is
$$The value some bars ago (qlib Ref, pandas shift). Result: as long as series, in its unit.
Arguments: series; bars, how many bars back, 0 or more (a negative one would look into the future and is refused).
NULL behaviour: NULL where that value is NULL, NaN or infinite. Warm-up: the first bars values are NULL.
Errors: MB001 for a bad number of bars or a bad array.
lookback: bars$$;

revoke all on function ta.ref(double precision[], integer) from public;
grant execute on function ta.ref(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/ref.sql
--! Included ta/operator/rolling_corr.sql
-- Gives the correlation of two series over the last bars: qlib's Corr.
create or replace function ta.rolling_corr(
  x double precision[],
  y double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('rolling_corr', x, y, period, 1, 'correlation', 2e-5);

comment on function ta.rolling_corr(double precision[], double precision[], integer) is
$$Pearson's correlation of x and y over the last period bars (qlib Corr, pandas rolling(period, min_periods = 1).corr()). Result: as long as x, between -1 and
1.
As in qlib, NULL where the standard deviation of x or of y in the window is 0.00002 or less.
Arguments: x and y of equal length; period in bars, 1 or more.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL where the window has fewer than two pairs. Warm-up: the first value is NULL, then the
first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or arrays.
lookback: period - 1$$;

revoke all on function ta.rolling_corr(double precision[], double precision[], integer) from public;
grant execute on function ta.rolling_corr(double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_corr.sql
--! Included ta/operator/rolling_cov.sql
-- Gives the covariance of two series over the last bars: qlib's Cov.
create or replace function ta.rolling_cov(
  x double precision[],
  y double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('rolling_cov', x, y, period, 1, 'covariance', null);

comment on function ta.rolling_cov(double precision[], double precision[], integer) is
$$Covariance of the sample (divisor: pairs - 1) of x and y over the last period bars (qlib Cov, pandas rolling(period, min_periods = 1).cov()).
Result: as long as x, in the product of the units.
Arguments: x and y of equal length; period in bars, 1 or more.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL where the window has fewer than two pairs. Warm-up: the first value is NULL, then the
first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or arrays.
lookback: period - 1$$;

revoke all on function ta.rolling_cov(double precision[], double precision[], integer) from public;
grant execute on function ta.rolling_cov(double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_cov.sql
--! Included ta/operator/rolling_idxmax.sql
-- Gives the place of the largest value in the last bars: qlib's IdxMax.
create or replace function ta.rolling_idxmax(
  series double precision[],
  period integer
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  ages double precision[];
begin
  ages := ta.window_extreme('rolling_idxmax', series, period, 1, 1, 'oldest age');
  if series is null then
    return null;
  end if;
  for i in 1..bars loop
    if ages[i] is not null then
      ages[i] := least(i, period) - ages[i];
    end if;
  end loop;
  return ages;
end
$$;

comment on function ta.rolling_idxmax(double precision[], integer) is
$$Place of the largest value among the last period bars (qlib IdxMax): 1 is the oldest bar of the window, the oldest among equals counts. Result: as long as
series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped but keep their place; NULL where the window has no value. Warm-up: none, the first values come from the
bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
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
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  ages double precision[];
begin
  ages := ta.window_extreme('rolling_idxmin', series, period, 1, -1, 'oldest age');
  if series is null then
    return null;
  end if;
  for i in 1..bars loop
    if ages[i] is not null then
      ages[i] := least(i, period) - ages[i];
    end if;
  end loop;
  return ages;
end
$$;

comment on function ta.rolling_idxmin(double precision[], integer) is
$$Place of the smallest value among the last period bars (qlib IdxMin): 1 is the oldest bar of the window, the oldest among equals counts. Result: as long as
series.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped but keep their place; NULL where the window has no value. Warm-up: none, the first values come from the
bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_idxmin(double precision[], integer) from public;
grant execute on function ta.rolling_idxmin(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_idxmin.sql
--! Included ta/operator/rolling_max.sql
-- Gives the largest value of the last bars: qlib's Max.
create or replace function ta.rolling_max(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('rolling_max', series, period, 1, 1, 'value');

comment on function ta.rolling_max(double precision[], integer) is
$$Largest value of the last period bars (qlib Max, pandas rolling(period, min_periods = 1).max()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_max(double precision[], integer) from public;
grant execute on function ta.rolling_max(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_max.sql
--! Included ta/operator/rolling_mean.sql
-- Gives the mean of the last bars: qlib's Mean.
create or replace function ta.rolling_mean(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('rolling_mean', series, period, 1, true);

comment on function ta.rolling_mean(double precision[], integer) is
$$Mean of the last period bars (qlib Mean, pandas rolling(period, min_periods = 1).mean()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_mean(double precision[], integer) from public;
grant execute on function ta.rolling_mean(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_mean.sql
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
return ta.window_order('rolling_med', series, period, 'quantile', 0.5);

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
--! Included ta/operator/rolling_min.sql
-- Gives the smallest value of the last bars: qlib's Min.
create or replace function ta.rolling_min(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_extreme('rolling_min', series, period, 1, -1, 'value');

comment on function ta.rolling_min(double precision[], integer) is
$$Smallest value of the last period bars (qlib Min, pandas rolling(period, min_periods = 1).min()). Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_min(double precision[], integer) from public;
grant execute on function ta.rolling_min(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_min.sql
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
  return ta.window_order('rolling_quantile', series, period, 'quantile', quantile);
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
return ta.window_order('rolling_rank', series, period, 'rank', null);

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
lookback: period - 1$$;

revoke all on function ta.rolling_resi(double precision[], integer) from public;
grant execute on function ta.rolling_resi(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_resi.sql
--! Included ta/operator/rolling_rsquare.sql
-- Gives the coefficient of determination of the least-squares line over time through the last bars: qlib's Rsquare.
create or replace function ta.rolling_rsquare(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('rolling_rsquare', series, period, 'rsquare');

comment on function ta.rolling_rsquare(double precision[], integer) is
$$The coefficient of determination of the least-squares line over time through the last period bars (qlib Rsquare). Result: as long as series, 0 to 1. As in
qlib, NULL where the values deviate (sample) by 0.00002 or less.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than two values. Warm-up: the first value is NULL, then the first values
come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_rsquare(double precision[], integer) from public;
grant execute on function ta.rolling_rsquare(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_rsquare.sql
--! Included ta/operator/rolling_slope.sql
-- Gives the slope of the least-squares line over time through the last bars: qlib's Slope.
create or replace function ta.rolling_slope(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_trend('rolling_slope', series, period, 'slope');

comment on function ta.rolling_slope(double precision[], integer) is
$$The slope of the least-squares line over time through the last period bars (qlib Slope). Result: as long as series, in its unit per bar.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than two values. Warm-up: the first value is NULL, then the first values
come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_slope(double precision[], integer) from public;
grant execute on function ta.rolling_slope(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_slope.sql
--! Included ta/operator/rolling_std.sql
-- Gives the standard deviation of the last bars: qlib's Std.
create or replace function ta.rolling_std(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_deviation('rolling_std', series, period, 1, 1, false);

comment on function ta.rolling_std(double precision[], integer) is
$$Standard deviation of the sample (divisor: values - 1) of the last period bars (qlib Std, pandas rolling(period, min_periods = 1).std()).
Result: as long as series, in its unit; exactly 0 where all values of the window are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has fewer than two values. Warm-up: the first value is NULL, then the first values
come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_std(double precision[], integer) from public;
grant execute on function ta.rolling_std(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_std.sql
--! Included ta/operator/rolling_sum.sql
-- Gives the sum of the last bars: qlib's Sum.
create or replace function ta.rolling_sum(
  series double precision[],
  period integer
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('rolling_sum', series, period, 1, false);

comment on function ta.rolling_sum(double precision[], integer) is
$$Sum of the last period bars (qlib Sum, pandas rolling(period, min_periods = 1).sum()). Result: as long as series, in its unit; correctly rounded.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL, NaN and infinity are skipped; NULL where the window has no value. Warm-up: none, the first values come from the bars that there are
(pandas min_periods = 1).
Errors: MB001 for a bad period or array.
lookback: period - 1$$;

revoke all on function ta.rolling_sum(double precision[], integer) from public;
grant execute on function ta.rolling_sum(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_sum.sql
--! Included ta/overlap/bbands_lower.sql
-- Gives the lower Bollinger band.
create or replace function ta.bbands_lower(
  series double precision[],
  period integer default 5,
  deviations double precision default 2
)
returns double precision[]
language sql
immutable
parallel safe
return ta.bollinger('bbands_lower', series, period, -deviations);

comment on function ta.bbands_lower(double precision[], integer, double precision) is
$$Lower Bollinger band: the simple moving average minus deviations times the standard deviation of the population (divisor: period). Result: as long as
series, in its unit.
Arguments: series; period in bars, 1 or more; deviations, a finite number.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period, number or array. Source: TA-Lib BBANDS with a simple average; Bollinger (2001).
lookback: period - 1$$;

revoke all on function ta.bbands_lower(double precision[], integer, double precision) from public;
grant execute on function ta.bbands_lower(double precision[], integer, double precision) to marketbase_reader;
--! EndIncluded ta/overlap/bbands_lower.sql
--! Included ta/overlap/bbands_middle.sql
-- Gives the middle Bollinger band.
create or replace function ta.bbands_middle(
  series double precision[],
  period integer default 5
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('bbands_middle', series, period, period, true);

comment on function ta.bbands_middle(double precision[], integer) is
$$Middle Bollinger band: the simple moving average. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib BBANDS with a simple average; Bollinger (2001).
lookback: period - 1$$;

revoke all on function ta.bbands_middle(double precision[], integer) from public;
grant execute on function ta.bbands_middle(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/bbands_middle.sql
--! Included ta/overlap/bbands_upper.sql
-- Gives the upper Bollinger band.
create or replace function ta.bbands_upper(
  series double precision[],
  period integer default 5,
  deviations double precision default 2
)
returns double precision[]
language sql
immutable
parallel safe
return ta.bollinger('bbands_upper', series, period, deviations);

comment on function ta.bbands_upper(double precision[], integer, double precision) is
$$Upper Bollinger band: the simple moving average plus deviations times the standard deviation of the population (divisor: period). Result: as long as series,
in its unit.
Arguments: series; period in bars, 1 or more; deviations, a finite number.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period, number or array. Source: TA-Lib BBANDS with a simple average; Bollinger (2001).
lookback: period - 1$$;

revoke all on function ta.bbands_upper(double precision[], integer, double precision) from public;
grant execute on function ta.bbands_upper(double precision[], integer, double precision) to marketbase_reader;
--! EndIncluded ta/overlap/bbands_upper.sql
--! Included ta/overlap/dema.sql
-- Gives the double exponential moving average.
create or replace function ta.dema(
  series double precision[],
  period integer default 30
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
  once double precision[];
  twice double precision[];
begin
  perform ta.check_period('dema', 'period', period, 1);
  perform ta.check_series('dema', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  once := ta.ema(series, period);
  twice := ta.ema(once, period);
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if twice[i] is not null then
      result[i] := 2 * once[i] - twice[i];
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.dema(double precision[], integer) is
$$Double exponential moving average: twice the EMA minus the EMA of the EMA. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 2 * (period - 1) bars.
Errors: MB001 for a bad period or array. Source: TA-Lib DEMA (unstable period 0); Mulloy (1994).
lookback: unbounded$$;

revoke all on function ta.dema(double precision[], integer) from public;
grant execute on function ta.dema(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/dema.sql
--! Included ta/overlap/ema.sql
-- Gives the exponential moving average.
create or replace function ta.ema(
  series double precision[],
  period integer default 30
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
  decay double precision;
  x double precision;
  average double precision := 0;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period('ema', 'period', period, 1);
  perform ta.check_series('ema', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  result := array_fill(null::double precision, array[bars]);
  decay := (period - 1.0) / (period + 1.0);
  foreach x in array series loop
    i := i + 1;
    if abs(x) < 'infinity' then
      counted := counted + 1;
      if counted > period then
        average := x + decay * (average - x);
        result[i] := average;
      else
        -- The mean of the first bars is the seed; built up so that a constant stays what it is.
        average := average + (x - average) / counted;
        if counted = period then
          result[i] := average;
        end if;
      end if;
    else
      counted := 0;
      average := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.ema(double precision[], integer) is
$$Exponential moving average with the weight 2 / (period + 1) for the newest bar, seeded with the simple average of the first period bars. Result: as long as
series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib EMA (compatibility default, unstable period 0).
lookback: unbounded$$;

revoke all on function ta.ema(double precision[], integer) from public;
grant execute on function ta.ema(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/ema.sql
--! Included ta/overlap/kama.sql
-- Gives Kaufman's adaptive moving average.
create or replace function ta.kama(
  series double precision[],
  period integer default 30
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
  steps double precision[];
  travelled double precision;
  net double precision;
  smoothing double precision;
  average double precision;
begin
  perform ta.check_period('kama', 'period', period, 1);
  perform ta.check_series('kama', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  steps := ta.delta(series, 1);
  for i in 1..bars loop
    steps[i] := abs(steps[i]);
  end loop;
  steps := ta.window_sum('kama', steps, period, period, false);
  result := array_fill(null::double precision, array[bars]);
  for i in period + 1..bars loop
    travelled := steps[i];
    if travelled is null then
      average := null;
    else
      net := abs(series[i] - series[i - period]);
      -- The efficiency ratio moves the weight of the newest bar between those of an EMA of 30 and one of 2 bars.
      smoothing := (case when net < travelled then net / travelled else 1 end * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0) ^ 2;
      average := coalesce(average, series[i - 1]);
      average := average + smoothing * (series[i] - average);
      result[i] := average;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.kama(double precision[], integer) is
$$Kaufman adaptive moving average: an exponential average that is fast (2 bars) when the price goes straight and slow (30 bars) when it only goes to and fro.
Result: as long as series, in its unit.
Arguments: series; period of the efficiency ratio in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or array. Source: TA-Lib KAMA (unstable period 0); Kaufman (1995).
lookback: unbounded$$;

revoke all on function ta.kama(double precision[], integer) from public;
grant execute on function ta.kama(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/kama.sql
--! Included ta/overlap/midpoint.sql
-- Gives the middle between the largest and the smallest value of the last bars.
create or replace function ta.midpoint(
  series double precision[],
  period integer default 14
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(series);
  highest double precision[];
  lowest double precision[];
begin
  highest := ta.window_extreme('midpoint', series, period, period, 1, 'value');
  lowest := ta.window_extreme('midpoint', series, period, period, -1, 'value');
  if series is null then
    return null;
  end if;
  for i in 1..bars loop
    if highest[i] is not null then
      highest[i] := (highest[i] + lowest[i]) / 2;
    end if;
  end loop;
  return highest;
end
$$;

comment on function ta.midpoint(double precision[], integer) is
$$Middle between the largest and the smallest value of the last period bars. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib MIDPOINT.
lookback: period - 1$$;

revoke all on function ta.midpoint(double precision[], integer) from public;
grant execute on function ta.midpoint(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/midpoint.sql
--! Included ta/overlap/sma.sql
-- Gives the simple moving average.
create or replace function ta.sma(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_sum('sma', series, period, period, true);

comment on function ta.sma(double precision[], integer) is
$$Simple moving average of the last period bars. Result: as long as series, in its unit; the sum is correctly rounded, so nothing drifts.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib SMA.
lookback: period - 1$$;

revoke all on function ta.sma(double precision[], integer) from public;
grant execute on function ta.sma(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/sma.sql
--! Included ta/overlap/tema.sql
-- Gives the triple exponential moving average.
create or replace function ta.tema(
  series double precision[],
  period integer default 30
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
  once double precision[];
  twice double precision[];
  thrice double precision[];
begin
  perform ta.check_period('tema', 'period', period, 1);
  perform ta.check_series('tema', 'series', series, bars);
  if series is null or bars = 0 then
    return series;
  end if;
  once := ta.ema(series, period);
  twice := ta.ema(once, period);
  thrice := ta.ema(twice, period);
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if thrice[i] is not null then
      result[i] := 3 * once[i] - 3 * twice[i] + thrice[i];
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.tema(double precision[], integer) is
$$Triple exponential moving average: three times the EMA minus three times the EMA of the EMA plus the EMA of that. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: 3 * (period - 1) bars.
Errors: MB001 for a bad period or array. Source: TA-Lib TEMA (unstable period 0); Mulloy (1994).
lookback: unbounded$$;

revoke all on function ta.tema(double precision[], integer) from public;
grant execute on function ta.tema(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/tema.sql
--! Included ta/overlap/wma.sql
-- Gives the linearly weighted moving average.
create or replace function ta.wma(
  series double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_line('wma', series, period, 'weighted mean');

comment on function ta.wma(double precision[], integer) is
$$Weighted moving average of the last period bars with the weights 1, 2, ... period, the newest bar weighing most. Result: as long as series, in its unit.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib WMA.
lookback: period - 1$$;

revoke all on function ta.wma(double precision[], integer) from public;
grant execute on function ta.wma(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/overlap/wma.sql
--! Included ta/price/avgprice.sql
-- Gives the average price of each bar.
create or replace function ta.avgprice(
  open double precision[],
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
begin
  perform ta.check_series('avgprice', 'open', open, bars);
  perform ta.check_series('avgprice', 'high', high, bars);
  perform ta.check_series('avgprice', 'low', low, bars);
  perform ta.check_series('avgprice', 'close', close, bars);
  if open is null or high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(open[i]) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := (open[i] + high[i] + low[i] + close[i]) / 4;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.avgprice(double precision[], double precision[], double precision[], double precision[]) is
$$Average price: (open + high + low + close) / 4. Result: as long as close, in its unit.
Arguments: open, high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib AVGPRICE.
lookback: 0$$;

revoke all on function ta.avgprice(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.avgprice(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/price/avgprice.sql
--! Included ta/price/medprice.sql
-- Gives the median price of each bar.
create or replace function ta.medprice(
  high double precision[],
  low double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(low);
  result double precision[];
begin
  perform ta.check_series('medprice', 'high', high, bars);
  perform ta.check_series('medprice', 'low', low, bars);
  if high is null or low is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      result[i] := (high[i] + low[i]) / 2;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.medprice(double precision[], double precision[]) is
$$Median price: (high + low) / 2. Result: as long as low, in its unit.
Arguments: high, low, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib MEDPRICE.
lookback: 0$$;

revoke all on function ta.medprice(double precision[], double precision[]) from public;
grant execute on function ta.medprice(double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/price/medprice.sql
--! Included ta/price/typprice.sql
-- Gives the typical price of each bar.
create or replace function ta.typprice(
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
begin
  perform ta.check_series('typprice', 'high', high, bars);
  perform ta.check_series('typprice', 'low', low, bars);
  perform ta.check_series('typprice', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := (high[i] + low[i] + close[i]) / 3;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.typprice(double precision[], double precision[], double precision[]) is
$$Typical price: (high + low + close) / 3. Result: as long as close, in its unit.
Arguments: high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib TYPPRICE.
lookback: 0$$;

revoke all on function ta.typprice(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.typprice(double precision[], double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/price/typprice.sql
--! Included ta/price/wclprice.sql
-- Gives the weighted close of each bar.
create or replace function ta.wclprice(
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
begin
  perform ta.check_series('wclprice', 'high', high, bars);
  perform ta.check_series('wclprice', 'low', low, bars);
  perform ta.check_series('wclprice', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' then
      result[i] := (high[i] + low[i] + 2 * close[i]) / 4;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.wclprice(double precision[], double precision[], double precision[]) is
$$Weighted close: (high + low + 2 * close) / 4. Result: as long as close, in its unit.
Arguments: high, low, close, of equal length.
NULL behaviour: NULL where any of them is NULL, NaN or infinite. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib WCLPRICE.
lookback: 0$$;

revoke all on function ta.wclprice(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.wclprice(double precision[], double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/price/wclprice.sql
--! Included ta/statistic/beta.sql
-- Gives the beta of one series on another over the last bars.
create or replace function ta.beta(
  x double precision[],
  y double precision[],
  period integer default 5
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform ta.check_period('beta', 'period', period, 1);
  perform ta.check_series('beta', 'x', x, cardinality(x));
  perform ta.check_series('beta', 'y', y, cardinality(x));
  return ta.window_pair('beta', ta.change('beta', x, 1, 'fraction'), ta.change('beta', y, 1, 'fraction'), period, period, 'slope', null);
end
$$;

comment on function ta.beta(double precision[], double precision[], integer) is
$$Beta: the slope of the least-squares line of the one-bar returns of y on those of x, over the last period returns. Result: as long as x, without unit.
0 where the returns of x are constant in the window, as in TA-Lib.
Arguments: x, the market, and y, the asset, of equal length; period in returns, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib BETA (inReal0 is x, inReal1 is y).
lookback: period$$;

revoke all on function ta.beta(double precision[], double precision[], integer) from public;
grant execute on function ta.beta(double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/statistic/beta.sql
--! Included ta/statistic/correl.sql
-- Gives the correlation of two series over the last bars.
create or replace function ta.correl(
  x double precision[],
  y double precision[],
  period integer default 30
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_pair('correl', x, y, period, period, 'correlation', null);

comment on function ta.correl(double precision[], double precision[], integer) is
$$Pearson's correlation of x and y over the last period bars, -1 to 1. Result: as long as x. 0 where x or y is constant in the window, as in TA-Lib.
Arguments: x and y of equal length; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib CORREL.
lookback: period - 1$$;

revoke all on function ta.correl(double precision[], double precision[], integer) from public;
grant execute on function ta.correl(double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/statistic/correl.sql
--! Included ta/statistic/linearreg.sql
-- Gives the end of the regression line through the last bars.
create or replace function ta.linearreg(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_line('linearreg', series, period, 'end');

comment on function ta.linearreg(double precision[], integer) is
$$Linear regression over time: the value at the newest bar of the least-squares line through the last period bars. Result: as long as series, in its unit.
Arguments: series; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib LINEARREG.
lookback: period - 1$$;

revoke all on function ta.linearreg(double precision[], integer) from public;
grant execute on function ta.linearreg(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/statistic/linearreg.sql
--! Included ta/statistic/linearreg_slope.sql
-- Gives the slope of the regression line through the last bars.
create or replace function ta.linearreg_slope(
  series double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_line('linearreg_slope', series, period, 'slope');

comment on function ta.linearreg_slope(double precision[], integer) is
$$Linear regression over time: the slope of the least-squares line through the last period bars. Result: as long as series, in its unit per bar.
Arguments: series; period in bars, 2 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib LINEARREG_SLOPE.
lookback: period - 1$$;

revoke all on function ta.linearreg_slope(double precision[], integer) from public;
grant execute on function ta.linearreg_slope(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/statistic/linearreg_slope.sql
--! Included ta/statistic/stddev.sql
-- Gives the standard deviation of the population of the last bars.
create or replace function ta.stddev(
  series double precision[],
  period integer default 5,
  deviations double precision default 1
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result double precision[];
begin
  perform ta.check_number('stddev', 'deviations', deviations);
  result := ta.window_deviation('stddev', series, period, period, 0, false);
  if series is not null and deviations <> 1 then
    for i in 1..cardinality(result) loop
      result[i] := result[i] * deviations;
    end loop;
  end if;
  return result;
end
$$;

comment on function ta.stddev(double precision[], integer, double precision) is
$$Standard deviation of the population (divisor: period) of the last period bars, times deviations. Result: as long as series, in its unit. Exactly 0 where
all values are equal.
Arguments: series; period in bars, 1 or more; deviations, a finite factor.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period, number or array. Source: TA-Lib STDDEV.
lookback: period - 1$$;

revoke all on function ta.stddev(double precision[], integer, double precision) from public;
grant execute on function ta.stddev(double precision[], integer, double precision) to marketbase_reader;
--! EndIncluded ta/statistic/stddev.sql
--! Included ta/statistic/var.sql
-- Gives the variance of the population of the last bars.
create or replace function ta.var(
  series double precision[],
  period integer default 5
)
returns double precision[]
language sql
immutable
parallel safe
return ta.window_deviation('var', series, period, period, 0, true);

comment on function ta.var(double precision[], integer) is
$$Variance of the population (divisor: period) of the last period bars. Result: as long as series, in its unit squared; exactly 0 where all values are equal.
Arguments: series; period in bars, 1 or more.
NULL behaviour: NULL while the window has a NULL, NaN or infinity. Warm-up: period - 1 bars.
Errors: MB001 for a bad period or array. Source: TA-Lib VAR.
lookback: period - 1$$;

revoke all on function ta.var(double precision[], integer) from public;
grant execute on function ta.var(double precision[], integer) to marketbase_reader;
--! EndIncluded ta/statistic/var.sql
--! Included ta/volatility/atr.sql
-- Gives Wilder's average true range.
create or replace function ta.atr(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_range('atr', high, low, close, period, false);

comment on function ta.atr(double precision[], double precision[], double precision[], integer) is
$$Average true range by Wilder's smoothing, seeded with the simple average of the first period true ranges. Result: as long as close, in its unit.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity in any of the three, after which the warm-up begins anew. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ATR (unstable period 0); Wilder (1978).
lookback: unbounded$$;

revoke all on function ta.atr(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.atr(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/volatility/atr.sql
--! Included ta/volatility/natr.sql
-- Gives the average true range in percent of the close.
create or replace function ta.natr(
  high double precision[],
  low double precision[],
  close double precision[],
  period integer default 14
)
returns double precision[]
language sql
immutable
parallel safe
return ta.wilder_range('natr', high, low, close, period, true);

comment on function ta.natr(double precision[], double precision[], double precision[], integer) is
$$Normalised average true range: 100 * atr / close. Result: as long as close, in percent.
Arguments: high, low, close, of equal length; period in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity in any of the three, after which the warm-up begins anew; NULL where the close is 0. Warm-up: period bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib NATR (unstable period 0); Forman (2006).
lookback: unbounded$$;

revoke all on function ta.natr(double precision[], double precision[], double precision[], integer) from public;
grant execute on function ta.natr(double precision[], double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/volatility/natr.sql
--! Included ta/volatility/trange.sql
-- Gives the true range.
create or replace function ta.trange(
  high double precision[],
  low double precision[],
  close double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  before double precision;
begin
  perform ta.check_series('trange', 'high', high, bars);
  perform ta.check_series('trange', 'low', low, bars);
  perform ta.check_series('trange', 'close', close, bars);
  if high is null or low is null or close is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 2..bars loop
    before := close[i - 1];
    if abs(before) < 'infinity' and abs(close[i]) < 'infinity' and abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' then
      result[i] := greatest(high[i], before) - least(low[i], before);
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.trange(double precision[], double precision[], double precision[]) is
$$True range: the distance between the extremes of the bar and the close before. Result: as long as close, in its unit.
Arguments: high, low, close, of equal length.
NULL behaviour: NULL where the bar, or the close before, has a NULL, NaN or infinity. Warm-up: 1 bar.
Errors: MB001 for bad arrays. Source: TA-Lib TRANGE; Wilder (1978).
lookback: 1$$;

revoke all on function ta.trange(double precision[], double precision[], double precision[]) from public;
grant execute on function ta.trange(double precision[], double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/volatility/trange.sql
--! Included ta/volume/ad.sql
-- Gives the accumulation/distribution line.
create or replace function ta.ad(
  high double precision[],
  low double precision[],
  close double precision[],
  volume double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  balance double precision := 0;
  extent double precision;
begin
  perform ta.check_series('ad', 'high', high, bars);
  perform ta.check_series('ad', 'low', low, bars);
  perform ta.check_series('ad', 'close', close, bars);
  perform ta.check_series('ad', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  for i in 1..bars loop
    if abs(high[i]) < 'infinity' and abs(low[i]) < 'infinity' and abs(close[i]) < 'infinity' and abs(volume[i]) < 'infinity' then
      extent := high[i] - low[i];
      if extent > 0 then
        balance := balance + ((close[i] - low[i]) - (high[i] - close[i])) / extent * volume[i];
      end if;
      result[i] := balance;
    else
      balance := 0;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.ad(double precision[], double precision[], double precision[], double precision[]) is
$$Accumulation/distribution line: the running sum of volume times the place of the close in its bar (1 at the high, -1 at the low). Result: as long as close,
in the unit of volume.
A bar without range adds nothing. Only its changes mean something.
Arguments: high, low, close, volume, of equal length.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the sum begins anew. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib AD; Chaikin.
lookback: unbounded$$;

revoke all on function ta.ad(double precision[], double precision[], double precision[], double precision[]) from public;
grant execute on function ta.ad(double precision[], double precision[], double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/volume/ad.sql
--! Included ta/volume/adosc.sql
-- Gives the Chaikin oscillator.
create or replace function ta.adosc(
  high double precision[],
  low double precision[],
  close double precision[],
  volume double precision[],
  fast integer default 3,
  slow integer default 10
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  line double precision[];
  result double precision[];
  fast_weight double precision;
  slow_weight double precision;
  x double precision;
  fast_average double precision;
  slow_average double precision;
  counted integer := 0;
  i integer := 0;
begin
  perform ta.check_period('adosc', 'fast', fast, 1);
  perform ta.check_period('adosc', 'slow', slow, 1);
  perform ta.check_series('adosc', 'high', high, bars);
  perform ta.check_series('adosc', 'low', low, bars);
  perform ta.check_series('adosc', 'close', close, bars);
  perform ta.check_series('adosc', 'volume', volume, bars);
  if high is null or low is null or close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  if bars = 0 then
    return result;
  end if;
  fast_weight := 2.0 / (fast + 1.0);
  slow_weight := 2.0 / (slow + 1.0);
  line := ta.ad(high, low, close, volume);
  foreach x in array line loop
    i := i + 1;
    if x is null then
      counted := 0;
    else
      counted := counted + 1;
      if counted = 1 then
        fast_average := x;
        slow_average := x;
      else
        fast_average := fast_average + fast_weight * (x - fast_average);
        slow_average := slow_average + slow_weight * (x - slow_average);
      end if;
      if counted >= greatest(fast, slow) then
        result[i] := fast_average - slow_average;
      end if;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.adosc(double precision[], double precision[], double precision[], double precision[], integer, integer) is
$$Chaikin oscillator: the fast exponential average of the accumulation/distribution line minus the slow one, both seeded with the first value of the line.
Result: as long as close, in the unit of volume.
Arguments: high, low, close, volume, of equal length; fast and slow in bars, 1 or more.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the warm-up begins anew. Warm-up: the longer period - 1 bars.
Errors: MB001 for a bad period or arrays. Source: TA-Lib ADOSC; Chaikin.
lookback: unbounded$$;

revoke all on function ta.adosc(double precision[], double precision[], double precision[], double precision[], integer, integer) from public;
grant execute on function ta.adosc(double precision[], double precision[], double precision[], double precision[], integer, integer) to marketbase_reader;
--! EndIncluded ta/volume/adosc.sql
--! Included ta/volume/obv.sql
-- Gives on-balance volume.
create or replace function ta.obv(
  close double precision[],
  volume double precision[]
)
returns double precision[]
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  bars constant integer := cardinality(close);
  result double precision[];
  x double precision;
  before double precision;
  balance double precision;
  i integer := 0;
begin
  perform ta.check_series('obv', 'close', close, bars);
  perform ta.check_series('obv', 'volume', volume, bars);
  if close is null or volume is null then
    return null;
  end if;
  result := array_fill(null::double precision, array[bars]);
  if bars = 0 then
    return result;
  end if;
  foreach x in array close loop
    i := i + 1;
    if abs(x) < 'infinity' and abs(volume[i]) < 'infinity' then
      balance := case
        when before is null then volume[i]
        when x > before then balance + volume[i]
        when x < before then balance - volume[i]
        else balance
      end;
      result[i] := balance;
      before := x;
    else
      before := null;
    end if;
  end loop;
  return result;
end
$$;

comment on function ta.obv(double precision[], double precision[]) is
$$On-balance volume: the running sum of volume, added where the close rose and subtracted where it fell. Result: as long as close, in the unit of volume.
It begins with the volume of the first bar, so only its changes mean something.
Arguments: close, volume, of equal length.
NULL behaviour: NULL at a NULL, NaN or infinity, after which the sum begins anew. Warm-up: none.
Errors: MB001 for bad arrays. Source: TA-Lib OBV; Granville (1963).
lookback: unbounded$$;

revoke all on function ta.obv(double precision[], double precision[]) from public;
grant execute on function ta.obv(double precision[], double precision[]) to marketbase_reader;
--! EndIncluded ta/volume/obv.sql
--! Included feature/compiler/kernel_versions.sql
-- The hash of each kernel's definition, and of the helpers that it calls.
create or replace function feature.kernel_versions(p_kernels text[]) returns jsonb
language sql stable parallel safe
begin atomic
  with recursive used (oid) as (
    select kernel.oid
    from unnest(p_kernels) as wanted (name)
    join pg_proc as kernel on kernel.pronamespace = 'ta'::regnamespace and kernel.proname = substr(wanted.name, 4) and kernel.prokind = 'f'
    union
    select helper.oid
    from used
    cross join lateral regexp_matches(pg_get_functiondef(used.oid), '\mta\.(\w+)\s*\(', 'g') as called (name)
    join pg_proc as helper on helper.pronamespace = 'ta'::regnamespace and helper.proname = called.name[1] and helper.prokind = 'f'
  )
  select coalesce(jsonb_object_agg(used.oid::regprocedure::text, internal.function_version(used.oid::regprocedure)), '{}')
  from used;
end;

comment on function feature.kernel_versions(text[]) is
'A JSON object: signature of each kernel of p_kernels (such as ta.rsi) and of every function of schema ta that its definition calls, with the first 12 hex digits of the sha256 of its definition. An empty object for NULL or none.';

revoke all on function feature.kernel_versions(text[]) from public;
--! EndIncluded feature/compiler/kernel_versions.sql
--! Included feature/reading/feature_data_version.sql
-- Feature values of every version of a set and every revision, one per row.
create or replace view feature.feature_data_version with (security_invoker = true) as
select
  instrument.symbol,
  vector.ts,
  feature_set.name as feature_set,
  version.version,
  named.feature_name,
  named.value,
  vector.revision,
  vector.known_from,
  vector.known_to,
  vector.recorded_at,
  vector.closed_at,
  version.is_current as is_current_version,
  vector.instrument_id,
  vector.feature_set_version_id,
  vector.run_id
from feature.feature_set as feature_set
join feature.feature_set_version as version on version.feature_set_id = feature_set.feature_set_id
join feature.feature_vector_version as vector on vector.feature_set_version_id = version.feature_set_version_id
join market.instrument as instrument on instrument.instrument_id = vector.instrument_id
cross join lateral unnest(version.feature_names, vector.values) as named (feature_name, value);

comment on view feature.feature_data_version is
E'@primaryKey instrument_id,feature_set_version_id,ts,revision,feature_name\n@foreignKey (instrument_id) references market.instrument (instrument_id)\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)\nFeature values of every version of a set and every revision, one per row. feature.feature_data has those that are in force.';
comment on column feature.feature_data_version.symbol is 'Symbol of the instrument.';
comment on column feature.feature_data_version.ts is 'Start of the bar.';
comment on column feature.feature_data_version.feature_set is 'Name of the set.';
comment on column feature.feature_data_version.version is 'Version of the set.';
comment on column feature.feature_data_version.feature_name is 'Name of the feature.';
comment on column feature.feature_data_version.value is 'The value; null during warm-up and where it cannot be computed.';
comment on column feature.feature_data_version.revision is 'Number of the revision, from 1.';
comment on column feature.feature_data_version.known_from is 'From when the value could be known.';
comment on column feature.feature_data_version.known_to is 'Until when it was the one to know (excluded); infinity for the current one.';
comment on column feature.feature_data_version.recorded_at is 'When marketbase stored it.';
comment on column feature.feature_data_version.closed_at is 'When marketbase closed it; infinity for the current one.';
comment on column feature.feature_data_version.is_current_version is 'True for the version of the set that is in force.';
comment on column feature.feature_data_version.instrument_id is 'Instrument.';
comment on column feature.feature_data_version.feature_set_version_id is 'Version of the set, by identity.';
comment on column feature.feature_data_version.run_id is 'Run that computed it.';

revoke all on feature.feature_data_version from public;
grant select on feature.feature_data_version to marketbase_reader;
--! EndIncluded feature/reading/feature_data_version.sql
--! Included feature/sets/qlib14.sql
-- Fourteen features of qlib's Alpha158.
select feature.define_set(
  'qlib14',
  'Fourteen features of Alpha158, as in Microsoft qlib 0.9.7 (qlib/contrib/data/loader.py): candle, return, mean, deviation, range, correlation and volume. Windows at the start of a series hold the bars that there are.',
  array[
    ('kmid', '(close - open) / open', 'KMID: body of the candle, relative to the open.'),
    ('klen', '(high - low) / open', 'KLEN: length of the candle, relative to the open.'),
    ('roc5', 'ta.ref(close, 5) / close', 'ROC5: close of five bars ago, relative to the close.'),
    ('roc20', 'ta.ref(close, 20) / close', 'ROC20: close of twenty bars ago, relative to the close.'),
    ('ma5', 'ta.rolling_mean(close, 5) / close', 'MA5: mean close of five bars, relative to the close.'),
    ('ma20', 'ta.rolling_mean(close, 20) / close', 'MA20: mean close of twenty bars, relative to the close.'),
    ('std5', 'ta.rolling_std(close, 5) / close', 'STD5: standard deviation of the close over five bars, relative to the close.'),
    ('std20', 'ta.rolling_std(close, 20) / close', 'STD20: standard deviation of the close over twenty bars, relative to the close.'),
    ('max20', 'ta.rolling_max(high, 20) / close', 'MAX20: highest high of twenty bars, relative to the close.'),
    ('min20', 'ta.rolling_min(low, 20) / close', 'MIN20: lowest low of twenty bars, relative to the close.'),
    (
      'rsv20', '(close - ta.rolling_min(low, 20)) / (ta.rolling_max(high, 20) - ta.rolling_min(low, 20) + 1e-12)',
      'RSV20: place of the close between the lowest low (0) and the highest high (1) of twenty bars.'
    ),
    ('corr20', 'ta.rolling_corr(close, ln(volume + 1), 20)', 'CORR20: correlation of the close and the logarithm of the volume over twenty bars.'),
    ('vma20', 'ta.rolling_mean(volume, 20) / (volume + 1e-12)', 'VMA20: mean volume of twenty bars, relative to the volume.'),
    ('vstd20', 'ta.rolling_std(volume, 20) / (volume + 1e-12)', 'VSTD20: standard deviation of the volume over twenty bars, relative to the volume.')
  ]::feature.definition[]
);
--! EndIncluded feature/sets/qlib14.sql
--! Included feature/sets/technical.sql
-- Common indicators of technical analysis.
select feature.define_set(
  'technical',
  'Common indicators of technical analysis with their usual periods, by the conventions of TA-Lib; null during warm-up. Prices are not adjusted unless those of the provider are.',
  array[
    ('sma_20', 'ta.sma(close, 20)', 'Simple moving average of the close over 20 bars.'),
    ('sma_50', 'ta.sma(close, 50)', 'Simple moving average of the close over 50 bars.'),
    ('sma_200', 'ta.sma(close, 200)', 'Simple moving average of the close over 200 bars.'),
    ('ema_12', 'ta.ema(close, 12)', 'Exponential moving average of the close, period 12.'),
    ('ema_26', 'ta.ema(close, 26)', 'Exponential moving average of the close, period 26.'),
    ('macd', 'ta.macd(close, 12, 26, 9)', 'MACD line: fast less slow exponential moving average (12, 26).'),
    ('macd_signal', 'ta.macd_signal(close, 12, 26, 9)', 'Signal of the MACD: its exponential moving average over 9 bars.'),
    ('macd_hist', 'ta.macd_hist(close, 12, 26, 9)', 'Histogram of the MACD: line less signal.'),
    ('rsi_14', 'ta.rsi(close, 14)', 'Relative strength index of Wilder over 14 bars, 0 to 100.'),
    ('roc_10', 'ta.roc(close, 10)', 'Rate of change of the close over 10 bars, in percent.'),
    ('stoch_k', 'ta.stoch_k(high, low, close, 14, 3, 3)', 'Slow stochastic %K over 14 bars, smoothed over 3, 0 to 100.'),
    ('stoch_d', 'ta.stoch_d(high, low, close, 14, 3, 3)', 'Slow stochastic %D: mean of %K over 3 bars, 0 to 100.'),
    ('willr_14', 'ta.willr(high, low, close, 14)', 'Williams %R over 14 bars, -100 to 0.'),
    ('cci_20', 'ta.cci(high, low, close, 20)', 'Commodity channel index of Lambert over 20 bars.'),
    ('adx_14', 'ta.adx(high, low, close, 14)', 'Average directional movement index of Wilder over 14 bars, 0 to 100.'),
    ('plus_di_14', 'ta.plus_di(high, low, close, 14)', 'Positive directional indicator over 14 bars.'),
    ('minus_di_14', 'ta.minus_di(high, low, close, 14)', 'Negative directional indicator over 14 bars.'),
    ('atr_14', 'ta.atr(high, low, close, 14)', 'Average true range of Wilder over 14 bars, in price.'),
    ('natr_14', 'ta.natr(high, low, close, 14)', 'Average true range over 14 bars in percent of the close.'),
    ('bb_upper', 'ta.bbands_upper(close, 20, 2)', 'Upper Bollinger band: mean of 20 bars plus two standard deviations.'),
    ('bb_middle', 'ta.bbands_middle(close, 20)', 'Middle Bollinger band: mean of 20 bars.'),
    ('bb_lower', 'ta.bbands_lower(close, 20, 2)', 'Lower Bollinger band: mean of 20 bars less two standard deviations.'),
    (
      'bb_percent_b', '(close - ta.bbands_lower(close, 20, 2)) / (ta.bbands_upper(close, 20, 2) - ta.bbands_lower(close, 20, 2))',
      '%b of Bollinger: place of the close between the lower (0) and the upper (1) band.'
    ),
    (
      'bb_bandwidth', '(ta.bbands_upper(close, 20, 2) - ta.bbands_lower(close, 20, 2)) / ta.bbands_middle(close, 20)',
      'Bandwidth of Bollinger: distance of the bands relative to the middle one.'
    ),
    ('obv', 'ta.obv(close, volume)', 'On-balance volume since the first bar.'),
    ('mfi_14', 'ta.mfi(high, low, close, volume, 14)', 'Money flow index over 14 bars, 0 to 100.')
  ]::feature.definition[]
);
--! EndIncluded feature/sets/technical.sql
--! Included ingest/land/land.sql
-- Where everything comes in: the exact bytes that a provider sent.
create or replace function ingest.land(
  p_run_id bigint,
  p_provider text,
  p_dataset text,
  p_subject text,
  p_url text,
  p_method text,
  p_status integer,
  p_headers jsonb,
  p_content_type text,
  p_body bytea,
  p_fetched_at timestamptz,
  out raw_response_id bigint,
  out is_new boolean
)
language sql volatile parallel unsafe
begin atomic
  select recorded.raw_response_id, recorded.is_new
  from ingest.record_response(
    p_run_id, p_provider, p_dataset, p_subject, p_url, p_method, p_status, p_headers, p_content_type,
    coalesce(p_body, ''), length(coalesce(p_body, '')), encode(sha256(coalesce(p_body, '')), 'hex'), p_fetched_at
  ) as recorded;
end;

comment on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz) is
'Stores the body that a provider sent, byte for byte, with its sha256, whatever its status. p_dataset is bars, fundamentals, trades or documents; p_subject a symbol or the name of a file; p_headers a JSON object;
p_fetched_at when the body arrived; a NULL body counts as empty. Keys in the URL and cookies in the headers are dropped. A body equal to the latest one for the same request is not stored again:
raw_response_id is then that one and is_new is false. MB001 for an unknown provider.';

revoke all on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz) from public;
grant execute on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz) to marketbase_worker;
--! EndIncluded ingest/land/land.sql
--! Included ingest/normalise/normalise_csv_bars.sql
-- Bars from a file of the user.
create or replace function ingest.normalise_csv_bars(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
begin atomic
  select ingest.read_bars_csv(
    response.raw_response_id,
    case when response.url ~ '\?symbol=' then response.subject end
  )
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id;
end;

comment on function ingest.normalise_csv_bars(bigint) is
'Fills ingest.candidate_bar from a file, as ingest.read_bars_csv says. The subject is the symbol of all its rows when the file came with one (its url then ends in ?symbol=…), else the name of the file.';

revoke all on function ingest.normalise_csv_bars(bigint) from public;
grant execute on function ingest.normalise_csv_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_csv_bars.sql
--! Included ingest/normalise/normalise_sample_fundamentals.sql
-- The fundamentals that come with marketbase, in the SEC's shape.
create or replace function ingest.normalise_sample_fundamentals(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
return ingest.normalise_sec_fundamentals(p_raw_response_id);

comment on function ingest.normalise_sample_fundamentals(bigint) is
'Fills ingest.candidate_fact from the sample file, which has the shape of the SEC''s companyfacts: ingest.normalise_sec_fundamentals says how and with which errors.';

revoke all on function ingest.normalise_sample_fundamentals(bigint) from public;
grant execute on function ingest.normalise_sample_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sample_fundamentals.sql
--! Included lineage/sources/sources_feature_vector.sql
-- Feature vectors come from the bars in their window, as those were stored when the vectors were computed.
create or replace function lineage.sources_feature_vector(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'market.price_data', null::bigint, bar.instrument_id, null::bigint, bar.raw_response_id,
    min(bar.ts), max(bar.ts), count(*), 'version ' || string_agg(distinct bar.version::text, ', '), 'ingest.accept_bars',
    bar.run_id, max(bar.recorded_at), null::text, null::text
  from feature.feature_set_version version
  join market.price_data_version bar
    on bar.instrument_id = p_node.instrument_id
    and bar.bar_interval = '1d'
    and bar.ts between lineage.window_start(p_node.instrument_id, version.lookback, p_node.from_ts) and p_node.to_ts
    and bar.recorded_at <= p_node.recorded_at
    and (bar.closed_at is null or bar.closed_at > p_node.recorded_at)
  where version.feature_set_version_id = p_node.feature_set_version_id
  group by bar.instrument_id, bar.raw_response_id, bar.run_id
  order by min(bar.ts), bar.raw_response_id;
end;

comment on function lineage.sources_feature_vector(lineage.node) is
'Sources of the vectors of p_node: the bars from the lookback before the first to the last, in the versions that were stored when the vectors were computed, by the body from which they were read.';

revoke all on function lineage.sources_feature_vector(lineage.node) from public;
grant execute on function lineage.sources_feature_vector(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_feature_vector.sql
--! Included lineage/sources/sources_portfolio_position.sql
-- A position comes from the trades up to its session and from the close at which it is valued.
create or replace function lineage.sources_portfolio_position(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  select
    'portfolio.trade', null::bigint, trade.instrument_id, null::bigint, trade.raw_response_id,
    min(trade.traded_at), max(trade.traded_at), count(*), null::text, 'portfolio.record_trades',
    trade.run_id, max(trade.recorded_at), null::text, null::text
  from portfolio.trade trade
  where trade.instrument_id = p_node.instrument_id
    and trade.portfolio_id = p_node.id
    and trade.session_date <= (p_node.to_ts at time zone 'UTC')::date
    and trade.recorded_at <= p_node.recorded_at
  group by trade.instrument_id, trade.raw_response_id, trade.run_id
  union all
  (
    select
      'market.price_data', null, bar.instrument_id, null, bar.raw_response_id,
      bar.ts, bar.ts, 1, 'version ' || bar.version, 'ingest.accept_bars', bar.run_id, bar.recorded_at, null, null
    from market.price_data_version bar
    where bar.instrument_id = p_node.instrument_id
      and bar.bar_interval = '1d'
      and bar.ts <= p_node.to_ts
      and bar.recorded_at <= p_node.recorded_at
      and (bar.closed_at is null or bar.closed_at > p_node.recorded_at)
    order by bar.ts desc
    limit 1
  );
end;

comment on function lineage.sources_portfolio_position(lineage.node) is
'Sources of the position of portfolio p_node.id in one instrument at the session of p_node.to_ts: its trades so far, and the bar whose close values it.';

revoke all on function lineage.sources_portfolio_position(lineage.node) from public;
grant execute on function lineage.sources_portfolio_position(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_portfolio_position.sql
--! Included market/fundamental/company_fundamental_as_of.sql
-- The reported facts as they could be known at a moment.
create or replace function market.company_fundamental_as_of(
  p_symbol text,
  p_as_of timestamptz default now(),
  p_concepts text[] default null
) returns setof market.company_fundamental_version
language sql stable parallel safe
begin atomic
  select version.*
  from market.company_fundamental_version version
  where version.instrument_id = market.instrument_id(p_symbol)
    and (p_concepts is null or version.concept = any (p_concepts))
    and version.known_from <= p_as_of
    and (version.known_to is null or p_as_of < version.known_to)
  order by version.taxonomy, version.concept, version.unit, version.period_end, version.period_start;
end;

comment on function market.company_fundamental_as_of(text, timestamptz, text[]) is
'Reported facts of a symbol as they could be known at p_as_of: for each concept, unit and period the value that was last filed by then. p_concepts limits the concepts, NULL means all. MB002 for an unknown symbol.';

revoke all on function market.company_fundamental_as_of(text, timestamptz, text[]) from public;
grant execute on function market.company_fundamental_as_of(text, timestamptz, text[]) to marketbase_reader;
--! EndIncluded market/fundamental/company_fundamental_as_of.sql
--! Included market/price/price_data_as_of.sql
-- The bars as they could be known at a moment.
create or replace function market.price_data_as_of(
  p_symbol text,
  p_as_of timestamptz default now(),
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.price_data_version
language sql stable parallel safe
begin atomic
  select version.*
  from market.price_data_version version
  where version.instrument_id = market.instrument_id(p_symbol)
    and version.bar_interval = p_bar_interval
    and version.known_from <= p_as_of
    and (version.known_to is null or p_as_of < version.known_to)
    and (p_from is null or version.session_date >= p_from)
    and (p_to is null or version.session_date <= p_to)
  order by version.ts;
end;

comment on function market.price_data_as_of(text, timestamptz, date, date, text) is
'Bars of a symbol as they could be known at p_as_of (known_from <= p_as_of < known_to), from p_from to p_to by session date, both included, NULL for no limit; daily bars unless p_bar_interval says otherwise.
Sessions that had not closed by then are absent. MB002 for an unknown symbol.';

revoke all on function market.price_data_as_of(text, timestamptz, date, date, text) from public;
grant execute on function market.price_data_as_of(text, timestamptz, date, date, text) to marketbase_reader;
--! EndIncluded market/price/price_data_as_of.sql
--! Included ml/fit/code_version.sql
-- The version of the code that trains.
create or replace function ml.code_version() returns text
language sql stable parallel safe
begin atomic
  select left(encode(sha256(convert_to(string_agg(internal.function_version(trainer), ' ' order by position), 'UTF8')), 'hex'), 12)
  from unnest(array[
    'ml.train(bigint, text)', 'ml.fit_ridge(ml.training_row[], double precision)', 'ml.solve_spd(double precision[], double precision[])',
    'ml.apply_fit(ml.ridge_fit, double precision[])', 'ml.score(double precision[], double precision[], double precision[])'
  ]::regprocedure[]) with ordinality as code (trainer, position);
end;

comment on function ml.code_version() is
'First 12 hex digits of the sha256 over the versions of the functions that train a model: a changed function makes a new version, hence a new training.';

revoke all on function ml.code_version() from public;
grant execute on function ml.code_version() to marketbase_worker;
--! EndIncluded ml/fit/code_version.sql
--! Included ml/join_outcomes.sql
-- Joins what came to what was predicted.
create or replace function ml.join_outcomes(p_run_id bigint) returns bigint
language sql volatile parallel unsafe
begin atomic
  with predicted as (
    select feature_set.bar_interval, array_agg(distinct prediction.instrument_id) as instrument_ids
    from ml.model_prediction prediction
    join feature.feature_set_version version on version.feature_set_version_id = prediction.feature_set_version_id
    join feature.feature_set on feature_set.feature_set_id = version.feature_set_id
    group by feature_set.bar_interval
  ),
  outcome as (
    select predicted.bar_interval, bar.*
    from predicted
    cross join lateral ml.labels(predicted.instrument_ids, predicted.bar_interval) as bar
  ),
  joined as (
    update ml.model_prediction prediction
    set outcome = outcome.label, outcome_known_from = outcome.label_known_from, outcome_run_id = p_run_id
    from outcome, feature.feature_set_version version, feature.feature_set
    where outcome.instrument_id = prediction.instrument_id
      and outcome.ts = prediction.ts
      and outcome.label_known_from > prediction.decision_time
      and version.feature_set_version_id = prediction.feature_set_version_id
      and feature_set.feature_set_id = version.feature_set_id
      and feature_set.bar_interval = outcome.bar_interval
      and (prediction.outcome, prediction.outcome_known_from) is distinct from (outcome.label, outcome.label_known_from)
    returning 1
  )
  select count(*) from joined;
end;

comment on function ml.join_outcomes(bigint) is
'Writes the outcome of every prediction whose next bar is there, as the bars are now known. Returns how many outcomes were new or changed, 0 where none was.
A corrected bar corrects the outcome; the prediction itself never changes.';

revoke all on function ml.join_outcomes(bigint) from public;
grant execute on function ml.join_outcomes(bigint) to marketbase_worker;
--! EndIncluded ml/join_outcomes.sql
--! Included ml/models/next_return_ridge.sql
-- The model of the demonstration. lambda is the noise of the label by the variance that a coefficient is expected to have: 1400 expects of fourteen
-- features that together they explain one per cent of the next return (14 / 0.01).
select ml.define_model(
  'next_return_ridge',
  'qlib14',
  'Ridge regression of the next daily return on fourteen features of Alpha158. A baseline: its out-of-sample figures show how little daily bars alone tell.',
  '{"lambda": 1400, "folds": 5}'
);
--! EndIncluded ml/models/next_return_ridge.sql
--! Included ml/rows/decision_rows.sql
-- What could be decided at every bar: the features that were known then, and what came of it.
create or replace function ml.decision_rows(
  p_feature_set_version_id bigint,
  p_instrument_ids bigint[],
  p_known_at timestamptz default 'infinity'
) returns setof ml.training_row
language sql stable parallel safe
begin atomic
  with vector as (
    select instrument_id, ts, revision, known_from, values
    from feature.feature_vector
    where feature_set_version_id = p_feature_set_version_id and instrument_id = any (p_instrument_ids) and recorded_at <= p_known_at
    union all
    select instrument_id, ts, revision, known_from, values
    from feature.feature_vector_history
    where feature_set_version_id = p_feature_set_version_id and instrument_id = any (p_instrument_ids) and recorded_at <= p_known_at
  )
  select distinct on (bar.instrument_id, bar.ts)
    bar.instrument_id, bar.ts, bar.decision_time, vector.revision, vector.values, bar.label, bar.label_end, bar.label_known_from
  from feature.feature_set_version version
  join feature.feature_set on feature_set.feature_set_id = version.feature_set_id
  cross join lateral ml.labels(p_instrument_ids, feature_set.bar_interval, p_known_at) as bar
  left join vector
    on vector.instrument_id = bar.instrument_id
    and vector.ts = bar.ts
    and vector.known_from <= bar.decision_time
  where version.feature_set_version_id = p_feature_set_version_id
  order by bar.instrument_id, bar.ts, vector.revision desc nulls last;
end;

comment on function ml.decision_rows(bigint, bigint[], timestamptz) is
'Every bar of p_instrument_ids with the last revision of its feature vector that was known at its decision time, and its label, as recorded at p_known_at
(default: all that is recorded). Both times count: known_from <= decision_time and recorded_at <= p_known_at. feature_revision and features are NULL where no
vector was known at the decision; single features are NULL during warm-up. One row per bar, in order of instrument and time.';

revoke all on function ml.decision_rows(bigint, bigint[], timestamptz) from public;
grant execute on function ml.decision_rows(bigint, bigint[], timestamptz) to marketbase_analyst;
--! EndIncluded ml/rows/decision_rows.sql
--! Included ml/rows/training_rows.sql
-- The rows of a training set, made again from what was recorded then.
create or replace function ml.training_rows(p_training_set_id bigint) returns setof ml.training_row
language sql stable parallel safe
begin atomic
  select decision.*
  from ml.training_set training_set
  cross join lateral ml.decision_rows(training_set.feature_set_version_id, training_set.instrument_ids, training_set.known_at) as decision
  where training_set.training_set_id = p_training_set_id
    and ml.is_complete(decision.features)
    and decision.label_end > decision.decision_time
  order by decision.decision_time, decision.instrument_id;
end;

comment on function ml.training_rows(bigint) is
'The rows of training set p_training_set_id, in order of decision time and instrument: features as known at each decision, labels as known at its known_at.
A training set stores no rows; they are made again from the versions that were recorded then, and ml.verify_training_set proves that they are the same.
No rows for an unknown id.';

revoke all on function ml.training_rows(bigint) from public;
grant execute on function ml.training_rows(bigint) to marketbase_analyst;
--! EndIncluded ml/rows/training_rows.sql
--! Included portfolio/metrics/annualised_return.sql
-- The return in a year, compounded.
create or replace function portfolio.annualised_return(p_returns double precision[], p_periods_per_year double precision default 252) returns double precision
language sql immutable parallel safe
begin atomic
  select case
      when cumulative = -1 then -1
      when ln(1 + cumulative) * p_periods_per_year / observations < 700 then exp(ln(1 + cumulative) * p_periods_per_year / observations) - 1
    end
  from (select portfolio.cumulative_return(p_returns) as cumulative, count(value) as observations from unnest(p_returns) as value) as total;
end;

comment on function portfolio.annualised_return(double precision[], double precision) is
'The constant yearly return that compounds to the same: (1 + cumulative return) ^ (p_periods_per_year / number of returns) - 1. p_returns are fractions, one
per period. The convention of empyrical''s annual_return and of PerformanceAnalytics'' Return.annualized(geometric = TRUE). NULL elements are skipped; NULL
without returns and where the result is beyond any number.';

revoke all on function portfolio.annualised_return(double precision[], double precision) from public;
grant execute on function portfolio.annualised_return(double precision[], double precision) to marketbase_reader;
--! EndIncluded portfolio/metrics/annualised_return.sql
--! Included portfolio/metrics/calmar_ratio.sql
-- Reward per deepest fall.
create or replace function portfolio.calmar_ratio(p_returns double precision[], p_periods_per_year double precision default 252) returns double precision
language sql immutable parallel safe
begin atomic
  select portfolio.annualised_return(p_returns, p_periods_per_year) / nullif(abs(portfolio.max_drawdown(p_returns)), 0);
end;

comment on function portfolio.calmar_ratio(double precision[], double precision) is
'Annualised return by the size of the maximum drawdown (Young 1991; the convention of empyrical''s calmar_ratio and PerformanceAnalytics'' CalmarRatio).
p_returns are fractions, one per period. NULL elements are skipped; NULL without returns or where they never fall.';

revoke all on function portfolio.calmar_ratio(double precision[], double precision) from public;
grant execute on function portfolio.calmar_ratio(double precision[], double precision) to marketbase_reader;
--! EndIncluded portfolio/metrics/calmar_ratio.sql
--! Included quality/helpers/candidate_violations.sql
-- Applies every rule in force to the candidates of a body.
create or replace function quality.candidate_violations(p_raw_response_id bigint, p_dataset text)
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_rule quality.rule_in_force;
begin
  for v_rule in
    select r.* from quality.rule_in_force as r where r.dataset = p_dataset order by r.rule
  loop
    begin
      return query execute format(
        'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3) as v',
        (v_rule.function_name || '(bigint, jsonb)')::regprocedure::regproc
      )
      using v_rule.rule, p_raw_response_id, v_rule.parameters;
    exception
      when query_canceled then
        raise;
      when others then
        raise exception using errcode = sqlstate,
          message = format('Rule %s (version %s) could not be applied: %s', v_rule.rule, v_rule.version, sqlerrm),
          hint = format('Correct %s in sql-functions/quality/rules, or take it out of force with quality.retire_rule.', v_rule.function_name);
    end;
  end loop;
end;
$$;

comment on function quality.candidate_violations(bigint, text) is
'What the rules in force for p_dataset (candidate_bar or candidate_fact) find wrong in the candidates of the body p_raw_response_id; writes nothing. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.candidate_violations(bigint, text) from public;
grant execute on function quality.candidate_violations(bigint, text) to marketbase_worker;
--! EndIncluded quality/helpers/candidate_violations.sql
--! Included quality/helpers/result_message.sql
-- The outcome of a check in a sentence.
create or replace function quality.result_message(p_checked_count bigint, p_failed_count bigint, p_first_message text)
returns text
language sql
immutable
parallel safe
return case quality.status(p_checked_count, p_failed_count)
  when 'failed' then format('%s of %s failed. First: %s', p_failed_count, p_checked_count, p_first_message)
  when 'passed' then format('%s checked, none failed.', p_checked_count)
  else 'Nothing to check.'
end;

comment on function quality.result_message(bigint, bigint, text) is
'What quality.validation_result.message says for p_checked_count rows of which p_failed_count failed, the first with p_first_message.';

revoke all on function quality.result_message(bigint, bigint, text) from public;
grant execute on function quality.result_message(bigint, bigint, text) to marketbase_worker;
--! EndIncluded quality/helpers/result_message.sql
--! Included quality/helpers/stored_violations.sql
-- Applies every rule in force to what is stored.
create or replace function quality.stored_violations(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_datasets text[])
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_rule quality.rule_in_force;
begin
  for v_rule in
    select r.* from quality.rule_in_force as r where r.dataset = any (p_datasets) order by r.rule
  loop
    begin
      return query execute format(
        'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3, $4, $5) as v',
        (v_rule.function_name || '(bigint[], timestamp with time zone, timestamp with time zone, jsonb)')::regprocedure::regproc
      )
      using v_rule.rule, p_instrument_ids, p_from, p_to, v_rule.parameters;
    exception
      when query_canceled then
        raise;
      when others then
        raise exception using errcode = sqlstate,
          message = format('Rule %s (version %s) could not be applied: %s', v_rule.rule, v_rule.version, sqlerrm),
          hint = format('Correct %s in sql-functions/quality/rules, or take it out of force with quality.retire_rule.', v_rule.function_name);
    end;
  end loop;
end;
$$;

comment on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) is
'What the rules in force for p_datasets find wrong in what is stored of the instruments from p_from to p_to; writes nothing. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) from public;
grant execute on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/helpers/stored_violations.sql
--! Included quality/refresh_rules.sql
-- Registers the rules in force again, with what their functions say now.
create or replace function quality.refresh_rules()
returns bigint
language sql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
begin atomic
  select count(*)
  from quality.rule_in_force as before
  cross join lateral quality.define_rule(
    before.rule, before.dataset, before.family, before.severity, before.parameters, before.description, before.remedy, before.population
  ) as after
  where after.version <> before.version;
end;

comment on function quality.refresh_rules() is
'Registers every rule in force again, so that a helper or population that was replaced without its rules makes new versions of them. Returns how many rules have a new version; 0 where nothing changed. Errors: as quality.define_rule.';

revoke all on function quality.refresh_rules() from public;
grant execute on function quality.refresh_rules() to marketbase_worker;
--! EndIncluded quality/refresh_rules.sql
--! Included quality/views/latest_result.sql
-- What each rule said last about each instrument's stored data.
create or replace view quality.latest_result
with (security_invoker = true)
as
select
  latest.instrument_id,
  instrument.symbol,
  latest.rule,
  latest.rule_version,
  latest.dataset,
  in_force.family,
  latest.severity,
  latest.status,
  latest.checked_count,
  latest.failed_count,
  latest.from_ts,
  latest.to_ts,
  latest.message,
  in_force.description,
  in_force.remedy,
  latest.validation_result_id,
  latest.recorded_at,
  latest.run_id
from (
  select distinct on (result.instrument_id, result.rule) result.*
  from quality.validation_result as result
  where result.raw_response_id is null and result.instrument_id is not null
  order by result.instrument_id, result.rule, result.validation_result_id desc
) as latest
join market.instrument as instrument on instrument.instrument_id = latest.instrument_id
join quality.rule_in_force as in_force on in_force.rule = latest.rule;

comment on view quality.latest_result is E'@primaryKey instrument_id,rule\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName latestResults\n@foreignKey (validation_result_id) references quality.validation_result (validation_result_id)|@fieldName validationResult\nWhat each rule in force said last about the stored data of each instrument. After new bars a rule looks at the end of the series alone (from_ts); quality.open_finding has what is still wrong in all of it.';
comment on column quality.latest_result.instrument_id is E'@notNull\nInstrument.';
comment on column quality.latest_result.symbol is E'@notNull\nIts symbol.';
comment on column quality.latest_result.rule is E'@notNull\nRule.';
comment on column quality.latest_result.rule_version is E'@notNull\nVersion of the rule that was applied.';
comment on column quality.latest_result.dataset is E'@notNull\nWhat it looked at.';
comment on column quality.latest_result.family is E'@notNull\nFamily of the rule.';
comment on column quality.latest_result.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.latest_result.status is E'@notNull\npassed, failed or not_applicable.';
comment on column quality.latest_result.checked_count is E'@notNull\nRows that were looked at.';
comment on column quality.latest_result.failed_count is E'@notNull\nRows that violate the rule.';
comment on column quality.latest_result.from_ts is 'First time that was looked at.';
comment on column quality.latest_result.to_ts is 'Last time that was looked at.';
comment on column quality.latest_result.message is E'@notNull\nThe outcome in a sentence.';
comment on column quality.latest_result.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.latest_result.remedy is E'@notNull\nWhat to do then.';
comment on column quality.latest_result.validation_result_id is E'@notNull\nThe result in quality.validation_result.';
comment on column quality.latest_result.recorded_at is E'@notNull\nWhen it was checked.';
comment on column quality.latest_result.run_id is E'@notNull\nRun that checked.';

grant select on quality.latest_result to marketbase_reader;
--! EndIncluded quality/views/latest_result.sql
--! Included quality/views/open_finding.sql
-- What is still wrong with the stored data.
create or replace view quality.open_finding
with (security_invoker = true)
as
select distinct on (result.instrument_id, result.rule, finding.key)
  finding.validation_finding_id,
  result.instrument_id,
  instrument.symbol,
  finding.ts,
  result.rule,
  result.rule_version,
  result.severity,
  result.dataset,
  finding.key,
  finding.observed,
  finding.expected,
  finding.message,
  finding.recorded_at
from quality.validation_finding as finding
join quality.validation_result as result on result.validation_result_id = finding.validation_result_id
join market.instrument as instrument on instrument.instrument_id = result.instrument_id
join quality.rule_in_force as in_force on in_force.rule = result.rule
where result.raw_response_id is null
  -- A later look of the same rule at the same time has the last word; a finding without a time is decided by any later look.
  and not exists (
    select
    from quality.validation_result as later
    where later.instrument_id = result.instrument_id
      and later.rule = result.rule
      and later.raw_response_id is null
      and later.validation_result_id > result.validation_result_id
      and (finding.ts is null or later.from_ts <= finding.ts)
  )
order by result.instrument_id, result.rule, finding.key, finding.validation_finding_id desc;

comment on view quality.open_finding is E'@primaryKey validation_finding_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName openFindings\n@foreignKey (validation_finding_id) references quality.validation_finding (validation_finding_id)|@fieldName validationFinding\nWhat the rules in force found wrong in the stored data and no later look of the same rule at the same time has found right.';
comment on column quality.open_finding.validation_finding_id is E'@notNull\nThe finding in quality.validation_finding.';
comment on column quality.open_finding.instrument_id is E'@notNull\nInstrument.';
comment on column quality.open_finding.symbol is E'@notNull\nIts symbol.';
comment on column quality.open_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.open_finding.rule is E'@notNull\nRule.';
comment on column quality.open_finding.rule_version is E'@notNull\nVersion of the rule that found it.';
comment on column quality.open_finding.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.open_finding.dataset is E'@notNull\nWhat the rule looks at.';
comment on column quality.open_finding.key is E'@notNull\nKey of the row, a JSON object.';
comment on column quality.open_finding.observed is E'@notNull\nValues that were seen, a JSON object.';
comment on column quality.open_finding.expected is E'@notNull\nWhat the rule expects, in words.';
comment on column quality.open_finding.message is E'@notNull\nWhat is wrong, in a sentence.';
comment on column quality.open_finding.recorded_at is E'@notNull\nWhen it was found.';

grant select on quality.open_finding to marketbase_reader;
--! EndIncluded quality/views/open_finding.sql
--! Included quality/views/pending_validation.sql
-- What the rules in force have not looked at yet.
create or replace view quality.pending_validation
with (security_invoker = true)
as
select
  instrument.instrument_id,
  instrument.symbol,
  min(pending.from_ts) as from_ts,
  string_agg(distinct pending.reason, '; ' order by pending.reason) as reason
from (
  select mark.instrument_id, mark.from_ts, mark.reason
  from pipeline.stale_range as mark
  where mark.consumer = 'quality'
  union all
  select priced.instrument_id, '-infinity', format('rule %s %s has not been applied', in_force.rule, in_force.version)
  from market.instrument as priced
  cross join quality.rule_in_force as in_force
  where in_force.dataset in ('price_data', 'company_fundamental', 'feature_vector', 'model_prediction')
    and exists (select from market.price_data as price where price.instrument_id = priced.instrument_id)
    and not exists (
      select
      from quality.validation_result as result
      where result.instrument_id = priced.instrument_id
        and result.rule = in_force.rule
        and result.rule_version = in_force.version
        and result.raw_response_id is null
    )
) as pending
join market.instrument as instrument on instrument.instrument_id = pending.instrument_id
group by instrument.instrument_id, instrument.symbol;

comment on view quality.pending_validation is E'@primaryKey instrument_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument\nInstruments that the rules in force have yet to look at: because their data changed, or because a rule is new or has a new version. quality.validate(run_id, array[instrument_id], from_ts) does it.';
comment on column quality.pending_validation.instrument_id is E'@notNull\nInstrument.';
comment on column quality.pending_validation.symbol is E'@notNull\nIts symbol.';
comment on column quality.pending_validation.from_ts is E'@notNull\nFrom where; -infinity for the whole series.';
comment on column quality.pending_validation.reason is E'@notNull\nWhy.';

grant select on quality.pending_validation to marketbase_reader;
--! EndIncluded quality/views/pending_validation.sql
--! Included search/document_problem.sql
-- What is wrong with a document as it was sent.
create or replace function search.document_problem(p_item jsonb) returns text
language sql stable parallel safe
return case
  when jsonb_typeof(p_item) is distinct from 'object' then 'it is not a JSON object'
  when coalesce(btrim(p_item ->> 'title'), '') = '' then 'title is missing'
  when coalesce(btrim(p_item ->> 'body'), '') = '' then 'body is missing'
  when jsonb_typeof(p_item -> 'title') <> 'string' or jsonb_typeof(p_item -> 'body') <> 'string' then 'title and body must be texts'
  when p_item ->> 'published_at' is null then 'published_at is missing'
  when not search.is_instant(p_item ->> 'published_at')
    then format('published_at "%s" is not a time with its zone, such as 2014-06-09T09:30:00-04:00', left(p_item ->> 'published_at', 40))
  when p_item ->> 'known_from' is not null and not search.is_instant(p_item ->> 'known_from')
    then format('known_from "%s" is not a time with its zone, such as 2014-06-09T09:30:00-04:00', left(p_item ->> 'known_from', 40))
  when (p_item ->> 'known_from')::timestamptz < (p_item ->> 'published_at')::timestamptz then 'known_from lies before published_at'
  when (p_item ->> 'published_at')::timestamptz > now() then 'published_at lies in the future'
  when p_item ->> 'source_url' is not null and p_item ->> 'source_url' !~ '^https?://[^\s/]+\S*$'
    then format('source_url "%s" is not an address', left(p_item ->> 'source_url', 80))
  when p_item ->> 'language' is not null and not pg_input_is_valid(p_item ->> 'language', 'regconfig')
    then format('language "%s" is not a text search configuration, such as english', left(p_item ->> 'language', 40))
end;

comment on function search.document_problem(jsonb) is
'What is wrong with a document as search.record_documents reads it, in words; NULL where nothing is.';

revoke all on function search.document_problem(jsonb) from public;
grant execute on function search.document_problem(jsonb) to marketbase_worker;
--! EndIncluded search/document_problem.sql

--! split: 910-sessions.sql
-- The sessions of the exchanges that keep New York's hours. After the functions, because they know the rules.
insert into market.trading_session (mic, session_date, open_at, close_at, is_half_day)
select exchange.mic, session.session_date, session.open_at, session.close_at, session.is_half_day
from market.exchange
cross join market.xnys_sessions('1990-01-01', '2035-12-31') session
where exchange.mic in ('XNYS', 'XNAS', 'ARCX', 'OTCM')
on conflict (mic, session_date) do update
set open_at = excluded.open_at, close_at = excluded.close_at, is_half_day = excluded.is_half_day;
