-- Bars from a file of the user.
create or replace function ingest.normalise_csv_bars(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
begin atomic
  select ingest.read_bars_csv(
    response.raw_response_id,
    case when response.url ~ '\?symbol=' then response.subject end
  )
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id;
end;

comment on function ingest.normalise_csv_bars(bigint) is
'Fills ingest.candidate_bar from a file, as ingest.read_bars_csv says. The subject is the symbol of all its rows when the file came with one (its url then ends in ?symbol=…), else the feed to which the file belongs, or its name.';

revoke all on function ingest.normalise_csv_bars(bigint) from public;
grant execute on function ingest.normalise_csv_bars(bigint) to marketbase_worker;
