import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/** What a route touches. A role may be limited to some of these, and by a prefix of names. */
export const areas = ['cluster', 'topics', 'groups', 'collectors', 'sinks', 'jobs', 'security'] as const;
export type Area = (typeof areas)[number];

/**
 * What somebody may do, each level with all before it: `read` looks, `operate` pauses, restarts, moves offsets and redrives, `edit` creates,
 * changes and deletes, `administer` gives and takes rights. The roles viewer, operator, editor and admin have one level each.
 */
export const levels = ['read', 'operate', 'edit', 'administer'] as const;
export type Level = (typeof levels)[number];

export interface Requirement {
  /** All of them are needed: Kafka Connect's paths do not tell sinks from collectors. */
  readonly areas: readonly Area[];
  readonly level: Level;
  /**
   * The path parameter that holds the name of what is touched, for roles that are limited by a prefix of names; `body.x` is a field of
   * the body. Without it only a role without a limit will do.
   */
  readonly named?: string;
  /** A list that shows each caller only what they may read, by `mayRead`: a role that is limited by a prefix will do. */
  readonly isFiltered?: true;
}

export const requirementKey = 'millrace/requirement';

/** Every route says what it needs; one that says nothing answers nobody (`Open` is for those that answer everybody). */
export function Requires(area: Area | readonly Area[], level: Level, named?: string): CustomDecorator {
  const areasNeeded = typeof area === 'string' ? [area] : area;
  const requirement: Requirement = { areas: areasNeeded, level, ...(named === undefined ? {} : { named }) };
  return SetMetadata(requirementKey, requirement);
}

/** Of a list that asks `mayRead` of each item. */
export function RequiresForEach(area: Area, level: Level): CustomDecorator {
  const requirement: Requirement = { areas: [area], level, isFiltered: true };
  return SetMetadata(requirementKey, requirement);
}

/** Answers everybody, also without a login: liveness, readiness, the page of the documentation. */
export function Open(): CustomDecorator {
  return SetMetadata(requirementKey, 'open');
}

export const changeAnywayKey = 'millrace/change-anyway';
export const dataPathKey = 'millrace/data-path';

/** Works in read-only mode too: what ends that mode. */
export function AlsoReadOnly(): CustomDecorator {
  return SetMetadata(changeAnywayKey, true);
}

/** Carries records, or only asks with a body: too much, or nothing, for the audit. Rights are asked for as everywhere. */
export function NotAudited(): CustomDecorator {
  return SetMetadata(dataPathKey, true);
}
