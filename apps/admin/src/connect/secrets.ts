/**
 * Secrets never leave: `***` stands for them in every answer, and `***` sent back means unchanged. Secret are options declared as
 * `password`, keys that say so by their name, passwords inside URLs, and such keys inside a flume.conf. References (`${env:NAME}`) are
 * no secrets and stay readable.
 */
import { BadRequestException } from '@nestjs/common';
import type { OptionSpecs } from '#config/options';

type Config = Readonly<Record<string, string>>;

const mask = '***';
const secretName = /password|passwd|passphrase|secret|credential|token|jaas|private\.?key|api\.?key/i;
const reference = /^\$\{[^}]*\}$/;
const urlPassword = /(\b[a-z][\w+.-]*:\/\/[^\s/:@]*:)([^\s/@]+)(@)/gi;
/** A line of a flume.conf: what comes before the value, and the value. */
const propertyLine = /^([ \t]*([^\s#!=:][^\s=:]*)[ \t]*[=:][ \t]*)(\S.*)$/gm;

export function hideSecrets(options: OptionSpecs, config: Config): Record<string, string> {
  const isSecret = secretTest(options);
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, hide(name, value, isSecret)]));
}

/** Puts the kept secrets of `old` where `sent` has their masks. Throws 400 for a mask that stands for nothing. */
export function restoreSecrets(options: OptionSpecs, sent: Config, old: Config): Record<string, string> {
  const isSecret = secretTest(options);
  const restored = Object.entries(sent).map(([name, value]) => {
    const kept = old[name];
    if (kept === undefined) return [name, value] as const;
    if (value === hide(name, kept, isSecret)) return [name, kept] as const;
    return [name, name === 'flume.conf' ? restoreLines(value, kept) : value] as const;
  });
  for (const [name, value] of restored) {
    if (value === mask && isSecret(name)) {
      throw new BadRequestException(
        `${name} is "${mask}", which stands for a kept value, and none is kept. Send the value.`,
      );
    }
  }
  return Object.fromEntries(restored);
}

function secretTest(options: OptionSpecs): (name: string) => boolean {
  const declared = new Map<string, boolean>();
  for (const [name, spec] of Object.entries(options)) {
    for (const key of [name, ...(spec.aliases ?? [])]) declared.set(key, spec.type === 'password');
  }
  return (name) => declared.get(name) ?? secretName.test(name);
}

function hide(name: string, value: string, isSecret: (name: string) => boolean): string {
  if (reference.test(value.trim())) return value;
  if (isSecret(name)) return mask;
  const text = value.replaceAll(urlPassword, `$1${mask}$3`);
  if (name !== 'flume.conf') return text;
  return text.replaceAll(propertyLine, (line, start: string, key: string, secret: string) =>
    secretName.test(key) && !reference.test(secret.trim()) ? `${start}${mask}` : line,
  );
}

function restoreLines(sent: string, old: string): string {
  const kept = new Map([...old.matchAll(propertyLine)].map((match) => [match[2], match[3] ?? '']));
  return sent.replaceAll(propertyLine, (line, start: string, key: string, value: string) => {
    const secret = kept.get(key);
    const isMasked = value.trim() === mask || value.includes(`:${mask}@`);
    return secret !== undefined && isMasked ? `${start}${secret}` : line;
  });
}
