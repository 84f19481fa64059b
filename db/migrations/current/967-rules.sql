-- Rules whose helpers were replaced after them get their new versions.
select quality.refresh_rules();
