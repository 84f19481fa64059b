import { jsonPgSmartTags } from "postgraphile/utils";

/**
 * What the catalogue cannot say about views, and what the API leaves out although it may be read. Keys and references of tables need nothing
 * here: a new table is in the API by itself.
 */
export const TagsPlugin: GraphileConfig.Plugin = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      // A page of bodies could be gigabytes: they are read in SQL; the API gives their length and sha256.
      "ingest.raw_response": { attribute: { body: { tags: { behavior: "-*" } } } },
      "ingest.raw_response_chunk": { tags: { behavior: "-*" } },
    },
  },
});
