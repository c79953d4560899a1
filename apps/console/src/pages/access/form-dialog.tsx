import { useState, type ReactNode } from 'react';
import { Button } from '../../ui/basics.js';
import { Dialog } from '../../ui/dialogs.js';
import { ErrorNotice } from '../../ui/notices.js';

/** Fields and one button; a refusal is shown and what was typed stays. */
export function FormDialog(props: {
  title: string;
  verb: string;
  isOpen: boolean;
  onClose: () => void;
  isDisabled?: boolean;
  children: ReactNode;
  run: () => Promise<unknown>;
}) {
  const { title, verb, isOpen, onClose, children, run } = props;
  const [error, setError] = useState<unknown>(null);
  const [isRunning, setIsRunning] = useState(false);
  const close = (): void => {
    setError(null);
    onClose();
  };
  const submit = async (): Promise<void> => {
    setIsRunning(true);
    try {
      await run();
      close();
    } catch (caught) {
      setError(caught);
    } finally {
      setIsRunning(false);
    }
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={close}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {children}
        {error === null ? null : <ErrorNotice error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button onPress={close}>Cancel</Button>
          <Button type="submit" tone="primary" isDisabled={isRunning || props.isDisabled === true}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
