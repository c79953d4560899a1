import type { ComponentType, Interceptor } from '#pipeline/collector';
import type { CustomKit } from '#pipeline/custom-component';
import type { EventBatch } from '#pipeline/event-batch';

const words = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;

/**
 * Puts the severity of a log line into a header, and drops lines below a limit. A flume.conf beside this file names it:
 *
 *     a1.sources.r1.interceptors.i1.type = ./severity-interceptor.ts
 *     a1.sources.r1.interceptors.i1.atLeast = WARN
 *
 * Only types are imported, so that the file runs wherever it lies; what it needs of the collector comes as `kit`.
 */
export default function severityInterceptor(kit: CustomKit): ComponentType<Interceptor> {
  const options = {
    header: { type: 'string', default: 'severity', doc: 'Header for the word.' },
    atLeast: {
      type: 'string',
      default: 'TRACE',
      values: words,
      doc: 'Lines below are dropped, and so are lines without a word.',
    },
  } as const;
  return {
    name: 'severity',
    classNames: [],
    doc: 'Finds the severity of log lines.',
    options,
    create(input) {
      // The options have been checked by the declaration: mistakes are reported with file and line, and nothing starts.
      const { header, atLeast } = kit.requireOptions(`interceptor ${input.name}`, options, input.options);
      const lowest = words.indexOf(atLeast);
      return { intercept: (batch) => withSeverity(batch, header, lowest) };
    },
  };
}

/** One pass over the bodies, one column of headers; bodies are not copied. */
function withSeverity(batch: EventBatch, header: string, lowest: number): EventBatch {
  const kept: number[] = [];
  const found: string[] = [];
  for (let index = 0; index < batch.count; index += 1) {
    const severity = severityOf(batch.body(index));
    if (severity < lowest || severity < 0) continue;
    kept.push(index);
    found.push(words[severity] ?? '');
  }
  return batch.select(Int32Array.from(kept)).withHeader(header, found);
}

const needles = words.map((word) => Buffer.from(word));

function severityOf(body: Buffer): number {
  return needles.findLastIndex((needle) => body.includes(needle));
}
