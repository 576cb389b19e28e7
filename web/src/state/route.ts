/** Where one is in the page: it stands in the address, with all filters, so that a link leads to the same view. */

import { computed, signal } from '@preact/signals';

export type Place = {
  /** Parts of the path. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
};

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const place = computed((): Place => {
  const [path = '', query = ''] = hash.value.replace(/^#\/?/, '').split('?');
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
});

/** A part of an address that is no whole escape is taken as it stands: it names nothing, and the page says so. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place. */
export function linkTo(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const kept = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value]],
  );
  const text = new URLSearchParams(kept).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

/** Changes filters of the place, without a new entry in the history. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = place.value;
  history.replaceState(null, '', linkTo(path, { ...query, ...changes }));
  hash.value = location.hash;
}
