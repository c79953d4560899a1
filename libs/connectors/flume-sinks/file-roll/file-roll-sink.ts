import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { defineOptions, requireOptions } from '#config/options';
import type { ChannelSink, ComponentContext, ComponentType } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import type { Timer } from '#std/clock';

const serializers = ['TEXT', 'HEADER_AND_TEXT'] as const;
const pathManagers = ['DEFAULT', 'ROLLTIME'] as const;

const options = defineOptions({
  'sink.directory': { type: 'string', required: true, doc: 'Folder of the files; made where it is missing.' },
  'sink.rollInterval': {
    type: 'int',
    default: 30,
    min: 0,
    unit: 's',
    doc: 'Age at which a file is closed; 0 is never.',
  },
  'sink.batchSize': {
    type: 'int',
    default: 100,
    min: 1,
    unit: 'events',
    doc: 'Events written and synced at once, at most.',
  },
  'sink.serializer': {
    type: 'string',
    default: 'TEXT',
    values: serializers,
    doc: '`TEXT` writes bodies, `HEADER_AND_TEXT` the headers as `{a=b, c=d}` and a blank before them.',
  },
  'sink.serializer.appendNewline': { type: 'boolean', default: true, doc: 'A newline after each event.' },
  'sink.pathManager': {
    type: 'string',
    default: 'DEFAULT',
    values: pathManagers,
    doc: '`DEFAULT` names files `<start in ms>-<n>`, `ROLLTIME` `<yyyyMMddHHmmss>-<n>`.',
  },
  'sink.pathManager.prefix': { type: 'string', default: '', doc: 'Text before the name of each file.' },
  'sink.pathManager.extension': { type: 'string', doc: 'Text after it, a dot between.' },
});

type Settings = ReturnType<typeof readOptions>;

/** A file being written, and what of it is synced. */
interface OpenFile {
  readonly handle: FileHandle;
  bytes: number;
  readonly timer: Timer | null;
}

/**
 * Files in a folder, a new one each `rollInterval`. A batch is synced before it counts as written; one that failed half-way is cut off
 * again. A file is made with its first event, so there are no empty ones; Flume makes those too.
 */
class FileRollSink implements ChannelSink {
  private context: ComponentContext | null = null;
  private startedAt = 0;
  private files = 0;
  private current: OpenFile | null = null;
  private lock: Promise<void> = Promise.resolve();

  constructor(private readonly settings: Settings) {}

  get batchSize(): number {
    return this.settings.batchSize;
  }

  async start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.startedAt = context.clock.now();
    this.files = 0;
    await mkdir(this.settings.directory, { recursive: true });
  }

  async stop(): Promise<void> {
    await this.locked(() => this.roll());
  }

  async write(batch: EventBatch): Promise<void> {
    await this.locked(async () => {
      const file = this.current ?? (await this.openNext());
      const bytes = serialize(batch, this.settings);
      try {
        await writeAll(file.handle, bytes, file.bytes);
        await file.handle.datasync();
        file.bytes += bytes.length;
      } catch (error) {
        await file.handle.truncate(file.bytes).catch(() => undefined);
        throw error;
      }
    });
  }

  private locked(work: () => Promise<void>): Promise<void> {
    const done = this.lock.then(work);
    this.lock = done.catch(() => undefined);
    return done;
  }

  private async openNext(): Promise<OpenFile> {
    const { context, settings } = this;
    if (context === null) throw new Error('The file_roll sink is not started.');
    this.files += 1;
    const stem = settings.pathManager === 'DEFAULT' ? String(this.startedAt) : rollTime(context.clock.now());
    const extension = settings.extension === null ? '' : `.${settings.extension}`;
    const path = join(settings.directory, `${settings.prefix}${stem}-${this.files}${extension}`);
    const handle = await open(path, 'w');
    const timer =
      settings.rollMs === 0 ? null : context.clock.after(settings.rollMs, () => void this.locked(() => this.roll()));
    this.current = { handle, bytes: 0, timer };
    return this.current;
  }

  private async roll(): Promise<void> {
    const file = this.current;
    this.current = null;
    file?.timer?.cancel();
    await file?.handle.close();
  }
}

function readOptions(name: string, input: Readonly<Record<string, string>>) {
  const values = requireOptions(`sink ${name}`, options, input);
  return {
    directory: values['sink.directory'],
    rollMs: values['sink.rollInterval'] * 1000,
    batchSize: values['sink.batchSize'],
    serializer: values['sink.serializer'],
    appendNewline: values['sink.serializer.appendNewline'],
    pathManager: values['sink.pathManager'],
    prefix: values['sink.pathManager.prefix'],
    extension: values['sink.pathManager.extension'],
  };
}

const newline = Buffer.from('\n');

function serialize(batch: EventBatch, settings: Settings): Buffer {
  const pieces: Buffer[] = [];
  for (let index = 0; index < batch.count; index += 1) {
    if (settings.serializer === 'HEADER_AND_TEXT') {
      const headers = Object.entries(batch.headersOf(index)).map(([name, value]) => `${name}=${value}`);
      pieces.push(Buffer.from(`{${headers.join(', ')}} `));
    }
    pieces.push(batch.body(index));
    if (settings.appendNewline) pieces.push(newline);
  }
  return Buffer.concat(pieces);
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** Local time, as Flume writes it. */
function rollTime(nowMs: number): string {
  const now = new Date(nowMs);
  const parts = [now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes(), now.getSeconds()];
  return String(now.getFullYear()) + parts.map((part) => String(part).padStart(2, '0')).join('');
}

export const fileRollSink: ComponentType<ChannelSink> = {
  name: 'file_roll',
  classNames: ['org.apache.flume.sink.RollingFileSink'],
  doc: 'Writes events to files in a folder, a new file each so many seconds.',
  options,
  batchSizeOption: 'sink.batchSize',
  create: (input) => new FileRollSink(readOptions(input.name, input.options)),
};
