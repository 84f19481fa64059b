-- Computes a set for an instrument and stores what has changed.
create or replace function feature.compute(
  p_run_id bigint,
  p_set text,
  p_instrument_id bigint,
  p_from_ts timestamptz default null,
  p_to_ts timestamptz default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  current_set record;
  read_from timestamptz;
  rows_stored bigint;
  rows_removed bigint;
begin
  current_set := feature.current_set(p_set);
  if not exists (select from market.instrument where instrument_id = p_instrument_id) then
    raise exception using
      errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(p_instrument_id::text, 'NULL')),
      hint = 'market.instrument lists the instruments.';
  end if;
  if not exists (select from pipeline.pipeline_run where run_id = p_run_id) then
    raise exception using
      errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('feature.compute %s', p_set), p_instrument_id));

  if p_from_ts is not null and current_set.lookback is not null then
    select min(earlier.ts)
    into read_from
    from (
      select bar.ts
      from market.price_data as bar
      where bar.instrument_id = p_instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts < p_from_ts
      order by bar.ts desc
      limit current_set.lookback
    ) as earlier;
    read_from := coalesce(read_from, p_from_ts);
  end if;

  -- A vector that is there bit for bit stays; a revision that comes after another is not known before it.
  execute format(
    $query$
      insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id)
      select
        $1, $4, computed.ts, computed.values,
        coalesce(stored.revision, closed.revision, 0) + 1,
        greatest(computed.known_from, stored.known_from, closed.known_to),
        $5
      from (%s) as computed
      left join (
        select vector.ts, vector.values, vector.revision, vector.known_from
        from feature.feature_vector as vector
        where vector.instrument_id = $1 and vector.feature_set_version_id = $4
      ) as stored on stored.ts = computed.ts
      left join (
        select history.ts, max(history.revision) as revision, max(history.known_to) as known_to
        from feature.feature_vector_history as history
        where history.instrument_id = $1 and history.feature_set_version_id = $4
        group by history.ts
      ) as closed on closed.ts = computed.ts
      where computed.ts >= coalesce($6, '-infinity')
        and (stored.ts is null or array_send(stored.values) <> array_send(computed.values))
      on conflict (instrument_id, feature_set_version_id, ts) do update
      set values = excluded.values, known_from = excluded.known_from, run_id = excluded.run_id
    $query$,
    current_set.compiled_sql
  ) using p_instrument_id, read_from, p_to_ts, current_set.feature_set_version_id, p_run_id, p_from_ts;
  get diagnostics rows_stored = row_count;

  delete from feature.feature_vector as vector
  where vector.instrument_id = p_instrument_id
    and vector.feature_set_version_id = current_set.feature_set_version_id
    and vector.ts between coalesce(p_from_ts, '-infinity') and coalesce(p_to_ts, 'infinity')
    and not exists (
      select
      from market.price_data as bar
      where bar.instrument_id = vector.instrument_id and bar.bar_interval = current_set.bar_interval and bar.ts = vector.ts
    );
  get diagnostics rows_removed = row_count;
  return rows_stored + rows_removed;
exception
  when data_exception then
    raise exception using
      errcode = 'MB001',
      message = format('Set %s cannot be computed for instrument %s: %s.', p_set, p_instrument_id, sqlerrm),
      hint = 'An expression of the set overflows on these bars; guard it with case, nullif or least.';
end
$$;

comment on function feature.compute(bigint, text, bigint, timestamptz, timestamptz) is
'Computes the current version of set p_set for p_instrument_id and stores it in feature.feature_vector. Gives the number of vectors that were added, replaced or removed; 0 where everything was there already.
p_run_id: run that asks for it. p_from_ts, p_to_ts: first and last bar to store (NULL: no limit); the bars before them are read as far as the set looks back.
A vector is known from when the last of the bars in its window was; a replaced one is kept in feature.feature_vector_history. Vectors whose bar is gone are removed.
Errors: MB002 for an unknown instrument, MB003 for an unknown set, MB001 for an unknown run or an expression that overflows.';

revoke all on function feature.compute(bigint, text, bigint, timestamptz, timestamptz) from public;
grant execute on function feature.compute(bigint, text, bigint, timestamptz, timestamptz) to marketbase_worker;
