-- Stored data that has no instrument, by which its rules would have a result each.
create or replace function quality.whole_datasets()
returns text[]
language sql
immutable
parallel safe
return array['var_calculation', 'pipeline_run'];

comment on function quality.whole_datasets() is
E'@behavior -*\nDatasets that rules which are functions judge as a whole: their function and population give rows without an instrument, and each look is one result.';

revoke all on function quality.whole_datasets() from public;
grant execute on function quality.whole_datasets() to marketbase_worker, marketbase_author;
