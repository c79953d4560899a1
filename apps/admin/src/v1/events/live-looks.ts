import type { JobService } from '#jobs/job-service';
import type { AdminParts } from '../../admin-parts.js';
import type { ConnectorClasses } from '../../connect/connector-class.js';
import { ConnectorsLook } from './looks/connectors-look.js';
import { GroupsLook } from './looks/groups-look.js';
import { LagAge } from './looks/lag-age.js';
import { TopicsLook } from './looks/topics-look.js';
import { Rates } from './rates.js';
import { FlowHistory } from './topology/history.js';

/** What the tables are made of; what several of them need in the same second is asked for once. */
export class LiveLooks {
  readonly topics: TopicsLook;
  readonly groups: GroupsLook;
  readonly connectors: ConnectorsLook;
  readonly ages: LagAge;
  readonly rates = new Rates();
  readonly history = new FlowHistory();
  readonly classes: ConnectorClasses;
  readonly jobs: JobService;
  readonly bootstrap: string;
  /** What references in configs stand for. */
  readonly environment: Readonly<Record<string, string | undefined>>;

  constructor({ cluster, store, clock, classes, jobs, bootstrap, environment }: AdminParts) {
    this.topics = new TopicsLook(cluster, clock);
    this.groups = new GroupsLook(cluster, clock);
    this.connectors = new ConnectorsLook(store, clock);
    this.ages = new LagAge(cluster, clock);
    this.classes = classes;
    this.jobs = jobs;
    this.bootstrap = bootstrap;
    this.environment = environment;
  }
}
