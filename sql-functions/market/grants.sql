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
grant insert (instrument_id, kind, value, valid_from, valid_to, known_from, run_id, raw_response_id) on market.instrument_identifier to marketbase_worker;
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
