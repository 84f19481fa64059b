-- One step back: what the rows of a node were made from.
create or replace function lineage.sources(p_node lineage.node) returns setof lineage.node
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  case p_node.relation
    when 'ml.model_prediction' then return query select * from lineage.sources_model_prediction(p_node);
    when 'ml.model_training_run' then return query select * from lineage.sources_model_training_run(p_node);
    when 'ml.training_set' then return query select * from lineage.sources_training_set(p_node);
    when 'feature.feature_vector' then return query select * from lineage.sources_feature_vector(p_node);
    when 'portfolio.portfolio_position' then return query select * from lineage.sources_portfolio_position(p_node);
    when 'risk.var_calculation' then return query select * from lineage.sources_var_calculation(p_node);
    else return query select * from lineage.sources_raw_response(p_node);
  end case;
end
$$;

comment on function lineage.sources(lineage.node) is
'The direct sources of the rows of p_node, by its relation. Rows that were read from a body have that body as their source; a body has none.';

revoke all on function lineage.sources(lineage.node) from public;
grant execute on function lineage.sources(lineage.node) to marketbase_reader;
