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
