import type { Config } from "../config/config.ts";
import type { ExitCode } from "../config/user-error.ts";
import type { Progress } from "../output/progress.ts";

/** A flag of a command. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly description: string;
  /** What stands for the value in the help, as in `--role NAME`. */
  readonly value?: string;
  /** The only values that are taken. */
  readonly choices?: readonly string[];
  readonly short?: string;
  /** May be given several times; `context.all(name)` has the values. */
  readonly multiple?: boolean;
}

/** What a command is given to run with. */
export interface CommandContext {
  /** What stands on the command line beside the flags. */
  readonly args: readonly string[];
  readonly config: Config;
  /** Data is wanted as JSON. */
  readonly json: boolean;
  readonly progress: Progress;
  /**
   * Aborted by the first SIGINT, SIGTERM or SIGHUP: finish, close, return. The process ends ten seconds later whatever happens.
   * A command that does not read it is ended by the first signal at once.
   */
  readonly signal: AbortSignal;
  /** Whether a boolean flag was given. */
  flag(name: string): boolean;
  /** The value of a flag, the last one if it was given more than once. */
  option(name: string): string | undefined;
  /** All values of a flag. */
  all(name: string): readonly string[];
  /** Writes the result to standard output: `data` as JSON if that is wanted, else `text`. */
  print(text: string, data: unknown): void;
}

/** One command: a file in `commands/`, listed in `commands.ts`. Heavy modules are imported inside `run`, so that the others start quickly. */
export interface Command {
  /** One or two words, as they are typed. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows the name, for example `[--role NAME]`. */
  readonly usage: string;
  /** Paragraphs below the usage. */
  readonly details?: string;
  /** Command lines and what they do. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** How many arguments beside the flags are taken; none unless said. */
  readonly arguments?: { readonly min: number; readonly max: number };
  /** Does the work; what it returns is the exit status, 0 when nothing. */
  run(context: CommandContext): Promise<ExitCode | void>;
}
