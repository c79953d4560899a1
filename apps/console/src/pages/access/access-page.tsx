import { Page } from '../../ui/basics.js';

export default function AccessPage() {
  return <Page title="Access">{null}</Page>;
}
