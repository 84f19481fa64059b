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
  with split as materialized (
    select action.instrument_id, action.ex_date, action.known_from, action.amount::double precision as ratio
    from market.corporate_action action
    where action.instrument_id = any (p_instrument_ids) and action.action_type = 'split'
  ),
  -- A series is a concept of a company: one number is found and sorted faster than the two.
  filed as materialized (
    select value.*, dense_rank() over (order by value.instrument_id, value.concept)::integer as series
    from market.concept_values(p_instrument_ids, p_concepts) as value
    where (value.known_to is null or p_from is null or value.known_to > p_from) and (p_to is null or value.known_from <= p_to)
      and (value.period_end = value.period_start) = (value.kind in ('balance', 'shares'))
  ),
  -- A filing speaks in the shares of its day: with each split its value is another one.
  value as materialized (
    select series, kind, priority, formula, period_start, period_end, value, filed, known_from, known_to
    from filed
    where kind not in ('flow per share', 'shares')
    union all
    select
      filed.series, filed.kind, filed.priority, filed.formula, filed.period_start, filed.period_end,
      case filed.kind when 'shares' then filed.value * later.ratio else filed.value / later.ratio end,
      filed.filed, piece.known_from,
      lead(piece.known_from, 1, filed.known_to) over (
        partition by filed.series, filed.priority, filed.period_start, filed.period_end, filed.known_from order by piece.known_from
      )
    from filed
    cross join lateral (
      select filed.known_from
      union
      select split.known_from
      from split
      where split.instrument_id = filed.instrument_id and split.ex_date > filed.filed
        and split.known_from > filed.known_from and split.known_from < coalesce(filed.known_to, 'infinity')
    ) as piece
    cross join lateral (
      select market.product(split.ratio)::numeric as ratio
      from split
      where split.instrument_id = filed.instrument_id and split.ex_date > filed.filed and split.known_from <= piece.known_from
    ) as later
    where filed.kind in ('flow per share', 'shares')
  ),
  -- The moments at which something changes, numbered over all series, each with the latest period that had been reported by then.
  change as (
    select series, greatest(known_from, p_from) as known_from, period_end from value where p_to is null or known_from <= p_to
    union all
    select series, known_to, null from value where known_to <= coalesce(p_to, 'infinity') and (p_from is null or known_to > p_from)
  ), moment as materialized (
    select change.series, change.known_from, change.latest_end, row_number() over (order by change.series, change.known_from)::integer as moment
    from (select distinct series, known_from, max(period_end) over (partition by series order by known_from) as latest_end from change) as change
  ), calendar as (
    select
      series, min(moment) - 1 as before, count(*)::integer as moments, array_agg(known_from order by moment) as known_from,
      array_agg(latest_end order by moment) as latest_end
    from moment
    group by series
  ),
  -- What was known at each moment: of flows the last two years, of what is on a day enough for a year ago. A value counts from its own moment until that of
  -- the next one, or until it is too old. A company may use several tags: the one of the latest period goes before the others.
  candidate as (
    select
      calendar.before + place.number as moment, value.kind, value.priority, value.formula, value.period_start, value.period_end, value.value, value.filed,
      first_value(value.priority) over (partition by calendar.before + place.number order by value.period_end desc, value.priority) as priority_in_use
    from value
    join calendar using (series)
    cross join lateral generate_series(
      width_bucket(greatest(value.known_from, p_from), calendar.known_from),
      least(
        width_bucket(value.period_end + case when value.kind in ('balance', 'shares') then 500 else 760 end - 1, calendar.latest_end),
        case when value.known_to <= calendar.known_from[calendar.moments] then width_bucket(value.known_to, calendar.known_from) - 1 else calendar.moments end
      )
    ) as place (number)
    where (p_to is null or value.known_from <= p_to) and (p_from is null or value.known_to is null or value.known_to > p_from)
  ), known as materialized (
    select chosen.*, max(chosen.period_end) filter (where chosen.months in (0, 3, 6, 9, 12)) over (partition by chosen.moment) as latest_end
    from (
      select distinct on (candidate.moment, candidate.period_start, candidate.period_end)
        candidate.moment, candidate.kind = 'flow per share' as is_per_share, candidate.formula, candidate.filed, candidate.period_start,
        candidate.period_end, round((candidate.period_end - candidate.period_start) / 30.4375)::integer as months, candidate.value
      from candidate
      order by candidate.moment, candidate.period_start, candidate.period_end, candidate.priority <> candidate.priority_in_use, candidate.priority
    ) as chosen
  ),
  -- Quarters: as filed, or the year to date less the year to the quarter before, or the fiscal year less its three others.
  stretch as materialized (
    select
      moment, is_per_share, period_start, period_end, months, value, latest_end,
      lag(months) over to_date as months_before, lag(value) over to_date as value_before, lag(period_end) over to_date as end_before
    from known
    where months in (3, 6, 9, 12)
    window to_date as (partition by moment, period_start order by period_end)
  ), part_quarter as materialized (
    select moment, is_per_share, period_start, period_end, value, latest_end, 1 as choice from stretch where months = 3
    union all
    select moment, is_per_share, end_before + 1, period_end, value - value_before, latest_end, 2 from stretch where months = months_before + 3
  ), quarter as materialized (
    select distinct on (moment, period_end) moment, is_per_share, period_start, period_end, value, latest_end
    from (
      select * from part_quarter
      union all
      select year.moment, year.is_per_share, max(other.period_end) + 1, year.period_end, year.value - sum(other.value), year.latest_end, 3
      from stretch as year
      join part_quarter as other
        on other.moment = year.moment and other.period_start >= year.period_start and other.period_end < year.period_end and other.choice = 1
      where year.months = 12
      group by year.moment, year.is_per_share, year.period_end, year.value, year.latest_end
      having count(*) = 3
    ) as candidate
    order by moment, period_end, choice
  ),
  -- Twelve months, up to the latest period or the one a year before: a fiscal year as filed. Else of amounts the last fiscal year and the year to date less
  -- that of the year before, which filings restate together; of figures per share, which do not add up over unequal share counts, four quarters in a row,
  -- as everybody quotes them. Else the other way.
  twelve_months as (
    select distinct on (moment, period_end) moment, period_end, value, latest_end
    from (
      select moment, period_end, value, latest_end, 1 as choice from stretch where months = 12
      union all
      select
        year.moment, to_date.period_end, year.value + to_date.value - before.value, year.latest_end, case when year.is_per_share then 3 else 2 end
      from stretch as year
      join stretch as to_date
        on to_date.moment = year.moment and to_date.period_start = year.period_end + 1 and to_date.months < 12
        and (to_date.period_end = to_date.latest_end or to_date.period_end between to_date.latest_end - 380 and to_date.latest_end - 350)
      join stretch as before
        on before.moment = year.moment and before.period_start = year.period_start and before.months = to_date.months
      where year.months = 12
      union all
      select
        moment, period_end, sum(value) over last_four, latest_end,
        case
          when count(*) over last_four = 4 and period_end - first_value(period_start) over last_four between 350 and 380
            then case when is_per_share then 2 else 3 end
        end
      from quarter
      window last_four as (partition by moment order by period_end rows 3 preceding)
    ) as candidate
    where choice is not null and (period_end = latest_end or period_end between latest_end - 380 and latest_end - 350)
    order by moment, period_end, choice
  ),
  -- What a figure is put together from. A balance counts as twelve months: it is what there is a year before.
  part as (
    select moment, 'period' as role, period_end, value, latest_end, formula, filed from known where period_end = latest_end and months in (0, 3, 6, 9, 12)
    union all
    select moment, 'latest', period_end, value, latest_end, null, null from known where months = 0 and period_end = latest_end
    union all
    select moment, 'latest', period_end, value, latest_end, null, null from quarter where period_end = latest_end
    union all
    select moment, 'fiscal year', period_end, value, latest_end, null, null from stretch where months = 12
    union all
    select moment, 'twelve months', period_end, value, latest_end, null, null from twelve_months where period_end = latest_end
    union all
    select moment, 'year ago', period_end, value, latest_end, null, null from twelve_months where period_end < latest_end
    union all
    select moment, 'year ago', period_end, value, latest_end, null, null
    from known
    where months = 0 and period_end between latest_end - 380 and latest_end - 350
  ), figure as (
    select
      moment, max(latest_end) as period_end,
      max(value) filter (where role = 'latest') as value_latest,
      (array_agg(value order by period_end desc) filter (where role = 'fiscal year'))[1] as value_annual,
      max(value) filter (where role = 'twelve months') as value_ttm,
      (array_agg(value order by period_end desc) filter (where role = 'year ago'))[1] as value_year_ago,
      min(formula) as tag,
      max(filed) as filed
    from part
    group by moment
  ), changed as (
    -- A filing that says nothing new about the figure makes no row.
    select
      moment.series, moment.known_from, figure.*,
      row(figure.period_end, value_latest, value_annual, value_ttm, value_year_ago, tag, filed) is distinct from
        lag(row(figure.period_end, value_latest, value_annual, value_ttm, value_year_ago, tag, filed)) over (partition by moment.series order by moment)
        as is_changed
    from figure
    join moment using (moment)
  )
  select
    named.instrument_id, named.concept, changed.known_from, lead(changed.known_from) over (partition by changed.series order by changed.known_from),
    changed.period_end, changed.value_latest, changed.value_annual, changed.value_ttm, changed.value_year_ago, changed.tag, changed.filed
  from changed
  join (select distinct series, instrument_id, concept from filed) as named using (series)
  where changed.is_changed
  order by named.instrument_id, named.concept, changed.known_from;
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
