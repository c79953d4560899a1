import { join } from 'node:path';
import { startAdmin } from '../../../admin/src/admin-app.js';
import { topicsMetricFamilies } from '../../../topics/src/topics-metrics.js';
import { runRole } from './role-main.js';

runRole(async ({ settings, logger, topicsMetrics }) => {
  const admin = await startAdmin({
    databaseUrl: settings.databaseUrl,
    bootstrap: settings.bootstrap,
    host: settings.host,
    port: settings.httpPort,
    dataDirectory: join(settings.dataDirectory, 'admin'),
    accessLogPath: join(settings.dataDirectory, 'logs', 'http-access.log'),
    metrics: async () => {
      const metrics = await topicsMetrics();
      return metrics === null ? [] : topicsMetricFamilies(metrics);
    },
    checks: [
      {
        name: 'log',
        check: async () => {
          const { reason } = (await topicsMetrics())?.health ?? { reason: 'The topic service does not run.' };
          if (reason !== null) throw new Error(reason);
        },
      },
    ],
    logger,
  });
  return { port: admin.port, stop: () => admin.close() };
});
