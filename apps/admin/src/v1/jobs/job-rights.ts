/** What a job touches: who begins one needs the rights for that, beside the right to begin jobs. */
import type { Request } from 'express';
import { MillraceError } from '#std/errors';
import { guardErrors } from '../../access/access-errors.js';
import { allows } from '../../access/grants.js';
import { principalOf } from '../../access/principal.js';
import type { Area, Level } from '../../access/requires.js';

interface Touched {
  readonly area: Area;
  readonly level: Level;
  /** The parameter that holds the name. */
  readonly parameter: string;
}

const sink = (level: Level): Touched => ({ area: 'sinks', level, parameter: 'sink' });
const topic = (level: Level, parameter = 'topic'): Touched => ({ area: 'topics', level, parameter });

const touched: Readonly<Record<string, readonly Touched[]>> = {
  replay: [sink('operate'), topic('read'), topic('edit', 'target_topic')],
  backfill: [sink('operate'), topic('read'), topic('edit', 'target_topic')],
  copy: [topic('read'), topic('edit', 'target_topic')],
  export: [topic('read')],
  import: [topic('edit')],
  redrive: [sink('operate'), topic('edit', 'target_topic')],
  discard: [sink('edit')],
  verify: [sink('read')],
};

/** Throws `access.denied`. A type that is not known here touches everything, and needs an editor of all. */
export function requireRights(request: Request, type: string, parameters: Readonly<Record<string, unknown>>): void {
  const { name, grants } = principalOf(request);
  const needs = touched[type] ?? [
    { area: 'topics', level: type === 'retention-report' ? 'read' : 'edit', parameter: '' },
  ];
  for (const { area, level, parameter } of needs) {
    const given = parameters[parameter];
    if (parameter !== '' && given === undefined) continue;
    if (allows(grants, { areas: [area], level }, typeof given === 'string' ? given : null)) continue;
    const what = typeof given === 'string' ? `${area} ${given}` : area;
    throw new MillraceError(
      guardErrors.denied,
      `${name} may not begin a ${type} job: it needs the right to ${level} ${what}`,
    );
  }
}
