-- Where a trace begins: the row or rows that the caller names.
create or replace function lineage.roots(p_relation text, p_id bigint, p_symbol text, p_ts timestamptz, p_as_of timestamptz) returns setof lineage.node
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  case p_relation
    when 'ml.model_prediction' then
      return query
      select
        p_relation, prediction.model_prediction_id, prediction.instrument_id, prediction.feature_set_version_id, null::bigint,
        prediction.ts, prediction.ts, 1::bigint, null::text, 'ml.predict', prediction.run_id, prediction.recorded_at, null::text, null::text
      from ml.model_prediction prediction
      where prediction.model_prediction_id = p_id and prediction.recorded_at <= p_as_of;
    when 'ml.model_training_run' then
      return query
      select
        p_relation, training.model_training_run_id, null::bigint, null::bigint, null::bigint, null::timestamptz, null::timestamptz,
        1::bigint, training.code_version, 'ml.train', training.run_id, training.finished_at, training.data_hash, null::text
      from ml.model_training_run training
      where training.model_training_run_id = p_id and training.finished_at <= p_as_of;
    when 'risk.var_calculation' then
      return query
      select
        p_relation, calculation.var_calculation_id, null::bigint, null::bigint, null::bigint,
        calculation.session_date::timestamp at time zone 'UTC', calculation.session_date::timestamp at time zone 'UTC',
        1::bigint, calculation.method, 'risk.compute_var', calculation.run_id, calculation.recorded_at, null::text, null::text
      from risk.var_calculation calculation
      where calculation.var_calculation_id = p_id and calculation.recorded_at <= p_as_of;
    when 'feature.feature_vector' then
      return query
      select
        p_relation, null::bigint, vector.instrument_id, vector.feature_set_version_id, null::bigint, vector.ts, vector.ts,
        1::bigint, feature_set.name || '@' || version.version, 'feature.compute', vector.run_id, vector.recorded_at, null::text, null::text
      from feature.feature_vector_version vector
      join feature.feature_set_version version using (feature_set_version_id)
      join feature.feature_set feature_set using (feature_set_id)
      where vector.instrument_id = market.instrument_id(p_symbol) and vector.ts = p_ts
        and vector.recorded_at <= p_as_of and vector.closed_at > p_as_of and (p_id is null or vector.feature_set_version_id = p_id)
      order by vector.feature_set_version_id;
    when 'market.price_data' then
      return query
      select
        p_relation, null::bigint, bar.instrument_id, null::bigint, bar.raw_response_id, bar.ts, bar.ts,
        1::bigint, 'version ' || bar.version, 'ingest.accept_bars', bar.run_id, bar.recorded_at, null::text, null::text
      from market.price_data_version bar
      where bar.instrument_id = market.instrument_id(p_symbol) and bar.ts = p_ts
        and bar.recorded_at <= p_as_of and (bar.closed_at is null or bar.closed_at > p_as_of)
      order by bar.bar_interval;
    when 'market.company_fundamental' then
      return query
      select
        p_relation, null::bigint, fact.instrument_id, null::bigint, fact.raw_response_id, p_ts, p_ts,
        count(*), null::text, 'ingest.accept_facts', fact.run_id, max(fact.recorded_at), null::text, null::text
      from (
        select instrument_id, period_end, raw_response_id, run_id, recorded_at from market.company_fundamental
        union all
        select instrument_id, period_end, raw_response_id, run_id, recorded_at from market.company_fundamental_history where closed_at > p_as_of
      ) fact
      where fact.recorded_at <= p_as_of and fact.instrument_id = market.instrument_id(p_symbol) and fact.period_end = (p_ts at time zone 'UTC')::date
      group by fact.instrument_id, fact.raw_response_id, fact.run_id
      order by fact.run_id;
    when 'portfolio.portfolio_position' then
      return query
      select
        p_relation, position.portfolio_id, position.instrument_id, null::bigint, null::bigint, p_ts, p_ts,
        1::bigint, null::text, 'portfolio.compute_positions', position.run_id, position.recorded_at, null::text, null::text
      from portfolio.portfolio_position position
      where position.instrument_id = market.instrument_id(p_symbol)
        and position.session_date = (p_ts at time zone 'UTC')::date
        and position.recorded_at <= p_as_of
        and (p_id is null or position.portfolio_id = p_id)
      order by position.portfolio_id;
    else
      raise exception using
        errcode = 'MB001',
        message = format('rows of "%s" cannot be traced', p_relation),
        hint = 'By id: ml.model_prediction, ml.model_training_run, risk.var_calculation. By symbol and time: feature.feature_vector,'
          ' market.price_data, market.company_fundamental, portfolio.portfolio_position.';
  end case;
  if not found then
    raise exception using
      errcode = 'MB002',
      message = format('there is no row of %s with %s', p_relation,
        case when p_symbol is null then format('id %s', coalesce(p_id::text, 'NULL')) else format('symbol %s at %s', p_symbol, coalesce(p_ts::text, 'NULL')) end),
      hint = 'Name an existing row: by p_id, or by p_symbol and p_ts.';
  end if;
end
$$;

comment on function lineage.roots(text, bigint, text, timestamptz, timestamptz) is
'The rows at which a trace begins, as they were stored at p_as_of; see lineage.trace_as_of for the arguments and errors.';

revoke all on function lineage.roots(text, bigint, text, timestamptz, timestamptz) from public;
grant execute on function lineage.roots(text, bigint, text, timestamptz, timestamptz) to marketbase_reader;
