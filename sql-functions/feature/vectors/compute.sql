-- Computes a set for instruments and stores what has changed.
create or replace function feature.compute(
  p_run_id bigint,
  p_set text,
  p_instrument_ids bigint[],
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (instrument_id bigint, rows_changed bigint)
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  unknown bigint;
  read_from timestamptz[];
  removed_ids bigint[];
  storing text;
begin
  if exists (select from feature.feature_set_version where feature_set_version_id = current_set.feature_set_version_id and base_version_id is not null) then
    raise exception using
      errcode = 'MB008',
      message = format('Set %s compares instruments and is not computed for some of them.', p_set),
      hint = format('Compute %s_base, then all instruments at a time with feature.compute_cross_sections.', p_set);
  end if;
  select wanted.id into unknown
  from unnest(p_instrument_ids) as wanted (id)
  where not exists (select from market.instrument where instrument.instrument_id = wanted.id)
  limit 1;
  if found or p_instrument_ids is null then
    raise exception using
      errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(unknown::text, 'NULL')),
      hint = 'market.instrument lists the instruments.';
  end if;
  if not exists (select from pipeline.pipeline_run where run_id = p_run_id) then
    raise exception using
      errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  end if;
  -- In one order, so that two that compute the same instruments wait for each other and do not block each other.
  perform pg_advisory_xact_lock(hashtextextended(format('feature.compute %s', p_set), locked.id))
  from (select distinct wanted.id from unnest(p_instrument_ids) as wanted (id) order by wanted.id) as locked;

  select array_agg(feature.read_from(wanted.id, current_set.bar_interval, wanted.from_ts, current_set.lookback) order by wanted.span)
  into read_from
  from unnest(p_instrument_ids, p_from_ts) with ordinality as wanted (id, from_ts, span);

  with removed as (
    delete from feature.feature_vector as vector
    using unnest(p_instrument_ids, p_from_ts, p_to_ts) as wanted (id, from_ts, to_ts)
    where vector.instrument_id = wanted.id
      and vector.feature_set_version_id = current_set.feature_set_version_id
      and vector.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
      and not exists (
        select
        from market.price_data as bar
        where bar.instrument_id = vector.instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts = vector.ts
      )
    returning vector.instrument_id
  )
  select array_agg(removed.instrument_id) into removed_ids from removed;

  if exists (
    select
    from unnest(p_instrument_ids, p_from_ts, p_to_ts) as wanted (id, from_ts, to_ts)
    where exists (
      select
      from feature.feature_vector as vector
      where vector.instrument_id = wanted.id
        and vector.feature_set_version_id = current_set.feature_set_version_id
        and vector.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
    ) or exists (
      select
      from feature.feature_vector_history as history
      where history.instrument_id = wanted.id
        and history.feature_set_version_id = current_set.feature_set_version_id
        and history.ts between coalesce(wanted.from_ts, '-infinity') and coalesce(wanted.to_ts, 'infinity')
    )
  ) then
    -- A vector that is there bit for bit stays; a revision that comes after another is not known before it.
    storing := $query$
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id)
      select
        computed.instrument_id, $4, computed.ts, computed.values,
        coalesce(stored.revision, closed.revision, 0) + 1,
        greatest(computed.known_from, stored.known_from, closed.known_to),
        $5
      from (%s) as computed
      left join lateral (
        select vector.values, vector.revision, vector.known_from
        from feature.feature_vector as vector
        where vector.instrument_id = computed.instrument_id and vector.feature_set_version_id = $4 and vector.ts = computed.ts
      ) as stored on true
      left join lateral (
        select max(history.revision) as revision, max(history.known_to) as known_to
        from feature.feature_vector_history as history
        where history.instrument_id = computed.instrument_id and history.feature_set_version_id = $4 and history.ts = computed.ts
      ) as closed on true
      where computed.ts >= coalesce(($6)[computed.span], '-infinity')
        and (stored.values is null or array_send(stored.values) <> array_send(computed.values))
      on conflict (instrument_id, feature_set_version_id, ts) do update
      set values = excluded.values, known_from = excluded.known_from, run_id = excluded.run_id
      returning instrument_id
    $query$;
  else
    storing := $query$
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
      select computed.instrument_id, $4, computed.ts, computed.values, computed.known_from, $5
      from (%s) as computed
      where computed.ts >= coalesce(($6)[computed.span], '-infinity')
      returning instrument_id
    $query$;
  end if;

  return query execute format(
    $query$
      with stored as (%s)
      select wanted.id, coalesce(sum(touched.rows), 0)::bigint
      from (select distinct unnest($1) as id) as wanted
      left join (
        select stored.instrument_id, count(*) from stored group by stored.instrument_id
        union all
        select unnest($7), 1
      ) as touched (id, rows) on touched.id = wanted.id
      group by wanted.id
    $query$,
    format(storing, current_set.compiled_sql)
  ) using p_instrument_ids, read_from, p_to_ts, current_set.feature_set_version_id, p_run_id, p_from_ts, removed_ids;
exception
  when data_exception then
    raise exception using
      errcode = 'MB001',
      message = format(
        'Set %s cannot be computed for %s: %s.',
        p_set, case cardinality(p_instrument_ids) when 1 then 'instrument ' || p_instrument_ids[1] else cardinality(p_instrument_ids) || ' instruments' end, sqlerrm
      ),
      hint = 'An expression of the set overflows on these bars; guard it with case, nullif or least.';
end
$$;

comment on function feature.compute(bigint, text, bigint[], timestamptz[], timestamptz[]) is
'Computes the current version of set p_set for p_instrument_ids and stores it in feature.feature_vector. Gives for each instrument the number of vectors that were added, replaced or removed; 0 where everything was there already.
p_run_id: run that asks for it. p_from_ts, p_to_ts: first and last bar to store of each instrument (NULL: no limit); the bars before them are read as far as the set looks back. An instrument may come more than once with spans that do not overlap.
A vector is known from when the last of the bars in its window was; a replaced one is kept in feature.feature_vector_history. Vectors whose bar is gone are removed.
All or nothing: MB001 for an unknown run or an expression that overflows, MB002 for an unknown instrument, MB003 for an unknown set, MB008 for a set that compares instruments.';

revoke all on function feature.compute(bigint, text, bigint[], timestamptz[], timestamptz[]) from public;
grant execute on function feature.compute(bigint, text, bigint[], timestamptz[], timestamptz[]) to marketbase_worker;
