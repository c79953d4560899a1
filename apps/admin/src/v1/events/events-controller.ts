import { Controller, Get, HttpException, Query, Req, Res, type OnModuleDestroy } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { MillraceError } from '#std/errors';
import { AccessControl } from '../../access/access-control.js';
import { guardErrors } from '../../access/access-errors.js';
import type { Grant } from '../../access/grants.js';
import { principalOf } from '../../access/principal.js';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { LiveClient } from './live-client.js';
import { LiveHub } from './live-hub.js';
import { areasOf, mayWatch, rowsOf } from './live-rights.js';
import type { LiveTable } from './live-rows.js';
import { liveTableNames } from './live-tables.js';

const clientsMax = 200;
const beatMs = 15_000;
/** How often it is asked whether the reader still may. */
const rightsMs = 30_000;
const groupsMax = 20;

/** Words of a query that are given once come as text. */
const listed = (given: unknown): unknown => (given === undefined ? undefined : [given].flat());

const EventsQuery = z.object({
  watch: z
    .preprocess(listed, z.array(z.enum(liveTableNames)).min(1).max(liveTableNames.length))
    .describe('Tables; may be given several times.'),
  group: z
    .preprocess(listed, z.array(z.string().min(1).max(250)).max(groupsMax).optional())
    .describe('Whose partitions `group-partitions` has; may be given several times.'),
});

/** What the console draws from, as it changes. */
@Section('Operations')
@Controller('api/v1/events')
export class EventsController implements OnModuleDestroy {
  private readonly open = new Set<Response>();

  constructor(
    private readonly hub: LiveHub,
    private readonly access: AccessControl,
  ) {}

  /** The server stops: streams have no end of their own. */
  onModuleDestroy(): void {
    for (const response of this.open) response.end();
  }

  @Get()
  @Requires([], 'read')
  @Summary('Rows of the watched tables as server-sent events: all at first, then once a second those that changed')
  @Answers({ 200: 'text/event-stream' })
  watch(
    @Query({ schema: EventsQuery }) query: z.output<typeof EventsQuery>,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    const tables = new Set<LiveTable>(query.watch);
    const { name, grants } = principalOf(request);
    for (const table of tables) requireTable({ name, grants }, table);
    if (this.open.size >= clientsMax) {
      throw new HttpException(`${clientsMax} streams of live data are open already; close one and ask again.`, 503);
    }
    response.status(200).type('text/event-stream');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Accel-Buffering', 'no');
    response.flushHeaders();
    this.serve(request, response, { tables, groups: [...new Set(query.group ?? [])].sort(), grants });
  }

  private serve(
    request: Request,
    response: Response,
    wanted: { tables: ReadonlySet<LiveTable>; groups: readonly string[]; grants: readonly Grant[] },
  ): void {
    const client = new LiveClient(response, rowsOf(wanted.grants));
    this.open.add(response);
    for (const table of wanted.tables) {
      client.watch(table, this.hub.feed(table, table === 'group-partitions' ? wanted.groups : []));
    }
    const beat = setInterval(() => client.beat(), beatMs);
    let grants = JSON.stringify(wanted.grants);
    const check = setInterval(() => {
      this.access.authenticate(request).then(
        (principal) => {
          if (![...wanted.tables].every((table) => mayWatch(principal.grants, table))) response.destroy();
          if (JSON.stringify(principal.grants) === grants) return;
          grants = JSON.stringify(principal.grants);
          client.setRights(rowsOf(principal.grants));
        },
        (error: unknown) => {
          if (error instanceof MillraceError && error.kind.http === 401) response.destroy();
        },
      );
    }, rightsMs);
    response.once('close', () => {
      clearInterval(beat);
      clearInterval(check);
      client.end();
      this.open.delete(response);
    });
  }
}

/** Throws `access.denied` (403). */
function requireTable({ name, grants }: { name: string; grants: readonly Grant[] }, table: LiveTable): void {
  if (mayWatch(grants, table)) return;
  const areas = areasOf(table).join(' or ');
  throw new MillraceError(
    guardErrors.denied,
    `${name} may not watch ${table}: that needs the right to read ${areas}. An administrator can give a role: POST /api/v1/role-bindings.`,
  );
}
