-- Stores the embedding of a document or of one of its passages.
create or replace function search.store_embedding(
  p_run_id bigint,
  p_document_id bigint,
  p_model text,
  p_embedding real[],
  p_passage_no integer default 0
) returns boolean
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_dimensions integer;
  v_known real[];
  v_problem text;
begin
  select dimensions into v_dimensions from search.document_embedding where model = p_model limit 1;
  if coalesce(btrim(p_model), '') = '' then
    v_problem := 'an embedding needs the name of the model that made it';
  elsif coalesce(cardinality(p_embedding), 0) = 0 or array_ndims(p_embedding) <> 1 or array_position(p_embedding, null) is not null
    or p_embedding && array['NaN', 'Infinity', '-Infinity']::real[]
  then
    v_problem := 'an embedding is a list of finite numbers';
  elsif not exists (select from unnest(p_embedding) as element where element <> 0) then
    v_problem := 'an embedding of zeros has no direction';
  elsif cardinality(p_embedding) <> v_dimensions then
    v_problem := format('the embeddings of model %s have %s dimensions, not %s', p_model, v_dimensions, cardinality(p_embedding));
  elsif not coalesce(p_passage_no >= 0, false) then
    v_problem := 'passages are numbered from 0';
  elsif not exists (select from search.document where document_id = p_document_id) then
    v_problem := format('there is no document %s', coalesce(p_document_id::text, 'null'));
  end if;
  if v_problem is not null then
    raise exception using errcode = 'MB001', message = v_problem, hint = 'See the comment of search.store_embedding.';
  end if;

  insert into search.document_embedding (document_id, model, passage_no, embedding, run_id)
  values (p_document_id, p_model, p_passage_no, p_embedding, p_run_id)
  on conflict (document_id, model, passage_no) do nothing;
  if found then
    return true;
  end if;
  select embedding into v_known from search.document_embedding where (document_id, model, passage_no) = (p_document_id, p_model, p_passage_no);
  if v_known is distinct from p_embedding then
    raise exception using
      errcode = 'MB008',
      message = format('passage %s of document %s has another embedding by model %s', p_passage_no, p_document_id, p_model),
      hint = 'Embeddings do not change; store those of another version of the model under another name.';
  end if;
  return false;
end
$$;

comment on function search.store_embedding(bigint, bigint, text, real[], integer) is
'Stores the embedding of passage p_passage_no (default 0: the whole) of a document by model p_model; true where it is new, false where it is there already.
All embeddings of a model have the same number of dimensions. MB001 bad argument, MB008 where another embedding is stored under that name.';

revoke all on function search.store_embedding(bigint, bigint, text, real[], integer) from public;
grant execute on function search.store_embedding(bigint, bigint, text, real[], integer) to marketbase_worker;
