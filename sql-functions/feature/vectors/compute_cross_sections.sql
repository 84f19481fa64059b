-- Computes a set that compares instruments for spans of time and stores what has changed.
create or replace function feature.compute_cross_sections(p_run_id bigint, p_set text, p_from_ts timestamptz[], p_to_ts timestamptz[])
returns table (instrument_id bigint, bars bigint, rows_changed bigint)
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set constant record := feature.current_set(p_set);
  base_id constant bigint := (
    select version.base_version_id from feature.feature_set_version as version where version.feature_set_version_id = current_set.feature_set_version_id
  );
  set_key constant bigint := hashtextextended(format('feature.compute_cross_sections %s', p_set), 0);
  removed_ids bigint[];
begin
  if base_id is null then
    raise exception using
      errcode = 'MB001', message = format('Set %s compares no instruments.', p_set), hint = 'feature.compute computes it, instrument by instrument.';
  elsif not exists (select from pipeline.pipeline_run where run_id = p_run_id) then
    raise exception using
      errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  elsif coalesce(cardinality(p_from_ts), 0) <> coalesce(cardinality(p_to_ts), 0) or array_position(p_from_ts || p_to_ts, null) is not null then
    raise exception using
      errcode = 'MB001', message = 'Every span needs a first and a last time.', hint = 'Give arrays of equal length without NULL; -infinity and infinity are no limit.';
  end if;
  -- Two that compute the same month wait for each other, so that the one with the older view of the first stage never writes last.
  if not (select bool_and(isfinite(moment)) from unnest(p_from_ts || p_to_ts) as moment) then
    perform pg_advisory_xact_lock(set_key);
  else
    perform pg_advisory_xact_lock_shared(set_key);
    perform pg_advisory_xact_lock(hashtextextended(format('feature.compute_cross_sections %s %s', p_set, months.month), 0))
    from (
      select distinct to_char(month at time zone 'UTC', 'YYYY-MM') as month
      from unnest(p_from_ts, p_to_ts) as span (from_ts, to_ts)
      cross join lateral generate_series(date_trunc('month', span.from_ts, 'UTC'), span.to_ts, '1 month', 'UTC') as month
      order by 1
    ) as months;
  end if;

  with removed as (
    delete from feature.feature_vector as vector
    using unnest(p_from_ts, p_to_ts) as span (from_ts, to_ts)
    cross join market.instrument as instrument
    where vector.instrument_id = instrument.instrument_id
      and vector.feature_set_version_id = current_set.feature_set_version_id
      and vector.ts between span.from_ts and span.to_ts
      and not exists (
        select
        from feature.feature_vector as base
        where base.instrument_id = vector.instrument_id and base.feature_set_version_id = base_id and base.ts = vector.ts
      )
    returning vector.instrument_id
  )
  select array_agg(removed.instrument_id) into removed_ids from removed;

  -- A vector that is there bit for bit stays; a revision that comes after another is not known before it.
  return query execute format(
    $query$
      with computed as materialized (%s),
      closed as (
        select history.instrument_id, history.ts, max(history.revision) as revision, max(history.known_to) as known_to
        from unnest($2, $3) as span (from_ts, to_ts)
        join feature.feature_vector_history as history on history.feature_set_version_id = $4 and history.ts between span.from_ts and span.to_ts
        group by history.instrument_id, history.ts
      ),
      changed as (
        insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id)
        select
          computed.instrument_id, $4, computed.ts, computed.values,
          coalesce(stored.revision, closed.revision, 0) + 1,
          greatest(computed.known_from, stored.known_from, closed.known_to),
          $5
        from computed
        left join feature.feature_vector as stored
          on stored.instrument_id = computed.instrument_id and stored.feature_set_version_id = $4 and stored.ts = computed.ts
        left join closed on closed.instrument_id = computed.instrument_id and closed.ts = computed.ts
        where stored.values is null or array_send(stored.values) <> array_send(computed.values)
        on conflict (instrument_id, feature_set_version_id, ts) do update
        set values = excluded.values, known_from = excluded.known_from, run_id = excluded.run_id
        returning instrument_id
      )
      select one.instrument_id, sum(one.bars)::bigint, sum(one.changed)::bigint
      from (
        select computed.instrument_id, count(*) as bars, 0 as changed from computed group by computed.instrument_id
        union all
        select changed.instrument_id, 0, count(*) from changed group by changed.instrument_id
        union all
        select gone.id, count(*), count(*) from unnest($6) as gone (id) group by gone.id
      ) as one
      group by one.instrument_id
      order by one.instrument_id
    $query$,
    current_set.compiled_sql
  ) using base_id, p_from_ts, p_to_ts, current_set.feature_set_version_id, p_run_id, removed_ids;
exception
  when data_exception then
    raise exception using
      errcode = 'MB001',
      message = format('Set %s cannot be computed from %s to %s: %s.', p_set, p_from_ts[1], p_to_ts[cardinality(p_to_ts)], sqlerrm),
      hint = 'An expression of the set overflows on these values; guard it with case, nullif or least.';
end
$$;

comment on function feature.compute_cross_sections(bigint, text, timestamptz[], timestamptz[]) is
'Computes the current version of set p_set, which compares instruments, over the vectors of its companion in the spans from p_from_ts to p_to_ts and stores it in feature.feature_vector. The spans must not overlap; -infinity and infinity are no limit.
p_run_id: run that asks for it. Gives for each instrument the vectors that were looked at and those that were added, replaced or removed; 0 where everything was there already.
A vector is known from when the last of the vectors that it is compared with was, and the memberships of their groups; a replaced one is kept in feature.feature_vector_history. Vectors that the companion no longer has are removed.
All or nothing: MB001 for an unknown run, a set over bars, a span without an end or an expression that overflows, MB003 for an unknown set.';

revoke all on function feature.compute_cross_sections(bigint, text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.compute_cross_sections(bigint, text, timestamptz[], timestamptz[]) to marketbase_worker;
