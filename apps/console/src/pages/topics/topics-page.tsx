import { Page } from '../../ui/basics.js';

export default function TopicsPage() {
  return <Page title="Topics">{null}</Page>;
}
