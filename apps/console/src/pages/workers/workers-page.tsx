import { Page } from '../../ui/basics.js';

export default function WorkersPage() {
  return <Page title="Workers">{null}</Page>;
}
