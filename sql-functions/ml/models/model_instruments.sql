-- The instruments that a model is about.
create or replace function ml.model_instruments(p_model text) returns bigint[]
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_model constant ml.model := ml.find_model(p_model);
begin
  if v_model.parameters ? 'symbols' then
    return market.instrument_ids(array(select jsonb_array_elements_text(v_model.parameters -> 'symbols')));
  end if;
  return array(
    select distinct vector.instrument_id
    from feature.feature_set_version as version
    join feature.feature_vector as vector using (feature_set_version_id)
    where version.feature_set_id = v_model.feature_set_id and version.is_current
    order by vector.instrument_id
  );
end
$$;

comment on function ml.model_instruments(text) is
'The instruments of the model p_model: those of its parameter symbols, or all that have vectors of the current version of its feature set. Errors: MB002 for an unknown symbol, MB003 for an unknown model.';

revoke all on function ml.model_instruments(text) from public;
grant execute on function ml.model_instruments(text) to marketbase_reader;
