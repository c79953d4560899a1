import { useState } from 'react';
import { request } from '../../api/request.js';
import { useChange } from '../../api/queries.js';
import { TextField } from '../../ui/fields.js';
import { toast } from '../../ui/notices.js';
import { useMe } from '../../shell/session.js';
import { bindingInWords } from './access-types.js';
import { FormDialog } from './form-dialog.js';
import { everywhereViewer, RoleFields, type GivenRole } from './role-fields.js';

/** `principal` empty: it is asked for. */
export function GiveRole(props: { principal: string; isOpen: boolean; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [role, setRole] = useState<GivenRole>(everywhereViewer);
  const me = useMe();
  const principal = props.principal === '' ? typed.trim() : props.principal;
  const give = useChange(
    () => request('POST', '/api/v1/role-bindings', { body: { principal, ...role } }),
    '/api/v1/role-bindings',
    '/api/v1/users',
    '/api/v1/api-keys',
    '/api/v1/me',
  );
  return (
    <FormDialog
      title={props.principal === '' ? 'Give a role' : `Give ${props.principal} a role`}
      verb="Give"
      isOpen={props.isOpen}
      onClose={props.onClose}
      isDisabled={!/^(?:User|ApiKey|Group):\S+$/.test(principal)}
      run={async () => {
        await give.mutateAsync(undefined);
        toast(`${principal} is ${bindingInWords(role)}.`);
        setTyped('');
        setRole(everywhereViewer);
      }}
    >
      {me?.login_needed === false ? (
        <p className="notice" data-tone="warn">
          This is the first role: from then on everybody has to log in. It must be admin everywhere, for a user whose
          password you know.
        </p>
      ) : null}
      {props.principal === '' ? (
        <TextField
          label="To whom"
          hint="User:name, ApiKey:name, or Group:name where tokens name groups."
          value={typed}
          onChange={setTyped}
          isRequired
        />
      ) : null}
      <RoleFields role={role} onChange={setRole} />
    </FormDialog>
  );
}
