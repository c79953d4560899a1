import { defineOptions } from '#config/options';
import type { TransformType } from '#pipeline/transforms/transform';

export const filterTransform: TransformType = {
  name: 'Filter',
  classNames: ['org.apache.kafka.connect.transforms.Filter'],
  doc: 'Drops every record that it concerns; meant to be used with a predicate. Offsets are passed all the same.',
  options: defineOptions({}),
  create: () => ({
    apply(records) {
      records.each((index) => records.drop(index));
    },
  }),
};
