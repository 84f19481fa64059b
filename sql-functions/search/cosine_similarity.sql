-- The cosine of the angle between two embeddings.
create or replace function search.cosine_similarity(p_a real[], p_b real[]) returns double precision
language sql immutable parallel safe
begin atomic
  select sum(a::double precision * b) / nullif(sqrt(sum(a::double precision * a)) * sqrt(sum(b::double precision * b)), 0)
  from unnest(p_a, p_b) as pair (a, b)
  having count(a) = count(*) and count(b) = count(*);
end;

comment on function search.cosine_similarity(real[], real[]) is
'Cosine similarity of two embeddings of the same length, from -1 to 1, summed in double precision. NULL where a length differs, an element is NULL or one is
zero.';

revoke all on function search.cosine_similarity(real[], real[]) from public;
grant execute on function search.cosine_similarity(real[], real[]) to marketbase_reader;
