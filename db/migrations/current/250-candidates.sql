-- Rules on one candidate are functions of it, and one pass over the candidates applies all of them.
drop function if exists
  quality.rule_bar_adjusted_close_valid(bigint, jsonb), quality.rule_bar_date_plausible(bigint, jsonb), quality.rule_bar_instrument_known(bigint, jsonb),
  quality.rule_bar_ohlc_order(bigint, jsonb), quality.rule_bar_prices_in_range(bigint, jsonb), quality.rule_bar_prices_positive(bigint, jsonb),
  quality.rule_bar_readable(bigint, jsonb), quality.rule_bar_time_aligned(bigint, jsonb), quality.rule_bar_values_present(bigint, jsonb),
  quality.rule_bar_volume_valid(bigint, jsonb);

-- Candidates are there within one transaction only. What is counted in between says of a new body that it has no rows, and joins for one row take
-- minutes for a million: without statistics the planner goes by the size of the table.
alter table ingest.candidate_bar set (autovacuum_analyze_threshold = 2147483647);
alter table ingest.candidate_fact set (autovacuum_analyze_threshold = 2147483647);
alter table ingest.candidate_action set (autovacuum_analyze_threshold = 2147483647);
select pg_clear_attribute_stats('ingest', found.relation, found.attribute, false)
from (
  select stats.tablename::text as relation, stats.attname::text as attribute
  from pg_stats as stats
  where stats.schemaname = 'ingest' and stats.tablename in ('candidate_bar', 'candidate_fact', 'candidate_action')
) as found;

-- Compression of the pieces of a file by pglz took half of the time of landing them, to halve their size.
alter table ingest.raw_response_chunk alter column body set storage external;

drop function if exists ingest.first_bars(bigint, bigint, boolean);
