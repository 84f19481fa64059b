import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import { PgSimplifyInflectionPlugin, PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import type pg from "pg";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";
import { makePgService } from "postgraphile/adaptors/pg";
import type { GraphQLSchema } from "postgraphile/graphql";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { BehaviorCachePlugin } from "./behavior-cache.ts";
import { errorMasker, type ErrorLog } from "./errors.ts";
import { limitsPlugin } from "./limits.ts";
import { NamingPlugin } from "./naming.ts";
import type { OnlineReader } from "../online/read.ts";
import { onlinePlugin } from "./online.ts";
import { PagingPlugin } from "./paging.ts";
import { PlumbingPlugin, TagsPlugin } from "./tags.ts";

/** The schemas of the database that the API shows. `ta` has no tables and `internal` is nobody's: see the README. */
export const exposedSchemas = ["market", "ingest", "feature", "quality", "pipeline", "lineage", "portfolio", "risk", "ml", "search"] as const;

/** The role of a request that does not say who it is. */
export const ANONYMOUS_ROLE = "marketbase_reader";

/** How the API is made. */
export interface PresetOptions {
  /** Connects as `marketbase_authenticator`. */
  readonly pool: pg.Pool;
  /** The schema once it is made; limits are counted with it. */
  readonly schemaOf: () => GraphQLSchema | undefined;
  /** What reads the newest features; undefined where only the schema is made. */
  readonly online: () => OnlineReader | undefined;
  /** Longest time for one statement, in milliseconds. */
  readonly statementMilliseconds: number;
  readonly explorer: boolean;
  readonly log: ErrorLog;
}

/** The API that PostGraphile derives from the database, with our names, pages, limits and errors. */
export function makePreset({ pool, schemaOf, online, statementMilliseconds, explorer, log }: PresetOptions): GraphileConfig.Preset {
  return {
    extends: [PostGraphileAmberPreset, { ...PgSimplifyInflectionPreset, plugins: [simplifyInflection] }, PostGraphileConnectionFilterPreset, PgAggregatesPreset],
    plugins: [BehaviorCachePlugin, NamingPlugin, TagsPlugin, PlumbingPlugin, PagingPlugin, limitsPlugin(schemaOf), onlinePlugin(online)],
    disablePlugins: [
      // Filters on columns without an index would vanish; the time limit of a statement is the fence.
      "PgIndexBehaviorsPlugin",
      // Rows are found by their keys, as in SQL; a second, opaque identity would only double the fields.
      "NodePlugin",
      "AddNodeInterfaceToSuitableTypesPlugin",
      "NodeAccessorPlugin",
      "PgTableNodePlugin",
      "PgNodeIdAttributesPlugin",
      "QueryQueryPlugin",
      // What `condition` can say, `filter` says too.
      "PgConditionArgumentPlugin",
      "PgConditionCustomFieldsPlugin",
      // Twelve thousand values of enums to order by aggregates of related rows, each a scan of both tables.
      "PgAggregatesOrderByAggregatesPlugin",
    ],
    schema: {
      // Tables are written by functions alone.
      defaultBehavior: "-insert -update -delete",
      connectionFilterRelations: true,
      connectionFilterComputedColumns: false,
    },
    pgServices: [
      makePgService({
        pool,
        schemas: [...exposedSchemas],
        // What the role may not read is not in the schema.
        pgSettingsForIntrospection: { role: ANONYMOUS_ROLE },
      }),
    ],
    grafast: {
      context: () => ({ pgSettings: { role: ANONYMOUS_ROLE, statement_timeout: String(statementMilliseconds) } }),
      timeouts: { planning: 2_000, execution: statementMilliseconds * 2 },
      explain: false,
    },
    grafserv: {
      graphqlPath: "/graphql",
      graphiql: explorer,
      graphiqlPath: "/",
      graphiqlOnGraphQLGET: explorer,
      graphqlOverGET: false,
      allowedRequestContentTypes: ["application/json"],
      maxRequestLength: 100_000,
      parseAndValidateCacheSize: 100,
      websockets: true,
      watch: false,
      maskError: errorMasker(log),
    },
  };
}

/** The plugin replaces names of the plugins that are off here, and would say so at each start. */
const simplifyInflection: GraphileConfig.Plugin = {
  ...PgSimplifyInflectionPlugin,
  inflection: { ...PgSimplifyInflectionPlugin.inflection, ignoreReplaceIfNotExists: ["nodeById", "deletedNodeId"] },
};
