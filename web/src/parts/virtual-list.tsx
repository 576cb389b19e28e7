/** A list of any length: what is in sight is there, and nothing else. Arrow keys go through it, Space marks. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

/** Rows above and below what is in sight, so that scrolling shows no gaps. */
const MARGIN = 8;

type VirtualListOptions<Item> = {
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  /** Pixels of a row: all are alike. */
  readonly height: number;
  /** For whoever hears the page. */
  readonly name: string;
  readonly chosen: string | undefined;
  readonly marked: ReadonlySet<string>;
  readonly onChoose: (item: Item) => void;
  readonly onMark: (item: Item) => void;
  readonly children: (item: Item) => ComponentChildren;
};

export function VirtualList<Item>(options: VirtualListOptions<Item>) {
  const { items, keyOf, height, name, chosen, marked, onChoose, onMark, children } = options;
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const seen = useSignal(800);
  const id = useId();
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => (seen.value = element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top.value / height) - MARGIN);
  const last = Math.min(items.length, Math.ceil((top.value + seen.value) / height) + MARGIN);
  const at = items.findIndex((item) => keyOf(item) === chosen);
  const go = (to: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, to))];
    if (item !== undefined) onChoose(item);
    scrollTo(box.current, Math.max(0, Math.min(items.length - 1, to)), height);
  };
  const press = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(seen.value / height) - 1);
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page },
      ...{ Home: 0, End: items.length - 1 },
    };
    const to = steps[event.key];
    const item = items[at];
    if (to !== undefined) go(to);
    else if (event.key === ' ' && item !== undefined) onMark(item);
    else return;
    event.preventDefault();
  };
  const point = ({ target }: MouseEvent) => {
    const element = target as Element;
    const item = items[Number(element.closest<HTMLElement>('[data-at]')?.dataset.at ?? Number.NaN)];
    if (item === undefined) return;
    if (element.closest('.virtual-box') !== null) onMark(item);
    else onChoose(item);
    // The arrow keys go on from where one has pointed.
    box.current?.focus({ preventScroll: true });
  };
  return (
    <div
      class="virtual"
      ref={box}
      role="listbox"
      tabIndex={0}
      aria-label={name}
      aria-multiselectable="true"
      aria-activedescendant={at >= first && at < last ? `${id}-${at}` : undefined}
      onScroll={(event) => (top.value = event.currentTarget.scrollTop)}
      onKeyDown={press}
      onClick={point}
    >
      {/* What is not drawn takes its place all the same. */}
      <div
        role="presentation"
        style={{ height: `${items.length * height}px`, position: 'relative' }}
      >
        {items.slice(first, last).map((item, index) => (
          <div
            key={keyOf(item)}
            id={`${id}-${first + index}`}
            class={`virtual-row${first + index === at ? ' virtual-chosen' : ''}`}
            role="option"
            aria-selected={marked.has(keyOf(item))}
            aria-setsize={items.length}
            aria-posinset={first + index + 1}
            style={{ top: `${(first + index) * height}px`, height: `${height}px` }}
            data-at={first + index}
            tabIndex={-1}
          >
            {children(item)}
          </div>
        ))}
      </div>
    </div>
  );
}

function scrollTo(box: HTMLElement | null, row: number, height: number): void {
  if (box === null) return;
  const [from, to] = [row * height, (row + 1) * height];
  if (from < box.scrollTop) box.scrollTop = from;
  else if (to > box.scrollTop + box.clientHeight) box.scrollTop = to - box.clientHeight;
}
