import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { defineOptions, requireOptions } from '#config/options';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentContext, ComponentType } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import type { Timer } from '#std/clock';
import type { EventEncoder } from '../serializers/event-encoder.js';
import { deadLetterKey, deadLetterOption } from '../dead-letter-option.js';
import { createSerializer, serializerSpecs } from '../serializers/serializer-options.js';

const pathManagers: Readonly<Record<string, 'DEFAULT' | 'ROLLTIME'>> = {
  default: 'DEFAULT',
  'org.apache.flume.formatter.output.defaultpathmanager$builder': 'DEFAULT',
  rolltime: 'ROLLTIME',
  'org.apache.flume.formatter.output.rolltimepathmanager$builder': 'ROLLTIME',
};

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
  'sink.pathManager': {
    type: 'string',
    default: 'DEFAULT',
    doc: '`DEFAULT` names files `<start in ms>-<n>`, `ROLLTIME` `<yyyyMMddHHmmss>-<n>`, n from 1 for each second.',
    check: (value: string) => (pathManagers[value.toLowerCase()] === undefined ? 'must be DEFAULT or ROLLTIME' : null),
  },
  'sink.pathManager.prefix': { type: 'string', default: '', doc: 'Text before the name of each file.' },
  'sink.pathManager.extension': { type: 'string', doc: 'Text after it, a dot between.' },
  ...serializerSpecs('sink.serializer'),
  ...deadLetterOption('that name no Avro schema, where the serializer needs one'),
});

type Settings = ReturnType<typeof readOptions>;

/** A file being written, and what of it is synced. */
interface OpenFile {
  readonly handle: FileHandle;
  readonly encoder: EventEncoder;
  /** Events of another variant (an Avro schema) need another file. */
  readonly variant: string;
  bytes: number;
  readonly timer: Timer | null;
}

/**
 * Files in a folder, a new one each `rollInterval`. A batch is synced before it counts as written; one that failed half-way is cut off
 * again, and the file is ended there. A file is made with its first event, so there are no empty ones; Flume makes those too.
 */
class FileRollSink implements ChannelSink {
  private context: ComponentContext | null = null;
  private startedAt = 0;
  /** Files of `lastStem` so far. */
  private files = 0;
  private lastStem = '';
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
      const { serializer } = this.settings;
      await serializer.prepare?.(batch);
      if (serializer.variant === undefined) {
        await this.writeRun(
          batch,
          Int32Array.from({ length: batch.count }, (_, index) => index),
          '',
        );
        return;
      }
      // All of them before the first is written: an event that has none fails the batch with nothing of it kept.
      const variants = Array.from({ length: batch.count }, (_, index) => serializer.variant?.(batch, index) ?? '');
      for (let from = 0; from < batch.count;) {
        const variant = variants[from] ?? '';
        let to = from + 1;
        while (to < batch.count && variants[to] === variant) to += 1;
        const first = from;
        await this.writeRun(
          batch,
          Int32Array.from({ length: to - from }, (_, index) => first + index),
          variant,
        );
        from = to;
      }
    });
  }

  private async writeRun(batch: EventBatch, indexes: Int32Array, variant: string): Promise<void> {
    if (this.current !== null && this.current.variant !== variant) await this.roll();
    const file = this.current ?? (await this.openNext(variant));
    try {
      file.encoder.add(batch, indexes, this.context?.clock.now() ?? 0);
      const bytes = await file.encoder.take();
      await writeAll(file.handle, bytes, file.bytes);
      await file.handle.datasync();
      file.bytes += bytes.length;
    } catch (error) {
      await file.handle.truncate(file.bytes).catch(() => undefined);
      await this.roll().catch(() => undefined);
      throw error;
    }
  }

  private locked(work: () => Promise<void>): Promise<void> {
    const done = this.lock.then(work);
    this.lock = done.catch(() => undefined);
    return done;
  }

  private async openNext(variant: string): Promise<OpenFile> {
    const { context, settings } = this;
    if (context === null) throw new Error('The file_roll sink is not started.');
    const stem = settings.pathManager === 'DEFAULT' ? String(this.startedAt) : rollTime(context.clock.now());
    this.files = stem === this.lastStem ? this.files + 1 : 1;
    this.lastStem = stem;
    const extension = settings.extension === null ? '' : `.${settings.extension}`;
    const path = join(settings.directory, `${settings.prefix}${stem}-${this.files}${extension}`);
    const handle = await open(path, 'w');
    const timer =
      settings.rollMs === 0 ? null : context.clock.after(settings.rollMs, () => void this.locked(() => this.roll()));
    this.current = { handle, encoder: settings.serializer.open(path, variant), variant, bytes: 0, timer };
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
    serializer: createSerializer('sink.serializer', values, (url) => readFile(url)),
    pathManager: pathManagers[values['sink.pathManager'].toLowerCase()] ?? 'DEFAULT',
    prefix: values['sink.pathManager.prefix'],
    extension: values['sink.pathManager.extension'],
  };
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
  // A write is synced when it resolves, so that offsets may follow it.
  createTask: (input, context) => ({
    sink: channelSinkAsTask(new FileRollSink(readOptions(input.name, input.options)), context),
    deadLetterTopic: requireOptions(`sink ${input.name}`, options, input.options)[deadLetterKey],
  }),
};
