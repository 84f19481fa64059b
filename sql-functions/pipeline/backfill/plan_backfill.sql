-- The pieces of a backfill, and what became of the same days before.
create or replace function pipeline.plan_backfill(
  p_provider text,
  p_dataset text,
  p_subjects text[],
  p_from date default null,
  p_to date default null,
  p_chunk_days integer default null,
  p_reprocess text default 'none',
  p_is_reverse boolean default false,
  p_universe text default null,
  p_as_of timestamptz default null
) returns setof pipeline.planned_chunk
language sql stable parallel safe
begin atomic
  with span as (
    select given.name as subject, p_from as from_date, p_to as to_date, given.position, true as is_own_symbol
    from unnest(p_subjects) with ordinality as given (name, position)
    union all
    select member.symbol, member.from_date, member.to_date, row_number() over (order by member.symbol, member.from_date), member.is_own_symbol
    from market.universe_spans(p_universe, p_from, p_to, coalesce(p_as_of, now())) as member
  ), piece as (
    select span.subject, cut.from_date, cut.to_date, span.position, span.is_own_symbol
    from span
    cross join lateral (
      select span.from_date, span.to_date
      where p_chunk_days is null or span.from_date is null or span.to_date is null
      union all
      select day::date, least(day::date + p_chunk_days - 1, span.to_date)
      from generate_series(span.from_date::timestamp, span.to_date::timestamp, make_interval(days => p_chunk_days)) as day
      where p_chunk_days is not null and span.from_date is not null and span.to_date is not null
    ) as cut
  ), known as (
    select piece.*, case when piece.is_own_symbol then coalesce(earlier.state, 'new') else 'unnamed' end as before
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
    case when not known.is_own_symbol then false when p_reprocess = 'all' then true when p_reprocess = 'failed' then known.before in ('new', 'failed') else known.before = 'new' end
  from known
  order by 1;
end;

comment on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean, text, timestamptz) is
'The pieces into which p_from to p_to is cut for each symbol, p_chunk_days long (NULL, or no first or last day: one piece for each symbol), the oldest first or, with p_is_reverse, the newest. With p_universe instead of p_subjects it is the days on which each member was one (market.universe_spans),
as known at p_as_of (default: now): also members that have left since. before tells what an earlier piece that holds all its days came to: new (there is none), done, failed or held; unnamed where the ticker has passed on to another instrument. is_wanted follows p_reprocess:
none takes what is new, failed also what failed, all everything; what is unnamed never.';

revoke all on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean, text, timestamptz) from public;
grant execute on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean, text, timestamptz) to marketbase_reader;
