-- Text in plain signs.
create or replace function search.plain_text(p_text text) returns text
language sql immutable parallel safe
return translate(p_text, U&'\2019\2018\2122\00AE\00A9\2120\201C\201D\201E\00AB\00BB\2013\2014\2015\2026\2022\00B7\00A0', '''''    """""---.** ');

comment on function search.plain_text(text) is
'p_text with plain signs for typographic ones: apostrophes, quotes, dashes, full stops for ellipses, asterisks for bullets, blanks for trade marks and no-break
spaces. The parser of full-text search takes many of those for letters. NULL for NULL.';

revoke all on function search.plain_text(text) from public;
grant execute on function search.plain_text(text) to marketbase_reader;
