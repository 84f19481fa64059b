-- Rows that a person let out of quarantine.
create table if not exists ingest.quarantine_release (
  quarantine_id bigint primary key references ingest.quarantine,
  decided_by text not null,
  reason text not null,
  new_count bigint not null,
  changed_count bigint not null,
  recorded_at timestamptz not null default now(),
  recorded_by text not null default coalesce(nullif(current_setting('role'), 'none'), session_user),
  run_id bigint not null references pipeline.pipeline_run,
  constraint quarantine_release_decided_check check (decided_by ~ '\S' and reason ~ '\S'),
  constraint quarantine_release_counts_check check (new_count >= 0 and changed_count >= 0)
);
create index if not exists quarantine_release_run_id_idx on ingest.quarantine_release (run_id);
comment on table ingest.quarantine_release is 'Rows of ingest.quarantine that a person took in all the same: once each, in a run of their own, which the stored row and its lineage name. Append-only.';
comment on column ingest.quarantine_release.quarantine_id is 'The row.';
comment on column ingest.quarantine_release.decided_by is 'Person who released it.';
comment on column ingest.quarantine_release.reason is 'Why.';
comment on column ingest.quarantine_release.new_count is 'Rows that it added: 1, or 0 where there was one.';
comment on column ingest.quarantine_release.changed_count is 'Versions that it made of a stored row; 0 also where a better provider or a newer body has the word.';
comment on column ingest.quarantine_release.recorded_at is 'When.';
comment on column ingest.quarantine_release.recorded_by is 'Database role that recorded it.';
comment on column ingest.quarantine_release.run_id is 'Run that took it in.';
