import { defineOptions, requireOptions } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { HttpLinesSink } from './http-lines-sink.js';

const options = defineOptions({
  'http.url': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'HTTP',
    check: urlProblem,
    doc: 'Where lines are posted to: `http://collector.example:8088/lines`.',
  },
  'http.authorization': {
    type: 'password',
    group: 'HTTP',
    doc: 'Value of the `authorization` header: `Bearer …`.',
  },
  'http.timeout.ms': {
    type: 'long',
    default: 30_000,
    min: 100,
    unit: 'ms',
    importance: 'low',
    group: 'HTTP',
    doc: 'A request without an answer after so long has failed, and is sent again.',
  },
});

export const httpLinesSink: SinkType = {
  name: 'http-lines',
  classNames: [],
  version: '0.1.0',
  doc: 'Posts values as lines over HTTP, many in one request. An answer of 2xx says that the server keeps them.',
  options,
  guarantee: () => 'at-least-once',
  create(input) {
    const values = requireOptions('sink http-lines', options, input);
    return new HttpLinesSink({
      url: values['http.url'],
      authorization: values['http.authorization'],
      timeoutMs: values['http.timeout.ms'],
    });
  },
};

function urlProblem(url: string): string | null {
  return /^https?:\/\//i.test(url) && URL.canParse(url) ? null : 'must be like http://host:port/path';
}
