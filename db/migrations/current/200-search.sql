create table search.document (
  document_id bigint generated always as identity primary key,
  instrument_id bigint references market.instrument,
  title text not null,
  body text not null,
  language regconfig not null default 'pg_catalog.english',
  source_url text,
  published_at timestamptz not null,
  known_from timestamptz not null,
  sha256 text not null unique,
  -- Some signs become blanks first: the parser would read Pro™ and Company’s as words of their own, and currency-denominated as one that no phrase finds.
  words tsvector not null generated always as (
    setweight(to_tsvector(language, translate(
      title, U&'\2019\2018\2122\00AE\00A9\2120\201C\201D\201E\00AB\00BB\2013\2014\2015\2026\2022\00B7\00A0-', '''''                 '
    )), 'A')
    || setweight(to_tsvector(language, translate(
      body, U&'\2019\2018\2122\00AE\00A9\2120\201C\201D\201E\00AB\00BB\2013\2014\2015\2026\2022\00B7\00A0-', '''''                 '
    )), 'B')
  ) stored,
  recorded_at timestamptz not null default now(),
  raw_response_id bigint not null references ingest.raw_response,
  run_id bigint not null references pipeline.pipeline_run,
  constraint document_title_check check (title <> ''),
  constraint document_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint document_known_check check (known_from >= published_at)
);
create index document_words_idx on search.document using gin (words);
create index document_instrument_id_idx on search.document (instrument_id);
create index document_raw_response_id_idx on search.document (raw_response_id);
create index document_run_id_idx on search.document (run_id);
comment on table search.document is 'Texts about instruments: filings, news, notes. Append-only; the same text is one document.';
comment on column search.document.document_id is 'Identity.';
comment on column search.document.instrument_id is 'Instrument that it is about; null where none.';
comment on column search.document.title is 'Title.';
comment on column search.document.body is 'Text.';
comment on column search.document.language is 'Text search configuration, such as pg_catalog.english.';
comment on column search.document.source_url is 'Where it was published; null where unknown.';
comment on column search.document.published_at is 'When it was published.';
comment on column search.document.known_from is 'From when it could be known.';
comment on column search.document.sha256 is 'sha256 of title, newline and text, hex.';
comment on column search.document.words is 'The words for full-text search, the title weighted above the text.';
comment on column search.document.recorded_at is 'When marketbase stored it.';
comment on column search.document.raw_response_id is 'The body from which it was read.';
comment on column search.document.run_id is 'Run that stored it.';

create table search.document_embedding (
  document_id bigint not null references search.document,
  model text not null,
  passage_no integer not null default 0,
  embedding real[] not null,
  dimensions integer not null generated always as (cardinality(embedding)) stored,
  recorded_at timestamptz not null default now(),
  run_id bigint not null references pipeline.pipeline_run,
  primary key (document_id, model, passage_no),
  constraint document_embedding_passage_no_check check (passage_no >= 0),
  constraint document_embedding_embedding_check check (cardinality(embedding) > 0 and array_position(embedding, null) is null)
);
create index document_embedding_run_id_idx on search.document_embedding (run_id);
comment on table search.document_embedding is 'Embeddings of documents, by the model that made them. Append-only.';
comment on column search.document_embedding.document_id is 'Document.';
comment on column search.document_embedding.model is 'Model that made the embedding, such as text-embedding-ada-002.';
comment on column search.document_embedding.passage_no is 'Passage of the document, from 0; 0 for a document embedded whole.';
comment on column search.document_embedding.embedding is 'The embedding.';
comment on column search.document_embedding.dimensions is 'Its number of dimensions.';
comment on column search.document_embedding.recorded_at is 'When it was stored.';
comment on column search.document_embedding.run_id is 'Run that stored it.';

create type search.document_match as (
  document_id bigint,
  symbol text,
  title text,
  headline text,
  rank double precision,
  published_at timestamptz,
  known_from timestamptz,
  source_url text
);
comment on type search.document_match is 'A document that a search found.';
comment on column search.document_match.document_id is 'Document.';
comment on column search.document_match.symbol is 'Symbol of the instrument that it is about; null where none.';
comment on column search.document_match.title is 'Title.';
comment on column search.document_match.headline is 'The passages with the words, which stand between two asterisks.';
comment on column search.document_match.rank is 'How well it fits; only the order within one search has a meaning.';
comment on column search.document_match.published_at is 'When it was published.';
comment on column search.document_match.known_from is 'From when it could be known.';
comment on column search.document_match.source_url is 'Where it was published; null where unknown.';

create type search.nearest_document as (
  document_id bigint,
  passage_no integer,
  symbol text,
  title text,
  similarity double precision,
  published_at timestamptz,
  known_from timestamptz,
  source_url text
);
comment on type search.nearest_document is 'A passage of a document near to an embedding.';
comment on column search.nearest_document.document_id is 'Document.';
comment on column search.nearest_document.passage_no is 'Passage of the document, from 0.';
comment on column search.nearest_document.symbol is 'Symbol of the instrument that it is about; null where none.';
comment on column search.nearest_document.title is 'Title.';
comment on column search.nearest_document.similarity is 'Cosine of the angle between the embeddings, from -1 to 1.';
comment on column search.nearest_document.published_at is 'When it was published.';
comment on column search.nearest_document.known_from is 'From when it could be known.';
comment on column search.nearest_document.source_url is 'Where it was published; null where unknown.';
