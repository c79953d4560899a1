import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { systemClock } from '#std/clock';
import { MillraceError } from '#std/errors';
import { guardErrors } from '../../access/access-errors.js';
import { principalOf } from '../../access/principal.js';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { LiveLooks } from '../events/live-looks.js';
import { mayWatch, rowsOf } from '../events/live-rights.js';
import { topologyRows } from '../events/tables/topology-table.js';
import { pageOf, pageQuery, pageSchema, type Page, type PageQuery } from '../page.js';
import { TopologyRowView } from './topology-schemas.js';

/** What records flow through, once; `/api/v1/events?watch=topology` goes on telling what changes. */
@Section('Operations')
@Controller('api/v1/topology')
export class TopologyController {
  constructor(private readonly looks: LiveLooks) {}

  @Get()
  @Requires([], 'read')
  @Summary('Collectors, topics, sinks, stores and consumer groups as nodes, and what flows between them as edges')
  @Answers({ 200: pageSchema('Topology', TopologyRowView) })
  async list(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<z.input<typeof TopologyRowView>>> {
    const { name, grants } = principalOf(request);
    if (!mayWatch(grants, 'topology')) {
      throw new MillraceError(guardErrors.denied, `${name} may read neither topics nor sinks, collectors or groups.`);
    }
    const mayRead = rowsOf(grants);
    const rows = await topologyRows(this.looks, systemClock.now());
    const shown = [...rows]
      .filter(([key, row]) => mayRead('topology', key, row))
      .map(([key, row]) => ({ key, ...row }))
      .sort((left, right) => (left.key < right.key ? -1 : 1));
    return pageOf(shown, { kind: 'Topology', query, keyOf: ({ key }) => key, request, response });
  }
}
