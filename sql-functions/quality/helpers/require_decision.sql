-- A decision has somebody who takes it, and a reason.
create or replace function quality.require_decision(p_by text, p_reason text)
returns void
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if coalesce(p_by, '') !~ '\S' or coalesce(p_reason, '') !~ '\S' then
    raise exception using errcode = 'MB001',
      message = 'A decision is taken by somebody, for a reason.',
      hint = 'Give both; they are kept.';
  end if;
  if length(p_by) > 200 or length(p_reason) > 2000 then
    raise exception using errcode = 'MB001',
      message = 'The name of who decides has at most 200 characters, the reason 2000.',
      hint = 'Say it in a sentence and name a document for the rest.';
  end if;
end;
$$;

comment on function quality.require_decision(text, text) is
'Refuses a decision without somebody or without a reason (NULL or blank), and texts that are too long. Errors: MB001.';

revoke all on function quality.require_decision(text, text) from public;
grant execute on function quality.require_decision(text, text) to marketbase_worker, marketbase_author;
