-- What makes a finding the same finding when it is seen again.
create or replace function quality.finding_identity(p_rule text, p_scope text, p_instrument_id bigint, p_ts timestamptz, p_key jsonb)
returns bytea
language sql
immutable
parallel safe
return sha256(convert_to(
  jsonb_build_array(
    p_rule, p_scope, p_instrument_id, extract(epoch from p_ts), case when p_ts is null then p_key else p_key - 'row_no' end
  )::text, 'UTF8'));

comment on function quality.finding_identity(text, text, bigint, timestamptz, jsonb) is
E'@behavior -*\nsha256 over the rule (in whatever version), the scope of the look, and the instrument, time and key of the row. NULL arguments count as values; the position of a row in its body counts only where it has no time. What was observed does not count: a row that is wrong in another way is the same finding.';

revoke all on function quality.finding_identity(text, text, bigint, timestamptz, jsonb) from public;
grant execute on function quality.finding_identity(text, text, bigint, timestamptz, jsonb) to marketbase_worker;
