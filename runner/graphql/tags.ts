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
  },
});

/** Steps of other functions: useful in SQL, of no use alone to who asks over HTTP. */
export const steps: ReadonlySet<string> = new Set([
  "feature.current_set", "feature.online_vectors", "feature.version_of", "lineage.roots", "lineage.window_start", "market.instrument_id", "market.instrument_ids",
  "ml.find_model", "ml.labels", "portfolio.find_portfolio", "portfolio.return_prices", "quality.report_moment",
]);

/**
 * Functions that the API leaves out: those of the list above, and two kinds by their nature. Those of a composite type that is no row of a table
 * are steps of other functions, as nobody could give them their argument; immutable ones read nothing, so that they could only tell what follows
 * from what the caller knows already.
 */
export const PlumbingPlugin: GraphileConfig.Plugin = {
  name: "MarketbasePlumbingPlugin",
  version: "1.0.0",
  gather: {
    hooks: {
      pgProcedures_PgResourceOptions(_info, { pgProc, resourceOptions }) {
        const kinds = pgProc.getArguments().map(({ isIn, type }) => (isIn ? type.getClass()?.relkind : undefined));
        const isOfRow = kinds[0] === "r" || kinds[0] === "v";
        const isStep = steps.has(`${pgProc.getNamespace()?.nspname}.${pgProc.proname}`);
        if (!isStep && !kinds.includes("c") && (pgProc.provolatile !== "i" || isOfRow)) return;
        resourceOptions.extensions = { ...resourceOptions.extensions, tags: { ...resourceOptions.extensions?.tags, behavior: ["-*"] } };
      },
    },
  },
};
