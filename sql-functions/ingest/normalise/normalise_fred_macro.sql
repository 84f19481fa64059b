-- Observations of a series with their vintages, or the description of a series, as FRED gives them.
create or replace function ingest.normalise_fred_macro(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.read_fred(p_raw_response_id);
  response record;
  series_name text;
  described jsonb;
begin
  select raw_response.provider, upper(btrim(raw_response.subject)) as subject into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  series_name := response.subject;

  if jsonb_typeof(document -> 'seriess') = 'array' then
    if document ? 'order_by' or jsonb_array_length(document -> 'seriess') <> 1 then
      raise exception using
        errcode = 'MB004',
        message = format('the body is a list of %s series, such as a search gives, not the observations of one', jsonb_array_length(document -> 'seriess')),
        hint = 'Choose a series of the list and ask for its observations.';
    end if;
    described := document -> 'seriess' -> 0;
    if upper(described ->> 'id') is distinct from series_name then
      raise exception using
        errcode = 'MB004',
        message = format('the body describes the series %s, but %s was asked for', described ->> 'id', series_name),
        hint = 'The subject of a macro body is the name of the series.';
    end if;
    return ingest.accept_macro_series(p_run_id, p_raw_response_id, series_name, described);
  end if;

  if jsonb_typeof(document -> 'observations') is distinct from 'array' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no observations: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected what fred/series/observations sends, as JSON or XML.';
  end if;
  if coalesce(document ->> 'units', 'lin') <> 'lin' then
    raise exception using
      errcode = 'MB004',
      message = format('the body holds the series transformed (units=%s), not its values', document ->> 'units'),
      hint = 'Ask with units=lin; changes are computed from the values.';
  end if;
  if coalesce(document ->> 'output_type', '1') not in ('1', '4') then
    raise exception using
      errcode = 'MB004',
      message = format('the body lists observations by vintage (output_type=%s)', document ->> 'output_type'),
      hint = 'Ask with output_type=1, which says from when to when each value was shown.';
  end if;

  perform ingest.accept_macro_series(p_run_id, p_raw_response_id, series_name, null);
  return ingest.accept_observations(p_run_id, p_raw_response_id, series_name, document);
end
$$;

comment on function ingest.normalise_fred_macro(bigint, bigint) is
'Takes a body of FRED into market.macro_series and market.macro_observation, in the run p_run_id, and returns the counts; the subject is the name of the series. Observations as JSON or XML, with any range of vintages; or the
description of the one series. MB010 with FRED''s own words for its errors; MB004 for the list that a search gives, for transformed values (units other than lin) and for other shapes.';

revoke all on function ingest.normalise_fred_macro(bigint, bigint) from public;
grant execute on function ingest.normalise_fred_macro(bigint, bigint) to marketbase_worker;
