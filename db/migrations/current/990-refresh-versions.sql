-- Functions that sets and rules are made of have changed: their versions follow.
select count(*) from feature.refresh_versions();
select quality.refresh_rules();
