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
