import { defineOptions } from '#config/options';
import { labelsProblem } from '#control/worker-labels';
import { rpcSettings } from './rpc-settings.js';

/** Environment variables that several roles know; docs/guides/separate-processes.md lists them. */
export const roleSettings = defineOptions({
  DATABASE_URL: { type: 'string', required: true, doc: 'The PostgreSQL that all roles share: `postgres://…`.' },
  TOPICS_BOOTSTRAP: {
    type: 'string',
    default: '127.0.0.1:9092',
    doc: 'Addresses of topics: ours, or any Kafka cluster.',
  },
  TOPICS_CLIENT_PROPERTIES: {
    type: 'string',
    doc: 'File of Kafka’s client properties, for topics behind TLS and a login: `security.protocol`, `sasl.…`, `ssl.…`.',
  },
  HOST: { type: 'string', default: '127.0.0.1', doc: 'Address to listen on.' },
  MILLRACE_DATA: { type: 'string', default: 'millrace-data', doc: 'Folder for segments, positions and spools.' },
  MILLRACE_WORKER_ID: { type: 'string', doc: 'Unique among workers of one role. Default: the name of the host.' },
  MILLRACE_WORKER_LABELS: {
    type: 'list',
    default: [],
    check: labelsProblem,
    doc: 'Of a worker, `store=hdfs,zone=a`: connectors that ask for them by `worker.labels` run here, and only those. Default: none.',
  },
  HEALTH_PORT: {
    type: 'int',
    min: 0,
    max: 65_535,
    doc: 'Port of `/livez`, `/readyz` and `/metrics` of a role that has no REST. Default: none.',
  },
  MILLRACE_RPC_PORT: {
    type: 'int',
    min: 1,
    max: 65_535,
    doc: 'Port where a worker takes calls of the administration. Default: none.',
  },
  MILLRACE_RPC_ADDRESS: {
    type: 'string',
    doc: 'Where the administration reaches that port, `host:port`. Default: the address that it listens on, or the name of the host.',
  },
  ...rpcSettings,
  MILLRACE_INSECURE: {
    type: 'boolean',
    default: false,
    doc: 'Allows a listener off loopback although there is no authentication.',
  },
});
