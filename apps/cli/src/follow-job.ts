import { z } from 'zod';
import type { CommandInput } from './command.js';
import { CommandError, exitCodes } from './exit-codes.js';
import { isRecord } from './manifest.js';
import { outputForm, pause, say, untilInterrupted } from './output.js';
import { ProgressBar } from './progress-bar.js';
import { textAt } from './rest-noun.js';
import { type RestAnswer, type RestClient } from './rest-client.js';

/** How often a job is looked at, ms. */
const lookMs = 500;

/** `progress` has snake_case names in REST. */
export const jobSchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  state: z.string(),
  progress: z.looseObject({
    done: z.number(),
    total: z.number().nullish(),
    unit: z.string().default(''),
    rate: z.number().nullish(),
    eta_seconds: z.number().nullish(),
  }),
  result: z.unknown().optional(),
  error: z.string().nullish(),
});
export type JobAnswer = z.output<typeof jobSchema>;

const ended = new Set(['succeeded', 'failed', 'cancelled']);

export function jobPath(id: string, rest = ''): string {
  return `/api/v1/jobs/${encodeURIComponent(id)}${rest}`;
}

/** After a 202: follows the job, or with `--detach` says how to. */
export async function followSubmitted(input: CommandInput, client: RestClient, answer: RestAnswer): Promise<void> {
  const place = answer.headers.get('location') ?? '';
  const id = decodeURIComponent(place.split('/').at(-1) ?? '');
  if (id === '') throw new CommandError(exitCodes.failed, 'The server took the work and names no job');
  if (!input.on('detach')) return followJob(input, client, id);
  if (outputForm(input) === 'name') return input.out(id);
  say(input, `Job ${id} runs: "millrace job watch ${id}" follows it, "millrace job cancel ${id}" ends it.`);
}

/** Until it has ended, or Ctrl-C, which leaves it running. Rejects where it has failed. */
export async function followJob(input: CommandInput, client: RestClient, id: string): Promise<void> {
  const stop = untilInterrupted();
  let bar: ProgressBar | null = null;
  for (;;) {
    const job = jobSchema.parse(await client.get(jobPath(id)));
    bar ??= new ProgressBar(input, `${job.type} ${id}`);
    const { done, total = null, unit, rate, eta_seconds: etaSeconds = null } = job.progress;
    bar.show({ done, total, unit, rate: rate ?? 0, etaSeconds }, job);
    if (ended.has(job.state)) {
      bar.end();
      return end(input, job);
    }
    await pause(lookMs, stop);
    if (stop.aborted) {
      bar.end();
      process.stderr.write(
        `Job ${id} goes on without you: "millrace job watch ${id}" follows it, "millrace job cancel ${id}" ends it.\n`,
      );
      return;
    }
  }
}

function end(input: CommandInput, job: JobAnswer): void {
  if (job.state === 'failed') throw new CommandError(exitCodes.failed, `Job ${job.id} has failed: ${job.error ?? ''}`);
  if (outputForm(input) === 'json') return;
  say(input, `Job ${job.id} ${job.state}, ${job.progress.done} ${job.progress.unit}.`);
  // Lists in a result may be long: `job describe` has them.
  for (const [name, value] of Object.entries(isRecord(job.result) ? job.result : {})) {
    if (typeof value === 'object') continue;
    say(input, `  ${name}: ${textAt({ value }, 'value') ?? ''}`);
  }
  // What was to be proved is not so: a script has to notice.
  if (isRecord(job.result) && job.result['matches'] === false) process.exitCode = exitCodes.failed;
}
