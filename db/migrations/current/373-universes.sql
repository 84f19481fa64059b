-- Which instruments belonged to a universe, when, and since when that is known.
create table if not exists market.universe (
  universe text primary key,
  description text,
  covered_to date,
  created_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  constraint universe_name_check check (universe ~ '^[a-z0-9][a-z0-9_-]{0,40}$')
);
create index if not exists universe_run_id_idx on market.universe (run_id);
comment on table market.universe is 'Sets of instruments with members that change over time, such as the S&P 500.';
comment on column market.universe.universe is 'Name, such as sp500.';
comment on column market.universe.description is 'What it is.';
comment on column market.universe.covered_to is 'Day up to which its members are known; a change of a later day that is told afterwards is news, one of an earlier day a correction.';
comment on column market.universe.created_at is 'When it was added.';
comment on column market.universe.run_id is 'Run that added it.';

create table if not exists market.universe_member (
  instrument_id bigint not null references market.instrument,
  member_id bigint generated always as identity,
  universe text not null references market.universe,
  symbol text not null,
  valid_from date not null,
  valid_to date not null default 'infinity',
  known_from timestamptz not null,
  known_to timestamptz,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (instrument_id, member_id),
  constraint universe_member_valid_check check (valid_to > valid_from),
  constraint universe_member_known_check check (known_to >= known_from),
  constraint universe_member_one_spell_excl exclude using gist (
    universe extensions.gist_text_ops with =, instrument_id extensions.gist_int8_ops with =, daterange(valid_from, valid_to) with &&
  ) where (known_to is null)
);
create index if not exists universe_member_universe_idx on market.universe_member (universe, valid_from);
create index if not exists universe_member_run_id_idx on market.universe_member (run_id);
comment on table market.universe_member is
'Spells of membership: from valid_from to the day before valid_to, as known from known_from to known_to. That a member leaves is known when it leaves, so that who looks at a day of the past sees what was known then: nothing is overwritten.';
comment on column market.universe_member.instrument_id is 'Instrument.';
comment on column market.universe_member.member_id is 'Tells the rows of an instrument apart.';
comment on column market.universe_member.universe is 'Universe.';
comment on column market.universe_member.symbol is 'Ticker under which it was a member.';
comment on column market.universe_member.valid_from is 'First day as a member.';
comment on column market.universe_member.valid_to is 'First day on which it was no longer a member; infinity where no end is known.';
comment on column market.universe_member.known_from is 'From when this could be known.';
comment on column market.universe_member.known_to is 'Until when this was the row to know (excluded); null for what is now known.';
comment on column market.universe_member.recorded_at is 'When marketbase stored it.';
comment on column market.universe_member.run_id is 'Run that said so.';
