-- Rows of the time functions, and the list of concepts with the tags under which companies report them.
drop type if exists market.bar_slot cascade;
create type market.bar_slot as (
  ts timestamptz,
  ends_at timestamptz,
  session_date date,
  last_session_date date,
  session_count integer
);
comment on type market.bar_slot is 'A stretch of time for which an exchange should have a bar.';
comment on column market.bar_slot.ts is 'Start, as in market.price_data: of a bar within a session its moment, of a daily bar midnight UTC of its session, of a longer one midnight UTC of the first day of the week, month, quarter or year.';
comment on column market.bar_slot.ends_at is 'When it is over: at the latest when its last session closes.';
comment on column market.bar_slot.session_date is 'Its first session.';
comment on column market.bar_slot.last_session_date is 'Its last session.';
comment on column market.bar_slot.session_count is 'How many sessions it holds.';

drop type if exists market.filled_bar cascade;
create type market.filled_bar as (
  instrument_id bigint,
  symbol text,
  bar_interval text,
  ts timestamptz,
  session_date date,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  adjusted_close double precision,
  is_missing boolean,
  gap integer,
  filled_from timestamptz,
  filled_to timestamptz,
  known_from timestamptz
);
comment on type market.filled_bar is 'A bar that should be there: as it is, or as it was filled in.';
comment on column market.filled_bar.instrument_id is 'Instrument.';
comment on column market.filled_bar.symbol is 'Symbol of the instrument.';
comment on column market.filled_bar.bar_interval is 'Length of the bar.';
comment on column market.filled_bar.ts is 'Start of the bar.';
comment on column market.filled_bar.session_date is 'Session of the bar, the first one of a longer bar.';
comment on column market.filled_bar.open is 'First price.';
comment on column market.filled_bar.high is 'Highest price.';
comment on column market.filled_bar.low is 'Lowest price.';
comment on column market.filled_bar.close is 'Last price.';
comment on column market.filled_bar.volume is 'Units traded; 0 where prices were filled in.';
comment on column market.filled_bar.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column market.filled_bar.is_missing is 'True where the exchange was open and there is no bar.';
comment on column market.filled_bar.gap is 'How many bars in a row are missing up to this one; 0 where there is one.';
comment on column market.filled_bar.filled_from is 'Start of the bar before, from which the prices were filled in; null where nothing was.';
comment on column market.filled_bar.filled_to is 'Start of the bar after, which a line was drawn to; null where nothing was taken from the future.';
comment on column market.filled_bar.known_from is 'From when the row could be known: that of the bar, the end of the slot for a missing one, or that of the bar after it where a line was drawn.';

drop type if exists market.candle cascade;
create type market.candle as (
  instrument_id bigint,
  symbol text,
  bar_interval text,
  ts timestamptz,
  ends_at timestamptz,
  session_date date,
  last_session_date date,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  adjusted_close double precision,
  source_interval text,
  bar_count integer,
  expected_count integer,
  is_partial boolean,
  known_from timestamptz
);
comment on type market.candle is 'A bar that was made of shorter ones.';
comment on column market.candle.instrument_id is 'Instrument.';
comment on column market.candle.symbol is 'Symbol of the instrument.';
comment on column market.candle.bar_interval is 'Length that was asked for.';
comment on column market.candle.ts is 'Start: within a session counted from its open; for a day midnight UTC of the session, for longer ones midnight UTC of the first day of the week, month, quarter or year.';
comment on column market.candle.ends_at is 'When it is over: at the latest when its last session closes.';
comment on column market.candle.session_date is 'Its first session.';
comment on column market.candle.last_session_date is 'Its last session by the calendar.';
comment on column market.candle.open is 'Open of its first bar.';
comment on column market.candle.high is 'Highest high of its bars.';
comment on column market.candle.low is 'Lowest low of its bars.';
comment on column market.candle.close is 'Close of its last bar.';
comment on column market.candle.volume is 'Sum of the volumes of its bars.';
comment on column market.candle.adjusted_close is 'Adjusted close of its last bar; null where the provider sends none.';
comment on column market.candle.source_interval is 'Length of the bars that it was made of.';
comment on column market.candle.bar_count is 'How many bars it was made of.';
comment on column market.candle.expected_count is 'How many bars the calendar would have; more than bar_count where some are missing.';
comment on column market.candle.is_partial is 'True where it is not finished: it ends after the moment asked about, or it is the last one and bars up to its end are not there.';
comment on column market.candle.known_from is 'From when it could be known: the latest known_from of its bars.';

drop type if exists market.as_of_match cascade;
create type market.as_of_match as (
  position integer,
  ts timestamptz,
  match_position integer,
  match_ts timestamptz,
  value double precision
);
comment on type market.as_of_match is 'A time and the element of a series that goes with it.';
comment on column market.as_of_match.position is 'Place of the time in the array that was given, from 1.';
comment on column market.as_of_match.ts is 'The time.';
comment on column market.as_of_match.match_position is 'Place of the element in the series, from 1; null where none matches.';
comment on column market.as_of_match.match_ts is 'Time of the element.';
comment on column market.as_of_match.value is 'Value of the element; null where no values were given.';

create table if not exists market.fundamental_concept (
  concept text primary key,
  kind text not null,
  unit text not null,
  description text not null,
  constraint fundamental_concept_name_check check (concept ~ '^[a-z][a-z0-9_]{0,47}$'),
  constraint fundamental_concept_kind_check check (kind in ('flow', 'balance', 'flow per share', 'shares'))
);
comment on table market.fundamental_concept is 'Figures of a company that go by one name here, whatever the tags under which they are reported; market.concept_tag lists these.';
comment on column market.fundamental_concept.concept is 'Name, such as net_income.';
comment on column market.fundamental_concept.kind is 'flow: over a period, adds up; balance: at a moment; flow per share: over a period, per share; shares: at a moment, a number of shares.';
comment on column market.fundamental_concept.unit is 'Unit of the facts that count: USD, shares or USD/shares.';
comment on column market.fundamental_concept.description is 'What it is.';

create table if not exists market.concept_tag (
  concept text not null references market.fundamental_concept,
  priority integer not null,
  taxonomy text not null default 'us-gaap',
  tag text not null,
  weight integer not null default 1,
  primary key (concept, priority, taxonomy, tag),
  constraint concept_tag_priority_check check (priority > 0),
  constraint concept_tag_weight_check check (weight in (-1, 1))
);
comment on table market.concept_tag is 'Under which tags companies report a concept, in order of preference. Tags of one priority are added up and are all needed; a row added here is used from the next query on.';
comment on column market.concept_tag.concept is 'Concept.';
comment on column market.concept_tag.priority is 'The lowest number is preferred where a company uses several at once.';
comment on column market.concept_tag.taxonomy is 'Taxonomy of the tag, such as us-gaap or dei.';
comment on column market.concept_tag.tag is 'The tag: market.company_fundamental.concept.';
comment on column market.concept_tag.weight is '1 where it is added, -1 where it is taken away.';

drop type if exists market.concept_value cascade;
create type market.concept_value as (
  instrument_id bigint,
  concept text,
  kind text,
  priority integer,
  formula text,
  period_start date,
  period_end date,
  value numeric,
  filed date,
  known_from timestamptz,
  known_to timestamptz
);
comment on type market.concept_value is 'A value of a concept as it was filed, under one tag or several that count together.';
comment on column market.concept_value.instrument_id is 'Instrument of the company.';
comment on column market.concept_value.concept is 'Concept, from market.fundamental_concept.';
comment on column market.concept_value.kind is 'Kind of the concept.';
comment on column market.concept_value.priority is 'Priority of the tags, from market.concept_tag.';
comment on column market.concept_value.formula is 'The tag, or how the tags are added up.';
comment on column market.concept_value.period_start is 'First day of the period; equal to period_end for a value at a moment.';
comment on column market.concept_value.period_end is 'Last day of the period.';
comment on column market.concept_value.value is 'The value as filed.';
comment on column market.concept_value.filed is 'Date of the filing; of several tags the latest.';
comment on column market.concept_value.known_from is 'From when it could be known.';
comment on column market.concept_value.known_to is 'Until when it was the one to know (excluded); null for the last one.';

drop type if exists market.known_figure cascade;
create type market.known_figure as (
  instrument_id bigint,
  concept text,
  known_from timestamptz,
  known_to timestamptz,
  period_end date,
  value_latest numeric,
  value_annual numeric,
  value_ttm numeric,
  value_year_ago numeric,
  tag text,
  filed date
);
comment on type market.known_figure is 'What was known of a figure of a company during a stretch of time.';
comment on column market.known_figure.instrument_id is 'Instrument of the company.';
comment on column market.known_figure.concept is 'Concept, from market.fundamental_concept.';
comment on column market.known_figure.known_from is 'From when this was what one could know.';
comment on column market.known_figure.known_to is 'Until when (excluded); null for the last row.';
comment on column market.known_figure.period_end is 'End of the latest period that had been reported.';
comment on column market.known_figure.value_latest is 'Of a balance its value at period_end; of a flow that of the quarter which ends there.';
comment on column market.known_figure.value_annual is 'Of a flow the value of the last fiscal year that had been reported.';
comment on column market.known_figure.value_ttm is 'Of a flow the value of the twelve months up to period_end.';
comment on column market.known_figure.value_year_ago is 'Of a flow the value of the twelve months up to a year before period_end; of a balance its value then.';
comment on column market.known_figure.tag is 'The tag, or the sum of tags, that reported period_end.';
comment on column market.known_figure.filed is 'Date of the last filing that changed what is known of period_end.';

-- Prices that a provider has adjusted for splits count in the shares of a later day than that of the bar.
alter table ingest.provider add column if not exists splits_adjusted_to date;
comment on column ingest.provider.splits_adjusted_to is 'Day up to which its prices are adjusted for splits: infinity where up to the day on which they are fetched; null where they are not adjusted.';
update ingest.provider
set splits_adjusted_to = case provider when 'yahoo' then date 'infinity' else date '2018-05-11' end
where provider in ('yahoo', 'sample') and splits_adjusted_to is null;
