-- What the compiler and the kernels are now is put into force.
select count(*) from feature.refresh_versions();
select quality.refresh_rules();
