/**
 * Secrets never leave: `***` stands for them in every answer, and `***` sent back means unchanged. Secret are options declared as
 * `password`, keys that say so by their name, passwords and such parameters inside URLs, and such keys inside a flume.conf.
 * References (`${env:NAME}`) are no secrets and stay readable.
 */
import { BadRequestException } from '@nestjs/common';
import type { OptionSpecs } from '#config/options';

type Config = Readonly<Record<string, string>>;

const mask = '***';
const secretName = /password|passwd|passphrase|secret|credential|token|jaas|private\.?key|api\.?key/i;
const reference = /^\$\{[^}]*\}$/;
/** Up to the last @ of the authority: a password may hold one. */
const urlPassword = /(\b[a-z][\w+.-]*:\/\/[^\s/:@]*:)([^\s/]+)(@)/gi;
/** A parameter of a URL, as JDBC's have them: what comes before the value, its name, and the value. */
const urlParameter = /([?&;]([\w.-]+)=)([^\s&;]+)/g;
const maskInUrl = /:\*\*\*@|[?&;][\w.-]+=\*\*\*(?![^\s&;])/;
/** A line of a flume.conf: what comes before the value, and the value. */
const propertyLine = /^([ \t]*([^\s#!=:][^\s=:]*)[ \t]*[=:][ \t]*)(\S.*)$/gm;

export function hideSecrets(options: OptionSpecs, config: Config): Record<string, string> {
  const isSecret = secretTest(options);
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, hide(name, value, isSecret)]));
}

/**
 * Puts the kept secrets of `old` where `sent` has their masks. Throws 400 for a mask that stands for nothing: also in a URL that has
 * changed otherwise, so that a kept password never goes to another host.
 */
export function restoreSecrets(options: OptionSpecs, sent: Config, old: Config): Record<string, string> {
  const isSecret = secretTest(options);
  const restored = Object.entries(sent).map(([name, value]) => {
    const kept = old[name];
    if (kept === undefined) return [name, value] as const;
    if (value === hide(name, kept, isSecret)) return [name, kept] as const;
    return [name, name === 'flume.conf' ? restoreLines(value, kept) : value] as const;
  });
  for (const [name, value] of restored) {
    if (maskInUrl.test(value) || (value === mask && isSecret(name)) || (name === 'flume.conf' && hasMask(value))) {
      throw new BadRequestException(`${name} has "${mask}" for a kept value, and none is kept for it. Send the value.`);
    }
  }
  return Object.fromEntries(restored);
}

const secretTests = new WeakMap<OptionSpecs, (name: string) => boolean>();

/** Made once for the options of a class: a list of thousands of connectors asks for few classes. */
function secretTest(options: OptionSpecs): (name: string) => boolean {
  const known = secretTests.get(options);
  if (known !== undefined) return known;
  const test = newSecretTest(options);
  secretTests.set(options, test);
  return test;
}

function newSecretTest(options: OptionSpecs): (name: string) => boolean {
  const declared = new Map<string, boolean>();
  for (const [name, spec] of Object.entries(options)) {
    for (const key of [name, ...(spec.aliases ?? [])]) declared.set(key, spec.type === 'password');
  }
  return (name) => declared.get(name) ?? secretName.test(name);
}

function hide(name: string, value: string, isSecret: (name: string) => boolean): string {
  if (reference.test(value.trim())) return value;
  if (isSecret(name)) return mask;
  if (name === 'flume.conf') {
    return value.replaceAll(
      propertyLine,
      (_, start: string, key: string, text: string) => start + hideProperty(key, text),
    );
  }
  return hideUrls(value);
}

/** A text in which URLs may be, such as an error message. */
export function hideUrls(text: string): string {
  // Most texts are no URL and have no parameters.
  if (!text.includes('://') && !text.includes('=')) return text;
  return text
    .replaceAll(urlPassword, `$1${mask}$3`)
    .replaceAll(urlParameter, (whole, start: string, name: string, value: string) =>
      secretName.test(name) && !reference.test(value) ? start + mask : whole,
    );
}

function hideProperty(key: string, text: string): string {
  return secretName.test(key) && !reference.test(text.trim()) ? mask : hideUrls(text);
}

/** Lines of a flume.conf that are as they were shown get their secret back. */
function restoreLines(sent: string, old: string): string {
  const kept = new Map([...old.matchAll(propertyLine)].map((match) => [match[2] ?? '', match[3] ?? '']));
  return sent.replaceAll(propertyLine, (line, start: string, key: string, text: string) => {
    const secret = kept.get(key);
    return secret !== undefined && text.trim() === hideProperty(key, secret).trim() ? start + secret : line;
  });
}

function hasMask(conf: string): boolean {
  return [...conf.matchAll(propertyLine)].some((match) => (match[3] ?? '').trim() === mask);
}
