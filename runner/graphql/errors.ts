import { randomBytes } from "node:crypto";
import { isSafeError } from "postgraphile/grafast";
import { GraphQLError } from "postgraphile/graphql";

/** What of a database error is used here. */
interface DatabaseError extends Error {
  readonly code?: string;
  readonly hint?: string;
}

/** Errors of the database that are the caller's to mend. What PostgreSQL says itself is not passed on: it may show names, values and statements. */
const publicMessages: Readonly<Record<string, string>> = {
  "42501": "Your role may not do that.",
  "57014": "The query took too long and was stopped; ask for less, or for a shorter span of time.",
  "25P04": "The query took too long and was stopped; ask for less, or for a shorter span of time.",
  "55P03": "Somebody else is changing these rows; try again.",
  "40001": "Somebody else changed these rows at the same time; try again.",
  "40P01": "Somebody else changed these rows at the same time; try again.",
  "53300": "The database has no free connection; try again in a moment.",
  "22008": "A date or time is out of range.",
  "22007": "A date or time is not written as one.",
  "22003": "A number is out of range.",
  "22P02": "A value does not have the form of its type.",
  "2201X": "An offset cannot be negative.",
  "22021": "A text contains a character that cannot be stored.",
};

/** Where an error that nobody outside may see is written down. */
export type ErrorLog = (line: string) => void;

/**
 * Makes the function that decides what of an error leaves the server. Errors of GraphQL itself (a field that does not exist) and ours
 * (SQLSTATE MB…: written for people, the hint says what to do) go out as they are. All others become one sentence and an identity under which
 * the log has the rest.
 */
export function errorMasker(log: ErrorLog): (error: GraphQLError) => GraphQLError {
  return (error) => {
    const original = error.originalError as DatabaseError | null | undefined;
    if (original === null || original === undefined || original instanceof GraphQLError) return error;
    const { code, hint } = original;
    if (isSafeError(original)) return replace(error, original.message, original.extensions ?? {});
    if (code !== undefined && /^MB[0-9A-Z]{3}$/.test(code)) return replace(error, original.message, { code, ...(hint === undefined ? {} : { hint }) });
    const known = code === undefined ? undefined : publicMessages[code];
    if (code !== undefined && known !== undefined) return replace(error, known, { code: code === "42501" ? "FORBIDDEN" : code });
    const errorId = randomBytes(6).toString("hex");
    log(`GraphQL error ${errorId}: ${code ?? ""} ${original.stack ?? original.message}`);
    return replace(error, `The server failed to answer; its log has the reason under ${errorId}.`, { code: "INTERNAL", errorId });
  };
}

// The original error is left out on purpose: whatever serialises the result cannot leak it.
function replace(error: GraphQLError, message: string, extensions: Readonly<Record<string, unknown>>): GraphQLError {
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null, extensions });
}
