-- Functions that features and rules are made of have changed: new versions of both come into force.
select count(*) from feature.refresh_versions();
select quality.refresh_rules();
