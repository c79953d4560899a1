import { randomUUID } from 'node:crypto';
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';

const options = defineOptions({
  headerName: { type: 'string', default: 'id', doc: 'Header that gets the UUID.' },
  preserveExisting: { type: 'boolean', default: true, doc: 'Leaves events that have the header as they are.' },
  prefix: { type: 'string', default: '', doc: 'Text before each UUID.' },
});

export const uuidInterceptor: ComponentType<Interceptor> = {
  name: 'uuid',
  classNames: ['org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder'],
  doc: 'Sets a header to a random UUID of each event.',
  options,
  create(input) {
    const { headerName, preserveExisting, prefix } = requireOptions(
      `interceptor ${input.name}`,
      options,
      input.options,
    );
    return {
      intercept(batch) {
        const column = Array.from({ length: batch.count }, (_, index) => {
          const existing = preserveExisting ? batch.header(index, headerName) : null;
          return existing ?? prefix + randomUUID();
        });
        return batch.withHeader(headerName, column);
      },
    };
  },
};
