-- What a table that is changed in place said before.
create or replace function lineage.record_row_change() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into lineage.row_change (relation, operation, row)
  select format('%I.%I', tg_table_schema, tg_table_name), lower(tg_op), to_jsonb(changed) from changed;
  return null;
end
$$;

comment on function lineage.record_row_change() is
'Trigger: keeps the rows that an update or a delete replaces in lineage.row_change, and those that an insert brings where the trigger is made for inserts. Its transition table is called changed.';

revoke all on function lineage.record_row_change() from public;

create or replace trigger _500_change_update after update on market.instrument
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on market.instrument
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on market.exchange
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on market.exchange
  referencing old table as changed for each statement execute function lineage.record_row_change();

-- A session does not say when it was stored.
create or replace trigger _500_change_insert after insert on market.trading_session
  referencing new table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_update after update on market.trading_session
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on market.trading_session
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on ingest.provider
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on ingest.provider
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on feature.feature_set
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on feature.feature_set
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on ml.model
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on ml.model
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on portfolio.portfolio_position
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on portfolio.portfolio_position
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on portfolio.performance_metric
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on portfolio.performance_metric
  referencing old table as changed for each statement execute function lineage.record_row_change();

create or replace trigger _500_change_update after update on risk.var_calculation
  referencing old table as changed for each statement execute function lineage.record_row_change();
create or replace trigger _500_change_delete after delete on risk.var_calculation
  referencing old table as changed for each statement execute function lineage.record_row_change();
