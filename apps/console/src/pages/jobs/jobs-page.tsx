import { Page } from '../../ui/basics.js';

export default function JobsPage() {
  return <Page title="Jobs">{null}</Page>;
}
