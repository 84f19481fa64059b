-- What an instrument was called, when, and since when that is known.
create table if not exists market.instrument_identifier (
  instrument_id bigint not null references market.instrument,
  identifier_id bigint generated always as identity,
  kind text not null,
  value text not null,
  valid_from date not null default '-infinity',
  valid_to date not null default 'infinity',
  known_from timestamptz not null default '-infinity',
  known_to timestamptz,
  recorded_at timestamptz not null default now(),
  run_id bigint references pipeline.pipeline_run,
  primary key (instrument_id, identifier_id),
  constraint instrument_identifier_kind_check check (kind in ('symbol', 'figi', 'cik', 'isin', 'cusip', 'sedol', 'lei')),
  constraint instrument_identifier_value_check check (case kind
    when 'symbol' then value ~ '^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$'
    when 'figi' then value ~ '^[A-Z0-9]{12}$'
    when 'cik' then value ~ '^[0-9]{10}$'
    when 'isin' then value ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'
    when 'cusip' then value ~ '^[A-Z0-9*@#]{9}$'
    when 'sedol' then value ~ '^[A-Z0-9]{7}$'
    when 'lei' then value ~ '^[A-Z0-9]{18}[0-9]{2}$'
  end),
  constraint instrument_identifier_valid_check check (valid_to > valid_from),
  constraint instrument_identifier_known_check check (known_to >= known_from),
  -- A company has one CIK and one LEI for all its shares; every other identifier names one instrument at a time.
  constraint instrument_identifier_one_instrument_excl exclude using gist (
    kind extensions.gist_text_ops with =, value extensions.gist_text_ops with =, daterange(valid_from, valid_to) with &&
  ) where (known_to is null and kind not in ('cik', 'lei')),
  constraint instrument_identifier_one_value_excl exclude using gist (
    instrument_id extensions.gist_int8_ops with =, kind extensions.gist_text_ops with =, daterange(valid_from, valid_to) with &&
  ) where (known_to is null)
);
create index if not exists instrument_identifier_value_idx on market.instrument_identifier (kind, value);
create index if not exists instrument_identifier_run_id_idx on market.instrument_identifier (run_id);
comment on table market.instrument_identifier is
'Symbols and other identifiers of instruments in spells: from valid_from to the day before valid_to, as known from known_from to known_to. Nothing is overwritten: a correction closes a row and adds others. Written by market.set_identifier and by the trigger on market.instrument.';
comment on column market.instrument_identifier.instrument_id is 'Instrument.';
comment on column market.instrument_identifier.identifier_id is 'Tells the rows of an instrument apart.';
comment on column market.instrument_identifier.kind is 'symbol, figi, cik, isin, cusip, sedol or lei.';
comment on column market.instrument_identifier.value is 'The identifier, in capitals; a CIK with its ten digits.';
comment on column market.instrument_identifier.valid_from is 'First day on which it was the instrument''s; -infinity where nobody said when that began.';
comment on column market.instrument_identifier.valid_to is 'First day on which it was no longer; infinity where it still is. The last symbol of an instrument that ends is its delisting.';
comment on column market.instrument_identifier.known_from is 'From when this could be known; -infinity for what was taken for granted when the instrument was added.';
comment on column market.instrument_identifier.known_to is 'Until when this was the row to know (excluded); null for what is now known.';
comment on column market.instrument_identifier.recorded_at is 'When marketbase stored it.';
comment on column market.instrument_identifier.run_id is 'Run that said so; null for an instrument that was added without a run.';
