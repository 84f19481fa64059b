-- A format of strftime as a regular expression.
create or replace function quality.strftime_regex(p_format text, p_captures_date boolean default false)
returns text
language plpgsql
immutable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_parts constant jsonb := '{
    "%Y": "\\d{4}", "%m": "0[1-9]|1[0-2]", "%d": "0[1-9]|[12]\\d|3[01]", "%y": "\\d{2}", "%H": "[01]\\d|2[0-3]", "%I": "0[1-9]|1[0-2]", "%M": "[0-5]\\d",
    "%S": "[0-5]\\d|6[01]", "%f": "\\d{1,6}", "%p": "AM|PM|am|pm", "%j": "00[1-9]|0[1-9]\\d|[12]\\d{2}|3[0-5]\\d|36[0-6]",
    "%z": "[+-]\\d{2}:?\\d{2}|Z", "%b": "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
    "%B": "January|February|March|April|May|June|July|August|September|October|November|December",
    "%a": "Mon|Tue|Wed|Thu|Fri|Sat|Sun", "%A": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday", "%%": "%"
  }';
  v_part text;
  v_regex text := '';
begin
  for v_part in select token.part[1] from regexp_matches(p_format, '%.?|[^%]+', 'g') as token (part) loop
    if v_part not like '\%%' then
      v_regex := v_regex || regexp_replace(v_part, '([^A-Za-z0-9_ ])', '\\\1', 'g');
    elsif c_parts ? v_part then
      v_regex := v_regex || format(case when p_captures_date and v_part in ('%Y', '%m', '%d') then '(%s)' else '(?:%s)' end, c_parts ->> v_part);
    else
      raise exception using errcode = 'MB001',
        message = format('%s is not a part of a time that is known.', quote_literal(v_part)),
        hint = format('A format has %s.', (select string_agg(known.name, ' ' order by known.name) from jsonb_object_keys(c_parts) as known (name)));
    end if;
  end loop;
  return format('^%s$', v_regex);
end;
$$;

comment on function quality.strftime_regex(text, boolean) is
E'@behavior -*\nA regular expression of the texts that strptime of Python reads by p_format (English names, two digits), with p_captures_date year, month and day in parentheses. Errors: MB001 for a part of the format that is not known.';

revoke all on function quality.strftime_regex(text, boolean) from public;
grant execute on function quality.strftime_regex(text, boolean) to marketbase_worker, marketbase_author;
