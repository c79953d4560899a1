import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, ConfigFilter } from '#pipeline/collector';

const options = defineOptions({
  command: {
    type: 'string',
    required: true,
    importance: 'high',
    doc: 'A program and its first arguments, split at blanks; no shell. The key is its last argument. The first line that it prints is the value.',
  },
  charset: { type: 'string', default: 'UTF-8', check: charsetProblem, doc: 'Of what the program prints.' },
});

/** How long a program may take, ms. Flume waits for ever, and so would an agent that never starts. */
const answerMsMax = 30_000;
const answerBytesMax = 1024 * 1024;

/** Flume's `ExternalProcessConfigFilter`: a program that knows secrets. */
export const externalConfigFilter: ComponentType<ConfigFilter> = {
  name: 'external',
  classNames: ['org.apache.flume.configfilter.ExternalProcessConfigFilter'],
  doc: 'Runs a program for each key, and takes the first line that it prints.',
  options,
  create(input) {
    const values = requireOptions(`config filter ${input.name}`, options, input.options);
    const [program = '', ...first] = values.command.split(/\s+/);
    return { lookUp: (key) => firstLine(program, [...first, key], values.charset) };
  },
};

async function firstLine(program: string, words: readonly string[], charset: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, words, {
      encoding: 'buffer',
      timeout: answerMsMax,
      maxBuffer: answerBytesMax,
    });
    const [line = ''] = new TextDecoder(charset).decode(stdout).split(/\r?\n/);
    return line === '' ? null : line;
  } catch (error) {
    // Nothing else of the error is told: it repeats what the program wrote, which may hold the secret.
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null;
    throw new Error(
      code === null || code === 'null' ? `${program} gave no answer in time` : `${program} ended with ${code}`,
    );
  }
}

function charsetProblem(name: string): string | null {
  try {
    return new TextDecoder(name).encoding === '' ? 'no such charset' : null;
  } catch {
    return 'no such charset';
  }
}
