import type { ReactNode } from 'react';
import { useMay } from '../../shell/session.js';
import { Page, TabLinks } from '../../ui/basics.js';
import './access.css';

const own = { label: 'What I may do', to: '/access' };
const administration = [
  { label: 'Users', to: '/access/users' },
  { label: 'API keys', to: '/access/keys' },
  { label: 'Roles', to: '/access/roles' },
  { label: 'ACLs', to: '/access/acls' },
  { label: 'Quotas', to: '/access/quotas' },
  { label: 'Audit', to: '/access/audit' },
  { label: 'Read-only mode', to: '/access/read-only' },
];

/** Heading and tabs of every part of Access; those who may not look at logins see their own rights alone. */
export function AccessFrame(props: { title: string; actions?: ReactNode; children: ReactNode }) {
  const mayLook = useMay('security', 'read');
  return (
    <Page title={props.title} trail={[{ label: 'Access', to: '/access' }]} actions={props.actions}>
      <TabLinks label="Parts of access" tabs={mayLook ? [own, ...administration] : [own]} />
      {props.children}
    </Page>
  );
}
