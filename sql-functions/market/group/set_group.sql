-- Says by hand in which group instruments are from a date on.
create or replace function market.set_group(
  p_run_id bigint,
  p_kind text,
  p_name text,
  p_symbols text[],
  p_from_date date,
  p_known_from timestamptz default now()
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  ids constant bigint[] := array(select distinct market.instrument_id(symbol) from unnest(p_symbols) as symbol);
  changes bigint;
begin
  if not exists (select from market.group_kind where kind = p_kind) then
    raise exception using
      errcode = 'MB003',
      message = format('There is no kind of group named %s.', coalesce(left(p_kind, 41), 'NULL')),
      hint = format('There are: %s. market.define_group_kind defines others.', (select string_agg(known.kind, ', ' order by known.kind) from market.group_kind as known));
  elsif not exists (select from pipeline.pipeline_run where run_id = p_run_id) then
    raise exception using
      errcode = 'MB001', message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')), hint = 'pipeline.start_run starts one.';
  elsif p_from_date is null or p_known_from is null or p_name = '' then
    raise exception using
      errcode = 'MB001',
      message = 'A membership needs a first day, a time from when it is known, and a name that is not empty.',
      hint = 'A name that is NULL takes the instruments out of their group.';
  end if;

  insert into market.instrument_group (instrument_id, kind, from_date, name, known_from, run_id)
  select member.id, p_kind, p_from_date, p_name, p_known_from, p_run_id
  from unnest(ids) as member (id)
  left join lateral (
    select spell.name, spell.from_date
    from market.instrument_group as spell
    where spell.instrument_id = member.id and spell.kind = p_kind and spell.from_date <= p_from_date
    order by spell.from_date desc
    limit 1
  ) as before on true
  where before.name is distinct from p_name
  on conflict (instrument_id, kind, from_date) do update
  set name = excluded.name, known_from = excluded.known_from, run_id = excluded.run_id;
  get diagnostics changes = row_count;
  return changes;
end
$$;

comment on function market.set_group(bigint, text, text, text[], date, timestamptz) is
'Puts the instruments p_symbols into the group p_name of p_kind from p_from_date on, until their next change of group; NULL for p_name: into none. Gives how many changed; who is in that group on that day already stays as he is.
p_run_id: run that says so. p_known_from: from when it could be known (default: now); values that depend on it are not known before, so give the time of the announcement for memberships of the past.
Errors: MB001 for an unknown run or a missing day, MB002 for an unknown symbol, MB003 for an unknown kind.';

revoke all on function market.set_group(bigint, text, text, text[], date, timestamptz) from public;
grant execute on function market.set_group(bigint, text, text, text[], date, timestamptz) to marketbase_worker;
