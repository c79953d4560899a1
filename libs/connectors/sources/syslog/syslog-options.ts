import { defineOptions, type OptionSpec } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { keptFieldNames, namesFields } from './kept-fields.js';

/** What all syslog sources have. */
export const syslogOptions = defineOptions({
  host: {
    type: 'string',
    default: '127.0.0.1',
    doc: 'The address to listen on. Flume’s default is every address.',
    importance: 'high',
  },
  keepFields: {
    type: 'string',
    default: 'none',
    doc: 'What stays in the body: `none`, `all`, or some of `priority version timestamp hostname`.',
  },
  clientIPHeader: { type: 'string', doc: 'Name of a header with the address of the sender.' },
  clientHostnameHeader: {
    type: 'string',
    doc: 'Name of a header with the host name of the sender; its address where it has no name.',
  },
  structuredData: {
    type: 'string',
    values: ['body', 'headers', 'both'],
    default: 'body',
    doc: 'Where APP-NAME, PROCID, MSGID and the structured data of RFC 5424 go. `body`: they stay in the body, as in Flume. `headers`: they become `appname`, `procid`, `msgid` and `sd.ID.NAME`, and the body is the message alone. `both`: headers, and the body stays. Not in Flume.',
  },
});

export const eventSizeOption = {
  type: 'int',
  default: 2500,
  min: 1,
  max: 16 * 1024 * 1024,
  unit: 'bytes',
  doc: 'A longer message is cut, and its rest becomes events too. Not under 10.',
} as const satisfies OptionSpec;

export const formatOption = {
  type: 'map',
  doc: 'Flume’s `format.*`, tried before the formats of the RFCs: `format.regex` fits the whole message, its groups are priority, version, time, host and body; matches of `format.search` in the time become `format.replace`; `format.dateFormat` reads it.',
} as const satisfies OptionSpec;

const eventSizeMin = 10;

export function messageBytesMax(eventSize: number): number {
  return Math.max(eventSizeMin, eventSize);
}

export function checkKeepFields(keepFields: string): ComponentRemark[] {
  if (namesFields(keepFields)) return [];
  const message = `keepFields "${keepFields}" names no field; there are ${keptFieldNames.join(', ')}, all and none`;
  return [{ severity: 'warning', option: 'keepFields', message }];
}
