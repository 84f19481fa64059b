-- What a restatement touches: bars and facts, the values made of them, and what was learnt from these.
create or replace function ingest.impact(p_raw_response_id bigint, p_run_id bigint default null) returns ingest.impact_estimate
language sql stable parallel safe
begin atomic
  with bar as materialized (
    select bar.instrument_id, bar.bar_interval, bar.ts
    from market.price_data bar
    join market.price_data_history before
      on before.instrument_id = bar.instrument_id and before.bar_interval = bar.bar_interval and before.ts = bar.ts and before.version = bar.version - 1
    where bar.raw_response_id = p_raw_response_id and (p_run_id is null or bar.run_id = p_run_id)
      and (before.open, before.high, before.low, before.close, before.volume) is distinct from (bar.open, bar.high, bar.low, bar.close, bar.volume)
  ), fact as materialized (
    select fact.instrument_id, fact.known_from
    from market.company_fundamental fact
    where fact.raw_response_id = p_raw_response_id and (p_run_id is null or fact.run_id = p_run_id) and fact.version > 1
  ), span as materialized (
    -- a changed bar reaches as many bars ahead as a set looks back, a changed fact until now
    select version.feature_set_version_id, changed.instrument_id, changed.from_ts, changed.to_ts
    from feature.feature_set
    join feature.feature_set_version version using (feature_set_id)
    cross join lateral (
      select
        bar.instrument_id, min(bar.ts) as from_ts,
        coalesce(feature.reach_of_change(bar.instrument_id, feature_set.bar_interval, max(bar.ts), version.lookback), 'infinity') as to_ts
      from bar
      where bar.bar_interval = feature_set.bar_interval
      group by bar.instrument_id
      union all
      select fact.instrument_id, min(fact.known_from), 'infinity'
      from fact
      where 'fundamental' = any (version.sources)
      group by fact.instrument_id
    ) as changed
    where version.is_current and feature_set.is_active
  ), touched as (
    select bar.instrument_id, bar.ts from bar union all select fact.instrument_id, fact.known_from from fact
  )
  select
    (select count(distinct touched.instrument_id) from touched),
    (select min(touched.ts) from touched),
    (select max(touched.ts) from touched),
    (select count(*) from bar),
    (select count(*) from fact),
    (
      select coalesce(sum(cardinality(vector.values)), 0)
      from feature.feature_vector vector
      where exists (
        select from span
        where span.instrument_id = vector.instrument_id and span.feature_set_version_id = vector.feature_set_version_id
          and vector.ts between span.from_ts and span.to_ts
      )
    ),
    (
      select count(*) from ml.training_set
      where exists (
        select from span
        where span.feature_set_version_id = training_set.feature_set_version_id and span.instrument_id = any (training_set.instrument_ids)
          and training_set.from_ts <= span.to_ts and training_set.to_ts >= span.from_ts
      )
    ),
    (
      select count(*) from ml.model_prediction prediction
      where exists (
        select from span
        where span.feature_set_version_id = prediction.feature_set_version_id and span.instrument_id = prediction.instrument_id
          and prediction.ts between span.from_ts and span.to_ts
      )
    );
end;

comment on function ingest.impact(bigint, bigint) is
'What the versions touch that a body made of rows stored before (those of one run, where p_run_id is given): bars whose open, high, low, close or volume changed, restated facts, values of the active feature sets that depend on them, training sets that hold
such values and predictions made from them. pipeline.normalise_response asks it in the transaction that accepts, before anything is committed: more than ingest.provider.restatement_limit rows and the body is held. Zeros for a body that changed nothing.';

revoke all on function ingest.impact(bigint, bigint) from public;
grant execute on function ingest.impact(bigint, bigint) to marketbase_worker;
