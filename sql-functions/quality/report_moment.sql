-- The moment as of which a report is made.
create or replace function quality.report_moment(p_as_of text)
returns timestamptz
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_as_of timestamptz;
begin
  if coalesce(p_as_of, '') = '' then
    return now();
  end if;
  if not pg_input_is_valid(p_as_of, 'timestamptz') then
    raise exception using errcode = 'MB001',
      message = format('%s is not a moment; write it as 2026-01-01 or ''2026-01-01 18:00+00''.', quote_literal(left(p_as_of, 80)));
  end if;
  v_as_of := p_as_of::timestamptz;
  if v_as_of > now() then
    raise exception using errcode = 'MB001',
      message = format('%s lies in the future: what will be recorded until then cannot be reported.', quote_literal(left(p_as_of, 80)));
  end if;
  return v_as_of;
end;
$$;

comment on function quality.report_moment(text) is
'The moment p_as_of, in the time zone of the session where it names none; now() for NULL or an empty text. A report as of a moment reads what was recorded up to it, so that it says the same for ever. Errors: MB001 for a text that is no moment, and for the future.';

revoke all on function quality.report_moment(text) from public;
grant execute on function quality.report_moment(text) to marketbase_analyst, marketbase_auditor;
