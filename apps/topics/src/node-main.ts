/**
 * One node of the topic service in a process of its own, told by the process that runs it what to do. When that one goes, this one ends
 * at once: everything acknowledged is durable, and the next start must find ports and directories free.
 */
import { Neighbourhood } from '#broker/cluster/neighbourhood';
import { Nodes } from '#broker/cluster/nodes';
import { systemClock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { logFormat } from '#nest/log-format';
import { createLogger, type Logger } from '#std/log';
import type { FromNode, NodeSettings, ToNode } from './node-messages.js';
import { TopicsService } from './topics-service.js';

/** As sysexits' EX_SOFTWARE: a sync to disk has failed, and nothing more may be acknowledged. */
const storageFailedCode = 70;

let service: TopicsService | null = null;
let neighbourhood: Neighbourhood | null = null;
let isStopping = false;

const say = (message: FromNode): void => {
  process.send?.(message, undefined, undefined, () => undefined);
};

process.on('message', (message: ToNode) => take(message));
process.on('disconnect', () => process.exit(0));
// A key press reaches every process of the terminal; the one that runs the nodes stops them.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => void stop());

function take(message: ToNode): void {
  switch (message.kind) {
    case 'start':
      void start(message.settings);
      break;
    case 'stop':
      void stop();
      break;
    case 'metrics-wanted':
      if (service !== null) say({ kind: 'metrics', metrics: service.metrics() });
      break;
    case 'peer':
      neighbourhood?.take(message.message);
      break;
  }
}

async function start(settings: NodeSettings): Promise<void> {
  const { index, count, incarnation, slots, dataDirectory, host, port, config } = settings;
  const logger: Logger = createLogger({
    write: (line) => say({ kind: 'line', line }),
    now: () => new Date().toISOString(),
    format: logFormat(),
    fields: { node: index },
  });
  try {
    const firstNodeId = Number(config['node.id']) - index;
    neighbourhood = new Neighbourhood({
      nodes: new Nodes({ index, count, firstNodeId, slots }),
      incarnation,
      send: (message) => say({ kind: 'peer', message }),
    });
    service = new TopicsService({
      dataDirectory,
      catalog: neighbourhood.catalog,
      host,
      port,
      config,
      clock: systemClock,
      logger,
      onFatal: () => process.exit(storageFailedCode),
      neighbourhood,
    });
    await service.start();
    const { port: firstPort, ports, exposedListeners: exposed } = service;
    say({ kind: 'ready', ready: { port: firstPort, ports, exposed } });
  } catch (error) {
    const code = error instanceof MillraceError ? error.code : null;
    process.send?.({ kind: 'failed', code, message: messageOf(error) } satisfies FromNode, () => process.exit(1));
  }
}

async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  try {
    const metrics = await service?.stop();
    if (metrics !== undefined) say({ kind: 'stopped', metrics });
  } catch (error) {
    say({ kind: 'line', line: `${new Date().toISOString()} error A node could not stop cleanly: ${messageOf(error)}` });
  }
  // Disconnecting ends the process by the handler above, after what was said is sent.
  process.disconnect();
}
