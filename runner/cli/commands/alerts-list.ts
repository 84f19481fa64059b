import type { Command } from "../command.ts";

interface Destination extends Record<string, unknown> {
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  readonly gets: string;
  readonly is_active: boolean;
  readonly waiting: number;
  readonly delivered: number;
  readonly dead: number;
  readonly oldest_waiting_at: string | null;
  readonly last_error: string | null;
}

/** `marketbase alerts list`. */
const command: Command = {
  name: "alerts list",
  summary: "List where findings, gates and runs are told, and how it stands with it",
  usage: "",
  details: "The same is in pipeline.outbox_status and pipeline.alert_destination.",
  examples: [["marketbase alerts list --json", "for programs"]],
  options: {},
  async run(context) {
    const { rows } = await import("../../database/pool.ts");
    const { table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase alerts list", "worker", 1, async (pool) => {
      const destinations = await rows<Destination>(
        pool,
        `select destination.name, destination.kind, coalesce(destination.url, destination.url_variable) as url,
           concat_ws('; ', array_to_string(destination.kinds, ', '), nullif(array_to_string(destination.severities || destination.rules, ', '), '')) as gets,
           destination.is_active, status.waiting::int, status.delivered::int, status.dead::int,
           internal.iso_time(status.oldest_waiting_at) as oldest_waiting_at, status.last_error
         from pipeline.alert_destination as destination
         join pipeline.outbox_status as status on status.destination = destination.name
         order by destination.name`,
      );
      context.print(
        destinations.length === 0
          ? "Nobody is told anything. marketbase alerts add --help has examples."
          : table(
              ["name", "kind", "address", "gets", "waiting", "delivered", "dead", "oldest", "last error"],
              destinations.map((one) => [
                one.is_active ? one.name : `${one.name} (paused)`, one.kind, one.url, one.gets, one.waiting, one.delivered, one.dead,
                one.oldest_waiting_at?.slice(0, 19) ?? "", one.waiting + one.dead > 0 ? (one.last_error ?? "") : "",
              ]),
            ),
        destinations,
      );
    });
  },
};

export default command;
