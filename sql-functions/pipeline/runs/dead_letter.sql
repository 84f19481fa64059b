-- What no worker could carry out.
create or replace view pipeline.dead_letter with (security_invoker = true) as
select run.run_id, run.root_run_id, run.flow, run.step, run.parameters as payload, run.attempt, run.error_code, run.message, run.finished_at
from pipeline.pipeline_run run
where run.status = 'failed' and run.stage > 0;

comment on view pipeline.dead_letter is
E'@primaryKey run_id\nSteps that failed for good, with what they were to do and why they failed. The run stays; a new run of its flow or backfill tries the same again.';
comment on column pipeline.dead_letter.run_id is 'Run.';
comment on column pipeline.dead_letter.root_run_id is 'Root of its tree.';
comment on column pipeline.dead_letter.flow is 'Flow.';
comment on column pipeline.dead_letter.step is 'Step.';
comment on column pipeline.dead_letter.payload is 'What it was to do: its parameters.';
comment on column pipeline.dead_letter.attempt is 'How often it was taken up.';
comment on column pipeline.dead_letter.error_code is 'Why it failed, as a code.';
comment on column pipeline.dead_letter.message is 'Why it failed, in words.';
comment on column pipeline.dead_letter.finished_at is 'When it was given up.';

grant select on pipeline.dead_letter to marketbase_reader;
