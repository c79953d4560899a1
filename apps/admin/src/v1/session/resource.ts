import { AuditTrail } from '../../access/audit-trail.js';
import type { Resource } from '../resource.js';
import { SessionController } from './session-controller.js';

export const sessionResource: Resource = {
  controllers: [SessionController],
  providers: ({ audit }) => [{ provide: AuditTrail, useFactory: () => audit }],
};
