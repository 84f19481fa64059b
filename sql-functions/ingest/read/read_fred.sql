-- What FRED sends, XML or JSON, in the one shape of its JSON.
create or replace function ingest.read_fred(p_raw_response_id bigint) returns jsonb
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text := ingest.body_text(p_raw_response_id);
  tree xml;
  document jsonb;
begin
  if body !~ '^\s*(<\?xml|<observations|<seriess|<error)' then
    document := ingest.body_json(p_raw_response_id);
  else
    begin
      tree := xmlparse(document body);
    exception
      when invalid_xml_document or invalid_xml_content then
        perform ingest.require_success(p_raw_response_id);
        raise exception using
          errcode = 'MB004',
          message = 'the body is XML that ends too early or is not well formed',
          hint = 'The bytes are kept in ingest.raw_response.';
    end;
    -- The attributes of the root, and those of its children as a list under the name that JSON gives it.
    select jsonb_object_agg(root.name, root.value) into document
    from xmltable('/*/@*' passing tree columns name text path 'name()', value text path '.') as root;
    if xpath_exists('/error', tree) then
      document := jsonb_build_object('error_code', document -> 'code', 'error_message', document -> 'message');
    elsif xpath_exists('/observations', tree) then
      document := coalesce(document, '{}') || jsonb_build_object('observations', coalesce((
        select jsonb_agg(jsonb_build_object(
          'realtime_start', item.realtime_start, 'realtime_end', item.realtime_end, 'date', item.date, 'value', item.value) order by item.position)
        from xmltable('/observations/observation' passing tree columns
          position for ordinality, realtime_start text path '@realtime_start', realtime_end text path '@realtime_end', date text path '@date',
          value text path '@value') as item
      ), '[]'));
    elsif xpath_exists('/seriess', tree) then
      document := coalesce(document, '{}') || jsonb_build_object('seriess', coalesce((
        select jsonb_agg(jsonb_build_object(
          'id', item.id, 'title', item.title, 'units', item.units, 'frequency', item.frequency, 'seasonal_adjustment', item.seasonal_adjustment,
          'last_updated', item.last_updated) order by item.position)
        from xmltable('/seriess/series' passing tree columns
          position for ordinality, id text path '@id', title text path '@title', units text path '@units', frequency text path '@frequency',
          seasonal_adjustment text path '@seasonal_adjustment', last_updated text path '@last_updated') as item
      ), '[]'));
    end if;
  end if;
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  return document;
end
$$;

comment on function ingest.read_fred(bigint) is
'A body of FRED as a JSON object: {"observations": […], "units": …} or {"seriess": […]}, whether it came as JSON or as XML. MB010 with FRED''s words when it says an error, MB004 when the body is neither.';

revoke all on function ingest.read_fred(bigint) from public;
grant execute on function ingest.read_fred(bigint) to marketbase_worker;
