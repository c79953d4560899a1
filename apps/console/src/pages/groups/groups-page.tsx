import { Page } from '../../ui/basics.js';

export default function GroupsPage() {
  return <Page title="Groups">{null}</Page>;
}
