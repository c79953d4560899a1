import type { ChannelTopic } from '#pipeline/collector';
import { DeadLetterTopic } from '#pipeline/dead-letter-topic';
import { SinkPreparation } from '#pipeline/sink-preparation';
import { TransformChain } from '#pipeline/transforms/transform-chain';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader, type TopicReaderOptions } from '#topics/topic-reader';
import { TopicWriter } from '#topics/topic-writer';
import { flumeEventTransform } from './flume-event-transform.js';
import type { TopicPlace } from './topic-access.js';

export interface ChannelTaskOptions {
  readonly place: TopicPlace;
  readonly reader: TopicReaderOptions;
  /** The topic holds AvroFlumeEvents. */
  readonly parseAsFlumeEvent: boolean;
  readonly clientId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The cluster's default of a topic that has to be made. */
const defaultReplication = -1;

/** A channel's topic for a sink that runs as a sink task; connected when it is first read. */
export function openChannelTopic(options: ChannelTaskOptions, deadLetterTopic: string | null): ChannelTopic {
  const { place, clientId, clock, logger } = options;
  const cluster = new Cluster({
    bootstrap: parseBootstrap(place.bootstrap),
    security: place.security,
    clientId,
    clock,
    logger,
  });
  return {
    reader: new TopicReader(cluster, options.reader),
    deadLetters:
      deadLetterTopic === null
        ? null
        : new DeadLetterTopic(new TopicWriter(cluster), new TopicAdmin(cluster), {
            topic: deadLetterTopic,
            replicationFactor: defaultReplication,
          }),
    ...(options.parseAsFlumeEvent ? { preparation: flumeEvents() } : {}),
    close: () => cluster.close(),
  };
}

function flumeEvents(): SinkPreparation {
  const link = { name: 'parseAsFlumeEvent', transform: flumeEventTransform, predicate: null, negate: false };
  return new SinkPreparation({ keyConverter: null, valueConverter: null, transforms: new TransformChain([link]) });
}
