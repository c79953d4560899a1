import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import { GrokDictionary } from '#morphlines/grok/grok-dictionary';
import { GrokPattern } from '#morphlines/grok/grok-pattern';
import type { ComponentRemark, ComponentType, Interceptor } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { BodyTexts } from '../body-text.js';
import { FailedEvents, onErrorOptions } from '../failed-events.js';
import { NewHeaders } from '../header-columns.js';

const options = defineOptions({
  pattern: {
    type: 'string',
    required: true,
    doc: 'Grok expression that is looked for in the body: `%{COMBINEDAPACHELOG}`, `%{IP:client} %{WORD:method}`. Each named part becomes a header.',
  },
  patterns: {
    type: 'map',
    doc: '`patterns.<n>`: further expressions, tried in the order of their names where those before do not match.',
  },
  definitions: { type: 'map', doc: '`definitions.<NAME> = <pattern>`: patterns of your own, usable as `%{NAME}`.' },
  dictionaryFiles: { type: 'list', doc: 'Files with a name and a pattern a line.' },
  wholeBody: { type: 'boolean', default: false, doc: 'The expression has to match the whole body.' },
  prefix: { type: 'string', default: '', doc: 'Goes before the names of the headers.' },
  ...onErrorOptions,
});

type GrokOptions = OptionValues<typeof options>;

/** Grok as Logstash's and Morphlines' users know it, with their dictionaries. */
export const grokInterceptor: ComponentType<Interceptor> = {
  name: 'grok',
  classNames: [],
  doc: 'Makes headers of the parts of a body that a grok expression names.',
  options,
  check(given): readonly ComponentRemark[] {
    const values = requireOptions('interceptor grok', options, given);
    try {
      const files = (values.dictionaryFiles ?? []).map((path) => ({ path, text: readFileSync(path, 'utf8') }));
      compile(values, files);
      return [];
    } catch (error) {
      return [{ severity: 'error', option: 'pattern', message: messageOf(error) }];
    }
  },
  create: (input) =>
    new GrokInterceptor(input.name, requireOptions(`interceptor ${input.name}`, options, input.options)),
};

class GrokInterceptor implements Interceptor {
  private readonly failed: FailedEvents;
  private patterns: readonly GrokPattern[] = [];

  constructor(
    name: string,
    private readonly values: GrokOptions,
  ) {
    this.failed = new FailedEvents(name, values.onError);
  }

  async start(context: Parameters<NonNullable<Interceptor['start']>>[0]): Promise<void> {
    this.failed.start(context);
    const paths = this.values.dictionaryFiles ?? [];
    const files = await Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
    this.patterns = compile(this.values, files);
  }

  intercept(batch: Parameters<Interceptor['intercept']>[0]): ReturnType<Interceptor['intercept']> {
    const texts = new BodyTexts(batch);
    const headers = new NewHeaders(batch);
    for (let index = 0; index < batch.count; index += 1) {
      const text = texts.at(index);
      if (!this.read(text, index, headers)) this.failed.add(index, `no pattern matches ${text.slice(0, 80)}`);
    }
    return this.failed.finish(headers.applied());
  }

  private read(text: string, index: number, headers: NewHeaders): boolean {
    for (const pattern of this.patterns) {
      const match = this.values.wholeBody ? pattern.match(text) : pattern.find(text);
      if (match === null) continue;
      for (const { name, group } of pattern.captures) {
        const value = match[group];
        if (value !== undefined) headers.set(index, this.values.prefix + name, value);
      }
      return true;
    }
    return false;
  }
}

function compile(
  values: GrokOptions,
  files: readonly { readonly path: string; readonly text: string }[],
): GrokPattern[] {
  const dictionary = GrokDictionary.shipped();
  for (const { path, text } of files) dictionary.add(text, path);
  for (const [name, pattern] of Object.entries(values.definitions))
    dictionary.add(`${name} ${pattern}`, `definitions.${name}`);
  const further = Object.entries(values.patterns).toSorted(([left], [right]) =>
    left.localeCompare(right, 'en', { numeric: true }),
  );
  return [values.pattern, ...further.map(([, pattern]) => pattern)].map((text) => new GrokPattern(text, dictionary));
}
