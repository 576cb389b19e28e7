/** What package-lock.json says of a set of packages. */

/**
 * @typedef {Record<string, string>} Ranges
 * @typedef {{
 *   version?: string, integrity?: string, license?: string, hasInstallScript?: boolean, dev?: boolean,
 *   optional?: boolean, dependencies?: Ranges, optionalDependencies?: Ranges, peerDependencies?: Ranges,
 * }} Locked
 * @typedef {Record<string, Locked>} Packages by their places, such as `node_modules/rxjs`
 */

/** The name of the package at a place. @param {string} place */
export function nameAt(place) {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/**
 * Those of the packages that are needed for these, directly or by way of others, as Node finds them.
 * @param {Packages} packages @param {Ranges} dependencies @returns {Packages}
 */
export function keepReachable(packages, dependencies) {
  const kept = new Set();
  const visit = (/** @type {string} */ from, /** @type {Locked} */ entry) => {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = entry;
    for (const name of Object.keys({
      ...dependencies,
      ...optionalDependencies,
      ...peerDependencies,
    })) {
      const place = placeOf(packages, from, name);
      if (place === undefined || kept.has(place)) continue;
      kept.add(place);
      visit(place, packages[place] ?? {});
    }
  };
  visit('', { dependencies });
  return Object.fromEntries(Object.entries(packages).filter(([place]) => kept.has(place)));
}

/**
 * Where Node finds a package from another: beside it or further up.
 * @param {Packages} packages @param {string} from @param {string} name
 */
function placeOf(packages, from, name) {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    const place = `${base}${base === '' ? '' : '/'}node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (base === '') return undefined;
  }
}
