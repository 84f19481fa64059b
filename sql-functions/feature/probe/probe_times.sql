-- Chooses the times at which a look-ahead probe compares: half at random, half where leaks that rarely show would.
create or replace function feature.probe_times(
  p_instrument_ids bigint[],
  p_bar_interval text,
  p_lookback integer,
  p_count integer,
  p_seed bigint,
  p_compares boolean default false
) returns setof feature.probe_time
language sql stable parallel safe
begin atomic
  with bar as (
    select
      price.instrument_id, price.ts, price.known_from,
      row_number() over series as bar_no,
      abs(ln(lead(price.close) over series / price.close)) as next_move,
      price.ts - lag(price.ts) over series as pause,
      lead(price.ts) over series is null as is_last
    from market.price_data as price
    where price.instrument_id = any (p_instrument_ids) and price.bar_interval = p_bar_interval
    window series as (partition by price.instrument_id order by price.ts)
  ),
  -- When something was learnt that a leak could have used before.
  news as (
    select closed.instrument_id, closed.known_to as known_at, 'before a correction' as reason
    from market.price_data_history as closed
    where closed.instrument_id = any (p_instrument_ids) and closed.bar_interval = p_bar_interval
    union
    select fact.instrument_id, fact.known_from, case when fact.version > 1 then 'before a restatement' else 'before a filing' end
    from market.company_fundamental_version as fact
    where fact.instrument_id = any (p_instrument_ids)
    union
    select action.instrument_id, action.known_from, 'before a corporate action'
    from market.corporate_action as action
    where action.instrument_id = any (p_instrument_ids)
    union
    -- A change of group that was known on its day shows nothing.
    select membership.instrument_id, membership.known_from, 'before a change of group'
    from (
      select instrument_id, from_date, known_from from market.instrument_group
      union all
      select instrument_id, from_date, known_from from market.instrument_group_history
    ) as membership
    where p_compares and membership.instrument_id = any (p_instrument_ids)
      and membership.known_from > (membership.from_date + 1)::timestamp at time zone 'UTC'
  ),
  candidate as (
    -- The last bar of a series has no future.
    select bar.ts, 'random' as reason, row_number() over (order by hashint8extended(bar.instrument_id # hashtextextended(bar.ts::text, p_seed), p_seed)) as place
    from bar
    where not bar.is_last
    union all
    select bar.ts, 'before a big move', row_number() over (order by bar.next_move desc, bar.ts, bar.instrument_id)
    from bar
    where not bar.is_last
    union all
    -- The first bar of all, the first with a full window, and those after the longest pauses.
    select
      bar.ts, case when bar.pause is null or bar.bar_no = p_lookback + 1 then 'start of a series' else 'after a pause' end,
      row_number() over (
        order by bar.bar_no in (p_lookback + 1, p_lookback + 2) desc, bar.pause is null desc, bar.pause desc, bar.ts, bar.instrument_id
      )
    from bar
    where not bar.is_last
    union all
    select
      latest.ts, latest.reason,
      row_number() over (
        order by latest.reason in ('before a filing', 'before a corporate action'),
          hashint8extended(latest.instrument_id # hashtextextended(latest.ts::text, p_seed), p_seed)
      )
    from (
      -- The last bar that was known before, and so the one whose vector should not know.
      select news.instrument_id, min(news.reason) as reason, before.ts
      from news
      cross join lateral (
        select max(price.ts) as ts
        from market.price_data as price
        where price.instrument_id = news.instrument_id and price.bar_interval = p_bar_interval
          and price.ts < news.known_at and price.known_from < news.known_at
      ) as before
      where before.ts is not null
      group by news.instrument_id, before.ts
    ) as latest
  ),
  chosen as (
    select distinct on (candidate.ts) candidate.ts, candidate.reason, candidate.place
    from candidate
    where candidate.reason = 'random' or candidate.place <= p_count / 6
    order by candidate.ts, candidate.reason = 'random', candidate.place
  )
  select chosen.ts, chosen.reason
  from chosen
  order by chosen.reason = 'random', chosen.place
  limit p_count;
end;

comment on function feature.probe_times(bigint[], text, integer, integer, bigint, boolean) is
'Up to p_count different times of bars of length p_bar_interval of p_instrument_ids for a look-ahead probe. A sixth each: bars before the biggest moves of the close; the starts of series (p_lookback: how far the set looks back, NULL where it is unbounded) and ends of pauses; the last bars before corrections, restatements, filings, corporate actions and, with p_compares, backdated changes of group became known. The others, at least half, at random by p_seed. Bars after which an instrument has none are not chosen.';

revoke all on function feature.probe_times(bigint[], text, integer, integer, bigint, boolean) from public;
grant execute on function feature.probe_times(bigint[], text, integer, integer, bigint, boolean) to marketbase_worker;
