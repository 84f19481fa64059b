-- A person lets through what a gate holds back.
create or replace function quality.release_gate(
  p_by text,
  p_reason text,
  p_step text default null,
  p_dataset text default null,
  p_symbol text default null,
  p_until timestamptz default null
)
returns quality.gate_release
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_instrument_id bigint;
  v_held bigint;
  v_release quality.gate_release;
begin
  perform quality.require_decision(p_by, p_reason);
  if num_nonnulls(p_step, p_dataset, p_symbol) = 0 then
    raise exception using errcode = 'MB001',
      message = 'A release names what it releases.',
      hint = 'Give a step, a dataset, a symbol, or several of them; quality.held_back lists what is held back.';
  end if;
  if p_until <= clock_timestamp() then
    raise exception using errcode = 'MB001',
      message = format('A gate cannot be released until %s: that has passed.', p_until),
      hint = 'Give a time to come, or none.';
  end if;
  if p_symbol is not null then
    v_instrument_id := market.instrument_id(p_symbol);
  end if;

  -- Of two releases at once the second finds nothing that is held back.
  perform pg_advisory_xact_lock(hashtextextended('quality.release_gate', 0));
  select coalesce(sum(held.finding_count), 0) into v_held
  from quality.held_back as held
  where (p_step is null or held.step = p_step)
    and (p_dataset is null or p_dataset = any (held.datasets))
    and (v_instrument_id is null or held.instrument_id = v_instrument_id);
  if v_held = 0 then
    raise exception using errcode = 'MB008',
      message = format('Nothing is held back for %s.', concat_ws(', ', 'step ' || left(p_step, 80), 'dataset ' || left(p_dataset, 80), left(p_symbol, 80))),
      hint = 'quality.held_back lists what is held back.';
  end if;

  insert into quality.gate_release (step, dataset, instrument_id, decided_by, reason, until, finding_count)
  values (p_step, p_dataset, v_instrument_id, p_by, p_reason, p_until, v_held)
  returning * into v_release;
  return v_release;
end;
$$;

comment on function quality.release_gate(text, text, text, text, text, timestamptz) is
'Lets the steps go on with what findings hold back now: p_by is the person, p_reason why, p_until when the gate closes again over them (NULL: never). Only for the step p_step, for findings in the dataset p_dataset, for the instrument p_symbol; one of them has to be named. The findings stay open, and what is found later holds back again. The marks of what was held back are still there: the next run of the step does it.
Errors: MB001 without person, reason or name, or for a time that has passed, MB002 for an unknown symbol, MB008 where nothing of that name is held back.';

revoke all on function quality.release_gate(text, text, text, text, text, timestamptz) from public;
grant execute on function quality.release_gate(text, text, text, text, text, timestamptz) to marketbase_worker, marketbase_author;
