/** Calls of Kafka Connect's REST, one after another, as tools and people send them, and where our answers differ on purpose. */

/** What a server needs for one and the same connector. */
export interface ConnectPeer {
  readonly name: 'kafka' | 'ours';
  readonly url: string;
  /** A sink of lines into files, without `topics`. */
  readonly sink: Readonly<Record<string, string>>;
  /** Something that brings records in, which does nothing. */
  readonly source: Readonly<Record<string, string>>;
  readonly sinkClass: string;
}

export interface ConnectCall {
  readonly method: string;
  readonly path: string | ((peer: ConnectPeer) => string);
  readonly body?: (peer: ConnectPeer) => unknown;
  /** Instead of `body`: the very bytes. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked for again until its answer has this in it, 20 s at most. */
  readonly until?: string;
  /** What is compared: all of the answer; its keys and kinds of values; or the status alone. Default all. */
  readonly compare?: 'all' | 'form' | 'status';
  /** Ours is another one on purpose: our status, and why. Bodies are not compared then. */
  readonly differs?: { readonly status: number; readonly because: string };
}

const get = (path: ConnectCall['path'], more: Partial<ConnectCall> = {}): ConnectCall => ({
  method: 'GET',
  path,
  ...more,
});
const put = (path: ConnectCall['path'], more: Partial<ConnectCall> = {}): ConnectCall => ({
  method: 'PUT',
  path,
  ...more,
});
const post = (path: ConnectCall['path'], more: Partial<ConnectCall> = {}): ConnectCall => ({
  method: 'POST',
  path,
  ...more,
});
const patch = (path: ConnectCall['path'], more: Partial<ConnectCall> = {}): ConnectCall => ({
  method: 'PATCH',
  path,
  ...more,
});
const remove = (path: ConnectCall['path'], more: Partial<ConnectCall> = {}): ConnectCall => ({
  method: 'DELETE',
  path,
  ...more,
});

const lake = (peer: ConnectPeer): object => sink(peer, 'lake');
const other = (peer: ConnectPeer): object => sink(peer, 'others');
/** Both peers read the same topics, each in groups of its own. */
const sink = (peer: ConnectPeer, group: string): object => ({
  ...peer.sink,
  topics: 'conformance',
  'consumer.override.group.id': `${peer.name}-${group}`,
});
const standalone = 'standalone Connect stumbles here; distributed Connect answers 404 as we do';
const oneLogger = 'there is one logger, root';
const faults = 'a mistake of the caller is a 4xx here; Connect answers 500';
const place = (topic: string, partition: unknown, offset: unknown): object => ({
  partition: { kafka_topic: topic, kafka_partition: partition },
  offset: offset === null ? null : { kafka_offset: offset },
});

const worker: readonly ConnectCall[] = [
  get('/', { compare: 'form' }),
  get('/health'),
  get('/connectors'),
  get('/connectors/'),
  get('/connectors?expand=status&expand=info'),
  get('/nothing', { compare: 'status' }),
  put('/connectors', { compare: 'status' }),
  get('/connectors', { headers: { accept: 'text/csv' }, compare: 'status' }),
];

const creation: readonly ConnectCall[] = [
  post('/connectors', { body: (peer) => ({ name: 'lake', config: lake(peer) }) }),
  post('/connectors', { body: (peer) => ({ name: 'lake', config: lake(peer) }) }),
  get('/connectors'),
  get('/connectors/lake'),
  get('/connectors/lake/config'),
  get('/connectors/lake/status', { until: '"id":0,"state":"RUNNING"' }),
  get('/connectors/lake/tasks', { compare: 'form' }),
  get('/connectors/lake/tasks/0/status'),
  get('/connectors/lake/tasks/7/status'),
  get('/connectors/lake/tasks-config', { compare: 'status' }),
  get('/connectors?expand=status'),
  get('/connectors?expand=info'),
  get('/connectors?expand=info&expand=status'),
  get('/connectors?expand=neither'),
  get('/connectors?expand=info,status'),
  put('/connectors/lake/config', { body: (peer) => ({ ...lake(peer), 'tasks.max': 2 }) }),
  get('/connectors/lake/status', { until: '"id":1,"state":"RUNNING"' }),
  put('/connectors/lake/config', { body: (peer) => ({ ...lake(peer), 'tasks.max': '1', name: 'lake' }) }),
  put('/connectors/pond/config', { body: other }),
  get('/connectors/pond/status', { until: '"id":0,"state":"RUNNING"' }),
  patch('/connectors/pond/config', { body: () => ({ 'consumer.override.max.poll.records': '10' }) }),
  patch('/connectors/pond/config', { body: () => ({ 'consumer.override.max.poll.records': null }) }),
  patch('/connectors/nobody/config', { body: () => ({ 'tasks.max': '2' }) }),
  post('/connectors', { body: (peer) => ({ name: 'a b.ü+', config: other(peer) }) }),
  get('/connectors/a%20b.%C3%BC+/status', { until: '"id":0,"state":"RUNNING"' }),
  remove('/connectors/a%20b.%C3%BC+'),
  post('/connectors', { body: (peer) => ({ name: 'still', config: other(peer), initial_state: 'STOPPED' }) }),
  get('/connectors/still/status', { until: 'STOPPED' }),
  get('/connectors/still/tasks'),
  remove('/connectors/still'),
  // Connect makes no tasks before it runs; ours are there, and paused.
  post('/connectors', {
    body: (peer) => ({ name: 'quiet', config: other(peer), initial_state: 'paused' }),
    compare: 'status',
  }),
  get('/connectors/quiet/status', { until: '"connector":{"state":"PAUSED"', compare: 'status' }),
  remove('/connectors/quiet'),
  post('/connectors', { body: (peer) => ({ name: 'inlet', config: peer.source }) }),
  get('/connectors/inlet', { compare: 'form' }),
  get('/connectors/inlet/status', { until: '"type":"source"', compare: 'form' }),
  get('/connectors/inlet/offsets', { until: '"offsets"', compare: 'form' }),
  remove('/connectors/inlet'),
];

const mistakes: readonly ConnectCall[] = [
  post('/connectors', { raw: '{"name": ', differs: { status: 400, because: faults } }),
  post('/connectors', { raw: '[1]', differs: { status: 400, because: faults } }),
  post('/connectors', { raw: 'null', differs: { status: 400, because: faults } }),
  post('/connectors', { raw: '', differs: { status: 400, because: faults } }),
  post('/connectors', { raw: '{"name":"x","config":{},"more":1}', differs: { status: 400, because: faults } }),
  post('/connectors', {
    body: (peer) => ({ name: 'x', config: lake(peer), initial_state: 'ASLEEP' }),
    differs: { status: 400, because: faults },
  }),
  post('/connectors', { raw: 'x', headers: { 'content-type': 'text/plain' }, compare: 'status' }),
  post('/connectors', { body: (peer) => ({ name: '', config: lake(peer) }), compare: 'status' }),
  post('/connectors', { body: (peer) => ({ name: 'x', config: { ...lake(peer), name: 'y' } }) }),
  post('/connectors', { body: (peer) => ({ name: 'x', config: { ...lake(peer), topics: null } }), compare: 'status' }),
  post('/connectors', { body: () => ({ name: 'x', config: { topics: 'a' } }), compare: 'status' }),
  post('/connectors', {
    body: () => ({ name: 'x', config: { topics: 'a', 'connector.class': 'no.such.Class' } }),
    compare: 'status',
  }),
  post('/connectors', { body: (peer) => ({ name: 'x', config: peer.sink }), compare: 'status' }),
  post('/connectors', {
    body: (peer) => ({ name: 'x', config: { ...lake(peer), 'tasks.max': 'two' } }),
    compare: 'status',
  }),
  post('/connectors', {
    body: (peer) => ({ name: 'x', config: { ...lake(peer), 'topics.regex': 'a.*' } }),
    compare: 'status',
  }),
  post('/connectors', {
    body: (peer) => ({ name: 'x', config: { ...lake(peer), 'errors.deadletterqueue.topic.name': 'conformance' } }),
    compare: 'status',
  }),
  post('/connectors', {
    body: (peer) => ({ name: 'x', config: { ...lake(peer), 'errors.tolerance': 'some' } }),
    compare: 'status',
  }),
  get('/connectors/nobody'),
  get('/connectors/nobody/config'),
  get('/connectors/nobody/status'),
  get('/connectors/nobody/tasks'),
  get('/connectors/nobody/tasks/0/status'),
  get('/connectors/nobody/topics'),
  put('/connectors/nobody/topics/reset'),
  get('/connectors/nobody/offsets'),
  put('/connectors/nobody/pause'),
  put('/connectors/nobody/resume'),
  put('/connectors/nobody/stop', { differs: { status: 404, because: standalone } }),
  post('/connectors/nobody/restart', { differs: { status: 404, because: standalone } }),
  post('/connectors/nobody/tasks/0/restart', { differs: { status: 404, because: standalone } }),
  remove('/connectors/nobody'),
  remove('/connectors/nobody/offsets'),
];

const life: readonly ConnectCall[] = [
  put('/connectors/lake/pause'),
  get('/connectors/lake/status', { until: '"id":0,"state":"PAUSED"' }),
  put('/connectors/lake/pause'),
  put('/connectors/lake/resume'),
  get('/connectors/lake/status', { until: '"id":0,"state":"RUNNING"' }),
  post('/connectors/lake/restart'),
  post('/connectors/lake/restart?includeTasks=false&onlyFailed=false'),
  post('/connectors/lake/restart?onlyFailed=true', { compare: 'form' }),
  get('/connectors/lake/status', { until: '"id":0,"state":"RUNNING"' }),
  post('/connectors/lake/restart?includeTasks=true&onlyFailed=false'),
  get('/connectors/lake/status', { until: '"id":0,"state":"RUNNING"' }),
  post('/connectors/lake/tasks/0/restart'),
  get('/connectors/lake/status', { until: '"id":0,"state":"RUNNING"' }),
  get('/connectors/lake/topics', { until: '"conformance"' }),
  put('/connectors/lake/topics/reset'),
];

const offsets: readonly ConnectCall[] = [
  get('/connectors/lake/offsets', { until: '"kafka_offset":3' }),
  patch('/connectors/lake/offsets', { body: () => ({ offsets: [place('conformance', 0, 1)] }), compare: 'form' }),
  remove('/connectors/lake/offsets', { compare: 'form' }),
  put('/connectors/lake/stop'),
  get('/connectors/lake/status', { until: 'STOPPED' }),
  get('/connectors/lake/tasks'),
  put('/connectors/lake/stop'),
  post('/connectors/lake/restart?includeTasks=true', { compare: 'form' }),
  patch('/connectors/lake/offsets', { body: () => ({ offsets: [] }), compare: 'status' }),
  patch('/connectors/lake/offsets', { body: () => ({}), compare: 'status' }),
  patch('/connectors/lake/offsets', {
    body: () => ({ offsets: [place('conformance', 'first', 1)] }),
    compare: 'status',
  }),
  patch('/connectors/lake/offsets', {
    body: () => ({ offsets: [place('conformance', 0, -1)] }),
    differs: { status: 400, because: faults },
  }),
  patch('/connectors/lake/offsets', {
    body: () => ({ offsets: [place('no-such-topic', 0, 1)] }),
    differs: { status: 400, because: faults },
  }),
  patch('/connectors/lake/offsets', { body: () => ({ offsets: [place('conformance', 0, '1')] }) }),
  get('/connectors/lake/offsets', { until: '"kafka_offset":1' }),
  patch('/connectors/lake/offsets', { body: () => ({ offsets: [place('conformance', 0, null)] }) }),
  get('/connectors/lake/offsets', { until: '"offsets":[]' }),
  remove('/connectors/lake/offsets'),
  put('/connectors/lake/resume'),
  get('/connectors/lake/status', { until: '"id":0,"state":"RUNNING"' }),
  remove('/connectors/lake'),
  remove('/connectors/lake'),
  // Standalone Connect shows a task 9 from then on.
  post('/connectors/pond/tasks/9/restart', { compare: 'status' }),
  remove('/connectors/pond'),
];

const plugins: readonly ConnectCall[] = [
  get('/connector-plugins', { compare: 'form' }),
  get('/connector-plugins?connectorsOnly=false', { compare: 'form' }),
  get((peer) => `/connector-plugins/${peer.sinkClass}/config`, { compare: 'form' }),
  get('/connector-plugins/no.such.Class/config', { compare: 'form' }),
  put((peer) => `/connector-plugins/${peer.sinkClass}/config/validate`, {
    body: (peer) => ({ name: 'x', ...lake(peer) }),
    compare: 'form',
  }),
  put((peer) => `/connector-plugins/${peer.sinkClass}/config/validate`, {
    body: (peer) => ({ name: 'x', ...lake(peer), 'tasks.max': 'two' }),
    compare: 'form',
  }),
  put((peer) => `/connector-plugins/${peer.sinkClass}/config/validate`, {
    body: () => ({ topics: 'a' }),
    differs: { status: 400, because: faults },
  }),
  get('/admin/loggers', { compare: 'status' }),
  get('/admin/loggers/root', { compare: 'form' }),
  get('/admin/loggers/no.such.logger'),
  put('/admin/loggers/some.logger', {
    body: () => ({ level: 'DEBUG' }),
    differs: { status: 404, because: oneLogger },
  }),
  get('/admin/loggers/some.logger', { differs: { status: 404, because: oneLogger } }),
  put('/admin/loggers/some.logger?scope=cluster', {
    body: () => ({ level: 'INFO' }),
    differs: { status: 404, because: oneLogger },
  }),
];

export const connectCalls: readonly ConnectCall[] = [
  ...worker,
  ...creation,
  ...mistakes,
  ...life,
  ...offsets,
  ...plugins,
];
