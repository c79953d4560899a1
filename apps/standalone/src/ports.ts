import { createServer } from 'node:net';

const triesMax = 100;

export interface ChosenPort {
  readonly port: number;
  /** The one that was asked for, where another process has it. */
  readonly taken: number | null;
}

/** `wanted`, or the next free port after it. A port that the user named is not replaced: then this throws. */
export async function choosePort(wanted: number, named: boolean, host: string): Promise<ChosenPort> {
  for (let port = wanted; port < wanted + triesMax && port < 65_536; port += 1) {
    if (await isFree(port, host)) return { port, taken: port === wanted ? null : wanted };
    if (named)
      throw new Error(`Port ${wanted} is taken by another process. Name another one, or none to have one found.`);
  }
  throw new Error(`No free port from ${wanted} to ${wanted + triesMax}.`);
}

/** A port given on the command line or in the environment, or null. */
export function portOf(text: string | null, name: string): number | null {
  if (text === null) return null;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${name} must be a port, and is "${text}"`);
  return port;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
