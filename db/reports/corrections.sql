-- Corrections and restatements: what was known when, before and after, and by which body.
--
--   psql "$URL" -X -f db/reports/corrections.sql                                  all that was corrected
--   psql "$URL" -X -v symbol=AAPL -v from=2026-01-01 -f db/reports/corrections.sql  of one instrument, recorded from then on
--   psql "$URL" -X -v as_of=2026-01-01 -f db/reports/corrections.sql                as of then
\set ON_ERROR_STOP on
\set report 'corrections'
\set title 'corrections and restatements'
\set takes 'as_of from to symbol lines'
\ir common/begin.sql
\echo '# Symbol:  ' :symbol_title
\echo '# Recorded:' :span_title
\ir common/lists.sql

\echo '# 1. How many versions were closed, by table and the provider that had said so'
-- chart: bars of versions over relation
select
  closed.relation,
  closed.provider,
  count(*) as versions,
  count(distinct closed.instrument_id) as instruments,
  min(closed.day) as first_day,
  max(closed.day) as last_day,
  to_char(max(closed.closed_at), 'YYYY-MM-DD HH24:MI:SS') as last_closed
from (
  select 'market.price_data' as relation, instrument_id, provider, session_date as day, closed_at from market.price_data_history
  union all
  select 'market.corporate_action', instrument_id, provider, ex_date, closed_at from market.corporate_action_history
  union all
  select 'market.company_fundamental', instrument_id, provider, period_end, closed_at from market.company_fundamental_history
) as closed
where closed.closed_at <= :'as_of'::timestamptz and :instrument_id in (0, closed.instrument_id)
  and closed.closed_at >= :'from_date'::date and closed.closed_at < :'to_date'::date + interval '1 day'
group by closed.relation, closed.provider
order by closed.relation, closed.provider;

\echo '# 2. Bars, the last corrected first: each value that changed'
\echo '# From known_from on the value after could be known, until then the one before. body: see section 5; none: removed.'
select
  to_char(old.closed_at, 'YYYY-MM-DD HH24:MI') as recorded,
  instrument.symbol,
  old.session_date as session,
  old.version as v,
  changed.field,
  changed.before,
  changed.after,
  to_char(old.known_to, 'YYYY-MM-DD HH24:MI') as known_from,
  new.raw_response_id as body
from (
  select closed.*
  from market.price_data_history as closed
  where closed.closed_at <= :'as_of'::timestamptz and :instrument_id in (0, closed.instrument_id)
    and closed.closed_at >= :'from_date'::date and closed.closed_at < :'to_date'::date + interval '1 day'
  order by closed.closed_at desc, closed.instrument_id, closed.bar_interval, closed.ts desc, closed.version desc
  limit :lines
) as old
join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = old.instrument_id
left join lateral (
  select version.*
  from market.price_data_version as version
  where version.instrument_id = old.instrument_id and version.bar_interval = old.bar_interval and version.ts = old.ts
    and version.version = old.version + 1 and version.recorded_at <= :'as_of'::timestamptz
) as new on true
cross join lateral (
  values (1, 'open', old.open, new.open), (2, 'high', old.high, new.high), (3, 'low', old.low, new.low), (4, 'close', old.close, new.close),
    (5, 'volume', old.volume, new.volume), (6, 'adjusted_close', old.adjusted_close, new.adjusted_close)
) as changed (place, field, before, after)
where changed.before is distinct from changed.after
order by old.closed_at desc, instrument.symbol, old.bar_interval, old.ts desc, old.version desc, changed.place
limit :lines;

\echo '# 3. Reported facts, the last restated first'
select
  to_char(old.closed_at, 'YYYY-MM-DD HH24:MI') as recorded,
  instrument.symbol,
  quality.report_text(old.concept, 26) as concept,
  old.period_end as period,
  trim_scale(old.value) as before,
  trim_scale(new.value) as after,
  new.filed,
  new.raw_response_id as body
from (
  select closed.*
  from market.company_fundamental_history as closed
  where closed.closed_at <= :'as_of'::timestamptz and :instrument_id in (0, closed.instrument_id)
    and closed.closed_at >= :'from_date'::date and closed.closed_at < :'to_date'::date + interval '1 day'
  order by closed.closed_at desc, closed.instrument_id, closed.period_end desc, closed.concept, closed.taxonomy, closed.unit, closed.period_start,
    closed.version desc
  limit :lines
) as old
join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = old.instrument_id
left join lateral (
  select version.value, version.filed, version.raw_response_id
  from market.company_fundamental_version as version
  where version.instrument_id = old.instrument_id and version.taxonomy = old.taxonomy and version.concept = old.concept and version.unit = old.unit
    and version.period_start = old.period_start and version.period_end = old.period_end
    and version.version = old.version + 1 and version.recorded_at <= :'as_of'::timestamptz
) as new on true
order by old.closed_at desc, instrument.symbol, old.period_end desc, old.concept, old.taxonomy, old.unit, old.period_start, old.version desc
limit :lines;

\echo '# 4. Corporate actions, the last corrected first'
select
  to_char(old.closed_at, 'YYYY-MM-DD HH24:MI') as recorded,
  instrument.symbol,
  old.action_type as action,
  old.ex_date,
  old.version as v,
  trim_scale(old.amount) as before,
  trim_scale(new.amount) as after,
  to_char(old.known_to, 'YYYY-MM-DD HH24:MI') as known_from,
  new.raw_response_id as body
from market.corporate_action_history as old
join market.instruments_as_of(:'as_of') as instrument on instrument.instrument_id = old.instrument_id
left join lateral (
  select version.amount, version.raw_response_id
  from market.corporate_action_version as version
  where version.instrument_id = old.instrument_id and version.action_type = old.action_type and version.ex_date = old.ex_date
    and version.version = old.version + 1 and version.recorded_at <= :'as_of'::timestamptz
) as new on true
where old.closed_at <= :'as_of'::timestamptz and :instrument_id in (0, old.instrument_id)
  and old.closed_at >= :'from_date'::date and old.closed_at < :'to_date'::date + interval '1 day'
order by old.closed_at desc, instrument.symbol, old.ex_date desc, old.action_type, old.version desc
limit :lines;

\echo '# 5. The bodies that brought corrections, newest first'
select
  response.raw_response_id as body,
  to_char(response.fetched_at, 'YYYY-MM-DD HH24:MI') as fetched,
  quality.report_text(format('%s %s', response.provider, response.dataset), 20) as what,
  response.sha256
from ingest.raw_response as response
where response.recorded_at <= :'as_of'::timestamptz
  and response.raw_response_id in (
    select new.raw_response_id
    from market.price_data_history as old
    join market.price_data_version as new
      on new.instrument_id = old.instrument_id and new.bar_interval = old.bar_interval and new.ts = old.ts and new.version = old.version + 1
    where old.closed_at <= :'as_of'::timestamptz and new.recorded_at <= :'as_of'::timestamptz and :instrument_id in (0, old.instrument_id)
      and old.closed_at >= :'from_date'::date and old.closed_at < :'to_date'::date + interval '1 day'
    union
    select new.raw_response_id
    from market.company_fundamental_history as old
    join market.company_fundamental_version as new
      on new.instrument_id = old.instrument_id and new.taxonomy = old.taxonomy and new.concept = old.concept and new.unit = old.unit
      and new.period_start = old.period_start and new.period_end = old.period_end and new.version = old.version + 1
    where old.closed_at <= :'as_of'::timestamptz and new.recorded_at <= :'as_of'::timestamptz and :instrument_id in (0, old.instrument_id)
      and old.closed_at >= :'from_date'::date and old.closed_at < :'to_date'::date + interval '1 day'
    union
    select new.raw_response_id
    from market.corporate_action_history as old
    join market.corporate_action_version as new
      on new.instrument_id = old.instrument_id and new.action_type = old.action_type and new.ex_date = old.ex_date and new.version = old.version + 1
    where old.closed_at <= :'as_of'::timestamptz and new.recorded_at <= :'as_of'::timestamptz and :instrument_id in (0, old.instrument_id)
      and old.closed_at >= :'from_date'::date and old.closed_at < :'to_date'::date + interval '1 day'
  )
order by response.fetched_at desc, response.raw_response_id desc
limit :lines;

\echo '# 6. What followed: feature vectors that were computed again, by set'
select
  feature_set.name || '@' || made.version as features,
  count(*) as vectors,
  count(distinct closed.instrument_id) as instruments,
  (min(closed.ts) at time zone 'UTC')::date as first_day,
  (max(closed.ts) at time zone 'UTC')::date as last_day,
  to_char(max(closed.closed_at), 'YYYY-MM-DD HH24:MI:SS') as last_closed
from feature.feature_vector_history as closed
join feature.feature_set_version as made on made.feature_set_version_id = closed.feature_set_version_id
join feature.feature_set as feature_set on feature_set.feature_set_id = made.feature_set_id
where closed.closed_at <= :'as_of'::timestamptz and :instrument_id in (0, closed.instrument_id)
  and closed.closed_at >= :'from_date'::date and closed.closed_at < :'to_date'::date + interval '1 day'
group by feature_set.name, made.version
order by feature_set.name, made.version;

\ir common/end.sql
