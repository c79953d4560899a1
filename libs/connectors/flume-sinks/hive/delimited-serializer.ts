import type { EventBatch } from '#pipeline/event-batch';
import type { EventEncoder, EventSerializer } from '../serializers/event-encoder.js';

export interface DelimitedOptions {
  /** Between the fields of a body; in double or single quotes for what a properties file would trim away. */
  readonly delimiter: string;
  /** Names of the fields of a body; empty ones are left out. */
  readonly fields: readonly string[];
  /** Between the fields of a file. */
  readonly separator: string;
}

/** Fields of bodies, picked and separated anew: a line an event. A field that a body has not is empty; those past the last name are left out. */
export class DelimitedSerializer implements EventSerializer {
  private readonly delimiter: string;
  private readonly separator: string;
  private readonly kept: readonly number[];

  constructor(options: DelimitedOptions) {
    this.delimiter = unquoted(options.delimiter);
    this.separator = unquoted(options.separator);
    this.kept = options.fields.flatMap((name, at) => (name === '' ? [] : [at]));
  }

  open(): EventEncoder {
    const pieces: Buffer[] = [];
    return {
      add: (batch, indexes) => {
        pieces.push(Buffer.from(this.lines(batch, indexes)));
      },
      take: () => Promise.resolve(Buffer.concat(pieces.splice(0))),
    };
  }

  private lines(batch: EventBatch, indexes: Int32Array): string {
    let text = '';
    for (const index of indexes) {
      // A line end within a body would be another row to Hive.
      const fields = batch
        .body(index)
        .toString()
        .replaceAll(/[\r\n]+/g, ' ')
        .split(this.delimiter);
      text += `${this.kept.map((at) => fields[at] ?? '').join(this.separator)}\n`;
    }
    return text;
  }
}

function unquoted(text: string): string {
  const inner = /^(["'])([^]*)\1$/.exec(text)?.[2] ?? text;
  return inner.replaceAll('\\t', '\t');
}
