import { join } from 'node:path';
import type { PositionChanges, Source, SourceContext } from '#pipeline/collector';
import { EventBatch, type HeaderColumn } from '#pipeline/event-batch';
import { messageOf, MillraceError } from '#std/errors';
import { compileJavaMatcher } from '#std/java-regex';
import { deliverUntilTaken } from '../deliver-until-taken.js';
import { PositionFile } from '../position-file.js';
import { objectLines, type ObjectLines } from './object-lines.js';
import type { ObjectPollOptions } from './object-poll-options.js';
import type { ObjectStore, StoredObject } from './object-store.js';

const retryMsMin = 1000;
const retryMsMax = 30_000;

/** What a source tells of the place whose files it reads. */
export interface PolledPlace {
  /** As people call it: `HDFS`. */
  readonly label: string;
  /** Where positions are kept when the channels keep none: a name in the source's folder. */
  readonly positionFile: string;
  /** `isFolderWanted` says whether to look into a folder of that name. */
  readonly open: (isFolderWanted: (name: string) => boolean) => ObjectStore;
}

/** What is known of a file, as it is kept: bytes of its content before what was not read, and its size when all was. */
interface FilePosition {
  readonly at: number;
  readonly size?: number;
  /** Of the content that the position lies in, where the store tells one. */
  readonly version?: string | undefined;
  /** It could not be read; it is left alone while it stays as it is. */
  readonly bad?: true;
}

/**
 * Reads the files that appear in a store, a line an event. What was read of a file moves with the delivery, in one transaction
 * where the channels are topics; elsewhere it is kept in a file, and lines of the last delivery can come twice after a crash.
 *
 * Where the store tells versions of files, a file of another version is read from its beginning. Elsewhere a file that has grown goes on
 * where it ended, and one that is shorter than what was read of it is another file, and is read from its beginning.
 */
export class ObjectPollSource implements Source {
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private store: ObjectStore | null = null;
  private positions = new Map<string, string>();
  private readonly isIncluded: (name: string) => boolean;
  private readonly isIgnored: (name: string) => boolean;

  constructor(
    private readonly options: ObjectPollOptions,
    private readonly place: PolledPlace,
  ) {
    const include = compileJavaMatcher(options.includePattern);
    const ignore = compileJavaMatcher(options.ignorePattern);
    this.isIncluded = (name) => include.test(name);
    this.isIgnored = (name) => ignore.test(name);
  }

  async start(context: SourceContext): Promise<void> {
    this.stopping = new AbortController();
    this.positions = new Map(await (context.positions ?? this.fileOf(context)).load());
    this.store = this.place.open((name) => !this.isIgnored(name));
    this.running = this.run(context, this.store);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the source stops'));
    await this.running;
    this.store?.close();
    this.store = null;
  }

  private async run(context: SourceContext, store: ObjectStore): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted;) {
      let waitMs = this.options.pollDelay;
      try {
        await this.look(context, store);
        if (failures > 0) context.reportError(null);
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        context.count('EventReadFail', 1);
        context.reportError(error);
        if (failures === 0)
          context.logger.warn(`${this.place.label} cannot be read and is asked again: ${messageOf(error)}`);
        waitMs = Math.min(retryMsMin * 2 ** failures, retryMsMax);
        failures += 1;
      }
      await context.clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  private async look(context: SourceContext, store: ObjectStore): Promise<void> {
    const { fileSuffix, trackingPolicy, minAge } = this.options;
    const found = await store.list();
    const youngest = context.clock.now() - minAge;
    const wanted = found
      .filter(({ name }) => this.isIncluded(name) && !this.isIgnored(name))
      .filter(({ name }) => trackingPolicy !== 'rename' || !name.endsWith(fileSuffix))
      .toSorted((left, right) => left.modifiedMs - right.modifiedMs || (left.path < right.path ? -1 : 1));
    for (const file of wanted) {
      if (this.stopping.signal.aborted) return;
      if (file.modifiedMs <= youngest && this.hasNews(file)) await this.read(context, store, file);
    }
    await this.forget(context, new Set(found.map(({ path }) => path)));
  }

  private hasNews(file: StoredObject): boolean {
    const known = this.positionOf(file.path);
    return known.size !== file.bytes || known.version !== file.version;
  }

  private async read(context: SourceContext, store: ObjectStore, file: StoredObject): Promise<void> {
    const from = startOf(file, this.positionOf(file.path));
    const { version } = file;
    let last: FilePosition = { at: from, version };
    try {
      const limits = { linesMax: this.options.batchSize, lineBytesMax: this.options.maxLineBytes };
      for await (const lines of objectLines(store, file, from, limits)) {
        last = { at: lines.nextAt, version };
        await this.deliver(context, this.batchOf(file, lines), file.path, last);
        if (this.stopping.signal.aborted) return;
      }
    } catch (error) {
      if (this.stopping.signal.aborted || error instanceof MillraceError) throw error;
      await this.setAside(context, file, last, error);
      return;
    }
    await this.finish(context, store, file, last);
  }

  /** A file that is damaged does not hold up the others. */
  private async setAside(
    context: SourceContext,
    file: StoredObject,
    last: FilePosition,
    error: unknown,
  ): Promise<void> {
    context.count('EventReadFail', 1);
    context.logger.error(
      `The file ${file.path} cannot be read beyond byte ${last.at} and is left: ${messageOf(error)}`,
    );
    await this.deliver(context, EventBatch.of([]), file.path, { ...last, size: file.bytes, bad: true });
  }

  private async finish(
    context: SourceContext,
    store: ObjectStore,
    file: StoredObject,
    last: FilePosition,
  ): Promise<void> {
    await this.deliver(context, EventBatch.of([]), file.path, { ...last, size: file.bytes });
    const { deletePolicy, trackingPolicy, fileSuffix } = this.options;
    if (deletePolicy === 'immediate') await store.delete(file);
    else if (trackingPolicy === 'rename' && !(await store.rename(file, file.path + fileSuffix)))
      context.logger.warn(
        `${file.path} was read and keeps its name: ${file.path}${fileSuffix} is there already, or the folder is not ours.`,
      );
  }

  private async deliver(
    context: SourceContext,
    batch: EventBatch,
    path: string,
    position: FilePosition,
  ): Promise<void> {
    const text = JSON.stringify(position);
    await this.move(context, batch, new Map([[path, text]]));
  }

  private async move(context: SourceContext, batch: EventBatch, moved: PositionChanges): Promise<void> {
    if (batch.count > 0 || context.positions !== null) {
      await deliverUntilTaken(context, batch, {
        signal: this.stopping.signal,
        retryMsMin,
        retryMsMax,
        report: (error) => context.reportError(error),
        moved,
      });
    }
    for (const [path, text] of moved) {
      if (text === null) this.positions.delete(path);
      else this.positions.set(path, text);
    }
    if (context.positions === null) await this.fileOf(context).save(this.positions);
  }

  /** Positions of files that are gone, so that what is kept stays as small as the folder. */
  private async forget(context: SourceContext, paths: ReadonlySet<string>): Promise<void> {
    const gone = [...this.positions.keys()].filter((path) => !paths.has(path));
    if (gone.length > 0) await this.move(context, EventBatch.of([]), new Map(gone.map((path) => [path, null])));
  }

  private positionOf(path: string): FilePosition {
    const text = this.positions.get(path);
    return text === undefined ? { at: 0 } : (JSON.parse(text) as FilePosition);
  }

  private batchOf(file: StoredObject, { bytes, starts, ends }: ObjectLines): EventBatch {
    const { options } = this;
    const headers = new Map<string, HeaderColumn>();
    if (options.fileHeader) headers.set(options.fileHeaderKey, file.path);
    if (options.basenameHeader) headers.set(options.basenameHeaderKey, file.name);
    return new EventBatch(bytes, starts, ends, headers);
  }

  private fileOf(context: SourceContext): PositionFile {
    return new PositionFile(join(context.stateDirectory, this.place.positionFile));
  }
}

/** Where to go on in a file by what is known of it. */
function startOf(file: StoredObject, known: FilePosition): number {
  if (known.bad !== undefined) return 0;
  if (file.version !== undefined) return known.version === file.version ? known.at : 0;
  // Only sizes can be compared, and of a compressed file it says nothing of the content.
  const isPacked = file.path.endsWith('.gz');
  const isSame = known.size === undefined ? isPacked || known.at <= file.bytes : known.size < file.bytes && !isPacked;
  return isSame ? known.at : 0;
}
