-- The rooms of the database. What each holds and may depend on is written in sql-functions/README.md.
create schema internal;
create schema ta;
create schema market;
create schema ingest;
create schema feature;
create schema quality;
create schema pipeline;
create schema lineage;
create schema portfolio;
create schema risk;
create schema ml;
create schema search;

comment on schema internal is 'Helpers that nobody outside calls; never exposed.';
comment on schema ta is 'Indicator kernels: pure functions on arrays, no tables.';
comment on schema market is 'Exchanges, sessions, instruments, bars, corporate actions and fundamentals, with every version ever known.';
comment on schema ingest is 'What providers sent, byte for byte, the normalisers that read it, and the rows that were refused.';
comment on schema feature is 'Feature sets, their versions and values, and joins that respect what was known when.';
comment on schema quality is 'Validation rules and the memory of what passed and failed.';
comment on schema pipeline is 'The tree of runs, the flows, and what still has to be recomputed.';
comment on schema lineage is 'Which rows came from which, by which function, in which run.';
comment on schema portfolio is 'Trades, positions, performance and optimised weights.';
comment on schema risk is 'Value at risk.';
comment on schema ml is 'Training sets, models, training runs and predictions.';
comment on schema search is 'Documents, their embeddings and full-text search.';

grant usage on schema ta, market, ingest, feature, quality, pipeline, lineage, portfolio, risk, ml, search to marketbase_reader;
grant usage on schema internal to marketbase_worker;
