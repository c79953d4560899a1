import type { Transform } from '#pipeline/transforms/transform';
import { decodeAvroFlumeEvent } from './avro-flume-event.js';

/** Takes events out of the AvroFlumeEvents that a channel keeps: the body becomes the value, the event's headers those of the record. */
export const flumeEventTransform: Transform = {
  apply(records) {
    records.each((index) => {
      const { headers, body } = decodeAvroFlumeEvent(records.value.bytes(index) ?? Buffer.alloc(0));
      records.value.setBytes(index, body);
      records.setHeaders(
        index,
        Object.entries(headers).map(([key, text]) => ({ key, value: Buffer.from(text) })),
      );
    });
  },
};
