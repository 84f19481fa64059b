import { stopEmbeddedServer } from "../../embedded/server.ts";
import type { Command } from "../command.ts";
import { requireEmbedded } from "../embedded-only.ts";

const command: Command = {
  name: "db stop",
  summary: "Stop the embedded PostgreSQL",
  usage: "[--force]",
  details: "Nothing that was committed is lost. While other marketbase processes use the server it is refused, unless forced.",
  examples: [["marketbase db stop", "stop the server that db start left running"]],
  options: { force: { type: "boolean", description: "even while other processes use it" } },
  async run({ config, flag, print }) {
    requireEmbedded(config, "db stop");
    const stopped = await stopEmbeddedServer(config.home, { force: flag("force") });
    print(stopped ? "PostgreSQL is stopped" : "PostgreSQL was not running", { stopped });
  },
};

export default command;
