-- Takes a stretch of time out of the spells of an identifier.
create or replace function market.end_identifier(
  p_run_id bigint,
  p_instrument_id bigint,
  p_kind text,
  p_from date,
  p_to date default 'infinity',
  p_known_from timestamptz default now()
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  span constant daterange := daterange(p_from, p_to);
  spell market.instrument_identifier;
  since timestamptz;
  changes bigint := 0;
begin
  if span is null or isempty(span) or p_known_from is null then
    raise exception using
      errcode = 'MB001', message = 'An identifier ends between two days, the first before the second, and from a known moment on.', hint = 'Give p_from, p_to and p_known_from.';
  end if;
  for spell in
    select *
    from market.instrument_identifier as identifier
    where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.known_to is null
      and daterange(identifier.valid_from, identifier.valid_to) && span
    order by identifier.valid_from
    for update
  loop
    since := greatest(p_known_from, spell.known_from);
    update market.instrument_identifier set known_to = since
    where instrument_id = spell.instrument_id and identifier_id = spell.identifier_id;
    insert into market.instrument_identifier (instrument_id, kind, value, valid_from, valid_to, known_from, run_id, raw_response_id)
    select spell.instrument_id, spell.kind, spell.value, rest.valid_from, rest.valid_to, since, p_run_id, spell.raw_response_id
    from (values (spell.valid_from, p_from), (p_to, spell.valid_to)) as rest (valid_from, valid_to)
    where rest.valid_from < rest.valid_to;
    changes := changes + 1;
  end loop;
  return changes;
end
$$;

comment on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) is
'From p_from to the day before p_to the instrument p_instrument_id has no identifier of p_kind, as known from p_known_from on (but not before what it corrects was known); its spells are cut. Gives how many were.
p_run_id: run that says so. MB001 for days out of order or NULL.';

revoke all on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) from public;
grant execute on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) to marketbase_worker;
