import { readFileSync } from 'node:fs';
import type { Type } from 'avsc';
import { AvroDatum, avroMemoryMimeType } from '../avro/avro-datum.js';
import { readContainer } from '../avro/avro-container.js';
import { avroType } from '../avro/avro-types.js';
import type { Arguments } from '../arguments.js';
import type { CommandInput, CommandType } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import { fields, type MorphlineRecord } from '../record.js';
import { AttachmentReader } from './attachment-reader.js';
import { jsonDocuments } from '../avro/json-documents.js';

/** One record for each datum of an Avro container file. */
export const readAvroContainer: CommandType = {
  name: 'readAvroContainer',
  className: 'org.kitesdk.morphline.avro.ReadAvroContainerBuilder',
  create: (input) => new ReadAvroContainer(input),
};

/** One record for each datum of Avro without a container; the schema that wrote it is an argument. */
export const readAvro: CommandType = {
  name: 'readAvro',
  className: 'org.kitesdk.morphline.avro.ReadAvroBuilder',
  create: (input) => new ReadAvro(input),
};

abstract class AvroReader extends AttachmentReader {
  protected readonly readerType: Type | null;

  constructor({ arguments: args, child }: CommandInput) {
    super(child, args);
    this.readerType = schemaOf(args, 'readerSchema');
  }

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    const template = record.copy();
    template.removeAttachments();
    template.put(fields.attachmentMimeType, avroMemoryMimeType);
    try {
      for (const datum of this.data(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))) {
        const output = template.copy();
        output.put(fields.attachmentBody, datum);
        if (!this.child.process(output)) return false;
      }
    } catch (error) {
      if (error instanceof AvroError) throw new MorphlineRuntimeError(`${this.name}: ${error.message}`);
      throw error;
    }
    return true;
  }

  protected abstract readonly name: string;
  /** Throws an AvroError where the bytes are not what they should be. */
  protected abstract data(bytes: Buffer): Generator<AvroDatum>;
}

class AvroError extends Error {}

class ReadAvroContainer extends AvroReader {
  protected readonly name = 'readAvroContainer';

  constructor(input: CommandInput) {
    super(input);
    // How many schemas Kite keeps; there is nothing to be kept here.
    input.arguments.integer('schemaCacheCapacity', 100);
  }

  protected *data(bytes: Buffer): Generator<AvroDatum> {
    const values = readContainer(bytes, this.readerType);
    for (;;) {
      const next = attempt(() => values.next());
      if (next.done === true) return;
      yield new AvroDatum(next.value.type, next.value.value);
    }
  }
}

class ReadAvro extends AvroReader {
  protected readonly name = 'readAvro';
  private readonly writerType: Type;
  private readonly isJson: boolean;

  constructor(input: CommandInput) {
    super(input);
    const args = input.arguments;
    this.writerType =
      schemaOf(args, 'writerSchema') ??
      args.fail('what is read has no schema with it: give writerSchemaFile or writerSchemaString');
    this.isJson = args.boolean('isJson', false);
  }

  protected *data(bytes: Buffer): Generator<AvroDatum> {
    const { writerType, readerType } = this;
    const type = readerType ?? writerType;
    const resolver = readerType === null ? undefined : attempt(() => readerType.createResolver(writerType));
    if (this.isJson) {
      for (const text of jsonDocuments(bytes.toString())) {
        const written = attempt(() => writerType.fromString(text) as unknown);
        const value =
          readerType === null
            ? written
            : attempt(() => type.fromBuffer(writerType.toBuffer(written), resolver) as unknown);
        yield new AvroDatum(type, value);
      }
      return;
    }
    for (let at = 0; at < bytes.length;) {
      const { value, offset } = attempt(() => type.decode(bytes, at, resolver) as { value: unknown; offset: number });
      // What ends in the middle of a datum ends there, as for Kite.
      if (offset < 0) return;
      yield new AvroDatum(type, value);
      if (offset === at) return;
      at = offset;
    }
  }
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new AvroError((error as Error).message);
  }
}

/** The schema in `<name>String`, or in the file `<name>File`. */
function schemaOf(args: Arguments, name: string): Type | null {
  const text = args.optionalString(`${name}String`);
  const file = args.optionalString(`${name}File`);
  if (text !== null) return args.attempt(`${name}String`, text, avroType);
  if (file === null) return null;
  return args.attempt(`${name}File`, file, (path) => avroType(readFileSync(path, 'utf8')));
}
