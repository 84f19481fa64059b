-- Whether a text is a number that a bar can hold.
create or replace function ingest.is_finite_number(p_text text) returns boolean
language sql stable parallel safe
-- float8 reads NaN, Infinity and hexadecimal too: none of them is without one of these letters, and no decimal number has one.
return pg_input_is_valid(p_text, 'float8') and p_text not like '%n%' and p_text not like '%N%' and p_text not like '%x%' and p_text not like '%X%';

comment on function ingest.is_finite_number(text) is
'True when the text is a decimal number within the range of double precision; NaN, Infinity and 1e400 are not. Blanks around it do not matter. NULL for NULL.';

revoke all on function ingest.is_finite_number(text) from public;
grant execute on function ingest.is_finite_number(text) to marketbase_worker;
