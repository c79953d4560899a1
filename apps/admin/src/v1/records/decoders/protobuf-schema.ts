/** Protocol Buffers with their descriptor: a `.proto` text, compiled. */
import protobuf, { type Root, type Type } from 'protobufjs';
import type { RegisteredSchema } from '#connectors/converters/schema-registry/registry-client';
import { plainJson } from './plain-json.js';

/** Reads messages of one file. */
export class ProtobufSchema {
  private constructor(private readonly messages: readonly Type[]) {}

  /** Throws what is wrong with the text. References come each after those that it refers to itself. */
  static compile({ text, references }: Pick<RegisteredSchema, 'text' | 'references'>): ProtobufSchema {
    const root = new protobuf.Root();
    for (const reference of references) addFile(reference.text, root);
    const before = new Set(messagesIn(root));
    addFile(text, root);
    root.resolveAll();
    const messages = messagesIn(root).filter((message) => !before.has(message) && !isWellKnown(message));
    if (messages.length === 0) throw new Error('the file declares no message');
    return new ProtobufSchema(messages);
  }

  /** The first message of the file. */
  read(bytes: Buffer): { readonly value: unknown; readonly message: string } {
    return this.readMessage(bytes, [0]);
  }

  /** The format of Confluent's serializers, from `from` on: where the message stands among those of the file, and the message. */
  readFramed(bytes: Buffer, from: number): { readonly value: unknown; readonly message: string } {
    const cursor = { at: from };
    const count = zigzag(bytes, cursor);
    const path = count === 0 ? [0] : Array.from({ length: Math.min(count, pathMax) }, () => zigzag(bytes, cursor));
    return this.readMessage(bytes.subarray(cursor.at), path);
  }

  private readMessage(bytes: Buffer, path: readonly number[]): { value: unknown; message: string } {
    let candidates = this.messages;
    let found: Type | undefined;
    for (const index of path) {
      found = candidates[index];
      if (found === undefined) throw new Error(`the schema has no message at ${path.join('.')}`);
      candidates = found.nestedArray.filter((nested): nested is Type => nested instanceof protobuf.Type);
    }
    if (found === undefined) throw new Error('the bytes name no message');
    const object = found.toObject(found.decode(bytes), { longs: String, enums: String, bytes: String });
    return { value: plainJson(object), message: found.fullName.slice(1) };
  }
}

const pathMax = 32;
const wellKnown = 'google/protobuf/';

function addFile(text: string, root: Root): void {
  const { imports = [], weakImports = [] } = protobuf.parse(text, root, { keepCase: true });
  for (const name of [...imports, ...weakImports]) {
    const common = name.startsWith(wellKnown) ? protobuf.common.get(name) : null;
    if (common?.nested !== undefined) root.addJSON(common.nested);
  }
}

/** Outermost messages, in the order of their declaration. */
function messagesIn(namespace: protobuf.NamespaceBase): Type[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof protobuf.Type) return [nested];
    return nested instanceof protobuf.Namespace ? messagesIn(nested) : [];
  });
}

function isWellKnown(message: Type): boolean {
  return message.fullName.startsWith('.google.protobuf.');
}

function zigzag(bytes: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[cursor.at];
    if (byte === undefined) throw new Error('the bytes end within the place of the message');
    cursor.at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  throw new Error('the place of the message is no number');
}
