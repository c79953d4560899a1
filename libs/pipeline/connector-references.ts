import type { Disk } from '#std/disk';
import { messageOf, MillraceError, type ErrorKind } from '#std/errors';

export const referenceErrors = {
  missing: { code: 'pipeline.reference.missing', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

/** `${env:NAME}`, `${file:path:key}` (a line `key=value` of a properties file), `${file:path}` (the whole file, trimmed). */
const reference = /\$\{(env|file):([^}:]*)(?::([^}]*))?\}/g;
const referenceStart = /\$\{(?:env|file):/;

type Config = Readonly<Record<string, string>>;

/** Where references lead. */
export interface ReferenceSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly disk: Pick<Disk, 'readFile'>;
}

/** Whether a value can only be judged where it is used. */
export function hasReference(value: string): boolean {
  return referenceStart.test(value);
}

/**
 * The config with its references put in, so that secrets need not lie in it. Throws `pipeline.reference.missing` where one leads
 * nowhere; the message never has a value in it.
 */
export async function resolveReferences(config: Config, sources: ReferenceSources): Promise<Record<string, string>> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(config)) {
    resolved[name] = hasReference(value) ? await resolveValue(name, value, sources) : value;
  }
  return resolved;
}

async function resolveValue(name: string, value: string, sources: ReferenceSources): Promise<string> {
  let text = '';
  let end = 0;
  for (const match of value.matchAll(reference)) {
    const [whole, kind, target = '', key] = match;
    text += value.slice(end, match.index);
    text +=
      kind === 'env' ? fromEnvironment(name, target, sources) : await fromFile(name, target, key ?? null, sources);
    end = match.index + whole.length;
  }
  return text + value.slice(end);
}

function fromEnvironment(name: string, variable: string, sources: ReferenceSources): string {
  const value = sources.environment[variable];
  if (value === undefined) throw missing(name, `the environment of the worker has no ${variable}`);
  return value;
}

async function fromFile(name: string, path: string, key: string | null, sources: ReferenceSources): Promise<string> {
  let bytes: Buffer | null;
  try {
    bytes = await sources.disk.readFile(path);
  } catch (error) {
    throw missing(name, `the worker can not read ${path}: ${messageOf(error)}`);
  }
  if (bytes === null) throw missing(name, `the worker has no file ${path}`);
  const text = bytes.toString('utf8');
  if (key === null) return text.trim();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0 && line.slice(0, equals).trim() === key) return line.slice(equals + 1).trim();
  }
  throw missing(name, `${path} has no ${key}`);
}

function missing(name: string, why: string): MillraceError {
  return new MillraceError(referenceErrors.missing, `Option ${name} refers to nothing: ${why}`);
}
