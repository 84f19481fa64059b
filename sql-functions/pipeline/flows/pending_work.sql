-- What a flow would find to do, so that a start without work changes nothing.
create or replace function pipeline.pending_work(p_flow text) returns table (step text, reason text)
language sql stable parallel safe
begin atomic
  select root.step, format('run %s was not finished', root.run_id)
  from pipeline.pipeline_run root
  where root.flow = p_flow and root.parent_run_id is null and root.step = p_flow and root.status in ('queued', 'running')
  union all
  select wanted.step, format('%s of %s were never fetched from %s', wanted.parameters ->> 'dataset', wanted.parameters ->> 'subject', wanted.parameters ->> 'provider')
  from pipeline.flow_step wanted
  where wanted.flow = p_flow and wanted.task = 'fetch'
    and not exists (
      select from ingest.raw_response response
      where response.provider = wanted.parameters ->> 'provider'
        and response.dataset = wanted.parameters ->> 'dataset'
        and response.subject = wanted.parameters ->> 'subject'
    )
  union all
  select 'normalise', format('body %s of %s was never normalised', response.raw_response_id, response.subject)
  from ingest.raw_response response
  where not exists (select from ingest.normalisation done where done.raw_response_id = response.raw_response_id)
  union all
  select
    case mark.consumer when 'quality' then 'validate' when 'feature' then 'features' when 'fundamental_feature' then 'features' when 'action_feature' then 'features' when 'ml' then 'train' else mark.consumer end,
    format('%s changed between %s and %s', instrument.symbol, min(mark.from_ts)::date, max(mark.to_ts)::date)
  from pipeline.stale_range mark
  join market.instrument instrument using (instrument_id)
  where not exists (
    select
    from quality.held_back held
    where held.instrument_id = mark.instrument_id
      and held.step = case when mark.consumer in ('feature', 'fundamental_feature', 'action_feature') then 'features' when mark.consumer = 'ml' then 'train' end
  )
  group by mark.consumer, instrument.symbol
  union all
  select 'features', format('version %s of set %s has no values yet', version.version, feature_set.name)
  from feature.feature_set_version version
  join feature.feature_set feature_set using (feature_set_id)
  where version.is_current
    and feature_set.is_active
    and exists (
      select
      from market.price_data bar
      where bar.bar_interval = feature_set.bar_interval
        and bar.instrument_id not in (select held.instrument_id from quality.held_back held where held.step = 'features')
    )
    and not exists (select from feature.feature_vector vector where vector.feature_set_version_id = version.feature_set_version_id)
  union all
  select 'features', format('%s bars of set %s are planned and not computed', sum(part.bars), feature_set.name)
  from feature.computation_task task
  join feature.feature_set feature_set using (feature_set_id)
  cross join lateral unnest(task.bars) as part (bars)
  where task.error is null
  group by feature_set.name
  union all
  select 'features', format('instruments of set %s have to be compared again between %s and %s', feature_set.name, min(mark.from_ts)::date, max(mark.to_ts)::date)
  from feature.stale_cross_section mark
  join feature.feature_set feature_set using (feature_set_id)
  where feature_set.is_active
  group by feature_set.name
  union all
  select 'train', format('model %s was never trained', model.name)
  from ml.model model
  where case
      when exists (select from quality.held_back held where held.step = 'train')
      then not ml.model_instruments(model.name) && array(select held.instrument_id from quality.held_back held where held.step = 'train')
      else true
    end
    and not exists (select from ml.model_training_run training where training.model_id = model.model_id and training.is_current);
end;

comment on function pipeline.pending_work(text) is
'What the flow p_flow would have to do, one row per reason: an unfinished run, something never fetched or normalised, data that changed, a version of an active feature set without values, bars that are planned and not computed, a model never trained. What quality.held_back names is not work. No rows: everything is there.';

revoke all on function pipeline.pending_work(text) from public;
grant execute on function pipeline.pending_work(text) to marketbase_reader;
