-- What the two validating steps of a flow look at.
create or replace function quality.step_datasets(p_is_derived boolean)
returns text[]
language sql
stable
parallel safe
begin atomic
  select array(
    select unnest(case when p_is_derived then array['feature_vector', 'model_prediction'] || quality.whole_datasets() else array['price_data', 'company_fundamental'] end)
    union
    select r.dataset
    from quality.rule_in_force as r
    where r.expectation is not null
      and p_is_derived = exists (
        select
        from pg_class as relation
        where relation.relname = r.dataset
          and relation.relnamespace::regnamespace::text in ('feature', 'quality', 'ml', 'portfolio', 'risk', 'lineage', 'pipeline')
      )
  );
end;

comment on function quality.step_datasets(boolean) is
E'@behavior -*\nDatasets of the rules on what came in, or, where p_is_derived, on what was computed from it and on the runs: those of schemas feature, quality, ml, portfolio, risk, lineage and pipeline.';

revoke all on function quality.step_datasets(boolean) from public;
grant execute on function quality.step_datasets(boolean) to marketbase_worker;
