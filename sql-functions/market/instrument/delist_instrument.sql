-- The last day of an instrument.
create or replace function market.delist_instrument(p_run_id bigint, p_symbol text, p_last_date date, p_known_from timestamptz default null) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  ended_id bigint;
begin
  if p_last_date is null then
    raise exception using errcode = 'MB001', message = 'A delisting needs the last day of trade.', hint = 'Give p_last_date.';
  end if;
  ended_id := market.instrument_id_at(p_symbol, p_last_date);
  perform market.end_identifier(
    p_run_id, ended_id, 'symbol', p_last_date + 1, 'infinity',
    coalesce(p_known_from, (p_last_date + 1)::timestamp at time zone (
      select exchange.time_zone from market.instrument join market.exchange using (mic) where instrument.instrument_id = ended_id
    ))
  );
  return ended_id;
end
$$;

comment on function market.delist_instrument(bigint, text, date, timestamptz) is
'The instrument that had p_symbol on p_last_date no longer trades after it: its symbol ends there. Its bars, facts and memberships stay, and market.instrument_id still finds it until somebody takes the ticker over. Gives its instrument_id.
p_run_id: run that says so. p_known_from: from when it could be known (default: the end of p_last_date at its exchange). Errors: MB001 for a missing day, MB002 where nobody had p_symbol then.';

revoke all on function market.delist_instrument(bigint, text, date, timestamptz) from public;
grant execute on function market.delist_instrument(bigint, text, date, timestamptz) to marketbase_worker;
