/** Commands of things that REST has as `/api/v1/<path>`: a declaration of the noun, and the verbs it takes. */
import {
  dryRunFlag,
  fileFlag,
  restFlags,
  watchFlag,
  yesFlag,
  type Command,
  type CommandInput,
  type Flag,
} from './command.js';
import { CommandError, exitCodes } from './exit-codes.js';
import { isRecord, lineDiff, readWanted, withoutTold, type Wanted } from './manifest.js';
import { confirm, linesOfList, outputForm, say, showOne, textOf, watched, type Column } from './output.js';
import { restClient, type RestClient } from './rest-client.js';
import { messageOf } from '#std/errors';

export interface RestNoun {
  /** As the tree has it: `sink`. */
  readonly noun: string;
  /** Below `/api/v1/`. */
  readonly path: string;
  /** The field that names one: `name`. */
  readonly key: string;
  readonly columns: readonly Column<Wanted>[];
  /** What list flags become: `--state` is `?state=`. */
  readonly filters?: Readonly<Record<string, Flag>>;
  /** What deleting one does, before its name. */
  readonly deletes?: string;
}

/** A column with the text at a path of fields: `status.state`. */
export function field(title: string, path: string, fallback = ''): Column<Wanted> {
  return { title, cell: (item) => textAt(item, path) ?? fallback };
}

/** Null where there is nothing. */
export function textAt(item: unknown, path: string): string | null {
  let at: unknown = item;
  for (const name of path.split('.')) at = isRecord(at) ? at[name] : null;
  if (at === null || at === undefined) return null;
  if (Array.isArray(at)) return at.map((each) => (isRecord(each) ? JSON.stringify(each) : String(each))).join(',');
  return typeof at === 'object' ? JSON.stringify(at) : `${at as string | number | boolean}`;
}

export function pathOf(noun: RestNoun, name: string, rest = ''): string {
  return `/api/v1/${noun.path}/${encodeURIComponent(name)}${rest}`;
}

export function namesOf(noun: RestNoun): { rest: string; key: string } {
  return { rest: noun.path, key: noun.key };
}

export function listCommand(noun: RestNoun, summary: string): Command {
  return {
    path: [noun.noun, 'list'],
    summary,
    flags: { ...restFlags, ...watchFlag, ...noun.filters },
    examples: [`${noun.noun} list`, `${noun.noun} list -o json`, `${noun.noun} list --watch`],
    run: (input) => watched(input, () => listLines(input, noun)),
  };
}

async function listLines(input: CommandInput, noun: RestNoun): Promise<string[]> {
  const query = new URLSearchParams({ page_size: '1000' });
  for (const [name, flag] of Object.entries(noun.filters ?? {})) {
    const values = flag.multiple === true ? input.all(name) : [input.text(name)];
    for (const value of values) if (value !== null) query.append(name.replaceAll('-', '_'), value);
  }
  const items = (await restClient(input).list(`/api/v1/${noun.path}?${query.toString()}`)).filter(isRecord);
  return linesOfList(input, items, { columns: noun.columns, name: (item) => textAt(item, noun.key) ?? '' });
}

export function describeCommand(noun: RestNoun, summary: string): Command {
  return {
    path: [noun.noun, 'describe'],
    operands: `<${noun.key}>`,
    completes: namesOf(noun),
    summary,
    flags: { ...restFlags, ...watchFlag },
    run: (input) =>
      watched(input, async () => {
        const item = await restClient(input).get(pathOf(noun, input.operand));
        const form = outputForm(input);
        return [form === 'name' ? input.operand : await textOf(form === 'json' ? 'json' : 'yaml', item)];
      }),
  };
}

export function createCommand(noun: RestNoun, summary: string): Command {
  return {
    path: [noun.noun, 'create'],
    summary,
    flags: { ...restFlags, ...fileFlag, ...dryRunFlag },
    run: (input) =>
      each(input, noun, async (client, wanted) => {
        const name = nameOf(noun, wanted);
        const made = await client.call('POST', `/api/v1/${noun.path}${dryRunQuery(input)}`, wanted);
        if (outputForm(input) !== null) await showOne(input, made, name);
        else say(input, input.on('dry-run') ? `${name} would be added.` : `Added ${name}.`);
        return 'added';
      }),
  };
}

export function applyCommand(noun: RestNoun, summary: string): Command {
  return {
    path: [noun.noun, 'apply'],
    summary,
    flags: { ...restFlags, ...fileFlag, ...dryRunFlag },
    run: (input) => each(input, noun, (client, wanted) => applyOne(input, client, noun, wanted)),
  };
}

/** What was seen is what is changed: somebody else's change in between is a conflict. */
export async function applyOne(
  input: CommandInput,
  client: RestClient,
  noun: RestNoun,
  wanted: Wanted,
): Promise<'added' | 'changed' | 'unchanged'> {
  const name = nameOf(noun, wanted);
  const old = await client.find(pathOf(noun, name));
  const planned = await client.request('PUT', pathOf(noun, name, '?validate_only=true'), { body: wanted });
  const outcome = outcomeOf(old?.body ?? null, planned.body);
  if (outcome !== 'unchanged' && !input.on('dry-run')) {
    const tag = old?.headers.get('etag') ?? null;
    const headers: Record<string, string> = tag === null ? {} : { 'if-match': tag };
    await client.request('PUT', pathOf(noun, name), { body: wanted, headers });
  }
  say(input, `${noun.noun}/${name} ${outcome}${input.on('dry-run') ? ' (dry run)' : ''}`);
  return outcome;
}

function outcomeOf(old: unknown, planned: unknown): 'added' | 'changed' | 'unchanged' {
  if (old === null) return 'added';
  return JSON.stringify(sorted(withoutTold(old))) === JSON.stringify(sorted(withoutTold(planned)))
    ? 'unchanged'
    : 'changed';
}

export function diffCommand(noun: RestNoun, summary: string): Command {
  return {
    path: [noun.noun, 'diff'],
    summary,
    flags: { ...restFlags, ...fileFlag, 'exit-code': { doc: 'ends with 1 where something would change' } },
    run: (input) => each(input, noun, (client, wanted) => diffOne(input, client, noun, wanted)),
  };
}

export async function diffOne(
  input: CommandInput,
  client: RestClient,
  noun: RestNoun,
  wanted: Wanted,
): Promise<string> {
  const name = nameOf(noun, wanted);
  const old = await client.find(pathOf(noun, name));
  const planned = await client.request('PUT', pathOf(noun, name, '?validate_only=true'), { body: wanted });
  const [before, after] = await Promise.all(
    [old?.body ?? null, planned.body].map(async (item) =>
      item === null ? '' : textOf('yaml', sorted(withoutTold(item))),
    ),
  );
  const lines = lineDiff(before ?? '', after ?? '');
  if (lines.length === 0) return 'unchanged';
  input.out(`${noun.noun}/${name}`);
  for (const line of lines) input.out(line);
  if (input.on('exit-code')) process.exitCode = exitCodes.failed;
  return 'changed';
}

export function deleteCommand(noun: RestNoun, summary: string, flags: Readonly<Record<string, Flag>> = {}): Command {
  return {
    path: [noun.noun, 'delete'],
    operands: `<${noun.key}>…`,
    completes: namesOf(noun),
    summary,
    flags: { ...restFlags, ...flags, ...yesFlag, ...dryRunFlag },
    async run(input) {
      const client = restClient(input);
      await eachName(input, async (name) => {
        const effect = `${noun.deletes ?? `This deletes the ${noun.noun}`} ${name}.`;
        if (!input.on('dry-run')) await confirm(input, effect, name);
        const query = new URLSearchParams(input.on('dry-run') ? { validate_only: 'true' } : {});
        for (const [flag, { value }] of Object.entries(flags)) {
          const given = value === undefined ? null : input.text(flag);
          if (given !== null) query.set(flag, given);
        }
        await client.call('DELETE', pathOf(noun, name, query.size > 0 ? `?${query.toString()}` : ''));
        say(input, input.on('dry-run') ? `${name} would be deleted.` : `Deleted ${name}.`);
      });
    },
  };
}

/** A verb behind a colon: `/sinks/x:pause`. */
export function verbCommand(
  noun: RestNoun,
  verb: string,
  given: { readonly summary: string; readonly done: string; readonly body?: (input: CommandInput) => unknown } & {
    readonly flags?: Readonly<Record<string, Flag>>;
  },
): Command {
  return {
    path: [noun.noun, verb],
    operands: `<${noun.key}>…`,
    completes: namesOf(noun),
    summary: given.summary,
    flags: { ...restFlags, ...given.flags, ...dryRunFlag },
    async run(input) {
      const client = restClient(input);
      await eachName(input, async (name) => {
        await client.call('POST', pathOf(noun, name, `:${verb}${dryRunQuery(input)}`), given.body?.(input));
        say(input, `${name} ${input.on('dry-run') ? 'would be ' : ''}${given.done}.`);
      });
    },
  };
}

/** Those that fail do not keep back the others; exit code 7 where some were done. */
async function eachName(input: CommandInput, work: (name: string) => Promise<void>): Promise<void> {
  await all(input.operands, (name) => name, work);
}

async function each(
  input: CommandInput,
  noun: RestNoun,
  work: (client: RestClient, wanted: Wanted) => Promise<unknown>,
): Promise<void> {
  const client = restClient(input);
  const wanted = await readWanted(input.text('file') ?? '');
  await all(
    wanted,
    (item) => textAt(item, noun.key) ?? 'something without a name',
    (item) => work(client, item),
  );
}

export async function all<T>(
  items: readonly T[],
  nameOfItem: (item: T) => string,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let done = 0;
  for (const [at, item] of items.entries()) {
    try {
      await work(item);
      done += 1;
    } catch (error) {
      // The last one's failure alone is told by its own code.
      if (done === 0 && at === items.length - 1) throw error;
      process.stderr.write(`${nameOfItem(item)}: ${messageOf(error)}\n`);
    }
  }
  if (done === items.length) return;
  const code = done === 0 ? exitCodes.failed : exitCodes.partly;
  throw new CommandError(code, `${done} of ${items.length} done.`);
}

function nameOf(noun: RestNoun, wanted: Wanted): string {
  const name = wanted[noun.key];
  if (typeof name === 'string' && name !== '') return name;
  throw new CommandError(exitCodes.failed, `The file names no ${noun.noun}: "${noun.key}" is missing`);
}

export function dryRunQuery(input: CommandInput): string {
  return input.on('dry-run') ? '?validate_only=true' : '';
}

/** Fields by name at every depth, so that two texts compare. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, sorted(item)] as const);
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
