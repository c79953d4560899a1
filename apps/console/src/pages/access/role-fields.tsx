/** A role with its limits, as users and keys are given it. */
import { CheckField, SelectField, TextField } from '../../ui/fields.js';
import { areas, roleNames, type Area, type RoleName } from './access-types.js';

export interface GivenRole {
  readonly role: RoleName;
  readonly areas: readonly Area[];
  readonly name_prefix: string;
}

export const everywhereViewer: GivenRole = { role: 'viewer', areas: [], name_prefix: '' };

const labels: Readonly<Record<RoleName, string>> = {
  viewer: 'viewer: looks',
  operator: 'operator: also pauses, restarts, moves positions, redrives',
  editor: 'editor: also creates, changes, deletes',
  admin: 'admin: also gives and takes rights',
};

export function RoleFields({ role, onChange }: { role: GivenRole; onChange: (role: GivenRole) => void }) {
  const toggle = (area: Area, isIn: boolean): void =>
    onChange({ ...role, areas: areas.filter((one) => (one === area ? isIn : role.areas.includes(one))) });
  return (
    <>
      <SelectField
        label="Role"
        value={role.role}
        onChange={(name) => onChange({ ...role, role: name })}
        options={roleNames.map((value) => ({ value, label: labels[value] }))}
      />
      <fieldset className="access-areas">
        <legend>Areas</legend>
        <div className="row">
          {areas.map((area) => (
            <CheckField
              key={area}
              label={area}
              value={role.areas.includes(area)}
              onChange={(isIn) => toggle(area, isIn)}
            />
          ))}
        </div>
        <p className="quiet">None: all areas.</p>
      </fieldset>
      <TextField
        label="Only for names that begin with"
        hint="Empty: for all."
        value={role.name_prefix}
        onChange={(prefix) => onChange({ ...role, name_prefix: prefix })}
      />
    </>
  );
}
