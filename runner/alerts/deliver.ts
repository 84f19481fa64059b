import type pg from "pg";
import { UserError } from "../config/user-error.ts";
import { rows, value } from "../database/pool.ts";
import { postBounded } from "../providers/http.ts";
import { isRetryable, parseRetryAfter, retryableError } from "../providers/retryable-error.ts";
import { signedHeaders } from "./sign.ts";

/** What pipeline.take_deliveries hands out. */
interface Delivery extends Record<string, unknown> {
  readonly event_id: string;
  readonly destination: string;
  readonly kind: "webhook" | "openlineage";
  readonly url: string | null;
  readonly url_variable: string | null;
  readonly secret_variable: string | null;
  readonly is_internal: boolean;
  readonly attempt: number;
  readonly body: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** How often it is looked whether something is to be sent. */
const LOOK_MS = 1_000;
/** How often it is looked whether something was delivered so long ago that it is forgotten. */
const PRUNE_MS = 3_600_000;
/** A destination that takes longer to answer gets it again later; shorter than the time for which a worker has an event in hand. */
const POST_MS = 5_000;

/** Sends what waits for `destination` (undefined: for any) and is due, in order, until there is no more or one is not taken. Resolves to how many were sent. */
export async function deliverDue(pool: pg.Pool, environment: Environment, destination?: string): Promise<number> {
  const due = await take(pool, destination);
  const sent = await Promise.all(due.map((delivery) => deliverInOrder(pool, environment, delivery, () => true)));
  return sent.reduce((sum, count) => sum + count, 0);
}

/** Sends what is due while the worker runs; a destination that is slow or away keeps no other one waiting. */
export function keepDelivering(pool: pg.Pool, environment: Environment, say: (message: string) => void): { stop(): Promise<void> } {
  const inHand = new Set<Promise<unknown>>();
  let isStopped = false;
  const goOn = () => !isStopped;
  let looking: Promise<void> | undefined;
  const trouble = (error: Error) => say(`Alerts could not be sent: ${error.message}`);
  let pruned = -Infinity;
  const look = async () => {
    if (performance.now() - pruned >= PRUNE_MS) {
      pruned = performance.now();
      // A setting that is wrong must not keep alerts from being sent.
      await value(pool, "select pipeline.prune_outbox()").catch((error: Error) => say(`What was delivered long ago could not be forgotten: ${error.message}`));
    }
    for (const delivery of await take(pool)) {
      const work = deliverInOrder(pool, environment, delivery, goOn, say).catch(trouble).finally(() => inHand.delete(work));
      inHand.add(work);
    }
  };
  const timer = setInterval(() => {
    looking ??= look().catch(trouble).finally(() => (looking = undefined));
  }, LOOK_MS);
  return {
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await looking;
      await Promise.all(inHand);
    },
  };
}

function take(pool: pg.Pool, destination?: string): Promise<Delivery[]> {
  return rows<Delivery>(pool, "select * from pipeline.take_deliveries($1)", [destination ?? null]);
}

/** Sends an event, then those that wait behind it for the same destination. */
async function deliverInOrder(pool: pg.Pool, environment: Environment, first: Delivery, goOn: () => boolean, say: (message: string) => void = () => undefined): Promise<number> {
  let sent = 0;
  for (let next: Delivery | undefined = first; next !== undefined; ) {
    if ((await deliver(pool, environment, next, say)) !== "delivered") return sent;
    sent += 1;
    next = goOn() ? (await take(pool, next.destination))[0] : undefined;
  }
  return sent;
}

/** Sends one event and tells the database what came of it. */
async function deliver(pool: pg.Pool, environment: Environment, delivery: Delivery, say: (message: string) => void): Promise<string | null> {
  const failure = await post(delivery, environment).then(
    () => undefined,
    (error: unknown) => error,
  );
  // Only sentences of our own are stored: they name the host and the status, never the address, which may be a secret.
  const message = failure === undefined ? null : failure instanceof UserError ? failure.message : "The request could not be made.";
  const retryAfter = isRetryable(failure) ? failure.retryAfterSeconds : undefined;
  const state = await value<string | null>(pool, "select pipeline.settle_delivery($1, $2, $3, $4, $5, make_interval(secs => $6))", [
    delivery.event_id,
    delivery.destination,
    delivery.attempt,
    message,
    failure !== undefined && !isRetryable(failure),
    retryAfter ?? null,
  ]);
  if (state === "dead") say(`An alert for ${delivery.destination} is given up: ${message}`);
  return state;
}

/** Posts an event; anything but a status of success is an error, a retryable one where another attempt may help. */
async function post({ event_id, kind, url, url_variable, secret_variable, is_internal, body }: Delivery, environment: Environment): Promise<void> {
  const address = URL.parse(url ?? fromEnvironment(environment, url_variable ?? ""));
  if (address === null) throw new UserError("The address is not one.");
  const secret = secret_variable === null ? undefined : fromEnvironment(environment, secret_variable);
  const headers = {
    "content-type": "application/json",
    "idempotency-key": event_id,
    "webhook-id": event_id,
    ...(secret === undefined ? {} : kind === "webhook" ? signedHeaders(secret, event_id, body) : { authorization: `Bearer ${secret}` }),
  };
  const { status, headers: answer } = await postBounded(address.href, headers, body, { hosts: [address.host], ownServer: is_internal, timeoutMilliseconds: POST_MS });
  if (status >= 200 && status < 300) return;
  const message = `${address.host} answered with status ${status}.`;
  if ([408, 425, 429].includes(status) || status >= 500) throw retryableError(message, { retryAfterSeconds: parseRetryAfter(answer["retry-after"]) });
  throw new UserError(message);
}

/** A value that only the environment has; where it is missing somebody may still set it. */
function fromEnvironment(environment: Environment, variable: string): string {
  const found = environment[variable];
  if (found === undefined || found === "") throw retryableError(`The environment variable ${variable} is not set where the worker runs.`);
  return found;
}
