import { defineOptions, requireOptions } from '#config/options';
import type { TransformType } from '#pipeline/transforms/transform';
import { atLeastOne } from '../checks.js';

const options = defineOptions({
  headers: {
    type: 'list',
    required: true,
    check: atLeastOne,
    importance: 'high',
    doc: 'Names of the headers to remove.',
  },
});

export const dropHeadersTransform: TransformType = {
  name: 'DropHeaders',
  classNames: ['org.apache.kafka.connect.transforms.DropHeaders'],
  doc: 'Removes headers.',
  options,
  create(input) {
    const names = new Set(requireOptions(`Transform ${input.name}`, options, input.options).headers);
    return {
      apply(records) {
        records.each((index) => {
          const headers = records.headers(index);
          if (headers.some(({ key }) => names.has(key))) {
            records.setHeaders(
              index,
              headers.filter(({ key }) => !names.has(key)),
            );
          }
        });
      },
    };
  },
};
