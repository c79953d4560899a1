import { EntitySchema } from 'typeorm';
import type { ClusterRecord } from '#log/engine';

/** A record of the cluster as a row, by the names of the engine's own `ClusterRecord`. */
export const clusterRecordEntity = new EntitySchema<ClusterRecord>({
  name: 'cluster_record',
  tableName: 'cluster_record',
  schema: 'millrace',
  columns: {
    kind: { type: 'text', primary: true },
    key: { type: 'text', primary: true },
    value: { type: 'text' },
  },
});
