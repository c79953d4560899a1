import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { projectRoot } from '../flows/product.js';

const run = promisify(execFile);
const chart = join(projectRoot, 'deploy', 'helm', 'millrace');

const container = z.object({
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  volumeMounts: z.array(z.object({ name: z.string() })),
});
const workload = z.object({
  kind: z.enum(['Deployment', 'StatefulSet']),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.number(),
    template: z.object({
      spec: z.object({ containers: z.tuple([container]), volumes: z.array(z.object({ name: z.string() })) }),
    }),
    volumeClaimTemplates: z.array(z.object({ metadata: z.object({ name: z.string() }) })).default([]),
  }),
});
type Workload = z.output<typeof workload>;

/** What `helm template` makes of the chart with these settings, by name. */
async function render(...settings: readonly string[]): Promise<Map<string, Workload>> {
  const flags = settings.flatMap((setting) => ['--set', setting]);
  const { stdout } = await run('helm', ['template', 'm', chart, ...flags]);
  const documents = parseAllDocuments(stdout).map((document): unknown => document.toJS());
  const workloads = documents.flatMap((document) => workload.safeParse(document).data ?? []);
  return new Map(workloads.map((found) => [found.metadata.name, found]));
}

const settingsOf = (found: Workload | undefined): Record<string, string | undefined> =>
  Object.fromEntries(
    (found?.spec.template.spec.containers[0].env ?? []).map(({ name, value }) => [name, value] as const),
  );

test('the chart passes the linter', async () => {
  const { stdout } = await run('helm', ['lint', '--strict', chart]);
  expect(stdout).toContain('0 chart(s) failed');
});

test('every role is there, with volumes for all that is mounted', async () => {
  const workloads = await render();
  expect([...workloads.keys()].toSorted()).toEqual(['m-admin', 'm-collector', 'm-sink-worker-default', 'm-topics']);
  for (const { spec } of workloads.values()) {
    const [{ volumeMounts }] = spec.template.spec.containers;
    const volumes = [
      ...spec.template.spec.volumes.map(({ name }) => name),
      ...spec.volumeClaimTemplates.map(({ metadata }) => metadata.name),
    ];
    expect(volumes.toSorted()).toEqual(volumeMounts.map(({ name }) => name).toSorted());
  }
  expect(settingsOf(workloads.get('m-sink-worker-default'))).toMatchObject({
    TOPICS_BOOTSTRAP: 'm-topics:9092',
    HEALTH_PORT: '8081',
  });
});

test('on a Kafka cluster there are no topics, and a destination has a deployment of its own', async () => {
  const workloads = await render(
    'topicsBootstrap=kafka-1:9092\\,kafka-2:9092',
    'rpc.secretName=rpc',
    ...['name=hdfs', 'replicas=3', 'labels={store=hdfs}'].map((setting) => `sinkWorkers[0].${setting}`),
  );
  expect([...workloads.keys()].toSorted()).toEqual(['m-admin', 'm-collector', 'm-sink-worker-hdfs']);
  const hdfs = workloads.get('m-sink-worker-hdfs');
  expect(hdfs?.spec.replicas).toBe(3);
  expect(settingsOf(hdfs)).toMatchObject({
    TOPICS_BOOTSTRAP: 'kafka-1:9092,kafka-2:9092',
    MILLRACE_WORKER_LABELS: 'store=hdfs',
    MILLRACE_RPC_ADDRESS: '$(POD_IP):9400',
    MILLRACE_RPC_CERT: '/etc/millrace/rpc/tls.crt',
  });
  expect(settingsOf(workloads.get('m-admin'))).toMatchObject({ MILLRACE_RPC_NAME: 'millrace-worker' });
});
