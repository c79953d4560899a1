import { Page } from '../../ui/basics.js';

export default function FilesPage() {
  return <Page title="Files">{null}</Page>;
}
