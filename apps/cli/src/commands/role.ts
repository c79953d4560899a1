import { UsageError, type Command } from '../command.js';

/** Each is the main file of an app; it reads its settings from the environment. */
const roles: Readonly<Record<string, () => Promise<unknown>>> = {
  topics: () => import('../../../topics/src/main.js'),
  collector: () => import('../../../collector/src/main.js'),
  'sink-worker': () => import('../../../sink-worker/src/main.js'),
  admin: () => import('../../../admin/src/main.js'),
};

export const roleCommand: Command = {
  path: ['role'],
  operands: `<${Object.keys(roles).join('|')}>`,
  summary: 'One role as a process of its own, set by environment variables (DATABASE_URL, TOPICS_BOOTSTRAP …)',
  flags: {},
  async run(input) {
    const name = input.operand;
    const start = roles[name];
    if (start === undefined) throw new UsageError(`There is no role ${name}: one of ${Object.keys(roles).join(', ')}`);
    await start();
  },
};
