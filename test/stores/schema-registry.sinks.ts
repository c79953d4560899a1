import { mkdtempSync, chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { parseJsonText } from '#pipeline/sink-json';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { eventually } from '../flows/product.js';
import { callRest } from '../flows/rest.js';
import { Roles } from '../flows/roles.js';
import { startTopics } from '../flows/topic-service.js';
import { produceWithRegistry, startSchemaRegistry, type SchemaRegistry } from '../peers/schema-registry.js';

const port = 24_920;
const count = 10_000;

const table = `CREATE TABLE orders_flat (
  id bigint PRIMARY KEY, big bigint, amount numeric(20, 4), paid numeric(18, 2), day date, clock time, at timestamptz,
  fine timestamptz, status text, hash text, raw text, note text, either_string text, either_long bigint, tags jsonb,
  ratio double precision, ok boolean, address_city text, address_zip integer, source text)`;

/** Confluent's own serializers write, a real registry holds the schemas, PostgreSQL and files have to hold the same. */
describe('records with schemas in a registry', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-registry-'));
  chmodSync(folder, 0o755);
  const database = new EmbeddedPostgres({ directory: join(folder, 'database'), durable: false });
  const cluster = new Cluster({
    bootstrap: [`127.0.0.1:${port}`],
    clientId: 'test',
    clock: systemClock,
    logger: silentLogger,
  });
  const admin = new TopicAdmin(cluster);
  const url = `http://127.0.0.1:${port + 1}`;
  /** What was started, in that order. */
  const stops: (() => Promise<unknown>)[] = [];
  let registry: SchemaRegistry;
  let client: pg.Client;

  beforeAll(async () => {
    stops.push(() => database.stop());
    await database.start();
    const topics = await startTopics(folder, port);
    stops.push(() => topics.child.kill());
    registry = await startSchemaRegistry({ directory: folder, port: port + 2 });
    stops.push(() => registry.child.kill());
    for (const name of ['orders', 'orders-json']) await admin.createTopic({ name, partitions: 2 });
    await produceWithRegistry({
      registry: registry.url,
      bootstrap: `127.0.0.1:${port}`,
      avroTopic: 'orders',
      jsonTopic: 'orders-json',
      count,
    });
    const roles = new Roles({
      directory: folder,
      databaseUrl: database.databaseUrl,
      bootstrap: `127.0.0.1:${port}`,
      env: { STORE_URL: database.databaseUrl },
    });
    stops.push(() => roles.dispose());
    await Promise.all([roles.start('admin', { port: port + 1 }), roles.start('sink-worker')]);
    client = new pg.Client({ connectionString: database.databaseUrl });
    await client.connect();
    stops.push(() => client.end());
    await client.query(table);
  }, 300_000);

  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function create(name: string, config: Record<string, string>): Promise<void> {
    const answer = await callRest(url, 'POST', '/connectors', { name, config });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  }

  it('finds mistakes under the keys of transforms and converters', async () => {
    const config = {
      name: 'x',
      'connector.class': 'file',
      topics: 'orders',
      'file.path': join(folder, 'x'),
      'value.converter': 'io.confluent.connect.avro.AvroConverter',
      'value.converter.basic.auth.credentials.source': 'USER_INFO',
      transforms: 'a,b',
      'transforms.a.type': 'org.apache.kafka.connect.transforms.Cast$Value',
      'transforms.a.spec': 'id:decimal',
      'transforms.b.type': 'RegexRooter',
      'transforms.b.predicate': 'p',
    };
    const { body } = await callRest(url, 'PUT', '/connector-plugins/file/config/validate', config);
    const { configs } = body as { configs: { value: { name: string; errors: string[] } }[] };
    const errors = Object.fromEntries(
      configs.filter(({ value }) => value.errors.length > 0).map(({ value }) => [value.name, value.errors]),
    );
    expect(Object.keys(errors).toSorted()).toEqual([
      'transforms.a.spec',
      'transforms.b.type',
      'value.converter.schema.registry.url',
    ]);
    expect(errors['transforms.b.type']?.[0]).toContain('did you mean RegexRouter');
  });

  it('has the same numbers, times and texts in PostgreSQL, behind four transforms and a registry that hung', async () => {
    process.kill(registry.child.pid, 'SIGSTOP');
    await create('lake', {
      'connector.class': 'postgres',
      topics: 'orders',
      'connection.url': '${env:STORE_URL}',
      'table.name.format': 'orders_flat',
      'insert.mode': 'upsert',
      'pk.mode': 'record_value',
      'pk.fields': 'id',
      'value.converter': 'io.confluent.connect.avro.AvroConverter',
      'value.converter.schema.registry.url': `http://127.0.0.1:9,${registry.url}`,
      'value.converter.schema.registry.timeout.ms': '1000',
      transforms: 'odd,counts,flat,source',
      'transforms.odd.type': 'cel',
      'transforms.odd.filter': 'json == null || json.id != 13.0',
      // Kafka's Flatten takes no maps of records that have a schema.
      'transforms.counts.type': 'ReplaceField$Value',
      'transforms.counts.exclude': 'counts',
      'transforms.flat.type': 'org.apache.kafka.connect.transforms.Flatten$Value',
      'transforms.flat.delimiter': '_',
      'transforms.source.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
      'transforms.source.topic.field': 'source',
      'errors.deadletterqueue.topic.name': 'orders.dead',
      'errors.retry.delay.max.ms': '500',
    });
    await eventually('the task waits for the registry', 30_000, async () => {
      const { body } = await callRest(url, 'GET', '/connectors/lake/status');
      return JSON.stringify(body).includes('schema registry does not answer');
    });
    process.kill(registry.child.pid, 'SIGCONT');
    const startedAt = performance.now();
    await eventually('all are there', 60_000, async () => {
      const { rows } = await client.query('SELECT count(*)::int AS n FROM orders_flat');
      const { n } = rows[0] as { n: number };
      if (n === count - 1) return true;
      const { rows: tasks } = await client.query('SELECT state, details FROM millrace.task');
      throw new Error(`${n} rows; ${JSON.stringify(tasks)}`);
    });
    console.log(`${count} records of Avro in PostgreSQL after ${Math.round(performance.now() - startedAt)} ms`);
    await eventually('the one of no schema is a dead letter', 10_000, async () => {
      const ends = await admin.offsets('orders.dead', 'latest');
      return ends.reduce((sum, { offset }) => sum + offset, 0) === 1;
    });
    // What the producer has computed, computed by PostgreSQL.
    const { rows } = await client.query(`
      SELECT count(*)::int AS wrong FROM (
        SELECT o.*, CASE WHEN id % 2 = 1 THEN -1 ELSE 1 END AS sign,
          timestamptz '2026-01-02 03:04:05.123456Z' + id * interval '1 second' + id * interval '1 microsecond' AS moment
        FROM orders_flat o) o
      WHERE NOT (big = sign * (9223372036854775807 - id)
        AND amount = sign * (1234567890123456 + id)::numeric / 10000
        AND paid IS NOT DISTINCT FROM CASE WHEN id % 3 = 0 THEN NULL ELSE id::numeric / 100 END
        AND day = (moment AT TIME ZONE 'UTC')::date
        AND clock = make_time((id % 24)::int, 4, 5.123)
        AND at = date_trunc('second', moment) + interval '123 milliseconds'
        AND fine = moment
        AND status = CASE WHEN id % 2 = 1 THEN 'SENT' ELSE 'NEW' END
        AND decode(hash, 'base64') = set_byte(decode('0000ff07', 'hex'), 0, (id % 256)::int)
        AND length(decode(raw, 'base64')) = id % 5
        AND note IS NOT DISTINCT FROM CASE WHEN id % 2 = 1 THEN NULL ELSE 'grüße ' || id END
        AND either_string IS NOT DISTINCT FROM CASE WHEN id % 3 = 1 THEN 'text' END
        AND either_long IS NOT DISTINCT FROM CASE WHEN id % 3 = 2 THEN 9007199254740993 END
        AND jsonb_array_length(tags) = id % 3
        AND ratio = id / 4.0 AND ok = (id % 2 = 0)
        AND address_city = 'Bern' AND address_zip IS NOT DISTINCT FROM CASE WHEN id % 2 = 1 THEN NULL ELSE 3000 + id END
        AND source = 'orders')`);
    expect(rows).toEqual([{ wrong: 0 }]);
  }, 150_000);

  it('has the same in files, of JSON with a schema', async () => {
    const lake = join(folder, 'lake');
    await create('files', {
      'connector.class': 'file',
      topics: 'orders-json',
      'file.path': lake,
      'file.rollInterval': '1',
      'value.converter': 'io.confluent.connect.json.JsonSchemaConverter',
      'value.converter.schema.registry.url': registry.url,
    });
    let lines: string[] = [];
    await eventually('all are there', 60_000, () => {
      lines = readdirSync(lake, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.includes('+'))
        .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
        .filter((line) => line !== '');
      return Promise.resolve(lines.length === count);
    });
    const wrong = lines.filter((line) => {
      const { id, name, big, price } = parseJsonText(line) as { id: number; name: string; big: bigint; price: number };
      return name !== `n${id}` || big !== 2n ** 62n + BigInt(id) || price !== (id % 2 === 1 ? null : id / 2);
    });
    expect(wrong).toEqual([]);
  }, 90_000);
});
