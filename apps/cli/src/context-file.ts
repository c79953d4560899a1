/**
 * Contexts: the addresses and the key of an installation under a name, in `$XDG_CONFIG_HOME/millrace/contexts.json` (else
 * `~/.config/millrace`), readable by its user only, because keys are in it.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { systemCode } from '#std/errors';
import { suggest } from '#std/suggestion';
import { CommandError, exitCodes } from './exit-codes.js';

export const contextVariable = 'MILLRACE_CONTEXT';

const contextSchema = z.strictObject({
  url: z.string().optional(),
  bootstrap: z.string().optional(),
  clientProperties: z.string().optional(),
  apiKey: z.string().optional(),
});
export type Context = z.output<typeof contextSchema>;

const fileSchema = z.strictObject({
  current: z.string().nullable(),
  contexts: z.record(z.string(), contextSchema),
});
export type ContextFile = z.output<typeof fileSchema>;

export function contextPath(): string {
  return join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'millrace', 'contexts.json');
}

/** No file is a file without contexts. Throws where it is not what was written. */
export function readContexts(): ContextFile {
  const path = contextPath();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { current: null, contexts: {} };
    throw error;
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CommandError(
      exitCodes.failed,
      `${path} is not a file of contexts. Repair or remove it, then "millrace context add".`,
      { cause: error },
    );
  }
}

/** A kill never leaves half a file. */
export function writeContexts(file: ContextFile): void {
  const path = contextPath();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}

/** The one that is named here, by the environment, or the current one; empty where there is none. */
export function contextNamed(named: string | null): Context {
  const file = readContexts();
  const name = named ?? process.env[contextVariable] ?? file.current;
  if (name === null || name === '') return {};
  return requireContext(file, name);
}

export function requireContext(file: ContextFile, name: string): Context {
  const found = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
  if (found !== undefined) return found;
  const near = suggest(name, Object.keys(file.contexts));
  throw new CommandError(
    exitCodes.notFound,
    `There is no context ${name}.${near === null ? '' : ` Did you mean ${near}?`} "millrace context list" shows all.`,
  );
}
