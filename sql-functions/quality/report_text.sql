-- A text of any origin, fit for a line of a report.
create or replace function quality.report_text(p_text text, p_length integer)
returns text
language sql
immutable
parallel safe
return regexp_replace(
  case when length(p_text) > p_length then left(p_text, p_length - 1) || '…' else p_text end,
  '[[:cntrl:]\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]', ' ', 'g'
);

comment on function quality.report_text(text, integer) is
'p_text, cut to p_length characters of which then the last is …, with a blank for each control character and each invisible character that steers how text is shown, so that a text from outside can neither break a table nor disguise itself. NULL for NULL.';

revoke all on function quality.report_text(text, integer) from public;
grant execute on function quality.report_text(text, integer) to marketbase_analyst, marketbase_auditor;
