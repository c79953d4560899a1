import { parseArgs } from 'node:util';
import { clientPropertiesVariable } from '#nest/client-properties';

/** One command of the tree: `topic list`. Adding one is a file in `commands/` and a line in `commands.ts`. */
export interface Command {
  /** Words after `millrace`. */
  readonly path: readonly string[];
  /** The one word that has to follow: `<topic>`. */
  readonly operands?: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
  run(input: CommandInput): Promise<void>;
}

export interface Flag {
  readonly doc: string;
  /** What the value is called in the help; absent = a switch without a value. */
  readonly value?: string;
  readonly short?: string;
  readonly default?: string;
  /** Environment variable that is asked before the default. */
  readonly env?: string;
  readonly required?: boolean;
  /** May be given several times. */
  readonly multiple?: boolean;
}

export interface CommandInput {
  /** The word after the command's own; empty where it takes none. */
  readonly operand: string;
  /** The value of a flag, its environment variable or default, else null. */
  text(name: string): string | null;
  /** The values of a flag that may be given several times. */
  all(name: string): readonly string[];
  on(name: string): boolean;
  readonly out: (line: string) => void;
}

/** A mistake in how a command was called: exit code 2. */
export class UsageError extends Error {}

/** Reads the words after the command's path. Throws UsageError. */
export function readInput(command: Command, words: readonly string[], out: (line: string) => void): CommandInput {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      name,
      {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
        ...(flag.multiple === true ? { multiple: true } : {}),
      },
    ]),
  );
  const parsed = parse(words, options);
  const [stray] = parsed.positionals.slice(command.operands === undefined ? 0 : 1);
  if (stray !== undefined) throw new UsageError(`"${stray}" is too much here`);
  if (command.operands !== undefined && parsed.positionals.length === 0) {
    throw new UsageError(`${command.operands} is missing`);
  }
  const value = (name: string): string | boolean | null => {
    const given = parsed.values[name];
    if (typeof given === 'string' || typeof given === 'boolean') return given;
    const flag = command.flags[name];
    const environment = flag?.env === undefined ? undefined : process.env[flag.env];
    return environment ?? flag?.default ?? null;
  };
  for (const [name, flag] of Object.entries(command.flags)) {
    if (flag.required === true && value(name) === null) throw new UsageError(`--${name} is missing: ${flag.doc}`);
  }
  return {
    operand: parsed.positionals[0] ?? '',
    text: (name) => {
      const found = value(name);
      return typeof found === 'string' ? found : null;
    },
    all: (name) => [parsed.values[name] ?? []].flat().filter((item) => typeof item === 'string'),
    on: (name) => value(name) === true,
    out,
  };
}

type ParseOptions = Record<string, { type: 'boolean' | 'string'; short?: string; multiple?: boolean }>;

function parse(words: readonly string[], options: ParseOptions): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A flag as a whole number of at least 0, or null where it was not given. */
export function countOf(input: CommandInput, name: string): number | null {
  const text = input.text(name);
  if (text === null) return null;
  if (!/^\d+$/.test(text)) throw new UsageError(`--${name} must be a whole number, and is "${text}"`);
  return Number(text);
}

const bootstrapFlag: Flag = {
  doc: 'address of the topics, ours or any Kafka',
  value: 'host:port',
  env: 'TOPICS_BOOTSTRAP',
  default: '127.0.0.1:9092',
};

const clientPropertiesFlag: Flag = {
  doc: 'Kafka’s client properties (security.protocol, sasl.…, ssl.…), for topics behind TLS and a login',
  value: 'file',
  env: clientPropertiesVariable,
};

/** The flags of a command that reaches topics. */
export const topicFlags = { bootstrap: bootstrapFlag, 'client-properties': clientPropertiesFlag };

export const urlFlag: Flag = {
  doc: 'address of the REST administration',
  value: 'url',
  env: 'MILLRACE_URL',
  default: 'http://127.0.0.1:8080',
};

/** Rows with columns of equal width. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
