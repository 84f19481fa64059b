-- Full-text search in what was known at a moment.
create or replace function search.documents(
  p_query text,
  p_as_of timestamptz default now(),
  p_symbol text default null,
  p_limit integer default 20
) returns setof search.document_match
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_instrument_id constant bigint := case when p_symbol is not null then market.instrument_id(p_symbol) end;
begin
  if coalesce(btrim(p_query), '') = '' or length(p_query) > 1000 or not coalesce(p_limit between 1 and 1000, false) then
    raise exception using
      errcode = 'MB001',
      message = 'a search needs 1 to 1000 characters and a limit from 1 to 1000',
      hint = 'For example: select * from search.documents(''"stock split" -dividend'').';
  end if;

  return query
  with query as (
    -- Words are reduced to their stems in the language of the document; a hyphen within a word is a blank, as in search.document.words.
    select
      spoken.language,
      websearch_to_tsquery(spoken.language, regexp_replace(search.plain_text(p_query), '(?<=\w)-(?=\w)', ' ', 'g')) as words
    from (select distinct language from search.document) as spoken
  ),
  best as (
    select document.*, query.words as query, ts_rank_cd(document.words, query.words, 1)::double precision as rank
    from query
    join search.document on document.language = query.language and document.words @@ query.words
    where document.known_from <= p_as_of
      and (v_instrument_id is null or document.instrument_id = v_instrument_id)
    order by rank desc, document.published_at desc, document.document_id
    limit p_limit
  )
  select
    best.document_id,
    instrument.symbol,
    best.title,
    ts_headline(best.language, search.plain_text(best.body), best.query, 'StartSel=**, StopSel=**, MaxFragments=2, MaxWords=30, MinWords=12'),
    best.rank,
    best.published_at,
    best.known_from,
    best.source_url
  from best
  left join market.instrument on instrument.instrument_id = best.instrument_id
  order by best.rank desc, best.published_at desc, best.document_id;
end
$$;

comment on function search.documents(text, timestamptz, text, integer) is
'The documents with the words of p_query that could be known at p_as_of (default: now), best first, p_limit at most. p_query is written as for a web search:
words that must all be there, "a phrase", or, -without. The title counts more than the text; the rank is PostgreSQL''s cover density, divided by the
logarithm of the length. p_symbol: only about that instrument. MB001 for an empty or overlong query or a limit outside 1 to 1000, MB002 for an unknown
symbol.';

revoke all on function search.documents(text, timestamptz, text, integer) from public;
grant execute on function search.documents(text, timestamptz, text, integer) to marketbase_reader;
