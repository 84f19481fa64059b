import "postgraphile";
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
    // Steps of other functions: useful in SQL, of no use alone to who asks over HTTP.
    procedure: Object.fromEntries(
      ["lineage.roots", "lineage.window_start", "ml.is_complete", "ml.labels", "ml.find_model"].map((name) => [name, { tags: { behavior: "-*" } }]),
    ),
  },
});

/** Functions of a composite type that is no row of a table are steps of other functions: nobody could give them their argument. */
export const PlumbingPlugin: GraphileConfig.Plugin = {
  name: "MarketbasePlumbingPlugin",
  version: "1.0.0",
  gather: {
    hooks: {
      pgProcedures_PgResourceOptions(_info, { pgProc, resourceOptions }) {
        const takesComposite = pgProc.getArguments().some(({ isIn, type }) => isIn && type.getClass()?.relkind === "c");
        if (!takesComposite) return;
        resourceOptions.extensions = { ...resourceOptions.extensions, tags: { ...resourceOptions.extensions?.tags, behavior: ["-*"] } };
      },
    },
  },
};
