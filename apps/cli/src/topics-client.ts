import type { CommandInput } from './command.js';
import { requireReachable } from './reach.js';
import { securityOfFile } from '#nest/client-properties';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';

/** By the flags `bootstrap` and `client-properties`; closed when `work` is done. */
export async function withCluster(
  input: CommandInput,
  work: (cluster: Cluster, admin: TopicAdmin) => Promise<void>,
): Promise<void> {
  const bootstrap = parseBootstrap(input.text('bootstrap') ?? '');
  const security = securityOfFile(input.text('client-properties'));
  await requireReachable(bootstrap);
  const cluster = new Cluster({
    bootstrap,
    clientId: 'millrace-cli',
    security,
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    await work(cluster, new TopicAdmin(cluster));
  } finally {
    await cluster.close();
  }
}
