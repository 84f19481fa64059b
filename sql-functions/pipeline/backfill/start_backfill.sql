-- Starts a backfill, or joins the one that is under way with the same request.
create or replace function pipeline.start_backfill(
  p_provider text,
  p_dataset text,
  p_subjects text[],
  p_from date default null,
  p_to date default null,
  p_chunk_days integer default null,
  p_reprocess text default 'none',
  p_is_reverse boolean default false,
  p_max_active integer default 4
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root_id bigint;
begin
  perform ingest.require_provider(p_provider);
  if coalesce(p_reprocess not in ('none', 'failed', 'all'), true) or coalesce(p_max_active not between 1 and 64, true) or p_from > p_to
    or p_chunk_days <= 0 or coalesce(cardinality(p_subjects), 0) = 0 or array_position(p_subjects, null) is not null
  then
    raise exception using
      errcode = 'MB001',
      message = 'a backfill has symbols, a first day before its last day, pieces of a day at least, reprocess none, failed or all, and 1 to 64 pieces at once',
      hint = 'See comment on pipeline.start_backfill.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('pipeline.backfill', 0));
  select backfill.run_id into root_id
  from pipeline.backfill
  join pipeline.pipeline_run run on run.run_id = backfill.run_id and run.status = 'running'
  where (backfill.provider, backfill.dataset, backfill.subjects) = (p_provider, p_dataset, p_subjects)
    and (backfill.from_date, backfill.to_date, backfill.chunk_days) is not distinct from (p_from, p_to, p_chunk_days)
  order by backfill.run_id
  limit 1;

  if root_id is null then
    if not exists (
      select from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse) plan where plan.is_wanted
    ) then
      return null;
    end if;
    root_id := pipeline.start_run(
      'backfill', 'backfill', null,
      jsonb_build_object('provider', p_provider, 'dataset', p_dataset, 'subjects', to_jsonb(p_subjects), 'from', p_from, 'to', p_to, 'reprocess', p_reprocess)
    );
    insert into pipeline.backfill (run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active)
    values (root_id, p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse, p_max_active);
    insert into pipeline.backfill_chunk (backfill_run_id, chunk_no, subject, from_date, to_date)
    select root_id, row_number() over (order by plan.chunk_no), plan.subject, plan.from_date, plan.to_date
    from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse) plan
    where plan.is_wanted;
  end if;

  perform pipeline.advance_backfill(root_id);
  return root_id;
end
$$;

comment on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) is
'Starts to fetch and read a data set of the symbols from p_from to p_to in the pieces of pipeline.plan_backfill, p_max_active at once (1 to 64), and returns the run_id of the backfill. While one with the same provider, data set, symbols, days
and pieces is under way, that one is returned. NULL when nothing is to be done. MB001 for an unknown provider or arguments that make no sense.';

revoke all on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) from public;
grant execute on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) to marketbase_worker;
