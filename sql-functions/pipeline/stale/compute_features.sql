-- Computes the next piece of what was planned.
create or replace function pipeline.compute_features(p_run_id bigint) returns setof feature.computation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  task feature.computation_task;
  current_set record;
  failed feature.computation_task;
  failure text;
begin
  for attempt in 1 .. 2 loop
    select free.*
    into task
    from feature.computation_task as free
    where free.error is null
    order by free.task_id
    limit 1
    for update skip locked;
    exit when found;
    if attempt = 1 then
      perform pipeline.plan_cross_sections(p_run_id);
    end if;
  end loop;
  if task.task_id is null then
    return;
  end if;
  select known.name, version.version, version.base_version_id is not null as is_cross
  into strict current_set
  from feature.feature_set as known
  join feature.feature_set_version as version using (feature_set_id)
  where known.feature_set_id = task.feature_set_id and version.is_current;

  if current_set.is_cross then
    begin
      return query
        select
          current_set.name, current_set.version, instrument.instrument_id, instrument.symbol, task.from_ts[1], task.to_ts[cardinality(task.to_ts)],
          done.rows_changed, done.bars, null::text
        from feature.compute_cross_sections(p_run_id, current_set.name, task.from_ts, task.to_ts) as done
        join market.instrument as instrument using (instrument_id);
      delete from feature.computation_task where task_id = task.task_id;
    exception
      when sqlstate 'MB001' then
        failure := sqlerrm;
        update feature.computation_task set error = failure where task_id = task.task_id;
        return query
          select
            current_set.name, current_set.version, null::bigint, 'all', task.from_ts[1], task.to_ts[cardinality(task.to_ts)],
            0::bigint, (select sum(part.bars)::bigint from unnest(task.bars) as part (bars)), failure;
    end;
    return;
  end if;

  begin
    return query
      select
        current_set.name, current_set.version, instrument.instrument_id, instrument.symbol, span.from_ts, span.to_ts, done.rows_changed, span.bars, null::text
      from feature.compute(p_run_id, current_set.name, task.instrument_ids, task.from_ts, task.to_ts) as done
      join (
        select part.instrument_id, min(part.from_ts) as from_ts, max(part.to_ts) as to_ts, sum(part.bars)::bigint as bars
        from unnest(task.instrument_ids, task.from_ts, task.to_ts, task.bars) as part (instrument_id, from_ts, to_ts, bars)
        group by part.instrument_id
      ) as span using (instrument_id)
      join market.instrument as instrument using (instrument_id);
  exception
    when sqlstate 'MB001' then
      failure := sqlerrm;
  end;

  -- What one instrument cannot do does not stop the others: each by itself, and those that fail stay, with the reason.
  if failure is not null and cardinality(task.instrument_ids) > 1 then
    failure := null;
    for i in 1 .. cardinality(task.instrument_ids) loop
      begin
        return query
          select
            current_set.name, current_set.version, instrument.instrument_id, instrument.symbol, task.from_ts[i], task.to_ts[i],
            done.rows_changed, task.bars[i], null::text
          from feature.compute(p_run_id, current_set.name, task.instrument_ids[i:i], task.from_ts[i:i], task.to_ts[i:i]) as done
          join market.instrument as instrument using (instrument_id);
      exception
        when sqlstate 'MB001' then
          failure := sqlerrm;
          failed.instrument_ids := failed.instrument_ids || task.instrument_ids[i];
          failed.from_ts := failed.from_ts || task.from_ts[i];
          failed.to_ts := failed.to_ts || task.to_ts[i];
          failed.bars := failed.bars || task.bars[i];
      end;
    end loop;
  elsif failure is not null then
    failed := task;
  end if;

  if failure is null then
    delete from feature.computation_task where task_id = task.task_id;
  else
    update feature.computation_task
    set instrument_ids = failed.instrument_ids, from_ts = failed.from_ts, to_ts = failed.to_ts, bars = failed.bars, error = failure
    where task_id = task.task_id;
    return query
      select current_set.name, current_set.version, instrument.instrument_id, instrument.symbol, part.from_ts, part.to_ts, 0::bigint, part.bars, failure
      from unnest(failed.instrument_ids, failed.from_ts, failed.to_ts, failed.bars) as part (instrument_id, from_ts, to_ts, bars)
      join market.instrument as instrument using (instrument_id);
  end if;
end
$$;

comment on function pipeline.compute_features(bigint) is
'Computes the next piece of feature.computation_task that nobody else is at, and takes it away. Gives a row for each instrument with the number of vectors that changed; none when there is nothing left.
Sets that compare instruments come when nothing else is left, see pipeline.plan_cross_sections; where a piece of them cannot be computed, the row names no instrument.
An instrument that cannot be computed does not stop the others: its row says why, and it stays in feature.computation_task until pipeline.plan_features plans it again. p_run_id: run that does it.
Any number of sessions can call it at the same time.';

revoke all on function pipeline.compute_features(bigint) from public;
grant execute on function pipeline.compute_features(bigint) to marketbase_worker;
