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
