import "postgraphile";
import { SafeError } from "postgraphile/grafast";
import {
  GraphQLError,
  Kind,
  getNamedType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "postgraphile/graphql";
import { DEFAULT_PAGE, MAX_PAGE } from "./paging.ts";

/** What a query may ask for. */
export interface QueryLimits {
  readonly tokens: number;
  readonly aliases: number;
  readonly depth: number;
  readonly directives: number;
  /** Objects that the answer may hold by its pages' sizes. */
  readonly cost: number;
}

export const queryLimits: QueryLimits = { tokens: 1000, aliases: 15, depth: 10, directives: 50, cost: 50_000 };

/** What a query asks for. */
export type QueryMeasures = Omit<QueryLimits, "tokens">;

/**
 * Refuses a query that asks for too much, or for what there is not, before it is validated, planned or run. The tokens are counted while it is parsed, so that the cost
 * of refusing does not grow with the query. Says nothing about a query that does not parse: that is reported where it is parsed in earnest.
 */
export function requireWithinLimits(query: string, variables: Readonly<Record<string, unknown>>, schema: GraphQLSchema, limits: QueryLimits = queryLimits): void {
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: limits.tokens, noLocation: true });
  } catch (error) {
    if (error instanceof GraphQLError && error.message.includes("tokens. Parsing aborted")) {
      throw refusal(`The query has more than ${limits.tokens} tokens; split it.`);
    }
    return;
  }
  requireKnownOperations(document, schema);
  const found = measure(document, variables, schema);
  if (found.aliases > limits.aliases) throw refusal(`The query has ${found.aliases} aliases; at most ${limits.aliases} are allowed.`);
  if (found.depth > limits.depth) throw refusal(`The query is ${found.depth} levels deep; at most ${limits.depth} are allowed.`);
  if (found.directives > limits.directives) throw refusal(`The query has ${found.directives} directives; at most ${limits.directives} are allowed.`);
  if (found.cost > limits.cost) {
    throw refusal(`The query may return ${found.cost} objects; at most ${limits.cost} are allowed. Ask for smaller pages with "first", or for fewer levels of lists.`);
  }
}

/** Refuses operations of a kind that the schema does not have: what the role may not do is not in it, and the planner would fail without a reason. */
function requireKnownOperations(document: DocumentNode, schema: GraphQLSchema): void {
  const unknown = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION && schema.getRootType(node.operation) == null);
  if (unknown?.kind !== Kind.OPERATION_DEFINITION) return;
  throw refusal(`This role may only read: there is no ${unknown.operation} in its schema.`, "FORBIDDEN");
}

/** Measures every operation of a document as if it were sent alone, and returns the largest of each measure. */
export function measure(document: DocumentNode, variables: Readonly<Record<string, unknown>>, schema: GraphQLSchema): QueryMeasures {
  const fragments = new Map(document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION).map((node) => [node.name.value, node]));
  const walker: Walker = { fragments, fragmentMeasures: new Map(), schema, valueOf: () => undefined };
  let largest = nothing;
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
    const root = schema.getRootType(operation.operation) ?? undefined;
    const own: Walker = { ...walker, fragmentMeasures: new Map(), valueOf: variableReader(operation, variables) };
    const found = walkSelections(operation.selectionSet, root, 1, own);
    const directives = found.directives + (operation.directives?.length ?? 0);
    largest = {
      aliases: Math.max(largest.aliases, found.aliases),
      depth: Math.max(largest.depth, found.depth),
      directives: Math.max(largest.directives, directives),
      cost: Math.max(largest.cost, found.cost),
    };
  }
  return largest;
}

const nothing: QueryMeasures = { aliases: 0, depth: 0, directives: 0, cost: 0 };

interface Walker {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each fragment is measured once for each size of page it is spread in; undefined while it is being measured. */
  readonly fragmentMeasures: Map<string, QueryMeasures | undefined>;
  readonly schema: GraphQLSchema;
  readonly valueOf: (variable: string) => unknown;
}

/** `page` is the number of rows that `nodes` and `edges` have at this place. */
function walkSelections(selections: SelectionSetNode, parent: GraphQLNamedType | undefined, page: number, walker: Walker): QueryMeasures {
  let sum = nothing;
  for (const node of selections.selections) {
    const found =
      node.kind === Kind.FIELD
        ? walkField(node, parent, page, walker)
        : node.kind === Kind.INLINE_FRAGMENT
          ? walkSelections(node.selectionSet, node.typeCondition === undefined ? parent : walker.schema.getType(node.typeCondition.name.value), page, walker)
          : walkFragment(node.name.value, page, walker);
    sum = {
      aliases: sum.aliases + found.aliases,
      depth: Math.max(sum.depth, found.depth),
      directives: sum.directives + found.directives + (node.directives?.length ?? 0),
      cost: sum.cost + found.cost,
    };
  }
  return sum;
}

function walkFragment(name: string, page: number, walker: Walker): QueryMeasures {
  const key = `${name} ${page}`;
  // A fragment that is unknown or spreads itself is an error of validation; here it counts once.
  if (walker.fragmentMeasures.has(key)) return walker.fragmentMeasures.get(key) ?? nothing;
  const fragment = walker.fragments.get(name);
  if (fragment === undefined) return nothing;
  walker.fragmentMeasures.set(key, undefined);
  const found = walkSelections(fragment.selectionSet, walker.schema.getType(fragment.typeCondition.name.value), page, walker);
  walker.fragmentMeasures.set(key, found);
  return found;
}

function walkField(node: FieldNode, parent: GraphQLNamedType | undefined, page: number, walker: Walker): QueryMeasures {
  const aliases = node.alias === undefined || node.alias.value === node.name.value ? 0 : 1;
  if (node.selectionSet === undefined) return { ...nothing, aliases, depth: 1 };
  const field = isObjectType(parent) ? parent.getFields()[node.name.value] : undefined;
  const below = walkSelections(node.selectionSet, field === undefined ? undefined : getNamedType(field.type), field === undefined ? 1 : pageOf(node, field, walker), walker);
  // The introspection that an explorer sends is deep by nature; validation has a limit of its own for it.
  const introspects = node.name.value === "__schema" || node.name.value === "__type";
  return {
    aliases: aliases + below.aliases,
    depth: introspects ? 1 : 1 + below.depth,
    directives: below.directives,
    cost: field === undefined ? 0 : objectsOf(node, field, page) * (1 + below.cost),
  };
}

/** Objects that a field returns for each object that it stands in. */
function objectsOf(node: FieldNode, field: GraphQLField<unknown, unknown>, page: number): number {
  if (node.name.value === "nodes" || node.name.value === "edges") return page;
  return isUnpagedList(field) ? DEFAULT_PAGE : 1;
}

/** Rows of the page of a field; 1 where it has no pages. */
function pageOf(node: FieldNode, field: GraphQLField<unknown, unknown>, walker: Walker): number {
  if (!field.args.some(({ name }) => name === "first")) return 1;
  const asked = pageArgument(node, "first", walker) ?? pageArgument(node, "last", walker) ?? DEFAULT_PAGE;
  return Math.min(Math.max(asked, 1), MAX_PAGE);
}

function isUnpagedList(field: GraphQLField<unknown, unknown>): boolean {
  return isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
}

function pageArgument(node: FieldNode, name: string, walker: Walker): number | undefined {
  const value = node.arguments?.find((argument) => argument.name.value === name)?.value;
  if (value?.kind === Kind.INT) return Number(value.value);
  if (value?.kind !== Kind.VARIABLE) return undefined;
  const given = walker.valueOf(value.name.value);
  return typeof given === "number" ? given : undefined;
}

function variableReader(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): (name: string) => unknown {
  const defaults = new Map<string, number>();
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue?.kind === Kind.INT) defaults.set(variable.name.value, Number(defaultValue.value));
  }
  return (name) => variables[name] ?? defaults.get(name);
}

function refusal(message: string, code: "QUERY_TOO_LARGE" | "FORBIDDEN" = "QUERY_TOO_LARGE"): SafeError {
  return new SafeError(message, { statusCode: 400, code });
}

/** Applies the limits to whatever arrives, over HTTP or a websocket. */
export function limitsPlugin(schemaOf: () => GraphQLSchema | undefined, limits: QueryLimits = queryLimits): GraphileConfig.Plugin {
  return {
    name: "MarketbaseLimitsPlugin",
    version: "1.0.0",
    grafserv: {
      middleware: {
        processGraphQLRequestBody(next, { body }) {
          const schema = schemaOf();
          const variables = body.variableValues;
          if (typeof body.query === "string" && schema !== undefined) {
            requireWithinLimits(body.query, isRecord(variables) ? variables : {}, schema, limits);
          }
          return next();
        },
      },
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
