import { EXIT, UserError, type ExitCode } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

interface Difference {
  readonly symbol: string;
  readonly ts: string;
  readonly change: string;
  readonly name: string | null;
  readonly old_value: number | null;
  readonly new_value: number | null;
}

interface Replay extends Record<string, unknown> {
  readonly training_set_id: number;
  readonly is_same: boolean;
  readonly row_count: number;
  readonly replayed_row_count: number;
  readonly data_hash: string;
  readonly difference_count: number | null;
  readonly differences: readonly Difference[];
}

/** `marketbase replay`: do the rows of a training set come back? */
const command: Command = {
  name: "replay",
  summary: "Prove that the rows of a training set come back, or show the difference",
  usage: "ID [--as-of MOMENT] [--lines N]",
  details:
    "The rows are made again from what was recorded when the set was drawn and compared bit for bit; whatever was corrected or filled in since, they must be the\n" +
    "same. With --as-of they are made from all that was recorded until then (infinity: until now): it shows what later data would change. Exit status 3 when they differ.",
  examples: [
    ["marketbase replay 3", "the proof"],
    ["marketbase replay 3 --as-of infinity", "what backfills and corrections since then would change"],
  ],
  options: {
    "as-of": { type: "string", value: "MOMENT", description: "use what was recorded until then; UTC unless it names a zone" },
    lines: { type: "string", value: "N", description: "most differences to list; 40 unless given" },
  },
  arguments: { min: 1, max: 1 },
  async run({ args: [id = ""], config, progress, option, print }): Promise<ExitCode> {
    if (!/^\d{1,18}$/.test(id)) throw new UserError(`${id} is not the number of a training set.`, { exitCode: EXIT.usage, hint: "ml.training_set lists them." });
    const lines = option("lines") ?? "40";
    if (!/^\d{1,9}$/.test(lines)) throw new UserError(`--lines ${lines} is not a number of lines.`, { exitCode: EXIT.usage, hint: "Give a whole number, such as 1000." });
    const { openDatabase } = await import("../../database/open.ts");
    const { withConnection } = await import("../../database/connect.ts");
    const { table } = await import("../../output/table.ts");
    const database = await openDatabase(config, { what: "marketbase replay", migrate: false });
    try {
      const replay = await progress.run(`replay training set ${id}`, () =>
        withConnection(database.urlFor("analyst"), async (client) => {
          await client.query("set timezone to 'UTC'");
          const { rows } = await client.query<{ replay: Replay }>("select to_jsonb(replay) as replay from ml.replay($1, $2, $3) as replay", [id, option("as-of") ?? null, lines]);
          return (rows[0] as { replay: Replay }).replay;
        }),
      );
      print(replay.is_same ? `training set ${id}: the same ${replay.row_count} rows came back (sha256 ${replay.data_hash})` : describe(replay, table), replay);
      return replay.is_same ? EXIT.ok : EXIT.findings;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === "22007" || code === "22008") throw new UserError(`--as-of: ${message}.`, { exitCode: EXIT.usage, hint: "Write the moment as 2026-01-01 or 2026-01-01T16:00:00Z.", cause: error });
      throw error;
    } finally {
      await database.close();
    }
  },
};

function describe(replay: Replay, table: (headings: string[], rows: (string | number)[][]) => string): string {
  const head = `training set ${replay.training_set_id}: other rows came back (${replay.replayed_row_count}; it has ${replay.row_count}), differences: ${replay.difference_count ?? "not kept by row"}`;
  if (replay.differences.length === 0) return head;
  const text = (value: number | null) => (value === null ? "-" : String(value));
  return `${head}\n${table(
    ["symbol", "ts", "change", "name", "old", "new"],
    replay.differences.map((one) => [one.symbol, one.ts, one.change, one.name ?? "-", text(one.old_value), text(one.new_value)]),
  )}`;
}

export default command;
