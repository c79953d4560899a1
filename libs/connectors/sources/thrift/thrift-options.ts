import { defineOptions } from '#config/options';
import { messageBytesMaxOption, rpcOptions } from '../rpc/rpc-options.js';

export const thriftOptions = defineOptions({
  ...rpcOptions,
  protocol: {
    type: 'string',
    default: 'compact',
    values: ['compact', 'binary'],
    doc: 'Thrift’s protocol, in frames; has to be the clients’.',
  },
  kerberos: {
    type: 'boolean',
    default: false,
    check: (isWanted: boolean) => (isWanted ? 'Kerberos is not supported; use ssl' : null),
    doc: 'Only `false`: Kerberos is not supported.',
  },
  'agent-principal': { type: 'string', doc: 'Accepted for Flume, where it belongs to Kerberos.' },
  'agent-keytab': { type: 'string', doc: 'Accepted for Flume, where it belongs to Kerberos.' },
  maxMessageBytes: {
    ...messageBytesMaxOption,
    default: 16_384_000,
    doc: 'A call with more bytes ends its connection, before they are kept. Flume’s limit is the default.',
  },
});
