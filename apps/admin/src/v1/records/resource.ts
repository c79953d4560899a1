import type { Resource } from '../resource.js';
import { RecordDecoders } from './decoders/record-decoders.js';
import { ProduceController } from './produce-controller.js';
import { RecordController } from './record-controller.js';
import { RecordProducer } from './record-producer.js';
import { RecordsController } from './records-controller.js';

export const recordsResource: Resource = {
  controllers: [RecordController, ProduceController, RecordsController],
  providers: ({ environment, dataDirectory, clock, cluster }) => [
    {
      provide: RecordDecoders,
      useFactory: () =>
        new RecordDecoders({ registryUrl: environment['SCHEMA_REGISTRY_URL'] || null, dataDirectory, clock }),
    },
    { provide: RecordProducer, useFactory: () => new RecordProducer(cluster) },
  ],
};
