import { parseArgs } from 'node:util';
import { clientPropertiesVariable } from '#nest/client-properties';
import { contextNamed, contextVariable, type Context } from './context-file.js';
import { CommandError, exitCodes } from './exit-codes.js';

/** One command of the tree: `topic list`. Adding one is a file in `commands/` and a line in `commands.ts`. */
export interface Command {
  /** Words after `millrace`. */
  readonly path: readonly string[];
  /** The word that has to follow: `<topic>`; one that may: `[topic]`; several: `<topic>…`. */
  readonly operands?: string;
  /** A flag that may name the operand instead, as Kafka's tools have it: `topic`. */
  readonly operandFlag?: string;
  /** What completion offers for the operand. */
  readonly completes?: LiveNames;
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** How it is called, without `millrace`. */
  readonly examples?: readonly string[];
  run(input: CommandInput): Promise<void>;
}

/** Names that are asked for where they live: topics and groups of the cluster, `context`s of the file, else lists of REST. */
export type LiveNames = 'topic' | 'group' | 'context' | { readonly rest: string; readonly key: string };

export interface Flag {
  readonly doc: string;
  /** What the value is called in the help; absent = a switch without a value. */
  readonly value?: string;
  readonly short?: string;
  readonly default?: string;
  /** Environment variable that is asked before the context and the default. */
  readonly env?: string;
  /** What the context says is asked before the default. */
  readonly context?: keyof Context;
  readonly required?: boolean;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** The name that other tools have for it. */
  readonly alias?: string;
}

export interface CommandInput {
  /** The first word after the command's own; empty where there is none. */
  readonly operand: string;
  readonly operands: readonly string[];
  /** The value of a flag, its environment variable, what the context says, or its default, else null. */
  text(name: string): string | null;
  /** The values of a flag that may be given several times. */
  all(name: string): readonly string[];
  on(name: string): boolean;
  readonly out: (line: string) => void;
}

/** A mistake in how a command was called. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(exitCodes.usage, message);
  }
}

/** Every command takes these, where it has none of its own by that name. */
export const commonFlags: Readonly<Record<string, Flag>> = {
  context: { doc: 'which addresses and key to use ("millrace context list")', value: 'name', env: contextVariable },
  output: {
    doc: 'table on a terminal, else text with tabs; or what is named',
    value: 'table|json|yaml|name',
    short: 'o',
  },
  quiet: { doc: 'says nothing but what was asked for', short: 'q' },
  timeout: { doc: 'how long to wait for an answer of the administration', value: 's', default: '30' },
  'no-color': { doc: 'no colours; so does NO_COLOR' },
};

/** Reads the words after the command's path. Throws UsageError. */
export function readInput(command: Command, words: readonly string[], out: (line: string) => void): CommandInput {
  const flags = flagsOf(command);
  const parsed = parse(words, optionsOf(flags));
  const given = new Map<string, Given>(Object.entries(parsed.values));
  for (const [name, { alias }] of Object.entries(flags)) {
    const value = alias === undefined ? undefined : given.get(alias);
    if (value !== undefined && !given.has(name)) given.set(name, value);
  }
  const operands = operandsOf(command, parsed.positionals, given);
  const contextFlag = given.get('context');
  const context = contextNamed(typeof contextFlag === 'string' ? contextFlag : null);
  const value = (name: string): string | boolean | null => {
    const own = given.get(name);
    if (typeof own === 'string' || typeof own === 'boolean') return own;
    const flag = flags[name];
    const environment = flag?.env === undefined ? undefined : process.env[flag.env];
    const fromContext = flag?.context === undefined ? undefined : context[flag.context];
    // A context that is named on the line means more than what happens to be in the environment.
    const first = contextFlag === undefined ? environment : (fromContext ?? environment);
    return first ?? fromContext ?? flag?.default ?? null;
  };
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.required === true && value(name) === null) throw new UsageError(`--${name} is missing: ${flag.doc}`);
  }
  return {
    operand: operands[0] ?? '',
    operands,
    text: (name) => {
      const found = value(name);
      return typeof found === 'string' ? found : null;
    },
    all: (name) => [given.get(name) ?? []].flat().filter((item) => typeof item === 'string'),
    on: (name) => value(name) === true,
    out,
  };
}

/** Its own and the common ones, which give way in name and letter. */
export function flagsOf(command: Command): Readonly<Record<string, Flag>> {
  const letters = new Set(Object.values(command.flags).map(({ short }) => short));
  const common = Object.entries(commonFlags).map(([name, flag]): [string, Flag] => {
    const { short, ...rest } = flag;
    return [name, short !== undefined && !letters.has(short) ? flag : rest];
  });
  return { ...Object.fromEntries(common), ...command.flags };
}

type Given = string | boolean | (string | boolean)[] | undefined;
type ParseOptions = Record<string, { type: 'boolean' | 'string'; short?: string; multiple?: boolean }>;

function optionsOf(flags: Readonly<Record<string, Flag>>): ParseOptions {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([name, flag]) => {
      const option = {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
        ...(flag.multiple === true ? { multiple: true } : {}),
      };
      const { short: _letter, ...alias } = option;
      return [[name, option] as const, ...(flag.alias === undefined ? [] : [[flag.alias, alias] as const])];
    }),
  );
}

function operandsOf(
  command: Command,
  positionals: readonly string[],
  given: ReadonlyMap<string, Given>,
): readonly string[] {
  const { operands = '', operandFlag } = command;
  const named = operandFlag === undefined ? undefined : given.get(operandFlag);
  const words = typeof named === 'string' ? [named, ...positionals] : positionals;
  const stray = operands.endsWith('…') ? undefined : words[operands === '' ? 0 : 1];
  if (stray !== undefined) throw new UsageError(`"${stray}" is too much here`);
  if (operands.startsWith('<') && words.length === 0) throw new UsageError(`${operands} is missing`);
  return words;
}

function parse(words: readonly string[], options: ParseOptions): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: withNegatives(words, options), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `--shift-by -100`: a number is a value and no flag, which parseArgs believes only behind `=`. */
function withNegatives(words: readonly string[], options: ParseOptions): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1) ?? '';
    const takesValue = before.startsWith('--') && options[before.slice(2)]?.type === 'string';
    if (takesValue && /^-\d+$/.test(word)) joined[joined.length - 1] = `${before}=${word}`;
    else joined.push(word);
  }
  return joined;
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
  context: 'bootstrap',
  default: '127.0.0.1:9092',
  alias: 'bootstrap-server',
};

const clientPropertiesFlag: Flag = {
  doc: 'Kafka’s client properties (security.protocol, sasl.…, ssl.…), for topics behind TLS and a login',
  value: 'file',
  env: clientPropertiesVariable,
  context: 'clientProperties',
};

/** The flags of a command that reaches topics. */
export const topicFlags = { bootstrap: bootstrapFlag, 'client-properties': clientPropertiesFlag };

export const urlFlag: Flag = {
  doc: 'address of the REST administration',
  value: 'url',
  env: 'MILLRACE_URL',
  context: 'url',
  default: 'http://127.0.0.1:8080',
};

/** The flags of a command that asks the administration. */
export const restFlags = {
  url: urlFlag,
  'api-key': {
    doc: 'key:secret, where the administration wants a login; @file reads it from there',
    value: 'key:secret',
    env: 'MILLRACE_API_KEY',
    context: 'apiKey',
  },
} satisfies Record<string, Flag>;

export const yesFlag = { yes: { doc: 'does not ask first', short: 'y' } } satisfies Record<string, Flag>;
export const dryRunFlag = {
  'dry-run': { doc: 'checks and shows what would be, changes nothing' },
} satisfies Record<string, Flag>;
export const watchFlag = { watch: { doc: 'shows it anew when it changes, until Ctrl-C', short: 'w' } } satisfies Record<
  string,
  Flag
>;
export const fileFlag = {
  file: { doc: 'JSON or YAML, one or several; - is standard input', value: 'file', short: 'f', required: true },
} satisfies Record<string, Flag>;

/** Rows with columns of equal width. */
export function table(
  rows: readonly (readonly string[])[],
  paintCell: (cell: string) => string = (cell) => cell,
): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, at) => paintCell(cell) + (at === row.length - 1 ? '' : ' '.repeat((widths[at] ?? 0) - cell.length)))
      .join('  ')
      .trimEnd(),
  );
}
