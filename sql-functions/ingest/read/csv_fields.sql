-- The fields of a line of CSV, quotes taken off.
create or replace function ingest.csv_fields(p_line text) returns text[]
language sql immutable strict parallel safe
return case
  when strpos(p_line, '"') = 0 then string_to_array(p_line, ',')
  else array(
    select case when field[1] like '"%' then replace(substr(field[1], 2, length(field[1]) - 2), '""', '"') else field[1] end
    from regexp_matches(',' || p_line, ',("(?:[^"]|"")*"|[^,]*)', 'g') as field
  )
end;

comment on function ingest.csv_fields(text) is
'The fields of one line of CSV as in RFC 4180: separated by commas, quoted where they hold a comma or a quote, a quote doubled within. NULL for NULL.';

revoke all on function ingest.csv_fields(text) from public;
grant execute on function ingest.csv_fields(text) to marketbase_worker;
