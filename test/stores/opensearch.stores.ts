import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OpenSearch } from '../peers/opensearch.js';
import { trial } from './trial.js';

const index = 'trial-records';

trial({
  name: 'OpenSearch, the last record of each key',
  port: 25_620,
  guarantee: 'effectively-once',
  commitIntervalMs: 2000,
  async open(folder, port) {
    mkdirSync(folder, { recursive: true });
    const server = new OpenSearch({ port, directory: join(folder, 'opensearch') });
    await server.start();
    return {
      config: {
        'connector.class': 'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector',
        'connection.url': server.url,
        'index.name.format': 'trial-${topic}',
        'index.create.body': JSON.stringify({
          settings: { number_of_shards: 2, number_of_replicas: 0 },
          mappings: {
            properties: { id: { type: 'long' }, key: { type: 'keyword' }, text: { type: 'text', index: false } },
          },
        }),
      },
      pause: () => server.kill(),
      resume: () => server.start(),
      stop: () => server.kill(),
      async read() {
        const last = new Map<string, number>();
        for (const { id, source } of await server.documents(index)) last.set(id, Number(source['id']));
        return { kind: 'last', last };
      },
    };
  },
});
