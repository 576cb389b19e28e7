/** Text as XML writes it, into what it says. */

import { lookup } from '../../operators/model/plain.ts';

/** The entities that every document knows; those of its own are left as they stand. */
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" },
};

/** With entities and numbers of characters in place of what stands for them. */
export function plainXmlText(content: string): string {
  return content.replaceAll(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi, named);
}

function named(whole: string, hex?: string, decimal?: string, name = ''): string {
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (Number.isNaN(code)) return lookup(ENTITIES, name) ?? whole;
  return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
}
