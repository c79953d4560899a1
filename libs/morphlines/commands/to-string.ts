import { createHash, getHashes } from 'node:crypto';
import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { javaText, javaTrim } from '../java-value.js';

/** The text of each value; of bytes, what they are in UTF-8. */
export const toStringCommand: CommandType = {
  name: 'toString',
  className: 'org.kitesdk.morphline.stdlib.ToStringBuilder',
  create({ arguments: args, child }) {
    const field = args.string('field');
    const trim = args.boolean('trim', false);
    return new StepCommand(child, (record) =>
      record.transform(field, (value) => (trim ? javaTrim(javaText(value)) : javaText(value))),
    );
  },
};

/** The bytes of each value's text. */
export const toByteArray: CommandType = {
  name: 'toByteArray',
  className: 'org.kitesdk.morphline.stdlib.ToByteArrayBuilder',
  create({ arguments: args, child }) {
    const field = args.string('field');
    const charset = args.charsetOrUtf8('charset');
    return new StepCommand(child, (record) =>
      record.transform(field, (value) => (value instanceof Uint8Array ? value : charset.encode(javaText(value)))),
    );
  },
};

/** The bytes that a Base64 text stands for. */
export const decodeBase64: CommandType = {
  name: 'decodeBase64',
  className: 'org.kitesdk.morphline.stdlib.DecodeBase64Builder',
  create({ arguments: args, child }) {
    const field = args.string('field');
    return new StepCommand(child, (record) =>
      record.transform(field, (value) => Buffer.from(javaText(value), 'base64')),
    );
  },
};

/** A digest of each value, in hexadecimal. */
export const hashDigest: CommandType = {
  name: 'hashDigest',
  className: 'org.kitesdk.morphline.stdlib.HashDigestBuilder',
  create({ arguments: args, child }) {
    const inputField = args.string('inputField');
    const outputField = args.string('outputField');
    const algorithm = args.compiled('hashType', algorithmOf);
    const preserveExisting = args.boolean('preserveExisting', true);
    const charset = args.charsetOrUtf8('charset');
    return new StepCommand(child, (record) => {
      const values = record.get(inputField).slice();
      if (!preserveExisting) record.remove(outputField);
      for (const value of values) {
        const bytes = value instanceof Uint8Array ? value : charset.encode(javaText(value));
        record.put(outputField, createHash(algorithm).update(bytes).digest('hex'));
      }
      return true;
    });
  },
};

/** Java writes `SHA-256` and `MD5`. */
function algorithmOf(name: string): string {
  const algorithm = name.toLowerCase().replace(/^sha-/, 'sha').replace(/^sha$/, 'sha1');
  if (!getHashes().includes(algorithm)) throw new Error(`there is no hash ${name}; try MD5, SHA-1, SHA-256 or SHA-512`);
  return algorithm;
}
