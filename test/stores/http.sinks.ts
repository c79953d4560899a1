import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger } from '../flows/line-writer.js';
import { OpenSearch } from '../peers/opensearch.js';
import { trial } from './trial.js';

const records = 16_000;

/**
 * A web server that nobody wrote for this: OpenSearch's `POST /records/_doc`, which keeps what it gets under an id of its own, and answers 400 to
 * what is no JSON. So each repetition is seen, and bad records are found by the server's answer alone.
 */
trial({
  name: 'a web server, a record a request',
  port: 25_640,
  guarantee: 'at-least-once',
  commitIntervalMs: 2000,
  records,
  recordsPerSecond: 2000,
  async open(folder, port) {
    mkdirSync(folder, { recursive: true });
    const server = new OpenSearch({ port, directory: join(folder, 'server') });
    await server.start();
    await server.call('PUT', '/records', {
      settings: { number_of_shards: 1, number_of_replicas: 0 },
      mappings: { dynamic: false, properties: { id: { type: 'long' } } },
    });
    return {
      config: {
        'connector.class': 'http',
        'http.url': `${server.url}/\${topic}/_doc`,
        // As text, so that the server is the one who refuses what is no JSON.
        'value.converter': 'string',
        'http.headers.content.type': 'application/json',
        'max.in.flight.requests': '8',
        'request.order': 'key',
        'batch.max.records': '500',
        'max.attempts': '2',
      },
      pause: () => server.kill(),
      resume: () => server.start(),
      stop: () => server.kill(),
      async read() {
        const seen = new Ledger(records);
        for (const { source } of await server.documents('records')) seen.add(Number(source['id']));
        return { kind: 'each', seen };
      },
    };
  },
});
