import { useId, useState, type ReactNode } from 'react';
import { Dialog as AriaDialog, Heading } from 'react-aria-components/Dialog';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { Popover } from 'react-aria-components/Popover';
import { Button } from './basics.js';
import { ErrorNotice } from './notices.js';

interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Focus stays in it and goes back where it came from; Esc closes. */
export function Dialog({ title, isOpen, onClose, size, children }: DialogProps & { size?: 'wide' }) {
  return (
    <ModalOverlay className="veil" isOpen={isOpen} onOpenChange={(open) => open || onClose()} isDismissable>
      <Modal className="dialog" data-size={size}>
        <AriaDialog style={{ outline: 'none' }} className="stack">
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** As a dialog, at the right edge: for looking at one thing of a list. */
export function Drawer({ title, isOpen, onClose, children }: DialogProps) {
  return (
    <ModalOverlay className="drawer-veil" isOpen={isOpen} onOpenChange={(open) => open || onClose()} isDismissable>
      <Modal className="drawer">
        <AriaDialog style={{ outline: 'none' }} className="stack">
          <div className="row">
            <Heading slot="title" level={2} className="grow" style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Heading>
            <Button tone="quiet" aria-label="Close" onPress={onClose}>
              ✕
            </Button>
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Asks before something that cannot be undone; `typed` wants that name typed. A refusal is shown and the dialog stays. */
export function Confirm(props: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** What will happen, in words. */
  children: ReactNode;
  /** Of the button, a verb: "Delete". */
  verb: string;
  typed?: string;
  tone?: 'primary' | 'danger';
  /** Something in `children` is still missing. */
  isDisabled?: boolean;
  size?: 'wide';
  run: () => Promise<unknown>;
}) {
  const { typed, isOpen, onClose } = props;
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isRunning, setIsRunning] = useState(false);
  const id = useId();
  const close = (): void => {
    setText('');
    setError(null);
    onClose();
  };
  const run = async (): Promise<void> => {
    setIsRunning(true);
    try {
      await props.run();
      close();
    } catch (caught) {
      setError(caught);
    } finally {
      setIsRunning(false);
    }
  };
  return (
    <Dialog
      title={props.title}
      isOpen={isOpen}
      onClose={close}
      {...(props.size === undefined ? {} : { size: props.size })}
    >
      <div>{props.children}</div>
      {typed === undefined ? null : (
        <div className="field">
          <label htmlFor={id}>
            Type <code>{typed}</code> to go on
          </label>
          <input id={id} className="input" autoComplete="off" value={text} onChange={(e) => setText(e.target.value)} />
        </div>
      )}
      {error === null ? null : <ErrorNotice error={error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onPress={close}>Cancel</Button>
        <Button
          tone={props.tone ?? 'danger'}
          isDisabled={isRunning || props.isDisabled === true || (typed !== undefined && text !== typed)}
          onPress={() => void run()}
        >
          {props.verb}
        </Button>
      </div>
    </Dialog>
  );
}

export interface Action {
  readonly label: string;
  readonly run: () => void;
  readonly tone?: 'danger';
  readonly isDisabled?: boolean;
}

/** Actions of one thing behind a button; `label` says of what: "Actions of access-table". */
export function ActionMenu({
  label,
  actions,
  text = '⋯',
}: {
  label: string;
  actions: readonly Action[];
  text?: string;
}) {
  return (
    <MenuTrigger>
      <Button tone="quiet" aria-label={label}>
        {text}
      </Button>
      <Popover placement="bottom end">
        <Menu
          className="menu"
          aria-label={label}
          onAction={(key) => actions.find(({ label: name }) => name === key)?.run()}
        >
          {actions.map((action) => (
            <MenuItem
              key={action.label}
              // Not its place: one that stays keeps the focus while others come and go.
              id={action.label}
              className="menu-item"
              data-tone={action.tone}
              isDisabled={action.isDisabled ?? false}
            >
              {action.label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
