-- A value of Redis is put together where it is read, in feature.online_vectors: a function of its own was not inlined and wrote every digit twice.
drop function if exists feature.online_vectors(bigint[], bigint[]);
drop function if exists feature.packed_vector(bigint, bigint, bigint, timestamptz, timestamptz, integer, double precision[]);
