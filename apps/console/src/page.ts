import type { ComponentType } from 'react';

/** Where a page stands in the navigation. */
export interface NavigationEntry {
  readonly label: string;
  readonly group: 'Flow' | 'Work' | 'Cluster';
  /** Path data of a 24 × 24 icon, drawn by its stroke. */
  readonly icon: string;
  /** After `g`, as in `g t`. */
  readonly key: string;
}

/** A part of the console: a folder of `pages/` and a line in `pages.ts`. Code is loaded when it is first shown. */
export interface ConsolePage {
  /** Path of the list or main view, such as `/topics`. */
  readonly path: string;
  /** Default: not in the navigation. */
  readonly navigation?: NavigationEntry;
  /** All views, the most particular first; patterns are wouter's: `/topics/:topic`, `/topics/:topic/*?`. */
  readonly routes: readonly ConsoleRoute[];
}

export interface ConsoleRoute {
  readonly path: string;
  /** The view gets the pattern's parameters, decoded. */
  readonly load: () => Promise<{ default: ComponentType<{ params: Readonly<Record<string, string>> }> }>;
}
