import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { answerFor, sendAnswer } from './error-answer.js';

/** Names the methods that a path has, so that a wrong verb is 405 and not 404; an empty list where there is no such path. */
export type MethodsOfPath = (path: string) => readonly string[];

/** Turns whatever is thrown into one answer; 5xx are logged with their stack's first line. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly methodsOfPath: MethodsOfPath,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (response.headersSent) {
      response.end();
      return;
    }
    const methods = error instanceof NotFoundException ? this.methodsOfPath(request.path) : [];
    if (methods.length > 0 && !methods.includes(request.method)) {
      response.setHeader('Allow', methods.join(', '));
      const wrongVerb = Object.assign(new Error('HTTP 405 Method Not Allowed'), { status: 405 });
      sendAnswer(response, answerFor(wrongVerb, request.path));
      return;
    }
    const answer = answerFor(error, request.path);
    if (answer.status >= 500) {
      this.logger.error(`${request.method} ${request.path} failed: ${messageOf(error)}`, { status: answer.status });
    }
    sendAnswer(response, answer);
  }
}
