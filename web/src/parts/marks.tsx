/** How something is: alarm priorities with colour, shape and letter, and what a machine does, in grey words. */

import type { ComponentChildren } from 'preact';
import type { TextKey } from '../text/en.ts';
import { t, word } from '../text/text.ts';

export type AlarmPriority = 1 | 2 | 3;

/** Danger, alarm, and what is less: the three of the API. */
export function priorityOf(severity: string): AlarmPriority {
  if (severity === 'danger') return 1;
  return severity === 'alarm' ? 2 : 3;
}

/** After ISA-101: whoever sees no colours sees the shape, and whoever sees no shapes hears the words. */
const SHAPES: Readonly<Record<AlarmPriority, string>> = {
  1: 'M3 3h18v18H3z',
  2: 'M12 2l10 19H2z',
  3: 'M2 4h20L12 22z',
};
const LETTERS: Readonly<Record<AlarmPriority, { readonly text: string; readonly y: number }>> = {
  1: { text: '1', y: 17 },
  2: { text: '2', y: 19 },
  3: { text: '3', y: 14 },
};

const PRIORITY: Readonly<Record<AlarmPriority, TextKey>> = {
  1: 'priority1',
  2: 'priority2',
  3: 'priority3',
};

export function AlarmMark({
  priority,
  seen = false,
}: {
  readonly priority: AlarmPriority;
  /** Somebody has acknowledged it: the shape is no longer filled. */
  readonly seen?: boolean;
}) {
  const { text, y } = LETTERS[priority];
  return (
    <svg
      class={`mark mark-${priority}${seen ? ' mark-seen' : ''}`}
      viewBox="0 0 24 24"
      role="img"
      aria-label={t(PRIORITY[priority])}
    >
      <title>{t(PRIORITY[priority])}</title>
      <path d={SHAPES[priority]} />
      <text x="12" y={y} text-anchor="middle">
        {text}
      </text>
    </svg>
  );
}

const DOING: Readonly<Record<string, TextKey>> = {
  running: 'running',
  starting: 'startingUp',
  waiting: 'waiting',
  held: 'held',
  stopped: 'stopped',
  failed: 'failed',
};

/** What a machine does, as a word. */
export function doingText(kind: string | undefined): string {
  return t(DOING[kind ?? ''] ?? 'unknown');
}

const STATES: Readonly<Record<string, TextKey>> = {
  unacknowledged: 'stateUnacknowledged',
  acknowledged: 'stateAcknowledged',
  returned: 'stateReturned',
  shelved: 'stateShelved',
  suppressed: 'stateSuppressed',
  'out-of-service': 'stateOutOfService',
};

export function alarmStateText(state: string): string {
  const key = STATES[state];
  return key === undefined ? state : t(key);
}

/** Of a request: a word in a frame, whose weight says how much it hurries. */
export function RequestPriority({ priority }: { readonly priority: string }) {
  return <span class={`chip chip-${priority}`}>{word(priority)}</span>;
}

/** A line of a list of facts. */
export function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
