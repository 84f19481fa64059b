-- What the parameters min, max, strict_min, strict_max and tolerance say, in words.
create or replace function quality.between_words(p_parameters jsonb)
returns text
language sql
immutable
parallel safe
return concat_ws(
  ' and ',
  case when (p_parameters -> 'strict_min')::boolean then 'more than ' else 'at least ' end || (p_parameters ->> 'min'),
  case when (p_parameters -> 'strict_max')::boolean then 'less than ' else 'at most ' end || (p_parameters ->> 'max')
) || coalesce(', give or take ' || (p_parameters ->> 'tolerance'), '');

comment on function quality.between_words(jsonb) is
E'@behavior -*\nThe min, max and tolerance of p_parameters in words, as: at least 1 and less than 5.';

revoke all on function quality.between_words(jsonb) from public;
grant execute on function quality.between_words(jsonb) to marketbase_worker, marketbase_author;
