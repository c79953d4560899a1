import { Controller, Get, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import type { Request, Response } from 'express';
import { posix } from 'node:path';
import type { z } from 'zod';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { DesiredConnectors } from '../connectors/desired-connectors.js';
import { pageOf } from '../page.js';
import { sinkForm } from '../sinks/sink-form.js';
import { FileList, FilePreview, FilesQuery, PathQuery, PreviewQuery } from './file-schemas.js';
import { SinkFiles } from './sink-files.js';

/** What the file, HDFS and S3 sinks wrote. Nothing here writes. */
@Section('Sinks')
@Controller('api/v1/sinks/:name')
export class FilesController {
  constructor(
    private readonly desired: DesiredConnectors,
    private readonly files: SinkFiles,
  ) {}

  @Get('files')
  @Requires('sinks', 'read', 'name')
  @Summary('Files that the sink wrote, by their paths: 10,000 files and 5 s at most')
  @Answers({ 200: FileList }, 404, 422)
  async list(
    @Param('name') name: string,
    @Query({ schema: FilesQuery }) query: z.output<typeof FilesQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const config = await this.configOf(name);
    const { base, files, isTruncated } = await this.files.list(config, query.folder ?? '', query.topic ?? null);
    const keyOf = ({ path }: { path: string }): string => path;
    const page = pageOf(files, { kind: 'SinkFileList', query, keyOf, request, response });
    return { ...page, base, truncated: isTruncated };
  }

  @Get('files\\:preview')
  @Requires('sinks', 'read', 'name')
  @Summary('First rows of a file, decoded: text, JSON lines, SequenceFile, Avro, Parquet; 1 MiB read and 5 s at most')
  @Answers({ 200: FilePreview }, 404, 422)
  async preview(
    @Param('name') name: string,
    @Query({ schema: PreviewQuery }) query: z.output<typeof PreviewQuery>,
  ): Promise<object> {
    return this.files.preview(await this.configOf(name), query.path, query.rows);
  }

  @Get('files\\:download')
  @Requires('sinks', 'read', 'name')
  @Summary('A file as it is, up to 16 MiB')
  @Answers({ 200: 'application/octet-stream' }, 404, 422)
  async download(
    @Param('name') name: string,
    @Query({ schema: PathQuery }) query: z.output<typeof PathQuery>,
  ): Promise<StreamableFile> {
    const bytes = await this.files.download(await this.configOf(name), query.path);
    const file = encodeURIComponent(posix.basename(query.path));
    return new StreamableFile(bytes, {
      type: 'application/octet-stream',
      disposition: `attachment; filename*=UTF-8''${file}`,
    });
  }

  private async configOf(name: string): Promise<Readonly<Record<string, string>>> {
    return (await this.desired.find(sinkForm, name)).config;
  }
}
