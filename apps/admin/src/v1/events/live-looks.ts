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
export interface LiveLooks {
  readonly topics: TopicsLook;
  readonly groups: GroupsLook;
  readonly connectors: ConnectorsLook;
  readonly ages: LagAge;
  readonly rates: Rates;
  readonly history: FlowHistory;
  readonly classes: ConnectorClasses;
  readonly jobs: JobService;
  readonly bootstrap: string;
  /** What references in configs stand for. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function liveLooks({ cluster, store, clock, classes, jobs, bootstrap, environment }: AdminParts): LiveLooks {
  return {
    topics: new TopicsLook(cluster, clock),
    groups: new GroupsLook(cluster, clock),
    connectors: new ConnectorsLook(store, clock),
    ages: new LagAge(cluster, clock),
    rates: new Rates(),
    history: new FlowHistory(),
    classes,
    jobs,
    bootstrap,
    environment,
  };
}
