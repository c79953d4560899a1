import { NotFoundException } from '@nestjs/common';
import { MillraceError } from '#std/errors';
import { answerFor, DetailedHttpError } from './error-answer.js';

const away = new MillraceError({ code: 'control.database.away', retriable: true, http: 503 }, 'The database is away.');

describe('error answers', () => {
  it.each([
    ['/connectors', away, 503, { error_code: 503, message: 'The database is away.' }],
    ['/v3/clusters', new DetailedHttpError(40_401, 'no topic'), 404, { error_code: 40_401, message: 'no topic' }],
    ['/connector-plugins', new NotFoundException('no plugin'), 404, { error_code: 404, message: 'no plugin' }],
    [
      '/',
      new Error('secret detail'),
      500,
      { error_code: 500, message: 'Internal error; the log of the server says more.' },
    ],
  ])('on %s have the form of Kafka Connect', (path, error, status, body) => {
    expect(answerFor(error, path)).toEqual({ status, contentType: 'application/json', body });
  });

  it('elsewhere are problem+json with our code and whether to try again', () => {
    expect(answerFor(away, '/readyz')).toEqual({
      status: 503,
      contentType: 'application/problem+json',
      body: {
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        detail: 'The database is away.',
        instance: '/readyz',
        code: 'control.database.away',
        retryable: true,
      },
    });
  });
});
