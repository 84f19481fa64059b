-- The times of a look-ahead probe depend on whether a set compares instruments.
drop function if exists feature.probe_times(bigint[], text, integer, integer, bigint);
