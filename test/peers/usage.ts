import { readdirSync, readFileSync } from 'node:fs';

// Linux counts CPU time in these everywhere that we run.
const ticksPerSecond = 100;

export interface Usage {
  /** User and system time so far, seconds, all processes of the tree. */
  readonly cpuSeconds: number;
  /** Sum of the peak resident sizes of the processes alive now, MiB. */
  readonly peakMiB: number;
  /** Sum of the resident sizes now, MiB. */
  readonly residentMiB: number;
}

/** What a process and all its descendants have used, those of the command `without` left out. */
export function usageOf(pid: number, without: string | null = null): Usage {
  let ticks = 0;
  let peakKiB = 0;
  let residentKiB = 0;
  for (const member of treeOf(pid)) {
    const stat = read(`/proc/${member}/stat`);
    if (stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')) === without) continue;
    // The command name in parentheses may hold blanks: count the fields after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and the same of the children that have ended.
    for (const index of [11, 12, 13, 14]) ticks += Number(fields[index] ?? 0);
    const status = read(`/proc/${member}/status`);
    peakKiB += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
    residentKiB += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return { cpuSeconds: ticks / ticksPerSecond, peakMiB: peakKiB / 1024, residentMiB: residentKiB / 1024 };
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [root];
  for (let index = 0; index < all.length; index += 1) all.push(...(children.get(all[index] ?? 0) ?? []));
  return all;
}

/** Empty when the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
