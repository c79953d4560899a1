import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.js';
import { classPath, javaOpens } from './jars.js';

const version = '2.19.3';
const pageSize = 10_000;

export interface OpenSearchOptions {
  /** Of REST; nodes talk on the next one. */
  readonly port: number;
  readonly directory: string;
}

export interface FoundDocument {
  readonly id: string;
  readonly index: string;
  readonly source: Readonly<Record<string, unknown>>;
}

/** A real OpenSearch on loopback: one node, without plugins, users and TLS. What it acknowledged survives a kill. */
export class OpenSearch {
  private child: Child | null = null;

  constructor(private readonly options: OpenSearchOptions) {}

  get url(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  /** Also after `kill`, on the same data. Resolves when it takes documents. */
  async start(): Promise<void> {
    const { directory, port } = this.options;
    const jars = await classPath('opensearch', [
      `org.opensearch:opensearch:${version}`,
      `org.opensearch.plugin:transport-netty4-client:${version}`,
      'org.apache.logging.log4j:log4j-core:2.21.0',
    ]);
    const conf = join(directory, 'conf');
    const temporary = join(directory, 'tmp');
    for (const folder of [conf, temporary]) mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(conf, 'log4j2.properties'),
      'status=warn\nappender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\n' +
        'appender.out.layout.pattern=%d %p %c{2}: %m%n\nrootLogger.level=warn\nrootLogger.appenderRef.out.ref=out\n',
    );
    const flags = ['-Xms512m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:MaxDirectMemorySize=128m', ...javaOpens];
    const program = join(import.meta.dirname.replace(/\/dist(?=\/test\/peers$)/, ''), 'java', 'OpenSearchNode.java');
    this.child = new Child({
      command: 'java',
      args: [
        ...[...flags, '-Djava.net.preferIPv4Stack=true', `-Djava.io.tmpdir=${temporary}`],
        ...['-cp', `${conf}:${jars}`, program, directory, String(port), String(port + 1)],
      ],
      logPath: join(directory, 'opensearch.out'),
    });
    await this.child.until('OpenSearch', async () => {
      const path = '/_cluster/health?wait_for_status=yellow&timeout=5s';
      return await fetch(this.url + path).then(
        ({ ok }) => ok,
        () => false,
      );
    });
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }

  async stop(): Promise<void> {
    await this.child?.stop();
  }

  /** The JSON of the answer; throws where it is none of success. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.url + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text) as unknown;
  }

  /** All documents of an index, or of several by a pattern, in pages. */
  async documents(index: string): Promise<FoundDocument[]> {
    await this.call('POST', `/${index}/_refresh`);
    const found: FoundDocument[] = [];
    let page = await this.page('POST', `/${index}/_search?scroll=1m`, { size: pageSize, sort: ['_doc'] });
    while (page.documents.length > 0) {
      found.push(...page.documents);
      page = await this.page('POST', '/_search/scroll', { scroll: '1m', scroll_id: page.scroll });
    }
    return found;
  }

  private async page(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ documents: FoundDocument[]; scroll: string }> {
    const answer = (await this.call(method, path, body)) as SearchAnswer;
    const documents = answer.hits.hits.map(({ _id, _index, _source }) => ({ id: _id, index: _index, source: _source }));
    return { documents, scroll: answer._scroll_id };
  }
}

interface SearchAnswer {
  readonly _scroll_id: string;
  readonly hits: {
    readonly hits: readonly {
      readonly _id: string;
      readonly _index: string;
      readonly _source: Record<string, unknown>;
    }[];
  };
}
