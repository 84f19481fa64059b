-- The pieces of a backfill, and what became of the same days before.
create or replace function pipeline.plan_backfill(
  p_provider text,
  p_dataset text,
  p_subjects text[],
  p_from date default null,
  p_to date default null,
  p_chunk_days integer default null,
  p_reprocess text default 'none',
  p_is_reverse boolean default false
) returns setof pipeline.planned_chunk
language sql stable parallel safe
begin atomic
  with piece as (
    select subject.name as subject, span.from_date, span.to_date, subject.position
    from unnest(p_subjects) with ordinality as subject (name, position)
    cross join lateral (
      select p_from as from_date, p_to as to_date
      where p_chunk_days is null or p_from is null or p_to is null
      union all
      select day::date, least(day::date + p_chunk_days - 1, p_to)
      from generate_series(p_from::timestamp, p_to::timestamp, make_interval(days => p_chunk_days)) as day
      where p_chunk_days is not null and p_from is not null and p_to is not null
    ) as span
  ), known as (
    select piece.*, coalesce(earlier.state, 'new') as before
    from piece
    left join lateral (
      -- an earlier piece that holds all these days; a success counts more than a failure
      select chunk.state
      from pipeline.backfill_chunk chunk
      join pipeline.backfill on backfill.run_id = chunk.backfill_run_id
      where backfill.provider = p_provider and backfill.dataset = p_dataset and chunk.subject = piece.subject
        and chunk.state in ('done', 'failed', 'held')
        and coalesce(chunk.from_date, '-infinity') <= coalesce(piece.from_date, '-infinity')
        and coalesce(chunk.to_date, 'infinity') >= coalesce(piece.to_date, 'infinity')
      order by chunk.state = 'failed', chunk.finished_at desc
      limit 1
    ) as earlier on true
  )
  select
    (row_number() over (
      order by case when p_is_reverse then null else known.from_date end, case when p_is_reverse then known.from_date end desc, known.position
    ))::integer,
    known.subject, known.from_date, known.to_date, known.before,
    case p_reprocess when 'all' then true when 'failed' then known.before in ('new', 'failed') else known.before = 'new' end
  from known
  order by 1;
end;

comment on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean) is
'The pieces into which p_from to p_to is cut for each symbol, p_chunk_days long (NULL, or no p_from or p_to: one piece for each symbol), the oldest first or, with p_is_reverse, the newest. before tells what an earlier piece that holds all its days
came to: new (there is none), done, failed or held. is_wanted follows p_reprocess: none takes what is new, failed also what failed, all everything.';

revoke all on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean) from public;
grant execute on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean) to marketbase_reader;
