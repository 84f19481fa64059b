-- Nothing is overwritten: a changed or deleted bar goes to the history first.
create or replace function market.archive_price_data() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_from timestamptz := now();
begin
  if tg_op = 'UPDATE' then
    if (new.instrument_id, new.bar_interval, new.ts) is distinct from (old.instrument_id, old.bar_interval, old.ts) then
      raise exception using
        errcode = 'MB008',
        message = 'the key of a bar cannot change',
        hint = 'Delete the bar and add another; both stay in the history.';
    end if;
    if (new.session_date, new.open, new.high, new.low, new.close, new.volume, new.adjusted_close)
      is not distinct from (old.session_date, old.open, old.high, old.low, old.close, old.volume, old.adjusted_close)
      and (new.raw_response_id = old.raw_response_id or new.provider <> old.provider or ingest.is_same_basis(new.raw_response_id, old.raw_response_id)) then
      return null;
    end if;
    if new.known_from = old.known_from and new.raw_response_id = old.raw_response_id and new.run_id = old.run_id then
      new.known_from := now();
    end if;
    new.version := 1 + greatest(old.version, (
      select max(history.version)
      from market.price_data_history history
      where history.instrument_id = old.instrument_id and history.bar_interval = old.bar_interval and history.ts = old.ts
    ));
    new.recorded_at := now();
    closed_from := new.known_from;
  end if;

  insert into market.price_data_history (
    instrument_id, bar_interval, ts, version, session_date, open, high, low, close, volume, adjusted_close,
    known_from, known_to, recorded_at, provider, raw_response_id, run_id, closed_reason
  )
  values (
    old.instrument_id, old.bar_interval, old.ts, old.version, old.session_date, old.open, old.high, old.low, old.close, old.volume, old.adjusted_close,
    old.known_from, greatest(old.known_from, closed_from), old.recorded_at, old.provider, old.raw_response_id, old.run_id,
    case when tg_op = 'DELETE' then nullif(current_setting('marketbase.closed_reason', true), '') end
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function market.archive_price_data() is
'Trigger: before a bar is changed or deleted, its version goes to market.price_data_history; the new one gets the next number and recorded_at. An update that changes no value, nor the basis on which its provider gives them, is skipped.
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change.';

revoke all on function market.archive_price_data() from public;

create or replace trigger _200_version before update or delete on market.price_data
  for each row execute function market.archive_price_data();
