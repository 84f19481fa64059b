-- Nearly all bars are of a day: the pattern, which costs more than the other checks of a bar together, is for the others.
alter table market.price_data drop constraint if exists price_data_bar_interval_check;
alter table market.price_data add constraint price_data_bar_interval_check
  check (bar_interval = '1d' or bar_interval ~ '^([1-9][0-9]{0,3}m|[1-9][0-9]?h|[1-9][0-9]?d|1w|1mo)$');
