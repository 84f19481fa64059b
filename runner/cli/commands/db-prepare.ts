import { EXIT, UserError } from "../../config/user-error.ts";
import { withConnection } from "../../database/connect.ts";
import { connectionUrls } from "../../database/connections.ts";
import { repositoryLayout } from "../../database/layout.ts";
import { prepareDatabase, prepareRoles, withPrepareLock } from "../../database/prepare.ts";
import type { Command } from "../command.ts";

const command: Command = {
  name: "db prepare",
  summary: "Make roles, grants, extensions and the job queue in a database, without migrations",
  usage: "[--url URL]",
  details:
    "For a server of yours, with the URL of an administrator. Safe to repeat. The passwords of the login roles come from\nMARKETBASE_MIGRATOR_PASSWORD, MARKETBASE_WORKER_PASSWORD and MARKETBASE_AUTHENTICATOR_PASSWORD, where they are set.",
  examples: [
    ["marketbase db prepare --url postgres://admin@db.example/marketbase", "prepare a database of your own"],
    ["marketbase db prepare", "called by graphile-migrate after it has made a database (GM_DBURL)"],
  ],
  options: { url: { type: "string", value: "URL", description: "an administrator's URL (default: GM_DBURL, then DATABASE_URL)" } },
  async run({ config, option, print }) {
    const url = option("url") ?? process.env["GM_DBURL"] ?? config.databaseUrl;
    if (url === undefined || URL.parse(url) === null) {
      throw new UserError("db prepare needs the URL of a database.", { exitCode: EXIT.usage, hint: "Give it with --url; the embedded database is prepared at each start." });
    }
    const urlFor = connectionUrls(url, {});
    await withConnection(url, (admin) =>
      withPrepareLock(admin, async () => {
        await prepareRoles(admin, repositoryLayout, config.passwords);
        await prepareDatabase(urlFor, undefined, repositoryLayout);
      }),
    );
    print("The database is prepared", { prepared: true });
  },
};

export default command;
