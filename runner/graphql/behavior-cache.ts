import "postgraphile";

/** One answer for each list of arguments, found by identity. */
class Answers<T> {
  readonly #next = new Map<unknown, Answers<T>>();
  #answer: { value: T } | undefined;

  of(args: readonly unknown[], compute: () => T, from = 0): T {
    if (from === args.length) return (this.#answer ??= { value: compute() }).value;
    const known = this.#next.get(args[from]);
    if (known !== undefined) return known.of(args, compute, from + 1);
    const made = new Answers<T>();
    this.#next.set(args[from], made);
    return made.of(args, compute, from + 1);
  }
}

type Behavior = NonNullable<GraphileBuild.Build["behavior"]>;

/** The same answers, each computed once. */
function remembering(behavior: Behavior): Behavior {
  const cached: Record<string, unknown> = {};
  for (const type of behavior.behaviorEntityTypes) {
    const matches = behavior[`${type}Matches`] as (entity: unknown, filter: string) => boolean | undefined;
    const behaviorOf = behavior[`${type}Behavior`] as (entity: unknown) => string;
    const texts = new Answers<string>();
    const answers = new Answers<boolean | undefined>();
    const text = (entity: unknown) => texts.of(Array.isArray(entity) ? entity : [entity], () => behaviorOf(entity));
    cached[`${type}Behavior`] = text;
    // Entities with the same text have the same behaviours.
    cached[`${type}Matches`] = (entity: unknown, filter: string) => answers.of([text(entity), filter], () => matches(entity, filter));
  }
  return Object.create(behavior, Object.getOwnPropertyDescriptors(cached)) as Behavior;
}

/**
 * Remembers whether an entity (a table, a column of it, a relation …) has a behaviour. While PostGraphile makes the schema it asks half a million times, mostly the
 * same, and takes both texts apart each time: without this two thirds of the start go there. What an entity may do is settled before the first question.
 */
export const BehaviorCachePlugin: GraphileConfig.Plugin = {
  name: "MarketbaseBehaviorCachePlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      build(build) {
        let given: Behavior | undefined;
        let cached: Behavior | undefined;
        // It is set after this hook, and frozen when everything that decides a behaviour is known.
        Object.defineProperty(build, "behavior", {
          enumerable: true,
          configurable: true,
          set: (behavior: Behavior) => (given = behavior),
          get: () => (given !== undefined && Object.isFrozen(given) ? (cached ??= remembering(given)) : given),
        });
        return build;
      },
    },
  },
};
