-- Somebody wants to hear of what happens.
create or replace function pipeline.add_destination(
  p_name text,
  p_kind text default 'webhook',
  p_url text default null,
  p_url_variable text default null,
  p_secret_variable text default null,
  p_kinds text[] default null,
  p_severities text[] default null,
  p_rules text[] default null,
  p_is_internal boolean default false,
  p_max_attempts integer default 12
) returns pipeline.alert_destination
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_is_lineage constant boolean := p_kind is not distinct from 'openlineage';
  v_kinds constant text[] := coalesce(p_kinds, case when v_is_lineage then '{run}' else '{finding,gate}' end::text[]);
  v_severities constant text[] := coalesce(p_severities, case when v_is_lineage then '{critical,error,warning,info}' else '{critical,error}' end::text[]);
  v_rules constant text[] := coalesce(p_rules, case when v_is_lineage then '{}' else '{%drift%}' end::text[]);
  v_variable constant text := '^MARKETBASE_ALERT_[A-Z0-9_]{1,80}$';
  v_advice constant text := case
    when coalesce(p_name !~ '^[a-z][a-z0-9_-]{0,62}$', true) then 'a name has up to 63 small letters, digits, - and _, a letter first'
    when p_kind is null or p_kind not in ('webhook', 'openlineage') then 'a destination is a webhook or openlineage'
    when num_nonnulls(p_url, p_url_variable) <> 1 then 'a destination has either an address or the name of the variable that holds it'
    when p_url !~ '^https?://[^\s@]+$' or length(p_url) > 2000 then 'an address begins with https:// and has no user, password or blank in it'
    when p_url !~ '^https:' and not coalesce(p_is_internal, false) then 'an address that is not internal begins with https://'
    when p_url_variable !~ v_variable or p_secret_variable !~ v_variable then 'a variable with an address or a secret is named MARKETBASE_ALERT_… in capitals'
    when cardinality(v_kinds) = 0 or not v_kinds <@ '{validation,finding,gate,run}' then 'the kinds of events are validation, finding, gate and run'
    when v_is_lineage and v_kinds <> '{run}' then 'a collector of OpenLineage gets events of the kind run alone'
    when not v_severities <@ '{critical,error,warning,info}' then 'the severities are critical, error, warning and info'
    when cardinality(v_severities) + cardinality(v_rules) = 0 then 'a destination gets some severities, some rules or both'
    when coalesce(p_max_attempts not between 1 and 100, true) then 'the attempts are 1 to 100'
  end;
  v_added pipeline.alert_destination;
begin
  if v_advice is not null then
    raise exception using errcode = 'MB001', message = v_advice, hint = 'marketbase alerts add --help has examples.';
  end if;
  insert into pipeline.alert_destination (name, kind, url, url_variable, secret_variable, kinds, severities, rules, is_internal, max_attempts)
  values (p_name, p_kind, p_url, p_url_variable, p_secret_variable, v_kinds, v_severities, v_rules, coalesce(p_is_internal, false), p_max_attempts)
  on conflict (name) do nothing
  returning * into v_added;
  if v_added.name is null then
    raise exception using
      errcode = 'MB008',
      message = format('there is a destination named "%s" already', p_name),
      hint = 'Remove it first, or take another name.';
  end if;
  return v_added;
end
$$;

comment on function pipeline.add_destination(text, text, text, text, text, text[], text[], text[], boolean, integer) is
'Adds a destination of events. p_kind is webhook or openlineage; p_url its address, or p_url_variable the name of the environment variable of the worker that holds it; p_secret_variable the name of the variable with its secret (see pipeline.alert_destination). p_kinds (default: finding, each change of the state of findings, and gate; run for openlineage; validation tells each look that failed, known or not), p_severities (critical and error; all for openlineage) and p_rules, patterns of like, of rules that are told at whatever severity (%drift%; none for openlineage) say what it gets. p_is_internal allows plain http and private addresses. Returns the destination. MB001 for arguments that make no sense, MB008 when the name is taken.';

revoke all on function pipeline.add_destination(text, text, text, text, text, text[], text[], text[], boolean, integer) from public;
grant execute on function pipeline.add_destination(text, text, text, text, text, text[], text[], text[], boolean, integer) to marketbase_worker;
