import { ChainedCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { fields, type MorphlineRecord } from '../record.js';

/** One record for each attachment of a record that has several. */
export const separateAttachments: CommandType = {
  name: 'separateAttachments',
  className: 'org.kitesdk.morphline.stdlib.SeparateAttachmentsBuilder',
  create: ({ child }) => new SeparateAttachments(child),
};

const perAttachment = [
  fields.attachmentBody,
  fields.attachmentMimeType,
  fields.attachmentCharset,
  fields.attachmentName,
];

class SeparateAttachments extends ChainedCommand {
  process(record: MorphlineRecord): boolean {
    for (let index = 0; index < record.get(fields.attachmentBody).length; index += 1) {
      const output = record.copy();
      for (const name of perAttachment) output.replaceAll(name, record.get(name).slice(index, index + 1));
      if (!this.child.process(output)) return false;
    }
    return true;
  }
}
