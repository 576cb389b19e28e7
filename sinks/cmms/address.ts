import { TemplateError } from './placeholder.ts';

/**
 * The full address of a call. A path that is an address itself (some systems name their objects so) must lead to the
 * same server: the credentials go with it.
 */
export function addressOf(
  base: string,
  path: string,
  query: Readonly<Record<string, string>>,
): URL {
  const absolute = /^https?:\/\//.test(path);
  const address = new URL(
    absolute ? path : `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`,
  );
  if (address.origin !== new URL(base).origin) {
    throw new TemplateError(
      `expected an address on ${new URL(base).origin}, found ${address.origin}.`,
    );
  }
  for (const [name, value] of Object.entries(query)) address.searchParams.append(name, value);
  return address;
}
