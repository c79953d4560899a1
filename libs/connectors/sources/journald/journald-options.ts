import { defineOptions } from '#config/options';
import { gatheredBatchSize } from '../bind-options.js';
import { httpListenerOptions } from '../http/http-options.js';

export const journaldOptions = defineOptions({
  from: {
    type: 'string',
    values: ['command', 'upload', 'file'],
    default: 'command',
    doc: 'Where entries come from: `command`, the journal of this machine, followed by `journalctl`; `upload`, requests of `systemd-journal-upload` on `port`; `file`, a file as `journalctl -o export` writes them, read once (`-` is standard input).',
    importance: 'high',
  },
  command: {
    type: 'string',
    default: 'journalctl --quiet',
    doc: 'For `command`: program and arguments, separated by blanks, no shell. `-o export -f` and where to begin are put behind them.',
  },
  start: {
    type: 'string',
    values: ['beginning', 'end'],
    default: 'beginning',
    doc: 'For `command`: where the first start begins; later ones go on behind the last entry.',
  },
  restartThrottle: {
    type: 'long',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'For `command`: the wait before it is started again when it has ended.',
  },
  file: { type: 'string', doc: 'For `file`: its path.' },
  fields: {
    type: 'list',
    default: [
      'PRIORITY',
      'SYSLOG_IDENTIFIER',
      'SYSLOG_FACILITY',
      '_PID',
      '_UID',
      '_COMM',
      '_SYSTEMD_UNIT',
      '_TRANSPORT',
      '_MACHINE_ID',
      '_BOOT_ID',
    ],
    doc: 'Fields that become headers by their names; `*` is all, but those of the journal itself (`__…`). MESSAGE is the body in any case.',
  },
  maxEntryBytes: {
    type: 'int',
    default: 1024 * 1024,
    min: 1024,
    max: 256 * 1024 * 1024,
    unit: 'bytes',
    doc: 'Of a larger entry the fields that do not fit are left out, and it gets the header `journald.status` = `Incomplete`.',
  },
  batchSize: gatheredBatchSize,
  ...httpListenerOptions,
  port: { ...httpListenerOptions.port, required: false, default: 19_532, doc: 'For `upload`: the port.' },
});
