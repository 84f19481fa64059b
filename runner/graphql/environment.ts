/**
 * Imported before PostGraphile, which reads GRAPHILE_ENV once, when it is loaded, and complains where it is not set. The default is that of our
 * configuration.
 */
process.env["GRAPHILE_ENV"] ??= "development";
