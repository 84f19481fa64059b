import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase alerts add`: somebody wants to hear of what happens. */
const command: Command = {
  name: "alerts add",
  summary: "Have findings, gates or runs told to a webhook or to a collector of OpenLineage",
  usage: "NAME (--url URL | --url-variable VARIABLE) [--kind webhook|openlineage] [--secret-variable VARIABLE]",
  details:
    "Every worker (marketbase worker, start) sends what waits, in order, until the destination answers with a status of success: at least once, always under the same\n" +
    "Idempotency-Key. A webhook is signed as the Standard Webhooks specification says, a collector gets its secret as a bearer token. Secrets, and addresses that are\n" +
    "secrets themselves, stand in environment variables of the worker, MARKETBASE_ALERT_…, of which only the name is given here.\n\n" +
    "Kinds: finding tells when findings open, are acknowledged, resolved or reopened; gate when they hold a step back and when a person releases it; validation tells\n" +
    "each look of a rule that failed, known or not; run tells when runs begin and end.",
  examples: [
    ["marketbase alerts add on-call --url https://hooks.example.com/marketbase --secret-variable MARKETBASE_ALERT_ON_CALL", "critical findings, errors and drift, signed"],
    ["marketbase alerts add chat --url-variable MARKETBASE_ALERT_CHAT_URL --severities critical", "an address that is a secret; critical findings and drift alone"],
    ["marketbase alerts add lineage --kind openlineage --url http://marquez:5000/api/v1/lineage --internal", "every run, with what the rules said, to a collector next door"],
    ["marketbase alerts add failures --url https://hooks.example.com/runs --kinds run", "runs that failed"],
  ],
  options: {
    url: { type: "string", value: "URL", description: "address that gets a POST" },
    "url-variable": { type: "string", value: "VARIABLE", description: "environment variable that holds the address" },
    kind: { type: "string", value: "KIND", choices: ["webhook", "openlineage"], description: "what is at the address (default webhook)" },
    "secret-variable": { type: "string", value: "VARIABLE", description: "environment variable that holds the secret" },
    kinds: { type: "string", value: "A,B", description: "of finding, gate, validation, run (default finding,gate)" },
    severities: { type: "string", value: "A,B", description: "of critical, error, warning, info (default critical,error)" },
    rules: { type: "string", value: "A,B", description: "patterns of rules that are told at whatever severity (default %drift%)" },
    internal: { type: "boolean", description: "a server of your own: plain http and private addresses are in order" },
    attempts: { type: "string", value: "N", description: "how often an event is sent before it is given up, 1 to 100 (default 12)" },
  },
  arguments: { min: 1, max: 1 },
  async run(context) {
    const { args: [name = ""], option, flag, print } = context;
    const { positiveInteger } = await import("../positive-integer.ts");
    const { one } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    if ((option("url") === undefined) === (option("url-variable") === undefined)) {
      throw new UserError("It is not said where to.", { exitCode: EXIT.usage, hint: "Give --url, or --url-variable for an address that is a secret." });
    }
    const attempts = positiveInteger("--attempts", option("attempts") ?? "12", 100);
    const list = (option: string | undefined) => option?.split(",").map((part) => part.trim()).filter((part) => part !== "") ?? null;
    await withPool(context, "marketbase alerts add", "worker", 1, async (pool) => {
      const added = await one(
        pool,
        `select name, kind, url, url_variable, secret_variable, kinds, severities, rules, is_internal, max_attempts
         from pipeline.add_destination($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          name, option("kind") ?? "webhook", option("url") ?? null, option("url-variable") ?? null, option("secret-variable") ?? null,
          list(option("kinds")), list(option("severities")), list(option("rules")), flag("internal"), attempts,
        ],
      );
      print(`The destination ${name} is added. marketbase alerts test ${name} sends a first event.`, added);
    });
  },
};

export default command;
