import { count, duration } from "./table.ts";
import { styleFor, type Output } from "./style.ts";

/** One step of the work, from its start to `done` or `failed`. */
export interface Step {
  /** Counts further items as finished. */
  advance(items?: number): void;
  /** Sets how many items there are, once that is known; with it comes an estimate of the time left. */
  total(items: number): void;
  /** Says what is being worked on right now. */
  note(text: string): void;
  /** Ends the step; the text says what came of it. */
  done(result?: string): void;
  /** Ends the step as failed. */
  failed(reason?: string): void;
}

/** Progress for people: on a terminal one live line a step, elsewhere a plain line when a step begins to take long and when it ends. */
export interface Progress {
  step(name: string, total?: number): Step;
  /** A line of its own. */
  info(text: string): void;
  /** Runs work as a step: done with its result's text, or failed and thrown on. */
  run<T>(name: string, work: (step: Step) => Promise<T>, describe?: (result: T) => string): Promise<T>;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Progress on `output` (standard error by default). Nothing is ever written to standard output. */
export function createProgress(output: Output = process.stderr, now: () => number = () => performance.now(), env: NodeJS.ProcessEnv = process.env): Progress {
  const style = styleFor(output, env);
  const live = output.isTTY === true;
  let current: { line(): string } | undefined;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const clear = () => {
    if (live) output.write("\r\x1b[K");
  };
  const draw = () => {
    if (current === undefined) return;
    frame += 1;
    const text = `${frames[frame % frames.length] ?? ""} ${current.line()}`;
    output.write(`\r\x1b[K${text.slice(0, (output.columns ?? 80) - 1)}`);
  };
  const show = (item: { line(): string } | undefined) => {
    current = item;
    if (!live) return;
    clearInterval(timer);
    timer = undefined;
    if (item === undefined) clear();
    else {
      draw();
      timer = setInterval(draw, 100);
      timer.unref();
    }
  };

  const info = (text: string) => {
    clear();
    output.write(`${text}\n`);
    if (live) draw();
  };

  const step = (name: string, items?: number): Step => {
    const begun = now();
    let finished = 0;
    let all = items;
    let notice = "";
    let open = true;
    let lastPlain = begun;
    const counts = () => (all === undefined ? (finished > 0 ? count(finished) : "") : `${count(finished)} of ${count(all)}`);
    const left = () => {
      if (all === undefined || finished === 0 || finished >= all) return "";
      const rest = ((now() - begun) / finished) * (all - finished);
      return rest < 1_000 ? "" : `${duration(Math.round(rest / 1_000) * 1_000).replace(".0 s", " s")} left`;
    };
    const item = { line: () => [name, counts(), left(), notice].filter((part) => part !== "").join(" · ") };
    const outer = current;
    show(item);
    // Where there is no live line, a long step gives a sign of life every ten seconds.
    const sign = () => {
      if (live || !open || now() - lastPlain < 10_000) return;
      lastPlain = now();
      output.write(`  … ${item.line()}\n`);
    };
    const end = (mark: string, text: string | undefined) => {
      if (!open) return;
      open = false;
      show(outer);
      info([`${mark} ${name}`, text ?? counts(), style.dim(duration(now() - begun))].filter((part) => part !== "").join(" · "));
    };
    return {
      advance: (more = 1) => {
        finished += more;
        sign();
      },
      total: (number) => {
        all = number;
      },
      note: (text) => {
        notice = text;
        sign();
      },
      done: (result) => end(style.green("✓"), result),
      failed: (reason) => end(style.red("✗"), reason ?? "failed"),
    };
  };

  return {
    step,
    info,
    run: async (name, work, describe) => {
      const item = step(name);
      try {
        const result = await work(item);
        item.done(describe?.(result));
        return result;
      } catch (error) {
        item.failed();
        throw error;
      }
    },
  };
}

/** Progress that nobody sees, for programs that ask for JSON only. */
export function silentProgress(): Progress {
  const step: Step = { advance: () => undefined, total: () => undefined, note: () => undefined, done: () => undefined, failed: () => undefined };
  return { step: () => step, info: () => undefined, run: (_name, work) => work(step) };
}
