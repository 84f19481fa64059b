-- Nothing is overwritten: a restated or deleted fact goes to the history first.
create or replace function market.archive_company_fundamental() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_from timestamptz := now();
begin
  if tg_op = 'UPDATE' then
    if (new.instrument_id, new.taxonomy, new.concept, new.unit, new.period_start, new.period_end)
      is distinct from (old.instrument_id, old.taxonomy, old.concept, old.unit, old.period_start, old.period_end) then
      raise exception using
        errcode = 'MB008',
        message = 'the key of a reported fact cannot change',
        hint = 'Delete the fact and add another; both stay in the history.';
    end if;
    if (new.value, new.filed, new.known_from) is not distinct from (old.value, old.filed, old.known_from) then
      return null;
    end if;
    if new.known_from = old.known_from and new.raw_response_id = old.raw_response_id and new.run_id = old.run_id then
      new.known_from := now();
    end if;
    new.version := 1 + greatest(old.version, (
      select max(history.version)
      from market.company_fundamental_history history
      where history.instrument_id = old.instrument_id and history.taxonomy = old.taxonomy and history.concept = old.concept
        and history.unit = old.unit and history.period_start = old.period_start and history.period_end = old.period_end
    ));
    new.recorded_at := now();
    closed_from := new.known_from;
  end if;

  insert into market.company_fundamental_history (
    instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
    known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  values (
    old.instrument_id, old.taxonomy, old.concept, old.unit, old.period_start, old.period_end, old.version, old.value, old.fiscal_year,
    old.fiscal_period, old.form, old.accession, old.filed,
    old.known_from, greatest(old.known_from, closed_from), old.recorded_at, old.provider, old.raw_response_id, old.run_id
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function market.archive_company_fundamental() is
'Trigger: before a reported fact is changed or deleted, its version goes to market.company_fundamental_history; the new one gets the next number and recorded_at. An update that changes neither value nor filing is skipped.
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change.';

revoke all on function market.archive_company_fundamental() from public;

create or replace trigger _200_version before update or delete on market.company_fundamental
  for each row execute function market.archive_company_fundamental();
