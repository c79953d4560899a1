import { Page } from '../../ui/basics.js';

export default function TopologyPage() {
  return <Page title="Topology">{null}</Page>;
}
