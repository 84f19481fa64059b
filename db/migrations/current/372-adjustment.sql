-- On which basis providers give prices and amounts, and series that are adjusted from it.
alter table ingest.provider add column if not exists amounts_adjusted_to date;
comment on column ingest.provider.splits_adjusted_to is 'Day up to which prices on the basis split or total are adjusted: infinity or null where up to the day on which they are fetched.';
comment on column ingest.provider.amounts_adjusted_to is 'Day up to which the amounts of its dividends are given per share after later splits, infinity where up to the day on which they are fetched; null where per share of the ex-date.';
update ingest.provider
set amounts_adjusted_to = splits_adjusted_to
where provider in ('yahoo', 'sample') and amounts_adjusted_to is null;

create unlogged table if not exists ingest.candidate_action_span (
  raw_response_id bigint not null,
  instrument_id bigint not null,
  action_type text not null,
  from_date date not null,
  to_date date not null,
  primary key (raw_response_id, instrument_id, action_type, from_date),
  constraint candidate_action_span_order_check check (to_date >= from_date)
);
comment on table ingest.candidate_action_span is
'For which days a body says all corporate actions of a type: one on record there from the same provider that it does not list has been cancelled. As ingest.candidate_action, empty between transactions.';
comment on column ingest.candidate_action_span.raw_response_id is 'The body.';
comment on column ingest.candidate_action_span.instrument_id is 'Instrument.';
comment on column ingest.candidate_action_span.action_type is 'split or dividend.';
comment on column ingest.candidate_action_span.from_date is 'First ex-date that the body would list.';
comment on column ingest.candidate_action_span.to_date is 'Last ex-date that the body would list.';

drop type if exists market.adjusted_bar cascade;
create type market.adjusted_bar as (
  instrument_id bigint,
  symbol text,
  bar_interval text,
  ts timestamptz,
  session_date date,
  adjustment text,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  raw_close double precision,
  split_factor double precision,
  dividend_factor double precision,
  known_from timestamptz
);
comment on type market.adjusted_bar is 'A bar with the adjustment that was asked for: price = raw price * split_factor * dividend_factor.';
comment on column market.adjusted_bar.instrument_id is 'Instrument.';
comment on column market.adjusted_bar.symbol is 'Its symbol.';
comment on column market.adjusted_bar.bar_interval is 'Length of the bar.';
comment on column market.adjusted_bar.ts is 'Start of the bar.';
comment on column market.adjusted_bar.session_date is 'Local date of the session.';
comment on column market.adjusted_bar.adjustment is 'none, split, split_dividend, total_return or accumulated.';
comment on column market.adjusted_bar.open is 'First price, adjusted.';
comment on column market.adjusted_bar.high is 'Highest price, adjusted.';
comment on column market.adjusted_bar.low is 'Lowest price, adjusted.';
comment on column market.adjusted_bar.close is 'Last price, adjusted.';
comment on column market.adjusted_bar.volume is 'Units traded, in the shares in which the price counts.';
comment on column market.adjusted_bar.raw_close is 'Close as it was quoted that day, whatever basis the provider uses.';
comment on column market.adjusted_bar.split_factor is 'Factor for splits; 1 where none counts.';
comment on column market.adjusted_bar.dividend_factor is 'Factor for dividends; 1 where none counts.';
comment on column market.adjusted_bar.known_from is 'From when the bar could be known; the factors are those known at the moment that was asked for.';

-- Feature sets that use adjusted prices have marks of their own.
alter table pipeline.stale_range drop constraint if exists stale_range_consumer_check;
alter table pipeline.stale_range add constraint stale_range_consumer_check
  check (consumer in ('quality', 'feature', 'fundamental_feature', 'action_feature', 'ml', 'portfolio', 'risk'));
comment on column pipeline.stale_range.consumer is
'Who has to look again: quality, feature, fundamental_feature (sets that use fundamentals), action_feature (sets that use adjusted prices), ml, portfolio or risk.';
