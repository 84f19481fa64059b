import type { Command } from "../command.ts";

interface Schedule extends Record<string, unknown> {
  readonly name: string;
  readonly provider: string;
  readonly dataset: string;
  readonly what: string;
  readonly cron: string | null;
  readonly after_close: string | null;
  readonly time_zone: string;
  readonly is_paused: boolean;
  readonly next_at: string;
  readonly last_at: string | null;
  readonly last_run_id: number | null;
  readonly last: string | null;
}

/** `marketbase schedule list`. */
const command: Command = {
  name: "schedule list",
  summary: "List what is fetched again and again, when it is due and what came of it",
  usage: "",
  examples: [["marketbase schedule list --json", "for programs"]],
  options: {},
  async run(context) {
    const { rows } = await import("../../database/pool.ts");
    const { table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase schedule list", "reader", 1, async (pool) => {
      const schedules = await rows<Schedule>(
        pool,
        `select schedule.name, schedule.provider, schedule.dataset, coalesce('universe ' || schedule.universe, array_to_string(schedule.symbols[:5], ', ') ||
             case when cardinality(schedule.symbols) > 5 then format(' and %s more', cardinality(schedule.symbols) - 5) else '' end) as what,
           schedule.cron, schedule.after_close, schedule.time_zone, schedule.is_paused,
           to_char(schedule.next_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as next_at, to_char(schedule.last_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as last_at,
           schedule.last_run_id::float8, coalesce(schedule.last_message, run.status || coalesce(': ' || run.message, '')) as last
         from pipeline.schedule
         left join pipeline.pipeline_run as run on run.run_id = schedule.last_run_id
         order by schedule.name`,
      );
      const when = ({ cron, after_close, time_zone }: Schedule) => [cron === null ? undefined : `${cron} (${time_zone})`, after_close === null ? undefined : `after ${after_close} closes`].filter((part) => part !== undefined).join(", ");
      context.print(
        schedules.length === 0
          ? "Nothing is scheduled. marketbase schedule add --help has examples."
          : table(
              ["name", "provider", "what", "when", "next", "last", "what came of it"],
              schedules.map((one) => [one.name, `${one.provider} ${one.dataset}`, one.what, when(one), one.is_paused ? "paused" : one.next_at, one.last_at ?? "never", one.last ?? ""]),
            ),
        schedules,
      );
    });
  },
};

export default command;
