-- How the workers carry out the pieces of a backfill.
insert into pipeline.flow_step (flow, step, stage, task, parameters, description)
values ('backfill', 'chunk', 1, 'backfill_chunk', '{}', 'fetch and read one piece of a backfill')
on conflict (flow, step) do update
set stage = excluded.stage, task = excluded.task, parameters = excluded.parameters, description = excluded.description;
