import type { TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';

/** Folder of the pages and resources of a node's connector; null: it has none. */
export function connectorArea(key: string, node: TopologyNode): 'sinks' | 'collectors' | null {
  if (node.connector === null) return null;
  return key.startsWith('node:collector/') ? 'collectors' : 'sinks';
}

/** Its own pages. */
export function linksOfNode(key: string, node: TopologyNode): { label: string; to: string }[] {
  const name = encodeURIComponent(node.name);
  const area = connectorArea(key, node);
  const connector =
    area === null || node.connector === null
      ? []
      : [
          {
            label: `${area === 'sinks' ? 'Sink' : 'Collector'} ${node.connector}`,
            to: `/${area}/${encodeURIComponent(node.connector)}`,
          },
        ];
  if (node.stage === 'topic') {
    return [
      { label: 'Topic', to: `/topics/${name}` },
      { label: 'Records', to: `/topics/${name}/records` },
    ];
  }
  if (node.stage === 'client') return [{ label: 'Group', to: `/groups/${name}` }];
  return connector;
}
