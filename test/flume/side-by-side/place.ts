import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../flows/product.js';
import type { Case } from './cases.js';

/** Where one case runs on one side: folders and ports of its own, which its configuration refers to. */
export class Place {
  readonly variables: Readonly<Record<string, string>>;

  constructor(
    readonly side: 'flume' | 'millrace',
    readonly example: Case,
    private readonly directory: string,
    firstPort: number,
    shared: Readonly<Record<string, string>>,
  ) {
    const ports = ['PORT', 'PORT2', 'UDP_PORT', 'HOP_PORT', 'DEAD_PORT'].map((name, at) => [
      name,
      String(firstPort + at),
    ]);
    this.variables = {
      ...shared,
      ...Object.fromEntries(ports),
      IN: this.folder('in'),
      OUT: this.folder('out'),
      STATE: this.folder('state'),
      TOPIC: `${side}-${example.name}`,
    };
    for (const name of example.folders ?? []) this.folder(join('out', name));
    writeFileSync(this.confPath, this.configuration());
  }

  get confPath(): string {
    return join(this.directory, `${this.example.name}.conf`);
  }

  port(name: 'PORT' | 'PORT2' | 'UDP_PORT' | 'HOP_PORT' = 'PORT'): number {
    return Number(this.variables[name]);
  }

  /** Writes a file below the folder that the configuration reads. */
  input(path: string, text: string | Buffer): void {
    const full = join(this.directory, 'in', path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  /** Every event that was written so far, as text in a form that is the same on both sides, sorted. */
  events(): string[] {
    const folder = join(this.directory, 'out');
    const lines: string[] = [];
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!/\d+-\d+$/.test(path)) continue;
      const text = readFileSync(join(folder, path), 'utf8');
      const where = this.example.joinFolders === true || dirname(path) === '.' ? '' : `${dirname(path)}: `;
      for (const line of text.split('\n').slice(0, -1)) lines.push(where + this.canonical(line));
    }
    return lines.toSorted();
  }

  /** Headers sorted, and those without their value that differ by nature; the folder's name left out. */
  private canonical(line: string): string {
    const match = /^\{(.*?)\} (.*)$/s.exec(line);
    const headers = match?.[1];
    if (headers === undefined) return line.replaceAll(this.directory, '');
    const pairs = headers === '' ? [] : headers.split(', ');
    const shown = pairs.map((pair) => {
      const name = pair.slice(0, pair.indexOf('='));
      return this.example.varying?.includes(name) === true ? `${name}=*` : pair.replaceAll(this.directory, '');
    });
    return `{${shown.toSorted().join(', ')}} ${match?.[2] ?? ''}`.trimEnd();
  }

  private folder(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** The example with this place's values in the place of its defaults; a variable that is not ours stays. */
  private configuration(): string {
    const text = readFileSync(join(projectRoot, 'examples/flume', `${this.example.name}.conf`), 'utf8');
    return text.replaceAll(/\$\{env:(\w+)(?::-[^}]*)?\}/g, (whole, name: string) => this.variables[name] ?? whole);
  }
}
