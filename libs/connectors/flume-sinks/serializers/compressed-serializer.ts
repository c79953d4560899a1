import type { HadoopCodec } from '../../formats/hadoop-codec.js';
import type { EventEncoder, EventSerializer } from './event-encoder.js';

/** A serializer's bytes by a codec: each flush is a member of its own, as Flume ends its compression there too. */
export function compressed(serializer: EventSerializer, codec: HadoopCodec): EventSerializer {
  return {
    ...(serializer.prepare === undefined
      ? {}
      : { prepare: (batch) => serializer.prepare?.(batch) ?? Promise.resolve() }),
    ...(serializer.variant === undefined
      ? {}
      : { variant: (batch, index) => serializer.variant?.(batch, index) ?? '' }),
    open(identity, variant): EventEncoder {
      const plain = serializer.open(identity, variant);
      return {
        add: (batch, indexes, nowMs) => plain.add(batch, indexes, nowMs),
        async take() {
          const bytes = await plain.take();
          return bytes.length === 0 ? bytes : await codec.compress(bytes);
        },
      };
    },
  };
}
