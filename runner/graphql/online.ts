import "postgraphile";
import { lambda, list } from "postgraphile/grafast";
import { extendSchema, gql } from "postgraphile/utils";
import { checkNames } from "../online/http.ts";
import { valuesByName } from "../online/json.ts";
import { knownFromOf, revisionOf, tsOf } from "../online/packed.ts";
import type { OnlineReader } from "../online/read.ts";

type Arguments = readonly [set: string, symbols: readonly string[], version: string | null | undefined, features: readonly string[] | null | undefined];

/** The field `onlineFeatures`: what `GET /features/<set>` answers, from Redis where that is certain to be what the database has. */
export function onlinePlugin(online: () => OnlineReader | undefined): GraphileConfig.Plugin {
  const read = async ([set, symbols, version, features]: Arguments) => {
    const reader = online();
    if (reader === undefined) throw new Error("nothing reads features here");
    const answer = await reader.read({ set, version: version ?? undefined, ...checkNames(symbols, features ?? undefined) });
    return answer.vectors.map(({ symbol, vector }) => ({
      symbol,
      version: answer.version,
      ts: vector === undefined ? null : tsOf(vector),
      knownFrom: vector === undefined ? null : knownFromOf(vector),
      revision: vector === undefined ? null : revisionOf(vector),
      values: vector === undefined ? null : valuesByName(answer.selection, vector),
    }));
  };
  return extendSchema({
    typeDefs: gql`
      extend type Query {
        """
        The newest features of instruments, in the order of the symbols: from Redis where that is certain to be what the database has, else from the database. At most 500 symbols and 100,000 values.
        """
        onlineFeatures(
          "Name of the set, such as qlib14."
          set: String!
          symbols: [String!]!
          "Version of the set; the one in force where it is left out."
          version: String
          "Only these features; all where it is left out."
          features: [String!]
        ): [OnlineFeatures!]!
      }

      "The newest vector of an instrument."
      type OnlineFeatures {
        symbol: String!
        "Version of the set."
        version: String!
        "Start of the bar; null where the instrument has no vector."
        ts: Datetime
        "From when the values could be known."
        knownFrom: Datetime
        revision: Int
        "Values by name; null during warm-up; NaN and infinities are texts."
        values: JSON
      }
    `,
    objects: {
      Query: {
        plans: {
          onlineFeatures(_$root, given) {
            const $arguments = list(["set", "symbols", "version", "features"].map((name) => given.getRaw(name)));
            return lambda($arguments, (values) => read(values as unknown as Arguments));
          },
        },
      },
    },
  });
}
