import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { UsageError, type Command } from '../command.js';

const namePattern = /^[a-z][a-z0-9-]*$/;

export const createCommand: Command = {
  path: ['create', 'sink'],
  operands: '<name>',
  summary: 'A package with a sink of your own, and its test: millrace-sink-<name>',
  flags: {
    directory: { doc: 'where the folder of the package is made', value: 'path', short: 'd', default: '.' },
  },
  async run(input) {
    const name = input.operand.replace(/^millrace-sink-/, '');
    if (!namePattern.test(name)) {
      throw new UsageError(`"${name}" cannot be the name of a sink: small letters, digits and - after a letter`);
    }
    const folder = resolve(input.text('directory') ?? '.', `millrace-sink-${name}`);
    if (existsSync(folder)) throw new Error(`${folder} is there already: give another name, or remove it`);
    const { filesOf } = await import('../create/sink-package.js');
    mkdirSync(folder, { recursive: true });
    for (const [path, text] of filesOf({ name, dependency: await dependencyFrom(folder) })) {
      writeFileSync(join(folder, path), text);
    }
    input.out(`${relative('.', folder) || folder} is made. In it: npm install, npm test; README.md says the rest.`);
  },
};

/** How the package names this product: by version where npm installed it, by its folder where it is a clone. */
async function dependencyFrom(folder: string): Promise<string> {
  const { productVersion } = await import('../version.js');
  const root = join(import.meta.dirname, '..', '..', '..', '..', '..');
  if (root.includes(`${sep}node_modules${sep}`)) return `^${productVersion}`;
  return `file:${relative(folder, root)}`;
}
