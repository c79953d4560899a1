import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger, LineWriter, numberIn } from './line-writer.js';
import { callRest } from './rest.js';
import { readTable } from './table-ledger.js';

export interface RolesFlowOptions {
  readonly folder: string;
  /** Of the administration. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly topic: string;
  readonly lines: number;
  readonly linesPerSecond: number;
}

interface TaskState {
  readonly id: number;
  readonly state: string;
  readonly worker_id: string;
}

/** A file that is written, a collector that tails it into a topic, and two sinks (a table, files), all asked for by REST. */
export class RolesFlow {
  readonly writer: LineWriter;
  private readonly files: string;

  constructor(private readonly options: RolesFlowOptions) {
    const { folder, lines, linesPerSecond } = options;
    this.files = join(folder, 'files');
    this.writer = new LineWriter({ path: join(folder, 'logs', 'app.log'), lines, linesPerSecond });
    mkdirSync(join(folder, 'logs'), { recursive: true });
  }

  rest(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return callRest(this.options.url, method, path, body);
  }

  /** Status codes of the three calls. */
  async addConnectors(): Promise<number[]> {
    const { folder, topic, databaseUrl } = this.options;
    const collector = {
      'connector.class': 'collector',
      agent: 'a1',
      'flume.conf': flumeConf(folder, topic),
    };
    const table = {
      'connector.class': 'postgres',
      topics: topic,
      'tasks.max': '2',
      'connection.url': databaseUrl,
      'table.name.format': 'lines',
      'auto.create': 'true',
      'value.converter': 'json',
    };
    const files = {
      'connector.class': 'file',
      topics: topic,
      'file.path': join(this.files, '%Y-%m-%d'),
      'file.rollInterval': '1',
    };
    const answers = [
      await this.rest('POST', '/connectors', { name: 'table', config: table }),
      await this.rest('POST', '/connectors', { name: 'files', config: files }),
      await this.rest('PUT', '/connectors/tail/config', collector),
    ];
    return answers.map((answer) => answer.status);
  }

  async tasksOf(connector: string): Promise<TaskState[]> {
    const { body } = await this.rest('GET', `/connectors/${connector}/status`);
    return (body as { tasks: TaskState[] }).tasks;
  }

  readTable(): Promise<Ledger> {
    return readTable(this.options.databaseUrl, this.options.lines);
  }

  /** Of finished files. */
  readFiles(): Ledger {
    const ledger = new Ledger(this.options.lines);
    for (const entry of readdirSync(this.files, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.parentPath.includes('+')) continue;
      const lines = readFileSync(join(entry.parentPath, entry.name), 'latin1').split('\n');
      for (const line of lines) if (line !== '') ledger.add(numberIn(line));
    }
    return ledger;
  }
}

function flumeConf(folder: string, topic: string): string {
  return `a1.sources = r
a1.channels = c
a1.sinks = k
a1.sources.r.type = TAILDIR
a1.sources.r.channels = c
a1.sources.r.filegroups = f
a1.sources.r.filegroups.f = ${folder}/logs/.*\\\\.log
a1.sources.r.positionFile = ${folder}/positions.json
a1.sources.r.interceptors = i
a1.sources.r.interceptors.i.type = timestamp
a1.channels.c.type = file
a1.channels.c.checkpointDir = ${folder}/channel/checkpoint
a1.channels.c.dataDirs = ${folder}/channel/data
a1.sinks.k.type = topic
a1.sinks.k.channel = c
a1.sinks.k.kafka.topic = ${topic}
`;
}
