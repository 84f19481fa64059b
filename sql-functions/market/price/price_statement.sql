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
