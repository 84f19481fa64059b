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
