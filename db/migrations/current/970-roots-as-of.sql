-- lineage.roots has a moment now; lineage.trace calls that one.
drop function if exists lineage.roots(text, bigint, text, timestamptz);
