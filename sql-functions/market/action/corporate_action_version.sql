-- Every version of every split, dividend and spin-off, with the time during which it was the one to know.
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
comment on column market.corporate_action_version.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action_version.ex_date is 'First session that trades without the entitlement.';
comment on column market.corporate_action_version.version is 'Number of the version, from 1.';
comment on column market.corporate_action_version.amount is 'New shares per old share of a split; cash per share of a dividend, value of what a share was given in a spin-off, as the provider gave it (ingest.provider.amounts_adjusted_to).';
comment on column market.corporate_action_version.currency is 'Currency of a dividend or spin-off; null for a split.';
comment on column market.corporate_action_version.known_from is 'From when this version could be known.';
comment on column market.corporate_action_version.known_to is 'Until when it was the one to know (excluded); null for the current one.';
comment on column market.corporate_action_version.recorded_at is 'When marketbase stored this version.';
comment on column market.corporate_action_version.closed_at is 'When marketbase closed this version; null for the current one.';
comment on column market.corporate_action_version.provider is 'Provider of this version.';
comment on column market.corporate_action_version.raw_response_id is 'The body from which it was read.';
comment on column market.corporate_action_version.run_id is 'Run that made it.';

revoke all on market.corporate_action_version from public;
grant select on market.corporate_action_version to marketbase_reader;
