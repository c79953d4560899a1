import { createHmac } from 'node:crypto';
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Interceptor } from '#pipeline/collector';
import type { EventBatch, HeaderColumn } from '#pipeline/event-batch';
import { checkJavaRegex, compileJavaRegex } from '#std/java-regex';
import { BodyTexts } from '../body-text.js';
import { NewBodies } from '../new-bodies.js';

/** What is easily named and hard to write. */
const presets: Readonly<Record<string, RegExp>> = {
  card: /\b\d(?:[ -]?\d){12,18}\b/g,
  email: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  ipv4: /\b(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}\b/g,
  iban: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g,
};

const options = defineOptions({
  preset: { type: 'list', doc: `What to mask, by name: ${Object.keys(presets).join(', ')}.` },
  pattern: { type: 'string', check: checkJavaRegex, doc: 'What to mask besides, as a regular expression.' },
  inBody: { type: 'boolean', default: true, doc: 'Masks what it finds in the body.' },
  headers: { type: 'list', doc: 'Headers in whose values it masks as well.' },
  mode: {
    type: 'string',
    values: ['replace', 'keep-last', 'hash'],
    default: 'replace',
    doc: '`replace` by `replacement`; `keep-last` leaves the last `keep` characters and puts `*` for the others; `hash` puts the first 16 hexadecimal digits of HMAC-SHA-256 by `secret`, so that equal values stay equal.',
  },
  replacement: { type: 'string', default: '****', doc: 'What `replace` puts there.' },
  keep: { type: 'int', default: 4, min: 0, doc: 'Characters that `keep-last` leaves.' },
  secret: { type: 'password', doc: 'Key of `hash`.' },
});

/** Masks what should not leave the machine. */
export const maskInterceptor: ComponentType<Interceptor> = {
  name: 'mask',
  classNames: [],
  doc: 'Masks card numbers, addresses and what else a pattern finds, in bodies and headers.',
  options,
  check(given) {
    const values = requireOptions('interceptor mask', options, given);
    const remarks: ComponentRemark[] = [];
    const unknown = (values.preset ?? []).filter((name) => !Object.hasOwn(presets, name));
    const error = (option: string, message: string): void => void remarks.push({ severity: 'error', option, message });
    for (const name of unknown) error('preset', `preset ${name} does not exist: ${Object.keys(presets).join(', ')}.`);
    if (values.preset === null && values.pattern === null) error('type', 'nothing is masked: set preset or pattern.');
    if (values.mode === 'hash' && values.secret === null) error('mode', 'mode hash needs a secret.');
    return remarks;
  },
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    const patterns = (values.preset ?? []).flatMap((name) => presets[name] ?? []);
    if (values.pattern !== null) patterns.push(compileJavaRegex(values.pattern, 'g'));
    const mask = maskOf(values);
    const masked = (text: string): string => patterns.reduce((left, pattern) => left.replace(pattern, mask), text);
    return {
      intercept(batch) {
        const inHeaders = maskHeaders(batch, values.headers ?? [], masked);
        if (!values.inBody) return inHeaders;
        const texts = new BodyTexts(batch);
        const bodies = new NewBodies(inHeaders);
        for (let index = 0; index < batch.count; index += 1) {
          const text = texts.at(index);
          const changed = masked(text);
          if (changed === text) bodies.keep();
          else bodies.add(changed);
        }
        return bodies.applied();
      },
    };
  },
};

function maskOf(values: OptionValues<typeof options>): (found: string) => string {
  const { mode, replacement, keep, secret } = values;
  if (mode === 'replace') return () => replacement;
  if (mode === 'hash')
    return (found) =>
      createHmac('sha256', secret ?? '')
        .update(found)
        .digest('hex')
        .slice(0, 16);
  return (found) => '*'.repeat(Math.max(0, found.length - keep)) + found.slice(Math.max(0, found.length - keep));
}

function maskHeaders(batch: EventBatch, names: readonly string[], masked: (text: string) => string): EventBatch {
  let result = batch;
  for (const name of names) {
    const column = batch.headers.get(name);
    if (column === undefined) continue;
    const changed: HeaderColumn =
      typeof column === 'string' ? masked(column) : column.map((value) => (value === null ? null : masked(value)));
    result = result.withHeader(name, changed);
  }
  return result;
}
