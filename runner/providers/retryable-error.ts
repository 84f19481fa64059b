import { EXIT, UserError } from "../config/user-error.ts";

/** An error after which trying again later may succeed: a limit of the provider, a server or a network that is away. */
export type RetryableError = UserError & {
  readonly retryable: true;
  /** After how many seconds the provider wants to be asked again, where it said so. */
  readonly retryAfterSeconds: number | undefined;
  /** It is a limit of the provider and no failure: waiting for it does not count as a try. */
  readonly isLimit: boolean;
};

/** Makes one; the command ends with exit status 75, a worker puts its job back into the queue. */
export function retryableError(message: string, options: { retryAfterSeconds?: number | undefined; isLimit?: boolean; cause?: unknown } = {}): RetryableError {
  const { retryAfterSeconds, isLimit = false, cause } = options;
  const hint = retryAfterSeconds === undefined ? "Try again in a few minutes." : `Try again in ${retryAfterSeconds} seconds.`;
  return Object.assign(new UserError(message, { exitCode: EXIT.tryAgain, hint, cause }), { retryable: true as const, retryAfterSeconds, isLimit });
}

/** Whether trying again later may help. */
export function isRetryable(error: unknown): error is RetryableError {
  return error instanceof UserError && "retryable" in error && error.retryable === true;
}

const DAY_SECONDS = 86_400;

/** Reads Retry-After, which is a number of seconds or a date; a day at most, undefined when it is absent or something else. */
export function parseRetryAfter(text: string | undefined, now: Date = new Date()): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  const seconds = /^\d+$/.test(trimmed) ? Number(trimmed) : /[a-z]/i.test(trimmed) ? Math.ceil((Date.parse(trimmed) - now.getTime()) / 1_000) : Number.NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), DAY_SECONDS);
}
