import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res, type Type } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { controlErrors } from '#control/errors';
import { MillraceError } from '#std/errors';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { sendRevision } from '../revision.js';
import type { ConnectorForm } from './connector-form.js';
import { RevisionView, RollbackBody, WriteQuery } from './connector-schemas.js';
import { revisionViews } from './connector-views.js';
import { DesiredConnectors } from './desired-connectors.js';

const RevisionList = z
  .object({ kind: z.literal('RevisionList'), data: z.array(RevisionView) })
  .meta({ id: 'RevisionList' });

/** What connectors of one form were, and the way back. `view` is the answer's schema. */
export function historyController(form: ConnectorForm, view: z.ZodType): Type {
  const area = form.path;

  @Section(`${form.title}s`)
  @Controller(`api/v1/${form.path}`)
  class HistoryController {
    constructor(private readonly desired: DesiredConnectors) {}

    @Get(':name/revisions')
    @Requires(area, 'read', 'name')
    @Summary('What was wanted, newest first, by whom; the last 100, also of one that was deleted, for 30 days')
    @Answers({ 200: RevisionList }, 404)
    async revisions(@Param('name') name: string): Promise<object> {
      const revisions = await this.desired.store.revisions(name);
      if (revisions[0]?.kind !== form.kind) {
        throw new MillraceError(controlErrors.connectorUnknown, `There is no ${form.noun} ${name}, and never was`);
      }
      return { kind: 'RevisionList', data: revisionViews(this.desired.classes, revisions) };
    }

    @Post(':name\\:rollback')
    @HttpCode(200)
    @Requires(area, 'edit', 'name')
    @Summary('Config and labels of an earlier revision again, as a new one; also brings back what was deleted (201)')
    @Answers({ 200: view, 201: view }, 404, 409, 412, 422)
    async rollback(
      @Param('name') name: string,
      @Body({ schema: RollbackBody }) body: z.output<typeof RollbackBody>,
      @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
      @Req() request: Request,
      @Res({ passthrough: true }) response: Response,
    ): Promise<object> {
      const { store, classes } = this.desired;
      const kept = await store.findRevision(name, body.revision);
      if (kept?.kind !== form.kind) {
        throw new MillraceError(
          controlErrors.revisionUnknown,
          `${form.noun} ${name} has no revision ${body.revision} that is kept; /revisions lists them`,
        );
      }
      const { config, labels } = kept;
      const old = await this.desired.lookUp(form, name);
      const action = `rolled back to ${body.revision}`;
      const wanted = { name, config, labels, old, action };
      const { connector, isNew } = await this.desired.write(form, wanted, { request, isDryRun: query.validate_only });
      response.status(isNew && !query.validate_only ? 201 : 200);
      sendRevision(response, connector.revision);
      return form.show(classes, connector);
    }
  }
  return HistoryController;
}
