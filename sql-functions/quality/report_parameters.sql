-- What a report was asked for, checked.
create or replace function quality.report_parameters(p_report text, p_takes text, p_given jsonb, p_named text default '')
returns table (
  as_of timestamptz,
  as_of_title text,
  from_date date,
  to_date date,
  span_title text,
  instrument_id bigint,
  symbol_title text,
  lines integer,
  database text
)
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  takes constant text[] := string_to_array(p_takes, ' ');
  refused text;
  day text;
begin
  select given.key into refused
  from jsonb_each_text(p_given) as given
  where (given.value <> '' or given.key = any (string_to_array(p_named, ' '))) and given.key <> all (takes)
  order by given.key <> 'as_of', given.key
  limit 1;
  if refused = 'as_of' then
    raise exception using errcode = 'MB001',
      message = format('The report %s says what is so now and cannot look back: leave as_of out.', p_report);
  elsif refused is not null then
    raise exception using errcode = 'MB001',
      message = format('The report %s takes no %s; it takes %s.', p_report, refused, array_to_string(takes, ', '));
  end if;

  select given.key into refused
  from jsonb_each_text(p_given) as given
  where given.value = '' and given.key = any (string_to_array(p_named, ' '))
  order by given.key
  limit 1;
  if refused is not null then
    raise exception using errcode = 'MB001', message = format('%s is empty; give it a value, or leave it out.', refused);
  end if;

  foreach day in array array['from', 'to', 'date'] loop
    if p_given ->> day <> '' and not (p_given ->> day ~ '^\d{4}-\d\d-\d\d$' and pg_input_is_valid(p_given ->> day, 'date')) then
      raise exception using errcode = 'MB001',
        message = format('%s is not a day; write it as 2026-01-31.', quote_literal(left(p_given ->> day, 80)));
    end if;
  end loop;
  from_date := coalesce(nullif(p_given ->> 'from', '')::date, '-infinity');
  to_date := coalesce(nullif(p_given ->> 'to', '')::date, 'infinity');
  if from_date > to_date then
    raise exception using errcode = 'MB001', message = format('from %s lies after to %s.', from_date, to_date);
  end if;
  span_title := case when from_date = '-infinity' and to_date = 'infinity' then 'all'
    else concat_ws(' ', 'from ' || nullif(from_date, '-infinity'), 'to ' || nullif(to_date, 'infinity')) end;

  if p_given ->> 'lines' <> '' and p_given ->> 'lines' !~ '^[1-9]\d{0,6}$' then
    raise exception using errcode = 'MB001',
      message = format('%s is not a number of lines; write it as 40.', quote_literal(left(p_given ->> 'lines', 80)));
  end if;
  lines := coalesce(nullif(p_given ->> 'lines', '')::integer, 40);

  as_of := quality.report_moment(p_given ->> 'as_of');
  as_of_title := to_char(as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US');
  database := current_database();
  instrument_id := 0;
  symbol_title := 'all';
  if p_given ->> 'symbol' <> '' then
    select instrument.instrument_id, instrument.symbol
    into instrument_id, symbol_title
    from market.instruments_as_of(as_of) as instrument
    where instrument.symbol = upper(btrim(p_given ->> 'symbol'));
    if not found then
      raise exception using errcode = 'MB002',
        message = format('There was no instrument with the symbol %s at that moment.', quote_literal(left(p_given ->> 'symbol', 32))),
        hint = 'market.instrument has the symbols.';
    end if;
  end if;
  return next;
end
$$;

comment on function quality.report_parameters(text, text, jsonb, text) is
'What the report p_report was given, checked: p_takes are the parameters that it takes, separated by blanks, p_given all that there are by name, where an empty text counts as not given, and p_named the names of those that were given, separated by blanks, which may not be empty. as_of is a moment (default: now), from, to and date are days, lines is a number of lines (default: 40), symbol an instrument as it was called at as_of.
One row: days without a limit are -infinity and infinity, instrument_id is 0 for all instruments.
Errors: MB001 for a parameter that the report does not take, that is empty or malformed, and for from after to; MB002 for an unknown symbol.';

revoke all on function quality.report_parameters(text, text, jsonb, text) from public;
grant execute on function quality.report_parameters(text, text, jsonb, text) to marketbase_analyst, marketbase_auditor;
