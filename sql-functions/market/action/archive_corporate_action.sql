-- Nothing is overwritten: a changed or cancelled corporate action goes to the history first.
create or replace function market.archive_corporate_action() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
declare
  closed_from timestamptz := coalesce(nullif(current_setting('marketbase.closed_from', true), '')::timestamptz, now());
begin
  if tg_op = 'UPDATE' then
    if (new.instrument_id, new.action_type, new.ex_date) is distinct from (old.instrument_id, old.action_type, old.ex_date) then
      raise exception using
        errcode = 'MB008',
        message = 'the key of a corporate action cannot change',
        hint = 'Delete the action and add another; both stay in the history.';
    end if;
    -- The same number in another body may count in other shares: that is a change.
    if (new.amount, new.currency, new.raw_response_id) is not distinct from (old.amount, old.currency, old.raw_response_id) then
      return null;
    end if;
    if new.known_from = old.known_from and new.raw_response_id = old.raw_response_id and new.run_id = old.run_id then
      new.known_from := now();
    end if;
    new.version := 1 + greatest(old.version, (
      select max(history.version)
      from market.corporate_action_history history
      where history.instrument_id = old.instrument_id and history.action_type = old.action_type and history.ex_date = old.ex_date
    ));
    new.recorded_at := now();
    closed_from := new.known_from;
  end if;

  insert into market.corporate_action_history (
    instrument_id, action_type, ex_date, version, amount, currency, known_from, known_to, recorded_at, provider, raw_response_id, run_id
  )
  values (
    old.instrument_id, old.action_type, old.ex_date, old.version, old.amount, old.currency,
    old.known_from, greatest(old.known_from, closed_from), old.recorded_at, old.provider, old.raw_response_id, old.run_id
  );
  return case when tg_op = 'UPDATE' then new else old end;
end
$$;

comment on function market.archive_corporate_action() is
'Trigger: before a corporate action is changed or deleted, its version goes to market.corporate_action_history; the new one gets the next number and recorded_at. An update that changes nothing is skipped.
An update by hand that names neither another body, run nor known_from counts as known from now. MB008 when the key would change. An action that is deleted counts as cancelled from now, or from the setting marketbase.closed_from, which says when the body arrived that no longer lists it.';

revoke all on function market.archive_corporate_action() from public;

create or replace trigger _200_version before update or delete on market.corporate_action
  for each row execute function market.archive_corporate_action();
