import { useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useChange } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Button, LinkButton, Page } from '../../ui/basics.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { ErrorNotice, toast, toastError } from '../../ui/notices.js';
import { collectorsPath, pageOf, type Collector } from './collector-api.js';
import { ConfEditor } from './conf-editor.js';
import { agentsOf } from './conf-text.js';
import { templates } from './templates.js';
import { useValidation } from './use-validation.js';
import './collectors.css';

type InitialState = 'RUNNING' | 'PAUSED' | 'STOPPED';
const textBytesMax = 1_000_000;

export default function NewCollectorPage() {
  const [text, setText] = useState('');
  const [givenName, setName] = useState('');
  const [givenAgent, setAgent] = useState('');
  const [state, setState] = useState<InitialState>('RUNNING');
  const [error, setError] = useState<unknown>(null);
  const [, navigate] = useLocation();
  const mayEdit = useMay('collectors', 'edit');
  const agents = agentsOf(text);
  const agent = agents.includes(givenAgent) ? givenAgent : (agents[0] ?? '');
  const checked = useValidation(`${collectorsPath}:validate`, agent === '' ? '' : text, agent);
  const name = givenName.trim();
  const isValid = checked.text === text && checked.validation?.valid === true;
  const create = useChange(
    () => request<Collector>('POST', collectorsPath, { body: { name, agent, flume_conf: text, initial_state: state } }),
    collectorsPath,
  );
  const run = async (): Promise<void> => {
    setError(null);
    try {
      await create.mutateAsync(undefined);
      toast(`Collector ${name} is created.`);
      navigate(pageOf(name));
    } catch (caught) {
      setError(caught);
    }
  };
  const begin = (templateText: string, templateName: string): void => {
    setText(templateText);
    if (name === '') setName(templateName);
  };
  return (
    <Page title="New collector" trail={[{ label: 'Collectors', to: '/collectors' }]}>
      {mayEdit ? null : (
        <p className="notice" data-tone="warn">
          Your role may not create collectors.
        </p>
      )}
      <div className="row" role="group" aria-label="Begin with">
        <span>Begin with</span>
        <Upload onText={(read, file) => begin(read, file)} />
        {templates.map((template) => (
          <Button key={template.name} onPress={() => begin(template.text, template.name)}>
            {template.title}
          </Button>
        ))}
        <span className="quiet">or paste a flume.conf below.</span>
      </div>
      <div className="collectors-bar" data-top="true">
        <TextField
          label="Name"
          value={givenName}
          onChange={setName}
          isRequired
          hint="Unique among sinks and collectors."
        />
        <SelectField
          label="Agent"
          value={agent}
          onChange={setAgent}
          hint={agents.length > 1 ? 'The file has several; one collector runs one of them.' : 'From the file.'}
          options={agents.length === 0 ? [{ value: '', label: 'none in the text yet' }] : agents}
        />
        <SelectField
          label="Begins"
          value={state}
          onChange={setState}
          options={[
            { value: 'RUNNING', label: 'running' },
            { value: 'PAUSED', label: 'paused' },
            { value: 'STOPPED', label: 'stopped' },
          ]}
        />
      </div>
      <ConfEditor label="flume.conf of the new collector" text={text} checked={checked} onChange={setText} />
      {error === null ? null : <ErrorNotice error={error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <span className="grow quiet">{waitsFor({ name, text, agent, isValid })}</span>
        <LinkButton to="/collectors">Cancel</LinkButton>
        <Button
          tone="primary"
          isDisabled={!mayEdit || name === '' || !isValid || create.isPending}
          onPress={() => void run()}
        >
          Create collector
        </Button>
      </div>
    </Page>
  );
}

function Upload({ onText }: { onText: (text: string, name: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const read = async (file: File): Promise<void> => {
    if (file.size > textBytesMax) {
      toast(`${file.name} has ${file.size} bytes: a flume.conf has at most 1 MB.`, 'bad');
      return;
    }
    onText(await file.text(), file.name.replace(/\.[^.]*$/, ''));
  };
  return (
    <>
      <Button onPress={() => input.current?.click()}>A file …</Button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="flume.conf to read"
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          event.target.value = '';
          if (file !== undefined) read(file).catch(toastError);
        }}
      />
    </>
  );
}

/** Why the button is not to be pressed yet. */
function waitsFor(given: { name: string; text: string; agent: string; isValid: boolean }): string {
  if (given.text.trim() === '') return 'A flume.conf is needed.';
  if (given.agent === '') return 'The text names no agent: a line like `a1.sources = r1`.';
  if (!given.isValid) return 'The text is being read, or has errors: see the report.';
  return given.name === '' ? 'A name is needed.' : '';
}
