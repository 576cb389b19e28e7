/** Gives a text to whoever looks at the page, as a file. */

export function saveText(name: string, text: string, type = 'text/csv'): void {
  // The mark of the bytes' order: without it a spreadsheet reads letters beyond ASCII wrongly.
  const address = URL.createObjectURL(
    new Blob(['\ufeff', text], { type: `${type};charset=utf-8` }),
  );
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
