import type { Request } from 'express';
import type { Connector, TargetState } from '#control/connector';
import { ControlStore } from '#control/control-store';
import { controlErrors } from '#control/errors';
import type { ConnectorStatus } from '#control/task';
import { FieldProblems, type FieldProblem } from '#nest/field-problems';
import { MillraceError } from '#std/errors';
import type { ConfigInfos } from '#pipeline/connector-validation';
import { principalOf } from '../../access/principal.js';
import { ConnectorClasses } from '../../connect/connector-class.js';
import { checkedSpec, type CheckedSpec } from '../../connect/connector-spec.js';
import { hideUrls } from '../../connect/secrets.js';
import { requireRevision } from '../revision.js';
import type { ConnectorForm } from './connector-form.js';

export interface Wanted {
  readonly name: string;
  /** Flat, as Kafka Connect has it. */
  readonly config: Readonly<Record<string, string>>;
  /** Default: as they are. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly initialState?: TargetState;
  /** Null: nothing may be there under this name. */
  readonly old: Connector | null;
  /** What its history says. Default: `created` or `changed`. */
  readonly action?: string;
}

/** Sinks and collectors by their forms, over what the control store keeps as connectors. */
export class DesiredConnectors {
  constructor(
    readonly store: ControlStore,
    readonly classes: ConnectorClasses,
  ) {}

  /** Throws 404, also for a connector of the other kind. */
  async find(form: ConnectorForm, name: string): Promise<Connector> {
    const connector = await this.lookUp(form, name);
    if (connector !== null) return connector;
    throw new MillraceError(controlErrors.connectorUnknown, `There is no ${form.noun} ${name}`);
  }

  /** Null where there is none. Throws 409 where the name belongs to the other kind. */
  async lookUp(form: ConnectorForm, name: string): Promise<Connector | null> {
    const connector = await this.store.findConnector(name);
    return connector?.kind === form.kind ? connector : null;
  }

  async status(form: ConnectorForm, name: string): Promise<{ connector: Connector; status: ConnectorStatus }> {
    const [connector, status] = await Promise.all([this.find(form, name), this.store.status(name)]);
    if (status !== null) return { connector, status };
    throw new MillraceError(controlErrors.connectorUnknown, `There is no ${form.noun} ${name}`);
  }

  /** Secrets put back, everything looked at. Throws 422 where the class will not do, with the place. */
  async check(form: ConnectorForm, wanted: Wanted, more: { verify?: boolean; by?: string } = {}): Promise<CheckedSpec> {
    await this.classes.refresh();
    const className = wanted.config['connector.class'] ?? '';
    const found = this.classes.find(className, wanted.config);
    if (found?.kind !== form.kind) {
      const names = this.classes.all.filter(({ kind }) => kind === form.kind).map(({ name }) => name);
      const message = `There is no type of ${form.noun} named ${JSON.stringify(className)}; there are ${names.join(', ')}`;
      throw new FieldProblems(message, [{ pointer: '/type', code: 'type', message }]);
    }
    const { name, config, old, initialState } = wanted;
    const checked = await checkedSpec(this.classes, { name, config, old, initialState, ...more });
    const { labels, action } = wanted;
    return { ...checked, spec: { ...checked.spec, ...(labels === undefined ? {} : { labels }), action } };
  }

  problemsOf(form: ConnectorForm, infos: ConfigInfos): FieldProblem[] {
    return infos.configs.flatMap(({ value }) =>
      value.errors.map((error) => ({
        pointer: form.pointerOf(value.name),
        code: 'option',
        message: hideUrls(error),
      })),
    );
  }

  /**
   * Creates or replaces, or with `isDryRun` only says what would be. Honours `If-Match`. Throws 422 with every problem and its place,
   * 409 where a name is taken that has to be free, 412 where somebody was quicker.
   */
  async write(
    form: ConnectorForm,
    wanted: Wanted,
    given: { request: Request; isDryRun: boolean },
  ): Promise<{ connector: Connector; isNew: boolean }> {
    const { old } = wanted;
    if (old !== null) requireRevision(given.request, `${form.noun} ${old.name}`, old.revision);
    const checked = await this.check(form, wanted, { by: principalOf(given.request).name });
    const problems = this.problemsOf(form, checked.infos);
    if (problems.length > 0) {
      const list = problems.map(({ message }) => message).join('\n');
      throw new FieldProblems(`The ${form.noun} has ${problems.length} error(s):\n${list}`, problems);
    }
    if (old === null) await this.requireFree(form, checked.spec.name);
    if (given.isDryRun) return { connector: wouldBe(checked, old), isNew: old === null };
    if (old === null) return { connector: await this.store.createConnector(checked.spec), isNew: true };
    const isGuarded = given.request.headers['if-match'] !== undefined;
    return this.store.putConnector({ ...checked.spec, ...(isGuarded ? { expectedRevision: old.revision } : {}) });
  }

  private async requireFree(form: ConnectorForm, name: string): Promise<void> {
    const taken = await this.store.findConnector(name);
    if (taken === null) return;
    const kind = taken.kind === form.kind ? form.noun : taken.kind === 'sink' ? 'sink' : 'collector';
    throw new MillraceError(controlErrors.connectorExists, `There is a ${kind} ${name} already`);
  }
}

/** As it would be shown after the change; times and revision are those of before. */
function wouldBe({ spec }: CheckedSpec, old: Connector | null): Connector {
  const now = new Date();
  return {
    name: spec.name,
    kind: spec.kind,
    config: spec.config,
    targetState: old?.targetState ?? spec.initialState ?? 'RUNNING',
    revision: old?.revision ?? 0,
    labels: spec.labels ?? old?.labels ?? {},
    tasksMax: spec.tasksMax,
    pinnedWorker: spec.pinnedWorker ?? null,
    createdAt: old?.createdAt ?? now,
    updatedAt: old?.updatedAt ?? now,
    updatedBy: old?.updatedBy ?? '',
  };
}
