import { defineOptions } from '#config/options';
import { findCharset } from '../charset.js';

export const execOptions = defineOptions({
  command: {
    type: 'string',
    required: true,
    doc: 'The command. Without `shell` it is split on blanks, without quotes.',
    importance: 'high',
  },
  shell: {
    type: 'string',
    doc: 'What runs the command, such as `/bin/sh -c`: split on blanks, and the command is its last argument.',
  },
  restart: { type: 'boolean', default: false, doc: 'Runs the command again when it has ended.' },
  restartThrottle: { type: 'long', default: 10_000, min: 0, unit: 'ms', doc: 'Wait before it is run again.' },
  logStdErr: {
    type: 'boolean',
    default: false,
    doc: 'Logs what the command writes to its standard error; else that is thrown away.',
  },
  batchSize: { type: 'int', default: 20, min: 1, unit: 'lines', doc: 'Lines handed to the channels at once.' },
  batchTimeout: { type: 'long', default: 3000, min: 0, unit: 'ms', doc: 'Longest wait for a batch to be full.' },
  charset: {
    type: 'string',
    default: 'UTF-8',
    check: checkLineCharset,
    doc: 'Charset of the output. Its bytes go on as they are, so this is only checked.',
  },
  maxLineBytes: {
    type: 'int',
    default: 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'A longer line is cut into several events. Flume knows no limit.',
  },
});

function checkLineCharset(name: string): string | null {
  const charset = findCharset(name);
  if (charset === null) return 'must be a charset, such as UTF-8 or ISO-8859-1';
  return charset.unitBytes === 1
    ? null
    : 'must be a charset whose line end is one byte; UTF-16 and UTF-32 are not supported here';
}
