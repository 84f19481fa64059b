import "postgraphile";
import { ConstantStep, SafeError, constant, lambda, type ConnectionStep, type Step } from "postgraphile/grafast";

/** Rows of a page when nothing is asked for. */
export const DEFAULT_PAGE = 100;

/** Most rows of a page, whatever is asked for. */
export const MAX_PAGE = 1000;

type AnyConnection = ConnectionStep<unknown, Step>;
type Count = number | null | undefined;

const paged = `At most ${MAX_PAGE} rows come at once; without \`first\` and \`last\` it is ${DEFAULT_PAGE}. pageInfo.hasNextPage says whether there are more.`;

/**
 * Pages have 100 rows unless asked otherwise and never more than 1000: `first` and `last` are bounded when the query runs, so that it makes no
 * difference whether they stand in the query or come as variables. Groups of aggregates, which have no pages, stop at 1000 too.
 */
export const PagingPlugin: GraphileConfig.Plugin = {
  name: "MarketbasePagingPlugin",
  version: "1.0.0",
  after: ["PgFirstLastBeforeAfterArgsPlugin", "PgAggregatesAddConnectionGroupedAggregatesPlugin"],
  schema: {
    hooks: {
      GraphQLObjectType_fields_field(field, _build, context) {
        const { fieldName, isPgFieldConnection, isPgFieldSimpleCollection } = context.scope;
        const { plan } = field;
        if (plan === undefined) return field;
        if (isPgFieldConnection === true || isPgFieldSimpleCollection === true) {
          return {
            ...field,
            plan($parent, fieldArgs, info) {
              const $rows = plan($parent, fieldArgs, info) as unknown as AnyConnection;
              // A list, and a connection over a function without a key, has no `last`.
              const argument = (name: "first" | "last") =>
                (info.field.args.some((arg) => arg.name === name) ? fieldArgs.getRaw(name) : constant(null)) as Step<Count>;
              const $first = argument("first");
              const $last = argument("last");
              $rows.setFirst(lambda([$first, $last], firstOfPage));
              if (!isAbsent($last)) $rows.setLast(lambda($last, atMostOnePage));
              return $rows;
            },
          };
        }
        if (fieldName === "groupedAggregates") {
          return {
            ...field,
            description: `Aggregates of the matching rows by group, whatever the page; at most ${MAX_PAGE} groups.`,
            plan($parent, fieldArgs, info) {
              const $groups = plan($parent, fieldArgs, info);
              ($groups as unknown as { setFirst($first: Step<Count>): void }).setFirst(constant(MAX_PAGE));
              return $groups;
            },
          };
        }
        return field;
      },
      GraphQLObjectType_fields_field_args(args, _build, context) {
        const { isPgFieldConnection, isPgFieldSimpleCollection } = context.scope;
        if (isPgFieldConnection !== true && isPgFieldSimpleCollection !== true) return args;
        const { first, last } = args;
        // The field itself applies both, because the default of the one depends on the other.
        return {
          ...args,
          ...(first === undefined ? {} : { first: { ...first, description: `Only the first rows. ${paged}`, applyPlan: appliedByField } }),
          ...(last === undefined ? {} : { last: { ...last, description: `Only the last rows. ${paged}`, applyPlan: appliedByField } }),
        };
      },
    },
  },
};

function appliedByField(): void {}

/** What `first` comes to: bounded if given, absent beside `last`, the default otherwise. */
export function firstOfPage([first, last]: readonly [Count, Count]): Count {
  if (first === null || first === undefined) return last === null || last === undefined ? DEFAULT_PAGE : null;
  return atMostOnePage(first);
}

/** Bounds a number of rows. */
export function atMostOnePage(count: Count): Count {
  if (count === null || count === undefined) return null;
  if (count < 0) throw new SafeError("A number of rows (first, last) cannot be negative.", { code: "BAD_USER_INPUT" });
  return Math.min(count, MAX_PAGE);
}

function isAbsent($count: Step<Count>): boolean {
  return $count instanceof ConstantStep && ($count.data === null || $count.data === undefined);
}
