-- Until when an answer with a last bar speaks.
create or replace function ingest.covered_until(p_bar_interval text, p_last_ts timestamptz, p_covers_until timestamptz, p_fetched_at timestamptz)
returns timestamptz
language sql stable strict parallel safe
return case
  when p_covers_until - (p_last_ts + market.bar_span(p_bar_interval)) <= ingest.answer_reach() then
    greatest(p_last_ts, least(p_last_ts + market.bar_span(p_bar_interval), p_fetched_at), p_covers_until)
  else greatest(p_last_ts, least(p_last_ts + market.bar_span(p_bar_interval), p_fetched_at))
end;

comment on function ingest.covered_until(text, timestamptz, timestamptz, timestamptz) is
'Until when a body speaks whose last bar, of length p_bar_interval, began at p_last_ts, that arrived at p_fetched_at and was to tell everything until p_covers_until: until then, when its last bar is not older than ingest.answer_reach() at that time,
else until the end of its last bar. NULL for NULL.';

revoke all on function ingest.covered_until(text, timestamptz, timestamptz, timestamptz) from public;
grant execute on function ingest.covered_until(text, timestamptz, timestamptz, timestamptz) to marketbase_worker;
