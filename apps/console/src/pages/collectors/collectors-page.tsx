import { Page } from '../../ui/basics.js';

export default function CollectorsPage() {
  return <Page title="Collectors">{null}</Page>;
}
