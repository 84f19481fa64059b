-- How many splits and dividends a body brought.
alter table ingest.normalisation add column if not exists action_count bigint not null default 0;
alter table ingest.normalisation add column if not exists action_changed_count bigint not null default 0;
alter table ingest.normalisation drop constraint if exists normalisation_action_count_check;
alter table ingest.normalisation add constraint normalisation_action_count_check check (action_count >= 0 and action_changed_count >= 0);
comment on column ingest.normalisation.row_count is 'Rows found in the body: bars, facts, …; splits and dividends where the body has nothing else.';
comment on column ingest.normalisation.action_count is 'Splits and dividends found in the body, beside bars or alone.';
comment on column ingest.normalisation.action_changed_count is 'Splits and dividends that were new, made a new version, or were cancelled because the body no longer lists them.';
