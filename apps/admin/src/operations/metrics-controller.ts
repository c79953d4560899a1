import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { MetricsRegistry } from '#nest/metrics';
import { Requires } from '../access/requires.js';
import { Section, Summary } from './summary.js';

@Section('Operations')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsRegistry) {}

  @Get()
  @Requires('cluster', 'read')
  @Summary('Everything measured, in the text form of Prometheus')
  async get(@Res() response: Response): Promise<void> {
    const text = await this.metrics.render();
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.send(text);
  }
}
