import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, repositoryRoot } from "../config/config.ts";
import { EXIT, UserError, type ExitCode } from "../config/user-error.ts";
import { createProgress, silentProgress } from "../output/progress.ts";
import { closest, parseCommandLine } from "./arguments.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { commandHelp, generalHelp } from "./help.ts";

/** Finds the command, parses its flags, runs it; the result is the exit status. `takeSignal` is called when the command asks for its signal. */
export async function dispatch(argv: readonly string[], takeSignal: () => AbortSignal): Promise<ExitCode> {
  const [first, second] = argv;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    // Without any word the help is an answer to wrong usage: it goes to standard error.
    const help = generalHelp(await loadAll(Object.keys(commands)), packageVersion());
    (first === undefined ? process.stderr : process.stdout).write(`${help}\n`);
    return first === undefined ? EXIT.usage : EXIT.ok;
  }
  if (first === "--version") {
    process.stdout.write(`${packageVersion()}\n`);
    return EXIT.ok;
  }
  const name = [`${first} ${second ?? ""}`, first].find((words) => words in commands);
  if (name === undefined) return await unknownCommand(argv);
  const command = await load(name);
  const { args, values } = parseCommandLine(command, argv.slice(name.split(" ").length));
  if (values.has("help")) {
    process.stdout.write(`${commandHelp(command)}\n`);
    return EXIT.ok;
  }
  const json = values.has("json");
  const strings = (flag: string) => (values.get(flag) ?? []).filter((given) => given !== true);
  const status = await command.run({
    args,
    config: loadConfig(),
    json,
    progress: json ? silentProgress() : createProgress(),
    get signal() {
      return takeSignal();
    },
    flag: (flag) => values.has(flag),
    option: (flag) => strings(flag).at(-1),
    all: strings,
    print: (text, data) => process.stdout.write(`${json ? JSON.stringify(data, undefined, 2) : text}\n`),
  });
  return status ?? EXIT.ok;
}

/** The version in package.json. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as { version: string }).version;
}

async function unknownCommand(argv: readonly string[]): Promise<ExitCode> {
  const names = Object.keys(commands);
  const [first = "", second] = argv;
  const group = names.filter((name) => name.startsWith(`${first} `));
  if (group.length > 0 && (second === undefined || second === "--help" || second === "-h")) {
    const help = generalHelp(await loadAll(group), packageVersion());
    (second === undefined ? process.stderr : process.stdout).write(`${help}\n`);
    return second === undefined ? EXIT.usage : EXIT.ok;
  }
  const typed = group.length > 0 && second !== undefined ? `${first} ${second}` : first;
  const near = closest(typed, names) ?? closest(`${first} ${second ?? ""}`.trim(), names);
  throw new UserError(`There is no command ${typed}.`, {
    exitCode: EXIT.usage,
    hint: near === undefined ? "marketbase --help lists the commands." : `Did you mean marketbase ${near}? marketbase --help lists the commands.`,
  });
}

async function load(name: string): Promise<Command> {
  const module = await commands[name]?.();
  if (module === undefined) throw new Error(`no module for the command ${name}`);
  return module.default;
}

async function loadAll(names: readonly string[]): Promise<Command[]> {
  return await Promise.all(names.map((name) => load(name)));
}
