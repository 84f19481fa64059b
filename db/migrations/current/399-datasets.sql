-- Corporate actions by themselves, sessions of exchanges and members of universes, beside the datasets that there are.
do $$
declare
  datasets text[];
begin
  select array_agg(distinct dataset order by dataset) into datasets
  from (
    select (regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g'))[1] as dataset
    from pg_constraint
    where conrelid = 'ingest.raw_response'::regclass and conname = 'raw_response_dataset_check'
    union all
    select unnest('{actions,sessions,members}'::text[])
  ) as known;
  alter table ingest.raw_response drop constraint if exists raw_response_dataset_check;
  execute format('alter table ingest.raw_response add constraint raw_response_dataset_check check (dataset = any (%L::text[]))', datasets);
end
$$;
