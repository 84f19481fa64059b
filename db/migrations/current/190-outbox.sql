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
