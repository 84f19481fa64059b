-- The last bodies of before say what the next ones are compared with.
select ingest.remember_shape(latest.run_id, latest.raw_response_id)
from (
  select response.run_id, response.raw_response_id, row_number() over (partition by response.provider, response.dataset order by response.raw_response_id desc) as back
  from ingest.raw_response as response
  where response.status between 200 and 299
    and exists (select from ingest.normalisation as done where done.raw_response_id = response.raw_response_id and done.error_code is distinct from 'MB010')
) as latest
where latest.back <= 20
order by latest.raw_response_id;
