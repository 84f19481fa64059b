-- Look-ahead probe, drift and profile of feature sets: results that belong to a set, and what the functions return.

-- Rules on feature sets are asked when somebody wants to know, with their parameters, and not after every change of data.
alter table quality.validation_rule drop constraint if exists validation_rule_dataset_check;
alter table quality.validation_rule add constraint validation_rule_dataset_check
  check (dataset in ('candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector', 'feature_set'));

alter table quality.validation_result add column if not exists feature_set_version_id bigint references feature.feature_set_version;
create index if not exists validation_result_feature_set_version_id_idx on quality.validation_result (feature_set_version_id);
comment on column quality.validation_result.feature_set_version_id is 'Version of the feature set that a rule on sets looked at; null for the other rules.';

-- Types are dropped first so that this file can be applied again while it is current; functions that use them follow.
drop type if exists quality.set_verdict cascade;
create type quality.set_verdict as (
  checked_count bigint,
  from_ts timestamptz,
  to_ts timestamptz,
  note text,
  violations quality.violation[]
);
comment on type quality.set_verdict is 'What a rule says about a feature set.';
comment on column quality.set_verdict.checked_count is 'What was looked at: vectors or features.';
comment on column quality.set_verdict.from_ts is 'First time that was looked at.';
comment on column quality.set_verdict.to_ts is 'Last time that was looked at.';
comment on column quality.set_verdict.note is 'What else is to be said, such as what the check can miss; null for nothing.';
comment on column quality.set_verdict.violations is 'What fails.';

drop type if exists feature.probe_time cascade;
create type feature.probe_time as (
  ts timestamptz,
  reason text
);
comment on type feature.probe_time is 'A time at which a look-ahead probe compares.';
comment on column feature.probe_time.ts is 'Start of a bar of one of the probed instruments.';
comment on column feature.probe_time.reason is 'Why it was chosen: at random, start of a series or before a big move or news.';

drop type if exists feature.probe_world cascade;
create type feature.probe_world as (
  instrument_id bigint,
  ts timestamptz,
  known_at timestamptz,
  copy_id bigint
);
comment on type feature.probe_world is 'An instrument as it was at a moment, copied under an identity of its own.';
comment on column feature.probe_world.instrument_id is 'The instrument.';
comment on column feature.probe_world.ts is 'The last bar of the world.';
comment on column feature.probe_world.known_at is 'What was known by then is in the world, in the version that was known then.';
comment on column feature.probe_world.copy_id is 'Identity of the copy.';

drop type if exists feature.probe_vector cascade;
create type feature.probe_vector as (
  instrument_id bigint,
  ts timestamptz,
  known_from timestamptz,
  values double precision[]
);
comment on type feature.probe_vector is 'A computed feature vector.';
comment on column feature.probe_vector.instrument_id is 'Instrument, or a copy of it.';
comment on column feature.probe_vector.ts is 'Start of the bar.';
comment on column feature.probe_vector.known_from is 'From when the vector is said to be known.';
comment on column feature.probe_vector.values is 'Values in the order of the set.';

drop type if exists feature.probe_point cascade;
create type feature.probe_point as (
  instrument_id bigint,
  ts timestamptz,
  known_from timestamptz,
  reason text,
  feature_names text[],
  with_future double precision[],
  without_future double precision[]
);
comment on type feature.probe_point is 'A feature vector that was computed with and without the future.';
comment on column feature.probe_point.instrument_id is 'Instrument.';
comment on column feature.probe_point.ts is 'Start of the bar.';
comment on column feature.probe_point.known_from is 'From when the vector is said to be known: what became known later is the future.';
comment on column feature.probe_point.reason is 'Why this time was chosen.';
comment on column feature.probe_point.feature_names is 'Features whose values differ, in the order of the set; empty where none does.';
comment on column feature.probe_point.with_future is 'Their values when everything that is stored now may be read.';
comment on column feature.probe_point.without_future is 'Their values when the future is removed.';

drop type if exists feature.ks_result cascade;
create type feature.ks_result as (
  statistic double precision,
  p_value double precision
);
comment on type feature.ks_result is 'A two-sample Kolmogorov-Smirnov test.';
comment on column feature.ks_result.statistic is 'Largest distance between the two empirical distribution functions, 0 to 1.';
comment on column feature.ks_result.p_value is 'Probability of a distance at least that large when both samples come from one continuous distribution.';

drop type if exists feature.bin_count cascade;
create type feature.bin_count as (
  bin integer,
  baseline_count bigint,
  current_count bigint
);
comment on type feature.bin_count is 'How many values of two samples fall into a bin.';
comment on column feature.bin_count.bin is 'Number of the bin, rising with the values.';
comment on column feature.bin_count.baseline_count is 'Values of the baseline.';
comment on column feature.bin_count.current_count is 'Values of the current sample.';

drop type if exists feature.divergence cascade;
create type feature.divergence as (
  bin_count integer,
  psi double precision,
  kl double precision,
  js double precision,
  p_value double precision
);
comment on type feature.divergence is 'How far apart two samples in bins are.';
comment on column feature.divergence.bin_count is 'Bins with a value of either sample.';
comment on column feature.divergence.psi is 'Population stability index.';
comment on column feature.divergence.kl is 'Kullback-Leibler divergence of the current sample from the baseline, in nats.';
comment on column feature.divergence.js is 'Jensen-Shannon distance, 0 to 1.';
comment on column feature.divergence.p_value is 'Probability by chance of bins that are filled so differently, by the chi-square test of homogeneity.';

drop type if exists feature.feature_drift cascade;
create type feature.feature_drift as (
  feature_name text,
  level text,
  reason text,
  baseline_count bigint,
  current_count bigint,
  baseline_null_share double precision,
  current_null_share double precision,
  psi double precision,
  psi_p_value double precision,
  ks double precision,
  ks_p_value double precision,
  kl double precision,
  js double precision,
  last_ts timestamptz,
  sessions_behind integer
);
comment on type feature.feature_drift is 'How the distribution of a feature in a current window differs from that in a baseline window.';
comment on column feature.feature_drift.feature_name is 'Feature.';
comment on column feature.feature_drift.level is 'ok, warn or fail, the worst of the measures; null where a window has no values to compare.';
comment on column feature.feature_drift.reason is 'Which measures have reached which thresholds; null for none.';
comment on column feature.feature_drift.baseline_count is 'Vectors of the baseline window that were looked at, a sample where there are more than were asked for.';
comment on column feature.feature_drift.current_count is 'Vectors of the current window that were looked at.';
comment on column feature.feature_drift.baseline_null_share is 'Share of the baseline that is null, not a number or infinite, 0 to 1; null without vectors.';
comment on column feature.feature_drift.current_null_share is 'The same of the current window.';
comment on column feature.feature_drift.psi is 'Population stability index over ten bins of the baseline, see feature.psi.';
comment on column feature.feature_drift.psi_p_value is 'Probability by chance of bins that are filled so differently, by the chi-square test of homogeneity.';
comment on column feature.feature_drift.ks is 'Kolmogorov-Smirnov distance, see feature.ks.';
comment on column feature.feature_drift.ks_p_value is 'Probability of so large a distance by chance.';
comment on column feature.feature_drift.kl is 'Kullback-Leibler divergence of the current window from the baseline in nats, see feature.kl.';
comment on column feature.feature_drift.js is 'Jensen-Shannon distance, 0 to 1, see feature.js.';
comment on column feature.feature_drift.last_ts is 'Latest bar with a value among the last ten bars of each instrument up to the end of the current window; null where there is none.';
comment on column feature.feature_drift.sessions_behind is 'Sessions of that instrument''s exchange after it, up to the end of the window or yesterday.';

drop type if exists feature.feature_profile cascade;
create type feature.feature_profile as (
  feature_name text,
  row_count bigint,
  null_count bigint,
  late_null_count bigint,
  infinite_count bigint,
  zero_count bigint,
  distinct_count bigint,
  mean double precision,
  deviation double precision,
  skew double precision,
  minimum double precision,
  p01 double precision,
  p05 double precision,
  p25 double precision,
  median double precision,
  p75 double precision,
  p95 double precision,
  p99 double precision,
  maximum double precision,
  first_ts timestamptz,
  last_ts timestamptz,
  sessions_behind integer
);
comment on type feature.feature_profile is 'The values of a feature in a window, over all instruments. Figures are of the finite values unless they say otherwise.';
comment on column feature.feature_profile.feature_name is 'Feature.';
comment on column feature.feature_profile.row_count is 'Vectors.';
comment on column feature.feature_profile.null_count is 'Vectors in which it is null.';
comment on column feature.feature_profile.late_null_count is 'Nulls beyond the warm-up: after as many bars as the set looks back, or after the first value of the instrument in the window, whichever comes first.';
comment on column feature.feature_profile.infinite_count is 'Values that are infinite or not a number.';
comment on column feature.feature_profile.zero_count is 'Values that are zero.';
comment on column feature.feature_profile.distinct_count is 'Different values.';
comment on column feature.feature_profile.mean is 'Mean.';
comment on column feature.feature_profile.deviation is 'Standard deviation of the sample (n - 1).';
comment on column feature.feature_profile.skew is 'Skewness, the third central moment over the second to the power of 3/2; null where nothing varies.';
comment on column feature.feature_profile.minimum is 'Least value.';
comment on column feature.feature_profile.p01 is '1st percentile, interpolated.';
comment on column feature.feature_profile.p05 is '5th percentile.';
comment on column feature.feature_profile.p25 is '25th percentile.';
comment on column feature.feature_profile.median is 'Median.';
comment on column feature.feature_profile.p75 is '75th percentile.';
comment on column feature.feature_profile.p95 is '95th percentile.';
comment on column feature.feature_profile.p99 is '99th percentile.';
comment on column feature.feature_profile.maximum is 'Largest value.';
comment on column feature.feature_profile.first_ts is 'Bar of the first value.';
comment on column feature.feature_profile.last_ts is 'Bar of the last value.';
comment on column feature.feature_profile.sessions_behind is 'Sessions of the exchange of that instrument after the last value, up to the end of the window or yesterday.';
