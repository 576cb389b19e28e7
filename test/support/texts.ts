/** Texts of two languages beside each other: what is missing in one, or says something with other values. */

type LanguageTexts = Readonly<Record<string, string>>;

/** A sentence for each difference. */
export function differencesOfTexts(one: LanguageTexts, other: LanguageTexts): readonly string[] {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return keys.flatMap((key) => {
    const [a, b] = [one[key], other[key]];
    if (a === undefined || b === undefined) return [`${key} is missing`];
    if (a.trim() === '' || b.trim() === '') return [`${key} says nothing`];
    const [left, right] = [valuesOfText(a), valuesOfText(b)];
    return left === right ? [] : [`${key} has ${left || 'no values'}, and ${right || 'none'}`];
  });
}

function valuesOfText(text: string): string {
  return [...new Set(text.match(/\{\w+\}/g))].sort().join(' ');
}
