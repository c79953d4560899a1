import { Page } from '../../ui/basics.js';

export default function DeadLettersPage() {
  return <Page title="Dead letters">{null}</Page>;
}
