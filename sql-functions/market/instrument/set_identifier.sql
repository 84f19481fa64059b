-- Says which identifier an instrument has, from when to when.
create or replace function market.set_identifier(
  p_run_id bigint,
  p_instrument_id bigint,
  p_kind text,
  p_value text,
  p_valid_from date default '-infinity',
  p_valid_to date default 'infinity',
  p_known_from timestamptz default '-infinity',
  p_raw_response_id bigint default null
) returns boolean
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given constant text := upper(btrim(p_value));
  span constant daterange := daterange(p_valid_from, p_valid_to);
  since timestamptz;
  holder text;
begin
  if span is null or isempty(span) or p_known_from is null or given is null then
    raise exception using
      errcode = 'MB001',
      message = 'An identifier needs a value, a first day before the day on which it ends, and a moment from which it is known.',
      hint = 'valid_to is the first day on which it is no longer the instrument''s, or infinity.';
  end if;
  if not market.has_check_digit(p_kind, given) then
    raise exception using
      errcode = 'MB001',
      message = format('The %s "%s" has a wrong check digit.', p_kind, left(given, 40)),
      hint = 'A digit may be mistyped: compare it with its source.';
  end if;
  if exists (
    select
    from market.instrument_identifier as identifier
    where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.value = given and identifier.known_to is null
      and daterange(identifier.valid_from, identifier.valid_to) @> span
  ) then
    return false;
  end if;

  select format('%s from %s to %s', instrument.symbol, identifier.valid_from, identifier.valid_to) into holder
  from market.instrument_identifier as identifier
  join market.instrument using (instrument_id)
  where identifier.kind = p_kind and identifier.value = given and identifier.known_to is null and identifier.instrument_id <> p_instrument_id
    and p_kind not in ('cik', 'lei') and daterange(identifier.valid_from, identifier.valid_to) && span
  order by identifier.valid_from
  limit 1;
  if holder is not null then
    raise exception using
      errcode = 'MB008',
      message = format('%s %s belongs to the instrument %s.', p_kind, given, holder),
      hint = 'End it there first: market.end_identifier, or market.reuse_symbol for a ticker that another company has taken over.';
  end if;

  -- What is corrected was the thing to know until then.
  select greatest(p_known_from, max(identifier.known_from)) into since
  from market.instrument_identifier as identifier
  where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.known_to is null
    and daterange(identifier.valid_from, identifier.valid_to) && span;
  perform market.end_identifier(p_run_id, p_instrument_id, p_kind, p_valid_from, p_valid_to, since);
  insert into market.instrument_identifier (instrument_id, kind, value, valid_from, valid_to, known_from, run_id, raw_response_id)
  values (p_instrument_id, p_kind, given, p_valid_from, p_valid_to, since, p_run_id, p_raw_response_id);
  if p_kind = 'cik' and current_date >= p_valid_from and current_date < p_valid_to then
    update market.instrument set cik = given where instrument.instrument_id = p_instrument_id and instrument.cik is distinct from given;
  end if;
  return true;
exception
  when check_violation or foreign_key_violation then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" cannot be the %s of instrument %s.', left(p_value, 40), coalesce(left(p_kind, 20), 'identifier'), p_instrument_id),
      hint = 'Kinds are symbol, figi, cik, isin, cusip, sedol and lei, each with its own form; the instrument and the run have to exist.';
end
$$;

comment on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz, bigint) is
'From p_valid_from to the day before p_valid_to (defaults: for all time) p_value is the identifier of p_kind (symbol, figi, cik, isin, cusip, sedol, lei) of the instrument; other values of that kind end there. True when that was not known.
p_run_id: run that says so. p_known_from: from when it could be known (default: always), but not before what it corrects. p_raw_response_id: body that says so. A CIK of today becomes that of market.instrument. Symbols are renamed by market.rename_instrument, which also changes market.instrument.symbol.
Errors: MB001 for a value that cannot be one or whose check digit is wrong (market.has_check_digit), days out of order or an unknown instrument; MB008 where the value belongs to another instrument at that time (a CIK and an LEI may be shared).';

revoke all on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz, bigint) from public;
grant execute on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz, bigint) to marketbase_worker;
