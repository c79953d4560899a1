/** Connectors as wanted, and what their tasks reported last. Configs are read again only when some revision has changed. */
import type { Connector } from '#control/connector';
import type { ControlStore } from '#control/control-store';
import type { ConnectorMark, LiveReport } from '#control/live-reports';
import type { Worker } from '#control/worker';
import type { Clock } from '#std/clock';
import { Remembered } from './remembered.js';

export interface ConnectorLook {
  readonly connector: Connector;
  readonly mark: ConnectorMark;
  readonly tasks: readonly LiveReport[];
}

const tickFreshMs = 500;
const workersFreshMs = 1_500;

export class ConnectorsLook {
  private readonly all: Remembered<ReadonlyMap<string, ConnectorLook>>;
  private readonly living: Remembered<readonly Worker[]>;
  private known: ReadonlyMap<string, Connector> = new Map();
  private signature = '';

  constructor(
    private readonly store: ControlStore,
    clock: Clock,
  ) {
    this.all = new Remembered(() => this.ask(), tickFreshMs, clock);
    this.living = new Remembered(() => this.store.listWorkers(), workersFreshMs, clock);
  }

  /** By name, in order. */
  connectors(): Promise<ReadonlyMap<string, ConnectorLook>> {
    return this.all.get();
  }

  workers(): Promise<readonly Worker[]> {
    return this.living.get();
  }

  private async ask(): Promise<ReadonlyMap<string, ConnectorLook>> {
    const [marks, reports] = await Promise.all([this.store.connectorMarks(), this.store.liveReports()]);
    const signature = marks.map(({ name, revision, createdAt }) => `${name} ${revision} ${createdAt}`).join('\n');
    if (signature !== this.signature) {
      this.known = new Map((await this.store.listConnectors()).map((connector) => [connector.name, connector]));
      this.signature = signature;
    }
    const tasks = Map.groupBy(reports, ({ connector }) => connector);
    return new Map(
      marks.flatMap((mark) => {
        const connector = this.known.get(mark.name);
        return connector === undefined
          ? []
          : [[mark.name, { connector, mark, tasks: tasks.get(mark.name) ?? [] }] as const];
      }),
    );
  }
}
