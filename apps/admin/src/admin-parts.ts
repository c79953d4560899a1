import type { AccessStore } from '#control/access/access-store';
import type { ControlStore } from '#control/control-store';
import type { JobService } from '#jobs/job-service';
import type { FurtherChecks } from '#nest/health';
import type { MetricsRegistry } from '#nest/metrics';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { LogThreshold } from '#std/log-threshold';
import type { ClientSecurity } from '#topics/client-security';
import type { Cluster } from '#topics/cluster';
import type { TopicAdmin } from '#topics/topic-admin';
import type { AccessControl } from './access/access-control.js';
import type { AuditTrail } from './access/audit-trail.js';
import type { ConnectorClasses } from './connect/connector-class.js';
import type { CollectorTaps } from './connect/tap-controller.js';
import type { OpenApi } from './operations/open-api.js';

/** What the administration is made of; `startAdmin` starts and stops it. */
export interface AdminParts {
  readonly store: ControlStore;
  readonly accessStore: AccessStore;
  readonly access: AccessControl;
  readonly audit: AuditTrail;
  readonly cluster: Cluster;
  readonly topics: TopicAdmin;
  readonly classes: ConnectorClasses;
  readonly taps: CollectorTaps;
  readonly metrics: MetricsRegistry;
  readonly openApi: OpenApi;
  readonly furtherChecks: FurtherChecks;
  readonly jobs: JobService;
  readonly databaseUrl: string;
  /** Where topics are, and how they are reached there. */
  readonly bootstrap: string;
  readonly security: ClientSecurity;
  /** For files that jobs write and read. */
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Which of its lines are written. */
  readonly logThreshold: LogThreshold;
}
