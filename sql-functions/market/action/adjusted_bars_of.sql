-- From the prices of any provider to those of the day, and from these to adjusted ones, as known at a moment.
create or replace function market.adjusted_bars_of(
  p_instrument_id bigint,
  p_adjustment text default 'split',
  p_as_of timestamptz default null,
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.adjusted_bar
language plpgsql stable parallel safe
rows 5000
set search_path to pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := coalesce(p_as_of, now());
  reference text;
begin
  if p_adjustment is null or p_adjustment not in ('none', 'split', 'split_dividend', 'total_return', 'accumulated') then
    raise exception using
      errcode = 'MB001', message = format('%L is not an adjustment.', left(p_adjustment, 40)), hint = 'It is none, split, split_dividend, total_return or accumulated.';
  elsif market.bar_length(p_bar_interval) > interval '1 day' then
    raise exception using
      errcode = 'MB001', message = format('Bars of %s cannot be adjusted: an action may lie within one.', p_bar_interval), hint = 'Adjust daily bars.';
  end if;
  -- The close before an ex-date is that of the day, where there are daily bars.
  reference := case
    when exists (
      select from market.price_data_version as bar where bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and bar.known_from <= moment
    ) then '1d'
    else p_bar_interval
  end;

  return query
    with known as materialized (
      select * from market.known_actions(p_instrument_id, moment)
    ), later as materialized (
      select * from market.known_actions(p_instrument_id, 'infinity')
    ), split_version as materialized (
      select version.ex_date, version.amount::double precision as amount, version.known_from, coalesce(version.known_to, 'infinity') as known_to
      from market.corporate_action_version as version
      where version.instrument_id = p_instrument_id and version.action_type = 'split'
    ), given as materialized (
      -- The splits that the provider had counted are those that were known when it was asked.
      select
        bar.*, basis.dividend_basis,
        case
          when basis.split_basis is null then 1
          else (
            select market.product(split.amount)
            from split_version as split
            where split.ex_date > bar.session_date and split.ex_date <= basis.split_basis
              and split.known_from <= response.fetched_at and response.fetched_at < split.known_to
          )
        end as unsplit
      from market.price_data_version as bar
      join market.instrument using (instrument_id)
      join market.exchange using (mic)
      join ingest.provider as source on source.provider = bar.provider
      join ingest.raw_response as response on response.raw_response_id = bar.raw_response_id
      cross join lateral (select (response.fetched_at at time zone exchange.time_zone)::date as fetched_date) as fetched
      cross join lateral (
        -- least takes no notice of NULL: without a day of its own the basis is the day of the fetch.
        select
          case when said.price_basis <> 'raw' then least(said.splits_adjusted_to, fetched.fetched_date) end as split_basis,
          case when said.price_basis = 'total' then least(said.splits_adjusted_to, fetched.fetched_date) end as dividend_basis
        from (
          select
            coalesce(response.price_basis, source.price_basis) as price_basis,
            coalesce(response.splits_adjusted_to, source.splits_adjusted_to) as splits_adjusted_to
        ) as said
      ) as basis
      where bar.instrument_id = p_instrument_id and bar.bar_interval in (reference, p_bar_interval)
        and bar.known_from <= moment and (bar.known_to is null or moment < bar.known_to)
    ), day as materialized (
      select array_agg(given.session_date order by given.ts) as dates, min(given.session_date) as first_date
      from given
      where given.bar_interval = reference
    ), paid as materialized (
      -- What is distributed is taken off the close before, in the shares of the ex-date, which may be that of a split too.
      select
        action.ex_date, action.amount,
        place.before_at, place.before_at + 1 as on_at,
        (select market.product(split.amount) from known as split where split.action_type = 'split' and split.ex_date = action.ex_date) as ratio
      from (
        select given_off.ex_date, sum(given_off.amount) as amount from known as given_off where given_off.action_type <> 'split' group by given_off.ex_date
      ) as action
      cross join day
      cross join lateral (select width_bucket(action.ex_date - 1, day.dates) as before_at) as place
      where place.before_at > 0
    ), fully as materialized (
      -- What a provider took off for a dividend after the moment has to be put on again too, so this looks at everything that is known now.
      select
        array_agg(bar.session_date order by bar.ts) as dates,
        array_agg(bar.close * (
          select market.product(split.amount)
          from later as split
          where split.action_type = 'split' and split.ex_date > bar.session_date
            and split.ex_date <= least(
              coalesce(response.splits_adjusted_to, source.splits_adjusted_to), (response.fetched_at at time zone exchange.time_zone)::date)
        ) order by bar.ts) as closes
      from market.price_data as bar
      join market.instrument using (instrument_id)
      join market.exchange using (mic)
      join ingest.provider as source on source.provider = bar.provider
      join ingest.raw_response as response
        on response.raw_response_id = bar.raw_response_id and coalesce(response.price_basis, source.price_basis) = 'total'
      where bar.instrument_id = p_instrument_id and bar.bar_interval = reference
    ), undone as materialized (
      -- The inverse of a product of factors 1 - amount / close is a sum over adjusted closes.
      select
        action.ex_date,
        action.amount / (
          fully.closes[place.before_at]
          / (select market.product(split.amount) from later as split where split.action_type = 'split' and split.ex_date = action.ex_date)
        ) as part
      from (
        select given_off.ex_date, sum(given_off.amount) as amount from later as given_off where given_off.action_type <> 'split' group by given_off.ex_date
      ) as action
      cross join fully
      cross join lateral (select width_bucket(action.ex_date - 1, fully.dates) as before_at) as place
      where place.before_at > 0
    ), quoted as materialized (
      select
        given.*,
        given.unsplit * case
          when given.dividend_basis is null then 1
          else 1 + coalesce((select sum(undone.part) from undone where undone.ex_date > given.session_date and undone.ex_date <= given.dividend_basis), 0)
        end as raw_factor
      from given
    ), quoted_day as materialized (
      select array_agg(quoted.close * quoted.raw_factor order by quoted.ts) as closes
      from quoted
      where quoted.bar_interval = reference
    ), split as materialized (
      select array_agg(made.ex_date order by made.ex_date) as dates, 1 || array_agg(made.shares order by made.ex_date) as shares
      from (
        select action.ex_date, market.product(action.amount) over (order by action.ex_date) as shares
        from known as action
        where action.action_type = 'split' and action.ex_date > (select day.first_date from day)
      ) as made
    ), dividend as materialized (
      select array_agg(made.ex_date order by made.ex_date) as dates, 1 || array_agg(made.share order by made.ex_date) as shares
      from (
        select paid.ex_date, market.product(factor.kept) over (order by paid.ex_date) as share
        from paid
        cross join quoted_day
        cross join lateral (
          select case
            when p_adjustment = 'split_dividend' then 1 - paid.amount / (quoted_day.closes[paid.before_at] / paid.ratio)
            else 1 / (1 + paid.amount / quoted_day.closes[paid.on_at])
          end as kept
        ) as factor
        -- Who pays more than the share is worth has given a wrong number; a dividend after the last bar waits for its price.
        where factor.kept > 0 and p_adjustment not in ('none', 'split')
      ) as made
    )
    select
      bar.instrument_id, bar.symbol, bar.bar_interval, bar.ts, bar.session_date, p_adjustment,
      bar.open * bar.raw_factor * factor.split * factor.dividend, bar.high * bar.raw_factor * factor.split * factor.dividend,
      bar.low * bar.raw_factor * factor.split * factor.dividend, bar.close * bar.raw_factor * factor.split * factor.dividend,
      bar.volume / bar.unsplit / factor.split,
      bar.close * bar.raw_factor, factor.split, factor.dividend, bar.known_from
    from quoted as bar
    cross join split
    cross join dividend
    cross join lateral (
      select
        coalesce(split.shares[width_bucket(bar.session_date, split.dates) + 1], 1) as shares,
        coalesce(dividend.shares[width_bucket(bar.session_date, dividend.dates) + 1], 1) as kept
    ) as so_far
    cross join lateral (
      select
        case p_adjustment
          when 'none' then 1
          when 'accumulated' then so_far.shares
          else so_far.shares / coalesce(split.shares[cardinality(split.shares)], 1)
        end as split,
        case
          when p_adjustment = 'accumulated' then 1 / so_far.kept
          else coalesce(dividend.shares[cardinality(dividend.shares)], 1) / so_far.kept
        end as dividend
    ) as factor
    where bar.bar_interval = p_bar_interval
      and (p_from is null or bar.session_date >= p_from)
      and (p_to is null or bar.session_date <= p_to)
    order by bar.ts;
end
$$;

comment on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) is
'market.adjusted_bars of an instrument_id.';

revoke all on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) from public;
grant execute on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) to marketbase_reader;
