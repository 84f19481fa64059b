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
  p_max_active integer default 4,
  p_universe text default null,
  p_as_of timestamptz default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root_id bigint;
begin
  perform ingest.require_provider(p_provider);
  if coalesce(p_reprocess not in ('none', 'failed', 'all'), true) or coalesce(p_max_active not between 1 and 64, true) or p_from > p_to
    or p_chunk_days <= 0 or (coalesce(cardinality(p_subjects), 0) > 0) = (p_universe is not null) or array_position(p_subjects, null) is not null
  then
    raise exception using
      errcode = 'MB001',
      message = 'a backfill has either symbols or a universe, a first day before its last day, pieces of a day at least, reprocess none, failed or all, and 1 to 64 pieces at once',
      hint = 'See comment on pipeline.start_backfill.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('pipeline.backfill', 0));
  select backfill.run_id into root_id
  from pipeline.backfill
  join pipeline.pipeline_run run on run.run_id = backfill.run_id and run.status = 'running'
  where (backfill.provider, backfill.dataset) = (p_provider, p_dataset)
    and (p_universe is not null or backfill.subjects = p_subjects)
    and (backfill.universe, backfill.known_at, backfill.from_date, backfill.to_date, backfill.chunk_days)
      is not distinct from (p_universe, p_as_of, p_from, p_to, p_chunk_days)
  order by backfill.run_id
  limit 1;

  if root_id is null then
    create temporary table if not exists backfill_plan of pipeline.planned_chunk on commit drop;
    delete from pg_temp.backfill_plan;
    insert into pg_temp.backfill_plan
    select * from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse, p_universe, p_as_of);
    if p_universe is not null and not exists (select from pg_temp.backfill_plan) then
      raise exception using
        errcode = case when exists (select from market.universe where universe.universe = p_universe) then 'MB007' else 'MB002' end,
        message = format('the universe "%s" has no members from %s to %s', p_universe, coalesce(p_from::text, 'its beginning'), coalesce(p_to::text, 'now')),
        hint = 'Universes: ' || (select coalesce(string_agg(universe.universe, ', ' order by universe.universe), 'none') from market.universe)
          || '. marketbase universe import takes one in.';
    elsif not exists (select from pg_temp.backfill_plan where is_wanted) then
      return null;
    end if;
    root_id := pipeline.start_run(
      'backfill', 'backfill', null,
      jsonb_strip_nulls(jsonb_build_object('universe', p_universe, 'as_of', p_as_of))
        || jsonb_build_object('provider', p_provider, 'dataset', p_dataset, 'subjects', to_jsonb(p_subjects), 'from', p_from, 'to', p_to, 'reprocess', p_reprocess)
    );
    insert into pipeline.backfill (
      run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active, universe, known_at
    )
    select
      root_id, p_provider, p_dataset, coalesce(p_subjects, array_agg(distinct plan.subject order by plan.subject)), p_from, p_to, p_chunk_days, p_reprocess,
      p_is_reverse, p_max_active, p_universe, p_as_of
    from pg_temp.backfill_plan as plan
    where plan.is_wanted;
    insert into pipeline.backfill_chunk (backfill_run_id, chunk_no, subject, from_date, to_date)
    select root_id, row_number() over (order by plan.chunk_no), plan.subject, plan.from_date, plan.to_date
    from pg_temp.backfill_plan as plan
    where plan.is_wanted;
  end if;

  perform pipeline.advance_backfill(root_id);
  return root_id;
end
$$;

comment on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer, text, timestamptz) is
'Starts to fetch and read a data set of the symbols from p_from to p_to in the pieces of pipeline.plan_backfill, p_max_active at once (1 to 64), and returns the run_id of the backfill. With p_universe instead of p_subjects each member is fetched for the days
of its membership, as known at p_as_of (default: now). While one with the same provider, data set, symbols or universe, days and pieces is under way, that one is returned. NULL when nothing is to be done.
MB001 for an unknown provider or arguments that make no sense, MB002 for an unknown universe, MB007 for one without members on these days.';

revoke all on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer, text, timestamptz) from public;
grant execute on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer, text, timestamptz) to marketbase_worker;
