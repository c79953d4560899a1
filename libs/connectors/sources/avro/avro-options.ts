import { defineOptions } from '#config/options';
import { parseIpFilter } from '../rpc/ip-filter.js';
import { messageBytesMaxOption, rpcOptions } from '../rpc/rpc-options.js';

export const avroOptions = defineOptions({
  ...rpcOptions,
  'compression-type': {
    type: 'string',
    default: 'none',
    values: ['none', 'deflate'],
    doc: '`deflate` where clients compress; each direction is then one zlib stream. Has to be the same on both sides.',
  },
  ipFilter: { type: 'boolean', default: false, doc: 'Lets only those connect whom `ipFilterRules` allow.' },
  ipFilterRules: {
    type: 'string',
    check: (text: string) => {
      try {
        parseIpFilter(text);
        return null;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    doc: 'Rules `allow|deny:ip|name:pattern` by commas, `*` for any text: `allow:ip:127.*,deny:ip:*`. The first that matches decides; where none does, the peer may connect.',
  },
  maxMessageBytes: messageBytesMaxOption,
});
