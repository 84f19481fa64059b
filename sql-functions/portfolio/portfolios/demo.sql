-- The portfolio of db/samples/demo-trades.csv.
select portfolio.define_portfolio('demo', '2013-07-01', 150000);
