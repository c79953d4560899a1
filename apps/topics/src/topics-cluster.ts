import { Controller } from '#broker/cluster/controller';
import { Backoff } from '#std/backoff';
import { messageOf } from '#std/errors';
import { systemRandom } from '#std/random';
import { NodeProcess, type NodeReady } from './node-process.js';
import { nodeConfig, nodeDirectory, requireKnownPort } from './node-settings.js';
import { addMetrics } from './topics-metrics-sum.js';
import type { TopicsRunner, TopicsRunnerOptions } from './topics-runner.js';
import type { TopicsMetrics } from './topics-service.js';

export interface TopicsClusterOptions extends TopicsRunnerOptions {
  readonly count: number;
  /** Whether the first node has no data yet. */
  readonly isFresh: boolean;
}

/** A node that answers what was begun and makes its log durable may take this long. */
const nodeStopMsMax = 12_000;
const restartBackoff = { initialMs: 100, maxMs: 5_000 };
/** A node that ran for this long is started again at once. */
const steadyMs = 10_000;

interface Place {
  process: NodeProcess | null;
  /** Why it does not run; null where it does. */
  reason: string | null;
  readonly backoff: Backoff;
  startedAtMs: number;
  /** How often it was started. */
  starts: number;
}

/**
 * The topic service as several nodes, each a process with its share of the partitions. This process only runs them, keeps what they have
 * in common in the catalog, and starts one again that fell; the others go on meanwhile.
 */
export class TopicsCluster implements TopicsRunner {
  private readonly controller: Controller;
  private readonly places: Place[];
  private readonly stopping = new AbortController();
  private first: NodeReady = { port: 0, ports: new Map(), exposed: [] };

  constructor(private readonly options: TopicsClusterOptions) {
    const { catalog, count, isFresh, clock, logger } = options;
    const random = options.random ?? systemRandom;
    this.controller = new Controller({ catalog, nodeCount: count, isFresh, clock, random, logger });
    this.places = Array.from({ length: count }, () => ({
      process: null,
      reason: 'It has not been started yet.',
      backoff: new Backoff(restartBackoff, random),
      startedAtMs: 0,
      starts: 0,
    }));
  }

  get port(): number {
    return this.first.port;
  }

  get ports(): ReadonlyMap<string, number> {
    return this.first.ports;
  }

  get exposedListeners(): readonly string[] {
    return this.first.exposed;
  }

  /** Throws why the first node that could not start could not, and leaves none running then. */
  async start(): Promise<void> {
    const { config, port } = this.options;
    if (config?.['listeners'] === undefined) requireKnownPort(port);
    await this.controller.open();
    try {
      const ready = await Promise.all(this.places.map((place, index) => this.startNode(place, index)));
      this.first = ready[0] ?? this.first;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<TopicsMetrics> {
    this.stopping.abort();
    const stopped = this.places.map(async ({ process }) => (await process?.stop(nodeStopMsMax)) ?? null);
    const metrics = await Promise.all(stopped);
    await this.controller.idle();
    return addMetrics(metrics.filter((each) => each !== null));
  }

  async metrics(): Promise<TopicsMetrics> {
    const all = await Promise.all(this.places.map(async ({ process }) => (await process?.metrics()) ?? null));
    const sum = addMetrics(all.filter((each) => each !== null));
    const away = all.findIndex((each) => each === null);
    if (away < 0) return sum;
    const reason = `Node ${away + 1} of ${all.length} does not run: ${this.places[away]?.reason ?? 'it ended just now'}`;
    return { ...sum, health: { ok: false, reason } };
  }

  private async startNode(place: Place, index: number): Promise<NodeReady> {
    const { dataDirectory, host, port, count, config, clock, onLine } = this.options;
    const { controller } = this;
    const started = new NodeProcess({
      settings: {
        index,
        count,
        incarnation: place.starts,
        slots: controller.coordinatorSlots,
        dataDirectory: nodeDirectory(dataDirectory, index),
        host,
        port: port + index,
        config: nodeConfig(config ?? {}, { index, count }),
      },
      onPeerMessage: (message) => controller.take(message),
      onLine,
      onExit: (reason) => this.exited(place, index, reason),
    });
    controller.attach(index, (message) => started.sendPeer(message));
    place.process = started;
    place.startedAtMs = clock.monotonic();
    place.starts += 1;
    const ready = await started.ready;
    place.reason = null;
    return ready;
  }

  private exited(place: Place, index: number, reason: string): void {
    const wasRunning = place.reason === null;
    place.process = null;
    place.reason = reason;
    this.controller.detach(index);
    if (this.stopping.signal.aborted) return;
    this.options.logger.error('A node of the topic service has ended.', { node: index, reason });
    // A node that does not even start the first time ends the start of all.
    if (wasRunning) this.startLater(place, index);
  }

  private startLater(place: Place, index: number): void {
    const { clock, logger } = this.options;
    const ranMs = clock.monotonic() - place.startedAtMs;
    if (ranMs >= steadyMs) place.backoff.reset();
    const delayMs = place.backoff.attempt === 0 ? 0 : place.backoff.nextMs();
    if (delayMs === 0) place.backoff.nextMs();
    clock
      .sleep(delayMs, this.stopping.signal)
      .then(() => this.startNode(place, index))
      .then(
        () => logger.info('A node of the topic service runs again.', { node: index }),
        (error: unknown) => {
          if (this.stopping.signal.aborted) return;
          logger.error('A node of the topic service cannot be started; it is tried again.', {
            node: index,
            reason: messageOf(error),
          });
          this.startLater(place, index);
        },
      );
  }
}
