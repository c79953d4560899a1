import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { ConnectorClasses } from './connector-class.js';

/** Before a request that may name a class: packages that were installed since are there, without a restart. */
@Injectable()
export class PackagedClasses implements NestMiddleware {
  constructor(private readonly classes: ConnectorClasses) {}

  async use(_request: Request, _response: Response, next: NextFunction): Promise<void> {
    await this.classes.refresh();
    next();
  }
}
