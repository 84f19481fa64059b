-- A backfill of a universe asks for each member within the days of its membership.
alter table pipeline.backfill
  add column if not exists universe text,
  add column if not exists known_at timestamptz;
comment on column pipeline.backfill.universe is 'Universe whose members are fetched, each within the days of its membership; null: the symbols as they were given.';
comment on column pipeline.backfill.known_at is 'Its members are those known at this moment; null: at the start of the backfill.';
comment on column pipeline.planned_chunk.before is
'What became of the same days before: new, done, failed or held; unnamed where the ticker has passed on to another instrument, so that nobody can be asked for it.';
drop function if exists pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean);
drop function if exists pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer);
