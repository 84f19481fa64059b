-- What is left of a name in the API, where underscores go and plurals stand beside singulars.
create or replace function feature.api_name(p_name text) returns text
language sql immutable parallel safe
return regexp_replace(replace(p_name, '_', ''), '(ies|es|s|y|e)$', '');

comment on function feature.api_name(text) is
'The stem of p_name without underscores and the ending of a plural: names with one stem could be one name in the GraphQL API. NULL for NULL.';

revoke all on function feature.api_name(text) from public;
