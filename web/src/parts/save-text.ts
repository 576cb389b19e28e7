/** Gives a text, or bytes, to whoever looks at the page, as a file. */

export function saveText(name: string, text: string, type = 'text/csv'): void {
  // The mark of the bytes' order: without it a spreadsheet reads letters beyond ASCII wrongly.
  save(name, ['\ufeff', text], `${type};charset=utf-8`);
}

export function saveBytes(name: string, bytes: Uint8Array<ArrayBuffer>, type: string): void {
  save(name, [bytes], type);
}

function save(name: string, parts: BlobPart[], type: string): void {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
