import { createContext, useContext } from 'react';

/** What cards and edges can ask of the page. */
export interface PictureActions {
  /** Shows the panel of a card or an edge. */
  readonly open: (key: string) => void;
  /** Shows all of a long column. */
  readonly showWhole: (column: number) => void;
  /** Brings a card with the focus into view. */
  readonly reveal: (key: string) => void;
  /** Whose panel is open. */
  readonly chosen: string | null;
}

export const PictureActionsContext = createContext<PictureActions>({
  open: () => undefined,
  showWhole: () => undefined,
  reveal: () => undefined,
  chosen: null,
});

export function usePictureActions(): PictureActions {
  return useContext(PictureActionsContext);
}
