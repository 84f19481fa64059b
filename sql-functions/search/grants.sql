-- Who may do what with documents: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema search to marketbase_reader;

alter table search.document enable row level security;
drop policy if exists document_read on search.document;
create policy document_read on search.document for select to marketbase_reader using (true);
drop policy if exists document_insert on search.document;
create policy document_insert on search.document for insert to marketbase_worker with check (true);
revoke all on search.document from public, marketbase_reader, marketbase_worker;
grant select on search.document to marketbase_reader;
grant insert (
  instrument_id, title, body, language, source_url, published_at, known_from, sha256, raw_response_id, run_id
) on search.document to marketbase_worker;

alter table search.document_embedding enable row level security;
drop policy if exists document_embedding_read on search.document_embedding;
create policy document_embedding_read on search.document_embedding for select to marketbase_reader using (true);
drop policy if exists document_embedding_insert on search.document_embedding;
create policy document_embedding_insert on search.document_embedding for insert to marketbase_worker with check (true);
revoke all on search.document_embedding from public, marketbase_reader, marketbase_worker;
grant select on search.document_embedding to marketbase_reader;
grant insert (document_id, model, passage_no, embedding, run_id) on search.document_embedding to marketbase_worker;
