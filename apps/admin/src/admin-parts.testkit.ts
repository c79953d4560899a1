import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessStore } from '#control/access/access-store';
import type { ControlStore } from '#control/control-store';
import { JobService } from '#jobs/job-service';
import { FurtherChecks } from '#nest/health';
import { MetricsRegistry } from '#nest/metrics';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { LogThreshold } from '#std/log-threshold';
import { noSecurity } from '#topics/client-security';
import { AccessControl } from './access/access-control.js';
import { AuditTrail } from './access/audit-trail.js';
import { nobodySaid } from './access/access.testkit.js';
import type { AdminParts } from './admin-parts.js';
import { ConnectorClasses } from './connect/connector-class.js';
import { CollectorTaps } from './connect/tap-controller.js';
import { FakeTopics } from './kafka-rest/fake-topics.testkit.js';
import { OpenApi } from './operations/open-api.js';

/** An administration without connector classes over topics in memory; `given` takes the place of any part. */
export function adminParts(
  given: { store: ControlStore; topics: FakeTopics } & Partial<AdminParts>,
): AdminParts & { readonly topics: FakeTopics } {
  return {
    accessStore: new AccessStore({ databaseUrl: '', logger: silentLogger }),
    access: new AccessControl({
      source: { load: async () => nobodySaid },
      environment: {},
      isOpenAtFirst: true,
      clock: systemClock,
      logger: silentLogger,
    }),
    audit: new AuditTrail({ appendAudit: async () => undefined }, systemClock, silentLogger),
    cluster: given.topics.cluster,
    classes: new ConnectorClasses([]),
    taps: new CollectorTaps('', systemClock),
    metrics: new MetricsRegistry(),
    openApi: new OpenApi(),
    furtherChecks: new FurtherChecks([]),
    jobs: new JobService({
      cluster: given.topics.cluster,
      store: given.store,
      databaseUrl: '',
      redisUrl: null,
      dataDirectory: join(tmpdir(), 'millrace-admin-spec'),
      environment: {},
      clock: systemClock,
      logger: silentLogger,
    }),
    databaseUrl: '',
    bootstrap: '127.0.0.1:9092',
    security: noSecurity,
    dataDirectory: join(tmpdir(), 'millrace-admin-spec'),
    environment: {},
    clock: systemClock,
    logger: silentLogger,
    logThreshold: new LogThreshold(),
    ...given,
  };
}
