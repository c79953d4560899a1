import { defineOptions, requireOptions } from '#config/options';
import type { TransformType } from '#pipeline/transforms/transform';

const options = defineOptions({
  header: { type: 'string', required: true, importance: 'high', doc: 'Name of the header.' },
  'value.literal': { type: 'string', required: true, importance: 'high', doc: 'Its value, as text.' },
});

export const insertHeaderTransform: TransformType = {
  name: 'InsertHeader',
  classNames: ['org.apache.kafka.connect.transforms.InsertHeader'],
  doc: 'Adds a header.',
  options,
  create(input) {
    const values = requireOptions(`Transform ${input.name}`, options, input.options);
    const header = { key: values.header, value: Buffer.from(values['value.literal']) };
    return {
      apply(records) {
        records.each((index) => records.setHeaders(index, [...records.headers(index), header]));
      },
    };
  },
};
