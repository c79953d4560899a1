/**
 * The systemd journal: followed on this machine, uploaded by others, or from a file of exported entries. Not in Flume.
 *
 * Followed, and from a file, it can be read again from a place: the cursor of the last delivered entry is kept with the channels where
 * they keep positions, else in a file; so that nothing is left out, and nothing comes twice where the channels are topics.
 */
import { createReadStream } from 'node:fs';
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Source, SourceContext } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { serverTls } from '../../tls/component-tls.js';
import { checkHttpListener } from '../http/http-options.js';
import { CursorKeeper } from './cursor-keeper.js';
import { JournalCommand } from './journal-command.js';
import { fieldFilter } from './journal-events.js';
import { deliverJournal, hasCursor } from './journal-stream.js';
import { JournalUpload } from './journal-upload.js';
import { journaldOptions } from './journald-options.js';

type Options = OptionValues<typeof journaldOptions>;

export const journaldSource: ComponentType<Source> = {
  name: 'journald',
  classNames: [],
  doc: 'Takes entries of systemd journals.',
  options: journaldOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = requireOptions('source', journaldOptions, options);
    const remarks: ComponentRemark[] = values.from === 'upload' ? checkHttpListener(values) : [];
    if (values.from === 'file' && values.file === null) {
      remarks.push({ severity: 'error', option: 'file', message: 'from = file needs file' });
    }
    return remarks;
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, journaldOptions, input.options);
    switch (options.from) {
      case 'upload':
        return new JournalUpload({
          ...options,
          login: options,
          tls: () => serverTls(options),
          stream: streamOptions(options),
        });
      case 'command':
        return new FollowedJournal(options);
      case 'file':
        return new JournalFile(options);
    }
  },
};

function streamOptions(options: Options) {
  return {
    batchSize: options.batchSize,
    entryBytesMax: options.maxEntryBytes,
    wants: fieldFilter(options.fields),
  };
}

class FollowedJournal implements Source {
  private command: JournalCommand | null = null;

  constructor(private readonly options: Options) {}

  async start(context: SourceContext): Promise<void> {
    const command = new JournalCommand(context, { ...this.options, stream: streamOptions(this.options) });
    await command.start();
    this.command = command;
  }

  async stop(): Promise<void> {
    await this.command?.stop();
    this.command = null;
  }
}

/** A file is read once; a later start goes on behind the last entry. */
class JournalFile implements Source {
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: Options) {}

  async start(context: SourceContext): Promise<void> {
    this.stopping = new AbortController();
    const cursors = new CursorKeeper(context);
    const cursor = await cursors.load();
    this.running = this.read(context, cursors, cursor).catch((error: unknown) => {
      if (this.stopping.signal.aborted) return;
      context.count('EventReadFail', 1);
      context.reportError(error);
      context.logger.error(`The journal file is read no further: ${messageOf(error)}`);
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the source has stopped'));
    await this.running;
  }

  private async read(context: SourceContext, cursors: CursorKeeper, cursor: string | null): Promise<void> {
    const { signal } = this.stopping;
    const path = this.options.file ?? '-';
    const stream = path === '-' ? process.stdin : createReadStream(path, { signal });
    // Where the entry is not there, it is another file.
    const isKnown =
      cursor !== null &&
      path !== '-' &&
      (await hasCursor(createReadStream(path, { signal }), cursor, this.options.maxEntryBytes));
    await deliverJournal(stream, {
      ...streamOptions(this.options),
      context,
      signal,
      cursors,
      behind: isKnown ? cursor : null,
    });
  }
}
