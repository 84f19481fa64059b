-- The documents nearest to an embedding, exactly.
create or replace function search.nearest(
  p_embedding real[],
  p_model text,
  p_as_of timestamptz default now(),
  p_symbol text default null,
  p_limit integer default 10
) returns setof search.nearest_document
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_instrument_id constant bigint := case when p_symbol is not null then market.instrument_id(p_symbol) end;
  v_dimensions integer;
begin
  select dimensions into v_dimensions from search.document_embedding where model = p_model limit 1;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there are no embeddings by model %s', coalesce(quote_literal(left(p_model, 60)), 'null')),
      hint = coalesce(
        'The models are: ' || (select string_agg(distinct model, ', ' order by model) from search.document_embedding) || '.',
        'Store some with search.store_embedding.'
      );
  elsif cardinality(p_embedding) is distinct from v_dimensions or not coalesce(p_limit between 1 and 1000, false) then
    raise exception using
      errcode = 'MB001',
      message = format(
        'the embeddings of model %s have %s dimensions, not %s, and the limit goes from 1 to 1000', p_model, v_dimensions, coalesce(cardinality(p_embedding), 0)
      ),
      hint = 'Embed the question with the model that embedded the documents.';
  end if;

  return query
  select
    document.document_id,
    embedded.passage_no,
    instrument.symbol,
    document.title,
    search.cosine_similarity(embedded.embedding, p_embedding) as similarity,
    document.published_at,
    document.known_from,
    document.source_url
  from search.document_embedding embedded
  join search.document on document.document_id = embedded.document_id
  left join market.instrument on instrument.instrument_id = document.instrument_id
  where embedded.model = p_model
    and document.known_from <= p_as_of
    and (v_instrument_id is null or document.instrument_id = v_instrument_id)
  order by similarity desc nulls last, document.document_id, embedded.passage_no
  limit p_limit;
end
$$;

comment on function search.nearest(real[], text, timestamptz, text, integer) is
'The passages whose embeddings by model p_model have the highest cosine similarity to p_embedding, among those that could be known at p_as_of (default: now),
nearest first, p_limit at most. Exact: every embedding of the model is compared, about half a millisecond for one of 1536 dimensions. p_symbol: only about
that instrument. MB001 for another number of dimensions or a limit outside 1 to 1000, MB002 for an unknown symbol, MB003 for a model without embeddings.';

revoke all on function search.nearest(real[], text, timestamptz, text, integer) from public;
grant execute on function search.nearest(real[], text, timestamptz, text, integer) to marketbase_analyst;
