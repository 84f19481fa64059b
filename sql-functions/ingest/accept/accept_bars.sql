-- Candidates that passed become bars; content decides whether anything changes.
create or replace function ingest.accept_bars(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  response record;
  tolerated record;
  touched bigint[];
  candidate_count bigint;
  first_date date;
  last_date date;
  has_bars boolean;
  has_history boolean;
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, raw_response.price_basis, raw_response.splits_adjusted_to, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  select
    coalesce(max(tolerance) filter (where field = 'open'), 0) as open, coalesce(max(tolerance) filter (where field = 'high'), 0) as high,
    coalesce(max(tolerance) filter (where field = 'low'), 0) as low, coalesce(max(tolerance) filter (where field = 'close'), 0) as close,
    coalesce(max(tolerance) filter (where field = 'volume'), 0) as volume,
    coalesce(max(tolerance) filter (where field = 'adjusted_close'), 0) as adjusted_close
  into tolerated
  from ingest.field_tolerance;

  -- Actions that came without bars are locked here too.
  select array_agg(named.instrument_id order by named.instrument_id), sum(named.bar_count), min(named.first_date), max(named.last_date)
  into touched, candidate_count, first_date, last_date
  from (
    select candidate.instrument_id, count(*) as bar_count, min(candidate.session_date) as first_date, max(candidate.session_date) as last_date
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    group by candidate.instrument_id
    union all
    select action.instrument_id, 0, null, null
    from ingest.candidate_action action
    where action.raw_response_id = p_raw_response_id
    group by action.instrument_id
  ) as named;
  perform ingest.lock_bars(touched);
  candidate_count := coalesce(candidate_count, 0);

  perform ingest.record_coverage(p_raw_response_id);

  select
    bool_or(exists (select from market.price_data bar where bar.instrument_id = named.id offset 0)),
    bool_or(exists (select from market.price_data_history closed where closed.instrument_id = named.id offset 0))
  into has_bars, has_history
  from unnest(touched) as named (id);

  -- Where no bar of these instruments is known, all are new. To look for the bar that is there already costs as much as to store it, so that is left
  -- to the key: a body that gives a bar twice fails there, and is taken in as if bars were known.
  outcome.new_count := 0;
  if not has_bars then
    begin
      insert into market.price_data (
        instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
      )
      select bar.* from ingest.first_bars(p_run_id, p_raw_response_id, touched, first_date, last_date, has_history) as bar;
      get diagnostics outcome.new_count = row_count;
    exception
      when unique_violation then
        outcome.new_count := 0;
    end;
  end if;
  if outcome.new_count < candidate_count then
    insert into market.price_data (
      instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
    )
    select bar.* from ingest.first_bars(p_run_id, p_raw_response_id, touched, first_date, last_date, has_history) as bar
    on conflict (instrument_id, bar_interval, ts) do nothing;
    get diagnostics outcome.new_count = row_count;
  end if;

  outcome.changed_count := 0;
  if outcome.new_count < candidate_count then
    -- A changed bar: one whose values lie further from the stored ones than ingest.field_tolerance allows, which says why. The better provider
    -- decides whenever its body came; of one provider the newer body does. What a better provider, or a newer body of this one, said of the bar
    -- without becoming current (because it agreed) counts too.
    update market.price_data as current
    set
      session_date = candidate.session_date, open = candidate.open, high = candidate.high, low = candidate.low, close = candidate.close,
      volume = candidate.volume, adjusted_close = candidate.adjusted_close,
      known_from = greatest(response.fetched_at, current.known_from),
      provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
    from (
      select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id
      order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
    ) as candidate, ingest.provider current_provider, ingest.raw_response current_response
    where current.instrument_id = candidate.instrument_id and current.bar_interval = candidate.bar_interval and current.ts = candidate.ts
      and current_provider.provider = current.provider and current_response.raw_response_id = current.raw_response_id
      and (
        response.priority < current_provider.priority
        or response.priority = current_provider.priority and current_response.fetched_at <= response.fetched_at
      )
      and (
        abs(candidate.open - current.open) > tolerated.open * abs(current.open)
        or abs(candidate.high - current.high) > tolerated.high * abs(current.high)
        or abs(candidate.low - current.low) > tolerated.low * abs(current.low)
        or abs(candidate.close - current.close) > tolerated.close * abs(current.close)
        or abs(candidate.volume - current.volume) > tolerated.volume * abs(current.volume)
        or candidate.adjusted_close is not null and current.adjusted_close is null
        or current.provider = response.provider
          and (current_response.price_basis, current_response.splits_adjusted_to) is distinct from (response.price_basis, response.splits_adjusted_to)
        or abs(candidate.adjusted_close - current.adjusted_close) > tolerated.adjusted_close * abs(current.adjusted_close)
      )
      and not exists (
        select
        from market.price_observation said
        join ingest.provider sayer using (provider)
        where said.instrument_id = current.instrument_id and said.bar_interval = current.bar_interval and said.ts = current.ts
          and (sayer.priority < response.priority or sayer.priority = response.priority and said.known_from > response.fetched_at)
      );
    get diagnostics outcome.changed_count = row_count;
  end if;
  outcome.unchanged_count := candidate_count - outcome.new_count - outcome.changed_count;

  -- What did not become current although another provider or body is behind the bar is remembered, unless the provider says what it said last.
  if outcome.unchanged_count > 0 then
    insert into market.price_observation (
      instrument_id, bar_interval, ts, provider, known_from, session_date, open, high, low, close, volume, adjusted_close, raw_response_id, run_id
    )
    select
      candidate.instrument_id, candidate.bar_interval, candidate.ts, response.provider, response.fetched_at, candidate.session_date,
      candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume, candidate.adjusted_close, p_raw_response_id, p_run_id
    from (
      select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id
      order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
    ) as candidate
    join market.price_data current using (instrument_id, bar_interval, ts)
    left join lateral (
      select statement.*
      from market.price_statement statement
      where statement.instrument_id = candidate.instrument_id and statement.bar_interval = candidate.bar_interval and statement.ts = candidate.ts
        and statement.provider = response.provider and statement.said_at <= response.fetched_at
      order by statement.said_at desc, statement.version desc nulls last
      limit 1
    ) as latest on true
    where current.raw_response_id <> p_raw_response_id
      and (
        current.provider <> response.provider
        or (current.open, current.high, current.low, current.close, current.volume)
          is distinct from (candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume)
      )
      and (
        latest.provider is null
        or abs(candidate.open - latest.open) > tolerated.open * abs(latest.open)
        or abs(candidate.high - latest.high) > tolerated.high * abs(latest.high)
        or abs(candidate.low - latest.low) > tolerated.low * abs(latest.low)
        or abs(candidate.close - latest.close) > tolerated.close * abs(latest.close)
        or abs(candidate.volume - latest.volume) > tolerated.volume * abs(latest.volume)
        or (candidate.adjusted_close is null) <> (latest.adjusted_close is null)
        or abs(candidate.adjusted_close - latest.adjusted_close) > tolerated.adjusted_close * abs(latest.adjusted_close)
      )
    on conflict (instrument_id, bar_interval, ts, provider, known_from) do nothing;
  end if;
  return outcome;
end
$$;

comment on function ingest.accept_bars(bigint, bigint) is
'Takes the candidates of a body into market.price_data: new bars, new versions of changed ones, nothing for those that are there already; equal duplicates within the body count once. Returns the counts.
A first version is known from the close of its session, or from the arrival of its body where the provider had answered for that time without it (ingest.covered_before); a correction
from the arrival of its body. ingest.provider.priority decides between providers (the lower number), of one provider the newer body; ingest.field_tolerance says which
differences are none; the same prices on another basis are a change. What does not become current though it came from another provider, or differs, goes to market.price_observation. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_bars(bigint, bigint) from public;
grant execute on function ingest.accept_bars(bigint, bigint) to marketbase_worker;
