import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { classPath } from './jars.js';

const run = promisify(execFile);

/** One of Kafka Connect's transforms, with the predicate that it hangs on. */
export interface KafkaTransform {
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  readonly predicate?: { readonly type: string; readonly options: Readonly<Record<string, string>> };
  readonly negate?: boolean;
}

/** A record and what it goes through. Key and value are JSON texts in Connect's envelope. */
export interface TransformTrial {
  readonly transforms: readonly KafkaTransform[];
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string])[];
}

export type TransformOutcome =
  | { readonly error: string }
  | { readonly dropped: true }
  | {
      readonly topic: string;
      readonly key: string | null;
      readonly value: string | null;
      readonly headers: readonly (readonly [string, string | null])[];
    };

/** Where and when the runner's records lie. */
export const trialPlace = { partition: 3, offset: 42, timestamp: 1767312000123 };

/** What Kafka's own classes make of the trials: see TransformRunner.java. */
export async function runKafkaTransforms(trials: readonly TransformTrial[]): Promise<readonly TransformOutcome[]> {
  const version = '4.3.1';
  const jars = await classPath('connect-transforms', [
    `org.apache.kafka:connect-transforms:${version}`,
    `org.apache.kafka:connect-json:${version}`,
    'org.slf4j:slf4j-nop:1.7.36',
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'transforms-'));
  try {
    const input = join(folder, 'trials.json');
    const output = join(folder, 'outcomes.json');
    writeFileSync(input, JSON.stringify(trials));
    const program = join(import.meta.dirname, 'java', 'TransformRunner.java');
    const options = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    await run('java', [...options, '-cp', jars, program, input, output], { timeout: 60_000 });
    return JSON.parse(readFileSync(output, 'utf8')) as TransformOutcome[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
