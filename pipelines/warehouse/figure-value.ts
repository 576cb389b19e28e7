/**
 * What a figure for managers is, by the rule that view `figures` has for it, of the `figure_cases` of one group. `sum`: what is made of
 * the sum of those that are a sum.
 */
export function figureValue(sum = (all: string) => all): string {
  return `multiIf(
    aggregate = 'ratio', sumIf(cases.part, cases.part IS NOT NULL) / nullIf(sumIf(cases.whole, cases.part IS NOT NULL), 0),
    aggregate = 'median', quantileExactOrNull(0.5)(cases.part),
    aggregate = 'mean', avgOrNull(cases.part),
    ${sum('sumOrNull(cases.part)')}
  )`;
}
