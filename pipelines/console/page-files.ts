/** The built page: read once, so that no request ever becomes a path. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { EXIT, Problem } from '../base/problem.ts';

export type PageFile = {
  readonly type: string;
  readonly bytes: Buffer;
  readonly zipped: Buffer;
  readonly tag: string;
  /** Its name changes with its content. */
  readonly forEver: boolean;
};

/** Where `npm run page` puts it, in a checkout and in a package. */
export const PAGE_FOLDER = fileURLToPath(new URL('../../web/dist/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/**
 * The files of the page by their paths.
 *
 * @throws Problem where it was not built
 */
export async function readPage(folder = PAGE_FOLDER): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  for (const entry of entries) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const name = posix.join('/', path.slice(folder.length).replaceAll('\\', '/'));
    const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const forEver = name.startsWith('/assets/');
    files.set(name, { type, bytes, zipped: gzipSync(bytes), tag, forEver });
  }
  if (files.has('/index.html')) return files;
  throw new Problem({
    where: folder,
    expected: 'the built page',
    found: 'no index.html',
    remedy: 'Run `npm run setup`, which builds it.',
    exit: EXIT.outside,
  });
}
