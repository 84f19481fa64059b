-- Each block says since when what is not sealed yet must have been recorded; and where to look for it is known without reading whole tables.
alter table lineage.audit_block add column if not exists recorded_from timestamptz;
alter table lineage.audit_block add column if not exists not_before timestamptz;
comment on column lineage.audit_block.recorded_from is
'A transaction that had not begun to write at next_transaction began at this time or later: when the oldest began that was open then, less a minute for clocks. NULL for blocks that were sealed before this was noted.';
comment on column lineage.audit_block.not_before is
'No row of the block can have been recorded before: recorded_from of the last block that was there before its oldest transaction began to write. NULL where that cannot be said: in the first block of a stream and after a seal that looked at everything.';

-- They had fewer arguments.
drop function if exists lineage.audit_window(lineage.audit_block, bigint);
drop function if exists lineage.seal_stream(text);
drop function if exists lineage.audit_pending(lineage.audit_stream);

-- New rows are found by their time. Where a table is small it is read as a whole.
create index if not exists price_data_recorded_at_idx on market.price_data using brin (recorded_at) with (autosummarize = on);
create index if not exists price_observation_recorded_at_idx on market.price_observation using brin (recorded_at) with (autosummarize = on);
create index if not exists feature_vector_recorded_at_idx on feature.feature_vector using brin (recorded_at) with (autosummarize = on);
create index if not exists feature_vector_history_closed_at_idx on feature.feature_vector_history using brin (closed_at) with (autosummarize = on);
create index if not exists company_fundamental_recorded_at_idx on market.company_fundamental using brin (recorded_at) with (autosummarize = on);
create index if not exists data_lineage_recorded_at_idx on lineage.data_lineage using brin (recorded_at) with (autosummarize = on);
create index if not exists row_change_changed_at_idx on lineage.row_change using brin (changed_at) with (autosummarize = on);
create index if not exists validation_result_recorded_at_idx on quality.validation_result using brin (recorded_at) with (autosummarize = on);
create index if not exists validation_finding_recorded_at_idx on quality.validation_finding using brin (recorded_at) with (autosummarize = on);
create index if not exists finding_sighting_recorded_at_idx on quality.finding_sighting using brin (recorded_at) with (autosummarize = on);
create index if not exists model_prediction_recorded_at_idx on ml.model_prediction using brin (recorded_at) with (autosummarize = on);
