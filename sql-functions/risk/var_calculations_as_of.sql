-- Values at risk as they were stored at a moment.
create or replace function risk.var_calculations_as_of(p_as_of timestamptz) returns setof risk.var_calculation
language sql stable parallel safe
begin atomic
  select calculation.*
  from risk.var_calculation as calculation
  where calculation.recorded_at <= p_as_of
  union all
  select calculation.*
  from lineage.row_change as change
  cross join lateral jsonb_populate_record(null::risk.var_calculation, change.row) as calculation
  where change.relation = 'risk.var_calculation' and change.changed_at > p_as_of and calculation.recorded_at <= p_as_of;
end;

comment on function risk.var_calculations_as_of(timestamptz) is
'risk.var_calculation as it was stored at p_as_of, whatever was computed again since (lineage.row_change). No row for NULL.';

revoke all on function risk.var_calculations_as_of(timestamptz) from public;
grant execute on function risk.var_calculations_as_of(timestamptz) to marketbase_analyst, marketbase_auditor;
