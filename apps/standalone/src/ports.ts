import { createServer } from 'node:net';

const triesMax = 100;

export interface ChosenPort {
  readonly port: number;
  /** The one that was asked for, where another process has it. */
  readonly taken: number | null;
}

export interface PortWish {
  /** By the user: it is not replaced. */
  readonly isNamed: boolean;
  readonly host: string;
  /** So many ports from it on have to be free. */
  readonly count: number;
}

/** `wanted`, or the next free port after it. Throws where the user named one that is taken. */
export async function choosePort(wanted: number, { isNamed, host, count }: PortWish): Promise<ChosenPort> {
  for (let port = wanted; port < wanted + triesMax && port + count <= 65_536; port += 1) {
    if (await areFree(port, count, host)) return { port, taken: port === wanted ? null : wanted };
    if (isNamed) {
      const ports = count === 1 ? `Port ${wanted} is` : `Of the ports ${wanted} to ${wanted + count - 1} one is`;
      throw new Error(`${ports} taken by another process. Name another one, or none to have one found.`);
    }
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

async function areFree(first: number, count: number, host: string): Promise<boolean> {
  for (let port = first; port < first + count; port += 1) if (!(await isFree(port, host))) return false;
  return true;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
