-- The models as they were defined at a moment.
create or replace function ml.models_as_of(p_as_of timestamptz) returns setof ml.model
language sql stable parallel safe
begin atomic
  select (jsonb_populate_record(model, coalesce(later.row, '{}'))).*
  from ml.model
  left join (
    select distinct on (change.row ->> 'model_id') (change.row ->> 'model_id')::bigint as model_id, change.row
    from lineage.row_change as change
    where change.relation = 'ml.model' and change.changed_at > p_as_of
    order by change.row ->> 'model_id', change.row_change_id
  ) as later using (model_id)
  where model.created_at <= p_as_of;
end;

comment on function ml.models_as_of(timestamptz) is
'ml.model as it was stored at p_as_of, whatever was defined anew since (lineage.row_change). No row for NULL.';

revoke all on function ml.models_as_of(timestamptz) from public;
grant execute on function ml.models_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
