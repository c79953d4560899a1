/** What topic channels and topic sinks need of topics; `#topics` gives it, a fake in tests. */
import type { Clock } from '#std/clock';
import type { ComponentInput } from '#pipeline/collector';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicReader, type TopicReaderOptions } from '#topics/topic-reader';
import { TopicWriter, type TopicWriterOptions, type WriteColumns } from '#topics/topic-writer';

export interface TopicOutput {
  /** Resolves when all records are acknowledged. */
  write(topic: string, columns: WriteColumns): Promise<void>;
  close(): Promise<void>;
}

export type TopicInput = Pick<TopicReader, 'start' | 'poll' | 'commit' | 'stop'>;

export interface TopicAccess {
  openWriter(options: TopicWriterOptions): TopicOutput;
  openReader(options: TopicReaderOptions): TopicInput;
  /** After writers and readers were closed. */
  close(): Promise<void>;
}

export interface TopicAccessOptions {
  readonly input: ComponentInput;
  /** Null: where the agent's topics are. */
  readonly bootstrap: string | null;
  /** Null: the agent's and the component's name. */
  readonly clientId: string | null;
}

/** How long a writer may take to deliver what it has, ms. */
const closeMsMax = 3000;

/** Lets a writer deliver what it has, but not for long: to close the access afterwards refuses the rest. */
export async function closeWithin(output: TopicOutput, clock: Clock): Promise<void> {
  const waiting = new AbortController();
  const timeout = clock.sleep(closeMsMax, waiting.signal).catch(() => undefined);
  await Promise.race([output.close(), timeout]);
  waiting.abort();
}

/** Where the topics of a component are, and how they are reached. */
export interface TopicPlace {
  readonly bootstrap: string;
  readonly security: ClientSecurity;
}

export function placeOf({ services }: ComponentInput, bootstrap: string | null): TopicPlace {
  const isOwnPlace = bootstrap !== null && bootstrap !== services.bootstrap;
  return {
    bootstrap: bootstrap ?? services.bootstrap,
    // An address of the component's own does not get the agent's password.
    security: isOwnPlace ? noSecurity : (services.security ?? noSecurity),
  };
}

/** Nothing is connected before the first write or read. */
export function accessTopics({ input, bootstrap, clientId }: TopicAccessOptions): TopicAccess {
  let cluster: Cluster | null = null;
  const place = placeOf(input, bootstrap);
  const open = (): Cluster => {
    cluster ??= new Cluster({
      bootstrap: parseBootstrap(place.bootstrap),
      clientId: clientId ?? `${input.agent}-${input.name}`,
      security: place.security,
      clock: input.services.clock,
      logger: input.services.logger,
    });
    return cluster;
  };
  return {
    openWriter: (options) => new TopicWriter(open(), options),
    openReader: (options) => new TopicReader(open(), options),
    async close() {
      await cluster?.close();
      cluster = null;
    },
  };
}
