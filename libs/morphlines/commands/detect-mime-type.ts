import { readFileSync } from 'node:fs';
import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { javaText } from '../java-value.js';
import { commonMimeTypes, detectMimeType as detect, parseMimeTypes } from '../mime-types.js';
import { fields } from '../record.js';

/** Sets `_attachment_mimetype` by the attachment's first bytes and `_attachment_name`. Knows fewer types than Tika: see `mime-types.ts`. */
export const detectMimeType: CommandType = {
  name: 'detectMimeType',
  className: 'org.kitesdk.morphline.tika.DetectMimeTypeBuilder',
  create({ arguments: args, child }) {
    const preserveExisting = args.boolean('preserveExisting', true);
    for (const name of ['includeMetaData', 'excludeParameters']) args.boolean(name, false);
    const text = args.optionalString('mimeTypesString');
    const types = [
      ...args
        .strings('mimeTypesFiles', [])
        .flatMap((file) => args.attempt('mimeTypesFiles', file, (path) => parseMimeTypes(readFileSync(path, 'utf8')))),
      ...(text === null ? [] : parseMimeTypes(text)),
      ...(args.boolean('includeDefaultMimeTypes', true) ? commonMimeTypes : []),
    ];
    if (types.length === 0)
      args.fail('no types are given: name mimeTypesFiles, or set includeDefaultMimeTypes to true');
    return new StepCommand(child, (record) => {
      if (preserveExisting && record.has(fields.attachmentMimeType)) return true;
      const body = record.first(fields.attachmentBody);
      if (!(body instanceof Uint8Array)) return true;
      const name = record.first(fields.attachmentName);
      record.replace(fields.attachmentMimeType, detect(body, name === undefined ? '' : javaText(name), types));
      return true;
    });
  },
};
