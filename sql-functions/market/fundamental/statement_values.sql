-- The lines of the statements as they had been filed by a moment, each under the tag that counts.
create or replace function market.statement_values(p_instrument_id bigint, p_as_of timestamptz, p_items text[])
returns table (
  item text,
  measure text,
  period_start date,
  period_end date,
  months integer,
  value numeric,
  unit text,
  tag text,
  filed date,
  known_from timestamptz,
  is_yearly boolean,
  is_usual_tag boolean
)
language sql stable parallel safe
rows 1000
-- Facts are found by their key, whatever its caller prefers.
set enable_nestloop to on
-- Compiling the query would take longer than running it.
set jit to off
begin atomic
  with line as (
    select distinct line.item, line.measure from market.statement_item line where line.item = any (p_items)
  ), source as (
    select
      line.item, line.measure, tag.priority, tag.taxonomy, tag.tag, tag.weight,
      count(*) over same as tag_count,
      string_agg(case tag.weight when -1 then ' - ' else ' + ' end || tag.tag, '') over (
        same order by tag.weight desc, tag.tag desc rows between unbounded preceding and unbounded following
      ) as formula
    from line
    join market.statement_tag tag using (item)
    window same as (partition by tag.item, tag.taxonomy, tag.priority)
  ), version as (
    select
      source.item, source.measure, source.priority, source.taxonomy, source.weight, source.tag_count,
      case when source.formula like ' - %' then '- ' || substr(source.formula, 4) else substr(source.formula, 4) end as formula,
      fact.period_start, fact.period_end, fact.unit, fact.value, fact.filed, fact.known_from, fact.form, fact.provider,
      -- Filings may arrive out of order: the next version known ends one, as in market.company_fundamental_version.
      least(fact.known_to, lead(fact.known_from) over (
        partition by source.item, source.priority, source.taxonomy, source.tag, fact.unit, fact.period_start, fact.period_end
        order by fact.known_from, fact.version
      )) as known_to
    from source
    cross join lateral (
      select current.period_start, current.period_end, current.version, current.unit, current.value, current.filed, current.known_from,
        null::timestamptz as known_to, current.form, current.provider
      from market.company_fundamental current
      where current.instrument_id = p_instrument_id and current.taxonomy = source.taxonomy and current.concept = source.tag
      union all
      select history.period_start, history.period_end, history.version, history.unit, history.value, history.filed, history.known_from,
        history.known_to, history.form, history.provider
      from market.company_fundamental_history history
      where history.instrument_id = p_instrument_id and history.taxonomy = source.taxonomy and history.concept = source.tag
        and history.known_to > history.known_from
    ) as fact
    where (fact.period_end = fact.period_start) = (source.measure in ('balance', 'shares'))
  ), said as materialized (
    select version.*, provider.priority as provider_priority
    from version
    join ingest.provider using (provider)
    where version.known_from <= p_as_of and (version.known_to is null or p_as_of < version.known_to)
  ),
  -- One source and one currency for all: figures of two providers, or in two currencies, do not add up.
  chosen as (
    select said.taxonomy from said group by said.taxonomy order by min(said.provider_priority), count(*) desc, said.taxonomy limit 1
  ), currency as (
    select mode() within group (order by said.unit) as code
    from said
    join chosen using (taxonomy)
    where said.measure in ('flow', 'balance') and said.unit ~ '^[A-Z]{3}$'
  ), filed as (
    select
      said.item, said.measure, said.priority, said.formula, said.period_start, said.period_end, said.unit,
      sum(said.weight * said.value) as value, max(said.filed) as filed, max(said.known_from) as known_from,
      bool_or(said.form ~ '^(10-K|20-F|40-F|annual)') as is_yearly
    from said
    join chosen using (taxonomy)
    cross join currency
    where said.unit = case when said.measure in ('flow', 'balance') then currency.code when said.measure = 'flow per share' then currency.code || '/shares' else 'shares' end
    group by said.item, said.measure, said.priority, said.formula, said.tag_count, said.period_start, said.period_end, said.unit
    having count(*) = said.tag_count
  ),
  -- A company may use several tags: the one of its latest period goes before the others, then the preferred one.
  ranked as (
    select filed.*, first_value(filed.priority) over (partition by filed.item order by filed.period_end desc, filed.priority) as priority_in_use
    from filed
  ), picked as (
    select distinct on (ranked.item, ranked.period_start, ranked.period_end) ranked.*
    from ranked
    order by ranked.item, ranked.period_start, ranked.period_end, ranked.priority <> ranked.priority_in_use, ranked.priority
  )
  select
    picked.item, picked.measure, picked.period_start, picked.period_end, round((picked.period_end - picked.period_start) / 30.4375)::integer,
    case
      when picked.measure = 'flow per share' then picked.value / later.ratio
      when picked.measure in ('average shares', 'shares') then picked.value * later.ratio
      else picked.value
    end,
    picked.unit, picked.formula, picked.filed, picked.known_from, picked.is_yearly,
    picked.priority = picked.priority_in_use
  from picked
  left join lateral (
    -- A filing speaks in the shares of its day.
    select market.product(action.amount::double precision)::numeric as ratio
    from market.corporate_action action
    where picked.measure in ('flow per share', 'average shares', 'shares')
      and action.instrument_id = p_instrument_id and action.action_type = 'split' and action.ex_date > picked.filed and action.known_from <= p_as_of
  ) as later on true;
end;

comment on function market.statement_values(bigint, timestamptz, text[]) is
'The lines p_items of market.statement_item of a company, as they had been filed by p_as_of, by the tags of market.statement_tag: one row for each line and period, under the tag of its latest period, else under the preferred one.
All from one taxonomy, that of the provider which goes before the others, and in one currency, the usual one of the company. months is the length of the period, 0 for a moment. Shares and figures per share count in the shares of p_as_of,
by the splits of market.corporate_action since the filing that were known by then. is_yearly tells that a yearly report said it, is_usual_tag that it stands under the tag of the latest period. No row for NULL.';

revoke all on function market.statement_values(bigint, timestamptz, text[]) from public;
grant execute on function market.statement_values(bigint, timestamptz, text[]) to marketbase_reader;
