-- Sets are compiled anew where the compiler, a kernel or its row form has changed.
select feature.refresh_versions();
