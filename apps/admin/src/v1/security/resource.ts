import { AccessStore } from '#control/access/access-store';
import { AccessAdmin } from '#topics/access-admin';
import { AccessControl } from '../../access/access-control.js';
import type { Resource } from '../resource.js';
import { AclsController } from './acls-controller.js';
import { ApiKeysController } from './api-keys-controller.js';
import { AuditController } from './audit-controller.js';
import { QuotasController } from './quotas-controller.js';
import { RolesController } from './roles-controller.js';
import { UsersController } from './users-controller.js';

export const securityResource: Resource = {
  controllers: [UsersController, ApiKeysController, RolesController, AclsController, QuotasController, AuditController],
  providers: (parts) => [
    { provide: AccessStore, useFactory: () => parts.accessStore },
    { provide: AccessControl, useFactory: () => parts.access },
    { provide: AccessAdmin, useFactory: () => new AccessAdmin(parts.cluster) },
  ],
};
