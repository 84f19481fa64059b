-- Splits, dividends and spin-offs of a body become actions; priority and content decide.
create or replace function ingest.accept_actions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  outcome ingest.acceptance;
  kind text;
  cancelled_actions ingest.cancelled_action[];
  cancelled_count bigint;
  inserted_count bigint;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  perform ingest.lock_bars(array(
    select candidate.instrument_id from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id
    union
    select span.instrument_id from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id
  ));

  -- The provider no longer lists it: cancelled, unless another one does, whose word then counts.
  perform set_config('marketbase.closed_from', response.fetched_at::text, true);
  with cancelled as (
    delete from market.corporate_action as current
    using ingest.candidate_action_span span, ingest.raw_response current_response
    where span.raw_response_id = p_raw_response_id
      and current.instrument_id = span.instrument_id and current.action_type = span.action_type and current.ex_date between span.from_date and span.to_date
      and current.provider = response.provider
      and current_response.raw_response_id = current.raw_response_id and current_response.fetched_at <= response.fetched_at
      and not exists (
        select
        from ingest.candidate_action candidate
        where candidate.raw_response_id = p_raw_response_id and candidate.instrument_id = current.instrument_id
          and candidate.action_type = current.action_type and candidate.ex_date = current.ex_date
      )
    returning current.instrument_id, current.action_type, current.ex_date, current.version
  )
  select array_agg(row(cancelled.instrument_id, cancelled.action_type, cancelled.ex_date, cancelled.version)::ingest.cancelled_action) into cancelled_actions
  from cancelled;
  perform set_config('marketbase.closed_from', '', true);
  cancelled_count := coalesce(cardinality(cancelled_actions), 0);

  insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
  select
    cancelled.instrument_id, cancelled.action_type, cancelled.ex_date, other.amount, other.currency, cancelled.version + 1, response.fetched_at,
    other.provider, other.raw_response_id, p_run_id
  from unnest(cancelled_actions) as cancelled
  cross join lateral (
    select latest.*
    from (
      select distinct on (said.provider) said.*, sayer.priority
      from market.corporate_action_observation said
      join ingest.provider sayer using (provider)
      where said.instrument_id = cancelled.instrument_id and said.action_type = cancelled.action_type and said.ex_date = cancelled.ex_date
        and said.provider <> response.provider
      order by said.provider, said.known_from desc
    ) as latest
    where latest.amount is not null
    order by latest.priority
    limit 1
  ) as other;

  -- What the provider said beside another one, and now takes back.
  insert into market.corporate_action_observation (instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id)
  select latest.instrument_id, latest.action_type, latest.ex_date, response.provider, response.fetched_at, null, null, p_raw_response_id, p_run_id
  from (
    select distinct on (said.instrument_id, said.action_type, said.ex_date) said.*
    from ingest.candidate_action_span span
    join market.corporate_action_observation said
      on said.instrument_id = span.instrument_id and said.action_type = span.action_type and said.ex_date between span.from_date and span.to_date
    where span.raw_response_id = p_raw_response_id and said.provider = response.provider
    order by said.instrument_id, said.action_type, said.ex_date, said.known_from desc
  ) as latest
  where latest.amount is not null and latest.known_from < response.fetched_at
    and not exists (
      select
      from ingest.candidate_action candidate
      where candidate.raw_response_id = p_raw_response_id and candidate.instrument_id = latest.instrument_id
        and candidate.action_type = latest.action_type and candidate.ex_date = latest.ex_date
    );

  -- Splits first: they say in which shares distributions are.
  outcome.changed_count := cancelled_count;
  outcome.new_count := 0;
  foreach kind in array array['split', 'dividend', 'spin_off'] loop
    -- The better provider decides whenever its body came; of one provider the newer body does.
    with candidate as materialized (
      select distinct on (action.instrument_id, action.ex_date)
        action.instrument_id, action.action_type, action.ex_date, action.amount, action.currency,
        case kind when 'split' then 1 else market.amount_factor(action.instrument_id, action.ex_date, p_raw_response_id) end as factor
      from ingest.candidate_action action
      where action.raw_response_id = p_raw_response_id and action.action_type = kind
      order by action.instrument_id, action.ex_date, action.row_no
    ),
    compared as materialized (
      select
        candidate.*, current.provider as current_provider, current.amount as current_amount, current.currency as current_currency,
        current.raw_response_id as current_raw_response_id, current.known_from as current_known_from, current_response.fetched_at as current_fetched_at,
        ingest.is_same_amount(
          candidate.amount, candidate.factor, candidate.currency, current.amount,
          case kind when 'split' then 1 else market.amount_factor(current.instrument_id, current.ex_date, current.raw_response_id) end, current.currency
        ) as is_same,
        (
          response.priority < current_provider.priority
          or response.priority = current_provider.priority and current_response.fetched_at <= response.fetched_at
        ) and not exists (
          select
          from (
            select distinct on (observation.provider) observation.amount, observation.known_from, sayer.priority
            from market.corporate_action_observation observation
            join ingest.provider sayer using (provider)
            where observation.instrument_id = current.instrument_id and observation.action_type = kind and observation.ex_date = current.ex_date
            order by observation.provider, observation.known_from desc
          ) as said
          where said.amount is not null and said.priority < response.priority
            or said.priority = response.priority and said.known_from > response.fetched_at
        ) as decides
      from candidate
      join market.corporate_action current using (instrument_id, action_type, ex_date)
      join ingest.provider current_provider on current_provider.provider = current.provider
      join ingest.raw_response current_response on current_response.raw_response_id = current.raw_response_id
      where current.raw_response_id <> p_raw_response_id
    ),
    changed as (
      update market.corporate_action as target
      set
        amount = compared.amount, currency = compared.currency, known_from = greatest(response.fetched_at, target.known_from),
        provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
      from compared
      where compared.decides and not compared.is_same
        and target.instrument_id = compared.instrument_id and target.action_type = kind and target.ex_date = compared.ex_date
      returning target.instrument_id
    ),
    beside as (
      -- Who said something else, or the same without being behind the action, is remembered; so is who was behind it until now.
      insert into market.corporate_action_observation (instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id)
      select said.instrument_id, kind, said.ex_date, said.provider, said.said_at, said.amount, said.currency, said.raw_response_id, p_run_id
      from (
        select
          compared.instrument_id, compared.ex_date, response.provider, response.fetched_at as said_at, compared.amount, compared.currency,
          p_raw_response_id as raw_response_id
        from compared
        where compared.current_provider <> response.provider and (compared.is_same or not compared.decides)
        union all
        select
          compared.instrument_id, compared.ex_date, compared.current_provider, compared.current_fetched_at, compared.current_amount,
          compared.current_currency, compared.current_raw_response_id
        from compared
        where compared.current_provider <> response.provider and compared.decides and not compared.is_same
      ) as said
      left join lateral (
        select observation.amount, observation.currency, observation.raw_response_id, observation.known_from
        from market.corporate_action_observation observation
        where observation.instrument_id = said.instrument_id and observation.action_type = kind and observation.ex_date = said.ex_date
          and observation.provider = said.provider
        order by observation.known_from desc
        limit 1
      ) as latest on true
      where latest.known_from is null
        or latest.known_from < said.said_at and ingest.is_same_amount(
          said.amount, case kind when 'split' then 1 else market.amount_factor(said.instrument_id, said.ex_date, said.raw_response_id) end, said.currency,
          latest.amount, case kind when 'split' then 1 else market.amount_factor(said.instrument_id, said.ex_date, latest.raw_response_id) end, latest.currency
        ) is not true
      on conflict (instrument_id, action_type, ex_date, provider, known_from) do nothing
    )
    select outcome.changed_count + count(*) into outcome.changed_count from changed;

    insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
    select distinct on (candidate.instrument_id, candidate.ex_date)
      candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.amount, candidate.currency,
      1 + coalesce(closed.version, 0),
      -- What a body should have listed and did not, and what was cancelled before, is known from the arrival of this body.
      case
        when closed.version is not null or exists (
          select
          from market.price_data_version bar
          join ingest.raw_response earlier on earlier.raw_response_id = bar.raw_response_id
          where bar.instrument_id = candidate.instrument_id and bar.provider = response.provider and bar.bar_interval = '1d'
            and bar.session_date between candidate.ex_date and candidate.ex_date + 6
            and earlier.fetched_at < response.fetched_at and span.comes_with_bars
        ) then greatest(response.fetched_at, candidate.ex_date::timestamp at time zone exchange.time_zone)
        else candidate.ex_date::timestamp at time zone exchange.time_zone
      end,
      response.provider, p_raw_response_id, p_run_id
    from ingest.candidate_action candidate
    join market.instrument on instrument.instrument_id = candidate.instrument_id
    join market.exchange on exchange.mic = instrument.mic
    left join ingest.candidate_action_span span
      on span.raw_response_id = p_raw_response_id and span.instrument_id = candidate.instrument_id and span.action_type = candidate.action_type
      and candidate.ex_date between span.from_date and span.to_date
    cross join lateral (
      select max(history.version) as version
      from market.corporate_action_history history
      where history.instrument_id = candidate.instrument_id and history.action_type = candidate.action_type and history.ex_date = candidate.ex_date
    ) as closed
    where candidate.raw_response_id = p_raw_response_id and candidate.action_type = kind
    order by candidate.instrument_id, candidate.ex_date, candidate.row_no
    on conflict (instrument_id, action_type, ex_date) do nothing;
    get diagnostics inserted_count = row_count;
    outcome.new_count := outcome.new_count + inserted_count;
  end loop;

  select count(*) - outcome.new_count - outcome.changed_count + cancelled_count into outcome.unchanged_count
  from ingest.candidate_action
  where candidate_action.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_actions(bigint, bigint) is
'Takes the splits, dividends and spin-offs of a body into market.corporate_action and returns the counts. The key is instrument, type and ex-date: what comes twice, from one provider or from two, is one action. ingest.provider.priority decides between providers (the lower
number) whenever their bodies came, of one provider the newer body. Amounts are compared per share of the ex-date (market.amount_factor) as ingest.is_same_amount says, and kept as their provider gave them; so a split alone does not change the dividends before it.
What was said beside the current action stands in market.corporate_action_observation: a worse provider does not change what a better one confirmed.
One that the provider behind it no longer lists, within ingest.candidate_action_span, is cancelled: it goes to the history, known until the arrival of this body, and counts as changed; where another provider lists it, that one''s word is the next version.
A first version is known from the start of the ex-date; from the arrival of its body where an earlier body of the provider should have listed it and did not (the provider sends actions with its bars, and daily bars of the days from the ex-date on are stored from one), where it had been cancelled,
and where the amount changed.';

revoke all on function ingest.accept_actions(bigint, bigint) from public;
grant execute on function ingest.accept_actions(bigint, bigint) to marketbase_worker;
