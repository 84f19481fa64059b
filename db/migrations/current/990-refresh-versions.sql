-- Functions that sets are compiled from have changed: versions follow.
select count(*) from feature.refresh_versions();
