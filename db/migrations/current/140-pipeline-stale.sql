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
