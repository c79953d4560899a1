import type { CommandInput, CommandType } from '../command.js';
import { JavaTree, type TreeValue } from '../java-value.js';
import { jsonValues, JsonTree } from '../json-tree.js';
import { fields, type MorphlineRecord } from '../record.js';
import { AttachmentReader } from './attachment-reader.js';

/** One record for each JSON value of the attachment, which it holds as a tree in `_attachment_body`. */
export const readJson: CommandType = {
  name: 'readJson',
  className: 'org.kitesdk.morphline.json.ReadJsonBuilder',
  create: (input) => new ReadJson(input),
};

class ReadJson extends AttachmentReader {
  private readonly wrap: (value: TreeValue) => JsonTree | JavaTree;

  constructor({ arguments: args, child }: CommandInput) {
    super(child, args);
    const outputClass = args.string('outputClass', 'com.fasterxml.jackson.databind.JsonNode');
    if (!/\.JsonNode$|^java\.util\.(?:Map|List|Linked\w+|Hash\w+|ArrayList)$|^java\.lang\.Object$/.test(outputClass))
      args.fail(
        `outputClass can be com.fasterxml.jackson.databind.JsonNode or java.util.Map, not ${outputClass}`,
        'outputClass',
      );
    for (const name of ['jsonFactory', 'objectMapper']) {
      if (args.optionalString(name) !== null) args.fail(`${name} names a Java class, and there is no Java here`, name);
    }
    const isJackson = outputClass.endsWith('.JsonNode');
    this.wrap = (value) => (isJackson ? new JsonTree(value) : new JavaTree(value));
  }

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    const template = record.copy();
    template.removeAttachments();
    for (const value of jsonValues(textOf(bytes))) {
      const output = template.copy();
      output.put(fields.attachmentBody, this.wrap(value));
      output.put(fields.attachmentMimeType, 'json/java+memory');
      if (!this.child.process(output)) return false;
    }
    return true;
  }
}

/** JSON says by its first bytes how it is encoded (RFC 4627, section 3). */
function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes.length > 1 && bytes[0] === 0 && bytes[1] !== 0) return new TextDecoder('utf-16be').decode(bytes);
  if (bytes.length > 1 && bytes[0] !== 0 && bytes[1] === 0) return new TextDecoder('utf-16le').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
}
