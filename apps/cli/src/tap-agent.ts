import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, systemCode } from '#std/errors';
import { tapFileName, agentStateDirectory } from '../../collector/src/agent-place.js';
import { countOf, UsageError, type CommandInput } from './command.js';

const place = z.object({ url: z.string(), token: z.string() });
const refusal = z.object({ message: z.string() });
const line = z.union([
  z.object({
    headers: z.record(z.string(), z.string()),
    body: z.string(),
    encoding: z.enum(['utf8', 'base64']),
    bodyBytes: z.number(),
  }),
  z.object({ passed: z.number(), dropped: z.number() }),
]);

interface TapAddress {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Prints events until there were enough, time is up, or the agent ends; last, to standard error, how many were not shown. */
export async function tapAgent(input: CommandInput): Promise<void> {
  const { url, headers } = addressOf(input);
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch (error) {
    throw new Error(`Nothing answers at ${new URL(url).origin}: ${messageOf(error)}. Is the agent running?`, {
      cause: error,
    });
  }
  if (!response.ok || response.body === null) throw new Error(refusalOf(response.status, await response.text()));
  let last = { passed: 0, dropped: 0 };
  for await (const text of linesOf(response.body)) {
    const event = line.parse(JSON.parse(text));
    if ('passed' in event) last = event;
    else if (input.on('json')) input.out(text);
    else input.out(`${headersText(event.headers)}${event.body}${event.encoding === 'base64' ? ' (base64)' : ''}`);
  }
  process.stderr.write(`${last.passed} events have passed, ${last.dropped} of them are not shown.\n`);
}

function addressOf(input: CommandInput): TapAddress {
  const query = new URLSearchParams({ edge: input.operand });
  for (const name of ['max', 'seconds']) {
    const count = countOf(input, name);
    if (count !== null) query.set(name, String(count));
  }
  const collector = input.text('collector');
  if (collector !== null) {
    if (!query.has('seconds')) query.set('seconds', '3600');
    if (!query.has('max')) query.set('max', '100000');
    const path = `/connectors/${encodeURIComponent(collector)}/tap?${query.toString()}`;
    return { url: new URL(path, input.text('url') ?? '').href, headers: {} };
  }
  const name = input.text('name');
  if (name === null) throw new UsageError('--name is missing: the agent, or --collector');
  const { url, token } = placeOf(agentStateDirectory(input.text('data') ?? '', name), name);
  return { url: `${url}/tap?${query.toString()}`, headers: { authorization: `Bearer ${token}` } };
}

function placeOf(directory: string, name: string): z.infer<typeof place> {
  const path = join(directory, tapFileName);
  try {
    return place.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new Error(
      `No agent ${name} runs with its state in ${directory}: is --data the same as for "collector run"?`,
      {
        cause: error,
      },
    );
  }
}

function refusalOf(status: number, text: string): string {
  if (status === 401) return 'The agent does not know this user: it has been started again since.';
  try {
    return refusal.parse(JSON.parse(text)).message;
  } catch {
    return `The agent answered ${status}.`;
  }
}

function headersText(headers: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(headers).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? '' : `{${pairs.join(', ')}} `;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of body) {
    const texts = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = texts.pop() ?? '';
    yield* texts;
  }
}
