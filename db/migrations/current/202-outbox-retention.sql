-- The outbox is a queue, and not the record: results, findings and runs are that.
comment on table pipeline.outbox_event is
'What happened and has to be told, written in the transaction in which it happened; only what a destination wants. Never changed, and deleted when every destination has had it for the time of marketbase.outbox_retention (pipeline.prune_outbox).';
