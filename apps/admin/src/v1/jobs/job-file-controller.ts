import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { basename } from 'node:path';
import { z } from 'zod';
import { dataFile } from '#jobs/data-file';
import { JobService } from '#jobs/job-service';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { requireRights } from './job-rights.js';

const Exported = z.object({ file: z.string().regex(/^exports\//) });

/** Below it lie the files of jobs. */
export class JobFiles {
  constructor(readonly directory: string) {}
}

/** What an export wrote, from the process that has the data directory. */
@Section('Jobs')
@Controller('api/v1/jobs')
export class JobFileController {
  constructor(
    private readonly jobs: JobService,
    private readonly files: JobFiles,
  ) {}

  @Get(':id/file')
  @Requires('jobs', 'read')
  @Summary('The file of an export that has succeeded')
  @Answers({ 200: 'application/octet-stream' }, 403, 404)
  async file(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const job = await this.jobs.find(id);
    const exported = Exported.safeParse(job?.result);
    if (job?.type !== 'export' || job.state !== 'succeeded' || !exported.success) {
      throw new NotFoundException(`There is no export ${id} that has succeeded`);
    }
    requireRights(request, job.type, job.parameters);
    const name = exported.data.file.slice('exports/'.length);
    const path = await dataFile(this.files.directory, 'exports', name);
    await new Promise<void>((resolve, reject) => {
      response.download(path, basename(name), { dotfiles: 'allow' }, (error?: Error) => {
        if (error === undefined || response.headersSent) resolve();
        else reject(new NotFoundException(`The file of export ${id} is gone from ${exported.data.file}`));
      });
    });
  }
}
