import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import { ChainedCommand, StepCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { fields, type MorphlineRecord } from '../record.js';

/** Milliseconds since the epoch, as a number. */
export const addCurrentTime: CommandType = {
  name: 'addCurrentTime',
  className: 'org.kitesdk.morphline.stdlib.AddCurrentTimeBuilder',
  create({ arguments: args, child, context }) {
    const field = args.string('field', fields.timestamp);
    const preserveExisting = args.boolean('preserveExisting', true);
    return new StepCommand(child, (record) => {
      if (!preserveExisting || !record.has(field)) record.replace(field, context.clock.now());
      return true;
    });
  },
};

/** A random UUID. `type` is accepted: ours are secure, and fast enough. */
export const generateUuid: CommandType = {
  name: 'generateUUID',
  className: 'org.kitesdk.morphline.stdlib.GenerateUUIDBuilder',
  create({ arguments: args, child }) {
    const field = args.string('field', fields.id);
    const preserveExisting = args.boolean('preserveExisting', true);
    const prefix = args.string('prefix', '');
    args.choice('type', ['secure', 'nonSecure'], 'secure');
    return new StepCommand(child, (record) => {
      if (!preserveExisting || !record.has(field)) record.replace(field, prefix + randomUUID());
      return true;
    });
  },
};

/** Name or address of this machine, as it was when the morphline started. */
export const addLocalHost: CommandType = {
  name: 'addLocalHost',
  className: 'org.kitesdk.morphline.stdlib.AddLocalHostBuilder',
  create: (input) => new AddLocalHost(input),
};

class AddLocalHost extends ChainedCommand {
  private readonly field: string;
  private readonly preserveExisting: boolean;
  private readonly useIp: boolean;
  private host = hostname();

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    this.field = args.string('field', 'host');
    this.preserveExisting = args.boolean('preserveExisting', true);
    this.useIp = args.boolean('useIP', true);
  }

  async start(): Promise<void> {
    if (this.useIp) this.host = await addressOf(hostname());
  }

  process(record: MorphlineRecord): boolean {
    if (!this.preserveExisting || !record.has(this.field)) record.replace(this.field, this.host);
    return this.child.process(record);
  }
}

/** What the machine's name resolves to, or else the first address of a network card. */
async function addressOf(name: string): Promise<string> {
  try {
    return (await lookup(name)).address;
  } catch {
    const cards = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return cards.find((card) => !card.internal && card.family === 'IPv4')?.address ?? '127.0.0.1';
  }
}
