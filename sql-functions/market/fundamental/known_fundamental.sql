-- What could be known of the figures of companies, from when to when: quarters, years and twelve months, put together from what had been filed by then.
create or replace function market.known_fundamental(
  p_instrument_ids bigint[],
  p_concepts text[] default null,
  p_from timestamptz default null,
  p_to timestamptz default null
) returns setof market.known_figure
language sql stable parallel safe
rows 1000
-- The planner takes the intermediate results for one row each, and would compare every one with every other.
set enable_nestloop to off
begin atomic
  with value as materialized (
    select value.*, greatest(value.known_from, p_from) as moment
    from market.concept_values(p_instrument_ids, p_concepts) as value
    where (value.known_to is null or p_from is null or value.known_to > p_from) and (p_to is null or value.known_from <= p_to)
      and (value.period_end = value.period_start) = (value.kind in ('balance', 'shares'))
  ), split as materialized (
    select action.instrument_id, action.ex_date, action.known_from, action.amount::double precision as ratio
    from market.corporate_action action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'split'
  ),
  -- The moments at which something changes, each with the latest period that had been reported by then.
  change as (
    select instrument_id, concept, kind, moment, period_end from value
    union all
    select instrument_id, concept, kind, known_to, null from value where known_to <= coalesce(p_to, 'infinity')
    union all
    select figure.instrument_id, figure.concept, figure.kind, greatest(split.known_from, p_from), null
    from (select distinct instrument_id, concept, kind from value where kind in ('flow per share', 'shares')) as figure
    join split using (instrument_id)
    where p_to is null or split.known_from <= p_to
  ), moment as (
    select distinct instrument_id, concept, kind, moment, max(period_end) over (partition by instrument_id, concept order by moment) as latest_end
    from change
  ),
  -- What was known then of the last two years. A company may use several tags: the one of the latest period goes before the others.
  candidate as (
    select
      moment.instrument_id, moment.concept, moment.kind, moment.moment, value.priority, value.formula, value.period_start, value.period_end, value.value,
      value.filed,
      first_value(value.priority) over (
        partition by moment.instrument_id, moment.concept, moment.moment order by value.period_end desc, value.priority
      ) as priority_in_use
    from moment
    join value using (instrument_id, concept)
    where value.known_from <= moment.moment and (value.known_to is null or value.known_to > moment.moment)
      and value.period_end > moment.latest_end - 760
  ), known as (
    select distinct on (instrument_id, concept, moment, period_start, period_end)
      candidate.instrument_id, candidate.concept, candidate.moment, candidate.kind, candidate.formula, candidate.filed, candidate.period_start,
      candidate.period_end,
      round((candidate.period_end - candidate.period_start) / 30.4375)::integer as months,
      case candidate.kind
        when 'shares' then candidate.value * later.ratio
        when 'flow per share' then candidate.value / later.ratio
        else candidate.value
      end as value
    from candidate
    left join lateral (
      -- A filing speaks in the shares of its day.
      select market.product(split.ratio)::numeric as ratio
      from split
      where candidate.kind in ('flow per share', 'shares')
        and split.instrument_id = candidate.instrument_id and split.ex_date > candidate.filed and split.known_from <= candidate.moment
    ) as later on true
    order by instrument_id, concept, moment, period_start, period_end, candidate.priority <> candidate.priority_in_use, candidate.priority
  ),
  -- Quarters: as filed, or the year to date less the year to the quarter before, or the fiscal year less its three others.
  stretch as (
    select
      known.*,
      lag(months) over to_date as months_before, lag(value) over to_date as value_before, lag(period_end) over to_date as end_before
    from known
    where months in (3, 6, 9, 12)
    window to_date as (partition by instrument_id, concept, moment, period_start order by period_end)
  ), part_quarter as (
    select instrument_id, concept, moment, kind, period_start, period_end, value, 1 as choice from stretch where months = 3
    union all
    select instrument_id, concept, moment, kind, end_before + 1, period_end, value - value_before, 2 from stretch where months = months_before + 3
  ), quarter as (
    select distinct on (instrument_id, concept, moment, period_end) instrument_id, concept, moment, kind, period_start, period_end, value
    from (
      select * from part_quarter
      union all
      select year.instrument_id, year.concept, year.moment, year.kind, max(other.period_end) + 1, year.period_end, year.value - sum(other.value), 3
      from stretch as year
      join part_quarter as other
        on other.instrument_id = year.instrument_id and other.concept = year.concept and other.moment = year.moment
        and other.period_start >= year.period_start and other.period_end < year.period_end and other.choice = 1
      where year.months = 12
      group by year.instrument_id, year.concept, year.moment, year.kind, year.period_end, year.value
      having count(*) = 3
    ) as candidate
    order by instrument_id, concept, moment, period_end, choice
  ),
  -- Twelve months: a fiscal year as filed. Else of amounts the last fiscal year and the year to date less that of the year before, which filings restate
  -- together; of figures per share, which do not add up over unequal share counts, four quarters in a row, as everybody quotes them. Else the other way.
  twelve_months as (
    select distinct on (instrument_id, concept, moment, period_end) instrument_id, concept, moment, period_end, value
    from (
      select instrument_id, concept, moment, period_end, value, 1 as choice from stretch where months = 12
      union all
      select
        year.instrument_id, year.concept, year.moment, to_date.period_end, year.value + to_date.value - before.value,
        case year.kind when 'flow per share' then 3 else 2 end
      from stretch as year
      join stretch as to_date
        on to_date.instrument_id = year.instrument_id and to_date.concept = year.concept and to_date.moment = year.moment
        and to_date.period_start = year.period_end + 1 and to_date.months < 12
      join stretch as before
        on before.instrument_id = year.instrument_id and before.concept = year.concept and before.moment = year.moment
        and before.period_start = year.period_start and before.months = to_date.months
      where year.months = 12
      union all
      select
        instrument_id, concept, moment, period_end, sum(value) over last_four,
        case
          when count(*) over last_four = 4 and period_end - first_value(period_start) over last_four between 350 and 380
            then case kind when 'flow per share' then 2 else 3 end
        end
      from quarter
      window last_four as (partition by instrument_id, concept, moment order by period_end rows 3 preceding)
    ) as candidate
    where choice is not null
    order by instrument_id, concept, moment, period_end, choice
  ), part as (
    select part.*, max(period_end) filter (where role = 'period') over (partition by instrument_id, concept, moment) as latest_end
    from (
      select instrument_id, concept, moment, 'period' as role, period_end, value, formula, filed from known where months in (0, 3, 6, 9, 12)
      union all
      select instrument_id, concept, moment, 'balance', period_end, value, null, null from known where months = 0
      union all
      select instrument_id, concept, moment, 'fiscal year', period_end, value, null, null from known where months = 12
      union all
      select instrument_id, concept, moment, 'quarter', period_end, value, null, null from quarter
      union all
      select instrument_id, concept, moment, 'twelve months', period_end, value, null, null from twelve_months
    ) as part
  ), figure as (
    select
      instrument_id, concept, moment, max(latest_end) as period_end,
      max(value) filter (where role in ('balance', 'quarter') and period_end = latest_end) as value_latest,
      (array_agg(value order by period_end desc) filter (where role = 'fiscal year'))[1] as value_annual,
      max(value) filter (where role = 'twelve months' and period_end = latest_end) as value_ttm,
      (array_agg(value order by period_end desc) filter (
        where role in ('balance', 'twelve months') and period_end between latest_end - 380 and latest_end - 350
      ))[1] as value_year_ago,
      min(formula) filter (where period_end = latest_end) as tag,
      max(filed) filter (where period_end = latest_end) as filed
    from part
    group by instrument_id, concept, moment
  ), changed as (
    -- A filing that says nothing new about the figure makes no row.
    select
      figure.*,
      row(period_end, value_latest, value_annual, value_ttm, value_year_ago, tag, filed) is distinct from
        lag(row(period_end, value_latest, value_annual, value_ttm, value_year_ago, tag, filed)) over (partition by instrument_id, concept order by moment)
        as is_changed
    from figure
  )
  select
    instrument_id, concept, moment, lead(moment) over (partition by instrument_id, concept order by moment),
    period_end, value_latest, value_annual, value_ttm, value_year_ago, tag, filed
  from changed
  where is_changed
  order by instrument_id, concept, moment;
end;

comment on function market.known_fundamental(bigint[], text[], timestamptz, timestamptz) is
'What could be known of the concepts p_concepts (NULL: all of market.fundamental_concept) of the companies p_instrument_ids: one row each time a filing changed it, from known_from until known_to. Join it to bars by known_from <= moment.
p_from, p_to: the moments of interest (NULL: no limit); what was known at p_from is then a row that begins there.
Each figure is the one that had last been filed for its period by then, restated or not. Where a company has reported the latest period under several tags the first of market.concept_tag counts, for earlier periods too where they have it.
A quarter is as filed, else the year to date less the year to the quarter before, else the fiscal year less its other three. Twelve months are a fiscal year as filed, else the last fiscal year
and the year to date less the same stretch of the year before, else four quarters in a row; of figures per share the quarters go before. NULL where none of these is known.
Shares and figures per share count in the shares of known_from: as filed, times or divided by the splits of market.corporate_action since the filing, which itself speaks in the shares of its day (SEC, Staff Accounting Bulletin, topic 4.C).
Where no splits are on record they are as filed. Periods are told by their length: 3, 6, 9 or 12 months, give or take two weeks.';

revoke all on function market.known_fundamental(bigint[], text[], timestamptz, timestamptz) from public;
grant execute on function market.known_fundamental(bigint[], text[], timestamptz, timestamptz) to marketbase_reader;
