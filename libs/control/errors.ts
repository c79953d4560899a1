import type { ErrorKind } from '#std/errors';

export const controlErrors = {
  databaseInUse: { code: 'control.database.in_use', retriable: false, http: 503 },
  databaseStart: { code: 'control.database.start', retriable: false, http: 503 },
  databaseAway: { code: 'control.database.away', retriable: true, http: 503 },
  connectorUnknown: { code: 'control.connector.unknown', retriable: false, http: 404 },
  connectorExists: { code: 'control.connector.exists', retriable: false, http: 409 },
  connectorChanged: { code: 'control.connector.changed', retriable: false, http: 412 },
  revisionUnknown: { code: 'control.revision.unknown', retriable: false, http: 404 },
  taskUnknown: { code: 'control.task.unknown', retriable: false, http: 404 },
  workerUnknown: { code: 'control.worker.unknown', retriable: false, http: 404 },
  leaseLost: { code: 'control.lease.lost', retriable: false, http: 409 },
} satisfies Record<string, ErrorKind>;
