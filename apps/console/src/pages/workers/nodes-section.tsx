import { useCluster, useNodes, type TopicNode } from '../../api/nodes.js';
import { Badge } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { formatPlural } from '../../ui/format.js';
import { Loading } from '../../ui/notices.js';

/** The brokers behind the topics. */
export function NodesSection() {
  const cluster = useCluster();
  const nodes = useNodes();
  const controller = Number(cluster?.controller?.related.split('/').at(-1) ?? -1);
  return (
    <section className="stack" aria-labelledby="nodes-heading">
      <div className="row">
        <h2 id="nodes-heading">Nodes of the topic service</h2>
        {nodes === undefined || cluster === undefined ? null : (
          <span className="quiet">
            {formatPlural(nodes.length, 'node')} of cluster <code>{cluster.cluster_id}</code>
          </span>
        )}
      </div>
      {nodes === undefined ? (
        <Loading what="nodes" />
      ) : (
        <DataTable
          label="Nodes of the topic service"
          columns={columnsOf(controller)}
          rows={nodes}
          keyOf={({ broker_id: id }) => String(id)}
          sortedBy={{ column: 'id' }}
        />
      )}
    </section>
  );
}

function columnsOf(controller: number): readonly Column<TopicNode>[] {
  return [
    {
      id: 'id',
      title: 'Node',
      width: '90px',
      sortBy: ({ broker_id: id }) => id,
      cell: ({ broker_id: id }) => id,
    },
    {
      id: 'address',
      title: 'Address',
      width: 'minmax(160px, 1fr)',
      sortBy: ({ host, port }) => `${host}:${port}`,
      cell: ({ host, port }) => (
        <code>
          {host}:{port}
        </code>
      ),
    },
    {
      id: 'role',
      title: 'Role',
      width: '150px',
      cell: ({ broker_id: id }) => (id === controller ? <Badge tone="accent">controller</Badge> : 'broker'),
    },
    {
      id: 'rack',
      title: 'Rack',
      width: '120px',
      sortBy: ({ rack }) => rack,
      cell: ({ rack }) => rack ?? <span className="quiet">none</span>,
    },
  ];
}
