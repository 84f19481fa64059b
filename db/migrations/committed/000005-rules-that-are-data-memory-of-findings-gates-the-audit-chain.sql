--! Previous: sha1:3cf55862fc1bffd5e930d553e12bc6611e168943
--! Hash: sha1:32da1e5d673df1e03d227146e0a8f216cdf69f09
--! Message: Rules that are data, memory of findings, gates, the audit chain, reports, alerts

--! split: 1-current.sql
-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.

--! split: 110-bar-interval-check.sql
-- Nearly all bars are of a day: the pattern, which costs more than the other checks of a bar together, is for the others.
alter table market.price_data drop constraint if exists price_data_bar_interval_check;
alter table market.price_data add constraint price_data_bar_interval_check
  check (bar_interval = '1d' or bar_interval ~ '^([1-9][0-9]{0,3}m|[1-9][0-9]?h|[1-9][0-9]?d|1w|1mo)$');

--! split: 120-bar-coverage.sql
-- What each body answered for: a bar that was missing in it and comes later counts as known from then.
alter table ingest.raw_response add column if not exists covers_until timestamptz;
alter table ingest.raw_response drop constraint if exists raw_response_covers_until_check;
alter table ingest.raw_response add constraint raw_response_covers_until_check check (covers_until <= fetched_at);
comment on column ingest.raw_response.covers_until is
'Until when the answer tells all that the provider had, where that is not the moment at which it arrived: the end of the days that were asked for, or -infinity for a page that others follow.';

create table if not exists ingest.bar_coverage (
  instrument_id bigint not null references market.instrument,
  bar_interval text not null,
  raw_response_id bigint not null references ingest.raw_response,
  provider text not null references ingest.provider,
  fetched_at timestamptz not null,
  covered_from timestamptz not null,
  covered_until timestamptz not null,
  primary key (instrument_id, bar_interval, raw_response_id),
  constraint bar_coverage_order_check check (covered_from <= covered_until)
);
create index if not exists bar_coverage_provider_idx on ingest.bar_coverage (provider, instrument_id, bar_interval, covered_until);
create index if not exists bar_coverage_raw_response_id_idx on ingest.bar_coverage (raw_response_id, bar_interval, covered_until);
comment on table ingest.bar_coverage is
E'@behavior -*\nFor which time each body answered, of each instrument and length of bar in it: a bar that ended in that time and is not in it, the provider did not have then.';
comment on column ingest.bar_coverage.instrument_id is 'Instrument.';
comment on column ingest.bar_coverage.bar_interval is 'Length of the bars.';
comment on column ingest.bar_coverage.raw_response_id is 'The body.';
comment on column ingest.bar_coverage.provider is 'Who sent it.';
comment on column ingest.bar_coverage.fetched_at is 'When it arrived.';
comment on column ingest.bar_coverage.covered_from is 'Start of its first bar.';
comment on column ingest.bar_coverage.covered_until is
'Until when it answered: the moment at which it arrived, or came again unchanged, when its last bar was not older than ingest.answer_reach() then; else the end of its last bar.';

comment on column market.price_data.known_from is
'From when this version could be known: the end of the bar (the close of its session) for a first version, or the arrival of its body where the provider had answered for that time before without it; the arrival of the body for a correction.';

-- These functions have an argument more.
drop function if exists ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz);
drop function if exists ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz);

--! split: 121-limits.sql
-- How long a provider wants to be left alone when it does not say so itself.
alter table ingest.provider add column if not exists limit_pause interval not null default '1 minute';
alter table ingest.provider drop constraint if exists provider_limit_pause_check;
alter table ingest.provider add constraint provider_limit_pause_check check (limit_pause > interval '0' and limit_pause <= interval '1 day');
alter table ingest.provider add column if not exists limit_time_zone text not null default 'UTC';
comment on column ingest.provider.limit_pause is 'How long it is left alone when it says that its limit is used up, without saying for how long.';
comment on column ingest.provider.limit_time_zone is 'Time zone in which its day ends, and with it a limit for the day; UTC where it does not say.';
update ingest.provider set limit_time_zone = 'Europe/Warsaw' where provider = 'stooq' and limit_time_zone = 'UTC';
update ingest.provider set limit_time_zone = 'America/New_York' where provider = 'alphavantage' and limit_time_zone = 'UTC';

--! split: 122-price-basis.sql
-- A body may say on which basis its prices are, where that is not the one of its provider.
alter table ingest.raw_response add column if not exists price_basis text;
alter table ingest.raw_response add column if not exists splits_adjusted_to date;
alter table ingest.raw_response drop constraint if exists raw_response_price_basis_check;
alter table ingest.raw_response add constraint raw_response_price_basis_check
  check (price_basis in ('raw', 'split', 'total') and (splits_adjusted_to is null or price_basis <> 'raw'));
comment on column ingest.raw_response.price_basis is
'What its prices of the past are adjusted for: raw (as traded), split, or total (splits and dividends); null: as ingest.provider.price_basis says.';
comment on column ingest.raw_response.splits_adjusted_to is
'Until which ex-date the splits (and with total the dividends) are counted in its prices; null: as ingest.provider.splits_adjusted_to says, else until it arrived.';

--! split: 123-withdrawn-bars.sql
-- Why a bar ended without another version in its place.
alter table market.price_data_history add column if not exists closed_reason text;
comment on column market.price_data_history.closed_reason is
'Why it was taken back, where no word of the same body took its place: its body, read again, no longer holds it; null for a version that another one followed.';

--! split: 130-rules.sql
-- Rules that are data: expectations with parameters, conditions, warnings, anomalies and known incidents.

-- What define_rule takes has changed; what calls it is made again with it.
drop function if exists quality.refresh_rules();
drop function if exists quality.define_rule(text, text, text, text, jsonb, text, text, text);

alter table quality.validation_rule add column if not exists expectation text;
alter table quality.validation_rule drop constraint if exists validation_rule_dataset_check;
alter table quality.validation_rule add constraint validation_rule_dataset_check check (
  expectation is not null
  or dataset in (
    'candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector', 'feature_set', 'raw_response'
  )
);
comment on column quality.validation_rule.dataset is 'What it looks at; for an expectation the name of a table or view.';
comment on column quality.validation_rule.family is 'structure, prices, actions, calendar, fundamentals, features, online, predictions, or custom for what was defined by hand.';
comment on column quality.validation_rule.parameters is 'Thresholds, a JSON object; for an expectation as quality.expectation lists them, what was left out filled in.';
comment on column quality.validation_rule.function_name is 'Function that finds the violations; for an expectation the one that writes the query.';
comment on column quality.validation_rule.expectation is 'What is expected of the dataset (quality.expectation.expectation); null for a rule that is a function of its own.';

alter table quality.rule_activation add column if not exists activated_by text;
alter table quality.rule_activation alter column activated_by set default coalesce(nullif(current_setting('role'), 'none'), session_user);
comment on column quality.rule_activation.activated_by is 'Role that put it in force or took it out; null for what was in force before this was recorded.';

alter table quality.validation_result add column if not exists masked_count bigint not null default 0;
alter table quality.validation_result drop constraint if exists validation_result_status_check;
alter table quality.validation_result add constraint validation_result_status_check check (status in ('passed', 'warned', 'failed', 'not_applicable'));
alter table quality.validation_result drop constraint if exists validation_result_failed_check;
alter table quality.validation_result add constraint validation_result_failed_check check (
  case when status in ('failed', 'warned') then failed_count > 0 when status = 'not_applicable' then failed_count = 0 else true end
);
alter table quality.validation_result drop constraint if exists validation_result_masked_check;
alter table quality.validation_result add constraint validation_result_masked_check check (masked_count >= 0);
comment on column quality.validation_result.status is 'passed; warned (beyond the threshold of a warning); failed; not_applicable where there was nothing to look at.';
comment on column quality.validation_result.failed_count is 'Rows that violate the rule; a passed result has some where the rule tolerates a share of them.';
comment on column quality.validation_result.masked_count is 'Rows (windows, for a rule on a metric) that lie in a known incident and were not judged.';

create table if not exists quality.known_incident (
  known_incident_id bigint generated always as identity primary key,
  dataset text not null,
  instrument_id bigint references market.instrument,
  provider text references ingest.provider,
  from_ts timestamptz not null,
  to_ts timestamptz not null,
  reason text not null,
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  recorded_at timestamptz not null default now(),
  withdrawn_by text,
  withdrawn_at timestamptz,
  constraint known_incident_order_check check (to_ts >= from_ts),
  constraint known_incident_reason_check check (reason ~ '\S'),
  constraint known_incident_withdrawn_check check ((withdrawn_by is null) = (withdrawn_at is null))
);
create index if not exists known_incident_dataset_idx on quality.known_incident (dataset, from_ts);
create index if not exists known_incident_instrument_id_idx on quality.known_incident (instrument_id);
create index if not exists known_incident_provider_idx on quality.known_incident (provider);
comment on table quality.known_incident is 'Spans of data that are known to be bad, and why. Expectations do not judge these rows and rules on metrics leave them out of what is usual; every result says how many. A mistake is withdrawn, not deleted.';
comment on column quality.known_incident.known_incident_id is 'Identity.';
comment on column quality.known_incident.dataset is 'Table or view whose rows are masked.';
comment on column quality.known_incident.instrument_id is 'Instrument; null for all.';
comment on column quality.known_incident.provider is 'Provider of the rows; null for all.';
comment on column quality.known_incident.from_ts is 'First time of a masked row.';
comment on column quality.known_incident.to_ts is 'Last time of a masked row, included.';
comment on column quality.known_incident.reason is 'What happened.';
comment on column quality.known_incident.recorded_by is 'Role that recorded it.';
comment on column quality.known_incident.recorded_at is 'When it was recorded.';
comment on column quality.known_incident.withdrawn_by is 'Role that withdrew it; null while it masks.';
comment on column quality.known_incident.withdrawn_at is 'When it was withdrawn; null while it masks.';

-- Types are dropped first so that this file can be applied again while it is current; functions that use them follow.
drop type if exists quality.expectation_frame cascade;
create type quality.expectation_frame as (
  relation regclass,
  rows_sql text,
  key_sql text,
  group_by text,
  is_by_instrument boolean,
  incident_sql text
);
comment on type quality.expectation_frame is 'The rows of a dataset that a rule looks at, as SQL. $1 is an array of instruments, $2 the time from which on.';
comment on column quality.expectation_frame.relation is 'Table or view.';
comment on column quality.expectation_frame.rows_sql is 'A query of its rows, with _group, _instrument_id, _ts and _masked beside the columns.';
comment on column quality.expectation_frame.key_sql is 'An expression over a row d: what identifies it in its instrument, a JSON object.';
comment on column quality.expectation_frame.group_by is 'Column that forms groups; null where all rows are one.';
comment on column quality.expectation_frame.is_by_instrument is 'True where the groups are instruments, of which each has a result of its own.';
comment on column quality.expectation_frame.incident_sql is 'A condition with two places, for the group and for a time: whether a known incident covers both.';

drop type if exists quality.expectation_plan cascade;
create type quality.expectation_plan as (
  source_sql text,
  is_by_instrument boolean,
  expected text
);
comment on type quality.expectation_plan is 'How an expectation is checked.';
comment on column quality.expectation_plan.source_sql is 'A query of what is judged: instrument_id, ts, from_ts, to_ts, key, observed, is_expected (null: not counted) and masked_count.';
comment on column quality.expectation_plan.is_by_instrument is 'True where each instrument has a result of its own.';
comment on column quality.expectation_plan.expected is 'What is expected, in words.';

drop type if exists quality.expectation_verdict cascade;
create type quality.expectation_verdict as (
  instrument_id bigint,
  status text,
  checked_count bigint,
  failed_count bigint,
  masked_count bigint,
  from_ts timestamptz,
  to_ts timestamptz,
  message text,
  violations quality.violation[]
);
comment on type quality.expectation_verdict is 'What a rule says about an instrument, or about a dataset.';
comment on column quality.expectation_verdict.instrument_id is 'Instrument; null for a dataset as a whole.';
comment on column quality.expectation_verdict.status is 'passed, warned, failed or not_applicable.';
comment on column quality.expectation_verdict.checked_count is 'What was judged: rows, or figures made of them.';
comment on column quality.expectation_verdict.failed_count is 'Of these, what is not as expected.';
comment on column quality.expectation_verdict.masked_count is 'What lies in a known incident and was not judged.';
comment on column quality.expectation_verdict.from_ts is 'First time that was looked at.';
comment on column quality.expectation_verdict.to_ts is 'Last time that was looked at.';
comment on column quality.expectation_verdict.message is 'The outcome in a sentence.';
comment on column quality.expectation_verdict.violations is 'The first of what is not as expected; none where the result passed.';

drop type if exists quality.rule_verdict cascade;
create type quality.rule_verdict as (
  rule text,
  verdict quality.expectation_verdict
);
comment on type quality.rule_verdict is 'What a rule said.';
comment on column quality.rule_verdict.rule is 'Rule.';
comment on column quality.rule_verdict.verdict is 'Its verdict.';

--! split: 140-judged-bar.sql
-- A bar as the rules of prices see it: everything that more than one of them wants to know, computed once.
drop type if exists quality.judged_bar cascade;
drop type if exists quality.usual_bar cascade;
drop type if exists quality.actions_taken cascade;

create type quality.actions_taken as (
  split_ratio double precision,
  dividend double precision
);
comment on type quality.actions_taken is 'Splits and dividends on record of some days, taken together.';
comment on column quality.actions_taken.split_ratio is 'New shares per old one by the splits; 1 where there is none.';
comment on column quality.actions_taken.dividend is 'Dividends per share; 0 where there is none.';

create type quality.usual_bar as (
  bars bigint,
  tick double precision,
  volume double precision,
  move double precision,
  range double precision,
  off_cent bigint,
  moves double precision[],
  log_volumes double precision[]
);
comment on type quality.usual_bar is 'What was usual for an instrument in the 60 bars before one that sticks out.';
comment on column quality.usual_bar.bars is 'How many there are, up to 60.';
comment on column quality.usual_bar.tick is 'Smallest difference between their prices, about a tick; null where they never moved.';
comment on column quality.usual_bar.volume is 'Median of their volumes.';
comment on column quality.usual_bar.move is 'Median size of their moves from close to close, as a logarithm.';
comment on column quality.usual_bar.range is 'Median of the logarithms of high over low.';
comment on column quality.usual_bar.off_cent is 'How many of them have a price off the cent.';
comment on column quality.usual_bar.moves is 'Logarithms of their moves from close to close, newest first.';
comment on column quality.usual_bar.log_volumes is 'Logarithms of their volumes, newest first; null for a volume of 0.';

create type quality.judged_bar as (
  instrument_id bigint,
  asset_class text,
  bar_interval text,
  ts timestamptz,
  session_date date,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  adjusted_close double precision,
  previous_date date,
  previous_close double precision,
  previous_volume double precision,
  previous_adjusted_close double precision,
  split_ratio double precision,
  dividend double precision,
  has_actions boolean,
  open_move double precision,
  close_move double precision,
  log_return double precision,
  equal_bars bigint,
  usual quality.usual_bar
);
comment on type quality.judged_bar is 'A daily bar (weekly of an instrument without daily bars) with its predecessor, the actions that take effect on it and, where it sticks out, what was usual before. See quality.judged_bars.';
comment on column quality.judged_bar.instrument_id is 'Instrument.';
comment on column quality.judged_bar.asset_class is 'Its asset class, such as equity.';
comment on column quality.judged_bar.bar_interval is 'Length of the bar: 1d, or 1w of an instrument without daily bars.';
comment on column quality.judged_bar.ts is 'Start of the bar.';
comment on column quality.judged_bar.session_date is 'Local date of the session.';
comment on column quality.judged_bar.open is 'First price.';
comment on column quality.judged_bar.high is 'Highest price.';
comment on column quality.judged_bar.low is 'Lowest price.';
comment on column quality.judged_bar.close is 'Last price.';
comment on column quality.judged_bar.volume is 'Units traded.';
comment on column quality.judged_bar.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column quality.judged_bar.previous_date is 'Date of the bar before; this and what follows about it is null for the first bar.';
comment on column quality.judged_bar.previous_close is 'Last price of the bar before.';
comment on column quality.judged_bar.previous_volume is 'Units traded in it.';
comment on column quality.judged_bar.previous_adjusted_close is 'Its close adjusted by the provider.';
comment on column quality.judged_bar.split_ratio is 'New shares per old one by the splits on record that take effect on this bar; 1 where there is none.';
comment on column quality.judged_bar.dividend is 'Dividends per share on record that take effect on this bar; 0 where there is none.';
comment on column quality.judged_bar.has_actions is 'Whether any split or dividend of the instrument is on record.';
comment on column quality.judged_bar.open_move is 'Natural logarithm of open over previous close, as the prices are.';
comment on column quality.judged_bar.close_move is 'Natural logarithm of close over previous close, as the prices are.';
comment on column quality.judged_bar.log_return is 'close_move with or without the split and the dividend on record, whichever is nearest to 0: providers differ in whether their prices contain them.';
comment on column quality.judged_bar.equal_bars is 'How many bars, this one and those before it without a break, at most 61, have the same open, high, low and close; null where the bar before has others.';
comment on column quality.judged_bar.usual is 'What was usual in the 60 bars before one that sticks out; null for others. A bar sticks out that moved by 5 % or more from close to close, whose high is 10 % or more above its low, whose volume is 8 times that of the bar before or more, or an eighth or less, or that has a price off the cent after a close that was on it.';

-- Rules that read the bars each for itself, and what they alone used.
drop function if exists quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.usual_bar(bigint, timestamptz, integer);
drop function if exists quality.daily_bars(bigint[], timestamptz, timestamptz, integer) cascade;
drop function if exists quality.action_bars(bigint[]) cascade;
drop type if exists quality.daily_bar;
drop function if exists quality.expected_sessions(bigint[], timestamptz, timestamptz) cascade;
drop type if exists quality.expected_session;

--! split: 150-memory.sql
-- Results and findings by month, the life of findings, gates, releases from quarantine and the shapes of bodies.

-- 1. Partitions. What depends on the two tables is made again by the files of sql-functions; 950-memory.sql includes those that have not changed.
do $do$
begin
  if (select relkind from pg_class where oid = 'quality.validation_result'::regclass) = 'r' then
    alter table quality.validation_result rename to validation_result_before;
    alter table quality.validation_finding rename to validation_finding_before;

    create table quality.validation_result (
      like quality.validation_result_before including defaults including constraints including comments including identity
    ) partition by range (recorded_at);
    create table quality.validation_finding (
      like quality.validation_finding_before including defaults including constraints including comments including identity
    ) partition by range (recorded_at);
    create table quality.validation_result_default partition of quality.validation_result default;
    create table quality.validation_finding_default partition of quality.validation_finding default;
  end if;
end
$do$;
alter table quality.validation_result add column if not exists as_of timestamptz not null default now();
comment on table quality.validation_result is E'@unique validation_result_id\nWhat each rule said each time, passes and failures, by month. Append-only.';
comment on column quality.validation_result.as_of is 'Moment as of which the data was judged: everything that was stored by then.';
comment on column quality.validation_result.failed_count is 'Rows that violate the rule, all of them; quality.validation_finding keeps the first max_findings of the rule (1000 unless its parameters say otherwise).';
comment on table quality.validation_finding is E'@unique validation_finding_id\nThe rows that failed, with what was seen and what was expected, by month: the first of each result, up to max_findings of its rule; failed_count of the result counts all. quality.finding follows a finding from look to look. Append-only.';

-- 2. The life of findings.
create table if not exists quality.tracked_finding (
  finding_id bigint generated always as identity primary key,
  identity bytea not null unique,
  rule text not null,
  scope text not null,
  dataset text not null,
  instrument_id bigint references market.instrument,
  feature_set_version_id bigint references feature.feature_set_version,
  provider text references ingest.provider,
  subject text,
  ts timestamptz,
  key jsonb not null,
  recorded_at timestamptz not null,
  run_id bigint not null references pipeline.pipeline_run,
  constraint tracked_finding_key_check check (jsonb_typeof(key) = 'object')
);
create index if not exists tracked_finding_scope_idx on quality.tracked_finding (rule, scope);
create index if not exists tracked_finding_instrument_id_idx on quality.tracked_finding (instrument_id);
create index if not exists tracked_finding_feature_set_version_id_idx on quality.tracked_finding (feature_set_version_id);
create index if not exists tracked_finding_provider_idx on quality.tracked_finding (provider, subject);
create index if not exists tracked_finding_run_id_idx on quality.tracked_finding (run_id);
comment on table quality.tracked_finding is E'@behavior -*\nWhat is followed from look to look: a rule, and the place where it found something. quality.finding shows it with its state. Append-only.';
comment on column quality.tracked_finding.finding_id is 'Identity.';
comment on column quality.tracked_finding.identity is 'sha256 over what makes it the same finding when it is seen again; see quality.finding_identity.';
comment on column quality.tracked_finding.rule is 'Rule, in whatever version.';
comment on column quality.tracked_finding.scope is 'What one look covers: ''instrument 7'', ''set 3'' (a version), ''dataset market.trade'' or ''body yahoo bars AAPL''. A later look of the same scope decides whether the finding stands.';
comment on column quality.tracked_finding.dataset is 'What the rule looks at.';
comment on column quality.tracked_finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.tracked_finding.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.tracked_finding.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.tracked_finding.subject is 'Subject of that body, such as a symbol; null for what is stored and for what concerns all bodies of a kind.';
comment on column quality.tracked_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.tracked_finding.key is 'Key of the row, a JSON object.';
comment on column quality.tracked_finding.recorded_at is 'When it was seen first.';
comment on column quality.tracked_finding.run_id is 'Run that saw it first.';

create table if not exists quality.finding_sighting (
  finding_id bigint not null references quality.tracked_finding,
  recorded_at timestamptz not null,
  validation_finding_id bigint not null,
  primary key (finding_id, recorded_at, validation_finding_id)
) partition by range (recorded_at);
create table if not exists quality.finding_sighting_default partition of quality.finding_sighting default;
comment on table quality.finding_sighting is E'@foreignKey (validation_finding_id, recorded_at) references quality.validation_finding (validation_finding_id, recorded_at)|@fieldName validationFinding|@foreignFieldName findingSightings\nEach time that a look saw a finding, by month. Append-only.';
comment on column quality.finding_sighting.finding_id is 'The finding.';
comment on column quality.finding_sighting.recorded_at is 'When it was seen.';
comment on column quality.finding_sighting.validation_finding_id is 'What was seen, in quality.validation_finding.';

create table if not exists quality.finding_event (
  finding_event_id bigint generated always as identity primary key,
  finding_id bigint not null references quality.tracked_finding,
  event text not null,
  recorded_at timestamptz not null default now(),
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  validation_result_id bigint,
  run_id bigint references pipeline.pipeline_run,
  decided_by text,
  reason text,
  until timestamptz,
  constraint finding_event_event_check check (event in ('opened', 'acknowledged', 'reopened', 'resolved')),
  constraint finding_event_decided_check check ((decided_by is null) = (reason is null) and decided_by ~ '\S' and reason ~ '\S'),
  constraint finding_event_cause_check check ((validation_result_id is null) = (decided_by is not null) and (validation_result_id is null) = (run_id is null)),
  constraint finding_event_acknowledged_check check (case event when 'acknowledged' then decided_by is not null when 'opened' then decided_by is null else true end),
  constraint finding_event_until_check check (until is null or (event = 'acknowledged' and until > recorded_at))
);
create index if not exists finding_event_finding_id_idx on quality.finding_event (finding_id, finding_event_id desc);
create index if not exists finding_event_run_id_idx on quality.finding_event (run_id);
comment on table quality.finding_event is 'The life of findings: opened by a look, acknowledged by a person, resolved by a look that found the row right, reopened by a look or a person. The last event is the state. Append-only.';
comment on column quality.finding_event.finding_event_id is 'Identity; of one finding the greater one is the later.';
comment on column quality.finding_event.finding_id is 'The finding.';
comment on column quality.finding_event.event is 'opened, acknowledged, reopened or resolved.';
comment on column quality.finding_event.recorded_at is 'When.';
comment on column quality.finding_event.recorded_by is 'Database role that recorded it.';
comment on column quality.finding_event.validation_result_id is 'The look that opened, resolved or reopened it; null for what a person decided.';
comment on column quality.finding_event.run_id is 'Run of that look.';
comment on column quality.finding_event.decided_by is 'Person who decided; null for what a look found.';
comment on column quality.finding_event.reason is 'Why.';
comment on column quality.finding_event.until is 'Until when it is acknowledged; null for good.';

drop view if exists quality.finding cascade;
drop type if exists quality.finding_state cascade;
create type quality.finding_state as (
  finding_id bigint,
  state text,
  since timestamptz,
  decided_by text,
  reason text,
  until timestamptz,
  validation_result_id bigint,
  run_id bigint
);
comment on type quality.finding_state is 'The state of a finding and what brought it there.';
comment on column quality.finding_state.finding_id is 'The finding.';
comment on column quality.finding_state.state is 'open, acknowledged, reopened or resolved.';
comment on column quality.finding_state.since is 'Since when.';
comment on column quality.finding_state.decided_by is 'Person who acknowledged or reopened it; null where a look decided.';
comment on column quality.finding_state.reason is 'Why that person did.';
comment on column quality.finding_state.until is 'Until when it is acknowledged; null for good.';
comment on column quality.finding_state.validation_result_id is 'The look that opened, reopened or resolved it.';
comment on column quality.finding_state.run_id is 'Run of that look.';

drop type if exists quality.followed_finding cascade;
create type quality.followed_finding as (
  finding_id bigint,
  state text,
  since timestamptz,
  rule text,
  rule_version text,
  severity text,
  dataset text,
  instrument_id bigint,
  symbol text,
  provider text,
  subject text,
  feature_set_version_id bigint,
  ts timestamptz,
  key jsonb,
  observed jsonb,
  expected text,
  message text,
  first_seen_at timestamptz,
  last_seen_at timestamptz,
  decided_by text,
  reason text,
  until timestamptz,
  state_run_id bigint,
  validation_finding_id bigint,
  is_in_force boolean
);
comment on type quality.followed_finding is 'A finding with its state, as it was seen last.';
comment on column quality.followed_finding.finding_id is 'Identity.';
comment on column quality.followed_finding.state is 'open, acknowledged, reopened or resolved.';
comment on column quality.followed_finding.since is 'Since when it is in this state.';
comment on column quality.followed_finding.rule is 'Rule.';
comment on column quality.followed_finding.rule_version is 'Version of the rule that saw it last.';
comment on column quality.followed_finding.severity is 'Severity of that version: critical, error, warning or info.';
comment on column quality.followed_finding.dataset is 'What the rule looks at.';
comment on column quality.followed_finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.followed_finding.symbol is 'Its symbol.';
comment on column quality.followed_finding.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.followed_finding.subject is 'Subject of that body; null for what is stored.';
comment on column quality.followed_finding.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.followed_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.followed_finding.key is 'Key of the row, a JSON object.';
comment on column quality.followed_finding.observed is 'Values that were seen last, a JSON object.';
comment on column quality.followed_finding.expected is 'What the rule expects, in words.';
comment on column quality.followed_finding.message is 'What is wrong, in a sentence.';
comment on column quality.followed_finding.first_seen_at is 'When it was seen first.';
comment on column quality.followed_finding.last_seen_at is 'When it was seen last.';
comment on column quality.followed_finding.decided_by is 'Person who acknowledged or reopened it; null where a look decided.';
comment on column quality.followed_finding.reason is 'Why that person did.';
comment on column quality.followed_finding.until is 'Until when it is acknowledged; null for good.';
comment on column quality.followed_finding.state_run_id is 'Run whose look opened, reopened or resolved it; null where a person decided.';
comment on column quality.followed_finding.validation_finding_id is 'What was seen last, in quality.validation_finding.';
comment on column quality.followed_finding.is_in_force is 'True while the rule is in force.';

drop type if exists quality.look cascade;
create type quality.look as (
  validation_result_id bigint,
  recorded_at timestamptz,
  rule text,
  scope text,
  dataset text,
  feature_set_version_id bigint,
  provider text,
  subject text,
  from_ts timestamptz,
  to_ts timestamptz,
  run_id bigint,
  is_complete boolean
);
comment on type quality.look is 'A result, as far as it decides about findings.';
comment on column quality.look.validation_result_id is 'The result.';
comment on column quality.look.recorded_at is 'When it was stored.';
comment on column quality.look.rule is 'Rule.';
comment on column quality.look.scope is 'What it covers, as in quality.tracked_finding.';
comment on column quality.look.dataset is 'What the rule looks at.';
comment on column quality.look.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.look.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.look.subject is 'Subject of that body; null for what is stored and for what concerns all bodies of a kind.';
comment on column quality.look.from_ts is 'First time that was looked at.';
comment on column quality.look.to_ts is 'Last time of a body; null for what is stored, where a look reaches to the end.';
comment on column quality.look.run_id is 'Run.';
comment on column quality.look.is_complete is 'True where every row that failed was kept as a finding.';

drop type if exists quality.seen_finding cascade;
create type quality.seen_finding as (
  validation_result_id bigint,
  recorded_at timestamptz,
  run_id bigint,
  validation_finding_id bigint,
  identity bytea,
  finding_id bigint
);
comment on type quality.seen_finding is 'A finding of a look, and which it is.';
comment on column quality.seen_finding.validation_result_id is 'The look.';
comment on column quality.seen_finding.recorded_at is 'When it was stored.';
comment on column quality.seen_finding.run_id is 'Run.';
comment on column quality.seen_finding.validation_finding_id is 'What was seen.';
comment on column quality.seen_finding.identity is 'What makes it the same finding when it is seen again.';
comment on column quality.seen_finding.finding_id is 'The finding.';

-- 3. The rows of before, into the months in which they were recorded; then the keys.
--! Included quality/partitions/make_partitions.sql
-- Months of results and findings get their partition before they begin.
-- security definer: only the owner of a table may attach a partition to it, and the worker, whose clock calls this, owns none; no name comes from the caller.
create or replace function quality.make_partitions(p_from date default current_date, p_ahead integer default 3)
returns bigint
language plpgsql
volatile
parallel unsafe
security definer
set search_path to pg_catalog, pg_temp
-- The writers of a table do not wait for next month: who finds it busy tries again later.
set lock_timeout to '2s'
-- A month is one of UTC, whoever asks.
set timezone to 'UTC'
as $$
declare
  v_made bigint := 0;
  v_month date;
  v_name text;
  v_parent text;
  v_is_late boolean;
begin
  if p_from is null or p_ahead is null or p_ahead not between 0 and 120 or p_from < date '2000-01-01' then
    raise exception using errcode = 'MB001',
      message = format('Partitions are made from a month since 2000 on and up to 120 months ahead, not from %s on and %s ahead.',
        coalesce(p_from::text, 'NULL'), coalesce(p_ahead::text, 'NULL')),
      hint = 'Without arguments they are made from this month on and three months ahead.';
  end if;
  if p_from > current_date then
    p_from := current_date;
  end if;

  for v_month in
    select month::date
    from generate_series(date_trunc('month', p_from::timestamp), date_trunc('month', current_date::timestamp) + make_interval(months => p_ahead), interval '1 month')
      as month
  loop
    foreach v_parent in array array['validation_result', 'validation_finding', 'finding_sighting'] loop
      v_name := format('%s_%s', v_parent, to_char(v_month, 'YYYY_MM'));
      continue when to_regclass(format('quality.%I', v_name)) is not null;
      -- Rows that came before their month had a partition stay where they are: a partition cannot be made over them.
      execute format('select exists (select from quality.%I where recorded_at >= $1 and recorded_at < $1 + interval ''1 month'')', v_parent || '_default')
      into v_is_late
      using v_month::timestamptz;
      continue when v_is_late;

      execute format('create table quality.%I (like quality.%I including defaults including constraints including comments)', v_name, v_parent);
      execute format('comment on table quality.%I is %L', v_name, format('Rows of quality.%s recorded in %s, UTC. Append-only.', v_parent, to_char(v_month, 'YYYY-MM')));
      execute format('alter table quality.%I enable row level security', v_name);
      execute format(
        'create trigger _100_append_only before update or delete or truncate on quality.%I for each statement execute function internal.refuse_change()', v_name
      );
      execute format('alter table quality.%I attach partition quality.%I for values from (%L) to (%L)',
        v_parent, v_name, v_month::timestamptz, (v_month + interval '1 month')::timestamptz);
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end;
$$;

comment on function quality.make_partitions(date, integer) is
E'@behavior -*\nMakes the monthly partitions of quality.validation_result, validation_finding and finding_sighting that are missing, from the month of p_from up to p_ahead months (0 to 120) after this one, and gives their number; 0 when all are there. Migrations and every worker call it. A month is one of UTC. What comes while a month has no partition lies in the default partition, where nothing is lost, and stays there: such a month gets none.
Errors: MB001 for arguments that are none, 55P03 when somebody writes just then; the next call tries again.';

revoke all on function quality.make_partitions(date, integer) from public;
grant execute on function quality.make_partitions(date, integer) to marketbase_worker;
--! EndIncluded quality/partitions/make_partitions.sql
do $do$
declare
  v_result_columns text;
  v_finding_columns text;
begin
  if to_regclass('quality.validation_result_before') is not null then
    perform quality.make_partitions((select greatest(coalesce(min(recorded_at)::date, current_date), date '2000-01-01') from quality.validation_result_before));
    select string_agg(quote_ident(attname), ', ' order by attnum) into v_result_columns
    from pg_attribute where attrelid = 'quality.validation_result_before'::regclass and attnum > 0 and not attisdropped;
    select string_agg(quote_ident(attname), ', ' order by attnum) into v_finding_columns
    from pg_attribute where attrelid = 'quality.validation_finding_before'::regclass and attnum > 0 and not attisdropped and attname <> 'recorded_at';
    execute format(
      'insert into quality.validation_result (%1$s, as_of) overriding system value select %1$s, recorded_at from quality.validation_result_before order by validation_result_id',
      v_result_columns);
    execute format(
      'insert into quality.validation_finding (%s, recorded_at) overriding system value select %s, result.recorded_at from quality.validation_finding_before as finding
       join quality.validation_result_before as result using (validation_result_id) order by validation_finding_id',
      v_finding_columns, (
        select string_agg(case attname when 'validation_result_id' then attname else 'finding.' || quote_ident(attname) end, ', ' order by attnum)
        from pg_attribute where attrelid = 'quality.validation_finding_before'::regclass and attnum > 0 and not attisdropped and attname <> 'recorded_at'
      ));
    perform setval(pg_get_serial_sequence('quality.validation_result', 'validation_result_id'),
      (select coalesce(max(validation_result_id), 1) from quality.validation_result), exists (select from quality.validation_result));
    perform setval(pg_get_serial_sequence('quality.validation_finding', 'validation_finding_id'),
      (select coalesce(max(validation_finding_id), 1) from quality.validation_finding), exists (select from quality.validation_finding));

    drop view if exists quality.latest_result, quality.latest_set_result, quality.open_finding, quality.pending_validation, quality.rule_summary;
    drop function if exists feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb);
    drop function if exists feature.probe(bigint, text, integer, bigint, bigint[]);
    drop function if exists pipeline.validation_outcome(bigint);
    drop function if exists quality.validate(bigint, bigint[], timestamptz, text[]);
    drop function if exists quality.validate_set(bigint, text, text[], jsonb);
    drop table quality.validation_finding_before;
    drop table quality.validation_result_before;

    alter table quality.validation_result add primary key (validation_result_id, recorded_at);
    alter table quality.validation_result
      add foreign key (instrument_id) references market.instrument,
      add foreign key (raw_response_id) references ingest.raw_response,
      add foreign key (run_id) references pipeline.pipeline_run,
      add foreign key (feature_set_version_id) references feature.feature_set_version,
      add foreign key (rule, rule_version) references quality.validation_rule (rule, version);
    create index validation_result_rule_idx on quality.validation_result (rule, rule_version);
    create index validation_result_instrument_id_idx on quality.validation_result (instrument_id, recorded_at);
    create index validation_result_raw_response_id_idx on quality.validation_result (raw_response_id);
    create index validation_result_run_id_idx on quality.validation_result (run_id);
    create index validation_result_feature_set_version_id_idx on quality.validation_result (feature_set_version_id);

    alter table quality.validation_finding add primary key (validation_finding_id, recorded_at);
    alter table quality.validation_finding
      add foreign key (validation_result_id, recorded_at) references quality.validation_result,
      add foreign key (instrument_id) references market.instrument;
    create index validation_finding_validation_result_id_idx on quality.validation_finding (validation_result_id, recorded_at);
    create index validation_finding_instrument_id_idx on quality.validation_finding (instrument_id, ts);

    comment on table quality.validation_result_default is 'Rows of quality.validation_result whose month had no partition when they came. Append-only.';
    comment on table quality.validation_finding_default is 'Rows of quality.validation_finding whose month had no partition when they came. Append-only.';
    comment on table quality.finding_sighting_default is 'Rows of quality.finding_sighting whose month had no partition when they came. Append-only.';
    alter table quality.validation_result_default enable row level security;
    alter table quality.validation_finding_default enable row level security;
    alter table quality.finding_sighting_default enable row level security;
  end if;
  perform quality.make_partitions();
end
$do$;

--! split: 151-gates.sql
-- Gates: what a failed rule holds back, and releases.
create table if not exists quality.gate (
  step text not null,
  in_force_from timestamptz not null default clock_timestamp(),
  datasets text[] not null,
  severities text[] not null,
  rules text[] not null default '{}',
  description text not null,
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  primary key (step, in_force_from),
  constraint gate_step_check check (step in ('features', 'train', 'predict')),
  constraint gate_severities_check check (severities <@ array['critical', 'error', 'warning', 'info'])
);
comment on table quality.gate is E'@behavior -*\nWhich findings hold a step back, in all versions; quality.gate_in_force has those that count. Append-only: the newest row of a step counts.';
comment on column quality.gate.step is 'Step: features, train or predict.';
comment on column quality.gate.in_force_from is 'From when.';
comment on column quality.gate.datasets is 'Stored data on which the step depends.';
comment on column quality.gate.severities is 'Severities of rules whose findings in these datasets hold the step back.';
comment on column quality.gate.rules is 'Rules that do so whatever their dataset and severity, also those on bodies.';
comment on column quality.gate.description is 'Why, in words.';
comment on column quality.gate.recorded_by is 'Database role that set it.';

create table if not exists quality.gate_release (
  gate_release_id bigint generated always as identity primary key,
  step text,
  dataset text,
  instrument_id bigint references market.instrument,
  decided_by text not null,
  reason text not null,
  until timestamptz,
  finding_count bigint not null,
  recorded_at timestamptz not null default clock_timestamp(),
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  constraint gate_release_named_check check (num_nonnulls(step, dataset, instrument_id) > 0),
  constraint gate_release_decided_check check (decided_by ~ '\S' and reason ~ '\S'),
  constraint gate_release_until_check check (until > recorded_at)
);
create index if not exists gate_release_instrument_id_idx on quality.gate_release (instrument_id);
comment on table quality.gate_release is 'Findings that hold a step back no longer, because a person said so: those that were open then. What is found later holds it back again. Append-only.';
comment on column quality.gate_release.gate_release_id is 'Identity.';
comment on column quality.gate_release.step is 'Step that is released; null for all.';
comment on column quality.gate_release.dataset is 'Only findings in this dataset; null for all.';
comment on column quality.gate_release.instrument_id is 'Only this instrument; null for all.';
comment on column quality.gate_release.decided_by is 'Person who released it.';
comment on column quality.gate_release.reason is 'Why.';
comment on column quality.gate_release.until is 'Until when; null for good.';
comment on column quality.gate_release.finding_count is 'How many findings held back then.';
comment on column quality.gate_release.recorded_at is 'When.';
comment on column quality.gate_release.recorded_by is 'Database role that recorded it.';

-- A run that a gate held back did not fail.
alter table pipeline.pipeline_run drop constraint if exists pipeline_run_status_check;
alter table pipeline.pipeline_run add constraint pipeline_run_status_check
  check (status in ('queued', 'running', 'succeeded', 'failed', 'skipped', 'blocked'));
alter table pipeline.pipeline_run drop constraint if exists pipeline_run_finished_check;
alter table pipeline.pipeline_run add constraint pipeline_run_finished_check
  check ((finished_at is not null) = (status in ('succeeded', 'failed', 'skipped', 'blocked')));
alter table pipeline.pipeline_run drop constraint if exists pipeline_run_blocked_has_reason_check;
alter table pipeline.pipeline_run add constraint pipeline_run_blocked_has_reason_check check (status <> 'blocked' or message is not null);
comment on column pipeline.pipeline_run.status is 'queued, running, succeeded, failed, skipped (a step before it failed) or blocked (findings held all of it back, see quality.held_back).';

-- Arguments have come to these; what has an atomic body over them is made again with them.
drop function if exists pipeline.step_train(bigint);
drop function if exists pipeline.take_stale(text);
drop function if exists ml.predict(bigint, text, timestamptz);

--! split: 152-quarantine-release.sql
-- Rows that a person let out of quarantine.
create table if not exists ingest.quarantine_release (
  quarantine_id bigint primary key references ingest.quarantine,
  decided_by text not null,
  reason text not null,
  new_count bigint not null,
  changed_count bigint not null,
  recorded_at timestamptz not null default now(),
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  run_id bigint not null references pipeline.pipeline_run,
  constraint quarantine_release_decided_check check (decided_by ~ '\S' and reason ~ '\S'),
  constraint quarantine_release_counts_check check (new_count >= 0 and changed_count >= 0)
);
create index if not exists quarantine_release_run_id_idx on ingest.quarantine_release (run_id);
comment on table ingest.quarantine_release is 'Rows of ingest.quarantine that a person took in all the same: once each, in a run of their own, which the stored row and its lineage name. Append-only.';
comment on column ingest.quarantine_release.quarantine_id is 'The row.';
comment on column ingest.quarantine_release.decided_by is 'Person who released it.';
comment on column ingest.quarantine_release.reason is 'Why.';
comment on column ingest.quarantine_release.new_count is 'Rows that it added: 1, or 0 where there was one.';
comment on column ingest.quarantine_release.changed_count is 'Versions that it made of a stored row; 0 also where a better provider or a newer body has the word.';
comment on column ingest.quarantine_release.recorded_at is 'When.';
comment on column ingest.quarantine_release.recorded_by is 'Database role that recorded it.';
comment on column ingest.quarantine_release.run_id is 'Run that took it in.';

--! split: 153-shapes.sql
-- What bodies look like: the fields that they have and of which types.
create table if not exists ingest.known_shape (
  sha256 text primary key,
  paths jsonb not null,
  constraint known_shape_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint known_shape_paths_check check (jsonb_typeof(paths) = 'object')
);
comment on table ingest.known_shape is 'Shapes of bodies, each once. Append-only.';
comment on column ingest.known_shape.sha256 is 'sha256 of the paths, hex.';
comment on column ingest.known_shape.paths is 'The types at each path, such as {"chart.result[].meta.currency": ["string"]}; for CSV at each column. See ingest.read_shape.';

create table if not exists ingest.body_shape (
  raw_response_id bigint primary key references ingest.raw_response,
  provider text not null references ingest.provider,
  dataset text not null,
  sha256 text not null references ingest.known_shape,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run
);
create index if not exists body_shape_provider_idx on ingest.body_shape (provider, dataset, raw_response_id);
create index if not exists body_shape_sha256_idx on ingest.body_shape (sha256);
create index if not exists body_shape_run_id_idx on ingest.body_shape (run_id);
comment on table ingest.body_shape is 'The shape of each body that was read and was no error of its provider. Append-only.';
comment on column ingest.body_shape.raw_response_id is 'The body.';
comment on column ingest.body_shape.provider is 'Its provider.';
comment on column ingest.body_shape.dataset is 'Its dataset.';
comment on column ingest.body_shape.sha256 is 'Its shape.';
comment on column ingest.body_shape.recorded_at is 'When its shape was taken.';
comment on column ingest.body_shape.run_id is 'Run that read it.';

drop type if exists ingest.shape_difference cascade;
create type ingest.shape_difference as (
  path text,
  change text,
  before jsonb,
  after jsonb,
  body_count bigint
);
comment on type ingest.shape_difference is 'A path of a body compared with the bodies before it.';
comment on column ingest.shape_difference.path is 'Path, or column.';
comment on column ingest.shape_difference.change is 'new, missing or retyped; null where it is as before.';
comment on column ingest.shape_difference.before is 'Types that were seen there before, a JSON list; null where it is new.';
comment on column ingest.shape_difference.after is 'Types in this body, a JSON list; null where it is missing.';
comment on column ingest.shape_difference.body_count is 'How many of the last bodies it was compared with.';

-- Rules may look at whole bodies too.
do $do$
declare
  v_before constant text := (
    select pg_get_expr(conbin, conrelid)
    from pg_constraint
    where conrelid = 'quality.validation_rule'::regclass and conname = 'validation_rule_dataset_check'
  );
begin
  if v_before not like '%raw_response%' then
    alter table quality.validation_rule drop constraint validation_rule_dataset_check;
    execute format('alter table quality.validation_rule add constraint validation_rule_dataset_check check (%s or dataset = %L)', v_before, 'raw_response');
  end if;
end
$do$;

--! split: 160-audit.sql
-- The audit chain: blocks of hashed rows, each with the hash of the block before it.
create table if not exists lineage.audit_block (
  block_no bigint,
  stream text not null,
  relation text not null,
  history_relation text,
  key_columns text[] not null,
  key_types text[] not null,
  columns text[] not null,
  column_types text[] not null,
  condition text,
  clock_column text,
  is_replaceable boolean not null,
  row_count bigint not null,
  leaf_count integer not null,
  system_identifier bigint not null,
  transactions_to bigint not null,
  next_transaction bigint not null,
  sealed_at timestamptz not null,
  sealed_by text not null,
  previous_hash bytea not null,
  leaves_hash bytea not null,
  hash bytea not null,
  constraint audit_block_pkey primary key (block_no),
  constraint audit_block_block_no_check check (block_no > 0),
  constraint audit_block_row_count_check check (row_count > 0 and leaf_count > 0),
  constraint audit_block_key_columns_check check (cardinality(key_columns) > 0 and cardinality(key_columns) = cardinality(key_types)),
  constraint audit_block_columns_check check (cardinality(columns) > 0 and cardinality(columns) = cardinality(column_types))
);
create index if not exists audit_block_stream_idx on lineage.audit_block (stream, block_no);
comment on table lineage.audit_block is
'@behavior -*
The audit chain: each block seals the rows of one stream that were finished since the block before, and holds the hash of the block before it. Append-only; written by lineage.seal_stream alone.';
comment on column lineage.audit_block.block_no is 'Number of the block, without gaps from 1.';
comment on column lineage.audit_block.stream is 'What was sealed; see lineage.audit_stream.';
comment on column lineage.audit_block.relation is 'Table of the rows, schema and name.';
comment on column lineage.audit_block.history_relation is 'Table into which a row moves when its version is closed; NULL where there is none.';
comment on column lineage.audit_block.key_columns is 'Columns by which a row is found again.';
comment on column lineage.audit_block.key_types is 'Types of these columns.';
comment on column lineage.audit_block.columns is 'Columns that were hashed, in this order, so that columns added later do not matter.';
comment on column lineage.audit_block.column_types is 'Types as which they were hashed.';
comment on column lineage.audit_block.condition is 'Which rows of the table were in the stream, as an expression over the row r; NULL for all.';
comment on column lineage.audit_block.clock_column is 'Column that says when the database recorded the row; NULL where there is none.';
comment on column lineage.audit_block.is_replaceable is 'Whether a row may be replaced in place by one that differs in the last column of the key.';
comment on column lineage.audit_block.row_count is 'Rows that were sealed.';
comment on column lineage.audit_block.leaf_count is 'Leaves in which they lie.';
comment on column lineage.audit_block.system_identifier is 'Server on which the transactions below were counted.';
comment on column lineage.audit_block.transactions_to is 'Rows of all transactions before this one were sealed: it was the oldest that was not finished.';
comment on column lineage.audit_block.next_transaction is 'The first transaction that had not begun to write.';
comment on column lineage.audit_block.sealed_at is 'When the block was sealed.';
comment on column lineage.audit_block.sealed_by is 'Login that had it sealed.';
comment on column lineage.audit_block.previous_hash is 'Hash of the block before; empty for the first.';
comment on column lineage.audit_block.leaves_hash is 'sha256 of the hashes of the leaves, one after the other.';
comment on column lineage.audit_block.hash is 'Hash of the block; see lineage.audit_block_hash.';

create table if not exists lineage.audit_leaf (
  block_no bigint not null,
  leaf_no integer not null,
  row_count integer not null,
  keys text[] not null,
  digests bytea not null,
  content_hash bytea not null,
  hash bytea not null,
  constraint audit_leaf_pkey primary key (block_no, leaf_no),
  constraint audit_leaf_block_no_fkey foreign key (block_no) references lineage.audit_block deferrable initially deferred,
  constraint audit_leaf_row_count_check check (row_count > 0 and leaf_no >= 0)
);
-- Hashes do not get smaller.
alter table lineage.audit_leaf alter column digests set storage external;
comment on table lineage.audit_leaf is
'@behavior -*
The rows of a block, some thousand to a leaf: their keys and short digests, to name a row, and the hash of their hashes, to prove them. Append-only; written by lineage.seal_stream alone.';
comment on column lineage.audit_leaf.block_no is 'Block.';
comment on column lineage.audit_leaf.leaf_no is 'Number of the leaf in the block, from 0.';
comment on column lineage.audit_leaf.row_count is 'Rows of the leaf.';
comment on column lineage.audit_leaf.keys is 'For each key column of the block an array literal with its values, in the order of the rows.';
comment on column lineage.audit_leaf.digests is 'The first 8 bytes of the hash of each row: they say which row differs where content_hash does.';
comment on column lineage.audit_leaf.content_hash is 'sha256 of the hashes of the rows, one after the other; the hash of a row is sha256(record_send(row(columns))).';
comment on column lineage.audit_leaf.hash is 'Hash of the leaf; see lineage.audit_leaf_hash.';

drop type if exists lineage.audit_finding cascade;
create type lineage.audit_finding as (
  kind text,
  block_no bigint,
  stream text,
  key jsonb,
  message text
);
comment on type lineage.audit_finding is 'Something that is not as it was sealed.';
comment on column lineage.audit_finding.kind is
'changed, deleted: a sealed row. inserted, backdated: a row that claims an older time than it has. chain: a block or leaf. truncated, rewritten: the chain, against a head that was kept outside. unreadable: a block whose table or columns are gone.';
comment on column lineage.audit_finding.block_no is 'Block.';
comment on column lineage.audit_finding.stream is 'Stream of the block; see lineage.audit_stream.';
comment on column lineage.audit_finding.key is 'Key of the row, where it is one row.';
comment on column lineage.audit_finding.message is 'A sentence that says what is wrong where.';

--! split: 170-row-changes.sql
-- What the tables that are changed in place said before: every report as of a moment can be made again.
create table if not exists lineage.row_change (
  row_change_id bigint generated always as identity primary key,
  relation text not null,
  operation text not null,
  row jsonb not null,
  changed_at timestamptz not null default now(),
  changed_by text not null default current_user,
  constraint row_change_operation_check check (operation in ('insert', 'update', 'delete')),
  constraint row_change_row_check check (jsonb_typeof(row) = 'object')
);
create index if not exists row_change_relation_idx on lineage.row_change (relation, changed_at);
comment on table lineage.row_change is 'Changes to tables that keep one row per key and no versions (instruments, exchanges, sessions, providers, models, feature sets, results of portfolios): the row as it was, when that ended and who did it. Append-only; written by triggers.';
comment on column lineage.row_change.row_change_id is 'Identity, in the order of the changes.';
comment on column lineage.row_change.relation is 'Table that was changed, such as market.instrument.';
comment on column lineage.row_change.operation is 'insert, update or delete. Inserts are kept for tables whose rows do not say themselves when they came.';
comment on column lineage.row_change.row is 'The row before the change; for an insert the row that came.';
comment on column lineage.row_change.changed_at is 'When it was changed.';
comment on column lineage.row_change.changed_by is 'Role that changed it.';

-- Corrections are listed by the time at which they came.
create index if not exists price_data_history_closed_at_idx on market.price_data_history (closed_at);
create index if not exists company_fundamental_history_closed_at_idx on market.company_fundamental_history (closed_at);
create index if not exists corporate_action_history_closed_at_idx on market.corporate_action_history (closed_at);

--! split: 190-outbox.sql
-- What is told to the outside: destinations, events, and one delivery of each event to each destination that wants it.

create table if not exists pipeline.alert_destination (
  name text primary key,
  kind text not null,
  url text,
  url_variable text,
  secret_variable text,
  kinds text[] not null,
  severities text[] not null,
  rules text[] not null default '{}',
  is_internal boolean not null default false,
  is_active boolean not null default true,
  max_attempts integer not null default 12,
  created_at timestamptz not null default now(),
  created_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  constraint alert_destination_name_check check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  constraint alert_destination_kind_check check (kind in ('webhook', 'openlineage')),
  constraint alert_destination_url_check check (num_nonnulls(url, url_variable) = 1 and length(url) <= 2000 and url ~ '^https?://[^\s@]+$'),
  constraint alert_destination_plain_http_check check (is_internal or url ~ '^https:' or url is null),
  constraint alert_destination_variable_check check (url_variable ~ '^MARKETBASE_ALERT_[A-Z0-9_]{1,80}$' and secret_variable ~ '^MARKETBASE_ALERT_[A-Z0-9_]{1,80}$'),
  constraint alert_destination_kinds_check check (cardinality(kinds) > 0 and kinds <@ '{validation,finding,gate,run}' and (kind <> 'openlineage' or kinds = '{run}')),
  constraint alert_destination_severities_check check (severities <@ '{critical,error,warning,info}' and cardinality(severities) + cardinality(rules) > 0),
  constraint alert_destination_attempts_check check (max_attempts between 1 and 100)
);
comment on table pipeline.alert_destination is 'Where events are sent: webhooks and collectors of OpenLineage. Secrets stand in the environment of the worker; a row has their names alone.';
comment on column pipeline.alert_destination.name is 'Name, such as on-call.';
comment on column pipeline.alert_destination.kind is 'webhook (signed as Standard Webhooks says) or openlineage (RunEvents of OpenLineage 2-0-2).';
comment on column pipeline.alert_destination.url is 'Address that gets a POST; null where it is a secret itself, see url_variable.';
comment on column pipeline.alert_destination.url_variable is 'Name of the environment variable that holds the address; null where url has it.';
comment on column pipeline.alert_destination.secret_variable is 'Name of the environment variable with the secret: the key of the signature of a webhook, the bearer token of an OpenLineage collector. Null: neither signed nor authorised.';
comment on column pipeline.alert_destination.kinds is 'Kinds of events that it gets: finding (opened, acknowledged, resolved, reopened), gate (held, released), validation (each look that failed or gave a warning), run. Collectors of OpenLineage get runs alone.';
comment on column pipeline.alert_destination.severities is 'Severities that it gets: critical, error, warning, info.';
comment on column pipeline.alert_destination.rules is 'Patterns (of like) of rules that it gets at whatever severity, such as %drift%.';
comment on column pipeline.alert_destination.is_internal is 'True for a server of one''s own: plain http and private addresses are then in order.';
comment on column pipeline.alert_destination.is_active is 'False while it is paused: it gets no new events, and what waits for it waits.';
comment on column pipeline.alert_destination.max_attempts is 'How often an event is sent before it is given up.';
comment on column pipeline.alert_destination.created_at is 'When it was added.';
comment on column pipeline.alert_destination.created_by is 'Role that added it.';

create table if not exists pipeline.outbox_event (
  event_id uuid primary key,
  kind text not null,
  subject text not null,
  severity text not null,
  run_id bigint references pipeline.pipeline_run,
  payload jsonb not null,
  occurred_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint outbox_event_kind_check check (kind in ('validation', 'finding', 'gate', 'run', 'test')),
  constraint outbox_event_severity_check check (severity in ('critical', 'error', 'warning', 'info')),
  constraint outbox_event_payload_check check (jsonb_typeof(payload) = 'object')
);
create index if not exists outbox_event_run_id_idx on pipeline.outbox_event (run_id);
comment on table pipeline.outbox_event is 'What happened and has to be told, written in the transaction in which it happened; only what a destination wants. Append-only.';
comment on column pipeline.outbox_event.event_id is 'Identity, made of kind, subject and payload (internal.content_uuid): the same event is not queued twice.';
comment on column pipeline.outbox_event.kind is 'validation, finding, gate, run or test.';
comment on column pipeline.outbox_event.subject is 'What it is about: a rule, a step, a run.';
comment on column pipeline.outbox_event.severity is 'critical, error, warning or info.';
comment on column pipeline.outbox_event.run_id is 'Run in which it happened; null where there is none.';
comment on column pipeline.outbox_event.payload is 'What is told, a JSON object; for a run the RunEvent of OpenLineage.';
comment on column pipeline.outbox_event.occurred_at is 'When it happened.';
comment on column pipeline.outbox_event.created_at is 'When it was queued.';

create table if not exists pipeline.outbox_delivery (
  event_id uuid not null references pipeline.outbox_event,
  destination text not null references pipeline.alert_destination on delete cascade,
  position bigint generated always as identity,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  claimed_until timestamptz,
  delivered_at timestamptz,
  dead_at timestamptz,
  last_error text,
  primary key (event_id, destination),
  constraint outbox_delivery_attempts_check check (attempts >= 0),
  constraint outbox_delivery_end_check check (num_nonnulls(delivered_at, dead_at) <= 1),
  constraint outbox_delivery_dead_check check (dead_at is null or last_error is not null)
);
create index if not exists outbox_delivery_destination_idx on pipeline.outbox_delivery (destination, delivered_at);
create index if not exists outbox_delivery_waiting_idx on pipeline.outbox_delivery (destination, position) where delivered_at is null and dead_at is null;
comment on table pipeline.outbox_delivery is 'The way of an event to a destination: it is sent until the destination takes it, at least once and always under the same key, or until it is given up.';
comment on column pipeline.outbox_delivery.event_id is 'The event.';
comment on column pipeline.outbox_delivery.destination is 'Where it is sent.';
comment on column pipeline.outbox_delivery.position is 'Order: a destination gets its events one after the other.';
comment on column pipeline.outbox_delivery.attempts is 'How often it was taken to be sent.';
comment on column pipeline.outbox_delivery.next_attempt_at is 'When it is sent next.';
comment on column pipeline.outbox_delivery.claimed_until is 'Until when a worker has it in hand; what is not settled by then is sent again. Null: nobody has it.';
comment on column pipeline.outbox_delivery.delivered_at is 'When the destination took it; null while it has not.';
comment on column pipeline.outbox_delivery.dead_at is 'When it was given up; null while it was not.';
comment on column pipeline.outbox_delivery.last_error is 'Why it was not taken the last time; null where it never failed.';

-- A type is dropped first so that this file can be applied again while it is current; the functions that use it follow.
drop type if exists pipeline.delivery cascade;
create type pipeline.delivery as (
  event_id uuid,
  destination text,
  kind text,
  url text,
  url_variable text,
  secret_variable text,
  is_internal boolean,
  attempt integer,
  body text
);
comment on type pipeline.delivery is 'What a worker has to send.';
comment on column pipeline.delivery.event_id is 'The event; the key under which the destination knows whether it has it already.';
comment on column pipeline.delivery.destination is 'Where to.';
comment on column pipeline.delivery.kind is 'webhook or openlineage.';
comment on column pipeline.delivery.url is 'Address; null where the environment has it.';
comment on column pipeline.delivery.url_variable is 'Name of the environment variable that holds the address.';
comment on column pipeline.delivery.secret_variable is 'Name of the environment variable with the secret; null without.';
comment on column pipeline.delivery.is_internal is 'Whether plain http and private addresses are in order.';
comment on column pipeline.delivery.attempt is 'The number of this attempt, which settles it.';
comment on column pipeline.delivery.body is 'The body, byte for byte the same at each attempt.';

--! split: 900-functions.sql
-- Made by `marketbase db include` from 0d0c2fbbb03975f7: the changed files of sql-functions, each after what it needs.
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
    greatest(bar.session_date, case
      when response.raw_response_id is not null then
        least(coalesce(response.splits_adjusted_to, provider.splits_adjusted_to), (response.fetched_at at time zone exchange.time_zone)::date)
    end)
  from (select market.bar_length(p_bar_interval) as length) as span
  cross join unnest(p_instrument_ids, p_from_ts, p_to_ts) as asked (instrument_id, from_ts, to_ts)
  join market.instrument using (instrument_id)
  join market.exchange using (mic)
  join market.price_data as bar
    on bar.instrument_id = asked.instrument_id and bar.bar_interval = p_bar_interval
    and bar.ts between coalesce(asked.from_ts, '-infinity') and coalesce(asked.to_ts, 'infinity')
  join ingest.provider on provider.provider = bar.provider
  left join ingest.raw_response as response
    on response.raw_response_id = bar.raw_response_id and coalesce(response.price_basis, provider.price_basis) <> 'raw';
end;

comment on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) is
'The current bars of p_instrument_ids of length p_bar_interval, from p_from_ts to p_to_ts (as long as p_instrument_ids; NULL, or a NULL element: no limit), with the moment at which each was over:
the close of its session (by rules or from a file), of its last session for weeks and months, ts and the length for bars within a session. A correction does not move it.
split_basis: the day in whose shares the close counts, that of the session unless the provider adjusts its prices for later splits.';

revoke all on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) to marketbase_analyst;
--! EndIncluded feature/columns/closing_bars.sql
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
      ),
      ('{regr_count}', 'feature.comoments', 'coalesce(float8_regr_combine(%1$s, %2$s), %1$s)', '%s[1]')
  ) as partial (aggregates, state, combined, result)
  where p_aggregate = any (partial.aggregates);
end;

comment on function feature.partial_aggregate(text) is
'What a compiled query computes in the place of the built-in aggregate p_aggregate, as PostgreSQL does when several processes share one aggregation. No row where there is no such way.
state: aggregate of the partial result. combined: SQL of the partial result over a frame from those over its newer part (%1$s) and its older part (%2$s, NULL where no bars are that old). result: SQL of the aggregate from its partial result.';

revoke all on function feature.partial_aggregate(text) from public;
--! EndIncluded feature/frames/partial_aggregate.sql
--! Included feature/vectors/compute.sql
-- Computes a set for instruments and stores what has changed.
create or replace function feature.compute(
  p_run_id bigint,
  p_set text,
  p_instrument_ids bigint[],
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (instrument_id bigint, rows_changed bigint)
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  unknown bigint;
  read_from timestamptz[];
  removed_ids bigint[];
  storing text;
begin
  if exists (select from feature.feature_set_version where feature_set_version_id = current_set.feature_set_version_id and base_version_id is not null) then
    raise exception using
      errcode = 'MB008',
      message = format('Set %s compares instruments and is not computed for some of them.', p_set),
      hint = format('Compute %s_base, then all instruments at a time with feature.compute_cross_sections.', p_set);
  end if;
  select wanted.id into unknown
  from unnest(p_instrument_ids) as wanted (id)
  where not exists (select from market.instrument where instrument.instrument_id = wanted.id)
  limit 1;
  if found or p_instrument_ids is null then
    raise exception using
      errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(unknown::text, 'NULL')),
      hint = 'market.instrument lists the instruments.';
  end if;
  if not exists (select from pipeline.pipeline_run where run_id = p_run_id) then
    raise exception using
      errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  end if;
  -- In one order, so that two that compute the same instruments wait for each other and do not block each other.
  perform pg_advisory_xact_lock(hashtextextended(format('feature.compute %s', p_set), locked.id))
  from (select distinct wanted.id from unnest(p_instrument_ids) as wanted (id) order by wanted.id) as locked;

  select array_agg(feature.read_from(wanted.id, current_set.bar_interval, wanted.from_ts, current_set.lookback) order by wanted.span)
  into read_from
  from unnest(p_instrument_ids, p_from_ts) with ordinality as wanted (id, from_ts, span);

  with removed as (
    delete from feature.feature_vector as vector
    using unnest(p_instrument_ids, p_from_ts, p_to_ts) as wanted (id, from_ts, to_ts)
    where vector.instrument_id = wanted.id
      and vector.feature_set_version_id = current_set.feature_set_version_id
      and vector.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
      and not exists (
        select
        from market.price_data as bar
        where bar.instrument_id = vector.instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts = vector.ts
      )
    returning vector.instrument_id
  )
  select array_agg(removed.instrument_id) into removed_ids from removed;

  if exists (
    select
    from unnest(p_instrument_ids, p_from_ts, p_to_ts) as wanted (id, from_ts, to_ts)
    where exists (
      select
      from feature.feature_vector as vector
      where vector.instrument_id = wanted.id
        and vector.feature_set_version_id = current_set.feature_set_version_id
        and vector.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
    ) or exists (
      select
      from feature.feature_vector_history as history
      where history.instrument_id = wanted.id
        and history.feature_set_version_id = current_set.feature_set_version_id
        and history.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
    )
  ) then
    -- A vector that is there bit for bit stays; a revision that comes after another is not known before it.
    storing := $query$
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id)
      select
        computed.instrument_id, $4, computed.ts, computed.values,
        coalesce(stored.revision, closed.revision, 0) + 1,
        greatest(computed.known_from, stored.known_from, closed.known_to),
        $5
      from (%s) as computed
      left join lateral (
        select vector.values, vector.revision, vector.known_from
        from feature.feature_vector as vector
        where vector.instrument_id = computed.instrument_id and vector.feature_set_version_id = $4 and vector.ts = computed.ts
      ) as stored on true
      left join lateral (
        select max(history.revision) as revision, max(history.known_to) as known_to
        from feature.feature_vector_history as history
        where history.instrument_id = computed.instrument_id and history.feature_set_version_id = $4 and history.ts = computed.ts
      ) as closed on true
      where computed.ts >= coalesce(($6)[computed.span], '-infinity')
        and (stored.values is null or array_send(stored.values) <> array_send(computed.values))
      on conflict (instrument_id, feature_set_version_id, ts) do update
      set values = excluded.values, known_from = excluded.known_from, run_id = excluded.run_id
      returning instrument_id
    $query$;
  else
    storing := $query$
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
      select computed.instrument_id, $4, computed.ts, computed.values, computed.known_from, $5
      from (%s) as computed
      where computed.ts >= coalesce(($6)[computed.span], '-infinity')
      returning instrument_id
    $query$;
  end if;

  return query execute format(
    $query$
      with stored as (%s)
      select wanted.id, coalesce(sum(touched.rows), 0)::bigint
      from (select distinct unnest($1) as id) as wanted
      left join (
        select stored.instrument_id, count(*) from stored group by stored.instrument_id
        union all
        select unnest($7), 1
      ) as touched (id, rows) on touched.id = wanted.id
      group by wanted.id
    $query$,
    format(storing, current_set.compiled_sql)
  ) using p_instrument_ids, read_from, p_to_ts, current_set.feature_set_version_id, p_run_id, p_from_ts, removed_ids;
exception
  when data_exception then
    raise exception using
      errcode = 'MB001',
      message = format(
        'Set %s cannot be computed for %s: %s.',
        p_set, case cardinality(p_instrument_ids) when 1 then 'instrument ' || p_instrument_ids[1] else cardinality(p_instrument_ids) || ' instruments' end, sqlerrm
      ),
      hint = 'An expression of the set overflows on these bars; guard it with case, nullif or least.';
end
$$;

comment on function feature.compute(bigint, text, bigint[], timestamptz[], timestamptz[]) is
'Computes the current version of set p_set for p_instrument_ids and stores it in feature.feature_vector. Gives for each instrument the number of vectors that were added, replaced or removed; 0 where everything was there already.
p_run_id: run that asks for it. p_from_ts, p_to_ts: first and last bar to store of each instrument (NULL: no limit); the bars before them are read as far as the set looks back. An instrument may come more than once with spans that do not overlap.
A vector is known from when the last of the bars in its window was; a replaced one is kept in feature.feature_vector_history. Vectors whose bar is gone are removed.
All or nothing: MB001 for an unknown run or an expression that overflows, MB002 for an unknown instrument, MB003 for an unknown set, MB008 for a set that compares instruments.';

revoke all on function feature.compute(bigint, text, bigint[], timestamptz[], timestamptz[]) from public;
grant execute on function feature.compute(bigint, text, bigint[], timestamptz[], timestamptz[]) to marketbase_worker;
--! EndIncluded feature/vectors/compute.sql
--! Included feature/vectors/known_bars.sql
-- The bars of instruments, each with the time from when the window that ends with it could be known.
create or replace function feature.known_bars(
  p_instrument_ids bigint[],
  p_bar_interval text,
  p_lookback integer,
  p_from_ts timestamptz[],
  p_to_ts timestamptz[]
) returns table (
  span bigint,
  instrument_id bigint,
  ts timestamptz,
  known_from timestamptz,
  bar_number double precision,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision
)
language sql stable parallel safe
begin atomic
  select
    ordered.span,
    ordered.instrument_id,
    ordered.ts,
    -- Times rise with the bars unless one was corrected or came late, so that there is hardly ever anything to look up.
    case
      when p_lookback is null then ordered.latest
      when p_lookback = 0 or ordered.known_from >= ordered.latest then ordered.known_from
      else (
        select greatest(max(recent.known_from), (
          select max(history.known_to)
          from market.price_data_history as history
          where history.instrument_id = ordered.instrument_id
            and history.bar_interval = p_bar_interval
            and history.ts <= ordered.ts
            and history.ts > coalesce(
              (
                select max(bar.ts)
                from market.price_data as bar
                where bar.instrument_id = ordered.instrument_id and bar.bar_interval = p_bar_interval and bar.ts < min(recent.ts)
              ),
              '-infinity'
            )
        ))
        from (
          select bar.ts, bar.known_from
          from market.price_data as bar
          where bar.instrument_id = ordered.instrument_id and bar.bar_interval = p_bar_interval and bar.ts <= ordered.ts
          order by bar.ts desc
          limit p_lookback + 1
        ) as recent
      )
    end,
    ordered.bar_number,
    ordered.open,
    ordered.high,
    ordered.low,
    ordered.close,
    ordered.volume
  from (
    select
      read.*,
      (row_number() over before)::double precision as bar_number,
      max(read.known_from) over before as latest
    from (
      select
        wanted.span, wanted.instrument_id, bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume,
        case
          when wanted.has_history then greatest(bar.known_from, (
            select max(history.known_to)
            from market.price_data_history as history
            where history.instrument_id = wanted.instrument_id
              and history.bar_interval = p_bar_interval
              and history.ts <= bar.ts
              and history.ts > coalesce(
                (
                  select max(previous.ts)
                  from market.price_data as previous
                  where previous.instrument_id = wanted.instrument_id and previous.bar_interval = p_bar_interval and previous.ts < bar.ts
                ),
                '-infinity'
              )
          ))
          else bar.known_from
        end as known_from
      from (
        select given.*, exists (
          select from market.price_data_history as history where history.instrument_id = given.instrument_id and history.bar_interval = p_bar_interval
        ) as has_history
        from unnest(p_instrument_ids, p_from_ts, p_to_ts) with ordinality as given (instrument_id, from_ts, to_ts, span)
        -- Asked once for an instrument, not once for a bar.
        offset 0
      ) as wanted
      join market.price_data as bar
        on bar.instrument_id = wanted.instrument_id
        and bar.bar_interval = p_bar_interval
        and bar.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
      offset 0
    ) as read
    window before as (partition by read.span order by read.ts rows unbounded preceding)
  ) as ordered
  -- So that whoever reads it knows the order and does not sort again.
  order by ordered.span, ordered.ts;
end;

comment on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) is
'The current bars of length p_bar_interval of p_instrument_ids, from p_from_ts to p_to_ts of each (NULL element: no limit), for computing features. span is the place in the arrays, bar_number the place of the bar in its span.
known_from is the latest of the bar and the p_lookback bars before it (NULL: of all), where each counts from when it became known, or from when an older version of it, or a bar before it that is gone, was given up, if that is later.';

revoke all on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) from public;
grant execute on function feature.known_bars(bigint[], text, integer, timestamptz[], timestamptz[]) to marketbase_worker, marketbase_probe;
--! EndIncluded feature/vectors/known_bars.sql
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
  touched bigint[];
  candidate_count bigint;
  has_bars boolean;
  has_history boolean;
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, raw_response.price_basis, raw_response.splits_adjusted_to, provider.priority into response
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
  select array_agg(named.instrument_id order by named.instrument_id), sum(named.bar_count) into touched, candidate_count
  from (
    select candidate.instrument_id, count(*) as bar_count
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    group by candidate.instrument_id
    union all
    select action.instrument_id, 0
    from ingest.candidate_action action
    where action.raw_response_id = p_raw_response_id
    group by action.instrument_id
  ) as named;
  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || instrument_id, 0)) from unnest(touched) as instrument_id;
  candidate_count := coalesce(candidate_count, 0);

  perform ingest.record_coverage(p_raw_response_id);

  select
    bool_or(exists (select from market.price_data bar where bar.instrument_id = named.id offset 0)),
    bool_or(exists (select from market.price_data_history closed where closed.instrument_id = named.id offset 0))
  into has_bars, has_history
  from unnest(touched) as named (id);

  -- Where no bar of these instruments is known, all are new. To look for the bar that is there already costs as much as to store it, so that is left
  -- to the key: a body that gives a bar twice fails there, and is taken in as if bars were known.
  outcome.new_count := 0;
  if not has_bars then
    begin
      insert into market.price_data (
        instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
      )
      select bar.* from ingest.first_bars(p_run_id, p_raw_response_id, has_history) as bar;
      get diagnostics outcome.new_count = row_count;
    exception
      when unique_violation then
        outcome.new_count := 0;
    end;
  end if;
  if outcome.new_count < candidate_count then
    insert into market.price_data (
      instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
    )
    select bar.* from ingest.first_bars(p_run_id, p_raw_response_id, has_history) as bar
    on conflict (instrument_id, bar_interval, ts) do nothing;
    get diagnostics outcome.new_count = row_count;
  end if;

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
        or current.provider = response.provider
          and (current_response.price_basis, current_response.splits_adjusted_to) is distinct from (response.price_basis, response.splits_adjusted_to)
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
A first version is known from the close of its session, or from the arrival of its body where the provider had answered for that time without it (ingest.covered_before); a correction
from the arrival of its body. ingest.provider.priority decides between providers (the lower number), of one provider the newer body; ingest.field_tolerance says which
differences are none; the same prices on another basis are a change. What does not become current though it came from another provider, or differs, goes to market.price_observation. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_bars(bigint, bigint) from public;
grant execute on function ingest.accept_bars(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/accept_bars.sql
--! Included ingest/accept/answer_reach.sql
-- How old the last bar of an answer may be for it to speak of the time since.
create or replace function ingest.answer_reach() returns interval
language sql immutable parallel safe
return interval '7 days';

comment on function ingest.answer_reach() is
'An answer whose last bar ended longer ago than this speaks of the past alone: it does not say that there was nothing since. A week: longer than exchanges are closed in a row, and short of a file of earlier years that is brought in today.';

revoke all on function ingest.answer_reach() from public;
grant execute on function ingest.answer_reach() to marketbase_reader;
--! EndIncluded ingest/accept/answer_reach.sql
--! Included ingest/accept/covered_before.sql
-- For which time the provider had answered before, of the bars that a body brings.
create or replace function ingest.covered_before(p_raw_response_id bigint)
returns table (instrument_id bigint, bar_interval text, covered_from timestamptz, covered_until timestamptz)
language sql stable parallel safe
rows 500
begin atomic
  with body as materialized (
    select response.provider, response.dataset, response.subject, response.fetched_at
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id
  ), own as materialized (
    select coverage.instrument_id, coverage.bar_interval, coverage.covered_from
    from ingest.bar_coverage coverage
    where coverage.raw_response_id = p_raw_response_id
  )
  select own.instrument_id, own.bar_interval, coverage.covered_from, coverage.covered_until
  from own
  cross join body
  join ingest.bar_coverage coverage
    on coverage.provider = body.provider and coverage.instrument_id = own.instrument_id and coverage.bar_interval = own.bar_interval
    and coverage.covered_until > own.covered_from and coverage.fetched_at < body.fetched_at
  union all
  -- An answer to the same request speaks of the days just before it, also of instruments that it lacks.
  select own.instrument_id, own.bar_interval, asked.covered_from, asked.covered_until
  from own
  join (
    select wanted.bar_interval, answer.fetched_at - ingest.answer_reach() as covered_from, last.covered_until
    from (select own.bar_interval, min(own.covered_from) as covered_from from own group by own.bar_interval) as wanted
    cross join body
    join ingest.raw_response answer
      on answer.provider = body.provider and answer.dataset = body.dataset and answer.subject = body.subject and answer.fetched_at < body.fetched_at
    cross join lateral (
      select coverage.covered_until
      from ingest.bar_coverage coverage
      where coverage.raw_response_id = answer.raw_response_id and coverage.bar_interval = wanted.bar_interval
      order by coverage.covered_until desc
      limit 1
    ) as last
    where last.covered_until > answer.fetched_at - ingest.answer_reach()
  ) as asked on asked.bar_interval = own.bar_interval and asked.covered_until > own.covered_from;
end;

comment on function ingest.covered_before(bigint) is
'For each instrument and length of bar in the body, the times (covered_from excluded, covered_until included) for which earlier bodies of its provider answered, which may overlap: a bar that ended then was not to be had from it. These are the spans of bodies that held bars of the instrument, and the days
(ingest.answer_reach()) before each earlier answer to the same request, whatever it held. Instruments and lengths of which nobody had answered are left out: their bars count as known from their end. ingest.record_coverage comes first.';

revoke all on function ingest.covered_before(bigint) from public;
grant execute on function ingest.covered_before(bigint) to marketbase_worker;
--! EndIncluded ingest/accept/covered_before.sql
--! Included ingest/accept/covered_until.sql
-- Until when an answer with a last bar speaks.
create or replace function ingest.covered_until(p_bar_interval text, p_last_ts timestamptz, p_covers_until timestamptz, p_fetched_at timestamptz)
returns timestamptz
language sql stable strict parallel safe
return case
  when p_covers_until - (p_last_ts + market.bar_span(p_bar_interval)) <= ingest.answer_reach() then
    greatest(p_last_ts, least(p_last_ts + market.bar_span(p_bar_interval), p_fetched_at), p_covers_until)
  else greatest(p_last_ts, least(p_last_ts + market.bar_span(p_bar_interval), p_fetched_at))
end;

comment on function ingest.covered_until(text, timestamptz, timestamptz, timestamptz) is
'Until when a body speaks whose last bar, of length p_bar_interval, began at p_last_ts, that arrived at p_fetched_at and was to tell everything until p_covers_until: until then, when its last bar is not older than ingest.answer_reach() at that time,
else until the end of its last bar. NULL for NULL.';

revoke all on function ingest.covered_until(text, timestamptz, timestamptz, timestamptz) from public;
grant execute on function ingest.covered_until(text, timestamptz, timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded ingest/accept/covered_until.sql
--! Included ingest/accept/first_bars.sql
-- The candidates of a body as the bars that they are when nobody knew them before.
create or replace function ingest.first_bars(p_run_id bigint, p_raw_response_id bigint, p_has_history boolean) returns table (
  instrument_id bigint, bar_interval text, ts timestamptz, session_date date, open double precision, high double precision, low double precision,
  close double precision, volume double precision, adjusted_close double precision, version integer, known_from timestamptz, provider text,
  raw_response_id bigint, run_id bigint
)
language sql stable parallel safe
rows 1000
begin atomic
  with earlier as materialized (
    select before.instrument_id, before.bar_interval, range_agg(tstzrange(before.covered_from, before.covered_until, '(]')) as covered
    from ingest.covered_before(p_raw_response_id) as before
    group by before.instrument_id, before.bar_interval
  )
  select
    candidate.instrument_id, candidate.bar_interval, candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low,
    candidate.close, candidate.volume, candidate.adjusted_close,
    -- A bar that was taken back and comes again goes on where it ended.
    1 + case
      when p_has_history then coalesce((
        select max(history.version)
        from market.price_data_history history
        where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
      ), 0)
      else 0
    end,
    greatest(
      case
        when p_has_history then (
          select max(history.known_to)
          from market.price_data_history history
          where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
        )
      end,
      case when span.ends_at <@ earlier.covered then greatest(span.ends_at, response.fetched_at) else span.ends_at end
    ),
    response.provider, p_raw_response_id, p_run_id
  from (
    -- Of equal rows the first counts.
    select bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.row_no
  ) as candidate
  join ingest.raw_response response on response.raw_response_id = p_raw_response_id
  join (
    select instrument.instrument_id, exchange.mic, exchange.time_zone from market.instrument join market.exchange using (mic) offset 0
  ) as place using (instrument_id)
  left join market.trading_session session on session.mic = place.mic and session.session_date = candidate.session_date
  left join earlier on earlier.instrument_id = candidate.instrument_id and earlier.bar_interval = candidate.bar_interval
  cross join lateral (
    select case
      when candidate.bar_interval = '1d' then coalesce(session.close_at, (candidate.session_date + 1)::timestamp at time zone place.time_zone)
      when market.bar_span(candidate.bar_interval) < interval '1 day' then candidate.ts + market.bar_span(candidate.bar_interval)
      else (candidate.session_date + market.bar_span(candidate.bar_interval)) at time zone place.time_zone
    end as ends_at
    offset 0
  ) as span;
end;

comment on function ingest.first_bars(bigint, bigint, boolean) is
'The candidates of the body p_raw_response_id as bars of the run p_run_id, in the order of the body. A bar is known from the close of its session, one of another length from its own end; one that the provider did not have when it was asked for that
time (ingest.covered_before), from the arrival of the body. Its version is 1; where p_has_history says that bars of these instruments were closed, the one after the last of its own. No row for NULL.';

revoke all on function ingest.first_bars(bigint, bigint, boolean) from public;
grant execute on function ingest.first_bars(bigint, bigint, boolean) to marketbase_worker;
--! EndIncluded ingest/accept/first_bars.sql
--! Included ingest/accept/is_same_basis.sql
-- Whether two bodies give their prices on one basis.
create or replace function ingest.is_same_basis(p_raw_response_id bigint, p_other_id bigint) returns boolean
language sql stable strict parallel safe
begin atomic
  select (one.price_basis, one.splits_adjusted_to) is not distinct from (other.price_basis, other.splits_adjusted_to)
  from ingest.raw_response one
  join ingest.raw_response other on other.raw_response_id = p_other_id
  where one.raw_response_id = p_raw_response_id;
end;

comment on function ingest.is_same_basis(bigint, bigint) is
'Whether two bodies of one provider say the same of the basis of their prices (price_basis, splits_adjusted_to of ingest.raw_response). NULL for NULL and for a body that there is not.';

revoke all on function ingest.is_same_basis(bigint, bigint) from public;
grant execute on function ingest.is_same_basis(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/is_same_basis.sql
--! Included ingest/accept/record_coverage.sql
-- Remembers for which time a body answered, so that what it lacks counts as late when it comes.
create or replace function ingest.record_coverage(p_raw_response_id bigint) returns void
language sql volatile parallel unsafe
begin atomic
  insert into ingest.bar_coverage as known (instrument_id, bar_interval, raw_response_id, provider, fetched_at, covered_from, covered_until)
  select held.instrument_id, held.bar_interval, p_raw_response_id, response.provider, response.fetched_at, held.first_ts, answered.until
  from (
    select candidate.instrument_id, candidate.bar_interval, min(candidate.ts) as first_ts, max(candidate.ts) as last_ts
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    group by candidate.instrument_id, candidate.bar_interval
  ) as held
  join ingest.raw_response response on response.raw_response_id = p_raw_response_id
  cross join lateral (
    select ingest.covered_until(held.bar_interval, held.last_ts, coalesce(response.covers_until, response.fetched_at), response.fetched_at) as until
  ) as answered
  -- Nobody can answer for bars that begin after the question.
  where answered.until >= held.first_ts
  on conflict (instrument_id, bar_interval, raw_response_id) do update
  set covered_from = excluded.covered_from
  where known.covered_from > excluded.covered_from;
end;

comment on function ingest.record_coverage(bigint) is
'Stores in ingest.bar_coverage for which time the body answered, of each instrument and length among its candidates. A body that is read again, or of which a row is released from quarantine, keeps until when it answered and answered from no later than before. No row for NULL.';

revoke all on function ingest.record_coverage(bigint) from public;
grant execute on function ingest.record_coverage(bigint) to marketbase_worker;
--! EndIncluded ingest/accept/record_coverage.sql
--! Included ingest/accept/withdraw_bars.sql
-- What a body no longer holds when it is read again is taken back; what another provider said takes its place.
create or replace function ingest.withdraw_bars(p_run_id bigint, p_raw_response_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  gone market.price_data[];
begin
  perform set_config(
    'marketbase.closed_reason', format('body %s, read again in run %s, no longer holds it', p_raw_response_id, p_run_id), true);
  with deleted as (
    delete from market.price_data as bar
    where bar.raw_response_id = p_raw_response_id
      and not exists (
        select
        from ingest.candidate_bar candidate
        where candidate.raw_response_id = p_raw_response_id
          and candidate.instrument_id = bar.instrument_id and candidate.bar_interval = bar.bar_interval and candidate.ts = bar.ts
      )
    returning bar.*
  )
  select array_agg(deleted::market.price_data) into gone from deleted;
  perform set_config('marketbase.closed_reason', '', true);
  if gone is null then
    return 0;
  end if;

  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    p_run_id, 'ingest.raw_response', p_raw_response_id, 'market.price_data', bar.instrument_id, min(bar.ts), max(bar.ts),
    count(*), 'delete', 'ingest.withdraw_bars', internal.function_version('ingest.withdraw_bars(bigint, bigint)'::regprocedure)
  from unnest(gone) as bar
  group by bar.instrument_id;

  insert into market.price_data (
    instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
  )
  select
    bar.instrument_id, bar.bar_interval, bar.ts, other.session_date, other.open, other.high, other.low, other.close, other.volume, other.adjusted_close,
    bar.version + 1, greatest(bar.known_from, now()), other.provider, other.raw_response_id, p_run_id
  from unnest(gone) as bar
  cross join lateral (
    select said.*
    from market.price_observation said
    join ingest.provider using (provider)
    where said.instrument_id = bar.instrument_id and said.bar_interval = bar.bar_interval and said.ts = bar.ts
      and said.raw_response_id <> p_raw_response_id
    order by provider.priority, said.known_from desc
    limit 1
  ) as other;
  return cardinality(gone);
end
$$;

comment on function ingest.withdraw_bars(bigint, bigint) is
'Takes back the current bars that rest on a body and are not among its candidates, as when it is read again by a normaliser that no longer finds them, and returns how many: their versions end now, with the reason in market.price_data_history.closed_reason
and an edge of lineage. Where market.price_observation has the word of another body, that of the best provider takes their place.
For the owner alone: no other role takes bars back.';

revoke all on function ingest.withdraw_bars(bigint, bigint) from public;
--! EndIncluded ingest/accept/withdraw_bars.sql
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

grant insert (covers_until, price_basis, splits_adjusted_to) on ingest.raw_response to marketbase_worker;

alter table ingest.bar_coverage enable row level security;
drop policy if exists bar_coverage_read on ingest.bar_coverage;
create policy bar_coverage_read on ingest.bar_coverage for select to marketbase_reader using (true);
drop policy if exists bar_coverage_insert on ingest.bar_coverage;
create policy bar_coverage_insert on ingest.bar_coverage for insert to marketbase_worker with check (true);
drop policy if exists bar_coverage_update on ingest.bar_coverage;
create policy bar_coverage_update on ingest.bar_coverage for update to marketbase_worker using (true) with check (true);
revoke all on ingest.bar_coverage from public, marketbase_reader, marketbase_worker;
grant select on ingest.bar_coverage to marketbase_reader;
grant insert (instrument_id, bar_interval, raw_response_id, provider, fetched_at, covered_from, covered_until) on ingest.bar_coverage to marketbase_worker;
grant update (covered_from, covered_until) on ingest.bar_coverage to marketbase_worker;
alter table ingest.quarantine_release enable row level security;
drop policy if exists quarantine_release_read on ingest.quarantine_release;
create policy quarantine_release_read on ingest.quarantine_release for select to marketbase_reader using (true);
drop policy if exists quarantine_release_insert on ingest.quarantine_release;
create policy quarantine_release_insert on ingest.quarantine_release for insert to marketbase_worker with check (true);
revoke all on ingest.quarantine_release from public, marketbase_reader, marketbase_worker;
grant select on ingest.quarantine_release to marketbase_reader;
grant insert (quarantine_id, decided_by, reason, new_count, changed_count, run_id) on ingest.quarantine_release to marketbase_worker;

alter table ingest.known_shape enable row level security;
drop policy if exists known_shape_read on ingest.known_shape;
create policy known_shape_read on ingest.known_shape for select to marketbase_reader using (true);
drop policy if exists known_shape_insert on ingest.known_shape;
create policy known_shape_insert on ingest.known_shape for insert to marketbase_worker with check (true);
revoke all on ingest.known_shape from public, marketbase_reader, marketbase_worker;
grant select on ingest.known_shape to marketbase_reader;
grant insert (sha256, paths) on ingest.known_shape to marketbase_worker;

alter table ingest.body_shape enable row level security;
drop policy if exists body_shape_read on ingest.body_shape;
create policy body_shape_read on ingest.body_shape for select to marketbase_reader using (true);
drop policy if exists body_shape_insert on ingest.body_shape;
create policy body_shape_insert on ingest.body_shape for insert to marketbase_worker with check (true);
revoke all on ingest.body_shape from public, marketbase_reader, marketbase_worker;
grant select on ingest.body_shape to marketbase_reader;
grant insert (raw_response_id, provider, dataset, sha256, run_id) on ingest.body_shape to marketbase_worker;
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
  p_covers_until timestamptz default null,
  p_price_basis text default null,
  p_splits_adjusted_to date default null,
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
  perform ingest.require_provider(p_provider);
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
    -- The same answer again: it speaks of the time since, as long as it is asked for regularly.
    update ingest.bar_coverage
    set covered_until = coalesce(p_covers_until, p_fetched_at)
    where bar_coverage.raw_response_id = latest.raw_response_id
      and coalesce(p_covers_until, p_fetched_at) - bar_coverage.covered_until between interval '0' and ingest.answer_reach();
    return;
  end if;

  insert into ingest.raw_response (
    provider, dataset, subject, url, method, status, headers, content_type, body, byte_count, sha256, fetched_at, covers_until, price_basis,
    splits_adjusted_to, run_id
  )
  values (
    p_provider, p_dataset, p_subject, stored_url, p_method, p_status, ingest.redact_headers(p_headers), p_content_type, p_body, p_byte_count, p_sha256,
    p_fetched_at, p_covers_until, p_price_basis, p_splits_adjusted_to, p_run_id
  )
  returning raw_response.raw_response_id into record_response.raw_response_id;
  is_new := true;
end
$$;

comment on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz, timestamptz, text, date) is
'Stores a response whose length and sha256 are known; ingest.land and the import of files call it. p_body is NULL for a file whose bytes follow in ingest.raw_response_chunk. The URL and headers lose their secrets.
p_covers_until: until when it tells all that the provider has (NULL: until it arrived; -infinity: others follow). p_price_basis: raw, split or total where its prices are not on the basis of the provider,
p_splits_adjusted_to: until which ex-date they are adjusted (NULL: until it arrived).
When the latest response to the same request has the same status and sha256, nothing is stored: is_new is false and raw_response_id is that one. MB001 for an unknown provider.';

revoke all on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz, timestamptz, text, date) from public;
grant execute on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz, timestamptz, text, date) to marketbase_worker;
--! EndIncluded ingest/land/record_response.sql
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
  if ingest.is_symbol(given_symbol) is not true then
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
  if not ingest.is_time_zone(time_zone) then
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
  if not ingest.is_time_zone(time_zone) then
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
    perform ingest.refuse_error(p_raw_response_id, coalesce(
      document #>> '{chart,error,description}', document #>> '{finance,error,description}', document #>> '{chart,error,code}', document #>> '{finance,error,code}'));
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
  if not ingest.is_time_zone(time_zone) then
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
      when not ingest.is_symbol(line.symbol) then format('"%s" cannot be a symbol', left(line.symbol, 40))
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
--! Included ingest/normalise/read_bar_lines.sql
-- Lines of CSV one by one: each becomes a candidate, with its problem where it cannot be read.
create or replace function ingest.read_bar_lines(
  p_raw_response_id bigint,
  p_symbol text,
  p_columns text[],
  p_content text,
  p_rows_before bigint,
  p_rows bigint[] default null
) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  date_at constant integer := array_position(p_columns, 'session_date');
  open_at constant integer := array_position(p_columns, 'open');
  high_at constant integer := array_position(p_columns, 'high');
  low_at constant integer := array_position(p_columns, 'low');
  close_at constant integer := array_position(p_columns, 'close');
  volume_at constant integer := array_position(p_columns, 'volume');
  adjusted_at constant integer := array_position(p_columns, 'adjusted_close');
  symbol_at constant integer := array_position(p_columns, 'symbol');
begin
  -- Fences (offset 0) keep each field from being read again for every use.
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
      case when cardinality(text.fields) <> cardinality(p_columns) then format('the line has %s fields where the header has %s', cardinality(text.fields), cardinality(p_columns)) end as misfit,
      text.line
    from (
      select
        cut.row_no,
        cut.line,
        ingest.csv_fields(cut.line) as fields
      from (
        select p_rows_before + position as row_no, rtrim(line, e'\r') as line
        from unnest(string_to_array(p_content, e'\n')) with ordinality as lines (line, position)
        offset 0
      ) as cut
      where cut.line <> ''
        and (p_rows is null or cut.row_no = any (p_rows))
      offset 0
    ) as text
    offset 0
  ), named as (
    select given.symbol from (select distinct bar.symbol from bar offset 0) as given where ingest.is_symbol(given.symbol)
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
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no > p_rows_before
      and candidate.payload is not null and candidate.instrument_id is null
      and ingest.is_symbol(candidate.symbol)
  ) then
    raise exception using
      errcode = 'serialization_failure',
      message = 'Another session added instruments of this file at the same moment.',
      hint = 'Read it again.';
  end if;
end
$$;

comment on function ingest.read_bar_lines(bigint, text, text[], text, bigint, bigint[]) is
'Fills ingest.candidate_bar with the lines of p_content, CSV after p_rows_before other lines, that p_rows names, all where it is NULL; empty lines are left out. p_columns says what the fields are: session_date, open, high, low, close, volume, adjusted_close, symbol;
NULL for others. p_symbol counts where no column is the symbol. A row that cannot be read has NULL there and its problem in payload. New symbols become instruments. 40001 when another session adds the same ones at the same moment.';

revoke all on function ingest.read_bar_lines(bigint, text, text[], text, bigint, bigint[]) from public;
grant execute on function ingest.read_bar_lines(bigint, text, text[], text, bigint, bigint[]) to marketbase_worker;
--! EndIncluded ingest/normalise/read_bar_lines.sql
--! Included ingest/normalise/read_bars_csv.sql
-- Bars from CSV, whoever sent it: the columns by their names, each row readable or with its problem named.
create or replace function ingest.read_bars_csv(p_raw_response_id bigint, p_symbol text default null) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  header text[];
  columns text[];
  missing text;
  is_streamed boolean;
  piece record;
  content text;
  rows_before bigint := 0;
  rows_left bigint[];
begin
  perform ingest.require_success(p_raw_response_id);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  if header is null then
    raise exception using errcode = 'MB004', message = 'the file is empty or begins with an empty line', hint = 'It needs a line of column names and then one line per bar.';
  end if;

  -- What each column is, under the first of the names that it may have.
  select array_agg(case when given.is_first then given.name end order by given.position) into columns
  from (
    select field.position, meaning.name, row_number() over (partition by meaning.name order by field.position) = 1 as is_first
    from unnest(header) with ordinality as field (text, position)
    left join (
      values
        ('date', 'session_date'), ('open', 'open'), ('high', 'high'), ('low', 'low'), ('close', 'close'), ('volume', 'volume'),
        ('adjusted_close', 'adjusted_close'), ('adjusted close', 'adjusted_close'), ('adj close', 'adjusted_close'), ('adj_close', 'adjusted_close'),
        ('adjclose', 'adjusted_close'), ('symbol', 'symbol'), ('ticker', 'symbol'), ('name', 'symbol')
    ) as meaning (text, name) using (text)
  ) as given;
  select string_agg(needed.text, ', ' order by needed.position) into missing
  from unnest(array['date', 'open', 'high', 'low', 'close', 'volume']) with ordinality as needed (text, position)
  where array_position(header, needed.text) is null;
  if missing is null and array_position(columns, 'symbol') is null and p_symbol is null then
    missing := 'symbol';
  end if;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, left(array_to_string(header, ', '), 500)),
      hint = 'Bars need date, open, high, low, close and volume, and either a column symbol (or ticker, or name) or one symbol for the whole file. Upper and lower case do not matter.';
  end if;

  if array_position(columns, 'symbol') is null then
    perform ingest.ensure_instrument((select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id), p_symbol);
  end if;

  -- A table has at most 1,600 columns.
  is_streamed := cardinality(columns) <= 1000 and exists (select from ingest.raw_response_chunk chunk where chunk.raw_response_id = p_raw_response_id);
  if is_streamed then
    -- What the fields of a line are, for ingest.read_plain_bars. The types read them as they stand, an empty one as NULL.
    execute format('create temporary table bar_line (%s) on commit drop', (
      select string_agg(
        case
          when field.name in ('session_date', 'symbol') then format('%I text', field.name)
          when field.name is not null then format('%I double precision', field.name)
          else format('other_%s text', field.position)
        end,
        ', ' order by field.position)
      from unnest(columns) with ordinality as field (name, position)
    ));
  end if;

  -- A piece at a time; a streamed file is cut into pieces at line ends. A small body has one, without the line of its header.
  for piece in
    select 0 as piece_no, response.body
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id and response.body is not null
    union all
    select chunk.chunk_no, chunk.body
    from ingest.raw_response_chunk chunk
    where chunk.raw_response_id = p_raw_response_id
    order by piece_no
  loop
    content := convert_from(piece.body, 'UTF8');
    if piece.piece_no = 0 then
      content := substr(content, strpos(content || e'\n', e'\n') + 1);
    end if;
    rows_left := case when is_streamed then ingest.read_plain_bars(p_raw_response_id, p_symbol, columns, content, rows_before) end;
    if rows_left is distinct from '{}' then
      perform ingest.read_bar_lines(p_raw_response_id, p_symbol, columns, content, rows_before, rows_left);
    end if;
    -- A piece ends with a line end, so what follows the last one is empty and not a row.
    rows_before := rows_before + greatest(cardinality(string_to_array(content, e'\n')) - 1, 0);
  end loop;
  if is_streamed then
    drop table pg_temp.bar_line;
  end if;
end
$$;

comment on function ingest.read_bars_csv(bigint, text) is
'Reads the body of a response as CSV with a header and fills ingest.candidate_bar: columns date, open, high, low, close, volume, optionally adjusted_close (also Adj Close) and symbol (also ticker, Name), in any order and case.
p_symbol counts for all rows of a file without such a column. Symbols that are new become instruments. A row that cannot be read has NULL there and its problem in payload.
A streamed file is read by ingest.read_plain_bars, what that leaves out and every small body by ingest.read_bar_lines.
40001, to be tried again, when another session adds the same instruments at the same moment. MB005 when a column is missing, MB004 when the body is empty, not UTF-8 or came with a failing status.';

revoke all on function ingest.read_bars_csv(bigint, text) from public;
grant execute on function ingest.read_bars_csv(bigint, text) to marketbase_worker;
--! EndIncluded ingest/normalise/read_bars_csv.sql
--! Included ingest/normalise/read_plain_bars.sql
-- Lines of CSV that are as they should be, all of them at once: PostgreSQL reads them as one array of rows, in C.
create or replace function ingest.read_plain_bars(
  p_raw_response_id bigint,
  p_symbol text,
  p_columns text[],
  p_content text,
  p_rows_before bigint
) returns bigint[]
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set datestyle to 'ISO'
set enable_nestloop to off
as $$
declare
  content text := rtrim(case when strpos(p_content, e'\r') = 0 then p_content else replace(p_content, e'\r\n', e'\n') end, e'\n');
  rows_left bigint[];
begin
  -- Quotes and backslashes mean something else in an array, and 0x1F is a number in PostgreSQL.
  if content ~ '["\\\r]|0[xX]' then
    return null;
  end if;
  begin
    -- Fences (offset 0): the planner would read the array once more to count its rows, and each date for each of its uses. It takes the rows for few, so
    -- what is good is a column here: with conditions it would take them for one, and hash them. A symbol is understood once for all its rows.
    execute format(
      $insert$
        with bar as materialized (
          select
            line.ordinality + $4 as row_no, line.given_symbol, line.day, line.open, line.high, line.low, line.close, line.volume, line.adjusted_close,
            line.day::text = line.session_date and length(line.session_date) = 10
              and num_nulls(line.open, line.high, line.low, line.close, line.volume) = 0
              and greatest(abs(line.open), abs(line.high), abs(line.low), abs(line.close), abs(line.volume), abs(line.adjusted_close)) < 'infinity' as is_good
          from (
            select line.*, line.session_date::date as day, %s as given_symbol%s
            from (select $3::pg_temp.bar_line[] as lines offset 0) as piece
            cross join lateral unnest(piece.lines) with ordinality as line
            offset 0
          ) as line
        ), given as materialized (
          select distinct bar.given_symbol, upper(btrim(bar.given_symbol)) as symbol from bar
        ), named as (
          select distinct given.symbol from given where ingest.is_symbol(given.symbol)
        ), added as (
          insert into market.instrument (symbol, run_id)
          select named.symbol, (select response.run_id from ingest.raw_response response where response.raw_response_id = $1)
          from named
          where not exists (select from market.instrument where instrument.symbol = named.symbol)
          order by named.symbol
          on conflict (symbol) do nothing
          returning instrument_id, symbol
        ), known as (
          select given.given_symbol, given.symbol, added.instrument_id from given join added using (symbol)
          union all
          select given.given_symbol, given.symbol, instrument.instrument_id from given join named using (symbol) join market.instrument using (symbol)
        ), taken as (
          insert into ingest.candidate_bar (
            raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close
          )
          select
            $1, bar.row_no, known.symbol, known.instrument_id, bar.day::timestamp at time zone 'UTC', bar.day,
            bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
          from bar
          join known using (given_symbol)
          where bar.is_good
        )
        select array(
          select bar.row_no
          from bar
          left join known using (given_symbol)
          where bar.is_good is not true or known.instrument_id is null
        )
      $insert$,
      case when 'symbol' = any (p_columns) then 'line.symbol' else '$2' end,
      case when 'adjusted_close' = any (p_columns) then '' else ', null::double precision as adjusted_close' end
    )
    into rows_left
    using p_raw_response_id, p_symbol, '{"(' || replace(content, e'\n', ')","(') || ')"}', p_rows_before;
  exception
    when data_exception then
      rows_left := null;
  end;
  return rows_left;
end
$$;

comment on function ingest.read_plain_bars(bigint, text, text[], text, bigint) is
'Fills ingest.candidate_bar with the bars of p_content, lines of CSV after p_rows_before others, that are good at first sight: as many fields as p_columns (session_date, open, …, symbol; NULL for others), a date as YYYY-MM-DD, finite numbers,
a symbol that can be one. Returns the numbers of the rows that it left out; NULL, and nothing is stored, where quotes or a line that is no row of these columns keep the whole from being read so.
The caller makes the table pg_temp.bar_line with a column for each field. ingest.read_bar_lines reads what is left.
p_symbol counts where no column is the symbol. New symbols become instruments.';

revoke all on function ingest.read_plain_bars(bigint, text, text[], text, bigint) from public;
grant execute on function ingest.read_plain_bars(bigint, text, text[], text, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/read_plain_bars.sql
--! Included ingest/pace/limit_notice.sql
-- A body that only says that the limit is used up, whatever its status.
create or replace function ingest.limit_notice(p_provider text, p_status integer, p_body bytea, out words text, out wait interval)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text;
  document jsonb;
  status integer := p_status;
begin
  body := convert_from(p_body, 'UTF8');
  if body is json object or body is json array then
    document := body::jsonb;
    select string_agg(said.text, ' ') into words
    from (
      select part.key, part.value #>> '{}' as text
      from jsonb_each(case when jsonb_typeof(document) = 'object' then document else '{}' end) as part
      where part.key in ('Error Message', 'Note', 'Information', 'error_message', 'detail', 'message', 'msg') and jsonb_typeof(part.value) = 'string'
      union all
      select 'error', item.value #>> '{}'
      from jsonb_path_query(coalesce(document -> 'error', document #> '{chart,error}', document #> '{finance,error}'), 'lax $.**') as item (value)
      where jsonb_typeof(item.value) = 'string'
      union all
      select 'item', element.value #>> '{}'
      from jsonb_array_elements(case when jsonb_typeof(document) = 'array' then document else '[]' end) as element
      where jsonb_typeof(element.value) = 'string'
    ) as said;
    if jsonb_typeof(document -> 'code') = 'number' and document ->> 'code' in ('418', '425', '429') then
      status := (document ->> 'code')::integer;
    end if;
  else
    -- A page, or a line of text; of a file only the header is looked at.
    words := case when body ~ '^\s*<' then regexp_replace(body, '<[^>]*>', ' ', 'g') else split_part(btrim(body, e' \t\r\n\ufeff'), e'\n', 1) end;
  end if;
  words := left(btrim(regexp_replace(words, '\s+', ' ', 'g')), 300);
  wait := ingest.limit_wait(p_provider, status, words);
exception
  when data_exception or program_limit_exceeded then
    null;
end
$$;

comment on function ingest.limit_notice(text, integer, bytea) is
'What p_provider says (words, up to 300 characters) and how long it wants to be left alone (wait) when a body that it sent with p_status is no data but the word that its limit is used up: the texts under the names of errors in JSON, a page, or a first line.
wait is NULL for any other body, also for one that cannot be read. For small bodies: data are not looked through.';

revoke all on function ingest.limit_notice(text, integer, bytea) from public;
grant execute on function ingest.limit_notice(text, integer, bytea) to marketbase_worker;
--! EndIncluded ingest/pace/limit_notice.sql
--! Included ingest/pace/limit_wait.sql
-- How long a provider wants to be left alone, by its status and its words.
create or replace function ingest.limit_wait(p_provider text, p_status integer, p_words text) returns interval
language sql stable parallel safe
begin atomic
  select least(interval '1 day', case
    when told.span is not null then told.span[1]::double precision * case
      when told.span[2] ~* '^m(illi)?s' then interval '1 millisecond'
      when told.span[2] ~* '^s' then interval '1 second'
      when told.span[2] ~* '^m' then interval '1 minute'
      else interval '1 hour'
    end
    when told.until is not null then greatest(interval '1 second', to_timestamp(told.until::double precision / 1000) - statement_timestamp())
    when p_words ~* '(per|a|this|next|current) (second|minute)|call frequency' then provider.limit_pause
    when p_words ~* 'hour' then date_trunc('hour', statement_timestamp(), provider.limit_time_zone) + interval '1 hour' - statement_timestamp()
    when p_words ~* 'month' then interval '1 day'
    when p_words ~* '(daily|\mday\M|today)' then
      (date_trunc('day', statement_timestamp() at time zone provider.limit_time_zone) + interval '1 day') at time zone provider.limit_time_zone
      - statement_timestamp()
    else provider.limit_pause
  end)
  from ingest.provider
  cross join lateral (
    select
      regexp_match(
        p_words, '(?:again|retry|wait|after|available)\D{0,30}(\d{1,7}(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\M', 'i') as span,
      substring(p_words from 'until (\d{13})\M') as until
  ) as told
  where provider.provider = p_provider
    and (
      p_status in (418, 425, 429)
      or p_words ~* ('(too many requests|rate.?limit|hits limit|limit reach|call frequency|request weight|threshold exceeded|throttl|temporary lockout'
        || '|(daily|hourly|monthly|usage|request|call)s? (limit|quota|allocation)|run (out of|over).{0,40}(credits|allocation|limit|quota|look up)'
        || '|exceeded.{0,60}(limit|requests|quota)|\d+ (api )?(requests?|calls?) (per|a) (second|minute|hour|day|month))')
    );
end;

comment on function ingest.limit_wait(text, integer, text) is
'How long p_provider wants to be left alone when it answers with p_status and p_words (NULL where there are none): as long as it says; until the next hour or its next day (ingest.provider.limit_time_zone) where the limit of these is used up; a day
where it is that of a month; else ingest.provider.limit_pause. A day at most. NULL when it is no limit: then waiting does not help. NULL for an unknown provider.';

revoke all on function ingest.limit_wait(text, integer, text) from public;
grant execute on function ingest.limit_wait(text, integer, text) to marketbase_worker;
--! EndIncluded ingest/pace/limit_wait.sql
--! Included ingest/read/is_symbol.sql
-- Whether a text can be the symbol of an instrument.
create or replace function ingest.is_symbol(p_text text) returns boolean
language sql immutable parallel safe
return p_text ~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$';

comment on function ingest.is_symbol(text) is
'True when the text has up to 32 capitals, digits and . ^ = / _ -, and begins with a letter, a digit, ^ or =. NULL for NULL.';

revoke all on function ingest.is_symbol(text) from public;
grant execute on function ingest.is_symbol(text) to marketbase_worker;
--! EndIncluded ingest/read/is_symbol.sql
--! Included ingest/read/is_time_zone.sql
-- Whether a text is the name of a time zone.
create or replace function ingest.is_time_zone(p_text text) returns boolean
language sql stable parallel safe
-- The view of all names opens 600 files, which takes longer than to read the bars of a year: the zones of the exchanges come first.
return exists (select from market.exchange where exchange.time_zone = p_text)
  or exists (select from pg_catalog.pg_timezone_names as zone where zone.name = p_text);

comment on function ingest.is_time_zone(text) is
'True when the text is the full name of a time zone of the IANA database, as America/New_York. False for NULL.';

revoke all on function ingest.is_time_zone(text) from public;
grant execute on function ingest.is_time_zone(text) to marketbase_worker;
--! EndIncluded ingest/read/is_time_zone.sql
--! Included ingest/read/refuse_error.sql
-- The provider said an error: its own words are the reason.
create or replace function ingest.refuse_error(p_raw_response_id bigint, p_words text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select
    provider.provider, provider.title, raw_response.status, ingest.limit_wait(provider.provider, raw_response.status, p_words) as wait
  into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;
  raise exception using
    errcode = case when response.wait is null then 'MB010' else 'MB011' end,
    message = format('%s says: %s', response.title, left(coalesce(nullif(btrim(regexp_replace(p_words, '\s+', ' ', 'g'), ' ."'), ''), 'an error without words'), 300)),
    detail = case when response.wait is null then '' else format('It wants to be left alone for %s seconds.', ceil(extract(epoch from response.wait))) end,
    hint = ingest.status_advice(response.provider, response.status, p_words);
end
$$;

comment on function ingest.refuse_error(bigint, text) is
'Raises MB010 with what the provider said in the body of a response (p_words, shortened to 300 characters) and with what to do about it; MB011 when that is
to wait (ingest.limit_wait), with the seconds in the detail.';

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
    perform ingest.refuse_error(p_raw_response_id, said);
  end if;
  perform ingest.require_success(p_raw_response_id);
end
$$;

comment on function ingest.refuse_provider_error(bigint, jsonb) is
'ingest.refuse_error with the provider''s own words when the document, an object, has one of the keys Error Message, Note, Information, error_message, error, detail or message with a text; MB004 with the status when that says failure. Else does nothing.';

revoke all on function ingest.refuse_provider_error(bigint, jsonb) from public;
grant execute on function ingest.refuse_provider_error(bigint, jsonb) to marketbase_worker;
--! EndIncluded ingest/read/refuse_provider_error.sql
--! Included ingest/read/require_success.sql
-- A status that says failure is the end of it, whatever the body looks like.
create or replace function ingest.require_success(p_raw_response_id bigint) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
begin
  select
    raw_response.provider, raw_response.subject, raw_response.status,
    ingest.limit_wait(raw_response.provider, raw_response.status, null) is not null as is_limit
  into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if response.status not between 200 and 299 then
    raise exception using
      errcode = case when response.is_limit then 'MB011' else 'MB004' end,
      message = format('%s answered with status %s for %s', response.provider, response.status, response.subject),
      hint = ingest.status_advice(response.provider, response.status);
  end if;
end
$$;

comment on function ingest.require_success(bigint) is
'Does nothing when the status of the response is 2xx; otherwise MB011 when the status speaks of a limit, else MB004, with the status and what to do about it.';

revoke all on function ingest.require_success(bigint) from public;
grant execute on function ingest.require_success(bigint) to marketbase_worker;
--! EndIncluded ingest/read/require_success.sql
--! Included ingest/read/status_advice.sql
-- What to do about a status or the words of a provider.
create or replace function ingest.status_advice(p_provider text, p_status integer, p_words text default '') returns text
language sql stable parallel safe
begin atomic
  select case
    when ingest.limit_wait(p_provider, p_status, p_words) is not null then
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
      when ingest.is_symbol(line.symbol) is not true then format('"%s" cannot be a symbol', left(line.symbol, 40))
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
  elsif given_zone is not null and not ingest.is_time_zone(given_zone) then
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
--! Included ingest/shape/compare_shape.sql
-- What is new, missing or of another type in a body, compared with those before it.
create or replace function ingest.compare_shape(p_raw_response_id bigint, p_window integer default 20, p_min_bodies integer default 3)
returns setof ingest.shape_difference
language sql stable parallel safe
begin atomic
  with body as (
    select body_shape.*, shape.paths
    from ingest.body_shape
    join ingest.known_shape as shape using (sha256)
    where body_shape.raw_response_id = p_raw_response_id
  ),
  earlier as (
    select earlier.sha256, earlier.raw_response_id
    from body
    join ingest.body_shape as earlier using (provider, dataset)
    where earlier.raw_response_id < body.raw_response_id
  ),
  last as (
    select earlier.sha256 from earlier order by earlier.raw_response_id desc limit p_window
  ),
  compared as (
    select count(*) as body_count from last
  ),
  -- Everything that was ever seen: a field that comes and goes is new once.
  known as (
    select field.path, jsonb_agg(distinct type.name) as types
    from (select distinct earlier.sha256 from earlier) as seen
    join ingest.known_shape as shape using (sha256)
    cross join lateral jsonb_each(shape.paths) as field (path, types)
    cross join lateral jsonb_array_elements_text(field.types) as type (name)
    group by field.path
  ),
  -- What each of the last bodies had is not optional.
  constant as (
    select field.path
    from (select last.sha256, count(*) as body_count from last group by last.sha256) as had
    join ingest.known_shape as shape using (sha256)
    cross join lateral jsonb_object_keys(shape.paths) as field (path)
    group by field.path
    having sum(had.body_count) = (select compared.body_count from compared)
  ),
  now as (
    select field.path, field.types
    from body
    cross join lateral jsonb_each(body.paths) as field (path, types)
  ),
  judged as (
    select
      coalesce(now.path, constant.path) as path,
      regexp_replace(coalesce(now.path, constant.path), '(\.?[^.\[\]]+|\[\])$', '') as parent,
      case
        when now.path is null then 'missing'
        when known.path is null then 'new'
        when known.types - 'null' <> '[]' and not known.types @> (now.types - 'null') then 'retyped'
      end as change,
      known.types as before, now.types as after
    from now
    full join constant using (path)
    left join known on known.path = coalesce(now.path, constant.path)
  )
  select
    judged.path,
    case
      -- A field is missing where the object is there that had it; a list may be empty, a map too.
      when judged.change = 'missing'
        and (judged.path ~ '(\[\]|\.\*)$' or (judged.parent <> '' and not exists (select from now as holder where holder.path = judged.parent))) then null
      -- What is below something new is new with it.
      when judged.change = 'new' and exists (select from judged as holder where holder.path = judged.parent and holder.change = 'new') then null
      else judged.change
    end,
    judged.before, judged.after, compared.body_count
  from judged
  cross join compared
  where compared.body_count >= p_min_bodies
  order by judged.path;
end;

comment on function ingest.compare_shape(bigint, integer, integer) is
'The paths of a body whose shape is remembered, and those that it lacks, compared with the bodies of its provider and dataset before it: new (seen in no body before), missing (in each of the last p_window bodies, though the object that had it is there) or retyped (a type that was never seen there; null is none). A path that one of the last p_window bodies lacked is optional and missing for nobody; one that was seen once is not new again. Of a part that is new the topmost path is named; lists and maps may be empty. No row while there were fewer than p_min_bodies.';

revoke all on function ingest.compare_shape(bigint, integer, integer) from public;
grant execute on function ingest.compare_shape(bigint, integer, integer) to marketbase_reader;
--! EndIncluded ingest/shape/compare_shape.sql
--! Included ingest/shape/read_shape.sql
-- The fields of a body and their types.
create or replace function ingest.read_shape(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  content bytea;
  is_whole boolean;
  piece text;
  document jsonb;
  lines text[];
  names text[];
  shape jsonb;
begin
  select coalesce(response.body, chunk.body), response.body is not null
  into content, is_whole
  from ingest.raw_response response
  left join ingest.raw_response_chunk chunk on chunk.raw_response_id = response.raw_response_id and chunk.chunk_no = 0
  where response.raw_response_id = p_raw_response_id;
  -- One byte is one character here, so that a piece may end anywhere; it ends before a zero byte, which no text can have.
  piece := convert_from(substring(content from 1 for coalesce(nullif(position('\x00'::bytea in substring(content from 1 for 65536)), 0) - 1, 65536)), 'LATIN1');

  if piece ~ '^(\u00ef\u00bb\u00bf)?\s*[\[{]' then
    if not is_whole then
      return null;
    end if;
    begin
      document := convert_from(content, 'UTF8')::jsonb;
    exception
      when data_exception or program_limit_exceeded or character_not_in_repertoire or untranslatable_character then
        return null;
    end;
    with recursive node (path, value, depth) as (
      select '', document, 0
      union all
      select child.path, child.value, node.depth + 1
      from node
      cross join lateral (
        select case when field.is_data then node.path || '.*' else concat_ws('.', nullif(node.path, ''), field.name) end as path, field.value
        from (
          select
            named.name, named.value, named.is_data,
            row_number() over (partition by named.is_data order by named.name) as place
          from (
            select
              translate(left(every.key, 60), '.[]*', '____') as name, every.value,
              every.key ~ '^[-+]?\d' or every.key ~ '^[A-Z0-9]{2,}[-A-Z0-9._=/^]*$' or count(*) over () > 50 as is_data
            from jsonb_each(case when jsonb_typeof(node.value) = 'object' then node.value else '{}' end) as every
          ) as named
        ) as field
        where not field.is_data or field.place <= 10
        union all
        select node.path || '[]', element.value
        from jsonb_array_elements(
          case when jsonb_typeof(node.value) = 'array' then jsonb_path_query_array(node.value, '$[0 to 9]') else '[]' end
        ) as element (value)
      ) as child
      where node.depth < 12
    )
    select jsonb_object_agg(typed.path, typed.types)
    into shape
    from (
      select place.path, jsonb_agg(distinct jsonb_typeof(place.value)) as types
      from (select node.path, node.value from node limit 20000) as place
      where place.path <> ''
      group by place.path
    ) as typed;
    return shape;
  end if;

  lines := string_to_array(replace(piece, e'\r', ''), e'\n');
  if length(content) > 65536 then
    lines := trim_array(lines, 1);
  end if;
  lines := array_remove(lines, '');
  if cardinality(lines) < 2 or strpos(lines[1], ',') = 0 or lines[1] ~ '^\s*<'
    or cardinality(ingest.csv_fields(lines[1])) <> cardinality(ingest.csv_fields(lines[2]))
  then
    return null;
  end if;
  begin
    select array_agg(
      case
        when exists (select from unnest(ingest.csv_fields(lines[1])) as field where field ~ '^[-+]?[0-9]') then 'column ' || header.position
        else left(convert_from(convert_to(btrim(header.name), 'LATIN1'), 'UTF8'), 60)
      end order by header.position)
    into names
    from unnest(ingest.csv_fields(ltrim(lines[1], u&'\00ef\00bb\00bf'))) with ordinality as header (name, position);
  exception
    when character_not_in_repertoire or untranslatable_character then
      return null;
  end;
  select jsonb_object_agg(typed.name, typed.types)
  into shape
  from (
    select
      names[field.position] as name,
      jsonb_agg(distinct case
        when btrim(field.value) = '' then 'null'
        when field.value ~ '^\s*\d{4}-\d{2}-\d{2}' then 'date'
        when pg_input_is_valid(btrim(field.value), 'numeric') then 'number'
        else 'string'
      end) as types
    from unnest(lines[2:11]) as line (text)
    cross join lateral unnest(ingest.csv_fields(line.text)) with ordinality as field (value, position)
    where names[field.position] is not null
    group by names[field.position]
  ) as typed;
  return shape;
end
$$;

comment on function ingest.read_shape(bigint) is
'The shape of a body: a JSON object of the types (string, number, boolean, null, object, array) at each path, such as {"chart.result[].meta.currency": ["string"]}; for CSV of the types (number, date, string, null) of each column, such as {"close": ["number"]}.
Cheap for large bodies: of an array the first 10 elements are looked at, of CSV the first 10 lines below the header within the first 64 kB, 12 levels deep, 20000 places in all. Keys that are data (they begin with a digit, or are codes in capitals such as XXBTZUSD; or there are more than 50 of them) count as one path ending in .*, of which the first 10 are looked at.
NULL for what is neither, for JSON in a streamed file and where there is no such body.';

revoke all on function ingest.read_shape(bigint) from public;
grant execute on function ingest.read_shape(bigint) to marketbase_worker;
--! EndIncluded ingest/shape/read_shape.sql
--! Included ingest/shape/remember_shape.sql
-- Remembers what a body looks like.
create or replace function ingest.remember_shape(p_run_id bigint, p_raw_response_id bigint) returns boolean
language sql volatile parallel unsafe
begin atomic
  with taken as materialized (
    select response.provider, response.dataset, shape.paths, encode(sha256(convert_to(shape.paths::text, 'UTF8')), 'hex') as sha256
    from ingest.raw_response as response
    cross join lateral (select ingest.read_shape(response.raw_response_id) as paths) as shape
    where response.raw_response_id = p_raw_response_id
      and response.status between 200 and 299
      and not exists (select from ingest.body_shape as known where known.raw_response_id = p_raw_response_id)
      and shape.paths is not null
  ),
  shape as (
    insert into ingest.known_shape (sha256, paths)
    select taken.sha256, taken.paths from taken
    on conflict (sha256) do nothing
  ),
  remembered as (
    insert into ingest.body_shape (raw_response_id, provider, dataset, sha256, run_id)
    select p_raw_response_id, taken.provider, taken.dataset, taken.sha256, p_run_id from taken
    on conflict (raw_response_id) do nothing
    returning 1
  )
  select exists (select from remembered);
end;

comment on function ingest.remember_shape(bigint, bigint) is
'Stores the shape of the body p_raw_response_id in the run p_run_id, see ingest.read_shape; true when it was not known yet and has one. A body with a status other than 2xx has none: what a provider sends instead of data is no drift.';

revoke all on function ingest.remember_shape(bigint, bigint) from public;
grant execute on function ingest.remember_shape(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/shape/remember_shape.sql
--! Included internal/content_uuid.sql
-- An identity that follows from the content.
create or replace function internal.content_uuid(p_content text) returns uuid
language sql immutable strict parallel safe
begin atomic
  select encode(
    set_byte(set_byte(digest.half, 6, get_byte(digest.half, 6) & 15 | 128), 8, get_byte(digest.half, 8) & 63 | 128), 'hex'
  )::uuid
  from (select substring(sha256(convert_to(p_content, 'UTF8')) for 16) as half) as digest;
end;

comment on function internal.content_uuid(text) is
'The UUID of version 8 that is the first 16 bytes of the sha256 of p_content in UTF-8, as RFC 9562, appendix B.2, does it: the same content has the same identity everywhere. NULL for NULL.';

revoke all on function internal.content_uuid(text) from public;
grant execute on function internal.content_uuid(text) to marketbase_worker;
--! EndIncluded internal/content_uuid.sql
--! Included internal/iso_time.sql
-- A time as JSON writes it, whatever the time zone of the session.
create or replace function internal.iso_time(p_time timestamptz) returns text
language sql stable strict parallel safe
return to_char(p_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

comment on function internal.iso_time(timestamptz) is
'p_time in UTC as ISO 8601 and RFC 3339 write it, with microseconds, such as 2020-12-17T03:00:00.000000Z. NULL for NULL.';

revoke all on function internal.iso_time(timestamptz) from public;
grant execute on function internal.iso_time(timestamptz) to marketbase_worker;
--! EndIncluded internal/iso_time.sql
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
create or replace trigger _100_append_only before update or delete or truncate on lineage.audit_block
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.audit_leaf
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
create or replace trigger _100_append_only before update or delete or truncate on lineage.row_change
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on pipeline.outbox_event
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_result_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_finding_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_sighting
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_sighting_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.tracked_finding
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_event
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.gate
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.gate_release
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.quarantine_release
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.known_shape
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.body_shape
  for each statement execute function internal.refuse_change();
--! EndIncluded internal/refuse_change.sql
--! Included lineage/audit/audit_block_hash.sql
-- The hash of a block: of the block before it, of its leaves and of all else that is stored of it.
create or replace function lineage.audit_block_hash(block lineage.audit_block) returns bytea
language sql immutable parallel safe
return sha256(
  block.previous_hash || block.leaves_hash || record_send(row(
    block.block_no, block.stream, block.relation, block.history_relation, block.key_columns, block.key_types, block.columns, block.column_types,
    block.condition, block.clock_column, block.is_replaceable, block.row_count, block.leaf_count, block.system_identifier, block.transactions_to,
    block.next_transaction, block.sealed_at, block.sealed_by
  ))
);

comment on function lineage.audit_block_hash(lineage.audit_block) is
'sha256(previous_hash || leaves_hash || record_send(row(all other columns in their order))) of a block, as it should stand in its column hash.';

revoke all on function lineage.audit_block_hash(lineage.audit_block) from public;
grant execute on function lineage.audit_block_hash(lineage.audit_block) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_block_hash.sql
--! Included lineage/audit/audit_leaf_hash.sql
-- The hash of a leaf, over all else that is stored of it.
create or replace function lineage.audit_leaf_hash(leaf lineage.audit_leaf) returns bytea
language sql immutable parallel safe
return sha256(record_send(row(leaf.block_no, leaf.leaf_no, leaf.row_count, leaf.keys, leaf.digests, leaf.content_hash)));

comment on function lineage.audit_leaf_hash(lineage.audit_leaf) is
'sha256(record_send(row(block_no, leaf_no, row_count, keys, digests, content_hash))) of a leaf, as it should stand in its column hash. record_send is the binary form of PostgreSQL: for each column type, length and value.';

revoke all on function lineage.audit_leaf_hash(lineage.audit_leaf) from public;
grant execute on function lineage.audit_leaf_hash(lineage.audit_leaf) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_leaf_hash.sql
--! Included lineage/audit/audit_leaf_keys.sql
-- The expression that unpacks the keys of a leaf into rows.
create or replace function lineage.audit_leaf_keys(packed text, key_columns text[], key_types text[]) returns text
language sql immutable strict parallel safe
begin atomic
  select format(
    'unnest(%s) with ordinality as k (%s, place)',
    string_agg(format('(%s)[%s]::%s[]', packed, key_column.place, key_column.type), ', ' order by key_column.place),
    string_agg(format('%I', key_column.name), ', ' order by key_column.place)
  )
  from unnest(key_columns, key_types) with ordinality as key_column (name, type, place);
end;

comment on function lineage.audit_leaf_keys(text, text[], text[]) is
'An SQL table expression named k: the keys of a leaf, one row each in their order, and their place from 1. packed: an expression for lineage.audit_leaf.keys. NULL for NULL.';

revoke all on function lineage.audit_leaf_keys(text, text[], text[]) from public;
grant execute on function lineage.audit_leaf_keys(text, text[], text[]) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_leaf_keys.sql
--! Included lineage/audit/audit_oldest.sql
-- Since when every row that is younger than a block must have been recorded.
create or replace function lineage.audit_oldest(p_block lineage.audit_block) returns timestamptz
language sql stable parallel safe
begin atomic
  select max(earlier.sealed_at) - interval '3 hours'
  from lineage.audit_block as earlier
  where earlier.block_no <= (p_block).block_no
    and earlier.system_identifier = (p_block).system_identifier
    and earlier.next_transaction <= (p_block).transactions_to;
end;

comment on function lineage.audit_oldest(lineage.audit_block) is
'No row that was not finished when p_block was sealed can have been recorded before this: the transactions that p_block waited for began to write after an earlier seal, less two hours for the longest transaction that a role of marketbase may have open and one for a clock that was set back. NULL where the chain does not say.';

revoke all on function lineage.audit_oldest(lineage.audit_block) from public;
grant execute on function lineage.audit_oldest(lineage.audit_block) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_oldest.sql
--! Included lineage/audit/audit_row_hash.sql
-- The expression that hashes a row, from its columns.
create or replace function lineage.audit_row_hash(columns text[], column_types text[]) returns text
language sql immutable strict parallel safe
begin atomic
  select format('sha256(record_send(row(%s)))', string_agg(format('r.%I::%s', hashed.name, hashed.type), ', ' order by hashed.place))
  from unnest(columns, column_types) with ordinality as hashed (name, type, place);
end;

comment on function lineage.audit_row_hash(text[], text[]) is
'An SQL expression over the row r: the sha256 of the binary form of its columns, each as the type given. Exact to the bit, and independent of every setting. NULL for NULL.';

revoke all on function lineage.audit_row_hash(text[], text[]) from public;
grant execute on function lineage.audit_row_hash(text[], text[]) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_row_hash.sql
--! Included lineage/audit/audit_row_join.sql
-- The condition that a row has a key.
create or replace function lineage.audit_row_join(key_columns text[]) returns text
language sql immutable strict parallel safe
begin atomic
  select string_agg(format('r.%1$I = k.%1$I', name), ' and ' order by place) from unnest(key_columns) with ordinality as key_column (name, place);
end;

comment on function lineage.audit_row_join(text[]) is 'An SQL condition: the row r has the key k. NULL for NULL.';

revoke all on function lineage.audit_row_join(text[]) from public;
grant execute on function lineage.audit_row_join(text[]) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_row_join.sql
--! Included lineage/audit/audit_stream.sql
-- What the audit chain seals: one stream for each kind of row that is never changed once it is written.
-- Append-only tables and tables with a history are found in the catalogue, so that a new one is sealed without a line here.
create or replace view lineage.audit_stream with (security_invoker = true) as
with append_only as (
  select distinct class.oid, class.relnamespace, class.relname
  from pg_catalog.pg_trigger
  join pg_catalog.pg_class as class on class.oid = pg_trigger.tgrelid
  where pg_trigger.tgfoid = 'internal.refuse_change()'::pg_catalog.regprocedure
    -- update (16) and delete (8) of every column; partitions belong to their parent, and the chain does not seal itself
    and pg_trigger.tgtype & 24 = 24 and pg_trigger.tgattr = '' and not class.relispartition
    and class.oid not in ('lineage.audit_block'::pg_catalog.regclass, 'lineage.audit_leaf'::pg_catalog.regclass)
),
listed (stream, oid, history, key_oid, left_out, version_column, condition, clock_column) as (
  select
    format('%s.%s', namespace.nspname, append_only.relname), append_only.oid, null::oid, append_only.oid, '{}'::text[], null, null,
    (
      select attribute.attname::text
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = append_only.oid and attribute.attname in ('changed_at', 'closed_at', 'recorded_at') and not attribute.attisdropped
      order by attribute.attname
      limit 1
    )
  from append_only
  join pg_catalog.pg_namespace as namespace on namespace.oid = append_only.relnamespace
  union all
  -- A version is sealed when it is added. Closed, it is the same version in another table; that it was closed is sealed as a row of the history.
  select format('%s.%s', namespace.nspname, class.relname), class.oid, append_only.oid, append_only.oid, '{}', null, null, 'recorded_at'
  from append_only
  join pg_catalog.pg_class as class on class.relnamespace = append_only.relnamespace and class.relname || '_history' = append_only.relname
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  union all
  -- Tables of which some columns change by right, and rows that count from a moment on.
  select
    concat_ws(' ', format('%s.%s', namespace.nspname, class.relname), part.event), class.oid, null, class.oid, part.left_out, part.version_column,
    part.condition, part.clock_column
  from (values
    ('feature.feature_definition'::pg_catalog.regclass, null, '{description}'::text[], null, null, null),
    ('feature.feature_set_version', null, '{is_current,in_force_to,compiler_state}', null, null, null),
    ('market.company_ticker', null, '{known_to}', null, null, null),
    ('market.company_ticker', 'closing', '{}', null, 'r.known_to is not null', null),
    ('market.filing', null, '{}', 'run_id', null, null),
    ('market.instrument_identifier', null, '{known_to}', null, null, 'recorded_at'),
    ('market.instrument_identifier', 'closing', '{}', null, 'r.known_to is not null', null),
    ('market.universe_member', null, '{known_to}', null, null, 'recorded_at'),
    ('market.universe_member', 'closing', '{}', null, 'r.known_to is not null', null),
    ('ml.model_prediction', null, '{outcome,outcome_known_from,outcome_run_id}', null, null, 'recorded_at'),
    ('ml.model_prediction', 'outcome', '{}', 'outcome_run_id', 'r.outcome_run_id is not null', null),
    ('ml.model_training_run', null, '{is_current}', null, null, 'finished_at'),
    ('pipeline.pipeline_run', null, '{}', null, 'r.finished_at is not null', 'finished_at'),
    ('risk.var_calculation', null, '{}', 'run_id', null, 'recorded_at')
  ) as part (oid, event, left_out, version_column, condition, clock_column)
  join pg_catalog.pg_class as class on class.oid = part.oid
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
)
select
  listed.stream,
  relation.name as relation,
  history.name as history_relation,
  array_remove(keys.names || listed.version_column, null) as key_columns,
  array_remove(keys.types || versions.type, null) as key_types,
  hashed.names as columns,
  hashed.types as column_types,
  listed.condition,
  listed.clock_column,
  listed.version_column is not null as is_replaceable
from listed
cross join lateral (
  select format('%I.%I', namespace.nspname, class.relname) as name
  from pg_catalog.pg_class as class
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = listed.oid
) as relation
left join lateral (
  select format('%I.%I', namespace.nspname, class.relname) as name
  from pg_catalog.pg_class as class
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  where class.oid = listed.history
) as history on true
cross join lateral (
  select
    array_agg(attribute.attname::text order by array_position(primary_key.conkey, attribute.attnum)) as names,
    array_agg(pg_catalog.format_type(attribute.atttypid, null) order by array_position(primary_key.conkey, attribute.attnum)) as types
  from pg_catalog.pg_constraint as primary_key
  join pg_catalog.pg_attribute as attribute on attribute.attrelid = primary_key.conrelid and attribute.attnum = any (primary_key.conkey)
  where primary_key.conrelid = listed.key_oid and primary_key.contype = 'p'
) as keys
left join lateral (
  select pg_catalog.format_type(attribute.atttypid, null) as type
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = listed.oid and attribute.attname = listed.version_column
) as versions on true
cross join lateral (
  select
    array_agg(attribute.attname::text order by attribute.attnum) as names,
    -- Names and not the numbers by which this server knows them.
    array_agg(
      case when type.typtype in ('e', 'd') or type.typname like 'reg%' then 'text' else pg_catalog.format_type(attribute.atttypid, null) end
      order by attribute.attnum
    ) as types
  from pg_catalog.pg_attribute as attribute
  join pg_catalog.pg_type as type on type.oid = attribute.atttypid
  where attribute.attrelid = listed.oid and attribute.attnum > 0 and not attribute.attisdropped and attribute.attgenerated = ''
    and attribute.attname <> all (listed.left_out)
    and (
      listed.history is null
      or exists (
        select
        from pg_catalog.pg_attribute as closed
        where closed.attrelid = listed.history and closed.attname = attribute.attname and not closed.attisdropped
      )
    )
) as hashed;

comment on view lineage.audit_stream is
'What the audit chain seals. Every append-only table (trigger internal.refuse_change) is a stream of its own, so is every table with a history beside it, whose versions are sealed when they are added and stay the same when they are closed, and some tables of which a part of the columns never changes. Left out is what is overwritten by right and can be computed again: positions, metrics, calendars, the state of work.';
comment on column lineage.audit_stream.stream is 'Name of the stream: the table, and an event where a table has two.';
comment on column lineage.audit_stream.relation is 'Table, schema and name.';
comment on column lineage.audit_stream.history_relation is 'Table into which a row moves when its version is closed.';
comment on column lineage.audit_stream.key_columns is 'Columns by which a row is found again: the primary key, of a table with a history that of the history.';
comment on column lineage.audit_stream.key_types is 'Types of these columns.';
comment on column lineage.audit_stream.columns is 'Columns that are hashed: all but generated ones and those that change by right.';
comment on column lineage.audit_stream.column_types is 'Types as which they are hashed.';
comment on column lineage.audit_stream.condition is 'Which rows are in the stream, as an expression over the row r; NULL for all.';
comment on column lineage.audit_stream.clock_column is 'Column that says when the database recorded the row; NULL where there is none.';
comment on column lineage.audit_stream.is_replaceable is 'Whether a row may be replaced in place by one that differs in the last column of the key.';

revoke all on lineage.audit_stream from public;
grant select on lineage.audit_stream to marketbase_auditor, marketbase_worker;
--! EndIncluded lineage/audit/audit_stream.sql
--! Included lineage/audit/audit_unsealed.sql
-- The condition that a row lies in no block.
create or replace function lineage.audit_unsealed(p_stream text, p_sealed_since timestamptz default '-infinity') returns text
language sql stable strict parallel safe
begin atomic
  select coalesce(
    string_agg(
      format(
        'not exists (select from lineage.audit_block as block join lineage.audit_leaf as leaf using (block_no) cross join lateral %s'
          ' where block.stream = %L and block.sealed_at >= %L and block.key_columns = %L and %s)',
        lineage.audit_leaf_keys('leaf.keys', keyed.key_columns, keyed.key_types), p_stream, p_sealed_since, keyed.key_columns,
        lineage.audit_row_join(keyed.key_columns)
      ),
      ' and '
    ),
    'true'
  )
  from (
    select distinct block.key_columns, block.key_types
    from lineage.audit_block as block
    where block.stream = p_stream and block.sealed_at >= p_sealed_since
  ) as keyed;
end;

comment on function lineage.audit_unsealed(text, timestamptz) is
'An SQL condition: the row r of the stream lies in no block that was sealed at p_sealed_since (default: ever) or later. A key may have changed over time: each is looked up as it was. NULL for NULL.';

revoke all on function lineage.audit_unsealed(text, timestamptz) from public;
grant execute on function lineage.audit_unsealed(text, timestamptz) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_unsealed.sql
--! Included lineage/audit/audit_window.sql
-- Where to look for rows that are not sealed: by the transaction that wrote them, if this server counted it.
create or replace function lineage.audit_window(p_last lineage.audit_block, p_until bigint default null) returns text
language sql stable parallel restricted
return case
  when (p_last).system_identifier = (select control.system_identifier from pg_control_system() as control)
    and pg_snapshot_xmax(pg_current_snapshot())::text::bigint - (p_last).transactions_to between 0 and 2000000000
  then concat_ws(
    ' and ',
    format('age(r.xmin) <= %s', age(((p_last).transactions_to & 4294967295)::text::xid)),
    case when p_until is not null then format('age(r.xmin) > %s', age((p_until & 4294967295)::text::xid)) end
  )
  else 'true'
end;

comment on function lineage.audit_window(lineage.audit_block, bigint) is
'An SQL condition, for this transaction: the row r was written by a transaction that was not finished when p_last was sealed, and was finished by p_until (NULL: or not). Frozen rows keep their number. Rows of which that cannot be said, because there is no block yet (p_last NULL), the database came from a dump or two thousand million transactions have passed, all meet it: what is sealed is known by its key.';

revoke all on function lineage.audit_window(lineage.audit_block, bigint) from public;
grant execute on function lineage.audit_window(lineage.audit_block, bigint) to marketbase_auditor, marketbase_worker;
--! EndIncluded lineage/audit/audit_window.sql
--! Included lineage/audit/seal_stream.sql
-- Seals what is new in one stream, as the next block of the audit chain.
-- security definer: the chain is written here and nowhere else; whoever may ask for a seal has no right on its tables.
create or replace function lineage.seal_stream(p_stream text) returns lineage.audit_block
language plpgsql volatile parallel unsafe security definer
set search_path to pg_catalog, pg_temp
set lock_timeout to '10min'
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set work_mem to '64MB'
set max_parallel_workers_per_gather to 0
-- What is sealed is looked up once for all rows, never once for each.
set enable_nestloop to off
as $$
declare
  leaf_rows constant integer := 4096;
  widest_span constant integer := 8192;
  stream lineage.audit_stream;
  last lineage.audit_block;
  block lineage.audit_block;
  wanted text;
  sealing text;
  candidates bigint;
  oldest timestamptz;
  part regclass;
  pages bigint;
  page bigint;
  span bigint;
  is_looked_up boolean;
  added bigint;
  told bigint := 0;
begin
  select * into stream from lineage.audit_stream where audit_stream.stream = p_stream;
  if stream.stream is null then
    raise exception using
      errcode = 'MB003',
      message = format('there is no stream named "%s"', p_stream),
      hint = 'lineage.audit_stream lists what is sealed.';
  end if;
  -- One seal at a time: a block follows the one before it.
  perform pg_advisory_xact_lock(hashtextextended('lineage.audit_block', 0));
  select * into last from lineage.audit_block where audit_block.stream = p_stream order by block_no desc limit 1;

  -- A transaction that is not finished holds back all that began to write after it: a row that is seen here was never passed over.
  block.transactions_to := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  block.next_transaction := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  wanted := concat_ws(' and ', lineage.audit_window(last, block.transactions_to), stream.condition);
  execute format(
    'select count(*), min(%s) from %s as r where %s', coalesce('r.' || quote_ident(stream.clock_column), 'null::timestamptz'), stream.relation, wanted
  )
  into candidates, oldest;
  if candidates = 0 then
    return null;
  end if;
  -- A row may have been written again by right, after it was sealed: then it lies in a block that is younger than the row.
  is_looked_up := exists (select from lineage.audit_block where audit_block.stream = p_stream and sealed_at >= coalesce(oldest, '-infinity'));
  if is_looked_up then
    wanted := concat_ws(' and ', wanted, lineage.audit_unsealed(p_stream, coalesce(oldest, '-infinity')));
  end if;

  select coalesce(max(block_no), 0) + 1 into block.block_no from lineage.audit_block;
  block.stream := stream.stream;
  block.relation := stream.relation;
  block.history_relation := stream.history_relation;
  block.key_columns := stream.key_columns;
  block.key_types := stream.key_types;
  block.columns := stream.columns;
  block.column_types := stream.column_types;
  block.condition := stream.condition;
  block.clock_column := stream.clock_column;
  block.is_replaceable := stream.is_replaceable;
  block.row_count := 0;
  block.leaf_count := 0;
  select control.system_identifier into block.system_identifier from pg_control_system() as control;
  block.sealed_by := session_user;

  -- In the order of the pages: nothing is sorted, and what was written together lies together.
  sealing := format(
    $query$
      with leaf as (
        select
          $1, $2 + (hashed.place / %1$s)::integer, count(*)::integer, array[%2$s],
          string_agg(substr(hashed.hash, 1, 8), ''), sha256(string_agg(hashed.hash, ''))
        from (select %3$s, %4$s as hash, row_number() over () - 1 as place from %5$s as r where r.ctid >= $3 and r.ctid < $4 and %6$s) as hashed
        group by hashed.place / %1$s
      ), added as (
        insert into lineage.audit_leaf (block_no, leaf_no, row_count, keys, digests, content_hash, hash)
        select made.block_no, made.leaf_no, made.row_count, made.keys, made.digests, made.content_hash,
          lineage.audit_leaf_hash(row(made.block_no, made.leaf_no, made.row_count, made.keys, made.digests, made.content_hash, null))
        from leaf as made (block_no, leaf_no, row_count, keys, digests, content_hash)
        returning row_count
      )
      select count(*), coalesce(sum(row_count), 0) from added
    $query$,
    leaf_rows,
    (select string_agg(format('array_agg(hashed.%I)::text', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('r.%I', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    lineage.audit_row_hash(stream.columns, stream.column_types), '%s', replace(wanted, '%', '%%')
  );
  for part in
    select class.oid from pg_class as class where class.oid = stream.relation::regclass and class.relkind = 'r'
    union all
    select tree.relid from pg_partition_tree(stream.relation::regclass) as tree where tree.isleaf
    order by 1
  loop
    pages := pg_relation_size(part) / current_setting('block_size')::integer;
    page := 0;
    -- About one leaf at a time: the span grows while few rows are new and shrinks where they lie close.
    span := case when is_looked_up then pages else 64 end;
    while page < pages loop
      execute format(sealing, part)
      into candidates, added
      using block.block_no, block.leaf_count, format('(%s,0)', page)::tid, format('(%s,0)', page + span)::tid;
      page := page + span;
      block.leaf_count := block.leaf_count + candidates;
      block.row_count := block.row_count + added;
      span := case when added > leaf_rows then greatest(span / 2, 1) when added < leaf_rows / 2 then least(span * 2, widest_span) else span end;
      if block.row_count - told >= 100000 then
        told := block.row_count;
        raise notice using message = format('%s: %s rows hashed', p_stream, told), detail = told::text;
      end if;
    end loop;
  end loop;
  if block.row_count = 0 then
    return null;
  end if;

  -- Not before: what is sealed here was recorded earlier.
  block.sealed_at := clock_timestamp();
  select coalesce((select hash from lineage.audit_block where block_no = block.block_no - 1), '') into block.previous_hash;
  select sha256(string_agg(hash, '' order by leaf_no)) into block.leaves_hash from lineage.audit_leaf where block_no = block.block_no;
  block.hash := lineage.audit_block_hash(block);
  insert into lineage.audit_block select block.*;
  return block;
end
$$;

comment on function lineage.seal_stream(text) is
'Seals the rows of a stream that are finished and lie in no block yet, as the next block, and returns it; NULL where nothing is new, so that sealing twice changes nothing. Rows of a transaction that is not finished, and of those that began to write after it, wait for the next seal. Long work says every hundred thousand rows how many were hashed (a notice with the number as its detail).
p_stream: a name of lineage.audit_stream. Two at once wait for each other.
Errors: MB003 for another name.';

revoke all on function lineage.seal_stream(text) from public;
grant execute on function lineage.seal_stream(text) to marketbase_worker;
--! EndIncluded lineage/audit/seal_stream.sql
--! Included lineage/audit/verify_chain.sql
-- Is the chain whole? Blocks and leaves against their own hashes and each other.
create or replace function lineage.verify_chain() returns setof lineage.audit_finding
language sql stable parallel safe
begin atomic
  with block as (
    select
      audit_block as stored, audit_block.*,
      lag(audit_block.hash, 1, '') over chain as expected_previous,
      lag(audit_block.block_no, 1, 0) over chain + 1 as expected_no
    from lineage.audit_block
    window chain as (order by audit_block.block_no)
  ),
  leaf as (
    select
      audit_leaf.block_no, count(*) as leaf_count, sum(audit_leaf.row_count) as row_count,
      sha256(string_agg(audit_leaf.hash, '' order by audit_leaf.leaf_no)) as leaves_hash,
      array_agg(audit_leaf.leaf_no order by audit_leaf.leaf_no) filter (where audit_leaf.hash <> lineage.audit_leaf_hash(audit_leaf)) as changed
    from lineage.audit_leaf
    group by audit_leaf.block_no
  ),
  found as (
    select block.block_no, block.stream, problem.message
    from block
    left join leaf using (block_no)
    cross join lateral (values
      (
        block.block_no <> block.expected_no,
        case when block.block_no - 1 = block.expected_no then format('block %s is missing', block.expected_no)
          else format('blocks %s to %s are missing', block.expected_no, block.block_no - 1) end
      ),
      (
        block.block_no = block.expected_no and block.previous_hash <> block.expected_previous,
        format('block %s does not follow block %s: one of them is not the one that was sealed', block.block_no, block.block_no - 1)
      ),
      (block.hash <> lineage.audit_block_hash(block.stored), format('block %s was changed: its hash is not that of what it says', block.block_no)),
      (
        leaf.leaves_hash is distinct from block.leaves_hash or leaf.leaf_count <> block.leaf_count or leaf.row_count <> block.row_count,
        format('the leaves of block %s are not those that were sealed', block.block_no)
      ),
      (leaf.changed is not null, format('block %s: leaf %s was changed: its hash is not that of what it says', block.block_no, array_to_string(leaf.changed, ', ')))
    ) as problem (is_there, message)
    where problem.is_there
    union all
    select leaf.block_no, null, format('block %s has leaves and is missing itself', leaf.block_no)
    from leaf
    where not exists (select from lineage.audit_block where audit_block.block_no = leaf.block_no)
  )
  select 'chain', found.block_no, found.stream, null::jsonb, found.message
  from found
  order by found.block_no, found.message;
end;

comment on function lineage.verify_chain() is
'What is wrong with the chain itself, block by block from the first: missing blocks, changed blocks and leaves, a block that does not follow the one before it. Nothing where it is whole. It does not look at the rows (lineage.verify_leaves, lineage.verify_inserted), and a chain that was written anew as a whole, or whose end was cut off, shows only against a head that was kept outside the database.';

revoke all on function lineage.verify_chain() from public;
grant execute on function lineage.verify_chain() to marketbase_auditor;
--! EndIncluded lineage/audit/verify_chain.sql
--! Included lineage/audit/verify_inserted.sql
-- Are there rows that should lie in a block and do not?
create or replace function lineage.verify_inserted(p_stream text, p_new_only boolean default false) returns setof lineage.audit_finding
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set work_mem to '64MB'
set max_parallel_workers_per_gather to 0
-- What is sealed is looked up once for all rows, never once for each.
set enable_nestloop to off
as $$
declare
  most_named constant integer := 100;
  stream lineage.audit_stream;
  last lineage.audit_block;
  window_of_new text;
  clock text;
begin
  select * into stream from lineage.audit_stream where audit_stream.stream = p_stream;
  select * into last from lineage.audit_block where audit_block.stream = p_stream order by block_no desc limit 1;
  if stream.stream is null or last.block_no is null then
    return;
  end if;
  window_of_new := lineage.audit_window(last);
  clock := coalesce('r.' || quote_ident(stream.clock_column), 'null::timestamptz');
  return query execute format(
    $query$
      select
        'inserted', $1, $2, jsonb_build_object(%s),
        format(
          '%%s: the row with %%s lies in no block, although %%s', $2, concat_ws(', ', %s),
          case when %s then 'it says that it was recorded ' || %s else 'its transaction was finished when block ' || $1 || ' was sealed' end
        )
      from %s as r
      where %s and (not ($4 or %s) or %s and %s < $3) and %s
      limit %s
    $query$,
    (select string_agg(format('%L, r.%I', name, name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('%L || r.%I::text', name || ' ', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    window_of_new, clock, stream.relation, coalesce(stream.condition, 'true'), window_of_new, window_of_new, clock,
    lineage.audit_unsealed(p_stream), most_named
  )
  using last.block_no, p_stream, lineage.audit_oldest(last), p_new_only;
exception
  when data_exception then
    return next row(
      'unreadable', last.block_no, p_stream, null,
      format('%s: what lies in no block cannot be said, as the keys of a leaf cannot be read: %s', p_stream, sqlerrm)
    )::lineage.audit_finding;
end
$$;

comment on function lineage.verify_inserted(text, boolean) is
'Rows of a stream that lie in no block although they should, 100 at most: their transaction was finished when the last block was sealed, or they say that they were recorded before it while they were written after it. New rows that wait for the next seal are not among them. p_new_only: look only at rows that were written since the last block, which needs no look at the others. Nothing for a stream without a block.';

revoke all on function lineage.verify_inserted(text, boolean) from public;
grant execute on function lineage.verify_inserted(text, boolean) to marketbase_auditor;
--! EndIncluded lineage/audit/verify_inserted.sql
--! Included lineage/audit/verify_leaves.sql
-- Are the rows of a block still what was sealed?
create or replace function lineage.verify_leaves(p_block_no bigint, p_from_leaf integer default 0, p_to_leaf integer default null)
returns setof lineage.audit_finding
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set max_parallel_workers_per_gather to 0
-- A row is found by its key: reading the whole table for each leaf is never better.
set enable_hashjoin to off
set enable_mergejoin to off
set enable_seqscan to off
as $$
declare
  most_named constant integer := 20;
  block lineage.audit_block;
  leaf lineage.audit_leaf;
  oldest_allowed timestamptz;
  gone text;
  rows_at_key text;
  comparison text;
  naming text;
  is_equal boolean;
  oldest timestamptz;
  bad record;
  named integer;
  unnamed bigint;
begin
  select * into block from lineage.audit_block where block_no = p_block_no;
  if block.block_no is null then
    raise exception using errcode = 'MB001', message = format('there is no block %s', p_block_no), hint = 'lineage.audit_block lists the blocks.';
  end if;
  select string_agg(format('%s.%s', relation.name, needed.name), ', ' order by relation.name, needed.name) into gone
  from (select unnest(array[block.relation, block.history_relation])) as relation (name)
  cross join lateral (select unnest(block.columns || block.key_columns) union select block.clock_column) as needed (name)
  where relation.name is not null and needed.name is not null
    and not exists (select from pg_attribute where attrelid = to_regclass(relation.name) and attname = needed.name and not attisdropped);
  if gone is not null then
    return next row(
      'unreadable', block.block_no, block.stream, null, format('block %s cannot be verified: %s is not there any more', block.block_no, gone)
    )::lineage.audit_finding;
    return;
  end if;
  select lineage.audit_oldest(earlier) into oldest_allowed
  from lineage.audit_block as earlier
  where earlier.stream = block.stream and earlier.block_no < block.block_no
  order by earlier.block_no desc
  limit 1;

  -- A version that is closed has moved into the history and is the same.
  select string_agg(
    format(
      'select %s as hash, %s as clock from %s as r where %s', lineage.audit_row_hash(block.columns, block.column_types),
      coalesce('r.' || quote_ident(block.clock_column), 'null::timestamptz'), relation.name, lineage.audit_row_join(block.key_columns)
    ),
    ' union all '
  )
  into rows_at_key
  from unnest(array[block.relation, block.history_relation]) as relation (name)
  where relation.name is not null;
  comparison := format(
    'select sha256(string_agg(stored.hash, %L order by k.place)) is not distinct from $2, min(stored.clock) from %s left join lateral (%s limit 1) as stored on true',
    '', lineage.audit_leaf_keys('$1', block.key_columns, block.key_types), rows_at_key
  );
  naming := format(
    $query$
      select
        case when stored.hash is null then 'deleted' when not stored.is_sealed then 'changed' else 'backdated' end as kind,
        jsonb_build_object(%s) as key, concat_ws(', ', %s) as name, stored.clock
      from %s
      left join lateral (
        select at_key.*, substr(at_key.hash, 1, 8) = substr($2, 8 * k.place::integer - 7, 8) as is_sealed
        from (%s) as at_key
        order by is_sealed desc
        limit 1
      ) as stored on true
      where (stored.is_sealed is not true or stored.clock < $3) and not (stored.hash is null and %s)
      order by k.place
    $query$,
    (select string_agg(format('%L, k.%I', name, name), ', ' order by place) from unnest(block.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('%L || k.%I::text', name || ' ', name), ', ' order by place) from unnest(block.key_columns) with ordinality as key_column (name, place)),
    lineage.audit_leaf_keys('$1', block.key_columns, block.key_types), rows_at_key,
    case
      when block.is_replaceable then format(
        'exists (select from %s as r where %s and %s)', block.relation, lineage.audit_row_join(trim_array(block.key_columns, 1)), coalesce(block.condition, 'true')
      )
      else 'false'
    end
  );

  for leaf in
    select * from lineage.audit_leaf
    where audit_leaf.block_no = p_block_no and leaf_no between p_from_leaf and coalesce(p_to_leaf, block.leaf_count)
    order by leaf_no
  loop
    begin
      execute comparison into is_equal, oldest using leaf.keys, leaf.content_hash;
    exception
      when data_exception then
        return next row(
          'unreadable', block.block_no, block.stream, null, format('the keys of leaf %s of block %s cannot be read: %s', leaf.leaf_no, block.block_no, sqlerrm)
        )::lineage.audit_finding;
        continue;
    end;
    continue when is_equal and (oldest < oldest_allowed) is not true;
    named := 0;
    unnamed := 0;
    for bad in execute naming using leaf.keys, leaf.digests, oldest_allowed loop
      if named < most_named then
        named := named + 1;
        return next row(
          bad.kind, block.block_no, block.stream, bad.key,
          format(
            case bad.kind
              when 'deleted' then '%s: the row with %s is gone; block %s has it'
              when 'changed' then '%s: the row with %s is not as block %s has it'
              else '%s: the row with %s came after the block before block %s and says that it was recorded %s'
            end,
            block.stream, bad.name, block.block_no, bad.clock
          )
        )::lineage.audit_finding;
      else
        unnamed := unnamed + 1;
      end if;
    end loop;
    if unnamed > 0 then
      return next row(
        bad.kind, block.block_no, block.stream, null, format('%s: %s more rows of leaf %s of block %s', block.stream, unnamed, leaf.leaf_no, block.block_no)
      )::lineage.audit_finding;
    elsif named = 0 and not is_equal and not block.is_replaceable then
      -- Only a digest that was made to fit hides which row it is.
      return next row(
        'changed', block.block_no, block.stream, null, format('%s: the rows of leaf %s of block %s are not those that were sealed', block.stream, leaf.leaf_no, block.block_no)
      )::lineage.audit_finding;
    end if;
  end loop;
end
$$;

comment on function lineage.verify_leaves(bigint, integer, integer) is
'Reads the rows of a block (of its leaves from p_from_leaf to p_to_leaf, NULL: to the last) again and returns those that are not as they were sealed: changed, deleted, or backdated (it claims to have been recorded before its transaction can have begun). Named are 20 rows of a leaf and the number of the others; nothing where all is as it was. Columns that were added since do not matter; a table or column that is gone is one finding, unreadable. Rows that were replaced by right are left out.
Errors: MB001 when there is no such block.';

revoke all on function lineage.verify_leaves(bigint, integer, integer) from public;
grant execute on function lineage.verify_leaves(bigint, integer, integer) to marketbase_auditor;
--! EndIncluded lineage/audit/verify_leaves.sql
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

-- Auditors read the chain; it is written by lineage.seal_stream, and nobody has a right to write it beside.
alter table lineage.audit_block enable row level security;
drop policy if exists audit_block_read on lineage.audit_block;
create policy audit_block_read on lineage.audit_block for select to marketbase_auditor, marketbase_worker using (true);
revoke all on lineage.audit_block from public, marketbase_reader, marketbase_worker, marketbase_auditor;
grant select on lineage.audit_block to marketbase_auditor, marketbase_worker;

alter table lineage.audit_leaf enable row level security;
drop policy if exists audit_leaf_read on lineage.audit_leaf;
create policy audit_leaf_read on lineage.audit_leaf for select to marketbase_auditor using (true);
revoke all on lineage.audit_leaf from public, marketbase_reader, marketbase_worker, marketbase_auditor;
grant select on lineage.audit_leaf to marketbase_auditor;

alter table lineage.row_change enable row level security;
drop policy if exists row_change_read on lineage.row_change;
create policy row_change_read on lineage.row_change for select to marketbase_analyst, marketbase_auditor using (true);
drop policy if exists row_change_insert on lineage.row_change;
create policy row_change_insert on lineage.row_change for insert to marketbase_worker with check (true);
revoke all on lineage.row_change from public, marketbase_reader, marketbase_analyst, marketbase_auditor, marketbase_worker;
grant select on lineage.row_change to marketbase_analyst, marketbase_auditor;
grant insert (relation, operation, row) on lineage.row_change to marketbase_worker;
--! EndIncluded lineage/grants.sql
--! Included lineage/number_as_of.sql
-- One number as it was stored at a moment, and the row in which it stood.
create or replace function lineage.number_as_of(
  p_instrument_id bigint,
  p_date date,
  p_feature text,
  p_prediction text,
  p_as_of timestamptz
)
returns table (
  relation text,
  id bigint,
  instrument_id bigint,
  ts timestamptz,
  name text,
  value text,
  version text,
  known_from timestamptz,
  recorded_at timestamptz
)
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  set_name constant text := nullif(split_part(p_feature, '.', 1), '');
  feature_name constant text := split_part(p_feature, '.', 2);
begin
  if p_prediction <> '' then
    if p_prediction !~ '^[1-9]\d{0,17}$' then
      raise exception using errcode = 'MB001',
        message = format('%s is not the number of a prediction; ml.prediction has them.', quote_literal(left(p_prediction, 80)));
    end if;
    return query
    select
      'ml.model_prediction', prediction.model_prediction_id, prediction.instrument_id, prediction.ts, model.name || ' prediction', prediction.predicted::text,
      'training ' || prediction.model_training_run_id, prediction.decision_time, prediction.recorded_at
    from ml.model_prediction as prediction
    join ml.model_training_run as training using (model_training_run_id)
    join ml.model as model using (model_id)
    where prediction.model_prediction_id = p_prediction::bigint and prediction.recorded_at <= p_as_of;
    if not found then
      raise exception using errcode = 'MB002', message = format('There was no prediction %s at that moment.', p_prediction);
    end if;
    return;
  end if;
  if p_instrument_id = 0 then
    raise exception using errcode = 'MB001',
      message = 'Whose number? Give symbol, and date and feature where it is not the close of the last bar; or prediction.';
  end if;

  if p_feature <> '' then
    if set_name is null or feature_name = '' or not exists (
      select
      from feature.feature_set as known
      join feature.feature_set_version as made using (feature_set_id)
      where known.name = set_name and feature_name = any (made.feature_names) and made.in_force_from <= p_as_of
    ) then
      raise exception using errcode = 'MB003',
        message = format('There was no feature %s at that moment; write set and name as qlib14.corr20.', quote_literal(left(p_feature, 80)));
    end if;
    return query
    select
      'feature.feature_vector', vector.feature_set_version_id, vector.instrument_id, vector.ts, p_feature,
      vector.values[array_position(made.feature_names, feature_name)]::text,
      known.name || '@' || made.version || ' revision ' || vector.revision, vector.known_from, vector.recorded_at
    from feature.feature_set as known
    join feature.feature_set_version as made using (feature_set_id)
    join feature.feature_vector_version as vector using (feature_set_version_id)
    where known.name = set_name and made.in_force_from <= p_as_of and feature_name = any (made.feature_names)
      and vector.instrument_id = p_instrument_id and (p_date is null or (vector.ts at time zone 'UTC')::date = p_date)
      and vector.recorded_at <= p_as_of and vector.closed_at > p_as_of
    order by made.in_force_from desc, vector.ts desc
    limit 1;
  else
    return query
    select
      'market.price_data', null::bigint, bar.instrument_id, bar.ts, 'close', bar.close::text,
      format('version %s of %s', bar.version, bar.provider), bar.known_from, bar.recorded_at
    from market.price_data_version as bar
    where bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and (p_date is null or bar.session_date = p_date)
      and bar.recorded_at <= p_as_of and (bar.closed_at is null or bar.closed_at > p_as_of)
    order by bar.ts desc
    limit 1;
  end if;
  if not found then
    raise exception using errcode = 'MB002',
      message = format('Nothing was stored at that moment for that instrument%s.', coalesce(' on ' || p_date, ''));
  end if;
end
$$;

comment on function lineage.number_as_of(bigint, date, text, text, timestamptz) is
'The number that a report traces, as stored at p_as_of: the prediction p_prediction (its number), or of instrument p_instrument_id on p_date (NULL: the last day) the feature p_feature (set and name as in qlib14.corr20, of the latest version of the set) or, where that is empty, the close of its daily bar. Values are texts with every digit.
id: the prediction, or the version of the feature set. Errors: MB001 where neither an instrument (0 is none) nor a prediction is named, MB002 where nothing was stored, MB003 for an unknown feature.';

revoke all on function lineage.number_as_of(bigint, date, text, text, timestamptz) from public;
grant execute on function lineage.number_as_of(bigint, date, text, text, timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded lineage/number_as_of.sql
--! Included lineage/roots.sql
-- Where a trace begins: the row or rows that the caller names.
create or replace function lineage.roots(p_relation text, p_id bigint, p_symbol text, p_ts timestamptz, p_as_of timestamptz) returns setof lineage.node
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
      where prediction.model_prediction_id = p_id and prediction.recorded_at <= p_as_of;
    when 'ml.model_training_run' then
      return query
      select
        p_relation, training.model_training_run_id, null::bigint, null::bigint, null::bigint, null::timestamptz, null::timestamptz,
        1::bigint, training.code_version, 'ml.train', training.run_id, training.finished_at, training.data_hash, null::text
      from ml.model_training_run training
      where training.model_training_run_id = p_id and training.finished_at <= p_as_of;
    when 'risk.var_calculation' then
      return query
      select
        p_relation, calculation.var_calculation_id, null::bigint, null::bigint, null::bigint,
        calculation.session_date::timestamp at time zone 'UTC', calculation.session_date::timestamp at time zone 'UTC',
        1::bigint, calculation.method, 'risk.compute_var', calculation.run_id, calculation.recorded_at, null::text, null::text
      from risk.var_calculation calculation
      where calculation.var_calculation_id = p_id and calculation.recorded_at <= p_as_of;
    when 'feature.feature_vector' then
      return query
      select
        p_relation, null::bigint, vector.instrument_id, vector.feature_set_version_id, null::bigint, vector.ts, vector.ts,
        1::bigint, feature_set.name || '@' || version.version, 'feature.compute', vector.run_id, vector.recorded_at, null::text, null::text
      from feature.feature_vector_version vector
      join feature.feature_set_version version using (feature_set_version_id)
      join feature.feature_set feature_set using (feature_set_id)
      where vector.instrument_id = market.instrument_id(p_symbol) and vector.ts = p_ts
        and vector.recorded_at <= p_as_of and vector.closed_at > p_as_of and (p_id is null or vector.feature_set_version_id = p_id)
      order by vector.feature_set_version_id;
    when 'market.price_data' then
      return query
      select
        p_relation, null::bigint, bar.instrument_id, null::bigint, bar.raw_response_id, bar.ts, bar.ts,
        1::bigint, 'version ' || bar.version, 'ingest.accept_bars', bar.run_id, bar.recorded_at, null::text, null::text
      from market.price_data_version bar
      where bar.instrument_id = market.instrument_id(p_symbol) and bar.ts = p_ts
        and bar.recorded_at <= p_as_of and (bar.closed_at is null or bar.closed_at > p_as_of)
      order by bar.bar_interval;
    when 'market.company_fundamental' then
      return query
      select
        p_relation, null::bigint, fact.instrument_id, null::bigint, fact.raw_response_id, p_ts, p_ts,
        count(*), null::text, 'ingest.accept_facts', fact.run_id, max(fact.recorded_at), null::text, null::text
      from (
        select instrument_id, period_end, raw_response_id, run_id, recorded_at from market.company_fundamental
        union all
        select instrument_id, period_end, raw_response_id, run_id, recorded_at from market.company_fundamental_history where closed_at > p_as_of
      ) fact
      where fact.recorded_at <= p_as_of and fact.instrument_id = market.instrument_id(p_symbol) and fact.period_end = (p_ts at time zone 'UTC')::date
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
        and position.recorded_at <= p_as_of
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

comment on function lineage.roots(text, bigint, text, timestamptz, timestamptz) is
'The rows at which a trace begins, as they were stored at p_as_of; see lineage.trace_as_of for the arguments and errors.';

revoke all on function lineage.roots(text, bigint, text, timestamptz, timestamptz) from public;
grant execute on function lineage.roots(text, bigint, text, timestamptz, timestamptz) to marketbase_reader;
--! EndIncluded lineage/roots.sql
--! Included lineage/sources/sources_raw_response.sql
-- Rows that were read from a body end there: its sha256 is the end of every trace.
create or replace function lineage.sources_raw_response(p_node lineage.node) returns setof lineage.node
language sql stable parallel safe
begin atomic
  with released as (
    select
      'ingest.quarantine', refused.quarantine_id, refused.instrument_id, null::bigint, refused.raw_response_id, refused.ts, refused.ts, 1::bigint,
      format('released by %s: %s', release.decided_by, release.reason), 'pipeline.release_quarantined', release.run_id, release.recorded_at,
      null::text, null::text
    from ingest.quarantine_release as release
    join ingest.quarantine as refused using (quarantine_id)
    where p_node.relation <> 'ingest.quarantine' and release.run_id = p_node.run_id and refused.raw_response_id = p_node.raw_response_id
  )
  select * from released
  union all
  select
    'ingest.raw_response', response.raw_response_id, null, null, null, response.fetched_at, response.fetched_at,
    1, response.provider || ' ' || response.dataset, format('%s %s', response.method, response.status),
    response.run_id, response.recorded_at, response.sha256, response.url
  from ingest.raw_response as response
  where response.raw_response_id = p_node.raw_response_id and not exists (select from released);
end;

comment on function lineage.sources_raw_response(lineage.node) is
'Source of rows that were read from a body (bars, facts, trades, documents): the body p_node.raw_response_id with its sha256. Between a row that was released from quarantine and its body stands the release, with who and why as its version.';

revoke all on function lineage.sources_raw_response(lineage.node) from public;
grant execute on function lineage.sources_raw_response(lineage.node) to marketbase_reader;
--! EndIncluded lineage/sources/sources_raw_response.sql
--! Included lineage/trace_as_of.sql
-- From a row as it was stored at a moment back to the bodies that were fetched.
create or replace function lineage.trace_as_of(
  p_relation text,
  p_as_of timestamptz,
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
      from rows from (lineage.roots(p_relation, p_id, p_symbol, p_ts, p_as_of)) with ordinality
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

comment on function lineage.trace_as_of(text, timestamptz, bigint, text, timestamptz) is
'lineage.trace from the version of the row that was stored at p_as_of: of bars, facts and vectors the one of then, whatever was corrected since; what keeps no versions (positions, values at risk) as it is, if it was there by then.
Errors: MB001 for a relation that cannot be traced, MB002 when there was no such row.';

revoke all on function lineage.trace_as_of(text, timestamptz, bigint, text, timestamptz) from public;
grant execute on function lineage.trace_as_of(text, timestamptz, bigint, text, timestamptz) to marketbase_reader;
--! EndIncluded lineage/trace_as_of.sql
--! Included lineage/triggers/record_price_data.sql
-- Edges from the bodies to the bars that were read from them.
create or replace function lineage.record_price_data() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  with span as materialized (
    select made.run_id, made.raw_response_id, made.instrument_id, min(made.ts) as from_ts, max(made.ts) as to_ts, count(*) as row_count
    from made
    group by made.run_id, made.raw_response_id, made.instrument_id
  )
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    span.run_id, 'ingest.raw_response', span.raw_response_id,
    format('%s.%s', tg_table_schema, tg_table_name), span.instrument_id, span.from_ts, span.to_ts,
    span.row_count, lower(tg_op), normaliser.name, normaliser.version
  from span
  join (
    select body.raw_response_id, named.name, internal.function_version(to_regprocedure(named.name || '(bigint)')) as version
    from (select distinct span.raw_response_id from span) as read
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
--! Included lineage/triggers/record_quarantine_release.sql
-- Edges from the quarantine to the rows that were released from it.
create or replace function lineage.record_quarantine_release() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    made.run_id, 'ingest.quarantine', made.quarantine_id,
    case refused.dataset when 'bars' then 'market.price_data' else 'market.company_fundamental' end, refused.instrument_id, refused.ts, refused.ts,
    1, case when made.new_count > 0 then 'insert' else 'update' end,
    'pipeline.release_quarantined', internal.function_version('pipeline.release_quarantined(bigint, text, text)'::regprocedure)
  from made
  join ingest.quarantine as refused using (quarantine_id)
  where made.new_count + made.changed_count > 0;
  return null;
end
$$;

comment on function lineage.record_quarantine_release() is
'Trigger: writes one edge from each released row of the quarantine to the row or version that it became.';

revoke all on function lineage.record_quarantine_release() from public;

create or replace trigger _500_lineage_insert after insert on ingest.quarantine_release
  referencing new table as made
  for each statement execute function lineage.record_quarantine_release();
--! EndIncluded lineage/triggers/record_quarantine_release.sql
--! Included lineage/triggers/record_row_change.sql
-- What a table that is changed in place said before.
create or replace function lineage.record_row_change() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.row_change (relation, operation, row)
  select format('%I.%I', tg_table_schema, tg_table_name), lower(tg_op), to_jsonb(changed) from changed;
  return null;
end
$$;

comment on function lineage.record_row_change() is
'Trigger: keeps the rows that an update or a delete replaces in lineage.row_change, and those that an insert brings where the trigger is made for inserts. Its transition table is called changed.';

revoke all on function lineage.record_row_change() from public;

create or replace trigger _500_change_update after update on market.instrument
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on market.instrument
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on market.exchange
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on market.exchange
  referencing old table as changed for each statement execute function lineage.record_row_change();

-- A session does not say when it was stored.
create or replace trigger _500_change_insert after insert on market.trading_session
  referencing new table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_update after update on market.trading_session
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on market.trading_session
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on ingest.provider
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on ingest.provider
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on feature.feature_set
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on feature.feature_set
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on ml.model
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on ml.model
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on portfolio.portfolio_position
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on portfolio.portfolio_position
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on portfolio.performance_metric
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on portfolio.performance_metric
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on risk.var_calculation
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on risk.var_calculation
  referencing old table as changed for each statement execute function lineage.record_row_change();
--! EndIncluded lineage/triggers/record_row_change.sql
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
Whatever basis the provider or the body uses (price_basis of ingest.provider and ingest.raw_response), its prices are first turned back into those of the day (raw_close), by the actions that were known when its body arrived. p_adjustment then is
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
          case when said.price_basis <> 'raw' then least(said.splits_adjusted_to, fetched.fetched_date) end as split_basis,
          case when said.price_basis = 'total' then least(said.splits_adjusted_to, fetched.fetched_date) end as dividend_basis
        from (
          select
            coalesce(response.price_basis, source.price_basis) as price_basis,
            coalesce(response.splits_adjusted_to, source.splits_adjusted_to) as splits_adjusted_to
        ) as said
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
            and split.ex_date <= least(
              coalesce(response.splits_adjusted_to, source.splits_adjusted_to), (response.fetched_at at time zone exchange.time_zone)::date)
        ) order by bar.ts) as closes
      from market.price_data as bar
      join market.instrument using (instrument_id)
      join market.exchange using (mic)
      join ingest.provider as source on source.provider = bar.provider
      join ingest.raw_response as response
        on response.raw_response_id = bar.raw_response_id and coalesce(response.price_basis, source.price_basis) = 'total'
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
--! Included market/calendar/exchanges_as_of.sql
-- The exchanges as marketbase had them at a moment.
create or replace function market.exchanges_as_of(p_as_of timestamptz) returns setof market.exchange
language sql stable parallel safe
begin atomic
  select (jsonb_populate_record(exchange, coalesce(later.row, '{}'))).*
  from market.exchange
  left join (
    select distinct on (change.row ->> 'mic') change.row ->> 'mic' as mic, change.row
    from lineage.row_change as change
    where change.relation = 'market.exchange' and change.changed_at > p_as_of
    order by change.row ->> 'mic', change.row_change_id
  ) as later using (mic);
end;

comment on function market.exchanges_as_of(timestamptz) is
'market.exchange as it was stored at p_as_of, by what has been changed since (lineage.row_change); exchanges that were added later are there too.';

revoke all on function market.exchanges_as_of(timestamptz) from public;
grant execute on function market.exchanges_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded market/calendar/exchanges_as_of.sql
--! Included market/calendar/sessions_as_of.sql
-- The sessions of exchanges as marketbase had them at a moment.
create or replace function market.sessions_as_of(p_mics text[], p_from date, p_to date, p_as_of timestamptz) returns setof market.trading_session
language sql stable parallel safe
begin atomic
  with later as (
    -- The first change after the moment tells what was there before it.
    select distinct on (change.row ->> 'mic', change.row ->> 'session_date')
      change.row ->> 'mic' as mic, (change.row ->> 'session_date')::date as session_date, change.operation, change.row
    from lineage.row_change as change
    where change.relation = 'market.trading_session' and change.changed_at > p_as_of
    order by change.row ->> 'mic', change.row ->> 'session_date', change.row_change_id
  )
  select session.*
  from market.trading_session as session
  where session.mic = any (p_mics) and session.session_date between p_from and p_to
    and not exists (select from later where later.mic = session.mic and later.session_date = session.session_date)
  union all
  select (jsonb_populate_record(null::market.trading_session, later.row)).*
  from later
  where later.operation <> 'insert' and later.mic = any (p_mics) and later.session_date between p_from and p_to;
end;

comment on function market.sessions_as_of(text[], date, date, timestamptz) is
'The sessions of the exchanges p_mics from p_from to p_to, both included, as market.trading_session had them at p_as_of, whatever calendar was imported or corrected since (lineage.row_change). No row for NULL.';

revoke all on function market.sessions_as_of(text[], date, date, timestamptz) from public;
grant execute on function market.sessions_as_of(text[], date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded market/calendar/sessions_as_of.sql
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

grant insert (closed_reason) on market.price_data_history to marketbase_worker;
--! EndIncluded market/grants.sql
--! Included market/instrument/instruments_as_of.sql
-- The instruments as marketbase had them at a moment.
create or replace function market.instruments_as_of(p_as_of timestamptz) returns setof market.instrument
language sql stable parallel safe
begin atomic
  select (jsonb_populate_record(instrument, coalesce(later.row, '{}'))).*
  from market.instrument
  left join (
    select distinct on (change.row ->> 'instrument_id') (change.row ->> 'instrument_id')::bigint as instrument_id, change.row
    from lineage.row_change as change
    where change.relation = 'market.instrument' and change.changed_at > p_as_of
    order by change.row ->> 'instrument_id', change.row_change_id
  ) as later using (instrument_id)
  where instrument.created_at <= p_as_of;
end;

comment on function market.instruments_as_of(timestamptz) is
'market.instrument as it was stored at p_as_of: without what was added later, and by the symbols and names of then, whatever has been renamed since (lineage.row_change). No row for NULL.';

revoke all on function market.instruments_as_of(timestamptz) from public;
grant execute on function market.instruments_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded market/instrument/instruments_as_of.sql
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
      is not distinct from (old.session_date, old.open, old.high, old.low, old.close, old.volume, old.adjusted_close)
      and (new.raw_response_id = old.raw_response_id or new.provider <> old.provider or ingest.is_same_basis(new.raw_response_id, old.raw_response_id)) then
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
    known_from, known_to, recorded_at, provider, raw_response_id, run_id, closed_reason
  )
  values (
    old.instrument_id, old.bar_interval, old.ts, old.version, old.session_date, old.open, old.high, old.low, old.close, old.volume, old.adjusted_close,
    old.known_from, greatest(old.known_from, closed_from), old.recorded_at, old.provider, old.raw_response_id, old.run_id,
    case when tg_op = 'DELETE' then nullif(current_setting('marketbase.closed_reason', true), '') end
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function market.archive_price_data() is
'Trigger: before a bar is changed or deleted, its version goes to market.price_data_history; the new one gets the next number and recorded_at. An update that changes no value, nor the basis on which its provider gives them, is skipped.
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change.';

revoke all on function market.archive_price_data() from public;

create or replace trigger _200_version before update or delete on market.price_data
  for each row execute function market.archive_price_data();
--! EndIncluded market/price/archive_price_data.sql
--! Included ml/models/model_instruments.sql
-- The instruments that a model is about.
create or replace function ml.model_instruments(p_model text) returns bigint[]
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model constant ml.model := ml.find_model(p_model);
begin
  if v_model.parameters ? 'symbols' then
    return market.instrument_ids(array(select jsonb_array_elements_text(v_model.parameters -> 'symbols')));
  end if;
  return array(
    select distinct vector.instrument_id
    from feature.feature_set_version as version
    join feature.feature_vector as vector using (feature_set_version_id)
    where version.feature_set_id = v_model.feature_set_id and version.is_current
    order by vector.instrument_id
  );
end
$$;

comment on function ml.model_instruments(text) is
'The instruments of the model p_model: those of its parameter symbols, or all that have vectors of the current version of its feature set. Errors: MB002 for an unknown symbol, MB003 for an unknown model.';

revoke all on function ml.model_instruments(text) from public;
grant execute on function ml.model_instruments(text) to marketbase_reader;
--! EndIncluded ml/models/model_instruments.sql
--! Included ml/models/models_as_of.sql
-- The models as they were defined at a moment.
create or replace function ml.models_as_of(p_as_of timestamptz) returns setof ml.model
language sql stable parallel safe
begin atomic
  select (jsonb_populate_record(model, coalesce(later.row, '{}'))).*
  from ml.model
  left join (
    select distinct on (change.row ->> 'model_id') (change.row ->> 'model_id')::bigint as model_id, change.row
    from lineage.row_change as change
    where change.relation = 'ml.model' and change.changed_at > p_as_of
    order by change.row ->> 'model_id', change.row_change_id
  ) as later using (model_id)
  where model.created_at <= p_as_of;
end;

comment on function ml.models_as_of(timestamptz) is
'ml.model as it was stored at p_as_of, whatever was defined anew since (lineage.row_change). No row for NULL.';

revoke all on function ml.models_as_of(timestamptz) from public;
grant execute on function ml.models_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded ml/models/models_as_of.sql
--! Included ml/predict.sql
-- Predicts with the current training of a model.
create or replace function ml.predict(p_run_id bigint, p_model text, p_from timestamptz default null, p_without bigint[] default '{}') returns bigint
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
  where decision.instrument_id <> all (p_without)
    and decision.decision_time >= coalesce(p_from, v_training.out_of_sample_from)
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

comment on function ml.predict(bigint, text, timestamptz, bigint[]) is
'Predicts the label with the current training of model p_model for every bar decided at or after p_from (default: the start of its out-of-sample part), also the
newest bars without an outcome yet, from the feature vector that was known at the decision. Bars before the out-of-sample part get is_out_of_sample = false.
Instruments in p_without get none. Returns the number of predictions made: 0 where all are there, for a prediction once made is never made again. MB003 unknown model, MB008 not trained.';

revoke all on function ml.predict(bigint, text, timestamptz, bigint[]) from public;
grant execute on function ml.predict(bigint, text, timestamptz, bigint[]) to marketbase_worker;
--! EndIncluded ml/predict.sql
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

  v_instrument_ids := ml.model_instruments(p_model);

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
    return v_set;
  end if;

  insert into ml.training_set_digest (training_set_id, instrument_id, ts, digests)
  select
    v_set.training_set_id, training.instrument_id,
    array_agg(training.ts order by training.ts),
    string_agg(substr(ml.hash_training_row(instrument.symbol, row (training.*)::ml.training_row), 1, 8), '' order by training.ts)
  from unnest(v_rows) as training
  join market.instrument as instrument on instrument.instrument_id = training.instrument_id
  group by training.instrument_id;
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
      concat_ws('; ',
        format('%s steps, %s rows written', count(*), sum(run.rows_written)),
        string_agg(format('%s %s', run.step, run.message), '; ' order by run.stage, run.step) filter (where run.status = 'blocked'))
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
'Looks at the steps of the flow whose root is p_root_run_id: enqueues the first stage that is not done, or closes the root as succeeded (its message names the steps that were blocked) or, when a step failed, as failed with the rest skipped. A backfill goes on with pipeline.advance_backfill. May be called any number of times.';

revoke all on function pipeline.advance_flow(bigint) from public;
grant execute on function pipeline.advance_flow(bigint) to marketbase_worker;
--! EndIncluded pipeline/flows/advance_flow.sql
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
  held record;
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

  select
    count(*) as instruments, sum(held_back.finding_count)::bigint as findings,
    string_agg(format('%s: %s', held_back.symbol, held_back.reason), '; ' order by held_back.symbol) as reason,
    not exists (
      select
      from market.instrument
      where exists (select from market.price_data bar where bar.instrument_id = instrument.instrument_id)
        and instrument.instrument_id not in (select every.instrument_id from quality.held_back every where every.step = run.step)
    ) as is_all
  into held
  from quality.held_back
  where held_back.step = run.step;
  if held.instruments > 0 and held.is_all then
    perform pipeline.block_run(
      p_run_id, format('blocked: findings hold every instrument back: %s', left(held.reason, 1000)),
      jsonb_build_object('held_back', held.instruments, 'findings', held.findings)
    );
    select * into run from pipeline.pipeline_run where run_id = p_run_id;
    return run;
  end if;

  execute format('select * from %s($1)', step_function::regproc) into outcome using p_run_id;
  if held.instruments > 0 then
    outcome.summary := coalesce(outcome.summary, '{}') || jsonb_build_object('held_back', held.instruments, 'held_back_findings', held.findings);
    outcome.message := concat_ws('; ', outcome.message, format('%s held back: %s', held.instruments, left(held.reason, 1000)));
  end if;

  update pipeline.pipeline_run
  set function_name = step_function::regproc::text, function_version = internal.function_version(step_function)
  where run_id = p_run_id;
  perform pipeline.finish_run(p_run_id, outcome.rows_read, outcome.rows_written, outcome.summary, outcome.message);
  select * into run from pipeline.pipeline_run where run_id = p_run_id;
  return run;
end
$$;

comment on function pipeline.run_step(bigint) is
'Carries out the step of a running run by calling pipeline.step_<step>(run_id), and closes the run with its outcome. All that the step writes commits together with the run. Where findings hold back some instruments (quality.held_back) the step leaves them alone and the message names them, the rules and the numbers of findings; where they hold back all that have bars, the step is not carried out and the run ends as blocked. MB008 when the run is not running, MB003 when there is no such step.';

revoke all on function pipeline.run_step(bigint) from public;
grant execute on function pipeline.run_step(bigint) to marketbase_worker;
--! EndIncluded pipeline/flows/run_step.sql
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

-- Addresses and what is told to whom are not for every reader.
alter table pipeline.alert_destination enable row level security;
drop policy if exists alert_destination_read on pipeline.alert_destination;
create policy alert_destination_read on pipeline.alert_destination for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists alert_destination_insert on pipeline.alert_destination;
create policy alert_destination_insert on pipeline.alert_destination for insert to marketbase_worker with check (true);
drop policy if exists alert_destination_update on pipeline.alert_destination;
create policy alert_destination_update on pipeline.alert_destination for update to marketbase_worker using (true) with check (true);
drop policy if exists alert_destination_delete on pipeline.alert_destination;
create policy alert_destination_delete on pipeline.alert_destination for delete to marketbase_worker using (true);
revoke all on pipeline.alert_destination from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.alert_destination to marketbase_auditor, marketbase_worker;
grant insert (
  name, kind, url, url_variable, secret_variable, kinds, severities, rules, is_internal, max_attempts
) on pipeline.alert_destination to marketbase_worker;
grant update (is_active) on pipeline.alert_destination to marketbase_worker;
grant delete on pipeline.alert_destination to marketbase_worker;

alter table pipeline.outbox_event enable row level security;
drop policy if exists outbox_event_read on pipeline.outbox_event;
create policy outbox_event_read on pipeline.outbox_event for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists outbox_event_insert on pipeline.outbox_event;
create policy outbox_event_insert on pipeline.outbox_event for insert to marketbase_worker with check (true);
revoke all on pipeline.outbox_event from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.outbox_event to marketbase_auditor, marketbase_worker;
grant insert (event_id, kind, subject, severity, run_id, payload, occurred_at) on pipeline.outbox_event to marketbase_worker;

alter table pipeline.outbox_delivery enable row level security;
drop policy if exists outbox_delivery_read on pipeline.outbox_delivery;
create policy outbox_delivery_read on pipeline.outbox_delivery for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists outbox_delivery_insert on pipeline.outbox_delivery;
create policy outbox_delivery_insert on pipeline.outbox_delivery for insert to marketbase_worker with check (true);
drop policy if exists outbox_delivery_update on pipeline.outbox_delivery;
create policy outbox_delivery_update on pipeline.outbox_delivery for update to marketbase_worker using (true) with check (true);
revoke all on pipeline.outbox_delivery from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.outbox_delivery to marketbase_auditor, marketbase_worker;
grant insert (event_id, destination) on pipeline.outbox_delivery to marketbase_worker;
grant update (attempts, next_attempt_at, claimed_until, delivered_at, dead_at, last_error) on pipeline.outbox_delivery to marketbase_worker;
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
  result_type regtype;
  result ingest.normalisation;
  done ingest.normalisation;
  accepted ingest.acceptance;
  actions ingest.acceptance;
  rejected_count bigint := 0;
  withdrawn_count bigint := 0;
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
  normaliser := pipeline.normaliser(response.provider, response.dataset);
  if normaliser is null then
    raise exception using
      errcode = 'MB001',
      message = format('the provider %s has no %s', response.provider, response.dataset),
      hint = format('A normaliser is a function ingest.normalise_%s_%s, see pipeline.normaliser.', response.provider, response.dataset);
  end if;
  result_type := (select function.prorettype::regtype from pg_proc as function where function.oid = normaliser);

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
    if result_type = 'void'::regtype then
      execute format('select %s($1)', normaliser::regproc) using p_raw_response_id;
    else
      if result_type = 'ingest.acceptance'::regtype then
        execute format('select * from %s($1, $2)', normaliser::regproc) into accepted using p_run_id, p_raw_response_id;
      else
        execute format('select %s($1, $2), 0, 0', normaliser::regproc) into accepted using p_run_id, p_raw_response_id;
      end if;
      -- What stores by itself comes back with its counts; the rows that could not be read are in quarantine.
      select count(*) into rejected_count from ingest.quarantine refused where refused.raw_response_id = p_raw_response_id and refused.run_id = p_run_id;
      result.row_count := accepted.new_count + accepted.changed_count + accepted.unchanged_count + rejected_count;
    end if;
  exception
    when sqlstate 'MB001' or sqlstate 'MB002' or sqlstate 'MB003' or sqlstate 'MB004' or sqlstate 'MB005' or sqlstate 'MB008' or sqlstate 'MB010'
      or sqlstate 'MB011' then
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
      rejected_count := pipeline.quarantine_candidates(p_run_id, p_raw_response_id);
      accepted := ingest.accept_bars(p_run_id, p_raw_response_id);
      -- Bars are taken back by the owner alone, who replays; a worker leaves them.
      if has_function_privilege('ingest.withdraw_bars(bigint, bigint)', 'execute')
        and exists (select from ingest.normalisation earlier where earlier.raw_response_id = p_raw_response_id and earlier.outcome = 'normalised')
      then
        withdrawn_count := ingest.withdraw_bars(p_run_id, p_raw_response_id);
      end if;
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
      rejected_count := pipeline.quarantine_candidates(p_run_id, p_raw_response_id);
      accepted := ingest.accept_facts(p_run_id, p_raw_response_id);
      delete from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id;
    end if;

    if accepted.changed_count + withdrawn_count > response.restatement_limit and not response.is_released then
      touched := ingest.impact(p_raw_response_id, p_run_id);
      touched.bar_count := touched.bar_count + withdrawn_count;
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

  -- What came looks like what came before, or a finding says how it differs; what a provider says instead of data looks like nothing.
  if result.error_code is distinct from 'MB010' and ingest.remember_shape(p_run_id, p_raw_response_id) then
    perform quality.validate_body(p_run_id, p_raw_response_id);
  end if;

  if result.outcome <> 'held' then
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
When a body of bars is read by another version of its normaliser, those that it no longer finds are taken back (ingest.withdraw_bars) when the owner calls; for any other role they stay.
The shape of the body is remembered and compared with those before it: rule provider_schema_drift, also for a body that is refused.
A body that this version of its normaliser has read already is not read again: its row comes back; one that it refused is tried again. MB001 when there is no such response or normaliser.';

revoke all on function pipeline.normalise_response(bigint, bigint) from public;
grant execute on function pipeline.normalise_response(bigint, bigint) to marketbase_worker;
--! EndIncluded pipeline/normalise_response.sql
--! Included pipeline/outbox/add_destination.sql
-- Somebody wants to hear of what happens.
create or replace function pipeline.add_destination(
  p_name text,
  p_kind text default 'webhook',
  p_url text default null,
  p_url_variable text default null,
  p_secret_variable text default null,
  p_kinds text[] default null,
  p_severities text[] default null,
  p_rules text[] default null,
  p_is_internal boolean default false,
  p_max_attempts integer default 12
) returns pipeline.alert_destination
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_is_lineage constant boolean := p_kind is not distinct from 'openlineage';
  v_kinds constant text[] := coalesce(p_kinds, case when v_is_lineage then '{run}' else '{finding,gate}' end::text[]);
  v_severities constant text[] := coalesce(p_severities, case when v_is_lineage then '{critical,error,warning,info}' else '{critical,error}' end::text[]);
  v_rules constant text[] := coalesce(p_rules, case when v_is_lineage then '{}' else '{%drift%}' end::text[]);
  v_variable constant text := '^MARKETBASE_ALERT_[A-Z0-9_]{1,80}$';
  v_advice constant text := case
    when coalesce(p_name !~ '^[a-z][a-z0-9_-]{0,62}$', true) then 'a name has up to 63 small letters, digits, - and _, a letter first'
    when p_kind is null or p_kind not in ('webhook', 'openlineage') then 'a destination is a webhook or openlineage'
    when num_nonnulls(p_url, p_url_variable) <> 1 then 'a destination has either an address or the name of the variable that holds it'
    when p_url !~ '^https?://[^\s@]+$' or length(p_url) > 2000 then 'an address begins with https:// and has no user, password or blank in it'
    when p_url !~ '^https:' and not coalesce(p_is_internal, false) then 'an address that is not internal begins with https://'
    when p_url_variable !~ v_variable or p_secret_variable !~ v_variable then 'a variable with an address or a secret is named MARKETBASE_ALERT_… in capitals'
    when cardinality(v_kinds) = 0 or not v_kinds <@ '{validation,finding,gate,run}' then 'the kinds of events are validation, finding, gate and run'
    when v_is_lineage and v_kinds <> '{run}' then 'a collector of OpenLineage gets events of the kind run alone'
    when not v_severities <@ '{critical,error,warning,info}' then 'the severities are critical, error, warning and info'
    when cardinality(v_severities) + cardinality(v_rules) = 0 then 'a destination gets some severities, some rules or both'
    when coalesce(p_max_attempts not between 1 and 100, true) then 'the attempts are 1 to 100'
  end;
  v_added pipeline.alert_destination;
begin
  if v_advice is not null then
    raise exception using errcode = 'MB001', message = v_advice, hint = 'marketbase alerts add --help has examples.';
  end if;
  insert into pipeline.alert_destination (name, kind, url, url_variable, secret_variable, kinds, severities, rules, is_internal, max_attempts)
  values (p_name, p_kind, p_url, p_url_variable, p_secret_variable, v_kinds, v_severities, v_rules, coalesce(p_is_internal, false), p_max_attempts)
  on conflict (name) do nothing
  returning * into v_added;
  if v_added.name is null then
    raise exception using
      errcode = 'MB008',
      message = format('there is a destination named "%s" already', p_name),
      hint = 'Remove it first, or take another name.';
  end if;
  return v_added;
end
$$;

comment on function pipeline.add_destination(text, text, text, text, text, text[], text[], text[], boolean, integer) is
'Adds a destination of events. p_kind is webhook or openlineage; p_url its address, or p_url_variable the name of the environment variable of the worker that holds it; p_secret_variable the name of the variable with its secret (see pipeline.alert_destination). p_kinds (default: finding, each change of the state of findings, and gate; run for openlineage; validation tells each look that failed, known or not), p_severities (critical and error; all for openlineage) and p_rules, patterns of like, of rules that are told at whatever severity (%drift%; none for openlineage) say what it gets. p_is_internal allows plain http and private addresses. Returns the destination. MB001 for arguments that make no sense, MB008 when the name is taken.';

revoke all on function pipeline.add_destination(text, text, text, text, text, text[], text[], text[], boolean, integer) from public;
grant execute on function pipeline.add_destination(text, text, text, text, text, text[], text[], text[], boolean, integer) to marketbase_worker;
--! EndIncluded pipeline/outbox/add_destination.sql
--! Included pipeline/outbox/change_destination.sql
-- A destination stops, goes on or goes away.
create or replace function pipeline.change_destination(p_name text, p_change text) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pipeline.require_destination(p_name);
  case p_change
    when 'remove' then
      delete from pipeline.alert_destination as destination where destination.name = p_name;
    when 'pause' then
      update pipeline.alert_destination as destination set is_active = false where destination.name = p_name;
    when 'resume' then
      update pipeline.alert_destination as destination set is_active = true where destination.name = p_name;
    else
      raise exception using
        errcode = 'MB001',
        message = format('a destination cannot be changed by "%s"', left(p_change, 80)),
        hint = 'Changes: remove, pause, resume.';
  end case;
end
$$;

comment on function pipeline.change_destination(text, text) is
'p_change: remove, pause or resume the destination. While it is paused it gets no new events, and what waits is sent when it goes on; what waits for a destination that is removed is not sent. MB002 when there is none of that name, MB001 for another change.';

revoke all on function pipeline.change_destination(text, text) from public;
grant execute on function pipeline.change_destination(text, text) to marketbase_worker;
--! EndIncluded pipeline/outbox/change_destination.sql
--! Included pipeline/outbox/openlineage_facet.sql
-- A facet: what it says, who says it and how it is to be read.
create or replace function pipeline.openlineage_facet(p_schema text, p_content jsonb) returns jsonb
language sql immutable parallel safe
return p_content || jsonb_build_object('_producer', 'urn:marketbase', '_schemaURL', 'https://openlineage.io/spec/facets/' || p_schema);

comment on function pipeline.openlineage_facet(text, jsonb) is
E'@behavior -*\np_content as a facet of OpenLineage, with _producer and the _schemaURL of p_schema, such as 1-0-0/ErrorMessageRunFacet.json.';

revoke all on function pipeline.openlineage_facet(text, jsonb) from public;
grant execute on function pipeline.openlineage_facet(text, jsonb) to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_facet.sql
--! Included pipeline/outbox/openlineage_namespace.sql
-- Under which name this installation is known to collectors of lineage.
create or replace function pipeline.openlineage_namespace() returns text
language sql stable parallel safe
return coalesce(nullif(current_setting('marketbase.openlineage_namespace', true), ''), 'marketbase');

comment on function pipeline.openlineage_namespace() is
E'@behavior -*\nThe namespace of jobs and datasets in OpenLineage: the setting marketbase.openlineage_namespace, such as postgres://db.example.com:5432 (alter database … set marketbase.openlineage_namespace = …), marketbase without it.';

revoke all on function pipeline.openlineage_namespace() from public;
grant execute on function pipeline.openlineage_namespace() to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_namespace.sql
--! Included pipeline/outbox/openlineage_quality.sql
-- What the rules of a run said of each dataset, as facets of OpenLineage.
create or replace function pipeline.openlineage_quality(p_run_id bigint) returns table (dataset text, facets jsonb)
language sql stable parallel safe
begin atomic
  with verdict as (
    select
      result.dataset, result.rule, bool_and(result.status <> 'failed') as is_success,
      min(rule.parameters ->> 'column') filter (where rule.expectation is not null) as column_name,
      sum(result.failed_count) filter (where rule.expectation = 'values_not_null') as null_count
    from quality.validation_result as result
    join quality.validation_rule as rule on rule.rule = result.rule and rule.version = result.rule_version
    where result.run_id = p_run_id and result.status <> 'not_applicable'
    group by result.dataset, result.rule
  ),
  looked_at as (
    -- Each rule looks at the same rows again: of an instrument, or a body, the rule that saw the most counts.
    select part.dataset, sum(part.checked_count) as row_count
    from (
      select result.dataset, max(result.checked_count) as checked_count
      from quality.validation_result as result
      where result.run_id = p_run_id
      group by result.dataset, result.instrument_id, result.raw_response_id, result.feature_set_version_id
    ) as part
    group by part.dataset
  )
  select
    verdict.dataset,
    jsonb_build_object(
      'dataQualityAssertions', pipeline.openlineage_facet('1-0-1/DataQualityAssertionsDatasetFacet.json', jsonb_build_object(
        'assertions', jsonb_agg(
          jsonb_strip_nulls(jsonb_build_object('assertion', verdict.rule, 'success', verdict.is_success, 'column', verdict.column_name))
          order by verdict.rule
        )
      )),
      'dataQualityMetrics', pipeline.openlineage_facet('1-0-2/DataQualityMetricsInputDatasetFacet.json', jsonb_build_object(
        'rowCount', looked_at.row_count,
        'columnMetrics', coalesce(
          jsonb_object_agg(verdict.column_name, jsonb_build_object('nullCount', verdict.null_count))
            filter (where verdict.column_name is not null and verdict.null_count is not null),
          '{}'
        )
      ))
    )
  from verdict
  join looked_at on looked_at.dataset = verdict.dataset
  group by verdict.dataset, looked_at.row_count;
end;

comment on function pipeline.openlineage_quality(bigint) is
E'@behavior -*\nFor each dataset that rules looked at in the run p_run_id its facets: dataQualityAssertions with each rule (a warning is a success; the column is named where the rule is an expectation of one), dataQualityMetrics with the rows that were looked at and the nulls that were counted.';

revoke all on function pipeline.openlineage_quality(bigint) from public;
grant execute on function pipeline.openlineage_quality(bigint) to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_quality.sql
--! Included pipeline/outbox/openlineage_run.sql
-- The identity of a run outside, its job, and nothing else: what OpenLineage calls run and job.
create or replace function pipeline.openlineage_run(p_run_id bigint) returns jsonb
language sql stable parallel safe
begin atomic
  select jsonb_build_object(
    'run', jsonb_build_object('runId', internal.content_uuid(format('run %s %s %s', current_database(), run.run_id, extract(epoch from run.queued_at)))),
    'job', jsonb_build_object(
      'namespace', pipeline.openlineage_namespace(),
      'name', case when run.step = run.flow then run.flow else run.flow || '.' || run.step end
    )
  )
  from pipeline.pipeline_run as run
  where run.run_id = p_run_id;
end;

comment on function pipeline.openlineage_run(bigint) is
E'@behavior -*\n{"run": {"runId": a UUID}, "job": {"namespace", "name"}} of the run p_run_id. The UUID follows from the database, the run and when it was asked for; the job is the flow, or flow.step. NULL for an unknown run.';

revoke all on function pipeline.openlineage_run(bigint) from public;
grant execute on function pipeline.openlineage_run(bigint) to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_run.sql
--! Included pipeline/outbox/outbox_status.sql
-- How it stands with what is told to the outside.
create or replace view pipeline.outbox_status with (security_invoker = true) as
select
  destination.name as destination,
  destination.kind,
  destination.is_active,
  coalesce(counted.waiting, 0) as waiting,
  coalesce(counted.delivered, 0) as delivered,
  coalesce(counted.dead, 0) as dead,
  oldest.queued_at as oldest_waiting_at,
  oldest.next_attempt_at,
  oldest.attempts,
  counted.last_delivered_at,
  coalesce(oldest.last_error, dead.last_error) as last_error
from pipeline.alert_destination as destination
left join (
  select
    delivery.destination,
    count(*) filter (where delivery.delivered_at is null and delivery.dead_at is null) as waiting,
    count(*) filter (where delivery.delivered_at is not null) as delivered,
    count(*) filter (where delivery.dead_at is not null) as dead,
    max(delivery.delivered_at) as last_delivered_at
  from pipeline.outbox_delivery as delivery
  group by delivery.destination
) as counted on counted.destination = destination.name
left join lateral (
  select event.created_at as queued_at, delivery.next_attempt_at, delivery.attempts, delivery.last_error
  from pipeline.outbox_delivery as delivery
  join pipeline.outbox_event as event on event.event_id = delivery.event_id
  where delivery.destination = destination.name and delivery.delivered_at is null and delivery.dead_at is null
  order by delivery.position
  limit 1
) as oldest on true
left join lateral (
  select delivery.last_error
  from pipeline.outbox_delivery as delivery
  where delivery.destination = destination.name and delivery.dead_at is not null
  order by delivery.dead_at desc
  limit 1
) as dead on true;

comment on view pipeline.outbox_status is
E'@primaryKey destination\nEach destination with what waits for it, what it took and what was given up.';
comment on column pipeline.outbox_status.destination is 'Destination.';
comment on column pipeline.outbox_status.kind is 'webhook or openlineage.';
comment on column pipeline.outbox_status.is_active is 'False while it is paused.';
comment on column pipeline.outbox_status.waiting is 'Events that wait to be sent.';
comment on column pipeline.outbox_status.delivered is 'Events that it took.';
comment on column pipeline.outbox_status.dead is 'Events that were given up; pipeline.retry_deliveries sends them after all.';
comment on column pipeline.outbox_status.oldest_waiting_at is 'When the first of the waiting events was queued; null where none waits.';
comment on column pipeline.outbox_status.next_attempt_at is 'When that event is sent next.';
comment on column pipeline.outbox_status.attempts is 'How often it was sent.';
comment on column pipeline.outbox_status.last_delivered_at is 'When it took an event last.';
comment on column pipeline.outbox_status.last_error is 'Why the first of the waiting events, or else the last dead one, was not taken; null where neither failed.';

grant select on pipeline.outbox_status to marketbase_auditor, marketbase_worker;
--! EndIncluded pipeline/outbox/outbox_status.sql
--! Included pipeline/outbox/queue_event.sql
-- Something happened that has to be told: it is queued in the same transaction.
create or replace function pipeline.queue_event(
  p_kind text,
  p_subject text,
  p_severity text,
  p_payload jsonb,
  p_run_id bigint default null,
  p_rule text default null,
  p_occurred_at timestamptz default now()
) returns uuid
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_event_id constant uuid := internal.content_uuid(jsonb_build_array(p_kind, p_subject, p_payload)::text);
  v_destinations constant text[] := array(select pipeline.wanting_destinations(p_kind, p_severity, p_rule));
begin
  if cardinality(v_destinations) = 0 then
    return null;
  end if;
  insert into pipeline.outbox_event (event_id, kind, subject, severity, run_id, payload, occurred_at)
  values (v_event_id, p_kind, p_subject, p_severity, p_run_id, p_payload, p_occurred_at)
  on conflict (event_id) do nothing;
  insert into pipeline.outbox_delivery (event_id, destination)
  select v_event_id, wanting.name from unnest(v_destinations) as wanting (name) order by wanting.name
  on conflict (event_id, destination) do nothing;
  return v_event_id;
end
$$;

comment on function pipeline.queue_event(text, text, text, jsonb, bigint, text, timestamptz) is
'Queues an event for each destination that wants it, in the transaction of the caller: what is rolled back is not told. p_kind is validation, finding, gate or run, p_subject what it is about, p_severity critical, error, warning or info, p_payload a JSON object, p_rule the rule that it concerns (NULL: none). Returns its identity, which follows from kind, subject and payload: what was queued before is not queued again. NULL, and nothing is written, where nobody wants it.';

revoke all on function pipeline.queue_event(text, text, text, jsonb, bigint, text, timestamptz) from public;
grant execute on function pipeline.queue_event(text, text, text, jsonb, bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded pipeline/outbox/queue_event.sql
--! Included pipeline/outbox/queue_finding_events.sql
-- What becomes of findings is told: one event for each rule and turn of their life, whatever the number of findings.
-- security definer: whoever may acknowledge a finding need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_finding_events() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pipeline.queue_event('finding', told.rule, told.severity, told.payload, told.run_id, told.rule, told.recorded_at)
  from (
    select
      turn.rule, turn.severity, turn.run_id, turn.recorded_at,
      jsonb_strip_nulls(jsonb_build_object(
        'event', turn.event, 'rule', turn.rule, 'rule_version', turn.version, 'dataset', turn.dataset, 'severity', turn.severity,
        'description', turn.description, 'remedy', turn.remedy, 'at', internal.iso_time(turn.recorded_at), 'run_id', turn.run_id,
        'decided_by', turn.decided_by, 'reason', turn.reason, 'until', internal.iso_time(turn.until), 'finding_count', count(*),
        'findings', jsonb_agg(
          jsonb_build_object(
            'finding_id', turn.finding_id, 'symbol', instrument.symbol, 'provider', turn.provider, 'subject', turn.subject,
            'ts', internal.iso_time(turn.ts), 'key', turn.key
          )
          order by turn.place
        ) filter (where turn.place <= 20)
      )) as payload
    from (
      select
        made.finding_id, made.event, made.recorded_at, made.run_id, made.decided_by, made.reason, made.until,
        tracked.rule, tracked.dataset, tracked.instrument_id, tracked.provider, tracked.subject, tracked.ts, tracked.key,
        rule.version, rule.severity, rule.description, rule.remedy,
        row_number() over (
          partition by made.event, made.recorded_at, made.run_id, made.decided_by, made.reason, made.until, tracked.rule, tracked.dataset
          order by made.finding_id
        ) as place
      from made
      join quality.tracked_finding as tracked on tracked.finding_id = made.finding_id
      cross join lateral (
        select version.*
        from quality.rule_activation as activation
        join quality.validation_rule as version on version.rule = activation.rule and version.version = activation.version
        where activation.rule = tracked.rule
        order by activation.in_force_from desc
        limit 1
      ) as rule
      where exists (select from pipeline.wanting_destinations('finding', rule.severity, tracked.rule))
    ) as turn
    left join market.instrument as instrument on instrument.instrument_id = turn.instrument_id
    group by
      turn.event, turn.recorded_at, turn.run_id, turn.decided_by, turn.reason, turn.until, turn.rule, turn.dataset,
      turn.version, turn.severity, turn.description, turn.remedy
    order by turn.rule
  ) as told;
  return null;
end
$$;

comment on function pipeline.queue_finding_events() is
'Trigger: queues an event of kind finding for each rule whose findings opened, were acknowledged, resolved or reopened in the statement, with their number, the first twenty, and who decided and why.';

revoke all on function pipeline.queue_finding_events() from public;

create or replace trigger _900_outbox after insert on quality.finding_event
  referencing new table as made
  for each statement execute function pipeline.queue_finding_events();
--! EndIncluded pipeline/outbox/queue_finding_events.sql
--! Included pipeline/outbox/queue_gate_release.sql
-- A gate that a person releases is told.
-- security definer: whoever may release a gate need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_gate_release() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  v_symbol constant text := (select instrument.symbol from market.instrument where instrument.instrument_id = new.instrument_id);
begin
  perform pipeline.queue_event(
    'gate', coalesce(new.step, new.dataset, v_symbol), 'critical',
    jsonb_strip_nulls(jsonb_build_object(
      'event', 'released', 'step', new.step, 'dataset', new.dataset, 'symbol', v_symbol, 'decided_by', new.decided_by, 'reason', new.reason,
      'until', internal.iso_time(new.until), 'at', internal.iso_time(new.recorded_at), 'findings', new.finding_count
    ))
  );
  return null;
end
$$;

comment on function pipeline.queue_gate_release() is
'Trigger: queues an event of kind gate for a release, with who decided and why.';

revoke all on function pipeline.queue_gate_release() from public;

create or replace trigger _900_outbox after insert on quality.gate_release
  for each row execute function pipeline.queue_gate_release();
--! EndIncluded pipeline/outbox/queue_gate_release.sql
--! Included pipeline/outbox/queue_results.sql
-- Results that failed or gave a warning are told: one event for each rule, whatever the number of instruments.
-- security definer: whoever may store a result need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_results() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pipeline.queue_event('validation', told.rule, told.severity, told.payload, told.run_id, told.rule, told.recorded_at)
  from (
    select
      bad.run_id, bad.rule, bad.severity, min(bad.recorded_at) as recorded_at,
      jsonb_build_object(
        'rule', bad.rule, 'rule_version', bad.rule_version, 'dataset', bad.dataset, 'severity', bad.severity, 'status', bad.status, 'run_id', bad.run_id,
        'description', rule.description, 'remedy', rule.remedy,
        'result_count', count(*), 'checked_count', sum(bad.checked_count), 'failed_count', sum(bad.failed_count),
        'results', jsonb_agg(
          jsonb_strip_nulls(jsonb_build_object(
            'symbol', instrument.symbol, 'raw_response_id', bad.raw_response_id, 'feature_set_version_id', bad.feature_set_version_id,
            'checked_count', bad.checked_count, 'failed_count', bad.failed_count,
            'from', internal.iso_time(bad.from_ts), 'to', internal.iso_time(bad.to_ts), 'message', left(bad.message, 1000)
          ))
          order by bad.place
        ) filter (where bad.place <= 20)
      ) as payload
    from (
      select
        made.*,
        row_number() over (
          partition by made.run_id, made.rule, made.rule_version, made.dataset, made.severity, made.status
          order by made.failed_count desc, made.validation_result_id
        ) as place
      from made
      where made.status in ('failed', 'warned') and exists (select from pipeline.wanting_destinations('validation', made.severity, made.rule))
    ) as bad
    join quality.validation_rule as rule on rule.rule = bad.rule and rule.version = bad.rule_version
    left join market.instrument as instrument on instrument.instrument_id = bad.instrument_id
    group by bad.run_id, bad.rule, bad.rule_version, bad.dataset, bad.severity, bad.status, rule.description, rule.remedy
    order by bad.rule
  ) as told;
  return null;
end
$$;

comment on function pipeline.queue_results() is
'Trigger: queues an event of kind validation for each rule that failed or gave a warning in the statement, with its counts and the twenty results that have the most violations.';

revoke all on function pipeline.queue_results() from public;

create or replace trigger _900_outbox after insert on quality.validation_result
  referencing new table as made
  for each statement execute function pipeline.queue_results();
--! EndIncluded pipeline/outbox/queue_results.sql
--! Included pipeline/outbox/queue_run.sql
-- Runs that begin and end are told, and what a gate held back in them.
-- security definer: whoever may open a run need not be allowed to see the destinations or to write the outbox.
create or replace function pipeline.queue_run() returns trigger
language plpgsql
security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  v_type constant text := case new.status when 'running' then 'START' when 'succeeded' then 'COMPLETE' when 'failed' then 'FAIL' else 'ABORT' end;
  v_severity constant text := case v_type when 'FAIL' then 'error' when 'ABORT' then 'warning' else 'info' end;
begin
  if new.finished_at is not null and new.summary ? 'held_back' then
    perform pipeline.queue_event(
      'gate', new.step, 'critical',
      jsonb_build_object('event', 'held', 'step', new.step, 'flow', new.flow, 'run_id', new.run_id, 'status', new.status, 'message', new.message) || new.summary,
      new.run_id
    );
  end if;
  if exists (select from pipeline.wanting_destinations('run', v_severity)) then
    perform pipeline.queue_event(
      'run', case when new.step = new.flow then new.flow else new.flow || '.' || new.step end, v_severity,
      pipeline.openlineage_event(new.run_id, v_type, coalesce(new.finished_at, new.started_at)), new.run_id
    );
  end if;
  return null;
end
$$;

comment on function pipeline.queue_run() is
'Trigger: queues a RunEvent when a run begins for the first time and when a run that had begun ends, and an event of kind gate when findings held back some or all of its work. It waits for the end of the transaction, so that all lineage and all results of the run are there.';

revoke all on function pipeline.queue_run() from public;

drop trigger if exists _900_outbox_insert on pipeline.pipeline_run;
create constraint trigger _900_outbox_insert after insert on pipeline.pipeline_run deferrable initially deferred
  for each row when (new.status = 'running') execute function pipeline.queue_run();
drop trigger if exists _900_outbox_update on pipeline.pipeline_run;
create constraint trigger _900_outbox_update after update on pipeline.pipeline_run deferrable initially deferred
  for each row when (
    new.status is distinct from old.status
    and (new.finished_at is not null and new.started_at is not null or new.status = 'running' and new.attempt = 1)
  ) execute function pipeline.queue_run();
--! EndIncluded pipeline/outbox/queue_run.sql
--! Included pipeline/outbox/require_destination.sql
-- A destination that is named has to be there.
create or replace function pipeline.require_destination(p_name text) returns pipeline.alert_destination
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_found pipeline.alert_destination;
begin
  select * into v_found from pipeline.alert_destination as destination where destination.name = p_name;
  if v_found.name is null then
    raise exception using
      errcode = 'MB002',
      message = format('there is no destination named "%s"', left(p_name, 80)),
      hint = 'Destinations: ' || (select coalesce(string_agg(destination.name, ', ' order by destination.name), 'none') from pipeline.alert_destination as destination) || '.';
  end if;
  return v_found;
end
$$;

comment on function pipeline.require_destination(text) is
E'@behavior -*\nThe destination p_name. MB002, with the names that there are, when there is none of that name.';

revoke all on function pipeline.require_destination(text) from public;
grant execute on function pipeline.require_destination(text) to marketbase_worker;
--! EndIncluded pipeline/outbox/require_destination.sql
--! Included pipeline/outbox/retry_deliveries.sql
-- A person has mended a destination: what was given up is sent after all.
create or replace function pipeline.retry_deliveries(p_destination text default null) returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  perform pipeline.require_destination(p_destination) where p_destination is not null;
  update pipeline.outbox_delivery as delivery
  set attempts = 0, dead_at = null, next_attempt_at = clock_timestamp()
  where (p_destination is null or delivery.destination = p_destination)
    and delivery.delivered_at is null and (delivery.dead_at is not null or delivery.attempts > 0 and delivery.claimed_until is null);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function pipeline.retry_deliveries(text) is
'Has everything that p_destination (NULL: any destination) did not take sent again, now and in order, what was given up as well; the attempts are counted anew. Returns how many events that are. MB002 for an unknown destination.';

revoke all on function pipeline.retry_deliveries(text) from public;
grant execute on function pipeline.retry_deliveries(text) to marketbase_worker;
--! EndIncluded pipeline/outbox/retry_deliveries.sql
--! Included pipeline/outbox/settle_delivery.sql
-- What came of an attempt: delivered, to be sent again, or given up.
create or replace function pipeline.settle_delivery(
  p_event_id uuid,
  p_destination text,
  p_attempt integer,
  p_error text default null,
  p_is_final boolean default false,
  p_retry_after interval default null
) returns text
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_longest constant interval := '1 hour';
  -- Twice as long each time, between half and all of it at random, so that not all come back at once; never before the destination wants it.
  v_wait constant interval := case
    when p_retry_after is not null then p_retry_after + random() * least(p_retry_after / 10, interval '1 minute')
    else least(interval '10 seconds' * 2 ^ least(p_attempt - 1, 20), v_longest) * (0.5 + random() / 2)
  end;
  v_state text;
begin
  update pipeline.outbox_delivery as delivery
  set
    claimed_until = null,
    last_error = coalesce(left(p_error, 500), delivery.last_error),
    delivered_at = case when p_error is null then clock_timestamp() end,
    dead_at = case when p_error is not null and (p_is_final or p_attempt >= destination.max_attempts) then clock_timestamp() end,
    next_attempt_at = case when p_error is null then delivery.next_attempt_at else clock_timestamp() + v_wait end
  from pipeline.alert_destination as destination
  where delivery.event_id = p_event_id and delivery.destination = p_destination and delivery.attempts = p_attempt
    and delivery.delivered_at is null and delivery.dead_at is null
    and destination.name = delivery.destination
  returning case when delivery.delivered_at is not null then 'delivered' when delivery.dead_at is not null then 'dead' else 'waiting' end into v_state;
  return v_state;
end
$$;

comment on function pipeline.settle_delivery(uuid, text, integer, text, boolean, interval) is
'Settles attempt p_attempt of an event: delivered where p_error is NULL. Otherwise it waits, p_retry_after where the destination asked for it, else 10 seconds, twice as long each time up to an hour, and a random part less; it is dead, with the reason, after max_attempts of the destination or where another attempt makes no sense (p_is_final). Returns delivered, waiting or dead; NULL, and nothing changes, for an attempt that is not the last any more.';

revoke all on function pipeline.settle_delivery(uuid, text, integer, text, boolean, interval) from public;
grant execute on function pipeline.settle_delivery(uuid, text, integer, text, boolean, interval) to marketbase_worker;
--! EndIncluded pipeline/outbox/settle_delivery.sql
--! Included pipeline/outbox/take_deliveries.sql
-- A worker takes what is to be sent now: of each destination the first event that waits.
create or replace function pipeline.take_deliveries(p_destination text default null, p_lease interval default '30 seconds') returns setof pipeline.delivery
language sql volatile parallel unsafe
begin atomic
  with free as (
    -- Of two workers at once one has the destination: its events go one after the other.
    select destination.*
    from pipeline.alert_destination as destination
    where destination.is_active and (p_destination is null or destination.name = p_destination)
    for no key update skip locked
  ),
  head as (
    select first_waiting.event_id, free.name, free.kind, free.url, free.url_variable, free.secret_variable, free.is_internal
    from free
    cross join lateral (
      select delivery.event_id
      from pipeline.outbox_delivery as delivery
      where delivery.destination = free.name and delivery.delivered_at is null and delivery.dead_at is null
      order by delivery.position
      limit 1
    ) as first_waiting
  ),
  taken as (
    update pipeline.outbox_delivery as delivery
    set attempts = delivery.attempts + 1, claimed_until = clock_timestamp() + p_lease
    from head
    where delivery.event_id = head.event_id and delivery.destination = head.name
      and delivery.delivered_at is null and delivery.dead_at is null
      and delivery.next_attempt_at <= clock_timestamp()
      and (delivery.claimed_until is null or delivery.claimed_until < clock_timestamp())
    returning head.*, delivery.attempts
  )
  select
    taken.event_id, taken.name, taken.kind, taken.url, taken.url_variable, taken.secret_variable, taken.is_internal, taken.attempts,
    case taken.kind
      when 'openlineage' then event.payload
      else jsonb_build_object(
        'id', event.event_id, 'type', event.kind, 'timestamp', internal.iso_time(event.occurred_at),
        'subject', event.subject, 'severity', event.severity, 'data', event.payload
      )
    end::text
  from taken
  join pipeline.outbox_event as event on event.event_id = taken.event_id;
end;

comment on function pipeline.take_deliveries(text, interval) is
'What is to be sent now, to p_destination or to all (NULL): of each active destination the first event that waits, if its time has come and nobody has it in hand. It counts as an attempt and is this caller''s for p_lease; pipeline.settle_delivery says what came of it. What is not settled by then, because its worker was killed, is taken again.';

revoke all on function pipeline.take_deliveries(text, interval) from public;
grant execute on function pipeline.take_deliveries(text, interval) to marketbase_worker;
--! EndIncluded pipeline/outbox/take_deliveries.sql
--! Included pipeline/outbox/test_destination.sql
-- An event that tells nothing but that the way to a destination is open.
create or replace function pipeline.test_destination(p_name text) returns uuid
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_destination constant pipeline.alert_destination := pipeline.require_destination(p_name);
  v_key constant uuid := gen_random_uuid();
  v_payload constant jsonb := case v_destination.kind
    when 'openlineage' then jsonb_build_object(
      'eventType', 'OTHER', 'eventTime', internal.iso_time(clock_timestamp()), 'producer', 'urn:marketbase',
      'schemaURL', 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
      'run', jsonb_build_object('runId', v_key),
      'job', jsonb_build_object('namespace', pipeline.openlineage_namespace(), 'name', 'alerts.test'),
      'inputs', '[]'::jsonb, 'outputs', '[]'::jsonb
    )
    else jsonb_build_object('key', v_key, 'message', format('marketbase can reach %s', p_name))
  end;
  v_event_id constant uuid := internal.content_uuid(jsonb_build_array('test', p_name, v_payload)::text);
begin
  if not v_destination.is_active then
    raise exception using errcode = 'MB008', message = format('the destination "%s" is paused', p_name), hint = 'marketbase alerts resume lets it go on.';
  end if;
  insert into pipeline.outbox_event (event_id, kind, subject, severity, payload, occurred_at)
  values (v_event_id, 'test', p_name, 'info', v_payload, clock_timestamp());
  insert into pipeline.outbox_delivery (event_id, destination) values (v_event_id, p_name);
  return v_event_id;
end
$$;

comment on function pipeline.test_destination(text) is
'Queues an event of kind test for the destination p_name alone, behind what waits there, and returns its identity; for openlineage it is a RunEvent of type OTHER of the job alerts.test. MB002 for an unknown destination, MB008 for one that is paused.';

revoke all on function pipeline.test_destination(text) from public;
grant execute on function pipeline.test_destination(text) to marketbase_worker;
--! EndIncluded pipeline/outbox/test_destination.sql
--! Included pipeline/outbox/wanting_destinations.sql
-- Who wants to hear of an event.
create or replace function pipeline.wanting_destinations(p_kind text, p_severity text, p_rule text default null) returns setof text
language sql stable parallel safe
begin atomic
  select destination.name
  from pipeline.alert_destination as destination
  where destination.is_active
    and p_kind = any (destination.kinds)
    and (p_severity = any (destination.severities) or p_rule like any (destination.rules));
end;

comment on function pipeline.wanting_destinations(text, text, text) is
E'@behavior -*\nThe active destinations that get events of the kind p_kind and either the severity p_severity or, at whatever severity, the rule p_rule (NULL: no rule is concerned).';

revoke all on function pipeline.wanting_destinations(text, text, text) from public;
grant execute on function pipeline.wanting_destinations(text, text, text) to marketbase_worker;
--! EndIncluded pipeline/outbox/wanting_destinations.sql
--! Included pipeline/quarantine_candidates.sql
-- Rows of a body that fail a critical rule leave the candidates and wait in quarantine.
create or replace function pipeline.quarantine_candidates(p_run_id bigint, p_raw_response_id bigint) returns bigint
language sql volatile parallel unsafe
begin atomic
  with rejected as materialized (
    select rejected.row_no, rejected.rules, rejected.reason from quality.validate_candidates(p_run_id, p_raw_response_id) as rejected
  ),
  bar as (
    delete from ingest.candidate_bar candidate
    using rejected
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
    returning candidate.*, rejected.rules, rejected.reason
  ),
  fact as (
    delete from ingest.candidate_fact candidate
    using rejected
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
    returning candidate.*, rejected.rules, rejected.reason
  ),
  removed as (
    select
      'bars' as dataset, bar.row_no, bar.symbol, bar.instrument_id, bar.ts, bar.rules, bar.reason, bar.payload,
      jsonb_build_object(
        'symbol', bar.symbol, 'bar_interval', bar.bar_interval, 'ts', bar.ts, 'session_date', bar.session_date, 'open', bar.open, 'high', bar.high, 'low', bar.low,
        'close', bar.close, 'volume', bar.volume, 'adjusted_close', bar.adjusted_close
      ) as content
    from bar
    union all
    select
      'fundamentals', fact.row_no, instrument.symbol, fact.instrument_id, fact.period_end::timestamp at time zone 'UTC', fact.rules, fact.reason, fact.payload,
      to_jsonb(fact) - '{raw_response_id,row_no,payload,rules,reason}'::text[]
    from fact
    left join market.instrument on instrument.instrument_id = fact.instrument_id
  ),
  quarantined as (
    insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id)
    select
      p_raw_response_id, removed.dataset, removed.row_no, removed.symbol, removed.instrument_id, removed.ts, removed.rules,
      coalesce(removed.payload ->> 'problem', removed.reason), coalesce(removed.payload, removed.content), p_run_id
    from removed
    on conflict (raw_response_id, dataset, row_no) do nothing
  )
  select count(*) from removed;
end;

comment on function pipeline.quarantine_candidates(bigint, bigint) is
'Judges the candidates of the body p_raw_response_id by quality.validate_candidates and moves those that fail a critical rule into ingest.quarantine, in the run p_run_id. Gives their number. Errors: those of quality.validate_candidates.';

revoke all on function pipeline.quarantine_candidates(bigint, bigint) from public;
grant execute on function pipeline.quarantine_candidates(bigint, bigint) to marketbase_worker;
--! EndIncluded pipeline/quarantine_candidates.sql
--! Included pipeline/release_quarantined.sql
-- A person lets a row out of quarantine.
create or replace function pipeline.release_quarantined(p_quarantine_id bigint, p_by text, p_reason text) returns ingest.quarantine_release
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  refused ingest.quarantine;
  before ingest.quarantine_release;
  release_id bigint;
  accepted ingest.acceptance;
  result ingest.quarantine_release;
  broken text;
begin
  perform quality.require_decision(p_by, p_reason);
  select * into refused from ingest.quarantine where quarantine.quarantine_id = p_quarantine_id;
  if not found then
    raise exception using
      errcode = 'MB002',
      message = format('There is no row %s in quarantine.', coalesce(p_quarantine_id::text, 'NULL')),
      hint = 'ingest.quarantine lists them.';
  end if;
  -- Nobody reads or releases rows of this body meanwhile.
  perform pg_advisory_xact_lock(hashtextextended('ingest.normalisation ' || refused.raw_response_id, 0));
  select * into before from ingest.quarantine_release where quarantine_release.quarantine_id = p_quarantine_id;
  if found then
    raise exception using
      errcode = 'MB008',
      message = format('Row %s of the quarantine was released by %s: %s', p_quarantine_id, before.decided_by, before.reason),
      hint = 'A row is released once; what it says is stored.';
  end if;
  if refused.instrument_id is null or refused.ts is null or refused.dataset not in ('bars', 'fundamentals')
    or not refused.payload ?& (case refused.dataset when 'bars' then array['open', 'high', 'low', 'close', 'volume'] else array['concept', 'value'] end)
    or refused.payload ? 'problem'
  then
    raise exception using
      errcode = 'MB008',
      message = format('Row %s of the quarantine cannot be stored: %s', p_quarantine_id, refused.reason),
      hint = 'Only a bar or a fact that could be read, of a known instrument, can be released. Correct the body and import it.';
  end if;

  release_id := pipeline.start_run('ingest', 'release', null, jsonb_build_object('quarantine_id', p_quarantine_id, 'by', p_by, 'reason', p_reason));
  begin
    if refused.dataset = 'bars' then
      insert into ingest.candidate_bar (
        raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close
      )
      select
        refused.raw_response_id, refused.row_no, refused.symbol, refused.instrument_id, coalesce(bar.bar_interval, '1d'), refused.ts,
        coalesce(bar.session_date, (refused.ts at time zone 'UTC')::date), bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
      from jsonb_populate_record(null::ingest.candidate_bar, refused.payload) as bar;
      accepted := ingest.accept_bars(release_id, refused.raw_response_id);
      delete from ingest.candidate_bar candidate where candidate.raw_response_id = refused.raw_response_id;
    else
      insert into ingest.candidate_fact (
        raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession,
        filed, known_from
      )
      select
        refused.raw_response_id, refused.row_no, refused.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end,
        fact.value, fact.fiscal_year, fact.fiscal_period, fact.form, fact.accession, fact.filed, fact.known_from
      from jsonb_populate_record(null::ingest.candidate_fact, refused.payload) as fact;
      accepted := ingest.accept_facts(release_id, refused.raw_response_id);
      delete from ingest.candidate_fact candidate where candidate.raw_response_id = refused.raw_response_id;
    end if;
  exception
    when check_violation or not_null_violation then
      get stacked diagnostics broken = constraint_name;
      raise exception using
        errcode = 'MB008',
        message = format('Row %s of the quarantine cannot be stored: %s', p_quarantine_id, refused.reason),
        hint = format('No decision makes it fit into its table (%s). Correct the body and import it.', coalesce(nullif(broken, ''), 'a value is missing'));
  end;

  insert into ingest.quarantine_release (quarantine_id, decided_by, reason, new_count, changed_count, run_id)
  values (p_quarantine_id, p_by, p_reason, accepted.new_count, accepted.changed_count, release_id)
  returning * into result;

  -- What the rules found wrong about it is known now.
  perform quality.acknowledge(found.finding_ids, p_by, 'released from quarantine: ' || left(p_reason, 1900))
  from (
    select array_agg(distinct sighting.finding_id) as finding_ids
    from quality.validation_result
    join quality.validation_finding as finding using (validation_result_id, recorded_at)
    join quality.finding_sighting as sighting using (validation_finding_id, recorded_at)
    join quality.finding_states() as state using (finding_id)
    where validation_result.raw_response_id = refused.raw_response_id
      and validation_result.rule = any (refused.rules)
      and finding.instrument_id = refused.instrument_id
      and finding.ts = refused.ts
      and state.state <> 'resolved'
  ) as found
  where cardinality(found.finding_ids) > 0;

  perform pipeline.finish_run(
    release_id, 1, accepted.new_count + accepted.changed_count, jsonb_build_object('quarantine_id', p_quarantine_id),
    format('released by %s: %s', p_by, p_reason)
  );
  return result;
end
$$;

comment on function pipeline.release_quarantined(bigint, text, text) is
'Takes the row p_quarantine_id of ingest.quarantine in all the same: p_by is the person, p_reason why. It becomes a row, a version or, where a better provider or a newer body has the word, nothing, as any row of its body would have; its run is one of its own, with both in its parameters, and lineage.trace shows the release between the row and the body. The findings about it are acknowledged. All in one transaction.
Errors: MB001 without person or reason, MB002 for an unknown row, MB008 for one that was released, could not be read, has no instrument or does not fit into its table (prices that are no prices, high below low).';

revoke all on function pipeline.release_quarantined(bigint, text, text) from public;
grant execute on function pipeline.release_quarantined(bigint, text, text) to marketbase_worker;
--! EndIncluded pipeline/release_quarantined.sql
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
'Reads a landed body again in a run of its own and takes in what differs, as new rows and new versions known since the body arrived; returns the row of ingest.normalisation. Bars that the body no longer contains are taken back (ingest.withdraw_bars) when the owner calls; facts that it no longer contains stay. In a transaction that is rolled back
it tells what would change. MB001 when there is no such body.';

revoke all on function pipeline.replay_response(bigint) from public;
grant execute on function pipeline.replay_response(bigint) to marketbase_worker;
--! EndIncluded pipeline/replay_response.sql
--! Included pipeline/runs/block_run.sql
-- Closes a run that a gate held back.
create or replace function pipeline.block_run(p_run_id bigint, p_message text, p_summary jsonb default '{}') returns void
language sql volatile parallel unsafe
begin atomic
  update pipeline.pipeline_run
  set status = 'blocked', message = p_message, summary = p_summary, finished_at = clock_timestamp()
  where run_id = p_run_id and status = 'running';
end;

comment on function pipeline.block_run(bigint, text, jsonb) is
'Closes a running run as blocked: it did nothing, because findings held all of its work back. p_message names the rules and how many findings each has, p_summary is a JSON object. The steps after it go on. A run that is not running is left alone.';

revoke all on function pipeline.block_run(bigint, text, jsonb) from public;
grant execute on function pipeline.block_run(bigint, text, jsonb) to marketbase_worker;
--! EndIncluded pipeline/runs/block_run.sql
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
    when not ingest.is_time_zone(p_time_zone) then format('there is no time zone named "%s"', p_time_zone)
    when p_after_close is not null and not exists (select from market.exchange where exchange.mic = p_after_close) then format('there is no exchange "%s"', p_after_close)
  end;
begin
  if advice is not null then
    raise exception using errcode = 'MB001', message = advice, hint = 'marketbase schedule add --help has examples.';
  end if;
  perform ingest.require_provider(p_provider);
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
--! Included pipeline/stale/plan_features.sql
-- Cuts what has to be computed into pieces for the workers.
create or replace function pipeline.plan_features(p_run_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  held bigint[] := array(select held_back.instrument_id from quality.held_back where held_back.step = 'features');
  -- With more the sorting and the rows that triggers see would not stay in memory (work_mem); with fewer much of the time would go into planning.
  v_piece_bytes constant bigint := 20000000;
  pieces bigint;
begin
  perform feature.refresh_versions();

  with mark as materialized (
    select taken.instrument_id, taken.from_ts, taken.to_ts, null as source from pipeline.take_stale('feature', held) as taken
    union all
    select taken.instrument_id, taken.from_ts, taken.to_ts, 'fundamental' from pipeline.take_stale('fundamental_feature', held) as taken
    union all
    select taken.instrument_id, taken.from_ts, taken.to_ts, 'adjusted' from pipeline.take_stale('action_feature', held) as taken
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
  ), postponed as (
    -- What was planned for an instrument that is held back now waits as a mark.
    insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason)
    select distinct part.instrument_id, 'feature', coalesce(part.from_ts, '-infinity'), coalesce(part.to_ts, 'infinity'), 'planned and held back'
    from left_over
    cross join lateral unnest(left_over.instrument_ids, left_over.from_ts, left_over.to_ts) as part (instrument_id, from_ts, to_ts)
    where part.instrument_id = any (held)
    on conflict (instrument_id, consumer, from_ts, to_ts) do nothing
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
    where instrument.instrument_id <> all (held) and exists (
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
    where part.instrument_id <> all (held)
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
      merged.*, current_set.bar_interval, current_set.lookback, current_set.bytes_per_bar, v_piece_bytes / current_set.bytes_per_bar as bars_per_piece,
      (
        select count(*)
        from market.price_data as bar
        where bar.instrument_id = merged.instrument_id
          and bar.bar_interval = current_set.bar_interval
          and bar.ts between coalesce(merged.from_ts, '-infinity') and coalesce(merged.to_ts, 'infinity')
      ) as bars
    from merged
    join current_set using (feature_set_id)
  ), cut as (
    -- A series that is longer than a piece is cut, unless a value depends on all bars before it.
    select counted.feature_set_id, counted.instrument_id, counted.bytes_per_bar, part.from_ts, part.to_ts, part.bars
    from counted
    cross join lateral (
      select
        case when ordered.part = 0 then counted.from_ts else min(ordered.ts) end as from_ts,
        coalesce(lead(min(ordered.ts)) over (order by ordered.part) - interval '1 microsecond', counted.to_ts) as to_ts,
        count(*) as bars
      from (
        select bar.ts, div(row_number() over (order by bar.ts) - 1, counted.bars_per_piece) as part
        from market.price_data as bar
        where bar.instrument_id = counted.instrument_id
          and bar.bar_interval = counted.bar_interval
          and bar.ts between coalesce(counted.from_ts, '-infinity') and coalesce(counted.to_ts, 'infinity')
      ) as ordered
      group by ordered.part
    ) as part
    where counted.bars > counted.bars_per_piece and counted.lookback is not null
    union all
    select counted.feature_set_id, counted.instrument_id, counted.bytes_per_bar, counted.from_ts, counted.to_ts, counted.bars
    from counted
    where counted.bars <= counted.bars_per_piece or counted.lookback is null
  ), numbered as (
    select cut.*, div((sum(cut.bars) over before - cut.bars) * cut.bytes_per_bar, v_piece_bytes) as piece
    from cut
    window before as (partition by cut.feature_set_id order by cut.instrument_id, cut.from_ts nulls first)
  )
  insert into feature.computation_task (feature_set_id, instrument_ids, from_ts, to_ts, bars, run_id)
  select
    numbered.feature_set_id,
    array_agg(numbered.instrument_id order by numbered.instrument_id, numbered.from_ts nulls first),
    array_agg(numbered.from_ts order by numbered.instrument_id, numbered.from_ts nulls first),
    array_agg(numbered.to_ts order by numbered.instrument_id, numbered.from_ts nulls first),
    array_agg(numbered.bars order by numbered.instrument_id, numbered.from_ts nulls first),
    p_run_id
  from numbered
  group by numbered.feature_set_id, numbered.piece
  order by numbered.feature_set_id, numbered.piece;
  get diagnostics pieces = row_count;
  return pieces;
end
$$;

comment on function pipeline.plan_features(bigint) is
'Puts changed kernels into force, takes the marks of the consumers feature, fundamental_feature and action_feature out of pipeline.stale_range and writes into feature.computation_task, in pieces of about 20 MB of vectors (94,000 bars with 14 features, 15,000 with 158; a longer series is cut, unless a value depends on all bars before it), what every active set has to compute: the marked bars and those that look back on them, and everything of an instrument for which the version in force has no values yet.
p_run_id: run that asks for it. Gives the number of pieces. Sets that compare instruments are planned by pipeline.plan_cross_sections when their first stages are computed. Pieces that others planned and nobody has computed are planned again.
Instruments that quality.held_back names for the step features are not planned: their marks stay until they are released, corrected or acknowledged.
Errors: those of feature.refresh_versions.';

revoke all on function pipeline.plan_features(bigint) from public;
grant execute on function pipeline.plan_features(bigint) to marketbase_worker;
--! EndIncluded pipeline/stale/plan_features.sql
--! Included pipeline/stale/take_stale.sql
-- A consumer takes its marks away in the transaction in which it recomputes.
create or replace function pipeline.take_stale(p_consumer text, p_without bigint[] default '{}') returns setof pipeline.stale_range
language sql volatile parallel unsafe
begin atomic
  delete from pipeline.stale_range where consumer = p_consumer and instrument_id <> all (p_without) returning *;
end;

comment on function pipeline.take_stale(text, bigint[]) is
'Removes and returns the marks of p_consumer (quality, feature, fundamental_feature, action_feature, ml, portfolio or risk), but for those of the instruments p_without, which are left for later. When the transaction fails the marks stay.';

revoke all on function pipeline.take_stale(text, bigint[]) from public;
grant execute on function pipeline.take_stale(text, bigint[]) to marketbase_worker;
--! EndIncluded pipeline/stale/take_stale.sql
--! Included pipeline/steps/step_predict.sql
-- Step: predictions for new bars, and outcomes for those that have become known.
create or replace function pipeline.step_predict(p_run_id bigint) returns pipeline.step_outcome
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  held bigint[] := array(select held_back.instrument_id from quality.held_back where held_back.step = 'predict');
  predicted bigint;
  joined bigint;
begin
  select coalesce(sum(ml.predict(p_run_id, model.name, p_without => held)), 0) into predicted from ml.model model;
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
'Predicts with the current training run of every model, but not for instruments that quality.held_back names, then joins the outcomes that are known by now; see ml.predict and ml.join_outcomes.';

revoke all on function pipeline.step_predict(bigint) from public;
grant execute on function pipeline.step_predict(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_predict.sql
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

  -- A dataset that is judged as a whole is looked at each time.
  if work.instrument_ids is not null
    or exists (select from quality.rule_in_force r where r.expectation is not null and coalesce(r.parameters ->> 'group_by', '') <> 'instrument_id')
  then
    perform quality.validate(p_run_id, coalesce(work.instrument_ids, '{}'), nullif(work.from_ts, '-infinity'), quality.step_datasets(false));
  end if;
  outcome := pipeline.validation_outcome(p_run_id);
  return outcome;
end
$$;

comment on function pipeline.step_validate(bigint) is
'Applies the rules on what came in (quality.step_datasets) to the instruments whose data changed, from their first changed bar on, and in full where a rule is new or changed; see quality.pending_validation and quality.validate.';

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
  perform quality.validate(p_run_id, null, null, quality.step_datasets(true));
  outcome := pipeline.validation_outcome(p_run_id);
  return outcome;
end
$$;

comment on function pipeline.step_validate_derived(bigint) is
'Applies the rules on feature vectors, predictions and what else was computed (quality.step_datasets) to all that is there; see quality.validate.';

revoke all on function pipeline.step_validate_derived(bigint) from public;
grant execute on function pipeline.step_validate_derived(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_validate_derived.sql
--! Included portfolio/metrics/metrics_as_of.sql
-- The performance of a portfolio as it was stored at a moment.
create or replace function portfolio.metrics_as_of(p_metric text, p_as_of timestamptz) returns setof portfolio.performance_metric
language sql stable parallel safe
begin atomic
  select metric.*
  from portfolio.performance_metric as metric
  where metric.metric = p_metric and metric.recorded_at <= p_as_of
  union all
  select metric.*
  from lineage.row_change as change
  cross join lateral jsonb_populate_record(null::portfolio.performance_metric, change.row) as metric
  where change.relation = 'portfolio.performance_metric' and change.changed_at > p_as_of
    and metric.metric = p_metric and metric.recorded_at <= p_as_of;
end;

comment on function portfolio.metrics_as_of(text, timestamptz) is
'The rows of portfolio.performance_metric for p_metric (portfolio.metric_definition) as they were stored at p_as_of, whatever was computed again since (lineage.row_change). No row for NULL.';

revoke all on function portfolio.metrics_as_of(text, timestamptz) from public;
grant execute on function portfolio.metrics_as_of(text, timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded portfolio/metrics/metrics_as_of.sql
--! Included quality/anomalies/expect_metric.sql
-- Expectations of a daily figure by its own past.
create or replace function quality.expect_metric(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_metric constant text := p_parameters ->> 'metric';
  v_season constant text := coalesce(p_parameters ->> 'season', 'none');
  v_name constant text := p_parameters ->> 'column';
  v_baseline constant integer := coalesce((p_parameters ->> 'baseline')::numeric, 60);
  v_min_baseline constant integer := coalesce((p_parameters ->> 'min_baseline')::numeric, 10);
  v_mic constant text := coalesce(quote_literal(p_parameters ->> 'mic'), case when p_frame.is_by_instrument then 'instrument.mic' end);
  v_value text;
  v_column text;
begin
  if v_metric not in ('row_count', 'sum', 'mean', 'null_share', 'lag') then
    raise exception using errcode = 'MB001', message = format('There is no metric %s.', quote_literal(left(v_metric, 40))), hint = 'It is row_count, sum, mean, null_share or lag.';
  elsif v_season not in ('none', 'weekday', 'session') then
    raise exception using errcode = 'MB001', message = format('There is no season %s.', quote_literal(left(v_season, 40))), hint = 'It is none, weekday or session.';
  elsif v_metric <> 'row_count' and v_name is null then
    raise exception using errcode = 'MB001', message = format('The metric %s needs a column.', v_metric), hint = 'Name one.';
  elsif p_parameters ->> 'time_column' is null then
    raise exception using errcode = 'MB001', message = format('%s has no time by which it could be cut into days.', p_frame.relation), hint = 'Name a time_column.';
  elsif v_season = 'session' and v_mic is null then
    raise exception using errcode = 'MB001', message = 'There is no exchange whose sessions could be told apart.', hint = 'Give mic, or group by instrument_id.';
  elsif p_parameters ->> 'mic' is not null and not exists (select from market.exchange as exchange where exchange.mic = p_parameters ->> 'mic') then
    raise exception using errcode = 'MB002', message = format('There is no exchange %s.', quote_literal(left(p_parameters ->> 'mic', 20))), hint = 'select mic from market.exchange lists them.';
  elsif v_baseline < 1 or v_min_baseline < 1 or v_min_baseline > v_baseline then
    raise exception using errcode = 'MB001', message = format('A baseline of %s days, at least %s of them, is none.', v_baseline, v_min_baseline), hint = 'min_baseline lies between 1 and baseline.';
  end if;
  if v_metric in ('sum', 'mean') then
    v_column := quality.number_column(p_frame.relation, v_name);
  elsif v_name is not null then
    v_column := quality.dataset_column(p_frame.relation, v_name);
    if v_metric = 'lag' and quality.dataset_type(p_frame.relation, v_name) <> 'timestamptz'::regtype then
      raise exception using errcode = 'MB001', message = format('Column %s of %s is no time of arrival but %s.', v_name, p_frame.relation, quality.dataset_type(p_frame.relation, v_name)), hint = 'Name a column such as recorded_at.';
    end if;
  end if;
  v_value := case v_metric
    when 'row_count' then 'count(*)'
    when 'sum' then format('coalesce(sum(%s), 0)', v_column)
    when 'mean' then format('avg(%s)', v_column)
    when 'null_share' then format('count(*) filter (where %s is null)::double precision / count(*)', v_column)
    when 'lag' then format('max(extract(epoch from %s - d._ts))', v_column)
  end;
  return row(
    format(
      $sql$
      with found as (
        select d._group, (d._ts at time zone 'UTC')::date as day, (%1$s)::double precision as value, bool_or(d._masked) as is_masked
        from (%2$s) as d
        where d._ts is not null and isfinite(d._ts)
        group by d._group, (d._ts at time zone 'UTC')::date
      ),
      span as (
        select found._group, min(found.day) as first_day, max(found.day) as last_day from found group by found._group
      ),
      day as (
        select
          span._group, calendar.day, calendar.season,
          coalesce(found.is_masked, false) or %3$s as is_masked,
          case when not (coalesce(found.is_masked, false) or %3$s) then %4$s end as value
        from span
        %5$s
        left join found on found._group = span._group and found.day = calendar.day
      ),
      scored as (
        select
          day.*, day.day::timestamp at time zone 'UTC' as ts, day.day >= case when $2 > '-infinity' then ($2 at time zone 'UTC')::date else '-infinity' end as is_asked,
          array_agg(day.value) over (partition by day._group, day.season order by day.day rows between %6$s preceding and 1 preceding) as baseline
        from day
      )
      select
        %7$s as instrument_id, scored.ts, case when scored.is_asked then scored.ts end as from_ts, case when scored.is_asked then scored.ts end as to_ts,
        %8$s as key,
        jsonb_build_object(
          %9$L, scored.value, 'score', quality.robust_score(scored.value, scored.baseline),
          'usual', (select percentile_cont(0.5) within group (order by x) from unnest(scored.baseline) as x)
        ) as observed,
        case
          when scored.is_asked and not scored.is_masked and scored.value is not null
            and (select count(x) from unnest(scored.baseline) as x) >= %10$s
          then %11$s(quality.robust_score(scored.value, scored.baseline)) < %12$L::double precision
        end as is_expected,
        (scored.is_masked and scored.is_asked)::integer as masked_count
      from scored
      $sql$,
      v_value,
      p_frame.rows_sql,
      -- A day without rows does not say whose they would have been.
      coalesce(
        format(
          p_frame.incident_sql,
          case
            when p_frame.is_by_instrument then '(incident.instrument_id is null or incident.instrument_id = span._group)'
            when p_frame.group_by = 'provider' then 'incident.instrument_id is null and (incident.provider is null or incident.provider = span._group)'
            else 'incident.instrument_id is null and incident.provider is null'
          end || ' and found.day is null',
          '(calendar.day::timestamp at time zone ''UTC'')'
        ),
        'false'
      ),
      case when v_metric in ('row_count', 'sum') then 'coalesce(found.value, 0)' else 'found.value' end,
      case
        when v_mic is not null then format(
          '%s cross join lateral (select traded.day, %s as season from market.session_dates(%s, span.first_day, span.last_day) as traded (day) %s) as calendar',
          case when p_frame.is_by_instrument then 'join market.instrument as instrument on instrument.instrument_id = span._group' else '' end,
          case v_season when 'none' then '0' when 'weekday' then 'extract(isodow from traded.day)::integer' else 'coalesce(session.is_half_day, false)::integer' end,
          v_mic,
          case v_season when 'session' then format('left join market.trading_session as session on session.mic = %s and session.session_date = traded.day', v_mic) else '' end
        )
        else format(
          'cross join lateral (select span.first_day + n as day, %s as season from generate_series(0, span.last_day - span.first_day) as n) as calendar',
          case v_season when 'none' then '0' else 'extract(isodow from span.first_day + n)::integer' end
        )
      end,
      v_baseline,
      case when p_frame.is_by_instrument then 'scored._group' else 'null::bigint' end,
      case when p_frame.group_by is null or p_frame.is_by_instrument then 'jsonb_build_object(''day'', scored.day)' else format('jsonb_build_object(''day'', scored.day, %L, scored._group)', p_frame.group_by) end,
      concat_ws(' of ', v_metric, v_name),
      v_min_baseline,
      case when coalesce((p_parameters -> 'two_sided')::boolean, true) then 'abs' else '' end,
      p_parameters ->> 'max_score'
    ),
    p_frame.is_by_instrument,
    format('a %s less than %s robust deviations from the %s days before%s', concat_ws(' of ', v_metric, v_name), p_parameters ->> 'max_score', v_baseline,
      case v_season when 'weekday' then ' on the same day of the week' when 'session' then ' with the same kind of session' else '' end)
  );
end;
$$;

comment on function quality.expect_metric(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow metric_usual is checked in p_frame: the rows of each group are cut into days (UTC) of time_column, and the figure of a day is compared with those of the baseline days before it (default 60, at least min_baseline, default 10; the day itself is never among them) by quality.robust_score, which says what a past without any variance means: the same value again has the score 0, any other an infinite one.
metric: row_count, sum or mean of column, null_share of column, or lag (seconds from the time of a row to column, the largest of the day). Days are the sessions of the exchange of the instrument, or of mic; where there is neither, all from the first to the last. A day without rows has a row_count and a sum of 0 and no other figure.
season: weekday compares with the same day of the week, session half days with half days and full ones with full ones. A day with a row in a known incident, or without rows within one, is masked: neither judged nor part of a baseline. Errors: MB001 for parameters that do not fit, MB002 for an unknown exchange.';

revoke all on function quality.expect_metric(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_metric(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/anomalies/expect_metric.sql
--! Included quality/anomalies/record_incident.sql
-- Records a span of data that is known to be bad.
create or replace function quality.record_incident(
  p_dataset text,
  p_from timestamptz,
  p_to timestamptz,
  p_reason text,
  p_instrument_id bigint default null,
  p_provider text default null
)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_relation constant regclass := quality.dataset_relation(p_dataset);
  v_incident quality.known_incident;
begin
  if coalesce(trim(p_reason), '') = '' or p_from is null or p_to is null or p_to < p_from then
    raise exception using errcode = 'MB001',
      message = 'An incident has a first and a last time, in this order, and a reason.', hint = 'Say from when to when, and what happened.';
  elsif p_instrument_id is not null and quality.dataset_type(v_relation, 'instrument_id') is null
    or p_provider is not null and quality.dataset_type(v_relation, 'provider') is null
  then
    raise exception using errcode = 'MB001',
      message = format('%s does not say of which %s a row is.', v_relation, case when p_instrument_id is not null then 'instrument' else 'provider' end),
      hint = 'Leave it out: the incident then masks all rows of its time.';
  elsif p_instrument_id is not null and not exists (select from market.instrument as instrument where instrument.instrument_id = p_instrument_id) then
    raise exception using errcode = 'MB002', message = format('There is no instrument %s.', p_instrument_id), hint = 'select instrument_id, symbol from market.instrument lists them.';
  elsif p_provider is not null and not exists (select from ingest.provider as provider where provider.provider = p_provider) then
    raise exception using errcode = 'MB002', message = format('There is no provider %s.', quote_literal(left(p_provider, 80))), hint = 'select provider from ingest.provider lists them.';
  end if;
  insert into quality.known_incident (dataset, instrument_id, provider, from_ts, to_ts, reason)
  select relation.relname, p_instrument_id, p_provider, p_from, p_to, p_reason
  from pg_class as relation
  where relation.oid = v_relation
  returning * into v_incident;
  return v_incident;
end;
$$;

comment on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) is
'Records that the rows of p_dataset from p_from to p_to, both included, of the instrument p_instrument_id and the provider p_provider (NULL: all) are known to be bad, and why. From then on expectations do not judge them, and rules on metrics leave them out of what is usual. Errors: MB001 for a span or reason that is none or a dataset without the column, MB002 for an unknown instrument or provider, MB003 for an unknown dataset.';

revoke all on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) from public;
grant execute on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/anomalies/record_incident.sql
--! Included quality/anomalies/withdraw_incident.sql
-- Takes back that a span of data is known to be bad.
create or replace function quality.withdraw_incident(p_known_incident_id bigint)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_incident quality.known_incident;
begin
  update quality.known_incident
  set withdrawn_by = coalesce(nullif(current_setting('role'), 'none'), session_user), withdrawn_at = now()
  where known_incident_id = p_known_incident_id and withdrawn_at is null;
  select incident.* into v_incident from quality.known_incident as incident where incident.known_incident_id = p_known_incident_id;
  if not found then
    raise exception using errcode = 'MB002',
      message = format('There is no incident %s.', coalesce(p_known_incident_id::text, 'null')), hint = 'select known_incident_id, reason from quality.known_incident lists them.';
  end if;
  return v_incident;
end;
$$;

comment on function quality.withdraw_incident(bigint) is
'Takes back the incident p_known_incident_id: its rows are judged again. It stays on record with who withdrew it; withdrawing twice changes nothing. Errors: MB002 where there is none.';

revoke all on function quality.withdraw_incident(bigint) from public;
grant execute on function quality.withdraw_incident(bigint) to marketbase_worker, marketbase_author;
--! EndIncluded quality/anomalies/withdraw_incident.sql
--! Included quality/define_rule.sql
-- Registers a rule and puts its newest content in force.
-- security definer: an author may define rules but owns no table; what is written was checked, and a rule that is a function stays with the worker and the owner.
create or replace function quality.define_rule(
  p_rule text,
  p_dataset text,
  p_family text default 'custom',
  p_severity text default 'error',
  p_parameters jsonb default '{}',
  p_description text default null,
  p_remedy text default null,
  p_population text default null,
  p_expectation text default null,
  p_expression text default null
)
returns quality.validation_rule
language plpgsql
volatile
parallel unsafe
security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  v_expectation constant text := coalesce(p_expectation, case when p_expression is not null then 'condition' end);
  v_is_candidate constant boolean := p_dataset in ('candidate_bar', 'candidate_fact', 'raw_response');
  v_counts_itself constant boolean := v_is_candidate or p_dataset = 'feature_set';
  v_dataset text := p_dataset;
  v_parameters jsonb := p_parameters;
  v_population text := coalesce(p_population, p_dataset);
  v_signature text;
  v_bar_signature constant text := format('quality.rule_%s(quality.judged_bar, jsonb)', p_rule);
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
  elsif p_severity is null or p_severity not in ('critical', 'error', 'warning', 'info') then
    raise exception using errcode = 'MB001',
      message = format('%s is not a severity.', coalesce(quote_literal(left(p_severity, 40)), 'null')), hint = 'It is critical, error, warning or info.';
  elsif coalesce(trim(p_description), '') = '' or coalesce(trim(p_remedy), '') = '' then
    raise exception using errcode = 'MB001',
      message = format('Rule %s has no %s.', p_rule, case when coalesce(trim(p_description), '') = '' then 'description' else 'remedy' end),
      hint = 'Say what it means when the rule fails (description) and what to do then (remedy).';
  end if;
  perform quality.refuse_other_kind(p_rule, v_expectation is not null);

  if v_expectation is not null then
    if p_population is not null then
      raise exception using errcode = 'MB001', message = 'An expectation counts for itself and has no population.', hint = 'Leave the population out.';
    elsif p_expression is not null then
      if v_expectation <> 'condition' then
        raise exception using errcode = 'MB001', message = format('%s takes no expression.', v_expectation), hint = 'Give either an expression or an expectation.';
      end if;
      v_parameters := jsonb_build_object('expression', p_expression) || v_parameters;
    end if;
    v_parameters := quality.check_expectation(p_dataset, v_expectation, v_parameters);
    select relation.relname into v_dataset from pg_class as relation where relation.oid = quality.dataset_relation(p_dataset);
    v_population := v_dataset;
    select format('quality.expect_%s(quality.expectation_frame, text, jsonb)', known.family) into v_signature
    from quality.expectation as known
    where known.expectation = v_expectation;
    v_function := v_signature::regprocedure;
  else
    v_signature := format(
      'quality.rule_%s(%s)',
      p_rule,
      case
        when v_is_candidate then 'bigint, jsonb'
        when p_dataset = 'feature_set' then 'text, jsonb'
        else 'bigint[], timestamp with time zone, timestamp with time zone, jsonb'
      end
    );
    v_function := coalesce(case when p_dataset = 'price_data' then to_regprocedure(v_bar_signature) end, to_regprocedure(v_signature));
    if v_function is null then
      raise exception using errcode = 'MB003',
        message = format('Rule %s has no function %s.', p_rule, v_signature),
        hint = 'Create the function first (sql-functions/quality/README.md shows one), or give an expectation or an expression.';
    end if;
    if not v_counts_itself then
      v_counter := to_regprocedure(v_counter_signature);
      if v_counter is null then
        raise exception using errcode = 'MB003',
          message = format('Rule %s has no population: there is no function %s.', p_rule, v_counter_signature),
          hint = 'Name one of sql-functions/quality/populations.';
      end if;
    elsif v_population <> p_dataset then
      raise exception using errcode = 'MB001',
        message = format('The population of rule %s can only be %s.', p_rule, p_dataset),
        hint = 'Leave the population out for a rule on candidates or on sets.';
    end if;
  end if;

  v_version := left(encode(sha256(convert_to(
    (
      jsonb_build_array(
        quality.rule_definitions(v_function)
          || case when v_function = to_regprocedure(v_bar_signature)
            then quality.rule_definitions('quality.judged_bars(bigint[], timestamp with time zone, timestamp with time zone)')
          end,
        quality.rule_definitions(v_counter),
        v_dataset, p_family, p_severity, v_parameters, v_population, p_description, p_remedy
      ) || case when v_expectation is not null then jsonb_build_array(v_expectation) else '[]' end
    )::text, 'UTF8')), 'hex'), 12);

  -- One definition of a rule at a time: two sessions that replay the files must not both activate it.
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));

  insert into quality.validation_rule (
    rule, version, dataset, family, severity, parameters, population, function_name, description, remedy, expectation
  )
  values (
    p_rule, v_version, v_dataset, p_family, p_severity, v_parameters, v_population,
    split_part(v_signature, '(', 1), p_description, p_remedy, v_expectation
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

comment on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) is
'Registers the rule p_rule and puts it in force. Content decides: what is registered already changes nothing; a changed function (or a function of this schema that it calls), severity, parameter or wording is a new version; an earlier content that returns is its earlier version again.
Without p_expectation and p_expression the rule is the function quality.rule_<p_rule>, which must exist. p_dataset is then candidate_bar, candidate_fact or, for bodies as a whole, raw_response (function of (raw_response_id bigint, parameters jsonb)); price_data, company_fundamental, feature_vector, model_prediction or online_vector (function of (instrument_ids bigint[], from timestamptz, to timestamptz, parameters jsonb), for price_data better of (bar quality.judged_bar, parameters jsonb), which gives one quality.violation or NULL); feature_set (function of (set text, parameters jsonb), which gives a quality.set_verdict and is asked by quality.validate_set). p_population: which quality.population_<name> counts the rows that the rule looks at; by default that of the dataset. Only the worker and the owner may define such a rule.
With p_expectation it is one of quality.expectation on any table or view p_dataset that readers may read; with p_expression a condition on its columns, such as close between low and high (quality.compile_condition). An author may define it: select quality.define_rule(''close_band'', ''price_data'', p_expectation => ''values_between'', p_parameters => ''{"column": "close", "min": 0.01}'', p_severity => ''warning'', p_description => …, p_remedy => …).
p_family: a word by which rules are found; custom unless said. p_severity: critical (a candidate is quarantined), error, warning or info. p_parameters: thresholds, a JSON object; max_findings (default 1000) limits the stored findings of one result. p_description: what it means when the rule fails. p_remedy: what to do then.
Errors: MB001 for a name, severity, parameter or expression that is none or a population that does not fit, MB003 where the function, population, dataset or expectation does not exist, MB008 for a name that belongs to a rule of the other kind, 42501 where an author defines a rule that is a function.';

revoke all on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) from public;
grant execute on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/define_rule.sql
--! Included quality/expectations/acting_role.sql
-- The role for which a statement runs, whoever owns the function that asks.
create or replace function quality.acting_role()
returns text
language sql
stable
parallel safe
return coalesce(nullif(current_setting('role'), 'none'), session_user::text);

comment on function quality.acting_role() is
E'@behavior -*\nThe role that was set, or else the one that logged in: within a function with the rights of its owner too, where current_user is the owner.';

revoke all on function quality.acting_role() from public;
grant execute on function quality.acting_role() to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/acting_role.sql
--! Included quality/expectations/between_sql.sql
-- A condition on a value by the parameters min, max, strict_min, strict_max and tolerance.
create or replace function quality.between_sql(p_value text, p_type regtype, p_parameters jsonb)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_tolerance constant text := quote_literal(p_parameters ->> 'tolerance') || '::numeric';
  v_min text;
  v_max text;
begin
  if coalesce(p_parameters ->> 'min', p_parameters ->> 'max') is null then
    raise exception using errcode = 'MB001', message = 'Neither min nor max is given.', hint = 'Give one of them, or both.';
  elsif v_tolerance is not null and (select type.typcategory from pg_type as type where type.oid = p_type) <> 'N' then
    raise exception using errcode = 'MB001',
      message = format('A tolerance is a number and cannot be added to a value of type %s.', p_type), hint = 'Leave the tolerance out.';
  end if;
  if p_parameters ->> 'min' is not null then
    v_min := format(
      '%s %s %s%s', p_value, case when (p_parameters -> 'strict_min')::boolean then '>' else '>=' end,
      quality.typed_literal(p_parameters -> 'min', p_type), ' - ' || v_tolerance
    );
  end if;
  if p_parameters ->> 'max' is not null then
    v_max := format(
      '%s %s %s%s', p_value, case when (p_parameters -> 'strict_max')::boolean then '<' else '<=' end,
      quality.typed_literal(p_parameters -> 'max', p_type), ' + ' || v_tolerance
    );
  end if;
  return format('(%s)', concat_ws(' and ', v_min, v_max));
end;
$$;

comment on function quality.between_sql(text, regtype, jsonb) is
E'@behavior -*\nThe condition that the SQL expression p_value, of type p_type, lies between the min and the max of p_parameters, both included unless strict_min or strict_max; tolerance widens both sides. Errors: MB001 where both are missing or do not fit the type.';

revoke all on function quality.between_sql(text, regtype, jsonb) from public;
grant execute on function quality.between_sql(text, regtype, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/between_sql.sql
--! Included quality/expectations/between_words.sql
-- What the parameters min, max, strict_min, strict_max and tolerance say, in words.
create or replace function quality.between_words(p_parameters jsonb)
returns text
language sql
immutable
parallel safe
return concat_ws(
  ' and ',
  case when (p_parameters -> 'strict_min')::boolean then 'more than ' else 'at least ' end || (p_parameters ->> 'min'),
  case when (p_parameters -> 'strict_max')::boolean then 'less than ' else 'at most ' end || (p_parameters ->> 'max')
) || coalesce(', give or take ' || (p_parameters ->> 'tolerance'), '');

comment on function quality.between_words(jsonb) is
E'@behavior -*\nThe min, max and tolerance of p_parameters in words, as: at least 1 and less than 5.';

revoke all on function quality.between_words(jsonb) from public;
grant execute on function quality.between_words(jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/between_words.sql
--! Included quality/expectations/check_expectation.sql
-- Checks an expectation before it becomes a rule.
create or replace function quality.check_expectation(p_dataset text, p_expectation text, p_parameters jsonb)
returns jsonb
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_parameters constant jsonb := quality.check_parameters(p_dataset, p_expectation, p_parameters);
  v_level text;
begin
  foreach v_level in array array['fail', 'warn'] loop
    -- PostgreSQL plans the query, so that grammar, types and operators are right, and is asked for no row of it.
    execute format(
      'select from (%s) as judged where judged.is_expected limit 0',
      (quality.expectation_plan(p_dataset, p_expectation, v_parameters - array['warn', 'fail'] || coalesce(nullif(v_parameters -> v_level, 'null'), '{}'))).source_sql
    )
    using '{}'::bigint[], 'infinity'::timestamptz;
  end loop;
  return v_parameters;
exception
  when query_canceled then
    raise;
  when syntax_error_or_access_rule_violation or data_exception then
    raise exception using errcode = 'MB001',
      message = format('%s cannot be expected of %s like this: %s', p_expectation, p_dataset, sqlerrm),
      hint = 'Look at the expression, and whether the parameters fit the types of the columns.';
end;
$$;

comment on function quality.check_expectation(text, text, jsonb) is
'The parameters p_parameters of p_expectation on p_dataset, complete (quality.check_parameters), after PostgreSQL has found the query of both levels right. Errors: MB001 and MB003 with what is wrong.';

revoke all on function quality.check_expectation(text, text, jsonb) from public;
grant execute on function quality.check_expectation(text, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/check_expectation.sql
--! Included quality/expectations/compile_condition.sql
-- Reads a condition on a row and writes it again with nothing in it but columns, literals and operations on them.
create or replace function quality.compile_condition(p_condition text, p_relation regclass)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- PostgreSQL reads the grammar; this reads the words. There is no select, table, values, with, array or dot among them, so that no query, table or other
  -- schema can be named, and no function but these, none of which reads, writes, waits or allocates more than it is given.
  c_words constant text[] := string_to_array(
    'and or not is null true false unknown between symmetric in like ilike similar to escape distinct from case when then else end at time zone '
    'current_date current_timestamp year month day hour minute second isodow doy quarter epoch', ' ');
  c_types constant text[] := string_to_array('date timestamp timestamptz time interval numeric integer int bigint double precision real text boolean', ' ');
  c_functions constant text[] := string_to_array(
    'abs sign sqrt exp ln log floor ceil ceiling round trunc power mod greatest least coalesce nullif length char_length lower upper btrim ltrim rtrim '
    'left right substr strpos starts_with extract date_part date_trunc make_date isfinite num_nulls num_nonnulls jsonb_typeof cardinality', ' ');
  c_token constant text := '^(\s+|''(?:[^'']|'''')*''|"(?:[^"]|"")+"|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|::|<=|>=|<>|!=|!~\*|!~|~\*|\|\||->>|->|[-~<>=+*/%^(),])';
  v_rest text := p_condition;
  v_token text;
  v_word text;
  v_before text := '';
  v_depth integer := 0;
  v_sql text := '';
  v_written text;
begin
  if p_condition is null or trim(p_condition) = '' or length(p_condition) > 4000 then
    raise exception using errcode = 'MB001',
      message = 'A condition has between 1 and 4000 characters.', hint = 'Write one such as close between low and high.';
  end if;
  while v_rest <> '' loop
    v_token := (regexp_match(v_rest, c_token))[1];
    if v_token is null then
      raise exception using errcode = 'MB001',
        message = format('The condition cannot be read from here on: %s', left(v_rest, 40)),
        hint = 'It may have columns, numbers, ''texts'', operators and the functions that sql-functions/quality/expectations/README.md lists.';
    end if;
    v_rest := substr(v_rest, length(v_token) + 1);
    continue when v_token ~ '^\s';
    v_word := lower(v_token);
    if v_token ~ '^[A-Za-z_]' then
      if v_rest ~ '^\s*\(' and v_before <> '::' and v_word = any (c_functions) then
        v_written := v_word;
      elsif v_before = '::' or v_word = any (c_types) and (v_rest ~ '^\s*''' or v_before = 'double') then
        if v_word <> all (c_types) then
          raise exception using errcode = 'MB001',
            message = format('%s is not a type that a condition may use.', left(v_token, 60)), hint = format('Use one of %s.', array_to_string(c_types, ', '));
        end if;
        v_written := v_word;
      elsif v_rest !~ '^\s*\(' and quality.dataset_type(p_relation, v_word) is not null and v_word <> all (c_words) then
        v_written := quality.dataset_column(p_relation, v_word);
      elsif v_word = any (c_words) then
        v_written := v_word;
      elsif v_rest ~ '^\s*\(' then
        raise exception using errcode = 'MB001',
          message = format('%s is not a function that a condition may use.', left(v_token, 60)), hint = format('Use one of %s.', array_to_string(c_functions, ', '));
      else
        v_written := quality.dataset_column(p_relation, v_token);
      end if;
    elsif v_token like '"%' then
      v_written := quality.dataset_column(p_relation, replace(substr(v_token, 2, length(v_token) - 2), '""', '"'));
    elsif v_token like '''%' then
      v_written := quote_literal(replace(substr(v_token, 2, length(v_token) - 2), '''''', ''''));
    else
      v_written := v_token;
      v_depth := v_depth + case v_token when '(' then 1 when ')' then -1 else 0 end;
      if v_depth < 0 or v_depth = 0 and v_token = ',' then
        raise exception using errcode = 'MB001',
          message = format('A %s stands outside of parentheses: %s', case v_token when ',' then 'comma' else 'closing parenthesis' end, left(v_token || v_rest, 40)),
          hint = 'Write one condition; join several by and.';
      end if;
    end if;
    -- A blank between any two tokens: no comment and no other operator can come of them.
    v_sql := concat_ws(' ', nullif(v_sql, ''), v_written);
    v_before := v_word;
  end loop;
  if v_depth > 0 then
    raise exception using errcode = 'MB001', message = 'A parenthesis of the condition is not closed.', hint = 'Close it.';
  end if;
  return format('( %s )', v_sql);
end;
$$;

comment on function quality.compile_condition(text, regclass) is
E'@behavior -*\nThe condition p_condition on a row d of p_relation, written again from its tokens: columns of the dataset, numbers, texts, operators, the words of comparisons and case, a list of functions and types that compute and do nothing else. What is not on the list is refused, so that a condition can read no other table, call nothing and change nothing, whoever runs it.
Whether the grammar is right and the result true or false is left to PostgreSQL, which is asked when the rule is defined. Errors: MB001 with what is not allowed.';

revoke all on function quality.compile_condition(text, regclass) from public;
grant execute on function quality.compile_condition(text, regclass) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/compile_condition.sql
--! Included quality/expectations/dataset_column.sql
-- A column of a dataset, as SQL.
create or replace function quality.dataset_column(p_relation regclass, p_column text)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if quality.dataset_type(p_relation, p_column) is null then
    raise exception using errcode = 'MB001',
      message = format('%s has no column %s.', p_relation, coalesce(quote_literal(left(p_column, 80)), 'null')),
      hint = (
        select format('It has %s.', string_agg(attribute.attname, ', ' order by attribute.attnum))
        from pg_attribute as attribute
        where attribute.attrelid = p_relation and attribute.attnum > 0 and not attribute.attisdropped
      );
  end if;
  return format('d.%I', p_column);
end;
$$;

comment on function quality.dataset_column(regclass, text) is
E'@behavior -*\nThe column p_column of a row d of p_relation, quoted. Errors: MB001 where there is none.';

revoke all on function quality.dataset_column(regclass, text) from public;
grant execute on function quality.dataset_column(regclass, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/dataset_column.sql
--! Included quality/expectations/dataset_relation.sql
-- The table or view of a name, where readers may read it.
create or replace function quality.dataset_relation(p_dataset text)
returns regclass
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_found regclass[];
begin
  select array_agg(relation.oid::regclass order by relation.oid)
  into v_found
  from pg_class as relation
  where p_dataset in (relation.relname, relation.relnamespace::regnamespace || '.' || relation.relname)
    and relation.relkind in ('r', 'p', 'v')
    and not relation.relispartition
    and relation.relnamespace::regnamespace::text in ('market', 'ingest', 'feature', 'quality', 'pipeline', 'lineage', 'portfolio', 'risk', 'ml', 'search')
    -- Everybody may read what a rule finds, so that it may look only at what everybody may read.
    and has_table_privilege('marketbase_reader', relation.oid, 'select');
  if cardinality(v_found) = 1 then
    return v_found[1];
  elsif v_found is not null then
    raise exception using errcode = 'MB001',
      message = format('%s is the name of several tables.', p_dataset), hint = format('Name one of %s.', array_to_string(v_found, ', '));
  end if;
  raise exception using errcode = 'MB003',
    message = format('There is no table or view %s that readers may read.', coalesce(quote_literal(left(p_dataset, 80)), 'null')),
    hint = 'Name it as price_data or market.price_data.';
end;
$$;

comment on function quality.dataset_relation(text) is
E'@behavior -*\nThe table or view p_dataset, named with or without its schema, that marketbase_reader may read. Errors: MB003 where there is none, MB001 where the name is that of several.';

revoke all on function quality.dataset_relation(text) from public;
grant execute on function quality.dataset_relation(text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/dataset_relation.sql
--! Included quality/expectations/dataset_type.sql
-- The type of a column of a dataset.
create or replace function quality.dataset_type(p_relation regclass, p_column text)
returns regtype
language sql
stable
parallel safe
begin atomic
  select attribute.atttypid::regtype
  from pg_attribute as attribute
  where attribute.attrelid = p_relation and attribute.attname = p_column and attribute.attnum > 0 and not attribute.attisdropped;
end;

comment on function quality.dataset_type(regclass, text) is
E'@behavior -*\nThe type of the column p_column of p_relation; NULL where there is no such column.';

revoke all on function quality.dataset_type(regclass, text) from public;
grant execute on function quality.dataset_type(regclass, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/dataset_type.sql
--! Included quality/expectations/expect_distribution.sql
-- Expectations of the distribution of a column.
create or replace function quality.expect_distribution(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_name constant text := coalesce(p_parameters ->> 'column', p_parameters -> 'columns' ->> 0);
  v_column text := quality.dataset_column(p_frame.relation, v_name);
  v_type constant regtype := quality.dataset_type(p_frame.relation, v_name);
  v_set text;
  v_other text;
  v_cells text[];
  v_weights text;
  v_frame quality.expectation_frame := p_frame;
begin
  if p_expectation = 'cramers_phi_below' then
    if jsonb_array_length(p_parameters -> 'columns') <> 2 then
      raise exception using errcode = 'MB001', message = 'cramers_phi_below takes two columns.', hint = 'Name two.';
    end if;
    v_other := quality.dataset_column(p_frame.relation, p_parameters -> 'columns' ->> 1);
    v_frame.rows_sql := format(
      'select d.*, count(*) over (%3$s, %1$s, %2$s) as _both, count(*) over (%3$s, %1$s) as _one, count(*) over (%3$s, %2$s) as _two from (%4$s) as d',
      v_column, v_other, format('partition by d._group, d._masked, num_nulls(%s, %s) = 0', v_column, v_other), p_frame.rows_sql
    );
    return row(
      quality.figure_source(
        v_frame,
        format(
          'case when least(count(distinct %1$s) %3$s, count(distinct %2$s) %3$s) > 1 then '
          'sqrt(greatest(sum(d._both::double precision / (d._one * d._two)) %3$s - 1, 0) / (least(count(distinct %1$s) %3$s, count(distinct %2$s) %3$s) - 1)) end as _value',
          v_column, v_other, format('filter (where not d._masked and num_nulls(%s, %s) = 0)', v_column, v_other)
        ),
        'jsonb_build_object(''phi'', f._value)', format('f._value <= %L::double precision', p_parameters ->> 'max_phi')
      ),
      p_frame.is_by_instrument,
      format('a Cramer phi of %s and %s of at most %s', v_name, p_parameters -> 'columns' ->> 1, p_parameters ->> 'max_phi')
    );

  elsif p_expectation = 'kl_divergence_below' then
    if p_parameters ->> 'values' is null = (p_parameters ->> 'bins' is null) then
      raise exception using errcode = 'MB001', message = 'kl_divergence_below takes either values or bins.', hint = 'Values are counted as they are, bins are the limits of intervals.';
    elsif jsonb_path_exists(p_parameters -> 'weights', '$[*] ? (@.type() != "number" || @ < 0)')
      or jsonb_array_length(p_parameters -> 'weights') <> jsonb_array_length(coalesce(p_parameters -> 'values', p_parameters -> 'bins')) - (p_parameters ? 'bins')::integer
    then
      raise exception using errcode = 'MB001',
        message = 'weights is not a list with a number for each of the values, or for each interval between two bins.', hint = 'Give as many weights as values, or one less than bins.';
    end if;
    if p_parameters ? 'values' then
      v_cells := array(
        select format('%s = %s', v_column, quality.typed_literal(listed.value, v_type))
        from jsonb_array_elements(p_parameters -> 'values') with ordinality as listed (value, position) order by listed.position
      );
    else
      perform quality.number_column(p_frame.relation, v_name);
      v_cells := array(
        select format(
          '%1$s >= %2$s and %1$s %4$s %3$s', v_column, quality.typed_literal(bin.value, v_type), quality.typed_literal(bin.next, v_type), case when bin.is_last then '<=' else '<' end
        )
        from (
          select listed.value, lead(listed.value) over by_position as next, lead(listed.value, 2) over by_position is null as is_last, listed.position
          from jsonb_array_elements(p_parameters -> 'bins') with ordinality as listed (value, position)
          window by_position as (order by listed.position)
        ) as bin
        where bin.next is not null
        order by bin.position
      );
    end if;
    -- What is in no cell is one more, without a weight.
    v_cells := v_cells || format('not (%s)', array_to_string(v_cells, ' or '));
    select string_agg(weight.value, ', ' order by weight.position) into v_weights
    from jsonb_array_elements_text(p_parameters -> 'weights') with ordinality as weight (value, position);
    return row(
      quality.figure_source(
        p_frame,
        format('quality.kl_divergence(array[%s], array[%s, 0]::double precision[]) as _value',
          (select string_agg(format('count(*) filter (where not d._masked and (%s))', cell.condition), ', ' order by cell.position) from unnest(v_cells) with ordinality as cell (condition, position)),
          v_weights),
        'jsonb_build_object(''divergence'', f._value)', format('f._value <= %L::double precision', p_parameters ->> 'max_divergence')
      ),
      p_frame.is_by_instrument, format('a distribution of %s that diverges by at most %s', v_name, p_parameters ->> 'max_divergence')
    );
  end if;

  -- Both sides are of one type, so that they can be compared as arrays.
  v_set := format('%s::text[]', quality.typed_array(p_parameters -> 'values', v_type));
  if p_expectation = 'most_common_in_set' then
    v_frame.rows_sql := format(
      'select d.*, max(d._count) over (partition by d._group, d._masked) as _most from (select d.*, case when %1$s is not null then count(*) over (partition by d._group, d._masked, %1$s) end as _count from (%2$s) as d) as d',
      v_column, p_frame.rows_sql
    );
  end if;
  v_column := case when v_type in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then v_column || '::numeric::text' else v_column || '::text' end;
  return row(
    quality.figure_source(
      v_frame,
      format(
        'array_agg(distinct %1$s) filter (where not d._masked and %1$s is not null%2$s) as _values', v_column,
        case p_expectation when 'most_common_in_set' then ' and d._count = d._most' else '' end
      ),
      format(
        'jsonb_build_object(''unexpected'', to_jsonb(array(select value from unnest(f._values) as value where value <> all (%1$s) order by value limit 20)), '
        '''missing'', to_jsonb(array(select value from unnest(%1$s) as value where value <> all (f._values) order by value limit 20)))', v_set
      ),
      format(
        case
          when p_expectation = 'distinct_contain_set' then 'f._values @> %1$s'
          when p_expectation = 'distinct_equal_set' then 'f._values @> %1$s and f._values <@ %1$s'
          when (p_parameters -> 'ties_okay')::boolean then 'f._values && %1$s'
          else 'f._values <@ %1$s'
        end, v_set
      )
    ),
    p_frame.is_by_instrument,
    format(
      case p_expectation
        when 'most_common_in_set' then 'the most common value of %s one of %s'
        when 'distinct_in_set' then 'all values of %s among %s'
        when 'distinct_contain_set' then 'among the values of %s each of %s'
        else 'as values of %s all of %s and no other'
      end, v_name, left(p_parameters ->> 'values', 200)
    )
  );
end;
$$;

comment on function quality.expect_distribution(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family distribution of quality.expectation are checked in p_frame. The last of the intervals between bins includes its end; a value in no cell makes the divergence infinite; weights are scaled to a sum of 1. Cramér''s phi is the root of chi squared / n / (smaller number of values - 1), without a correction; it is not judged where a column has one value alone. Errors: MB001 for parameters that do not fit.';

revoke all on function quality.expect_distribution(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_distribution(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expect_distribution.sql
--! Included quality/expectations/expect_figure.sql
-- Expectations of a figure of a group of rows.
create or replace function quality.expect_figure(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_judged constant text := 'filter (where d._exists and not d._masked)';
  v_name constant text := p_parameters ->> 'column';
  v_figure constant text := regexp_replace(p_expectation, '_(between|equals)$', '');
  v_column text;
  v_type regtype := 'double precision';
  v_sql text;
  v_label constant text := concat_ws(' of ', replace(v_figure, '_', ' ') || coalesce(' ' || (p_parameters ->> 'quantile'), ''), v_name);
  v_other quality.expectation_frame;
  v_other_count text;
  v_is_grouped boolean;
begin
  if v_figure in ('mean', 'median', 'quantile', 'stdev', 'sum') then
    v_column := quality.number_column(p_frame.relation, v_name);
  elsif v_name is not null then
    v_column := quality.dataset_column(p_frame.relation, v_name);
  end if;
  if v_figure = 'quantile' and (p_parameters -> 'quantile')::numeric not between 0 and 1 then
    raise exception using errcode = 'MB001', message = format('The quantile is %s.', p_parameters ->> 'quantile'), hint = 'It lies between 0 and 1.';
  end if;
  case v_figure
    when 'min', 'max' then
      v_type := quality.dataset_type(p_frame.relation, v_name);
      v_sql := format('%s(%s) %s', v_figure, v_column, c_judged);
    when 'mean' then v_sql := format('avg(%s) %s', v_column, c_judged);
    when 'stdev' then v_sql := format('stddev_samp(%s) %s', v_column, c_judged);
    when 'sum' then v_sql := format('sum(%s) %s', v_column, c_judged);
    when 'median' then v_sql := format('percentile_cont(0.5) within group (order by %s::double precision) %s', v_column, c_judged);
    when 'quantile' then v_sql := format('percentile_cont(%L) within group (order by %s::double precision) %s', p_parameters ->> 'quantile', v_column, c_judged);
    when 'unique_count' then v_sql := format('nullif(count(distinct %s) %s, 0)', v_column, c_judged);
    when 'unique_share' then v_sql := format('count(distinct %1$s) %2$s::double precision / nullif(count(%1$s) %2$s, 0)', v_column, c_judged);
    when 'non_null_share' then v_sql := format('count(%s) %s::double precision / nullif(count(*) %s, 0)', v_column, c_judged, c_judged);
    -- No rows are a count like another, unless a known incident took them all.
    when 'row_count' then v_sql := format('case when count(*) %1$s > 0 or count(*) filter (where d._masked) = 0 then count(*) %1$s end', c_judged);
  end case;

  if p_expectation = 'row_count_equals' then
    v_is_grouped := quality.dataset_type(quality.dataset_relation(p_parameters ->> 'other_dataset'), p_frame.group_by) is not null;
    v_other := quality.expectation_frame(
      p_parameters ->> 'other_dataset', jsonb_build_object('group_by', case when v_is_grouped then p_frame.group_by end), true
    );
    v_other_count := format('(select count(*) from (%s) as other%s)', v_other.rows_sql, case when v_is_grouped then ' where other._group = f._group' else '' end);
    return row(
      quality.figure_source(
        p_frame, v_sql || ' as _value', format('jsonb_build_object(''rows'', f._value, ''other'', %s)', v_other_count),
        format('abs(f._value - %s) <= %L::numeric', v_other_count, coalesce(p_parameters ->> 'tolerance', '0'))
      ),
      p_frame.is_by_instrument, format('as many rows as %s has%s', v_other.relation, coalesce(', give or take ' || (p_parameters ->> 'tolerance'), ''))
    );
  end if;
  return row(
    quality.figure_source(
      p_frame, v_sql || ' as _value', format('jsonb_build_object(%L, f._value)', v_label), quality.between_sql('f._value', v_type, p_parameters)
    ),
    p_frame.is_by_instrument, format('%s %s', v_label, quality.between_words(p_parameters))
  );
end;
$$;

comment on function quality.expect_figure(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family figure of quality.expectation are checked in p_frame: one figure of each group, of the rows that are in no known incident. A figure of no values is not judged; a number of rows is, also of an instrument without rows. Median and quantile are interpolated linearly (type 7 of Hyndman and Fan, as numpy and R do), the standard deviation is that of a sample. Errors: MB001 for a column or limits that do not fit.';

revoke all on function quality.expect_figure(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_figure(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expect_figure.sql
--! Included quality/expectations/expect_record.sql
-- Expectations of several columns of a row.
create or replace function quality.expect_record(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_names text[] := array(select jsonb_array_elements_text(coalesce(p_parameters -> 'columns', '[]')));
  v_columns constant text[] := array(
    select quality.dataset_column(p_frame.relation, listed.name) from unnest(v_names) with ordinality as listed (name, position) order by listed.position
  );
  v_ignored constant text := coalesce(p_parameters ->> 'ignore_row_if', 'all_values_are_missing');
  v_tolerance constant text := quote_literal(p_parameters ->> 'tolerance') || '::numeric';
  v_condition text;
  v_expected text;
begin
  if p_expectation = 'condition' then
    v_condition := quality.compile_condition(p_parameters ->> 'expression', p_frame.relation);
    v_names := array(
      select attribute.attname::text
      from pg_attribute as attribute
      where attribute.attrelid = p_frame.relation and attribute.attnum > 0 and not attribute.attisdropped
        and strpos(v_condition || ' ', format(' d.%I ', attribute.attname)) > 0
      order by strpos(v_condition, format(' d.%I ', attribute.attname))
    );
    return row(quality.row_source(p_frame, v_names, v_condition), p_frame.is_by_instrument, p_parameters ->> 'expression');
  end if;

  if cardinality(v_columns) < 2 or cardinality(v_columns) > 2 and p_expectation in ('columns_equal', 'column_greater') then
    raise exception using errcode = 'MB001',
      message = format('%s was given %s columns.', p_expectation, cardinality(v_columns)),
      hint = case when p_expectation in ('columns_equal', 'column_greater') then 'It takes two.' else 'It takes two or more.' end;
  elsif v_ignored not in ('all_values_are_missing', 'any_value_is_missing', 'never') then
    raise exception using errcode = 'MB001',
      message = format('ignore_row_if is %s.', quote_literal(left(v_ignored, 40))), hint = 'It is all_values_are_missing (default), any_value_is_missing or never.';
  elsif v_tolerance is not null or p_expectation = 'columns_sum_equal' then
    perform quality.number_column(p_frame.relation, name) from unnest(v_names) as name;
  end if;
  case p_expectation
    when 'columns_equal' then
      v_condition := case when v_tolerance is null then format('%s is not distinct from %s', v_columns[1], v_columns[2])
        else format('(%1$s is not distinct from %2$s or coalesce(abs(%1$s - %2$s) <= %3$s, false))', v_columns[1], v_columns[2], v_tolerance) end;
      v_expected := format('%s equal to %s', v_names[1], v_names[2]);
    when 'column_greater' then
      v_condition := format('%s %s %s%s', v_columns[1], case when (p_parameters -> 'or_equal')::boolean then '>=' else '>' end, v_columns[2], ' - ' || v_tolerance);
      v_expected := format('%s greater than %s%s', v_names[1], case when (p_parameters -> 'or_equal')::boolean then 'or equal to ' else '' end, v_names[2]);
    when 'columns_in_set' then
      v_condition := format('(%s)', (
        select string_agg(
          format('(%s)', (
            select string_agg(
              case when part.value = 'null' then format('%s is null', v_columns[part.position])
                else format(
                  '%s = %s', v_columns[part.position],
                  quality.typed_literal(part.value, quality.dataset_type(p_frame.relation, v_names[part.position]))
                ) end,
              ' and ' order by part.position
            )
            from jsonb_array_elements(combination.value) with ordinality as part (value, position)
          )),
          ' or ' order by combination.position
        )
        from (
          select listed.value, listed.position
          from jsonb_array_elements(p_parameters -> 'rows') with ordinality as listed (value, position)
          where jsonb_typeof(listed.value) = 'array' and jsonb_array_length(listed.value) = cardinality(v_columns)
        ) as combination
        having count(*) = jsonb_array_length(p_parameters -> 'rows')
      ));
      v_expected := format('%s together one of %s', array_to_string(v_names, ', '), left(p_parameters ->> 'rows', 200));
      if v_condition is null or v_condition = '()' then
        raise exception using errcode = 'MB001',
          message = format('rows of columns_in_set is not a list of lists of %s values.', cardinality(v_columns)), hint = 'Write it as [["XNYS", "USD"], ["XETR", "EUR"]].';
      end if;
    when 'columns_distinct' then
      v_condition := format(
        '(select count(distinct part.value) = count(part.value) from (values %s) as part (value))',
        (select string_agg(format('(to_jsonb(%s))', name), ', ') from unnest(v_columns) as name)
      );
      v_expected := format('%s all different', array_to_string(v_names, ', '));
    when 'columns_sum_equal' then
      v_condition := format('abs((%s) - %L::numeric) <= %s', array_to_string(v_columns, ' + '), p_parameters ->> 'total', coalesce(v_tolerance, '0'));
      v_expected := format('%s equal to %s', array_to_string(v_names, ' + '), p_parameters ->> 'total');
  end case;
  v_condition := format(
    case v_ignored
      when 'never' then 'coalesce(%1$s, false)'
      when 'any_value_is_missing' then 'case when num_nulls(%2$s) = 0 then %1$s end'
      else 'case when num_nonnulls(%2$s) > 0 then coalesce(%1$s, false) end'
    end,
    v_condition, array_to_string(v_columns, ', ')
  );
  return row(quality.row_source(p_frame, v_names, v_condition), p_frame.is_by_instrument, v_expected || coalesce(', give or take ' || (p_parameters ->> 'tolerance'), ''));
end;
$$;

comment on function quality.expect_record(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family record of quality.expectation are checked in p_frame. ignore_row_if: a row is not counted where all_values_are_missing (default; a comparison with a null fails), any_value_is_missing, or never. A condition is read by quality.compile_condition; where it is null the row is not counted. Errors: MB001 for parameters that do not fit.';

revoke all on function quality.expect_record(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_record(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expect_record.sql
--! Included quality/expectations/expect_series.sql
-- Expectations of a row by the other rows of its group.
create or replace function quality.expect_series(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_names constant text[] := case
    when p_parameters ? 'columns' then array(select jsonb_array_elements_text(p_parameters -> 'columns')) else array[p_parameters ->> 'column']
  end;
  v_columns constant text[] := array(
    select quality.dataset_column(p_frame.relation, listed.name) from unnest(v_names) with ordinality as listed (name, position) order by listed.position
  );
  v_column constant text := v_columns[1];
  v_tolerance constant text := coalesce(p_parameters ->> 'tolerance', '0');
  v_rows text;
  v_condition text;
  v_expected text;
begin
  if p_expectation = 'values_unique' then
    v_rows := format('count(*) over (partition by d._group, d._masked, %s) as _count', array_to_string(v_columns, ', '));
    v_condition := format('case when num_nonnulls(%s) > 0 then d._count = 1 end', array_to_string(v_columns, ', '));
    v_expected := 'once';
  elsif p_expectation = 'values_z_score_below' then
    perform quality.number_column(p_frame.relation, v_names[1]);
    v_rows := format('avg(%1$s) over (partition by d._group, d._masked) as _mean, stddev_samp(%1$s) over (partition by d._group, d._masked) as _deviation', v_column);
    v_condition := format(
      'case when %1$s is not null and d._deviation is not null then case when d._deviation = 0 then true else %2$s((%1$s - d._mean) / d._deviation) < %3$L::double precision end end',
      v_column, case when coalesce((p_parameters -> 'two_sided')::boolean, true) then 'abs' else '' end, p_parameters ->> 'max_score'
    );
    v_expected := format('less than %s standard deviations from the mean', p_parameters ->> 'max_score');
  else
    if p_parameters ->> 'time_column' is null then
      raise exception using errcode = 'MB001',
        message = format('%s has no time by which its rows could be in order.', p_frame.relation), hint = 'Name a time_column.';
    elsif p_parameters ->> 'tolerance' is not null then
      perform quality.number_column(p_frame.relation, v_names[1]);
    end if;
    -- A null between two values is passed over; values of the same time are in the order of their size.
    v_rows := format(
      'lag(%1$s) over (partition by d._group, d._masked, %1$s is null order by d._ts, %1$s%2$s) as _before',
      v_column, case p_expectation when 'values_decreasing' then ' desc' else '' end
    );
    v_condition := format(
      'case when %1$s is not null then coalesce(%1$s %2$s%3$s d._before%4$s, true) end', v_column,
      case p_expectation when 'values_increasing' then '>' else '<' end, case when (p_parameters -> 'strict')::boolean then '' else '=' end,
      case when p_parameters ->> 'tolerance' is not null
        then format(' %s %L::numeric', case p_expectation when 'values_increasing' then '-' else '+' end, v_tolerance) else '' end
    );
    v_expected := format('%s%s', case when (p_parameters -> 'strict')::boolean then 'strictly ' else '' end, replace(substr(p_expectation, 8), '_', ' '));
  end if;
  return row(
    quality.row_source(p_frame, v_names, v_condition, format('select d.*, %s from (%s) as d', v_rows, p_frame.rows_sql)), p_frame.is_by_instrument,
    format('%s %s', array_to_string(v_names, ', '), v_expected)
  );
end;
$$;

comment on function quality.expect_series(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family series of quality.expectation are checked in p_frame. values_unique counts a row unless all its columns are null, and nulls as equal; every row of a repeated value fails. values_z_score_below uses the standard deviation of a sample; where all values are equal, each is the mean and passes; one value alone is not judged. Errors: MB001 for a column that does not fit or a dataset without a time.';

revoke all on function quality.expect_series(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_series(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expect_series.sql
--! Included quality/expectations/expect_table.sql
-- Expectations of the columns that a dataset has.
create or replace function quality.expect_table(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_columns constant text := format(
    'coalesce((select array_agg(attribute.attname::text order by attribute.attnum) from pg_attribute as attribute where attribute.attrelid = %s::oid and attribute.attnum > 0 and not attribute.attisdropped), ''{}'')',
    p_frame.relation::oid
  );
  v_listed constant jsonb := coalesce(p_parameters -> 'columns', p_parameters -> 'types');
  v_names constant text[] := case jsonb_typeof(v_listed) when 'array' then array(select jsonb_array_elements_text(v_listed)) when 'string' then array[v_listed #>> '{}'] end;
  v_is_exact constant boolean := coalesce((p_parameters -> 'exact')::boolean, true);
  v_observed text := format('jsonb_build_object(''columns'', to_jsonb(%s))', v_columns);
  v_condition text;
  v_expected text;
begin
  case p_expectation
    when 'column_exists' then
      v_condition := case
        when p_parameters ->> 'position' is null then format('%L = any (%s)', p_parameters ->> 'column', v_columns)
        else format('coalesce(array_position(%s, %L) = %L::integer, false)', v_columns, p_parameters ->> 'column', p_parameters ->> 'position')
      end;
      v_expected := format('a column %s%s', p_parameters ->> 'column', coalesce(' at position ' || (p_parameters ->> 'position'), ''));
    when 'column_type_in' then
      if exists (select from unnest(v_names) as name where not pg_input_is_valid(name, 'regtype')) then
        raise exception using errcode = 'MB001', message = format('Not all of %s are types.', left(v_listed::text, 200)), hint = 'Name types of PostgreSQL, such as double precision.';
      end if;
      v_condition := format('coalesce(quality.dataset_type(%s::oid::regclass, %L) = any (%L::regtype[]), false)', p_frame.relation::oid, p_parameters ->> 'column', v_names);
      v_observed := format('jsonb_build_object(%L, quality.dataset_type(%s::oid::regclass, %L)::text)', p_parameters ->> 'column', p_frame.relation::oid, p_parameters ->> 'column');
      v_expected := format('a column %s of type %s', p_parameters ->> 'column', array_to_string(v_names, ' or '));
    when 'column_count_between' then
      v_condition := quality.between_sql(format('cardinality(%s)', v_columns), 'numeric', p_parameters);
      v_observed := format('jsonb_build_object(''columns'', cardinality(%s))', v_columns);
      v_expected := format('%s columns', quality.between_words(p_parameters));
    when 'columns_match' then
      v_condition := case
        when (p_parameters -> 'ordered')::boolean and v_is_exact then format('%s = %L::text[]', v_columns, v_names)
        when (p_parameters -> 'ordered')::boolean then format('array(select name from unnest(%1$s) as name where name = any (%2$L::text[])) = %2$L::text[]', v_columns, v_names)
        when v_is_exact then format('%1$s @> %2$L::text[] and %1$s <@ %2$L::text[]', v_columns, v_names)
        else format('%s @> %L::text[]', v_columns, v_names)
      end;
      v_expected := format(
        'the columns %s%s%s', array_to_string(v_names, ', '),
        case when (p_parameters -> 'ordered')::boolean then ' in this order' else '' end, case when v_is_exact then ' and no others' else '' end
      );
  end case;
  return row(
    format(
      'select null::bigint as instrument_id, null::timestamptz as ts, null::timestamptz as from_ts, null::timestamptz as to_ts, jsonb_build_object(''dataset'', %L) as key, %s as observed, %s as is_expected, 0::bigint as masked_count',
      p_frame.relation, v_observed, v_condition
    ),
    false, v_expected
  );
end;
$$;

comment on function quality.expect_table(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family table of quality.expectation are checked: by the columns that the dataset has now. They are judged for the dataset as a whole. Errors: MB001 for parameters that do not fit.';

revoke all on function quality.expect_table(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_table(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expect_table.sql
--! Included quality/expectations/expect_text.sql
-- Expectations of texts.
create or replace function quality.expect_text(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_types constant jsonb := '{
    "json": "json", "timestamp": "timestamptz", "date": "date", "time": "time", "number": "numeric", "integer": "bigint", "boolean": "boolean", "uuid": "uuid"
  }';
  v_name constant text := p_parameters ->> 'column';
  v_column text := quality.dataset_column(p_frame.relation, v_name);
  v_type constant regtype := quality.dataset_type(p_frame.relation, v_name);
  v_listed constant jsonb := coalesce(p_parameters -> 'regex', p_parameters -> 'pattern');
  v_patterns constant text[] := case jsonb_typeof(v_listed)
    when 'array' then array(select jsonb_array_elements_text(v_listed))
    when 'string' then array[v_listed #>> '{}']
  end;
  v_operator constant text := case when p_expectation like '%regex' then '~' else 'like' end;
  v_match_on constant text := coalesce(p_parameters ->> 'match_on', 'any');
  v_parsed text;
  v_condition text;
  v_expected text;
begin
  if v_type not in ('json'::regtype, 'jsonb'::regtype) and (select type.typcategory from pg_type as type where type.oid = v_type) not in ('S', 'E')
    or v_type in ('json'::regtype, 'jsonb'::regtype) and p_expectation <> 'values_match_json_schema'
  then
    raise exception using errcode = 'MB001',
      message = format('Column %s of %s is not a text but %s.', v_name, p_frame.relation, v_type), hint = 'Name a column of texts.';
  elsif v_match_on not in ('any', 'all') then
    raise exception using errcode = 'MB001', message = format('match_on is %s, neither any nor all.', quote_literal(left(v_match_on, 40))), hint = 'Say whether any of the list is enough.';
  end if;
  v_column := v_column || '::text';
  case p_expectation
    when 'values_match_regex', 'values_match_like' then
      v_condition := format('%s %s %s (%L::text[])', v_column, v_operator, v_match_on, v_patterns);
      v_expected := format('%s%s', case v_operator when '~' then 'matching ' else 'like ' end, array_to_string(v_patterns, case v_match_on when 'any' then ' or ' else ' and ' end));
    when 'values_not_match_regex', 'values_not_match_like' then
      v_condition := format('not (%s %s any (%L::text[]))', v_column, v_operator, v_patterns);
      v_expected := format('not %s%s', case v_operator when '~' then 'matching ' else 'like ' end, array_to_string(v_patterns, ' or '));
    when 'value_lengths_between' then
      v_condition := quality.between_sql(format('length(%s)', v_column), 'numeric', p_parameters);
      v_expected := format('of %s characters', quality.between_words(p_parameters));
    when 'values_parse_as' then
      if not c_types ? (p_parameters ->> 'type') then
        raise exception using errcode = 'MB001',
          message = format('A text cannot be expected to be a %s.', left(p_parameters ->> 'type', 40)),
          hint = format('type is one of %s.', (select string_agg(known.name, ', ') from jsonb_object_keys(c_types) as known (name)));
      end if;
      -- PostgreSQL also takes words such as now and infinity for times.
      v_condition := format('pg_input_is_valid(%s, %L)%s', v_column, c_types ->> (p_parameters ->> 'type'),
        case when p_parameters ->> 'type' in ('timestamp', 'date', 'time') then format(' and %s ~ ''\d''', v_column) else '' end);
      v_expected := format('readable as %s', p_parameters ->> 'type');
    when 'values_match_strftime' then
      v_parsed := quality.strftime_regex(p_parameters ->> 'format');
      v_condition := format('%s ~ %L', v_column, v_parsed);
      -- The day has to be one of its month.
      if p_parameters ->> 'format' ~ '%Y.*%m.*%d' then
        v_condition := v_condition || format(
          ' and pg_input_is_valid(concat_ws(''-'', (regexp_match(%1$s, %2$L))[1], (regexp_match(%1$s, %2$L))[2], (regexp_match(%1$s, %2$L))[3]), ''date'')',
          v_column, quality.strftime_regex(p_parameters ->> 'format', true)
        );
      end if;
      v_expected := format('a time written as %s', p_parameters ->> 'format');
    when 'values_match_json_schema' then
      perform quality.json_matches('null', p_parameters -> 'schema');
      v_condition := case
        when v_type in ('json'::regtype, 'jsonb'::regtype) then format('quality.json_matches(%s::jsonb, %L::jsonb)', v_column, p_parameters -> 'schema')
        else format('case when pg_input_is_valid(%1$s, ''jsonb'') then quality.json_matches(%1$s::jsonb, %2$L::jsonb) else false end', v_column, p_parameters -> 'schema')
      end;
      v_expected := 'JSON that fits the schema';
  end case;
  perform regexp_like('', pattern) from unnest(v_patterns) as pattern where v_operator = '~';
  return row(
    quality.row_source(p_frame, array[v_name], format('case when %s is not null then %s end', v_column, v_condition)), p_frame.is_by_instrument,
    format('%s %s', v_name, v_expected)
  );
end;
$$;

comment on function quality.expect_text(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family text of quality.expectation are checked in p_frame. Regular expressions are those of PostgreSQL and match anywhere in the text unless anchored. A time is what PostgreSQL reads as one and has a digit; a number, integer, boolean or uuid likewise. Errors: MB001 for a column that is no text and a parameter that does not fit; 2201B for a regular expression that is none.';

revoke all on function quality.expect_text(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_text(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expect_text.sql
--! Included quality/expectations/expect_values.sql
-- Expectations of the values of a column.
create or replace function quality.expect_values(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_name constant text := p_parameters ->> 'column';
  v_column constant text := quality.dataset_column(p_frame.relation, v_name);
  v_type constant regtype := quality.dataset_type(p_frame.relation, v_name);
  v_condition text;
  v_expected text;
begin
  case p_expectation
    when 'values_between' then
      v_condition := quality.between_sql(v_column, v_type, p_parameters);
      v_expected := quality.between_words(p_parameters);
    when 'values_in_set' then
      v_condition := format('%s = any (%s)', v_column, quality.typed_array(p_parameters -> 'values', v_type));
      v_expected := 'one of ' || left(p_parameters ->> 'values', 200);
    when 'values_not_in_set' then
      v_condition := format('%s <> all (%s)', v_column, quality.typed_array(p_parameters -> 'values', v_type));
      v_expected := 'none of ' || left(p_parameters ->> 'values', 200);
    when 'values_null' then
      v_condition := v_column || ' is null';
      v_expected := 'null';
    when 'values_not_null' then
      v_condition := v_column || ' is not null';
      v_expected := 'not null';
  end case;
  return row(quality.row_source(p_frame, array[v_name], v_condition), p_frame.is_by_instrument, format('%s %s', v_name, v_expected));
end;
$$;

comment on function quality.expect_values(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow the expectations of the family values of quality.expectation are checked in p_frame. A null is judged by values_null and values_not_null alone. Errors: MB001 for a parameter that does not fit the column.';

revoke all on function quality.expect_values(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_values(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expect_values.sql
--! Included quality/expectations/expectation.sql
-- What can be expected of a dataset by parameters alone.
create or replace view quality.expectation
with (security_invoker = true)
as
select
  known.expectation,
  known.family,
  known.is_whole,
  known.parameters::jsonb as parameters,
  known.description,
  known.great_expectations::text[] as great_expectations
from (
  values
    ('values_between', 'values', false, '{"column": "column", "min": "scalar?", "max": "scalar?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'A column lies between min and max.', '{expect_column_values_to_be_between}'),
    ('values_in_set', 'values', false, '{"column": "column", "values": "list"}',
      'A column has one of some values.', '{expect_column_values_to_be_in_set}'),
    ('values_not_in_set', 'values', false, '{"column": "column", "values": "list"}',
      'A column has none of some values.', '{expect_column_values_to_not_be_in_set}'),
    ('values_null', 'values', false, '{"column": "column"}',
      'A column is null.', '{expect_column_values_to_be_null}'),
    ('values_not_null', 'values', false, '{"column": "column"}',
      'A column is not null.', '{expect_column_values_to_not_be_null}'),

    ('values_match_regex', 'text', false, '{"column": "column", "regex": "texts", "match_on": "text?"}',
      'A text matches a regular expression, or any or all of a list (match_on).', '{expect_column_values_to_match_regex,expect_column_values_to_match_regex_list}'),
    ('values_not_match_regex', 'text', false, '{"column": "column", "regex": "texts"}',
      'A text matches none of some regular expressions.', '{expect_column_values_to_not_match_regex,expect_column_values_to_not_match_regex_list}'),
    ('values_match_like', 'text', false, '{"column": "column", "pattern": "texts", "match_on": "text?"}',
      'A text is like a pattern, or like any or all of a list (match_on).', '{expect_column_values_to_match_like_pattern,expect_column_values_to_match_like_pattern_list}'),
    ('values_not_match_like', 'text', false, '{"column": "column", "pattern": "texts"}',
      'A text is like none of some patterns.', '{expect_column_values_to_not_match_like_pattern,expect_column_values_to_not_match_like_pattern_list}'),
    ('value_lengths_between', 'text', false, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of characters of a text lies between min and max.', '{expect_column_value_lengths_to_be_between,expect_column_value_lengths_to_equal}'),
    ('values_parse_as', 'text', false, '{"column": "column", "type": "text"}',
      'A text can be read as a type: json, timestamp, date, time, number, integer, boolean or uuid.', '{expect_column_values_to_be_dateutil_parseable,expect_column_values_to_be_json_parseable}'),
    ('values_match_strftime', 'text', false, '{"column": "column", "format": "text"}',
      'A text is a time in a format of strftime.', '{expect_column_values_to_match_strftime_format}'),
    ('values_match_json_schema', 'text', false, '{"column": "column", "schema": "object"}',
      'A JSON value, or a text that is one, fits a JSON schema (see quality.json_matches).', '{expect_column_values_to_match_json_schema}'),

    ('values_unique', 'series', true, '{"columns": "columns"}',
      'A column, or some columns together, has no value twice in a group.', '{expect_column_values_to_be_unique,expect_compound_columns_to_be_unique,expect_multicolumn_values_to_be_unique}'),
    ('values_increasing', 'series', true, '{"column": "column", "strict": "boolean?", "tolerance": "number?"}',
      'A column does not fall (strict: rises) from each row of a group to the next in time.', '{expect_column_values_to_be_increasing}'),
    ('values_decreasing', 'series', true, '{"column": "column", "strict": "boolean?", "tolerance": "number?"}',
      'A column does not rise (strict: falls) from each row of a group to the next in time.', '{expect_column_values_to_be_decreasing}'),
    ('values_z_score_below', 'series', true, '{"column": "column", "max_score": "number", "two_sided": "boolean?"}',
      'A column lies less than max_score standard deviations of its group from the mean; above it alone unless two_sided (default).', '{expect_column_value_z_scores_to_be_less_than}'),

    ('columns_equal', 'record', false, '{"columns": "columns", "tolerance": "number?", "ignore_row_if": "text?"}',
      'Two columns are equal.', '{expect_column_pair_values_to_be_equal}'),
    ('column_greater', 'record', false, '{"columns": "columns", "or_equal": "boolean?", "tolerance": "number?", "ignore_row_if": "text?"}',
      'The first of two columns is greater than the second.', '{expect_column_pair_values_a_to_be_greater_than_b}'),
    ('columns_in_set', 'record', false, '{"columns": "columns", "rows": "list", "ignore_row_if": "text?"}',
      'Some columns together have one of some combinations of values.', '{expect_column_pair_values_to_be_in_set}'),
    ('columns_distinct', 'record', false, '{"columns": "columns", "ignore_row_if": "text?"}',
      'No two of some columns have the same value in a row.', '{expect_select_column_values_to_be_unique_within_record}'),
    ('columns_sum_equal', 'record', false, '{"columns": "columns", "total": "number", "tolerance": "number?", "ignore_row_if": "text?"}',
      'The sum of some columns is total.', '{expect_multicolumn_sum_to_equal}'),
    ('condition', 'record', false, '{"expression": "text"}',
      'A condition on the columns of a row holds; rows where it is null are not counted.', '{unexpected_rows_expectation}'),

    ('min_between', 'figure', true, '{"column": "column", "min": "scalar?", "max": "scalar?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The least value of a column lies between min and max.', '{expect_column_min_to_be_between}'),
    ('max_between', 'figure', true, '{"column": "column", "min": "scalar?", "max": "scalar?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The greatest value of a column lies between min and max.', '{expect_column_max_to_be_between}'),
    ('mean_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The mean of a column lies between min and max.', '{expect_column_mean_to_be_between}'),
    ('median_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The median of a column (of an even number of values the mean of the two in the middle) lies between min and max.', '{expect_column_median_to_be_between}'),
    ('quantile_between', 'figure', true,
      '{"column": "column", "quantile": "number", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'A quantile of a column, interpolated linearly, lies between min and max.', '{expect_column_quantile_values_to_be_between}'),
    ('stdev_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The standard deviation of a column (of a sample, n - 1) lies between min and max.', '{expect_column_stdev_to_be_between}'),
    ('sum_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The sum of a column lies between min and max.', '{expect_column_sum_to_be_between}'),
    ('unique_count_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of different values of a column lies between min and max.', '{expect_column_unique_value_count_to_be_between}'),
    ('unique_share_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The number of different values of a column, divided by the number of values, lies between min and max.', '{expect_column_proportion_of_unique_values_to_be_between}'),
    ('non_null_share_between', 'figure', true, '{"column": "column", "min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?", "tolerance": "number?"}',
      'The share of rows in which a column is not null lies between min and max.', '{expect_column_proportion_of_non_null_values_to_be_between}'),
    ('row_count_between', 'figure', true, '{"min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of rows lies between min and max.', '{expect_table_row_count_to_be_between,expect_table_row_count_to_equal}'),
    ('row_count_equals', 'figure', true, '{"other_dataset": "text", "tolerance": "number?"}',
      'There are as many rows as in another dataset; by group where both have it.', '{expect_table_row_count_to_equal_other_table}'),

    ('most_common_in_set', 'distribution', true, '{"column": "column", "values": "list", "ties_okay": "boolean?"}',
      'The most common value of a column is one of some values; of several that are equally common each must be, or with ties_okay one.', '{expect_column_most_common_value_to_be_in_set}'),
    ('distinct_in_set', 'distribution', true, '{"column": "column", "values": "list"}',
      'Every different value of a column is one of some values.', '{expect_column_distinct_values_to_be_in_set}'),
    ('distinct_contain_set', 'distribution', true, '{"column": "column", "values": "list"}',
      'Each of some values occurs in a column.', '{expect_column_distinct_values_to_contain_set}'),
    ('distinct_equal_set', 'distribution', true, '{"column": "column", "values": "list"}',
      'The different values of a column are some values, all and no others.', '{expect_column_distinct_values_to_equal_set}'),
    ('kl_divergence_below', 'distribution', true, '{"column": "column", "max_divergence": "number", "values": "list?", "bins": "list?", "weights": "list"}',
      'The distribution of a column diverges from the weights of some values, or of the intervals between bins, by at most max_divergence (Kullback and Leibler, in nats).',
      '{expect_column_kl_divergence_to_be_less_than}'),
    ('cramers_phi_below', 'distribution', true, '{"columns": "columns", "max_phi": "number"}',
      'Two columns are associated by a Cramér''s phi of at most max_phi (0: independent, 1: one follows from the other).', '{expect_column_pair_cramers_phi_value_to_be_less_than}'),

    ('column_exists', 'table', true, '{"column": "text", "position": "number?"}',
      'There is a column, at a position from 1 where one is given.', '{expect_column_to_exist}'),
    ('column_type_in', 'table', true, '{"column": "text", "types": "texts"}',
      'A column is of one of some types.', '{expect_column_values_to_be_of_type,expect_column_values_to_be_in_type_list}'),
    ('column_count_between', 'table', true, '{"min": "number?", "max": "number?", "strict_min": "boolean?", "strict_max": "boolean?"}',
      'The number of columns lies between min and max.', '{expect_table_column_count_to_be_between,expect_table_column_count_to_equal}'),
    ('columns_match', 'table', true, '{"columns": "texts", "ordered": "boolean?", "exact": "boolean?"}',
      'The columns are these: ordered in this order, exact (default) and no others.', '{expect_table_columns_to_match_ordered_list,expect_table_columns_to_match_set}'),

    ('metric_usual', 'metric', true,
      '{"metric": "text", "column": "column?", "max_score": "number", "season": "text?", "baseline": "number?", "min_baseline": "number?", "two_sided": "boolean?", "mic": "text?"}',
      'A figure of each day (row_count, sum, mean, null_share or lag) lies less than max_score robust standard deviations from those of the days before of the same season (none, weekday or session).', '{}')
) as known (expectation, family, is_whole, parameters, description, great_expectations);

comment on view quality.expectation is E'@primaryKey expectation\nWhat quality.define_rule can expect of a dataset by parameters alone. Every one takes also mostly (share of what is judged that must be as expected), row_condition (only rows that satisfy it), group_by (column; by default instrument_id where the dataset has it, null for all rows as one), time_column, warn and fail (parameters that replace those beside them for a warning and for a failure) and max_findings. Values that are null are not judged, except by values_null and values_not_null; a figure of no values neither.';
comment on column quality.expectation.expectation is E'@notNull\nName.';
comment on column quality.expectation.family is E'@notNull\nFunction that writes its query: quality.expect_<family>.';
comment on column quality.expectation.is_whole is E'@notNull\nTrue where all rows of a group have to be looked at again after new ones came; else the new ones are.';
comment on column quality.expectation.parameters is E'@notNull\nWhat it takes: name and kind of each parameter, with ? where it may be left out.';
comment on column quality.expectation.description is E'@notNull\nWhat is expected.';
comment on column quality.expectation.great_expectations is E'@notNull\nExpectations of Great Expectations that say the same.';

grant select on quality.expectation to marketbase_reader;
--! EndIncluded quality/expectations/expectation.sql
--! Included quality/expectations/expectation_frame.sql
-- The rows of a dataset that an expectation looks at, as SQL.
create or replace function quality.expectation_frame(p_dataset text, p_parameters jsonb, p_is_whole boolean)
returns quality.expectation_frame
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_frame quality.expectation_frame;
  v_has_instrument boolean;
  v_has_provider boolean;
  v_time text;
  v_key text[];
begin
  v_frame.relation := quality.dataset_relation(p_dataset);
  v_frame.group_by := p_parameters ->> 'group_by';
  v_frame.is_by_instrument := coalesce(v_frame.group_by = 'instrument_id', false);
  v_has_instrument := quality.dataset_type(v_frame.relation, 'instrument_id') is not null;
  v_has_provider := quality.dataset_type(v_frame.relation, 'provider') is not null;

  select array_agg(attribute.attname::text order by array_position(index.indkey::smallint[], attribute.attnum))
  into v_key
  from pg_index as index
  join pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = any (index.indkey)
  where index.indrelid = v_frame.relation and index.indisprimary;
  -- A view says its key in its comment.
  v_key := coalesce(v_key, string_to_array((regexp_match(obj_description(v_frame.relation, 'pg_class'), '@primaryKey ([\w,]+)'))[1], ','));
  select format('jsonb_build_object(%s)', coalesce(string_agg(format('%L, d.%I', part.name, part.name), ', ' order by part.position), '''row'', md5(d::text)'))
  into v_frame.key_sql
  from unnest(v_key) with ordinality as part (name, position)
  where part.name <> 'instrument_id';

  v_time := case quality.dataset_type(v_frame.relation, p_parameters ->> 'time_column')
    when 'timestamptz'::regtype then format('d.%I', p_parameters ->> 'time_column')
    when 'date'::regtype then format('(d.%I::timestamp at time zone ''UTC'')', p_parameters ->> 'time_column')
    when 'timestamp'::regtype then format('(d.%I at time zone ''UTC'')', p_parameters ->> 'time_column')
    else 'null::timestamptz'
  end;

  -- A dataset of which no incident is known does not pay for the question.
  v_frame.incident_sql := case
    when exists (
      select from quality.known_incident as incident
      where incident.withdrawn_at is null and incident.dataset = (select relation.relname from pg_class as relation where relation.oid = v_frame.relation)
    ) then format(
      'exists (select from quality.known_incident as incident where incident.withdrawn_at is null and incident.dataset = %L and %%s and %%s between incident.from_ts and incident.to_ts)',
      (select relation.relname from pg_class as relation where relation.oid = v_frame.relation)
    )
  end;
  v_frame.rows_sql := format(
    'select d.*, %s as _group, %s as _instrument_id, %s as _ts, %s as _masked from %s as d where true%s%s%s',
    coalesce('d.' || quote_ident(v_frame.group_by), '0'),
    case when v_has_instrument then 'd.instrument_id' else 'null::bigint' end,
    v_time,
    coalesce(
      format(
        v_frame.incident_sql,
        case when v_has_instrument then '(incident.instrument_id is null or incident.instrument_id = d.instrument_id)' else 'incident.instrument_id is null' end
          || case when v_has_provider then ' and (incident.provider is null or incident.provider = d.provider)' else ' and incident.provider is null' end,
        v_time
      ),
      'false'
    ),
    v_frame.relation,
    case when v_frame.is_by_instrument then ' and d.instrument_id = any ($1)' else '' end,
    case when not p_is_whole and v_time <> 'null::timestamptz' then format(' and %s >= $2', v_time) else '' end,
    ' and ' || case when p_parameters ->> 'row_condition' is not null then quality.compile_condition(p_parameters ->> 'row_condition', v_frame.relation) end
  );
  return v_frame;
end;
$$;

comment on function quality.expectation_frame(text, jsonb, boolean) is
E'@behavior -*\nThe rows of p_dataset by the parameters row_condition, group_by and time_column, as SQL with $1 (instruments) and $2 (first time); all times where p_is_whole. Errors: MB003 for an unknown dataset, MB001 for a row_condition that is none.';

revoke all on function quality.expectation_frame(text, jsonb, boolean) from public;
grant execute on function quality.expectation_frame(text, jsonb, boolean) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expectation_frame.sql
--! Included quality/expectations/expectation_plan.sql
-- How an expectation of a dataset is checked.
create or replace function quality.expectation_plan(p_dataset text, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_parameters constant jsonb := quality.check_parameters(p_dataset, p_expectation, p_parameters);
  v_known quality.expectation;
  v_plan quality.expectation_plan;
begin
  select known.* into strict v_known from quality.expectation as known where known.expectation = p_expectation;
  execute format('select * from quality.%I($1, $2, $3)', 'expect_' || v_known.family)
  into v_plan
  using quality.expectation_frame(p_dataset, v_parameters, v_known.is_whole), p_expectation, v_parameters;
  return v_plan;
end;
$$;

comment on function quality.expectation_plan(text, text, jsonb) is
E'@behavior -*\nThe query that checks p_expectation of p_dataset with p_parameters, by the function of its family (quality.expect_<family>). Errors: as quality.check_parameters and the function of the family.';

revoke all on function quality.expectation_plan(text, text, jsonb) from public;
grant execute on function quality.expectation_plan(text, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expectation_plan.sql
--! Included quality/expectations/expectation_verdicts.sql
-- What an expectation of a dataset finds; nothing is stored.
create or replace function quality.expectation_verdicts(
  p_dataset text,
  p_expectation text,
  p_parameters jsonb,
  p_instrument_ids bigint[] default null,
  p_from timestamptz default null
)
returns setof quality.expectation_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_from constant timestamptz := coalesce(p_from, '-infinity');
  v_base constant jsonb := p_parameters - array['warn', 'fail'];
  v_instrument_ids constant bigint[] := coalesce(
    p_instrument_ids, array(select instrument.instrument_id from market.instrument as instrument order by instrument.instrument_id)
  );
  v_warn constant jsonb := p_parameters -> 'warn';
begin
  perform quality.check_parameters(p_dataset, p_expectation, p_parameters);
  return query
  with said as (
    -- The gravest level that was reached, else that of failures.
    select distinct on (coalesce(level.instrument_id, 0))
      level.*, case when level.outcome = 'failed' then level.name when level.checked > 0 then 'passed' else 'not_applicable' end as verdict
    from (
      select 'failed', found.*
      from quality.level_verdicts(p_dataset, p_expectation, v_base || coalesce(nullif(p_parameters -> 'fail', 'null'), '{}'), v_instrument_ids, v_from) as found
      union all
      select 'warned', found.*
      from quality.level_verdicts(p_dataset, p_expectation, v_base || v_warn, v_instrument_ids, v_from) as found
      where jsonb_typeof(v_warn) = 'object'
    ) as level (name, instrument_id, outcome, checked, failed, masked, first_ts, last_ts, message, violations)
    order by coalesce(level.instrument_id, 0), level.outcome, level.name
  )
  select
    said.instrument_id, said.verdict, said.checked, said.failed, said.masked, said.first_ts, said.last_ts,
    quality.verdict_message(said.verdict, said.checked, said.failed, said.masked, said.violations[1].message), said.violations
  from said
  order by said.instrument_id;
end;
$$;

comment on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) is
'What p_expectation of p_dataset with p_parameters (see quality.expectation) says of each of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), or of the dataset as a whole where its groups are not instruments. Writes nothing.
A verdict is failed by the parameters with those of fail in place of their like, else warned by those with warn, else passed, or not_applicable where nothing was judged. failed_count counts what is not as expected, also where mostly tolerates it. Errors: as quality.expectation_plan, and what the query runs into, such as a division by zero in a condition.';

revoke all on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) from public;
grant execute on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expectation_verdicts.sql
--! Included quality/expectations/figure_source.sql
-- The query of an expectation that judges a figure of each group.
create or replace function quality.figure_source(p_frame quality.expectation_frame, p_figures_sql text, p_observed_sql text, p_expected_sql text)
returns text
language sql
immutable
parallel safe
return format(
  'select %s as instrument_id, null::timestamptz as ts, f._from_ts as from_ts, f._to_ts as to_ts, %s as key, %s as observed, %s as is_expected, f._masked_count as masked_count '
  'from (select %s as _group, %s, min(d._ts) as _from_ts, max(d._ts) as _to_ts, count(*) filter (where d._masked) as _masked_count from %s group by %s) as f',
  case when (p_frame).is_by_instrument then 'f._group' else 'null::bigint' end,
  case when (p_frame).group_by is null or (p_frame).is_by_instrument then '''{}''::jsonb' else format('jsonb_build_object(%L, f._group)', (p_frame).group_by) end,
  p_observed_sql,
  p_expected_sql,
  case when (p_frame).is_by_instrument then 'asked.instrument_id' when (p_frame).group_by is null then 'null::text' else 'd._group' end,
  p_figures_sql,
  -- An instrument without rows has a figure too, where there is one of no rows.
  case
    when (p_frame).is_by_instrument then format(
      '(select d.*, true as _exists from (%1$s) as d) as d right join unnest($1) as asked (instrument_id) on asked.instrument_id = d._group', (p_frame).rows_sql)
    else format('(select d.*, true as _exists from (%s) as d) as d', (p_frame).rows_sql)
  end,
  case when (p_frame).is_by_instrument then 'asked.instrument_id' when (p_frame).group_by is null then '()' else 'd._group' end
);

comment on function quality.figure_source(quality.expectation_frame, text, text, text) is
E'@behavior -*\nThe query that makes the aggregates p_figures_sql of the rows d of each group of p_frame, shows p_observed_sql and judges by the condition p_expected_sql on a row f of them (null: not counted). An aggregate leaves out rows of known incidents by a filter on d._masked; d._exists tells a row from an instrument without rows.';

revoke all on function quality.figure_source(quality.expectation_frame, text, text, text) from public;
grant execute on function quality.figure_source(quality.expectation_frame, text, text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/figure_source.sql
--! Included quality/expectations/json_matches.sql
-- Whether a JSON value fits a JSON schema.
create or replace function quality.json_matches(p_value jsonb, p_schema jsonb)
returns boolean
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_words constant text[] := string_to_array(
    'type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern items minItems maxItems uniqueItems '
    'properties required additionalProperties minProperties maxProperties allOf anyOf oneOf not title description default examples $schema $id $comment', ' ');
  v_kind constant text := jsonb_typeof(p_value);
  v_word text;
  v_rule jsonb;
  v_fits boolean := true;
begin
  if jsonb_typeof(p_schema) = 'boolean' then
    return p_schema::boolean;
  elsif jsonb_typeof(p_schema) is distinct from 'object' then
    raise exception using errcode = 'MB001', message = format('%s is not a JSON schema.', left(p_schema::text, 80)), hint = 'A schema is a JSON object.';
  end if;
  -- Every word is looked at, so that a schema with an unknown one is refused whatever the value.
  for v_word, v_rule in select each.key, each.value from jsonb_each(p_schema) as each loop
    if v_word <> all (c_words) then
      raise exception using errcode = 'MB001', message = format('%s is not a word of JSON schemas that is known.', quote_literal(left(v_word, 80))),
        hint = format('Known are %s.', array_to_string(c_words, ', '));
    end if;
    v_fits := case v_word
      when 'type' then exists (
        select
        from jsonb_array_elements_text(case jsonb_typeof(v_rule) when 'array' then v_rule else jsonb_build_array(v_rule) end) as wanted (name)
        where wanted.name = v_kind or wanted.name = 'integer' and v_kind = 'number' and (p_value #>> '{}')::numeric % 1 = 0
      )
      when 'enum' then v_rule @> jsonb_build_array(p_value) and exists (select from jsonb_array_elements(v_rule) as listed (value) where listed.value = p_value)
      when 'const' then p_value = v_rule
      when 'minimum' then v_kind <> 'number' or p_value >= v_rule
      when 'maximum' then v_kind <> 'number' or p_value <= v_rule
      when 'exclusiveMinimum' then v_kind <> 'number' or p_value > v_rule
      when 'exclusiveMaximum' then v_kind <> 'number' or p_value < v_rule
      when 'multipleOf' then v_kind <> 'number' or (p_value #>> '{}')::numeric % v_rule::numeric = 0
      when 'minLength' then v_kind <> 'string' or length(p_value #>> '{}') >= v_rule::integer
      when 'maxLength' then v_kind <> 'string' or length(p_value #>> '{}') <= v_rule::integer
      when 'pattern' then v_kind <> 'string' or p_value #>> '{}' ~ (v_rule #>> '{}')
      when 'minItems' then v_kind <> 'array' or jsonb_array_length(p_value) >= v_rule::integer
      when 'maxItems' then v_kind <> 'array' or jsonb_array_length(p_value) <= v_rule::integer
      when 'uniqueItems' then v_kind <> 'array' or not v_rule::boolean
        or jsonb_array_length(p_value) = (select count(distinct item.value) from jsonb_array_elements(p_value) as item)
      when 'items' then coalesce((
        select bool_and(quality.json_matches(item.value, v_rule))
        from jsonb_array_elements(case v_kind when 'array' then p_value else '[null]' end) as item
      ), true) or v_kind <> 'array'
      when 'required' then v_kind <> 'object' or p_value ?& array(select jsonb_array_elements_text(v_rule))
      when 'properties' then coalesce((
        select bool_and(quality.json_matches(p_value -> property.key, property.value) or v_kind <> 'object' or not p_value ? property.key)
        from jsonb_each(v_rule) as property
      ), true)
      when 'additionalProperties' then coalesce((
        select bool_and(quality.json_matches(other.value, v_rule))
        from jsonb_each(case v_kind when 'object' then p_value - array(select jsonb_object_keys(coalesce(p_schema -> 'properties', '{}'))) else '{}' end) as other
      ), true)
      when 'minProperties' then v_kind <> 'object' or (select count(*) from jsonb_object_keys(case v_kind when 'object' then p_value else '{}' end)) >= v_rule::integer
      when 'maxProperties' then v_kind <> 'object' or (select count(*) from jsonb_object_keys(case v_kind when 'object' then p_value else '{}' end)) <= v_rule::integer
      when 'allOf' then (select bool_and(quality.json_matches(p_value, part.value)) from jsonb_array_elements(v_rule) as part)
      when 'anyOf' then (select bool_or(quality.json_matches(p_value, part.value)) from jsonb_array_elements(v_rule) as part)
      when 'oneOf' then (select count(*) filter (where quality.json_matches(p_value, part.value)) = 1 from jsonb_array_elements(v_rule) as part)
      when 'not' then not quality.json_matches(p_value, v_rule)
      else true
    end and v_fits;
  end loop;
  return v_fits;
end;
$$;

comment on function quality.json_matches(jsonb, jsonb) is
E'@behavior -*\nWhether p_value fits the JSON schema p_schema (json-schema.org, draft 2020-12: type, enum, const, the limits of numbers, texts, arrays and objects, items, properties, required, additionalProperties, allOf, anyOf, oneOf and not; no references). NULL for a NULL value whose schema asks for its type. Errors: MB001 for a schema with another word.';

revoke all on function quality.json_matches(jsonb, jsonb) from public;
grant execute on function quality.json_matches(jsonb, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/json_matches.sql
--! Included quality/expectations/kl_divergence.sql
-- How far the shares of what was counted diverge from weights.
create or replace function quality.kl_divergence(p_counts bigint[], p_weights double precision[])
returns double precision
language sql
immutable
parallel safe
begin atomic
  select sum(case
    when cell.count = 0 then 0
    when coalesce(cell.weight, 0) = 0 then 'infinity'::double precision
    else cell.count / total.count * ln(cell.count / total.count / (cell.weight / total.weight))
  end)
  from unnest(p_counts, p_weights) as cell (count, weight)
  cross join (
    select
      (select sum(n)::double precision from unnest(p_counts) as n) as count,
      (select sum(w) from unnest(p_weights) as w) as weight
  ) as total
  where total.count > 0;
end;

comment on function quality.kl_divergence(bigint[], double precision[]) is
E'@behavior -*\nThe Kullback-Leibler divergence of the distribution that p_counts are from that of the weights p_weights of the same cells (which are scaled to a sum of 1), in nats: sum of p ln(p / q). Infinite where something was counted in a cell without a weight; NULL where nothing was counted.';

revoke all on function quality.kl_divergence(bigint[], double precision[]) from public;
grant execute on function quality.kl_divergence(bigint[], double precision[]) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/kl_divergence.sql
--! Included quality/expectations/level_verdicts.sql
-- What an expectation with one set of thresholds finds.
create or replace function quality.level_verdicts(
  p_dataset text,
  p_expectation text,
  p_parameters jsonb,
  p_instrument_ids bigint[],
  p_from timestamptz
)
returns setof quality.expectation_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_plan constant quality.expectation_plan := quality.expectation_plan(p_dataset, p_expectation, p_parameters);
  v_mostly constant numeric := coalesce((p_parameters ->> 'mostly')::numeric, 1);
  v_max_findings constant bigint := coalesce((p_parameters ->> 'max_findings')::numeric, 1000);
  v_subject constant text := case when v_plan.is_by_instrument then 'judged.instrument_id' else 'null::bigint' end;
  v_group constant text := case when v_plan.is_by_instrument then 'judged.instrument_id' else '()' end;
  v_verdicts quality.expectation_verdict[];
  v_failed bigint[];
begin
  execute format(
    'select array_agg(row(
        asked.instrument_id, null, coalesce(counted.checked_count, 0), coalesce(counted.failed_count, 0), coalesce(counted.masked_count, 0),
        counted.from_ts, counted.to_ts, null, ''{}''
      )::quality.expectation_verdict order by asked.instrument_id)
    from %s as asked (instrument_id)
    left join (
      select
        %s as instrument_id, count(judged.is_expected) as checked_count, count(*) filter (where not judged.is_expected) as failed_count,
        sum(judged.masked_count)::bigint as masked_count, min(judged.from_ts) as from_ts, max(judged.to_ts) as to_ts
      from (%s) as judged
      group by %s
    ) as counted on coalesce(counted.instrument_id, 0) = coalesce(asked.instrument_id, 0)',
    case when v_plan.is_by_instrument then 'unnest($1)' else '(values (null::bigint))' end, v_subject, v_plan.source_sql, v_group
  )
  into v_verdicts
  using p_instrument_ids, p_from;

  v_failed := array(
    select verdict.instrument_id from unnest(v_verdicts) as verdict where verdict.failed_count > (1 - v_mostly) * verdict.checked_count
  );
  if v_failed = '{}' then
    return query select verdict.* from unnest(v_verdicts) as verdict;
    return;
  end if;
  -- Only what failed is looked at again, for the rows to show.
  return query execute format(
    'select
      verdict.instrument_id, case when found.violations is not null then ''failed'' end, verdict.checked_count, verdict.failed_count, verdict.masked_count,
      verdict.from_ts, verdict.to_ts, null::text, coalesce(found.violations, ''{}'')
    from unnest($3) as verdict
    left join (
      select
        %1$s as instrument_id,
        array_agg(row(
          null, judged.instrument_id, judged.ts, judged.key, judged.observed, $4,
          format(
            ''%%s%%s%%s: expected %%s.'', said.observed, '' ('' || said.key || '')'',
            to_char(
              judged.ts at time zone ''UTC'',
              case when judged.ts = date_trunc(''day'', judged.ts, ''UTC'') then '' on YYYY-MM-DD'' else '' at YYYY-MM-DD HH24:MI:SS'' end
            ),
            $4
          )
        )::quality.violation order by judged.finding_no) filter (where judged.finding_no <= $5) as violations
      from (
        select judged.*, row_number() over (%2$s order by judged.ts, judged.key::text) as finding_no
        from (%3$s) as judged
        where not judged.is_expected
      ) as judged
      cross join lateral (
        select
          string_agg(part.text, '', '') filter (where part.is_observed) as observed,
          string_agg(part.text, '', '') filter (where not part.is_observed) as key
        from (
          select each.is_observed, format(''%%s %%s'', each.key, coalesce(left(each.value #>> ''{}'', 200), ''null'')) as text
          from (
            select true, seen.* from jsonb_each(judged.observed) as seen
            union all
            select false, identified.* from jsonb_each(case when judged.instrument_id is null then judged.key else ''{}'' end) as identified
          ) as each (is_observed, key, value)
        ) as part
      ) as said
      where judged.finding_no <= greatest($5, 1)
      group by %4$s
    ) as found on coalesce(found.instrument_id, 0) = coalesce(verdict.instrument_id, 0)',
    v_subject, case when v_plan.is_by_instrument then 'partition by judged.instrument_id' else '' end, v_plan.source_sql, v_group
  )
  using case when v_plan.is_by_instrument then v_failed else p_instrument_ids end, p_from, v_verdicts, v_plan.expected, v_max_findings;
end;
$$;

comment on function quality.level_verdicts(text, text, jsonb, bigint[], timestamptz) is
E'@behavior -*\nWhat p_expectation of p_dataset with p_parameters, warn and fail aside, finds of the instruments p_instrument_ids from p_from on, or of the dataset as a whole: a verdict each, whose status is failed where more than the share of 1 - mostly is not as expected and NULL elsewhere, with the first violations (max_findings, by default 1000) of those that failed. Errors: as quality.expectation_plan, and what the query runs into.';

revoke all on function quality.level_verdicts(text, text, jsonb, bigint[], timestamptz) from public;
grant execute on function quality.level_verdicts(text, text, jsonb, bigint[], timestamptz) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/level_verdicts.sql
--! Included quality/expectations/number_column.sql
-- A column of numbers of a dataset, as SQL.
create or replace function quality.number_column(p_relation regclass, p_column text)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_column constant text := quality.dataset_column(p_relation, p_column);
begin
  if (select type.typcategory from pg_type as type where type.oid = quality.dataset_type(p_relation, p_column)) <> 'N' then
    raise exception using errcode = 'MB001',
      message = format('Column %s of %s is not a number but %s.', p_column, p_relation, quality.dataset_type(p_relation, p_column)),
      hint = 'Name a column of numbers.';
  end if;
  return v_column;
end;
$$;

comment on function quality.number_column(regclass, text) is
E'@behavior -*\nThe column p_column of a row d of p_relation, quoted. Errors: MB001 where there is none or it is not of numbers.';

revoke all on function quality.number_column(regclass, text) from public;
grant execute on function quality.number_column(regclass, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/number_column.sql
--! Included quality/expectations/refuse_other_kind.sql
-- Refuses to change a rule that is not the caller's to change.
create or replace function quality.refuse_other_kind(p_rule text, p_is_expectation boolean)
returns void
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_was_expectation constant boolean := (select bool_or(r.expectation is not null) from quality.validation_rule as r where r.rule = p_rule);
begin
  if v_was_expectation <> p_is_expectation then
    raise exception using errcode = 'MB008',
      message = format('%s is the name of a rule that is %s.', p_rule, case when v_was_expectation then 'an expectation' else 'a function of its own' end),
      hint = 'Choose another name.';
  elsif not p_is_expectation
    and not pg_has_role(quality.acting_role(), 'marketbase_worker', 'member') and not pg_has_role(quality.acting_role(), 'marketbase_owner', 'member')
  then
    raise exception using errcode = '42501',
      message = format('%s may not change rule %s, which is a function of its own.', quality.acting_role(), p_rule),
      hint = 'An author defines and retires expectations and conditions; the rules of the repository are changed there.';
  end if;
end;
$$;

comment on function quality.refuse_other_kind(text, boolean) is
E'@behavior -*\nWhether the acting role may define or retire p_rule, which is an expectation or else a function of its own. Errors: MB008 where the name belongs to a rule of the other kind, 42501 where the rule is a function and the role is neither the worker nor the owner.';

revoke all on function quality.refuse_other_kind(text, boolean) from public;
grant execute on function quality.refuse_other_kind(text, boolean) to marketbase_worker;
--! EndIncluded quality/expectations/refuse_other_kind.sql
--! Included quality/expectations/row_source.sql
-- The query of an expectation that judges row by row.
create or replace function quality.row_source(p_frame quality.expectation_frame, p_columns text[], p_expected_sql text, p_rows_sql text default null)
returns text
language sql
stable
parallel safe
set search_path to pg_catalog, pg_temp
return format(
  'select d._instrument_id as instrument_id, d._ts as ts, d._ts as from_ts, d._ts as to_ts, %s as key, jsonb_build_object(%s) as observed, '
  'case when not d._masked then %s end as is_expected, d._masked::integer as masked_count from (%s) as d',
  (p_frame).key_sql,
  (
    select string_agg(format('%1$L, d.%1$I', listed.name), ', ')
    from unnest(p_columns) as listed (name)
  ),
  p_expected_sql,
  coalesce(p_rows_sql, (p_frame).rows_sql)
);

comment on function quality.row_source(quality.expectation_frame, text[], text, text) is
E'@behavior -*\nThe query that judges each row d of p_frame by the condition p_expected_sql (null: not counted) and shows p_columns. p_rows_sql: rows with more columns than those of the frame. Rows in a known incident are counted as masked.';

revoke all on function quality.row_source(quality.expectation_frame, text[], text, text) from public;
grant execute on function quality.row_source(quality.expectation_frame, text[], text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/row_source.sql
--! Included quality/expectations/rule_verdicts.sql
-- What the expectations in force find; nothing is stored.
create or replace function quality.rule_verdicts(p_instrument_ids bigint[], p_from timestamptz, p_datasets text[])
returns setof quality.rule_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_rule quality.rule_in_force;
begin
  for v_rule in
    select r.* from quality.rule_in_force as r where r.expectation is not null and r.dataset = any (p_datasets) order by r.rule
  loop
    begin
      return query
      select v_rule.rule, verdict
      from quality.expectation_verdicts(v_rule.dataset, v_rule.expectation, v_rule.parameters, p_instrument_ids, p_from) as verdict;
    exception
      -- A rule that somebody wrote by hand must not stop the others: it fails.
      when data_exception or syntax_error_or_access_rule_violation or sqlstate 'MB001' or sqlstate 'MB003' then
        return query select v_rule.rule, quality.broken_verdict(v_rule.rule, sqlerrm);
    end;
  end loop;
end;
$$;

comment on function quality.rule_verdicts(bigint[], timestamptz, text[]) is
E'@behavior -*\nWhat the expectations in force on p_datasets say of the instruments p_instrument_ids from p_from on, and of datasets as a whole. A rule that cannot be applied, such as a condition that divides by zero or a column that is no longer there, has one failed verdict that says so.';

revoke all on function quality.rule_verdicts(bigint[], timestamptz, text[]) from public;
grant execute on function quality.rule_verdicts(bigint[], timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/expectations/rule_verdicts.sql
--! Included quality/expectations/strftime_regex.sql
-- A format of strftime as a regular expression.
create or replace function quality.strftime_regex(p_format text, p_captures_date boolean default false)
returns text
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_parts constant jsonb := '{
    "%Y": "\\d{4}", "%m": "0[1-9]|1[0-2]", "%d": "0[1-9]|[12]\\d|3[01]", "%y": "\\d{2}", "%H": "[01]\\d|2[0-3]", "%I": "0[1-9]|1[0-2]", "%M": "[0-5]\\d",
    "%S": "[0-5]\\d|6[01]", "%f": "\\d{1,6}", "%p": "AM|PM|am|pm", "%j": "00[1-9]|0[1-9]\\d|[12]\\d{2}|3[0-5]\\d|36[0-6]",
    "%z": "[+-]\\d{2}:?\\d{2}|Z", "%b": "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
    "%B": "January|February|March|April|May|June|July|August|September|October|November|December",
    "%a": "Mon|Tue|Wed|Thu|Fri|Sat|Sun", "%A": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday", "%%": "%"
  }';
  v_part text;
  v_regex text := '';
begin
  for v_part in select token.part[1] from regexp_matches(p_format, '%.?|[^%]+', 'g') as token (part) loop
    if v_part not like '\%%' then
      v_regex := v_regex || regexp_replace(v_part, '([^A-Za-z0-9_ ])', '\\\1', 'g');
    elsif c_parts ? v_part then
      v_regex := v_regex || format(case when p_captures_date and v_part in ('%Y', '%m', '%d') then '(%s)' else '(?:%s)' end, c_parts ->> v_part);
    else
      raise exception using errcode = 'MB001',
        message = format('%s is not a part of a time that is known.', quote_literal(v_part)),
        hint = format('A format has %s.', (select string_agg(known.name, ' ' order by known.name) from jsonb_object_keys(c_parts) as known (name)));
    end if;
  end loop;
  return format('^%s$', v_regex);
end;
$$;

comment on function quality.strftime_regex(text, boolean) is
E'@behavior -*\nA regular expression of the texts that strptime of Python reads by p_format (English names, two digits), with p_captures_date year, month and day in parentheses. Errors: MB001 for a part of the format that is not known.';

revoke all on function quality.strftime_regex(text, boolean) from public;
grant execute on function quality.strftime_regex(text, boolean) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/strftime_regex.sql
--! Included quality/expectations/typed_literal.sql
-- A value of a parameter as a literal that can be compared with a column.
create or replace function quality.typed_literal(p_value jsonb, p_type regtype)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Whole numbers are compared with fractions too.
  v_type constant regtype := case when p_type in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then 'numeric'::regtype else p_type end;
begin
  if coalesce(jsonb_typeof(p_value) not in ('string', 'number', 'boolean'), true) or not pg_input_is_valid(p_value #>> '{}', v_type::text) then
    raise exception using errcode = 'MB001',
      message = format('%s is not a value of type %s.', coalesce(left(p_value::text, 80), 'null'), v_type),
      hint = 'Write it as a column of that type shows it.';
  end if;
  return format('%L::%s', p_value #>> '{}', v_type);
end;
$$;

comment on function quality.typed_literal(jsonb, regtype) is
E'@behavior -*\np_value as an SQL literal of the type p_type (numeric for whole numbers). Errors: MB001 where it is none of that type.';

revoke all on function quality.typed_literal(jsonb, regtype) from public;
grant execute on function quality.typed_literal(jsonb, regtype) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/typed_literal.sql
--! Included quality/expectations/verdict_message.sql
-- The verdict of an expectation in a sentence.
create or replace function quality.verdict_message(
  p_status text,
  p_checked_count bigint,
  p_failed_count bigint,
  p_masked_count bigint,
  p_first_message text
)
returns text
language sql
immutable
parallel safe
return concat_ws(
  ' ',
  case
    when p_status in ('failed', 'warned') then format('%s of %s %s. First: %s', p_failed_count, p_checked_count, p_status, p_first_message)
    when p_failed_count > 0 then format('%s checked, %s failed, as many as are tolerated.', p_checked_count, p_failed_count)
    when p_checked_count > 0 then format('%s checked, none failed.', p_checked_count)
    else 'Nothing to check.'
  end,
  case when p_masked_count > 0 then format('%s masked by known incidents.', p_masked_count) end
);

comment on function quality.verdict_message(text, bigint, bigint, bigint, text) is
E'@behavior -*\nWhat the message of a verdict of the status p_status says, for p_checked_count rows or figures of which p_failed_count were not as expected, the first with p_first_message, and p_masked_count that were not judged.';

revoke all on function quality.verdict_message(text, bigint, bigint, bigint, text) from public;
grant execute on function quality.verdict_message(text, bigint, bigint, bigint, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/verdict_message.sql
--! Included quality/findings/acknowledge.sql
-- Somebody knows of a finding and says why it may stay.
create or replace function quality.acknowledge(p_finding_ids bigint[], p_by text, p_reason text, p_until timestamptz default null)
returns setof quality.finding_event
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_wrong text;
begin
  perform quality.require_decision(p_by, p_reason);
  if p_until <= now() then
    raise exception using errcode = 'MB001',
      message = format('A finding cannot be acknowledged until %s: that has passed.', p_until),
      hint = 'Give a time to come, or none.';
  end if;
  perform quality.lock_known_findings(p_finding_ids);

  select format('Finding %s is resolved.', state.finding_id) into v_wrong
  from unnest(p_finding_ids) as asked (finding_id)
  join quality.finding_states() as state on state.finding_id = asked.finding_id
  where state.state = 'resolved'
  limit 1;
  if found then
    raise exception using errcode = 'MB008', message = v_wrong, hint = 'Only what is wrong can be acknowledged; quality.reopen takes a resolution back.';
  end if;

  -- Who says again what was said already changes nothing.
  return query
  insert into quality.finding_event (finding_id, event, decided_by, reason, until)
  select asked.finding_id, 'acknowledged', p_by, p_reason, p_until
  from (select distinct finding_id from unnest(p_finding_ids) as finding_id) as asked
  join quality.finding_states() as state on state.finding_id = asked.finding_id
  where state.state <> 'acknowledged' or (state.decided_by, state.reason, state.until) is distinct from (p_by, p_reason, p_until)
  order by asked.finding_id
  returning *;
end;
$$;

comment on function quality.acknowledge(bigint[], text, text, timestamptz) is
'Acknowledges the findings p_finding_ids of quality.finding: p_by is the person, p_reason why, p_until when it ends (NULL: when the finding is resolved). An acknowledged finding is counted as suppressed, holds back no gate, and stays acknowledged while looks see it again; one that is resolved and comes back is reopened. All or none; returns the events that were recorded, none for findings of which the same was said already. Of two at once the second sees what the first said.
Errors: MB001 without person, reason or findings or for a time that has passed, MB002 for an unknown finding, MB008 for a resolved one.';

revoke all on function quality.acknowledge(bigint[], text, text, timestamptz) from public;
grant execute on function quality.acknowledge(bigint[], text, text, timestamptz) to marketbase_worker, marketbase_author;
--! EndIncluded quality/findings/acknowledge.sql
--! Included quality/findings/finding_identity.sql
-- What makes a finding the same finding when it is seen again.
create or replace function quality.finding_identity(p_rule text, p_scope text, p_instrument_id bigint, p_ts timestamptz, p_key jsonb)
returns bytea
language sql
immutable
parallel safe
return sha256(convert_to(
  jsonb_build_array(
    p_rule, p_scope, p_instrument_id, extract(epoch from p_ts), case when p_ts is null then p_key else p_key - 'row_no' end
  )::text, 'UTF8'));

comment on function quality.finding_identity(text, text, bigint, timestamptz, jsonb) is
E'@behavior -*\nsha256 over the rule (in whatever version), the scope of the look, and the instrument, time and key of the row. NULL arguments count as values; the position of a row in its body counts only where it has no time. What was observed does not count: a row that is wrong in another way is the same finding.';

revoke all on function quality.finding_identity(text, text, bigint, timestamptz, jsonb) from public;
grant execute on function quality.finding_identity(text, text, bigint, timestamptz, jsonb) to marketbase_worker;
--! EndIncluded quality/findings/finding_identity.sql
--! Included quality/findings/finding_states.sql
-- The state of every finding, as of a moment.
create or replace function quality.finding_states(p_as_of timestamptz default 'infinity')
returns setof quality.finding_state
language sql
stable
parallel safe
begin atomic
  select
    latest.finding_id,
    case when latest.event = 'opened' or (latest.event = 'acknowledged' and latest.until <= least(p_as_of, now())) then 'open' else latest.event end,
    case when latest.event = 'acknowledged' and latest.until <= least(p_as_of, now()) then latest.until else latest.recorded_at end,
    latest.decided_by, latest.reason, latest.until, latest.validation_result_id, latest.run_id
  from (
    select distinct on (event.finding_id) event.*
    from quality.finding_event as event
    where event.recorded_at <= p_as_of
    order by event.finding_id, event.finding_event_id desc
  ) as latest;
end;

comment on function quality.finding_states(timestamptz) is
E'@behavior -*\nThe state of each finding that was recorded by p_as_of (default: all that is recorded): its last event. open: seen and not decided, or acknowledged until a time that has passed; acknowledged; reopened: seen again after a look had found it right, or taken back by a person; resolved.';

revoke all on function quality.finding_states(timestamptz) from public;
grant execute on function quality.finding_states(timestamptz) to marketbase_reader;
--! EndIncluded quality/findings/finding_states.sql
--! Included quality/findings/findings_as_of.sql
-- Every finding with its state, as of a moment.
create or replace function quality.findings_as_of(p_as_of timestamptz default 'infinity')
returns setof quality.followed_finding
language sql
stable
parallel safe
begin atomic
  select
    tracked.finding_id, state.state, state.since, tracked.rule, seen.rule_version, seen.severity, tracked.dataset, tracked.instrument_id, instrument.symbol,
    tracked.provider, tracked.subject, tracked.feature_set_version_id, tracked.ts, tracked.key, seen.observed, seen.expected, seen.message,
    tracked.recorded_at, seen.recorded_at, state.decided_by, state.reason, state.until, state.run_id, seen.validation_finding_id,
    coalesce(in_force.version is not null, false)
  from quality.tracked_finding as tracked
  join quality.finding_states(p_as_of) as state on state.finding_id = tracked.finding_id
  join lateral (
    select
      finding.validation_finding_id, finding.observed, finding.expected, finding.message, finding.recorded_at, result.rule_version, result.severity
    from quality.finding_sighting as sighting
    join quality.validation_finding as finding
      on finding.validation_finding_id = sighting.validation_finding_id and finding.recorded_at = sighting.recorded_at
    join quality.validation_result as result
      on result.validation_result_id = finding.validation_result_id and result.recorded_at = finding.recorded_at
    where sighting.finding_id = tracked.finding_id and sighting.recorded_at <= p_as_of
    order by sighting.recorded_at desc, sighting.validation_finding_id desc
    limit 1
  ) as seen on true
  left join market.instrument as instrument on instrument.instrument_id = tracked.instrument_id
  left join lateral (
    select activation.version
    from quality.rule_activation as activation
    where activation.rule = tracked.rule and activation.in_force_from <= p_as_of
    order by activation.in_force_from desc
    limit 1
  ) as in_force on true;
end;

comment on function quality.findings_as_of(timestamptz) is
'What quality.finding said at the moment p_as_of (default: what it says now): findings recorded by then, in the state that they had, as they had been seen last. The same moment gives the same rows, whatever has been recorded since.';

revoke all on function quality.findings_as_of(timestamptz) from public;
grant execute on function quality.findings_as_of(timestamptz) to marketbase_reader;
--! EndIncluded quality/findings/findings_as_of.sql
--! Included quality/findings/lock_findings.sql
-- One transaction at a time decides about a finding.
create or replace function quality.lock_findings(p_scopes text[])
returns void
language sql
volatile
parallel unsafe
begin atomic
  select pg_advisory_xact_lock(hashtext('quality.finding'), bucket.bucket)
  from (
    select distinct abs(hashtext(scope) % 128) as bucket
    from unnest(p_scopes) as scope
    order by bucket
  ) as bucket;
end;

comment on function quality.lock_findings(text[]) is
'Waits for the transactions that decide about findings of the scopes p_scopes, and makes others wait for this one. Scopes are those of quality.tracked_finding; 128 locks serve all scopes, always taken in one order, so that a look at thousands of instruments fits into the table of locks.';

revoke all on function quality.lock_findings(text[]) from public;
grant execute on function quality.lock_findings(text[]) to marketbase_worker, marketbase_author;
--! EndIncluded quality/findings/lock_findings.sql
--! Included quality/findings/lock_known_findings.sql
-- Locks findings that a person decides about.
create or replace function quality.lock_known_findings(p_finding_ids bigint[])
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_unknown text;
begin
  if coalesce(cardinality(p_finding_ids), 0) = 0 then
    raise exception using errcode = 'MB001', message = 'No finding is named.', hint = 'quality.finding lists them.';
  end if;
  select coalesce(asked.finding_id::text, 'NULL') into v_unknown
  from unnest(p_finding_ids) as asked (finding_id)
  where not exists (select from quality.tracked_finding as tracked where tracked.finding_id = asked.finding_id)
  limit 1;
  if found then
    raise exception using errcode = 'MB002', message = format('There is no finding %s.', v_unknown), hint = 'quality.finding lists them.';
  end if;
  perform quality.lock_findings(array(select tracked.scope from quality.tracked_finding as tracked where tracked.finding_id = any (p_finding_ids)));
end;
$$;

comment on function quality.lock_known_findings(bigint[]) is
'Waits until no other transaction decides about the findings p_finding_ids and keeps others waiting. Errors: MB001 for none, MB002 for an unknown one.';

revoke all on function quality.lock_known_findings(bigint[]) from public;
grant execute on function quality.lock_known_findings(bigint[]) to marketbase_worker, marketbase_author;
--! EndIncluded quality/findings/lock_known_findings.sql
--! Included quality/findings/reopen.sql
-- Takes back an acknowledgement or a resolution.
create or replace function quality.reopen(p_finding_ids bigint[], p_by text, p_reason text)
returns setof quality.finding_event
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_wrong text;
begin
  perform quality.require_decision(p_by, p_reason);
  perform quality.lock_known_findings(p_finding_ids);

  select format('Finding %s is %s already.', state.finding_id, state.state) into v_wrong
  from unnest(p_finding_ids) as asked (finding_id)
  join quality.finding_states() as state on state.finding_id = asked.finding_id
  where state.state in ('open', 'reopened')
  limit 1;
  if found then
    raise exception using errcode = 'MB008', message = v_wrong, hint = 'Only what is acknowledged or resolved can be reopened.';
  end if;

  return query
  insert into quality.finding_event (finding_id, event, decided_by, reason)
  select asked.finding_id, 'reopened', p_by, p_reason
  from (select distinct finding_id from unnest(p_finding_ids) as finding_id) as asked
  order by asked.finding_id
  returning *;
end;
$$;

comment on function quality.reopen(bigint[], text, text) is
'Takes back that the findings p_finding_ids are acknowledged or resolved: p_by is the person, p_reason why. The next look decides about them again. All or none; returns the events that were recorded.
Errors: MB001 without person, reason or findings, MB002 for an unknown finding, MB008 for one that is open.';

revoke all on function quality.reopen(bigint[], text, text) from public;
grant execute on function quality.reopen(bigint[], text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/findings/reopen.sql
--! Included quality/findings/track_looks.sql
-- Every look that is stored is followed, whoever stores it.
create or replace function quality.track_looks()
returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if tg_table_name = 'validation_result' then
    perform quality.track_results(array_agg(stored.validation_result_id), min(stored.recorded_at))
    from stored
    where stored.failed_count = 0 or stored.status = 'passed'
    having count(*) > 0;
  else
    perform quality.track_results(array_agg(distinct stored.validation_result_id), min(stored.recorded_at))
    from stored
    having count(*) > 0;
  end if;
  return null;
end;
$$;

comment on function quality.track_looks() is
'Trigger: follows what results mean for findings: of those without findings when they are stored, of the others when their findings are, which may be later.';

revoke all on function quality.track_looks() from public;

create or replace trigger _600_findings after insert on quality.validation_result
  referencing new table as stored
  for each statement execute function quality.track_looks();
create or replace trigger _600_findings after insert on quality.validation_finding
  referencing new table as stored
  for each statement execute function quality.track_looks();
--! EndIncluded quality/findings/track_looks.sql
--! Included quality/findings/track_results.sql
-- Follows findings from look to look: opens, reopens and resolves them.
create or replace function quality.track_results(p_validation_result_ids bigint[], p_since timestamptz)
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
-- How many findings there are decides the plan; and what a table held when it was analysed last says nothing of what this call puts into it.
set plan_cache_mode to force_custom_plan
set enable_seqscan to off
as $$
declare
  v_looks quality.look[];
  v_seen quality.seen_finding[];
begin
  -- Only looks that saw something, or that may have found right what others saw.
  select array_agg(looked) into v_looks
  from (
    select
      result.validation_result_id, result.recorded_at, result.rule, scope.scope, result.dataset, result.feature_set_version_id,
      response.provider, case when result.dataset <> 'raw_response' then response.subject end,
      result.from_ts, case when response.provider is not null then result.to_ts end, result.run_id,
      result.status = 'passed' or result.failed_count = kept.finding_count
    from quality.validation_result as result
    left join ingest.raw_response as response on response.raw_response_id = result.raw_response_id
    cross join lateral (
      select case
        when result.dataset = 'raw_response' then format('body %s %s', response.provider, response.dataset)
        when response.provider is not null then format('body %s %s %s', response.provider, response.dataset, response.subject)
        when result.feature_set_version_id is not null then format('set %s', result.feature_set_version_id)
        when result.instrument_id is not null then format('instrument %s', result.instrument_id)
        else format('dataset %s', result.dataset)
      end as scope
    ) as scope
    cross join lateral (
      select case
        when result.failed_count = 0 then 0
        else (
          select count(*)
          from quality.validation_finding as finding
          where finding.validation_result_id = result.validation_result_id and finding.recorded_at = result.recorded_at
        )
      end as finding_count
    ) as kept
    where result.validation_result_id = any (p_validation_result_ids)
      and result.recorded_at >= p_since
      and (
        kept.finding_count > 0
        or exists (select from quality.tracked_finding as tracked where tracked.rule = result.rule and tracked.scope = scope.scope)
      )
  ) as looked;
  if v_looks is null then
    return;
  end if;
  perform quality.lock_findings(array(select distinct look.scope from unnest(v_looks) as look));

  select array_agg(row(
    look.validation_result_id, look.recorded_at, look.run_id, finding.validation_finding_id,
    quality.finding_identity(look.rule, look.scope, finding.instrument_id, finding.ts, finding.key), null
  )::quality.seen_finding)
  into v_seen
  from unnest(v_looks) as look
  join quality.validation_finding as finding
    on finding.validation_result_id = look.validation_result_id and finding.recorded_at = look.recorded_at;

  insert into quality.tracked_finding (
    identity, rule, scope, dataset, instrument_id, feature_set_version_id, provider, subject, ts, key, recorded_at, run_id
  )
  select
    first.identity, look.rule, look.scope, look.dataset, finding.instrument_id, look.feature_set_version_id, look.provider, look.subject, finding.ts,
    finding.key, finding.recorded_at, look.run_id
  from (
    select distinct on (seen.identity) seen.*
    from unnest(v_seen) as seen
    where not exists (select from quality.tracked_finding as tracked where tracked.identity = seen.identity)
    order by seen.identity, seen.validation_finding_id
  ) as first
  join unnest(v_looks) as look on look.validation_result_id = first.validation_result_id
  join quality.validation_finding as finding
    on finding.validation_finding_id = first.validation_finding_id and finding.recorded_at = first.recorded_at
  order by first.validation_finding_id
  on conflict (identity) do nothing;

  select array_agg(row(
    seen.validation_result_id, seen.recorded_at, seen.run_id, seen.validation_finding_id, seen.identity, tracked.finding_id
  )::quality.seen_finding)
  into v_seen
  from unnest(v_seen) as seen
  join quality.tracked_finding as tracked on tracked.identity = seen.identity;

  insert into quality.finding_sighting (finding_id, recorded_at, validation_finding_id)
  select seen.finding_id, seen.recorded_at, seen.validation_finding_id
  from unnest(v_seen) as seen
  on conflict (finding_id, recorded_at, validation_finding_id) do nothing;

  -- Seen for the first time, or again after it had been found right.
  insert into quality.finding_event (finding_id, event, recorded_at, validation_result_id, run_id)
  select
    first.finding_id, case when last.event is null then 'opened' else 'reopened' end, first.recorded_at, first.validation_result_id, first.run_id
  from (
    select distinct on (seen.finding_id) seen.*
    from unnest(v_seen) as seen
    order by seen.finding_id, seen.validation_result_id
  ) as first
  left join lateral (
    select event.event, event.validation_result_id
    from quality.finding_event as event
    where event.finding_id = first.finding_id
    order by event.finding_event_id desc
    limit 1
  ) as last on true
  where last.event is null or (last.event = 'resolved' and last.validation_result_id < first.validation_result_id)
  order by first.finding_id;

  -- Not seen by a look that would have seen it: one that kept all that it found, of the same scope, at the same time. What bodies look like as a whole
  -- is not decided by the next body.
  insert into quality.finding_event (finding_id, event, recorded_at, validation_result_id, run_id)
  select distinct on (tracked.finding_id) tracked.finding_id, 'resolved', look.recorded_at, look.validation_result_id, look.run_id
  from unnest(v_looks) as look
  join quality.tracked_finding as tracked on tracked.rule = look.rule and tracked.scope = look.scope
  left join unnest(v_seen) as seen on seen.finding_id = tracked.finding_id and seen.validation_result_id = look.validation_result_id
  cross join lateral (
    select event.event
    from quality.finding_event as event
    where event.finding_id = tracked.finding_id
    order by event.finding_event_id desc
    limit 1
  ) as last
  where seen.finding_id is null
    and look.is_complete
    and look.dataset <> 'raw_response'
    and (tracked.ts is null or tracked.ts between look.from_ts and coalesce(look.to_ts, 'infinity'))
    and last.event <> 'resolved'
    -- An older look says nothing about what was seen since.
    and not exists (
      select
      from quality.finding_sighting as sighting
      join quality.validation_finding as finding
        on finding.validation_finding_id = sighting.validation_finding_id and finding.recorded_at = sighting.recorded_at
      where sighting.finding_id = tracked.finding_id and sighting.recorded_at >= look.recorded_at
        and finding.validation_result_id > look.validation_result_id
    )
  order by tracked.finding_id, look.validation_result_id desc;
end;
$$;

comment on function quality.track_results(bigint[], timestamptz) is
E'@behavior -*\nWhat the results p_validation_result_ids (recorded at p_since or later) mean for findings: one that is seen for the first time is opened; one that is seen again is the same finding, and reopened where a look had found it right; one that was not seen although the look would have seen it is resolved. A look decides about its own rule and scope (an instrument, a version of a set, the bodies of a provider on a subject), from the first time that it looked at, in bodies also up to the last; a result that kept fewer findings than it counted resolves none. A look that was followed before, or that is older than what is known, changes nothing. The triggers of quality.validation_result and validation_finding call it.';

revoke all on function quality.track_results(bigint[], timestamptz) from public;
grant execute on function quality.track_results(bigint[], timestamptz) to marketbase_worker;
--! EndIncluded quality/findings/track_results.sql
--! Included quality/gates/define_gate.sql
-- Says which findings hold a step back.
create or replace function quality.define_gate(
  p_step text,
  p_datasets text[],
  p_severities text[],
  p_rules text[],
  p_description text
)
returns quality.gate
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_gate quality.gate;
  v_wrong text;
begin
  if p_step is null or p_step not in ('features', 'train', 'predict') then
    raise exception using errcode = 'MB003',
      message = format('The step %s has no gate.', coalesce(quote_literal(left(p_step, 80)), 'NULL')),
      hint = 'Steps with a gate: features, train, predict.';
  end if;
  select wrong into v_wrong from unnest(p_severities) as wrong where wrong is null or wrong not in ('critical', 'error', 'warning', 'info') limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s is no severity.', coalesce(quote_literal(left(v_wrong, 80)), 'NULL')),
      hint = 'There are critical, error, warning and info.';
  end if;
  select wrong into v_wrong
  from unnest(p_rules) as wrong
  where not exists (select from quality.validation_rule as known where known.rule = wrong)
  limit 1;
  if found then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s.', coalesce(quote_literal(left(v_wrong, 80)), 'NULL')),
      hint = 'quality.rule_in_force lists them.';
  end if;
  if coalesce(p_description, '') !~ '\S' or p_datasets is null or array_position(p_datasets, null) is not null then
    raise exception using errcode = 'MB001',
      message = 'A gate says on which datasets the step depends, and why.',
      hint = 'Datasets are those of rules, such as price_data.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('quality.define_gate ' || p_step, 0));
  insert into quality.gate (step, datasets, severities, rules, description)
  select p_step, p_datasets, coalesce(p_severities, '{}'), coalesce(p_rules, '{}'), p_description
  where not exists (
    select
    from quality.gate_in_force as known
    where known.step = p_step
      and (known.datasets, known.severities, known.rules, known.description)
        = (p_datasets, coalesce(p_severities, '{}'), coalesce(p_rules, '{}'), p_description)
  );
  select gate.* into strict v_gate from quality.gate as gate where gate.step = p_step order by gate.in_force_from desc limit 1;
  return v_gate;
end;
$$;

comment on function quality.define_gate(text, text[], text[], text[], text) is
'Says which findings hold the step p_step (features, train or predict) back: those of rules of the severities p_severities in the stored datasets p_datasets, and those of the rules p_rules whatever their severity, also on bodies. Without severities and rules (empty arrays or NULL) the gate is open for good. Content decides: what is said already changes nothing. A row that a critical rule refused is in quarantine and holds nothing back unless its rule is named: nothing depends on it.
Errors: MB001 for a severity, a dataset or a description that is none, MB003 for an unknown step or rule.';

revoke all on function quality.define_gate(text, text[], text[], text[], text) from public;
grant execute on function quality.define_gate(text, text[], text[], text[], text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/gates/define_gate.sql
--! Included quality/gates/gate_in_force.sql
-- What holds each step back.
create or replace view quality.gate_in_force
with (security_invoker = true)
as
select distinct on (gate.step)
  gate.step,
  gate.datasets,
  gate.severities,
  gate.rules,
  gate.description,
  gate.in_force_from,
  gate.recorded_by
from quality.gate as gate
order by gate.step, gate.in_force_from desc;

comment on view quality.gate_in_force is E'@primaryKey step\nWhich findings hold each step back; quality.held_back says what they hold back now. A gate without severities and rules holds nothing back.';
comment on column quality.gate_in_force.step is E'@notNull\nStep: features, train or predict.';
comment on column quality.gate_in_force.datasets is E'@notNull\nStored data on which the step depends.';
comment on column quality.gate_in_force.severities is E'@notNull\nSeverities of rules whose findings in these datasets hold the step back.';
comment on column quality.gate_in_force.rules is E'@notNull\nRules that do so whatever their dataset and severity, also those on bodies.';
comment on column quality.gate_in_force.description is E'@notNull\nWhy, in words.';
comment on column quality.gate_in_force.in_force_from is E'@notNull\nFrom when.';
comment on column quality.gate_in_force.recorded_by is E'@notNull\nDatabase role that set it.';

grant select on quality.gate_in_force to marketbase_reader;
--! EndIncluded quality/gates/gate_in_force.sql
--! Included quality/gates/held_back.sql
-- Which instruments a step has to leave alone, and why.
create or replace view quality.held_back
with (security_invoker = true)
as
select
  held.step,
  held.instrument_id,
  instrument.symbol,
  array_agg(held.rule order by held.rule) as rules,
  array_agg(distinct held.dataset order by held.dataset) as datasets,
  sum(held.finding_count)::bigint as finding_count,
  max(held.since) as since,
  string_agg(format('%s (%s)', held.rule, held.finding_count), ', ' order by held.rule) as reason
from (
  select gate.step, concerned.instrument_id, tracked.rule, tracked.dataset, count(*) as finding_count, max(state.since) as since
  from quality.gate_in_force as gate
  join quality.rule_in_force as in_force
    on in_force.rule = any (gate.rules) or (in_force.severity = any (gate.severities) and in_force.dataset = any (gate.datasets))
  join quality.tracked_finding as tracked
    on tracked.rule = in_force.rule and (tracked.provider is null or tracked.rule = any (gate.rules))
  join quality.finding_states() as state on state.finding_id = tracked.finding_id and state.state in ('open', 'reopened')
  join market.instrument as concerned on concerned.instrument_id = tracked.instrument_id or tracked.instrument_id is null
  where not exists (
    select
    from quality.gate_release as release
    where (release.step is null or release.step = gate.step)
      and (release.dataset is null or release.dataset = tracked.dataset)
      and (release.instrument_id is null or release.instrument_id = concerned.instrument_id)
      and release.recorded_at >= state.since
      and (release.until is null or release.until > now())
  )
  group by gate.step, concerned.instrument_id, tracked.rule, tracked.dataset
) as held
join market.instrument as instrument on instrument.instrument_id = held.instrument_id
group by held.step, held.instrument_id, instrument.symbol;

comment on view quality.held_back is E'@primaryKey step,instrument_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName heldBacks\n@foreignKey (step) references quality.gate_in_force (step)|@fieldName gateInForce|@foreignFieldName heldBacks\nInstruments that a step leaves alone, because of findings that its gate names and that are open: neither resolved nor acknowledged nor released (quality.release_gate) since they were found. A finding without an instrument holds all instruments back.';
comment on column quality.held_back.step is E'@notNull\nStep: features, train or predict.';
comment on column quality.held_back.instrument_id is E'@notNull\nInstrument.';
comment on column quality.held_back.symbol is E'@notNull\nIts symbol.';
comment on column quality.held_back.rules is E'@notNull\nRules that it fails.';
comment on column quality.held_back.datasets is E'@notNull\nDatasets in which it fails them.';
comment on column quality.held_back.finding_count is E'@notNull\nFindings.';
comment on column quality.held_back.since is E'@notNull\nSince when the last of them is open.';
comment on column quality.held_back.reason is E'@notNull\nThe rules, each with its number of findings.';

grant select on quality.held_back to marketbase_reader;
--! EndIncluded quality/gates/held_back.sql
--! Included quality/gates/release_gate.sql
-- A person lets through what a gate holds back.
create or replace function quality.release_gate(
  p_by text,
  p_reason text,
  p_step text default null,
  p_dataset text default null,
  p_symbol text default null,
  p_until timestamptz default null
)
returns quality.gate_release
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_instrument_id bigint;
  v_held bigint;
  v_release quality.gate_release;
begin
  perform quality.require_decision(p_by, p_reason);
  if num_nonnulls(p_step, p_dataset, p_symbol) = 0 then
    raise exception using errcode = 'MB001',
      message = 'A release names what it releases.',
      hint = 'Give a step, a dataset, a symbol, or several of them; quality.held_back lists what is held back.';
  end if;
  if p_until <= clock_timestamp() then
    raise exception using errcode = 'MB001',
      message = format('A gate cannot be released until %s: that has passed.', p_until),
      hint = 'Give a time to come, or none.';
  end if;
  if p_symbol is not null then
    v_instrument_id := market.instrument_id(p_symbol);
  end if;

  -- Of two releases at once the second finds nothing that is held back.
  perform pg_advisory_xact_lock(hashtextextended('quality.release_gate', 0));
  select coalesce(sum(held.finding_count), 0) into v_held
  from quality.held_back as held
  where (p_step is null or held.step = p_step)
    and (p_dataset is null or p_dataset = any (held.datasets))
    and (v_instrument_id is null or held.instrument_id = v_instrument_id);
  if v_held = 0 then
    raise exception using errcode = 'MB008',
      message = format('Nothing is held back for %s.', concat_ws(', ', 'step ' || left(p_step, 80), 'dataset ' || left(p_dataset, 80), left(p_symbol, 80))),
      hint = 'quality.held_back lists what is held back.';
  end if;

  insert into quality.gate_release (step, dataset, instrument_id, decided_by, reason, until, finding_count)
  values (p_step, p_dataset, v_instrument_id, p_by, p_reason, p_until, v_held)
  returning * into v_release;
  return v_release;
end;
$$;

comment on function quality.release_gate(text, text, text, text, text, timestamptz) is
'Lets the steps go on with what findings hold back now: p_by is the person, p_reason why, p_until when the gate closes again over them (NULL: never). Only for the step p_step, for findings in the dataset p_dataset, for the instrument p_symbol; one of them has to be named. The findings stay open, and what is found later holds back again. The marks of what was held back are still there: the next run of the step does it.
Errors: MB001 without person, reason or name, or for a time that has passed, MB002 for an unknown symbol, MB008 where nothing of that name is held back.';

revoke all on function quality.release_gate(text, text, text, text, text, timestamptz) from public;
grant execute on function quality.release_gate(text, text, text, text, text, timestamptz) to marketbase_worker, marketbase_author;
--! EndIncluded quality/gates/release_gate.sql
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

-- Results on feature sets.
grant insert (feature_set_version_id) on quality.validation_result to marketbase_worker;

-- Rules that are expectations, results with warnings and known incidents. An author records and withdraws incidents by functions.
grant insert (expectation) on quality.validation_rule to marketbase_worker;
grant insert (masked_count) on quality.validation_result to marketbase_worker;

alter table quality.known_incident enable row level security;
drop policy if exists known_incident_read on quality.known_incident;
create policy known_incident_read on quality.known_incident for select to marketbase_reader using (true);
drop policy if exists known_incident_insert on quality.known_incident;
create policy known_incident_insert on quality.known_incident for insert to marketbase_worker, marketbase_author with check (true);
drop policy if exists known_incident_update on quality.known_incident;
create policy known_incident_update on quality.known_incident for update to marketbase_worker, marketbase_author
  using (withdrawn_at is null) with check (withdrawn_at is not null);
revoke all on quality.known_incident from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.known_incident to marketbase_reader;
grant insert (dataset, instrument_id, provider, from_ts, to_ts, reason) on quality.known_incident to marketbase_worker, marketbase_author;
grant update (withdrawn_by, withdrawn_at) on quality.known_incident to marketbase_worker, marketbase_author;
-- Results of the past say as of when.
grant insert (as_of) on quality.validation_result to marketbase_worker;

-- Partitions are read through their tables.
alter table quality.validation_result_default enable row level security;
alter table quality.validation_finding_default enable row level security;
alter table quality.finding_sighting_default enable row level security;

-- The life of findings. The worker records what looks say; whoever may decide records decisions, and nothing else.
alter table quality.tracked_finding enable row level security;
drop policy if exists tracked_finding_read on quality.tracked_finding;
create policy tracked_finding_read on quality.tracked_finding for select to marketbase_reader using (true);
drop policy if exists tracked_finding_insert on quality.tracked_finding;
create policy tracked_finding_insert on quality.tracked_finding for insert to marketbase_worker with check (true);
revoke all on quality.tracked_finding from public, marketbase_reader, marketbase_worker;
grant select on quality.tracked_finding to marketbase_reader;
grant insert (
  identity, rule, scope, dataset, instrument_id, feature_set_version_id, provider, subject, ts, key, recorded_at, run_id
) on quality.tracked_finding to marketbase_worker;

alter table quality.finding_sighting enable row level security;
drop policy if exists finding_sighting_read on quality.finding_sighting;
create policy finding_sighting_read on quality.finding_sighting for select to marketbase_reader using (true);
drop policy if exists finding_sighting_insert on quality.finding_sighting;
create policy finding_sighting_insert on quality.finding_sighting for insert to marketbase_worker with check (true);
revoke all on quality.finding_sighting from public, marketbase_reader, marketbase_worker;
grant select on quality.finding_sighting to marketbase_reader;
grant insert (finding_id, recorded_at, validation_finding_id) on quality.finding_sighting to marketbase_worker;

alter table quality.finding_event enable row level security;
drop policy if exists finding_event_read on quality.finding_event;
create policy finding_event_read on quality.finding_event for select to marketbase_reader using (true);
drop policy if exists finding_event_insert on quality.finding_event;
create policy finding_event_insert on quality.finding_event for insert to marketbase_worker with check (true);
drop policy if exists finding_event_decide on quality.finding_event;
create policy finding_event_decide on quality.finding_event for insert to marketbase_author with check (decided_by is not null);
revoke all on quality.finding_event from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.finding_event to marketbase_reader;
grant insert (finding_id, event, recorded_at, validation_result_id, run_id, decided_by, reason, until) on quality.finding_event to marketbase_worker;
grant insert (finding_id, event, decided_by, reason, until) on quality.finding_event to marketbase_author;

-- Gates and their releases.
alter table quality.gate enable row level security;
drop policy if exists gate_read on quality.gate;
create policy gate_read on quality.gate for select to marketbase_reader using (true);
drop policy if exists gate_insert on quality.gate;
create policy gate_insert on quality.gate for insert to marketbase_worker, marketbase_author with check (true);
revoke all on quality.gate from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.gate to marketbase_reader;
grant insert (step, datasets, severities, rules, description) on quality.gate to marketbase_worker, marketbase_author;

alter table quality.gate_release enable row level security;
drop policy if exists gate_release_read on quality.gate_release;
create policy gate_release_read on quality.gate_release for select to marketbase_reader using (true);
drop policy if exists gate_release_insert on quality.gate_release;
create policy gate_release_insert on quality.gate_release for insert to marketbase_worker, marketbase_author with check (true);
revoke all on quality.gate_release from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.gate_release to marketbase_reader;
grant insert (step, dataset, instrument_id, decided_by, reason, until, finding_count) on quality.gate_release to marketbase_worker, marketbase_author;
--! EndIncluded quality/grants.sql
--! Included quality/helpers/action_bar.sql
-- The bar on which a split or dividend takes effect, and the close before it.
create or replace function quality.action_bar(p_instrument_id bigint, p_bar_interval text, p_ex_date date)
returns table (ts timestamptz, session_date date, open double precision, close double precision, previous_close double precision)
language sql
stable
parallel safe
begin atomic
  select first_bar.ts, first_bar.session_date, first_bar.open, first_bar.close, bar_before.close
  from (
    select bar.ts, bar.session_date, bar.open, bar.close
    from market.price_data as bar
    where bar.instrument_id = p_instrument_id
      and bar.bar_interval = p_bar_interval
      and bar.ts >= (p_ex_date - case p_bar_interval when '1w' then 6 else 0 end)::timestamp at time zone 'UTC'
    order by bar.ts
    limit 1
  ) as first_bar
  cross join lateral (
    select bar.close
    from market.price_data as bar
    where bar.instrument_id = p_instrument_id and bar.bar_interval = p_bar_interval and bar.ts < first_bar.ts
    order by bar.ts desc
    limit 1
  ) as bar_before;
end;

comment on function quality.action_bar(bigint, text, date) is
'The bar on which an action with the ex-date p_ex_date takes effect: the first one that ends after it begins, so that the action is not lost where the bar of that day is missing or was refused. No row where that would be the first bar, or is still to come.';

revoke all on function quality.action_bar(bigint, text, date) from public;
grant execute on function quality.action_bar(bigint, text, date) to marketbase_worker;
--! EndIncluded quality/helpers/action_bar.sql
--! Included quality/helpers/actions_between.sql
-- The splits and dividends on record of some days, taken together.
create or replace function quality.actions_between(p_instrument_id bigint, p_after date, p_to date)
returns quality.actions_taken
language sql
stable
parallel safe
begin atomic
  select row(
    coalesce(exp(sum(ln(action.amount)) filter (where action.action_type = 'split')), 1),
    coalesce(sum(action.amount) filter (where action.action_type = 'dividend'), 0)
  )::quality.actions_taken
  from market.corporate_action as action
  where action.instrument_id = p_instrument_id and action.ex_date > p_after and action.ex_date <= p_to;
end;

comment on function quality.actions_between(bigint, date, date) is
'The splits and dividends on record for an instrument with an ex-date after p_after, up to p_to, taken together. Without any, or for NULL, 1 and 0.';

revoke all on function quality.actions_between(bigint, date, date) from public;
grant execute on function quality.actions_between(bigint, date, date) to marketbase_worker;
--! EndIncluded quality/helpers/actions_between.sql
--! Included quality/helpers/adjusted_move.sql
-- A move from close to close that neither split nor dividend on record distorts.
create or replace function quality.adjusted_move(p_close double precision, p_previous_close double precision, p_action quality.actions_taken)
returns double precision
language sql
immutable
parallel safe
return (
  select ln(candidate.value)
  from (
    values
      (p_close / p_previous_close),
      (p_close * (p_action).split_ratio / p_previous_close),
      ((p_close + (p_action).dividend) / p_previous_close),
      ((p_close + (p_action).dividend) * (p_action).split_ratio / p_previous_close)
  ) as candidate (value)
  order by abs(ln(candidate.value))
  limit 1
);

comment on function quality.adjusted_move(double precision, double precision, quality.actions_taken) is
'Natural logarithm of close over previous close with or without the split and the dividend of p_action, whichever is nearest to 0: providers differ in whether their prices contain them. NULL where a close is missing.';

revoke all on function quality.adjusted_move(double precision, double precision, quality.actions_taken) from public;
grant execute on function quality.adjusted_move(double precision, double precision, quality.actions_taken) to marketbase_worker;
--! EndIncluded quality/helpers/adjusted_move.sql
--! Included quality/helpers/adjustment.sql
-- By how much an adjusted close moves otherwise than the close and the dividend say.
create or replace function quality.adjustment(bar quality.judged_bar)
returns double precision
language sql
immutable
parallel safe
return ln(bar.adjusted_close / bar.previous_adjusted_close * bar.previous_close / bar.close * (1 - bar.dividend / bar.previous_close));

comment on function quality.adjustment(quality.judged_bar) is
'Natural logarithm of the change of adjusted close over close since the bar before, less the change that the dividend on record makes, -ln(1 - dividend / previous close): 0 where both agree, that of the split where the adjusted close contains a split and the close does not. NULL where a value is missing. Adjusted closes must be positive and the dividend below the close before.';

revoke all on function quality.adjustment(quality.judged_bar) from public;
grant execute on function quality.adjustment(quality.judged_bar) to marketbase_worker;
--! EndIncluded quality/helpers/adjustment.sql
--! Included quality/helpers/bar_before.sql
-- The bar before one, with its own predecessor and actions.
create or replace function quality.bar_before(bar quality.judged_bar)
returns table (ts timestamptz, session_date date, close double precision, close_before double precision, action quality.actions_taken)
language sql
stable
parallel safe
begin atomic
  select
    latest.ts, latest.session_date, latest.close, latest.close_before,
    quality.actions_between(bar.instrument_id, latest.date_before + week.days, latest.session_date + week.days)
  from (
    select
      price.ts, price.session_date, price.close,
      lead(price.close) over latest_first as close_before,
      lead(price.session_date) over latest_first as date_before
    from market.price_data as price
    where price.instrument_id = bar.instrument_id and price.bar_interval = bar.bar_interval and price.ts < bar.ts
    window latest_first as (order by price.ts desc)
    limit 1
  ) as latest
  cross join (select case bar.bar_interval when '1w' then 6 else 0 end as days) as week;
end;

comment on function quality.bar_before(quality.judged_bar) is
'The bar before a judged one, the close before that, and the splits and dividends on record that took effect on it. No row for the first bar. For bars that are suspected already: it is looked up.';

revoke all on function quality.bar_before(quality.judged_bar) from public;
grant execute on function quality.bar_before(quality.judged_bar) to marketbase_worker;
--! EndIncluded quality/helpers/bar_before.sql
--! Included quality/helpers/bar_violation.sql
-- What a rule of prices says of a bar that violates it.
create or replace function quality.bar_violation(bar quality.judged_bar, p_observed jsonb, p_expected text, p_message text)
returns quality.violation
language sql
stable
parallel safe
return row(null, bar.instrument_id, bar.ts, jsonb_build_object('session_date', bar.session_date), p_observed, p_expected, p_message)::quality.violation;

comment on function quality.bar_violation(quality.judged_bar, jsonb, text, text) is
'A violation by the bar: p_observed are the values that were seen, p_expected says in words what was expected, p_message what is wrong, in a sentence.';

revoke all on function quality.bar_violation(quality.judged_bar, jsonb, text, text) from public;
grant execute on function quality.bar_violation(quality.judged_bar, jsonb, text, text) to marketbase_worker;
--! EndIncluded quality/helpers/bar_violation.sql
--! Included quality/helpers/bar_violations.sql
-- Applies rules on single bars to what is stored, all of them in one pass over the bars.
create or replace function quality.bar_violations(p_rules text[], p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_calls text;
  v_columns text;
  v_pairs text;
begin
  select
    string_agg(format('%s(bar, %L::jsonb)', (r.function_name || '(quality.judged_bar, jsonb)')::regprocedure::regproc, r.parameters), ', ' order by r.rule),
    string_agg(format('judged.%I', r.rule), ', ' order by r.rule),
    string_agg(format('(%L, judged.%I)', r.rule, r.rule), ', ' order by r.rule)
  into v_calls, v_columns, v_pairs
  from quality.rule_in_force as r
  where r.rule = any (p_rules);
  if v_calls is null then
    return;
  end if;
  -- The planner writes the conditions of the rules into this query: no function is called for a bar that satisfies them.
  return query execute format(
    'select said.rule, (said.violation).row_no, (said.violation).instrument_id, (said.violation).ts, (said.violation).key, (said.violation).observed,
       (said.violation).expected, (said.violation).message
     from (select %s from quality.judged_bars($1, $2, $3) as bar offset 0) as judged (%s)
     cross join lateral (values %s) as said (rule, violation)
     where num_nonnulls(%s) > 0 and num_nonnulls(said.violation) > 0',
    v_calls, replace(v_columns, 'judged.', ''), v_pairs, v_columns
  )
  using p_instrument_ids, p_from, p_to;
end;
$$;

comment on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz) is
'What the rules p_rules, each a function of a quality.judged_bar, find wrong in the bars of the instruments from p_from to p_to; writes nothing. The bars are read once, whatever the number of rules. Errors: those of the rules.';

revoke all on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/bar_violations.sql
--! Included quality/helpers/calendar_dates.sql
-- The days on which an exchange trades, as one sorted array.
create or replace function quality.calendar_dates(p_mic text)
returns date[]
language sql
stable
parallel safe
return (
  select array_agg(day order by day)
  from (select min(price.session_date) as first_date, max(price.session_date) as last_date from market.price_data as price) as stored
  cross join lateral market.session_dates(p_mic, stored.first_date, stored.last_date) as day
);

comment on function quality.calendar_dates(text) is
'The days on which the exchange p_mic trades (market.session_dates), sorted, from the first to the last session of which any bar is stored. width_bucket(day, dates) counts those up to a day in no time. NULL for an exchange without such days.';

revoke all on function quality.calendar_dates(text) from public;
grant execute on function quality.calendar_dates(text) to marketbase_worker;
--! EndIncluded quality/helpers/calendar_dates.sql
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
    select r.* from quality.rule_in_force as r where r.expectation is null and r.dataset = p_dataset order by r.rule
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
--! Included quality/helpers/equal_bars.sql
-- For how many bars prices have stood still.
create or replace function quality.equal_bars(p_instrument_id bigint, p_bar_interval text, p_ts timestamptz)
returns bigint
language sql
stable
parallel safe
return (
  select count(*) filter (where bar.differences = 0)
  from (
    select
      count(*) filter (where (price.open, price.high, price.low, price.close) <> (latest.open, latest.high, latest.low, latest.close))
        over (order by price.ts desc) as differences
    from market.price_data as latest
    cross join lateral (
      select earlier.ts, earlier.open, earlier.high, earlier.low, earlier.close
      from market.price_data as earlier
      where earlier.instrument_id = latest.instrument_id and earlier.bar_interval = latest.bar_interval and earlier.ts <= latest.ts
      order by earlier.ts desc
      limit 61
    ) as price
    where latest.instrument_id = p_instrument_id and latest.bar_interval = p_bar_interval and latest.ts = p_ts
  ) as bar
);

comment on function quality.equal_bars(bigint, text, timestamptz) is
'How many bars up to that of p_ts, itself included, at most 61, have its open, high, low and close, without a break. 0 where there is no such bar.';

revoke all on function quality.equal_bars(bigint, text, timestamptz) from public;
grant execute on function quality.equal_bars(bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/equal_bars.sql
--! Included quality/helpers/is_off_cent.sql
-- Whether a price is not a whole number of cents.
create or replace function quality.is_off_cent(p_price double precision)
returns boolean
language sql
immutable
parallel safe
return abs(p_price * 100 - round(p_price * 100)) > 0.01;

comment on function quality.is_off_cent(double precision) is
'Whether p_price is not a multiple of 0.01, but for a hundredth of a cent, which is more than prices lose as single-precision numbers up to about 1,000. NULL for NULL.';

revoke all on function quality.is_off_cent(double precision) from public;
grant execute on function quality.is_off_cent(double precision) to marketbase_worker;
--! EndIncluded quality/helpers/is_off_cent.sql
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
  cross join lateral (
    select
      (select coalesce(body.price_basis, provider.price_basis) from ingest.raw_response as body join ingest.provider using (provider)
        where body.raw_response_id = current.raw_response_id) as current_basis,
      (select coalesce(body.price_basis, provider.price_basis) from ingest.raw_response as body join ingest.provider using (provider)
        where body.raw_response_id = said.raw_response_id) as said_basis
  ) as given
  cross join lateral (
    select
      coalesce(exp(sum(ln(action.amount::double precision)) filter (where action.action_type = 'split')), 1) as split_factor,
      count(*) as action_count
    from market.corporate_action as action
    where action.instrument_id = current.instrument_id and action.ex_date > current.session_date and action.amount > 0
  ) as later
  cross join lateral (
    select case
      when given.said_basis = given.current_basis then 1
      when (given.said_basis, given.current_basis) = ('raw', 'split') then 1 / later.split_factor
      when (given.said_basis, given.current_basis) = ('split', 'raw') then later.split_factor
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
--! Included quality/helpers/prediction_series.sql
-- The predictions of each training for each instrument, as one series.
create or replace function quality.prediction_series(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns table (
  instrument_id bigint,
  model_training_run_id bigint,
  ts timestamptz,
  predictions double precision[],
  outcome_count bigint,
  mean_error double precision,
  mean_error_deviation double precision,
  slope double precision,
  slope_deviation double precision
)
language sql
stable
parallel safe
begin atomic
  select
    series.instrument_id, series.model_training_run_id, series.ts, series.predictions, series.outcomes,
    series.mean_error, series.error_deviation / sqrt(series.outcomes), series.slope,
    sqrt(greatest(series.outcome_squares / nullif(series.prediction_squares, 0) - series.slope ^ 2, 0) / nullif(series.outcomes - 2, 0))
  from (
    select
      prediction.instrument_id, prediction.model_training_run_id, max(prediction.ts) as ts,
      array_agg(prediction.predicted order by prediction.ts) as predictions,
      count(prediction.outcome) as outcomes,
      avg(prediction.outcome - prediction.predicted) as mean_error,
      stddev_samp(prediction.outcome - prediction.predicted) as error_deviation,
      regr_slope(prediction.outcome, prediction.predicted) as slope,
      regr_syy(prediction.outcome, prediction.predicted) as outcome_squares,
      regr_sxx(prediction.outcome, prediction.predicted) as prediction_squares
    from ml.model_prediction as prediction
    where prediction.instrument_id = any (p_instrument_ids)
      and prediction.is_out_of_sample
      and prediction.ts <= p_to
      and abs(prediction.predicted) < 'infinity' and abs(coalesce(prediction.outcome, 0)) < 'infinity'
    group by prediction.instrument_id, prediction.model_training_run_id
  ) as series
  where series.ts >= p_from;
end;

comment on function quality.prediction_series(bigint[], timestamptz, timestamptz) is
'The finite out-of-sample predictions up to p_to of each training for each instrument that has one from p_from on: in order of time, with how many outcomes are known, the mean of outcome - prediction, the slope of the regression of outcome on prediction (Mincer and Zarnowitz, 1969: 0 and 1 for a calibrated model), and the standard deviation of both estimates, for errors that do not depend on each other.';

revoke all on function quality.prediction_series(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.prediction_series(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/prediction_series.sql
--! Included quality/helpers/require_decision.sql
-- A decision has somebody who takes it, and a reason.
create or replace function quality.require_decision(p_by text, p_reason text)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if coalesce(p_by, '') !~ '\S' or coalesce(p_reason, '') !~ '\S' then
    raise exception using errcode = 'MB001',
      message = 'A decision is taken by somebody, for a reason.',
      hint = 'Give both; they are kept.';
  end if;
  if length(p_by) > 200 or length(p_reason) > 2000 then
    raise exception using errcode = 'MB001',
      message = 'The name of who decides has at most 200 characters, the reason 2000.',
      hint = 'Say it in a sentence and name a document for the rest.';
  end if;
end;
$$;

comment on function quality.require_decision(text, text) is
'Refuses a decision without somebody or without a reason (NULL or blank), and texts that are too long. Errors: MB001.';

revoke all on function quality.require_decision(text, text) from public;
grant execute on function quality.require_decision(text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/helpers/require_decision.sql
--! Included quality/helpers/restatements.sql
-- What filings said later of a period that had been reported before.
create or replace function quality.restatements(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns table (
  instrument_id bigint,
  ts timestamptz,
  concept text,
  period_start date,
  period_end date,
  unit text,
  value numeric,
  previous_value numeric,
  accession text
)
language sql
stable
parallel safe
begin atomic
  select
    fact.instrument_id, fact.period_end::timestamp at time zone 'UTC', fact.concept, fact.period_start, fact.period_end, fact.unit,
    fact.value, previous.value, fact.accession
  from market.company_fundamental as fact
  cross join lateral (
    select history.value
    from market.company_fundamental_history as history
    where history.instrument_id = fact.instrument_id
      and history.taxonomy = fact.taxonomy
      and history.concept = fact.concept
      and history.unit = fact.unit
      and history.period_start = fact.period_start
      and history.period_end = fact.period_end
    order by history.version desc
    limit 1
  ) as previous
  where fact.instrument_id = any (p_instrument_ids)
    and fact.version > 1
    -- Numbers of shares, and figures for each, are restated by every split.
    and fact.unit ~ '^[A-Z]{3}$'
    and fact.period_end::timestamp at time zone 'UTC' between p_from and p_to;
end;

comment on function quality.restatements(bigint[], timestamptz, timestamptz) is
'Current facts in a currency, for periods that end from p_from to p_to, that replaced an earlier value, with that value and the filing that did it.';

revoke all on function quality.restatements(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.restatements(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/restatements.sql
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
grant execute on function quality.robust_score(double precision, double precision[]) to marketbase_worker, marketbase_author;
--! EndIncluded quality/helpers/robust_score.sql
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
    select distinct r.population from quality.rule_in_force as r where r.expectation is null and r.dataset = any (p_datasets) order by r.population
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
--! Included quality/helpers/spike_violation.sql
-- What is wrong with a bar whose move the next one took back.
create or replace function quality.spike_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  select row(
    null,
    bar.instrument_id,
    spike.ts,
    jsonb_build_object('session_date', spike.session_date),
    jsonb_build_object('close', spike.close, 'next_close', bar.close, 'log_return', move.log_return, 'next_log_return', bar.log_return),
    format('a move of %s or more that lasts', p_parameters ->> 'min_move'),
    format(
      'The close of %s moved by %s %%, and the next one moved back by %s %%.',
      spike.session_date, round((exp(move.log_return) * 100 - 100)::numeric, 1), round((exp(bar.log_return) * 100 - 100)::numeric, 1)
    )
  )::quality.violation
  from quality.bar_before(bar) as spike
  cross join lateral (select quality.adjusted_move(spike.close, spike.close_before, spike.action) as log_return) as move
  where abs(move.log_return) >= (p_parameters ->> 'min_move')::double precision
    and abs(move.log_return + bar.log_return) <= (p_parameters ->> 'max_remainder')::double precision * abs(move.log_return)
    -- In a short series the spike itself is one of few moves.
    and ((bar.usual).bars < (p_parameters ->> 'min_sample')::bigint or abs(move.log_return) >= (p_parameters ->> 'score')::double precision * (bar.usual).move)
    and abs(spike.close - spike.close_before) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.previous_volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false);
end;

comment on function quality.spike_violation(quality.judged_bar, jsonb) is
'The violation of price_spike by the bar before one that moved far, with the parameters of that rule; NULL where the bar does not take its move back.';

revoke all on function quality.spike_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.spike_violation(quality.judged_bar, jsonb) to marketbase_worker;
--! EndIncluded quality/helpers/spike_violation.sql
--! Included quality/helpers/split_violation.sql
-- What is wrong with a bar that jumps as by a split.
create or replace function quality.split_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  with jump as (
    select
      -- The dividend of the bar, or of the one before where the price rather moves here, is no jump.
      (
        select ln((bar.open + paid.amount) / bar.previous_close)
        from (values (bar.dividend), ((earlier.action).dividend)) as paid (amount)
        order by abs(ln((bar.open + paid.amount) / bar.previous_close))
        limit 1
      ) as move,
      -- A split that is on record for this bar, and by which its price moved the wrong way.
      bar.split_ratio <> 1
        and least(abs(bar.open_move - ln(bar.split_ratio)), abs(bar.close_move - ln(bar.split_ratio))) <= (p_parameters ->> 'tolerance')::double precision
        -- A dividend that was paid with it may move the price as much.
        and abs(ln((bar.close + bar.dividend) / bar.previous_close)) > (p_parameters ->> 'tolerance')::double precision as is_reversed
    from quality.bar_before(bar) as earlier
  ),
  explained as (
    select
      jump.*,
      (
        select action.amount
        from market.corporate_action as action
        where action.instrument_id = bar.instrument_id
          and action.action_type = 'split'
          and action.ex_date between bar.session_date - (p_parameters ->> 'days')::integer and bar.session_date + (p_parameters ->> 'days')::integer
          and abs(abs(jump.move) - abs(ln(action.amount::double precision))) <= (p_parameters ->> 'tolerance')::double precision
        order by abs(action.ex_date - bar.session_date), action.ex_date
        limit 1
      ) as recorded_ratio,
      exists (
        select
        from jsonb_array_elements_text(p_parameters -> 'ratios') as ratio (value)
        where abs(abs(jump.move) - ln(ratio.value::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      ) as is_common
    from jump
    -- Split and price agree when undoing the split leaves an ordinary move.
    where jump.is_reversed
      or (
        abs(jump.move) >= (p_parameters ->> 'min_move')::double precision
        and not (bar.split_ratio <> 1 and abs(jump.move + ln(bar.split_ratio)) < abs(jump.move) / 2)
        and abs(abs(jump.move) - ln(100)) > 0.2
      )
  )
  select quality.bar_violation(
    bar,
    jsonb_build_object(
      'open', bar.open, 'previous_close', bar.previous_close, 'multiple', exp(explained.move),
      'recorded_split', coalesce(explained.recorded_ratio, nullif(bar.split_ratio, 1)::numeric)
    ),
    'a split on record for that session, or no jump',
    format(
      '%s opens at %s times the close before, and %s.',
      bar.session_date, to_char(exp(explained.move), 'FM999999990.0000'),
      case
        when explained.is_reversed then 'the split on record for it was applied the wrong way or not at all'
        when explained.recorded_ratio is not null
          then format('a split of %s is on record, but not one that explains this', trim_scale(round(explained.recorded_ratio, 6)))
        else 'no split is on record for that session'
      end
    )
  )
  from explained
  where explained.is_reversed
    or abs(explained.move) >= ln((p_parameters ->> 'always')::double precision)
    or (
      (explained.recorded_ratio is not null or explained.is_common)
      and abs(bar.open - bar.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    );
end;

comment on function quality.split_violation(quality.judged_bar, jsonb) is
'The violation of price_split_consistent by a bar that moved far, with the parameters of that rule; NULL where split and price agree.';

revoke all on function quality.split_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.split_violation(quality.judged_bar, jsonb) to marketbase_worker;
--! EndIncluded quality/helpers/split_violation.sql
--! Included quality/helpers/statement_periods.sql
-- Figures of one period that ought to fit together.
create or replace function quality.statement_periods(
  p_instrument_ids bigint[],
  p_from timestamptz,
  p_to timestamptz,
  p_items text[],
  p_other_items text[] default '{}'
)
returns table (instrument_id bigint, ts timestamptz, period_start date, period_end date, unit text, figures jsonb)
language sql
stable
parallel safe
begin atomic
  select
    wanted.id, line.period_end::timestamp at time zone 'UTC', line.period_start, line.period_end, max(line.unit), jsonb_object_agg(line.item, line.value)
  from unnest(p_instrument_ids) as wanted (id)
  cross join lateral market.statement_values(wanted.id, 'infinity', p_items || p_other_items) as line
  where line.period_end::timestamp at time zone 'UTC' between p_from and p_to
    -- A figure that is put together from others proves nothing about them.
    and line.tag not like '% - %' and line.tag not like '% + %'
  group by wanted.id, line.period_start, line.period_end
  having count(*) filter (where line.item = any (p_items)) = cardinality(p_items);
end;

comment on function quality.statement_periods(bigint[], timestamptz, timestamptz, text[], text[]) is
'The periods and balance sheet dates that end from p_from to p_to and for which all of p_items (lines of market.statement_item) were reported, as known now. figures: a JSON object of them and of those of p_other_items that are there; unit: their currency. Figures that market.statement_values puts together from others are left out.';

revoke all on function quality.statement_periods(bigint[], timestamptz, timestamptz, text[], text[]) from public;
grant execute on function quality.statement_periods(bigint[], timestamptz, timestamptz, text[], text[]) to marketbase_worker;
--! EndIncluded quality/helpers/statement_periods.sql
--! Included quality/helpers/statement_totals.sql
-- Totals of statements, each beside the same line of the periods around it.
create or replace function quality.statement_totals(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_items text[])
returns table (
  instrument_id bigint,
  ts timestamptz,
  item text,
  period_start date,
  period_end date,
  unit text,
  value numeric,
  one_side numeric,
  other_side numeric
)
language sql
stable
parallel safe
begin atomic
  select total.instrument_id, total.ts, total.item, total.period_start, total.period_end, total.unit, total.value, total.one_side, total.other_side
  from (
    select
      wanted.id as instrument_id, line.period_end::timestamp at time zone 'UTC' as ts, line.item, line.period_start, line.period_end, line.unit, line.value,
      coalesce(lag(line.value) over same, lead(line.value, 2) over same) as one_side,
      coalesce(lead(line.value) over same, lag(line.value, 2) over same) as other_side
    from unnest(p_instrument_ids) as wanted (id)
    cross join lateral market.statement_values(wanted.id, 'infinity', p_items) as line
    where line.value > 0
    window same as (partition by wanted.id, line.item, line.months order by line.period_end, line.period_start)
  ) as total
  where total.ts between p_from and p_to and total.one_side is not null and total.other_side is not null;
end;

comment on function quality.statement_totals(bigint[], timestamptz, timestamptz, text[]) is
'Each reported value above 0 of p_items (lines of market.statement_item) for periods that end from p_from to p_to, with the one before and the one after of the same length; at the ends of a series the two nearest ones on one side. Fewer than two others: no row.';

revoke all on function quality.statement_totals(bigint[], timestamptz, timestamptz, text[]) from public;
grant execute on function quality.statement_totals(bigint[], timestamptz, timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/helpers/statement_totals.sql
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
  v_bar_rules constant text[] := array(
    select r.rule
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = any (p_datasets) and to_regprocedure(r.function_name || '(quality.judged_bar, jsonb)') is not null
    order by r.rule
  );
  v_each_alone boolean := false;
  v_rule quality.rule_in_force;
begin
  begin
    return query select v.* from quality.bar_violations(v_bar_rules, p_instrument_ids, p_from, p_to) as v;
  exception
    when query_canceled then
      raise;
    when others then
      -- Which of them it was shows when each is applied alone.
      v_each_alone := true;
  end;

  for v_rule in
    select r.*
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = any (p_datasets) and (v_each_alone or r.rule <> all (v_bar_rules))
    order by r.rule
  loop
    begin
      if v_rule.rule = any (v_bar_rules) then
        return query select v.* from quality.bar_violations(array[v_rule.rule], p_instrument_ids, p_from, p_to) as v;
      else
        return query execute format(
          'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3, $4, $5) as v',
          (v_rule.function_name || '(bigint[], timestamp with time zone, timestamp with time zone, jsonb)')::regprocedure::regproc
        )
        using v_rule.rule, p_instrument_ids, p_from, p_to, v_rule.parameters;
      end if;
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
'What the rules in force for p_datasets find wrong in what is stored of the instruments from p_from to p_to; writes nothing. Rules that are functions of a bar are applied together (quality.bar_violations), others each by itself. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) from public;
grant execute on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/helpers/stored_violations.sql
--! Included quality/helpers/usual_bar.sql
-- What was usual for an instrument in the 60 bars before a time.
create or replace function quality.usual_bar(p_instrument_id bigint, p_bar_interval text, p_ts timestamptz)
returns quality.usual_bar
language sql
stable
parallel safe
begin atomic
  select row(
    count(*),
    min(least(nullif(bar.high - bar.low, 0), nullif(abs(bar.close - bar.open), 0), nullif(abs(bar.close - bar.previous_close), 0))),
    percentile_cont(0.5) within group (order by bar.volume),
    percentile_cont(0.5) within group (order by abs(ln(bar.close / bar.previous_close))),
    percentile_cont(0.5) within group (order by ln(bar.high / bar.low)),
    count(*) filter (where quality.is_off_cent(bar.open) or quality.is_off_cent(bar.high) or quality.is_off_cent(bar.low) or quality.is_off_cent(bar.close)),
    array_agg(ln(bar.close / bar.previous_close)),
    array_agg(ln(nullif(bar.volume, 0)))
  )::quality.usual_bar
  from (
    select price.open, price.high, price.low, price.close, price.volume, lead(price.close) over (order by price.ts desc) as previous_close
    from market.price_data as price
    where price.instrument_id = p_instrument_id and price.bar_interval = p_bar_interval and price.ts < p_ts
    order by price.ts desc
    limit 60
  ) as bar;
end;

comment on function quality.usual_bar(bigint, text, timestamptz) is
'What was usual in the 60 bars of an instrument before p_ts. Without such bars bars is 0 and the rest NULL. For bars that stick out: it reads the bars of one.';

revoke all on function quality.usual_bar(bigint, text, timestamptz) from public;
grant execute on function quality.usual_bar(bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/usual_bar.sql
--! Included quality/populations/population_action.sql
-- Counts splits and dividends on record.
create or replace function quality.population_action(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select action.instrument_id, count(*), min(taken.ts), max(taken.ts)
  from market.corporate_action as action
  cross join lateral (select action.ex_date::timestamp at time zone 'UTC' as ts) as taken
  where action.instrument_id = any (p_instrument_ids) and taken.ts between p_from and p_to
  group by action.instrument_id;
end;

comment on function quality.population_action(bigint[], timestamptz, timestamptz) is
'Splits and dividends of each instrument with an ex-date from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_action(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_action(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_action.sql
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
    -- The ts of a daily bar is midnight UTC of its session: the key alone tells.
    and (
      exchange.calendar <> 'sessions'
      or price.ts between (calendar.first_date::timestamp at time zone 'UTC') and (calendar.last_date::timestamp at time zone 'UTC')
    )
  where instrument.instrument_id = any (p_instrument_ids)
  group by price.instrument_id;
end;

comment on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars of each instrument from p_from to p_to, without those before the first and after the last session that market.trading_session has for an exchange whose sessions are known.';

revoke all on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_calendar_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_calendar_price_data.sql
--! Included quality/populations/population_cash_flow.sql
-- Counts cash flow statements.
create or replace function quality.population_cash_flow(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select period.instrument_id, count(*), min(period.ts), max(period.ts)
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{operating_cash_flow,investing_cash_flow,financing_cash_flow,change_in_cash}') as period
  group by period.instrument_id;
end;

comment on function quality.population_cash_flow(bigint[], timestamptz, timestamptz) is
'Periods of each instrument that end from p_from to p_to and have operating, investing and financing cash flow and the change in cash; see quality.statement_periods.';

revoke all on function quality.population_cash_flow(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_cash_flow(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_cash_flow.sql
--! Included quality/populations/population_compared_action.sql
-- Counts splits and dividends of which more than one provider has spoken.
create or replace function quality.population_compared_action(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select action.instrument_id, count(*), min(taken.ts), max(taken.ts)
  from market.corporate_action as action
  cross join lateral (select action.ex_date::timestamp at time zone 'UTC' as ts) as taken
  where action.instrument_id = any (p_instrument_ids)
    and taken.ts between p_from and p_to
    and exists (
      select
      from market.corporate_action_observation as other
      where other.instrument_id = action.instrument_id
        and other.action_type = action.action_type
        and other.ex_date = action.ex_date
        and other.provider <> action.provider
    )
  group by action.instrument_id;
end;

comment on function quality.population_compared_action(bigint[], timestamptz, timestamptz) is
'Splits and dividends of each instrument with an ex-date from p_from to p_to of which another provider than the current one has spoken.';

revoke all on function quality.population_compared_action(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_compared_action(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_compared_action.sql
--! Included quality/populations/population_dividend.sql
-- Counts dividends on record.
create or replace function quality.population_dividend(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select action.instrument_id, count(*), min(taken.ts), max(taken.ts)
  from market.corporate_action as action
  cross join lateral (select action.ex_date::timestamp at time zone 'UTC' as ts) as taken
  where action.instrument_id = any (p_instrument_ids) and action.action_type = 'dividend' and taken.ts between p_from and p_to
  group by action.instrument_id;
end;

comment on function quality.population_dividend(bigint[], timestamptz, timestamptz) is
'Dividends of each instrument with an ex-date from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_dividend(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_dividend(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_dividend.sql
--! Included quality/populations/population_gross_profit.sql
-- Counts periods with revenue, its cost and gross profit.
create or replace function quality.population_gross_profit(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select period.instrument_id, count(*), min(period.ts), max(period.ts)
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{revenue,cost_of_revenue,gross_profit}') as period
  group by period.instrument_id;
end;

comment on function quality.population_gross_profit(bigint[], timestamptz, timestamptz) is
'Periods of each instrument that end from p_from to p_to and have revenue, cost of revenue and gross profit; see quality.statement_periods.';

revoke all on function quality.population_gross_profit(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_gross_profit(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_gross_profit.sql
--! Included quality/populations/population_intraday_price_data.sql
-- Counts bars that are shorter than a day.
create or replace function quality.population_intraday_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval in ('1m', '5m', '15m', '30m', '1h')
    and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids)
  group by price.instrument_id;
end;

comment on function quality.population_intraday_price_data(bigint[], timestamptz, timestamptz) is
'Bars shorter than a day of each instrument from p_from to p_to, of exchanges whose sessions are known; an instrument without such bars is left out.';

revoke all on function quality.population_intraday_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_intraday_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_intraday_price_data.sql
--! Included quality/populations/population_prediction_series.sql
-- Counts series of predictions.
create or replace function quality.population_prediction_series(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select prediction.instrument_id, count(distinct prediction.model_training_run_id), min(prediction.ts), max(prediction.ts)
  from ml.model_prediction as prediction
  where prediction.instrument_id = any (p_instrument_ids) and prediction.is_out_of_sample and prediction.ts between p_from and p_to
  group by prediction.instrument_id;
end;

comment on function quality.population_prediction_series(bigint[], timestamptz, timestamptz) is
'Trainings of which each instrument has out-of-sample predictions from p_from to p_to; see quality.prediction_series.';

revoke all on function quality.population_prediction_series(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_prediction_series(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_prediction_series.sql
--! Included quality/populations/population_restatement.sql
-- Counts restated facts.
create or replace function quality.population_restatement(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select restated.instrument_id, count(*), min(restated.ts), max(restated.ts)
  from quality.restatements(p_instrument_ids, p_from, p_to) as restated
  group by restated.instrument_id;
end;

comment on function quality.population_restatement(bigint[], timestamptz, timestamptz) is
'Facts of each instrument in a currency, for periods that end from p_from to p_to, that replaced an earlier value; see quality.restatements.';

revoke all on function quality.population_restatement(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_restatement(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_restatement.sql
--! Included quality/populations/population_session.sql
-- Counts the sessions on which a bar is expected.
create or replace function quality.population_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  with calendar as materialized (
    select exchange.mic, quality.calendar_dates(exchange.mic) as dates
    from market.exchange as exchange
    where exchange.calendar in ('sessions', 'always')
      and exists (select from market.instrument as instrument where instrument.mic = exchange.mic and instrument.instrument_id = any (p_instrument_ids))
  )
  select
    instrument.instrument_id, position.last - position.first + 1,
    calendar.dates[position.first]::timestamp at time zone 'UTC', calendar.dates[position.last]::timestamp at time zone 'UTC'
  from calendar
  join market.instrument as instrument on instrument.mic = calendar.mic and instrument.instrument_id = any (p_instrument_ids)
  cross join lateral (
    -- From the last bar before p_from on, so that a gap between old and new bars is counted.
    select
      coalesce(
        (
          select max(price.ts)
          from market.price_data as price
          where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts < p_from
        ),
        (
          select min(price.ts)
          from market.price_data as price
          where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts <= p_to
        )
      ) as first_ts,
      (
        select max(price.ts)
        from market.price_data as price
        where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts <= p_to
      ) as last_ts
  ) as span
  cross join lateral (
    select
      width_bucket((span.first_ts at time zone 'UTC')::date - 1, calendar.dates) + 1 as first,
      width_bucket((span.last_ts at time zone 'UTC')::date, calendar.dates) as last
  ) as position
  where position.last >= position.first;
end;

comment on function quality.population_session(bigint[], timestamptz, timestamptz) is
'Sessions of the exchange of each instrument between its first and its last daily bar; where p_from is later, from the last bar before p_from on. Instruments without bars, or of an exchange of which only the weekdays are known, are left out.';

revoke all on function quality.population_session(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_session(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_session.sql
--! Included quality/populations/population_statement_total.sql
-- Counts totals of statements that can be compared.
create or replace function quality.population_statement_total(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select total.instrument_id, count(*), min(total.ts), max(total.ts)
  from quality.statement_totals(p_instrument_ids, p_from, p_to, '{revenue,total_assets,total_liabilities,shares_basic,shares_issued_outstanding}') as total
  group by total.instrument_id;
end;

comment on function quality.population_statement_total(bigint[], timestamptz, timestamptz) is
'Revenue, total assets and liabilities and numbers of shares of each instrument for periods that end from p_from to p_to and have two others to compare with; see quality.statement_totals.';

revoke all on function quality.population_statement_total(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_statement_total(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_statement_total.sql
--! Included quality/populations/population_total_assets.sql
-- Counts balance sheets with total assets.
create or replace function quality.population_total_assets(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select sheet.instrument_id, count(*), min(sheet.ts), max(sheet.ts)
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{total_assets}') as sheet
  group by sheet.instrument_id;
end;

comment on function quality.population_total_assets(bigint[], timestamptz, timestamptz) is
'Balance sheets of each instrument dated from p_from to p_to that give total assets; see quality.statement_periods.';

revoke all on function quality.population_total_assets(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_total_assets(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_total_assets.sql
--! Included quality/refresh_rules.sql
-- Registers the rules in force again, with what their functions say now.
create or replace function quality.refresh_rules()
returns bigint
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_before quality.rule_in_force;
  v_count bigint := 0;
begin
  for v_before in select r.* from quality.rule_in_force as r order by r.rule loop
    begin
      v_count := v_count + ((quality.define_rule(
        v_before.rule, v_before.dataset, v_before.family, v_before.severity, v_before.parameters, v_before.description, v_before.remedy,
        case when v_before.expectation is null then v_before.population end, v_before.expectation
      )).version <> v_before.version)::integer;
    exception
      -- An expectation of what is no longer there stays in force and fails when it is applied.
      when sqlstate 'MB001' or sqlstate 'MB003' then
        if v_before.expectation is null then
          raise;
        end if;
    end;
  end loop;
  return v_count;
end;
$$;

comment on function quality.refresh_rules() is
'Registers every rule in force again, so that a helper or population that was replaced without its rules makes new versions of them. Returns how many rules have a new version; 0 where nothing changed. An expectation whose dataset no longer has what it names stays as it is. Errors: as quality.define_rule.';

revoke all on function quality.refresh_rules() from public;
grant execute on function quality.refresh_rules() to marketbase_worker;
--! EndIncluded quality/refresh_rules.sql
--! Included quality/report_parameters.sql
-- What a report was asked for, checked.
create or replace function quality.report_parameters(p_report text, p_takes text, p_given jsonb)
returns table (
  as_of timestamptz,
  as_of_title text,
  from_date date,
  to_date date,
  span_title text,
  instrument_id bigint,
  symbol_title text,
  lines integer,
  database text
)
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  takes constant text[] := string_to_array(p_takes, ' ');
  refused text;
  day text;
begin
  select given.key into refused
  from jsonb_each_text(p_given) as given
  where given.value <> '' and given.key <> all (takes)
  order by given.key <> 'as_of', given.key
  limit 1;
  if refused = 'as_of' then
    raise exception using errcode = 'MB001',
      message = format('The report %s says what is so now and cannot look back: leave as_of out.', p_report);
  elsif refused is not null then
    raise exception using errcode = 'MB001',
      message = format('The report %s takes no %s; it takes %s.', p_report, refused, array_to_string(takes, ', '));
  end if;

  foreach day in array array['from', 'to', 'date'] loop
    if p_given ->> day <> '' and not (p_given ->> day ~ '^\d{4}-\d\d-\d\d$' and pg_input_is_valid(p_given ->> day, 'date')) then
      raise exception using errcode = 'MB001',
        message = format('%s is not a day; write it as 2026-01-31.', quote_literal(left(p_given ->> day, 80)));
    end if;
  end loop;
  from_date := coalesce(nullif(p_given ->> 'from', '')::date, '-infinity');
  to_date := coalesce(nullif(p_given ->> 'to', '')::date, 'infinity');
  if from_date > to_date then
    raise exception using errcode = 'MB001', message = format('from %s lies after to %s.', from_date, to_date);
  end if;
  span_title := case when from_date = '-infinity' and to_date = 'infinity' then 'all'
    else concat_ws(' ', 'from ' || nullif(from_date, '-infinity'), 'to ' || nullif(to_date, 'infinity')) end;

  if p_given ->> 'lines' <> '' and p_given ->> 'lines' !~ '^[1-9]\d{0,6}$' then
    raise exception using errcode = 'MB001',
      message = format('%s is not a number of lines; write it as 40.', quote_literal(left(p_given ->> 'lines', 80)));
  end if;
  lines := coalesce(nullif(p_given ->> 'lines', '')::integer, 40);

  as_of := quality.report_moment(p_given ->> 'as_of');
  as_of_title := to_char(as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US');
  database := current_database();
  instrument_id := 0;
  symbol_title := 'all';
  if p_given ->> 'symbol' <> '' then
    select instrument.instrument_id, instrument.symbol
    into instrument_id, symbol_title
    from market.instruments_as_of(as_of) as instrument
    where instrument.symbol = upper(btrim(p_given ->> 'symbol'));
    if not found then
      raise exception using errcode = 'MB002',
        message = format('There was no instrument with the symbol %s at that moment.', quote_literal(left(p_given ->> 'symbol', 32))),
        hint = 'market.instrument has the symbols.';
    end if;
  end if;
  return next;
end
$$;

comment on function quality.report_parameters(text, text, jsonb) is
'What the report p_report was given, checked: p_takes are the parameters that it takes, separated by blanks, p_given all that were given by name; an empty text counts as not given. as_of is a moment (default: now), from, to and date are days, lines is a number of lines (default: 40), symbol an instrument as it was called at as_of.
One row: days without a limit are -infinity and infinity, instrument_id is 0 for all instruments.
Errors: MB001 for a parameter that the report does not take or that is malformed, and for from after to; MB002 for an unknown symbol.';

revoke all on function quality.report_parameters(text, text, jsonb) from public;
grant execute on function quality.report_parameters(text, text, jsonb) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/report_parameters.sql
--! Included quality/retire_rule.sql
-- Takes a rule out of force.
-- security definer: an author may retire what authors define but owns no table; a rule that is a function stays with the worker and the owner.
create or replace function quality.retire_rule(p_rule text)
returns void
language plpgsql
volatile
parallel unsafe
security definer
set search_path to pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));
  if not exists (select from quality.validation_rule as r where r.rule = p_rule) then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s.', coalesce(quote_literal(left(p_rule, 80)), 'null')),
      hint = 'select rule from quality.rule_in_force lists them.';
  end if;
  perform quality.refuse_other_kind(p_rule, (select bool_or(r.expectation is not null) from quality.validation_rule as r where r.rule = p_rule));
  insert into quality.rule_activation (rule, version)
  select r.rule, null
  from quality.rule_in_force as r
  where r.rule = p_rule;
end;
$$;

comment on function quality.retire_rule(text) is
'Takes the rule p_rule out of force; its versions, results and findings stay. A rule that is retired already changes nothing; quality.define_rule brings it back. Errors: MB003 where no such rule was ever registered, 42501 where an author retires a rule that is a function.';

revoke all on function quality.retire_rule(text) from public;
grant execute on function quality.retire_rule(text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/retire_rule.sql
--! Included quality/session_presence.sql
-- Which sessions of instruments have a daily bar, as stored at a moment.
create or replace function quality.session_presence(p_instrument_id bigint, p_from date, p_to date, p_as_of timestamptz)
returns table (instrument_id bigint, session_date date, is_expected boolean, is_present boolean)
language sql
stable
parallel safe
begin atomic
  with bar as (
    select price.instrument_id, price.session_date
    from market.price_data as price
    where price.bar_interval = '1d' and price.recorded_at <= p_as_of and price.session_date between p_from and p_to
      and p_instrument_id in (0, price.instrument_id)
    union all
    select closed.instrument_id, closed.session_date
    from market.price_data_history as closed
    where closed.bar_interval = '1d' and closed.recorded_at <= p_as_of and closed.closed_at > p_as_of and closed.session_date between p_from and p_to
      and p_instrument_id in (0, closed.instrument_id)
  ),
  span as (
    select bar.instrument_id, instrument.mic, exchange.calendar, min(bar.session_date) as first_date, max(bar.session_date) as last_date
    from bar
    join market.instruments_as_of(p_as_of) as instrument on instrument.instrument_id = bar.instrument_id
    join market.exchanges_as_of(p_as_of) as exchange on exchange.mic = instrument.mic
    group by bar.instrument_id, instrument.mic, exchange.calendar
  ),
  expected as (
    select span.instrument_id, session.session_date
    from span
    join market.sessions_as_of(
      array(select span.mic from span), (select min(span.first_date) from span), (select max(span.last_date) from span), p_as_of
    ) as session on session.mic = span.mic and session.session_date between span.first_date and span.last_date
    where span.calendar = 'sessions'
    union all
    select span.instrument_id, span.first_date + n
    from span
    cross join lateral generate_series(0, span.last_date - span.first_date) as n
    where span.calendar = 'always'
    union all
    -- Of the others no holidays are known: nothing is missing, nothing is out of place.
    select bar.instrument_id, bar.session_date
    from span
    join bar on bar.instrument_id = span.instrument_id
    where span.calendar not in ('sessions', 'always')
  )
  select both_sides.instrument_id, both_sides.session_date, bool_or(both_sides.is_expected), bool_or(not both_sides.is_expected)
  from (
    select expected.instrument_id, expected.session_date, true as is_expected from expected
    union all
    select bar.instrument_id, bar.session_date, false from bar
  ) as both_sides
  group by both_sides.instrument_id, both_sides.session_date;
end;

comment on function quality.session_presence(bigint, date, date, timestamptz) is
'One row per instrument (p_instrument_id, 0 for all) and day from p_from to p_to, both included, that is a session between its first and last daily bar there or has a bar: is_expected for a session of the calendar of its exchange, is_present for a bar, both as stored at p_as_of.
Where only the weekdays of an exchange are known each bar is expected. Instruments without bars give no rows. No row for NULL.';

revoke all on function quality.session_presence(bigint, date, date, timestamptz) from public;
grant execute on function quality.session_presence(bigint, date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/session_presence.sql
--! Included quality/trends/dataset_trend.sql
-- What was said of each dataset, day by day.
create or replace view quality.dataset_trend
with (security_invoker = true)
as
select
  result.dataset as dataset,
  (result.recorded_at at time zone 'UTC')::date as day,
  count(*) as result_count,
  count(*) filter (where result.status = 'passed') as passed_count,
  count(*) filter (where result.status = 'warned') as warned_count,
  count(*) filter (where result.status = 'failed') as failed_count,
  count(*) filter (where result.status = 'not_applicable') as not_applicable_count,
  sum(result.checked_count)::bigint as checked_row_count,
  sum(result.failed_count)::bigint as failed_row_count,
  sum(result.failed_count)::double precision / nullif(sum(result.checked_count), 0)::double precision as failed_row_share,
  count(distinct result.instrument_id) filter (where result.status in ('warned', 'failed')) as failing_instrument_count
from quality.validation_result as result
group by result.dataset, (result.recorded_at at time zone 'UTC')::date;

comment on view quality.dataset_trend is E'@primaryKey dataset,day\nWhat was said of each dataset, day by day. A day is one of UTC, on which was checked; rows that were checked twice count twice.';
comment on column quality.dataset_trend.dataset is E'@notNull\nWhat was looked at.';
comment on column quality.dataset_trend.day is E'@notNull\nDay on which was checked.';
comment on column quality.dataset_trend.result_count is E'@notNull\nResults: one for each rule and instrument, body or set that was looked at.';
comment on column quality.dataset_trend.passed_count is E'@notNull\nResults that passed.';
comment on column quality.dataset_trend.warned_count is E'@notNull\nResults beyond the threshold of a warning.';
comment on column quality.dataset_trend.failed_count is E'@notNull\nResults that failed.';
comment on column quality.dataset_trend.not_applicable_count is E'@notNull\nResults where there was nothing to look at.';
comment on column quality.dataset_trend.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.dataset_trend.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.dataset_trend.failed_row_share is 'failed_row_count / checked_row_count, a fraction; null where no row was looked at.';
comment on column quality.dataset_trend.failing_instrument_count is E'@notNull\nInstruments with a result that warned or failed.';

grant select on quality.dataset_trend to marketbase_reader;
--! EndIncluded quality/trends/dataset_trend.sql
--! Included quality/trends/day_trend.sql
-- What was said of everything, day by day.
create or replace view quality.day_trend
with (security_invoker = true)
as
select
  (result.recorded_at at time zone 'UTC')::date as day,
  count(*) as result_count,
  count(*) filter (where result.status = 'passed') as passed_count,
  count(*) filter (where result.status = 'warned') as warned_count,
  count(*) filter (where result.status = 'failed') as failed_count,
  count(*) filter (where result.status = 'not_applicable') as not_applicable_count,
  sum(result.checked_count)::bigint as checked_row_count,
  sum(result.failed_count)::bigint as failed_row_count,
  sum(result.failed_count)::double precision / nullif(sum(result.checked_count), 0)::double precision as failed_row_share,
  count(distinct result.instrument_id) filter (where result.status in ('warned', 'failed')) as failing_instrument_count
from quality.validation_result as result
group by (result.recorded_at at time zone 'UTC')::date;

comment on view quality.day_trend is E'@primaryKey day\nWhat was said of everything, day by day. A day is one of UTC, on which was checked; rows that were checked twice count twice.';
comment on column quality.day_trend.day is E'@notNull\nDay on which was checked.';
comment on column quality.day_trend.result_count is E'@notNull\nResults: one for each rule and instrument, body or set that was looked at.';
comment on column quality.day_trend.passed_count is E'@notNull\nResults that passed.';
comment on column quality.day_trend.warned_count is E'@notNull\nResults beyond the threshold of a warning.';
comment on column quality.day_trend.failed_count is E'@notNull\nResults that failed.';
comment on column quality.day_trend.not_applicable_count is E'@notNull\nResults where there was nothing to look at.';
comment on column quality.day_trend.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.day_trend.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.day_trend.failed_row_share is 'failed_row_count / checked_row_count, a fraction; null where no row was looked at.';
comment on column quality.day_trend.failing_instrument_count is E'@notNull\nInstruments with a result that warned or failed.';

grant select on quality.day_trend to marketbase_reader;
--! EndIncluded quality/trends/day_trend.sql
--! Included quality/trends/provider_trend.sql
-- What was said of the bodies of each provider, day by day.
create or replace view quality.provider_trend
with (security_invoker = true)
as
select
  response.provider as provider,
  (result.recorded_at at time zone 'UTC')::date as day,
  count(*) as result_count,
  count(*) filter (where result.status = 'passed') as passed_count,
  count(*) filter (where result.status = 'warned') as warned_count,
  count(*) filter (where result.status = 'failed') as failed_count,
  count(*) filter (where result.status = 'not_applicable') as not_applicable_count,
  sum(result.checked_count)::bigint as checked_row_count,
  sum(result.failed_count)::bigint as failed_row_count,
  sum(result.failed_count)::double precision / nullif(sum(result.checked_count), 0)::double precision as failed_row_share,
  count(distinct result.instrument_id) filter (where result.status in ('warned', 'failed')) as failing_instrument_count
from quality.validation_result as result
join ingest.raw_response as response on response.raw_response_id = result.raw_response_id
group by response.provider, (result.recorded_at at time zone 'UTC')::date;

comment on view quality.provider_trend is E'@primaryKey provider,day\nWhat was said of the bodies of each provider, day by day. A day is one of UTC, on which was checked; rows that were checked twice count twice.';
comment on column quality.provider_trend.provider is E'@notNull\nProvider whose bodies were judged.';
comment on column quality.provider_trend.day is E'@notNull\nDay on which was checked.';
comment on column quality.provider_trend.result_count is E'@notNull\nResults: one for each rule and instrument, body or set that was looked at.';
comment on column quality.provider_trend.passed_count is E'@notNull\nResults that passed.';
comment on column quality.provider_trend.warned_count is E'@notNull\nResults beyond the threshold of a warning.';
comment on column quality.provider_trend.failed_count is E'@notNull\nResults that failed.';
comment on column quality.provider_trend.not_applicable_count is E'@notNull\nResults where there was nothing to look at.';
comment on column quality.provider_trend.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.provider_trend.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.provider_trend.failed_row_share is 'failed_row_count / checked_row_count, a fraction; null where no row was looked at.';
comment on column quality.provider_trend.failing_instrument_count is E'@notNull\nInstruments with a result that warned or failed.';

grant select on quality.provider_trend to marketbase_reader;
--! EndIncluded quality/trends/provider_trend.sql
--! Included quality/trends/rule_trend.sql
-- What each rule said, day by day.
create or replace view quality.rule_trend
with (security_invoker = true)
as
select
  result.rule as rule,
  (result.recorded_at at time zone 'UTC')::date as day,
  count(*) as result_count,
  count(*) filter (where result.status = 'passed') as passed_count,
  count(*) filter (where result.status = 'warned') as warned_count,
  count(*) filter (where result.status = 'failed') as failed_count,
  count(*) filter (where result.status = 'not_applicable') as not_applicable_count,
  sum(result.checked_count)::bigint as checked_row_count,
  sum(result.failed_count)::bigint as failed_row_count,
  sum(result.failed_count)::double precision / nullif(sum(result.checked_count), 0)::double precision as failed_row_share,
  count(distinct result.instrument_id) filter (where result.status in ('warned', 'failed')) as failing_instrument_count
from quality.validation_result as result
group by result.rule, (result.recorded_at at time zone 'UTC')::date;

comment on view quality.rule_trend is E'@primaryKey rule,day\nWhat each rule said, day by day. A day is one of UTC, on which was checked; rows that were checked twice count twice.';
comment on column quality.rule_trend.rule is E'@notNull\nRule, in whatever version.';
comment on column quality.rule_trend.day is E'@notNull\nDay on which was checked.';
comment on column quality.rule_trend.result_count is E'@notNull\nResults: one for each rule and instrument, body or set that was looked at.';
comment on column quality.rule_trend.passed_count is E'@notNull\nResults that passed.';
comment on column quality.rule_trend.warned_count is E'@notNull\nResults beyond the threshold of a warning.';
comment on column quality.rule_trend.failed_count is E'@notNull\nResults that failed.';
comment on column quality.rule_trend.not_applicable_count is E'@notNull\nResults where there was nothing to look at.';
comment on column quality.rule_trend.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.rule_trend.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.rule_trend.failed_row_share is 'failed_row_count / checked_row_count, a fraction; null where no row was looked at.';
comment on column quality.rule_trend.failing_instrument_count is E'@notNull\nInstruments with a result that warned or failed.';

grant select on quality.rule_trend to marketbase_reader;
--! EndIncluded quality/trends/rule_trend.sql
--! Included quality/validate_body.sql
-- Judges what a body looks like as a whole, and remembers the verdict.
create or replace function quality.validate_body(p_run_id bigint, p_raw_response_id bigint)
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_body record;
  v_checked bigint;
begin
  select shape.provider, shape.dataset into v_body from ingest.body_shape as shape where shape.raw_response_id = p_raw_response_id;
  if not found then
    return;
  end if;
  select count(*) into v_checked from ingest.compare_shape(p_raw_response_id);

  with violation as materialized (
    select v.*, row_number() over (partition by v.rule order by v.key::text) as finding_no
    from quality.candidate_violations(p_raw_response_id, 'raw_response') as v
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, raw_response_id, status, severity, checked_count, failed_count, message, run_id
    )
    select
      r.rule, r.version, r.dataset, p_raw_response_id, quality.status(count.checked_count, count.failed_count), r.severity,
      count.checked_count, count.failed_count,
      quality.result_message(count.checked_count, count.failed_count, (select v.message from violation as v where v.rule = r.rule and v.finding_no = 1)),
      p_run_id
    from quality.rule_in_force as r
    cross join lateral (
      select greatest(v_checked, count(v.rule)) as checked_count, count(v.rule) as failed_count from violation as v where v.rule = r.rule
    ) as count
    where r.dataset = 'raw_response'
    returning validation_result_id, rule
  )
  insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
  select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
  from violation
  join result on result.rule = violation.rule
  join quality.rule_in_force as r on r.rule = violation.rule
  where violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::bigint, 1000)
  order by violation.rule, violation.finding_no;

  -- A field that is back, or of its type again, is found right.
  if exists (
    select from quality.tracked_finding as tracked where tracked.scope = format('body %s %s', v_body.provider, v_body.dataset)
  ) then
    perform quality.lock_findings(array[format('body %s %s', v_body.provider, v_body.dataset)]);
    insert into quality.finding_event (finding_id, event, validation_result_id, run_id)
    select drifted.finding_id, 'resolved', result.validation_result_id, p_run_id
    from quality.finding as drifted
    join ingest.body_shape as taken on taken.raw_response_id = p_raw_response_id
    join ingest.known_shape as shape using (sha256)
    join quality.validation_result as result on result.raw_response_id = p_raw_response_id and result.rule = drifted.rule and result.run_id = p_run_id
    where drifted.dataset = 'raw_response'
      and drifted.provider = v_body.provider
      and drifted.key ->> 'dataset' = v_body.dataset
      and drifted.state <> 'resolved'
      and drifted.key ->> 'change' in ('missing', 'retyped')
      and shape.paths ? (drifted.key ->> 'path')
      and drifted.observed -> 'before' @> ((shape.paths -> (drifted.key ->> 'path')) - 'null')
      and (drifted.observed ->> 'first_body')::bigint < p_raw_response_id;
  end if;
end;
$$;

comment on function quality.validate_body(bigint, bigint) is
'Applies the rules in force on bodies as a whole (dataset raw_response, such as provider_schema_drift) to the body p_raw_response_id, whose shape is remembered, in the run p_run_id. Writes one quality.validation_result per rule, which counts the paths that were compared, and its findings. A finding about a field is not resolved by the next body but by one that has the field again, of its old type; or somebody acknowledges it. A body without a remembered shape gives nothing. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.validate_body(bigint, bigint) from public;
grant execute on function quality.validate_body(bigint, bigint) to marketbase_worker;
--! EndIncluded quality/validate_body.sql
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
    where r.expectation is null and r.dataset = v_dataset
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
--! Included quality/views/finding.sql
-- What rules found wrong, followed from look to look, with its state now.
create or replace view quality.finding
with (security_invoker = true)
as
select
  followed.finding_id,
  followed.state,
  followed.since,
  followed.rule,
  followed.rule_version,
  followed.severity,
  followed.dataset,
  followed.instrument_id,
  followed.symbol,
  followed.provider,
  followed.subject,
  followed.feature_set_version_id,
  followed.ts,
  followed.key,
  followed.observed,
  followed.expected,
  followed.message,
  followed.first_seen_at,
  followed.last_seen_at,
  followed.decided_by,
  followed.reason,
  followed.until,
  followed.state_run_id,
  followed.validation_finding_id,
  followed.is_in_force
from quality.findings_as_of() as followed;

comment on view quality.finding is E'@primaryKey finding_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName findings\n@foreignKey (validation_finding_id, last_seen_at) references quality.validation_finding (validation_finding_id, recorded_at)|@fieldName validationFinding|@foreignFieldName findings\n@foreignKey (state_run_id) references pipeline.pipeline_run (run_id)|@fieldName stateRun|@foreignFieldName decidedFindings\nWhat rules found wrong, in stored data and in the bodies of providers, one row for each rule and place however often it was seen. A later look of the same rule at the same place that finds it right resolves it; one that finds it wrong again reopens it; quality.acknowledge says that somebody knows. quality.finding_event has its whole life, quality.findings_as_of what this said at a moment.';
comment on column quality.finding.finding_id is E'@notNull\nIdentity.';
comment on column quality.finding.state is E'@notNull\nopen, acknowledged, reopened or resolved; see quality.finding_states.';
comment on column quality.finding.since is E'@notNull\nSince when it is in this state.';
comment on column quality.finding.rule is E'@notNull\nRule.';
comment on column quality.finding.rule_version is E'@notNull\nVersion of the rule that saw it last.';
comment on column quality.finding.severity is E'@notNull\nSeverity of that version: critical, error, warning or info.';
comment on column quality.finding.dataset is E'@notNull\nWhat the rule looks at.';
comment on column quality.finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.finding.symbol is 'Its symbol.';
comment on column quality.finding.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.finding.subject is 'Subject of that body, such as a symbol; null for what is stored and for what concerns all bodies of a kind.';
comment on column quality.finding.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.finding.ts is 'Time of the row; null where it has none.';
comment on column quality.finding.key is E'@notNull\nKey of the row, a JSON object.';
comment on column quality.finding.observed is E'@notNull\nValues that were seen last, a JSON object.';
comment on column quality.finding.expected is E'@notNull\nWhat the rule expects, in words.';
comment on column quality.finding.message is E'@notNull\nWhat is wrong, in a sentence.';
comment on column quality.finding.first_seen_at is E'@notNull\nWhen it was seen first.';
comment on column quality.finding.last_seen_at is E'@notNull\nWhen it was seen last.';
comment on column quality.finding.decided_by is 'Person who acknowledged or reopened it; null where a look decided.';
comment on column quality.finding.reason is 'Why that person did.';
comment on column quality.finding.until is 'Until when it is acknowledged; null for good.';
comment on column quality.finding.state_run_id is 'Run whose look opened, reopened or resolved it; null where a person decided.';
comment on column quality.finding.validation_finding_id is E'@notNull\nWhat was seen last, in quality.validation_finding.';
comment on column quality.finding.is_in_force is E'@notNull\nTrue while the rule is in force.';

grant select on quality.finding to marketbase_reader;
--! EndIncluded quality/views/finding.sql
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
  latest.run_id,
  latest.masked_count
from (
  select distinct on (result.instrument_id, result.rule)
    result.instrument_id, result.rule, result.rule_version, result.dataset, result.severity, result.status, result.checked_count,
    result.failed_count, result.from_ts, result.to_ts, result.message, result.validation_result_id, result.recorded_at, result.run_id,
    result.masked_count
  from quality.validation_result as result
  where result.raw_response_id is null and result.instrument_id is not null
  order by result.instrument_id, result.rule, result.validation_result_id desc
) as latest
join market.instrument as instrument on instrument.instrument_id = latest.instrument_id
join quality.rule_in_force as in_force on in_force.rule = latest.rule;

comment on view quality.latest_result is E'@primaryKey instrument_id,rule\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName latestResults\n@foreignKey (validation_result_id, recorded_at) references quality.validation_result (validation_result_id, recorded_at)|@fieldName validationResult\nWhat each rule in force said last about the stored data of each instrument. After new bars a rule looks at the end of the series alone (from_ts); quality.open_finding has what is still wrong in all of it.';
comment on column quality.latest_result.instrument_id is E'@notNull\nInstrument.';
comment on column quality.latest_result.symbol is E'@notNull\nIts symbol.';
comment on column quality.latest_result.rule is E'@notNull\nRule.';
comment on column quality.latest_result.rule_version is E'@notNull\nVersion of the rule that was applied.';
comment on column quality.latest_result.dataset is E'@notNull\nWhat it looked at.';
comment on column quality.latest_result.family is E'@notNull\nFamily of the rule.';
comment on column quality.latest_result.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.latest_result.status is E'@notNull\npassed, warned, failed or not_applicable.';
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
comment on column quality.latest_result.masked_count is E'@notNull\nRows that lie in a known incident and were not judged.';

grant select on quality.latest_result to marketbase_reader;
--! EndIncluded quality/views/latest_result.sql
--! Included quality/views/latest_set_result.sql
-- What each rule on feature sets said last about each set.
create or replace view quality.latest_set_result
with (security_invoker = true)
as
select
  latest.feature_set_version_id,
  feature_set.name as feature_set,
  version.version,
  latest.rule,
  latest.rule_version,
  latest.severity,
  latest.status,
  latest.checked_count,
  latest.failed_count,
  latest.from_ts,
  latest.to_ts,
  latest.message,
  in_force.description,
  in_force.remedy,
  version.is_current as is_current_version,
  latest.validation_result_id,
  latest.recorded_at,
  latest.run_id
from (
  select distinct on (result.feature_set_version_id, result.rule) result.*
  from quality.validation_result as result
  where result.feature_set_version_id is not null
  order by result.feature_set_version_id, result.rule, result.validation_result_id desc
) as latest
join feature.feature_set_version as version on version.feature_set_version_id = latest.feature_set_version_id
join feature.feature_set as feature_set on feature_set.feature_set_id = version.feature_set_id
join quality.rule_in_force as in_force on in_force.rule = latest.rule;

comment on view quality.latest_set_result is E'@primaryKey feature_set_version_id,rule\n@foreignKey (feature_set_version_id) references feature.feature_set_version (feature_set_version_id)|@fieldName featureSetVersion|@foreignFieldName latestSetResults\n@foreignKey (validation_result_id, recorded_at) references quality.validation_result (validation_result_id, recorded_at)|@fieldName validationResult|@foreignFieldName latestSetResults\nWhat each rule on feature sets in force, such as feature_look_ahead and feature_drift, said last about each version of each set.';
comment on column quality.latest_set_result.feature_set_version_id is E'@notNull\nVersion of the set, by identity.';
comment on column quality.latest_set_result.feature_set is E'@notNull\nName of the set.';
comment on column quality.latest_set_result.version is E'@notNull\nVersion of the set.';
comment on column quality.latest_set_result.rule is E'@notNull\nRule.';
comment on column quality.latest_set_result.rule_version is E'@notNull\nVersion of the rule that was applied.';
comment on column quality.latest_set_result.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.latest_set_result.status is E'@notNull\npassed, warned, failed or not_applicable.';
comment on column quality.latest_set_result.checked_count is E'@notNull\nVectors or features that were looked at.';
comment on column quality.latest_set_result.failed_count is E'@notNull\nThose that violate the rule.';
comment on column quality.latest_set_result.from_ts is 'First time that was looked at.';
comment on column quality.latest_set_result.to_ts is 'Last time that was looked at.';
comment on column quality.latest_set_result.message is E'@notNull\nThe outcome in a sentence, and what the check can miss.';
comment on column quality.latest_set_result.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.latest_set_result.remedy is E'@notNull\nWhat to do then.';
comment on column quality.latest_set_result.is_current_version is E'@notNull\nTrue for the version of the set that is in force.';
comment on column quality.latest_set_result.validation_result_id is E'@notNull\nThe result in quality.validation_result.';
comment on column quality.latest_set_result.recorded_at is E'@notNull\nWhen it was checked.';
comment on column quality.latest_set_result.run_id is E'@notNull\nRun that checked.';

grant select on quality.latest_set_result to marketbase_reader;
--! EndIncluded quality/views/latest_set_result.sql
--! Included quality/views/open_finding.sql
-- What is still wrong with the stored data, and nobody has acknowledged.
create or replace view quality.open_finding
with (security_invoker = true)
as
select
  followed.finding_id,
  followed.validation_finding_id,
  followed.instrument_id,
  followed.symbol,
  followed.ts,
  followed.rule,
  followed.rule_version,
  followed.severity,
  followed.dataset,
  followed.key,
  followed.observed,
  followed.expected,
  followed.message,
  followed.state,
  followed.first_seen_at,
  followed.last_seen_at as recorded_at
from quality.finding as followed
where followed.state in ('open', 'reopened')
  and followed.is_in_force
  and followed.provider is null
  and followed.instrument_id is not null;

comment on view quality.open_finding is E'@primaryKey finding_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName openFindings\n@foreignKey (validation_finding_id, recorded_at) references quality.validation_finding (validation_finding_id, recorded_at)|@fieldName validationFinding|@foreignFieldName openFindings\nWhat the rules in force found wrong in the stored data of instruments, no later look of the same rule at the same time has found right, and nobody has acknowledged; quality.finding has the others, with their state.';
comment on column quality.open_finding.finding_id is E'@notNull\nThe finding in quality.finding.';
comment on column quality.open_finding.validation_finding_id is E'@notNull\nWhat was seen last, in quality.validation_finding.';
comment on column quality.open_finding.instrument_id is E'@notNull\nInstrument.';
comment on column quality.open_finding.symbol is E'@notNull\nIts symbol.';
comment on column quality.open_finding.ts is 'Time of the row; null where it has none.';
comment on column quality.open_finding.rule is E'@notNull\nRule.';
comment on column quality.open_finding.rule_version is E'@notNull\nVersion of the rule that saw it last.';
comment on column quality.open_finding.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.open_finding.dataset is E'@notNull\nWhat the rule looks at.';
comment on column quality.open_finding.key is E'@notNull\nKey of the row, a JSON object.';
comment on column quality.open_finding.observed is E'@notNull\nValues that were seen, a JSON object.';
comment on column quality.open_finding.expected is E'@notNull\nWhat the rule expects, in words.';
comment on column quality.open_finding.message is E'@notNull\nWhat is wrong, in a sentence.';
comment on column quality.open_finding.state is E'@notNull\nopen, or reopened where it came back.';
comment on column quality.open_finding.first_seen_at is E'@notNull\nWhen it was seen first.';
comment on column quality.open_finding.recorded_at is E'@notNull\nWhen it was seen last.';

grant select on quality.open_finding to marketbase_reader;
--! EndIncluded quality/views/open_finding.sql
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
  latest.in_force_from,
  r.expectation
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
comment on column quality.rule_in_force.family is E'@notNull\nFamily: structure, prices, actions, calendar, fundamentals, features, online, predictions, or custom for what was defined by hand.';
comment on column quality.rule_in_force.severity is E'@notNull\ncritical (the row is quarantined), error, warning or info.';
comment on column quality.rule_in_force.parameters is E'@notNull\nThresholds, a JSON object.';
comment on column quality.rule_in_force.population is E'@notNull\nWhat checked_count counts.';
comment on column quality.rule_in_force.function_name is E'@notNull\nFunction that finds the violations.';
comment on column quality.rule_in_force.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.rule_in_force.remedy is E'@notNull\nWhat to do then.';
comment on column quality.rule_in_force.in_force_from is E'@notNull\nFrom when this version is in force.';
comment on column quality.rule_in_force.expectation is 'What is expected (quality.expectation); null for a rule that is a function of its own.';

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
  max(latest.recorded_at) as last_recorded_at,
  count(*) filter (where latest.status = 'warned') as warned_count,
  coalesce(sum(latest.masked_count), 0)::bigint as masked_row_count,
  coalesce(followed.open_count, 0) as open_finding_count,
  coalesce(followed.suppressed_count, 0) as suppressed_finding_count
from quality.rule_in_force as in_force
left join (
  select distinct on (result.rule, result.instrument_id, result.raw_response_id, result.feature_set_version_id)
    result.rule, result.status, result.checked_count, result.failed_count, result.masked_count, result.recorded_at
  from quality.validation_result as result
  order by result.rule, result.instrument_id, result.raw_response_id, result.feature_set_version_id, result.validation_result_id desc
) as latest on latest.rule = in_force.rule
left join (
  select
    tracked.rule,
    count(*) filter (where state.state in ('open', 'reopened')) as open_count,
    count(*) filter (where state.state = 'acknowledged') as suppressed_count
  from quality.tracked_finding as tracked
  join quality.finding_states() as state on state.finding_id = tracked.finding_id
  group by tracked.rule
) as followed on followed.rule = in_force.rule
group by
  in_force.rule, in_force.version, in_force.dataset, in_force.family, in_force.severity, in_force.description, in_force.remedy,
  followed.open_count, followed.suppressed_count;

comment on view quality.rule_summary is E'@primaryKey rule\n@foreignKey (rule, version) references quality.validation_rule (rule, version)|@fieldName validationRule|@foreignFieldName ruleSummaries\nOne row per rule in force: how many instruments (for rules on candidates: bodies, on feature sets: versions of sets) passed and failed when it looked at them last.';
comment on column quality.rule_summary.rule is E'@notNull\nRule.';
comment on column quality.rule_summary.version is E'@notNull\nVersion in force.';
comment on column quality.rule_summary.dataset is E'@notNull\nWhat it looks at.';
comment on column quality.rule_summary.family is E'@notNull\nFamily of the rule.';
comment on column quality.rule_summary.severity is E'@notNull\ncritical, error, warning or info.';
comment on column quality.rule_summary.description is E'@notNull\nWhat it means when the rule fails.';
comment on column quality.rule_summary.remedy is E'@notNull\nWhat to do then.';
comment on column quality.rule_summary.passed_count is E'@notNull\nInstruments, bodies or versions of sets that passed.';
comment on column quality.rule_summary.failed_count is E'@notNull\nInstruments, bodies or versions of sets that failed.';
comment on column quality.rule_summary.not_applicable_count is E'@notNull\nInstruments, bodies or versions of sets in which there was nothing to look at.';
comment on column quality.rule_summary.checked_row_count is E'@notNull\nRows that were looked at.';
comment on column quality.rule_summary.failed_row_count is E'@notNull\nRows that violate the rule.';
comment on column quality.rule_summary.last_recorded_at is 'When it was last applied; null where it never was.';
comment on column quality.rule_summary.warned_count is E'@notNull\nInstruments or datasets that are beyond the threshold of a warning.';
comment on column quality.rule_summary.masked_row_count is E'@notNull\nRows that lie in a known incident and were not judged.';
comment on column quality.rule_summary.open_finding_count is E'@notNull\nIts findings in quality.finding that are open or reopened.';
comment on column quality.rule_summary.suppressed_finding_count is E'@notNull\nIts findings that are still wrong and acknowledged, so that they count nowhere else.';

grant select on quality.rule_summary to marketbase_reader;
--! EndIncluded quality/views/rule_summary.sql
--! Included risk/backtest/christoffersen.sql
-- Do losses beyond the value at risk come one after the other?
create or replace function risk.christoffersen(p_exceptions boolean[]) returns double precision
language sql immutable strict parallel safe
begin atomic
  with pair as (
    select
      count(*) filter (where not before and not now)::double precision as n00,
      count(*) filter (where not before and now)::double precision as n01,
      count(*) filter (where before and not now)::double precision as n10,
      count(*) filter (where before and now)::double precision as n11
    from (
      select day.is_exception as now, lag(day.is_exception) over (order by day.position) as before
      from unnest(p_exceptions) with ordinality as day (is_exception, position)
    ) as period
    where before is not null and now is not null
  )
  select 2 * (
    -- x ln (x / n) of each cell against that of both rows together; 0 ln 0 is 0.
    coalesce(n00 * ln(nullif(n00, 0) / (n00 + n01)), 0) + coalesce(n01 * ln(nullif(n01, 0) / (n00 + n01)), 0)
    + coalesce(n10 * ln(nullif(n10, 0) / (n10 + n11)), 0) + coalesce(n11 * ln(nullif(n11, 0) / (n10 + n11)), 0)
    - coalesce((n00 + n10) * ln(nullif(n00 + n10, 0) / (n00 + n01 + n10 + n11)), 0)
    - coalesce((n01 + n11) * ln(nullif(n01 + n11, 0) / (n00 + n01 + n10 + n11)), 0)
  )
  from pair
  where n00 + n01 + n10 + n11 > 0;
end;

comment on function risk.christoffersen(boolean[]) is
'Likelihood ratio of independence (Christoffersen 1998, Evaluating interval forecasts): whether a loss beyond the value at risk makes another one on the next period more likely. p_exceptions: one element per period in order, true for such a loss; pairs with a NULL are left out.
Chi-square with one degree of freedom where they are independent; its sum with risk.kupiec is the ratio of conditional coverage, with two. 0 where nothing can be told because there was no exception. NULL for NULL or fewer than two periods.';

revoke all on function risk.christoffersen(boolean[]) from public;
grant execute on function risk.christoffersen(boolean[]) to marketbase_reader;
--! EndIncluded risk/backtest/christoffersen.sql
--! Included risk/backtest/kupiec.sql
-- Were losses beyond the value at risk as frequent as they should be?
create or replace function risk.kupiec(p_exceptions bigint, p_observations bigint, p_confidence double precision) returns double precision
language sql immutable strict parallel safe
return case
  when p_confidence > 0 and p_confidence < 1 and p_observations > 0 and p_exceptions between 0 and p_observations then 2 * (
    case when p_exceptions > 0
      then p_exceptions * ln(p_exceptions / (p_observations * (1 - p_confidence))) else 0 end
    + case when p_exceptions < p_observations
      then (p_observations - p_exceptions) * ln((p_observations - p_exceptions) / (p_observations * p_confidence)) else 0 end
  )
end;

comment on function risk.kupiec(bigint, bigint, double precision) is
'Likelihood ratio of unconditional coverage, or proportion of failures (Kupiec 1995, Techniques for verifying the accuracy of risk measurement models): p_exceptions losses beyond the value at risk in p_observations periods, against the expected share 1 - p_confidence.
Chi-square with one degree of freedom where the model is right: above 3.84 it is rejected at 5 %. NULL for NULL, no observations, more exceptions than observations, or a confidence that does not lie between 0 and 1.';

revoke all on function risk.kupiec(bigint, bigint, double precision) from public;
grant execute on function risk.kupiec(bigint, bigint, double precision) to marketbase_reader;
--! EndIncluded risk/backtest/kupiec.sql
--! Included risk/backtest/traffic_light.sql
-- The zone of the Basel Committee for a number of losses beyond the value at risk.
create or replace function risk.traffic_light(p_exceptions bigint, p_observations bigint, p_confidence double precision) returns text
language sql immutable strict parallel safe
begin atomic
  -- The probability of so many exceptions or fewer, if the model is right.
  select case when sum(term.probability) >= 0.9999 then 'red' when sum(term.probability) >= 0.95 then 'yellow' else 'green' end
  from (
    select exp(
      lgamma(p_observations + 1) - lgamma(n + 1) - lgamma(p_observations - n + 1) + n * ln(1 - p_confidence) + (p_observations - n) * ln(p_confidence)
    ) as probability
    from generate_series(0, p_exceptions) as n
  ) as term
  where p_confidence > 0 and p_confidence < 1 and p_observations > 0 and p_exceptions between 0 and p_observations
  having count(*) > 0;
end;

comment on function risk.traffic_light(bigint, bigint, double precision) is
'green, yellow or red: the zone of a model with p_exceptions losses beyond the value at risk in p_observations periods (Basel Committee 1996, Supervisory framework for the use of backtesting). Yellow where so many or fewer had a probability of 95 % at least if the model were right, red from 99.99 %: for 250 days at 0.99 green is up to 4 and red from 10.
NULL for NULL, no observations, more exceptions than observations, or a confidence that does not lie between 0 and 1.';

revoke all on function risk.traffic_light(bigint, bigint, double precision) from public;
grant execute on function risk.traffic_light(bigint, bigint, double precision) to marketbase_reader;
--! EndIncluded risk/backtest/traffic_light.sql
--! Included risk/var_calculations_as_of.sql
-- Values at risk as they were stored at a moment.
create or replace function risk.var_calculations_as_of(p_as_of timestamptz) returns setof risk.var_calculation
language sql stable parallel safe
begin atomic
  select calculation.*
  from risk.var_calculation as calculation
  where calculation.recorded_at <= p_as_of
  union all
  select calculation.*
  from lineage.row_change as change
  cross join lateral jsonb_populate_record(null::risk.var_calculation, change.row) as calculation
  where change.relation = 'risk.var_calculation' and change.changed_at > p_as_of and calculation.recorded_at <= p_as_of;
end;

comment on function risk.var_calculations_as_of(timestamptz) is
'risk.var_calculation as it was stored at p_as_of, whatever was computed again since (lineage.row_change). No row for NULL.';

revoke all on function risk.var_calculations_as_of(timestamptz) from public;
grant execute on function risk.var_calculations_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded risk/var_calculations_as_of.sql
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
$$The correlation of x and y over the last period bars (qlib Corr, pandas rolling(period, min_periods = 1).corr()). Result: as long as x, between -1 and 1.
As in qlib, NULL where the standard deviation of x or of y over the pairs of the window is 0.00002 or less (0.00002 squared is 4e-10).
Arguments: x and y of equal length; period in bars, 1 or more.
NULL behaviour: pairs with NULL, NaN or infinity are skipped; NULL where the window has fewer than two pairs. Warm-up: the first value is NULL, then the
first values come from the bars that there are (pandas min_periods = 1).
Errors: MB001 for a bad period or arrays.
row form: case when least(regr_sxx({x}, {y}) over frame, regr_syy({x}, {y}) over frame) <= 4e-10 * (regr_count({x}, {y}) over frame - 1)
  then null else corr({x}, {y}) over frame end
lookback: period - 1$$;

revoke all on function ta.rolling_corr(double precision[], double precision[], integer) from public;
grant execute on function ta.rolling_corr(double precision[], double precision[], integer) to marketbase_reader;
--! EndIncluded ta/operator/rolling_corr.sql
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
  p_covers_until timestamptz default null,
  out raw_response_id bigint,
  out is_new boolean
)
language sql volatile parallel unsafe
begin atomic
  select recorded.raw_response_id, recorded.is_new
  from ingest.record_response(
    p_run_id, p_provider, p_dataset, p_subject, p_url, p_method, p_status, p_headers, p_content_type,
    coalesce(p_body, ''), length(coalesce(p_body, '')), encode(sha256(coalesce(p_body, '')), 'hex'), p_fetched_at, p_covers_until
  ) as recorded;
end;

comment on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz, timestamptz) is
'Stores the body that a provider sent, byte for byte, with its sha256, whatever its status. p_dataset is bars, fundamentals, trades or documents; p_subject a symbol or the name of a file; p_headers a JSON object;
p_fetched_at when the body arrived; p_covers_until until when it tells all that the provider has (NULL: until it arrived; -infinity: a page that others follow). A NULL body counts as empty. Keys in the URL and cookies in the headers are dropped. A body equal to the latest one for the same request is not stored again:
raw_response_id is then that one and is_new is false. MB001 for an unknown provider.';

revoke all on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz, timestamptz) from public;
grant execute on function ingest.land(bigint, text, text, text, text, text, integer, jsonb, text, bytea, timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded ingest/land/land.sql
--! Included lineage/audit/audit_pending.sql
-- How much there is to seal.
create or replace function lineage.audit_pending(p_stream lineage.audit_stream) returns bigint
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
as $$
declare
  last lineage.audit_block;
  pending bigint;
begin
  if (p_stream).stream is null then
    return null;
  end if;
  select * into last from lineage.audit_block where audit_block.stream = (p_stream).stream order by block_no desc limit 1;
  execute format('select count(*) from %s as r where %s', (p_stream).relation, concat_ws(' and ', lineage.audit_window(last), (p_stream).condition)) into pending;
  return pending;
end
$$;

comment on function lineage.audit_pending(lineage.audit_stream) is
'Rows of a stream that were written since its last block, or whose transaction was not finished then; all where the transactions cannot be compared. An upper bound: rows that were written again without being new are counted too. NULL for NULL.';

revoke all on function lineage.audit_pending(lineage.audit_stream) from public;
grant execute on function lineage.audit_pending(lineage.audit_stream) to marketbase_auditor, marketbase_worker;
--! EndIncluded lineage/audit/audit_pending.sql
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
  select step.* from lineage.trace_as_of(p_relation, statement_timestamp(), p_id, p_symbol, p_ts) as step order by step.position;
end;

comment on function lineage.trace(text, bigint, text, timestamptz) is
'The way from a row back to what was fetched: each station is followed by its sources, down to the bodies in ingest.raw_response with their sha256.
p_relation: ml.model_prediction, ml.model_training_run or risk.var_calculation with p_id; feature.feature_vector (p_id: version of the set, optional), market.price_data, market.company_fundamental (p_ts: end of period) or portfolio.portfolio_position (p_id: portfolio, optional) with p_symbol and p_ts.
Sources are the versions that were stored when the row was made, whatever was corrected since.
Errors: MB001 for another relation, MB002 when there is no such row.';

revoke all on function lineage.trace(text, bigint, text, timestamptz) from public;
grant execute on function lineage.trace(text, bigint, text, timestamptz) to marketbase_reader;
--! EndIncluded lineage/trace.sql
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
  where not exists (
    select
    from quality.held_back held
    where held.instrument_id = mark.instrument_id
      and held.step = case when mark.consumer in ('feature', 'fundamental_feature', 'action_feature') then 'features' when mark.consumer = 'ml' then 'train' end
  )
  group by mark.consumer, instrument.symbol
  union all
  select 'features', format('version %s of set %s has no values yet', version.version, feature_set.name)
  from feature.feature_set_version version
  join feature.feature_set feature_set using (feature_set_id)
  where version.is_current
    and feature_set.is_active
    and exists (
      select
      from market.price_data bar
      where bar.bar_interval = feature_set.bar_interval
        and bar.instrument_id not in (select held.instrument_id from quality.held_back held where held.step = 'features')
    )
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
  where case
      when exists (select from quality.held_back held where held.step = 'train')
      then not ml.model_instruments(model.name) && array(select held.instrument_id from quality.held_back held where held.step = 'train')
      else true
    end
    and not exists (select from ml.model_training_run training where training.model_id = model.model_id and training.is_current);
end;

comment on function pipeline.pending_work(text) is
'What the flow p_flow would have to do, one row per reason: an unfinished run, something never fetched or normalised, data that changed, a version of an active feature set without values, bars that are planned and not computed, a model never trained. What quality.held_back names is not work. No rows: everything is there.';

revoke all on function pipeline.pending_work(text) from public;
grant execute on function pipeline.pending_work(text) to marketbase_reader;
--! EndIncluded pipeline/flows/pending_work.sql
--! Included pipeline/outbox/openlineage_dataset.sql
-- A table as OpenLineage names it.
create or replace function pipeline.openlineage_dataset(p_dataset text) returns jsonb
language sql stable parallel safe
begin atomic
  select jsonb_build_object(
    'namespace', pipeline.openlineage_namespace(),
    'name', current_database() || '.' || coalesce(
      (
        select relation.relnamespace::regnamespace || '.' || relation.relname
        from pg_class as relation
        where relation.relname = p_dataset and relation.relkind in ('r', 'p', 'v') and not relation.relispartition
          and relation.relnamespace::regnamespace::text = any ('{market,ingest,feature,quality,pipeline,lineage,portfolio,risk,ml,search}')
        limit 1
      ),
      p_dataset
    )
  );
end;

comment on function pipeline.openlineage_dataset(text) is
E'@behavior -*\n{"namespace", "name"} of a table or view that is named with or without its schema: database.schema.table, as the naming of OpenLineage asks for PostgreSQL.';

revoke all on function pipeline.openlineage_dataset(text) from public;
grant execute on function pipeline.openlineage_dataset(text) to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_dataset.sql
--! Included pipeline/outbox/openlineage_event.sql
-- The life of a run as OpenLineage tells it.
create or replace function pipeline.openlineage_event(p_run_id bigint, p_event_type text, p_event_time timestamptz) returns jsonb
language sql stable parallel safe
begin atomic
  with identity as (
    select run.run_id, run.parent_run_id, run.message, pipeline.openlineage_run(run.run_id) as named
    from pipeline.pipeline_run as run
    where run.run_id = p_run_id
  ),
  facet as (
    select coalesce(jsonb_object_agg(said.name, said.content), '{}') as facets
    from identity
    cross join lateral (
      select 'parent' as name, pipeline.openlineage_facet('1-0-1/ParentRunFacet.json', pipeline.openlineage_run(identity.parent_run_id)) as content
      where identity.parent_run_id is not null
      union all
      select 'errorMessage', pipeline.openlineage_facet(
        '1-0-0/ErrorMessageRunFacet.json', jsonb_build_object('message', coalesce(identity.message, ''), 'programmingLanguage', 'SQL')
      )
      where p_event_type = 'FAIL'
    ) as said
  ),
  input as (
    select named.dataset || coalesce(jsonb_build_object('inputFacets', judged.facets), '{}') as dataset
    from (
      select pipeline.openlineage_dataset(edge.source_relation) as dataset from lineage.data_lineage as edge where edge.run_id = p_run_id
      union
      select pipeline.openlineage_dataset(judged.dataset) from pipeline.openlineage_quality(p_run_id) as judged
    ) as named
    left join pipeline.openlineage_quality(p_run_id) as judged on pipeline.openlineage_dataset(judged.dataset) = named.dataset
  ),
  output as (
    select distinct pipeline.openlineage_dataset(edge.target_relation) as dataset from lineage.data_lineage as edge where edge.run_id = p_run_id
  )
  select jsonb_build_object(
    'eventType', p_event_type,
    'eventTime', internal.iso_time(p_event_time),
    'producer', 'urn:marketbase',
    'schemaURL', 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    'run', (identity.named -> 'run') || jsonb_build_object('facets', facet.facets),
    'job', identity.named -> 'job',
    'inputs', coalesce((select jsonb_agg(input.dataset order by input.dataset ->> 'name') from input), '[]'),
    'outputs', coalesce((select jsonb_agg(output.dataset order by output.dataset ->> 'name') from output), '[]')
  )
  from identity
  cross join facet;
end;

comment on function pipeline.openlineage_event(bigint, text, timestamptz) is
E'@behavior -*\nThe RunEvent (OpenLineage 2-0-2) of type p_event_type (START, COMPLETE, FAIL, ABORT, OTHER) of the run p_run_id at p_event_time: what it read and wrote by lineage.data_lineage, what the rules said (pipeline.openlineage_quality) as facets of the inputs, its parent, and the message of a failure. NULL for an unknown run.';

revoke all on function pipeline.openlineage_event(bigint, text, timestamptz) from public;
grant execute on function pipeline.openlineage_event(bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_event.sql
--! Included pipeline/steps/step_train.sql
-- Step: every model is trained again when its data changed.
create or replace function pipeline.step_train(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with held as materialized (
    select coalesce(array_agg(held_back.instrument_id), '{}') as instrument_ids from quality.held_back where held_back.step = 'train'
  ),
  stale as materialized (
    select count(*) as marks from held cross join lateral pipeline.take_stale('ml', held.instrument_ids)
  ),
  concerned as materialized (
    select model.name, ml.model_instruments(model.name) && held.instrument_ids as is_held from ml.model model cross join held
  ),
  trained as materialized (
    select model.name, training.*
    from stale
    cross join concerned model
    cross join lateral ml.train(p_run_id, model.name) training
    where not model.is_held
  )
  select
    coalesce(sum((trained.metrics_in_sample ->> 'rows')::bigint), 0)::bigint,
    count(*) filter (where trained.run_id = p_run_id),
    coalesce(jsonb_object_agg(trained.name, trained.metrics_out_of_sample) filter (where trained.name is not null), '{}'),
    case
      when not exists (select from ml.model) then 'no model is defined'
      else concat_ws('; ', string_agg(
        format('%s %s', trained.name, case when trained.run_id = p_run_id then 'trained' else 'kept: its data did not change' end), '; ' order by trained.name),
        (select string_agg(concerned.name || ' held back', '; ' order by concerned.name) from concerned where concerned.is_held))
    end
  from trained;
end;

comment on function pipeline.step_train(bigint) is
'Trains every model of ml.model but those that learn from an instrument that quality.held_back names, which keep the training that they have: to leave the instrument out would make another model. One whose training rows, parameters and code are what they were keeps its training run. Takes away the marks of consumer ml, but for instruments that are held back.';

revoke all on function pipeline.step_train(bigint) from public;
grant execute on function pipeline.step_train(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/step_train.sql
--! Included quality/expectations/broken_verdict.sql
-- The verdict of a rule that cannot be applied.
create or replace function quality.broken_verdict(p_rule text, p_error text)
returns quality.expectation_verdict
language sql
immutable
parallel safe
begin atomic
  select
    null::bigint, 'failed'::text, 1::bigint, 1::bigint, 0::bigint, null::timestamptz, null::timestamptz,
    quality.verdict_message('failed', 1, 1, 0, said.message),
    array[row(
      null, null, null, jsonb_build_object('rule', p_rule), jsonb_build_object('error', p_error), 'a rule that can be applied', said.message
    )::quality.violation]
  from (select format('The rule could not be applied: %s', p_error) as message) as said;
end;

comment on function quality.broken_verdict(text, text) is
E'@behavior -*\nThe verdict of the rule p_rule that ran into the error p_error: failed, for the dataset as a whole.';

revoke all on function quality.broken_verdict(text, text) from public;
grant execute on function quality.broken_verdict(text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/broken_verdict.sql
--! Included quality/expectations/check_parameters.sql
-- Checks the parameters of an expectation and fills in what was left out.
create or replace function quality.check_parameters(p_dataset text, p_expectation text, p_parameters jsonb)
returns jsonb
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_common constant jsonb := '{
    "mostly": "number?", "row_condition": "text?", "group_by": "column?", "time_column": "column?",
    "warn": "object?", "fail": "object?", "max_findings": "number?"
  }';
  v_relation constant regclass := quality.dataset_relation(p_dataset);
  v_known quality.expectation;
  v_kinds jsonb;
  v_name text;
  v_kind text;
  v_value jsonb;
  v_all jsonb;
  v_wrong text;
begin
  select known.* into v_known from quality.expectation as known where known.expectation = p_expectation;
  if not found then
    raise exception using errcode = 'MB003',
      message = format('There is no expectation %s.', coalesce(quote_literal(left(p_expectation, 80)), 'null')),
      hint = (select format('There are %s.', string_agg(known.expectation, ', ' order by known.expectation)) from quality.expectation as known);
  elsif jsonb_typeof(p_parameters) is distinct from 'object' then
    raise exception using errcode = 'MB001', message = 'The parameters are not a JSON object.', hint = 'Write them as {"column": "close", "min": 0.01}.';
  end if;
  v_kinds := v_known.parameters || c_common;
  -- What a level replaces is a parameter like any other.
  v_all := p_parameters || '{}';
  for v_name, v_value in
    select given.key, given.value
    from (
      select 0 as level, each.key, each.value from jsonb_each(p_parameters) as each
      union all
      select 1, each.key, each.value
      from (values ('warn'), ('fail')) as level (name)
      cross join lateral jsonb_each(case when jsonb_typeof(p_parameters -> level.name) = 'object' then p_parameters -> level.name else '{}' end) as each
    ) as given
    order by given.level, given.key
  loop
    v_kind := rtrim(v_kinds ->> v_name, '?');
    if v_kind is null then
      raise exception using errcode = 'MB001',
        message = format('%s has no parameter %s.', p_expectation, quote_literal(left(v_name, 80))),
        hint = format('It takes %s.', (select string_agg(kind.key, ', ' order by kind.key) from jsonb_each(v_kinds) as kind));
    end if;
    continue when v_value = 'null';
    v_wrong := case v_kind
      when 'number' then case when jsonb_typeof(v_value) <> 'number' then 'a number' end
      when 'boolean' then case when jsonb_typeof(v_value) <> 'boolean' then 'true or false' end
      when 'text' then case when jsonb_typeof(v_value) <> 'string' then 'a text' end
      when 'column' then case when jsonb_typeof(v_value) <> 'string' then 'the name of a column' end
      when 'scalar' then case when jsonb_typeof(v_value) not in ('number', 'string', 'boolean') then 'a number or a text' end
      when 'object' then case when jsonb_typeof(v_value) <> 'object' then 'a JSON object' end
      when 'list' then case when jsonb_typeof(v_value) <> 'array' or v_value = '[]' then 'a list that is not empty' end
      else case
        when v_kind = 'texts' and jsonb_typeof(v_value) = 'string' then null
        when jsonb_typeof(v_value) <> 'array' or v_value = '[]' or jsonb_path_exists(v_value, '$[*] ? (@.type() != "string")')
          then case v_kind when 'columns' then 'a list of columns' else 'a text or a list of texts' end
      end
    end;
    if v_wrong is not null then
      raise exception using errcode = 'MB001',
        message = format('%s of %s is %s, not %s.', v_name, p_expectation, left(v_value::text, 80), v_wrong),
        hint = v_known.description;
    elsif v_kind = 'column' then
      perform quality.dataset_column(v_relation, v_value #>> '{}');
    elsif v_kind = 'columns' then
      perform quality.dataset_column(v_relation, listed.value) from jsonb_array_elements_text(v_value) as listed (value);
    elsif v_name = 'mostly' and (v_value::numeric <= 0 or v_value::numeric > 1) then
      raise exception using errcode = 'MB001', message = format('mostly is %s, not a share above 0 and up to 1.', v_value), hint = 'Write 0.99 for 99 of 100.';
    elsif v_name = 'max_findings' and v_value::numeric < 0 then
      raise exception using errcode = 'MB001', message = format('max_findings is %s.', v_value), hint = 'It is a number of findings from 0 on.';
    elsif v_name in ('tolerance', 'max_score', 'max_phi', 'max_divergence', 'baseline', 'min_baseline') and v_value::numeric < 0 then
      raise exception using errcode = 'MB001', message = format('%s is %s.', v_name, v_value), hint = 'It cannot be below 0.';
    end if;
  end loop;
  select kind.key into v_wrong
  from jsonb_each_text(v_known.parameters) as kind
  where kind.value not like '%?' and coalesce(p_parameters -> kind.key, 'null') = 'null'
  limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s needs the parameter %s.', p_expectation, v_wrong),
      hint = (
        select format('It takes %s. %s', string_agg(kind.key || case when kind.value like '%?' then ' (optional)' else '' end, ', '), v_known.description)
        from jsonb_each_text(v_known.parameters) as kind
      );
  end if;
  if not v_all ? 'group_by' then
    v_all := v_all || jsonb_build_object('group_by', case when quality.dataset_type(v_relation, 'instrument_id') is not null then 'instrument_id' end);
  end if;
  if not v_all ? 'time_column' then
    v_all := v_all || jsonb_build_object('time_column', (
      select usual.name
      from unnest(array['ts', 'session_date', 'period_end', 'ex_date', 'traded_at', 'as_of', 'known_from', 'recorded_at', 'started_at', 'created_at'])
        with ordinality as usual (name, position)
      where quality.dataset_type(v_relation, usual.name) in ('timestamptz'::regtype, 'date'::regtype, 'timestamp'::regtype)
      order by usual.position
      limit 1
    ));
  elsif v_all ->> 'time_column' is not null
    and quality.dataset_type(v_relation, v_all ->> 'time_column') not in ('timestamptz'::regtype, 'date'::regtype, 'timestamp'::regtype)
  then
    raise exception using errcode = 'MB001',
      message = format('time_column %s is not a time but %s.', v_all ->> 'time_column', quality.dataset_type(v_relation, v_all ->> 'time_column')),
      hint = 'Name a column of dates or times, or null.';
  end if;
  return v_all;
end;
$$;

comment on function quality.check_parameters(text, text, jsonb) is
E'@behavior -*\nThe parameters p_parameters of p_expectation on p_dataset with group_by and time_column filled in: by default instrument_id, and the first of ts, session_date, period_end, ex_date and the like, where the dataset has them. Errors: MB003 for an unknown dataset or expectation; MB001 for a parameter that is unknown, missing, of another kind or the name of a column that is none, in a sentence that says what was expected.';

revoke all on function quality.check_parameters(text, text, jsonb) from public;
grant execute on function quality.check_parameters(text, text, jsonb) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/check_parameters.sql
--! Included quality/expectations/step_datasets.sql
-- What the two validating steps of a flow look at.
create or replace function quality.step_datasets(p_is_derived boolean)
returns text[]
language sql
stable
parallel safe
begin atomic
  select array(
    select unnest(case when p_is_derived then array['feature_vector', 'model_prediction'] else array['price_data', 'company_fundamental'] end)
    union
    select r.dataset
    from quality.rule_in_force as r
    where r.expectation is not null
      and p_is_derived = exists (
        select
        from pg_class as relation
        where relation.relname = r.dataset
          and relation.relnamespace::regnamespace::text in ('feature', 'quality', 'ml', 'portfolio', 'risk', 'lineage')
      )
  );
end;

comment on function quality.step_datasets(boolean) is
E'@behavior -*\nDatasets of the rules on what came in, or, where p_is_derived, on what was computed from it: those of schemas feature, quality, ml, portfolio, risk and lineage.';

revoke all on function quality.step_datasets(boolean) from public;
grant execute on function quality.step_datasets(boolean) to marketbase_worker;
--! EndIncluded quality/expectations/step_datasets.sql
--! Included quality/expectations/typed_array.sql
-- A list of a parameter as an array that a column can be compared with.
create or replace function quality.typed_array(p_values jsonb, p_type regtype)
returns text
language sql
stable
parallel safe
set search_path to pg_catalog, pg_temp
begin atomic
  select format('array[%s]', string_agg(quality.typed_literal(listed.value, p_type), ', ' order by listed.position))
  from jsonb_array_elements(p_values) with ordinality as listed (value, position);
end;

comment on function quality.typed_array(jsonb, regtype) is
E'@behavior -*\nThe elements of the JSON array p_values as an SQL array of the type p_type. Errors: as quality.typed_literal.';

revoke all on function quality.typed_array(jsonb, regtype) from public;
grant execute on function quality.typed_array(jsonb, regtype) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/typed_array.sql
--! Included quality/gates/default_gates.sql
-- The gates that marketbase brings: critical findings in what a step reads. A gate that was set otherwise stays as it is.
select quality.define_gate(gate.step, gate.datasets, '{critical}', '{}', gate.description)
from (
  values
    ('features', array['price_data', 'company_fundamental'], 'Features of wrong bars and facts are wrong, and look right.'),
    ('train', array['price_data', 'company_fundamental', 'feature_vector'], 'A model learns what is wrong in its data.'),
    ('predict', array['price_data', 'company_fundamental', 'feature_vector'], 'A prediction from wrong data is acted on.')
) as gate (step, datasets, description)
where not exists (select from quality.gate as known where known.step = gate.step);
--! EndIncluded quality/gates/default_gates.sql
--! Included quality/helpers/judged_bars.sql
-- The bars of a span as the rules of prices see them, read once for all rules.
create or replace function quality.judged_bars(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.judged_bar
language sql
stable
parallel safe
begin atomic
  select
    bar.instrument_id, bar.asset_class, bar.bar_interval, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.previous_date, bar.previous_close, bar.previous_volume, bar.previous_adjusted_close,
    coalesce((bar.action).split_ratio, 1),
    coalesce((bar.action).dividend, 0),
    bar.has_actions, bar.open_move, bar.close_move,
    case
      when bar.action is null then bar.close_move
      else quality.adjusted_move(bar.close, bar.previous_close, bar.action)
    end,
    case
      when bar.close = bar.previous_close and bar.price_sum = bar.previous_price_sum then quality.equal_bars(bar.instrument_id, bar.bar_interval, bar.ts)
    end,
    case
      when bar.close_move not between -0.05 and 0.05
        or bar.high >= 1.1 * bar.low
        or bar.volume >= 8 * bar.previous_volume
        or bar.volume <= bar.previous_volume / 8
        or (quality.is_off_cent(bar.price_sum) and not quality.is_off_cent(bar.previous_price_sum))
        then quality.usual_bar(bar.instrument_id, bar.bar_interval, bar.ts)
    end
  from (
    select
      price.*, asked.instrument_id, asked.asset_class, asked.bar_interval, asked.ex_dates is not null as has_actions,
      ln(price.open / price.previous_close) as open_move,
      ln(price.close / price.previous_close) as close_move,
      -- The dates of all actions say whether one took effect since the bar before: only then they are looked up.
      case
        when width_bucket(price.session_date + asked.days, asked.ex_dates) > width_bucket(price.previous_date + asked.days, asked.ex_dates)
          then quality.actions_between(asked.instrument_id, price.previous_date + asked.days, price.session_date + asked.days)
      end as action
    from (
      select
        instrument.instrument_id, instrument.asset_class, judged.bar_interval,
        -- A weekly bar has the actions of its week.
        case judged.bar_interval when '1w' then 6 else 0 end as days,
        (
          select array_agg(recorded.ex_date order by recorded.ex_date)
          from market.corporate_action as recorded
          where recorded.instrument_id = instrument.instrument_id
        ) as ex_dates,
        coalesce(
          (
            select max(before.ts)
            from market.price_data as before
            where before.instrument_id = instrument.instrument_id and before.bar_interval = judged.bar_interval and before.ts < p_from
          ),
          '-infinity'
        ) as from_ts
      from market.instrument as instrument
      cross join lateral (select quality.judged_interval(instrument.instrument_id) as bar_interval offset 0) as judged
      where instrument.instrument_id = any (p_instrument_ids)
      offset 0
    ) as asked
    -- Instrument by instrument, as the primary key has the bars: nothing needs to be sorted.
    cross join lateral (
      select
        stored.ts, stored.session_date, stored.open, stored.high, stored.low, stored.close, stored.volume, stored.adjusted_close,
        stored.open + stored.high + stored.low + stored.close as price_sum,
        lag(stored.session_date) over in_time as previous_date,
        lag(stored.close) over in_time as previous_close,
        lag(stored.volume) over in_time as previous_volume,
        lag(stored.adjusted_close) over in_time as previous_adjusted_close,
        lag(stored.open + stored.high + stored.low + stored.close) over in_time as previous_price_sum
      from market.price_data as stored
      where stored.instrument_id = asked.instrument_id and stored.bar_interval = asked.bar_interval and stored.ts between asked.from_ts and p_to
      window in_time as (order by stored.ts)
    ) as price
    where price.ts >= p_from
    offset 0
  ) as bar
  -- Each offset 0 keeps the planner from writing expressions out wherever they are used: they are worked out once.
  offset 0;
end;

comment on function quality.judged_bars(bigint[], timestamptz, timestamptz) is
'The daily bars (weekly ones of an instrument without daily bars) of the instruments from p_from to p_to (both included) as the rules of prices see them. Of the bars before p_from it reads what the first of them needs, so that what is said of the end of a series is what is said of it in the whole. No order. No rows for NULL.';

revoke all on function quality.judged_bars(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.judged_bars(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/judged_bars.sql
--! Included quality/rules/actions/rule_action_dividend_below_price.sql
-- A dividend is less than the price.
create or replace function quality.rule_action_dividend_below_price(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.dividend >= bar.previous_close then quality.bar_violation(
    bar,
    jsonb_build_object('dividend', bar.dividend, 'previous_close', bar.previous_close),
    'a dividend below the close before',
    format('The dividend %s of %s is not below the close before, %s.', bar.dividend, bar.session_date, bar.previous_close)
  )
end;

comment on function quality.rule_action_dividend_below_price(quality.judged_bar, jsonb) is
'A bar on which dividends of the close before or more take effect. p_parameters is not used.';

revoke all on function quality.rule_action_dividend_below_price(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_action_dividend_below_price(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_dividend_below_price', 'price_data', 'actions', 'error', '{}',
  'A dividend is as large as the price: it is in another unit (pence for pounds) or belongs to another instrument, and adjusted prices before it cannot be computed.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
--! EndIncluded quality/rules/actions/rule_action_dividend_below_price.sql
--! Included quality/rules/actions/rule_action_dividend_currency.sql
-- A dividend is in the currency of the price.
create or replace function quality.rule_action_dividend_currency(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    action.instrument_id,
    action.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', action.ex_date, 'action_type', 'dividend'),
    jsonb_build_object('amount', action.amount, 'currency', action.currency, 'currency_of_price', instrument.currency),
    format('an amount in %s', instrument.currency),
    format('The dividend of %s is %s %s, but the price is in %s.', action.ex_date, trim_scale(action.amount), action.currency, instrument.currency)
  from market.instrument as instrument
  join market.corporate_action as action
    on action.instrument_id = instrument.instrument_id
    and action.action_type = 'dividend'
    and action.ex_date::timestamp at time zone 'UTC' between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids) and action.currency <> instrument.currency;
end;

comment on function quality.rule_action_dividend_currency(bigint[], timestamptz, timestamptz, jsonb) is
'Dividends on record in another currency than that of the instrument; GBp is another one than GBP. p_parameters is not used.';

revoke all on function quality.rule_action_dividend_currency(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_dividend_currency(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_dividend_currency', 'price_data', 'actions', 'error', '{}',
  'A dividend is in another currency than the price: total returns add what cannot be added.',
  'Convert the amount with the rate of the ex-date at its source, or state the currency of the instrument.',
  'dividend'
);
--! EndIncluded quality/rules/actions/rule_action_dividend_currency.sql
--! Included quality/rules/actions/rule_action_ex_date_session.sql
-- An ex-date is a session.
create or replace function quality.rule_action_ex_date_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with calendar as materialized (
    select
      session.mic, min(session.session_date) as first_date, max(session.session_date) as last_date
    from market.trading_session as session
    where session.mic in (select instrument.mic from market.instrument as instrument where instrument.instrument_id = any (p_instrument_ids))
    group by session.mic
  )
  select
    null::bigint,
    action.instrument_id,
    action.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', action.ex_date, 'action_type', action.action_type),
    jsonb_build_object('amount', action.amount),
    format('a session of %s', instrument.mic),
    format('The ex-date %s of a %s is not a session of %s.', action.ex_date, action.action_type, instrument.mic)
  from market.instrument as instrument
  join calendar on calendar.mic = instrument.mic
  join market.corporate_action as action
    on action.instrument_id = instrument.instrument_id
    and action.ex_date between calendar.first_date and calendar.last_date
    and action.ex_date::timestamp at time zone 'UTC' between p_from and p_to
  left join market.trading_session as session on session.mic = instrument.mic and session.session_date = action.ex_date
  where instrument.instrument_id = any (p_instrument_ids) and session.mic is null;
end;

comment on function quality.rule_action_ex_date_session(bigint[], timestamptz, timestamptz, jsonb) is
'Splits and dividends on record whose ex-date is not a session of the exchange by market.trading_session, within the days that it covers. p_parameters is not used.';

revoke all on function quality.rule_action_ex_date_session(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_ex_date_session(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_ex_date_session', 'price_data', 'actions', 'warning', '{}',
  'An ex-date lies on a day without trading: it is a record or payment date, or in another time zone.',
  'Look the action up; adjusted prices take it into account on the next bar until it is corrected.',
  'action'
);
--! EndIncluded quality/rules/actions/rule_action_ex_date_session.sql
--! Included quality/rules/actions/rule_action_sources_agree.sql
-- Providers say the same of a split or dividend.
create or replace function quality.rule_action_sources_agree(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with said as (
    select distinct on (other.instrument_id, other.action_type, other.ex_date, other.provider) other.*
    from market.corporate_action_observation as other
    where other.instrument_id = any (p_instrument_ids) and other.ex_date::timestamp at time zone 'UTC' between p_from and p_to
    order by other.instrument_id, other.action_type, other.ex_date, other.provider, other.known_from desc
  )
  select
    null::bigint,
    current.instrument_id,
    current.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', current.ex_date, 'action_type', current.action_type),
    jsonb_object_agg(said.provider, said.amount) || jsonb_build_object(current.provider, current.amount),
    'amounts of all providers within the tolerance',
    format(
      'Of the %s of %s, %s where %s says %s.', current.action_type, current.ex_date,
      string_agg(
        case when said.amount is null then format('%s no longer lists it', said.provider) else format('%s says %s', said.provider, trim_scale(said.amount)) end,
        ', ' order by said.provider
      ),
      current.provider, trim_scale(current.amount)
    )
  from said
  join market.corporate_action as current
    on current.instrument_id = said.instrument_id
    and current.action_type = said.action_type
    and current.ex_date = said.ex_date
    and current.provider <> said.provider
  join ingest.provider as current_provider on current_provider.provider = current.provider
  join ingest.provider as said_provider on said_provider.provider = said.provider
  where said_provider.amounts_adjusted_to is not distinct from current_provider.amounts_adjusted_to
    and (said.amount is null or abs(said.amount - current.amount) > (p_parameters ->> 'tolerance')::numeric * current.amount)
  group by current.instrument_id, current.action_type, current.ex_date, current.provider, current.amount;
end;

comment on function quality.rule_action_sources_agree(bigint[], timestamptz, timestamptz, jsonb) is
'Splits and dividends on record of which another provider last said another amount, by more than tolerance as a part of it, or which another provider no longer lists; providers whose amounts are on different bases (ingest.provider.amounts_adjusted_to) are not compared.';

revoke all on function quality.rule_action_sources_agree(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_sources_agree(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_sources_agree', 'price_data', 'actions', 'warning', '{"tolerance": 0.02}',
  'Two providers say different things of the same split or dividend; the one with the better priority is current.',
  'Look the action up; change ingest.provider.priority, or correct it with a file (marketbase import).',
  'compared_action'
);
--! EndIncluded quality/rules/actions/rule_action_sources_agree.sql
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
      bar.ts as bar_ts, ln(bar.open / bar.previous_close) as move
    from market.corporate_action as action
    left join lateral quality.action_bar(action.instrument_id, '1d', action.ex_date) as bar on true
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
--! Included quality/rules/actions/rule_action_split_plausible.sql
-- A split has a ratio that splits have.
create or replace function quality.rule_action_split_plausible(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    action.instrument_id,
    action.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', action.ex_date, 'action_type', 'split'),
    jsonb_build_object('ratio', action.amount),
    format('a ratio other than 1 and from 1 / %s to %s', p_parameters ->> 'max_ratio', p_parameters ->> 'max_ratio'),
    format('The split of %s has a ratio of %s.', action.ex_date, trim_scale(round(action.amount, 6)))
  from market.corporate_action as action
  where action.instrument_id = any (p_instrument_ids)
    and action.action_type = 'split'
    and action.ex_date::timestamp at time zone 'UTC' between p_from and p_to
    and (
      action.amount = 1
      or action.amount > (p_parameters ->> 'max_ratio')::numeric
      or action.amount * (p_parameters ->> 'max_ratio')::numeric < 1
    );
end;

comment on function quality.rule_action_split_plausible(bigint[], timestamptz, timestamptz, jsonb) is
'Splits on record with a ratio of exactly 1, above max_ratio or below its inverse.';

revoke all on function quality.rule_action_split_plausible(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_split_plausible(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_split_plausible', 'price_data', 'actions', 'error', '{"max_ratio": 100000}',
  'The ratio of a split is one that splits do not have: it was read the wrong way, or is not a ratio.',
  'Look the split up; correct it at its source.',
  'split'
);
--! EndIncluded quality/rules/actions/rule_action_split_plausible.sql
--! Included quality/rules/calendar/rule_price_complete.sql
-- Nearly every session has a bar.
create or replace function quality.rule_price_complete(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    expected.instrument_id,
    null::timestamptz,
    jsonb_build_object('symbol', instrument.symbol),
    jsonb_build_object('sessions', expected.checked_count, 'bars', present.bar_count),
    format('bars for %s %% of the sessions or more', round((p_parameters ->> 'min_share')::numeric * 100, 1)),
    format('%s of %s sessions from %s to %s have a bar.', present.bar_count, expected.checked_count,
      (expected.from_ts at time zone 'UTC')::date, (expected.to_ts at time zone 'UTC')::date)
  from quality.population_session(p_instrument_ids, p_from, p_to) as expected
  join market.instrument as instrument on instrument.instrument_id = expected.instrument_id
  cross join lateral (
    select count(*) as bar_count
    from market.price_data as price
    where price.instrument_id = expected.instrument_id and price.bar_interval = '1d' and price.ts between expected.from_ts and expected.to_ts
  ) as present
  where present.bar_count < (p_parameters ->> 'min_share')::double precision * expected.checked_count
    and expected.checked_count >= (p_parameters ->> 'min_sessions')::bigint;
end;

comment on function quality.rule_price_complete(bigint[], timestamptz, timestamptz, jsonb) is
'Instruments with daily bars for less than min_share of the sessions from the first to the last of them, of at least min_sessions; the finding has no time. price_no_gap names each session.';

revoke all on function quality.rule_price_complete(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_complete(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_complete', 'price_data', 'calendar', 'error', '{"min_share": 0.99, "min_sessions": 100}',
  'More than a session in a hundred has no bar: indicators and returns of this instrument are not those of its calendar.',
  'Fetch the whole series again, or from another provider; an instrument that trades seldom needs features that do not count days.',
  'instrument'
);
--! EndIncluded quality/rules/calendar/rule_price_complete.sql
--! Included quality/rules/calendar/rule_price_filler_bar.sql
-- A bar comes from trades, not from the close before.
create or replace function quality.rule_price_filler_bar(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume = 0 and bar.asset_class in ('equity', 'fund') and bar.close = bar.previous_close and bar.high = bar.low then quality.bar_violation(
    bar,
    jsonb_build_object('close', bar.close, 'volume', bar.volume),
    'trades, or no bar',
    format('The bar of %s repeats the close before, %s, without a trade.', bar.session_date, bar.close)
  )
end;

comment on function quality.rule_price_filler_bar(quality.judged_bar, jsonb) is
'A bar of an equity or a fund without volume whose four prices are the close before: the provider filled a session without a trade, or one that did not take place. p_parameters is not used.';

revoke all on function quality.rule_price_filler_bar(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_filler_bar(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_filler_bar', 'price_data', 'calendar', 'info', '{}',
  'The provider filled a session without trades: completeness looks better than it is, and returns of 0 are counted.',
  'Leave it where the session took place; retract the bar where the exchange was closed.'
);
--! EndIncluded quality/rules/calendar/rule_price_filler_bar.sql
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
    -- By ts, which the key has: the planner would look for the last session in the index of all instruments.
    select (max(price.ts) at time zone 'UTC')::date as session_date
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
--! Included quality/rules/calendar/rule_price_in_session.sql
-- A bar of minutes lies within a session.
create or replace function quality.rule_price_in_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date, 'bar_interval', price.bar_interval),
    jsonb_build_object('close', price.close, 'volume', price.volume),
    format('a time from open to close of a session of %s', instrument.mic),
    format('The bar of %s UTC (%s) lies outside the sessions of %s.', to_char(price.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), price.bar_interval, instrument.mic)
  from market.instrument as instrument
  join market.exchange as exchange on exchange.mic = instrument.mic and exchange.calendar = 'sessions'
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval in ('1m', '5m', '15m', '30m', '1h')
    and price.ts between p_from and p_to
  left join market.trading_session as session
    on session.mic = instrument.mic
    and session.session_date = price.session_date
    and price.ts > session.open_at - market.bar_span(price.bar_interval)
    and price.ts < session.close_at
  where instrument.instrument_id = any (p_instrument_ids) and session.mic is null;
end;

comment on function quality.rule_price_in_session(bigint[], timestamptz, timestamptz, jsonb) is
'Bars shorter than a day that end before the open or begin at or after the close of the session of their date, or have no session, by market.trading_session; a bar may begin before the open as long as it ends after it. p_parameters is not used.';

revoke all on function quality.rule_price_in_session(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_in_session(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_in_session', 'price_data', 'calendar', 'warning', '{}',
  'A bar lies outside of the regular session: it is of trading before the open or after the close, or its time zone is wrong.',
  'Ask the provider for regular hours only; look at the time zone in which it dates its bars.',
  'intraday_price_data'
);
--! EndIncluded quality/rules/calendar/rule_price_in_session.sql
--! Included quality/rules/calendar/rule_price_no_gap.sql
-- Every session between the first and the last bar has one.
create or replace function quality.rule_price_no_gap(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with calendar as materialized (
    select exchange.mic, quality.calendar_dates(exchange.mic) as dates
    from market.exchange as exchange
    where exchange.calendar in ('sessions', 'always')
      and exists (select from market.instrument as instrument where instrument.mic = exchange.mic and instrument.instrument_id = any (p_instrument_ids))
  )
  select
    null::bigint,
    bar.instrument_id,
    missing.session_date::timestamp at time zone 'UTC',
    jsonb_build_object('session_date', missing.session_date),
    '{}'::jsonb,
    format('a bar for each session of %s', calendar.mic),
    format('The session of %s has no bar.', missing.session_date)
  from calendar
  join market.instrument as instrument on instrument.mic = calendar.mic and instrument.instrument_id = any (p_instrument_ids)
  cross join lateral quality.judged_bars(array[instrument.instrument_id], p_from, p_to) as bar
  cross join lateral unnest(
    calendar.dates[width_bucket(bar.previous_date, calendar.dates) + 1 : width_bucket(bar.session_date - 1, calendar.dates)]
  ) as missing (session_date)
  where bar.bar_interval = '1d'
    and bar.session_date > bar.previous_date + 1
    and width_bucket(bar.session_date - 1, calendar.dates) > width_bucket(bar.previous_date, calendar.dates);
end;

comment on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) is
'Sessions (market.session_dates) between the first and the last daily bar that have no bar; one violation per session. Where there are bars before p_from, those between old and new bars too. checked_count counts the sessions that are expected. Instruments of an exchange of which only the weekdays are known are not judged. p_parameters is not used.';

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
  with calendar as materialized (
    select
      exchange.mic, quality.calendar_dates(exchange.mic) as dates,
      coalesce((select min(session.session_date) from market.trading_session as session where session.mic = exchange.mic), '-infinity') as first_date,
      coalesce((select max(session.session_date) from market.trading_session as session where session.mic = exchange.mic), 'infinity') as last_date
    from market.exchange as exchange
    where exchange.calendar <> 'always'
      and exists (select from market.instrument as instrument where instrument.mic = exchange.mic and instrument.instrument_id = any (p_instrument_ids))
  )
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date),
    jsonb_build_object('close', price.close, 'volume', price.volume),
    format('a session of %s', instrument.mic),
    format('%s is not a session of %s.', price.session_date, instrument.mic)
  from calendar
  join market.instrument as instrument on instrument.mic = calendar.mic and instrument.instrument_id = any (p_instrument_ids)
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id
    and price.bar_interval = '1d'
    and price.ts between p_from and p_to
    and price.session_date between calendar.first_date and calendar.last_date
    and calendar.dates[width_bucket(price.session_date, calendar.dates)] is distinct from price.session_date;
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
--! Included quality/rules/fundamentals/rule_fundamental_cash_flow.sql
-- The parts of the cash flow are the change in cash.
create or replace function quality.rule_fundamental_cash_flow(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    period.instrument_id,
    period.ts,
    jsonb_build_object('period_start', period.period_start, 'period_end', period.period_end, 'unit', period.unit),
    period.figures,
    'operating + investing + financing cash flow + effect of exchange rates = change in cash',
    format(
      'From %s to %s: cash changed by %s %s as reported, its parts add up to %s.',
      period.period_start, period.period_end, figure.change_in_cash, period.unit, added.parts + coalesce(figure.exchange_rate_effect, 0)
    )
  from quality.statement_periods(
    p_instrument_ids, p_from, p_to, '{operating_cash_flow,investing_cash_flow,financing_cash_flow,change_in_cash}', '{exchange_rate_effect}'
  ) as period
  cross join lateral jsonb_to_record(period.figures) as figure (
    operating_cash_flow numeric, investing_cash_flow numeric, financing_cash_flow numeric, change_in_cash numeric, exchange_rate_effect numeric
  )
  cross join lateral (
    select
      figure.operating_cash_flow + figure.investing_cash_flow + figure.financing_cash_flow as parts,
      greatest(abs(figure.operating_cash_flow), abs(figure.investing_cash_flow), abs(figure.financing_cash_flow)) as largest
  ) as added
  where least(
    abs(added.parts - figure.change_in_cash),
    abs(added.parts + coalesce(figure.exchange_rate_effect, 0) - figure.change_in_cash)
  ) > (p_parameters ->> 'tolerance')::numeric * added.largest;
end;

comment on function quality.rule_fundamental_cash_flow(bigint[], timestamptz, timestamptz, jsonb) is
'Periods (quality.statement_periods) in which operating, investing and financing cash flow and, where there is one, the effect of exchange rates differ from the reported change in cash by more than tolerance of the largest of the three. A change that is reported before that effect is right, too.';

revoke all on function quality.rule_fundamental_cash_flow(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_cash_flow(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_cash_flow', 'company_fundamental', 'fundamentals', 'warning', '{"tolerance": 0.005}',
  'The cash flow statement does not add up.',
  'Look at the filing itself: a part may have lost its sign, or belong to another period; discontinued operations are sometimes shown apart.',
  'cash_flow'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_cash_flow.sql
--! Included quality/rules/fundamentals/rule_fundamental_gross_profit.sql
-- Gross profit is revenue less its cost.
create or replace function quality.rule_fundamental_gross_profit(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    period.instrument_id,
    period.ts,
    jsonb_build_object('period_start', period.period_start, 'period_end', period.period_end, 'unit', period.unit),
    period.figures,
    'revenue - cost of revenue = gross profit',
    format(
      'From %s to %s: a gross profit of %s %s is reported, revenue less its cost is %s.',
      period.period_start, period.period_end, figure.gross_profit, period.unit, figure.revenue - figure.cost_of_revenue
    )
  from quality.statement_periods(p_instrument_ids, p_from, p_to, '{revenue,cost_of_revenue,gross_profit}') as period
  cross join lateral jsonb_to_record(period.figures) as figure (revenue numeric, cost_of_revenue numeric, gross_profit numeric)
  where abs(figure.revenue - figure.cost_of_revenue - figure.gross_profit)
    > (p_parameters ->> 'tolerance')::numeric * abs(figure.revenue);
end;

comment on function quality.rule_fundamental_gross_profit(bigint[], timestamptz, timestamptz, jsonb) is
'Periods (quality.statement_periods) whose reported gross profit differs from revenue less cost of revenue by more than tolerance of the revenue.';

revoke all on function quality.rule_fundamental_gross_profit(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_gross_profit(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_gross_profit', 'company_fundamental', 'fundamentals', 'warning', '{"tolerance": 0.005}',
  'Gross profit is not revenue less cost of revenue.',
  'Look at the filing itself: one of the three may be of another period, or restated alone; some companies leave depreciation out of the cost.',
  'gross_profit'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_gross_profit.sql
--! Included quality/rules/fundamentals/rule_fundamental_parts.sql
-- A part is not larger than the whole.
create or replace function quality.rule_fundamental_parts(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
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
    jsonb_object_agg(pair.part, sheet.figures -> pair.part) || jsonb_object_agg(pair.whole, sheet.figures -> pair.whole),
    'no part larger than its whole',
    format(
      '%s: %s.', sheet.period_end,
      string_agg(format('%s of %s %s are more than %s of %s', pair.part, sheet.figures ->> pair.part, sheet.unit, pair.whole, sheet.figures ->> pair.whole), ', ' order by pair.part)
    )
  from quality.statement_periods(
    p_instrument_ids, p_from, p_to, '{total_assets}', '{cash,receivables,inventory,current_assets,goodwill,current_liabilities,total_liabilities}'
  ) as sheet
  cross join (
    values
      ('cash', 'total_assets'), ('receivables', 'current_assets'), ('inventory', 'current_assets'), ('current_assets', 'total_assets'),
      ('goodwill', 'total_assets'), ('current_liabilities', 'total_liabilities')
  ) as pair (part, whole)
  where (sheet.figures ->> pair.part)::numeric > (1 + (p_parameters ->> 'tolerance')::numeric) * (sheet.figures ->> pair.whole)::numeric
  group by sheet.instrument_id, sheet.ts, sheet.period_end, sheet.unit;
end;

comment on function quality.rule_fundamental_parts(bigint[], timestamptz, timestamptz, jsonb) is
'Balance sheets (quality.statement_periods) in which cash, current assets or goodwill are more than total assets, receivables or inventory more than current assets, or current liabilities more than total liabilities, by more than tolerance.';

revoke all on function quality.rule_fundamental_parts(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_parts(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_parts', 'company_fundamental', 'fundamentals', 'error', '{"tolerance": 0.001}',
  'A part of the balance sheet is larger than the whole.',
  'Look at the filing itself: one of the two may be in another scale, or of another date.',
  'total_assets'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_parts.sql
--! Included quality/rules/fundamentals/rule_fundamental_restatement_size.sql
-- A restatement is not of another order.
create or replace function quality.rule_fundamental_restatement_size(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    restated.instrument_id,
    restated.ts,
    jsonb_build_object('concept', restated.concept, 'period_start', restated.period_start, 'period_end', restated.period_end, 'unit', restated.unit),
    jsonb_build_object('value', restated.value, 'previous_value', restated.previous_value, 'accession', restated.accession),
    'a restatement of less than the tolerance',
    format('%s of %s was %s %s and is %s by filing %s.', restated.concept, restated.period_end, restated.previous_value, restated.unit, restated.value, restated.accession)
  from quality.restatements(p_instrument_ids, p_from, p_to) as restated
  where abs(restated.value - restated.previous_value) > (p_parameters ->> 'tolerance')::numeric * abs(restated.previous_value)
    and p_parameters -> 'concepts' ? restated.concept;
end;

comment on function quality.rule_fundamental_restatement_size(bigint[], timestamptz, timestamptz, jsonb) is
'Restated facts (quality.restatements) of the parameter concepts whose value changed by more than tolerance of the previous one.';

revoke all on function quality.rule_fundamental_restatement_size(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_restatement_size(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_restatement_size', 'company_fundamental', 'fundamentals', 'warning',
  '{"tolerance": 0.1, "concepts": ["Assets", "Liabilities", "StockholdersEquity", "Revenues", "RevenueFromContractWithCustomerExcludingAssessedTax", "SalesRevenueNet", "NetIncomeLoss", "OperatingIncomeLoss", "NetCashProvidedByUsedInOperatingActivities"]}',
  'A later filing changed a main figure by more than a tenth.',
  'Read the filing that did it: a change of method or discontinued operations may be the reason. market.company_fundamental_version has both values, and models trained before know the first one.',
  'restatement'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_restatement_size.sql
--! Included quality/rules/fundamentals/rule_fundamental_scale.sql
-- A total is in the scale of those around it.
create or replace function quality.rule_fundamental_scale(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    total.instrument_id,
    total.ts,
    jsonb_build_object('item', total.item, 'period_start', total.period_start, 'period_end', total.period_end, 'unit', total.unit),
    jsonb_build_object('value', total.value, 'others', jsonb_build_array(total.one_side, total.other_side)),
    'a value in the scale of those before and after it',
    format(
      '%s of %s is %s %s, the nearest other ones are %s and %s.', total.item, total.period_end, total.value, total.unit, total.one_side, total.other_side
    )
  from quality.statement_totals(p_instrument_ids, p_from, p_to, '{revenue,total_assets,total_liabilities,shares_basic,shares_issued_outstanding}') as total
  where greatest(total.one_side / total.other_side, total.other_side / total.one_side) < (p_parameters ->> 'agree_within')::numeric
    and abs(log(total.value) - (log(total.one_side) + log(total.other_side)) / 2) > log((p_parameters ->> 'factor')::numeric);
end;

comment on function quality.rule_fundamental_scale(bigint[], timestamptz, timestamptz, jsonb) is
'Revenue, total assets and liabilities and numbers of shares that are more than factor times the two nearest values of the same line (quality.statement_totals), or less than that part of them, while those two are within agree_within of each other: figures in thousands among figures in units, or the other way round. A lasting change of the scale is found where it sets in and where it ends only.';

revoke all on function quality.rule_fundamental_scale(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_fundamental_scale(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'fundamental_scale', 'company_fundamental', 'fundamentals', 'error', '{"factor": 300, "agree_within": 10}',
  'A total is in another scale than the ones before and after it, as when thousands were taken for units.',
  'Look at the filing itself for the scale of its figures, and correct the value at its source.',
  'statement_total'
);
--! EndIncluded quality/rules/fundamentals/rule_fundamental_scale.sql
--! Included quality/rules/pipeline/rule_provider_schema_drift.sql
-- A provider sends the fields that it has always sent.
create or replace function quality.rule_provider_schema_drift(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    null::bigint,
    null::timestamptz,
    jsonb_build_object('provider', response.provider, 'dataset', response.dataset, 'path', difference.path, 'change', difference.change),
    jsonb_build_object(
      'before', difference.before, 'after', difference.after, 'first_body', response.raw_response_id, 'subject', response.subject,
      'compared_bodies', difference.body_count
    ),
    case difference.change
      when 'new' then format('the fields of the bodies before')
      when 'missing' then format('%s, as in each of the last %s bodies', said.before, difference.body_count)
      else format('%s, as in the bodies before', said.before)
    end,
    format('%s %s: %s %s; first body %s (%s).',
      response.provider, response.dataset, difference.path,
      case difference.change
        when 'new' then format('is new (%s)', said.after)
        when 'missing' then format('is missing (it was %s in each of the last %s bodies)', said.before, difference.body_count)
        else format('is %s and was %s', said.after, said.before)
      end,
      response.raw_response_id, response.subject)
  from ingest.raw_response as response
  cross join lateral ingest.compare_shape(
    response.raw_response_id, (p_parameters ->> 'window')::integer, (p_parameters ->> 'min_bodies')::integer
  ) as difference
  cross join lateral (
    select
      (select string_agg(type, ' or ' order by type) from jsonb_array_elements_text(difference.before) as type) as before,
      (select string_agg(type, ' or ' order by type) from jsonb_array_elements_text(difference.after) as type) as after
  ) as said
  where response.raw_response_id = p_raw_response_id and difference.change is not null;
end;

comment on function quality.rule_provider_schema_drift(bigint, jsonb) is
'Fields of a body that are new, missing or of another type, compared with the bodies of its provider and dataset before it; see ingest.compare_shape for what counts and ingest.read_shape for how much is looked at. window: how many of the last bodies have to have had a field for it to be missed; min_bodies: how many there have to be for anything to be said.';

revoke all on function quality.rule_provider_schema_drift(bigint, jsonb) from public;
grant execute on function quality.rule_provider_schema_drift(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'provider_schema_drift', 'raw_response', 'pipeline', 'warning', '{"window": 20, "min_bodies": 3}',
  'A provider has added, dropped or retyped a field: what is read from its bodies may be wrong or incomplete from here on.',
  'Look at the first body; adapt the normaliser (ingest.normalise_<provider>_<dataset>), replay the bodies since, then acknowledge the finding.'
);
--! EndIncluded quality/rules/pipeline/rule_provider_schema_drift.sql
--! Included quality/rules/predictions/rule_prediction_calibrated.sql
-- Predictions are right on average, and as bold as they may be.
create or replace function quality.rule_prediction_calibrated(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    series.instrument_id,
    series.ts,
    jsonb_build_object('model_training_run_id', series.model_training_run_id),
    jsonb_build_object(
      'outcomes', series.outcome_count, 'mean_error', series.mean_error, 'mean_error_deviation', series.mean_error_deviation,
      'slope', series.slope, 'slope_deviation', series.slope_deviation
    ),
    'a mean error of 0 and a slope of 1',
    format(
      'Training %s: over %s outcomes the mean error is %s (%s deviations from 0), the slope of outcomes on predictions %s (%s deviations from 1).',
      series.model_training_run_id, series.outcome_count, to_char(series.mean_error, 'FM0.000000'), to_char(distance.error, 'FM990.0'),
      to_char(series.slope, 'FM990.00'), to_char(distance.slope, 'FM990.0')
    )
  from quality.prediction_series(p_instrument_ids, p_from, p_to) as series
  cross join lateral (
    select
      abs(series.mean_error) / nullif(series.mean_error_deviation, 0) as error,
      abs(series.slope - 1) / nullif(series.slope_deviation, 0) as slope
  ) as distance
  where series.outcome_count >= (p_parameters ->> 'min_outcomes')::bigint
    and greatest(distance.error, distance.slope) > (p_parameters ->> 'deviations')::double precision;
end;

comment on function quality.rule_prediction_calibrated(bigint[], timestamptz, timestamptz, jsonb) is
'Trainings whose out-of-sample predictions for an instrument (quality.prediction_series, with min_outcomes outcomes or more) are off on average, or whose regression of outcome on prediction has a slope other than 1, by more than the parameter deviations of the estimate. Predictions that do not vary have no slope.';

revoke all on function quality.rule_prediction_calibrated(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_calibrated(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_calibrated', 'model_prediction', 'predictions', 'warning', '{"min_outcomes": 100, "deviations": 4}',
  'A model is wrong on average, or its predictions are bolder or more timid than what came true.',
  'Train the model again; a slope far below 1 says that it fits noise: raise its penalty. ml.prediction_score has its other figures.',
  'prediction_series'
);
--! EndIncluded quality/rules/predictions/rule_prediction_calibrated.sql
--! Included quality/rules/predictions/rule_prediction_score_drift.sql
-- A model predicts now what it used to predict.
create or replace function quality.rule_prediction_score_drift(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    series.instrument_id,
    series.ts,
    jsonb_build_object('model_training_run_id', series.model_training_run_id),
    jsonb_build_object('psi', drift.psi, 'baseline', series.baseline, 'recent', window_of.bars),
    'a population stability index below the threshold',
    format(
      'Training %s: the last %s predictions are distributed otherwise than the %s before them, population stability index %s.',
      series.model_training_run_id, window_of.bars, series.baseline, to_char(drift.psi, 'FM990.00')
    )
  from (select (p_parameters ->> 'recent')::integer as bars, (p_parameters ->> 'min_baseline')::integer as least_baseline) as window_of
  cross join lateral (
    select one.instrument_id, one.model_training_run_id, one.ts, one.predictions, cardinality(one.predictions) - window_of.bars as baseline
    from quality.prediction_series(p_instrument_ids, p_from, p_to) as one
  ) as series
  cross join lateral (
    select feature.psi(series.predictions[:series.baseline], series.predictions[series.baseline + 1:]) as psi
    where series.baseline >= window_of.least_baseline
  ) as drift
  where drift.psi > (p_parameters ->> 'psi')::double precision;
end;

comment on function quality.rule_prediction_score_drift(bigint[], timestamptz, timestamptz, jsonb) is
'Trainings whose recent newest out-of-sample predictions for an instrument (quality.prediction_series) are distributed otherwise than those before them, of which there must be min_baseline: feature.psi over tenths of the earlier ones above the parameter psi (0.25 is the usual line between a moderate and a large shift).';

revoke all on function quality.rule_prediction_score_drift(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_prediction_score_drift(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'prediction_score_drift', 'model_prediction', 'predictions', 'info', '{"recent": 250, "min_baseline": 500, "psi": 0.25}',
  'A model predicts otherwise than it used to: what it sees has changed.',
  'Look at the drift of its features (marketbase features drift); train the model again if they have moved for good.',
  'prediction_series'
);
--! EndIncluded quality/rules/predictions/rule_prediction_score_drift.sql
--! Included quality/rules/prices/rule_price_adjusted_close_consistent.sql
-- The adjusted close moves like the close, but for splits and dividends on record.
create or replace function quality.rule_price_adjusted_close_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.bar_interval = '1d' and not (bar.adjusted_close > 0 and bar.adjusted_close < 'infinity') then quality.bar_violation(
    bar,
    jsonb_build_object('adjusted_close', bar.adjusted_close::text, 'close', bar.close),
    'a positive, finite adjusted close',
    format('The adjusted close of %s is %s.', bar.session_date, bar.adjusted_close)
  )
  -- A null here leaves the bar alone: without an adjusted close before it nothing can be said.
  when bar.bar_interval = '1d' and bar.has_actions and bar.previous_adjusted_close > 0 and bar.previous_adjusted_close < 'infinity'
    and bar.dividend < bar.previous_close
    and abs(quality.adjustment(bar)) > (p_parameters ->> 'tolerance')::double precision
    and abs(quality.adjustment(bar) - ln(bar.split_ratio)) > (p_parameters ->> 'tolerance')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'adjusted_close', bar.adjusted_close, 'previous_adjusted_close', bar.previous_adjusted_close,
      'close', bar.close, 'previous_close', bar.previous_close, 'dividend', bar.dividend, 'split', bar.split_ratio
    ),
    'an adjusted close that changes against the close by the dividend and the split of the session alone',
    format(
      'The adjusted close of %s changed against the close by %s %%; the dividend of %s on record makes %s %%.',
      bar.session_date,
      round(((bar.adjusted_close / bar.previous_adjusted_close * bar.previous_close / bar.close - 1) * 100)::numeric, 2), bar.dividend,
      round(((1 / (1 - bar.dividend / bar.previous_close) - 1) * 100)::numeric, 2)
    )
  )
end;

comment on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) is
'A daily bar whose adjusted close is not positive and finite, or whose adjusted close changed against the close by more than tolerance (as a logarithm) otherwise than the dividend (1 - dividend / previous close) and split on record for the session explain, the split counted or not; providers differ in whether their close contains it. Changes are judged only for instruments of which a corporate action is on record; without any, nothing can be said about them. Weekly bars are not judged: providers adjust the week of the ex-date or the one before it.';

revoke all on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_adjusted_close_consistent', 'price_data', 'prices', 'warning', '{"tolerance": 0.003}',
  'The provider adjusted its closes for an event that is not on record, or did not adjust them for one that is: returns of adjusted closes are wrong there.',
  'Look the dividend up; fetch the corporate actions, or the bars around the day, again.',
  'adjusted_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_adjusted_close_consistent.sql
--! Included quality/rules/prices/rule_price_bar_repeated.sql
-- A bar is not that of the session before.
create or replace function quality.rule_price_bar_repeated(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.equal_bars >= 2 and bar.volume = bar.previous_volume and bar.volume >= (p_parameters ->> 'min_volume')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'volume', bar.volume),
    'other prices or another volume than the session before',
    format('Prices and volume of %s are those of %s: %s units.', bar.session_date, bar.previous_date, bar.volume)
  )
end;

comment on function quality.rule_price_bar_repeated(quality.judged_bar, jsonb) is
'A bar with the open, high, low, close and volume (min_volume or more) of the bar before: nobody trades the same number of units twice at the same four prices.';

revoke all on function quality.rule_price_bar_repeated(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_bar_repeated(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_bar_repeated', 'price_data', 'prices', 'error', '{"min_volume": 1000}',
  'A bar was copied to the next session: one of the two did not happen so.',
  'Fetch both days again, or take them from another provider.'
);
--! EndIncluded quality/rules/prices/rule_price_bar_repeated.sql
--! Included quality/rules/prices/rule_price_dividend_once.sql
-- A dividend is not on record twice.
create or replace function quality.rule_price_dividend_once(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with recorded as materialized (
    select
      action.instrument_id, action.ex_date, action.amount::double precision as amount,
      action.ex_date - lag(action.ex_date) over (partition by action.instrument_id order by action.ex_date) as days
    from market.corporate_action as action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'dividend'
  ),
  spacing as (
    select recorded.instrument_id, percentile_cont(0.5) within group (order by recorded.days) as days
    from recorded
    group by recorded.instrument_id
  ),
  pair as (
    select earlier.instrument_id, earlier.ex_date as earlier_date, later.ex_date as later_date, spacing.days
    from recorded as earlier
    join spacing on spacing.instrument_id = earlier.instrument_id
    join recorded as later
      on later.instrument_id = earlier.instrument_id
      and later.ex_date > earlier.ex_date
      and later.ex_date - earlier.ex_date <= greatest(
        (p_parameters ->> 'days')::double precision,
        least((p_parameters ->> 'max_days')::double precision, spacing.days * (p_parameters ->> 'fraction')::double precision)
      )
      and abs(ln(later.amount / earlier.amount)) <= (p_parameters ->> 'tolerance')::double precision
  ),
  dividend as materialized (
    select
      recorded.instrument_id, recorded.ex_date, recorded.amount, bar.ts, bar.session_date,
      -- How far the price fell, by open or close, as a part of the dividend; the whole of it is enough.
      least(1, (bar.previous_close - least(bar.open, bar.close)) / recorded.amount) as fall
    from recorded
    cross join lateral quality.action_bar(recorded.instrument_id, quality.judged_interval(recorded.instrument_id), recorded.ex_date) as bar
    where exists (
      select from pair where pair.instrument_id = recorded.instrument_id and recorded.ex_date in (pair.earlier_date, pair.later_date)
    )
  ),
  doubled as (
    select distinct on (dividend.instrument_id, dividend.ts)
      dividend.*, twin.session_date as twin_date, twin.amount as twin_amount, pair.days
    from dividend
    join pair on pair.instrument_id = dividend.instrument_id and dividend.ex_date in (pair.earlier_date, pair.later_date)
    join dividend as twin
      on twin.instrument_id = pair.instrument_id
      and twin.ex_date in (pair.earlier_date, pair.later_date)
      and twin.ts <> dividend.ts
      and (twin.fall, twin.ts) > (dividend.fall, dividend.ts)
    order by dividend.instrument_id, dividend.ts, abs(twin.session_date - dividend.session_date), twin.session_date
  )
  select
    null::bigint,
    doubled.instrument_id,
    doubled.ts,
    jsonb_build_object('session_date', doubled.session_date),
    jsonb_build_object(
      'dividend', doubled.amount, 'other_date', doubled.twin_date, 'other_dividend', doubled.twin_amount, 'usual_days', doubled.days
    ),
    format('dividends more than %s of the usual time apart, or of different amounts', p_parameters ->> 'fraction'),
    format(
      'The dividend %s of %s is also on record for %s, where the price rather fell by it.',
      doubled.amount, doubled.session_date, doubled.twin_date
    )
  from doubled
  where doubled.ts between p_from and p_to;
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
create or replace function quality.rule_price_dividend_plausible(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.dividend >= (p_parameters ->> 'min_yield')::double precision * bar.previous_close
    and greatest(
      1 - least(bar.open, bar.close) / bar.previous_close,
      1 - least(bar.open, bar.close) * bar.split_ratio / bar.previous_close
    ) < (p_parameters ->> 'min_drop')::double precision * bar.dividend / bar.previous_close
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'dividend', bar.dividend, 'open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'yield', bar.dividend / bar.previous_close
    ),
    format('an open or close that falls by %s or more of a dividend of %s or more of the price', p_parameters ->> 'min_drop', p_parameters ->> 'min_yield'),
    format(
      'The dividend %s of %s is %s %% of the close before, but the price moved by no more than %s %%.',
      bar.dividend, bar.session_date, round((bar.dividend / bar.previous_close * 100)::numeric, 1),
      round(((least(bar.open, bar.close) / bar.previous_close - 1) * 100)::numeric, 1)
    )
  )
end;

comment on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) is
'A bar on whose session a dividend of min_yield of the close before or more is on record, while neither the open nor the close fell by min_drop of it, with or without the split of the session. min_yield is well above the moves of ordinary days, min_drop half, since what is lost to tax and what the day brings may hide some of it.';

revoke all on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) to marketbase_worker;

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
      action.instrument_id, bar.ts, bar.session_date, action.amount::double precision as amount, judged.bar_interval,
      action.amount::double precision / bar.previous_close as yield, 1 - bar.open / bar.previous_close as fall
    from market.corporate_action as action
    cross join lateral (select quality.judged_interval(action.instrument_id) as bar_interval offset 0) as judged
    cross join lateral quality.action_bar(action.instrument_id, judged.bar_interval, action.ex_date) as bar
    where action.instrument_id = any (p_instrument_ids)
      and action.action_type = 'dividend'
      and bar.ts <= p_to
      and action.amount::double precision / bar.previous_close < (p_parameters ->> 'small_yield')::double precision
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
--! Included quality/rules/prices/rule_price_level_shift.sql
-- A price does not move to another level without an action or news.
create or replace function quality.rule_price_level_shift(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when abs(bar.log_return) >= (p_parameters ->> 'min_move')::double precision
    and abs(bar.log_return) < (p_parameters ->> 'max_move')::double precision
    and bar.split_ratio = 1
    and bar.dividend = 0
    and (bar.usual).bars > (p_parameters ->> 'min_sample')::bigint
    and abs(bar.log_return) > (p_parameters ->> 'multiple')::double precision * (bar.usual).move
    and abs(bar.close - bar.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- It came overnight: open and close are on the new level.
    and abs(bar.close_move - bar.open_move) <= abs(bar.close_move) / 4
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'volume', bar.volume, 'usual_volume', (bar.usual).volume),
    'a split or dividend on record, or trading as on days of news',
    format(
      '%s opens and closes at another level, %s %% from the close before, with no action on record and %s.',
      bar.session_date, round((exp(bar.log_return) * 100 - 100)::numeric, 1),
      case when (bar.usual).volume > 0 then format('%s times the usual volume', round((bar.volume / (bar.usual).volume)::numeric, 1)) else 'no volumes' end
    )
  )
end;

comment on function quality.rule_price_level_shift(quality.judged_bar, jsonb) is
'A bar that opens and closes min_move to max_move (as a logarithm) away from the close before, multiple or more times its usual move and min_ticks or more usual ticks, on no more than news_volume times the usual volume and without an action on record; where more than min_sample bars are before. Larger moves are those of splits and units.';

revoke all on function quality.rule_price_level_shift(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_level_shift(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_level_shift', 'price_data', 'prices', 'error', '{"min_move": 0.3, "max_move": 1.3862943611198906, "min_sample": 20, "multiple": 10, "min_ticks": 5, "news_volume": 2}',
  'The price goes on at another level, and nothing on record or in the trading says why: the bars before or after are those of another instrument, or adjusted for something that is not on record.',
  'Look for a spin-off, rights issue or change of symbol on that day; fetch the whole series again from one provider.'
);
--! EndIncluded quality/rules/prices/rule_price_level_shift.sql
--! Included quality/rules/prices/rule_price_not_future.sql
-- A bar is not of a day to come.
create or replace function quality.rule_price_not_future(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.session_date > (now() at time zone 'UTC')::date + 1 then quality.bar_violation(
    bar,
    jsonb_build_object('session_date', bar.session_date, 'close', bar.close),
    'a session up to today',
    format('The session of %s has yet to come.', bar.session_date)
  )
end;

comment on function quality.rule_price_not_future(quality.judged_bar, jsonb) is
'A bar of a session after tomorrow (UTC): no time zone is as far ahead. p_parameters is not used.';

revoke all on function quality.rule_price_not_future(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_not_future(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_not_future', 'price_data', 'prices', 'error', '{}',
  'A bar of the future is stored: its date is wrong, or it was made up.',
  'Look at the date format and time zone of the body; retract the bar at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_not_future.sql
--! Included quality/rules/prices/rule_price_range_outlier.sql
-- A high or a low does not stand alone.
create or replace function quality.rule_price_range_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.high >= (p_parameters ->> 'min_range')::double precision * bar.low
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and greatest(ln(bar.high / greatest(bar.open, bar.close, bar.previous_close)), ln(least(bar.open, bar.close, bar.previous_close) / bar.low))
      > greatest(ln((p_parameters ->> 'min_range')::double precision), (p_parameters ->> 'multiple')::double precision * (bar.usual).range)
    and bar.high - bar.low >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'previous_close', bar.previous_close, 'usual_range', (bar.usual).range),
    format('a high and a low within %s times the usual range of the other prices', p_parameters ->> 'multiple'),
    format(
      'On %s the price goes from %s to %s between an open of %s and a close of %s, after a close of %s.',
      bar.session_date, bar.low, bar.high, bar.open, bar.close, bar.previous_close
    )
  )
end;

comment on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) is
'A bar whose high is min_range times its low or more, and whose high lies above, or low below, all of open, close and close before by more than that and by more than multiple usual ranges and min_ticks usual ticks, on no more than news_volume times the usual volume: a bad print. Where at least min_sample bars are before.';

revoke all on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_range_outlier', 'price_data', 'prices', 'warning', '{"min_range": 1.5, "min_sample": 20, "multiple": 8, "min_ticks": 5, "news_volume": 2}',
  'A high or low stands alone: a trade that was cancelled, or a misplaced decimal.',
  'Compare with another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_range_outlier.sql
--! Included quality/rules/prices/rule_price_return_outlier.sql
-- A return is in keeping with the returns before it.
create or replace function quality.rule_price_return_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when abs(bar.log_return) >= (p_parameters ->> 'min_move')::double precision
    and abs(bar.log_return) < (p_parameters ->> 'max_move')::double precision
    and bar.split_ratio = 1
    and bar.dividend = 0
    -- The oldest of the bars before has no return.
    and (bar.usual).bars > (p_parameters ->> 'min_sample')::bigint
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
    and abs(quality.robust_score(bar.log_return, (bar.usual).moves)) > (p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'close', bar.close, 'previous_close', bar.previous_close, 'log_return', bar.log_return,
      'score', quality.robust_score(bar.log_return, (bar.usual).moves)::text
    ),
    format('a log return within %s robust deviations of those before', p_parameters ->> 'score'),
    format(
      'The close of %s moved by %s %% from %s to %s, %s robust deviations.',
      bar.session_date, round((exp(bar.log_return) * 100 - 100)::numeric, 1), bar.previous_close, bar.close,
      round(quality.robust_score(bar.log_return, (bar.usual).moves)::numeric, 1)
    )
  )
end;

comment on function quality.rule_price_return_outlier(quality.judged_bar, jsonb) is
'A bar whose log return lies more than score robust standard deviations (quality.robust_score) from the middle of the 60 moves before it; where more than min_sample bars are before, and only moves of min_move to max_move (as a log return); larger ones are those of splits and units. Days with a split or dividend on record are left to the rules of actions, and moves do not count on a volume of more than news_volume times the usual one: news brings trading, an error of the provider does not.';

revoke all on function quality.rule_price_return_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_return_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_return_outlier', 'price_data', 'prices', 'warning', '{"min_sample": 20, "score": 10, "min_move": 0.05, "max_move": 1.3862943611198906, "news_volume": 2}',
  'The close moved far more than this instrument is used to.',
  'Look at the news of the day and at another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_return_outlier.sql
--! Included quality/rules/prices/rule_price_spike.sql
-- A close does not jump and come straight back.
create or replace function quality.rule_price_spike(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  -- It takes back what is not the remainder.
  when abs(bar.log_return) >= (1 - (p_parameters ->> 'max_remainder')::double precision) * (p_parameters ->> 'min_move')::double precision
    then quality.spike_violation(bar, p_parameters)
end;

comment on function quality.rule_price_spike(quality.judged_bar, jsonb) is
'A bar before this one whose close moved by min_move (as a log return) or more, and whose move this one took back but max_remainder of it. The time of the finding is that of the bar that sticks out. Recorded splits and dividends do not count as moves. Moves of less than score times the usual move (of min_sample bars or more) are usual for the instrument, as for an index of volatility. Moves of fewer than min_ticks ticks are not looked at, nor are days on which the volume was more than news_volume times the usual one: news brings trading, an error of the provider does not. See quality.spike_violation.';

revoke all on function quality.rule_price_spike(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_spike(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_spike', 'price_data', 'prices', 'warning', '{"min_move": 0.2, "max_remainder": 0.25, "min_ticks": 5, "min_sample": 20, "score": 8, "news_volume": 5}',
  'One close sticks out from its neighbours: often a misplaced decimal or a trade that was cancelled.',
  'Compare the day with another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_spike.sql
--! Included quality/rules/prices/rule_price_split_consistent.sql
-- A jump of the size of a split is one that is recorded on that day.
create or replace function quality.rule_price_split_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when greatest(abs(bar.open_move), abs(bar.close_move)) >= (p_parameters ->> 'min_move')::double precision
    then quality.split_violation(bar, p_parameters)
end;

comment on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) is
'A bar that opens at a multiple of the close before (the dividend of the bar, or of the one before, added back) as a split would make it, without a split on record that explains it: the multiple or its inverse lies within tolerance (as a logarithm) of one of ratios or of a split recorded within days calendar days, or is always or more; or that moves by the split recorded for it the wrong way. Moves below min_move (as a logarithm) and multiples of fewer than min_ticks usual ticks are not looked at: a price of two ticks halves by one. Multiples near 100 are left to price_unit_consistent. See quality.split_violation.';

revoke all on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_split_consistent', 'price_data', 'prices', 'error', '{"ratios": [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50], "tolerance": 0.03, "days": 30, "always": 4, "min_move": 0.25, "min_ticks": 5}',
  'The price jumps as by a split, but no split is recorded for that session: one is missing, or was applied to the wrong bars.',
  'Look the split up; fetch the corporate actions, or the bars around the day, again.'
);
--! EndIncluded quality/rules/prices/rule_price_split_consistent.sql
--! Included quality/rules/prices/rule_price_stale_run.sql
-- Prices do not stand still.
create or replace function quality.rule_price_stale_run(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.equal_bars >= (p_parameters ->> 'bars')::bigint then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'volume', bar.volume),
    format('other prices than on each of the %s sessions before', (p_parameters ->> 'bars')::integer - 1),
    format('The prices of %s are those of each of the %s sessions before.', bar.session_date, (p_parameters ->> 'bars')::integer - 1)
  )
end;

comment on function quality.rule_price_stale_run(quality.judged_bar, jsonb) is
'A bar whose open, high, low and close are those of each of the bars - 1 bars before: the last of bars (at most 61) equal bars and each one after it.';

revoke all on function quality.rule_price_stale_run(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_stale_run(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_stale_run', 'price_data', 'prices', 'warning', '{"bars": 5}',
  'Open, high, low and close repeat for many sessions: the source may be repeating its last value.',
  'Compare with another provider; a suspended instrument stands still by right.'
);
--! EndIncluded quality/rules/prices/rule_price_stale_run.sql
--! Included quality/rules/prices/rule_price_tick_size.sql
-- Prices stay on their grid.
create or replace function quality.rule_price_tick_size(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when (bar.usual).off_cent = 0
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and bar.low >= (p_parameters ->> 'min_price')::double precision
    and (quality.is_off_cent(bar.open) or quality.is_off_cent(bar.high) or quality.is_off_cent(bar.low) or quality.is_off_cent(bar.close))
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close),
    format('prices in whole cents, as in the %s bars before', (bar.usual).bars),
    format('A price of %s is not a whole number of cents: %s, %s, %s, %s.', bar.session_date, bar.open, bar.high, bar.low, bar.close)
  )
end;

comment on function quality.rule_price_tick_size(quality.judged_bar, jsonb) is
'A bar with a price off the cent after at least min_sample (at most 60) bars without one, at prices of min_price or more (below a dollar a tick is 0.0001). Series that are adjusted have prices off the cent all the time and are not judged.';

revoke all on function quality.rule_price_tick_size(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_tick_size(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_tick_size', 'price_data', 'prices', 'info', '{"min_sample": 60, "min_price": 1}',
  'A price is not a multiple of the tick: it may be an average or a trade away from the exchange, or part of the series is adjusted and part is not.',
  'Compare with another provider; where all bars from there on are off the cent, fetch the whole series again.'
);
--! EndIncluded quality/rules/prices/rule_price_tick_size.sql
--! Included quality/rules/prices/rule_price_unit_consistent.sql
-- Prices stay in one unit.
create or replace function quality.rule_price_unit_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when abs(abs(bar.open_move) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
    or abs(abs(bar.close_move) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
    or (
      bar.high > 10 * bar.low
      and (
        abs(ln(bar.high / greatest(bar.open, bar.close) / (p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
        or abs(ln(least(bar.open, bar.close) / bar.low / (p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      )
    )
  then quality.bar_violation(
    bar,
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
  )
end;

comment on function quality.rule_price_unit_consistent(quality.judged_bar, jsonb) is
'A bar that opens or closes at about multiple times the close before, or at about its inverse, or whose high or low is as far from open and close: the unit changed, as from pounds to pence. tolerance is as a logarithm. The bar after the change is named.';

revoke all on function quality.rule_price_unit_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_unit_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_unit_consistent', 'price_data', 'prices', 'error', '{"multiple": 100, "tolerance": 0.2}',
  'The price jumps by a factor of 100: part of the series is in another unit, such as pence instead of pounds.',
  'Fetch the span again; state the currency of the instrument (GBp is a unit of its own).'
);
--! EndIncluded quality/rules/prices/rule_price_unit_consistent.sql
--! Included quality/rules/prices/rule_price_volume_collapse.sql
-- Trading does not all but stop.
create or replace function quality.rule_price_volume_collapse(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume > 0
    and bar.volume <= bar.previous_volume / (p_parameters ->> 'min_jump')::double precision
    and bar.volume * (p_parameters ->> 'multiple')::double precision <= (bar.usual).volume
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and quality.robust_score(ln(bar.volume), (bar.usual).log_volumes) < -(p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object('volume', bar.volume, 'usual_volume', (bar.usual).volume),
    format('a volume of 1/%s of the usual one or more', p_parameters ->> 'multiple'),
    format('The volume of %s is %s; usual are %s.', bar.session_date, bar.volume, round((bar.usual).volume::numeric))
  )
end;

comment on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) is
'A bar whose volume is above 0 and at most 1 / min_jump (8 or more) of that of the bar before and 1 / multiple of the median of the 60 before, and whose logarithm lies more than score robust standard deviations (quality.robust_score) below their middle; where at least min_sample bars are there.';

revoke all on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_collapse', 'price_data', 'prices', 'info', '{"min_sample": 20, "score": 8, "min_jump": 8, "multiple": 80}',
  'Nearly nothing was traded: the volume is that of a part of the day or of one venue, or in another unit (lots, thousands).',
  'Fetch the day again after the close; a volume in another unit has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_volume_collapse.sql
--! Included quality/rules/prices/rule_price_volume_outlier.sql
-- Volume is in keeping with the volumes before it.
create or replace function quality.rule_price_volume_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume >= (p_parameters ->> 'min_jump')::double precision * bar.previous_volume
    and bar.volume >= (p_parameters ->> 'min_multiple')::double precision * (bar.usual).volume
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and quality.robust_score(ln(nullif(bar.volume, 0)), (bar.usual).log_volumes) > (p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'volume', bar.volume, 'usual_volume', (bar.usual).volume,
      'score', quality.robust_score(ln(bar.volume), (bar.usual).log_volumes)::text
    ),
    format('a volume within %s robust deviations of those before', p_parameters ->> 'score'),
    format(
      'The volume of %s is %s times the usual one, %s robust deviations.',
      bar.session_date, round((bar.volume / (bar.usual).volume)::numeric, 1),
      round(quality.robust_score(ln(bar.volume), (bar.usual).log_volumes)::numeric, 1)
    )
  )
end;

comment on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) is
'A bar whose volume is at least min_jump (8 or more) times that of the bar before, at least min_multiple times the median of the 60 before, and whose logarithm lies more than score robust standard deviations (quality.robust_score) above their middle; where at least min_sample bars are there. Volumes of 0 are left out.';

revoke all on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_outlier', 'price_data', 'prices', 'info', '{"min_sample": 20, "score": 8, "min_jump": 8, "min_multiple": 80}',
  'About a hundred times as much was traded as this instrument is used to: the volume may be in another unit.',
  'Look at the news of the day; a volume in another unit (lots, notional) has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_volume_outlier.sql
--! Included quality/rules/prices/rule_price_volume_present.sql
-- An equity trades on every bar that it has.
create or replace function quality.rule_price_volume_present(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume = 0 and bar.asset_class = 'equity' then quality.bar_violation(
    bar,
    jsonb_build_object('volume', bar.volume, 'close', bar.close),
    'a volume above 0',
    format('The volume of %s is 0.', bar.session_date)
  )
end;

comment on function quality.rule_price_volume_present(quality.judged_bar, jsonb) is
'A bar of an equity with a volume of 0. p_parameters is not used.';

revoke all on function quality.rule_price_volume_present(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_present(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_present', 'price_data', 'prices', 'warning', '{}',
  'A bar of an equity has no volume: its prices are then not those of trades.',
  'Compare with another provider; a day without a trade has no bar in most feeds.',
  'equity_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_volume_present.sql
--! Included quality/rules/structure/rule_bar_adjusted_close_valid.sql
-- An adjusted close is positive and finite.
create or replace function quality.rule_bar_adjusted_close_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('adjusted_close', c.adjusted_close::text, 'close', c.close),
    'an adjusted close above 0 and finite, or none',
    format('The adjusted close is %s.', c.adjusted_close)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and not (c.adjusted_close > 0 and c.adjusted_close < 'infinity');
end;

comment on function quality.rule_bar_adjusted_close_valid(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with an adjusted close that is zero, negative, infinite or not a number. Without one a bar passes. p_parameters is not used.';

revoke all on function quality.rule_bar_adjusted_close_valid(bigint, jsonb) from public;
grant execute on function quality.rule_bar_adjusted_close_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_adjusted_close_valid', 'candidate_bar', 'structure', 'error', '{}',
  'An adjusted close is not a price: too much was subtracted for dividends, or the field is another one.',
  'Compute adjusted prices from the actions on record instead; ask the provider for the series again.'
);
--! EndIncluded quality/rules/structure/rule_bar_adjusted_close_valid.sql
--! Included quality/rules/structure/rule_bar_date_plausible.sql
-- A bar has a date of the time of exchanges.
create or replace function quality.rule_bar_date_plausible(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('ts', c.ts, 'session_date', c.session_date),
    format('a session of %s or later', p_parameters ->> 'earliest'),
    format('The bar is dated %s.', c.session_date)
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id and c.session_date < (p_parameters ->> 'earliest')::date;
end;

comment on function quality.rule_bar_date_plausible(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a session before earliest.';

revoke all on function quality.rule_bar_date_plausible(bigint, jsonb) from public;
grant execute on function quality.rule_bar_date_plausible(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_date_plausible', 'candidate_bar', 'structure', 'error', '{"earliest": "1900-01-01"}',
  'A bar is dated before there were such bars: its time was read in the wrong unit or format.',
  'Look at the unit of time in the body (seconds, milliseconds) and at the date format.'
);
--! EndIncluded quality/rules/structure/rule_bar_date_plausible.sql
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
    -- No bar is longer than 99 days and no zone more than 14 hours from UTC: older bars are over without a look at their length or the calendar.
    and c.ts > response.fetched_at - interval '100 days'
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
--! Included quality/rules/structure/rule_bar_prices_in_range.sql
-- Prices are of a size that prices have.
create or replace function quality.rule_bar_prices_in_range(p_raw_response_id bigint, p_parameters jsonb)
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
    format('prices from %s to %s', p_parameters ->> 'min', p_parameters ->> 'max'),
    format('Open %s, high %s, low %s, close %s: a price is below %s or above %s.', c.open, c.high, c.low, c.close, p_parameters ->> 'min', p_parameters ->> 'max')
  from ingest.candidate_bar as c
  where c.raw_response_id = p_raw_response_id
    and least(c.open, c.high, c.low, c.close) > 0
    and greatest(c.open, c.high, c.low, c.close) < 'infinity'
    and (
      least(c.open, c.high, c.low, c.close) < (p_parameters ->> 'min')::double precision
      or greatest(c.open, c.high, c.low, c.close) > (p_parameters ->> 'max')::double precision
    );
end;

comment on function quality.rule_bar_prices_in_range(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id with a price below min or above max; what is not positive and finite is the affair of bar_prices_positive.';

revoke all on function quality.rule_bar_prices_in_range(bigint, jsonb) from public;
grant execute on function quality.rule_bar_prices_in_range(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_in_range', 'candidate_bar', 'structure', 'warning', '{"min": 1e-9, "max": 1e9}',
  'A price is smaller or larger than prices are: it stands for a missing value, or is in another unit.',
  'Look at the row in the body; a placeholder such as 9999999999 has to be left out by the normaliser.'
);
--! EndIncluded quality/rules/structure/rule_bar_prices_in_range.sql
--! Included quality/rules/structure/rule_bar_time_aligned.sql
-- A bar begins where bars of its length begin.
create or replace function quality.rule_bar_time_aligned(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('ts', c.ts, 'session_date', c.session_date, 'bar_interval', c.bar_interval),
    case when bar_interval.length < interval '1 day' then 'a start on a whole minute' else 'midnight UTC of the session' end,
    format('A bar of %s begins at %s UTC, its session is %s.', c.bar_interval, to_char(c.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), c.session_date)
  from ingest.candidate_bar as c
  cross join lateral (select market.bar_span(c.bar_interval) as length) as bar_interval
  where c.raw_response_id = p_raw_response_id
    and case
      when bar_interval.length < interval '1 day' then date_trunc('minute', c.ts) <> c.ts
      else c.ts <> c.session_date::timestamp at time zone 'UTC'
    end;
end;

comment on function quality.rule_bar_time_aligned(bigint, jsonb) is
'Candidate bars of the body p_raw_response_id that do not begin on a whole minute or, from a day on, at midnight UTC of their session. p_parameters is not used.';

revoke all on function quality.rule_bar_time_aligned(bigint, jsonb) from public;
grant execute on function quality.rule_bar_time_aligned(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_time_aligned', 'candidate_bar', 'structure', 'error', '{}',
  'A bar begins at an odd time: it is of the last trade instead of the session, or its time zone was not taken into account.',
  'Look at the last row of the body, which may be the live one; correct the normaliser of the provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_time_aligned.sql
--! Included quality/rules/structure/rule_bar_unique.sql
-- A body gives one set of values for a bar.
create or replace function quality.rule_bar_unique(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  -- Few bodies repeat a bar: the values are compared only where one does.
  with repeated as (
    select c.instrument_id, c.bar_interval, c.ts, count(*) as row_count
    from ingest.candidate_bar as c
    where c.raw_response_id = p_raw_response_id and c.instrument_id is not null and c.ts is not null
    group by c.instrument_id, c.bar_interval, c.ts
    having count(*) > 1
  ),
  said as materialized (
    select c.*, repeated.row_count
    from repeated
    join ingest.candidate_bar as c
      on c.raw_response_id = p_raw_response_id
      and c.instrument_id = repeated.instrument_id
      and c.bar_interval = repeated.bar_interval
      and c.ts = repeated.ts
  )
  select
    c.row_no,
    c.instrument_id,
    c.ts,
    jsonb_build_object('row_no', c.row_no, 'symbol', c.symbol),
    jsonb_build_object(
      'open', c.open, 'high', c.high, 'low', c.low, 'close', c.close, 'volume', c.volume,
      'adjusted_close', c.adjusted_close, 'rows', c.row_count
    ),
    'the same values wherever the body gives the bar',
    format('The body gives this bar %s times, with different values.', c.row_count)
  from said as c
  where exists (
    select
    from said as other
    where other.instrument_id = c.instrument_id and other.bar_interval = c.bar_interval and other.ts = c.ts
      and (other.open, other.high, other.low, other.close, other.volume, other.adjusted_close)
        is distinct from (c.open, c.high, c.low, c.close, c.volume, c.adjusted_close)
  );
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
--! Included quality/rules/structure/rule_fact_accession_valid.sql
-- An accession number is one.
create or replace function quality.rule_fact_accession_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    format('an accession number like %s', p_parameters ->> 'pattern'),
    format('%s is not an accession number.', quote_literal(left(c.accession, 40)))
  from ingest.candidate_fact as c
  join ingest.raw_response as response on response.raw_response_id = c.raw_response_id and response.provider = 'sec'
  where c.raw_response_id = p_raw_response_id and c.accession !~ (p_parameters ->> 'pattern');
end;

comment on function quality.rule_fact_accession_valid(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id, if it came from the SEC, whose accession number does not match pattern.';

revoke all on function quality.rule_fact_accession_valid(bigint, jsonb) from public;
grant execute on function quality.rule_fact_accession_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_accession_valid', 'candidate_fact', 'structure', 'warning', '{"pattern": "^[0-9]{10}-[0-9]{2}-[0-9]{6}$"}',
  'An accession number is not one: the fact cannot be traced to its filing.',
  'Look at the body; correct the normaliser of the provider.'
);
--! EndIncluded quality/rules/structure/rule_fact_accession_valid.sql
--! Included quality/rules/structure/rule_fact_unique.sql
-- A filing gives one value for a fact.
create or replace function quality.rule_fact_unique(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with contradictory as (
    select c.instrument_id, c.taxonomy, c.concept, c.unit, c.period_start, c.period_end, c.accession, count(*) as row_count
    from ingest.candidate_fact as c
    where c.raw_response_id = p_raw_response_id and c.accession is not null
    group by c.instrument_id, c.taxonomy, c.concept, c.unit, c.period_start, c.period_end, c.accession
    having count(distinct c.value) > 1
  )
  select
    c.row_no,
    c.instrument_id,
    c.period_end::timestamp at time zone 'UTC',
    jsonb_build_object('row_no', c.row_no, 'concept', c.concept),
    jsonb_build_object('value', c.value, 'accession', c.accession, 'rows', contradictory.row_count),
    'one value of a fact in a filing',
    format('The filing %s gives this fact %s times, with different values.', c.accession, contradictory.row_count)
  from contradictory
  join ingest.candidate_fact as c
    on c.raw_response_id = p_raw_response_id
    and c.instrument_id is not distinct from contradictory.instrument_id
    and c.taxonomy is not distinct from contradictory.taxonomy
    and c.concept is not distinct from contradictory.concept
    and c.unit is not distinct from contradictory.unit
    and c.period_start is not distinct from contradictory.period_start
    and c.period_end is not distinct from contradictory.period_end
    and c.accession = contradictory.accession;
end;

comment on function quality.rule_fact_unique(bigint, jsonb) is
'Candidate facts that one filing gives more than once with different values in the body p_raw_response_id: all of them. p_parameters is not used.';

revoke all on function quality.rule_fact_unique(bigint, jsonb) from public;
grant execute on function quality.rule_fact_unique(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_unique', 'candidate_fact', 'structure', 'error', '{}',
  'One filing gives different values for one fact, and nothing says which is right; the last one read is kept.',
  'Look at the filing itself; values of different precision of the same fact are one case.'
);
--! EndIncluded quality/rules/structure/rule_fact_unique.sql
--! Included quality/rules/structure/rule_fact_unit_valid.sql
-- A unit is one that facts have.
create or replace function quality.rule_fact_unit_valid(p_raw_response_id bigint, p_parameters jsonb)
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
    jsonb_build_object('unit', c.unit),
    'a unit such as USD, shares or USD/shares',
    format('%s is not a unit.', quote_literal(left(c.unit, 40)))
  from ingest.candidate_fact as c
  where c.raw_response_id = p_raw_response_id and c.unit <> '' and c.unit !~ (p_parameters ->> 'pattern');
end;

comment on function quality.rule_fact_unit_valid(bigint, jsonb) is
'Candidate facts of the body p_raw_response_id whose unit does not match pattern: letters, digits, _ and -, at most two parts with a stroke between.';

revoke all on function quality.rule_fact_unit_valid(bigint, jsonb) from public;
grant execute on function quality.rule_fact_unit_valid(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'fact_unit_valid', 'candidate_fact', 'structure', 'warning', '{"pattern": "^[A-Za-z][A-Za-z0-9_-]*(/[A-Za-z][A-Za-z0-9_-]*)?$"}',
  'A unit is not one: numbers or text of another field stand in its place.',
  'Look at the body; correct the normaliser of the provider.'
);
--! EndIncluded quality/rules/structure/rule_fact_unit_valid.sql
--! Included risk/backtest/var_tests_as_of.sql
-- Value at risk beside the loss that followed.
create or replace function risk.var_tests_as_of(p_portfolio_id bigint, p_from date, p_to date, p_as_of timestamptz)
returns table (
  var_calculation_id bigint,
  portfolio_id bigint,
  method text,
  confidence double precision,
  window_days integer,
  session_date date,
  value_at_risk double precision,
  expected_shortfall double precision,
  loss double precision,
  is_exception boolean,
  follows_exception boolean
)
language sql stable parallel safe
begin atomic
  -- Each side is read once, whatever the planner believes of changes that it has no statistics of.
  with daily as materialized (
    select
      metric.portfolio_id, metric.session_date, -metric.value as loss,
      lag(metric.session_date) over (partition by metric.portfolio_id order by metric.session_date) as session_before
    from portfolio.metrics_as_of('daily_return', p_as_of) as metric
    where p_portfolio_id in (0, metric.portfolio_id)
  ),
  calculation as materialized (
    select stored.* from risk.var_calculations_as_of(p_as_of) as stored where stored.horizon_days = 1 and p_portfolio_id in (0, stored.portfolio_id)
  ),
  tested as (
    select
      calculation.var_calculation_id, calculation.portfolio_id, calculation.method, calculation.confidence, calculation.window_days,
      daily.session_date, calculation.value_at_risk, calculation.expected_shortfall, daily.loss, daily.loss > calculation.value_at_risk as is_exception
    from calculation
    join daily on daily.portfolio_id = calculation.portfolio_id and daily.session_before = calculation.session_date
    where daily.loss is not null and daily.session_date between p_from and p_to
  )
  select
    tested.*,
    coalesce(
      lag(tested.is_exception) over (
        partition by tested.portfolio_id, tested.method, tested.confidence, tested.window_days order by tested.session_date
      ), false
    )
  from tested;
end;

comment on function risk.var_tests_as_of(bigint, date, date, timestamptz) is
'Each value at risk of one session beside the loss of the next one, as stored at p_as_of, for portfolio p_portfolio_id (0 for all) and sessions of the loss from p_from to p_to, both included. loss is minus the daily return of the portfolio as it was traded, value_at_risk and expected_shortfall are those of the close before: fractions of the value.
is_exception: the loss was greater than the value at risk; follows_exception: so was that of the tested session before. Sessions without a return, values of other horizons and the last one are left out. No row for NULL.';

revoke all on function risk.var_tests_as_of(bigint, date, date, timestamptz) from public;
grant execute on function risk.var_tests_as_of(bigint, date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded risk/backtest/var_tests_as_of.sql

--! split: 920-bar-coverage.sql
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

--! split: 950-memory.sql
-- What depends on quality.validation_result and has not changed, made again on its partitioned form.
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
  c_datasets constant text[] := array['price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector'];
  v_known constant text[] := c_datasets || array(select distinct r.dataset from quality.rule_in_force as r where r.expectation is not null);
  v_datasets constant text[] := coalesce(p_datasets, v_known);
  -- Rules that are functions look at these alone.
  v_function_datasets constant text[] := array(select unnest(c_datasets) intersect select unnest(v_datasets));
  v_from constant timestamptz := coalesce(p_from, '-infinity');
  v_instrument_ids bigint[];
  v_wrong text;
begin
  select dataset into v_wrong from unnest(p_datasets) as dataset where dataset is null or dataset <> all (v_known) limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s is not stored data that rules look at.', coalesce(quote_literal(left(v_wrong, 80)), 'null')),
      hint = format('Choose from %s.', array_to_string(v_known, ', '));
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
  v_instrument_ids := array(
    select instrument.instrument_id
    from market.instrument as instrument
    where p_instrument_ids is null or instrument.instrument_id = any (p_instrument_ids)
    order by instrument.instrument_id
  );

  return query
  with expected as materialized (
    select found.rule, (found.verdict).*
    from quality.rule_verdicts(v_instrument_ids, v_from, v_datasets) as found
  ),
  violation as materialized (
    select
      v.rule, v.instrument_id as result_instrument_id, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message,
      row_number() over (partition by v.rule, v.instrument_id order by v.ts, v.key::text) as finding_no
    from quality.stored_violations(v_instrument_ids, v_from, 'infinity', v_function_datasets) as v
    union all
    select
      expected.rule, expected.instrument_id, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message, v.finding_no
    from expected
    cross join lateral unnest(expected.violations) with ordinality as v (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
  ),
  counted as (
    select
      r.rule, r.version, r.dataset, r.severity, asked.instrument_id,
      coalesce(population.checked_count, 0) as checked_count,
      coalesce(failure.failed_count, 0) as failed_count,
      failure.first_message,
      case when v_from > '-infinity' and population.checked_count > 0 then v_from else population.from_ts end as from_ts,
      population.to_ts
    from quality.rule_in_force as r
    cross join unnest(v_instrument_ids) as asked (instrument_id)
    left join quality.rule_populations(v_instrument_ids, v_from, 'infinity', v_function_datasets) as population
      on population.population = r.population and population.instrument_id = asked.instrument_id
    left join (
      select
        violation.rule, violation.instrument_id, count(*) as failed_count,
        min(violation.message) filter (where violation.finding_no = 1) as first_message
      from violation
      group by violation.rule, violation.instrument_id
    ) as failure on failure.rule = r.rule and failure.instrument_id = asked.instrument_id
    where r.expectation is null and r.dataset = any (v_function_datasets)
  ),
  verdict as (
    select
      counted.rule, counted.version, counted.dataset, counted.severity, counted.instrument_id,
      quality.status(counted.checked_count, counted.failed_count) as status,
      counted.checked_count, counted.failed_count, 0::bigint as masked_count, counted.from_ts, counted.to_ts,
      quality.result_message(counted.checked_count, counted.failed_count, counted.first_message) as message
    from counted
    union all
    select
      r.rule, r.version, r.dataset, r.severity, expected.instrument_id,
      expected.status, expected.checked_count, expected.failed_count, expected.masked_count,
      -- All from p_from on was looked at, and what lies before only where the whole was.
      case when v_from > '-infinity' then least(expected.from_ts, v_from) else expected.from_ts end, expected.to_ts,
      expected.message
    from expected
    join quality.rule_in_force as r on r.rule = expected.rule
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, instrument_id, status, severity, checked_count, failed_count, masked_count, from_ts, to_ts, message, run_id
    )
    select
      verdict.rule, verdict.version, verdict.dataset, verdict.instrument_id, verdict.status, verdict.severity,
      verdict.checked_count, verdict.failed_count, verdict.masked_count, verdict.from_ts, verdict.to_ts, verdict.message, p_run_id
    from verdict
    -- A look at the end of a series alone must not hide what was said of the whole: there, nothing to check is nothing to say.
    where v_from = '-infinity' or verdict.checked_count > 0 or verdict.masked_count > 0
    order by verdict.rule, verdict.instrument_id
    returning *
  ),
  finding as (
    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from violation
    -- A dataset as a whole has no instrument.
    join result on result.rule = violation.rule and coalesce(result.instrument_id, 0) = coalesce(violation.result_instrument_id, 0)
    join quality.rule_in_force as r on r.rule = violation.rule
    where violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::numeric, 1000)
    order by result.validation_result_id, violation.finding_no
  )
  select result.*
  from result
  order by result.rule, result.instrument_id;
end;
$$;

comment on function quality.validate(bigint, bigint[], timestamptz, text[]) is
'Applies the rules in force to what is stored of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), in the run p_run_id. p_datasets limits it to some of price_data, company_fundamental, feature_vector, model_prediction, online_vector and the datasets of which anything is expected (NULL: all). Writes and returns one quality.validation_result per rule and instrument, or per rule on a dataset as a whole: passed, warned, failed or not_applicable; with p_from, only where there was something to look at. Failures and warnings have their first findings (max_findings of the rule, default 1000); failed_count counts all. Errors: MB001 for a dataset that is none, MB002 for an unknown instrument; a rule whose function fails raises its own SQLSTATE with a message that names the rule; an expectation that cannot be applied is a failed result.';

revoke all on function quality.validate(bigint, bigint[], timestamptz, text[]) from public;
grant execute on function quality.validate(bigint, bigint[], timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/validate.sql
--! Included quality/validate_set.sql
-- Asks the rules on a feature set and remembers what each said.
create or replace function quality.validate_set(
  p_run_id bigint,
  p_set text,
  p_rules text[] default null,
  p_parameters jsonb default '{}'
)
returns setof quality.validation_result
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set constant record := feature.current_set(p_set);
  v_rule quality.rule_in_force;
  v_verdict quality.set_verdict;
  v_failed bigint;
  v_result quality.validation_result;
  v_wrong text;
begin
  if not exists (select from pipeline.pipeline_run as run where run.run_id = p_run_id) then
    raise exception using errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  end if;
  select asked.rule into v_wrong
  from unnest(p_rules) as asked (rule)
  where not exists (select from quality.rule_in_force as r where r.rule = asked.rule and r.expectation is null and r.dataset = 'feature_set')
  limit 1;
  if found then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s on feature sets.', coalesce(quote_literal(left(v_wrong, 80)), 'NULL')),
      hint = (
        select format('There are: %s.', string_agg(r.rule, ', ' order by r.rule))
        from quality.rule_in_force as r
        where r.expectation is null and r.dataset = 'feature_set'
      );
  end if;

  for v_rule in
    select r.*
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = 'feature_set' and (p_rules is null or r.rule = any (p_rules))
    order by r.rule
  loop
    execute format('select * from %s($1, $2)', (v_rule.function_name || '(text, jsonb)')::regprocedure::regproc)
    into v_verdict
    using p_set, v_rule.parameters || coalesce(p_parameters, '{}');
    v_failed := coalesce(cardinality(v_verdict.violations), 0);

    insert into quality.validation_result (
      rule, rule_version, dataset, feature_set_version_id, status, severity, checked_count, failed_count, from_ts, to_ts, message, run_id
    )
    values (
      v_rule.rule, v_rule.version, v_rule.dataset, v_set.feature_set_version_id, quality.status(v_verdict.checked_count, v_failed), v_rule.severity,
      v_verdict.checked_count, v_failed, v_verdict.from_ts, v_verdict.to_ts,
      concat_ws(' ', quality.result_message(v_verdict.checked_count, v_failed, v_verdict.violations[1].message), v_verdict.note), p_run_id
    )
    returning * into v_result;

    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select v_result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from unnest(v_verdict.violations)
      with ordinality as violation (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
    where violation.finding_no <= coalesce((v_rule.parameters ->> 'max_findings')::bigint, 1000)
    order by violation.finding_no;
    return next v_result;
  end loop;
end;
$$;

comment on function quality.validate_set(bigint, text, text[], jsonb) is
'Asks the rules in force on feature sets (p_rules; NULL: all) about the version of p_set in force, in the run p_run_id. Writes and returns one quality.validation_result per rule, of that version, and its findings; passed, failed or, where there was nothing to look at, not_applicable. p_parameters: a JSON object that overrides parameters of the rules.
Errors: MB001 for an unknown run, MB003 for an unknown set or rule, and those of the rules.';

revoke all on function quality.validate_set(bigint, text, text[], jsonb) from public;
grant execute on function quality.validate_set(bigint, text, text[], jsonb) to marketbase_worker;
--! EndIncluded quality/validate_set.sql
--! Included feature/drift/check_drift.sql
-- Measures the drift of a set and stores what is beyond the thresholds.
create or replace function feature.check_drift(
  p_run_id bigint,
  p_set text,
  p_baseline_from timestamptz default null,
  p_baseline_to timestamptz default null,
  p_current_from timestamptz default null,
  p_current_to timestamptz default null,
  p_thresholds jsonb default '{}'
) returns setof quality.validation_result
language sql volatile parallel unsafe
begin atomic
  -- The row as a whole: it may get more columns.
  select result
  from quality.validate_set(
    p_run_id, p_set, array['feature_drift', 'feature_drift_warning'],
    jsonb_strip_nulls(jsonb_build_object(
      'baseline_from', p_baseline_from, 'baseline_to', p_baseline_to, 'current_from', p_current_from, 'current_to', p_current_to
    )) || jsonb_build_object('thresholds', coalesce(p_thresholds, '{}'))
  ) as result;
end;

comment on function feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb) is
'Measures the features of p_set with feature.drift and stores two results in the run p_run_id: rule feature_drift with the features at level fail, rule feature_drift_warning with those at level warn; each with a finding per feature that has all its figures. Windows that are NULL: the last 30 days before the last vector, and the 365 days before those. p_thresholds: see feature.drift.
Errors: MB001 for an unknown run and those of feature.drift, MB003 for an unknown set.';

revoke all on function feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb) from public;
grant execute on function feature.check_drift(bigint, text, timestamptz, timestamptz, timestamptz, timestamptz, jsonb) to marketbase_worker;
--! EndIncluded feature/drift/check_drift.sql
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
  -- The row as a whole: it may get more columns.
  select result
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
      'warned', count(*) filter (where result.status = 'warned'),
      'alarming', count(*) filter (where result.status = 'failed' and result.severity <> 'info'),
      'not_applicable', count(*) filter (where result.status = 'not_applicable'),
      'findings', coalesce(sum(result.failed_count) filter (where result.status = 'failed'), 0)
    ),
    format('%s checks passed, %s%s failed with %s findings%s',
      count(*) filter (where result.status = 'passed'),
      case when count(*) filter (where result.status = 'warned') > 0 then format('%s gave a warning, ', count(*) filter (where result.status = 'warned')) else '' end,
      count(*) filter (where result.status = 'failed'), coalesce(sum(result.failed_count) filter (where result.status = 'failed'), 0),
      ': ' || string_agg(distinct result.rule, ', ' order by result.rule) filter (where result.status = 'failed'))
  from quality.validation_result result
  where result.run_id = p_run_id;
end;

comment on function pipeline.validation_outcome(bigint) is
'The checks of run p_run_id as the outcome of a step: rows looked at, results written, counts by status (alarming: failed and not of severity info) and the rules that failed.';

revoke all on function pipeline.validation_outcome(bigint) from public;
grant execute on function pipeline.validation_outcome(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/validation_outcome.sql
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
  where case
      when in_force.expectation is not null then in_force.parameters ->> 'group_by' = 'instrument_id'
      else in_force.dataset in ('price_data', 'company_fundamental', 'feature_vector', 'model_prediction')
    end
    and exists (select from market.price_data as price where price.instrument_id = priced.instrument_id)
    and not exists (
      select
      from quality.validation_result as result
      where result.instrument_id = priced.instrument_id
        and result.rule = in_force.rule
        and result.rule_version = in_force.version
        and result.raw_response_id is null
    )
    -- An expectation that could not be applied has said so once for all.
    and not exists (
      select
      from quality.validation_result as result
      where in_force.expectation is not null
        and result.rule = in_force.rule
        and result.rule_version = in_force.version
        and result.instrument_id is null
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

-- The findings of before are followed through the looks that were stored, one transaction after the other, so that their life is what it would have been.
do $do$
declare
  v_look record;
begin
  if not exists (select from quality.tracked_finding) then
    for v_look in
      select result.recorded_at, array_agg(result.validation_result_id) as ids
      from quality.validation_result as result
      group by result.recorded_at
      order by result.recorded_at
    loop
      perform quality.track_results(v_look.ids, v_look.recorded_at);
    end loop;
  end if;
end
$do$;

--! split: 953-shapes.sql
-- The last bodies of before say what the next ones are compared with.
select ingest.remember_shape(latest.run_id, latest.raw_response_id)
from (
  select response.run_id, response.raw_response_id, row_number() over (partition by response.provider, response.dataset order by response.raw_response_id desc) as back
  from ingest.raw_response as response
  where response.status between 200 and 299
    and exists (select from ingest.normalisation as done where done.raw_response_id = response.raw_response_id and done.error_code is distinct from 'MB010')
) as latest
where latest.back <= 20
order by latest.raw_response_id;

--! split: 970-roots-as-of.sql
-- lineage.roots has a moment now; lineage.trace calls that one.
drop function if exists lineage.roots(text, bigint, text, timestamptz);

--! split: 980-feature-known-bars.sql
-- What it did is part of feature.known_bars.
drop function if exists feature.latest_known(bigint, text, timestamptz, integer);

--! split: 990-refresh-versions.sql
-- Functions that features and rules are made of have changed: new versions of both come into force.
select count(*) from feature.refresh_versions();
select quality.refresh_rules();
