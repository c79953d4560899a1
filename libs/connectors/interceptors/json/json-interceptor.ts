import { defineOptions, requireOptions } from '#config/options';
import type { ComponentRemark, ComponentType, Interceptor } from '#pipeline/collector';
import { BodyTexts } from '../body-text.js';
import { FailedEvents, onErrorOptions } from '../failed-events.js';
import { NewHeaders } from '../header-columns.js';
import { NewBodies } from '../new-bodies.js';

const options = defineOptions({
  headers: {
    type: 'map',
    doc: '`headers.<header> = <path>`: the value at that place becomes the header, as `headers.user = account.name` or `tags.0`. A value that is not there gives none; an object or array is written as JSON.',
  },
  allFields: { type: 'boolean', default: false, doc: 'Every top-level field becomes a header of its name.' },
  prefix: { type: 'string', default: '', doc: 'Goes before the names that `allFields` gives.' },
  body: { type: 'string', doc: 'Path of the value that becomes the body; text as it is, all else as JSON.' },
  ...onErrorOptions,
});

/** Reads bodies that are JSON objects. */
export const jsonInterceptor: ComponentType<Interceptor> = {
  name: 'json',
  classNames: [],
  doc: 'Makes headers of the fields of a body that is a JSON object.',
  options,
  check(given): readonly ComponentRemark[] {
    const values = requireOptions('interceptor json', options, given);
    if (values.allFields || values.body !== null || Object.keys(values.headers).length > 0) return [];
    const message = 'nothing is taken from the body: set headers.<header>, allFields or body.';
    return [{ severity: 'error', option: 'type', message }];
  },
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    const failed = new FailedEvents(input.name, values.onError);
    const paths = Object.entries(values.headers).map(([header, path]) => ({ header, steps: path.split('.') }));
    const bodySteps = values.body?.split('.') ?? null;
    return {
      start: (context) => Promise.resolve(failed.start(context)),
      intercept(batch) {
        const texts = new BodyTexts(batch);
        const headers = new NewHeaders(batch);
        const bodies = bodySteps === null ? null : new NewBodies(batch);
        for (let index = 0; index < batch.count; index += 1) {
          const text = texts.at(index);
          const value = parse(text);
          if (value === null) failed.add(index, `not a JSON object: ${text.slice(0, 80)}`);
          for (const { header, steps } of value === null ? [] : paths) {
            const found = textOf(valueAt(value, steps));
            if (found !== null) headers.set(index, header, found);
          }
          for (const [name, field] of values.allFields && value !== null ? Object.entries(value) : []) {
            const found = textOf(field);
            if (found !== null) headers.set(index, values.prefix + name, found);
          }
          if (bodies === null || bodySteps === null) continue;
          const body = textOf(valueAt(value, bodySteps));
          if (body === null) bodies.keep();
          else bodies.add(body);
        }
        const withHeaders = headers.applied();
        return failed.finish(bodies === null ? withHeaders : bodies.applied().withHeaders(withHeaders.headers));
      },
    };
  },
};

function parse(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let at = value;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return null;
    at = (at as Readonly<Record<string, unknown>>)[step];
  }
  return at;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
