import { readFileSync } from 'node:fs';
import { MillraceError, type ErrorKind } from '#std/errors';

export const referenceErrors = {
  unresolved: { code: 'config.reference.unresolved', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

const referencePattern = /\$\{(env|file):([^}]+)\}/g;

/**
 * Puts secrets and addresses in place of references, at the last moment before use: `${env:NAME}` is an environment
 * variable, `${file:PATH}` a file's content without its last newline, `${file:PATH:KEY}` a line `KEY=value` of it, as Kafka Connect's
 * FileConfigProvider has it. What is stored and shown keeps the reference. Throws `config.reference.unresolved`.
 */
export function resolveReferences(
  config: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      value.replaceAll(referencePattern, (reference: string, provider: string, rest: string) => {
        const found = provider === 'env' ? environment[rest] : fromFile(rest);
        if (found === undefined) {
          throw new MillraceError(referenceErrors.unresolved, `${name}: ${reference} names nothing that is set here`);
        }
        return found;
      }),
    ]),
  );
}

function fromFile(rest: string): string | undefined {
  const whole = read(rest);
  if (whole !== undefined) return whole.replace(/\r?\n$/, '');
  const cut = rest.lastIndexOf(':');
  if (cut === -1) return undefined;
  const key = rest.slice(cut + 1);
  const line = read(rest.slice(0, cut))
    ?.split(/\r?\n/)
    .find((candidate) => candidate.startsWith(`${key}=`));
  return line?.slice(key.length + 1);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
