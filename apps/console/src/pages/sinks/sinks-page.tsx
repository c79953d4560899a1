import { Page } from '../../ui/basics.js';

export default function SinksPage() {
  return <Page title="Sinks">{null}</Page>;
}
