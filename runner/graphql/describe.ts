import "./environment.ts";
import { makeSchema } from "postgraphile";
import { isEnumType, isInputObjectType, isObjectType, lexicographicSortSchema, printType, type GraphQLNamedType, type GraphQLSchema } from "postgraphile/graphql";
import { createPool } from "../database/pool.ts";
import { makePreset } from "./preset.ts";

/** The schema of the API, without a server. */
export async function readSchema(databaseUrl: string): Promise<GraphQLSchema> {
  const pool = createPool(databaseUrl, { max: 2, name: "marketbase schema" });
  try {
    const { schema, resolvedPreset } = await makeSchema(
      makePreset({ pool, schemaOf: () => undefined, online: () => undefined, statementMilliseconds: 10_000, explorer: false, log: () => undefined }),
    );
    for (const service of resolvedPreset.pgServices ?? []) await service.release?.();
    return schema;
  } finally {
    await pool.end();
  }
}

/**
 * The part of the schema that comes from the database: types and their fields, without descriptions and without what follows from them by rule
 * (filters, orders, pages, aggregates), which would be twenty times as long.
 */
export async function describeSchema(databaseUrl: string): Promise<string> {
  const schema = lexicographicSortSchema(await readSchema(databaseUrl));
  const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith("__") && isFromDatabase(type));
  return `${types.map((type) => withoutDescriptions(printType(type))).join("\n\n")}\n`;
}

function isFromDatabase(type: GraphQLNamedType): boolean {
  if (isInputObjectType(type)) return !/(Filter|FilterInput|HavingInput|Having\w+Input)$/.test(type.name);
  if (isEnumType(type)) return !/(OrderBy|GroupBy)$/.test(type.name);
  return isObjectType(type) && !/(Connection|Edge|Aggregates)$/.test(type.name) && type.name !== "PageInfo";
}

function withoutDescriptions(sdl: string): string {
  return sdl.replace(/^ *"""[\s\S]*?"""\n/gm, "").replace(/\n\n+/g, "\n");
}
