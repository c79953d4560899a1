import { join } from 'node:path';
import { securityOfFile } from '#nest/client-properties';
import { runRoleProcess } from '#nest/role-process';
import { roleSettings } from '#nest/role-settings';
import { startAdmin } from './admin-app.js';

/** The administration as a process of its own. */
await runRoleProcess({
  name: 'The administration',
  settings: {
    ...roleSettings,
    PORT: { type: 'int', default: 8080, min: 0, max: 65_535, doc: 'Port to listen on.' },
    ACCESS_LOG: { type: 'string', doc: 'File to which an access log of JSON lines is appended. Default: none.' },
  } as const,
  stopMsMax: 15_000,
  async start(settings, logger) {
    const admin = await startAdmin({
      databaseUrl: settings.DATABASE_URL,
      bootstrap: settings.TOPICS_BOOTSTRAP,
      security: securityOfFile(settings.TOPICS_CLIENT_PROPERTIES),
      host: settings.HOST,
      port: settings.PORT,
      insecure: settings.MILLRACE_INSECURE,
      dataDirectory: join(settings.MILLRACE_DATA, 'admin'),
      ...(settings.ACCESS_LOG === null ? {} : { accessLogPath: settings.ACCESS_LOG }),
      logger,
    });
    return { ready: `The administration is on http://${settings.HOST}:${admin.port}.`, stop: () => admin.close() };
  },
});
