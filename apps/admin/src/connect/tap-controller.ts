import { BadRequestException, Controller, Get, Injectable, NotFoundException, Param, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { ControlStore } from '#control/control-store';
import { tapElsewhere, TapRefused, type TapOrder } from '#control/tap-exchange';
import type { Clock } from '#std/clock';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { hideUrls } from './secrets.js';

/** The way to the workers that run collectors. */
@Injectable()
export class CollectorTaps {
  constructor(
    private readonly databaseUrl: string,
    private readonly clock: Clock,
  ) {}

  open(order: TapOrder, signal: AbortSignal): AsyncIterable<readonly unknown[]> {
    return tapElsewhere(this.databaseUrl, order, { clock: this.clock, signal });
  }
}

const reported = z.object({
  agent: z.string().nullish().default(null),
  agent_state: z.string().nullish().default(null),
  components: z
    .array(
      z.object({
        kind: z.string(),
        name: z.string(),
        type: z.string(),
        state: z.string(),
        error: z.string().nullable(),
        counters: z.record(z.string(), z.number()),
        startedAt: z.number().default(0),
      }),
    )
    .default([]),
});

const secondsMax = 3600;
const eventsMax = 100_000;

/** Events of a running collector, as they pass. */
@Section('Connectors')
@Controller('connectors/:name')
export class TapController {
  constructor(
    private readonly store: ControlStore,
    private readonly taps: CollectorTaps,
  ) {}

  /** As its worker last said; without a worker nothing. */
  @Get('components')
  @Requires('collectors', 'read', 'name')
  @Summary('Sources, channels and sinks of a running collector: state, last error, counters by Flume’s names')
  async components(@Param('name') name: string): Promise<unknown> {
    const status = await this.store.status(name);
    if (status === null) throw new NotFoundException(`Connector ${name} not found`);
    if (status.kind !== 'source') throw new BadRequestException(`${name} is a sink: only collectors have components`);
    const [task] = status.tasks;
    const { agent, agent_state, components } = reported.parse(task?.details ?? {});
    return {
      name,
      state: agent_state,
      agent,
      worker_id: task?.workerId ?? '',
      components: components.map(({ error, ...rest }) => ({ ...rest, error: error === null ? null : hideUrls(error) })),
    };
  }

  /** Lines of JSON: events, and after each look how many have passed and how many of them were not shown. */
  @Get('tap')
  @Requires('collectors', 'read', 'name')
  @Summary('Events at an edge of a running collector (?edge=source.r1, &max=, &seconds=), a sample, as lines of JSON')
  async tap(
    @Param('name') name: string,
    @Res() response: Response,
    @Query('edge') edge = '',
    @Query('max') max = '100',
    @Query('seconds') seconds = '10',
  ): Promise<void> {
    const connector = await this.store.findConnector(name);
    if (connector === null) throw new NotFoundException(`Connector ${name} not found`);
    if (connector.kind !== 'source') throw new BadRequestException(`${name} is a sink: only collectors have edges`);
    const order = {
      connector: name,
      edge: String(edge),
      eventsMax: wholeNumber('max', max, eventsMax),
      durationMs: wholeNumber('seconds', seconds, secondsMax) * 1000,
    };
    await sendTap(this.taps, order, response);
  }
}

/** Streams what passes as lines of JSON until there was enough, time is up or the reader leaves. Throws 404 where no worker answers. */
export async function sendTap(taps: CollectorTaps, order: TapOrder, response: Response): Promise<void> {
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  try {
    for await (const lines of taps.open(order, leaving.signal)) {
      if (!response.headersSent) response.status(200).type('application/x-ndjson');
      response.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    }
  } catch (error) {
    if (!(error instanceof TapRefused) || response.headersSent) throw error;
    throw new NotFoundException(error.message);
  }
  if (!response.headersSent) response.status(200).type('application/x-ndjson');
  response.end();
}

function wholeNumber(name: string, text: string, max: number): number {
  // Given twice, it is a list.
  const value = Number(String(text));
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new BadRequestException(`${name} must be a whole number from 1 to ${max}, and is "${text}"`);
  }
  return value;
}
