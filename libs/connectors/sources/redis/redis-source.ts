/** Redis streams and lists. */
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { clientTlsRemarks } from '../../tls/component-tls.js';
import { clientTlsOptions } from '../../tls/tls-options.js';
import { BrokerPlaces, credentialOptions, flowOf, flowOptions, readCredentials, urlsCheck } from '../broker-options.js';
import { tlsOf } from '../broker-socket.js';
import { BrokerSource } from '../broker-source.js';
import { RedisBroker } from './redis-broker.js';

const ports = { redis: 6379, rediss: 6379 };

const options = defineOptions({
  url: {
    type: 'list',
    required: true,
    importance: 'high',
    check: urlsCheck(ports),
    doc: 'The server: `redis://host:6379`, or `rediss://host:6379` for TLS. Several, separated by commas, are tried in turn.',
  },
  streams: { type: 'list', default: [], importance: 'high', doc: 'Streams to read, separated by commas.' },
  lists: {
    type: 'list',
    default: [],
    doc: 'Lists whose elements are taken from the left. Until the channels have it, an element lies in `<list>:<group>:<consumer>`.',
  },
  group: { type: 'string', default: 'millrace', doc: 'Consumer group; made where it is missing.' },
  consumer: {
    type: 'string',
    doc: 'Name of this consumer, under which unfinished entries are found again after a restart. Default: `<agent>-<source>`.',
  },
  startId: {
    type: 'string',
    values: ['0', '$'],
    default: '0',
    doc: 'Where a group begins that is made here: with what there is, or with what comes.',
  },
  claimIdle: {
    type: 'int',
    default: 0,
    min: 0,
    unit: 'ms',
    doc: 'Entries that another consumer of the group has not acknowledged for so long are taken over. 0: never. Longer than full channels may last.',
  },
  removeAcknowledged: { type: 'boolean', default: false, doc: 'Deletes an entry of a stream once it is acknowledged.' },
  bodyField: {
    type: 'string',
    default: 'body',
    doc: 'The field of an entry that is the body; the others are headers. Without it the body is all fields as a JSON object.',
  },
  database: { type: 'int', default: 0, min: 0, doc: 'Number of the database.' },
  ...credentialOptions,
  ...flowOptions,
  ...clientTlsOptions,
});

export const redisSource: ComponentType<Source> = {
  name: 'redis',
  classNames: [],
  doc: 'Reads streams of a Redis server (7 or newer, or 6.2) as a consumer of a group, and lists; acknowledges when the channels have the entries. Headers: `redis.key`, `redis.id`.',
  options,
  batchSizeOption: 'batchSize',
  check(input) {
    const values = requireOptions('source', options, input);
    const remarks = clientTlsRemarks(values);
    if (values.streams.length === 0 && values.lists.length === 0)
      remarks.push({ severity: 'error', option: 'streams', message: 'nothing to read: set streams or lists' });
    return remarks;
  },
  create(input) {
    const values = requireOptions(`source ${input.name}`, options, input.options);
    const places = new BrokerPlaces(values.url, ports);
    const hasPassword = values.password !== null || values.passwordFile !== null;
    const broker = new RedisBroker(`${values.url.join(',')} ${[...values.streams, ...values.lists].join(',')}`, {
      streams: values.streams,
      lists: values.lists,
      group: values.group,
      consumer: values.consumer ?? `${input.agent}-${input.name}`,
      start: values.startId,
      claimIdleMs: values.claimIdle,
      removesAcknowledged: values.removeAcknowledged,
      bodyField: values.bodyField,
      batchSize: values.batchSize,
      database: values.database,
      user: values.userName,
      nextPlace: () => places.next(),
      tls: (place) => tlsOf(place, values),
      // Servers without access lists know a password and no user.
      password: () => readCredentials({ ...values, userName: values.userName ?? (hasPassword ? 'default' : null) }),
    });
    return new BrokerSource(broker, flowOf(values));
  },
};
