import { defineOptions } from '#config/options';
import { checkDatabaseUrl } from './database-url.js';

/** Names are those of Confluent's JDBC source connector, as far as it has them. */
export const jdbcPollOptions = defineOptions({
  'connection.url': {
    type: 'string',
    required: true,
    check: checkDatabaseUrl,
    doc: '`jdbc:postgresql://host:5432/db`, `jdbc:mysql://host:3306/db` or `jdbc:mariadb://…`; also without `jdbc:`.',
  },
  'connection.user': { type: 'string', doc: 'Login name.' },
  'connection.password': { type: 'password', doc: 'Its password.' },
  'table.whitelist': { type: 'list', doc: 'Tables to read, `schema.table` or `table`. Either this or `query`.' },
  query: {
    type: 'string',
    doc: 'A SELECT whose columns hold those that are named below; bounds and order are put around it. It has no question mark in it.',
  },
  mode: {
    type: 'string',
    values: ['incrementing', 'timestamp', 'timestamp+incrementing'],
    default: 'incrementing',
    doc: 'How new rows are known: by a number that rises, by a time of the last change, or by both, which sees changes and misses nothing. `bulk` is not there.',
  },
  'incrementing.column.name': { type: 'string', doc: 'Column whose value rises with each new row and is never null.' },
  'timestamp.column.name': {
    type: 'string',
    doc: 'Column with the time of the last change; rows without one are not read.',
  },
  'timestamp.initial': {
    type: 'string',
    doc: 'Rows changed after this time are read, `2024-05-06 07:08:09` (UTC). Absent: all.',
  },
  'timestamp.delay.interval.ms': {
    type: 'int',
    default: 0,
    min: 0,
    unit: 'ms',
    doc: 'Rows younger than this wait, so that transactions that began before them can still end.',
  },
  'poll.interval.ms': {
    type: 'int',
    default: 5000,
    min: 10,
    unit: 'ms',
    doc: 'Wait between two looks at a table without news.',
  },
  'batch.max.rows': {
    type: 'int',
    default: 1000,
    min: 1,
    max: 100_000,
    unit: 'rows',
    doc: 'Rows that are read at once.',
  },
  tableHeader: { type: 'string', default: 'table', doc: 'Header that gets the table’s name; empty with `query`.' },
});
