import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { BodyTexts } from '../body-text.js';
import { FailedEvents, onErrorOptions } from '../failed-events.js';
import { NewHeaders } from '../header-columns.js';
import { csvFields } from './csv-fields.js';

const options = defineOptions({
  columns: {
    type: 'string',
    required: true,
    doc: 'Headers for the fields, in their order, with commas between: `time,,user`. An empty name leaves its field out; further fields are left out as well.',
  },
  separator: { type: 'string', default: ',', doc: 'Between two fields; `\\t` is a tab.' },
  quote: { type: 'string', default: '"', doc: 'Around a field that holds separators; `none`: there is no such thing.' },
  trim: { type: 'boolean', default: false, doc: 'Takes blanks off both ends of a field.' },
  ...onErrorOptions,
});

/** One line of CSV a body. */
export const csvInterceptor: ComponentType<Interceptor> = {
  name: 'csv',
  classNames: [],
  doc: 'Makes headers of the fields of a body that is a line of CSV (RFC 4180).',
  options,
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    const failed = new FailedEvents(input.name, values.onError);
    const columns = values.columns.split(',').map((name) => name.trim());
    const separator = values.separator.replaceAll('\\t', '\t');
    const quote = values.quote === 'none' ? '' : values.quote;
    return {
      start: (context) => Promise.resolve(failed.start(context)),
      intercept(batch) {
        const texts = new BodyTexts(batch);
        const headers = new NewHeaders(batch);
        for (let index = 0; index < batch.count; index += 1) {
          const fields = csvFields(texts.at(index), separator, quote);
          if (fields === null) {
            failed.add(index, `quotes do not match: ${texts.at(index).slice(0, 80)}`);
            continue;
          }
          for (let at = 0; at < columns.length; at += 1) {
            const name = columns[at] ?? '';
            const field = fields[at];
            if (name !== '' && field !== undefined) headers.set(index, name, values.trim ? field.trim() : field);
          }
        }
        return failed.finish(headers.applied());
      },
    };
  },
};
